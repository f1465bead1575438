//! What the sending side's gateway does wrong in training, seen by what it sends: the receiver that refuses it is not at
//! fault.

use crate::call::exchange::{Line, What};
use crate::call::{Event, EventKind, Side};
use crate::hint::rule::{Check, Layer, explain};
use crate::hint::t30::release::T30_DCN_AFTER_DCS;
use crate::hint::t30::tcf::{T30_TCF_CORRUPT, T30_TCF_MISSING};
use crate::hint::t30::training::{T30_DCS_NO_RESPONSE, T30_FTT, T30_TRAIN_FAILED};
use crate::hint::t38::error_unless_delivered;
use crate::hint::whole::loses;
use crate::hint::{Finding, Rule, RuleContext, Severity};
use crate::t30::Fcf;
use crate::t30::capability::DcsMode;
use crate::t38::Indicator;

pub(super) const RULES: &[&Rule] = &[
    &T30_TRAIN_WITHOUT_DCS,
    &T30_TCF_OTHER_MODEM,
    &T30_CARRIER_NO_FRAME,
];

/// After the preamble a message begins at once; this long without one, nothing comes, seconds.
const PREAMBLE_ALONE: f64 = 5.0;
/// Between two hosts of a path, this delay lets both sides speak at once.
const SLOW_CROSSING: f64 = 1.0;

pub(in crate::hint) static T30_TRAIN_WITHOUT_DCS: Rule = Rule {
    id: "t30-train-without-dcs",
    severity: Severity::Error,
    title: "Training again without a DCS",
    advice: "FTT is answered by DCS and TCF with long training. A receiver that gets a TCF alone cannot follow and \
             hangs up; it is not at fault. The T.38 gateway of spandsp did this (issue 54): update spandsp, FreeSWITCH \
             or Asterisk on the sender's gateway. Until then begin lower, so that no FTT comes: FreeSWITCH \
             fax_disable_v17=true, Asterisk modems=v27,v29, or T38MaxBitRate 9600.",
    step: "update the sending gateway, or begin at 9600",
    reference: "T.30, figure 5-2a; freeswitch/spandsp issue 54",
    when: "after FTT the sender's next signal is a training check or page data without DCS, and no packet of it is lost in between",
    check: Check::One(train_without_dcs),
    layer: Layer::PhaseB,
    covers: &[explain(&[
        &T30_FTT,
        &T30_TRAIN_FAILED,
        &T30_DCN_AFTER_DCS,
        &T30_TCF_MISSING,
        &T30_DCS_NO_RESPONSE,
    ])],
    ..super::T30
};

pub(in crate::hint) static T30_TCF_OTHER_MODEM: Rule = Rule {
    id: "t30-tcf-other-modem",
    severity: Severity::Error,
    title: "The training check is of another modem than the DCS",
    advice: "DCS names modem and rate, and the training check must use them. The gateway of the sender modulates \
             something else than its fax commands: update it, or limit it to one modem (V.29 at 9600) and try again.",
    step: "update the sending gateway, or limit it to V.29 9600",
    reference: "T.30, section 5.3.6.2; T.38, section 7",
    when: "the indicator or data type of a TCF is of another modem or rate than the DCS before it, and no CFR follows",
    check: Check::One(other_modem),
    layer: Layer::PhaseB,
    covers: &[explain(&[&T30_FTT, &T30_TRAIN_FAILED, &T30_TCF_CORRUPT])],
    ..super::T30
};

pub(in crate::hint) static T30_CARRIER_NO_FRAME: Rule = Rule {
    id: "t30-carrier-no-frame",
    severity: Severity::Warning,
    title: "V.21 flags, but no message in them",
    advice: "The preamble was announced and no message followed: the gateway hears the carrier of its fax and cannot \
             read the frames (line noise, level), or the packets with the frames take another way. Capture on that \
             gateway; check level and echo cancellation of its telephone line.",
    step: "check level and echo cancellation on that gateway's line",
    reference: "T.30, section 5.3.1; T.38, section 7",
    when: "a V.21 preamble of a side is followed neither by a message nor by the end of the signal within 5 s",
    check: Check::PerSide(carrier_no_frame),
    layer: Layer::PhaseB,
    ..super::T30
};

/// The command or data of `side` that follows a place.
fn next_of<'e, 'a>(
    exchange: &'e crate::call::exchange::ExchangeView<'a>,
    place: usize,
    side: Side,
) -> Option<(usize, &'e Line<'a>)> {
    exchange.next_after(place, |line| line.event.from == side)
}

fn train_without_dcs(context: &RuleContext<'_>) -> Option<Finding> {
    let exchange = context.exchange();
    let found = exchange.all(&[Fcf::Ftt]).find_map(|(place, ftt)| {
        let sender = ftt.event.from.other();
        let (at, next) = next_of(exchange, place, sender)?;
        if !matches!(next.what, What::Tcf(_) | What::Page(_)) {
            return None;
        }
        let sent = context.call.udptl.of(sender);
        let lost = sent.gaps.iter().any(|gap| {
            gap.at >= ftt.event.at && gap.at <= next.event.end && gap.lost > gap.recovered
        });
        (sent.packets > 0 && !lost).then_some((ftt, at, next, sender))
    });
    let (ftt, at, training, sender) = found?;
    let dcs = exchange
        .last_before(at, &[Fcf::Dcs])
        .map(|(_, dcs)| dcs.frame());
    let seen = format!(
        "{} trains again after FTT without a DCS – gateway fault",
        context.who_begins(sender)
    );
    Some(
        Finding::new(
            error_unless_delivered(context),
            [Some(training.frame()), Some(ftt.frame()), dcs]
                .into_iter()
                .flatten(),
            seen,
        )
        .on(training.event.id)
        .about(context.endpoint(sender))
        .blame(context.fault_side(sender)),
    )
}

fn other_modem(context: &RuleContext<'_>) -> Option<Finding> {
    let exchange = context.exchange();
    let found = exchange.lines.iter().enumerate().find_map(|(place, line)| {
        let What::Tcf(tcf) = line.what else {
            return None;
        };
        let (_, dcs) = exchange
            .last_before(place, &[Fcf::Dcs])
            .filter(|(_, dcs)| dcs.event.from == line.event.from)?;
        let asked = DcsMode::new(dcs.valid()?.fif()).modem;
        let differs = tcf.modem.rate > 0
            && asked.rate > 0
            && (tcf.modem.rate != asked.rate || tcf.modem.name != asked.name);
        let answer = exchange.next_after(place, |next| {
            next.event.from != line.event.from && next.valid().is_some()
        });
        let taken = answer.and_then(|(_, answer)| answer.fcf()) == Some(Fcf::Cfr);
        let in_sound = context.call.udptl.of(line.event.from).packets == 0;
        // A DCS between them may be lost.
        let whole = !loses(context, line.event.from);
        (differs && !taken && !in_sound && whole).then_some((line, dcs, tcf.modem, asked))
    });
    let (line, dcs, sent, asked) = found?;
    let sender = line.event.from;
    Some(
        Finding::new(
            error_unless_delivered(context),
            [line.frame(), dcs.frame()],
            format!("TCF at {sent}, DCS says {asked}"),
        )
        .on(line.event.id)
        .about(context.endpoint(sender))
        .blame(context.fault_side(sender)),
    )
}

/// Whether a host of the path holds back media for so long that both sides speak at once, and break off what they
/// began.
fn has_slow_crossing(context: &RuleContext<'_>) -> bool {
    let delays = context.call.path.crossings.iter();
    delays
        .filter_map(|crossing| crossing.packets.delay)
        .any(|(median, _)| median > SLOW_CROSSING)
}

fn carrier_no_frame(context: &RuleContext<'_>, side: Side) -> Option<Finding> {
    if has_slow_crossing(context) || loses(context, side) {
        return None;
    }
    let of_side: Vec<&Event> = context
        .call
        .events
        .iter()
        .filter(|event| event.from == side && event.observed)
        .filter(|event| !matches!(event.kind, EventKind::Sip(_) | EventKind::Rtp(_)))
        .collect();
    let bye = context.bye();
    let next_at = |place: usize| {
        let after = of_side.iter().skip(place + 1);
        let at = of_side.get(place).map(|event| event.at);
        after.map(|next| next.at).find(|next| Some(*next) > at)
    };
    let (_, preamble) = of_side.iter().enumerate().find(|(place, event)| {
        let until = event.at.plus_seconds(PREAMBLE_ALONE);
        matches!(event.kind, EventKind::Indicator(Indicator::V21Preamble))
            && context.covers(event.at, PREAMBLE_ALONE)
            && next_at(*place).is_none_or(|next| next > until)
            && bye.is_none_or(|(bye, _)| bye.at > until)
    })?;
    let seen = format!(
        "{} sends V.21 flags and no message",
        context.who_begins(side)
    );
    Some(
        Finding::new(Severity::Warning, [preamble.frame], seen)
            .on(preamble.id)
            .about(context.endpoint(side)),
    )
}
