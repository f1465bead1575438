//! A file being written in the directory of its name: without a name of its own where the system can.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

/// The file, and its name if it must have one.
pub(super) struct Beside {
    file: File,
    folder: OwnedFd,
    name: Option<OsString>,
}

/// Names tried: others may run at the same time.
const TRIES: u32 = 100;

impl Beside {
    /// Begins a file. `named` is called before it gets a name.
    pub(super) fn create(
        folder: &OwnedFd,
        mode: u32,
        named: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<Self> {
        let mode = Mode::from_raw_mode(mode);
        let folder = folder.as_fd().try_clone_to_owned()?;
        if let Some(file) = nameless(&folder, mode) {
            return Ok(Self {
                file,
                folder,
                name: None,
            });
        }
        named()?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let (name, file) = free_name(|name| rustix::fs::openat(&folder, name, flags, mode))?;
        Ok(Self {
            file: file.into(),
            folder,
            name: Some(name),
        })
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Gives the whole file its name; in place of another one only if `over`.
    pub(super) fn put(mut self, folder: &OwnedFd, name: &OsStr, over: bool) -> io::Result<()> {
        if self.name.is_none() {
            let source = format!("/proc/self/fd/{}", self.file.as_raw_fd());
            let link = |to: &OsStr| {
                let flags = AtFlags::SYMLINK_FOLLOW;
                rustix::fs::linkat(rustix::fs::CWD, &source, &self.folder, to, flags)
            };
            if !over {
                return Ok(link(name)?);
            }
            let (own, ()) = free_name(|own| link(own))?;
            self.name = Some(own);
        }
        let own = self.name.clone().unwrap_or_default();
        if over {
            rustix::fs::renameat(&self.folder, &own, folder, name)?;
        } else {
            rename_to_new(&self.folder, &own, name)?;
        }
        self.name = None;
        Ok(())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if let Some(name) = self.name.take() {
            let _ = rustix::fs::unlinkat(&self.folder, name, AtFlags::empty());
        }
    }
}

/// Does something with a name that nothing has.
fn free_name<T>(mut take: impl FnMut(&OsStr) -> Result<T, Errno>) -> io::Result<(OsString, T)> {
    let process = std::process::id();
    for number in 0..TRIES {
        let name = OsString::from(format!(".faxflow-{process}-{number}.part"));
        match take(&name) {
            Ok(taken) => return Ok((name, taken)),
            Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// `None`: the system or the file system has no such thing, or no way to name it later.
#[cfg(target_os = "linux")]
fn nameless(folder: &OwnedFd, mode: Mode) -> Option<File> {
    if !Path::new("/proc/self/fd").exists() {
        return None;
    }
    let flags = OFlags::WRONLY | OFlags::TMPFILE | OFlags::CLOEXEC;
    rustix::fs::openat(folder, ".", flags, mode)
        .ok()
        .map(File::from)
}

#[cfg(not(target_os = "linux"))]
fn nameless(_folder: &OwnedFd, _mode: Mode) -> Option<File> {
    None
}

/// Renames only if nothing has the new name.
fn rename_to_new(folder: &OwnedFd, from: &OsStr, to: &OsStr) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    match rustix::fs::renameat_with(folder, from, folder, to, rustix::fs::RenameFlags::NOREPLACE) {
        // A file system that cannot promise it.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
        done => return Ok(done?),
    }
    Ok(rustix::fs::renameat(folder, from, folder, to)?)
}
