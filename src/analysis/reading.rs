//! One capture, read step by step: reader, decoder, index; calls numbered, loaded and diagnosed on demand.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::analysis::Options;
use crate::analysis::reading::ingest::Ingest;
use crate::call::correlate::{self, Listed, Partners};
use crate::call::evidence;
use crate::call::index::{DialogEntry, DialogId, FlowId, Index, Map};
use crate::call::load::{Source, t38_arrivals};
use crate::call::log::CallLog;
use crate::call::{CallNo, CallState, EventKind};
use crate::capture::packet::Decoder;
use crate::capture::reader::{Mark, Reader};
use crate::capture::store::Store;
use crate::capture::{CaptureInfo, Endpoint, Error, FrameNo, Note, Timestamp};
use crate::file;
use crate::t38::stream::{Arrival, Framing};

mod batch;
mod beside;
mod evict_calls;
#[cfg(test)]
mod fixture;
mod ingest;
mod remarks;
mod row;
mod saving;
mod sound;

/// End of the note about packets that are left out.
const LIMITS: &str =
    ": more SIP messages of one call, or T.38 packets or media flows, than any network has";

/// A capture being read, and what was found so far.
#[derive(Debug)]
pub struct Analysis {
    options: Options,
    reader: Reader,
    decoder: Decoder,
    store: Store,
    index: Index,
    /// Calls in order: the call number is the place plus one, as long as none was dropped.
    calls: Vec<DialogId>,
    dropped: evict_calls::Dropped,
    /// The number of each dialog of the index that is a call.
    numbers: Vec<Option<CallNo>>,
    partners: Partners,
    /// The first frame.
    start: Option<Mark>,
    /// Calls without SIP and T.38 whose sound was decoded: up to which frame, and whether it is a fax.
    listened: Map<DialogId, (FrameNo, bool)>,
    /// Suspected calls that turned out to be no faxes: as of which frame.
    no_fax: Map<DialogId, FrameNo>,
    /// Sound collected in a pass of its own.
    kept_sound: Map<FlowId, sound::KeptSound>,
    /// What the PBX's logs have of the calls; `None`: not read yet.
    logs: Option<HashMap<CallNo, Arc<CallLog>>>,
    /// At which error calls could not be listened to.
    failure: Option<Error>,
    finished: bool,
    /// The capture, where it is a file of our own that goes with this.
    kept: Option<tempfile::TempPath>,
}

impl Analysis {
    /// Opens a capture.
    pub fn open(options: Options) -> Result<Self, Error> {
        beside::can_be_read(&options.logs)?;
        let mut reader = match &options.merged {
            Some(inputs) => Reader::open_all(inputs)?,
            None => Reader::open(&options.file)?,
        };
        reader.follow(options.follow);
        if let Some(name) = &options.shown_as {
            reader.info_mut().file.clone_from(name);
        }
        let store = Store::new(&reader);
        let decoder = Decoder::of(reader.info());
        Ok(Self {
            options,
            reader,
            decoder,
            store,
            index: Index::new(),
            calls: Vec::new(),
            dropped: evict_calls::Dropped::default(),
            numbers: Vec::new(),
            partners: Partners::default(),
            start: None,
            listened: Map::default(),
            no_fax: Map::default(),
            kept_sound: Map::default(),
            logs: None,
            failure: None,
            finished: false,
            kept: None,
        })
    }

    /// Writes what came through a pipe to a file, up to the last whole frame. With it how many frames that are.
    pub fn keep(&self, path: &Path, how: file::How) -> Result<(u64, file::Written), file::Error> {
        let octets = self.reader.consumed();
        let info = self.info();
        let written = file::write(path, &info.files, how, |out| {
            self.store.copy_to(octets, out)
        });
        written.map(|((), written)| (info.packets, written))
    }

    /// Reads at most `frames` frames. False: there are no more (for now, where the file grows).
    pub fn step(&mut self, frames: usize) -> Result<bool, Error> {
        let more = self.advance(frames);
        self.index.distribute_locations();
        more
    }

    /// As [`Analysis::step`], for a caller that loads no call before it settles.
    fn advance(&mut self, frames: usize) -> Result<bool, Error> {
        let mut ingest = Ingest {
            decoder: &mut self.decoder,
            index: &mut self.index,
            store: &mut self.store,
            start: &mut self.start,
            failure: None,
        };
        let mut left = frames;
        while left > 0 {
            left -= self.reader.run(left, |plain| ingest.take(plain));
            if left == 0 {
                break;
            }
            let ended = !self.reader.is_live();
            let Some(frame) = self.reader.next_frame()? else {
                self.finished = !self.options.follow && ended;
                break;
            };
            ingest.take_any(&frame);
            left -= 1;
        }
        if let Some(source) = ingest.failure {
            // What was read until now can be shown, and must not look like all of it.
            let error = spool_error(&self.options.file, source);
            self.reader.fail(&error.to_string());
            self.failure.get_or_insert(error);
            self.finished = true;
            return Ok(false);
        }
        Ok(left == 0)
    }

    /// Reads to the end.
    pub fn read_all(&mut self, mut progress: impl FnMut(&CaptureInfo)) -> Result<(), Error> {
        while self.advance(STEP)? || self.wait(PATIENCE) {
            progress(self.reader.info());
        }
        self.reader.note_growth();
        self.settle();
        Ok(())
    }

    /// The error of the system because of which something of the capture is not in the calls, if there was one.
    pub fn take_failure(&mut self) -> Option<Error> {
        self.reader.failure().or_else(|| self.failure.take())
    }

    /// Waits for data of a pipe, up to a timeout. False: it is no pipe, or it is read to its end.
    pub fn wait(&self, timeout: Duration) -> bool {
        let waits = !self.finished && self.reader.info().file_bytes.is_none();
        if waits {
            self.reader.wait(timeout);
        }
        waits
    }

    /// Assigns media without SDP to calls, numbers the calls and finds the other legs.
    ///
    /// True: calls that had a number may have another one now.
    pub fn settle(&mut self) -> bool {
        self.index.distribute_locations();
        for incomplete in self.decoder.take_incomplete(self.finished) {
            // Without room in the spool the call has one row less.
            let _ = self.index.incomplete(&incomplete, &mut self.store);
        }
        self.index.join_unclaimed();
        // No media: nothing to scan.
        if !self.index.flows().is_empty() {
            if self.finished {
                self.keep_sound();
            }
            self.listen();
        }
        let finished = self.finished;
        self.reader.note_uid();
        let info = self.reader.info_mut();
        self.decoder.report(info, finished);
        info.duplicate_frames += self.index.copies;
        if self.index.left_out > 0 {
            info.notes.retain(|note| !note.text.ends_with(LIMITS));
            info.notes.push(Note {
                frame: None,
                offset: None,
                text: format!("{} packets are left out{LIMITS}", self.index.left_out),
            });
        }
        let renumbered = self.list();
        if self.finished {
            self.remark();
            self.read_logs();
        }
        renumbered
    }

    /// Numbers the calls and finds the other legs. True: as [`Analysis::settle`].
    fn list(&mut self) -> bool {
        let mut listed: Vec<Listed<'_>> = (0..)
            .zip(self.index.dialogs())
            .map(|(at, dialog)| (DialogId(at), dialog))
            .filter(|(id, dialog)| {
                dialog.is_call(self.carries_fax(dialog)) && self.heard_or_seen(*id)
            })
            .map(|(id, dialog)| Listed::new(id, dialog))
            .collect();
        listed.sort_by_key(|listed| (listed.first_frame, listed.id));
        self.partners = correlate::partners(&self.index, &listed);
        let frames = listed.iter().map(|listed| listed.first_frame);
        let given: Vec<CallNo> = self.dropped.number(frames).collect();
        let calls: Vec<DialogId> = listed.iter().map(|listed| listed.id).collect();
        let mut numbers = vec![None; self.index.dialogs().len()];
        for (id, number) in calls.iter().zip(&given) {
            if let Some(place) = usize::try_from(id.0)
                .ok()
                .and_then(|at| numbers.get_mut(at))
            {
                *place = Some(*number);
            }
        }
        let renumbered = !calls.starts_with(&self.calls);
        if renumbered && !self.dropped.is_none() {
            let old: Vec<CallNo> = self.numbers().collect();
            self.dropped.renumber(&old, &given);
        }
        self.numbers = numbers;
        self.calls = calls;
        renumbered
    }

    /// Adds a note on the capture as a whole: the first one.
    pub fn note(&mut self, text: &str) {
        let note = Note {
            frame: None,
            offset: None,
            text: text.to_owned(),
        };
        self.reader.info_mut().notes.insert(0, note);
    }

    /// Whether it comes through a pipe that may give more.
    pub fn is_live(&self) -> bool {
        self.reader.is_live()
    }

    /// Whether the capture is read to its end.
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    /// About the capture.
    pub fn info(&self) -> &CaptureInfo {
        self.reader.info()
    }

    /// Numbers of all calls, in order.
    pub fn numbers(&self) -> impl Iterator<Item = CallNo> + '_ {
        self.calls.iter().filter_map(|id| self.number_of(*id))
    }

    /// The call with this Call-ID.
    pub fn by_call_id(&self, call_id: &str) -> Option<CallNo> {
        let fits = |id: &DialogId| {
            self.index
                .dialog(*id)
                .and_then(|dialog| self.index.names(dialog).call_id())
                .is_some_and(|own| own == call_id.as_bytes())
        };
        self.calls
            .iter()
            .find(|id| fits(id))
            .and_then(|id| self.number_of(*id))
    }

    fn source(&self) -> Source<'_> {
        Source {
            index: &self.index,
            store: &self.store,
            info: self.reader.info(),
            unfinished: !self.finished,
            fax_numbers: &self.options.site.fax_numbers,
            logs: self.logs.as_ref().unwrap_or(&NO_LOGS),
            turned: false,
        }
    }

    fn id_of(&self, number: CallNo) -> Option<DialogId> {
        let place = if self.dropped.is_none() {
            usize::try_from(number.0).ok()?.checked_sub(1)?
        } else {
            let number_at = |id: &DialogId| self.number_of(*id);
            self.calls
                .binary_search_by_key(&Some(number), number_at)
                .ok()?
        };
        self.calls.get(place).copied()
    }

    fn number_of(&self, id: DialogId) -> Option<CallNo> {
        let place = usize::try_from(id.0).ok()?;
        self.numbers.get(place).copied().flatten()
    }

    fn carries_fax(&self, dialog: &DialogEntry) -> bool {
        dialog
            .flows
            .iter()
            .filter_map(|id| self.index.flow(*id))
            .any(super::super::call::index::FlowEntry::may_be_fax)
    }

    /// Whether a call may be a fax: only these are loaded without being asked for.
    pub fn may_be_fax(&self, number: CallNo) -> bool {
        let dialog = self.id_of(number).and_then(|id| self.index.dialog(id));
        dialog.is_some_and(|dialog| self.is_suspect(dialog))
    }

    fn is_suspect(&self, dialog: &DialogEntry) -> bool {
        let is_named = || {
            let names = self.index.names(dialog);
            let numbers = &self.options.site.fax_numbers;
            [names.from(), names.to()]
                .iter()
                .any(|user| evidence::is_named(user, numbers))
        };
        dialog.t38_offered || self.carries_fax(dialog) || is_named()
    }

    /// The numbers of those for which [`Analysis::may_be_fax`] is true, in order.
    pub fn suspects(&self) -> impl Iterator<Item = CallNo> + '_ {
        let is_suspect = |id: &&DialogId| {
            let dialog = self.index.dialog(**id);
            dialog.is_some_and(|dialog| self.is_suspect(dialog))
        };
        let suspects = self.calls.iter().filter(is_suspect);
        suspects.filter_map(|id| self.number_of(*id))
    }

    /// Whether a call was refused or never answered: it may have been the fax (it counts for the exit status of `check`).
    pub fn never_connected(&self, number: CallNo) -> bool {
        let dialog = self.id_of(number).and_then(|id| self.index.dialog(id));
        dialog.is_some_and(|dialog| dialog.answered.is_none() && dialog.starts_with_invite)
    }

    /// Calls that were refused or never answered and show no sign of a fax; of very many the first. The list says why.
    pub fn refused(&self) -> Vec<CallNo> {
        const MOST: usize = 200;
        let refused = |number: &CallNo| {
            let dialog = self.id_of(*number).and_then(|id| self.index.dialog(id));
            dialog.is_some_and(|dialog| {
                matches!(dialog.state, CallState::Rejected | CallState::Unanswered)
            }) && !self.may_be_fax(*number)
        };
        self.numbers().filter(refused).take(MOST).collect()
    }

    /// The best other leg of a call.
    pub fn other_leg(&self, number: CallNo) -> Option<CallNo> {
        self.other_leg_of(self.id_of(number)?)
    }

    fn other_leg_of(&self, id: DialogId) -> Option<CallNo> {
        let best = self.partners.get(&id)?.first()?;
        // Each must be the best candidate of the other; else a third call between them is the other leg.
        let back = self.partners.get(best)?.first()?;
        (*back == id).then(|| self.number_of(*best))?
    }

    fn other_candidates(&self, number: CallNo) -> Vec<CallNo> {
        let best = self.other_leg(number);
        let Some(list) = self.id_of(number).and_then(|id| self.partners.get(&id)) else {
            return Vec::new();
        };
        list.iter()
            .filter_map(|id| self.number_of(*id))
            .filter(|number| Some(*number) != best)
            .collect()
    }

    /// Calls that changed since the last time this was asked.
    pub fn changed(&mut self) -> Vec<CallNo> {
        let changed = self.index.changed();
        changed
            .iter()
            .filter_map(|id| self.number_of(*id))
            .collect()
    }

    /// Writes the packets of some calls: as pcap where the name ends so, else as pcapng with the hints as comments of
    /// their frames. How many.
    pub fn save_packets(
        &self,
        numbers: &[CallNo],
        path: &Path,
        how: file::How,
    ) -> Result<(u64, file::Written), file::Error> {
        let is_pcap = path
            .extension()
            .is_some_and(|end| end.eq_ignore_ascii_case("pcap") || end.eq_ignore_ascii_case("cap"));
        file::write(path, &self.info().files, how, |out| {
            let start = self
                .start
                .ok_or_else(|| io::Error::other("the capture is empty"))?;
            let calls = self.dialogs_of(numbers);
            let comments = if is_pcap {
                None
            } else {
                Some(saving::comments(&self.flow(numbers, false)?))
            };
            let saved = (&self.index, calls.as_slice());
            saving::packets(&self.store, start, saved, comments.as_ref(), out)
        })
    }

    /// All frames once more; `None`: there are none.
    pub(crate) fn frames(&self) -> io::Result<Option<Reader>> {
        self.start
            .map(|start| self.store.frames_from(start))
            .transpose()
    }

    /// The T.38 packets of each flow, with how they are framed.
    pub(crate) fn t38_streams(&self) -> io::Result<Vec<(Framing, Vec<Arrival<'_>>)>> {
        let source = self.source();
        let flows = self
            .index
            .flows()
            .iter()
            .filter(|flow| !flow.t38.is_empty());
        flows
            .map(|flow| Ok((flow.framing, t38_arrivals(&source, flow)?)))
            .collect()
    }

    /// Where tones of fax machines are heard in sound, by path: from when until when.
    pub(crate) fn tones(&self) -> io::Result<HashMap<(Endpoint, Endpoint), Vec<Span>>> {
        /// Calls loaded at once.
        const BATCH: usize = 8;
        let mut out: HashMap<_, Vec<_>> = HashMap::new();
        let suspects: Vec<CallNo> = self.suspects().collect();
        for some in suspects.chunks(BATCH) {
            for one in self.analyse_all(some, false)? {
                for event in one.call.events.iter().chain(&one.call.copies) {
                    if let EventKind::Tone { .. } = event.kind {
                        let path = (event.src, event.dst);
                        out.entry(path).or_default().push((event.at, event.end));
                    }
                }
            }
        }
        Ok(out)
    }

    /// Paths that media took.
    pub(crate) fn media_paths(&self) -> HashSet<(Endpoint, Endpoint)> {
        self.index
            .flows()
            .iter()
            .map(|flow| (flow.src, flow.dst))
            .collect()
    }

    /// Keeps a redacted capture for as long as it is read: it goes with this.
    pub(crate) fn keep_redacted(&mut self, file: tempfile::TempPath) {
        self.reader.info_mut().redacted = true;
        self.kept = Some(file);
    }

    /// What is known of the capture that this one was made of, and is not in it.
    pub(crate) fn inherit(&mut self, from: &CaptureInfo) {
        let info = self.reader.info_mut();
        info.dropped = from.dropped;
        info.format = from.format;
        info.time_digits = from.time_digits;
        let damage = from.notes.iter().filter(|note| note.offset.is_some());
        info.notes.extend(damage.cloned());
        info.files.extend(from.files.iter().copied());
    }

    fn dialogs_of(&self, numbers: &[CallNo]) -> Vec<DialogId> {
        numbers
            .iter()
            .filter_map(|number| self.id_of(*number))
            .collect()
    }
}

/// From when until when.
pub(crate) type Span = (Timestamp, Timestamp);

/// Before the logs are read.
static NO_LOGS: std::sync::LazyLock<HashMap<CallNo, Arc<CallLog>>> =
    std::sync::LazyLock::new(HashMap::new);

/// Longest wait for a pipe between two progress updates.
const PATIENCE: Duration = Duration::from_millis(200);

/// Frames read between two checks for requests.
pub const STEP: usize = 4096;

fn spool_error(file: &Path, source: io::Error) -> Error {
    Error::Io {
        file: file.display().to_string(),
        action: "cannot keep what is read in a temporary file",
        source,
    }
}
