//! A growing capture followed by its name, as `tail -F` does: the file may not be there yet, or be another one by now.

use std::fs;
use std::path::{Path, PathBuf};

use crate::file::FileId;

/// What became of the file of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing has the name any more.
    Deleted,
    /// Another file has it: rotated, or written anew.
    Replaced,
    /// It is shorter than what was read of it.
    Truncated,
}

impl Change {
    /// For the note on the list.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Deleted => {
                "the file was deleted: what was read of it stays; a new one of that name is waited for"
            }
            Self::Replaced => {
                "another file took the place of the one that was followed: this is the new one"
            }
            Self::Truncated => "the file was truncated: it is read again from its start",
        }
    }
}

/// The name, and the file that is read under it.
#[derive(Debug)]
pub(super) struct Followed {
    path: PathBuf,
    id: Option<FileId>,
    deleted: bool,
    /// It was shorter than what was read of it; by now it may have grown again.
    truncated: bool,
}

impl Followed {
    /// Of a file that was opened.
    pub(super) fn new(path: &Path, files: &[FileId]) -> Self {
        Self {
            path: path.to_owned(),
            id: files.first().copied(),
            deleted: false,
            truncated: false,
        }
    }

    /// Looks at what the name leads to, when all of the file was read, `read` octets: what changed since the last
    /// look. Of a new file nothing is said before it holds something.
    pub(super) fn look(&mut self, read: u64) -> Option<Change> {
        let Ok(metadata) = fs::metadata(&self.path) else {
            let first = !self.deleted;
            self.deleted = true;
            return first.then_some(Change::Deleted);
        };
        // A new file may have been given the number of the deleted one.
        if self.deleted || Some(FileId::of(&metadata)) != self.id {
            return (metadata.len() > 0).then_some(Change::Replaced);
        }
        self.truncated |= metadata.len() < read;
        self.truncated.then_some(Change::Truncated)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panic")]
mod tests {
    use super::*;

    #[test]
    fn tells_what_became_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fax.pcap");
        fs::write(&path, "first").unwrap();
        let mut followed = Followed::new(&path, &[FileId::named(&path).unwrap()]);
        assert_eq!(followed.look(5), None);
        fs::write(&path, "cut").unwrap();
        assert_eq!(followed.look(5), Some(Change::Truncated));
        fs::write(&path, "grown again").unwrap();
        assert_eq!(followed.look(5), Some(Change::Truncated));
        fs::rename(&path, folder.path().join("fax.pcap.1")).unwrap();
        assert_eq!(followed.look(3), Some(Change::Deleted));
        assert_eq!(followed.look(3), None);
        fs::write(&path, "").unwrap();
        assert_eq!(followed.look(3), None);
        fs::write(&path, "another").unwrap();
        assert_eq!(followed.look(3), Some(Change::Replaced));
    }
}
