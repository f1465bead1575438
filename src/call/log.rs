//! What the PBX's own log says of a call: its lines beside the events, by the clock of the capture.

use std::collections::HashMap;
use std::sync::Arc;

use crate::call::{Call, Event, EventId, EventKind, Side};
use crate::capture::{FrameNo, Timestamp};
use crate::line::Fcs;

/// A line of the log and the message of the capture that it is about may be this far apart, seconds: the V.21
/// preamble lies between a message that is queued and its first octet.
const TX_EARLY: f64 = 2.2;
/// The same of a message that the PBX received, after its end.
const RX_LATE: f64 = 0.6;
/// How far off the clock of a log may be in spite of the offset: drift, and what the network takes.
const SLACK: f64 = 0.15;

/// A line of a PBX's log.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    /// 1-based.
    pub number: u64,
    /// File name as the user gave it.
    pub file: Arc<str>,
    /// Time as it stands in the line; of a line without one that of the line before.
    pub stamp: String,
    /// The same by the clock of the capture.
    pub at: Timestamp,
    /// `FAX`, `VERBOSE`, `DEBUG`; empty where it has none.
    pub level: String,
    /// The line without time, level and place in the source.
    pub message: String,
    /// What it tells.
    pub says: Says,
}

/// What a line tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Says {
    /// A T.30 message sent or received.
    Frame(LogFrame),
    /// The phase changes to this one: `T30_PHASE_B_TX`.
    Phase(String),
    /// A timer begins: `T2`.
    TimerStarted(String),
    /// A timer ran out.
    TimerExpired(String),
    /// Figures of a training or of its check.
    Training,
    /// A frame refused, a packet missing, a warning.
    Trouble,
    /// How it ended.
    Outcome,
    /// A step of the dialplan or of the channel.
    Step,
    /// Anything else.
    Other,
}

/// A T.30 message that the stack sent or received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFrame {
    /// Sent by the PBX.
    pub sent: bool,
    /// As on the T.38 wire, without FCS.
    pub octets: Vec<u8>,
    /// The line has the octets themselves; else it is the line before, which has only the name.
    pub whole: bool,
}

impl LogLine {
    /// Whether it tells something beyond what the capture shows: folding leaves it.
    pub fn tells(&self) -> bool {
        !matches!(self.says, Says::Frame(_) | Says::Other)
    }
}

/// How sure it is that a log is about a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sureness {
    /// By numbers and time alone.
    Guessed,
    /// Few messages fit, or another fax of the log fits as well.
    Likely,
    /// Several messages fit, an ident among them, and no other fax of the log fits as well.
    Sure,
}

impl Sureness {
    /// As in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Guessed => "guessed",
            Self::Likely => "likely",
            Self::Sure => "sure",
        }
    }
}

/// How the fax ended by the words of the stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogOutcome {
    /// The result text: `No response after sending a page`.
    pub text: String,
    /// The stack calls it a success.
    pub ok: bool,
    /// Result code, where the log has it.
    pub code: Option<u32>,
    /// `FAXERROR`, or what the log calls the error.
    pub error: Option<String>,
    /// Pages.
    pub pages: Option<u32>,
    /// bit/s.
    pub bit_rate: Option<u32>,
    /// Number of the line.
    pub line: u64,
}

/// What a log has of one call.
#[derive(Clone, Debug, PartialEq)]
pub struct CallLog {
    /// File name as the user gave it.
    pub file: Arc<str>,
    /// Which side of the call the PBX is.
    pub side: Side,
    /// Clock of the log less clock of the capture, seconds.
    pub offset: f64,
    /// The offset is right within so many seconds.
    pub within: f64,
    /// What the last digit of its times stands for, seconds.
    pub resolution: f64,
    /// How sure it is.
    pub sure: Sureness,
    /// The offset was given by the user.
    pub given: bool,
    /// Another fax of the log that fits as well: its offset.
    pub other_fit: Option<f64>,
    /// Lines of another fax may be among them: the log does not tell them apart.
    pub mixed: bool,
    /// Its lines, in order.
    pub lines: Vec<Arc<LogLine>>,
    /// How it ended.
    pub outcome: Option<LogOutcome>,
    /// Lines of it that make no sense.
    pub senseless: u64,
}

/// A log put beside a call.
#[derive(Clone, Debug, PartialEq)]
pub struct AttachedLog {
    /// What it is.
    pub about: Arc<CallLog>,
    /// Rows of the log about a T.30 message, by their ids, and the event that it is.
    pub pairs: HashMap<EventId, EventId>,
}

impl AttachedLog {
    /// The message of the capture that a row of the log is about.
    pub fn message_of(&self, row: EventId) -> Option<EventId> {
        self.pairs.get(&row).copied()
    }

    /// Messages of the log, and how many of them the capture has.
    pub fn matched(&self, call: &Call) -> (usize, usize) {
        let frames = call
            .events
            .iter()
            .filter(|event| whole_frame(event).is_some());
        let (mut all, mut found) = (0, 0);
        for event in frames {
            all += 1;
            found += usize::from(self.message_of(event.id).is_some());
        }
        (all, found)
    }
}

/// The T.30 message of a row of the log that has its octets.
pub fn whole_frame(event: &Event) -> Option<&LogFrame> {
    let EventKind::Log(line) = &event.kind else {
        return None;
    };
    match &line.says {
        Says::Frame(frame) if frame.whole => Some(frame),
        _ => None,
    }
}

/// The lines of a log as events of a call that is being put together.
pub(super) fn events(call: &Call, log: &CallLog, packets: &[(Timestamp, FrameNo)]) -> Vec<Event> {
    let host = call.endpoint(log.side);
    let event = |line: &Arc<LogLine>| {
        let after = packets.partition_point(|(at, _)| *at <= line.at);
        let frame = (after.checked_sub(1).or(Some(0)))
            .and_then(|at| packets.get(at))
            .map_or(FrameNo(0), |(_, frame)| *frame);
        let kind = EventKind::Log(Arc::clone(line));
        Event::seen(call.number, (frame, line.at), (host, host), log.side, kind)
    };
    log.lines.iter().map(event).collect()
}

/// Puts the rows of a log at the host of its side, and tells which messages of the capture they are about.
pub(super) fn attach(call: &mut Call, about: &Arc<CallLog>) {
    let host = call.endpoint(about.side);
    for event in &mut call.events {
        if matches!(event.kind, EventKind::Log(_)) {
            (event.src, event.dst, event.hop) = (host, host, None);
        }
    }
    let resolution = about.within.max(SLACK) + about.resolution;
    let mut free: Vec<&Event> = (call.events.iter())
        .filter(|event| matches!(event.kind, EventKind::T30(_)))
        .collect();
    let mut pairs: HashMap<EventId, EventId> = HashMap::new();
    let mut named: Option<(EventId, &LogFrame)> = None;
    for event in &call.events {
        let EventKind::Log(line) = &event.kind else {
            continue;
        };
        let Says::Frame(frame) = &line.says else {
            continue;
        };
        if !frame.whole {
            named = Some((event.id, frame));
            continue;
        }
        let best = (free.iter().enumerate())
            .filter(|(_, other)| is_same(frame, other, about.side))
            .filter_map(|(place, other)| Some((place, apart(frame, event, other, resolution)?)))
            .min_by(|a, b| a.1.total_cmp(&b.1));
        let name = named.take().filter(|(_, before)| before.sent == frame.sent);
        let Some((place, _)) = best else {
            continue;
        };
        let message = free.remove(place).id;
        pairs.extend(name.map(|(id, _)| (id, message)));
        pairs.insert(event.id, message);
    }
    call.log = Some(AttachedLog {
        about: Arc::clone(about),
        pairs,
    });
}

/// The same octets from the same side. A damaged message may be what the log has whole.
fn is_same(frame: &LogFrame, event: &Event, pbx: Side) -> bool {
    let from = if frame.sent { pbx } else { pbx.other() };
    let EventKind::T30(seen) = &event.kind else {
        return false;
    };
    let same_name = || seen.octets.get(2) == frame.octets.get(2);
    let doubtful = seen.damaged || seen.fcs != Fcs::Good;
    event.from == from && (seen.octets == frame.octets || doubtful && same_name())
}

/// How far a line is from where it is expected, where it can be the message at all.
fn apart(frame: &LogFrame, line: &Event, event: &Event, within: f64) -> Option<f64> {
    let (distance, early, late) = if frame.sent {
        (line.at.seconds_since(event.at), TX_EARLY, 0.0)
    } else {
        (line.at.seconds_since(event.end), 0.0, RX_LATE)
    };
    (distance >= -early - within && distance <= late + within).then(|| {
        // In the middle of what is usual.
        (distance - (late - early) / 2.0).abs()
    })
}
