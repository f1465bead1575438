use std::os::unix::fs::symlink;

use super::*;

const TEXT: How = How {
    private: false,
    keep: false,
    screen: false,
};

/// The mode of a new file under the umask of the test.
fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn put(path: &Path, captures: &[FileId], how: How) -> Result<Written, Error> {
    write(path, captures, how, |out| out.write_all(b"new")).map(|((), written)| written)
}

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
    put(&path, &[], TEXT).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn never_writes_over_the_capture() {
    let folder = tempfile::tempdir().unwrap();
    let capture = folder.path().join("fax.pcap");
    let link = folder.path().join("other");
    let hard = folder.path().join("hard");
    fs::write(&capture, "capture").unwrap();
    symlink(&capture, &link).unwrap();
    fs::hard_link(&capture, &hard).unwrap();
    let id = FileId::named(&capture).unwrap();
    for path in [&capture, &link, &hard] {
        let result = put(path, &[id], TEXT);
        assert!(
            matches!(result, Err(Error::IsTheCapture(_))),
            "{}",
            path.display()
        );
    }
    assert_eq!(fs::read_to_string(&capture).unwrap(), "capture");
}

#[test]
fn links_are_written_through_unless_they_dangle_or_loop() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("target");
    let link = folder.path().join("link");
    fs::write(&target, "old").unwrap();
    symlink(&target, &link).unwrap();
    put(&link, &[], TEXT).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&target).unwrap(), "new");
    let dangling = folder.path().join("dangling");
    symlink(folder.path().join("nothing"), &dangling).unwrap();
    assert!(matches!(put(&dangling, &[], TEXT), Err(Error::Dangling(_))));
    let round = folder.path().join("round");
    symlink(&round, &round).unwrap();
    assert!(put(&round, &[], TEXT).is_err());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
}

#[test]
fn devices_and_fifos_are_written_to() {
    let folder = tempfile::tempdir().unwrap();
    put(Path::new("/dev/null"), &[], TEXT).unwrap();
    assert!(put(folder.path(), &[], TEXT).is_err());
    assert!(put(&folder.path().join("no/file"), &[], TEXT).is_err());
    let fifo = folder.path().join("fifo");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &fifo,
        rustix::fs::FileType::Fifo,
        Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    // On the screen nobody waits for a reader.
    let screen = How {
        screen: true,
        ..TEXT
    };
    assert!(put(&fifo, &[], screen).is_err());
    let reader = std::thread::spawn({
        let fifo = fifo.clone();
        move || fs::read_to_string(fifo).unwrap()
    });
    put(&fifo, &[], TEXT).unwrap();
    assert_eq!(reader.join().unwrap(), "new");
}

#[test]
fn an_existing_file_keeps_its_mode_and_a_new_one_with_packets_is_private() {
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("old");
    let private = How {
        private: true,
        keep: false,
        screen: false,
    };
    for (mode_before, how) in [(0o640, TEXT), (0o604, private), (0o400, TEXT)] {
        fs::write(&old, "old").unwrap();
        fs::set_permissions(&old, Permissions::from_mode(mode_before)).unwrap();
        put(&old, &[], how).unwrap();
        assert_eq!(mode(&old), mode_before);
        fs::remove_file(&old).unwrap();
    }
    let new = folder.path().join("new");
    put(&new, &[], private).unwrap();
    assert_eq!(mode(&new), 0o600);
    let report = folder.path().join("report");
    put(&report, &[], TEXT).unwrap();
    fs::write(folder.path().join("usual"), "").unwrap();
    assert_eq!(mode(&report), mode(&folder.path().join("usual")));
}

#[test]
fn the_owner_stays_where_the_user_may_set_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flow.txt");
    fs::write(&path, "old").unwrap();
    // Only root can make the case.
    if std::os::unix::fs::chown(&path, Some(12_345), Some(12_346)).is_err() {
        return;
    }
    assert_eq!(put(&path, &[], TEXT).unwrap(), Written::default());
    let metadata = fs::metadata(&path).unwrap();
    assert_eq!((metadata.uid(), metadata.gid()), (12_345, 12_346));
}

#[test]
fn a_file_that_appears_meanwhile_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flow.txt");
    let result = write(&path, &[], TEXT, |out| {
        fs::write(&path, "theirs")?;
        out.write_all(b"ours")
    });
    assert!(matches!(result, Err(Error::Changed(_))));
    assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
