//! What the PBX's own settings say about what a hint is about, with file and line (`--asterisk`).

use crate::call::Call;
use crate::hint::{Hint, Site};
use crate::pbxconf::{Setting, Settings};

/// Settings that one hint cites.
const MOST: usize = 4;

/// What of the PBX's settings bears on a rule.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bearing {
    /// Nothing that is read.
    None,
    /// Settings of these names.
    Keys(&'static [&'static str]),
    /// Whether the fax log is on: the rule sends the reader to it.
    FaxLog,
}

impl Bearing {
    /// T.38 on or off.
    pub(crate) const T38: Self =
        Self::Keys(&["t38pt_udptl", "t38_udptl", "faxdetect", "fax_detect"]);
    /// Its error correction.
    pub(crate) const CORRECTION: Self = Self::Keys(&[
        "t38pt_udptl",
        "t38_udptl_ec",
        "udptlfecspan",
        "udptlfecentries",
    ]);
    /// The size of its packets.
    pub(crate) const SIZE: Self = Self::Keys(&["t38pt_udptl", "t38_udptl_maxdatagram"]);
    /// Its ports.
    pub(crate) const PORTS: Self = Self::Keys(&["udptlstart", "udptlend"]);
    /// Error correction mode of T.30.
    pub(crate) const ECM: Self = Self::Keys(&["ecm"]);
    /// What NAT needs.
    pub(crate) const NAT: Self = Self::Keys(&[
        "nat",
        "t38_udptl_nat",
        "t38pt_usertpsource",
        "externaddr",
        "externip",
        "externhost",
        "localnet",
        "local_net",
        "external_media_address",
        "external_signaling_address",
        "rtp_symmetric",
    ]);
}

/// Adds to each hint what the settings say.
pub(crate) fn cite(site: &Site, call: &Call, hints: &mut [Hint]) {
    let Some(settings) = &site.settings else {
        return;
    };
    let ends = [call.caller.addr, call.callee.addr];
    let hosts = call.path.hosts.iter();
    let path = hosts.flat_map(|host| std::iter::once(&host.addr).chain(&host.others));
    let path = path.map(|end| end.addr);
    if !settings.are_of(ends.into_iter().chain(path)) {
        return;
    }
    for hint in hints {
        if let Some(said) = said(settings, hint.rule.settings) {
            let more = hint.finding.more.get_or_insert_default();
            if !more.is_empty() {
                more.push(' ');
            }
            more.push_str(&said);
        }
    }
}

fn said(settings: &Settings, bearing: Bearing) -> Option<String> {
    let keys = match bearing {
        Bearing::None => return None,
        Bearing::Keys(keys) => keys,
        Bearing::FaxLog => {
            return settings.knows_logs().then(|| match settings.fax_log() {
                Some(setting) => format!("The fax log of your Asterisk is on: {}.", told(setting)),
                None => {
                    "The fax log of your Asterisk is off: no line of its logger.conf has \"fax\"."
                        .to_owned()
                }
            });
        }
    };
    let all: Vec<String> = settings.named(keys).map(told).collect();
    let more = match all.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    let first: Vec<String> = all.into_iter().take(MOST).collect();
    (!first.is_empty()).then(|| format!("Your Asterisk has {}{more}.", first.join("; ")))
}

/// `t38_udptl=no (pjsip.conf:42, [trunk])`
fn told(setting: &Setting) -> String {
    let Setting {
        file,
        line,
        section,
        key,
        value,
    } = setting;
    let value: String = value.chars().take(60).collect();
    let section: String = section.chars().take(40).collect();
    format!("{key}={value} ({file}:{line}, [{section}])")
}
