//! What T.30 expects and the capture could have shown, but did not: drawn as rows of their own.

use crate::call::exchange::line::{Line, What};
use crate::call::exchange::{Bounds, MAX_LINES, event};
use crate::call::{Event, EventId, EventKind, Missing, Relay};
use crate::capture::{FrameNo, Timestamp};
use crate::t30::Fcf;
use crate::t30::fcf::Expected;
use crate::t30::frame::T30Frame;
use crate::t30::timer::{T1, T2, T4, TRIES};

/// A wait for an answer that never came.
#[derive(Clone, Debug, PartialEq)]
pub struct Wait {
    /// The command that was not answered.
    pub command: EventId,
    /// What should have come.
    pub expected: Expected,
    /// How long was waited for it, from the end of the command (or its training check), seconds.
    pub waited: f64,
    /// What ended the wait: `T4, 3 tries`, `T1`; empty where it ended before a timer did.
    pub timer: &'static str,
    /// When the wait was over.
    pub until: Timestamp,
    /// The frame that showed it: what came instead, or the command itself where nothing came any more.
    pub shown_by: FrameNo,
}

impl Wait {
    /// The row for it.
    pub(super) fn row(&self, events: &[Event]) -> Option<Event> {
        let command = event(events, self.command)?;
        Some(Event {
            id: EventId(0),
            call: command.call,
            frame: self.shown_by,
            last_frame: self.shown_by,
            at: self.until,
            end: self.until,
            src: command.dst,
            dst: command.src,
            from: command.from.other(),
            hop: None,
            relay: Relay::Original,
            retransmission: false,
            repeat: 1,
            observed: false,
            phase: command.phase,
            kind: EventKind::Missing(Missing {
                name: self.expected.name(),
                waited: self.waited,
                timer: self.timer,
            }),
        })
    }
}

/// A command that has no answer yet.
struct Open<'a> {
    command: &'a Event,
    /// End of the last thing that belongs to the command: itself, or its training check.
    end: Timestamp,
    expected: Expected,
    tries: usize,
    /// It is known already that nothing came.
    reported: bool,
}

/// Waits in vain; `lines` in time order.
pub(super) fn find(lines: &[Line<'_>], bounds: &Bounds) -> Vec<Wait> {
    let mut out = Vec::new();
    let mut open: Option<Open<'_>> = None;
    let cut = lines.len() >= MAX_LINES;
    for line in lines {
        let by = line.event;
        if bounds.hung_up.is_some_and(|bye| by.at >= bye) {
            // It was under way when the call was hung up.
            open = of_its_side(open, by);
            continue;
        }
        match line.what {
            What::Message(message) if message.is_whole() => {
                open = hear(open, by, message, &mut out);
            }
            // Damaged or not, it is an answer.
            What::Message(_) => open = of_its_side(open, by),
            What::Tcf(_) | What::Page(_) | What::Rest => {
                open = of_its_side(open, by);
                if let Some(open) = &mut open {
                    open.end = by.end;
                }
            }
        }
    }
    if bounds.whole
        && !cut
        && let Some(open) = open.filter(|open| !open.reported)
    {
        let end = bounds.hung_up.map_or(bounds.end, |bye| bye.min(bounds.end));
        out.extend(in_vain(&open, end, open.command.frame, true));
    }
    let unseen = |wait: &Wait| {
        let command = lines.iter().find(|line| line.event.id == wait.command);
        command.is_some_and(|line| Some(line.event.from.other()) == bounds.not_captured)
    };
    if bounds.not_captured.is_some() {
        out.retain(|wait| !unseen(wait));
    }
    out
}

/// A command stays open while its own side goes on; anything from the other side ends the wait.
fn of_its_side<'a>(open: Option<Open<'a>>, by: &Event) -> Option<Open<'a>> {
    open.filter(|open| open.command.from == by.from)
}

/// One whole message: it answers what waits, or shows that nothing came, and may wait itself.
fn hear<'a>(
    mut open: Option<Open<'a>>,
    by: &'a Event,
    message: &T30Frame,
    out: &mut Vec<Wait>,
) -> Option<Open<'a>> {
    let mut tries = 1;
    if let Some(before) = &mut open {
        let repeats = by.from == before.command.from;
        if !repeats && !ignores_command(before, message) {
            open = None;
        } else {
            if !before.reported {
                out.extend(in_vain(before, by.at, by.frame, false));
                before.reported = true;
            }
            if repeats {
                tries = before.tries + 1;
            }
        }
    }
    if message.fcf == Fcf::Dcn {
        return None;
    }
    match message.fcf.expects() {
        Some(expected) if message.last => Some(Open {
            command: by,
            end: by.end,
            expected,
            tries,
            reported: false,
        }),
        _ => open,
    }
}

/// DIS again is no answer to DCS: the receiver did not see it.
fn ignores_command(open: &Open<'_>, message: &T30Frame) -> bool {
    open.expected == Expected::Cfr && matches!(message.fcf, Fcf::Dis | Fcf::Csi | Fcf::Nsf)
}

/// The wait, if it is long enough to say that nothing came.
fn in_vain(open: &Open<'_>, until: Timestamp, shown_by: FrameNo, at_end: bool) -> Option<Wait> {
    let waited = until.seconds_since(open.end);
    let (timer, least) = match open.expected {
        Expected::PageData => ("T2", T2),
        Expected::Dcs if at_end && waited < T1.earliest() => ("", T4),
        Expected::Dcs if at_end => ("T1", T4),
        Expected::Dcs => ("T4", T4),
        _ if open.tries >= TRIES => ("T4, 3 tries", T4),
        _ => ("T4", T4),
    };
    (waited >= least.earliest()).then_some(Wait {
        command: open.command.id,
        expected: open.expected,
        waited,
        timer,
        until,
        shown_by,
    })
}
