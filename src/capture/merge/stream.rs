//! The merged capture as a stream of octets.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::twice::Twice;
use super::{Account, Plan, ended_by};
use crate::capture::link::LinkType;
use crate::capture::reader::{Frame, Reader};
use crate::capture::write;
use crate::capture::write_ng::WriterNg;
use crate::capture::{FrameNo, Timestamp};

/// Octets made at once.
const PIECE: usize = 128 * 1024;

/// A file being read, and the frame that comes next of it.
struct Input {
    reader: Reader,
    /// The next frame; its octets stay in the reader's window until the one after it is read.
    next: Next,
    notes: usize,
}

#[derive(Clone, Copy)]
struct Next {
    no: FrameNo,
    offset: u64,
    len: usize,
    wire_len: u32,
    link: LinkType,
}

/// Reads all files of a plan in time order, as one capture.
pub(in crate::capture) struct Merged {
    plan: Arc<Plan>,
    account: Option<Arc<Account>>,
    /// Files by the time of their next frame: those that are not open yet by that of their first.
    queue: BinaryHeap<Reverse<(Timestamp, usize)>>,
    open: Vec<Option<Input>>,
    position: Arc<AtomicU64>,
    /// Octets of the files that are read to their end.
    done: u64,
    no: u32,
    out: Out,
    at: usize,
    /// Frames of the piece, not noted yet: number, number in the file, file.
    fresh: Vec<(u32, u32, usize)>,
    twice: Option<Twice>,
    failure: Option<io::Error>,
    ended: bool,
}

/// What was made and not given yet.
enum Out {
    Plain(Vec<u8>),
    Blocks(WriterNg<Vec<u8>>),
}

impl Out {
    fn octets(&mut self) -> &mut Vec<u8> {
        match self {
            Self::Plain(octets) => octets,
            Self::Blocks(writer) => writer.get_mut(),
        }
    }
}

impl Merged {
    pub(super) fn new(plan: Arc<Plan>, account: Option<Arc<Account>>) -> Self {
        let queue = plan.order();
        let open = plan.files.iter().map(|_| None).collect();
        let firsts: Vec<_> = plan.files.iter().map(|file| file.first).collect();
        let twice = (account.is_some() && plan.shared).then(|| Twice::new(&plan.hosts, &firsts));
        Self {
            plan,
            account,
            queue,
            open,
            position: Arc::default(),
            done: 0,
            no: 0,
            out: Out::Plain(Vec::new()),
            at: 0,
            fresh: Vec::new(),
            twice,
            failure: None,
            ended: false,
        }
        .begun()
    }

    /// With the header of the stream.
    fn begun(mut self) -> Self {
        let begun = match self.plan.plain {
            Some(plain) => {
                let mut octets = Vec::with_capacity(2 * PIECE);
                let link = LinkType(plain.link);
                write::header(&mut octets, link, plain.nanoseconds, plain.snaplen)
                    .map(|()| Out::Plain(octets))
            }
            None => WriterNg::begin(Vec::with_capacity(2 * PIECE), "").map(Out::Blocks),
        };
        match begun {
            Ok(out) => self.out = out,
            Err(error) => self.failure = Some(error),
        }
        self
    }

    /// Octets of the files read so far.
    pub(in crate::capture) fn position(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.position)
    }

    /// Makes the next piece.
    fn fill(&mut self) {
        self.out.octets().clear();
        self.at = 0;
        while self.out.octets().len() < PIECE && !self.ended {
            self.step();
        }
        if self.account.is_some() {
            self.plan.origins.add(&self.fresh);
        }
        self.fresh.clear();
        let open = self.open.iter().flatten();
        let read: u64 = open.map(|input| input.reader.info().file_pos).sum();
        self.position.store(self.done + read, Ordering::Relaxed);
    }

    /// The next frame of all, or of a file that is to be opened now.
    fn step(&mut self) {
        let Some(Reverse((at, file))) = self.queue.pop() else {
            self.end();
            return;
        };
        match self.open.get(file) {
            Some(None) => self.open(file),
            _ => self.emit(at, file),
        }
    }

    fn end(&mut self) {
        self.ended = true;
        if let Some(twice) = self.twice.take() {
            self.plan.origins.add_lost(twice.finish());
        }
    }

    fn open(&mut self, file: usize) {
        let Some(planned) = self.plan.files.get(file) else {
            return;
        };
        match planned.from.open() {
            Ok(reader) => self.advance(file, reader, 0),
            Err(error) => self.fail(&error.to_string(), ended_by(&error)),
        }
    }

    /// Reads on to the next frame of a file, and queues it.
    fn advance(&mut self, file: usize, mut reader: Reader, notes: usize) {
        let clock = self
            .plan
            .files
            .get(file)
            .map(|planned| planned.clock)
            .unwrap_or_default();
        let found = match reader.next_frame() {
            Ok(found) => found.map(|frame| (clock.common(frame.at), Next::of(&frame))),
            Err(error) => {
                self.fail(&error.to_string(), ended_by(&error));
                None
            }
        };
        let notes = self.tell(file, &reader, notes);
        let Some((at, next)) = found else {
            self.close(file, &reader);
            return;
        };
        self.queue.push(Reverse((at, file)));
        if let Some(place) = self.open.get_mut(file) {
            *place = Some(Input {
                reader,
                next,
                notes,
            });
        }
    }

    /// Passes on what a reader noted since. How much that is in all.
    fn tell(&self, file: usize, reader: &Reader, known: usize) -> usize {
        let notes = &reader.info().notes;
        let (Some(account), Some(new)) = (
            &self.account,
            notes.get(known..).filter(|new| !new.is_empty()),
        ) else {
            return notes.len();
        };
        let name = self
            .plan
            .origins
            .files()
            .get(file)
            .map_or("", String::as_str);
        account.with(|told| {
            for note in new {
                let frame = note.frame.map(|_| FrameNo(self.no + 1));
                told.notes
                    .push((frame, note.offset, format!("{name}: {}", note.text)));
            }
        });
        notes.len()
    }

    fn close(&mut self, file: usize, reader: &Reader) {
        self.done += reader.info().file_bytes.unwrap_or_default();
        if let Some(account) = &self.account {
            account.with(|told| told.dropped += reader.info().dropped);
        }
        if let Some(error) = reader.failure() {
            self.fail(&error.to_string(), ended_by(&error));
        }
        if let Some(twice) = &mut self.twice {
            twice.ends(file);
        }
    }

    /// One file cannot be read on; the others can. The capture ends with its error.
    fn fail(&mut self, text: &str, error: io::Error) {
        if let Some(account) = &self.account {
            let note = (Some(FrameNo(self.no + 1)), None, text.to_owned());
            account.with(|told| told.notes.push(note));
        }
        self.failure.get_or_insert(error);
    }

    fn emit(&mut self, at: Timestamp, file: usize) {
        let Some(input) = self.open.get_mut(file).and_then(Option::take) else {
            return;
        };
        let Input {
            reader,
            next,
            notes,
        } = input;
        self.no = self.no.saturating_add(1);
        let frame = Frame {
            no: FrameNo(self.no),
            at,
            offset: next.offset,
            data: reader.octets(next.offset, next.len),
            wire_len: next.wire_len,
            link: next.link,
            mark: crate::capture::reader::Mark::default(),
        };
        if let Some(twice) = &mut self.twice
            && twice.is_copy(&frame, file)
        {
            self.plan.origins.add_copy(self.no);
        }
        let written = match &mut self.out {
            Out::Plain(octets) => {
                let fine = self.plan.plain.is_some_and(|plain| plain.nanoseconds);
                write::record(octets, &frame, fine)
            }
            Out::Blocks(writer) => {
                let is_common = self
                    .plan
                    .files
                    .get(file)
                    .is_some_and(|it| it.clock.is_common());
                let fine = reader.info().time_digits == 9 || !is_common;
                writer.write_in(&frame, fine, &[])
            }
        };
        if let Err(error) = written {
            self.failure.get_or_insert(error);
        }
        self.fresh.push((self.no, next.no.0, file));
        self.advance(file, reader, notes);
    }
}

impl Next {
    fn of(frame: &Frame<'_>) -> Self {
        Self {
            no: frame.no,
            offset: frame.offset,
            len: frame.data.len(),
            wire_len: frame.wire_len,
            link: frame.link,
        }
    }
}

impl Read for Merged {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let at = self.at;
            let mut left = self.out.octets().get(at..).unwrap_or_default();
            if !left.is_empty() {
                let count = left.read(buffer)?;
                self.at += count;
                return Ok(count);
            }
            if self.ended {
                return self.failure.take().map_or(Ok(0), Err);
            }
            self.fill();
        }
    }
}
