//! The events of a fax so far, the phase that it is in, and how often the last message of each side was sent.

use crate::call::{BySide, CallNo, Event, EventId, EventKind, Phase, Reached, Relay, Side};
use crate::line::Signal;
use crate::t30::Fcf;
use crate::t30::frame::T30Frame;

/// Events in time order; an id is the place of its event.
#[derive(Debug)]
pub(super) struct Record {
    call: CallNo,
    pub(super) events: Vec<Event>,
    phase: Phase,
    furthest: Option<Phase>,
    /// Last whole message of each side with how often it came in a row without an answer between.
    last: BySide<Option<(Vec<u8>, u32)>>,
}

impl Record {
    pub(super) fn new(call: CallNo, room: usize) -> Self {
        Self {
            call,
            events: Vec::with_capacity(room),
            phase: Phase::A,
            furthest: None,
            last: BySide::default(),
        }
    }

    /// What comes next belongs to this phase.
    pub(super) const fn enter(&mut self, phase: Phase) {
        self.phase = phase;
    }

    /// What comes next belongs to the phase of this message.
    pub(super) fn enter_by(&mut self, fcf: Fcf) {
        self.phase = fcf.phase(self.phase > Phase::B);
    }

    /// Adds an event for a signal, in the current phase.
    pub(super) fn push(&mut self, side: Side, signal: &Signal, kind: EventKind) -> EventId {
        let id = EventId(u32::try_from(self.events.len()).unwrap_or(u32::MAX));
        if !matches!(kind, EventKind::Malformed { .. }) {
            self.furthest = Some(self.phase);
        }
        self.events.push(Event {
            id,
            call: self.call,
            frame: signal.frame,
            last_frame: signal.last_frame,
            at: signal.at,
            end: signal.end,
            src: signal.src,
            dst: signal.dst,
            from: side,
            hop: None,
            relay: Relay::Original,
            retransmission: false,
            repeat: 1,
            observed: true,
            phase: Some(self.phase),
            kind,
        });
        id
    }

    /// Adds a signal that cannot be read; several of one side in a row are one event.
    pub(super) fn push_malformed(
        &mut self,
        side: Side,
        signal: &Signal,
        reason: String,
        octets: Vec<u8>,
    ) {
        if let Some(Event {
            kind: EventKind::Malformed { count, .. },
            last_frame,
            end,
            from,
            ..
        }) = self.events.last_mut()
            && *from == side
        {
            *count += 1;
            *last_frame = signal.last_frame;
            *end = signal.end;
            return;
        }
        let kind = EventKind::Malformed {
            reason,
            octets,
            count: 1,
        };
        self.push(side, signal, kind);
    }

    /// How often this message came in a row without an answer from the other side in between.
    pub(super) fn count_repeat(&mut self, side: Side, frame: &T30Frame) -> u32 {
        // Identification frames precede the command that counts; an answer is any final frame.
        if frame.last || frame.fcf == Fcf::Dcn {
            *self.last.of_mut(side.other()) = None;
        }
        if !frame.last {
            return 1;
        }
        let last = self.last.of_mut(side);
        let count = match last {
            Some((octets, count)) if *octets == frame.octets => *count + 1,
            _ => 1,
        };
        *last = Some((frame.octets.clone(), count));
        count
    }

    pub(super) fn reached(&self) -> Reached {
        self.furthest.map_or(Reached::Setup, Reached::Phase)
    }
}
