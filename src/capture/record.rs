//! A capture as it comes from tcpdump or dumpcap, written to a file, or to a set of files in turn.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::container::{self, BLOCK_SECTION, Order, PCAP_HEADER_LEN, PcapHeader};
use super::link::LinkType;
use super::reader::{Frame, Mark};
use super::write_ng::WriterNg;
use super::{FrameNo, Timestamp};

/// Octets read at once.
const PIECE: usize = 64 * 1024;
/// A record that claims more is none.
const RECORD_MAX: usize = 16 << 20;

/// A set of files, each of which takes the place of the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// How many files are kept, the one being written included; `None`: all.
    pub files: Option<usize>,
    /// Octets of a file.
    pub octets: u64,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Frames.
    pub frames: u64,
    /// Octets of all files.
    pub octets: u64,
}

/// Why nothing more is written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be written: no room, say.
    #[error("{}: cannot write: {source}{}", .path.display(), super::error::advice(.source))]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// What comes is no capture.
    #[error("what comes is no capture (it begins with {0})")]
    NoCapture(String),
}

/// Writes what comes.
#[derive(Debug)]
pub struct Recorder {
    path: PathBuf,
    rotation: Option<Rotation>,
    file: File,
    /// Octets of the file.
    written: u64,
    /// Files that are full, and how many of them there were.
    full: std::collections::VecDeque<PathBuf>,
    number: u32,
    form: Form,
    recorded: Recorded,
}

/// What comes, and what is written.
#[derive(Debug)]
enum Form {
    /// Not known yet.
    Unknown,
    /// pcap, written as it comes.
    Plain(PcapHeader, Vec<u8>),
    /// pcap, written as pcapng.
    Blocks(PcapHeader, WriterNg<Vec<u8>>),
    /// pcapng, written as it comes; each file begins with these blocks.
    Same(Order, Vec<u8>),
}

impl Recorder {
    /// Makes the file: for its owner alone, as there are calls in it. Over another one only with `force`.
    pub fn create(path: &Path, force: bool, rotation: Option<Rotation>) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            rotation,
            file: create(path, force)?,
            written: 0,
            full: std::collections::VecDeque::new(),
            number: 0,
            form: Form::Unknown,
            recorded: Recorded::default(),
        })
    }

    /// Writes all that comes, at once, until the input ends. `told` hears of each piece.
    pub fn run(
        mut self,
        mut input: impl Read,
        mut told: impl FnMut(Recorded),
    ) -> Result<Recorded, Error> {
        let mut waiting: Vec<u8> = Vec::new();
        let mut piece = vec![0; PIECE];
        loop {
            let count = match input.read(&mut piece) {
                // Whoever captured has ended, one way or the other: what came is good.
                Ok(0) => return Ok(self.recorded),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => return Ok(self.recorded),
            };
            waiting.extend_from_slice(piece.get(..count).unwrap_or_default());
            let used = self.take(&waiting)?;
            waiting.drain(..used);
            told(self.recorded);
        }
    }

    /// Writes the whole records of what came. How many octets these are.
    fn take(&mut self, data: &[u8]) -> Result<usize, Error> {
        let mut used = 0;
        if matches!(self.form, Form::Unknown) {
            let Some(begun) = self.begin(data)? else {
                return Ok(0);
            };
            used = begun;
        }
        let mut out = Vec::with_capacity(data.len());
        while let Some(record) = data.get(used..).and_then(|rest| self.record(rest)) {
            self.put(record, &mut out)?;
            used += record.len();
        }
        self.write(&out)?;
        Ok(used)
    }

    /// Tells by its start what comes, and begins the file. `None`: too little has come.
    fn begin(&mut self, data: &[u8]) -> Result<Option<usize>, Error> {
        let Some(start) = data.get(..PCAP_HEADER_LEN) else {
            return Ok(None);
        };
        if let Some(header) = container::pcap_header(start) {
            let is_pcap = self
                .path
                .extension()
                .is_some_and(|end| end == "pcap" || end == "cap");
            self.form = if is_pcap {
                Form::Plain(header, start.to_vec())
            } else {
                let writer = WriterNg::begin(Vec::new(), "faxflow capture");
                Form::Blocks(header, writer.map_err(|error| self.failed(error))?)
            };
            self.begin_file()?;
            return Ok(Some(PCAP_HEADER_LEN));
        }
        let order = match start {
            [
                0x0a,
                0x0d,
                0x0d,
                0x0a,
                _,
                _,
                _,
                _,
                0x4d,
                0x3c,
                0x2b,
                0x1a,
                ..,
            ] => Order::Little,
            [
                0x0a,
                0x0d,
                0x0d,
                0x0a,
                _,
                _,
                _,
                _,
                0x1a,
                0x2b,
                0x3c,
                0x4d,
                ..,
            ] => Order::Big,
            _ => {
                let octets = start.iter().take(4).map(|octet| format!("{octet:02x}"));
                return Err(Error::NoCapture(octets.collect::<Vec<_>>().join(" ")));
            }
        };
        self.form = Form::Same(order, Vec::new());
        Ok(Some(0))
    }

    /// The whole record or block at the start of `data`.
    fn record<'d>(&self, data: &'d [u8]) -> Option<&'d [u8]> {
        let len = match &self.form {
            Form::Plain(header, _) | Form::Blocks(header, _) => {
                let captured = header.record_header(data)?.captured;
                header.record_header_len() + usize::try_from(captured).ok()?
            }
            Form::Same(order, _) => {
                let &len = data.get(4..)?.first_chunk()?;
                usize::try_from(order.u32(len)).ok()?.max(12)
            }
            Form::Unknown => return None,
        };
        data.get(..len.min(RECORD_MAX))
    }

    /// Adds a record to what is to be written; before it, perhaps, the next file begins.
    fn put(&mut self, record: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        let is_frame = match &mut self.form {
            Form::Same(order, begins) => {
                let kind = record.first_chunk().map(|kind| order.u32(*kind));
                let describes = kind.is_some_and(|kind| kind == BLOCK_SECTION || kind == 1);
                if describes {
                    begins.extend_from_slice(record);
                }
                !describes
            }
            _ => true,
        };
        let full = self.rotation.is_some_and(|rotation| {
            self.written + (out.len() + record.len()) as u64 > rotation.octets
        });
        if full && is_frame && self.recorded.frames > 0 {
            self.write(out)?;
            out.clear();
            self.rotate()?;
        }
        self.recorded.frames += u64::from(is_frame);
        let Form::Blocks(header, writer) = &mut self.form else {
            out.extend_from_slice(record);
            return Ok(());
        };
        let written =
            frame(header, record).map(|frame| writer.write_in(&frame, header.nanoseconds, &[]));
        out.append(writer.get_mut());
        written
            .unwrap_or(Ok(()))
            .map_err(|error| self.failed(error))
    }

    /// What each file begins with.
    fn begin_file(&mut self) -> Result<(), Error> {
        let begins = match &mut self.form {
            Form::Unknown => Vec::new(),
            Form::Plain(_, begins) | Form::Same(_, begins) => begins.clone(),
            Form::Blocks(_, writer) => std::mem::take(writer.get_mut()),
        };
        self.write(&begins)
    }

    fn write(&mut self, octets: &[u8]) -> Result<(), Error> {
        if let Err(error) = self.file.write_all(octets) {
            // What was written of the last record is no record.
            let _ = self.file.set_len(self.written);
            return Err(self.failed(error));
        }
        self.written += octets.len() as u64;
        self.recorded.octets += octets.len() as u64;
        Ok(())
    }

    /// The file gets a number, and a new one its name.
    fn rotate(&mut self) -> Result<(), Error> {
        self.number += 1;
        let numbered = numbered(&self.path, self.number);
        fs::rename(&self.path, &numbered).map_err(|error| self.failed(error))?;
        self.full.push_back(numbered);
        if let Some(keep) = self.rotation.and_then(|rotation| rotation.files) {
            while self.full.len() >= keep.max(1) {
                let Some(oldest) = self.full.pop_front() else {
                    break;
                };
                // Somebody may have taken it away.
                let _ = fs::remove_file(oldest);
            }
        }
        self.file = create(&self.path, false).map_err(|error| self.failed(error))?;
        self.written = 0;
        if let Form::Blocks(_, writer) = &mut self.form {
            let begun = WriterNg::begin(Vec::new(), "faxflow capture");
            *writer = begun.map_err(|source| Error::Write {
                path: self.path.clone(),
                source,
            })?;
        }
        self.begin_file()
    }

    fn failed(&self, source: io::Error) -> Error {
        Error::Write {
            path: self.path.clone(),
            source,
        }
    }
}

/// `fax.pcapng` as `fax-00003.pcapng`.
fn numbered(path: &Path, number: u32) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let end = path
        .extension()
        .map(|end| format!(".{}", end.to_string_lossy()));
    path.with_file_name(format!("{stem}-{number:05}{}", end.unwrap_or_default()))
}

fn create(path: &Path, force: bool) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    if force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    options.open(path)
}

/// The frame of a pcap record.
fn frame<'r>(header: &PcapHeader, record: &'r [u8]) -> Option<Frame<'r>> {
    let about = header.record_header(record)?;
    let unit = if header.nanoseconds { 1 } else { 1000 };
    Some(Frame {
        no: FrameNo(0),
        at: Timestamp(u64::from(about.seconds) * 1_000_000_000 + u64::from(about.fraction) * unit),
        offset: 0,
        data: record.get(header.record_header_len()..)?,
        wire_len: about.original,
        link: LinkType(header.link),
        mark: Mark::default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &[u8] = include_bytes!("../../assets/demo.pcap");

    /// Gives few octets at once, as a pipe does.
    struct Few<'d>(&'d [u8]);

    impl Read for Few<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.0.len().min(buffer.len()).min(777);
            let (now, rest) = self.0.split_at(count);
            buffer[..count].copy_from_slice(now);
            self.0 = rest;
            Ok(count)
        }
    }

    fn frames(path: &Path) -> Vec<(Timestamp, Vec<u8>)> {
        let mut reader = crate::capture::reader::Reader::open(path).unwrap();
        let mut all = Vec::new();
        while let Some(frame) = reader.next_frame().unwrap() {
            all.push((frame.at, frame.data.to_vec()));
        }
        assert!(reader.info().notes.is_empty(), "{:?}", reader.info().notes);
        all
    }

    #[test]
    fn what_comes_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let sample = folder.path().join("sample");
        fs::write(&sample, SAMPLE).unwrap();
        let wanted = frames(&sample);
        let (ng, plain) = (folder.path().join("a.pcapng"), folder.path().join("a.pcap"));
        for path in [&ng, &plain] {
            let recorder = Recorder::create(path, false, None).unwrap();
            let recorded = recorder.run(Few(SAMPLE), |_| {}).unwrap();
            assert_eq!(recorded.frames, wanted.len() as u64);
            assert!(frames(path) == wanted);
            assert!(Recorder::create(path, false, None).is_err());
        }
        assert!(fs::read(&plain).unwrap() == SAMPLE);
        // pcapng that comes is written as it is.
        let octets = fs::read(&ng).unwrap();
        let again = folder.path().join("b.pcapng");
        let recorder = Recorder::create(&again, false, None).unwrap();
        recorder.run(Few(&octets), |_| {}).unwrap();
        assert!(fs::read(&again).unwrap() == octets);
    }

    #[test]
    fn files_take_turns() {
        for (name, files, source) in [("a.pcapng", Some(3), SAMPLE), ("a.pcap", None, SAMPLE)] {
            let folder = tempfile::tempdir().unwrap();
            let sample = folder.path().join("sample");
            fs::write(&sample, SAMPLE).unwrap();
            let all = frames(&sample).len();
            fs::remove_file(sample).unwrap();
            let path = folder.path().join(name);
            let octets = 100_000;
            let rotation = Some(Rotation { files, octets });
            let recorder = Recorder::create(&path, false, rotation).unwrap();
            recorder.run(Few(source), |_| {}).unwrap();
            let mut names: Vec<PathBuf> = fs::read_dir(folder.path())
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .collect();
            names.sort();
            let whole: u64 = names
                .iter()
                .map(|name| fs::metadata(name).unwrap().len())
                .sum();
            assert!(
                names
                    .iter()
                    .all(|name| fs::metadata(name).unwrap().len() <= octets)
            );
            if let Some(files) = files {
                assert_eq!(names.len(), files);
            } else {
                assert!(whole > SAMPLE.len() as u64);
                let count: usize = names.iter().map(|name| frames(name).len()).sum();
                assert_eq!(count, all);
            }
        }
    }

    #[test]
    fn what_is_no_capture_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let recorder = Recorder::create(&folder.path().join("a.pcap"), false, None).unwrap();
        let text = b"sudo: a password is required for this";
        assert!(recorder.run(Few(text), |_| {}).is_err());
    }
}
