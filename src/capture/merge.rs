//! Several captures read as one, in time order: frames numbered through as mergecap would.
//!
//! What is read is written down as one capture and never kept: a later pass merges again. Of the files only those
//! are open that have frames of the time at hand, so that a rotated set costs no more than one file.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::reader::Reader;
use super::source::Source;
use super::{Error, FrameNo, Timestamp};
use crate::file::FileId;

pub mod clock;
mod lost;
mod origins;
mod sketch;
mod stream;
mod twice;

pub use clock::{Clock, Given};
pub use lost::Lost;
pub use origins::Origins;
pub(super) use stream::Merged;

/// The captures to be read as one, and what is known of their clocks.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// The files in the order in which frames of the same time come.
    pub files: Vec<PathBuf>,
    /// `--clock-offset`.
    pub clocks: Vec<Given>,
}

/// All that a pass over the files needs to know before it begins.
#[derive(Debug)]
pub(super) struct Plan {
    files: Vec<Planned>,
    /// Which host each file is of.
    hosts: Vec<usize>,
    /// Hosts have packets in common.
    shared: bool,
    /// A plain pcap stream will do: all are pcap files of one link type, and none saw packets of another.
    plain: Option<Plain>,
    /// From which file each frame is.
    pub(super) origins: Arc<Origins>,
}

/// The header of a plain pcap stream.
#[derive(Clone, Copy, Debug)]
struct Plain {
    link: u16,
    nanoseconds: bool,
    snaplen: u32,
}

/// One file.
#[derive(Debug)]
struct Planned {
    from: From,
    /// Time of its first frame, by the common clock; `None`: it has none.
    first: Option<Timestamp>,
    clock: Clock,
}

/// Where a capture is read from.
#[derive(Debug)]
enum From {
    /// A file: open only while frames of it come.
    Named(PathBuf),
    /// What can be read but once, kept.
    Kept(Source, String),
}

impl From {
    fn of(path: &Path) -> Result<Self, Error> {
        let about = std::fs::metadata(path);
        let can_be_read_again = about.is_ok_and(|about| about.is_file() || about.is_dir());
        if can_be_read_again && path.as_os_str() != "-" {
            return Ok(Self::Named(path.to_owned()));
        }
        Ok(Self::Kept(Source::keep(path)?, path.display().to_string()))
    }

    fn open(&self) -> Result<Reader, Error> {
        match self {
            Self::Named(path) => Reader::open(path),
            Self::Kept(source, name) => Reader::again(source, name.clone()),
        }
    }

    fn path(&self) -> Option<&Path> {
        match self {
            Self::Named(path) => Some(path),
            Self::Kept(..) => None,
        }
    }
}

/// What the first pass learns, for the reader.
#[derive(Debug, Default)]
pub(super) struct Account {
    told: Mutex<Told>,
}

/// See [`Account`].
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Damage and the like: frame of the merged capture, and text.
    pub(super) notes: Vec<(Option<FrameNo>, Option<u64>, String)>,
    pub(super) dropped: u64,
}

impl Account {
    fn with<R>(&self, change: impl FnOnce(&mut Told) -> R) -> R {
        change(&mut self.told.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What came since this was last asked.
    pub(super) fn take(&self) -> Told {
        self.with(|told| Told {
            notes: std::mem::take(&mut told.notes),
            dropped: told.dropped,
        })
    }
}

/// What the files begin with.
struct Look {
    first: Option<Timestamp>,
    plain: Option<Plain>,
    len: u64,
}

/// Whether a file is empty as yet: rotation has just begun it.
fn is_blank(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|about| about.is_file() && about.len() == 0)
}

fn look(from: &From) -> Result<Look, Error> {
    let mut reader = from.open()?;
    let len = reader.info().file_bytes.unwrap_or_default();
    let plain = reader.pcap_header().map(|header| Plain {
        link: header.link,
        nanoseconds: header.nanoseconds,
        snaplen: header.snaplen,
    });
    let first = reader.next_frame()?.map(|frame| frame.at);
    Ok(Look { first, plain, len })
}

/// The header that would do for all.
fn common_header(looks: &[Option<Look>]) -> Option<Plain> {
    let mut all: Option<Plain> = None;
    for look in looks.iter().flatten() {
        let one = look.plain?;
        let known = all.get_or_insert(one);
        if known.link != one.link {
            return None;
        }
        known.nanoseconds |= one.nanoseconds;
        known.snaplen = known.snaplen.max(one.snaplen);
    }
    all
}

impl Plan {
    /// Looks at all files. With it how large they are together.
    pub(super) fn of(inputs: &Inputs) -> Result<(Self, u64), Error> {
        let from: Vec<From> = inputs
            .files
            .iter()
            .map(|path| From::of(path))
            .collect::<Result<_, _>>()?;
        let blank: Vec<bool> = inputs.files.iter().map(|path| is_blank(path)).collect();
        let all_blank = blank.iter().all(|blank| *blank);
        // If none holds a frame, the error is that of a single one.
        let look =
            |(from, blank): (&From, &bool)| (!blank || all_blank).then(|| look(from)).transpose();
        let looks: Vec<Option<Look>> = from
            .iter()
            .zip(&blank)
            .map(look)
            .collect::<Result<_, _>>()?;
        let open = |file: usize| {
            let usable = blank.get(file) == Some(&false);
            from.get(file)
                .filter(|_| usable)
                .map(From::open)
                .transpose()
        };
        let found = clock::of_files(&open, &inputs.files, &inputs.clocks)?;
        let mut plain = common_header(&looks).filter(|_| !found.shared);
        if let Some(plain) = &mut plain {
            plain.nanoseconds |= found.clocks.iter().any(|clock| !clock.is_common());
        }
        let total = looks.iter().flatten().map(|look| look.len).sum();
        let all = from.into_iter().zip(looks).zip(&found.clocks);
        let files = all
            .map(|((from, look), clock)| Planned {
                from,
                first: look.and_then(|look| look.first).map(|at| clock.common(at)),
                clock: *clock,
            })
            .collect();
        let names = inputs
            .files
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        let (hosts, shared) = (found.hosts.clone(), found.shared);
        let origins = Arc::new(Origins::new(names, &blank, found));
        Ok((
            Self {
                files,
                hosts,
                shared,
                plain,
                origins,
            },
            total,
        ))
    }

    /// What the capture is called.
    pub(super) fn name(&self) -> String {
        match self.origins.files() {
            [first, _, _, rest @ ..] if !rest.is_empty() => {
                format!("{first} and {} more", rest.len() + 2)
            }
            few => few.join(", "),
        }
    }

    /// The files: nothing may be written over them.
    pub(super) fn ids(&self) -> Vec<FileId> {
        let named = self.files.iter().filter_map(|file| file.from.path());
        named.filter_map(|path| FileId::named(path).ok()).collect()
    }

    /// Begins a pass. Only the first one has an account to fill.
    pub(super) fn stream(self: &Arc<Self>, account: Option<Arc<Account>>) -> Merged {
        Merged::new(Arc::clone(self), account)
    }

    /// The files together, now.
    pub(super) fn len_now(&self) -> u64 {
        let len = |path: &Path| std::fs::metadata(path).map_or(0, |about| about.len());
        self.files
            .iter()
            .filter_map(|file| file.from.path())
            .map(len)
            .sum()
    }

    /// Files by the time of their first frame.
    fn order(&self) -> BinaryHeap<Reverse<(Timestamp, usize)>> {
        let begins = self.files.iter().enumerate();
        begins
            .filter_map(|(place, file)| Some(Reverse((file.first?, place))))
            .collect()
    }
}

/// A stream that ends with an error of its own.
fn ended_by(error: &Error) -> io::Error {
    let code = super::error::of_the_system(error);
    code.unwrap_or_else(|| io::Error::other(error.to_string()))
}
