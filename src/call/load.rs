//! A call in full: its messages and media read again from the store, put together to the model.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use crate::call::exchange::{Bounds, Exchange};
use crate::call::fax::{self, Heard, Reading};
use crate::call::index::{DialogEntry, DialogId, FlowId, Index, Map, Names};
use crate::call::log::{self, CallLog};
use crate::call::pages::{self, CodedPage, LineData};
use crate::call::{
    BySide, Call, CallNo, CaptureFacts, Event, EventId, EventKind, FaxCarrier, HangUp,
    PacketCounts, Path, Relay, Side, UdptlStats, media, negotiation, path, seats, transaction,
    verdict,
};
use crate::capture::store::Store;
use crate::capture::{CaptureInfo, Endpoint, FrameNo, Timestamp};
use crate::line::SignalKind;
use crate::rtp::RtpArrival;
use crate::sip::{Party, StartLine};
use crate::uid::Uid;

mod audio;
mod copies;
mod facts;
pub(crate) mod listed;
mod signalling;
mod t38;

/// Signals (messages, frames, indicators, tones) of one call that are read, in time order: some thousand pages.
/// With the limits of the index this bounds the events of a call.
pub const MAX_SIGNALS: usize = 500_000;

/// RTP of the flows of a call, read in a second pass, by flow.
pub type RtpByFlow = Map<FlowId, Vec<RtpArrival>>;

/// What a call is loaded from.
#[derive(Debug)]
pub struct Source<'s> {
    /// The index.
    pub index: &'s Index,
    /// Where the packets lie.
    pub store: &'s Store,
    /// About the capture.
    pub info: &'s CaptureInfo,
    /// The capture may still grow.
    pub unfinished: bool,
    /// Numbers that the user names as those of faxes.
    pub fax_numbers: &'s [String],
    /// What the PBX's logs have of the calls.
    pub logs: &'s HashMap<CallNo, Arc<CallLog>>,
    /// Caller and callee are the other way round than the index has them.
    pub turned: bool,
}

impl Source<'_> {
    /// The side that the index takes for this one.
    fn seat(&self, side: Side) -> Side {
        if self.turned { side.other() } else { side }
    }
}

/// Loads one call. `rtp` holds the RTP of its flows as far as it is wanted.
///
/// # Errors
/// Only what reading the store fails with.
pub fn call(
    source: &Source<'_>,
    id: DialogId,
    number: CallNo,
    rtp: &RtpByFlow,
) -> io::Result<Option<Call>> {
    Ok(read(source, id, number, rtp)?.map(|(call, _)| call))
}

/// The pages of a call with their coded data, in order; the rest of the call is as [`call`] has it, without its
/// sound.
///
/// # Errors
/// Only what reading the store fails with.
pub fn pages(source: &Source<'_>, id: DialogId, number: CallNo) -> io::Result<Vec<CodedPage>> {
    let read = read(source, id, number, &RtpByFlow::default())?;
    Ok(read.map(|(_, pages)| pages).unwrap_or_default())
}

/// Where the capture begins in the dialog, all of it decides who called; the index knew its first message only.
fn read(
    source: &Source<'_>,
    id: DialogId,
    number: CallNo,
    rtp: &RtpByFlow,
) -> io::Result<Option<(Call, Vec<CodedPage>)>> {
    let Some(dialog) = source.index.dialog(id) else {
        return Ok(None);
    };
    let found = read_seated(source, dialog, number, rtp)?;
    if found.0.capture.starts_mid_call && seats::caller(&found.0) == Some(Side::Callee) {
        let turned = Source {
            turned: !source.turned,
            ..*source
        };
        return read_seated(&turned, dialog, number, rtp).map(Some);
    }
    Ok(Some(found))
}

fn read_seated(
    source: &Source<'_>,
    dialog: &DialogEntry,
    number: CallNo,
    rtp: &RtpByFlow,
) -> io::Result<(Call, Vec<CodedPage>)> {
    let mut draft = Draft::new(number, source.index.names(dialog));
    if source.turned {
        std::mem::swap(&mut draft.from, &mut draft.to);
    }
    signalling::read(source, dialog, &mut draft)?;
    for (event, place) in draft.events.iter_mut().zip(0..) {
        event.id = EventId(place);
    }
    let path = path::trace(&mut draft.events);
    let codecs = signalling::codecs(&draft.events);
    let mut t38 = t38::read(source, dialog, &path, &mut draft)?;
    let mut sound = audio::read(source, dialog, rtp, &codecs, (&path, &mut draft));
    facts::icmp(source, dialog, &mut draft);
    let has_t38 = !t38.heard.is_empty();
    // Tones before the switch do not make it a fax over audio; messages do.
    let has_audio = sound
        .heard
        .iter()
        .any(|heard| matches!(heard.signal.kind, SignalKind::Hdlc(_)));
    let only_sound = !has_t38 && !sound.heard.is_empty();
    t38::read_once(&path, &mut t38, &mut sound.heard);
    let mut heard = t38.heard;
    heard.extend(sound.heard);
    let mut facts = facts::facts(source, dialog);
    facts::jumps_forward(source, &draft.events, &t38.stats, &mut facts);
    order_heard(&mut heard, &facts);
    heard.truncate(MAX_SIGNALS);
    let carrier = match (has_t38, has_audio) {
        (true, true) => FaxCarrier::Both,
        (false, _) if has_audio || only_sound => FaxCarrier::G711,
        _ => FaxCarrier::T38,
    };
    let line_data = LineData::of(&heard);
    let reading = fax::read(number, heard, carrier);
    draft.speaks = sound.speaks;
    let mut call = finish(source, dialog, draft, reading, (t38.stats, facts, path));
    let elsewhere = (t38.elsewhere, t38.read);
    copies::take(&mut call, elsewhere, t38.crossings, sound.elsewhere);
    for side in [Side::Caller, Side::Callee] {
        call.udptl.of_mut(side).rtp_residue = audio::residue(source, dialog, rtp, (&call, side));
        call.udptl.of_mut(side).rtp_again = audio::again(source, dialog, rtp, (&call, side));
    }
    let mut pages = pages::assemble(&call, line_data);
    pages.iter_mut().for_each(pages::look_at);
    call.page_attempts = pages.iter().map(|page| page.about.clone()).collect();
    Ok((call, pages))
}

/// A call being put together.
struct Draft {
    number: CallNo,
    events: Vec<Event>,
    from: Party,
    to: Party,
    agent: BySide<Option<String>>,
    reason: Option<String>,
    rtp_packets: u32,
    t38_packets: u32,
    speaks: BySide<bool>,
}

impl Draft {
    fn new(number: CallNo, names: Names<'_>) -> Self {
        let user = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Self {
            number,
            events: Vec::new(),
            from: Party {
                user: user(names.from()),
                ..Party::default()
            },
            to: Party {
                user: user(names.to()),
                ..Party::default()
            },
            agent: BySide::default(),
            reason: None,
            rtp_packets: 0,
            t38_packets: 0,
            speaks: BySide::default(),
        }
    }

    fn event(
        &self,
        frames: (FrameNo, Timestamp),
        path: (Endpoint, Endpoint),
        from: Side,
        kind: EventKind,
    ) -> Event {
        Event {
            id: EventId(0),
            call: self.number,
            frame: frames.0,
            last_frame: frames.0,
            at: frames.1,
            end: frames.1,
            src: path.0,
            dst: path.1,
            from,
            hop: None,
            relay: Relay::Original,
            retransmission: false,
            repeat: 1,
            observed: true,
            phase: None,
            kind,
        }
    }
}

/// Time order; where the capture's clock jumps back, the order of the frames.
fn order_heard(heard: &mut [Heard], facts: &CaptureFacts) {
    if clock_goes_back(facts) {
        heard.sort_by_key(|one| (one.signal.frame, one.signal.at));
    } else {
        heard.sort_by_key(|one| (one.signal.at, one.signal.frame));
    }
}

fn clock_goes_back(facts: &CaptureFacts) -> bool {
    facts.clock_jumps.iter().any(|(_, seconds)| *seconds < 0.0)
}

fn finish(
    source: &Source<'_>,
    dialog: &DialogEntry,
    draft: Draft,
    reading: Option<Reading>,
    parts: (BySide<UdptlStats>, CaptureFacts, Path),
) -> Call {
    let mut call = blank(source, dialog, draft, parts);
    let mut reading = reading;
    if !dialog.has_sip() {
        seat_without_sip(source, &mut call, reading.as_mut());
        let heard = source.index.sip_of(&[call.caller.addr, call.callee.addr]);
        call.capture.other_sip = heard.map(|(_, heard)| (heard.frame, heard.seconds()));
    }
    let log = source.logs.get(&call.number);
    if let Some(log) = log {
        let lines = log::events(&call, log, &packets(&call, reading.as_ref()));
        call.events.extend(lines);
    }
    merge(&mut call, &mut reading);
    take_ends(&mut call);
    if let Some(log) = log {
        log::attach(&mut call, log);
    }
    call.transactions = transaction::group(&mut call.events);
    call.negotiations = negotiation::negotiations(&call.transactions, &call.events);
    call.media = media::periods(&call.negotiations, &call.events, call.ended);
    call.fax = verdict::judge(&call, reading.as_ref(), source.fax_numbers);
    call
}

/// A call of what the index knows and the draft holds, and nothing worked out yet.
fn blank(
    source: &Source<'_>,
    dialog: &DialogEntry,
    draft: Draft,
    (udptl, facts, path): (BySide<UdptlStats>, CaptureFacts, Path),
) -> Call {
    let sip_packets = dialog.messages.len();
    let (caller, callee) = if source.turned {
        (dialog.callee, dialog.caller)
    } else {
        (dialog.caller, dialog.callee)
    };
    let Draft {
        number,
        events,
        from,
        to,
        agent,
        reason,
        rtp_packets,
        t38_packets,
        speaks,
    } = draft;
    Call {
        number,
        uid: Uid::default(),
        call_id: source.index.names(dialog).call_id().map(crate::text::lossy),
        from,
        to,
        caller,
        callee,
        agent,
        started: dialog.started,
        answered: dialog.answered,
        ended: dialog.ended,
        last_packet: dialog.last_packet,
        state: dialog.state,
        status: dialog.status,
        reason,
        packets: PacketCounts {
            sip: u32::try_from(sip_packets).unwrap_or(u32::MAX),
            rtp: rtp_packets,
            t38: t38_packets,
        },
        other_leg: None,
        other_leg_uid: None,
        other_candidates: Vec::new(),
        events,
        transactions: Vec::new(),
        negotiations: Vec::new(),
        media: Vec::new(),
        udptl,
        path,
        exchange: Exchange::default(),
        copies: Vec::new(),
        log: None,
        cause: None,
        incomplete: facts::incomplete(source, dialog),
        speaks,
        fax: None,
        page_attempts: Vec::new(),
        capture: facts,
        hang_up: HangUp::default(),
    }
}

/// Times of the packets of a call that is being put together, and their frames, in time order.
fn packets(call: &Call, reading: Option<&Reading>) -> Vec<(Timestamp, FrameNo)> {
    let of_fax = reading.iter().flat_map(|reading| &reading.events);
    let events = call.events.iter().chain(of_fax);
    let mut packets: Vec<(Timestamp, FrameNo)> =
        events.map(|event| (event.at, event.frame)).collect();
    packets.sort_unstable();
    packets
}

/// The caller and the callee of a path of several hops are its ends, and so are their agents.
fn take_ends(call: &mut Call) {
    if call.path.is_one_hop() {
        return;
    }
    let Some((first, last)) = call.path.captured_ends() else {
        return;
    };
    (call.caller, call.callee) = (first.addr, last.addr);
    let agents = BySide {
        caller: first.agent.clone(),
        callee: last.agent.clone(),
    };
    call.agent = agents;
}

/// Without SIP the caller is the T.30 calling terminal: the one that does not send DIS.
fn seat_without_sip(source: &Source<'_>, call: &mut Call, reading: Option<&mut Reading>) {
    let called = reading.as_ref().and_then(|reading| reading.called);
    let sender = reading.as_ref().and_then(|reading| reading.sender);
    let swap = match (called, sender) {
        (Some(called), _) => called == Side::Caller,
        (None, Some(sender)) => sender == Side::Callee,
        (None, None) => false,
    };
    if swap {
        std::mem::swap(&mut call.udptl.caller, &mut call.udptl.callee);
        for event in &mut call.events {
            event.from = event.from.other();
        }
        if let Some(reading) = reading {
            reading.swap_sides();
        }
    }
    let of = |side: Side| {
        call.udptl
            .of(side)
            .paths
            .first()
            .map(|path| (path.src, path.dst))
    };
    if let Some((src, dst)) = of(Side::Caller) {
        (call.caller, call.callee) = (src, dst);
    } else if let Some((src, dst)) = of(Side::Callee) {
        (call.callee, call.caller) = (src, dst);
    } else if let Some(event) = call.events.first() {
        let caller_first = event.from == Side::Caller;
        (call.caller, call.callee) = if caller_first {
            (event.src, event.dst)
        } else {
            (event.dst, event.src)
        };
    }
    let _ = source;
}

/// All events in one list, in time order, numbered; the pages follow their events.
fn merge(call: &mut Call, reading: &mut Option<Reading>) {
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

/// A call without BYE is taken as over when the capture goes on so long without a packet of it.
const SILENT_END: f64 = 35.0;
