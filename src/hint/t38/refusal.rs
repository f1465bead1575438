//! The T.38 re-INVITE is refused, or crosses one of the other side.

use crate::call::path::Role;
use crate::call::{Event, FaultSide, Side};
use crate::capture::{Endpoint, Timestamp};
use crate::hint::configured::Bearing;
use crate::hint::context::header;
use crate::hint::rule::{Check, hide};
use crate::hint::sip::teardown::SIP_EARLY_BYE;
use crate::hint::t38::reinvite::{T38_NO_REINVITE, T38_REINVITE_BY_SENDER};
use crate::hint::t38::{Switch, accepted, error_unless_delivered, first_switches, pages_confirmed};
use crate::hint::udptl::UDPTL_NONE;
use crate::hint::whole::{is_seen, loses};
use crate::hint::{Finding, Rule, RuleContext, Severity, sdp};

pub(super) const RULES: &[&Rule] = &[
    &T38_REINVITE_UNSUPPORTED_MEDIA,
    &T38_REINVITE_REJECTED,
    &T38_REINVITE_GLARE,
];

/// Refusals that say that the media are not supported (RFC 3261).
pub(super) const UNSUPPORTED: [u16; 3] = [415, 488, 606];
/// Re-INVITEs of both sides this near to each other cross, seconds.
const CROSSING: f64 = 2.0;
/// After the first 491 the switch should be done by now, seconds.
const GLARE_RESOLVED: f64 = 10.0;

pub(in crate::hint) static T38_REINVITE_UNSUPPORTED_MEDIA: Rule = Rule {
    id: "t38-reinvite-unsupported-media",
    severity: Severity::Error,
    title: "T.38 is refused: media not supported",
    advice: "The refusing side has no T.38 for this call. Ask it to enable T.38 (PJSIP: t38_udptl=yes, \
             t38_udptl_ec=redundancy; chan_sip: t38pt_udptl=yes,redundancy,maxdatagram=400; FreeSWITCH: \
             fax_enable_t38=true, for pass-through t38_passthru=true; a carrier: it is an option of the product). \
             On a B2BUA the refusal may come from its far leg. Asterisk refuses too when no application accepts \
             T.38 within 5 s. After the refusal the fax goes on as audio, or stops.",
    step: "enable T.38 on the side that refuses (extension, trunk, carrier)",
    reference: "4PSA Knowledge Base, Troubleshooting fax issues (Unsupported media); signalwire/freeswitch issue 2436",
    when: "a T.38 re-INVITE ends with 415, 488 or 606; a warning if pages were then confirmed in audio",
    check: Check::Many(unsupported_media),
    covers: &[
        hide(&[&T38_NO_REINVITE, &UDPTL_NONE]).always(),
        hide(&[&SIP_EARLY_BYE]).on_both_legs(),
    ],
    settings: Bearing::T38,
    ..super::T38
};

pub(in crate::hint) static T38_REINVITE_REJECTED: Rule = Rule {
    id: "t38-reinvite-rejected",
    severity: Severity::Error,
    title: "The T.38 re-INVITE is refused",
    advice: "481: the peer has hung up already, or tags and Route differ. 403 and 603: policy of the side that \
             answered. 405 and 501: it takes no re-INVITE. 500 with Retry-After: it was still busy with an earlier \
             INVITE. 503: no resources. The log of the side that answered says more. Voice survives, T.38 does \
             not.",
    step: "see the log of the side that answered",
    reference: "RFC 3261, sections 14.1 and 14.2",
    when: "a T.38 re-INVITE ends with another 4xx, 5xx or 6xx",
    check: Check::Many(rejected),
    covers: &[
        hide(&[&T38_NO_REINVITE]),
        hide(&[&SIP_EARLY_BYE]).on_both_legs(),
    ],
    settings: Bearing::T38,
    ..super::T38
};

pub(in crate::hint) static T38_REINVITE_GLARE: Rule = Rule {
    id: "t38-reinvite-glare",
    severity: Severity::Warning,
    title: "Both sides sent a re-INVITE at the same time",
    advice: "Each side refuses the other's re-INVITE with 491 and tries again after a random wait. Over a B2BUA \
             with two legs that can go round in circles. Let only one side start T.38, best the called one, and \
             turn the re-INVITE off on the calling side (FreeSWITCH: fax_enable_t38_request=false; SendFAX \
             without option z).",
    step: "let one side alone ask for T.38, best the called one",
    reference: "RFC 3261, section 14.1",
    when: "a re-INVITE gets 491, or re-INVITEs of both sides cross; an error if T.38 is not agreed within 10 s",
    check: Check::One(glare),
    covers: &[hide(&[&T38_REINVITE_REJECTED, &T38_REINVITE_BY_SENDER]).always()],
    ..super::T38
};

fn unsupported_media(context: &RuleContext<'_>) -> Vec<Finding> {
    let severity = if pages_confirmed(context) {
        Severity::Warning
    } else {
        Severity::Error
    };
    refusals(context, |switch| switch.refused_with(&UNSUPPORTED))
        .into_iter()
        .map(|(switch, event, status, reason)| {
            let refuser = Refuser::of(context, event, switch.asked());
            let faulty = sdp::is_faulty(context, switch.negotiation);
            let what = if faulty {
                "refuses this offer"
            } else {
                "refuses T.38; enable T.38 there"
            };
            let seen = format!("{status} {reason} – {} {what}", refuser.name);
            let found = Finding::new(severity, switch.frames(), seen)
                .on(event.id)
                .about(refuser.host)
                .more(refused_by(context, &switch, &refuser));
            if faulty || sdp::is_odd(&switch.negotiation.offer) || fails_in_audio(context, event) {
                found.blame_nobody()
            } else {
                refuser.accuse(found)
            }
        })
        .collect()
}

/// Whether the fax went on in audio after a refusal and lost packets there: that is no matter of who refused.
fn fails_in_audio(context: &RuleContext<'_>, refusal: &Event) -> bool {
    let trains = context
        .t30_named("DCS")
        .any(|(event, _)| event.at > refusal.at);
    trains && Side::BOTH.into_iter().any(|side| loses(context, side))
}

/// Who sent a refusal first: the other end, or a proxy on the way.
struct Refuser {
    host: Endpoint,
    /// Who has to act: of an end the side; `None` where a proxy before it may be the one that refused.
    side: Option<FaultSide>,
    /// To be put into a sentence.
    name: String,
    /// The same, with the address.
    whose: String,
}

impl Refuser {
    fn of(context: &RuleContext<'_>, refusal: &Event, asked: Side) -> Self {
        let path = &context.call.path;
        let maker = context
            .call
            .hosts_of(refusal)
            .and_then(|(from, _)| path.host(from));
        // Where its other hops are not captured, nobody knows whether it asked behind.
        let elsewhere = |proxy: Endpoint| {
            context.observations().any(|(event, _)| {
                event.hop != refusal.hop
                    && (event.src.addr == proxy.addr || event.dst.addr == proxy.addr)
            })
        };
        let proxy = maker
            .filter(|host| host.role == Role::Proxy && !path.is_one_hop() && elsewhere(host.addr));
        // The end signs with its own name, which a proxy does not have.
        let signed = context.message(refusal.id).is_some_and(|(_, sip)| {
            let name = header(sip, "Server").or_else(|| header(sip, "User-Agent"));
            name.is_some_and(|name| context.call.agent.of(asked).as_deref() == Some(name))
        });
        match proxy {
            Some(proxy) => Self {
                host: proxy.addr,
                side: Some(FaultSide::Pbx),
                name: format!("the proxy {}", proxy.addr),
                whose: format!(
                    "the proxy {} itself ({} was never asked)",
                    proxy.addr,
                    context.who(asked)
                ),
            },
            None => Self {
                host: context.endpoint(asked),
                side: Some(context.fault_side(asked)).filter(|_| is_seen(context, asked) || signed),
                name: context.who(asked).to_owned(),
                whose: context.whose(asked),
            },
        }
    }
}

impl Refuser {
    fn accuse(&self, finding: Finding) -> Finding {
        match self.side {
            Some(side) => finding.blame(side),
            None => finding.blame_nobody(),
        }
    }
}

fn refused_by(context: &RuleContext<'_>, switch: &Switch<'_>, refuser: &Refuser) -> String {
    let warning = switch
        .answer
        .and_then(|(_, sip)| header(sip, "Warning"))
        .filter(|warning| !warning.is_empty())
        .map(|warning| format!(" Its Warning: {warning}"))
        .unwrap_or_default();
    format!(
        "{} offered T.38, {} refused it.{warning}",
        context.who_begins(switch.negotiation.from),
        refuser.whose
    )
}

/// Refused T.38 re-INVITEs that fit, with the refusal, its status and reason phrase.
fn refusals<'a>(
    context: &RuleContext<'a>,
    wanted: impl Fn(&Switch<'a>) -> bool,
) -> Vec<(Switch<'a>, &'a Event, u16, String)> {
    first_switches(context)
        .into_iter()
        .filter(|switch| switch.reinvite && wanted(switch))
        .filter_map(|switch| {
            let (event, sip) = switch.answer?;
            let text = sip.message.start.to_string();
            let reason = text
                .split_once(' ')
                .map_or("", |(_, reason)| reason)
                .to_owned();
            Some((switch, event, switch.status?, reason))
        })
        .collect()
}

fn rejected(context: &RuleContext<'_>) -> Vec<Finding> {
    let handled = |status: u16| {
        matches!(status, 401 | 407 | 408 | 491) || UNSUPPORTED.contains(&status) || status < 400
    };
    let bye = context.bye().map(|(event, _)| event);
    refusals(context, |switch| {
        switch.status.is_some_and(|status| !handled(status))
    })
    .into_iter()
    .map(|(switch, event, status, reason)| {
        let refuser = Refuser::of(context, event, switch.asked());
        let crossed = status == 481 && bye.is_some_and(|bye| bye.at <= event.at);
        let severity = if crossed {
            Severity::Note
        } else if pages_confirmed(context) {
            Severity::Warning
        } else {
            Severity::Error
        };
        let seen = format!(
            "T.38 re-INVITE failed: {status} {reason} at {}",
            refuser.name
        );
        let hang_up = bye.filter(|_| crossed).map(|bye| bye.frame);
        let found = Finding::new(severity, switch.frames().chain(hang_up), seen)
            .on(event.id)
            .about(refuser.host)
            .more(refused_by(context, &switch, &refuser));
        if crossed || sdp::is_faulty(context, switch.negotiation) {
            found.blame_nobody()
        } else {
            refuser.accuse(found)
        }
    })
    .collect()
}

/// Whether T.38 was refused after a collision for another reason than a collision.
fn refused_otherwise(context: &RuleContext<'_>, after: Timestamp) -> bool {
    first_switches(context).iter().any(|switch| {
        let refused = switch
            .status
            .is_some_and(|status| status >= 400 && !matches!(status, 401 | 407 | 491));
        refused && switch.answer.is_some_and(|(event, _)| event.at > after)
    })
}

fn glare(context: &RuleContext<'_>) -> Option<Finding> {
    let invites: Vec<(&Event, Option<(u16, &Event)>)> = context
        .transactions("INVITE")
        .filter(|invite| !invite.initial)
        .filter_map(|invite| {
            let request = context.event(*invite.requests.first()?)?;
            let answer = invite
                .final_response()
                .and_then(|(status, id)| Some((status, context.event(id)?)));
            Some((request, answer))
        })
        .collect();
    let refused = invites
        .iter()
        .filter_map(|(_, answer)| answer.filter(|(status, _)| *status == 491))
        .map(|(_, event)| event)
        .min_by_key(|event| event.at);
    let crossing = invites.windows(2).find_map(|pair| match pair {
        [(first, answer), (second, _)] => {
            let open = answer.is_none_or(|(_, answer)| answer.at > second.at);
            let near = second.at.seconds_since(first.at) <= CROSSING;
            (first.from != second.from && open && near).then_some((*first, *second))
        }
        _ => None,
    });
    let begin = refused.or(crossing.map(|(first, _)| first))?;
    let success = accepted(context)
        .into_iter()
        .filter_map(|switch| switch.answer)
        .map(|(event, _)| event)
        .find(|event| event.at >= begin.at);
    let took = success.map(|event| event.at.seconds_since(begin.at));
    let wanted_t38 = !first_switches(context).is_empty();
    let (severity, end) = match took {
        Some(took) if took <= GLARE_RESOLVED => {
            (Severity::Warning, format!("resolved in {took:.1} s"))
        }
        Some(took) => (
            error_unless_delivered(context),
            format!("resolved only after {took:.1} s"),
        ),
        None if refused_otherwise(context, begin.at) => {
            (Severity::Warning, "then refused".to_owned())
        }
        None if wanted_t38 && !pages_confirmed(context) => {
            (Severity::Error, "never resolved".to_owned())
        }
        None => (Severity::Warning, "never resolved".to_owned()),
    };
    let frames = [
        Some(begin.frame),
        crossing.map(|(first, _)| first.frame),
        crossing.map(|(_, second)| second.frame),
        success.map(|event| event.frame),
    ];
    let seen = format!("Both sides re-INVITEd (491) – {end}");
    Some(Finding::new(severity, frames.into_iter().flatten(), seen).on(begin.id))
}
