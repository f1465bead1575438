//! Clocks of captures that were taken on several hosts, brought together by the packets that two of them saw.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::sketch::{InCommon, Sketch, most_of};
use crate::capture::reader::Reader;
use crate::capture::{Error, Timestamp};

mod align;

use align::{Aligned, align};

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
