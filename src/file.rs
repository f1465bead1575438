//! Files that are written: whole or not there at all, and never a capture that is read.
//!
//! Where the system can (Linux), a file has no name until it is whole, so that nothing is left behind however the
//! program ends. Names are looked up once: the directory is opened, and all that follows happens in it.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags};

use crate::capture::error::advice;
use crate::text::visible;

mod beside;
mod hold;

use beside::Beside;
use hold::Hold;

/// Which file something is, whatever its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// Of an open file.
    pub fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        }
    }

    /// Of what a name leads to; `-` is standard input.
    pub fn named(path: &Path) -> io::Result<Self> {
        let path = if path == Path::new("-") {
            Path::new("/dev/stdin")
        } else {
            path
        };
        fs::metadata(path).map(|metadata| Self::of(&metadata))
    }
}

/// Why an output could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The output is the capture itself.
    #[error("{}: this is the capture itself; give another name", visible(&.0.to_string_lossy()))]
    IsTheCapture(PathBuf),
    /// There is a file of that name.
    #[error("{}: is there already; --force writes over it", visible(&.0.to_string_lossy()))]
    IsThere(PathBuf),
    /// The output is a link to nothing: which file is meant is not for us to make up.
    #[error("{}: cannot write: it is a link to a file that does not exist", visible(&.0.to_string_lossy()))]
    Dangling(PathBuf),
    /// Somebody else put another file there meanwhile.
    #[error("{}: cannot write: another file appeared there meanwhile", visible(&.0.to_string_lossy()))]
    Changed(PathBuf),
    /// The folder of the output is not there.
    #[error("{}: cannot write: there is no folder {}; make it first", visible(&path.to_string_lossy()), visible(&folder.to_string_lossy()))]
    NoFolder {
        /// The output.
        path: PathBuf,
        /// The folder that it was to be in.
        folder: PathBuf,
    },
    /// The file cannot be written.
    #[error("{}: cannot write: {source}{}", visible(&path.to_string_lossy()), advice(source))]
    Io {
        /// The output.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// What is written, and from where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct How {
    /// Packets or pages: a new file is for its owner alone. Else its mode is what the umask leaves.
    pub private: bool,
    /// What is there stays.
    pub keep: bool,
    /// The screen is up: nothing may wait for the reader of a FIFO, and signals are the screen's.
    pub screen: bool,
}

/// A file that was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The file that was replaced belonged to somebody else, and the user may not give files away.
    pub owner_changed: bool,
}

impl Written {
    /// `flow as text saved to flow.txt`, and what is to be known of it.
    pub fn told(self, what: &str, path: &Path) -> String {
        let path = path.display();
        let note = if self.owner_changed {
            "; the file is yours now: its owner could not be kept"
        } else {
            ""
        };
        format!("{what} saved to {path}{note}")
    }
}

/// Writes a file that takes its name only when it is whole. Over an existing file, its mode stays, and its owner
/// where the user may set it. A link is written through. What is no regular file (a FIFO, a device) is written to
/// as it is. Refuses the captures, under whatever name.
pub fn write<W, T>(
    path: &Path,
    captures: &[FileId],
    how: How,
    write: W,
) -> Result<(T, Written), Error>
where
    W: FnOnce(&mut dyn Write) -> io::Result<T>,
{
    let failed = |source| Error::Io {
        path: path.to_owned(),
        source,
    };
    match place(path, captures, how)? {
        Place::Stream(file) => {
            let mut out = None;
            buffered(file, |to| {
                out = Some(write(to)?);
                Ok(())
            })
            .or_else(quiet)
            .map_err(failed)?;
            let nobody = || failed(io::ErrorKind::BrokenPipe.into());
            Ok((out.ok_or_else(nobody)?, Written::default()))
        }
        Place::File(target) => target.replace(path, how, write),
    }
}

/// As [`write()`] for a report, refusing one capture by name.
#[cfg(test)]
pub fn write_atomically(
    path: &Path,
    capture: Option<&Path>,
    body: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Error> {
    let captures: Vec<FileId> = capture
        .and_then(|capture| FileId::named(capture).ok())
        .into_iter()
        .collect();
    write(path, &captures, How::default(), body).map(drop)
}

/// Writes a file that only its owner may read, whole or not at all. What is there stays, unless `force`.
pub fn write_private(
    path: &Path,
    force: bool,
    body: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Error> {
    let how = How {
        private: true,
        keep: !force,
        screen: false,
    };
    write(path, &[], how, body).map(drop)
}

/// An error if an output is a capture, whatever its names.
pub fn must_differ(path: &Path, capture: &Path) -> Result<(), Error> {
    match (FileId::named(path), FileId::named(capture)) {
        (Ok(path_id), Ok(capture)) if path_id == capture => {
            Err(Error::IsTheCapture(path.to_owned()))
        }
        _ => Ok(()),
    }
}

/// Writes to standard output; a reader that closes the pipe ends it quietly.
pub fn write_to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    buffered(io::stdout().lock(), write).or_else(quiet)
}

fn buffered<W: Write>(
    to: W,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, to);
    match write(&mut out) {
        Ok(()) => out.flush(),
        Err(error) => {
            // The rest would only fail once more when dropped.
            drop(out.into_parts());
            Err(error)
        }
    }
}

fn quiet(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Ok(())
    } else {
        Err(error)
    }
}

/// Where an output goes.
enum Place {
    /// To something that is written to as it is.
    Stream(File),
    /// To a name in a directory.
    File(Target),
}

/// A name in a directory that was opened, and what was there.
struct Target {
    folder: OwnedFd,
    name: OsString,
    old: Option<Old>,
}

/// The file that is replaced.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Old {
    id: FileId,
    mode: u32,
    owner: (u32, u32),
}

fn place(path: &Path, captures: &[FileId], how: How) -> Result<Place, Error> {
    let failed = |source| Error::Io {
        path: path.to_owned(),
        source,
    };
    let real = match fs::metadata(path) {
        Ok(metadata) if captures.contains(&FileId::of(&metadata)) => {
            return Err(Error::IsTheCapture(path.to_owned()));
        }
        Ok(metadata) if metadata.is_dir() => {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        Ok(metadata) if !metadata.is_file() => {
            return open_stream(path, how).map(Place::Stream).map_err(failed);
        }
        // A link is followed: the file that it points to is replaced, not the link.
        Ok(_) => fs::canonicalize(path).map_err(failed)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if fs::symlink_metadata(path).is_ok() {
                return Err(Error::Dangling(path.to_owned()));
            }
            path.to_owned()
        }
        Err(error) => return Err(failed(error)),
    };
    let folder = match real.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let Some(name) = real.file_name() else {
        return Err(failed(io::ErrorKind::InvalidInput.into()));
    };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = rustix::fs::open(folder, flags, Mode::empty());
    let folder = opened.map_err(|error| match error {
        rustix::io::Errno::NOENT => Error::NoFolder {
            path: path.to_owned(),
            folder: folder.to_owned(),
        },
        error => failed(error.into()),
    })?;
    let mut target = Target {
        folder,
        name: name.to_owned(),
        old: None,
    };
    target.old = target.look(path)?;
    if target.old.is_some_and(|old| captures.contains(&old.id)) {
        return Err(Error::IsTheCapture(path.to_owned()));
    }
    if target.old.is_some() && how.keep {
        return Err(Error::IsThere(path.to_owned()));
    }
    Ok(Place::File(target))
}

/// A FIFO or device. On the screen nobody can wait for somebody to read it.
fn open_stream(path: &Path, how: How) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true);
    if !how.screen {
        return options.open(path);
    }
    let nonblock = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = options.custom_flags(nonblock).open(path)?;
    rustix::fs::fcntl_setfl(&file, OFlags::empty())?;
    Ok(file)
}

impl Target {
    /// What has the name now; nothing else than a regular file is replaced.
    fn look(&self, path: &Path) -> Result<Option<Old>, Error> {
        let found = rustix::fs::statat(&self.folder, &self.name, AtFlags::SYMLINK_NOFOLLOW);
        let stat = match found {
            Ok(stat) => stat,
            Err(rustix::io::Errno::NOENT) => return Ok(None),
            Err(error) => {
                return Err(Error::Io {
                    path: path.to_owned(),
                    source: error.into(),
                });
            }
        };
        if !rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file() {
            return Err(Error::Changed(path.to_owned()));
        }
        Ok(Some(Old {
            id: FileId {
                device: stat.st_dev,
                inode: stat.st_ino,
            },
            mode: stat.st_mode & 0o777,
            owner: (stat.st_uid, stat.st_gid),
        }))
    }

    fn replace<W, T>(self, path: &Path, how: How, write: W) -> Result<(T, Written), Error>
    where
        W: FnOnce(&mut dyn Write) -> io::Result<T>,
    {
        let failed = |source| Error::Io {
            path: path.to_owned(),
            source,
        };
        let mode = match (self.old, how.private) {
            (None, false) => 0o666,
            // That of the old one is set when the file is whole.
            _ => 0o600,
        };
        // What has a name already must not stay when a signal ends the program.
        let mut hold = Hold::none();
        let beside =
            Beside::create(&self.folder, mode, || hold.begin(how.screen)).map_err(failed)?;
        let mut out = None;
        buffered(beside.file(), |to| {
            out = Some(write(&mut hold.guard(to))?);
            Ok(())
        })
        .map_err(failed)?;
        let Some(out) = out else {
            return Err(failed(io::ErrorKind::Other.into()));
        };
        let written = self.keep_mode(beside.file()).map_err(failed)?;
        beside.file().sync_all().map_err(failed)?;
        if self.look(path)? != self.old {
            return Err(Error::Changed(path.to_owned()));
        }
        hold.begin(how.screen).map_err(failed)?;
        match beside.put(&self.folder, &self.name, self.old.is_some()) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(Error::Changed(path.to_owned()))
            }
            Err(error) => Err(failed(error)),
            Ok(()) => Ok((out, written)),
        }
    }

    /// Mode and owner of the file that is replaced.
    fn keep_mode(&self, file: &File) -> io::Result<Written> {
        let Some(old) = self.old else {
            return Ok(Written::default());
        };
        let new = file.metadata()?;
        let (user, group) = old.owner;
        let mut owner_changed = false;
        if (new.uid(), new.gid()) != old.owner {
            let chown = std::os::unix::fs::fchown;
            owner_changed = chown(file, Some(user), Some(group)).is_err();
            if owner_changed {
                // The group alone is often the user's to set.
                let _ = chown(file, None, Some(group));
            }
        }
        file.set_permissions(Permissions::from_mode(old.mode))?;
        Ok(Written { owner_changed })
    }
}

#[cfg(test)]
mod tests;
