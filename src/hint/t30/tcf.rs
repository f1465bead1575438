//! The training check.

use crate::call::exchange::{ExchangeView, Line, Round, What};
use crate::call::{EventKind, Tcf};
use crate::hint::evidence::{self};
use crate::hint::rule::{AfterSuccess, Check, hide};
use crate::hint::t30::training::T30_DCS_NO_RESPONSE;
use crate::hint::{Finding, Rule, RuleContext, Severity};
use crate::t30::Fcf;
use crate::t30::capability::DcsMode;

/// `t30-tcf-corrupt`: least share of the octets of 1.5 s.
const TCF_SHARE: f64 = 0.8;
/// `t30-tcf-corrupt`: zeros that a receiver wants, seconds (spandsp).
const TCF_ZEROS: f64 = 1.0;
/// `t30-tcf-corrupt`: share of other octets in the last second.
const TCF_NONZERO: f64 = 0.01;
/// Length of TCF, seconds.
const TCF_SECONDS: f64 = 1.5;

pub(super) const RULES: &[&Rule] = &[&T30_TCF_MISSING, &T30_TCF_CORRUPT];

pub(in crate::hint) static T30_TCF_MISSING: Rule = Rule {
    id: "t30-tcf-missing",
    severity: Severity::Error,
    title: "DCS without the training signal",
    advice: "After DCS the sender has to send 1.5 s of zeros (TCF) at the commanded rate; nothing of it is in the T.38 packets. The sending gateway works with localTCF although transferredTCF was agreed (over UDP it must be \
        transferredTCF), or its modem did not train on the analogue line. Check T38FaxRateManagement on both sides, and the line of the machine behind the sending gateway.",
    step: "check T38FaxRateManagement and the sender's line",
    reference: "T.30 (training check, TCF); T.38 rate management; spandsp t38_gateway.c",
    when: "T.38 with transferredTCF: between a DCS and its answer (or 4 s) neither training indicator nor data. Not where CFR comes all the same, nor for internet-aware fax (bit 123).",
    check: Check::One(tcf_missing),
    absence: Some(0.0),
    after_success: AfterSuccess::Note,
    covers: &[hide(&[&T30_DCS_NO_RESPONSE])],
    ..super::T30
};

pub(in crate::hint) static T30_TCF_CORRUPT: Rule = Rule {
    id: "t30-tcf-corrupt",
    severity: Severity::Warning,
    title: "Training check (TCF) is damaged",
    advice: "The zeros of the training check are too few or broken, so the receiver will answer FTT and the sender will go slower. If T.38 packets are missing at that time, the IP path did \
        it; if not, the sending gateway got it that way from its telephone line: check level, echo canceller and clock there (PRI timing source, ATA). With CFR after it the receiver was content.",
    step: "look for loss on the way from the sender, then at its line",
    reference: "spandsp t30.c (longest run of zeros against 1 s of bits); T.30 (training check, TCF)",
    when: "The TCF has less than 80 % of its 1.5 s, its longest run of zeros is below 1 s, or more than 1 % of the last second is not zero. A note if CFR follows.",
    check: Check::One(tcf_corrupt),
    ..super::T30
};

fn tcf_missing(context: &RuleContext<'_>) -> Option<Finding> {
    let exchange = context.exchange();
    if !exchange.is_t38() || exchange.is_half() || local_tcf(context) {
        return None;
    }
    let missing: Vec<&Line<'_>> = exchange
        .rounds_of(&[Fcf::Dcs])
        .filter(|round| lacks_tcf(exchange, round))
        .filter_map(|round| exchange.command(round))
        .collect();
    let last = missing.last().copied()?;
    let sender = last.event.from;
    let found = Finding::new(
        Severity::Error,
        missing.iter().map(|line| line.frame()),
        format!(
            "{} DCS without TCF – the training of the {sender} did not reach this point",
            missing.len()
        ),
    )
    .about(context.endpoint(sender));
    Some(found.on(last.event.id))
}

fn local_tcf(context: &RuleContext<'_>) -> bool {
    context.call.negotiations.iter().any(|negotiation| {
        std::iter::once(&negotiation.offer)
            .chain(&negotiation.answer)
            .flat_map(|sdp| &sdp.media)
            .filter_map(|line| line.t38.as_ref()?.rate_management.as_deref())
            .any(|value| value.eq_ignore_ascii_case("localTCF"))
    })
}

fn lacks_tcf(exchange: &ExchangeView<'_>, round: &Round) -> bool {
    const WAIT: f64 = 4.0 + evidence::LATE;
    let Some(dcs) = exchange.command(round) else {
        return false;
    };
    let internet_aware = dcs
        .valid()
        .is_none_or(|message| DcsMode::new(message.fif()).iaf);
    let answer = round
        .answer
        .or(round.unseen)
        .and_then(|place| exchange.line(place));
    if internet_aware
        || answer.and_then(Line::fcf) == Some(Fcf::Cfr)
        || (answer.is_none() && exchange.patience(round) < WAIT)
        || exchange.call.udptl.of(round.from).packets == 0
    {
        return false;
    }
    let until = answer.map_or_else(|| dcs.event.end.plus_seconds(WAIT), |line| line.event.at);
    !exchange.call.events.iter().any(|event| {
        event.from == round.from
            && event.at >= dcs.event.at
            && event.at <= until
            && match &event.kind {
                EventKind::Tcf(_) | EventKind::PageData(_) | EventKind::Training(_) => true,
                EventKind::Indicator(indicator) => indicator.training().is_some(),
                _ => false,
            }
    })
}

/// What is wrong with a TCF, in words.
pub(super) fn damage(tcf: &Tcf) -> Option<String> {
    let run = tcf.longest_zero_run?;
    if tcf.modem.rate == 0 {
        return None;
    }
    let per_second = f64::from(tcf.modem.rate) / 8.0;
    let short = f64::from(tcf.octets) < per_second * TCF_SECONDS * TCF_SHARE;
    let broken = f64::from(run) < per_second * TCF_ZEROS;
    let whole = tcf.modem.rate.saturating_mul(3) / 16;
    // With all of its zeros in a row, what else there is belongs to the training before it or the turn after it.
    let dirty = run < whole && tcf.nonzero_share.is_some_and(|share| share > TCF_NONZERO);
    if short {
        Some(format!("TCF cut short: {} of {whole} bytes", tcf.octets))
    } else if broken || dirty {
        let share = tcf.nonzero_share.unwrap_or_default() * 100.0;
        Some(format!(
            "TCF damaged: {share:.1} % not zero, longest run of zeros {} (1.5 s are {whole})",
            crate::text::count(run, "byte")
        ))
    } else {
        None
    }
}

/// Whether the sender stopped its TCF because the other side began to talk.
fn is_broken_off(exchange: &ExchangeView<'_>, place: usize, tcf: &Line<'_>) -> bool {
    let whole = tcf.event.at.plus_seconds(TCF_SECONDS + evidence::LATE);
    exchange
        .lines
        .iter()
        // A message that began before it may still be under way: at most a burst of NSF, CSI and DIS.
        .skip(place.saturating_sub(4))
        .take_while(|line| line.event.at <= whole)
        .any(|line| {
            line.event.from != tcf.event.from
                && line.message().is_some()
                && line.event.end >= tcf.event.at
        })
}

fn tcf_corrupt(context: &RuleContext<'_>) -> Option<Finding> {
    let exchange = context.exchange();
    let bad: Vec<(usize, &Line<'_>, String)> = exchange
        .lines
        .iter()
        .enumerate()
        .filter_map(|(place, line)| match line.what {
            What::Tcf(tcf) if !is_broken_off(exchange, place, line) => {
                damage(tcf).map(|what| (place, line, what))
            }
            _ => None,
        })
        .collect();
    let refused = |place: usize| {
        exchange
            .next_after(place, |line| line.message().is_some())
            .and_then(|(_, line)| line.fcf())
            != Some(Fcf::Cfr)
    };
    let worst = bad.iter().find(|(place, ..)| refused(*place));
    let (_, line, what) = worst.or_else(|| bad.first())?;
    let severity = if worst.is_some() {
        Severity::Warning
    } else {
        Severity::Note
    };
    let times = if bad.len() > 1 {
        format!(" ({}x)", bad.len())
    } else {
        String::new()
    };
    let tail = if worst.is_some() {
        "expect FTT, slower speed"
    } else {
        "the receiver took it"
    };
    let order = std::iter::once(line.frame()).chain(bad.iter().map(|(_, line, ..)| line.frame()));
    let lost = match line.what {
        What::Tcf(tcf) if tcf.lost_packets > 0 => {
            format!(
                "{} T.38 packets are missing in it: the IP path did it.",
                tcf.lost_packets
            )
        }
        _ => "No T.38 packet is missing in it: it came that way from the sending side.".to_owned(),
    };
    Some(
        Finding::new(severity, order, format!("{what}{times} – {tail}"))
            .on(line.event.id)
            .more(lost),
    )
}
