//! What is looked for in a log: the T.30 messages of a call, with the times at which a log has them.

use crate::call::{Call, CallNo, Event, EventKind, Side};
use crate::capture::Timestamp;
use crate::line::Fcs;
use crate::t38::Indicator;

/// A message that is received is logged as its last octet comes, or a little later, seconds.
const RX: (f64, f64) = (-0.01, 0.08);
/// The first message of a signal is logged before its preamble begins.
const TX_FIRST: (f64, f64) = (-0.26, 0.01);
/// A further one as the one before it ends.
const TX_NEXT: (f64, f64) = (-0.35, 0.02);
/// The preamble was not seen: it takes a second.
const TX_BLIND: (f64, f64) = (-1.6, 0.02);
/// Messages of one call that are looked for.
const MOST: usize = 400;
/// Least digits of a number that is looked for.
const DIGITS: usize = 4;

/// A call to look for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Its number.
    pub number: CallNo,
    /// First packet, seconds after the reference time (the first packet of the capture).
    pub started: f64,
    /// Last packet.
    pub ended: f64,
    /// Numbers of both parties, digits only.
    pub numbers: Vec<String>,
    /// TSI and CSI.
    pub idents: Vec<String>,
    /// Its T.30 messages.
    pub anchors: Vec<Anchor>,
}

/// A T.30 message of the capture.
#[derive(Clone, Debug, PartialEq)]
pub struct Anchor {
    /// Who sent it.
    pub from: Side,
    /// As on the wire.
    pub octets: Vec<u8>,
    /// A log has it in this time if its writer is the sender: seconds after the reference time.
    pub sent: (f64, f64),
    /// If its writer is the receiver.
    pub received: (f64, f64),
    /// It can be relied on.
    pub whole: bool,
}

impl Wanted {
    pub(super) fn of(call: &Call, reference: Timestamp) -> Self {
        let users = [&call.from.user, &call.to.user];
        let digits =
            |text: &String| -> String { text.chars().filter(char::is_ascii_digit).collect() };
        let numbers = users.into_iter().flatten().map(digits);
        let idents = call
            .fax
            .iter()
            .flat_map(|fax| [&fax.sender_id, &fax.receiver_id]);
        Self {
            number: call.number,
            started: call.started.seconds_since(reference),
            ended: call.last_packet.seconds_since(reference),
            numbers: numbers.filter(|number| number.len() >= DIGITS).collect(),
            idents: idents.flatten().cloned().collect(),
            anchors: anchors(call, reference),
        }
    }
}

fn anchors(call: &Call, reference: Timestamp) -> Vec<Anchor> {
    let mut out = Vec::new();
    for side in Side::BOTH {
        let mut preamble: Option<Timestamp> = None;
        let mut last: Option<Timestamp> = None;
        for event in call.events.iter().filter(|event| event.from == side) {
            match &event.kind {
                EventKind::Preamble | EventKind::Indicator(Indicator::V21Preamble) => {
                    preamble = Some(event.at);
                    last = None;
                }
                EventKind::T30(frame) => {
                    out.push(anchor(
                        event,
                        &frame.octets,
                        (preamble.take(), last),
                        reference,
                    ));
                    if let Some(anchor) = out.last_mut() {
                        anchor.whole = frame.fcs == Fcs::Good && !frame.damaged;
                    }
                    last = Some(event.end);
                }
                _ => {}
            }
        }
    }
    out.sort_by(|a, b| a.received.0.total_cmp(&b.received.0));
    out.truncate(MOST);
    out
}

fn anchor(
    event: &Event,
    octets: &[u8],
    (preamble, last): (Option<Timestamp>, Option<Timestamp>),
    reference: Timestamp,
) -> Anchor {
    /// A message follows another one in the same signal within this time.
    const SAME_SIGNAL: f64 = 0.5;
    let since = |at: Timestamp, (from, to): (f64, f64)| {
        let at = at.seconds_since(reference);
        (at + from, at + to)
    };
    let follows = last.is_some_and(|last| event.at.seconds_since(last) < SAME_SIGNAL);
    let sent = match preamble {
        Some(preamble) => since(preamble, TX_FIRST),
        None if follows => since(event.at, TX_NEXT),
        None => since(event.at, TX_BLIND),
    };
    Anchor {
        from: event.from,
        octets: octets.to_vec(),
        sent,
        received: since(event.end, RX),
        whole: true,
    }
}
