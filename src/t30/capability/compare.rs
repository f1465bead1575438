//! Two DIS, or a DIS and the DCS that answers it.

use crate::line::Modem;
use crate::t30::capability::{BITS, Capabilities, DcsMode, is_extension};

/// A bit that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BitChange {
    /// 1-based number.
    pub number: u8,
    /// What it is about.
    pub name: &'static str,
    /// Before.
    pub from: bool,
    /// After.
    pub to: bool,
}

/// The bits in which two FIFs of the same kind differ; bits that only say how long the field is are left out.
pub fn difference(from: &[u8], to: &[u8]) -> Vec<BitChange> {
    let (from, to) = (Capabilities::new(from), Capabilities::new(to));
    BITS.iter()
        .flat_map(|bit| (bit.number..=bit.last).map(move |number| (number, bit.name)))
        .filter(|(number, _)| !is_extension(*number) && from.bit(*number) != to.bit(*number))
        .map(|(number, name)| BitChange {
            number,
            name,
            from: from.bit(number),
            to: to.bit(number),
        })
        .collect()
}

/// What a DCS commands that the DIS (or DTC) does not offer, in words; empty if it keeps to it.
///
/// The scan line time may be longer than offered, and inch and metric may differ.
pub fn exceeds(dcs: &[u8], dis: &[u8]) -> Vec<String> {
    let (offer, asked) = (Capabilities::new(dis), Capabilities::new(dcs));
    let mode = DcsMode::new(dcs);
    let mut list = Vec::new();
    if mode.iaf {
        if !offer.bit(123) {
            list.push("Internet-aware fax (bit 123)".to_owned());
        }
    } else if !offers_modem(&offer, mode.modem) {
        list.push(format!("{} (bits 11-14)", mode.modem));
    }
    let width = offer.bits(17, 18);
    let wide = match asked.bits(17, 18) {
        0b10 => width == 0b00,
        0b01 | 0b11 => width & 1 == 0,
        _ => false,
    };
    if wide {
        list.push(format!("page width {} mm (bits 17-18)", mode.width));
    }
    let length = offer.bits(19, 20);
    let long = match asked.bits(19, 20) {
        0b10 => length == 0b00,
        0b01 | 0b11 => length & 1 == 0,
        _ => false,
    };
    if long {
        list.push(format!("page length {} (bits 19-20)", mode.length));
    }
    let chosen = |number: u8| asked.bit(number) && !offer.bit(number);
    for bit in BITS.iter().filter(|bit| bit.needs_capability) {
        if chosen(bit.number) {
            list.push(format!("{} (bit {})", bit.name, bit.number));
        }
    }
    if chosen(49) {
        list.push("subaddress (bit 49)".to_owned());
    }
    list
}

/// Whether a DIS has the modem and rate of a DCS. A reserved value in either says nothing.
fn offers_modem(offer: &Capabilities, asked: Modem) -> bool {
    let modems = offer.modems();
    asked.rate == 0
        || modems.is_empty()
        || modems
            .iter()
            .any(|modem| modem.name == asked.name && modem.rate >= asked.rate)
}
