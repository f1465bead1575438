//! Times as text.

use chrono::{DateTime, SecondsFormat, Utc};

use crate::capture::Timestamp;
use crate::view::{digits, push_number};

/// How the ladder shows time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TimeMode {
    /// Seconds since the first packet of the flow.
    #[default]
    Relative,
    /// Seconds since the row above; of two legs, since the latest of the rows above that is not later.
    Delta,
    /// Time of day in UTC, with the digits of the capture.
    Absolute,
}

impl TimeMode {
    /// The next one, for a key that goes through them.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Relative => Self::Delta,
            Self::Delta => Self::Absolute,
            Self::Absolute => Self::Relative,
        }
    }

    /// `relative`, `delta`, `absolute`, as on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Relative => "relative",
            Self::Delta => "delta",
            Self::Absolute => "absolute",
        }
    }
}

/// How the time of a message is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Seconds since then.
    Since(Timestamp),
    /// Time of day in UTC with that many digits.
    OfDay(u8),
}

impl Clock {
    /// `3.613 s`, `14:02:11.123456`
    pub fn text(self, at: Timestamp) -> String {
        match self {
            Self::Since(start) => format!("{} s", seconds(start, at)),
            Self::OfDay(digits) => of_day(at, digits),
        }
    }
}

/// `3.613`, `-0.041`: seconds with milliseconds.
pub fn seconds(from: Timestamp, at: Timestamp) -> String {
    format!("{:.3}", at.seconds_since(from))
}

#[cfg(test)]
fn clock(from: Timestamp, at: Timestamp) -> String {
    let mut out = String::new();
    write_clock(&mut out, from, at);
    out
}

/// Appends `0:58.113` or `1:02:10.002`: for the calls list.
pub(super) fn write_clock(out: &mut String, from: Timestamp, at: Timestamp) {
    let millis = at.0.abs_diff(from.0) / 1_000_000;
    let (hours, minutes) = (millis / 3_600_000, millis / 60_000 % 60);
    let (seconds, millis) = (millis / 1_000 % 60, millis % 1_000);
    if at < from {
        out.push('-');
    }
    if hours > 0 {
        push_number(out, hours, 1);
        out.push(':');
    }
    push_number(out, minutes, if hours > 0 { 2 } else { 1 });
    out.push(':');
    push_number(out, seconds, 2);
    out.push('.');
    push_number(out, millis, 3);
}

/// How wide `clock` is.
pub(super) fn clock_width(from: Timestamp, at: Timestamp) -> usize {
    let minutes = at.0.abs_diff(from.0) / 60_000_000_000;
    let before_seconds = match minutes / 60 {
        0 => digits(minutes),
        hours => digits(hours) + ":00".len(),
    };
    usize::from(at < from) + before_seconds + ":00.000".len()
}

/// `14:02:11.123456`: time of day in UTC with that many digits (0 to 9).
pub fn of_day(at: Timestamp, digits: u8) -> String {
    digits_of(&utc(at).format("%H:%M:%S%.9f").to_string(), digits)
}

/// `2026-11-22 14:02:11`: date and time in UTC, whole seconds.
pub fn date(at: Timestamp) -> String {
    utc(at).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// `2026-11-22T14:02:11.123456Z`: RFC 3339 in UTC with that many digits (0 to 9).
pub fn rfc3339(at: Timestamp, digits: u8) -> String {
    let whole = utc(at).to_rfc3339_opts(SecondsFormat::Nanos, true);
    let mut out = digits_of(whole.trim_end_matches('Z'), digits);
    out.push('Z');
    out
}

/// `7.9 s`, `850 ms`: how long something took.
pub fn length(seconds: f64) -> String {
    if seconds < 0.9995 {
        format!("{:.0} ms", seconds * 1e3)
    } else {
        format!("{seconds:.1} s")
    }
}

fn utc(at: Timestamp) -> DateTime<Utc> {
    // 2^64 ns end in the year 2554: always inside chrono's range.
    i64::try_from(at.0 / 1_000_000_000)
        .ok()
        .zip(u32::try_from(at.0 % 1_000_000_000).ok())
        .and_then(|(seconds, nanos)| DateTime::from_timestamp(seconds, nanos))
        .unwrap_or_default()
}

fn digits_of(with_nine: &str, digits: u8) -> String {
    let cut = 9_usize.saturating_sub(usize::from(digits.min(9)));
    let dot = usize::from(cut == 9);
    let end = with_nine.len().saturating_sub(cut + dot);
    with_nine.get(..end).unwrap_or(with_nine).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp(1_795_356_131_123_456_789);

    #[test]
    fn keeps_the_digits_of_the_capture() {
        assert_eq!(rfc3339(AT, 6), "2026-11-22T14:02:11.123456Z");
        assert_eq!(rfc3339(AT, 9), "2026-11-22T14:02:11.123456789Z");
        assert_eq!(rfc3339(AT, 0), "2026-11-22T14:02:11Z");
        assert_eq!(of_day(AT, 6), "14:02:11.123456");
        assert_eq!(
            rfc3339(Timestamp(u64::MAX), 9),
            "2554-07-21T23:34:33.709551615Z"
        );
    }

    #[test]
    fn counts_from_the_start() {
        let start = Timestamp(1_000_000_000);
        assert_eq!(seconds(start, Timestamp(4_613_400_000)), "3.613");
        assert_eq!(seconds(start, Timestamp(959_000_000)), "-0.041");
        assert_eq!(clock(start, start.plus_seconds(58.1134)), "0:58.113");
        assert_eq!(clock(start, start.plus_seconds(3730.002)), "1:02:10.002");
    }

    #[test]
    fn a_clock_is_as_wide_as_it_is_long() {
        let start = Timestamp(50_000_000_000_000);
        for seconds in [
            0.0, 59.9, 60.0, 3599.0, 3600.0, 40_000.0, 360_000.0, -1.0, -3601.0,
        ] {
            let at = start.plus_seconds(seconds);
            assert_eq!(clock_width(start, at), clock(start, at).len(), "{seconds}");
        }
    }

    #[test]
    fn tells_lengths() {
        assert_eq!(length(0.041), "41 ms");
        assert_eq!(length(7.94), "7.9 s");
        assert_eq!(length(0.9999), "1.0 s");
    }
}
