//! Where an output goes: a file that is whole or not there at all, or standard output.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::capture::error::advice;

/// Why an output could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The output is the capture itself.
    #[error("{}: this is the capture itself; give another name to -o", .0.display())]
    IsTheCapture(PathBuf),
    /// There is a file of that name.
    #[error("{}: is there already; --force writes over it", .0.display())]
    IsThere(PathBuf),
    /// The file cannot be written.
    #[error("{}: cannot write: {source}{}", path.display(), advice(source))]
    Io {
        /// The output.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Writes a file through a temporary one beside it that is renamed when whole. Refuses to write over
/// `capture`. What is no regular file (a pipe, `/dev/null`) is written to as it is.
pub fn write_atomically(
    path: &Path,
    capture: Option<&Path>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Error> {
    let failed = |source| Error::Io {
        path: path.to_owned(),
        source,
    };
    if let Some(capture) = capture {
        must_differ(path, capture)?;
    }
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir()) {
        let file = fs::OpenOptions::new()
            .write(true)
            .open(path)
            .map_err(failed)?;
        return buffered(file, write)
            .and_then(|result| result)
            .or_else(quiet)
            .map_err(failed);
    }
    // A link is followed: the file that it points to is replaced, not the link.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if target.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    let folder = match target.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".faxflow-").suffix(".part");
    #[cfg(unix)]
    builder.permissions(permissions(&target));
    // Its message names the temporary file, which nobody asked for.
    let mut temporary = builder
        .tempfile_in(folder)
        .map_err(|error| failed(error.kind().into()))?;
    buffered(temporary.as_file_mut(), write)
        .and_then(|result| result)
        .map_err(failed)?;
    temporary
        .persist(&target)
        .map_err(|error| failed(error.error))?;
    Ok(())
}

/// Writes a file that only its owner may read, whole or not at all. What is there stays, unless `force`.
pub fn write_private(
    path: &Path,
    force: bool,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Error> {
    let failed = |source| Error::Io {
        path: path.to_owned(),
        source,
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    // Temporary files are their owner's alone.
    let mut temporary = tempfile::Builder::new()
        .prefix(".faxflow-")
        .suffix(".part")
        .tempfile_in(folder)
        .map_err(|error| failed(error.kind().into()))?;
    buffered(temporary.as_file_mut(), write)
        .and_then(|result| result)
        .map_err(failed)?;
    let persisted = if force {
        temporary.persist(path)
    } else {
        temporary.persist_noclobber(path)
    };
    match persisted {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            Err(Error::IsThere(path.to_owned()))
        }
        Err(error) => Err(failed(error.error)),
    }
}

/// An error if an output is a capture, whatever its names.
pub fn must_differ(path: &Path, capture: &Path) -> Result<(), Error> {
    if is_same(path, capture) {
        return Err(Error::IsTheCapture(path.to_owned()));
    }
    Ok(())
}

/// Writes to standard output; a reader that closes the pipe ends it quietly.
pub fn write_to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    buffered(io::stdout().lock(), write)
        .and_then(|result| result)
        .or_else(quiet)
}

fn buffered<W: Write>(
    to: W,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<io::Result<()>> {
    let mut out = BufWriter::with_capacity(1 << 16, to);
    let result = write(&mut out);
    if result.is_ok() {
        out.flush()?;
    } else {
        // The rest would only fail once more when dropped.
        drop(out.into_parts());
    }
    Ok(result)
}

fn quiet(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Ok(())
    } else {
        Err(error)
    }
}

/// The same file, whatever its names.
pub(crate) fn is_same(a: &Path, b: &Path) -> bool {
    let (Ok(of_a), Ok(of_b)) = (fs::metadata(a), fs::metadata(b)) else {
        return false;
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        (of_a.dev(), of_a.ino()) == (of_b.dev(), of_b.ino())
    }
    #[cfg(not(unix))]
    {
        let _ = (of_a, of_b);
        fs::canonicalize(a).ok() == fs::canonicalize(b).ok()
    }
}

/// Those of the file that is replaced, else what the umask leaves.
#[cfg(unix)]
fn permissions(target: &Path) -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(target).map_or_else(
        |_| fs::Permissions::from_mode(0o666),
        |metadata| fs::Permissions::from_mode(metadata.permissions().mode() & 0o777),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_whole_files_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flow.txt");
        fs::write(&path, "old").unwrap();
        let error = write_atomically(&path, None, |out| {
            out.write_all(b"half")?;
            Err(io::Error::other("no more"))
        });
        assert!(matches!(error, Err(Error::Io { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        write_atomically(&path, None, |out| out.write_all(b"new")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn never_writes_over_the_capture() {
        let folder = tempfile::tempdir().unwrap();
        let capture = folder.path().join("fax.pcap");
        let link = folder.path().join("other");
        let hard = folder.path().join("hard");
        fs::write(&capture, "capture").unwrap();
        std::os::unix::fs::symlink(&capture, &link).unwrap();
        fs::hard_link(&capture, &hard).unwrap();
        for path in [&capture, &link, &hard] {
            let result = write_atomically(path, Some(&capture), |out| out.write_all(b"x"));
            assert!(
                matches!(result, Err(Error::IsTheCapture(_))),
                "{}",
                path.display()
            );
        }
        assert_eq!(fs::read_to_string(&capture).unwrap(), "capture");
    }

    #[cfg(unix)]
    #[test]
    fn follows_links_and_leaves_devices() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        let link = folder.path().join("link");
        fs::write(&target, "old").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        write_atomically(&link, None, |out| out.write_all(b"new")).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&target).unwrap(), "new");
        write_atomically(Path::new("/dev/null"), None, |out| out.write_all(b"new")).unwrap();
        assert!(write_atomically(folder.path(), None, |_| Ok(())).is_err());
        assert!(write_atomically(&folder.path().join("no/file"), None, |_| Ok(())).is_err());
    }
}
