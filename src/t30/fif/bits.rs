//! The bits of DIS, DTC and DCS in words.

use std::fmt::Write as _;

use crate::field::Field;
use crate::t30::capability::{BITS, Bit, Capabilities, DcsMode};

/// Which column of Table 2 of T.30 is meant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    /// DIS, DTC: what a terminal can do.
    Offer,
    /// DCS: what the sender does.
    Command,
}

/// A field for each group and for each bit that is set; the others in one field.
pub(super) fn fields(fif: &[u8], table: Table) -> Vec<Field> {
    let bits = Capabilities::new(fif);
    let mut fields = Vec::new();
    let mut zero: Vec<&str> = Vec::new();
    for bit in BITS.iter().filter(|bit| bit.last <= bits.last_bit()) {
        if bit.dis.is_empty() && bit.dcs.is_empty() {
            fields.extend(group(&bits, bit, table));
            continue;
        }
        let meaning = match table {
            Table::Offer => bit.dis,
            Table::Command => bit.dcs,
        };
        if bits.bit(bit.number) {
            let value = if meaning.is_empty() {
                "set, against T.30"
            } else {
                meaning
            };
            fields.push(Field::new(format!("{}  {}", bit.number, bit.name), value));
        } else if bit.name != "reserved" && !meaning.is_empty() {
            zero.push(bit.name);
        }
    }
    if !zero.is_empty() {
        let name = match table {
            Table::Offer => "not offered",
            Table::Command => "not used",
        };
        fields.push(Field::new(name, zero.join(", ")));
    }
    let mut length = crate::text::count(fif.len(), "octet");
    if bits.octets_after() > 0 {
        let _ = write!(
            length,
            ", the last {} of them after an extension bit of 0, so of no meaning",
            bits.octets_after()
        );
    }
    if bits.is_cut() {
        length.push_str(", though the last extension bit says that another one follows");
    }
    fields.push(Field::new("information field", length));
    fields
}

/// A group of bits as one field.
fn group(bits: &Capabilities, bit: &Bit, table: Table) -> Option<Field> {
    let value = bits.bits(bit.number, bit.last);
    let text = match (bit.number, table) {
        (11, Table::Offer) => {
            let modems = bits.modems();
            let names: Vec<_> = modems.iter().map(ToString::to_string).collect();
            if names.is_empty() {
                format!("reserved value {value:04b}")
            } else {
                names.join(", ")
            }
        }
        (11, Table::Command) => {
            let mode = command(bits);
            if mode.modem.rate == 0 {
                format!("{} ({value:04b})", mode.modem)
            } else {
                mode.modem.to_string()
            }
        }
        (17, Table::Offer) => widths(value).to_owned(),
        (17, Table::Command) => format!("{} mm", command(bits).width),
        (19, Table::Offer) => match value {
            0b00 => "A4",
            0b10 => "A4 and B4",
            0b01 => "unlimited",
            _ => "not valid (11)",
        }
        .to_owned(),
        (19, Table::Command) => command(bits).length.to_owned(),
        (21, Table::Offer) => scan_times(value).to_owned(),
        (21, Table::Command) => command(bits).scan_time.map_or_else(
            || format!("reserved value {value:03b}"),
            |time| format!("{time} ms"),
        ),
        // Bit 92 is the lowest of the mode.
        (92, _) if value != 0 => format!("mode {}", value.reverse_bits() >> 5),
        (117, _) if value != 0 => match value {
            0b01 => "level 1, 1 MB",
            0b10 => "level 2, 2 MB",
            _ => "unlimited",
        }
        .to_owned(),
        (124, _) if value != 0 => match value {
            0b100 => "2 and 3",
            0b010 => "2",
            0b001 => "1",
            0b011 => "3",
            _ => "reserved value",
        }
        .to_owned(),
        // Extension bits, and groups that say nothing.
        _ => return None,
    };
    Some(Field::new(
        format!("{}-{}  {}", bit.number, bit.last, bit.name),
        text,
    ))
}

/// Bits 17 and 18 of DIS: recording widths.
fn widths(value: u8) -> &'static str {
    match value {
        0b00 => "215 mm",
        0b10 => "215 and 255 mm",
        0b01 => "215, 255 and 303 mm",
        _ => "215, 255 and 303 mm (11, not valid)",
    }
}

/// Bits 21 to 23 of DIS: minimum scan line time, and whether it is halved at the finer resolution.
fn scan_times(value: u8) -> &'static str {
    match value {
        0b000 => "20 ms",
        0b100 => "5 ms",
        0b010 => "10 ms",
        0b110 => "20 ms, half of it at 7.7 lines/mm",
        0b001 => "40 ms",
        0b101 => "40 ms, half of it at 7.7 lines/mm",
        0b011 => "10 ms, half of it at 7.7 lines/mm",
        _ => "0 ms",
    }
}

fn command(bits: &Capabilities) -> DcsMode {
    bits.as_command()
}
