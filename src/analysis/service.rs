//! A capture being read on a thread of its own, so that the screen never waits.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::analysis::reading::{Analysis, STEP};
use crate::analysis::{AnalysedFlow, CallRow, Options};
use crate::call::CallNo;
use crate::call::pages::CodedPage;
use crate::capture::{CaptureInfo, Error};

mod follow;
mod requests;
mod stalled_faxes;
mod waiting;

use follow::{Change, Followed};
use stalled_faxes::StalledFaxes;
use waiting::{holds_something, wait_for};

/// Poll interval of a growing file without new data.
const GROWING: Duration = Duration::from_millis(250);
/// The same for a pipe, which wakes the reader by itself.
const PIPE: Duration = Duration::from_millis(50);
/// Between two analyses of what has come so far.
const SETTLE: Duration = Duration::from_millis(500);
/// Between two updates of the rows while reading.
const ROWS: Duration = Duration::from_millis(200);
/// Between two progress updates.
const PROGRESS: Duration = Duration::from_millis(100);
/// Faxes analysed between two checks for requests.
const FAXES: usize = 8;

/// The screen's end of a capture that is read, or has been read, on another thread.
#[derive(Debug)]
pub struct Service {
    requests: Sender<Request>,
    updates: Receiver<Update>,
}

#[derive(Debug)]
enum Request {
    Open(Vec<CallNo>, bool),
    Pages(CallNo),
    Save(Vec<CallNo>, PathBuf),
    Keep(PathBuf),
}

/// Messages from the thread.
#[derive(Clone, Debug)]
pub enum Update {
    /// How far it is; about ten times a second while reading.
    Progress(CaptureInfo),
    /// Calls that are new or have changed since the last such update.
    Rows(Vec<CallRow<'static>>),
    /// Numbers that no call has any more, in order: dropped ones (`--keep-calls`).
    Dropped(Vec<CallNo>),
    /// The answer to [`Service::open`]; also sent again, unasked, when an open call has changed (`--follow`).
    Opened(AnalysedFlow),
    /// The answer to [`Service::pages`]: the pages of a call in order.
    Pages(CallNo, Vec<CodedPage>),
    /// The answer to [`Service::save_packets`]: what is there now, in words for the user, or what went wrong.
    Saved(Result<String, String>),
    /// The answer to [`Service::keep`], as that to `save_packets`.
    Kept(Result<String, String>),
    /// The capture is read to its end and all faxes are analysed.
    Finished(CaptureInfo),
    /// A request or the reading failed, in words for the user.
    Failed(String),
}

impl Service {
    /// Opens the capture and starts reading it.
    ///
    /// A file that is followed may be absent or empty: whoever writes it has just been started.
    pub fn start(options: Options) -> Result<Self, Error> {
        let (requests, inbox) = channel();
        let (outbox, updates) = channel();
        let waits = options.follow && !holds_something(&options);
        let analysis = if waits {
            None
        } else {
            Some(Analysis::open(options.clone())?)
        };
        // The thread ends when the screen is gone: sending fails.
        thread::spawn(move || {
            let Some(analysis) = analysis.or_else(|| wait_for(&options, &inbox, &outbox)) else {
                return;
            };
            let mut worker = Worker::new(options, analysis, inbox, outbox);
            worker.run();
        });
        Ok(Self { requests, updates })
    }

    /// The next update, or `None` if none comes within `timeout` (zero: do not wait).
    pub fn next(&self, timeout: Duration) -> Option<Update> {
        if timeout.is_zero() {
            self.updates.try_recv().ok()
        } else {
            self.updates.recv_timeout(timeout).ok()
        }
    }

    /// Asks for one or two calls to be loaded in full; the answer is [`Update::Opened`].
    /// With one call number and `other_leg`, the other leg is added if there is one.
    pub fn open(&self, calls: Vec<CallNo>, other_leg: bool) {
        // Cannot fail: the worker lives as long as the screen.
        let _ = self.requests.send(Request::Open(calls, other_leg));
    }

    /// Asks for the pages of a call with their coded data; the answer is [`Update::Pages`].
    pub fn pages(&self, call: CallNo) {
        let _ = self.requests.send(Request::Pages(call));
    }

    /// Asks for the packets of calls to be written as a pcap file; the answer is [`Update::Saved`].
    pub fn save_packets(&self, calls: Vec<CallNo>, path: PathBuf) {
        let _ = self.requests.send(Request::Save(calls, path));
    }

    /// Asks for what came through a pipe to be written to a file; the answer is [`Update::Kept`].
    pub fn keep(&self, path: PathBuf) {
        let _ = self.requests.send(Request::Keep(path));
    }
}

/// The screen is gone.
struct Gone;

struct Worker {
    options: Options,
    analysis: Analysis,
    /// The file by its name, while it is followed.
    followed: Option<Followed>,
    inbox: Receiver<Request>,
    outbox: Sender<Update>,
    opened: Option<(Vec<CallNo>, bool)>,
    /// The capture grows (or grew) while it is looked at.
    grows: bool,
    /// Faxes whose rows were sent while reading went on, to be analysed at the next rest.
    faxes: BTreeSet<CallNo>,
    stalled: StalledFaxes,
    rows_at: Instant,
    settled_at: Instant,
    progress_at: Instant,
}

impl Worker {
    fn new(
        options: Options,
        analysis: Analysis,
        inbox: Receiver<Request>,
        outbox: Sender<Update>,
    ) -> Self {
        let now = Instant::now();
        let followed = (options.follow && analysis.info().file_bytes.is_some())
            .then(|| Followed::new(&options.file, &analysis.info().files));
        Self {
            grows: analysis.is_live(),
            options,
            analysis,
            followed,
            inbox,
            outbox,
            opened: None,
            faxes: BTreeSet::new(),
            stalled: StalledFaxes::default(),
            rows_at: now,
            settled_at: now.checked_sub(SETTLE).unwrap_or(now),
            progress_at: now,
        }
    }

    fn run(&mut self) {
        // Fails only when the screen is gone.
        if self.read().is_ok() {
            let _ = self.serve();
        }
    }

    fn send(&self, update: Update) -> Result<(), Gone> {
        self.outbox.send(update).map_err(|_gone| Gone)
    }

    /// Reads to the end, answering requests on the way.
    fn read(&mut self) -> Result<(), Gone> {
        loop {
            let more = match self.analysis.step(STEP) {
                Ok(more) => more,
                Err(error) => {
                    self.send(Update::Failed(error.to_string()))?;
                    return self.settle();
                }
            };
            self.answer_waiting()?;
            if self.progress_at.elapsed() >= PROGRESS {
                self.progress_at = Instant::now();
                self.send(Update::Progress(self.analysis.info().clone()))?;
            }
            if more && self.rows_at.elapsed() >= ROWS {
                self.send_changed()?;
            }
            if more {
                continue;
            }
            if self.analysis.is_finished() {
                return self.settle();
            }
            // A file that grows: analysed at intervals, so that reading keeps up.
            if self.settled_at.elapsed() >= SETTLE {
                self.settle()?;
                self.settled_at = Instant::now();
            }
            self.wait_growing()?;
        }
    }

    /// The end of the file, or of what there is of it so far: new rows, then the faxes among them.
    fn settle(&mut self) -> Result<(), Gone> {
        let renumbered = self.settle_calls()?;
        let mut changed = self.analysis.changed();
        let finished = self.analysis.is_finished();
        if renumbered {
            self.stalled.forget(|_| true);
        }
        if let Some(now) = self.analysis.info().last_time.filter(|_| !finished) {
            changed.extend(self.stalled.due(now));
        }
        let shown = if renumbered || (finished && !self.grows) {
            self.analysis.numbers().collect()
        } else {
            // The other leg of a changed call changes too; faxes found while reading are still to be analysed.
            let others = changed
                .iter()
                .filter_map(|one| self.analysis.other_leg(*one));
            let mut shown: BTreeSet<CallNo> = changed.iter().copied().chain(others).collect();
            shown.append(&mut self.faxes);
            Vec::from_iter(shown)
        };
        let rows: Vec<_> = shown
            .iter()
            .filter_map(|number| self.row(*number))
            .collect();
        // At the end of a growing capture, faxes in progress are analysed again.
        let again = self.analysis.numbers().filter(|_| finished && self.grows);
        let faxes: BTreeSet<CallNo> = shown
            .iter()
            .copied()
            .chain(again)
            .filter(|number| self.analysis.may_be_fax(*number))
            .collect();
        let mut faxes = Vec::from_iter(faxes);
        if finished {
            faxes.extend(self.analysis.refused());
        }
        if !rows.is_empty() || finished {
            self.send(Update::Rows(rows))?;
        }
        self.analyse(&faxes)?;
        if !finished {
            self.reopen(&changed)?;
        }
        let info = self.analysis.info().clone();
        self.send(if self.analysis.is_live() {
            Update::Progress(info)
        } else {
            Update::Finished(info)
        })
    }

    fn row(&self, number: CallNo) -> Option<CallRow<'static>> {
        self.analysis.row(number).map(CallRow::into_owned)
    }

    /// Numbers the calls, and drops those beyond what the user wants kept. True: others may have other numbers.
    fn settle_calls(&mut self) -> Result<bool, Gone> {
        let renumbered = self.analysis.settle();
        let opened = self.opened.as_ref().map(|(calls, _)| calls.as_slice());
        let gone = self.analysis.evict_calls(opened.unwrap_or_default());
        if !gone.is_empty() {
            self.stalled
                .forget(|number| gone.binary_search(&number).is_ok());
            self.faxes
                .retain(|number| gone.binary_search(number).is_err());
            self.send(Update::Dropped(gone))?;
        }
        Ok(renumbered)
    }

    fn analyse(&mut self, faxes: &[CallNo]) -> Result<(), Gone> {
        for some in faxes.chunks(FAXES) {
            match self.analysis.analyse_all(some, false) {
                Ok(analysed) => {
                    self.analysis.note_analysed(&analysed);
                    for one in &analysed {
                        let last_packet = one.call.ended.is_none().then_some(one.call.last_packet);
                        self.stalled.note(one.call.number, last_packet);
                    }
                    let rows = analysed
                        .iter()
                        .filter_map(|one| Some(self.row(one.call.number)?.with(one)))
                        .collect();
                    self.send(Update::Rows(rows))?;
                }
                Err(error) => self.send(Update::Failed(format!(
                    "cannot read the capture again: {error}"
                )))?,
            }
            self.answer_waiting()?;
        }
        Ok(())
    }

    /// New rows while reading goes on; their faxes wait.
    fn send_changed(&mut self) -> Result<(), Gone> {
        let renumbered = self.settle_calls()?;
        let mut changed = self.analysis.changed();
        if renumbered {
            changed = self.analysis.numbers().collect();
        }
        let rows: Vec<_> = changed
            .into_iter()
            .filter_map(|number| self.row(number))
            .collect();
        self.faxes
            .extend(rows.iter().filter(|row| row.pending).map(|row| row.number));
        // Settling a hundred thousand calls takes long; reading must go on in between.
        self.rows_at = Instant::now();
        if rows.is_empty() {
            Ok(())
        } else {
            self.send(Update::Rows(rows))
        }
    }

    /// Waits for more data or a request.
    fn wait_growing(&mut self) -> Result<(), Gone> {
        if self.analysis.wait(PIPE) {
            return self.answer_waiting();
        }
        match self.inbox.recv_timeout(GROWING) {
            Ok(request) => self.answer(request),
            Err(RecvTimeoutError::Timeout) => self.look_at_name(),
            Err(RecvTimeoutError::Disconnected) => Err(Gone),
        }
    }

    /// Of a file that is followed: whether it is still the one of its name. All of the one at hand was read.
    fn look_at_name(&mut self) -> Result<(), Gone> {
        let read = self.analysis.info().file_pos;
        let Some(change) = self.followed.as_mut().and_then(|it| it.look(read)) else {
            return Ok(());
        };
        if change == Change::Deleted {
            self.analysis.note(change.text());
            return self.send(Update::Progress(self.analysis.info().clone()));
        }
        // Not long enough to tell what it is, or no capture: at the next look.
        if !holds_something(&self.options) {
            return Ok(());
        }
        let Ok(mut analysis) = Analysis::open(self.options.clone()) else {
            return Ok(());
        };
        analysis.note(change.text());
        let old: Vec<CallNo> = self.analysis.numbers().collect();
        self.followed = Some(Followed::new(&self.options.file, &analysis.info().files));
        self.analysis = analysis;
        self.opened = None;
        self.faxes.clear();
        self.stalled = StalledFaxes::default();
        self.send(Update::Dropped(old))?;
        self.send(Update::Progress(self.analysis.info().clone()))
    }
}
