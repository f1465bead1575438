//! The time at the head of a line, in whatever form (`dateformat` of logger.conf, syslog, FreeSWITCH, spandsp).
//!
//! Only numbers, names of months and days, and a zone may stand before and beside the time of day: a time within a
//! message is no stamp.

use chrono::{DateTime, Datelike, NaiveDate};

use crate::capture::Timestamp;

/// Octets at the head of a line in which its time stands.
const HEAD: usize = 48;
const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// Nanoseconds of a second.
const SECOND: u64 = 1_000_000_000;
/// Seconds of a day.
const DAY: i64 = 86_400;

/// The time of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stamp {
    /// Nanoseconds after 1970, as if the clock on the wall were UTC.
    pub(super) nanos: u64,
    /// Seconds that its last digit stands for.
    pub(super) resolution: f64,
}

/// Reads the times of a log: what a line leaves out (year, date) is that of the capture, or of the line before.
#[derive(Clone, Debug)]
pub(super) struct Calendar {
    /// Days after 1970 of the capture.
    reference: i64,
    year: i32,
    /// Of a log without dates: the day that it is at, and the last time of day.
    day: i64,
    last: u64,
}

/// Time of day, and where it stands in the line.
struct OfDay {
    nanos: u64,
    digits: usize,
    start: usize,
    end: usize,
}

impl Calendar {
    pub(super) fn new(reference: Timestamp) -> Self {
        let seconds = i64::try_from(reference.0 / SECOND).unwrap_or_default();
        let year = DateTime::from_timestamp(seconds, 0).map_or(1970, |at| at.year());
        let reference = seconds / DAY;
        Self {
            reference,
            year,
            day: reference,
            last: 0,
        }
    }

    /// The time at the head of a line (without what stands around it), and where what comes after it begins.
    pub(super) fn read(&mut self, line: &[u8]) -> Option<(Stamp, usize)> {
        let head = line.get(..line.len().min(HEAD)).unwrap_or_default();
        if let Some(found) = epoch(head) {
            return Some(found);
        }
        let of_day = time_of_day(head)?;
        let before = std::str::from_utf8(head.get(..of_day.start)?).ok()?;
        let mut date = Date::default();
        for word in words(before) {
            date.take(word)?;
        }
        let mut end = of_day.end;
        if date.month.is_none() || date.year.is_none() {
            end = date.take_after(head, end);
        }
        let days = self.days(&date, of_day.nanos)?;
        let seconds = u64::try_from(days.checked_mul(DAY)?).ok()?;
        let stamp = Stamp {
            nanos: seconds.checked_mul(SECOND)?.checked_add(of_day.nanos)?,
            resolution: resolution(of_day.digits),
        };
        Some((stamp, end))
    }

    fn days(&mut self, date: &Date, of_day: u64) -> Option<i64> {
        let Some((month, day)) = date.month_and_day() else {
            if date.month.is_some() || date.day.is_some() {
                return None;
            }
            // Only the time of day: midnight is where it goes back by half a day.
            if self.last > of_day + SECOND * 43_200 {
                self.day += 1;
            }
            self.last = of_day;
            return Some(self.day);
        };
        let on = |year| NaiveDate::from_ymd_opt(year, month, day).map(days_of);
        match date.year {
            Some(year) => on(year),
            // The year in which it is nearest to the capture.
            None => [self.year - 1, self.year, self.year + 1]
                .into_iter()
                .filter_map(on)
                .min_by_key(|days| (days - self.reference).abs()),
        }
    }
}

fn days_of(date: NaiveDate) -> i64 {
    let epoch = NaiveDate::default();
    date.signed_duration_since(epoch).num_days()
}

fn resolution(digits: usize) -> f64 {
    let digits = i32::try_from(digits.min(9)).unwrap_or(9);
    10_f64.powi(-digits)
}

/// Numbers and names.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
}

/// What is known of a date.
#[derive(Clone, Copy, Debug, Default)]
struct Date {
    year: Option<i32>,
    month: Option<u32>,
    day: Option<u32>,
    /// Two numbers of which either may be the month: `03/04`.
    open: Option<(u32, u32)>,
}

impl Date {
    /// Takes a word in. `None`: no part of a date.
    fn take(&mut self, word: &str) -> Option<()> {
        let lower = word.to_ascii_lowercase();
        if let Some(month) = MONTHS.iter().position(|month| lower.starts_with(month)) {
            self.month = u32::try_from(month + 1).ok();
            // `Mar 3` and `3 Mar` alike: the number is the day.
            self.day = self.day.or(self.open.take().map(|(first, _)| first));
            return Some(());
        }
        if DAYS.iter().any(|day| lower.starts_with(day)) || lower == "t" {
            return Some(());
        }
        let digits = lower.strip_suffix('t').unwrap_or(&lower);
        let number: u32 = digits.parse().ok()?;
        match digits.len() {
            8 => {
                self.year = i32::try_from(number / 10_000).ok();
                self.month = Some(number / 100 % 100);
                self.day = Some(number % 100);
            }
            4 => self.year = i32::try_from(number).ok(),
            1 | 2 => self.take_short(number),
            _ => return None,
        }
        Some(())
    }

    fn take_short(&mut self, number: u32) {
        match (self.year, self.month, self.day, self.open) {
            // The year first: then month and day.
            (Some(_), None, ..) => self.month = Some(number),
            (_, Some(_), None, _) => self.day = Some(number),
            (None, None, None, None) => self.open = Some((number, 0)),
            (None, None, None, Some((first, 0))) => self.open = Some((first, number)),
            // `03/03/25`
            (None, ..) => self.year = i32::try_from(number + 2000).ok(),
            _ => {}
        }
    }

    /// The date may stand after the time too: `12:00:01 2025`, `12:00:01 03.03.2025`.
    fn take_after(&mut self, head: &[u8], end: usize) -> usize {
        let Some(rest) = head
            .get(end..)
            .and_then(|rest| std::str::from_utf8(rest).ok())
        else {
            return end;
        };
        let until = rest.find(']').unwrap_or(0);
        let part = rest.get(..until).unwrap_or_default();
        let mut date = *self;
        for word in words(part) {
            if date.take(word).is_none() {
                return end;
            }
        }
        *self = date;
        end + until
    }

    fn month_and_day(&self) -> Option<(u32, u32)> {
        match (self.month, self.day, self.open) {
            (Some(month), Some(day), _) => Some((month, day)),
            // A day above 12 tells; else the month stands first, as `%D` has it.
            (None, None, Some((day, month))) if day > 12 && month > 0 => Some((month, day)),
            (None, None, Some((month, day))) if day > 0 => Some((month, day)),
            _ => None,
        }
    }
}

/// The first `12:58:04.123`, also `125804` after a date in one word.
fn time_of_day(head: &[u8]) -> Option<OfDay> {
    let digit = |at: usize| head.get(at).filter(|octet| octet.is_ascii_digit());
    let two =
        |at: usize| Some(u64::from(digit(at)? - b'0') * 10 + u64::from(digit(at + 1)? - b'0'));
    let colon = |at: usize| head.get(at) == Some(&b':');
    let place = (0..head.len()).find(|at| {
        let apart = at
            .checked_sub(1)
            .is_none_or(|before| digit(before).is_none());
        apart && two(*at).is_some() && colon(at + 2) && two(at + 3).is_some() && colon(at + 5)
    });
    let (start, parts, mut end) = if let Some(at) = place {
        (at, (two(at)?, two(at + 3)?, two(at + 6)?), at + 8)
    } else {
        // 20250303-125804
        let at = head.iter().position(u8::is_ascii_digit)? + 9;
        let compact = (at - 9..at - 1).all(|at| digit(at).is_some());
        if !compact || digit(at - 1).is_some() || digit(at + 6).is_some() {
            return None;
        }
        (at, (two(at)?, two(at + 2)?, two(at + 4)?), at + 6)
    };
    let (hours, minutes, seconds) = parts;
    if hours > 23 || minutes > 59 || seconds > 60 {
        return None;
    }
    let mut nanos = (hours * 3600 + minutes * 60 + seconds) * SECOND;
    let mut digits = 0;
    if matches!(head.get(end), Some(b'.' | b',')) && digit(end + 1).is_some() {
        end += 1;
        let mut unit = SECOND;
        while let Some(octet) = digit(end) {
            unit /= 10;
            nanos += u64::from(octet - b'0') * unit;
            digits += 1;
            end += 1;
        }
    }
    let nanos = of_twelve_hours(nanos, hours, head.get(end..).unwrap_or_default());
    Some(OfDay {
        nanos,
        digits,
        start,
        end,
    })
}

/// The time of a day of twice twelve hours, where `rest`, what follows it, says AM or PM.
fn of_twelve_hours(nanos: u64, hours: u64, rest: &[u8]) -> u64 {
    const NOON: u64 = 12 * 3600 * SECOND;
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    let says = |word: &[u8]| {
        rest.get(..2)
            .is_some_and(|two| two.eq_ignore_ascii_case(word))
    };
    match hours {
        0..12 if says(b"PM") => nanos + NOON,
        12 if says(b"AM") => nanos - NOON,
        _ => nanos,
    }
}

/// `1741006801.123`: seconds after 1970.
fn epoch(head: &[u8]) -> Option<(Stamp, usize)> {
    const DIGITS: usize = 10;
    let whole = head.get(..DIGITS)?;
    if !whole.iter().all(u8::is_ascii_digit) || head.get(DIGITS).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let seconds: u64 = std::str::from_utf8(whole).ok()?.parse().ok()?;
    let mut nanos = seconds.checked_mul(SECOND)?;
    let (mut end, mut digits, mut unit) = (DIGITS, 0, SECOND);
    if head.get(end) == Some(&b'.') {
        end += 1;
        while let Some(octet) = head.get(end).filter(|octet| octet.is_ascii_digit()) {
            unit /= 10;
            nanos += u64::from(octet - b'0') * unit;
            digits += 1;
            end += 1;
        }
    }
    let stamp = Stamp {
        nanos,
        resolution: resolution(digits),
    };
    Some((stamp, end))
}
