//! The second half of phase B: DCS, CFR and FTT.

use crate::call::exchange::{ExchangeView, Line, Round, What};
use crate::capture::FrameNo;
use crate::hint::evidence;
use crate::hint::rule::{AfterSuccess, Check, hide};
use crate::hint::t30::capabilities::T30_LOW_RATE;
use crate::hint::t30::release::T30_DCN_AFTER_DCS;
use crate::hint::t30::tcf::damage;
use crate::hint::{Finding, Rule, RuleContext, Severity};
use crate::line::Modem;
use crate::t30::Fcf;
use crate::t30::capability::DcsMode;
use crate::t30::frame::T30Frame;
use crate::t30::timer::{T4, TRIES};

/// `t30-dcs-dis-loop`: as many turns are a loop.
const LOOP: usize = 2;
/// `t30-train-failed`: as many FTT.
const MANY_FTT: usize = 3;

pub(super) const RULES: &[&Rule] = &[
    &T30_DCS_NO_RESPONSE,
    &T30_DCS_DIS_LOOP,
    &T30_FTT,
    &T30_TRAIN_FAILED,
];

pub(in crate::hint) static T30_DCS_NO_RESPONSE: Rule = Rule {
    id: "t30-dcs-no-response",
    severity: Severity::Error,
    title: "DCS and training are sent, nothing comes back",
    advice: "The sender commands a mode (DCS) and trains (TCF), the receiver neither accepts (CFR) nor refuses (FTT). Usual causes: the training data do not reach the receiver \
        (rate management differs, T38FaxMaxDatagram too small for its packets, loss), the way back is broken, or the receiver's line was hung up. \
        Look at the last thing the receiver sent; compare T38FaxRateManagement and T38FaxMaxDatagram in offer and answer; capture next to the receiver and see whether \
        DCS and TCF arrive there.",
    step: "capture next to the receiver: do DCS and TCF arrive?",
    reference: "FaxBack (No FTT or CFR received after 3 DCS/training sequences); T.30 timer T4; spandsp TX_PHBDEAD",
    when: "No CFR, FTT, DIS, CRP, FNV or DCN within T4 after the end of the TCF. Error after 3 tries or when the sender gives up; a warning if the receiver answers in the end.",
    check: Check::Many(dcs_no_response),
    absence: Some(T4.earliest()),
    after_success: AfterSuccess::Note,
    covers: &[hide(&[&T30_DCN_AFTER_DCS])],
    ..super::T30
};

pub(in crate::hint) static T30_DCS_DIS_LOOP: Rule = Rule {
    id: "t30-dcs-dis-loop",
    severity: Severity::Error,
    title: "Receiver repeats DIS: it does not see the DCS",
    advice: "The receiver goes on offering itself after the sender commanded a mode: it did not decode the DCS. Either the DCS does not get to it (its T.38 goes to a private or wrong address, port \
        closed, packets lost behind the capture point), or it comes while the receiver still talks (delay), or the V.21 of the sender is too weak on the receiver's line. Compare the destination \
        of the sender's packets with the SDP of the receiver, then capture at the receiver.",
    step: "compare where the sender's packets go with the receiver's SDP",
    reference: "HylaFAX E136 (DIS/DTC received 3 times; DCS not recognized); T.30 timer T4",
    when: "A DIS comes after a DCS with no answer, twice or more (once: a note). A DIS that was under way when the DCS began does not count.",
    check: Check::One(dcs_dis_loop),
    covers: &[hide(&[&T30_DCS_NO_RESPONSE, &T30_DCN_AFTER_DCS])],
    ..super::T30
};

pub(in crate::hint) static T30_FTT: Rule = Rule {
    id: "t30-ftt",
    severity: Severity::Warning,
    title: "Training failed, the sender steps down",
    advice: "The receiver could not train at this rate (FTT) and the sender tries a lower one. Once or twice is normal on a poor line. If it repeats: loss or jitter on the IP path, \
        or level and clock of the line behind the receiver. To test, cap the rate at 9600 (maxrate in res_fax.conf, T38MaxBitRate, Cisco \"fax rate 9600\") or take V.17 out of the modems.",
    step: "look for loss and jitter; cap the rate at 9600 to test",
    reference: "T.30 (failure to train, FTT); spandsp fallback sequence; Cisco fax rate advice",
    when: "FTT is received: a note for the first, a warning from the second.",
    check: Check::Many(ftt),
    ..super::T30
};

pub(in crate::hint) static T30_TRAIN_FAILED: Rule = Rule {
    id: "t30-train-failed",
    severity: Severity::Error,
    title: "Training failed at every rate",
    advice: "No rate works, down to the lowest. If 2400 and 4800 fail too it is not line noise: one direction of the media is broken or transcoded, VAD or an echo canceller cuts the signal (G.711), or the two sides handle \
        TCF differently (localTCF against transferredTCF). Expected steps: V.17 14400, 12000, 9600, 7200; V.29 9600, 7200; V.27ter 4800, 2400. Check rate management in the SDP, then the \
        receiver's line and gateway.",
    step: "check rate management in SDP, then the receiver's line",
    reference: "spandsp fallback sequence, CANNOT_TRAIN; FaxBack (Can't agree on bit rate)",
    when: "3 or more FTT without a CFR, or FTT at 2400 or 4800 followed by DCN, or the same rate refused twice and no CFR.",
    check: Check::One(train_failed),
    covers: &[hide(&[&T30_FTT, &T30_LOW_RATE, &T30_DCN_AFTER_DCS])],
    ..super::T30
};

/// The rates of V.27ter, the slowest modem.
const SLOW: u32 = 4800;

const TRAINING_COMMANDS: &[Fcf] = &[Fcf::Dcs, Fcf::Nss];

/// Modem and rate that a DCS selects.
fn selected(dcs: &T30Frame) -> Option<Modem> {
    Some(DcsMode::new(dcs.fif()).modem).filter(|modem| dcs.fcf == Fcf::Dcs && modem.rate > 0)
}

/// Modem and rate of the DCS of a round.
fn rate_of(exchange: &ExchangeView<'_>, round: &Round) -> Option<Modem> {
    exchange
        .command(round)
        .and_then(Line::valid)
        .and_then(selected)
}

fn dcs_no_response(context: &RuleContext<'_>) -> Vec<Finding> {
    let exchange = context.exchange();
    if exchange.is_half() {
        return Vec::new();
    }
    exchange
        .runs(TRAINING_COMMANDS)
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
        round.answer.is_none()
            && !exchange.is_talked_to(round)
            && exchange.patience(round) >= T4.earliest()
    };
    let silent: Vec<&Round> = run
        .iter()
        .copied()
        .filter(|round| is_silent(round))
        .collect();
    let last = *run.last()?;
    let count = silent.len();
    let given_up =
        is_silent(last) && exchange.patience(last) >= T4.latest().min(T4.earliest() + 0.5);
    if silent.is_empty() {
        return None;
    }
    let severity = if count >= TRIES || given_up {
        Severity::Error
    } else {
        Severity::Warning
    };
    let sender = last.from;
    let receiver = sender.other();
    let lines: Vec<&Line<'_>> = silent
        .iter()
        .filter_map(|round| exchange.command(round))
        .collect();
    let seen = format!("DCS/TCF sent {count}x, no CFR or FTT – {receiver} does not answer");
    let rate = rate_of(exchange, last).map_or_else(String::new, |modem| format!("At {modem}. "));
    let before = exchange
        .lines
        .iter()
        .filter(|line| line.event.from == receiver && line.message().is_some())
        .take_while(|line| {
            lines
                .last()
                .is_some_and(|last| line.event.at < last.event.at)
        })
        .last();
    let heard = before.map_or_else(String::new, |line| {
        format!(
            "The last of the {receiver} was {} in frame {}. ",
            line.name(),
            line.frame()
        )
    });
    let blame = evidence::blame(
        context,
        receiver,
        "look whether DCS and TCF arrive there, and at its fax log.",
        "ask there whether DCS and TCF arrive.",
    );
    let found = Finding::new(severity, lines.iter().map(|line| line.frame()), seen)
        .about(context.endpoint(receiver))
        .more(format!("{rate}{heard}{blame}"));
    Some(standing_on(found, lines.last().copied()))
}

fn standing_on(found: Finding, line: Option<&Line<'_>>) -> Finding {
    match line {
        Some(line) => found.on(line.event.id),
        None => found,
    }
}

fn dcs_dis_loop(context: &RuleContext<'_>) -> Option<Finding> {
    let exchange = context.exchange();
    let turns: Vec<(&Line<'_>, &Line<'_>)> = exchange
        .rounds_of(TRAINING_COMMANDS)
        .filter(|round| round.answer.is_none())
        .filter_map(|round| Some((exchange.command(round)?, exchange.line(round.unseen?)?)))
        .collect();
    let (dcs, last) = turns.last().copied()?;
    let severity = if turns.len() >= LOOP {
        Severity::Error
    } else {
        Severity::Note
    };
    let receiver = last.event.from;
    let seen = format!(
        "{receiver} repeats DIS after DCS ({}x) – it does not see the DCS",
        turns.len()
    );
    // The second DIS after a DCS decides; a single one may have been under way.
    let order = turns.iter().rev().take(1).chain(turns.iter());
    let cited = order.flat_map(|(dcs, dis)| [dis.frame(), dcs.frame()]);
    let more = format!(
        "DIS comes {:.1} s after the end of the DCS. {}",
        last.event.at.seconds_since(dcs.event.end),
        evidence::blame(
            context,
            receiver,
            "check that its SDP gives an address the sender can reach, and its T.38 port.",
            "ask there whether the DCS arrives; check where the sender's packets go.",
        )
    );
    Some(
        Finding::new(severity, cited, seen)
            .about(context.endpoint(receiver))
            .blame_nobody()
            .more(more)
            .on(last.event.id),
    )
}

fn ftt(context: &RuleContext<'_>) -> Vec<Finding> {
    let exchange = context.exchange();
    exchange
        .all(&[Fcf::Ftt])
        .enumerate()
        .map(|(number, (place, line))| {
            let severity = if number == 0 {
                Severity::Note
            } else {
                Severity::Warning
            };
            let dcs = exchange.last_before(place, &[Fcf::Dcs]);
            let rate = dcs
                .and_then(|(_, dcs)| dcs.valid())
                .and_then(selected)
                .map_or_else(|| "an unknown rate".to_owned(), |modem| modem.to_string());
            let cited = [Some(line.frame()), dcs.map(|(_, dcs)| dcs.frame())];
            let next = exchange
                .next_after(place, |line| line.fcf() == Some(Fcf::Dcs))
                .and_then(|(_, dcs)| dcs.valid())
                .and_then(selected);
            let here = dcs.and_then(|(_, dcs)| dcs.valid()).and_then(selected);
            let then = match (here, next) {
                (Some(here), Some(next)) if next.rate < here.rate => "The sender steps down.",
                (_, Some(_)) => "The sender repeats the rate.",
                (_, None) => "The sender does not try again.",
            };
            Finding::new(
                severity,
                cited.into_iter().flatten(),
                format!("Training failed: FTT at {rate}"),
            )
            .on(line.event.id)
            .more(then)
        })
        .collect()
}

fn train_failed(context: &RuleContext<'_>) -> Option<Finding> {
    let exchange = context.exchange();
    let last_cfr = exchange.all(&[Fcf::Cfr]).last().map(|(place, _)| place);
    let refused: Vec<(Option<Modem>, usize, &Line<'_>)> = exchange
        .all(&[Fcf::Ftt])
        .filter(|(place, _)| last_cfr.is_none_or(|cfr| *place > cfr))
        .map(|(place, line)| (exchange.dcs_before(place).and_then(selected), place, line))
        .collect();
    let (rate, place, last) = refused.last().copied()?;
    let low = rate.is_some_and(|modem| modem.name == "V.27ter")
        && exchange
            .next_after(place, |line| line.valid().is_some())
            .and_then(|(_, line)| line.fcf())
            == Some(Fcf::Dcn);
    let stuck = refused
        .windows(3)
        .any(|three| matches!(three, [(a, ..), (b, ..), (c, ..)] if a == b && b == c));
    if refused.len() < MANY_FTT && !low && !stuck {
        return None;
    }
    let ladder: Vec<String> = refused
        .iter()
        .filter_map(|(rate, ..)| rate.map(|modem| modem.rate.to_string()))
        .collect();
    let cited: Vec<FrameNo> = std::iter::once(last.frame())
        .chain(refused.iter().map(|(_, _, line)| line.frame()))
        .collect();
    let receiver = last.event.from;
    let slowest = refused
        .iter()
        .filter_map(|(rate, ..)| rate.map(|modem| modem.rate))
        .min();
    let speeds = if slowest.is_some_and(|rate| rate <= SLOW) {
        "all speeds"
    } else {
        "each speed tried"
    };
    let from_sender = (refused.iter()).all(|(_, place, _)| is_damaged_by_sender(exchange, *place));
    Some(
        Finding::new(
            Severity::Error,
            cited,
            format!("Training failed at {speeds}: {}, no CFR", ladder.join("->")),
        )
        .on(last.event.id)
        .about(context.endpoint(receiver))
        .more(format!(
            "The {receiver} refused {}.",
            crate::text::count(refused.len(), "time")
        ))
        .blame_one_of(context, from_sender.then_some(receiver.other())),
    )
}

/// Whether the training check before a line is damaged with no packet missing: then it came so from the sender's side.
fn is_damaged_by_sender(exchange: &ExchangeView<'_>, place: usize) -> bool {
    let before = exchange.lines.iter().take(place).rev();
    let mut checks = before.filter_map(|line| match line.what {
        What::Tcf(tcf) => Some(tcf),
        _ => None,
    });
    (checks.next()).is_some_and(|tcf| tcf.lost_packets == 0 && damage(tcf).is_some())
}
