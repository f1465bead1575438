//! T.38 in a call in which people talk.

use crate::hint::rule::{Check, hide};
use crate::hint::t38::refusal::{T38_REINVITE_REJECTED, T38_REINVITE_UNSUPPORTED_MEDIA};
use crate::hint::t38::switches;
use crate::hint::{Finding, Rule, RuleContext, Severity};

pub(super) const RULES: &[&Rule] = &[&T38_ON_VOICE_CALL];

pub(in crate::hint) static T38_ON_VOICE_CALL: Rule = Rule {
    id: "t38-on-voice-call",
    severity: Severity::Warning,
    title: "T.38 was asked for in a voice call",
    advice: "Both sides speak and no fax signal is heard, and yet a side asks for T.38: its detector took speech or music \
             for a fax tone. The call is no failed fax. On the side that asked, let the detector listen to CNG and CED \
             for longer, or only on the numbers that are faxes (Asterisk: faxdetect=no on voice lines; AudioCodes: \
             fax detection by IP profile; Cisco: fax-relay on the dial peer of the fax alone).",
    step: "make the fax detector of that side less hasty",
    reference: "T.30, section 4.2; RFC 3264, section 8",
    when: "a re-INVITE offers T.38 in a call in which both sides give sound above silence and no tone of a fax is heard",
    check: Check::One(on_voice_call),
    covers: &[hide(&[&T38_REINVITE_UNSUPPORTED_MEDIA, &T38_REINVITE_REJECTED]).always()],
    ..super::T38
};

fn on_voice_call(context: &RuleContext<'_>) -> Option<Finding> {
    let call = context.call;
    if call.fax.is_some() || !call.speaks.caller || !call.speaks.callee {
        return None;
    }
    let switch = switches(context)
        .into_iter()
        .find(|switch| switch.reinvite)?;
    let side = switch.negotiation.from;
    let end = match switch.status {
        Some(status) if status >= 300 => format!("refused with {status}"),
        _ if switch.negotiation.accepts_t38() => "accepted".to_owned(),
        _ => "not agreed".to_owned(),
    };
    let seen = format!(
        "{} asks for T.38 in a voice call ({end}) – false fax detection?",
        context.who_begins(side)
    );
    let frames = std::iter::once(switch.offer.frame).chain(switch.frames());
    Some(
        Finding::new(Severity::Warning, frames, seen)
            .on(switch.offer.id)
            .about(context.endpoint(side)),
    )
}
