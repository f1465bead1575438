//! The media that the SDP in force allows, over time.

use crate::call::negotiation::sdp_of;
use crate::call::{BySide, Event, Negotiation, Side};
use crate::capture::{Endpoint, Timestamp};
use crate::sip::{MediaKind, MediaLine, Sdp};

/// What media the SDP in force allowed for some time.
#[derive(Clone, Debug, PartialEq)]
pub struct MediaPeriod {
    /// Time of the answer.
    pub from: Timestamp,
    /// Time of the next answer, or the end of the call.
    pub until: Option<Timestamp>,
    /// Index in [`Call::negotiations`](crate::call::Call::negotiations).
    pub negotiation: usize,
    /// Audio endpoints by side, where audio is active.
    pub audio: Option<BySide<Endpoint>>,
    /// Name of the first audio format in the answer.
    pub codec: Option<String>,
    /// T.38 endpoints by side, where T.38 is active.
    pub t38: Option<BySide<Endpoint>>,
}

/// One period an accepted negotiation; each lasts until the next begins.
pub(crate) fn periods(
    negotiations: &[Negotiation],
    events: &[Event],
    end: Option<Timestamp>,
) -> Vec<MediaPeriod> {
    let mut out: Vec<MediaPeriod> = Vec::new();
    for (index, negotiation) in negotiations.iter().enumerate() {
        if negotiation.answer.is_none() || negotiation.status.is_some_and(|status| status >= 300) {
            continue;
        }
        let at = negotiation
            .answer_event
            .and_then(|id| events.get(usize::try_from(id.0).ok()?))
            .map(|event| event.at);
        let Some(at) = at else { continue };
        if let Some(last) = out.last_mut() {
            last.until = Some(at);
        }
        out.push(MediaPeriod {
            from: at,
            until: end,
            negotiation: index,
            audio: endpoints(negotiation, is_audio),
            codec: codec(negotiation),
            t38: endpoints(negotiation, MediaLine::is_t38),
        });
    }
    out
}

fn is_audio(line: &MediaLine) -> bool {
    line.kind == MediaKind::Audio && !line.is_t38()
}

/// Endpoint of the first active line of a kind in an SDP.
pub(crate) fn endpoint(sdp: &Sdp, wanted: fn(&MediaLine) -> bool) -> Option<Endpoint> {
    let line = sdp
        .media
        .iter()
        .find(|line| wanted(line) && line.port > 0)?;
    Some(Endpoint::new(line.connection?, line.port))
}

fn endpoints(
    negotiation: &Negotiation,
    wanted: fn(&MediaLine) -> bool,
) -> Option<BySide<Endpoint>> {
    Some(BySide {
        caller: endpoint(sdp_of(negotiation, Side::Caller)?, wanted)?,
        callee: endpoint(sdp_of(negotiation, Side::Callee)?, wanted)?,
    })
}

/// Name of the first format of the audio line that was answered.
fn codec(negotiation: &Negotiation) -> Option<String> {
    let answer = negotiation.answer.as_ref()?;
    let line = answer
        .media
        .iter()
        .find(|line| is_audio(line) && line.port > 0)?;
    let format = line.formats.first()?;
    let number: u8 = format.parse().ok()?;
    let named = line
        .rtpmap
        .iter()
        .find(|(payload_type, _, _)| *payload_type == number)
        .map(|(_, name, _)| name.clone());
    named
        .or_else(|| crate::rtp::header::static_codec(number).map(str::to_owned))
        .or_else(|| Some(format.clone()))
}
