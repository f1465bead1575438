//! The training check (TCF): 1.5 s of zeros, told from page data by what it is, and judged.

use crate::call::Tcf;
use crate::line::{NonEcmData, Signal};

/// TCF lasts 1.5 s ±10 % (T.30 5.3.6.1.4); with training and jitter it may look longer.
pub(super) const LONGEST_TCF: f64 = 2.2;
/// The same in sound, where nothing but its length tells, seconds.
pub(super) const TCF_IN_SOUND: std::ops::RangeInclusive<f64> = 1.2..=LONGEST_TCF;
/// Share of octets other than zero up to which fast data are a training check: lines of a page have ends of line.
const CODED_AT_MOST: f64 = 0.1;
/// Zeros in succession that a training check has at least, seconds. A blank page has few other octets too where its
/// lines are filled, but no fill is longer than the scan line time, 40 ms at most (T.4 4.1.3, T.30 table 2).
const ZEROS_AT_LEAST: f64 = 0.08;

/// Whether fast data are a training check by what they are, whatever came before: its DCS may be lost.
pub(super) fn is_zeros(data: &NonEcmData, signal: &Signal) -> bool {
    let coded = data.octets.iter().filter(|octet| **octet != 0).count();
    !data.octets.is_empty()
        && signal.end.seconds_since(signal.at) < LONGEST_TCF
        && share(coded, data.octets.len()) <= CODED_AT_MOST
        && f64::from(longest_zeros(&data.octets)) * 8.0
            >= ZEROS_AT_LEAST * f64::from(data.modem.rate)
}

fn longest_zeros(octets: &[u8]) -> u32 {
    let runs = octets.split(|octet| *octet != 0).map(<[u8]>::len);
    u32::try_from(runs.max().unwrap_or(0)).unwrap_or(u32::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "octets of two seconds of data")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// What the octets of a training check say: how much of it is zero, as it should be.
pub(super) fn training_check(data: &NonEcmData) -> Tcf {
    let second = usize::try_from(data.modem.rate / 8).unwrap_or(usize::MAX);
    let tail = data
        .octets
        .get(data.octets.len().saturating_sub(second)..)
        .unwrap_or_default();
    let nonzero = tail.iter().filter(|octet| **octet != 0).count();
    let share = share(nonzero, tail.len());
    Tcf {
        modem: data.modem,
        octets: u32::try_from(data.octets.len()).unwrap_or(u32::MAX),
        longest_zero_run: Some(longest_zeros(&data.octets)),
        nonzero_share: Some(share),
        lost_packets: data.lost_packets,
        ended: data.ended,
    }
}
