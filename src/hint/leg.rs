//! Rules about the two legs of one fax: what a B2BUA does between them.
//!
//! A fault between the legs is told once, on the leg that each rule's `when` names.

use crate::call::{Call, Side};
use crate::hint::configured::Bearing;
use crate::hint::rule::{BetweenLegs, Check, Family, Layer, RootCause, T30_BEGINS, explain, hide};
use crate::hint::sip::teardown::{SIP_BYE_MISSING, SIP_EARLY_BYE};
use crate::hint::t30::dis::T30_DIS_NO_DCS;
use crate::hint::t30::identification::T30_NO_DIS;
use crate::hint::t30::page::{T30_CFR_NO_PAGE, T30_PAGE_NO_POSTMSG};
use crate::hint::t30::postmessage::T30_POSTMSG_NO_RESPONSE;
use crate::hint::t30::training::T30_DCS_NO_RESPONSE;
use crate::hint::t38::agreement::T38_RATEMGMT_MISMATCH;
use crate::hint::t38::media::T38_FALLBACK_G711;
use crate::hint::t38::refusal::T38_REINVITE_UNSUPPORTED_MEDIA;
use crate::hint::t38::reinvite::T38_NO_REINVITE;
use crate::hint::{Rule, RuleContext, Severity};

mod media;
mod message;
mod outcome;

/// What the rules of this family have in common.
const LEG: Rule = Rule {
    family: Family::Legs,
    layer: Layer::Legs,
    ..Rule::PLAIN
};

/// The rules of this family.
pub(crate) const RULES: &[&Rule] = &[
    &LEG_SINGLE,
    &LEG_T38_ONE_SIDED,
    &LEG_REINVITE_NOT_RELAYED,
    &LEG_MEDIA_NOT_RELAYED,
    &LEG_T30_NOT_RELAYED,
    &LEG_LATENCY,
    &LEG_DIS_ALTERED,
    &LEG_MODE_MIX,
    &LEG_BYE_ONE_SIDED,
    &LEG_FIRST_FAILURE,
];

pub(in crate::hint) static LEG_SINGLE: Rule = Rule {
    id: "leg-single",
    severity: Severity::Note,
    title: "One leg: the PBX is the fax endpoint itself",
    advice: "Only one leg of this fax is in the capture. Normal where the PBX itself receives or sends it (fax to mail, fax server). If a fax machine sits behind an extension, there must be a second leg: capture on all interfaces of the PBX (tcpdump -i any), with TCP too.",
    reference: "4PSA: Troubleshooting fax issues (one leg, two legs)",
    when: "A fax with SIP has no second leg in the capture.",
    check: Check::One(outcome::single),
    ..LEG
};

pub(in crate::hint) static LEG_FIRST_FAILURE: Rule = Rule {
    id: "leg-first-failure",
    severity: Severity::Error,
    title: "The other leg failed first",
    advice: "Both legs show an error, and the one on the other leg came first: what this leg shows is its consequence (a 488 or 503 passed on, a BYE relayed). Work on the other leg. If nothing on the wire explains its failure, the PBX in the middle decided by itself: look at its log at that time.",
    step: "work on the other leg: it failed first",
    reference: "faxflow: order of the two legs' first errors",
    when: "Both legs have an error, and nothing between the legs explains it; told on the leg that failed later. The same T.30 or packet error on both legs does not count.",
    check: Check::Legs(outcome::first_failure),
    root: RootCause::Never,
    ..LEG
};

pub(in crate::hint) static LEG_T38_ONE_SIDED: Rule = Rule {
    id: "leg-t38-one-sided",
    severity: Severity::Error,
    title: "T.38 on one leg, refused or not asked on the other",
    advice: "The PBX said yes to T.38 on this leg while the other leg stays in audio, and nothing converts between them: the two faxes cannot hear each other. Pass-through needs T.38 on both legs, so enable it on both peers (t38_udptl=yes, t38pt_udptl); or let the PBX convert with a T.38 gateway \
        (Asterisk FAXOPT(gateway)=yes, FreeSWITCH t38_gateway); or refuse T.38 on both legs and stay with G.711.",
    step: "enable T.38 on both legs, or the T.38 gateway of the PBX",
    reference: "FreeSWITCH documentation (t38_gateway); Asterisk FAXOPT(gateway)",
    when: "T.38 is agreed on this leg and not on the other, and no T.30 message passes from one to the other. Told on the leg with T.38.",
    check: Check::One(media::one_sided),
    root: RootCause::BetweenLegs(BetweenLegs::Carrier),
    settles: T30_BEGINS,
    covers: &[explain(&[&T30_DIS_NO_DCS, &T30_NO_DIS]).on_both_legs()],
    settings: Bearing::T38,
    ..LEG
};

pub(in crate::hint) static LEG_REINVITE_NOT_RELAYED: Rule = Rule {
    id: "leg-reinvite-not-relayed",
    severity: Severity::Error,
    title: "The PBX does not pass the T.38 re-INVITE on",
    advice: "The far side of this leg asked for T.38, and the PBX answered by itself instead of asking the other leg. T.38 is not enabled for the extension or trunk of the other leg, or the settings of the two differ: set t38_udptl=yes (PJSIP) or t38pt_udptl=yes (chan_sip) on both peers, t38_passthru=true in \
        FreeSWITCH, and see that both legs are answered before the re-INVITE comes.",
    step: "enable T.38 on the extension or trunk of the other leg",
    reference: "FreeSWITCH issue #2436; asterisk issue #1880; Telnyx PR #277",
    when: "A T.38 re-INVITE comes in from the far side of this leg, none goes out on the other within 2 s, and it is refused or stays unanswered here, or is accepted while the other leg stays in audio. Told on the leg where it came in.",
    check: Check::One(media::reinvite_not_relayed),
    absence: Some(0.0),
    root: RootCause::BetweenLegs(BetweenLegs::Request),
    covers: &[
        explain(&[&T38_REINVITE_UNSUPPORTED_MEDIA]).on_both_legs(),
        hide(&[&SIP_EARLY_BYE]).on_both_legs(),
    ],
    ..LEG
};

pub(in crate::hint) static LEG_MEDIA_NOT_RELAYED: Rule = Rule {
    id: "leg-media-not-relayed",
    severity: Severity::Error,
    title: "T.38 comes in, but is not sent out on the other leg",
    advice: "T.38 packets of this leg's far side reach the PBX and stop there. Seen with Asterisk 22/23 where the image stream reuses the audio topology (the call ends after about 36 s, cause 58), with a PBX that has not learned the other peer's address (t38_udptl_nat), and with media proxies that bridge m=audio only. \
        Look at \"udptl set debug on\" in Asterisk, or at the rtpengine log for m=image.",
    step: "see udptl debug or the media proxy's log of the PBX",
    reference: "asterisk issue #1880; rtpengine issues #1107, #1201",
    when: "T.38 on both legs: 10 or more packets come in from the far side of this leg, less than a tenth of them goes out on the other. Told on the leg where they come in.",
    check: Check::One(media::media_not_relayed),
    absence: Some(0.0),
    root: RootCause::BetweenLegs(BetweenLegs::Media),
    covers: &[
        explain(&[
            &T30_NO_DIS,
            &T30_DIS_NO_DCS,
            &T30_DCS_NO_RESPONSE,
            &T30_CFR_NO_PAGE,
            &T30_PAGE_NO_POSTMSG,
            &T30_POSTMSG_NO_RESPONSE,
        ])
        .on_both_legs(),
        hide(&[&LEG_T30_NOT_RELAYED]).on_both_legs(),
    ],
    ..LEG
};

pub(in crate::hint) static LEG_T30_NOT_RELAYED: Rule = Rule {
    id: "leg-t30-not-relayed",
    severity: Severity::Error,
    title: "A T.30 message does not get through to the other leg",
    advice: "The message is on this leg with a good check sequence and never appears on the other: it is lost inside the PBX or on its way out, and the repeats on either leg are only consequences. Look at the T.38 buffers and log of the PBX, at T38FaxMaxDatagram towards the other leg (a message with redundancy may be too large for it), and at loss into the PBX.",
    step: "see T.38 log and buffers of the PBX, loss into it",
    reference: "Comparison of the two legs",
    when: "T.38 (or sound) on both legs, other messages get through, and a message with good check sequence has no equal on the other leg. NSF and what is sent within 2 s of the end do not count. Told on the leg where the message is.",
    check: Check::One(message::not_relayed),
    absence: Some(0.0),
    root: RootCause::BetweenLegs(BetweenLegs::Messages),
    covers: &[explain(&[
        &T30_DIS_NO_DCS,
        &T30_DCS_NO_RESPONSE,
        &T30_POSTMSG_NO_RESPONSE,
    ])
    .on_both_legs()],
    ..LEG
};

pub(in crate::hint) static LEG_LATENCY: Rule = Rule {
    id: "leg-latency",
    severity: Severity::Warning,
    title: "The PBX delays every message",
    advice: "Each message takes long from one leg to the other, and every command and its answer pay that delay twice. Near T4 (3 s) commands are repeated while the answer is under way, and both sides talk at once. Look for store-and-forward of whole messages (gateway mode), a busy PBX or virtual machine, and far media hops; keep the delay under 200 ms.",
    step: "look for store-and-forward, a busy PBX, far hops",
    reference: "T.30 timer T4 (3 s)",
    when: "Median delay over 3 messages or more: note above 200 ms, warning above 500 ms, error if the fax failed with repeats because twice the delay takes T4. Told on the leg that began first.",
    check: Check::One(message::latency),
    root: RootCause::BetweenLegs(BetweenLegs::Delay),
    covers: &[
        explain(&[&LEG_T30_NOT_RELAYED]).on_both_legs(),
        hide(&[&T38_RATEMGMT_MISMATCH]),
    ],
    ..LEG
};

pub(in crate::hint) static LEG_DIS_ALTERED: Rule = Rule {
    id: "leg-dis-altered",
    severity: Severity::Note,
    title: "The PBX changed DIS, DCS or NSF on its way",
    advice: "A message left the PBX different from how it came in. Taking things away is usual and wanted: V.8 (Super G3) cleared, rates limited, ECM or MMR off, NSF overwritten. Adding is not: then the sender is promised what the receiver never offered, or, with a changed DCS, the two ends disagree. Look at the T.38 gateway or fax settings of the PBX (maxrate, ecm, NSF).",
    step: "see the fax settings of the PBX (maxrate, ecm)",
    reference: "spandsp t38_gateway.c (edit_control_messages)",
    when: "DIS, DTC, DCS or NSF differs between the legs. Warning where bits were added, or the DCS was changed. Told on the leg with the changed copy.",
    check: Check::Many(message::altered),
    ..LEG
};

pub(in crate::hint) static LEG_MODE_MIX: Rule = Rule {
    id: "leg-mode-mix",
    severity: Severity::Note,
    title: "Gateway mode: T.38 on one leg, G.711 on the other",
    advice: "The PBX converts between T.38 packets and modem sound. It works, but the G.711 leg must meet the quality of pass-through (no loss, no jitter, no VAD), and the timing of the PBX's CPU matters. If the other peer can do T.38, enable it there as well.",
    reference: "Asterisk FAXOPT(gateway), FreeSWITCH t38_gateway",
    when: "The fax is in T.38 on one leg and in sound on the other, and it gets through. Told on the leg with T.38.",
    check: Check::One(media::mode_mix),
    covers: &[hide(&[&T38_NO_REINVITE, &T38_FALLBACK_G711]).on_both_legs()],
    ..LEG
};

pub(in crate::hint) static LEG_BYE_ONE_SIDED: Rule = Rule {
    id: "leg-bye-one-sided",
    severity: Severity::Error,
    title: "BYE on one leg only: the other stays up",
    advice: "The PBX ended this leg and kept the other: the far end holds a dead call until its own timeout, and Kamailio keeps the dialog. Check the dialplan after the fax (h extension, hangup_after_bridge), the hang-up in the channel log, and the dialog timeouts of the proxy.",
    step: "check what the dialplan does after the fax (h extension)",
    reference: "4PSA: Troubleshooting fax issues (stuck calls)",
    when: "BYE on this leg, none on the answered other leg within 35 s while the capture goes on (warning: one comes after 5 s or more). Told on the leg with the BYE.",
    check: Check::One(outcome::bye_one_sided),
    absence: Some(0.0),
    aftermath: true,
    covers: &[hide(&[&SIP_BYE_MISSING]).on_both_legs()],
    ..LEG
};

/// The side of `call` that is the PBX between the legs: its host is on the other leg too. Where addresses do
/// not tell, the callee of the leg that began first, the caller of the other.
fn middle(call: &Call, other: &Call) -> Side {
    let shared = |addr| addr == other.caller.addr || addr == other.callee.addr;
    match (shared(call.caller.addr), shared(call.callee.addr)) {
        (true, false) => Side::Caller,
        (false, true) => Side::Callee,
        _ if call.number <= other.number => Side::Callee,
        _ => Side::Caller,
    }
}

/// Whether both legs say that the fax was delivered: what one of them lacks did harm.
fn both_delivered(context: &RuleContext<'_>) -> bool {
    context.delivered() && context.mirrored().is_some_and(|other| other.delivered())
}

/// A or B: A is the leg that began first.
fn letter(call: &Call, other: &Call) -> char {
    if call.number <= other.number {
        'A'
    } else {
        'B'
    }
}

/// Whether T.38 was agreed on a leg.
fn has_t38(call: &Call) -> bool {
    call.media.iter().any(|period| period.t38.is_some())
}
