//! Rules on offers and answers that are faulty themselves: a refusal of those accuses nobody who refused.
//!
//! A refused offer is examined in one order, and the first that applies is the cause: syntax and structure, transport,
//! address, T.38 alone in a first INVITE; only then the side that refused.

use std::net::IpAddr;

use crate::call::{Event, Negotiation, Side, SipEvent, Transaction};
use crate::hint::context::{header, headers, is_private};
use crate::hint::rule::{Family, Layer};
use crate::hint::sip::q850;
use crate::hint::{Rule, RuleContext};
use crate::sip::sdp::fault::{SdpFault, faults};
use crate::sip::{MediaKind, MediaLine, Sdp};

use hops::{Sight, journey};

pub(super) mod answer;
pub(super) mod hops;
pub(super) mod offer;

/// What the rules of this family have in common.
const SDP: Rule = Rule {
    family: Family::Sdp,
    layer: Layer::SetUp,
    ..Rule::PLAIN
};

/// The rules of this family.
pub(crate) const RULES: &[&[&Rule]] = &[offer::RULES, answer::RULES];

/// An offer with what became of it.
#[derive(Clone, Copy)]
pub(super) struct Offer<'a> {
    /// The negotiation.
    pub(super) negotiation: &'a Negotiation,
    /// Its transaction.
    pub(super) transaction: &'a Transaction,
    /// The message with the offer.
    pub(super) event: &'a Event,
}

impl<'a> Offer<'a> {
    /// Who wrote it.
    pub(super) fn side(&self) -> Side {
        self.negotiation.from
    }

    /// The final response, where the offer was in the request.
    pub(super) fn refusal(
        &self,
        context: &RuleContext<'a>,
    ) -> Option<(u16, &'a Event, &'a SipEvent)> {
        let (status, id) = self.transaction.final_response()?;
        let in_request = self.negotiation.from == self.transaction.from;
        let (event, sip) = context.message(id)?;
        (in_request && status >= 300).then_some((status, event, sip))
    }

    /// The offer on the hops that it passed, up to the one on which it was answered.
    pub(super) fn journey(&self, context: &RuleContext<'a>) -> Vec<Sight<'a>> {
        let answer = self.transaction.final_response();
        let answer = answer.and_then(|(_, id)| context.event(id));
        journey(context, self.event.id, answer)
    }

    /// The offer as it came to the one who answered.
    pub(super) fn as_answered(&self, context: &RuleContext<'a>) -> Option<Sight<'a>> {
        self.journey(context).pop()
    }

    /// The refusal, if the offer may be the reason for it: not a challenge, a collision, a call that is over, a busy server.
    pub(super) fn refusal_of_offer(
        &self,
        context: &RuleContext<'a>,
    ) -> Option<(u16, &'a Event, &'a SipEvent)> {
        let (status, event, sip) = self.refusal(context)?;
        let hung_up = || context.bye().is_some_and(|(bye, _)| bye.at <= event.at);
        let other_reason = match status {
            300..=399 | 401 | 407 | 408 | 487 | 491 | 503 => true,
            481 => hung_up(),
            500 => header(sip, "Retry-After").is_some(),
            _ => false,
        };
        (!other_reason).then_some((status, event, sip))
    }
}

/// All offers of a call, in order.
pub(super) fn offers<'a>(context: &RuleContext<'a>) -> impl Iterator<Item = Offer<'a>> + use<'a> {
    let context = context.clone();
    context
        .call
        .negotiations
        .iter()
        .filter_map(move |negotiation| {
            let (event, _) = context.message(negotiation.offer_event)?;
            Some(Offer {
                negotiation,
                transaction: context.call.transactions.get(negotiation.transaction)?,
                event,
            })
        })
}

/// Octets of the body, by `Content-Length`.
pub(super) fn announced(sip: &SipEvent) -> Option<usize> {
    header(sip, "Content-Length")?.trim().parse().ok()
}

/// The body ends before its `Content-Length`: what is missing was cut, not forgotten.
pub(super) fn is_shorter_than_said(sip: &SipEvent) -> bool {
    announced(sip).is_some_and(|said| sip.message.body().len() < said)
}

/// A status of the kind that says "not these media": RFC 3261 21.4, Warning 30x, Q.850 63, 65, 79, 88.
pub(super) fn is_about_media(status: u16, sip: &SipEvent) -> bool {
    let warned = headers(sip, "Warning").any(|value| {
        let code = value.split_whitespace().next();
        code.is_some_and(|code| code.len() == 3 && code.starts_with("30"))
    });
    matches!(status, 400 | 403 | 415 | 488 | 500 | 501 | 606)
        || warned
        || q850(sip).is_some_and(|cause| matches!(cause, 63 | 65 | 79 | 88))
}

/// Why an address in SDP is of no use to the peer, in a few words; `None` if it may be.
///
/// `peer` is the peer's signalling address: to a private peer a private address is a good one.
pub(super) fn unusable(addr: IpAddr, peer: IpAddr) -> Option<&'static str> {
    let same_kind = is_private(addr) && is_private(peer);
    if addr.is_unspecified() {
        Some("no address")
    } else if addr.is_loopback() && !peer.is_loopback() {
        Some("loopback")
    } else if addr.is_multicast() || matches!(addr, IpAddr::V4(addr) if addr.is_broadcast()) {
        Some("no single host")
    } else if is_private(addr) && !same_kind {
        Some("private")
    } else {
        None
    }
}

/// What is wrong with an offer by itself, so that its refusal accuses the offerer.
pub(super) fn is_faulty(context: &RuleContext<'_>, negotiation: &Negotiation) -> bool {
    offers(context)
        .find(|offer| offer.negotiation.offer_event == negotiation.offer_event)
        .is_some_and(|offer| {
            offer::is_image_only(&offer)
                || offer.as_answered(context).is_some_and(|sight| {
                    !offer::faults_of(context, &offer, &sight).is_empty()
                        || offer::bad_transport(&sight)
                        || offer::bad_address(&offer, &sight).is_some()
                })
        })
}

/// The offer is allowed, but odd enough that a narrow stack refuses it: nobody is accused of the refusal.
pub(super) fn is_odd(offer: &Sdp) -> bool {
    let image = offer.media.iter().position(MediaLine::is_t38);
    let audio = offer
        .media
        .iter()
        .position(|line| line.kind == MediaKind::Audio && !line.is_t38());
    let before_audio = image.zip(audio).is_some_and(|(image, audio)| image < audio);
    let of_rtp = ["ptime", "maxptime", "rtcp", "rtpmap", "fmtp", "silenceSupp"];
    let rtp_attribute = offer
        .media
        .iter()
        .filter(|line| line.kind == MediaKind::Image)
        .any(|line| {
            of_rtp
                .iter()
                .any(|name| line.attribute_values(name).next().is_some())
        });
    before_audio || rtp_attribute
}
