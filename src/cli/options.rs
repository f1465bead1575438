//! Options that several commands share.

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{ArgAction, Args};

use super::{Color, Format, Time};
use crate::capture::merge::clock;
use crate::export;
use crate::hint::Site;
use crate::redact::Redaction;
use crate::settings::Settings;
use crate::view::time::{TimeMode, Zone};
use crate::{pbxconf, pbxlog};

pub(super) const WHICH: &str = "Which calls";
pub(super) const SHAPE: &str = "Shape";
pub(super) const TIME: &str = "Time";
pub(super) const OUTPUT: &str = "Output";
pub(super) const LIVE: &str = "Live captures";
pub(super) const NETWORK: &str = "Your network";

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

    /// Of several captures: clock of FILE less that of the first one, seconds (repeatable); without a FILE that of all
    /// of another host [default: found by packets that both have]
    #[arg(
        long,
        value_name = "[FILE=]S",
        global = true,
        help_heading = NETWORK,
        allow_hyphen_values = true,
        value_parser = clock_offset
    )]
    pub clock_offset: Vec<clock::Given>,

    /// Settings of your Asterisk, a copy of the folder will do: hints cite them [default: /etc/asterisk on the PBX itself]
    #[arg(long, value_name = "DIR", global = true, help_heading = NETWORK)]
    pub asterisk: Option<PathBuf>,

    /// What was read of it.
    #[arg(skip)]
    pub pbx_settings: Option<Arc<pbxconf::Settings>>,

    /// Show times in this form [default: relative; with --tz: local]
    #[arg(long, value_name = "MODE", global = true, value_enum, help_heading = TIME)]
    pub time: Option<Time>,

    /// Zone of local time: Europe/Berlin, +02:00, UTC [default: that of the system, or TZ]
    #[arg(long, value_name = "ZONE", global = true, value_parser = Zone::named, help_heading = TIME)]
    pub tz: Option<Zone>,

    /// What the capture is called, where that is not its name.
    #[arg(skip)]
    pub shown_as: Option<String>,

    /// Read settings from FILE alone [default: ~/.config/faxflow/config.toml, then /etc/faxflow/config.toml]
    #[arg(long, value_name = "FILE", global = true, conflicts_with = "no_config")]
    pub config: Option<PathBuf>,

    /// Read no settings
    #[arg(long, global = true)]
    pub no_config: bool,

    /// What the files set.
    #[arg(skip)]
    pub settings: Settings,

    /// Replace what tells who and where, in every output: numbers, users, hosts, addresses, idents, keys, pages, sound
    #[arg(long, global = true, conflicts_with = "log")]
    pub redact: bool,

    /// Keep the key at home: what stands in for what, as JSON; one that is there is used again
    #[arg(long, value_name = "FILE", global = true, requires = "redact")]
    pub redact_map: Option<PathBuf>,

    /// What stands in for what, with `--redact`.
    #[arg(skip)]
    pub redaction: Option<Redaction>,

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

impl Shape {
    /// Columns of the text: as asked for, else as wide as the terminal; `None`: neither tells.
    pub fn columns(&self, terminal: Option<usize>) -> Option<usize> {
        let fitting = |columns: usize| columns.clamp(NARROWEST.into(), WIDEST.into());
        (self.width.map(usize::from)).or_else(|| terminal.map(fitting))
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
            colour: colour.then_some(self.settings.palette),
            columns: self.settings.columns.clone(),
            names: self.settings.names.clone(),
            ..export::Options::default()
        }
    }

    /// What the user said of the own PBX, for the rules.
    pub fn site(&self) -> Site {
        let usual = Site::default();
        let settings = self.pbx_settings.as_ref();
        let ports = (self.udptl_ports).or_else(|| settings?.udptl_ports());
        Site {
            pbx: self.pbx.clone(),
            udptl_ports: ports.unwrap_or(usual.udptl_ports),
            udptl_ports_given: ports.is_some(),
            settings: self.pbx_settings.clone(),
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

/// `3.7`, `provider.pcap=-0.25`
fn clock_offset(text: &str) -> Result<clock::Given, String> {
    let (file, number) = match text.rsplit_once('=') {
        Some((file, number)) => (Some(PathBuf::from(file)), number),
        None => (None, text),
    };
    let seconds = seconds(number)
        .map_err(|_wrong| "seconds, perhaps of a file: 3.7, provider.pcap=-0.25".to_owned())?;
    Ok(clock::Given { file, seconds })
}

/// `4000-5999`
pub(crate) fn port_range(text: &str) -> Result<(u16, u16), String> {
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
