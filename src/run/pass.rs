//! Calls and flows of a capture that has been read, loaded one after the other as they are written.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::io::{self, IsTerminal, Write};
use std::slice;
use std::time::{Duration, Instant};

use crate::analysis::reading::Analysis;
use crate::analysis::{Analysed, AnalysedFlow, CallRow};
use crate::call::CallNo;
use crate::capture::{CaptureInfo, Error};
use crate::text::noun;

/// Calls loaded at once.
const BATCH: usize = 8;

/// The first read error of a pass, and the calls that are missing from the output because of it.
#[derive(Debug, Default)]
pub(super) struct Unread(RefCell<Option<(Vec<CallNo>, io::Error)>>);

impl Unread {
    /// Keeps it, if it is the first.
    pub(super) fn note(&self, calls: &[CallNo], error: io::Error) {
        (self.0.borrow_mut()).get_or_insert_with(|| (calls.to_vec(), error));
    }

    /// The error, for standard error once everything else is shown.
    pub(super) fn told(self, analysis: &Analysis) -> Result<(), Error> {
        let Some((calls, source)) = self.0.into_inner() else {
            return Ok(());
        };
        let numbers: Vec<String> = calls.iter().map(|call| call.0.to_string()).collect();
        Err(Error::Broken {
            file: analysis.info().file.clone(),
            place: format!(
                "{} {} again",
                noun(calls.len() as u64, "call"),
                numbers.join(" and ")
            ),
            source,
        })
    }
}

/// Loads several at once. Where that fails, one by one: only those that cannot be read again are left out, and the
/// first of them is noted.
fn load_each<N, T>(
    some: &[N],
    calls: impl Fn(&N) -> &[CallNo],
    unread: &Unread,
    load: impl Fn(&[N]) -> io::Result<Vec<T>>,
) -> Vec<T> {
    load(some).unwrap_or_else(|_| {
        let one = |one: &N| {
            load(slice::from_ref(one)).unwrap_or_else(|error| {
                unread.note(calls(one), error);
                Vec::new()
            })
        };
        some.iter().flat_map(one).collect()
    })
}

/// The rows of all that may be a fax, analysed.
pub(super) fn fax_rows<'a>(analysis: &'a Analysis, unread: &Unread) -> FaxRows<'a> {
    let faxes: Vec<CallNo> = analysis.suspects().collect();
    let mut rows = FaxRows::new();
    for some in faxes.chunks(BATCH) {
        let load = |some: &[CallNo]| analysis.analyse_all(some, false);
        for one in load_each(some, slice::from_ref, unread, load) {
            if let Some(row) = analysis.row(one.call.number) {
                rows.insert(row.number, row.with(&one));
            }
        }
    }
    rows
}

/// Rows of faxes by their numbers.
pub(super) type FaxRows<'a> = HashMap<CallNo, CallRow<'a>>;

/// All rows of the list in order. They are made as they are asked for, each time anew: that costs little, and the
/// memory of a hundred thousand rows more.
#[derive(Clone)]
pub(super) struct Rows<'a> {
    analysis: &'a Analysis,
    faxes: &'a FaxRows<'a>,
    next: CallNo,
}

impl<'a> Rows<'a> {
    pub(super) fn new(analysis: &'a Analysis, faxes: &'a FaxRows<'a>) -> Self {
        Self {
            analysis,
            faxes,
            next: CallNo(1),
        }
    }
}

impl<'a> Iterator for Rows<'a> {
    type Item = Cow<'a, CallRow<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        let number = self.next;
        self.next = CallNo(number.0.saturating_add(1));
        match self.faxes.get(&number) {
            Some(fax) => Some(Cow::Borrowed(fax)),
            None => self.analysis.row(number).map(Cow::Owned),
        }
    }
}

/// The flows of all faxes: each with its other leg, each pair once.
pub(super) fn faxes(analysis: &Analysis) -> Vec<Vec<CallNo>> {
    let mut seen: HashSet<CallNo> = HashSet::new();
    let mut out = Vec::new();
    for number in analysis.numbers() {
        let other = analysis.other_leg(number);
        let is_fax =
            analysis.may_be_fax(number) || other.is_some_and(|other| analysis.may_be_fax(other));
        if !is_fax || !seen.insert(number) {
            continue;
        }
        let mut legs = vec![number];
        if let Some(other) = other {
            seen.insert(other);
            legs.push(other);
        }
        out.push(legs);
    }
    out
}

/// Calls of a capture, loaded in batches as they are asked for. What cannot be read again is left out and noted.
pub(super) struct Analyses<'a> {
    analysis: &'a Analysis,
    unread: &'a Unread,
    left: std::vec::IntoIter<CallNo>,
    ready: std::vec::IntoIter<Analysed>,
}

impl<'a> Analyses<'a> {
    pub(super) fn new(analysis: &'a Analysis, unread: &'a Unread) -> Self {
        let left: Vec<CallNo> = analysis.numbers().collect();
        Self {
            analysis,
            unread,
            left: left.into_iter(),
            ready: Vec::new().into_iter(),
        }
    }
}

impl Iterator for Analyses<'_> {
    type Item = Analysed;

    fn next(&mut self) -> Option<Analysed> {
        loop {
            if let Some(one) = self.ready.next() {
                return Some(one);
            }
            let some: Vec<CallNo> = self.left.by_ref().take(BATCH).collect();
            if some.is_empty() {
                return None;
            }
            let load = |some: &[CallNo]| self.analysis.list_all(some);
            self.ready = load_each(&some, slice::from_ref, self.unread, load).into_iter();
        }
    }
}

/// Flows of a capture, loaded as they are asked for; what turns out to be no fax is passed over.
pub(super) struct Flows<'a> {
    analysis: &'a Analysis,
    unread: &'a Unread,
    left: std::iter::Peekable<std::vec::IntoIter<Vec<CallNo>>>,
    ready: std::vec::IntoIter<AnalysedFlow>,
    only_faxes: bool,
}

/// Flows loaded at once: where sound has to be searched for, each batch is one more pass over the capture.
const FLOWS_MAX: usize = 1024;
/// SIP and T.38 packets of the flows that are loaded at once.
const BATCH_PACKETS: u32 = 20_000;

impl<'a> Flows<'a> {
    pub(super) fn new(
        analysis: &'a Analysis,
        chosen: Vec<Vec<CallNo>>,
        unread: &'a Unread,
    ) -> Self {
        Self {
            analysis,
            unread,
            left: chosen.into_iter().peekable(),
            ready: Vec::new().into_iter(),
            only_faxes: false,
        }
    }

    /// The next few flows, loaded together.
    fn load(&mut self) -> Option<Vec<AnalysedFlow>> {
        let packets = |legs: &Vec<CallNo>| {
            legs.iter()
                .filter_map(|number| self.analysis.packets(*number))
                .fold(0, u32::saturating_add)
        };
        let mut some = vec![self.left.next()?];
        let mut held = some.first().map(packets).unwrap_or_default();
        while some.len() < FLOWS_MAX
            && let Some(legs) = self.left.next_if(|legs| {
                held = held.saturating_add(packets(legs));
                held <= BATCH_PACKETS
            })
        {
            some.push(legs);
        }
        Some(load_each(&some, Vec::as_slice, self.unread, |some| {
            self.analysis.flows(some)
        }))
    }

    /// Only what is a fax after all.
    pub(super) fn only_faxes(self) -> Self {
        Self {
            only_faxes: true,
            ..self
        }
    }
}

impl Iterator for Flows<'_> {
    type Item = AnalysedFlow;

    fn next(&mut self) -> Option<AnalysedFlow> {
        loop {
            let Some(flow) = self.ready.next() else {
                self.ready = self.load()?.into_iter();
                continue;
            };
            if !self.only_faxes || flow.flow.legs.iter().any(|leg| leg.fax.is_some()) {
                return Some(flow);
            }
        }
    }
}

/// How far the reading is, on standard error if that is a terminal.
pub(super) struct Progress {
    shown: bool,
    next: Instant,
    wanted: bool,
}

/// Nothing is shown for what is done within this time.
const PATIENCE: Duration = Duration::from_millis(500);
/// Between two looks.
const EVERY: Duration = Duration::from_millis(200);

impl Progress {
    pub(super) fn new(quiet: bool) -> Self {
        Self {
            shown: false,
            next: Instant::now() + PATIENCE,
            wanted: !quiet && io::stderr().is_terminal(),
        }
    }

    pub(super) fn show(&mut self, info: &CaptureInfo) {
        if !self.wanted || Instant::now() < self.next {
            return;
        }
        self.next = Instant::now() + EVERY;
        self.shown = true;
        let share = info
            .file_bytes
            .filter(|size| *size > 0)
            .map(|size| info.file_pos.saturating_mul(100) / size);
        let share = share.map(|share| format!(" {share} %")).unwrap_or_default();
        let _ = write!(
            io::stderr(),
            "\rreading{share}, {} packets\x1b[K",
            info.packets
        );
    }

    pub(super) fn end(&self) {
        if self.shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::analysis::Options;

    #[test]
    fn one_that_cannot_be_loaded_takes_no_other_along() {
        let unread = Unread::default();
        let load = |some: &[CallNo]| {
            if some.contains(&CallNo(2)) {
                return Err(io::Error::from_raw_os_error(5));
            }
            Ok(some.to_vec())
        };
        let calls = [CallNo(1), CallNo(2), CallNo(3)];
        let loaded = load_each(&calls, slice::from_ref, &unread, load);
        assert_eq!(loaded, [CallNo(1), CallNo(3)]);
        let noted = unread.0.into_inner().unwrap();
        assert_eq!(
            (noted.0, noted.1.raw_os_error()),
            (vec![CallNo(2)], Some(5))
        );
    }

    /// A file that shrinks after it was indexed: its calls cannot be read again.
    #[test]
    fn a_fax_that_cannot_be_read_again_is_an_error() {
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo.pcap");
        let copy = tempfile::NamedTempFile::new().unwrap();
        std::fs::copy(sample, copy.path()).unwrap();
        let mut analysis = Analysis::open(Options {
            file: copy.path().to_owned(),
            ..Options::default()
        })
        .unwrap();
        analysis.read_all(|_| {}).unwrap();
        let unread = Unread::default();
        let all = Flows::new(&analysis, faxes(&analysis), &unread).count();
        assert!(all > 0);
        unread.told(&analysis).unwrap();

        copy.as_file().set_len(24).unwrap();
        let unread = Unread::default();
        let left = Flows::new(&analysis, faxes(&analysis), &unread).count();
        assert!(left < all);
        let error = unread.told(&analysis).unwrap_err().to_string();
        assert!(error.contains("cannot read call"), "{error}");
    }
}
