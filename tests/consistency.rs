//! Cause, side, headline and hints of every capture say the same; a part of a capture accuses nobody of what it lacks.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail by panic"
)]

use std::fs;
use std::io::Read as _;
use std::net::IpAddr;
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

/// The octets of a capture, inflated.
fn octets(path: &Path) -> Vec<u8> {
    let octets = fs::read(path).unwrap();
    if !octets.starts_with(&[0x1f, 0x8b]) {
        return octets;
    }
    let mut out = Vec::new();
    flate2::read::GzDecoder::new(octets.as_slice())
        .read_to_end(&mut out)
        .unwrap();
    out
}

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
    let octets = octets(path);
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
type Removes = Box<dyn Fn(&Packet<'_>) -> bool>;

/// What a packet is.
type Is = fn(&Packet<'_>) -> bool;

/// What a capture may lack of a call: a filter, another way of one direction, a recorder that drops, a hop or host that is
/// not recorded.
#[expect(
    clippy::redundant_closure_for_method_calls,
    reason = "a method of one lifetime is not general enough"
)]
fn removals(packets: &[Option<Packet<'_>>]) -> Vec<(String, Removes)> {
    let packets = || packets.iter().flatten();
    let mut out: Vec<(String, Removes)> = vec![
        ("all media".to_owned(), Box::new(|packet| packet.is_media())),
        ("all SIP".to_owned(), Box::new(|packet| packet.is_sip())),
        (
            "every 33rd packet".to_owned(),
            Box::new(|packet| packet.number % 33 == 7),
        ),
        (
            "the re-INVITEs".to_owned(),
            Box::new(|packet| packet.starts("INVITE ") && packet.has_to_tag()),
        ),
    ];
    for start in ["SIP/2.0 200", "ACK ", "BYE "] {
        out.push((
            format!("{start}.."),
            Box::new(|packet| packet.starts(start)),
        ));
    }
    let kinds: [(&str, Is); 2] = [
        ("media", |packet| packet.is_media()),
        ("SIP", |packet| packet.is_sip()),
    ];
    for (what, wanted) in kinds {
        let mut hosts = Vec::new();
        let mut hops = Vec::new();
        for packet in packets().filter(|packet| wanted(packet)) {
            if !hosts.contains(&packet.src) {
                hosts.push(packet.src.clone());
            }
            if !hops.contains(&packet.hop()) {
                hops.push(packet.hop());
            }
        }
        for host in hosts.into_iter().take(4) {
            out.push((
                format!("{what} of {}", address(&host)),
                Box::new(move |packet| wanted(packet) && packet.src == host),
            ));
        }
        for hop in hops.into_iter().take(4) {
            let name = format!("{what} between {} and {}", address(&hop.0), address(&hop.1));
            let on_hop = move |packet: &Packet<'_>| wanted(packet) && packet.hop() == hop;
            out.push((name, Box::new(on_hop)));
        }
    }
    let mut hosts = Vec::new();
    for host in packets().flat_map(|packet| [&packet.src, &packet.dst]) {
        if !hosts.contains(host) {
            hosts.push(host.clone());
        }
    }
    for host in hosts.into_iter().take(5) {
        let name = format!("{} and all that it gets", address(&host));
        let of_host = move |packet: &Packet<'_>| [&packet.src, &packet.dst].contains(&&host);
        out.push((name, Box::new(of_host)));
    }
    out
}

fn address(host: &[u8]) -> String {
    let parts: Vec<String> = host.iter().map(u8::to_string).collect();
    parts.join(".")
}

/// A frame of a capture, as far as it must be told what it is.
struct Packet<'a> {
    number: usize,
    src: Vec<u8>,
    dst: Vec<u8>,
    is_udp: bool,
    payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Of Ethernet with IPv4 or IPv6 and nothing between.
    fn of(number: usize, record: &'a [u8]) -> Option<Self> {
        let ip = record.get(16 + 14..)?;
        let (src, dst, protocol, rest) = match ip.first()? >> 4 {
            4 => (ip.get(12..16)?, ip.get(16..20)?, *ip.get(9)?, ip.get(20..)?),
            6 => (ip.get(8..24)?, ip.get(24..40)?, *ip.get(6)?, ip.get(40..)?),
            _ => return None,
        };
        let is_udp = protocol == 17;
        let head = if is_udp { 8 } else { 20 };
        Some(Self {
            number,
            src: src.to_vec(),
            dst: dst.to_vec(),
            is_udp,
            payload: rest.get(head..).unwrap_or_default(),
        })
    }

    /// Both hosts, in an order of their own.
    fn hop(&self) -> (Vec<u8>, Vec<u8>) {
        let (one, other) = (&self.src, &self.dst);
        (one.min(other).clone(), one.max(other).clone())
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

/// The hosts that are accused of the failure of a fax.
fn accused(all: &[Analysed]) -> Vec<IpAddr> {
    let roots = all.iter().filter_map(|one| Some((one, one.call.cause?)));
    let hosts = roots.flat_map(|(one, cause)| {
        let root = one
            .hints
            .iter()
            .filter(move |hint| hint.rule.id == cause.rule);
        root.filter_map(|hint| Some(hint.finding.host?.addr))
    });
    hosts.collect()
}

/// What a capture without some packets says that the whole does not; `takes` chooses among what is left out.
fn without(path: &Path, takes: impl Fn(usize) -> bool) -> Vec<String> {
    let octets = octets(path);
    let Some((head, records)) = records(&octets) else {
        return Vec::new();
    };
    let packets: Vec<Option<Packet<'_>>> = (records.iter().enumerate())
        .map(|(number, record)| Packet::of(number, record))
        .collect();
    let all = analyse(path);
    let (whole, hosts) = (accusations(&all), accused(&all));
    let name = path.file_name().unwrap().to_string_lossy();
    let mut out = Vec::new();
    let removals = removals(&packets).into_iter().enumerate();
    for (what, removes) in removals.filter(|(at, _)| takes(*at)).map(|(_, one)| one) {
        let mut octets = head.to_vec();
        for (record, packet) in records.iter().zip(&packets) {
            if !packet.as_ref().is_some_and(&removes) {
                octets.extend_from_slice(record);
            }
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), octets).unwrap();
        let all = analyse(file.path());
        // The same host may be an end where less of the path is seen.
        let same_host = accused(&all).iter().all(|host| hosts.contains(host));
        for (verdict, side) in accusations(&all) {
            let named = !matches!(side, None | Some(FaultSide::Capture));
            let known = whole.iter().any(|(_, whole)| *whole == side) || same_host;
            if named && !known {
                out.push(format!("{name} without {what}: {verdict:?} {side:?}"));
            }
        }
        let no_cause = |one: &Analysed| {
            let fax = one.call.fax.as_ref();
            fax.is_some_and(|fax| fax.verdict == Verdict::Failed && fax.cause.is_none())
        };
        if all.iter().any(no_cause) {
            out.push(format!("{name} without {what}: failed, no cause"));
        }
    }
    out
}

#[test]
fn what_a_capture_lacks_accuses_nobody() {
    let wrong: Vec<String> = captures(&shared::own())
        .iter()
        .flat_map(|path| without(path, |_| true))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
#[cfg_attr(not(shared_captures), ignore = "needs ../shared")]
fn what_a_report_or_path_lacks_accuses_nobody() {
    /// One of so many parts is left out of a capture, another one of the next.
    const SAMPLED: usize = 4;
    let all = ["paths", "reports"].map(|name| captures(&shared::shared(name)));
    let wrong: Vec<String> = (all.iter().flatten().enumerate())
        .flat_map(|(number, path)| without(path, |at| (at + number) % SAMPLED == 0))
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
