//! Cause, side, headline and hints of every capture say the same; a part of a capture accuses nobody of what it lacks.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail by panic"
)]

use std::fs;
use std::path::{Path, PathBuf};

use faxflow::api::analysis::reading::Analysis;
use faxflow::api::analysis::{Analysed, Options};
use faxflow::api::call::{FaultSide, Verdict};
use faxflow::api::hint::Severity;

#[path = "support/shared.rs"]
mod shared;

fn analyse(path: &Path) -> Vec<Analysed> {
    let mut analysis = Analysis::open(Options {
        file: path.to_owned(),
        ..Options::default()
    })
    .unwrap();
    analysis.read_all(|_| {}).unwrap();
    let numbers: Vec<_> = analysis.numbers().collect();
    analysis.analyse_all(&numbers, false).unwrap()
}

fn captures(directory: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let end = path.extension().and_then(|end| end.to_str());
            matches!(end, Some("pcap" | "pcapng" | "cap"))
        })
        .collect();
    all.sort();
    all
}

/// What a headline names.
fn named(summary: &str) -> Option<FaultSide> {
    [
        ("the caller's side (", FaultSide::Caller),
        ("the callee's side (", FaultSide::Callee),
        ("the network between", FaultSide::Path),
        ("the element in the middle", FaultSide::Pbx),
        ("your PBX (", FaultSide::Pbx),
    ]
    .into_iter()
    .find(|(words, _)| summary.contains(words))
    .map(|(_, side)| side)
}

/// What one call says against itself.
fn contradictions(one: &Analysed, all: &[Analysed]) -> Vec<String> {
    let call = &one.call;
    let mut out = Vec::new();
    let mut say = |what: String| out.push(format!("call {}: {what}", call.number));
    let side = call.cause.and_then(|cause| cause.side);
    if let Some(fax) = &call.fax {
        let has_cause = fax.cause.is_some();
        if fax.cause != call.cause {
            say(format!(
                "cause of fax {:?}, of call {:?}",
                fax.cause, call.cause
            ));
        }
        match fax.verdict {
            Verdict::Ok if has_cause => say(format!("delivered, but {:?}", fax.cause)),
            Verdict::Failed | Verdict::Partial if !has_cause => say("no cause".to_owned()),
            Verdict::Incomplete if !matches!(side, None | Some(FaultSide::Capture)) => {
                say(format!("incomplete, but {:?}", fax.cause));
            }
            _ => {}
        }
        let told = named(&fax.summary);
        let expected = side.filter(|side| *side != FaultSide::Capture);
        // The PBX of the user is an end of its leg where the capture has no more of the path.
        let ours = told == Some(FaultSide::Pbx) && fax.summary.contains("your PBX (");
        let theirs = told.is_none() && fax.summary.contains("the other side (");
        if has_cause && told != expected && !(expected.is_some() && (ours || theirs)) {
            say(format!("headline \"{}\", side {side:?}", fax.summary));
        }
    }
    let mut rules: Vec<&str> = one.hints.iter().map(|hint| hint.rule.id).collect();
    rules.sort_unstable();
    let pairs = rules.iter().zip(rules.iter().skip(1));
    for (twice, _) in pairs.filter(|(one, next)| one == next) {
        say(format!("{twice} twice"));
    }
    if let Some(cause) = call.cause {
        let legs = || {
            let other = all
                .iter()
                .find(|leg| Some(leg.call.number) == call.other_leg);
            std::iter::once(one).chain(other)
        };
        let is_error = |severity| {
            let verdict = call.fax.as_ref().map(|fax| fax.verdict);
            severity == Severity::Error
                || (severity == Severity::Warning && verdict.is_none())
                || verdict == Some(Verdict::Incomplete)
        };
        let fits = legs().flat_map(|leg| &leg.hints).any(|hint| {
            hint.rule.id == cause.rule
                && hint.side == cause.side
                && !hint.consequence
                && is_error(hint.finding.severity)
        });
        if !fits {
            say(format!("no hint bears out {cause:?}"));
        }
    }
    out
}

fn check(directory: &Path) {
    let mut wrong = Vec::new();
    for path in captures(directory) {
        let all = analyse(&path);
        for one in &all {
            let name = path.file_name().unwrap().to_string_lossy();
            wrong.extend(
                contradictions(one, &all)
                    .into_iter()
                    .map(|what| format!("{name}: {what}")),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_contradicts_itself() {
    check(&shared::own());
}

#[test]
#[cfg_attr(not(shared_captures), ignore = "needs ../shared")]
fn nothing_contradicts_itself_in_all_captures() {
    for name in ["synthetic", "paths", "pages", "reports", "real"] {
        check(&shared::shared(name));
    }
}

/// Parts of a capture, in sixteenths of its frames.
const PARTS: [(usize, usize); 9] = [
    (0, 5),
    (0, 8),
    (0, 11),
    (0, 14),
    (8, 16),
    (12, 16),
    (2, 16),
    (4, 12),
    (6, 10),
];

/// Header of a little-endian pcap file, as the synthetic ones are, and its records.
fn records(octets: &[u8]) -> Option<(&[u8], Vec<&[u8]>)> {
    let (head, mut rest) = octets.split_at_checked(24)?;
    if head.get(..4)? != [0xd4, 0xc3, 0xb2, 0xa1] {
        return None;
    }
    let mut out = Vec::new();
    while let Some(len) = rest.get(8..12) {
        let len = usize::try_from(u32::from_le_bytes(len.try_into().unwrap())).unwrap();
        let (record, more) = rest.split_at_checked(16 + len)?;
        out.push(record);
        rest = more;
    }
    Some((head, out))
}

/// Verdicts and accusations of the faxes of a capture. An INVITE that is refused stands for itself.
fn accusations(all: &[Analysed]) -> Vec<(Option<Verdict>, Option<FaultSide>)> {
    all.iter()
        .filter(|one| one.call.fax.is_some())
        .map(|one| {
            let side = one.call.cause.and_then(|cause| cause.side);
            (one.call.fax.as_ref().map(|fax| fax.verdict), side)
        })
        .collect()
}

/// What parts of a capture say that the whole does not.
fn too_much(path: &Path) -> Vec<String> {
    let octets = fs::read(path).unwrap();
    let Some((head, records)) = records(&octets) else {
        return Vec::new();
    };
    let whole = accusations(&analyse(path));
    let failed =
        |verdict: Option<Verdict>| matches!(verdict, Some(Verdict::Failed | Verdict::Partial));
    let is_good = whole
        .iter()
        .all(|(verdict, side)| !failed(*verdict) && side.is_none());
    let mut out = Vec::new();
    for (from, to) in PARTS {
        let part = &records[records.len() * from / 16..records.len() * to / 16];
        let mut octets = head.to_vec();
        octets.extend(part.iter().flat_map(|record| record.iter()));
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), octets).unwrap();
        let all = analyse(file.path());
        for (verdict, side) in accusations(&all) {
            let named = !matches!(side, None | Some(FaultSide::Capture));
            let known = whole.iter().any(|(_, whole)| *whole == side);
            if is_good && (failed(verdict) || named) || named && !known {
                out.push(format!(
                    "{}: {from}/16 to {to}/16: {verdict:?} {side:?}",
                    path.file_name().unwrap().to_string_lossy()
                ));
            }
        }
    }
    out
}

/// Whether a packet is left out.
type Removes = fn(&Packet<'_>, &Ends) -> bool;

/// What a capture may lack of a call: a filter, another way of one direction, a recorder that drops.
const REMOVALS: [(&str, Removes); 11] = [
    ("media of one side", |packet, ends| {
        packet.is_media() && ends.media.first() == Some(&packet.src)
    }),
    ("media of the other side", |packet, ends| {
        packet.is_media() && ends.media.get(1) == Some(&packet.src)
    }),
    ("all media", |packet, _| packet.is_media()),
    ("SIP of one side", |packet, ends| {
        packet.is_sip() && ends.sip.first() == Some(&packet.src)
    }),
    ("SIP of the other side", |packet, ends| {
        packet.is_sip() && ends.sip.get(1) == Some(&packet.src)
    }),
    ("all SIP", |packet, _| packet.is_sip()),
    ("the re-INVITEs", |packet, _| {
        packet.starts("INVITE ") && packet.has_to_tag()
    }),
    ("the 200s", |packet, _| packet.starts("SIP/2.0 200")),
    ("the ACKs", |packet, _| packet.starts("ACK ")),
    ("the BYEs", |packet, _| packet.starts("BYE ")),
    ("every 33rd packet", |packet, _| packet.number % 33 == 7),
];

/// Addresses that send, in the order in which they begin.
#[derive(Default)]
struct Ends {
    media: Vec<Vec<u8>>,
    sip: Vec<Vec<u8>>,
}

/// A frame of a capture, as far as it must be told what it is.
struct Packet<'a> {
    number: usize,
    src: Vec<u8>,
    is_udp: bool,
    payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Of Ethernet with IPv4 or IPv6 and nothing between.
    fn of(number: usize, record: &'a [u8]) -> Option<Self> {
        let ip = record.get(16 + 14..)?;
        let (src, protocol, rest) = match ip.first()? >> 4 {
            4 => (ip.get(12..16)?, *ip.get(9)?, ip.get(20..)?),
            6 => (ip.get(8..24)?, *ip.get(6)?, ip.get(40..)?),
            _ => return None,
        };
        let is_udp = protocol == 17;
        let head = if is_udp { 8 } else { 20 };
        Some(Self {
            number,
            src: src.to_vec(),
            is_udp,
            payload: rest.get(head..).unwrap_or_default(),
        })
    }

    fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.payload)
    }

    fn is_sip(&self) -> bool {
        self.text().contains("SIP/2.0")
    }

    fn is_media(&self) -> bool {
        self.is_udp && !self.is_sip()
    }

    fn starts(&self, with: &str) -> bool {
        self.payload.starts_with(with.as_bytes())
    }

    fn has_to_tag(&self) -> bool {
        self.text().lines().any(|line| {
            (line.starts_with("To:") || line.starts_with("t:")) && line.contains(";tag=")
        })
    }
}

/// What a capture without some packets says that the whole does not.
fn without(path: &Path) -> Vec<String> {
    let octets = fs::read(path).unwrap();
    let Some((head, records)) = records(&octets) else {
        return Vec::new();
    };
    let packets: Vec<Option<Packet<'_>>> = (records.iter().enumerate())
        .map(|(number, record)| Packet::of(number, record))
        .collect();
    let mut ends = Ends::default();
    for packet in packets.iter().flatten() {
        let list = if packet.is_sip() {
            &mut ends.sip
        } else {
            &mut ends.media
        };
        if !list.contains(&packet.src) {
            list.push(packet.src.clone());
        }
    }
    let whole = accusations(&analyse(path));
    let mut out = Vec::new();
    for (what, removes) in REMOVALS {
        let mut octets = head.to_vec();
        for (record, packet) in records.iter().zip(&packets) {
            if !packet.as_ref().is_some_and(|packet| removes(packet, &ends)) {
                octets.extend_from_slice(record);
            }
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), octets).unwrap();
        let all = analyse(file.path());
        for (verdict, side) in accusations(&all) {
            let named = !matches!(side, None | Some(FaultSide::Capture));
            let known = whole.iter().any(|(_, whole)| *whole == side);
            if named && !known {
                let name = path.file_name().unwrap().to_string_lossy();
                out.push(format!("{name} without {what}: {verdict:?} {side:?}"));
            }
        }
        let no_cause = |one: &Analysed| {
            let fax = one.call.fax.as_ref();
            fax.is_some_and(|fax| fax.verdict == Verdict::Failed && fax.cause.is_none())
        };
        if all.iter().any(no_cause) {
            let name = path.file_name().unwrap().to_string_lossy();
            out.push(format!("{name} without {what}: failed, no cause"));
        }
    }
    out
}

#[test]
fn what_a_capture_lacks_accuses_nobody() {
    let wrong: Vec<String> = captures(&shared::own())
        .iter()
        .flat_map(|path| without(path))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_part_of_a_capture_accuses_nobody_for_the_rest() {
    let wrong: Vec<String> = captures(&shared::own())
        .iter()
        .flat_map(|path| too_much(path))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
#[cfg_attr(not(shared_captures), ignore = "needs ../shared")]
fn a_part_of_a_path_accuses_nobody_for_the_rest() {
    let wrong: Vec<String> = captures(&shared::shared("paths"))
        .iter()
        .flat_map(|path| too_much(path))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
