//! The half-duplex exchange itself: who talks over whom, what is not heard, what comes back damaged.

use crate::call::exchange::{ExchangeView, Line};
use crate::call::{Side, verdict};
use crate::capture::Timestamp;
use crate::hint::evidence::{self, EARLY, LATE};
use crate::hint::rule::{Check, explain};
use crate::hint::{Finding, Rule, RuleContext, Severity};
use crate::line::Fcs;
use crate::t30::Fcf;

/// `t30-collision`: overlap from which both really talk at once, seconds; with the capture's tolerance.
const OVERLAP: f64 = 0.3 + EARLY;
/// `t30-collision`: an echo comes back within this time, seconds.
const ECHO: f64 = 0.5;
/// `t30-response-not-heard`: a repeat that begins sooner after the answer crossed it, seconds.
const CROSSED: f64 = LATE;
/// `t30-crp-fnv`: as many CRP for one command.
const MANY_CRP: usize = 3;

pub(super) const RULES: &[&Rule] = &[&T30_COLLISION, &T30_RESPONSE_NOT_HEARD, &T30_CRP_FNV];

pub(in crate::hint) static T30_COLLISION: Rule = Rule {
    id: "t30-collision",
    severity: Severity::Warning,
    title: "Both sides talk at once",
    advice: "T.30 is half duplex, but messages of both sides overlap. Either the delay between them is so long that one side repeats just as the answer arrives (add up the delays of the legs, \
        see leg-latency; look for store-and-forward gateways and far media hops), or a side hears its own signal as an echo: then check the echo canceller and hybrid of the gateway that sends it back.",
    step: "add up the delays of the legs; look for echo",
    reference: "spandsp t30.c (\"Received an echo of our own\"); T.30 (the exchange is half-duplex)",
    when: "Messages (or a message and fast data) of both sides overlap by more than 0.5 s and the receiver does hear the sender, or a message comes back unchanged within 500 ms.",
    check: Check::One(collision),
    covers: &[explain(&[&T30_RESPONSE_NOT_HEARD])],
    ..super::T30
};

pub(in crate::hint) static T30_RESPONSE_NOT_HEARD: Rule = Rule {
    id: "t30-response-not-heard",
    severity: Severity::Warning,
    title: "An answer is in the capture, but the command is repeated",
    advice: "The answer passed this capture point with a good check sequence, and yet the command is sent again: it was lost further on, on the way to the side that repeats, or came after its T4 (3 s). Capture nearer to that side, \
        compare the two legs, look at loss and NAT between here and there, and at the delay from command to answer.",
    step: "compare the two legs; look for loss and NAT on the way back",
    reference: "T.30 timer T4 (3 s)",
    when: "A command is repeated although its answer ended 0.5 s or more before, with no page data in between. Error where the last command is sent three times and its answer is there, or the sender disconnects after a command that it repeats so.",
    check: Check::Many(not_heard),
    ..super::T30
};

pub(in crate::hint) static T30_CRP_FNV: Rule = Rule {
    id: "t30-crp-fnv",
    severity: Severity::Warning,
    title: "A message arrived damaged (CRP) or with a bad field (FNV)",
    advice: "CRP: the command before it arrived damaged and is wanted again; look for loss on the way to the side that asks, or, where a gateway marks the frame as bad, at the telephone line behind that gateway. \
        FNV: a field (password, sub-address, identification) was refused; check its value. Many machines do not survive CRP.",
    step: "look for loss on the way to the side that asks again",
    reference: "spandsp t30.c (CRP, FNV); T.30 (facsimile control fields)",
    when: "CRP or FNV is sent. Error from 3 CRP for one command, FNV followed by DCN, or where the fax does not get past it.",
    check: Check::Many(repeat_asked),
    ..super::T30
};

fn collision(context: &RuleContext<'_>) -> Option<Finding> {
    let exchange = context.exchange();
    // A side that hears nothing at all talks over the other for that reason, not for delay or echo.
    let deaf = !exchange.hears(exchange.receiver());
    let mut hits: Vec<(&Line<'_>, &Line<'_>)> = Vec::new();
    let mut echo = None;
    let mut latest: [Option<&Line<'_>>; 2] = [None, None];
    for line in &exchange.lines {
        let (own, theirs) = match line.event.from {
            Side::Caller => (0, 1),
            Side::Callee => (1, 0),
        };
        if let Some(other) = latest.get(theirs).copied().flatten() {
            if is_echo(other, line) {
                echo = echo.or(Some((other, line)));
            } else if !deaf && overlap(other, line) > OVERLAP {
                hits.push((other, line));
            }
        }
        if let Some(slot) = latest.get_mut(own)
            && slot.is_none_or(|before| before.event.end <= line.event.end)
        {
            *slot = Some(line);
        }
    }
    if let Some((first, back)) = echo {
        let seen = format!(
            "{} of the {} comes back as an echo",
            first.name(),
            first.event.from
        );
        return Some(
            Finding::new(Severity::Warning, vec![back.frame(), first.frame()], seen)
                .on(back.event.id),
        );
    }
    let (first, second) = hits.first().copied()?;
    let seen = format!(
        "Both sides talk at once ({} over {}) – delay or echo",
        second.name(),
        first.name()
    );
    let cited = hits.iter().flat_map(|(a, b)| [b.frame(), a.frame()]);
    let more = format!(
        "{}, the first of {:.1} s.",
        crate::text::count(hits.len(), "overlap"),
        overlap(first, second)
    );
    Some(
        Finding::new(Severity::Warning, cited, seen)
            .on(second.event.id)
            .more(more),
    )
}

fn overlap(a: &Line<'_>, b: &Line<'_>) -> f64 {
    let start: Timestamp = a.event.at.max(b.event.at);
    let end: Timestamp = a.event.end.min(b.event.end);
    end.seconds_since(start)
}

fn is_echo(first: &Line<'_>, back: &Line<'_>) -> bool {
    let (Some(a), Some(b)) = (first.valid(), back.valid()) else {
        return false;
    };
    // DCN of both sides, or DIS of two receivers, is no echo of the line.
    a.octets == b.octets
        && !matches!(a.fcf, Fcf::Dcn | Fcf::Crp)
        && back.event.at.seconds_since(first.event.at) <= ECHO
}

fn not_heard(context: &RuleContext<'_>) -> Vec<Finding> {
    let exchange = context.exchange();
    let mut out: Vec<Finding> = Vec::new();
    let mut seen_before: Vec<(String, String)> = Vec::new();
    for round in exchange.rounds {
        let Some(reply) = round
            .repeats_answered
            .and_then(|place| exchange.line(place))
        else {
            continue;
        };
        let Some(command) = exchange.command(round) else {
            continue;
        };
        let good = reply
            .valid()
            .is_some_and(|message| message.fcs == Fcs::Good);
        if !good || command.event.at.seconds_since(reply.event.end) < CROSSED {
            continue;
        }
        let key = (reply.name(), command.name());
        if seen_before.contains(&key) {
            continue;
        }
        let side = round.from;
        let seen = format!(
            "{} was sent but {side} repeats {} – reply lost after here",
            key.0, key.1
        );
        let more = evidence::blame(
            context,
            side,
            "the answer is lost between this capture point and its fax engine; look at its T.38 port and log.",
            "the answer is lost on the way to it; ask there whether it arrives.",
        );
        // What the sender never takes fails the fax for it, though the receiver has the page.
        let fails = verdict::not_taken(context.call).is_some() || gave_up(exchange);
        let severity = if fails && !context.delivered_on_either_leg() {
            Severity::Error
        } else {
            Severity::Warning
        };
        out.push(
            Finding::new(severity, vec![command.frame(), reply.frame()], seen)
                .on(command.event.id)
                .about(context.endpoint(side))
                .blame_nobody()
                .more(more),
        );
        seen_before.push(key);
    }
    out
}

/// Whether the last command repeats one that was answered, and the side that sent it disconnects.
fn gave_up(exchange: &ExchangeView<'_>) -> bool {
    let Some((place, dcn)) = exchange
        .dcn
        .and_then(|place| Some((place, exchange.line(place)?)))
    else {
        return false;
    };
    exchange.asked_again(place) && dcn.event.from == exchange.sender
}

fn repeat_asked(context: &RuleContext<'_>) -> Vec<Finding> {
    let exchange = context.exchange();
    let mut out = Vec::new();
    let crp: Vec<(usize, &Line<'_>)> = exchange.all(&[Fcf::Crp]).collect();
    if let Some((place, first)) = crp.first().copied() {
        let command = exchange
            .lines
            .iter()
            .take(place)
            .rev()
            .find(|line| line.event.from != first.event.from && line.message().is_some());
        // Where the side that asked answers later, the repetition worked, and CRP is only a warning.
        let survived = exchange.next_after(place, |line| {
            line.event.from == first.event.from
                && line
                    .fcf()
                    .is_some_and(|fcf| fcf.is_answer() && !matches!(fcf, Fcf::Crp | Fcf::Dcn))
        });
        let stuck = survived.is_none() && !context.delivered();
        let severity = if crp.len() >= MANY_CRP || stuck {
            Severity::Error
        } else {
            Severity::Warning
        };
        let what = command.map_or_else(|| "a command".to_owned(), Line::name);
        let bad = command
            .and_then(Line::message)
            .is_some_and(|message| message.fcs == Fcs::Bad);
        let tail = if bad {
            ", which came with a bad FCS"
        } else {
            ""
        };
        let cited = std::iter::once(first.frame())
            .chain(command.map(Line::frame))
            .chain(crp.iter().map(|(_, line)| line.frame()));
        out.push(
            Finding::new(severity, cited, format!("CRP: asks repeat of {what}{tail}"))
                .on(first.event.id)
                .about(context.endpoint(first.event.from.other())),
        );
    }
    if let Some((place, line)) = exchange.all(&[Fcf::Fnv]).next() {
        let ended = exchange
            .next_after(place, |next| next.valid().is_some())
            .is_some_and(|(_, next)| next.fcf() == Some(Fcf::Dcn));
        let severity = if ended {
            Severity::Error
        } else {
            Severity::Warning
        };
        let seen = format!(
            "FNV: a field of the {} is not valid",
            line.event.from.other()
        );
        out.push(Finding::new(severity, vec![line.frame()], seen).on(line.event.id));
    }
    out
}
