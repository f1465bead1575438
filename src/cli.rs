//! The command line as data: what clap reads, and nothing of what it leads to.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

mod choice;
pub mod manual;
mod options;
mod words;
mod wrong;

pub use choice::{Color, Format, PageFormat, Time};
pub(crate) use options::port_range;
pub use options::{General, Output, Shape, Which};
use options::{LIVE, SHAPE};
pub use words::words;
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
    override_usage = "faxflow [OPTIONS] FILE...\n       faxflow COMMAND ..."
)]
pub struct Cli {
    /// Capture to open in the terminal UI; several, or a folder, are read as one; if standard output is not a terminal,
    /// print the report of every fax
    #[arg(value_name = "FILE", required_unless_present_any = ["demo", "hep_listen"])]
    pub files: Vec<PathBuf>,

    /// Open the sample that is built in, in place of a FILE
    #[arg(long, conflicts_with = "files")]
    pub demo: bool,

    /// Show what HEP agents (heplify, Kamailio, Homer's) send to this UDP address; a port alone: of this machine only
    #[arg(long, value_name = "ADDR:PORT", value_parser = listener, conflicts_with_all = ["files", "demo"])]
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

    /// Keep what comes through a pipe in FILE too, from the start on
    #[arg(short = 'w', long = "write", value_name = "OUT", help_heading = LIVE, conflicts_with_all = ["demo", "hep_listen", "follow"])]
    pub write: Option<PathBuf>,

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

/// The commands.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// List the calls of a capture
    Calls {
        /// Capture; `-` is standard input; several, or a folder, are read as one
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Shape.
        #[command(flatten)]
        shape: Shape,
        /// Where to.
        #[command(flatten)]
        output: Output,
    },
    /// Print the flow (ladder) of one or two calls, or of every fax
    Flow {
        /// Capture; `-` is standard input; several, or a folder, are read as one
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
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
        /// Captures, or folders of them; `-` is standard input
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Read them as one capture, in time order
        #[arg(long)]
        merge: bool,
        /// Shape.
        #[command(flatten)]
        shape: Shape,
        /// Where to.
        #[command(flatten)]
        output: Output,
    },
    /// A good fax beside a bad one: their steps aligned, the first difference that matters named
    Compare {
        /// Capture with a fax that went through, and the number of its call
        #[arg(value_name = "GOOD[:CALL]")]
        good: PathBuf,
        /// Capture with one that did not, and the number of its call
        #[arg(value_name = "BAD[:CALL]")]
        bad: PathBuf,
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
        /// Captures, or folders of them; `-` is standard input
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Read them as one capture, in time order
        #[arg(long)]
        merge: bool,
    },
    /// Take a capture through dumpcap or tcpdump, and show its calls while it runs
    Capture(Capture),
    /// Check each capture of a folder once, as rotation closes it
    Watch(Watch),
    /// The pages of the faxes as files
    Pages {
        /// Capture; `-` is standard input; several, or a folder, are read as one
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
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
        /// Capture; `-` is standard input; several, or a folder, are read as one
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
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
    /// Print the settings that hold, and where each comes from
    Config,
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

/// `capture`
#[derive(Clone, Debug, Args)]
pub struct Capture {
    /// Interface to capture on
    #[arg(short, long, value_name = "IFACE", default_value = "any")]
    pub interface: String,

    /// File to write to, pcapng, or pcap where the name ends so [default: fax.pcapng, or the next that is free]
    #[arg(short, long, value_name = "FILE")]
    pub write: Option<PathBuf>,

    /// What to capture, in pcap-filter(7) [default: UDP, SCTP, ICMP, and TCP ports 5060, 5061, 5080]
    #[arg(long, value_name = "EXPR")]
    pub filter: Option<String>,

    /// Show only calls from or to NUMBER (repeatable); the file has all
    #[arg(long, value_name = "NUMBER")]
    pub number: Vec<String>,

    /// Keep N files: of a fault that comes once a day, the last ones
    #[arg(long, value_name = "N")]
    pub files: Option<std::num::NonZeroUsize>,

    /// Begin a new file after MB megabytes [with --files: 100]
    #[arg(long, value_name = "MB", value_parser = clap::value_parser!(u64).range(1..))]
    pub size: Option<u64>,

    /// Capture on another host, with tcpdump there
    #[arg(long, value_name = "[USER@]HOST")]
    pub ssh: Option<String>,

    /// Write over a file that is there
    #[arg(long)]
    pub force: bool,
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

impl Cli {
    /// The captures it names.
    pub fn captures(&self) -> &[PathBuf] {
        match &self.command {
            None => &self.files,
            Some(
                Command::Calls { files, .. }
                | Command::Flow { files, .. }
                | Command::Pages { files, .. }
                | Command::Save { files, .. }
                | Command::Check { files, .. }
                | Command::Stats { files, .. },
            ) => files,
            // Two files, and a number may stand behind their names.
            Some(Command::Compare { .. }) => &[],
            Some(
                Command::Watch(_)
                | Command::Capture(_)
                | Command::Rules { .. }
                | Command::Config
                | Command::Completions { .. }
                | Command::Man { .. },
            ) => &[],
        }
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

#[cfg(test)]
mod tests;
