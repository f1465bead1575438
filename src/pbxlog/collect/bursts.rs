//! Lines of a fax in a log that says of none of them whose it is (FreeSWITCH without UUIDs, plain spandsp).
//!
//! A stack writes what belongs together in one go: such a burst is of the fax whose message is in it. One without a
//! message is of the fax that is in the state that the burst names.

use super::Raw;
use crate::pbxlog::wanted::Wanted;
use crate::pbxlog::{Place, words};

/// Lines of one burst are at most so far apart, seconds.
const APART: f64 = 0.004;

/// Whose a burst is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Ours,
    Other,
    Open,
}

/// The lines of the fax, and of its channel.
pub(super) fn own<'r>(raw: &'r [Raw], wanted: &Wanted, place: &Place) -> Vec<&'r Raw> {
    let of_stack: Vec<&Raw> = raw.iter().filter(|line| is_of_fax(line)).collect();
    let mut kept: Vec<&Raw> = Vec::new();
    let (mut ours, mut other) = (None, None);
    let mut last = Whose::Ours;
    for burst in of_stack.chunk_by(|a, b| (b.at - a.at).abs() <= APART) {
        let mut whose = by_content(burst, wanted, place);
        if whose == Whose::Open && place.mixed {
            // What names no state goes with what was written before it.
            whose = match by_state(burst, ours, other) {
                Whose::Open => last,
                told => told,
            };
        }
        last = whose;
        let state = burst.iter().rev().find_map(|line| new_state(&line.message));
        if whose == Whose::Other {
            other = state.or(other);
        } else {
            ours = state.or(ours);
            kept.extend(burst);
        }
    }
    let mentions = |line: &&Raw| {
        !is_of_fax(line)
            && wanted
                .numbers
                .iter()
                .any(|number| mentions(&line.message, number))
    };
    kept.extend(raw.iter().filter(mentions));
    kept.sort_by_key(|line| line.number);
    kept
}

fn is_of_fax(line: &Raw) -> bool {
    line.of_stack || RESULT.iter().any(|word| line.message.starts_with(word))
}

/// How the lines of the report of `mod_spandsp` begin.
const RESULT: &[&str] = &[
    "Fax ",
    "Remote station id",
    "Local station id",
    "Pages transferred",
    "Total fax pages",
    "Image resolution",
    "Transfer Rate",
    "ECM status",
    "remote country",
    "remote vendor",
    "remote model",
    "====",
];

fn by_content(burst: &[&Raw], wanted: &Wanted, place: &Place) -> Whose {
    let frames = burst
        .iter()
        .filter_map(|line| Some((line.at, words::octets(&line.message)?)));
    let mut whose = Whose::Open;
    for (at, frame) in frames {
        let from = if frame.sent {
            place.side
        } else {
            place.side.other()
        };
        let fits = wanted.anchors.iter().any(|anchor| {
            let (low, high) = if frame.sent {
                anchor.sent
            } else {
                anchor.received
            };
            let captured = at - place.offset;
            let slack = place.within + 0.3;
            anchor.from == from
                && anchor.octets == frame.octets
                && captured > low - slack
                && captured < high + slack
        });
        if fits {
            return Whose::Ours;
        }
        if place.mixed {
            whose = Whose::Other;
        }
    }
    let ident = |prefix: &str| {
        let line = burst
            .iter()
            .find_map(|line| line.message.strip_prefix(prefix));
        line.map(str::trim).filter(|ident| !ident.is_empty())
    };
    let idents: Vec<&str> = ["Remote station id:", "Local station id:"]
        .into_iter()
        .filter_map(ident)
        .collect();
    if !idents.is_empty() && !wanted.idents.is_empty() {
        let known = idents
            .iter()
            .any(|ident| wanted.idents.iter().any(|own| own.trim() == *ident));
        return if known { Whose::Ours } else { Whose::Other };
    }
    whose
}

fn by_state(burst: &[&Raw], ours: Option<u32>, other: Option<u32>) -> Whose {
    let state = burst.iter().find_map(|line| old_state(&line.message));
    match state {
        Some(_) if state == ours => Whose::Ours,
        Some(_) if state == other => Whose::Other,
        _ => Whose::Open,
    }
}

/// The state that a line says the fax is in.
fn old_state(message: &str) -> Option<u32> {
    let place = message.find("state ")?;
    number(message.get(place + 6..)?)
}

/// The state that it goes to.
fn new_state(message: &str) -> Option<u32> {
    let place = message.find("Changing from state ")?;
    let rest = message.get(place..)?;
    number(rest.get(rest.find(" to ")? + 4..)?)
}

fn number(text: &str) -> Option<u32> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}

/// Whether a text names a number, and no longer one.
pub(in crate::pbxlog) fn mentions(text: &str, number: &str) -> bool {
    text.match_indices(number).any(|(place, _)| {
        let digit = |octet: Option<&u8>| octet.is_some_and(u8::is_ascii_digit);
        let octets = text.as_bytes();
        let before = place.checked_sub(1).and_then(|at| octets.get(at));
        !digit(before) && !digit(octets.get(place + number.len()))
    })
}
