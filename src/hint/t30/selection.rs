//! What rules read out of the FIF of DIS, DTC and DCS (T.30 table 2): bit n is mask `0x80 >> (n - 1) % 8` of
//! octet `(n - 1) / 8`; octets that are not sent mean 0.

use crate::line::Modem;
use crate::t30::frame::T30Frame;

/// ECM, bit 27.
pub(super) const ECM: u16 = 27;
/// The receiver can receive, bit 10.
pub(super) const CAN_RECEIVE: u16 = 10;
/// A document is ready to be polled, bit 9.
pub(super) const READY_TO_POLL: u16 = 9;
/// V.8 (V.34), bit 6.
pub(super) const V8: u16 = 6;
/// Internet-aware fax mode, bit 123: no training.
pub(super) const INTERNET_AWARE: u16 = 123;

/// Whether a bit of DIS, DTC or DCS is set.
pub(super) fn bit(message: &T30Frame, number: u16) -> bool {
    let place = number.saturating_sub(1);
    message
        .fif()
        .get(usize::from(place / 8))
        .is_some_and(|octet| octet & (0x80 >> (place % 8)) != 0)
}

/// Bits 11 to 14 as a number, bit 11 the highest.
fn rate_bits(message: &T30Frame) -> u8 {
    message.fif().get(1).map_or(0, |octet| (octet >> 2) & 0x0F)
}

/// Modem and rate that a DCS selects.
pub(super) fn selected(dcs: &T30Frame) -> Option<Modem> {
    let (name, rate) = match rate_bits(dcs) {
        0b0000 => ("V.27ter", 2400),
        0b0100 => ("V.27ter", 4800),
        0b1000 => ("V.29", 9600),
        0b1100 => ("V.29", 7200),
        0b0001 => ("V.17", 14400),
        0b0101 => ("V.17", 12000),
        0b1001 => ("V.17", 9600),
        0b1101 => ("V.17", 7200),
        0b0010 => ("V.33", 14400),
        0b0110 => ("V.33", 12000),
        _ => return None,
    };
    Some(Modem { name, rate })
}

/// Highest rate that a DIS or DTC offers below V.34, bit/s.
pub(super) fn best_rate(dis: &T30Frame) -> u32 {
    match rate_bits(dis) {
        0b0000 => 2400,
        0b0100 => 4800,
        0b1000 | 0b1100 => 9600,
        _ => 14400,
    }
}

/// Whether a DIS or DTC offers the modem.
fn offers(dis: &T30Frame, modem: Modem) -> bool {
    let names: &[&str] = match rate_bits(dis) {
        0b0000 | 0b0100 => &["V.27ter"],
        0b1000 => &["V.29"],
        0b1100 => &["V.27ter", "V.29"],
        0b1101 => &["V.27ter", "V.29", "V.17"],
        0b1110 => &["V.27ter", "V.29", "V.33"],
        // Reserved codes: newer than this table.
        _ => return true,
    };
    let at_fallback_only = rate_bits(dis) == 0 && modem.rate > 2400;
    names.contains(&modem.name) && !at_fallback_only
}

/// Features whose bit in DCS selects what the same bit in DIS offers.
const FEATURES: &[(u16, &str)] = &[
    (15, "fine resolution"),
    (16, "MR (2-D coding)"),
    (ECM, "ECM"),
    (31, "MMR (T.6)"),
    (41, "R8 x 15.4 lines/mm"),
    (42, "300 x 300"),
    (43, "R16 x 15.4 / 400 x 400"),
    (53, "binary file transfer"),
    (68, "JPEG"),
    (69, "colour"),
    (78, "JBIG"),
    (105, "600 x 600"),
    (106, "1200 x 1200"),
    (107, "300 x 600"),
    (108, "400 x 800"),
    (109, "600 x 1200"),
];

/// What a DCS asks that the DIS or DTC before it did not offer, in words; empty if nothing.
pub(super) fn exceeds(dis: &T30Frame, dcs: &T30Frame) -> Vec<String> {
    let mut out = Vec::new();
    if !bit(dcs, INTERNET_AWARE)
        && let Some(modem) = selected(dcs)
        && !offers(dis, modem)
    {
        out.push(modem.to_string());
    }
    out.extend(
        FEATURES
            .iter()
            .filter(|(number, _)| bit(dcs, *number) && !bit(dis, *number))
            .map(|(_, name)| (*name).to_owned()),
    );
    if (bit(dcs, 17) && !bit(dis, 17) && !bit(dis, 18)) || (bit(dcs, 18) && !bit(dis, 18)) {
        out.push("paper width".to_owned());
    }
    if (bit(dcs, 19) && !bit(dis, 19) && !bit(dis, 20)) || (bit(dcs, 20) && !bit(dis, 20)) {
        out.push("page length".to_owned());
    }
    out
}
