//! What T.30 expects and the capture could have shown, but did not: drawn as rows of their own.

use crate::call::{Event, EventId, EventKind, Missing, Relay, Side};
use crate::capture::Timestamp;
use crate::line::Fcs;
use crate::t30::Fcf;
use crate::t30::frame::T30Frame;

/// T4 is 3 s ±15 % (T.30 5.2), measured from the end of the command; 0.2 s of tolerance for the capture point.
const T4_LEAST: f64 = 3.0 * 0.85 - 0.2;
/// T1 is 35 ±5 s.
const T1_LEAST: f64 = 30.0 - 0.2;
/// T2 is 6 ±1 s.
const T2_LEAST: f64 = 5.0 - 0.2;

/// What the capture can show of absences.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Last packet of the call.
    pub(crate) end: Timestamp,
    /// The capture lasts until then, so that an absence at the end means something (RULES.md 0.2).
    pub(crate) whole: bool,
    /// The call was hung up: no wait lasts longer.
    pub(crate) hung_up: Option<Timestamp>,
    /// A side whose media the capture does not have, though it spoke.
    pub(crate) not_captured: Option<Side>,
}

/// An unanswered command.
struct Waiting<'a> {
    command: &'a Event,
    /// End of the last thing that belongs to the command: itself, or its training check.
    end: Timestamp,
    expected: &'static str,
    tries: u32,
    /// Its row is drawn already.
    reported: bool,
}

/// Rows for answers that never came; `events` in time order.
pub(super) fn find(events: &[Event], bounds: &Bounds) -> Vec<Event> {
    let mut out = waits(events, bounds);
    out.retain(|row| Some(row.from) != bounds.not_captured);
    out
}

fn waits(events: &[Event], bounds: &Bounds) -> Vec<Event> {
    let mut out = Vec::new();
    let mut waiting: Option<Waiting<'_>> = None;
    for event in events {
        if bounds.hung_up.is_some_and(|bye| event.at >= bye) {
            // It was under way when the call was hung up.
            waiting = waiting.filter(|open| open.command.from == event.from);
            continue;
        }
        match &event.kind {
            EventKind::T30(frame) if frame.fcs == Fcs::Good && !frame.damaged => {
                waiting = hear(waiting, event, frame, &mut out);
            }
            // Damaged or not, it is an answer.
            EventKind::T30(_) => waiting = waiting.filter(|open| open.command.from == event.from),
            EventKind::Tcf(_) | EventKind::PageData(_) => {
                waiting = waiting.filter(|open| open.command.from == event.from);
                if let Some(open) = &mut waiting {
                    open.end = event.end;
                }
            }
            _ => {}
        }
    }
    if bounds.whole
        && let Some(open) = waiting.filter(|open| !open.reported)
    {
        let end = bounds.hung_up.map_or(bounds.end, |bye| bye.min(bounds.end));
        out.extend(row(&open, end, open.command, true));
    }
    out
}

/// One whole message: it answers what waits, or shows that nothing came, and may wait itself.
fn hear<'a>(
    mut waiting: Option<Waiting<'a>>,
    event: &'a Event,
    frame: &T30Frame,
    out: &mut Vec<Event>,
) -> Option<Waiting<'a>> {
    let mut tries = 1;
    if let Some(open) = &mut waiting {
        if event.from != open.command.from && !ignores_command(open, frame) {
            waiting = None;
        } else {
            if !open.reported {
                out.extend(row(open, event.at, event, false));
                open.reported = true;
            }
            if event.from == open.command.from {
                tries = open.tries + 1;
            }
        }
    }
    if frame.fcf == Fcf::Dcn {
        return None;
    }
    match expects(frame) {
        Some(expected) if frame.last => Some(Waiting {
            command: event,
            end: event.end,
            expected,
            tries,
            reported: false,
        }),
        _ => waiting,
    }
}

/// What a command waits for (RULES.md 8.2).
fn expects(frame: &T30Frame) -> Option<&'static str> {
    Some(match frame.fcf {
        Fcf::Dis | Fcf::Dtc => "DCS",
        Fcf::Dcs | Fcf::Nss => "CFR",
        Fcf::Cfr | Fcf::Ctr => "page data",
        Fcf::Ctc => "CTR",
        Fcf::Eor => "ERR",
        Fcf::Mps
        | Fcf::Eop
        | Fcf::Eom
        | Fcf::Eos
        | Fcf::PriMps
        | Fcf::PriEop
        | Fcf::PriEom
        | Fcf::Pps
        | Fcf::Rr => "MCF",
        _ => return None,
    })
}

/// DIS again is no answer to DCS: the receiver did not see it.
fn ignores_command(open: &Waiting<'_>, frame: &T30Frame) -> bool {
    open.expected == "CFR" && matches!(frame.fcf, Fcf::Dis | Fcf::Csi | Fcf::Nsf)
}

/// The timer that the wait ran into; empty where it ended before.
fn timer(open: &Waiting<'_>, waited: f64, at_end: bool) -> &'static str {
    match (open.expected, at_end) {
        ("page data", _) => "T2",
        ("DCS", true) if waited < T1_LEAST => "",
        ("DCS", true) => "T1",
        ("DCS", false) => "T4",
        (_, _) if open.tries >= 3 => "T4, 3 tries",
        _ => "T4",
    }
}

fn row(open: &Waiting<'_>, until: Timestamp, before: &Event, at_end: bool) -> Option<Event> {
    let waited = until.seconds_since(open.end);
    let timer = timer(open, waited, at_end);
    let least = match timer {
        "T2" => T2_LEAST,
        _ => T4_LEAST,
    };
    if waited < least {
        return None;
    }
    let from = open.command.from.other();
    Some(Event {
        id: EventId(0),
        call: open.command.call,
        frame: before.frame,
        last_frame: before.frame,
        at: until,
        end: until,
        src: open.command.dst,
        dst: open.command.src,
        from,
        hop: None,
        relay: Relay::Original,
        retransmission: false,
        repeat: 1,
        observed: false,
        phase: open.command.phase,
        kind: EventKind::Missing(Missing {
            name: open.expected,
            waited,
            timer,
        }),
    })
}
