//! `-w FILE`: what comes through a pipe goes into a file too, from the first octet on.

use std::fs::{File, OpenOptions};
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::Failure;

/// Octets copied at once.
const PIECE: usize = 64 * 1024;

/// A pipe whose octets are kept.
pub(super) struct Kept {
    /// Where they can be read.
    reader: PipeReader,
    /// Why no more is kept.
    failure: Arc<Mutex<Option<String>>>,
}

impl Kept {
    /// Begins to copy. The file must not be there yet: it may be an older capture.
    pub(super) fn start(from: &Path, to: &Path) -> Result<Self, Failure> {
        let failed = |path: &Path| {
            let name = path.display().to_string();
            move |error| Failure::Io(name, error)
        };
        let input: Box<dyn Read + Send> = if from == Path::new("-") {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(from).map_err(failed(from))?)
        };
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(to)
            .map_err(failed(to))?;
        let (reader, writer) = io::pipe().map_err(failed(from))?;
        let failure = Arc::new(Mutex::new(None));
        let (told, name) = (Arc::clone(&failure), to.display().to_string());
        let copy = move || {
            if let Some(error) = copy(input, file, writer) {
                let text = format!("{name}: not all was kept: {error}");
                *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
            }
        };
        // Ends with the pipe, or with the process.
        let thread = thread::Builder::new().name("keep".to_owned());
        thread.spawn(copy).map_err(failed(from))?;
        Ok(Self { reader, failure })
    }

    /// A name under which the octets can be read, as long as this is there.
    pub(super) fn path(&self) -> PathBuf {
        PathBuf::from(format!("/dev/fd/{}", self.reader.as_raw_fd()))
    }

    /// Why not all was kept, if so.
    pub(super) fn failure(&self) -> Option<String> {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.clone()
    }
}

/// Copies to both until the input ends; where the file takes no more, to the pipe alone.
fn copy(mut input: Box<dyn Read + Send>, file: File, mut pipe: PipeWriter) -> Option<io::Error> {
    let mut piece = vec![0; PIECE];
    let mut failure = None;
    let mut file = Some(file);
    loop {
        let count = match input.read(&mut piece) {
            Ok(0) => return failure,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return failure.or(Some(error)),
        };
        let octets = piece.get(..count).unwrap_or_default();
        if let Some(Err(error)) = file.as_mut().map(|file| file.write_all(octets)) {
            failure = Some(error);
            file = None;
        }
        // Nobody reads any more: the program is about to end.
        if pipe.write_all(octets).is_err() {
            return failure;
        }
    }
}
