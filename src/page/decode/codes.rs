//! The code words of T.4: run lengths (Tables 2, 3a and 3b) and the modes of two-dimensional coding (Table 4).

use std::sync::LazyLock;

/// Bits looked at at once: the longest run length code.
pub(super) const LONGEST: u32 = 13;

/// A code word: its length in bits, and the bits.
type Word = (u8, u16);

/// White runs 0 to 63, then 64, 128, ... 1728 (T.4 Tables 2 and 3a).
#[rustfmt::skip]
const WHITE: [Word; 91] = [
    (8, 0x35), (6, 0x07), (4, 0x07), (4, 0x08), (4, 0x0B), (4, 0x0C), (4, 0x0E), (4, 0x0F),
    (5, 0x13), (5, 0x14), (5, 0x07), (5, 0x08), (6, 0x08), (6, 0x03), (6, 0x34), (6, 0x35),
    (6, 0x2A), (6, 0x2B), (7, 0x27), (7, 0x0C), (7, 0x08), (7, 0x17), (7, 0x03), (7, 0x04),
    (7, 0x28), (7, 0x2B), (7, 0x13), (7, 0x24), (7, 0x18), (8, 0x02), (8, 0x03), (8, 0x1A),
    (8, 0x1B), (8, 0x12), (8, 0x13), (8, 0x14), (8, 0x15), (8, 0x16), (8, 0x17), (8, 0x28),
    (8, 0x29), (8, 0x2A), (8, 0x2B), (8, 0x2C), (8, 0x2D), (8, 0x04), (8, 0x05), (8, 0x0A),
    (8, 0x0B), (8, 0x52), (8, 0x53), (8, 0x54), (8, 0x55), (8, 0x24), (8, 0x25), (8, 0x58),
    (8, 0x59), (8, 0x5A), (8, 0x5B), (8, 0x4A), (8, 0x4B), (8, 0x32), (8, 0x33), (8, 0x34),
    (5, 0x1B), (5, 0x12), (6, 0x17), (7, 0x37), (8, 0x36), (8, 0x37), (8, 0x64), (8, 0x65),
    (8, 0x68), (8, 0x67), (9, 0xCC), (9, 0xCD), (9, 0xD2), (9, 0xD3), (9, 0xD4), (9, 0xD5),
    (9, 0xD6), (9, 0xD7), (9, 0xD8), (9, 0xD9), (9, 0xDA), (9, 0xDB), (9, 0x98), (9, 0x99),
    (9, 0x9A), (6, 0x18), (9, 0x9B),
];

/// Black runs, in the same order.
#[rustfmt::skip]
const BLACK: [Word; 91] = [
    (10, 0x37), (3, 0x02), (2, 0x03), (2, 0x02), (3, 0x03), (4, 0x03), (4, 0x02), (5, 0x03),
    (6, 0x05), (6, 0x04), (7, 0x04), (7, 0x05), (7, 0x07), (8, 0x04), (8, 0x07), (9, 0x18),
    (10, 0x17), (10, 0x18), (10, 0x08), (11, 0x67), (11, 0x68), (11, 0x6C), (11, 0x37), (11, 0x28),
    (11, 0x17), (11, 0x18), (12, 0xCA), (12, 0xCB), (12, 0xCC), (12, 0xCD), (12, 0x68), (12, 0x69),
    (12, 0x6A), (12, 0x6B), (12, 0xD2), (12, 0xD3), (12, 0xD4), (12, 0xD5), (12, 0xD6), (12, 0xD7),
    (12, 0x6C), (12, 0x6D), (12, 0xDA), (12, 0xDB), (12, 0x54), (12, 0x55), (12, 0x56), (12, 0x57),
    (12, 0x64), (12, 0x65), (12, 0x52), (12, 0x53), (12, 0x24), (12, 0x37), (12, 0x38), (12, 0x27),
    (12, 0x28), (12, 0x58), (12, 0x59), (12, 0x2B), (12, 0x2C), (12, 0x5A), (12, 0x66), (12, 0x67),
    (10, 0x0F), (12, 0xC8), (12, 0xC9), (12, 0x5B), (12, 0x33), (12, 0x34), (12, 0x35), (13, 0x6C),
    (13, 0x6D), (13, 0x4A), (13, 0x4B), (13, 0x4C), (13, 0x4D), (13, 0x72), (13, 0x73), (13, 0x74),
    (13, 0x75), (13, 0x76), (13, 0x77), (13, 0x52), (13, 0x53), (13, 0x54), (13, 0x55), (13, 0x5A),
    (13, 0x5B), (13, 0x64), (13, 0x65),
];

/// Runs 1792, 1856, ... 2560 of either colour (T.4 Table 3b).
#[rustfmt::skip]
const LONG: [Word; 13] = [
    (11, 0x08), (11, 0x0C), (11, 0x0D), (12, 0x12), (12, 0x13), (12, 0x14), (12, 0x15), (12, 0x16),
    (12, 0x17), (12, 0x1C), (12, 0x1D), (12, 0x1E), (12, 0x1F),
];

/// First run of [`LONG`].
const LONG_FROM: u16 = 1792;
/// Runs up to here end a run; longer ones are followed by another code word of the same colour.
pub(super) const MOST_TERMINATING: u32 = 63;

/// A run length with its code word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Run {
    /// Pixels.
    pub(super) length: u16,
    /// Bits of the code word; 0: there is no such code word.
    pub(super) bits: u8,
}

/// Run lengths by the next [`LONGEST`] bits.
pub(super) type Table = Vec<Run>;

/// White runs by the next bits.
pub(super) static WHITE_RUNS: LazyLock<Table> = LazyLock::new(|| table(false));
/// Black runs by the next bits.
pub(super) static BLACK_RUNS: LazyLock<Table> = LazyLock::new(|| table(true));

/// Every run length of one colour with its code word.
pub(super) fn words(black: bool) -> impl Iterator<Item = (u16, Word)> {
    let colour = if black { &BLACK } else { &WHITE };
    let short = (0..64).chain((64..LONG_FROM).step_by(64));
    let long = (LONG_FROM..).step_by(64);
    short.zip(*colour).chain(long.zip(LONG))
}

fn table(black: bool) -> Table {
    let mut table = vec![Run::default(); 1 << LONGEST];
    for (length, (bits, word)) in words(black) {
        let spare = LONGEST - u32::from(bits);
        let first = usize::from(word) << spare;
        for run in table.iter_mut().skip(first).take(1 << spare) {
            *run = Run { length, bits };
        }
    }
    table
}

/// A mode of two-dimensional coding (T.4 Table 4, T.6 Table 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// b2 lies left of a1: nothing changes below b1 and b2.
    Pass,
    /// Two run lengths follow.
    Horizontal,
    /// a1 lies so many pixels to the right of b1.
    Vertical(i32),
    /// An extension (uncompressed mode), which no terminal uses.
    Extension,
    /// No code word.
    Unknown,
}

/// The mode that the next 7 bits begin with, and the length of its code word.
pub(super) const fn mode(bits: u32) -> (Mode, u32) {
    match bits & 0x7F {
        0x40..=0x7F => (Mode::Vertical(0), 1),
        0x30..=0x3F => (Mode::Vertical(1), 3),
        0x20..=0x2F => (Mode::Vertical(-1), 3),
        0x10..=0x1F => (Mode::Horizontal, 3),
        0x08..=0x0F => (Mode::Pass, 4),
        0x06 | 0x07 => (Mode::Vertical(2), 6),
        0x04 | 0x05 => (Mode::Vertical(-2), 6),
        0x03 => (Mode::Vertical(3), 7),
        0x02 => (Mode::Vertical(-3), 7),
        0x01 => (Mode::Extension, 7),
        _ => (Mode::Unknown, 1),
    }
}
