//! A side whose T.38 says nothing, or stops saying anything.

use crate::call::exchange::Line;
use crate::call::{Event, EventKind, Side};
use crate::hint::rule::{Check, explain, hide};
use crate::hint::t30::dis::T30_DIS_NO_DCS;
use crate::hint::t30::identification::T30_NO_DIS;
use crate::hint::t30::training::T30_DCS_NO_RESPONSE;
use crate::hint::t38::error_unless_delivered;
use crate::hint::udptl::UDPTL_ONE_WAY;
use crate::hint::{Finding, Rule, RuleContext, Severity};
use crate::t38::Indicator;

/// Least time for which the peer asks in vain, seconds.
const ASKED_FOR: f64 = 12.0;
/// Least number of messages that ask.
const ASKED: usize = 2;
/// A NAT or firewall may forget a flow after this time, seconds.
const FORGOTTEN: f64 = 30.0;

pub(in crate::hint) static UDPTL_IDLE: Rule = Rule {
    id: "udptl-idle",
    severity: Severity::Error,
    title: "A side sends T.38, but only no-signal",
    advice: "The path works, the engine behind it does not start: nothing is heard from its fax or modem. FreeSWITCH: \
             fax_enable_t38=true, t38_gateway on the right leg; Asterisk: fax show capabilities (res_fax_spandsp \
             loaded), FAXOPT(gateway)=yes; rtpengine: pass T.38 through, or transcode with spandsp built in. Behind a \
             gateway, see whether its telephone side is up.",
    step: "turn the T.38 engine on behind that side (fax_enable_t38, gateway)",
    reference: "rtpengine issue 1107",
    when: "the peer asks twice or more for 12 s, and this side sends T.38 packets that hold no-signal and nothing else",
    check: Check::PerSide(idle),
    absence: Some(ASKED_FOR),
    covers: &[
        explain(&[&T30_DIS_NO_DCS, &T30_DCS_NO_RESPONSE, &T30_NO_DIS]),
        hide(&[&UDPTL_ONE_WAY]).always(),
    ],
    ..super::UDPTL
};

pub(in crate::hint) static UDPTL_LONG_SILENCE: Rule = Rule {
    id: "udptl-long-silence",
    severity: Severity::Warning,
    title: "Silent for long, then never heard again",
    advice: "The receiver of a long page sends nothing, as T.30 has it, so NAT mappings and firewall states of its \
             direction run out (often after 30 s). Try a short page: if that passes, this is it. Raise the UDP timeout \
             (nf_conntrack_udp_timeout_stream), let the receiver send keepalives (AudioCodes NoOpEnable=1), or use a \
             public address. It may as well have stopped: look at its log for the time of the last command.",
    step: "try a short page: if that passes, a timer ends the silence",
    reference: "rtpengine issue 1609; RFC 4787, section 4.3",
    when: "a side sent T.38, then nothing for 30 s while the other sent a page, and nothing of it comes after that although it is asked twice or more",
    check: Check::PerSide(long_silence),
    covers: &[hide(&[&UDPTL_ONE_WAY])],
    ..super::UDPTL
};

/// What a side put on the line in T.38.
fn signals<'a>(context: &RuleContext<'a>, side: Side) -> impl Iterator<Item = &'a Event> + use<'a> {
    context.call.events.iter().filter(move |event| {
        let is_signal = matches!(
            event.kind,
            EventKind::Indicator(_)
                | EventKind::T30(_)
                | EventKind::Tcf(_)
                | EventKind::PageData(_)
                | EventKind::V8 { .. }
        );
        event.from == side && event.observed && is_signal
    })
}

fn idle(context: &RuleContext<'_>, side: Side) -> Option<Finding> {
    let stats = context.call.udptl.of(side);
    let says_something = signals(context, side)
        .any(|event| !matches!(event.kind, EventKind::Indicator(Indicator::NoSignal)));
    if stats.packets == 0 || stats.undecodable > 0 || says_something {
        return None;
    }
    let exchange = context.exchange();
    let asked: Vec<&Line<'_>> = exchange
        .lines
        .iter()
        .filter(|line| line.event.from == side.other())
        .filter(|line| line.fcf().is_some_and(crate::t30::Fcf::is_command))
        .collect();
    let (first, last) = (asked.first()?, asked.last()?);
    let until = context.call.ended.unwrap_or(context.call.last_packet);
    if asked.len() < ASKED || until.seconds_since(first.event.at) < ASKED_FOR {
        return None;
    }
    let sent = signals(context, side).next();
    let seen = format!(
        "{} sends no-signal only ({}) – its T.38 engine gives nothing",
        context.who_begins(side),
        crate::text::count(stats.packets, "packet")
    );
    let frames = [
        sent.map(|event| event.frame),
        Some(first.frame()),
        Some(last.frame()),
    ];
    Some(
        Finding::new(
            error_unless_delivered(context),
            frames.into_iter().flatten(),
            seen,
        )
        .on(sent.map_or(first.event.id, |event| event.id))
        .about(context.endpoint(side))
        // A calling terminal waits for the DIS, which may not reach it.
        .blame_one_of(context, Some(side).filter(|side| *side == exchange.called)),
    )
}

fn long_silence(context: &RuleContext<'_>, side: Side) -> Option<Finding> {
    let (frame, last) = context.call.udptl.of(side).last?;
    let exchange = context.exchange();
    if exchange.sender == side || context.delivered_on_either_leg() {
        return None;
    }
    let after: Vec<&Line<'_>> = exchange
        .lines
        .iter()
        .filter(|line| line.event.from == side.other() && line.event.end > last)
        .collect();
    let page = after.iter().find(|line| line.page().is_some())?;
    let asked: Vec<&&Line<'_>> = after
        .iter()
        .filter(|line| line.fcf().is_some_and(crate::t30::Fcf::is_post_message))
        .collect();
    let silent = asked.first()?.event.at.seconds_since(last);
    if asked.len() < ASKED || silent < FORGOTTEN {
        return None;
    }
    let seen = format!(
        "{} sent nothing for {silent:.0} s (long page), then no answer – NAT state gone?",
        context.who_begins(side)
    );
    let frames = [Some(frame), Some(page.frame())]
        .into_iter()
        .flatten()
        .chain(asked.iter().map(|line| line.frame()));
    Some(
        Finding::new(Severity::Warning, frames, seen)
            .on(asked.first()?.event.id)
            .about(context.endpoint(side))
            .blame_nobody(),
    )
}
