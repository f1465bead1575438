//! Coded rows made blank: ends of line stay where they are, so a page has as many rows as before.

use crate::page::Coding;
use crate::page::decode::{Decoded, decode, white_row};

/// Zeros before the one of an end of line.
const ZEROS: usize = 11;
/// Ends of line that make data a page.
const ROWS: usize = 6;

fn bit(octets: &[u8], at: usize) -> bool {
    octets
        .get(at / 8)
        .is_some_and(|octet| octet & (0x80 >> (at % 8)) != 0)
}

fn set(octets: &mut [u8], at: usize) {
    if let Some(octet) = octets.get_mut(at / 8) {
        *octet |= 0x80 >> (at % 8);
    }
}

/// Where the ones of all ends of line are.
fn ends(octets: &[u8]) -> Vec<usize> {
    let (mut zeros, mut out) = (0, Vec::new());
    for at in 0..octets.len() * 8 {
        if !bit(octets, at) {
            zeros += 1;
            continue;
        }
        if zeros >= ZEROS {
            out.push(at);
        }
        zeros = 0;
    }
    out
}

/// Whether data are rows, and no training check.
pub(super) fn has_rows(octets: &[u8]) -> bool {
    ends(octets).len() >= ROWS
}

/// MH, or MR where `tagged`: each row is white, and fill up to its end of line.
pub(super) fn t4(octets: &[u8], tagged: bool, width: u32) -> Vec<u8> {
    let white = white_row(width);
    // A row of 63 pixels, and a mode that no terminal uses: what was damaged stays so.
    let short: &[bool] = &[false, false, true, true, false, true, false, false];
    let wrong: &[bool] = &[false, false, false, false, false, false, true];
    let mut damaged = Vec::new();
    let coding = if tagged { Coding::Mr } else { Coding::Mh };
    decode(octets, coding, width, |row| {
        damaged.push(row == Decoded::Damaged);
    });
    let mut damaged = damaged.into_iter();
    let mut out = vec![0; octets.len()];
    let all = ends(octets);
    for (place, one) in all.iter().enumerate() {
        set(&mut out, *one);
        let next = all.get(place + 1).map(|next| next - ZEROS);
        let until = next.unwrap_or(octets.len() * 8);
        let mut from = one + 1;
        let mut two_dimensional = false;
        if tagged && from < until.max(from + 1) {
            two_dimensional = !bit(octets, from);
            if !two_dimensional {
                set(&mut out, from);
            }
            from += 1;
        }
        let empty = !(from..until).any(|at| bit(octets, at));
        let bad = !empty && damaged.next() == Some(true);
        let code: &[bool] = match (bad, two_dimensional) {
            (false, false) => &white,
            // V0: as the row above.
            (false, true) => &[true],
            (true, false) => short,
            (true, true) => wrong,
        };
        if until.saturating_sub(from) >= code.len() && !empty {
            let ones = code.iter().enumerate().filter(|(_, one)| **one);
            ones.for_each(|(at, _)| set(&mut out, from + at));
        }
    }
    out
}

/// MMR: as many white rows, the end of the block, zeros.
pub(super) fn t6(octets: usize, rows: u32) -> Vec<u8> {
    let mut out = vec![0; octets];
    let rows = usize::try_from(rows).unwrap_or(0).min(octets * 8);
    (0..rows).for_each(|at| set(&mut out, at));
    if rows + 2 * (ZEROS + 1) <= octets * 8 {
        set(&mut out, rows + ZEROS);
        set(&mut out, rows + 2 * ZEROS + 1);
    }
    out
}
