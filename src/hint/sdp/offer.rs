//! Faults of an offer.

use std::net::IpAddr;

use super::hops::{Sight, author, author_of_address};
use super::{Offer, SDP, SdpFault, faults, is_about_media, is_shorter_than_said, offers, unusable};
use crate::hint::rule::{Check, explain};
use crate::hint::sip::refusal::{SIP_INVITE_MEDIA_REJECTED, SIP_INVITE_SERVER_ERROR};
use crate::hint::sip::teardown::SIP_EARLY_BYE;
use crate::hint::t38::refusal::{T38_REINVITE_REJECTED, T38_REINVITE_UNSUPPORTED_MEDIA};
use crate::hint::{Finding, Rule, RuleContext, Severity};
use crate::sip::{MediaKind, MediaLine};
use crate::t30::Fcf;

pub(super) const RULES: &[&Rule] = &[
    &SDP_OFFER_MALFORMED,
    &SDP_PRIVATE_ADDRESS,
    &T38_OFFER_IMAGE_ONLY,
];

/// Rules that accuse the side that refused.
pub(in crate::hint) const REFUSALS: &[&Rule] = &[
    &T38_REINVITE_UNSUPPORTED_MEDIA,
    &T38_REINVITE_REJECTED,
    &SIP_INVITE_MEDIA_REJECTED,
    &SIP_INVITE_SERVER_ERROR,
    &SIP_EARLY_BYE,
];

pub(in crate::hint) static SDP_OFFER_MALFORMED: Rule = Rule {
    id: "sdp-offer-malformed",
    severity: Severity::Error,
    title: "The offer itself is faulty",
    advice: "The refusal answers a faulty offer; the side that refuses need not change. Act on the side that wrote \
             the SDP, or on the media proxy that rewrote it (compare the hops). Update Asterisk (SendFAX sent no m= \
             line when it went back to audio), rtpengine and the gateway; on Cisco CUBE, voice class sip-profiles \
             mends lines. As a stopgap, mend the line in the proxy (Kamailio textops, sdpops).",
    step: "correct the SDP on the side that wrote it",
    reference: "RFC 8866, sections 5.7, 5.14, 6.6; RFC 3264, section 8; kamailio issue 3982, asterisk issue 824",
    when: "an offer has an m= line without c=, a c= that is no address, an incomplete m= line, a=rtpmap without a \
           value, no m= line or fewer than before, or lacks v=, o=, s= or t=; an error if it is refused for that",
    check: Check::Many(malformed),
    covers: &[explain(REFUSALS)],
    ..SDP
};

pub(in crate::hint) static SDP_PRIVATE_ADDRESS: Rule = Rule {
    id: "sdp-private-address",
    severity: Severity::Warning,
    title: "The audio address in an offer cannot be reached",
    advice: "Carriers that do not learn addresses refuse such an INVITE or stay silent. On the side that wrote it set \
             the external media address (PJSIP: external_media_address and local_net; chan_sip: externaddr, \
             localnet; FreeSWITCH: ext-rtp-ip), or let the proxy rewrite the first INVITE too (Kamailio: \
             rtpengine_manage). A common codec may be there: the refusal does not say.",
    step: "set the external media address on the side that wrote it",
    reference: "RFC 1918; RFC 3264, section 8.4",
    when: "m=audio of an offer has a private address towards a public peer, or 0.0.0.0 in a first offer; an error if \
           it is refused for its media",
    check: Check::Many(private_audio),
    covers: &[explain(REFUSALS)],
    ..SDP
};

pub(in crate::hint) static T38_OFFER_IMAGE_ONLY: Rule = Rule {
    id: "t38-offer-image-only",
    severity: Severity::Warning,
    title: "The first INVITE offers T.38 only",
    advice: "Most trunks and PBXs set up audio and switch later. On the calling side offer PCMU or PCMA first and let \
             the called side (or yourself) send the re-INVITE for T.38: t38modem without \"T.38 only\", fax servers \
             with T.38 on re-INVITE. If calls that begin with audio pass, this is the reason; else look at the route.",
    step: "offer G.711 first and let T.38 follow by re-INVITE",
    reference: "RFC 3264, section 6; t38modem issue 8",
    when: "the first INVITE has m=image and neither audio nor video; an error if it is refused for its media, silent if it is accepted or not answered",
    check: Check::One(image_only),
    covers: &[explain(REFUSALS)],
    ..SDP
};

fn malformed(context: &RuleContext<'_>) -> Vec<Finding> {
    let fax_over = last_word(context);
    offers(context)
        .filter_map(|offer| {
            let journey = offer.journey(context);
            let author = author(context, &journey, |sight| {
                !faults_of(context, &offer, sight).is_empty()
            })?;
            let told = faults_of(context, &offer, journey.last()?);
            let refused = offer.refusal_of_offer(context);
            let over = fax_over.is_some_and(|end| end <= offer.event.at);
            let severity = match refused {
                Some(_) if !over && !context.delivered_on_either_leg() => Severity::Error,
                _ => Severity::Warning,
            };
            let end = refused.map_or_else(String::new, |(status, ..)| {
                format!(" – {status} is the answer to that")
            });
            let seen = format!("Faulty offer of {}: {}{end}", author.who, told.join(", "));
            let frames = [
                Some(author.sight.event.frame),
                author.before.map(|sight| sight.event.frame),
                refused.map(|(_, event, _)| event.frame),
            ];
            let warning = refused
                .and_then(|(.., sip)| crate::hint::context::header(sip, "Warning"))
                .map_or_else(String::new, |warning| {
                    format!(" Warning of the refusal: {warning}")
                });
            let sound = author
                .before
                .map_or("", |_| " It came there without the fault.");
            let found = Finding::new(severity, frames.into_iter().flatten(), seen);
            Some(
                author
                    .accuse(found)
                    .more(format!("Written by {}.{sound}{warning}", author.whose)),
            )
        })
        .collect()
}

/// Time of the last word of the fax: DCN, else the last confirmation.
fn last_word(context: &RuleContext<'_>) -> Option<crate::capture::Timestamp> {
    let of = |wanted: &[Fcf]| {
        context
            .t30()
            .filter(|(_, frame)| wanted.contains(&frame.fcf))
            .map(|(event, _)| event.at)
            .last()
    };
    of(&[Fcf::Dcn]).or_else(|| of(&[Fcf::Mcf]))
}

/// Faults of an offer on a hop, in words; none of a message that the capture or its sender cut.
pub(super) fn faults_of(
    context: &RuleContext<'_>,
    offer: &Offer<'_>,
    sight: &Sight<'_>,
) -> Vec<String> {
    if sight.sip.cut > 0 || is_shorter_than_said(sight.sip) {
        return Vec::new();
    }
    let Some(octets) = sight.sip.message.sdp_text() else {
        return Vec::new();
    };
    let mut told: Vec<String> = faults(octets).iter().map(SdpFault::text).collect();
    let before = lines_before(context, offer);
    let now = sight.sdp().map_or(0, |sdp| sdp.media.len());
    if now > 0 && now < before {
        told.push(format!("{now} m= lines where there were {before}"));
    }
    told
}

/// Media lines of the SDP that the same side sent before and that was accepted (RFC 3264 8: never fewer).
fn lines_before(context: &RuleContext<'_>, offer: &Offer<'_>) -> usize {
    context
        .call
        .negotiations
        .iter()
        .filter(|other| other.offer_event < offer.negotiation.offer_event && other.answer.is_some())
        .filter(|other| {
            other
                .status
                .is_none_or(|status| (200..300).contains(&status))
        })
        .filter_map(|other| crate::call::negotiation::sdp_of(other, offer.side()))
        .map(|sdp| sdp.media.len())
        .next_back()
        .unwrap_or_default()
}

/// `m=image` over something that is no T.38 transport.
pub(super) fn bad_transport(sight: &Sight<'_>) -> bool {
    let lines = sight.sdp().into_iter().flat_map(|sdp| &sdp.media);
    lines
        .filter(|line| line.kind == MediaKind::Image && line.port > 0)
        .any(|line| line.proto.to_ascii_uppercase().starts_with("RTP/"))
}

/// The address of the offer that the peer on this hop cannot use: of the image line, else of the audio line.
pub(super) fn bad_address(offer: &Offer<'_>, sight: &Sight<'_>) -> Option<(IpAddr, &'static str)> {
    let peer = sight.event.dst.addr;
    let lines = sight.sdp().into_iter().flat_map(|sdp| &sdp.media);
    lines.filter(|line| line.port > 0).find_map(|line| {
        let addr = line.connection?;
        // On hold, 0.0.0.0 is what RFC 2543 asked for.
        let held = addr.is_unspecified() && !line.is_t38() && !offer.transaction.initial;
        unusable(addr, peer)
            .filter(|_| !held)
            .map(|why| (addr, why))
    })
}

/// The address of the audio line of an offer of audio alone that the peer on this hop cannot use.
fn bad_audio(offer: &Offer<'_>, sight: &Sight<'_>) -> Option<(IpAddr, &'static str)> {
    let sdp = sight.sdp()?;
    let has_audio = sdp
        .media
        .iter()
        .any(|line| line.kind == MediaKind::Audio && line.port > 0 && !line.is_t38());
    let has_t38 = sdp.media.iter().any(|line| line.is_t38() && line.port > 0);
    bad_address(offer, sight).filter(|_| has_audio && !has_t38)
}

fn private_audio(context: &RuleContext<'_>) -> Vec<Finding> {
    offers(context)
        .filter_map(|offer| {
            let journey = offer.journey(context);
            let (addr, why) = bad_audio(&offer, journey.last()?)?;
            let author = author_of_address(context, &journey, |sight| {
                bad_audio(&offer, sight).is_some()
            })?;
            let (status, event, _) = offer
                .refusal_of_offer(context)
                .filter(|(status, _, sip)| is_about_media(*status, sip))?;
            let seen = format!("Audio offered at {addr}: {why} – answered {status}");
            let frames = [author.sight.event.frame, event.frame];
            let found = author.accuse(Finding::new(Severity::Error, frames, seen));
            Some(found.more(format!(
                "Announced by {}, whose SIP comes from {}.",
                author.whose, author.sight.event.src.addr
            )))
        })
        .collect()
}

/// A first INVITE with T.38 and nothing to talk over.
pub(super) fn is_image_only(offer: &Offer<'_>) -> bool {
    let open = |wanted: fn(&MediaLine) -> bool| {
        offer
            .negotiation
            .offer
            .media
            .iter()
            .any(|line| line.port > 0 && wanted(line))
    };
    offer.transaction.initial
        && open(MediaLine::is_t38)
        && !open(|line| !line.is_t38() && line.kind != MediaKind::Image)
}

fn image_only(context: &RuleContext<'_>) -> Option<Finding> {
    let offer = offers(context).filter(is_image_only).last()?;
    let (status, event, sip) = offer.refusal(context)?;
    if !is_about_media(status, sip) || status == 403 {
        return None;
    }
    let seen = format!("First INVITE offers T.38 only – {status}; offer audio first");
    Some(
        Finding::new(Severity::Error, [offer.event.frame, event.frame], seen)
            .on(offer.event.id)
            .about(context.endpoint(offer.side()))
            .blame_nobody()
            .more(format!(
                "The answer came from {}.",
                context.whose(offer.side().other())
            )),
    )
}
