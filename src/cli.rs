//! The command line as data: what clap reads, and nothing of what it leads to.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use crate::export;
use crate::hint::PointOfView;
use crate::pbxlog;
use crate::view::time::{TimeMode, Zone};

pub mod manual;
mod words;
mod wrong;

pub use words::{alike, words};
pub use wrong::{in_one_line, nearest_command};

/// Fax troubleshooting: SIP, T.38 and T.30 of a capture as one ladder, with hints.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "faxflow",
    version,
    about,
    arg_required_else_help = true,
    subcommand_negates_reqs = true,
    subcommand_value_name = "COMMAND",
    override_usage = "faxflow [OPTIONS] FILE\n       faxflow COMMAND ..."
)]
pub struct Cli {
    /// Capture to open in the terminal UI; if standard output is not a terminal, print the report of every fax
    #[arg(value_name = "FILE", required_unless_present_any = ["demo", "hep_listen"])]
    pub file: Option<PathBuf>,

    /// Open the sample that is built in, in place of a FILE
    #[arg(long, conflicts_with = "file")]
    pub demo: bool,

    /// Show what HEP agents (heplify, Kamailio, Homer's) send to this UDP address; a port alone: of this machine only
    #[arg(long, value_name = "ADDR:PORT", value_parser = listener, conflicts_with_all = ["file", "demo"])]
    pub hep_listen: Option<SocketAddr>,

    /// Which calls.
    #[command(flatten)]
    pub which: Which,

    /// Shape of the ladder.
    #[command(flatten)]
    pub shape: Shape,

    /// Follow a file that still grows
    #[arg(long, help_heading = LIVE)]
    pub follow: bool,

    /// Keep at most N calls: drop the oldest finished voice calls, never a fax
    #[arg(long, value_name = "N", value_parser = keep_calls, help_heading = LIVE)]
    pub keep_calls: Option<usize>,

    /// Leave the mouse to the terminal, so that text can be selected with it
    #[arg(long, help_heading = SHAPE)]
    pub no_mouse: bool,

    /// For all commands.
    #[command(flatten)]
    pub general: General,

    /// What to do instead of opening the screen.
    #[command(subcommand)]
    pub command: Option<Command>,
}

const WHICH: &str = "Which calls";
const SHAPE: &str = "Shape";
const TIME: &str = "Time";
const OUTPUT: &str = "Output";
const LIVE: &str = "Live captures";
const NETWORK: &str = "Your network";

/// Options of every command.
#[derive(Clone, Debug, Args)]
pub struct General {
    /// Address of your PBX, so that hints can say "your side" (repeatable) [default: guessed]
    #[arg(long, value_name = "ADDR", global = true, help_heading = NETWORK)]
    pub pbx: Vec<IpAddr>,

    /// UDPTL ports of your PBX (udptl.conf; VoipNow and Asterisk: 4000-5999)
    #[arg(long, value_name = "LOW-HIGH", global = true, value_parser = port_range, help_heading = NETWORK)]
    pub udptl_ports: Option<(u16, u16)>,

    /// Number of a fax machine: a call from or to it is a fax, whatever is heard (repeatable)
    #[arg(long, value_name = "NUMBER", global = true, help_heading = NETWORK)]
    pub fax: Vec<String>,

    /// Log of the PBX beside the capture: Asterisk, FreeSWITCH or spandsp (repeatable)
    #[arg(long, value_name = "FILE", global = true, help_heading = NETWORK)]
    pub log: Vec<PathBuf>,

    /// Clock of the log less that of the capture, seconds [default: found by what both saw]
    #[arg(
        long,
        value_name = "S",
        global = true,
        help_heading = NETWORK,
        requires = "log",
        allow_negative_numbers = true,
        value_parser = seconds
    )]
    pub log_offset: Option<f64>,

    /// Show times in this form [default: relative; with --tz: local]
    #[arg(long, value_name = "MODE", global = true, value_enum, help_heading = TIME)]
    pub time: Option<Time>,

    /// Zone of local time: Europe/Berlin, +02:00, UTC [default: that of the system, or TZ]
    #[arg(long, value_name = "ZONE", global = true, value_parser = Zone::named, help_heading = TIME)]
    pub tz: Option<Zone>,

    /// What the capture is called, where that is not its name.
    #[arg(skip)]
    pub shown_as: Option<String>,

    /// Leave the content of pages out everywhere
    #[arg(long, global = true)]
    pub no_pages: bool,

    /// Colour the screen and text output; `NO_COLOR` is honoured
    #[arg(long, value_name = "WHEN", global = true, value_enum, default_value_t)]
    pub color: Color,

    /// Work on N processors at once [default: all]
    #[arg(long, value_name = "N", global = true)]
    pub threads: Option<NonZeroUsize>,

    /// Print less on standard error
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Print more on standard error (repeatable)
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
}

/// Which calls.
#[derive(Clone, Debug, Default, Args)]
pub struct Which {
    /// Number of a call (repeatable: two calls make a two-leg flow) [default: every fax]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = WHICH)]
    pub call: Vec<u32>,

    /// Call-ID of a call (repeatable)
    #[arg(long, value_name = "ID", help_heading = WHICH)]
    pub call_id: Vec<String>,
}

/// Columns of a text at least.
const NARROWEST: u16 = 40;
/// Columns of a text at most.
const WIDEST: u16 = 1000;

/// Shape of the text.
#[derive(Clone, Debug, Default, Args)]
pub struct Shape {
    /// Width of the text in columns [default: that of the terminal, else 118; of a list what it needs]
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u16).range(i64::from(NARROWEST)..=i64::from(WIDEST)),
        help_heading = SHAPE
    )]
    pub width: Option<u16>,

    /// Draw lines and arrows in plain ASCII
    #[arg(long, help_heading = SHAPE)]
    pub ascii: bool,
}

/// Where to and in what form.
#[derive(Clone, Debug, Default, Args)]
#[expect(
    clippy::struct_field_names,
    reason = "a field has the name of its option"
)]
pub struct Output {
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t, help_heading = OUTPUT)]
    pub format: Format,

    /// Write to FILE instead of standard output; an existing file is replaced when the output is complete
    #[arg(short, long, value_name = "FILE", help_heading = OUTPUT)]
    pub output: Option<PathBuf>,

    /// Pictures of the pages in it (html)
    #[arg(long, help_heading = OUTPUT)]
    pub with_pages: bool,
}

/// The commands.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// List the calls of a capture
    Calls {
        /// Capture; `-` is standard input
        file: PathBuf,
        /// Shape.
        #[command(flatten)]
        shape: Shape,
        /// Where to.
        #[command(flatten)]
        output: Output,
    },
    /// Print the flow (ladder) of one or two calls, or of every fax
    Flow {
        /// Capture; `-` is standard input
        file: PathBuf,
        /// Which calls.
        #[command(flatten)]
        which: Which,
        /// Shape.
        #[command(flatten)]
        shape: Shape,
        /// Where to.
        #[command(flatten)]
        output: Output,
    },
    /// Print a verdict and the hints for every fax; the exit status is made for scripts
    Check {
        /// Captures; `-` is standard input
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Shape.
        #[command(flatten)]
        shape: Shape,
        /// Where to.
        #[command(flatten)]
        output: Output,
    },
    /// Sum up the faxes of many captures: outcome by peer and day, causes, rates, repeats
    #[command(after_help = "Exit status: 0; 2 a file cannot be read; 3 no fax found.")]
    Stats {
        /// Captures; `-` is standard input
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Check each capture of a folder once, as rotation closes it
    Watch(Watch),
    /// The pages of the faxes as files
    Pages {
        /// Capture; `-` is standard input
        file: PathBuf,
        /// Which calls.
        #[command(flatten)]
        which: Which,
        /// Directory to write to
        #[arg(short, long, value_name = "DIR")]
        output: PathBuf,
        /// Form of the pages
        #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
        format: PageFormat,
        /// Write over files that are there
        #[arg(long)]
        force: bool,
    },
    /// The packets of one fax as a capture of their own: SIP, T.38, RTP and ICMP on all its hops and on both legs
    Save {
        /// Capture; `-` is standard input
        file: PathBuf,
        /// Which calls.
        #[command(flatten)]
        which: Which,
        /// Leave the other leg out
        #[arg(long)]
        one_leg: bool,
        /// File to write to: pcapng with the hints as comments of frames, or pcap where the name ends so
        #[arg(short, long, value_name = "OUT")]
        output: PathBuf,
        /// Write over a file that is there
        #[arg(long)]
        force: bool,
    },
    /// List the rules behind the hints; with an ID, show one rule in full
    Rules {
        /// e.g. t30-dis-no-dcs
        id: Option<String>,
    },
    /// Print the completions for a shell
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print a manual page, or write all of them
    Man {
        /// The command it is about [default: faxflow as a whole]
        #[arg(value_name = "COMMAND")]
        about: Option<String>,
        /// Directory to write faxflow.1, faxflow-check.1 and the others to
        #[arg(short, long, value_name = "DIR")]
        output: Option<PathBuf>,
    },
}

/// `watch`
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "It may be killed at any time: what it did stands in the state file, and with -o nothing is lost or \
written twice. A capture is closed when who writes it closes it, when a newer one of the same series is there, or when it \
is idle."
)]
pub struct Watch {
    /// Folder into which captures are written
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,

    /// Output format: ndjson or text
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Ndjson)]
    pub format: Format,

    /// Append to FILE instead of writing to standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Where it is noted what was checked [default: DIR/.faxflow-watch]
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,

    /// Write counters for the textfile collector of Prometheus' node exporter (FILE.prom)
    #[arg(long, value_name = "FILE")]
    pub openmetrics: Option<PathBuf>,

    /// A capture that nobody wrote to for S seconds is closed
    #[arg(long, value_name = "S", default_value_t = 60)]
    pub idle: u64,

    /// Check what is there, and end
    #[arg(long)]
    pub once: bool,
}

/// Form of an output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// One document, schema faxflow/1
    Json,
    /// One call a line
    Ndjson,
    /// For a ticket: check says what to ask whom, flow has the ladder
    Markdown,
    /// For a spreadsheet (calls, check)
    Csv,
    /// For a ticket, one self-contained page (flow, check)
    Html,
}

/// Form of pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PageFormat {
    /// One TIFF a fax
    #[default]
    Tiff,
    /// One PNG a page
    Png,
    /// One PDF a fax
    Pdf,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How time is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Time {
    /// Seconds since the start of the flow
    #[default]
    Relative,
    /// Seconds since the row above
    Delta,
    /// Time of day in your zone (TZ, --tz)
    Local,
    /// Time of day in UTC
    #[value(alias = "absolute")]
    Utc,
}

impl From<Time> for TimeMode {
    fn from(time: Time) -> Self {
        match time {
            Time::Relative => Self::Relative,
            Time::Delta => Self::Delta,
            Time::Local => Self::Local,
            Time::Utc => Self::Utc,
        }
    }
}

impl From<Format> for export::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Text => Self::Text,
            Format::Json => Self::Json,
            Format::Ndjson => Self::Ndjson,
            Format::Markdown => Self::Markdown,
            Format::Csv => Self::Csv,
            Format::Html => Self::Html,
        }
    }
}

impl From<PageFormat> for export::pages::Form {
    fn from(format: PageFormat) -> Self {
        match format {
            PageFormat::Tiff => Self::Tiff,
            PageFormat::Png => Self::Png,
            PageFormat::Pdf => Self::Pdf,
        }
    }
}

impl Shape {
    /// Columns of the text: as asked for, else as wide as the terminal; `None`: neither tells.
    pub fn columns(&self, terminal: Option<usize>) -> Option<usize> {
        let fitting = |columns: usize| columns.clamp(NARROWEST.into(), WIDEST.into());
        (self.width.map(usize::from)).or_else(|| terminal.map(fitting))
    }
}

impl Cli {
    /// The captures it names.
    pub fn captures(&self) -> &[PathBuf] {
        use std::slice::from_ref;
        match &self.command {
            None => self.file.as_slice(),
            Some(
                Command::Calls { file, .. }
                | Command::Flow { file, .. }
                | Command::Pages { file, .. }
                | Command::Save { file, .. },
            ) => from_ref(file),
            Some(Command::Check { files, .. } | Command::Stats { files }) => files,
            Some(
                Command::Watch(_)
                | Command::Rules { .. }
                | Command::Completions { .. }
                | Command::Man { .. },
            ) => &[],
        }
    }
}

impl General {
    /// How times are shown, and the zone of local time.
    pub fn times(&self) -> (TimeMode, Zone) {
        let usual = if self.tz.is_some() {
            TimeMode::Local
        } else {
            TimeMode::Relative
        };
        let mode = self.time.map_or(usual, Into::into);
        (mode, self.tz.unwrap_or_else(Zone::local))
    }

    /// The form of an output.
    pub fn for_export(&self, width: usize, ascii: bool, colour: bool) -> export::Options {
        let (time, zone) = self.times();
        export::Options {
            width,
            ascii,
            time,
            zone,
            colour,
            ..export::Options::default()
        }
    }

    /// The user's view, for the rules.
    pub fn point_of_view(&self) -> PointOfView {
        let usual = PointOfView::default();
        PointOfView {
            pbx: self.pbx.clone(),
            udptl_ports: self.udptl_ports.unwrap_or(usual.udptl_ports),
            udptl_ports_given: self.udptl_ports.is_some(),
            fax_numbers: self.fax.clone(),
        }
    }

    /// The logs beside the capture.
    pub fn logs(&self) -> pbxlog::Given {
        pbxlog::Given {
            files: self.log.clone(),
            offset: self.log_offset,
        }
    }
}

/// A number of seconds, also negative.
fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() => Ok(seconds),
        _ => Err("seconds, e.g. 7200.3 or -3600".to_owned()),
    }
}

fn keep_calls(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1..) => Ok(number),
        _ => Err("a number of calls, 1 or more".to_owned()),
    }
}

/// `9060`, `127.0.0.1:9060`
fn listener(text: &str) -> Result<SocketAddr, String> {
    if let Ok(port) = text.parse() {
        return Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    }
    let wrong =
        |_| "an address with a port, or a port: 127.0.0.1:9060, [::1]:9060, 9060".to_owned();
    text.parse().map_err(wrong)
}

/// `4000-5999`
fn port_range(text: &str) -> Result<(u16, u16), String> {
    let (low, high) = text
        .split_once('-')
        .ok_or("two ports with a hyphen, e.g. 4000-5999")?;
    let port = |text: &str| {
        text.trim()
            .parse::<u16>()
            .map_err(|error| format!("{text}: {error}"))
    };
    let (low, high) = (port(low)?, port(high)?);
    if low > high {
        return Err(format!("{low} is above {high}"));
    }
    Ok((low, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        manual::parse(words(line.split_whitespace().map(Into::into)))
    }

    #[test]
    fn is_consistent() {
        manual::command().debug_assert();
    }

    #[test]
    fn times_by_mode_and_zone() {
        let times = |line| parse(line).unwrap().general.times();
        assert_eq!(times("faxflow a --time absolute").0, TimeMode::Utc);
        assert_eq!(times("faxflow calls a --tz +01:00").0, TimeMode::Local);
        let (mode, zone) = times("faxflow --tz UTC check a --time delta");
        assert_eq!((mode, zone), (TimeMode::Delta, Zone::UTC));
    }

    #[test]
    fn opens_a_file_without_a_command() {
        let cli = parse("faxflow --follow fax.pcap --call 2 --call 3 --width 100").unwrap();
        assert_eq!(cli.file, Some("fax.pcap".into()));
        assert_eq!(cli.which.call, [2, 3]);
        assert_eq!(cli.shape.width, Some(100));
        assert!(cli.follow && cli.command.is_none());
        assert_eq!(parse("faxflow -").unwrap().file, Some("-".into()));
    }

    #[test]
    fn reaches_a_file_named_like_a_command() {
        let cli = parse("faxflow ./calls").unwrap();
        assert_eq!(cli.file, Some("./calls".into()));
        let cli = parse("faxflow -- calls").unwrap();
        assert_eq!(cli.file, Some("calls".into()));
    }

    #[test]
    fn a_file_as_other_tools_name_it() {
        for line in [
            "faxflow -r fax.pcap",
            "faxflow -I fax.pcap --follow",
            "faxflow -rfax.pcap",
        ] {
            assert_eq!(parse(line).unwrap().file, Some("fax.pcap".into()), "{line}");
        }
        let Some(Command::Check { files, .. }) = parse("faxflow check -r a -r b").unwrap().command
        else {
            panic!("no check");
        };
        assert_eq!(files, [PathBuf::from("a"), "b".into()]);
        assert!(parse("faxflow -- -r").unwrap().file == Some("-r".into()));
        assert!(parse("faxflow --demo").unwrap().demo);
    }

    #[test]
    fn takes_general_options_anywhere() {
        for line in [
            "faxflow --pbx 192.0.2.1 calls fax.pcap",
            "faxflow calls --pbx 192.0.2.1 fax.pcap",
            "faxflow check fax.pcap --pbx 192.0.2.1",
            "faxflow --pbx 192.0.2.1 fax.pcap",
        ] {
            let cli = parse(line).unwrap();
            assert_eq!(cli.general.pbx, [IpAddr::from([192, 0, 2, 1])], "{line}");
        }
        let cli = parse("faxflow check a.pcap b.pcap --udptl-ports 10000-20000 -v -v").unwrap();
        assert_eq!(cli.general.udptl_ports, Some((10000, 20000)));
        assert_eq!(cli.general.verbose, 2);
        assert!(cli.general.point_of_view().udptl_ports_given);
    }

    #[test]
    fn rejects_what_cannot_be_meant() {
        for line in [
            "faxflow",
            "faxflow calls",
            "faxflow check",
            "faxflow a.pcap b.pcap",
            "faxflow a.pcap --demo",
            "faxflow -r",
            "faxflow a --tz Nowhere/Else",
            "faxflow pages fax.pcap",
            "faxflow flow fax.pcap --call 0",
            "faxflow flow fax.pcap --width 3",
            "faxflow flow fax.pcap --format xml",
            "faxflow fax.pcap --udptl-ports 5999-4000",
            "faxflow fax.pcap --udptl-ports 4000",
            "faxflow -q -v fax.pcap",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
