//! What two messages of the same kind say differently: SDP attribute by attribute, DIS and DCS bit by bit.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::call::{Event, EventKind};
use crate::hint::is_private;
use crate::sip::sdp::split_attribute;
use crate::sip::{MediaKind, MediaLine, Sdp, T38Attributes};
use crate::t30::capability;
use crate::t30::fcf::FifKind;
use crate::t30::frame::T30Frame;

/// Something that is said differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// `image: T38FaxMaxDatagram`, `bit 27: error correction mode`.
    pub name: String,
    /// Number of a capability bit, if it is one.
    pub bit: Option<u8>,
    /// What GOOD says; `None`: nothing.
    pub good: Option<String>,
    /// What BAD says.
    pub bad: Option<String>,
}

/// All of two messages.
pub type Changes = Vec<Change>;

/// Attributes whose values differ from call to call: only whether they are there is compared.
const OF_THE_CALL: [&str; 14] = [
    "candidate",
    "crypto",
    "fingerprint",
    "ice-options",
    "ice-pwd",
    "ice-ufrag",
    "label",
    "mid",
    "msid",
    "remote-candidates",
    "rtcp",
    "ssrc",
    "ssrc-group",
    "tls-id",
];

/// Differences in one message at most.
const MOST: usize = 200;

/// What two events with the same key say differently.
pub(super) fn changes(good: &Event, bad: &Event) -> Changes {
    match (&good.kind, &bad.kind) {
        (EventKind::Sip(good), EventKind::Sip(bad)) => match (&good.sdp, &bad.sdp) {
            (Some(good), Some(bad)) => descriptions(good, bad),
            _ => Vec::new(),
        },
        (EventKind::T30(good), EventKind::T30(bad)) => bits(good, bad),
        _ => Vec::new(),
    }
}

fn bits(good: &T30Frame, bad: &T30Frame) -> Changes {
    let table = matches!(good.fcf.fif(), FifKind::Capabilities | FifKind::Command);
    if !table || good.fcf != bad.fcf {
        return Vec::new();
    }
    let word = |on: bool| Some(if on { "1" } else { "0" }.to_owned());
    capability::difference(good.fif(), bad.fif())
        .into_iter()
        .map(|change| Change {
            name: format!("bit {}: {}", change.number, change.name),
            bit: Some(change.number),
            good: word(change.from),
            bad: word(change.to),
        })
        .collect()
}

fn descriptions(good: &Sdp, bad: &Sdp) -> Changes {
    let (good, bad) = (said(good), said(bad));
    let mut names: Vec<&String> = good.keys().chain(bad.keys()).collect();
    names.sort();
    names.dedup();
    names
        .into_iter()
        .filter(|name| good.get(*name) != bad.get(*name))
        .take(MOST)
        .map(|name| Change {
            name: name.clone(),
            bit: None,
            good: good.get(name).cloned(),
            bad: bad.get(name).cloned(),
        })
        .collect()
}

/// All that an SDP says, by name, without what is another one in each call.
fn said(sdp: &Sdp) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    let mut places: BTreeMap<String, u32> = BTreeMap::new();
    for line in &sdp.media {
        let kind = match &line.kind {
            MediaKind::Audio => "audio".to_owned(),
            MediaKind::Image => "image".to_owned(),
            MediaKind::Other(kind) => kind.chars().take(12).collect(),
        };
        let place = places.entry(kind.clone()).or_default();
        *place += 1;
        let about = match place {
            1 => kind,
            _ => format!("{kind} {place}"),
        };
        for (name, value) in of_line(line) {
            out.insert(format!("{about}: {name}"), value);
        }
    }
    out
}

fn of_line(line: &MediaLine) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, value: String| out.push((name.to_owned(), value));
    let open = if line.port > 0 { "open" } else { "refused" };
    add("port", open.to_owned());
    add("transport", line.proto.clone());
    add("address", kind_of_address(line.connection).to_owned());
    add("formats", formats(line).join(" "));
    let direction = line.direction.as_deref().unwrap_or("sendrecv");
    add("direction", direction.to_owned());
    if let Some(ptime) = line.ptime {
        add("ptime", ptime.to_string());
    }
    if let Some(on) = line.silence_suppression {
        add("silenceSupp", if on { "on" } else { "off" }.to_owned());
    }
    if let Some(t38) = &line.t38 {
        for (name, value) in of_t38(t38) {
            add(name, value);
        }
    }
    let mut others: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for attribute in &line.attributes {
        let (name, value) = split_attribute(attribute);
        let lower = name.to_ascii_lowercase();
        let known = ["rtpmap", "ptime", "silencesupp", "rtcp-mux"].contains(&lower.as_str())
            || ["sendrecv", "sendonly", "recvonly", "inactive"].contains(&lower.as_str())
            || line.t38.is_some() && lower.starts_with("t38");
        if !known {
            let value = if OF_THE_CALL.contains(&lower.as_str()) {
                "given"
            } else {
                value
            };
            others.entry(name.to_owned()).or_default().push(value);
        }
    }
    for (name, values) in others {
        add(&format!("a={name}"), values.join(" / "));
    }
    out
}

/// Codecs by their names, other formats as written.
fn formats(line: &MediaLine) -> Vec<String> {
    let names = |format: &String| {
        let number: Option<u8> = format.parse().ok();
        let named = line
            .rtpmap
            .iter()
            .find(|(known, ..)| Some(*known) == number);
        match (named, number) {
            (Some((_, name, _)), _) => name.clone(),
            (None, Some(0)) => "PCMU".to_owned(),
            (None, Some(8)) => "PCMA".to_owned(),
            (None, Some(9)) => "G722".to_owned(),
            (None, Some(18)) => "G729".to_owned(),
            _ => format.clone(),
        }
    };
    line.formats.iter().map(names).collect()
}

const fn kind_of_version(addr: IpAddr) -> &'static str {
    match addr {
        IpAddr::V4(_) => "public IPv4",
        IpAddr::V6(_) => "public IPv6",
    }
}

fn kind_of_address(addr: Option<IpAddr>) -> &'static str {
    match addr {
        None => "none, or a name",
        Some(addr) if addr.is_unspecified() => "0.0.0.0 (on hold)",
        Some(addr) if is_private(addr) => "private",
        Some(addr) => kind_of_version(addr),
    }
}

/// The attributes of T.38 under their proper names, as they hold: what is absent has its default.
fn of_t38(t38: &T38Attributes) -> Vec<(&'static str, String)> {
    let number = |value: Option<u32>| value.map(|value| value.to_string());
    let text = |value: &Option<String>| value.clone();
    let flag = |on: Option<crate::sip::Flag>| {
        let on = on.is_some_and(crate::sip::Flag::is_on);
        Some(if on { "yes" } else { "no" }.to_owned())
    };
    let all = [
        ("T38FaxVersion", Some(t38.version.unwrap_or(0).to_string())),
        ("T38MaxBitRate", number(t38.max_bit_rate)),
        ("T38FaxRateManagement", text(&t38.rate_management)),
        ("T38FaxMaxBuffer", number(t38.max_buffer)),
        ("T38FaxMaxDatagram", number(t38.max_datagram)),
        ("T38FaxUdpEC", text(&t38.udp_ec)),
        ("T38FaxFillBitRemoval", flag(t38.fill_bit_removal)),
        ("T38FaxTranscodingMMR", flag(t38.transcoding_mmr)),
        ("T38FaxTranscodingJBIG", flag(t38.transcoding_jbig)),
    ];
    let given = all
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    given.collect()
}
