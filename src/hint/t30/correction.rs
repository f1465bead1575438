//! The repairs of ECM: PPR, CTC, EOR.

use crate::call::exchange::{ExchangeView, Line};
use crate::hint::evidence::share;
use crate::hint::rule::{Check, Layer, hide};
use crate::hint::t30::release::T30_DCN_AFTER_PAGE;
use crate::hint::{Finding, Rule, RuleContext, Severity};
use crate::t30::Fcf;
use crate::t30::frame::T30Frame;

/// `t30-ppr`: share of bad frames that one resend may have.
const FEW_BAD: f64 = 0.1;
/// `t30-ppr-fourth`: after as many the sender has to change something (T.30 Annex A; spandsp).
const PPR_LIMIT: usize = 4;

pub(super) const RULES: &[&Rule] = &[&T30_PPR, &T30_PPR_FOURTH, &T30_EOR_ERR];

pub(in crate::hint) static T30_PPR: Rule = Rule {
    id: "t30-ppr",
    severity: Severity::Warning,
    title: "ECM: frames of a block are sent again (PPR)",
    advice: "Frames of the block arrived damaged and are sent again. If T.38 packets are missing before the capture point, fix that path. If none is missing in the capture, they are lost behind it, on the way to the receiver, or damaged on the \
        telephone line of the sending or receiving gateway: capture at the receiver, check level and clock of those lines.",
    step: "look for loss before the capture point, then at the lines",
    reference: "T.30 error correction mode (PPS, PPR); spandsp t30.c (process_rx_ppr)",
    when: "PPR is received. A note for one PPR of a block with at most 10 % of its frames, else a warning.",
    check: Check::Many(ppr),
    layer: Layer::PhaseD,
    ..super::T30
};

pub(in crate::hint) static T30_PPR_FOURTH: Rule = Rule {
    id: "t30-ppr-fourth",
    severity: Severity::Error,
    title: "Four PPR on one block",
    advice: "Four resends of the same block failed. The sender now has to go slower (CTC, answered by CTR) or to give the block up (EOR). The path cannot carry this rate: lower the maximum rate on the sending side, raise the T.38 redundancy for page data \
        (t38_udptl_ec=redundancy, Cisco hs-redundancy), look for loss, or test without ECM.",
    step: "lower the rate, raise redundancy for pages, look for loss",
    reference: "spandsp PPR_LIMIT_BEFORE_CTC_OR_EOR (4); FaxBack 30228; T.30 error correction mode",
    when: "The fourth PPR for the same block, each after a resend. Warning if CTC gets it through.",
    check: Check::Many(fourth_ppr),
    layer: Layer::PhaseD,
    covers: &[hide(&[&T30_PPR, &T30_EOR_ERR, &T30_DCN_AFTER_PAGE])],
    ..super::T30
};

pub(in crate::hint) static T30_EOR_ERR: Rule = Rule {
    id: "t30-eor-err",
    severity: Severity::Error,
    title: "ECM: the sender gives a block up (EOR)",
    advice: "The sender gave up on a block: the page goes on, but a strip of it is missing at the receiver although the page is answered. Count it as delivered with errors and send it again; see the PPR before it for the reason.",
    step: "send the page again; see the PPR before for the reason",
    reference: "T.30 error correction mode (EOR, ERR); spandsp t30.c",
    when: "EOR is sent.",
    check: Check::Many(given_up),
    layer: Layer::PhaseD,
    ..super::T30
};

/// Page counter, block counter and frames of a PPS (T.30 Annex A: each octet with its bits in the order of
/// transmission).
fn pps(message: &T30Frame) -> Option<(u8, u8, u32)> {
    let [_, page, block, frames, ..] = message.fif() else {
        return None;
    };
    Some((
        page.reverse_bits(),
        block.reverse_bits(),
        u32::from(frames.reverse_bits()) + 1,
    ))
}

/// Frames that a PPR asks for among the first `frames`.
fn bad_frames(message: &T30Frame, frames: u32) -> u32 {
    let bits = message
        .fif()
        .iter()
        .flat_map(|octet| (0..8_u8).map(move |place| octet & (0x80 >> place) != 0));
    let wanted = usize::try_from(frames).unwrap_or(usize::MAX);
    let count = bits.take(wanted).filter(|set| *set).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// A PPR and the block that it is about.
struct Request<'d> {
    place: usize,
    line: &'d Line<'d>,
    page: u32,
    block: u8,
    /// Frames of the block.
    of: u32,
    bad: u32,
    /// 1 for the first PPR of the block that follows new data, ...
    number: usize,
}

/// PPR with their blocks; those to a PPS that only repeats another are left out.
fn requests<'d>(exchange: &'d ExchangeView<'_>) -> Vec<Request<'d>> {
    let mut out: Vec<Request<'_>> = Vec::new();
    let mut key = None;
    let mut number = 0;
    let mut of = 0;
    for (place, line) in exchange.all(&[Fcf::Ppr]) {
        let repeat = exchange
            .rounds
            .iter()
            .any(|round| round.answer == Some(place) && round.repeats_answered.is_some());
        if repeat {
            continue;
        }
        let partial = exchange
            .last_before(place, &[Fcf::Pps])
            .and_then(|(_, line)| line.valid())
            .and_then(pps);
        let (page, block, frames) = partial.unwrap_or((0, 0, 256));
        let confirmed_since = out.last().is_some_and(|last| {
            exchange
                .lines
                .iter()
                .take(place)
                .skip(last.place)
                .any(|line| matches!(line.fcf(), Some(Fcf::Mcf | Fcf::Ctr | Fcf::Err)))
        });
        if key != Some((page, block)) || confirmed_since {
            key = Some((page, block));
            number = 0;
            of = frames;
        }
        number += 1;
        of = of.max(frames);
        out.push(Request {
            place,
            line,
            page: exchange.page_at(place),
            block,
            of,
            bad: line.valid().map_or(0, |message| bad_frames(message, of)),
            number,
        });
    }
    out
}

fn ppr(context: &RuleContext<'_>) -> Vec<Finding> {
    let exchange = context.exchange();
    let requests = requests(exchange);
    let again = |request: &Request<'_>| {
        requests.iter().any(|other| {
            other.number > 1 && other.page == request.page && other.block == request.block
        })
    };
    let sender_stats = context.call.udptl.of(exchange.sender);
    requests
        .iter()
        .map(|request| {
            let few = share(request.bad, request.of) <= FEW_BAD;
            let severity = if few && !again(request) { Severity::Note } else { Severity::Warning };
            let seen = format!(
                "ECM resend: page {} block {}, {}/{} bad (PPR {})",
                request.page,
                request.block,
                request.bad,
                crate::text::count(request.of, "frame"),
                request.number
            );
            let more = if !exchange.is_t38() {
                "See the RTP loss at that time."
            } else if sender_stats.lost > sender_stats.recovered {
                "T.38 packets of the sender are missing at the capture point: the loss is before it."
            } else {
                "No T.38 packet of the sender is missing here: the loss is behind the capture point, or on a telephone line."
            };
            Finding::new(severity, vec![request.line.frame()], seen)
                .on(request.line.event.id)
                .more(more)
        })
        .collect()
}

fn fourth_ppr(context: &RuleContext<'_>) -> Vec<Finding> {
    let exchange = context.exchange();
    let requests = requests(exchange);
    requests
        .iter()
        .filter(|request| request.number == PPR_LIMIT)
        .map(|request| {
            let next = exchange.next_after(request.place, |line| {
                matches!(line.fcf(), Some(Fcf::Ctc | Fcf::Eor | Fcf::Dcn))
            });
            let saved = exchange
                .next_after(request.place, |line| line.fcf() == Some(Fcf::Mcf))
                .is_some()
                && next.is_none_or(|(_, line)| line.fcf() == Some(Fcf::Ctc));
            let end = match next.and_then(|(_, line)| line.fcf()) {
                Some(Fcf::Ctc) => "CTC: slower",
                Some(Fcf::Eor) => "EOR: block given up",
                Some(_) => "DCN",
                None => "no way out",
            };
            let severity = if saved {
                Severity::Warning
            } else {
                Severity::Error
            };
            let block = requests
                .iter()
                .filter(|other| other.block == request.block && other.page == request.page);
            let cited = std::iter::once(request.line.frame())
                .chain(next.map(|(_, line)| line.frame()))
                .chain(block.map(|other| other.line.frame()));
            Finding::new(
                severity,
                cited,
                format!(
                    "4 PPR on page {} block {} – {end}",
                    request.page, request.block
                ),
            )
            .on(request.line.event.id)
        })
        .collect()
}

fn given_up(context: &RuleContext<'_>) -> Vec<Finding> {
    let exchange = context.exchange();
    exchange
        .rounds_of(&[Fcf::Eor])
        .filter(|round| round.attempt == 1 && round.repeats_answered.is_none())
        .filter_map(|round| {
            let line = exchange.command(round)?;
            let answer = round.answer.and_then(|place| exchange.line(place));
            let cited = [Some(line.frame()), answer.map(Line::frame)];
            let seen = format!(
                "EOR: {} gave up on a block – page {} has missing data",
                round.from, round.page
            );
            Some(Finding::new(Severity::Error, cited.into_iter().flatten(), seen).on(line.event.id))
        })
        .collect()
}
