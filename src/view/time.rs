//! Times as text.

use jiff::ZonedDateTime;
use jiff::tz::{Offset, TimeZone};

use crate::capture::Timestamp;
use crate::view::{digits, push_number};

/// How times are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TimeMode {
    /// Seconds since the first packet of the flow.
    #[default]
    Relative,
    /// Seconds since the row above; of two legs, since the latest of the rows above that is not later.
    Delta,
    /// Time of day where the user is, with the digits of the capture.
    Local,
    /// Time of day in UTC.
    Utc,
}

impl TimeMode {
    /// The next one, for a key that goes through them.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Relative => Self::Delta,
            Self::Delta => Self::Local,
            Self::Local => Self::Utc,
            Self::Utc => Self::Relative,
        }
    }

    /// `relative`, `delta`, `local`, `utc`, as on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Relative => "relative",
            Self::Delta => "delta",
            Self::Local => "local",
            Self::Utc => "utc",
        }
    }

    /// Whether it is a time of day.
    pub const fn is_of_day(self) -> bool {
        matches!(self, Self::Local | Self::Utc)
    }

    /// The zone of its dates: UTC unless local time is asked for.
    #[must_use]
    pub const fn zone(self, local: Zone) -> Zone {
        match self {
            Self::Local => local,
            Self::Relative | Self::Delta | Self::Utc => Zone::UTC,
        }
    }
}

/// A time zone; UTC unless another one was asked for. There is one to a process, so it is never given back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Zone(Option<&'static TimeZone>);

impl Zone {
    /// UTC.
    pub const UTC: Self = Self(None);

    /// That of the user: `TZ`, else the one of the system; UTC where neither is known.
    pub fn local() -> Self {
        TimeZone::try_system().map_or(Self::UTC, Self::of)
    }

    /// `Europe/Berlin`, `UTC`, `+02:00`.
    pub fn named(name: &str) -> Result<Self, String> {
        if name.eq_ignore_ascii_case("utc") || name == "Z" {
            return Ok(Self::UTC);
        }
        if name.eq_ignore_ascii_case("local") {
            return Ok(Self::local());
        }
        if let Some(offset) = offset(name) {
            return Ok(Self::of(TimeZone::fixed(offset)));
        }
        let unknown = |_| {
            "no such time zone; a name as Europe/Berlin, an offset as +02:00, or UTC".to_owned()
        };
        TimeZone::get(name).map(Self::of).map_err(unknown)
    }

    fn of(zone: TimeZone) -> Self {
        Self(Some(Box::leak(Box::new(zone))))
    }

    fn at(self, at: Timestamp) -> ZonedDateTime {
        let zone = self.0.cloned().unwrap_or(TimeZone::UTC);
        instant(at).to_zoned_datetime(zone)
    }

    /// As [`Zone::named`] reads it.
    pub fn label(self) -> String {
        match self.0 {
            None => "UTC".to_owned(),
            Some(zone) => match zone.iana_name() {
                Some(name) => name.to_owned(),
                None => self.at(Timestamp::default()).strftime("%:z").to_string(),
            },
        }
    }

    /// `UTC`, `CET`, `+05:30`: what it is called at that time.
    pub fn name(self, at: Timestamp) -> String {
        match self.0 {
            None => "UTC".to_owned(),
            Some(_) => match self.at(at).strftime("%Z").to_string() {
                // Zones without a name of their own are named by numbers: the offset says it in full.
                name if name.starts_with(char::is_alphabetic) => name,
                _ => self.at(at).strftime("%:z").to_string(),
            },
        }
    }
}

/// `+02:00`, `-0330`, `+5`.
fn offset(text: &str) -> Option<Offset> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() == 4 => digits.split_at_checked(2)?,
        None => (digits, "0"),
    };
    let part = |text: &str, most: i32| {
        let number = text.parse::<u8>().ok().map(i32::from);
        number.filter(|number| *number <= most)
    };
    let seconds = part(hours, 14)? * 3600 + part(minutes, 59)? * 60;
    Offset::from_seconds(sign * seconds).ok()
}

/// How the time of a message is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Seconds since then.
    Since(Timestamp),
    /// Time of day with that many digits.
    OfDay(u8, Zone),
}

impl Clock {
    /// `3.613 s`, `14:02:11.123456`
    pub fn text(self, at: Timestamp) -> String {
        match self {
            Self::Since(start) => format!("{} s", seconds(start, at)),
            Self::OfDay(digits, zone) => of_day(at, digits, zone),
        }
    }
}

/// How a list of calls tells when they began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Began {
    /// `0:58.113` since then.
    Since(Timestamp),
    /// `14:02:11.123`
    OfDay(Zone),
    /// `11-22 14:02:11.123`, where the list is of more than one day.
    Dated(Zone),
}

impl Began {
    /// For calls that begin between two times.
    pub(super) fn of(
        mode: TimeMode,
        local: Zone,
        start: Timestamp,
        calls: (Timestamp, Timestamp),
    ) -> Self {
        let zone = mode.zone(local);
        let day = |at| zone.at(at).date();
        match mode {
            TimeMode::Relative | TimeMode::Delta => Self::Since(start),
            TimeMode::Local | TimeMode::Utc if day(calls.0) == day(calls.1) => Self::OfDay(zone),
            TimeMode::Local | TimeMode::Utc => Self::Dated(zone),
        }
    }

    /// Appends it.
    pub(super) fn write(self, out: &mut String, at: Timestamp) {
        match self {
            Self::Since(start) => write_clock(out, start, at),
            Self::OfDay(zone) => out.push_str(&of_day(at, 3, zone)),
            Self::Dated(zone) => {
                out.push_str(&zone.at(at).strftime("%m-%d ").to_string());
                out.push_str(&of_day(at, 3, zone));
            }
        }
    }

    /// How wide it is.
    pub(super) fn width(self, at: Timestamp) -> usize {
        match self {
            Self::Since(start) => clock_width(start, at),
            Self::OfDay(_) => "14:02:11.123".len(),
            Self::Dated(_) => "11-22 14:02:11.123".len(),
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

/// `14:02:11.123456`: time of day with that many digits (0 to 9).
pub fn of_day(at: Timestamp, digits: u8, zone: Zone) -> String {
    digits_of(&zone.at(at).strftime("%H:%M:%S%.9f").to_string(), digits)
}

/// `2026-11-22 14:02:11`: date and time, whole seconds.
pub fn date(at: Timestamp, zone: Zone) -> String {
    zone.at(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// `2026-11-22 14:02:11 to 14:09:40 UTC`
pub fn span(from: Timestamp, until: Timestamp, zone: Zone) -> String {
    let name = zone.name(from);
    let (from, until) = (date(from, zone), date(until, zone));
    let same_day = from.get(..10) == until.get(..10);
    let until = if same_day {
        until.get(11..).unwrap_or(&until)
    } else {
        &until
    };
    format!("{from} to {until} {name}")
}

/// `2026-11-22T14:02:11.123456Z`: RFC 3339 in UTC with that many digits (0 to 9).
pub fn rfc3339(at: Timestamp, digits: u8) -> String {
    let whole = Zone::UTC
        .at(at)
        .strftime("%Y-%m-%dT%H:%M:%S%.9f")
        .to_string();
    let mut out = digits_of(&whole, digits);
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

fn instant(at: Timestamp) -> jiff::Timestamp {
    // 2^64 ns end in the year 2554: always inside the range.
    jiff::Timestamp::from_nanosecond(at.0.into()).unwrap_or_default()
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
        assert_eq!(of_day(AT, 6, Zone::UTC), "14:02:11.123456");
        assert_eq!(
            rfc3339(Timestamp(u64::MAX), 9),
            "2554-07-21T23:34:33.709551615Z"
        );
    }

    #[test]
    fn zones_by_name_and_offset() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        assert_eq!(date(AT, berlin), "2026-11-22 15:02:11");
        assert_eq!(berlin.name(AT), "CET");
        for (name, shown, called) in [
            ("+02:00", "16:02:11", "+02:00"),
            ("-0330", "10:32:11", "-03:30"),
            ("+5", "19:02:11", "+05:00"),
            ("utc", "14:02:11", "UTC"),
        ] {
            let zone = Zone::named(name).unwrap();
            assert_eq!(of_day(AT, 0, zone), shown);
            assert_eq!(zone.name(AT), called);
        }
        for wrong in ["Europe/Atlantis", "", "+", "+99", "+2:75", "+x:00"] {
            assert!(Zone::named(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn spans_name_the_day_once() {
        let later = AT.plus_seconds(36_000.0);
        assert_eq!(
            span(AT, AT, Zone::UTC),
            "2026-11-22 14:02:11 to 14:02:11 UTC"
        );
        assert_eq!(
            span(AT, later, Zone::UTC),
            "2026-11-22 14:02:11 to 2026-11-23 00:02:11 UTC"
        );
        let zone = Zone::named("-06:00").unwrap();
        for (mode, width) in [(TimeMode::Local, 12), (TimeMode::Utc, 18)] {
            let began = Began::of(mode, zone, AT, (AT, later));
            let mut out = String::new();
            began.write(&mut out, later);
            assert_eq!((out.len(), began.width(later)), (width, width), "{out}");
        }
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
