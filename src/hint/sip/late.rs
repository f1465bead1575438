//! The end of a call that comes late, or by a timer that should not run.

use crate::call::exchange::Reached;
use crate::call::{Event, EventKind, Side};
use crate::capture::Timestamp;
use crate::hint::context::header;
use crate::hint::rule::{Check, Layer, hide};
use crate::hint::sip::teardown::SIP_TEARDOWN_OK;
use crate::hint::t30::release::T30_DROPPED_MID_FAX;
use crate::hint::t38::error_unless_delivered;
use crate::hint::{Finding, Rule, RuleContext, Severity};
use crate::t30::Fcf;

pub(super) const RULES: &[&Rule] = &[&SIP_BYE_LATE, &SIP_RTP_TIMEOUT];

/// After the last word of the fax the call should be over by now, seconds.
const LATE: f64 = 30.0;
/// From here on it is worth a note.
const SLOW: f64 = 15.0;
/// RTP supervision of usual products, seconds.
const SUPERVISION: [f64; 5] = [10.0, 20.0, 30.0, 60.0, 120.0];
/// How exactly such a timer runs, seconds.
const EXACTLY: f64 = 0.6;

pub(in crate::hint) static SIP_BYE_LATE: Rule = Rule {
    id: "sip-bye-late",
    severity: Severity::Warning,
    title: "The call stays up long after the fax",
    advice: "The fax is over; line, channel and billing go on. The terminal that sent DCN hangs up, so look at the \
             sender; if it switched back to audio and waits, at its dialplan. FreeSWITCH: mod_spandsp waits for packets \
             when the peer stops sending T.38 (issue 3044; execute_on_fax_result=hangup, media_timeout). Asterisk: h \
             extension, hangup after SendFAX or ReceiveFAX, rtp_timeout. Kamailio: default_timeout of the dialog module.",
    step: "see the dialplan of the sender: it hangs up too late",
    reference: "T.30, section 5.3.6.1.7; signalwire/freeswitch issue 3044",
    when: "BYE comes more than 30 s after DCN (or the last confirmation) of a fax that ended well, and nobody talks in between; a note from 15 s",
    check: Check::One(bye_late),
    layer: Layer::Teardown,
    aftermath: true,
    covers: &[hide(&[&SIP_TEARDOWN_OK]).always()],
    ..super::SIP
};

pub(in crate::hint) static SIP_RTP_TIMEOUT: Rule = Rule {
    id: "sip-rtp-timeout",
    severity: Severity::Error,
    title: "Hung up for missing RTP while T.38 ran",
    advice: "The side that hung up supervises RTP and does not switch that off for T.38, which sends none. Asterisk: \
             rtp_timeout=0 for fax lines (chan_sip: rtptimeout); FreeSWITCH: rtp-timeout-sec; SBC: media inactivity \
             timer. A T.38 session sends packets of its own kind, and often none for the length of a page.",
    step: "switch the RTP timeout off for fax lines (rtp_timeout=0)",
    reference: "T.38, section 9; RFC 3550, section 6.2",
    when: "BYE without DCN, with a Reason that names RTP or media timeout, or 10, 20, 30, 60 or 120 s after the last RTP packet, while T.38 packets flow",
    check: Check::One(rtp_timeout),
    layer: Layer::Teardown,
    covers: &[hide(&[&T30_DROPPED_MID_FAX])],
    ..super::SIP
};

/// The last word of a fax that ended well: DCN, else the last confirmation.
fn last_word<'a>(context: &RuleContext<'a>) -> Option<(&'a Event, Side)> {
    let last = |wanted: &'static [Fcf]| {
        context
            .t30()
            .filter(|(_, frame)| wanted.contains(&frame.fcf))
            .map(|(event, _)| event)
            .last()
    };
    if let Some(dcn) = last(&[Fcf::Dcn]) {
        return Some((dcn, dcn.from));
    }
    last(&[Fcf::Mcf]).map(|mcf| (mcf, mcf.from.other()))
}

fn bye_late(context: &RuleContext<'_>) -> Option<Finding> {
    if !context.delivered() {
        return None;
    }
    let (bye, _) = context.bye()?;
    let (word, hangs_up) = last_word(context)?;
    let late = bye.at.seconds_since(word.at);
    if late < SLOW || talks(context, word.at, bye.at) {
        return None;
    }
    let severity = if late > LATE {
        Severity::Warning
    } else {
        Severity::Note
    };
    let seen = format!(
        "Call stayed up {late:.0} s after the fax – {} should have hung up",
        context.who(hangs_up)
    );
    Some(
        Finding::new(severity, [bye.frame, word.frame], seen)
            .on(bye.id)
            .about(context.endpoint(hangs_up)),
    )
}

/// Another document follows, or RTP goes on both ways: somebody may be talking.
fn talks(context: &RuleContext<'_>, from: Timestamp, to: Timestamp) -> bool {
    let sound = |side: Side| {
        context.call.events.iter().any(|event| {
            event.from == side
                && event.end > from.plus_seconds(SLOW)
                && event.at < to
                && matches!(event.kind, EventKind::Rtp(_))
        })
    };
    sound(Side::Caller) && sound(Side::Callee)
}

fn rtp_timeout(context: &RuleContext<'_>) -> Option<Finding> {
    let (bye, sip) = context.bye()?;
    let exchange = context.exchange();
    let ended = exchange.dcn.is_some()
        || exchange.is_half()
        || exchange.reached_in_all() == Reached::EndConfirmed;
    if ended || context.call.fax.is_none() {
        return None;
    }
    let says = header(sip, "Reason").is_some_and(|reason| {
        let reason = reason.to_ascii_lowercase();
        (reason.contains("rtp") || reason.contains("media")) && reason.contains("time")
    });
    let heard_from = bye.from.other();
    let last_rtp = context
        .call
        .events
        .iter()
        .filter(|event| event.from == heard_from && matches!(event.kind, EventKind::Rtp(_)))
        .map(|event| event.end)
        .max()?;
    let waited = bye.at.seconds_since(last_rtp);
    let round = SUPERVISION
        .iter()
        .any(|timer| (waited - timer).abs() < EXACTLY);
    let flows = context
        .call
        .udptl
        .of(heard_from)
        .last
        .is_some_and(|(_, last)| last > last_rtp && bye.at.seconds_since(last) < 5.0);
    let timed_out = says || (round && flows);
    if !timed_out {
        return None;
    }
    let seen = format!(
        "{} hung up {waited:.0} s after the last RTP, while T.38 ran",
        context.who_begins(bye.from)
    );
    Some(
        Finding::new(error_unless_delivered(context), [bye.frame], seen)
            .on(bye.id)
            .about(context.endpoint(bye.from)),
    )
}
