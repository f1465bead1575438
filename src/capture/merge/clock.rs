//! Clocks of captures that were taken on several hosts, brought together by the packets that two of them saw.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::sketch::{InCommon, Sketch, most_of};
use crate::capture::reader::Reader;
use crate::capture::{Error, Timestamp};

/// One `--clock-offset`: how far the clock of a file is ahead of that of the first one.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// The file; `None`: all that are of another host than the first one.
    pub file: Option<PathBuf>,
    /// Seconds.
    pub seconds: f64,
}

impl Given {
    /// Whether it is about this file, named in full or by its last part.
    pub fn fits(&self, path: &Path) -> bool {
        let named = self.file.as_deref();
        named.is_some_and(|named| named == path || path.file_name() == Some(named.as_os_str()))
    }
}

/// A clock against the common one, which is that of the first file.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Clock {
    /// How far it is ahead, in nanoseconds, when it shows `at`.
    offset: i64,
    at: u64,
    /// What it gains each second, in seconds.
    drift: f64,
    /// Packets by which that was found.
    packets: usize,
    /// The user said so.
    given: bool,
}

impl Clock {
    /// The common time, when this clock shows `at`.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "what a clock gains during a capture is far below 2^52 ns"
    )]
    pub fn common(&self, at: Timestamp) -> Timestamp {
        let gained = if self.drift == 0.0 {
            0
        } else {
            let since = at.0.cast_signed().saturating_sub(self.at.cast_signed());
            (since as f64 * self.drift).round() as i64
        };
        let ahead = self.offset.saturating_add(gained);
        Timestamp(at.0.saturating_add_signed(ahead.saturating_neg()))
    }

    /// Whether it is the common one.
    pub fn is_common(&self) -> bool {
        self.offset == 0 && self.drift == 0.0
    }

    /// Seconds by which it is ahead.
    #[expect(
        clippy::cast_precision_loss,
        reason = "nanoseconds are more than is known"
    )]
    pub fn offset_seconds(&self) -> f64 {
        self.offset as f64 / 1e9
    }

    /// What it gains, in millionths.
    pub fn drift_ppm(&self) -> f64 {
        self.drift * 1e6
    }

    /// Packets that both captures have, by which it was found.
    pub fn packets(&self) -> usize {
        self.packets
    }

    /// Whether the user said how far it is ahead.
    pub fn is_given(&self) -> bool {
        self.given
    }
}

/// What was found of the clocks of some files.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) clocks: Vec<Clock>,
    /// Which host each file is of.
    pub(super) hosts: Vec<usize>,
    pub(super) told: Vec<Told>,
    /// Files of two hosts have packets in common.
    pub(super) shared: bool,
}

/// What is to be said of the clock of a host: by one of its files.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    file: usize,
    /// A file of the host that it was compared with.
    against: usize,
    first: usize,
    clock: Clock,
    one_way: bool,
}

impl Told {
    pub(super) fn text<'n>(&self, name: impl Fn(usize) -> &'n str) -> String {
        let Clock { given, packets, .. } = self.clock;
        let ahead = self.clock.offset_seconds();
        let (file, first) = (name(self.file), name(self.first));
        let clock = if self.clock.is_common() {
            format!("{file}: its clock agrees with that of {first}")
        } else {
            let way = if ahead < 0.0 { "behind" } else { "ahead of" };
            format!(
                "{file}: its clock is {:.6} s {way} that of {first}",
                ahead.abs()
            )
        };
        let ppm = self.clock.drift_ppm();
        let drift = if self.clock.drift == 0.0 {
            String::new()
        } else {
            let verb = if ppm < 0.0 { "loses" } else { "gains" };
            format!(" and {verb} {:.1} millionths", ppm.abs())
        };
        let how = if given {
            " (--clock-offset)".to_owned()
        } else {
            let against = name(self.against);
            let both = format!("by {packets} packets that are also in {against}");
            let way = if self.one_way {
                ", all of one direction: the time on the way is in it"
            } else {
                ""
            };
            format!(" ({both}{way})")
        };
        format!("{clock}{drift}{how}; times are those of {first}")
    }
}

/// Packets that two hosts must have in common.
const FEWEST: usize = 3;

/// Opens one of the files; `None`: there is nothing in it.
type Open<'o> = dyn Fn(usize) -> Result<Option<Reader>, Error> + Sync + 'o;

/// Reads all files once for the packets that two of them have.
pub(super) fn of_files(
    open: &Open<'_>,
    files: &[PathBuf],
    given: &[Given],
) -> Result<Found, Error> {
    let sketches = sketches(open, files.len())?;
    let hosts = hosts(files, &sketches);
    let count = hosts.iter().max().map_or(0, |last| last + 1);
    let mut joined: Vec<Sketch> = (0..count).map(|_| Sketch::default()).collect();
    for (sketch, host) in sketches.into_iter().zip(&hosts) {
        if let Some(all) = joined.get_mut(*host) {
            all.join(sketch);
        }
    }
    let mut found = Found {
        clocks: vec![Clock::default(); files.len()],
        hosts,
        ..Found::default()
    };
    let first_of = |host: usize| found.hosts.iter().position(|one| *one == host).unwrap_or(0);
    let firsts: Vec<usize> = (0..count).map(first_of).collect();
    let aligned = align(&joined);
    found.shared = aligned.iter().flatten().any(|one| one.against.is_some());
    for (host, one) in aligned.iter().enumerate() {
        let Some(Aligned {
            clock,
            against: Some(against),
            one_way,
        }) = *one
        else {
            continue;
        };
        let of = |host: usize| firsts.get(host).copied().unwrap_or(0);
        let told = Told {
            file: of(host),
            against: of(against),
            first: 0,
            clock,
            one_way,
        };
        found.told.push(told);
        for (place, own) in found.clocks.iter_mut().zip(&found.hosts) {
            if *own == host {
                *place = clock;
            }
        }
    }
    take_given(&mut found, files, given);
    Ok(found)
}

/// What the user says counts more than what was found.
fn take_given(found: &mut Found, files: &[PathBuf], given: &[Given]) {
    #[expect(clippy::cast_possible_truncation, reason = "saturates")]
    let nanoseconds = |seconds: f64| (seconds * 1e9).round() as i64;
    let first = found.hosts.first().copied();
    for one in given {
        let mut told = false;
        let all = files.iter().zip(&found.hosts).zip(&mut found.clocks);
        let named = files
            .iter()
            .zip(&found.hosts)
            .find(|(path, _)| one.fits(path));
        let host = named.map(|(_, host)| *host);
        for (file, ((_, own), clock)) in all.enumerate() {
            let meant = match &one.file {
                Some(_) => host == Some(*own),
                None => first != Some(*own),
            };
            if !meant {
                continue;
            }
            *clock = Clock {
                offset: nanoseconds(one.seconds),
                given: true,
                ..Clock::default()
            };
            if !std::mem::replace(&mut told, true) {
                found
                    .told
                    .retain(|told| found.hosts.get(told.file) != Some(own));
                let (against, clock) = (0, *clock);
                found.told.push(Told {
                    file,
                    against,
                    first: 0,
                    clock,
                    one_way: false,
                });
            }
        }
    }
}

fn sketches(open: &Open<'_>, files: usize) -> Result<Vec<Sketch>, Error> {
    let most = most_of(files);
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Result<Sketch, Error>)>> = Mutex::default();
    let work = || {
        loop {
            let file = next.fetch_add(1, Ordering::Relaxed);
            if file >= files {
                return;
            }
            let sketch = open(file).and_then(|reader| match reader {
                Some(reader) => Sketch::of(reader, most),
                None => Ok(Sketch::default()),
            });
            let mut done = done
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            done.push((file, sketch));
        }
    };
    let threads = thread::available_parallelism()
        .map_or(1, usize::from)
        .min(files);
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    let mut done = done
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|(file, _)| *file);
    done.into_iter().map(|(_, sketch)| sketch).collect()
}

/// Which host each file is of: a rotated set (names that differ in digits only) is of one, unless two of its files
/// have the same packets.
fn hosts(files: &[PathBuf], sketches: &[Sketch]) -> Vec<usize> {
    let series = |path: &Path| -> Vec<u8> {
        let octets = path.as_os_str().as_encoded_bytes().iter().copied();
        octets.filter(|octet| !octet.is_ascii_digit()).collect()
    };
    let mut sets: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
    for (place, file) in files.iter().enumerate() {
        sets.entry(series(file)).or_default().push(place);
    }
    let met = meetings(sketches);
    let alone = |set: &Vec<usize>| {
        let of_set: HashSet<usize> = set.iter().copied().collect();
        let both = |one: usize, other: usize| {
            let pair = sketches.get(one).zip(sketches.get(other));
            pair.is_some_and(|(one, other)| InCommon::of(one, other).packets >= FEWEST)
        };
        met.iter().any(|((one, other), packets)| {
            *packets >= FEWEST
                && of_set.contains(one)
                && of_set.contains(other)
                && both(*one, *other)
        })
    };
    let split: HashMap<&Vec<u8>, bool> = sets.iter().map(|(key, set)| (key, alone(set))).collect();
    let mut numbers: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut next = 0;
    let mut number = || {
        next += 1;
        next - 1
    };
    files
        .iter()
        .map(|file| {
            let key = series(file);
            if split.get(&key) == Some(&true) {
                return number();
            }
            *numbers.entry(key).or_insert_with(&mut number)
        })
        .collect()
}

/// Files or hosts that have the same packet, as far as they are looked at.
const MEETING_MAX: usize = 8;

/// How many packets each two have in common; of what more than a handful have, with the first of them.
fn meetings(sketches: &[Sketch]) -> HashMap<(usize, usize), usize> {
    let mut by_tag: HashMap<u64, Vec<usize>> = HashMap::new();
    for (place, sketch) in sketches.iter().enumerate() {
        for (tag, _) in sketch.sightings() {
            let known = by_tag.entry(tag).or_default();
            if known.len() < MEETING_MAX {
                known.push(place);
            }
        }
    }
    let mut met: HashMap<(usize, usize), usize> = HashMap::new();
    for places in by_tag.values() {
        for (at, one) in places.iter().enumerate() {
            for other in places.iter().skip(at + 1) {
                *met.entry((*one, *other)).or_default() += 1;
            }
        }
    }
    met
}

/// What is known of the clock of a host.
#[derive(Clone, Copy, Debug)]
struct Aligned {
    clock: Clock,
    /// The host that it was compared with; `None`: the first of those that know each other.
    against: Option<usize>,
    one_way: bool,
}

/// From the first host on, each by one that is known already.
fn align(hosts: &[Sketch]) -> Vec<Option<Aligned>> {
    let met = meetings(hosts);
    let mut aligned: Vec<Option<Aligned>> = vec![None; hosts.len()];
    for begin in 0..hosts.len() {
        if aligned.get(begin).is_some_and(Option::is_some) {
            continue;
        }
        let reference = Aligned {
            clock: Clock::default(),
            against: None,
            one_way: false,
        };
        if let Some(place) = aligned.get_mut(begin) {
            *place = Some(reference);
        }
        let mut known = VecDeque::from([begin]);
        while let Some(here) = known.pop_front() {
            for there in 0..hosts.len() {
                let packets = met.get(&(here.min(there), here.max(there)));
                let open = packets.is_some_and(|packets| *packets >= FEWEST)
                    && aligned.get(there).is_some_and(Option::is_none);
                let ends = (
                    hosts.get(here),
                    hosts.get(there),
                    aligned.get(here).copied().flatten(),
                );
                let (true, (Some(one), Some(other), Some(base))) = (open, ends) else {
                    continue;
                };
                let common = InCommon::of(one, other);
                let Some((clock, one_way)) = fit(&common, &base.clock) else {
                    continue;
                };
                if let Some(place) = aligned.get_mut(there) {
                    *place = Some(Aligned {
                        clock,
                        against: Some(here),
                        one_way,
                    });
                }
                known.push_back(there);
            }
        }
    }
    aligned
}

/// Longest span of points between which slopes are taken.
const POINTS: usize = 256;
/// A clock that gains or loses more than this is none: the capture's clock was set while it ran.
const DRIFT_MOST: f64 = 1000e-6;
/// Drift below this is not worth a word.
const DRIFT_LEAST: f64 = 0.2e-6;
/// Differences below this, in nanoseconds, are those of the resolution.
const SAME: i64 = 1000;

/// The clock of a host by the packets that a known one saw too. True: all went in one direction, so that their time on
/// the way cannot be told from the clocks'.
fn fit(common: &InCommon, base: &Clock) -> Option<(Clock, bool)> {
    if common.packets < FEWEST {
        return None;
    }
    // Both by the common clock.
    let common_ahead = |(at, ahead): &(Timestamp, i64)| {
        let true_at = base.common(*at);
        let shown = at.0.cast_signed().saturating_add(*ahead);
        (
            true_at.0.cast_signed(),
            shown.saturating_sub(true_at.0.cast_signed()),
        )
    };
    let ways: Vec<[Vec<(i64, i64)>; 2]> = common
        .ways
        .values()
        .map(|both| {
            both.each_ref()
                .map(|one| one.iter().map(common_ahead).collect())
        })
        .collect();
    let longest = ways.iter().flatten().max_by_key(|points| points.len())?;
    let middle = median(longest.iter().map(|(at, _)| *at).collect())?;
    let drift = drift(longest);
    let ahead_of = |points: &Vec<(i64, i64)>| {
        (points.len() >= FEWEST).then(|| {
            let still = points
                .iter()
                .map(|(at, ahead)| ahead - times(drift, at - middle));
            median(still.collect())
        })?
    };
    // The way of most packets in both directions: what the way takes is in one as much as in the other.
    let of_way =
        |[up, down]: &[Vec<(i64, i64)>; 2]| Some(i64::midpoint(ahead_of(up)?, ahead_of(down)?));
    let both = ways
        .iter()
        .filter_map(|way| Some((way.iter().map(Vec::len).min(), of_way(way)?)))
        .max_by_key(|(packets, _)| *packets);
    let any = || {
        let all = ways.iter().flatten().flatten();
        median(
            all.map(|(at, ahead)| ahead - times(drift, at - middle))
                .collect(),
        )
    };
    let one_way = both.is_none();
    let offset = both.map(|(_, offset)| offset).or_else(any)?;
    let offset = if offset.abs() < SAME && drift == 0.0 {
        0
    } else {
        offset
    };
    // As it is when the first such packet comes.
    let first = ways.iter().flatten().flatten().map(|(at, _)| *at).min()?;
    let offset = offset.saturating_add(times(drift, first - middle));
    let at = first.saturating_add(offset).max(0).cast_unsigned();
    // What it gains in a second that it shows.
    let drift = drift / (1.0 + drift);
    Some((
        Clock {
            offset,
            at,
            drift,
            packets: common.packets,
            given: false,
        },
        one_way,
    ))
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "what a clock gains during a capture is far below 2^52 ns"
)]
fn times(drift: f64, span: i64) -> i64 {
    (drift * span as f64).round() as i64
}

fn median(mut all: Vec<i64>) -> Option<i64> {
    let middle = all.len() / 2;
    (middle < all.len()).then(|| *all.select_nth_unstable(middle).1)
}

/// What a clock gains in a second: the median of the slopes between any two points (Theil and Sen), if it is more than
/// what the points are scattered by.
#[expect(clippy::cast_precision_loss, reason = "a share is wanted")]
fn drift(points: &[(i64, i64)]) -> f64 {
    let mut points = points.to_vec();
    points.sort_unstable();
    let every = points.len().div_ceil(POINTS).max(1);
    let some: Vec<(i64, i64)> = points.into_iter().step_by(every).collect();
    let (Some(first), Some(last)) = (some.first(), some.last()) else {
        return 0.0;
    };
    let span = (last.0 - first.0) as f64;
    let mut slopes = Vec::with_capacity(some.len() * some.len() / 2);
    for (place, one) in some.iter().enumerate() {
        let later = some.iter().skip(place + 1).filter(|other| other.0 > one.0);
        slopes.extend(later.map(|other| (other.1 - one.1) as f64 / (other.0 - one.0) as f64));
    }
    let middle = slopes.len() / 2;
    if middle >= slopes.len() || span <= 0.0 {
        return 0.0;
    }
    let drift = *slopes.select_nth_unstable_by(middle, f64::total_cmp).1;
    let rests: Vec<i64> = some
        .iter()
        .map(|(at, ahead)| ahead - times(drift, at - first.0))
        .collect();
    let level = median(rests.clone()).unwrap_or_default();
    let scatter =
        median(rests.iter().map(|rest| (rest - level).abs()).collect()).unwrap_or_default();
    let doubt = 12.0 * scatter.max(SAME / 2) as f64 / span / (some.len() as f64).sqrt();
    if drift.abs() > doubt.max(DRIFT_LEAST) && drift.abs() < DRIFT_MOST {
        drift
    } else {
        0.0
    }
}
