//! Sound that goes where no SDP asks for it.

use crate::call::{Event, EventKind, MediaPeriod, Side};
use crate::capture::Endpoint;
use crate::hint::g711::{G711, G711_ONE_WAY};
use crate::hint::rule::{Check, hide};
use crate::hint::sip::teardown::SIP_EARLY_BYE;
use crate::hint::t30::identification::T30_NO_DIS;
use crate::hint::t38::error_unless_delivered;
use crate::hint::{Finding, Rule, RuleContext, Severity};

/// After the answer packets may still go the old way, seconds.
const SETTLED: f64 = 2.0;
/// So long they go astray, seconds.
const ASTRAY: f64 = 3.0;

pub(in crate::hint) static G711_WRONG_DESTINATION: Rule = Rule {
    id: "g711-wrong-destination",
    severity: Severity::Error,
    title: "RTP goes where the SDP in force does not ask for it",
    advice: "The peer listens at the address of its last SDP; the sound goes to another one, as a rule that of an earlier \
             answer: another branch of a forked call, or the address before a re-INVITE. So the tones of the fax are not \
             heard. On the side that sends, see that it takes the SDP of the 200 that it acknowledged (FreeSWITCH, \
             Asterisk: direct media, early answer of another branch), and that a media proxy in between is told of it.",
    step: "see why the sender keeps the address of an earlier answer",
    reference: "RFC 3264, sections 5.1 and 8; RFC 3261, section 13.2.2.4",
    when: "for 3 s and more, from 2 s after the answer on, the RTP of a side goes to an endpoint that the peer's SDP in force does not name and from which the peer sends nothing; on one hop",
    check: Check::PerSide(wrong_destination),
    covers: &[hide(&[&G711_ONE_WAY, &T30_NO_DIS, &SIP_EARLY_BYE])],
    ..G711
};

fn wrong_destination(context: &RuleContext<'_>, side: Side) -> Option<Finding> {
    let call = context.call;
    if call.fax.is_none() || !call.path.is_one_hop() || context.delivered_on_either_leg() {
        return None;
    }
    let rtp = |of: Side| {
        call.events
            .iter()
            .filter(move |event| event.from == of && matches!(event.kind, EventKind::Rtp(_)))
    };
    // A side behind NAT gets its packets where it sends from.
    let sends_from = |end: Endpoint| rtp(side.other()).any(|event| event.src == end);
    let astray = |event: &&Event| {
        let period = in_force(context, event)?;
        let asked = *period.audio.as_ref()?.of(side.other());
        let begin = event.at.max(period.from.plus_seconds(SETTLED));
        let end = period.until.map_or(event.end, |until| until.min(event.end));
        let goes_wrong = event.dst != asked && !sends_from(event.dst);
        (goes_wrong && end.seconds_since(begin) >= ASTRAY).then_some(asked)
    };
    let (event, asked) = rtp(side).find_map(|event| Some((event, astray(&event)?)))?;
    // What goes the right way as well is heard.
    let right = rtp(side).any(|other| other.dst == asked && other.end > event.at);
    if right {
        return None;
    }
    let seen = format!(
        "{} sends RTP to {}, but the SDP asks for {asked}",
        context.who_begins(side),
        event.dst
    );
    Some(
        Finding::new(error_unless_delivered(context), [event.frame], seen)
            .on(event.id)
            .about(context.endpoint(side)),
    )
}

/// The SDP that is in force for the longest part of a row.
fn in_force<'a>(context: &RuleContext<'a>, event: &Event) -> Option<&'a MediaPeriod> {
    let overlap = |period: &MediaPeriod| {
        let end = period.until.map_or(event.end, |until| until.min(event.end));
        end.seconds_since(period.from.max(event.at))
    };
    let periods = context
        .call
        .media
        .iter()
        .filter(|period| period.audio.is_some());
    periods.max_by(|a, b| overlap(a).total_cmp(&overlap(b)))
}
