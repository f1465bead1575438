//! Phase E: DCN, and calls that are cut without it.

use crate::call::exchange::{ExchangeView, Line, Reached, What};
use crate::call::{Call, Event, EventKind, Phase, Side, Verdict};
use crate::capture::Timestamp;
use crate::hint::configured::Bearing;
use crate::hint::context::{header, headers};
use crate::hint::evidence::{self, LATE, capture_ends_early, hang_up};
use crate::hint::rule::{Check, Layer, hide};
use crate::hint::sip::{q850_text, reason_cause};
use crate::hint::whole::shows_all_of;
use crate::hint::{Finding, Rule, RuleContext, Severity};
use crate::t30::Fcf;
use crate::t30::timer::{T2, T4};
use crate::t38::Indicator;

/// `t30-dropped-mid-fax`: without SIP, silence after which the media have ended, seconds.
const MEDIA_END: f64 = 10.0 + LATE;
/// `t30-no-dcn`: as many MCF in a row, with no command between them, show that the receiver waits for the DCN.
const MCF_AGAIN: u32 = 2;
/// `t30-no-dcn`: Q.850 cause of a hang-up that is as it should be.
const NORMAL_CLEARING: u16 = 16;

pub(super) const RULES: &[&Rule] = &[
    &T30_DCN_BEFORE_DCS,
    &T30_DCN_AFTER_DCS,
    &T30_DCN_IN_PAGE,
    &T30_DCN_AFTER_PAGE,
    &T30_NO_DCN,
    &T30_DROPPED_MID_FAX,
];

pub(in crate::hint) static T30_DCN_BEFORE_DCS: Rule = Rule {
    id: "t30-dcn-before-dcs",
    severity: Severity::Error,
    title: "DCN right after DIS: no common mode, or given up",
    advice: "The fax ended before a mode was chosen. If the sender disconnected, it refuses what the DIS offers: cannot receive, no common resolution, width or modem, a password is \
        wanted, or it has no document (TIFF missing, unreadable); look at the fax job and log of the sender. If the receiver disconnected after 30 to 40 s, nobody answered its DIS: see the way from sender to receiver.",
    step: "see the fax job and log of the side that disconnected",
    reference: "HylaFAX E124 (got DCN in transmit phase B); spandsp INCOMPATIBLE, RX_INCAPABLE; T.30 timer T1",
    when: "DCN after DIS, CSI or NSF and before any DCS or DTC.",
    check: Check::One(before_dcs),
    settings: Bearing::FaxLog,
    ..super::T30
};

pub(in crate::hint) static T30_DCN_AFTER_DCS: Rule = Rule {
    id: "t30-dcn-after-dcs",
    severity: Severity::Error,
    title: "DCN in training",
    advice: "The fax ended between DCS and CFR. If the receiver disconnected, it does not accept the parameters of the DCS, the sender's identification, sub-address or password, or it was stopped by hand: check the receiver's filters for caller identification (TSI) and its log. If the \
        sender disconnected, training never succeeded: look at FTT and TCF.",
    step: "see the log of the side that disconnected: TSI filter, training",
    reference: "HylaFAX E103 (got DCN); spandsp TX_BADDCS, RETRYDCN, CANNOT_TRAIN",
    when: "DCN after DCS, TCF or FTT and before CFR.",
    check: Check::One(after_dcs),
    settings: Bearing::FaxLog,
    ..super::T30
};

pub(in crate::hint) static T30_DCN_IN_PAGE: Rule = Rule {
    id: "t30-dcn-in-page",
    severity: Severity::Error,
    title: "DCN during a page",
    advice: "One side ended the fax while a page was due or under way. The receiver: no data within T2, unreadable data, disk or memory full. The sender: scan error, stop key, document broken. Some machines end the last page that way without ECM, with no EOP: the page \
        may be there, but it is not confirmed. Look at the log of the side that sent the DCN.",
    step: "see the log of the side that sent the DCN",
    reference: "HylaFAX E108; spandsp RX_DCNDATA, RX_DCNFAX; FaxBack note (no post-page signal on the last page)",
    when: "DCN after CFR (or after the MCF to MPS) and before the post-message command of the page. Warning if it follows the data of a page without ECM.",
    check: Check::One(in_page),
    layer: Layer::PhaseC,
    ..super::T30
};

pub(in crate::hint) static T30_DCN_AFTER_PAGE: Rule = Rule {
    id: "t30-dcn-after-page",
    severity: Severity::Error,
    title: "DCN instead of going on after a page",
    advice: "A receiver should not send DCN at all: in answer to MPS, EOP or PPS it means that it refuses the page, its memory or disk is full, or its stop key was pressed; look at its log. From the sender after MPS and MCF it means that it stopped before the next page (scanner \
        empty, job cancelled), after RTN, PPR or RNR that it gave up. Pages with MCF are delivered.",
    step: "see the log of the side that sent DCN: memory, disk, job",
    reference: "FaxBack (the receiver should never send a DCN); spandsp TX_BADPG, RX_DCNPHD, RX_DCNRRD, RX_DCNNORTN",
    when: "DCN of the receiver in answer to a post-message command, or of either side after MCF to MPS, RTN, PPR or RNR.",
    check: Check::One(after_page),
    layer: Layer::PhaseD,
    ..super::T30
};

pub(in crate::hint) static T30_NO_DCN: Rule = Rule {
    id: "t30-no-dcn",
    severity: Severity::Note,
    title: "No DCN after the last MCF",
    advice: "All pages are confirmed; the sender hung up without the closing DCN, or it was lost. Harmless for the delivery; some receivers log an error then. If it is your own sender, its dialplan may hang up too early after SendFAX.",
    reference: "4PSA: Troubleshooting fax issues (DCN); spandsp RX_T2EXPDCN",
    when: "MCF to EOP, but no DCN before the hang-up or within T2 (6 s). Warning if the receiver repeats its MCF, or the BYE names a Q.850 cause other than 16.",
    check: Check::One(no_dcn),
    absence: Some(0.0),
    ..super::T30
};

pub(in crate::hint) static T30_DROPPED_MID_FAX: Rule = Rule {
    id: "t30-dropped-mid-fax",
    severity: Severity::Error,
    title: "The call is cut in the middle of the fax",
    advice: "The call was hung up, not ended by the fax: there is no DCN. See who sent BYE and its Reason (Q.850 cause): a missing ACK (32 s after a 200), a session timer, a call-duration limit, an inactivity timeout of the PBX or media proxy while T.38 flows past it (rtptimeout in Asterisk, \
        rtpengine or Kamailio dialog timeouts), or a hang-up on the telephone line behind a gateway.",
    step: "see who sent BYE and its Reason: a timer, a limit, an ACK",
    reference: "FaxBack (SIP bye received before fax was completed); spandsp CALLDROPPED",
    when: "BYE or CANCEL (without SIP: 10 s of silence) after DIS and before the last page is confirmed, with no DCN before it.",
    check: Check::One(dropped),
    layer: Layer::Teardown,
    covers: &[hide(&[&T30_NO_DCN])],
    ..super::T30
};

/// The DCN and how far the fax had come before it.
fn dcn<'d>(exchange: &'d ExchangeView<'_>) -> Option<(usize, &'d Line<'d>, Reached)> {
    let place = exchange.dcn?;
    let line = exchange.line(place)?;
    Some((place, line, exchange.reached(place)))
}

/// The last message before a place.
fn before<'d>(exchange: &'d ExchangeView<'_>, place: usize) -> Option<&'d Line<'d>> {
    exchange
        .lines
        .iter()
        .take(place)
        .rev()
        .find(|line| line.message().is_some())
}

/// `your PBX`, `caller`: with the part it plays.
fn part(context: &RuleContext<'_>, exchange: &ExchangeView<'_>, side: Side) -> String {
    let role = if side == exchange.sender {
        "sender"
    } else {
        "receiver"
    };
    format!("{role} ({})", context.who(side))
}

fn found(
    context: &RuleContext<'_>,
    exchange: &ExchangeView<'_>,
    severity: Severity,
    (place, line): (usize, &Line<'_>),
    seen: String,
) -> Finding {
    let last = before(exchange, place);
    let cited = [Some(line.frame()), last.map(Line::frame)];
    let more = evidence::blame(
        context,
        line.event.from,
        "its fax log says why it sent DCN.",
        "ask its operator for the fax log of this call: it sent the DCN.",
    );
    let side = line.event.from;
    let found = Finding::new(severity, cited.into_iter().flatten(), seen)
        .on(line.event.id)
        .about(context.endpoint(side))
        .more(more);
    if shows_all_of(context, side) {
        found
    } else {
        found.blame_nobody()
    }
}

/// Whether a side disconnects because what it waits for does not come: the other side, or the way from it, may be the
/// reason.
fn waited_in_vain(exchange: &ExchangeView<'_>, place: usize, least: f64) -> bool {
    let Some(line) = exchange.line(place) else {
        return false;
    };
    let before = exchange.lines.iter().take(place).map(|line| line.event.end);
    before
        .max()
        .is_some_and(|end| line.event.at.seconds_since(end) >= least)
}

fn before_dcs(context: &RuleContext<'_>) -> Option<Finding> {
    let exchange = context.exchange();
    let Some((place, line, Reached::Dis)) = dcn(exchange) else {
        return None;
    };
    // A receiver that begins anew after a DCS is another matter.
    let trained = exchange.lines.iter().take(place).any(|line| {
        matches!(line.what, What::Tcf(_) | What::Page(_)) || line.fcf() == Some(Fcf::Dcs)
    });
    if trained {
        return None;
    }
    let side = line.event.from;
    let first = exchange
        .lines
        .iter()
        .find(|line| line.message().is_some())
        .unwrap_or(line);
    let seconds = line.event.at.seconds_since(first.event.at);
    let seen = if side == exchange.called {
        format!("DCN of the {side} {seconds:.0} s after its first DIS – nobody answered it")
    } else {
        format!("DCN right after DIS – the {side} refuses: no common mode, or no document")
    };
    let found = found(context, exchange, Severity::Error, (place, line), seen);
    // The called terminal did its part; a caller that let DIS be repeated may not have heard it.
    let repeated = exchange.rounds_of(&[Fcf::Dis]).count() > 1;
    Some(if side == exchange.called || repeated {
        found.blame_nobody()
    } else {
        found
    })
}

fn after_dcs(context: &RuleContext<'_>) -> Option<Finding> {
    let exchange = context.exchange();
    let Some((place, line, Reached::Dcs | Reached::Ftt)) = dcn(exchange) else {
        return None;
    };
    let side = line.event.from;
    // A DCS that is damaged here is known by its TCF.
    let checks = exchange.lines.iter().take(place);
    let checks = checks.filter(|line| matches!(line.what, What::Tcf(_)));
    let tries = exchange
        .rounds_of(&[Fcf::Dcs, Fcf::Nss])
        .count()
        .max(checks.count());
    let refused = exchange
        .lines
        .iter()
        .take(place)
        .any(|line| line.fcf() == Some(Fcf::Ftt));
    let why = if side == exchange.sender {
        format!("gave up after {}", count(tries, "try", "tries"))
    } else if refused {
        // It had read the DCS.
        "gave up after FTT".to_owned()
    } else {
        "refused DCS or identification".to_owned()
    };
    let who = part(context, exchange, side);
    let seen = format!("DCN in training: {who} {why}");
    let found = found(context, exchange, Severity::Error, (place, line), seen);
    let in_vain = refused || waited_in_vain(exchange, place, T4.earliest());
    Some(if in_vain { found.blame_nobody() } else { found })
}

fn count(number: usize, one: &str, many: &str) -> String {
    let word = if number == 1 { one } else { many };
    format!("{number} {word}")
}

fn in_page(context: &RuleContext<'_>) -> Option<Finding> {
    let exchange = context.exchange();
    let (place, line, reached) = dcn(exchange)?;
    let side = line.event.from;
    if reached == Reached::Cfr && exchange.repeated_though_answered(place) {
        return None;
    }
    let receiver_gave_up = reached == Reached::MoreConfirmed && side == exchange.receiver();
    if !matches!(reached, Reached::Cfr | Reached::Page) && !receiver_gave_up {
        return None;
    }
    let data = exchange.lines.iter().take(place).rev().find_map(Line::page);
    let sloppy = reached == Reached::Page
        && side == exchange.sender
        && data.is_some_and(|page| page.block.is_none() && page.ended);
    let severity = if sloppy {
        Severity::Warning
    } else {
        Severity::Error
    };
    let page = match reached {
        Reached::Page => exchange.page_at(place),
        // The page that was due and never began.
        _ => data.map_or(1, |page| page.page + 1),
    };
    let in_vain = side != exchange.sender && waited_in_vain(exchange, place, T2.earliest());
    let why = match (reached, side == exchange.sender) {
        (Reached::Page, true) if sloppy => "ended without EOP, page not confirmed",
        (Reached::Page, false) if in_vain => "got no command after it",
        (Reached::Page, _) => "aborted",
        (_, true) => "sent no data",
        (_, false) => "got no data",
    };
    let seen = format!(
        "DCN during page {page} – {} {why}",
        part(context, exchange, side)
    );
    let found = found(context, exchange, severity, (place, line), seen);
    let got_nothing = side != exchange.sender && reached != Reached::Page;
    Some(if in_vain || got_nothing {
        found.blame_nobody()
    } else {
        found
    })
}

fn after_page(context: &RuleContext<'_>) -> Option<Finding> {
    let exchange = context.exchange();
    let (place, line, reached) = dcn(exchange)?;
    let side = line.event.from;
    let by_sender = side == exchange.sender;
    let again = exchange.asked_again(place);
    if by_sender && again {
        // It does not hear the answers (`t30-response-not-heard`).
        return None;
    }
    let why = match (reached, by_sender) {
        (Reached::PostMessage, false) if again => "had answered, and was asked again",
        (Reached::PostMessage, false) => "rejected the page",
        (Reached::MoreConfirmed, true) => "stopped before the next page",
        (Reached::Rejected | Reached::Correction | Reached::NotReady, true) => "gave up",
        (Reached::Rejected | Reached::Correction | Reached::NotReady, false) => "aborted",
        _ => return None,
    };
    let last = before(exchange, place).map_or_else(|| "page".to_owned(), Line::name);
    let seen = format!(
        "DCN after {last} page {} – {}: {why}",
        exchange.page_at(place),
        part(context, exchange, side)
    );
    // All pages are confirmed; only the sender does not know (`t30-response-not-heard`).
    let severity = if again && !by_sender && context.delivered() {
        Severity::Note
    } else {
        Severity::Error
    };
    let found = found(context, exchange, severity, (place, line), seen);
    // The side that got a command twice has done its part; who gives up, or waits in vain, has a reason elsewhere.
    let gives_up = matches!(
        reached,
        Reached::Rejected | Reached::Correction | Reached::NotReady
    ) && (by_sender || waited_in_vain(exchange, place, T2.earliest()));
    Some(if again || gives_up {
        found.blame_nobody()
    } else {
        found
    })
}

fn no_dcn(context: &RuleContext<'_>) -> Option<Finding> {
    let exchange = context.exchange();
    if exchange.dcn.is_some()
        || exchange.is_half()
        || exchange.reached_in_all() != Reached::EndConfirmed
    {
        return None;
    }
    let (_, mcf) = exchange.all(&[Fcf::Mcf, Fcf::Rtp, Fcf::Pip]).last()?;
    if !evidence::waited(context.call, mcf.event.end, T2.latest()) {
        return None;
    }
    let bye = hang_up(context.call);
    let cause = bye
        .and_then(|bye| context.message(bye.id))
        .and_then(|(_, sip)| header(sip, "Reason"))
        .and_then(|value| {
            reason_cause(value).find(|(protocol, _)| protocol.eq_ignore_ascii_case("Q.850"))
        })
        .map(|(_, cause)| cause)
        .filter(|cause| *cause != NORMAL_CLEARING);
    let waits = mcf.event.repeat >= MCF_AGAIN;
    let severity = if waits || cause.is_some() {
        Severity::Warning
    } else {
        Severity::Note
    };
    let cited = [Some(mcf.frame()), bye.map(|event| event.frame)];
    let seen = "No DCN after the last MCF – fax is delivered, end not clean";
    let found = Finding::new(severity, cited.into_iter().flatten(), seen).on(mcf.event.id);
    let mut why: Vec<String> = Vec::new();
    if waits {
        why.push(format!(
            "The {} sent its MCF {}x: it waited for the DCN.",
            mcf.event.from, mcf.event.repeat
        ));
    }
    if let Some(cause) = cause {
        why.push(format!(
            "The BYE names cause {cause} ({}).",
            q850_text(cause)
        ));
    }
    if why.is_empty() {
        return Some(found);
    }
    Some(found.more(why.join(" ")))
}

fn dropped(context: &RuleContext<'_>) -> Option<Finding> {
    let call = context.call;
    let exchange = context.exchange();
    if exchange.dcn.is_some() || context.delivered() || exchange.is_half() {
        return None;
    }
    let phase = match exchange.reached_in_all() {
        Reached::Nothing | Reached::EndConfirmed => return None,
        Reached::Dis | Reached::Dtc | Reached::Dcs | Reached::Ftt => Phase::B,
        Reached::Cfr | Reached::Page | Reached::MoreConfirmed => Phase::C,
        Reached::PostMessage | Reached::Rejected | Reached::Correction | Reached::NotReady => {
            Phase::D
        }
    };
    let last = exchange.lines.last()?;
    let after = exchange
        .lines
        .iter()
        .rev()
        .find(|line| line.message().is_some())
        .map_or_else(|| "the page".to_owned(), Line::name);
    if let Some(bye) = hang_up(call) {
        return Some(hung_up(context, bye, last, phase, &after));
    }
    let silent = call.capture.last_time.seconds_since(last.event.end) >= MEDIA_END;
    if call.has_sip() || !silent || capture_ends_early(call) {
        return None;
    }
    let seen = format!(
        "Media end in phase {} (after {after}) without DCN",
        phase.name()
    );
    Some(
        Finding::new(Severity::Error, vec![last.event.last_frame], seen)
            .on(last.event.id)
            .in_phase(phase),
    )
}

fn hung_up(
    context: &RuleContext<'_>,
    bye: &Event,
    last: &Line<'_>,
    phase: Phase,
    after: &str,
) -> Finding {
    let side = bye.from;
    let reason = context
        .message(bye.id)
        .and_then(|(_, sip)| header(sip, "Reason"))
        .map_or_else(String::new, |reason| format!("Its Reason: {reason}. "));
    let gap = bye.at.seconds_since(last.event.end).max(0.0);
    let unread = says_more(context.call, side, last.event.end);
    let blame = evidence::blame(
        context,
        side,
        "its log says why it hung up.",
        "ask its operator why it sent the BYE.",
    );
    let unread_words = if unread {
        format!("The last signal of the {side} cannot be read here: it may be its DCN. ")
    } else {
        String::new()
    };
    let found = Finding::new(
        Severity::Error,
        vec![bye.frame, last.event.last_frame],
        format!(
            "{side} hung up in phase {} (after {after}) without DCN",
            phase.name()
        ),
    )
    .on(bye.id)
    .in_phase(phase)
    .about(context.endpoint(side))
    .more(format!(
        "{gap:.1} s after the last fax signal. {unread_words}{reason}{blame}"
    ));
    // It may have given up for what did not come, or for what is not seen from here.
    let own_word = last.event.from == side;
    let in_vain = gap
        >= if own_word {
            T4.earliest()
        } else {
            T2.earliest()
        };
    let relayed = context.message(bye.id).is_some_and(|(_, sip)| {
        let vias = headers(sip, "Via").chain(headers(sip, "v"));
        vias.flat_map(|line| line.split(',')).count() > 1
    });
    if unread || in_vain || relayed || !shows_all_of(context, side) {
        found.blame_nobody()
    } else {
        found
    }
}

/// Whether a side puts something on the line after a time that is not read as a message: V.21 of which the message
/// is damaged or lost.
fn says_more(call: &Call, side: Side, after: Timestamp) -> bool {
    call.events.iter().any(|event| {
        let unread = match &event.kind {
            EventKind::Malformed { .. } | EventKind::Preamble => true,
            EventKind::Indicator(indicator) => *indicator == Indicator::V21Preamble,
            _ => false,
        };
        unread && event.from == side && event.observed && event.at >= after
    })
}

/// Whether a fax is known to be incomplete because its capture is.
pub(super) fn is_unknown(context: &RuleContext<'_>) -> bool {
    context
        .call
        .fax
        .as_ref()
        .is_none_or(|fax| fax.verdict == Verdict::Incomplete)
}
