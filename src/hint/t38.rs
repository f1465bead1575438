//! Rules on T.38 negotiation.

use crate::call::{Event, FaxCarrier, Negotiation, Side, SipEvent};
use crate::hint::rule::{Family, Layer};
use crate::hint::sip::timer;
use crate::hint::{Finding, Rule, RuleContext, Severity};
use crate::sip::{MediaKind, MediaLine, Sdp, T38Attributes};

pub(super) mod address;
pub(super) mod agreement;
pub(super) mod answer;
pub(super) mod media;
pub(super) mod refusal;
pub(super) mod reinvite;
pub(super) mod sdp;
pub(super) mod size;
pub(super) mod voice;

/// What the rules of this family have in common.
const T38: Rule = Rule {
    family: Family::T38,
    layer: Layer::Negotiation,
    ..Rule::PLAIN
};

/// The rules of this family.
pub(crate) const RULES: &[&[&Rule]] = &[
    reinvite::RULES,
    refusal::RULES,
    answer::RULES,
    media::RULES,
    agreement::RULES,
    sdp::RULES,
    size::RULES,
    address::RULES,
    voice::RULES,
];

/// An offer of T.38 with what became of it.
#[derive(Clone, Copy)]
pub(super) struct Switch<'a> {
    /// The negotiation.
    pub(super) negotiation: &'a Negotiation,
    /// Message with the offer.
    pub(super) offer: &'a Event,
    /// Final answer or refusal.
    pub(super) answer: Option<(&'a Event, &'a SipEvent)>,
    /// Its status.
    pub(super) status: Option<u16>,
    /// The offer came within the dialog, not in the first INVITE.
    pub(super) reinvite: bool,
}

impl<'a> Switch<'a> {
    /// Who was asked.
    pub(super) fn asked(&self) -> Side {
        self.negotiation.from.other()
    }

    /// Frames of answer and offer, the answer first as it decides.
    pub(super) fn frames(&self) -> impl Iterator<Item = crate::capture::FrameNo> + use<> {
        [
            self.answer.map(|(event, _)| event.frame),
            Some(self.offer.frame),
        ]
        .into_iter()
        .flatten()
    }

    /// Refused with a status of these.
    pub(super) fn refused_with(&self, statuses: &[u16]) -> bool {
        self.status.is_some_and(|status| statuses.contains(&status))
    }

    /// Answered with 2xx.
    pub(super) fn answered(&self) -> Option<(&'a Event, &'a SipEvent)> {
        self.answer.filter(|_| {
            self.status
                .is_some_and(|status| (200..300).contains(&status))
        })
    }
}

/// All offers of T.38, in order.
pub(super) fn switches<'a>(context: &RuleContext<'a>) -> Vec<Switch<'a>> {
    context
        .call
        .negotiations
        .iter()
        .filter(|negotiation| negotiation.offers_t38())
        .filter_map(|negotiation| {
            let transaction = context.call.transactions.get(negotiation.transaction);
            Some(Switch {
                negotiation,
                offer: context.event(negotiation.offer_event)?,
                answer: negotiation.answer_event.and_then(|id| context.message(id)),
                status: negotiation.status,
                reinvite: transaction.is_none_or(|transaction| !transaction.initial),
            })
        })
        .collect()
}

/// Offers of T.38 that are a switch, not the refresh of a session that has it already.
pub(super) fn first_switches<'a>(context: &RuleContext<'a>) -> Vec<Switch<'a>> {
    let refreshing = timer::refreshing(context);
    switches(context)
        .into_iter()
        .filter(|switch| !refreshing.contains(&switch.offer.id))
        .collect()
}

/// Whether T.38 was agreed on a call at any time.
pub(super) fn agreed(context: &RuleContext<'_>) -> bool {
    context
        .call
        .negotiations
        .iter()
        .any(|negotiation| negotiation.offers_t38() && negotiation.accepts_t38())
}

/// Whether the other leg of the fax has T.38: then somebody in the middle converts, or should.
pub(super) fn agreed_on_other_leg(context: &RuleContext<'_>) -> bool {
    context.mirrored().is_some_and(|other| agreed(&other))
}

/// Whether the fax ran as audio, and only so.
pub(super) fn fax_in_audio(context: &RuleContext<'_>) -> bool {
    context.call.packets.t38 == 0
        && context
            .call
            .fax
            .as_ref()
            .is_some_and(|fax| fax.carrier == FaxCarrier::G711)
}

/// Whether pages got through all the same: what went wrong with T.38 is no failure then.
pub(super) fn pages_confirmed(context: &RuleContext<'_>) -> bool {
    let confirmed =
        |call: &crate::call::Call| call.fax.as_ref().is_some_and(|fax| fax.pages_confirmed > 0);
    confirmed(context.call) || context.other.is_some_and(confirmed)
}

/// An error, or a warning where the fax was delivered all the same.
pub(super) fn error_unless_delivered(context: &RuleContext<'_>) -> Severity {
    if context.delivered_on_either_leg() {
        Severity::Warning
    } else {
        Severity::Error
    }
}

/// The active T.38 line of an SDP.
pub(super) fn image_line(sdp: &Sdp) -> Option<&MediaLine> {
    sdp.media.iter().find(|line| line.is_t38() && line.port > 0)
}

/// The active audio line of an SDP that is no T.38 in RTP.
pub(super) fn audio_line(sdp: &Sdp) -> Option<&MediaLine> {
    sdp.media
        .iter()
        .find(|line| line.kind == MediaKind::Audio && line.port > 0 && !line.is_t38())
}

/// T.38 attributes of offer and answer of a switch that was accepted.
pub(super) fn agreed_attributes<'a>(
    switch: &Switch<'a>,
) -> Option<(&'a T38Attributes, &'a T38Attributes)> {
    let offer = image_line(&switch.negotiation.offer)?.t38.as_ref()?;
    let answer = image_line(switch.negotiation.answer.as_ref()?)?
        .t38
        .as_ref()?;
    Some((offer, answer))
}

/// Switches that were accepted.
pub(super) fn accepted<'a>(context: &RuleContext<'a>) -> Vec<Switch<'a>> {
    first_switches(context)
        .into_iter()
        .filter(|switch| switch.negotiation.accepts_t38())
        .collect()
}

/// Stands on the answer of a switch, and is about who answered.
pub(super) fn on_switch(
    context: &RuleContext<'_>,
    finding: Finding,
    switch: &Switch<'_>,
) -> Finding {
    let event = switch.answer.map_or(switch.offer.id, |(event, _)| event.id);
    finding.on(event).about(context.endpoint(switch.asked()))
}

/// First sign of a fax in the call: a tone, V.21, or a message.
pub(super) fn first_fax_sign<'a>(context: &RuleContext<'a>) -> Option<&'a Event> {
    use crate::call::EventKind as Kind;
    context.call.events.iter().find(|event| {
        event.observed
            && match &event.kind {
                Kind::RtpEvent(tone) => tone.tone().is_some(),
                Kind::Tone { .. }
                | Kind::Preamble
                | Kind::Training(_)
                | Kind::Indicator(_)
                | Kind::T30(_)
                | Kind::Tcf(_)
                | Kind::PageData(_) => true,
                _ => false,
            }
    })
}
