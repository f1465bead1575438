//! Where a capture's octets come from, so that they can be read a second time.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::Error;
use super::ahead::Ahead;
use super::collector::Collector;
use super::compress::{self, Compression};
use super::live::{Copied, Pipe};
use super::merge::{Origins, Plan};
use crate::file::FileId;

/// Standard input's name on the command line.
const STDIN: &str = "-";

/// Before the address of a HEP collector, in place of a file name.
pub(crate) const HEP: &str = "hep:";

/// Something to read frames from, any number of times.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// A regular file, or the unlinked spool of a pipe: offsets of the capture are offsets of the file.
    Plain(Arc<File>),
    /// A compressed regular file.
    Compressed(Arc<File>, Compression),
    /// Several captures, merged anew by each pass.
    Merged(Arc<Plan>),
}

/// A source just opened, and its first pass.
pub(super) struct Opened {
    pub(super) source: Source,
    pub(super) input: Box<dyn Read + Send>,
    /// Octets of the file (compressed ones for a compressed file) read so far.
    pub(super) position: Arc<AtomicU64>,
    pub(super) file_bytes: Option<u64>,
    /// It is a pipe: more may come.
    pub(super) pipe: Option<Arc<Pipe>>,
    /// Which file it is.
    pub(super) id: Option<FileId>,
}

impl Source {
    /// Opens a file or, for `-`, standard input.
    pub(super) fn open(path: &Path) -> Result<Opened, Error> {
        let fail = |action, source| Error::Io {
            file: path.display().to_string(),
            action,
            source,
        };
        if path.as_os_str() == STDIN {
            // Standard input may be a file too.
            let id = FileId::named(path).ok();
            let opened = open_stream(Box::new(io::stdin())).map_err(|e| fail("cannot read", e))?;
            return Ok(Opened { id, ..opened });
        }
        let listens = path.to_str().and_then(|name| name.strip_prefix(HEP));
        if let Some(address) = listens.and_then(|address| address.parse().ok()) {
            let collector = Collector::on(address).map_err(|e| fail("cannot listen", e))?;
            return open_stream(Box::new(collector)).map_err(|e| fail("cannot read", e));
        }
        let file = File::open(path).map_err(|e| fail("cannot open", e))?;
        let meta = file.metadata().map_err(|e| fail("cannot open", e))?;
        if meta.is_dir() {
            return Err(Error::NotACapture {
                file: path.display().to_string(),
                what: "it is a directory".to_owned(),
                offset: 0,
                advice: "name a capture file inside it",
            });
        }
        let opened = if meta.is_file() {
            open_regular(file, meta.len())
        } else {
            open_stream(Box::new(file))
        };
        Ok(Opened {
            id: Some(FileId::of(&meta)),
            ..opened.map_err(|e| fail("cannot read", e))?
        })
    }

    /// Opens what can be read but once, and reads it to its end: then it can be read again.
    pub(super) fn keep(path: &Path) -> Result<Self, Error> {
        let mut opened = Self::open(path)?;
        if let Some(pipe) = &opened.pipe {
            pipe.wait(u64::MAX, FOREVER);
            let whole = io::copy(&mut opened.input, &mut io::sink());
            whole.map_err(|source| Error::Io {
                file: path.display().to_string(),
                action: "cannot read",
                source,
            })?;
        }
        Ok(opened.source)
    }

    /// As it was opened first.
    pub(super) fn again(&self) -> io::Result<Opened> {
        Ok(Opened {
            source: self.clone(),
            input: self.input_at(0)?,
            position: Arc::default(),
            file_bytes: None,
            pipe: None,
            id: None,
        })
    }

    /// Reads the (uncompressed) capture again from an offset.
    pub(super) fn input_at(&self, offset: u64) -> io::Result<Box<dyn Read + Send>> {
        match self {
            Self::Plain(file) => Ok(Box::new(FileAt::new(Arc::clone(file), offset))),
            Self::Compressed(file, how) => {
                let position = Arc::new(AtomicU64::new(0));
                let raw = Counted::new(FileAt::new(Arc::clone(file), 0), Arc::clone(&position));
                let mut input = compress::decoder(*how, Box::new(raw), position);
                io::copy(&mut input.by_ref().take(offset), &mut io::sink())?;
                Ok(Box::new(Ahead::of(input)?))
            }
            Self::Merged(plan) => {
                let mut input: Box<dyn Read + Send> = Box::new(plan.stream(None));
                io::copy(&mut input.by_ref().take(offset), &mut io::sink())?;
                Ok(Box::new(Ahead::of(input)?))
            }
        }
    }

    /// Of several captures: from which each frame is.
    pub(super) fn origins(&self) -> Option<Arc<Origins>> {
        match self {
            Self::Merged(plan) => Some(Arc::clone(&plan.origins)),
            Self::Plain(_) | Self::Compressed(..) => None,
        }
    }

    /// How long the file is by now.
    pub(super) fn len_now(&self) -> Option<u64> {
        match self {
            Self::Plain(file) | Self::Compressed(file, _) => {
                file.metadata().ok().map(|metadata| metadata.len())
            }
            Self::Merged(plan) => Some(plan.len_now()),
        }
    }

    /// As [`Source::plain`], to be kept.
    pub(super) fn shared(&self) -> Option<Arc<File>> {
        match self {
            Self::Plain(file) => Some(Arc::clone(file)),
            Self::Compressed(..) | Self::Merged(_) => None,
        }
    }

    /// The file in which offsets of the capture are offsets, if there is one.
    pub(super) fn plain(&self) -> Option<&File> {
        match self {
            Self::Plain(file) => Some(file),
            Self::Compressed(..) | Self::Merged(_) => None,
        }
    }
}

fn open_regular(file: File, len: u64) -> io::Result<Opened> {
    let mut magic = [0; compress::MAGIC_LEN];
    let have = read_full(&mut FileAt::new(Arc::new(file.try_clone()?), 0), &mut magic)?;
    let how = Compression::of(magic.get(..have).unwrap_or_default());
    let file = Arc::new(file);
    let position = Arc::new(AtomicU64::new(0));
    let raw = Counted::new(FileAt::new(Arc::clone(&file), 0), Arc::clone(&position));
    let (source, input): (_, Box<dyn Read + Send>) = match how {
        None => (Source::Plain(file), Box::new(raw)),
        Some(how) => (
            Source::Compressed(file, how),
            Box::new(Ahead::of(compress::decoder(
                how,
                Box::new(raw),
                Arc::clone(&position),
            ))?),
        ),
    };
    Ok(Opened {
        source,
        input,
        position,
        file_bytes: Some(len),
        pipe: None,
        id: None,
    })
}

/// A pipe is copied, uncompressed, to a file without a name while it is read, so that it can be read again.
fn open_stream(mut stream: Box<dyn Read + Send>) -> io::Result<Opened> {
    let mut magic = [0; compress::MAGIC_LEN];
    let have = read_full(&mut stream, &mut magic)?;
    let magic = magic.get(..have).unwrap_or_default().to_vec();
    let how = Compression::of(&magic);
    let position = Arc::new(AtomicU64::new(0));
    let raw = Counted::new(Cursor::new(magic).chain(stream), Arc::clone(&position));
    let input: Box<dyn Read + Send> = match how {
        None => Box::new(raw),
        Some(how) => compress::decoder(how, Box::new(raw), Arc::clone(&position)),
    };
    let pipe = Pipe::start(input)?;
    // What tells the format must be there before anything else is done.
    pipe.wait(FORMAT_MAX - 1, FOREVER);
    Ok(Opened {
        source: Source::Plain(Arc::clone(pipe.spool())),
        input: Box::new(Copied::new(Arc::clone(&pipe))),
        position,
        file_bytes: None,
        pipe: Some(pipe),
        id: None,
    })
}

/// Octets that tell the format, and how long a pipe may take to give them.
const FORMAT_MAX: u64 = 24;
const FOREVER: Duration = Duration::from_secs(u64::MAX >> 8);

/// Reads until the buffer is full or the input ends.
fn read_full(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut have = 0;
    while let Some(space) = buffer.get_mut(have..).filter(|space| !space.is_empty()) {
        match input.read(space) {
            Ok(0) => break,
            Ok(count) => have += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(have)
}

/// Reads a file by positions, so that several readers share one descriptor.
#[derive(Debug)]
struct FileAt {
    file: Arc<File>,
    offset: u64,
}

impl FileAt {
    fn new(file: Arc<File>, offset: u64) -> Self {
        Self { file, offset }
    }
}

impl Read for FileAt {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}

/// Counts what is read, for the progress display.
struct Counted<R> {
    input: R,
    position: Arc<AtomicU64>,
}

impl<R> Counted<R> {
    fn new(input: R, position: Arc<AtomicU64>) -> Self {
        Self { input, position }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.position.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
