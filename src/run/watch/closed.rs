//! Which files of a folder nobody writes to any more: those that the system saw closed (inotify), those with a newer one of the
//! same series beside them, and those that are idle.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::state::Look;

/// What is known of the files of a folder.
pub(super) struct Closed {
    events: Option<events::Events>,
    /// How each looked, and since when.
    looks: HashMap<OsString, (Look, Instant)>,
    /// Seen closed, and not yet asked for.
    named: HashSet<OsString>,
}

impl Closed {
    pub(super) fn of(directory: &Path) -> Self {
        Self {
            events: events::Events::of(directory),
            looks: HashMap::new(),
            named: HashSet::new(),
        }
    }

    /// Waits until something is closed, but not for long.
    pub(super) fn wait(&self, timeout: Duration) {
        match &self.events {
            Some(events) => events.wait(timeout),
            None => thread::sleep(timeout),
        }
    }

    /// What was seen closed since the last time.
    pub(super) fn take(&mut self) -> HashSet<OsString> {
        if let Some(events) = &mut self.events {
            events.read(&mut self.named);
        }
        std::mem::take(&mut self.named)
    }

    /// The files that are closed, oldest first.
    ///
    /// `once`: this is the only look, so that what is not the newest of its series is taken as it is.
    pub(super) fn ripe(
        &mut self,
        files: &[(OsString, Look)],
        named: &HashSet<OsString>,
        now: Instant,
        idle: Duration,
        once: bool,
    ) -> Vec<(OsString, Look)> {
        let mut newest: HashMap<Vec<u8>, (&Look, usize, &OsStr)> = HashMap::new();
        let age = |name: &'_ OsString, look: &'_ Look| (look.modified, name.len());
        for (name, look) in files {
            let entry = newest.entry(series(name));
            let latest = entry.or_insert((look, name.len(), name));
            let (at, len) = age(name, look);
            if (at, len, name.as_os_str()) > (latest.0.modified, latest.1, latest.2) {
                *latest = (look, len, name);
            }
        }
        let mut looks = HashMap::with_capacity(files.len());
        let mut ripe = Vec::new();
        for (name, look) in files {
            let before = self.looks.get(name).filter(|(known, _)| known == look);
            let since = before.map_or(now, |(_, since)| *since);
            let is_newest = newest
                .get(&series(name))
                .is_some_and(|(.., latest)| *latest == name.as_os_str());
            let rests = before.is_some() || once;
            let is_idle = now.saturating_duration_since(since) >= idle;
            if named.contains(name) || (rests && !is_newest) || (rests && is_idle) {
                ripe.push((name.clone(), *look));
            }
            looks.insert(name.clone(), (*look, since));
        }
        self.looks = looks;
        ripe.sort_by(|(a, a_look), (b, b_look)| {
            (age(a, a_look), a.as_os_str()).cmp(&(age(b, b_look), b.as_os_str()))
        });
        ripe
    }
}

/// What the names of a rotated set have in common: all but the digits.
fn series(name: &OsStr) -> Vec<u8> {
    let octets = name.as_encoded_bytes().iter().copied();
    octets.filter(|octet| !octet.is_ascii_digit()).collect()
}

#[cfg(target_os = "linux")]
mod events {
    use std::collections::HashSet;
    use std::ffi::{OsStr, OsString};
    use std::mem::MaybeUninit;
    use std::os::fd::OwnedFd;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;
    use std::time::Duration;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};

    /// inotify on a folder.
    pub(super) struct Events(OwnedFd);

    impl Events {
        pub(super) fn of(directory: &Path) -> Option<Self> {
            let fd = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).ok()?;
            let what = WatchFlags::CLOSE_WRITE | WatchFlags::MOVED_TO;
            inotify::add_watch(&fd, directory, what).ok()?;
            Some(Self(fd))
        }

        pub(super) fn wait(&self, timeout: Duration) {
            let timeout = Timespec::try_from(timeout).ok();
            let mut fds = [PollFd::new(&self.0, PollFlags::IN)];
            // Interrupted or not: the folder is looked at.
            let _ = poll(&mut fds, timeout.as_ref());
        }

        /// Names that were closed. Where the system lost count, the look at the folder finds the rest.
        pub(super) fn read(&mut self, names: &mut HashSet<OsString>) {
            let mut space = [MaybeUninit::uninit(); 4096];
            let mut reader = inotify::Reader::new(&self.0, &mut space);
            while let Ok(event) = reader.next() {
                let closed = ReadFlags::CLOSE_WRITE | ReadFlags::MOVED_TO;
                if let Some(name) = event
                    .file_name()
                    .filter(|_| event.events().intersects(closed))
                {
                    names.insert(OsStr::from_bytes(name.to_bytes()).to_owned());
                }
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod events {
    use std::collections::HashSet;
    use std::ffi::OsString;
    use std::path::Path;
    use std::time::Duration;

    /// Not here: the folder is looked at again and again.
    pub(super) struct Events;

    impl Events {
        pub(super) fn of(_: &Path) -> Option<Self> {
            None
        }

        pub(super) fn wait(&self, _: Duration) {}

        pub(super) fn read(&mut self, _: &mut HashSet<OsString>) {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(modified: i64, size: u64) -> Look {
        Look {
            inode: 1,
            size,
            modified: (modified, 0),
        }
    }

    fn names(ripe: &[(OsString, Look)]) -> Vec<&str> {
        ripe.iter()
            .map(|(name, _)| name.to_str().unwrap())
            .collect()
    }

    #[test]
    fn the_newest_of_a_series_waits_until_it_is_closed_or_idle() {
        let directory = tempfile::tempdir().unwrap();
        let mut closed = Closed::of(directory.path());
        let files: Vec<(OsString, Look)> = vec![
            ("a-10.pcap".into(), look(30, 5)),
            ("a-9.pcap".into(), look(20, 5)),
            ("b-1.pcap".into(), look(10, 5)),
        ];
        let (start, idle) = (Instant::now(), Duration::from_secs(60));
        let none = HashSet::new();
        let ripe = closed.ripe(&files, &none, start, idle, false);
        assert!(ripe.is_empty(), "each is looked at twice");
        let later = start + Duration::from_secs(2);
        let ripe = closed.ripe(&files, &none, later, idle, false);
        assert_eq!(names(&ripe), ["a-9.pcap"]);
        let told = HashSet::from(["a-10.pcap".into()]);
        let ripe = closed.ripe(&files, &told, later, idle, false);
        assert_eq!(names(&ripe), ["a-9.pcap", "a-10.pcap"]);
        let much_later = start + Duration::from_secs(61);
        let ripe = closed.ripe(&files, &none, much_later, idle, false);
        assert_eq!(names(&ripe), ["b-1.pcap", "a-9.pcap", "a-10.pcap"]);
    }

    #[test]
    fn what_changes_is_not_closed() {
        let directory = tempfile::tempdir().unwrap();
        let mut closed = Closed::of(directory.path());
        let (start, idle) = (Instant::now(), Duration::from_secs(60));
        let none = HashSet::new();
        for second in 0..200_u64 {
            let at = i64::try_from(second).unwrap();
            let files = vec![("a.pcap".into(), look(at, 5 + second))];
            let now = start + Duration::from_secs(second);
            assert!(closed.ripe(&files, &none, now, idle, false).is_empty());
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_system_tells_what_is_closed() {
        let directory = tempfile::tempdir().unwrap();
        let mut closed = Closed::of(directory.path());
        let open = std::fs::File::create(directory.path().join("open.pcap")).unwrap();
        std::fs::write(directory.path().join("done.pcap"), "x").unwrap();
        assert_eq!(closed.take(), HashSet::from(["done.pcap".into()]));
        drop(open);
        closed.wait(Duration::from_secs(1));
        assert_eq!(closed.take(), HashSet::from(["open.pcap".into()]));
    }
}
