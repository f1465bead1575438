//! All events of a call in one list, in the order in which they were.

use super::copies;
use crate::call::exchange::{Bounds, Exchange};
use crate::call::fax::{Heard, Reading};
use crate::call::{Call, CaptureFacts, Event, EventId, EventKind, Relay, verdict};
use crate::capture::Timestamp;
use crate::sip::StartLine;

/// A call without BYE is taken as over when the capture goes on so long without a packet of it.
const SILENT_END: f64 = 35.0;

/// Time order; where the capture's clock jumps back, the order of the frames.
pub(super) fn order_heard(heard: &mut [Heard], facts: &CaptureFacts) {
    if clock_goes_back(facts) {
        heard.sort_by_key(|one| (one.signal.frame, one.signal.at));
    } else {
        heard.sort_by_key(|one| (one.signal.at, one.signal.frame));
    }
}

fn clock_goes_back(facts: &CaptureFacts) -> bool {
    facts.clock_jumps.iter().any(|(_, seconds)| *seconds < 0.0)
}

/// All events in one list, in time order, numbered; the pages follow their events.
pub(super) fn merge(call: &mut Call, reading: &mut Option<Reading>) {
    let hung_up = call.events.iter().find_map(hang_up);
    let not_captured = reading
        .as_ref()
        .and_then(|reading| verdict::not_captured(call, &reading.events));
    let mut events = Vec::new();
    if let Some(reading) = reading {
        let end = call.last_packet;
        let over = call.ended.is_some() || reading.dcn.is_some();
        let waited_enough = call.capture.last_time.seconds_since(end) > SILENT_END;
        let whole = !call.capture.unfinished && (over || waited_enough);
        let bounds = Bounds {
            end,
            whole,
            hung_up,
            not_captured,
            clock_goes_back: clock_goes_back(&call.capture),
        };
        call.exchange = Exchange::derive(&reading.events, reading.sender, &bounds);
        let missing = call.exchange.missing(&reading.events);
        call.events.extend(missing);
        events = std::mem::take(&mut reading.events);
    }
    let of_fax = events.len();
    // Not twice as much room: no more events come.
    events.reserve_exact(call.events.len());
    events.append(&mut call.events);
    let new = put_in_order(&mut events, of_fax, clock_goes_back(&call.capture));
    // The SIP events came first of those that are not of the fax.
    let of_sip = |id: EventId| {
        new.get(of_fax.saturating_add(place(id)))
            .copied()
            .unwrap_or(id)
    };
    for event in &mut events {
        if let Relay::Copy(id) = event.relay {
            event.relay = Relay::Copy(of_sip(id));
        }
    }
    call.path.renumber(of_sip);
    copies::place(&call.path, &mut events);
    if let Some(reading) = reading {
        let new = |id| new.get(place(id)).copied().unwrap_or(id);
        reading.renumber(new);
        call.exchange.renumber(new);
    }
    call.events = events;
}

/// Sorts events and numbers them; the first ones are those of the fax. Returns the new numbers by the old places.
///
/// The many of the fax are in order already, and what is at the same time comes before them.
fn put_in_order(events: &mut [Event], of_fax: usize, clock_goes_back: bool) -> Vec<EventId> {
    for (event, id) in events.iter_mut().zip((0..).map(EventId)) {
        event.id = id;
    }
    let is_of_fax = |event: &Event| place(event.id) < of_fax;
    if clock_goes_back {
        events.sort_by_key(|event| (event.frame, event.observed, is_of_fax(event)));
    } else {
        events.sort_by_key(|event| (event.at, event.observed, event.frame, is_of_fax(event)));
    }
    let mut new = vec![EventId(0); events.len()];
    for (event, id) in events.iter_mut().zip((0..).map(EventId)) {
        if let Some(new) = new.get_mut(place(event.id)) {
            *new = id;
        }
        event.id = id;
    }
    new
}

/// Where an event stands in the list that its id is of.
fn place(id: EventId) -> usize {
    usize::try_from(id.0).unwrap_or(usize::MAX)
}

/// When a BYE was sent.
fn hang_up(event: &Event) -> Option<Timestamp> {
    let EventKind::Sip(sip) = &event.kind else {
        return None;
    };
    let bye = matches!(&sip.message.start, StartLine::Request { method, .. } if method == "BYE");
    bye.then_some(event.at)
}
