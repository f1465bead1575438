//! Calls and flows of a capture that has been read, loaded one after the other as they are written.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::io::{self, IsTerminal, Write};
use std::num::NonZeroUsize;
use std::slice;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::analysis::reading::Analysis;
use crate::analysis::{Analysed, AnalysedFlow, CallRow};
use crate::call::CallNo;
use crate::capture::{CaptureInfo, Error};
use crate::run::parallel;
use crate::text::noun;

/// Calls loaded at once.
const BATCH: usize = 8;

/// The first read error of a pass, and the calls that are missing from the output because of it.
#[derive(Debug, Default)]
pub(super) struct Unread(Mutex<Option<(Vec<CallNo>, io::Error)>>);

impl Unread {
    /// Keeps it, if it is the first.
    pub(super) fn note(&self, calls: &[CallNo], error: io::Error) {
        self.first().get_or_insert_with(|| (calls.to_vec(), error));
    }

    /// Keeps what another one has, if it is the first.
    fn take(&self, other: Self) {
        if let Some((calls, error)) = other.into_inner() {
            self.note(&calls, error);
        }
    }

    fn first(&self) -> MutexGuard<'_, Option<(Vec<CallNo>, io::Error)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn into_inner(self) -> Option<(Vec<CallNo>, io::Error)> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// The error, for standard error once everything else is shown.
    pub(super) fn told(self, analysis: &Analysis) -> Result<(), Error> {
        let Some((calls, source)) = self.into_inner() else {
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

/// Pieces of work, each done as [`load_each`] does it, on several processors; errors in the order of the pieces.
fn load_pieces<N: Sync, T: Send>(
    threads: NonZeroUsize,
    pieces: &[&[N]],
    calls: impl Fn(&N) -> &[CallNo] + Sync,
    unread: &Unread,
    load: impl Fn(&[N]) -> io::Result<Vec<T>> + Sync,
) -> Vec<T> {
    let one = |piece: &&[N]| {
        let own = Unread::default();
        (load_each(piece, &calls, &own, &load), own)
    };
    let mut out = Vec::new();
    for (loaded, own) in parallel::in_order(threads, pieces, one) {
        out.extend(loaded);
        unread.take(own);
    }
    out
}

/// Pieces that are worked on before any of them is shown, for each thread: so many that none waits long.
const PIECES: usize = 4;

/// The rows of all that may be a fax, analysed.
pub(super) fn fax_rows<'a>(
    analysis: &'a Analysis,
    threads: NonZeroUsize,
    unread: &Unread,
) -> FaxRows<'a> {
    let refused = analysis.refused();
    let faxes: Vec<CallNo> = analysis.suspects().chain(refused).collect();
    let pieces: Vec<&[CallNo]> = faxes.chunks(BATCH).collect();
    let load = |some: &[CallNo]| {
        let analysed = analysis.analyse_all(some, false)?;
        let rows = analysed.iter().filter_map(|one| {
            let row = analysis.row(one.call.number)?;
            Some((row.number, row.with(one)))
        });
        Ok(rows.collect())
    };
    let rows = load_pieces(threads, &pieces, slice::from_ref, unread, load);
    rows.into_iter().collect()
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
    threads: NonZeroUsize,
    unread: &'a Unread,
    left: std::vec::IntoIter<CallNo>,
    ready: std::vec::IntoIter<Analysed>,
}

impl<'a> Analyses<'a> {
    pub(super) fn new(analysis: &'a Analysis, threads: NonZeroUsize, unread: &'a Unread) -> Self {
        let left: Vec<CallNo> = analysis.numbers().collect();
        Self {
            analysis,
            threads,
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
            let round = BATCH * PIECES * self.threads.get();
            let some: Vec<CallNo> = self.left.by_ref().take(round).collect();
            if some.is_empty() {
                return None;
            }
            let pieces: Vec<&[CallNo]> = some.chunks(BATCH).collect();
            let load = |some: &[CallNo]| self.analysis.list_all(some);
            let loaded = load_pieces(self.threads, &pieces, slice::from_ref, self.unread, load);
            self.ready = loaded.into_iter();
        }
    }
}

/// Flows of a capture, loaded as they are asked for; what turns out to be no fax is passed over.
pub(super) struct Flows<'a> {
    analysis: &'a Analysis,
    threads: NonZeroUsize,
    unread: &'a Unread,
    left: std::iter::Peekable<std::vec::IntoIter<Vec<CallNo>>>,
    ready: std::vec::IntoIter<AnalysedFlow>,
    only_faxes: bool,
}

/// Flows loaded at once: where sound has to be searched for, each batch is one more pass over the capture.
const FLOWS_MAX: usize = 1024;
/// SIP and T.38 packets of the flows that are loaded at once.
const BATCH_PACKETS: u32 = 8_000;

impl<'a> Flows<'a> {
    pub(super) fn new(
        analysis: &'a Analysis,
        chosen: Vec<Vec<CallNo>>,
        unread: &'a Unread,
    ) -> Self {
        Self {
            analysis,
            threads: NonZeroUsize::MIN,
            unread,
            left: chosen.into_iter().peekable(),
            ready: Vec::new().into_iter(),
            only_faxes: false,
        }
    }

    /// The next few flows, loaded together: as many pieces as keep all threads busy.
    fn load(&mut self) -> Option<Vec<AnalysedFlow>> {
        let wanted = match self.threads.get() {
            1 => 1,
            threads => threads * PIECES,
        };
        let pieces: Vec<Vec<Vec<CallNo>>> = (0..wanted).map_while(|_| self.piece()).collect();
        if pieces.is_empty() {
            return None;
        }
        let pieces: Vec<&[Vec<CallNo>]> = pieces.iter().map(Vec::as_slice).collect();
        let load = |some: &[Vec<CallNo>]| self.analysis.flows(some);
        Some(load_pieces(
            self.threads,
            &pieces,
            Vec::as_slice,
            self.unread,
            load,
        ))
    }

    /// The next few flows, to be loaded by one thread.
    fn piece(&mut self) -> Option<Vec<Vec<CallNo>>> {
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
        Some(some)
    }

    /// On several processors.
    pub(super) fn on(self, threads: NonZeroUsize) -> Self {
        Self { threads, ..self }
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
        let noted = unread.into_inner().unwrap();
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
