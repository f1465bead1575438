//! The facsimile information field of each message (T.30 5.3.6.2).
//!
//! Octets are in the order of T.38. Numbers and texts in which T.30 sends the lowest bit first are mirrored
//! here, and nowhere else.

use std::fmt::Write as _;

use crate::field::Field;
use crate::line::Modem;
use crate::t30::Fcf;
use crate::t30::capability::{Capabilities, DcsMode};
use crate::t30::fcf::FifKind;
use crate::t30::nsf;
use crate::text::count;

mod bits;

/// What a PPS says (T.4 Annex A): the end of a partial page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartialPage {
    /// What follows: NULL (the page goes on), MPS, EOP, EOM, ...
    pub then: Fcf,
    /// Page counter, modulo 256, from 0.
    pub page: u8,
    /// Block counter, modulo 256, from 0 on each page.
    pub block: u8,
    /// Frames sent, 1 to 256.
    pub frames: u16,
}

/// FIF of a PPS; `None` if it is too short.
pub fn partial_page(fif: &[u8]) -> Option<PartialPage> {
    let [then, page, block, frames] = *fif.first_chunk::<4>()?;
    Some(PartialPage {
        then: Fcf::decode(then).0,
        page: page.reverse_bits(),
        block: block.reverse_bits(),
        frames: u16::from(frames.reverse_bits()) + 1,
    })
}

/// FIF of a PPR: the frames that the receiver asks for again, of 256 (a bit for each).
pub fn frames_asked(fif: &[u8]) -> Vec<u8> {
    (0..=u8::MAX)
        .filter(|number| {
            fif.get(usize::from(number / 8))
                .is_some_and(|octet| octet & (0x80 >> (number % 8)) != 0)
        })
        .collect()
}

/// FIF of an FCD: number of the frame in its block.
pub fn frame_number(fif: &[u8]) -> Option<u8> {
    fif.first().map(|octet| octet.reverse_bits())
}

/// FIF of a CTC: the modem with which the sender goes on (bits 1 to 16 of a DCS).
pub fn ctc_modem(fif: &[u8]) -> Option<Modem> {
    (fif.len() >= 2).then(|| DcsMode::new(fif).modem)
}

/// FIF of CSI, TSI, CIG, SUB, SID, SEP, PWD, PSA: the text, which is sent last character first, each with its
/// lowest bit first. Spaces around it are taken off. Text of the network.
pub fn ident(fif: &[u8]) -> String {
    let octets: Vec<u8> = fif.iter().rev().map(|octet| octet.reverse_bits()).collect();
    String::from_utf8_lossy(&octets)
        .trim_matches([' ', '\0'])
        .to_owned()
}

/// Short text beside the arrow; empty where there is nothing to say.
pub(super) fn detail(fcf: Fcf, fif: &[u8]) -> String {
    match fcf.fif() {
        FifKind::Identification => ident(fif),
        FifKind::Password => masked(&ident(fif)),
        FifKind::InternetAddress => internet_address(fif),
        FifKind::Capabilities => Capabilities::new(fif).summary(),
        FifKind::Command => DcsMode::new(fif).summary(),
        FifKind::NonStandard => match nsf::dcs_inside(fif).filter(|_| fcf == Fcf::Nss) {
            Some(dcs) => format!("DCS in it: {}", DcsMode::new(dcs).summary()),
            None => non_standard(fif),
        },
        FifKind::PartialPage => partial_page(fif).map_or_else(String::new, |pps| {
            format!(
                "page {}, block {}, {}",
                u16::from(pps.page) + 1,
                pps.block,
                count(usize::from(pps.frames), "frame")
            )
        }),
        FifKind::FramesAsked => asked_again(&frames_asked(fif)),
        FifKind::Modem => ctc_modem(fif).map_or_else(String::new, |modem| modem.to_string()),
        FifKind::CodedData => {
            frame_number(fif).map_or_else(String::new, |number| format!("frame {number}"))
        }
        FifKind::SecondFcf | FifKind::Octets => String::new(),
    }
}

/// The information field in words, in wire order.
pub(super) fn fields(fcf: Fcf, fif: &[u8]) -> Vec<Field> {
    match fcf.fif() {
        FifKind::Identification => vec![ident_field(fif, &ident(fif))],
        FifKind::Password => vec![ident_field(fif, &masked(&ident(fif)))],
        FifKind::InternetAddress => vec![Field::new("Internet address", internet_address(fif))],
        FifKind::Capabilities => bits::fields(fif, bits::Table::Offer),
        FifKind::Command => bits::fields(fif, bits::Table::Command),
        FifKind::NonStandard => {
            let mut fields = non_standard_fields(fif);
            if let Some(dcs) = nsf::dcs_inside(fif).filter(|_| fcf == Fcf::Nss) {
                fields.extend(bits::fields(dcs, bits::Table::Command));
            }
            fields
        }
        FifKind::PartialPage | FifKind::SecondFcf => post_page_fields(fcf, fif),
        FifKind::FramesAsked => vec![Field::new("frames asked again", ranges(&frames_asked(fif)))],
        FifKind::Modem => match ctc_modem(fif) {
            Some(modem) => vec![Field::new("11-14  modem", modem.to_string())],
            None => vec![missing("2 octets of modem bits")],
        },
        FifKind::CodedData => frame_number(fif).map_or_else(Vec::new, |number| {
            vec![
                Field::new("frame number", number.to_string()),
                Field::new("coded data", count(fif.len() - 1, "octet")),
            ]
        }),
        FifKind::Octets if fif.is_empty() => Vec::new(),
        FifKind::Octets => vec![Field::new("information field", hex(fif))],
    }
}

fn ident_field(fif: &[u8], text: &str) -> Field {
    let mut value = text.to_owned();
    if value.is_empty() {
        value.push_str("(empty)");
    }
    if fif.len() != 20 {
        let _ = write!(
            value,
            " ({}, not 20 as T.30 asks)",
            count(fif.len(), "octet")
        );
    }
    Field::new("identification", value)
}

/// Not even the length of a password is shown.
fn masked(text: &str) -> String {
    if text.is_empty() { "" } else { "****" }.to_owned()
}

/// The readable part of an Internet address; else hex.
fn internet_address(fif: &[u8]) -> String {
    let text: String = fif
        .iter()
        .skip_while(|octet| !octet.is_ascii_graphic())
        .map_while(|octet| (octet.is_ascii_graphic()).then_some(char::from(*octet)))
        .collect();
    if text.len() >= 4 { text } else { hex(fif) }
}

fn non_standard(fif: &[u8]) -> String {
    let nsf = nsf::decode(fif);
    let parts = [
        nsf.country.map(str::to_owned),
        nsf.vendor.map(str::to_owned),
        nsf.text,
    ];
    let known: Vec<String> = parts.into_iter().flatten().collect();
    match (known.as_slice(), fif) {
        ([], []) => "empty".to_owned(),
        ([], _) => "maker not known".to_owned(),
        (known, _) => known.join(", "),
    }
}

fn non_standard_fields(fif: &[u8]) -> Vec<Field> {
    let nsf = nsf::decode(fif);
    let mut fields = vec![
        Field::new("country (T.35)", nsf.country.unwrap_or("unknown")),
        Field::new("vendor", nsf.vendor.unwrap_or("unknown")),
    ];
    if let Some(text) = nsf.text {
        fields.push(Field::new("text in it", text));
    }
    fields.push(Field::new("information field", hex(fif)));
    fields
}

fn post_page_fields(fcf: Fcf, fif: &[u8]) -> Vec<Field> {
    let Some(then) = fif.first() else {
        return vec![missing("second facsimile control field")];
    };
    let second = Fcf::decode(*then).0;
    let mut text = format!("0x{then:02X} {second}");
    if let Some(long) = second.long_name() {
        let _ = write!(text, ", {long}");
    }
    let mut fields = vec![Field::new("second facsimile control field", text)];
    match partial_page(fif) {
        Some(pps) if fcf == Fcf::Pps => {
            let number = u16::from(pps.page) + 1;
            fields.push(Field::new(
                "page counter",
                format!("{} (page {number})", pps.page),
            ));
            fields.push(Field::new("block counter", pps.block.to_string()));
            fields.push(Field::new("frames in the block", pps.frames.to_string()));
        }
        None if fcf == Fcf::Pps => fields.push(missing("page, block and frame counters")),
        _ => {}
    }
    fields
}

fn missing(what: &str) -> Field {
    Field::new("information field", format!("too short: no {what}"))
}

/// A request that goes on to the last bit: blocks are seldom that long, and many receivers set all bits beyond theirs.
fn asked_again(frames: &[u8]) -> String {
    let run = (0..=u8::MAX)
        .rev()
        .zip(frames.iter().rev())
        .take_while(|(last, frame)| last == *frame)
        .count();
    let single = frames.len() - run;
    match frames.get(single) {
        Some(from) if run > 1 && single > 0 => {
            format!("{} and all from {from} asked again", count(single, "frame"))
        }
        _ => format!("{} asked again", count(frames.len(), "frame")),
    }
}

/// `0-3, 7, 9-255`.
fn ranges(numbers: &[u8]) -> String {
    let mut runs: Vec<(u8, u8)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*number) => *last = *number,
            _ => runs.push((*number, *number)),
        }
    }
    if runs.is_empty() {
        return "none".to_owned();
    }
    let words: Vec<String> = runs
        .into_iter()
        .map(|(first, last)| {
            if first == last {
                first.to_string()
            } else {
                format!("{first}-{last}")
            }
        })
        .collect();
    words.join(", ")
}

/// At most 64 octets in hex.
fn hex(octets: &[u8]) -> String {
    let mut text = String::new();
    for octet in octets.iter().take(64) {
        let _ = write!(text, "{octet:02X} ");
    }
    if octets.len() > 64 {
        let _ = write!(text, "... ({} octets)", octets.len());
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests;
