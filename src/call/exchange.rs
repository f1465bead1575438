//! The T.30 exchange of a call: what was commanded, what answered it, what was repeated, what never came and by
//! which timer the wait for it ended.
//!
//! Derived once, when a fax is read ([`Exchange::derive`]); the call holds it. Rows of the ladder for what never
//! came are made of it ([`Exchange::missing`]), and rules look at it through an [`ExchangeView`], which has the events
//! at hand:
//!
//! ```text
//! let exchange = context.exchange();
//! for round in exchange.rounds_of(&[Fcf::Dcs]) {        // each DCS ...
//!     if exchange.answer(round).is_none() {              // ... without an answer ...
//!         let waited = exchange.patience(round);         // ... and how long its sender waited
//! ```

use crate::call::{Event, EventId, Side};
use crate::capture::Timestamp;
use crate::t30::Fcf;

mod line;
mod reached;
mod round;
mod view;
mod wait;

pub(crate) use line::{Line, What};
pub(crate) use reached::Reached;
pub use round::Round;
pub(crate) use view::ExchangeView;
pub use wait::Wait;

/// Lines of one call that are looked at, more than a thousand pages: many rules compare lines with lines, and the
/// square of what a hostile capture holds must stay small.
pub(crate) const MAX_LINES: usize = 4_000;

/// The T.30 exchange of one call. A message with a bad check sequence is on the line, but neither a command nor an
/// answer, as no terminal takes it for one.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// Messages, training checks and page data in time order, up to and with the first DCN.
    pub lines: Vec<EventId>,
    /// Commands in time order, each with what became of it; places are those in `lines`.
    pub rounds: Vec<Round>,
    /// What was expected and never came, in time order.
    pub waits: Vec<Wait>,
    /// The called terminal: the one that identifies itself with DIS.
    pub called: Side,
    /// It sends pages.
    pub sender: Side,
    /// The first DCN: its place in `lines`.
    pub dcn: Option<usize>,
}

impl Default for Exchange {
    fn default() -> Self {
        Self {
            lines: Vec::new(),
            rounds: Vec::new(),
            waits: Vec::new(),
            called: Side::Callee,
            sender: Side::Caller,
            dcn: None,
        }
    }
}

/// What the capture can show of absences.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Last packet of the call.
    pub(crate) end: Timestamp,
    /// The capture lasts until then, so that an absence at the end means something.
    pub(crate) whole: bool,
    /// The call was hung up: no wait lasts longer.
    pub(crate) hung_up: Option<Timestamp>,
    /// A side whose media the capture does not have, though it spoke.
    pub(crate) not_captured: Option<Side>,
    /// The clock of the capture jumps back: the order of the frames counts, not the time.
    pub(crate) clock_goes_back: bool,
}

impl Exchange {
    /// Reads the events of a fax, in any order: a burst of coded data is only known when it is over, after what the
    /// other side said in between. `sender` is the side that was seen to send pages.
    pub(crate) fn derive(events: &[Event], sender: Option<Side>, bounds: &Bounds) -> Self {
        let all = line::lines(events, bounds.clock_goes_back);
        let waits = wait::find(&all, bounds);
        let last = all
            .iter()
            .position(|line| line.fcf() == Some(Fcf::Dcn))
            .map_or(all.len(), |dcn| dcn + 1);
        let lines: Vec<Line<'_>> = all
            .into_iter()
            .take(last)
            .filter(|line| !matches!(line.what, What::Rest))
            .collect();
        let first = |wanted: &dyn Fn(Fcf) -> bool| {
            let of = lines.iter().find(|line| line.fcf().is_some_and(wanted));
            of.map(|line| line.event.from)
        };
        let dtc = first(&|fcf| fcf == Fcf::Dtc);
        let dcs = first(&|fcf| matches!(fcf, Fcf::Dcs | Fcf::Nss));
        let called = first(&|fcf| fcf == Fcf::Dis)
            .or_else(|| first(&|fcf| matches!(fcf, Fcf::Csi | Fcf::Nsf)))
            .or_else(|| dtc.map(Side::other))
            .or_else(|| dcs.map(Side::other))
            .or_else(|| first(&Fcf::is_answer).filter(|_| dtc.is_none()))
            .unwrap_or(Side::Callee);
        let sender = dcs
            .or(sender)
            .or_else(|| dtc.map(Side::other))
            .unwrap_or_else(|| called.other());
        Self {
            rounds: round::rounds(&lines),
            waits,
            called,
            sender,
            dcn: lines.iter().position(|line| line.fcf() == Some(Fcf::Dcn)),
            lines: lines.iter().map(|line| line.event.id).collect(),
        }
    }

    /// Rows for what never came; their events are those that the exchange was derived from.
    pub(crate) fn missing(&self, events: &[Event]) -> Vec<Event> {
        self.waits
            .iter()
            .filter_map(|wait| wait.row(events))
            .collect()
    }

    /// Gives all events new numbers.
    pub(crate) fn renumber(&mut self, new: impl Fn(EventId) -> EventId) {
        self.lines.iter_mut().for_each(|id| *id = new(*id));
        for wait in &mut self.waits {
            wait.command = new(wait.command);
        }
    }
}

/// The event with this id: its place in the list.
fn event(events: &[Event], id: EventId) -> Option<&Event> {
    events.get(usize::try_from(id.0).ok()?)
}
