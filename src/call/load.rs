//! A call in full: its messages and media read again from the store, put together to the model.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use crate::call::fax::{self, Reading};
use crate::call::index::{DialogEntry, DialogId, FlowId, Index, Map};
use crate::call::log::{self, CallLog};
use crate::call::pages::{self, CodedPage, LineData};
use crate::call::{
    BySide, Call, CallNo, CaptureFacts, EventId, FaxCarrier, Path, Side, UdptlStats, media,
    negotiation, path, seats, transaction, verdict,
};
use crate::capture::store::Store;
use crate::capture::{CaptureInfo, FrameNo, Timestamp};
use crate::line::SignalKind;
use crate::rtp::RtpArrival;

mod audio;
mod copies;
mod draft;
mod facts;
pub(crate) mod listed;
mod order;
mod signalling;
mod t38;

use draft::{Draft, blank};
use order::{merge, order_heard};
pub(crate) use t38::fetch as t38_arrivals;

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
    if source.info.redacted {
        for page in &mut pages {
            page.about.facts.blank = false;
        }
    }
    call.page_attempts = pages.iter().map(|page| page.about.clone()).collect();
    Ok((call, pages))
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
