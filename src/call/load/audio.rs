//! The RTP of a call: rows and figures of its streams, events, and the fax in its sound.

use std::borrow::Cow;

use crate::call::fax::Heard;
use crate::call::index::{DialogEntry, FlowEntry, FlowId, Map};
use crate::call::load::{Draft, RtpByFlow, Source};
use crate::call::{BySide, Call, Event, EventKind, Path, Side};
use crate::capture::{FrameNo, Timestamp};
use crate::line::{Signal, SignalKind, Tone};
use crate::rtp::header::{self, HEADER_LEN};
use crate::rtp::{RtpArrival, event, fax, stream};

use links::{OnLink, Streams};

mod links;

pub(super) use links::Elsewhere;

/// RTP of a side that goes to the other one's T.38 endpoint while T.38 is agreed: count, first and last frame
/// and time.
pub(super) fn residue(
    source: &Source<'_>,
    dialog: &DialogEntry,
    rtp: &RtpByFlow,
    (call, side): (&Call, Side),
) -> Option<(u32, FrameNo, FrameNo, Timestamp, Timestamp)> {
    let late = |arrival: &&RtpArrival| {
        // STUN, RTCP and keep-alives share the port (RFC 7983).
        let is_rtp = header::looks_like_rtp(&arrival.payload);
        is_rtp
            && call.media.iter().any(|period| {
                let ends = period.t38.filter(|_| period.audio.is_none());
                ends.is_some_and(|ends| *ends.of(side.other()) == arrival.dst)
                    && arrival.at >= period.from
                    && period.until.is_none_or(|until| arrival.at < until)
            })
    };
    let own = |id: &&FlowId| {
        let owner = source.index.flow(**id).and_then(|flow| flow.owner);
        owner.is_some_and(|(_, owner)| owner == source.seat(side))
    };
    let mut residue = None;
    let flows = dialog.flows.iter().filter(own);
    for arrival in flows.filter_map(|id| rtp.get(id)).flatten().filter(late) {
        let (count, _, last, _, until) =
            residue.get_or_insert((0_u32, arrival.frame, arrival.frame, arrival.at, arrival.at));
        *count = count.saturating_add(1);
        (*last, *until) = ((*last).max(arrival.frame), (*until).max(arrival.at));
    }
    residue
}

/// Silence of RTP after which it begins again, seconds.
const RTP_PAUSE: f64 = 2.0;

/// RTP of a side that begins again after its last T.38 packet, though only T.38 is agreed: count, first frame and
/// time.
pub(super) fn again(
    source: &Source<'_>,
    dialog: &DialogEntry,
    rtp: &RtpByFlow,
    (call, side): (&Call, Side),
) -> Option<(u32, FrameNo, Timestamp)> {
    let (_, last) = call.udptl.of(side).last?;
    let only_t38 = |at: Timestamp| {
        call.media.iter().any(|period| {
            period.t38.is_some()
                && period.audio.is_none()
                && at >= period.from
                && period.until.is_none_or(|until| at < until)
        })
    };
    let arrivals = || {
        let own = dialog.flows.iter().filter(|id| {
            let owner = source.index.flow(**id).and_then(|flow| flow.owner);
            owner.is_some_and(|(_, owner)| owner == source.seat(side))
        });
        own.filter_map(|id| rtp.get(id)).flatten()
    };
    let late = || {
        arrivals()
            .filter(|arrival| arrival.at > last && header::looks_like_rtp(&arrival.payload))
            .filter(|arrival| only_t38(arrival.at))
    };
    let first = late().min_by_key(|arrival| arrival.at)?;
    let before = arrivals()
        .map(|arrival| arrival.at)
        .filter(|at| *at < first.at)
        .max();
    if before.is_some_and(|at| first.at.seconds_since(at) < RTP_PAUSE) {
        return None;
    }
    let count = u32::try_from(late().count()).unwrap_or(u32::MAX);
    Some((count, first.frame, first.at))
}

/// The sound of a call.
#[derive(Debug, Default)]
pub(super) struct Sound {
    /// The signals of a fax over audio.
    pub(super) heard: Vec<Heard>,
    /// Who speaks: see [`Call::speaks`].
    pub(super) speaks: BySide<bool>,
    /// What of it was seen on other links than it is read on.
    pub(super) elsewhere: Vec<Elsewhere>,
}

/// Packets, one looked at in half a second, that sound like speech: two seconds of it in all.
const SPEECH: u16 = 4;

/// One direction of a call.
struct Direction<'r> {
    /// Its packets with sound.
    arrivals: Cow<'r, [RtpArrival]>,
    /// Those of the other links.
    others: Vec<OnLink<'r>>,
    heard: fax::Heard,
    /// There is something like speech in it.
    has_speech: bool,
}

impl Direction<'_> {
    fn speaks(&self) -> bool {
        self.has_speech && !has_fax_signal(&self.heard.signals)
    }
}

/// Adds the RTP rows of one side to the draft and listens to it.
fn listen<'r>(
    source: &Source<'_>,
    dialog: &DialogEntry,
    (side, rtp): (Side, &'r RtpByFlow),
    codecs: &Map<u8, String>,
    (path, draft): (&Path, &mut Draft),
) -> Direction<'r> {
    let flows: Vec<(FlowId, &FlowEntry)> = (dialog.flows.iter())
        .filter_map(|id| Some((*id, source.index.flow(*id)?)))
        .filter(|(_, flow)| {
            flow.rtp > 0
                && flow
                    .owner
                    .is_some_and(|(_, owner)| owner == source.seat(side))
        })
        .collect();
    let total = flows
        .iter()
        .map(|(_, flow)| flow.rtp)
        .fold(0, u32::saturating_add);
    draft.rtp_packets = draft.rtp_packets.saturating_add(total);
    let has_speech = flows
        .iter()
        .any(|(_, flow)| flow.suspicion.other() >= SPEECH);
    let Streams { mut read, others } = Streams::of_side(flows, rtp, path, side);
    let rows = rows(draft, side, &read, codecs);
    draft.events.extend(rows);
    // Where only the headers are known, what was sampled of the sound was nothing of a fax.
    let unheard = read
        .iter()
        .take_while(|arrival| arrival.payload.len() <= HEADER_LEN)
        .count();
    if unheard > 0 {
        read = Cow::Owned(read.get(unheard..).unwrap_or_default().to_vec());
    }
    let mut heard = fax::listen(&read, codecs);
    links::set_ends(&mut heard.signals, &read);
    Direction {
        heard,
        arrivals: read,
        others,
        has_speech,
    }
}

/// Adds the RTP rows of a dialog to the draft and gives the signals of a fax over audio.
pub(super) fn read(
    source: &Source<'_>,
    dialog: &DialogEntry,
    rtp: &RtpByFlow,
    codecs: &Map<u8, String>,
    (path, draft): (&Path, &mut Draft),
) -> Sound {
    let mut caller = listen(source, dialog, (Side::Caller, rtp), codecs, (path, draft));
    let mut callee = listen(source, dialog, (Side::Callee, rtp), codecs, (path, draft));
    fax::drop_echoes(&mut caller.heard, &mut callee.heard);
    let speaks = BySide {
        caller: caller.speaks(),
        callee: callee.speaks(),
    };
    let is_v8_fax = hear_menus([&mut caller, &mut callee], answers_by_event(draft), codecs);
    // A fax calls, and none answers: what answers may be the network.
    let calls = calls_by_event(draft) || has_cng(&caller.heard.signals);
    if calls && !has_fax_signal(&callee.heard.signals) {
        let progress = fax::progress(&callee.arrivals, codecs);
        callee.heard.add(progress);
    }
    let has_progress = calls && !callee.heard.signals.is_empty();
    let is_fax = is_v8_fax
        || has_progress
        || [&caller.heard, &callee.heard]
            .iter()
            .any(|sound| sound.is_fax || calls_as_a_fax(&sound.signals));
    let mut elsewhere = Vec::new();
    for (side, direction) in [(Side::Caller, &caller), (Side::Callee, &callee)] {
        for other in &direction.others {
            let rows = rows(draft, side, &other.unread, codecs);
            elsewhere.push(other.seen(side, rows, is_fax.then_some(&*direction.arrivals)));
        }
    }
    let (caller, callee) = (caller.heard, callee.heard);
    if !is_fax {
        return Sound {
            heard: Vec::new(),
            speaks,
            elsewhere,
        };
    }
    let heard = of_side(Side::Caller, caller)
        .chain(of_side(Side::Callee, callee))
        .collect();
    Sound {
        heard,
        speaks,
        elsewhere,
    }
}

/// Adds CM and JM of V.8, where a side answers with V.8 in its sound or by an event; whether there are any of a fax.
fn hear_menus(sides: [&mut Direction<'_>; 2], by_event: bool, codecs: &Map<u8, String>) -> bool {
    let mut any = false;
    if by_event || sides.iter().any(|one| one.heard.answers_with_v8()) {
        for one in sides {
            let menus = fax::menus(&one.arrivals, codecs);
            any |= !menus.is_empty();
            one.heard.add_menus(menus);
        }
    }
    any
}

/// What was heard of a side, each signal with its level.
fn of_side(side: Side, sound: fax::Heard) -> impl Iterator<Item = Heard> {
    let levels = (sound.levels.into_iter().map(Some)).chain(std::iter::repeat(None));
    let signals = sound.signals.into_iter().zip(levels);
    signals.map(move |(signal, level)| Heard {
        side,
        audio: true,
        level,
        signal,
    })
}

/// A tone or message that only a fax or a modem sends; what sounds like a fast modem may be any noise.
fn has_fax_signal(signals: &[Signal]) -> bool {
    signals.iter().any(|signal| match &signal.kind {
        SignalKind::Tone(tone) => !tone.is_of_network(),
        kind => matches!(kind, SignalKind::Preamble | SignalKind::Hdlc(_)),
    })
}

/// Whether `ANSam` came as an event (RFC 4734 2.1).
fn answers_by_event(draft: &Draft) -> bool {
    tones_by_event(draft).any(|tone| matches!(tone, Tone::AnsAm | Tone::AnsAmReversals))
}

fn calls_by_event(draft: &Draft) -> bool {
    tones_by_event(draft).any(|tone| tone == Tone::Cng)
}

fn tones_by_event(draft: &Draft) -> impl Iterator<Item = Tone> {
    draft.events.iter().filter_map(|event| match &event.kind {
        EventKind::RtpEvent(event) => event.tone(),
        _ => None,
    })
}

fn has_cng(signals: &[Signal]) -> bool {
    signals
        .iter()
        .any(|signal| signal.kind == SignalKind::Tone(Tone::Cng))
}

/// CNG in its cadence, 0.5 s every 3.5 s (T.30 4.2): only a fax calls like that. One tone may be chance.
fn calls_as_a_fax(signals: &[Signal]) -> bool {
    let starts: Vec<Timestamp> = signals
        .iter()
        .filter(|signal| signal.kind == SignalKind::Tone(Tone::Cng))
        .map(|signal| signal.at)
        .collect();
    starts
        .iter()
        .zip(starts.iter().skip(1))
        .any(|(first, second)| {
            (CNG_PERIOD - CNG_TOLERANCE..=CNG_PERIOD + CNG_TOLERANCE)
                .contains(&second.seconds_since(*first))
        })
}

/// From one CNG to the next: 0.5 s on, 3 s off.
const CNG_PERIOD: f64 = 3.5;
/// 15 % (T.30 4.2).
const CNG_TOLERANCE: f64 = 0.5;

/// The RTP rows and events of one direction on one link.
fn rows(
    draft: &Draft,
    side: Side,
    arrivals: &[RtpArrival],
    codecs: &Map<u8, String>,
) -> Vec<Event> {
    let spans = stream::spans(arrivals, codecs).into_iter().map(|span| {
        let (ends, last) = ((span.src, span.dst), (span.last_frame, span.end));
        let begin = (span.frame, span.at);
        (begin, last, ends, EventKind::Rtp(Box::new(span)))
    });
    let events = event::events(arrivals, codecs).into_iter().map(|found| {
        let (ends, last) = ((found.src, found.dst), (found.last_frame, found.end));
        let begin = (found.frame, found.at);
        (begin, last, ends, EventKind::RtpEvent(found))
    });
    let row = |(begin, last, ends, kind)| {
        let mut event = draft.event(begin, ends, side, kind);
        (event.last_frame, event.end) = last;
        event
    };
    spans.chain(events).map(row).collect()
}
