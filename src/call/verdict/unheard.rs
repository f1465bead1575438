//! What the capture cannot show of a fax: media that took another way, V.34 in sound.

use crate::call::verdict::{hung_up, messages};
use crate::call::{Call, Event, EventKind, Side, Transaction};
use crate::line::Tone;

/// Seconds of V.34 after CM and JM that show that both sides went on in it.
const V34_GOES_ON: f64 = 3.0;

/// The last CM or JM of a fax that went on in V.34 over audio (T.30 annex F): from there on DIS and DCS are sent in
/// V.34, which is not demodulated. `None` too where a message of T.30 in V.21 follows, and with it everything can be
/// read.
pub(crate) fn super_g3(call: &Call) -> Option<&Event> {
    let answers = call.events.iter().find(|event| is_ansam(event))?;
    let calls = call.events.iter().any(is_cng);
    let is_menu = |event: &&Event| match &event.kind {
        EventKind::V8 { name, .. } => matches!(*name, "cm-message" | "jm-message"),
        // Not read: a modem for data sends it too.
        EventKind::Tone { tone, .. } => *tone == Tone::V8Signal && calls,
        _ => false,
    };
    let menu = call
        .events
        .iter()
        .rfind(|event| event.at >= answers.at && is_menu(event))?;
    let in_v21 = messages(call).any(|(event, _)| event.at > answers.at);
    let over = hung_up(call).unwrap_or(call.last_packet);
    let goes_on = over.seconds_since(menu.end) >= V34_GOES_ON;
    let is_audio = call.packets.t38 == 0;
    (is_audio && !in_v21 && goes_on).then_some(menu)
}

/// The answer tone of V.8, as sound or as an event.
fn is_ansam(event: &Event) -> bool {
    let tone = match &event.kind {
        EventKind::Tone { tone, .. } => Some(*tone),
        EventKind::RtpEvent(event) => event.tone(),
        _ => None,
    };
    matches!(tone, Some(Tone::AnsAm | Tone::AnsAmReversals))
}

fn is_cng(event: &Event) -> bool {
    match &event.kind {
        EventKind::Tone { tone, .. } => *tone == Tone::Cng,
        EventKind::RtpEvent(event) => event.tone() == Some(Tone::Cng),
        _ => false,
    }
}

/// Seconds after the answer within which media begin.
const MEDIA_BEGIN: f64 = 5.0;
/// Seconds within which a call is hung up because T.38 was refused: a fax over audio takes longer.
const GIVES_UP: f64 = 8.0;

/// An answered call without one packet of its media: they took another way than the capture's, or a filter left them
/// out. Their absence proves nothing. What SIP itself shows does: T.38 refused, and the call ended for it.
pub(crate) fn no_media(call: &Call) -> bool {
    let is_media = |event: &Event| {
        event.observed && !matches!(event.kind, EventKind::Sip(_) | EventKind::Icmp { .. })
    };
    let nothing =
        call.packets.rtp == 0 && call.packets.t38 == 0 && !call.events.iter().any(is_media);
    let unreachable = || {
        call.events
            .iter()
            .any(|event| matches!(event.kind, EventKind::Icmp { .. }))
    };
    let is_up = call
        .answered
        .map_or(call.capture.starts_mid_call, |answered| {
            // Of a call that goes on they may still come.
            let since = call.capture.last_time.seconds_since(answered);
            !call.capture.unfinished || since > MEDIA_BEGIN
        });
    call.has_sip() && is_up && nothing && !unreachable() && !given_up(call)
}

/// T.38 was refused, or not answered, and the call ended before anything else could carry the fax.
fn given_up(call: &Call) -> bool {
    let at = |id| {
        let event = call.events.iter().find(|event| event.id == id);
        event.map(|event| event.at)
    };
    let refused = call.negotiations.iter().rfind(|one| one.offers_t38());
    let Some(refused) = refused.filter(|one| !one.accepts_t38()) else {
        return false;
    };
    let initial = (call.transactions.get(refused.transaction)).is_some_and(|one| one.initial);
    let ended = hung_up(call);
    let since = at(refused.answer_event.unwrap_or(refused.offer_event));
    let soon = since
        .zip(ended)
        .is_some_and(|(since, ended)| ended.seconds_since(since) < GIVES_UP);
    // Sound that went on after it would be in the capture, as that of the host's other calls is.
    !initial && (soon || call.capture.other_media)
}

/// Whether messages of SIP prove others that the capture does not have: an answer its request, an ACK the answer
/// before it. What was agreed or refused is not known then. The beginning of a call that was up is another matter.
pub(super) fn lacks_signalling(call: &Call) -> bool {
    let proves_more = |one: &Transaction| {
        let unanswered = !one.acks.is_empty() && one.final_response().is_none();
        one.method == "INVITE" && (one.requests.is_empty() || unanswered)
    };
    let starts_late = usize::from(call.capture.starts_mid_call);
    let of_one_side = only_side(call);
    call.capture.truncated_sip == 0
        && (of_one_side || call.transactions.iter().skip(starts_late).any(proves_more))
}

/// Whether SIP of one side only is there, with answers to the other.
fn only_side(call: &Call) -> bool {
    let answers = |one: &Transaction| !one.responses.is_empty() || !one.acks.is_empty();
    let sip = || {
        call.events
            .iter()
            .filter(|event| event.observed && matches!(event.kind, EventKind::Sip(_)))
    };
    let of = |side: Side| sip().any(|event| event.from == side);
    of(Side::Caller) != of(Side::Callee) && call.transactions.iter().any(answers)
}

/// Whether the sound of one side only is there, and nothing but a request for T.38 tells of a fax: whether people
/// talk cannot be told from it.
pub(super) fn one_sound(call: &Call) -> bool {
    let sounds = |side: Side| {
        call.events
            .iter()
            .any(|event| event.from == side && matches!(event.kind, EventKind::Rtp(_)))
    };
    let nothing_else = call.events.iter().all(|event| {
        matches!(
            event.kind,
            EventKind::Sip(_) | EventKind::Rtp(_) | EventKind::Missing(_)
        )
    });
    nothing_else && sounds(Side::Caller) != sounds(Side::Callee)
}
