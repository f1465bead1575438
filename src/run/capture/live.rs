//! What is captured, while it runs: on the screen, or line by line.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::Recording;
use crate::analysis::CallRow;
use crate::analysis::service::{Service, Update};
use crate::call::evidence::is_named;
use crate::call::{CallNo, CallState, Verdict};
use crate::capture::Note;
use crate::run::{Failure, Status, locale};
use crate::run::{complain, print};
use crate::tui;
use crate::view::plain;

/// Updates of the service, with what is to be told of the capture itself.
pub(super) struct Live<'r> {
    service: Service,
    recording: &'r Recording,
    /// Only calls from or to one of these.
    numbers: &'r [String],
    told: RefCell<Told>,
}

#[derive(Default)]
struct Told {
    /// What to do now: the first note of the capture.
    advice: String,
    /// Faxes that were told as ended, and how.
    faxes: BTreeMap<CallNo, String>,
    /// Calls that are shown.
    shown: HashSet<CallNo>,
    /// To be told next.
    waiting: Vec<Result<String, String>>,
    /// That the program ended was told.
    trouble: bool,
}

impl<'r> Live<'r> {
    pub(super) fn new(service: Service, recording: &'r Recording, numbers: &'r [String]) -> Self {
        let advice = format!(
            "capturing with {} into {}: send the fax now; q stops the capture and keeps the file",
            recording.name,
            recording.path.display()
        );
        Self {
            service,
            recording,
            numbers,
            told: RefCell::new(Told {
                advice,
                ..Told::default()
            }),
        }
    }

    /// Whether a call is of a number that is asked for.
    fn is_wanted(&self, row: &CallRow<'_>) -> bool {
        let named = |user: &str| is_named(user, self.numbers);
        self.numbers.is_empty() || named(&row.from) || named(&row.to)
    }

    /// What the service has, as far as it is wanted; an end of a fax is noted.
    fn pass(&self, update: Update) -> Update {
        let mut told = self.told.borrow_mut();
        match update {
            Update::Progress(mut info) => {
                info.notes.insert(0, note(&told.advice));
                Update::Progress(info)
            }
            Update::Finished(mut info) => {
                info.notes.insert(0, note(&told.advice));
                Update::Finished(info)
            }
            Update::Rows(mut rows) => {
                rows.retain(|row| self.is_wanted(row));
                for row in &rows {
                    told.shown.insert(row.number);
                    told.note_end(row);
                }
                Update::Rows(rows)
            }
            Update::Dropped(mut numbers) => {
                numbers.retain(|number| told.shown.remove(number));
                for number in &numbers {
                    told.faxes.remove(number);
                }
                Update::Dropped(numbers)
            }
            other => other,
        }
    }

    /// What is to be told of the capture itself.
    fn own(&self) -> Option<Update> {
        let mut told = self.told.borrow_mut();
        if !told.trouble
            && let Some(trouble) = self.recording.trouble()
        {
            told.trouble = true;
            told.advice = format!("{trouble}; the capture is over, q keeps the file");
            told.waiting.push(Err(trouble));
        }
        (!told.waiting.is_empty()).then(|| match told.waiting.remove(0) {
            Ok(text) => Update::Saved(Ok(text)),
            Err(text) => Update::Failed(text),
        })
    }

    /// Without a screen: what happens, a line each, until a signal comes or nothing more can.
    pub(super) fn lines(&self, ended: &AtomicBool, quiet: bool) -> Result<Status, Failure> {
        /// After the end the last packets are looked at so long.
        const REST: Duration = Duration::from_millis(1500);
        let mut lines = Lines::default();
        if !quiet {
            let advice = self
                .told
                .borrow()
                .advice
                .replace("; q stops the capture", "; ^C stops the capture");
            complain(&advice);
        }
        let mut over: Option<Instant> = None;
        let mut failed = false;
        loop {
            if over.is_none() && (ended.load(Ordering::SeqCst) || self.told.borrow().trouble) {
                self.recording.stop();
                over = Some(Instant::now());
            }
            if over.is_some_and(|since| since.elapsed() > REST) {
                break;
            }
            let Some(update) = tui::Source::next(self, Duration::from_millis(50)) else {
                continue;
            };
            match update {
                Update::Rows(rows) => {
                    over = over.map(|_| Instant::now());
                    for row in &rows {
                        lines.tell(row)?;
                    }
                }
                Update::Saved(Ok(text)) => say(&text)?,
                Update::Failed(text) => {
                    failed |= !ended.load(Ordering::SeqCst)
                        && self.recording.running.ended() == Some(false);
                    // That the file cannot be written is the last word.
                    if self.recording.state(|state| state.error.is_none()) {
                        complain(&text);
                    }
                }
                _ => {}
            }
        }
        Ok(if failed {
            Status::Unreadable
        } else {
            Status::Good
        })
    }
}

impl Told {
    fn note_end(&mut self, row: &CallRow<'_>) {
        let Some(fax) = row.fax.as_ref().filter(|_| is_over(row) && !row.pending) else {
            return;
        };
        if fax.verdict == Verdict::Incomplete || self.faxes.get(&row.number) == Some(&fax.summary) {
            return;
        }
        let way = if fax.verdict == Verdict::Ok {
            "ended well"
        } else {
            "ended badly"
        };
        // What to do comes before what may be too long for the row.
        let text = format!(
            "fax {way}, the capture can be stopped: call {}, {} to {}: {}",
            row.number, row.from, row.to, fax.summary
        );
        self.faxes.insert(row.number, fax.summary.clone());
        self.advice = text.replacen("stopped", "stopped (q)", 1);
        self.waiting.push(Ok(text));
    }
}

fn is_over(row: &CallRow<'_>) -> bool {
    !matches!(
        row.state,
        CallState::Calling | CallState::Ringing | CallState::InCall
    )
}

fn note(text: &str) -> Note {
    Note {
        frame: None,
        offset: None,
        text: text.to_owned(),
    }
}

/// What was told of each call, and whether it is a fax.
#[derive(Default)]
struct Lines(BTreeMap<CallNo, (String, bool)>);

impl Lines {
    fn tell(&mut self, row: &CallRow<'_>) -> Result<(), Failure> {
        let mut text = format!(
            "call {}: {} to {}: {}",
            row.number,
            row.from,
            row.to,
            row.state.name()
        );
        if let Some(status) = row.status.filter(|status| *status >= 300) {
            text.push_str(&format!(" ({status})"));
        }
        let (said, was_fax) = self.0.entry(row.number).or_default();
        // A row that comes while reading does not know it yet.
        *was_fax |= row.fax.is_some();
        if *was_fax && !is_over(row) {
            text.push_str(", a fax");
        }
        if *said != text {
            say(&text)?;
            *said = text;
        }
        Ok(())
    }
}

fn say(text: &str) -> Result<(), Failure> {
    let text = plain(text, locale::output_is_ascii()).into_owned();
    print(|out| writeln!(out, "{text}")).map(drop)
}

impl tui::Source for Live<'_> {
    fn next(&self, timeout: Duration) -> Option<Update> {
        if let Some(update) = self.own() {
            return Some(update);
        }
        self.service.next(timeout).map(|update| self.pass(update))
    }

    fn open(&self, calls: Vec<CallNo>, other_leg: bool) {
        self.service.open(calls, other_leg);
    }

    fn pages(&self, call: CallNo) {
        self.service.pages(call);
    }

    fn save_packets(&self, calls: Vec<CallNo>, path: PathBuf) {
        self.service.save_packets(calls, path);
    }

    fn keep(&self, path: PathBuf) {
        self.service.keep(path);
    }

    fn leave(&self) {
        self.recording.stop();
    }
}
