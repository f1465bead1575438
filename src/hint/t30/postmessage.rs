//! Phase D: what the receiver says to the page.

use crate::call::exchange::{ExchangeView, Line, Round};
use crate::hint::evidence::{self, hang_up, percent};
use crate::hint::rule::{AfterSuccess, Check, Layer, hide};
use crate::hint::t30::release::{T30_DCN_AFTER_PAGE, T30_NO_DCN};
use crate::hint::{Finding, Rule, RuleContext, Severity};
use crate::t30::Fcf;
use crate::t30::timer::{T3, T4, T5, TRIES};

/// `t30-rnr-wait`: seconds that should be looked at.
const LONG_WAIT: f64 = 20.0;

pub(super) const RULES: &[&Rule] = &[
    &T30_RNR_WAIT,
    &T30_POSTMSG_NO_RESPONSE,
    &T30_RTN,
    &T30_RTP,
    &T30_PIP_PIN,
];

pub(in crate::hint) static T30_RNR_WAIT: Rule = Rule {
    id: "t30-rnr-wait",
    severity: Severity::Note,
    title: "The receiver is not ready (RNR)",
    advice: "The receiver asks the sender to wait: it prints, its memory or disk is full or slow, or a gateway relays late. After T5 (60 s) the sender disconnects and the page stays unconfirmed. Check paper, memory and \
        disk of the receiver, and the delay of a gateway in between (leg-latency).",
    reference: "T.30 timer T5 (60 s); FaxBack (T5 timeout); spandsp t30.c",
    when: "RNR and RR are exchanged. Warning from 20 s; error from T5, or if DCN or nothing follows.",
    check: Check::Many(not_ready),
    layer: Layer::PhaseD,
    covers: &[hide(&[&T30_DCN_AFTER_PAGE])],
    ..super::T30
};

pub(in crate::hint) static T30_POSTMSG_NO_RESPONSE: Rule = Rule {
    id: "t30-postmsg-no-response",
    severity: Severity::Error,
    title: "Page sent, but the receiver never confirms it",
    advice: "The sender asked for the confirmation of the page and got none: the receiver hung up unnoticed, the command or the answer was lost, or the answer took longer than T4 (3 s). The sender reports a failure and may send again, while the receiver may have the page: \
        look for it there before resending. Check loss around these frames, the path to the receiver, and its log (page stored? disk full?).",
    step: "look for loss at that time, then at the receiver's log",
    reference: "4PSA: Troubleshooting fax issues (repeats until timeout); HylaFAX E150, E151; T.30 timer T4",
    when: "MPS, EOP, EOM, PPS or EOR with no answer within T4. Error after 3 tries or when the sender gives up; a warning if the receiver answers in the end.",
    check: Check::Many(no_response),
    layer: Layer::PhaseD,
    absence: Some(T4.earliest()),
    after_success: AfterSuccess::Note,
    covers: &[hide(&[&T30_NO_DCN])],
    ..super::T30
};

pub(in crate::hint) static T30_RTN: Rule = Rule {
    id: "t30-rtn",
    severity: Severity::Error,
    title: "The receiver rejects the page (RTN)",
    advice: "Too many lines of the page were bad, so the receiver refused it. The sender trains again, often slower, and may send the page again or disconnect. Look for loss and jitter while the page was sent (T.38 gaps, RTP loss); if none is in \
        the capture, it is lost behind it or bad on a telephone line. Turn ECM on for T.38, lower the rate.",
    step: "look for loss and jitter while the page was sent",
    reference: "T.30 (retrain negative, RTN); HylaFAX E130; spandsp (copy quality bad)",
    when: "RTN is received. Warning if the page is sent again and confirmed.",
    check: Check::Many(rejected),
    layer: Layer::PhaseD,
    ..super::T30
};

pub(in crate::hint) static T30_RTP: Rule = Rule {
    id: "t30-rtp",
    severity: Severity::Note,
    title: "Page accepted, but train again (RTP)",
    advice: "Retrain positive: the receiver took the page although its quality was poor, and wants DCS and training before the next one. It is confirmed. Not to be mixed up with the Real-time Transport Protocol. If it repeats, look at loss and at the \
        telephone line as for RTN.",
    reference: "T.30 (retrain positive, RTP); spandsp (copy quality poor)",
    when: "RTP (FCF 0x33) is received.",
    check: Check::Many(retrain),
    ..super::T30
};

pub(in crate::hint) static T30_PIP_PIN: Rule = Rule {
    id: "t30-pip-pin",
    severity: Severity::Note,
    title: "Operator interrupt (PIP, PIN, PRI-MPS, PRI-EOP)",
    advice: "One side asks to talk (the voice-request key of a machine). Without a person at the other end the fax goes on, or ends after T3 (10 s). PIN means too that the page was not accepted. Have the voice request switched off on the machine \
        that asks, if nobody is there to talk.",
    reference: "T.30 timer T3; spandsp t30.c",
    when: "PIP, PIN or a PRI- command. Warning for PIN, or if nothing follows within T3.",
    check: Check::One(interrupt),
    ..super::T30
};

const CONFIRM: &[Fcf] = &[
    Fcf::Eom,
    Fcf::Mps,
    Fcf::Eor,
    Fcf::Eop,
    Fcf::Eos,
    Fcf::PriEom,
    Fcf::PriMps,
    Fcf::PriEop,
    Fcf::Pps,
];

fn not_ready(context: &RuleContext<'_>) -> Vec<Finding> {
    let exchange = context.exchange();
    let mut out = Vec::new();
    let mut from = 0;
    while let Some((place, first)) = exchange
        .lines
        .iter()
        .enumerate()
        .skip(from)
        .find(|(_, line)| line.fcf() == Some(Fcf::Rnr))
    {
        let end = exchange.next_after(place, |line| {
            line.valid()
                .is_some_and(|message| !matches!(message.fcf, Fcf::Rnr | Fcf::Rr))
                || line.page().is_some()
        });
        let until = end.map_or(exchange.lines.len(), |(place, _)| place);
        out.push(wait(
            context,
            exchange,
            (place, first),
            until,
            end.map(|(_, line)| line),
        ));
        from = until.max(place + 1);
    }
    out
}

fn wait(
    context: &RuleContext<'_>,
    exchange: &ExchangeView<'_>,
    (place, first): (usize, &Line<'_>),
    until: usize,
    end: Option<&Line<'_>>,
) -> Finding {
    let rounds: Vec<&Line<'_>> = exchange.lines.iter().take(until).skip(place).collect();
    let last = rounds.last().copied().unwrap_or(first);
    let ended_at = end.map_or(last.event.end, |line| line.event.at);
    let seconds = ended_at.seconds_since(first.event.at);
    let failed = match end {
        Some(line) => line.fcf() == Some(Fcf::Dcn),
        None => hang_up(context.call).is_some(),
    };
    let severity = if failed || seconds >= T5.earliest() {
        Severity::Error
    } else if seconds >= LONG_WAIT {
        Severity::Warning
    } else {
        Severity::Note
    };
    let tail = match (failed, seconds >= T5.earliest()) {
        (true, true) => " – T5 expired, sender hung up",
        (true, false) => " – the fax ended while waiting",
        (false, _) => "",
    };
    let count = rounds
        .iter()
        .filter(|line| line.fcf() == Some(Fcf::Rnr))
        .count();
    let cited = std::iter::once(first.frame())
        .chain(end.map(Line::frame))
        .chain([last.frame()]);
    Finding::new(
        severity,
        cited,
        format!("Receiver busy (RNR) {seconds:.0} s{tail}"),
    )
    .on(first.event.id)
    .about(context.endpoint(first.event.from))
    .more(format!("{count} RNR from the {}.", first.event.from))
}

fn no_response(context: &RuleContext<'_>) -> Vec<Finding> {
    let exchange = context.exchange();
    if exchange.is_half() {
        return Vec::new();
    }
    exchange
        .runs(CONFIRM)
        .into_iter()
        .filter_map(|run| silent_run(context, exchange, &run))
        .collect()
}

fn silent_run(
    context: &RuleContext<'_>,
    exchange: &ExchangeView<'_>,
    run: &[&Round],
) -> Option<Finding> {
    let is_silent = |round: &Round| {
        let waited = !exchange.is_talked_to(round) && exchange.patience(round) >= T4.earliest();
        round.answer.is_none() && (waited || nonsense(exchange, round).is_some())
    };
    let silent: Vec<&Round> = run
        .iter()
        .copied()
        .filter(|round| is_silent(round))
        .collect();
    let last = *run.last()?;
    let first_silent = *silent.first()?;
    let severity = if silent.len() >= TRIES || is_silent(last) {
        Severity::Error
    } else {
        Severity::Warning
    };
    let lines: Vec<&Line<'_>> = silent
        .iter()
        .filter_map(|round| exchange.command(round))
        .collect();
    let name = lines.first()?.name();
    let page = first_silent.page;
    let receiver = last.from.other();
    let confirms = if is_silent(last) {
        format!("page {page} not confirmed by {receiver}")
    } else {
        format!("{receiver} answers page {page} late")
    };
    let seen = format!("{name} sent {}x, no MCF – {confirms}", silent.len());
    let odd = nonsense(exchange, last);
    let heard = odd.map_or_else(String::new, |line| {
        let odd = line.name();
        format!("The {receiver} said {odd}, which is no answer to {name}. ")
    });
    let more = evidence::blame(
        context,
        receiver,
        "look at its log and whether the page is stored there.",
        "ask there whether the command arrives and whether the page was received.",
    );
    let mut found = Finding::new(
        severity,
        lines.iter().copied().chain(odd).map(Line::frame),
        seen,
    )
    .about(context.endpoint(receiver))
    .more(format!("{heard}{more}"));
    found.event = lines.last().map(|line| line.event.id);
    Some(found)
}

/// A message that is no answer, in place of one, whereupon the sender disconnects: one that T.30 does not know, or
/// the DIS of a receiver that begins anew.
fn nonsense<'d, 'a>(exchange: &'d ExchangeView<'a>, round: &Round) -> Option<&'d Line<'a>> {
    let (place, odd) = exchange.next_after(round.command, |line| {
        line.fcf()
            .is_some_and(|fcf| !matches!(fcf, Fcf::Nsf | Fcf::Csi))
    })?;
    let unknown = odd
        .fcf()
        .is_some_and(|fcf| fcf == Fcf::Dis || fcf.label().is_none());
    let (_, next) = exchange.next_after(place, |line| line.valid().is_some())?;
    let gave_up = next.fcf() == Some(Fcf::Dcn) && next.event.from == round.from;
    (unknown && gave_up && odd.event.from != round.from).then_some(odd)
}

fn rejected(context: &RuleContext<'_>) -> Vec<Finding> {
    let exchange = context.exchange();
    exchange
        .all(&[Fcf::Rtn])
        .map(|(place, line)| {
            let page = exchange.page_at(place);
            let confirmed = context.call.fax.as_ref().is_some_and(|fax| {
                fax.pages
                    .iter()
                    .any(|other| other.number == page && other.confirmed)
            });
            let severity = if confirmed {
                Severity::Warning
            } else {
                Severity::Error
            };
            let command = exchange
                .last_post_message(place)
                .map(|(_, line)| line.frame());
            let seen =
                format!("RTN – receiver rejected page {page} (quality); sender must retrain");
            let mut found = Finding::new(
                severity,
                [Some(line.frame()), command].into_iter().flatten(),
                seen,
            )
            .on(line.event.id);
            found.more = loss_words(exchange);
            found
        })
        .collect()
}

/// What the capture shows of loss on the way of the page.
fn loss_words(exchange: &ExchangeView<'_>) -> Option<String> {
    if !exchange.is_t38() {
        return None;
    }
    let stats = exchange.call.udptl.of(exchange.sender);
    let gone = stats.lost.saturating_sub(stats.recovered);
    Some(if gone > 0 {
        format!(
            "{gone} T.38 packets of the {} are lost for good before the capture point ({} %).",
            exchange.sender,
            percent(gone, stats.packets.saturating_add(stats.lost))
        )
    } else {
        format!(
            "No T.38 packet of the {} is missing here: look behind the capture point and at the telephone lines.",
            exchange.sender
        )
    })
}

fn retrain(context: &RuleContext<'_>) -> Vec<Finding> {
    let exchange = context.exchange();
    exchange
        .all(&[Fcf::Rtp])
        .map(|(place, line)| {
            let page = exchange.page_at(place);
            let dcs = exchange
                .next_after(place, |next| next.fcf() == Some(Fcf::Dcs))
                .map(|(_, next)| next.frame());
            Finding::new(
                Severity::Note,
                [Some(line.frame()), dcs].into_iter().flatten(),
                format!("RTP: page {page} accepted, but retrain before the next one"),
            )
            .on(line.event.id)
        })
        .collect()
}

fn interrupt(context: &RuleContext<'_>) -> Option<Finding> {
    const INTERRUPTS: &[Fcf] = &[Fcf::Pip, Fcf::Pin, Fcf::PriEom, Fcf::PriMps, Fcf::PriEop];
    let exchange = context.exchange();
    let (place, line) = exchange.all(INTERRUPTS).next()?;
    let next = exchange.next_after(place, |next| next.valid().is_some());
    let stalls = match next {
        Some((_, next)) => next.event.at.seconds_since(line.event.end) > T3.latest(),
        None => evidence::waited(context.call, line.event.end, T3.latest()),
    };
    let severity = if stalls || exchange.has(&[Fcf::Pin]) {
        Severity::Warning
    } else {
        Severity::Note
    };
    let seen = format!(
        "{}: operator interrupt requested by the {}",
        line.name(),
        line.event.from
    );
    Some(Finding::new(severity, vec![line.frame()], seen).on(line.event.id))
}
