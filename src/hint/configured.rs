//! What the PBX's own settings say about what a hint is about, with file and line (`--asterisk`).

use crate::call::Call;
use crate::hint::{Hint, Site};
use crate::pbxconf::{Setting, Settings};

/// Settings that one hint cites.
const MOST: usize = 4;

/// T.38 on or off.
const T38: &[&str] = &["t38pt_udptl", "t38_udptl", "faxdetect", "fax_detect"];
/// Its error correction and the size of its packets.
const CORRECTION: &[&str] = &[
    "t38pt_udptl",
    "t38_udptl_ec",
    "udptlfecspan",
    "udptlfecentries",
];
const SIZE: &[&str] = &["t38pt_udptl", "t38_udptl_maxdatagram"];
/// What NAT needs.
const NAT: &[&str] = &[
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
];

/// Rules, each with the settings that bear on it.
const BEARING: &[(&str, &[&str])] = &[
    ("t38-reinvite-unsupported-media", T38),
    ("t38-reinvite-rejected", T38),
    ("t38-no-reinvite", T38),
    ("t38-image-port-zero", T38),
    ("t38-image-missing-in-answer", T38),
    ("leg-t38-one-sided", T38),
    ("t38-maxdatagram-small", SIZE),
    ("t38-udpec-mismatch", CORRECTION),
    ("udptl-no-redundancy", CORRECTION),
    ("udptl-source-mismatch", NAT),
    ("t38-private-address", NAT),
    ("sip-private-contact", NAT),
    ("t38-port-range", &["udptlstart", "udptlend"]),
    ("t30-ecm-off", &["ecm"]),
];

/// Rules that send the reader to the fax log.
const TO_THE_LOG: [&str; 4] = [
    "t30-dis-no-dcs",
    "t30-no-dis",
    "t30-dcn-before-dcs",
    "t30-dcn-after-dcs",
];

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
        if let Some(said) = said(settings, hint.rule.id) {
            let more = hint.finding.more.get_or_insert_default();
            if !more.is_empty() {
                more.push(' ');
            }
            more.push_str(&said);
        }
    }
}

fn said(settings: &Settings, rule: &str) -> Option<String> {
    if TO_THE_LOG.contains(&rule) {
        return settings.knows_logs().then(|| match settings.fax_log() {
            Some(setting) => format!("The fax log of your Asterisk is on: {}.", told(setting)),
            None => "The fax log of your Asterisk is off: no line of its logger.conf has \"fax\"."
                .to_owned(),
        });
    }
    let (_, keys) = BEARING.iter().find(|(id, _)| *id == rule)?;
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
