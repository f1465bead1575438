//! Phase C: page data.

use crate::hint::rule::{AfterSuccess, Check, Layer, hide};
use crate::hint::t30::release::T30_DCN_IN_PAGE;
use crate::hint::whole::shows_all_of;
use std::fmt::Write as _;

use crate::call::exchange::{ExchangeView, Line};
use crate::call::{Event, EventKind, PageData, Side, Verdict};
use crate::capture::Timestamp;
use crate::hint::evidence::{self, hang_up, share, waited};
use crate::hint::{Finding, Rule, RuleContext, Severity};
use crate::t30::Fcf;
use crate::t30::timer::T2;
use crate::t38::Indicator;
use crate::text::count;

/// `t30-page-truncated`: silence after the last data, seconds.
const SILENCE: f64 = 1.0;
/// `t30-page-truncated`: data that run up to a hang-up were cut by it, seconds.
const CUT_BY_HANG_UP: f64 = 1.5;
/// `t30-page-truncated`: less coded data is no page, octets.
const SHORT_PAGE: u32 = 200;
/// `t30-page-slow`: seconds.
const SLOW_PAGE: f64 = 120.0;
/// `t30-page-slow`: seconds, as a warning.
const VERY_SLOW_PAGE: f64 = 300.0;
/// `t30-page-slow`: share of frames sent again.
const MUCH_RESENT: f64 = 0.2;

pub(super) const RULES: &[&Rule] = &[
    &T30_CFR_NO_PAGE,
    &T30_PAGE_TRUNCATED,
    &T30_PAGE_NO_POSTMSG,
    &T30_PAGE_SLOW,
];

pub(in crate::hint) static T30_CFR_NO_PAGE: Rule = Rule {
    id: "t30-cfr-no-page",
    severity: Severity::Error,
    title: "Training accepted (CFR), but no page follows",
    advice: "The receiver is ready for the page and none comes. If the sender is silent, its document failed (TIFF unreadable, wrong resolution; look at the fax job and at its log) or its modem did not \
        start; if it hung up or sent DCN, it did not get the CFR in time. If only the training indicator comes and no data, the packets with data are dropped: compare their size with T38FaxMaxDatagram, and look at the gateway on the way.",
    step: "see the fax job and the log of the sender",
    reference: "T.30 timer T2 (6 s); spandsp RX_T2EXPFAX",
    when: "No page data and no new DCS after CFR until T2 (6 s, with tolerance 7.5 s), or only when the receiver has hung up for it. Not where the CFR answers a DCS that was repeated though answered.",
    check: Check::One(cfr_no_page),
    layer: Layer::PhaseC,
    absence: Some(5.0),
    after_success: AfterSuccess::Note,
    covers: &[hide(&[&T30_DCN_IN_PAGE])],
    ..super::T30
};

pub(in crate::hint) static T30_PAGE_TRUNCATED: Rule = Rule {
    id: "t30-page-truncated",
    severity: Severity::Error,
    title: "Page data break off",
    advice: "The data of the page stop in the middle with no end of signal. If the call was hung up at that moment, that is the reason; else the sending side stopped: carrier lost on its telephone line, its T.38 engine stalled, or its packets \
        are blocked from then on (NAT or firewall timeout, session timer). Look at the log of the sending gateway at the time of the last packet. A page without ECM ends with RTC and the end of signal, one with ECM with RCP.",
    step: "see the log of the sending gateway when the page stops",
    reference: "soft-switch.org (T.38 chapter); spandsp RX_NOCARRIER; T.4 (RTC), T.30 error correction mode (RCP)",
    when: "Page data end without t4-non-ecm-sig-end or RCP, followed by more than 1 s of silence (no-signal or a preamble of the sender ends them too). Warning if the hang-up cut them, or if a page that is not confirmed has less than 200 octets.",
    check: Check::Many(truncated),
    layer: Layer::PhaseC,
    after_success: AfterSuccess::Note,
    covers: &[hide(&[&T30_PAGE_NO_POSTMSG, &T30_DCN_IN_PAGE])],
    ..super::T30
};

pub(in crate::hint) static T30_PAGE_NO_POSTMSG: Rule = Rule {
    id: "t30-page-no-postmsg",
    severity: Severity::Error,
    title: "Page sent, but no MPS or EOP after it",
    advice: "After a page the sender has to say what comes next: MPS for more pages, EOP for the end, PPS with ECM. Nothing came within 6 s, so the page is not confirmed. Either the message was lost on the way (look for T.38 loss at that time), or the \
        sending fax or gateway stopped: look at its log and at its telephone line.",
    step: "look for T.38 loss after the page, then at the sender's log",
    reference: "4PSA: Troubleshooting fax issues (MPS, EOP); T.30 timer T2 (6 s)",
    when: "No MPS, EOP, EOM, PPS or DCN of the sender after the end of the page data until T2, with the call still up then, or only when the receiver has hung up for it.",
    check: Check::One(no_postmessage),
    layer: Layer::PhaseC,
    absence: Some(5.0),
    after_success: AfterSuccess::Note,
    ..super::T30
};

pub(in crate::hint) static T30_PAGE_SLOW: Rule = Rule {
    id: "t30-page-slow",
    severity: Severity::Note,
    title: "A page takes long",
    advice: "The page takes minutes: photo or grey content, fine resolution, a low rate or many resends. Long pages run into call-duration limits, SIP session timers and T.38 or RTP inactivity timeouts. Send in standard resolution, or see \
        why the rate is low (t30-low-rate, t30-ftt) or frames are resent (t30-ppr).",
    reference: "Threshold of faxflow",
    when: "A page takes more than 120 s (warning: 300 s), or more than 20 % of its ECM frames are sent again.",
    check: Check::Many(slow),
    layer: Layer::PhaseC,
    ..super::T30
};

fn cfr_no_page(context: &RuleContext<'_>) -> Option<Finding> {
    let exchange = context.exchange();
    if exchange.is_half() {
        return None;
    }
    let found = exchange.all(&[Fcf::Cfr]).find_map(|(place, line)| {
        let sender = line.event.from.other();
        let repeated = exchange
            .rounds
            .iter()
            .any(|round| round.answer == Some(place) && round.repeats_answered.is_some());
        let next = exchange.next_after(place, |next| {
            next.event.from == sender || next.page().is_some() || next.fcf() == Some(Fcf::Dcn)
        });
        let goes_on = next.is_some_and(|(_, next)| {
            next.fcf() != Some(Fcf::Dcn)
                && receiver_gone(context, sender, line.event.end, next.event.at).is_none()
        });
        let ends_at = next.map(|(_, next)| next.event.at);
        let long = ends_at.is_some_and(|at| at.seconds_since(line.event.end) >= T2.latest())
            || hang_up(context.call).is_some_and(|event| event.at > line.event.end)
            || next.is_some()
            || waited(context.call, line.event.end, T2.latest());
        (!repeated && !goes_on && long).then_some((line, sender, next.map(|(_, next)| next)))
    })?;
    let (line, sender, next) = found;
    let trained = context.call.events.iter().any(|event| {
        event.from == sender
            && event.at > line.event.end
            && matches!(&event.kind, EventKind::Indicator(indicator) if indicator.training().is_some())
    });
    let gone = next.and_then(|next| {
        let gone = receiver_gone(context, sender, line.event.end, next.event.at)?;
        Some((gone, next.event.at.seconds_since(line.event.end)))
    });
    let what = match (next, hang_up(context.call)) {
        (Some(next), _) => match gone {
            Some((gone, late)) => format!(
                "{} came {late:.1} s after the CFR; the {} had hung up after {gone:.1} s.",
                next.name(),
                sender.other()
            ),
            None => format!("{} of the {} came instead.", next.name(), next.event.from),
        },
        (None, Some(bye)) => format!("The {} hung up instead.", bye.from),
        (None, None) if trained => "Its modem trained, but no data came.".to_owned(),
        (None, None) => "Nothing came from it any more.".to_owned(),
    };
    let cited = [Some(line.frame()), next.map(Line::frame)];
    Some(
        Finding::new(
            Severity::Error,
            cited.into_iter().flatten(),
            format!("CFR sent but no page followed – {sender} did not get CFR or gave up"),
        )
        .on(line.event.id)
        .about(context.endpoint(sender))
        .more(what),
    )
}

/// Seconds from `since` until the receiver hung up, where it waited about T2 and what it waited for came only
/// `at` a time later than that.
fn receiver_gone(
    context: &RuleContext<'_>,
    sender: Side,
    since: Timestamp,
    at: Timestamp,
) -> Option<f64> {
    let bye = hang_up(context.call).filter(|bye| bye.from != sender && bye.at < at)?;
    let waited = bye.at.seconds_since(since);
    (waited >= T2.earliest() && at.seconds_since(since) >= T2.latest()).then_some(waited)
}

/// Page data with their places.
fn page_lines<'d>(exchange: &'d ExchangeView<'_>) -> Vec<(usize, &'d Line<'d>, &'d PageData)> {
    let mut out: Vec<(usize, &Line<'_>, &PageData)> = Vec::new();
    for (place, line) in exchange.lines.iter().enumerate() {
        if let Some(page) = line.page() {
            out.push((place, line, page));
        }
    }
    out
}

/// When something other than the fax ended the media: hang-up, or a new answer in SDP.
fn cut_at(context: &RuleContext<'_>, from: Timestamp) -> Option<Timestamp> {
    let bye = hang_up(context.call).map(|event| event.at);
    let period = context
        .call
        .media
        .iter()
        .filter(|period| period.t38.is_none())
        .map(|period| period.from);
    period.chain(bye).filter(|at| *at > from).min()
}

fn truncated(context: &RuleContext<'_>) -> Vec<Finding> {
    let exchange = context.exchange();
    if exchange.is_half() {
        return Vec::new();
    }
    let is_t38 = |line: &Line<'_>, page: &PageData| {
        page.level.is_none() && exchange.is_t38() && line.event.from == exchange.sender
    };
    let mut out = Vec::new();
    for (place, line, page) in page_lines(exchange) {
        let confirmed = is_confirmed(context, page.page);
        let cut = cut_at(context, line.event.at)
            .is_some_and(|at| at.seconds_since(line.event.end) <= CUT_BY_HANG_UP);
        let next = exchange.next_after(place, |next| next.event.from == line.event.from);
        let short =
            is_t38(line, page) && page.ended && page.bytes < SHORT_PAGE && page.block.is_none();
        let breaks = !page.ended
            && !ends_by_indicator(context, line)
            && next.is_none_or(|(_, next)| next.event.at.seconds_since(line.event.end) > SILENCE)
            && (cut || waited(context.call, line.event.end, SILENCE));
        let severity = match (breaks, cut) {
            (true, true) if page.level.is_some() => continue,
            (true, true) => Severity::Warning,
            (true, false) => Severity::Error,
            (false, _) if short && !confirmed && !context.delivered() => Severity::Warning,
            (false, _) => continue,
        };
        let (number, bytes) = (page.page, count(page.bytes, "byte"));
        let seconds = line.event.end.seconds_since(line.event.at);
        let seen = if breaks {
            format!("Page {number} breaks off after {seconds:.1} s / {bytes}")
        } else {
            format!("Page {number} has only {bytes} of data")
        };
        let why = why_short(context, line.event.from, page, cut && breaks);
        let found = Finding::new(severity, vec![line.event.last_frame, line.frame()], seen)
            .on(line.event.id)
            .about(context.endpoint(line.event.from))
            .more(why);
        // Who ended the call or its media is told by other rules; what comes no more may have been stopped on its way.
        let goes_on = context
            .call
            .udptl
            .of(line.event.from)
            .last
            .is_some_and(|(_, last)| last > line.event.end);
        let is_known = page.level.is_some() || goes_on;
        let whole = is_known && shows_all_of(context, line.event.from);
        out.push(if cut || !whole {
            found.blame_nobody()
        } else {
            found
        });
    }
    out
}

/// What the capture has to say of a page that is too short.
fn why_short(context: &RuleContext<'_>, from: Side, page: &PageData, is_cut: bool) -> String {
    if is_cut {
        return "The call or its media were ended at that moment.".to_owned();
    }
    match page.lost_packets {
        0 => evidence::blame(
            context,
            from,
            "look at its log at the time of the last packet.",
            "ask there for the log at the time of the last packet.",
        ),
        1 => "1 packet is missing in it.".to_owned(),
        many => format!("{many} packets are missing in it."),
    }
}

/// Whether a gateway marks the end of the data by the next indicator in place of an end of signal.
fn ends_by_indicator(context: &RuleContext<'_>, line: &Line<'_>) -> bool {
    /// Events at the end of a page that are looked at; between two lines there are a few.
    const NEAR: usize = 200;
    let own = usize::try_from(line.event.id.0).unwrap_or(usize::MAX);
    let after = |event: &Event| event.at.seconds_since(line.event.end);
    (context.call.events.iter().skip(own))
        .skip_while(|event| after(event) < 0.0)
        .take_while(|event| after(event) <= SILENCE)
        .take(NEAR)
        .any(|event| {
            event.from == line.event.from
                && matches!(
                    event.kind,
                    EventKind::Indicator(Indicator::NoSignal | Indicator::V21Preamble)
                )
        })
}

fn is_confirmed(context: &RuleContext<'_>, number: u32) -> bool {
    context.call.fax.as_ref().is_some_and(|fax| {
        fax.verdict == Verdict::Ok
            || fax
                .pages
                .iter()
                .any(|page| page.number == number && page.confirmed)
    })
}

fn no_postmessage(context: &RuleContext<'_>) -> Option<Finding> {
    let exchange = context.exchange();
    if exchange.is_half() {
        return None;
    }
    let last = page_lines(exchange).pop();
    let (place, line, page) = last?;
    let sender = line.event.from;
    let next = exchange.next_after(place, |next| {
        // A damaged message of the sender was sent: loss rules tell of that.
        next.event.from == sender && next.message().is_some()
    });
    let until = cut_at(context, line.event.at).unwrap_or(context.call.capture.last_time);
    let ended_by_receiver = exchange
        .dcn
        .and_then(|dcn| exchange.line(dcn))
        .is_some_and(|dcn| dcn.event.at.seconds_since(line.event.end) < T2.latest());
    let gone = next.and_then(|(_, next)| {
        receiver_gone(context, sender, line.event.end, next.event.at)
            .map(|gone| (next, gone, next.event.at.seconds_since(line.event.end)))
    });
    if (next.is_some() && gone.is_none())
        || ended_by_receiver
        || (gone.is_none() && until.seconds_since(line.event.end) < T2.latest())
        || is_confirmed(context, page.page)
    {
        return None;
    }
    let found = Finding::new(
        Severity::Error,
        vec![line.event.last_frame, line.frame()],
        format!("Page {} sent but no MPS/EOP after it", page.page),
    )
    .on(line.event.id)
    .about(context.endpoint(sender));
    // With no packet of it missing, it is the sender's side that does not go on.
    let sent = context.call.udptl.of(sender);
    let found = if sent.packets > 0 && sent.lost == sent.recovered {
        found.blame(context.fault_side(sender))
    } else {
        found
    };
    Some(match gone {
        Some((next, gone, late)) => found.more(format!(
            "{} came {late:.1} s after the page; the {} had hung up after {gone:.1} s.",
            next.name(),
            sender.other()
        )),
        None => found,
    })
}

/// A page over all its transmissions: first and last data, octets, frames sent and resent.
struct Whole<'d> {
    number: u32,
    first: &'d Line<'d>,
    last: &'d Line<'d>,
    page: &'d PageData,
    bytes: u32,
    frames: u32,
    resent: u32,
}

fn whole_pages<'d>(exchange: &'d ExchangeView<'_>) -> Vec<Whole<'d>> {
    let mut out: Vec<Whole<'_>> = Vec::new();
    for (_, line, page) in page_lines(exchange) {
        match out.last_mut() {
            Some(whole) if whole.number == page.page => {
                whole.last = line;
                whole.bytes = whole.bytes.saturating_add(page.bytes);
                whole.frames = whole.frames.saturating_add(page.frames);
                whole.resent = whole.resent.saturating_add(page.resent);
            }
            _ => out.push(Whole {
                number: page.page,
                first: line,
                last: line,
                page,
                bytes: page.bytes,
                frames: page.frames,
                resent: page.resent,
            }),
        }
    }
    out
}

fn slow(context: &RuleContext<'_>) -> Vec<Finding> {
    let exchange = context.exchange();
    whole_pages(exchange)
        .into_iter()
        .filter_map(|whole| {
            let seconds = whole.last.event.end.seconds_since(whole.first.event.at);
            let resent = whole.resent > 0 && share(whole.resent, whole.frames) > MUCH_RESENT;
            if seconds <= SLOW_PAGE && !resent {
                return None;
            }
            let severity = if seconds > VERY_SLOW_PAGE {
                Severity::Warning
            } else {
                Severity::Note
            };
            let mut seen = format!(
                "Page {} takes {seconds:.0} s at {}",
                whole.number, whole.page.modem
            );
            if whole.bytes > 0 {
                let _ = write!(seen, " ({} kB)", whole.bytes / 1000);
            }
            if resent {
                let _ = write!(
                    seen,
                    " – {} of {} resent",
                    whole.resent,
                    count(whole.frames, "frame")
                );
            }
            let cited = vec![whole.first.frame(), whole.last.event.last_frame];
            Some(Finding::new(severity, cited, seen).on(whole.first.event.id))
        })
        .collect()
}
