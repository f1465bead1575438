//! What the recording lost or spoilt: octets, packets, its clock.

use crate::call::{Call, EventKind, Side};
use crate::capture::{FrameNo, Timestamp};
use crate::hint::cap::CAP;
use crate::hint::cap::extent::CAP_SIP_NOT_CAPTURED;
use crate::hint::context::clock_jumps;
use crate::hint::g711::{G711_CLOCK_SLIP, G711_JITTER, G711_LOSS};
use crate::hint::leg::LEG_LATENCY;
use crate::hint::rule::{Check, hide, hide_across_jump, lower};
use crate::hint::sip::dialog::SIP_RETRANSMISSIONS;
use crate::hint::t30::page::T30_PAGE_SLOW;
use crate::hint::t30::tcf::T30_TCF_MISSING;
use crate::hint::t38::answer::T38_IMAGE_MISSING_IN_ANSWER;
use crate::hint::t38::reinvite::T38_REINVITE_LATE;
use crate::hint::udptl::{
    UDPTL_DECODE_ERROR, UDPTL_DUPLICATES, UDPTL_LOSS_RECOVERED, UDPTL_LOSS_UNRECOVERED,
    UDPTL_TIMING_GAP,
};
use crate::hint::{Finding, Rule, RuleContext, Severity};
use crate::text::count;

pub(super) const RULES: &[&Rule] = &[
    &CAP_SNAPLEN_TRUNCATED,
    &CAP_DROPS,
    &CAP_CLOCK_JUMP,
    &CAP_DUPLICATE_FRAMES,
];

/// Share of frames recorded twice from which it is said, percent.
const DUPLICATE_PERCENT: u64 = 20;
/// Gaps of two directions this near to each other are one gap of the capture, seconds.
const SAME_GAP: f64 = 0.1;
/// That many gaps at the same time, at least, are no coincidence.
const GAPS_TOGETHER: usize = 3;
/// Frames named as examples.
const EXAMPLES: usize = 3;

pub(in crate::hint) static CAP_SNAPLEN_TRUNCATED: Rule = Rule {
    id: "cap-snaplen-truncated",
    severity: Severity::Warning,
    title: "Packets were cut by the capture",
    advice: "The capture kept only the first octets of each packet, so SDP lines or T.38 data are missing, and \
             whatever is decoded from cut packets is unreliable. Nothing is wrong on either side because of it. \
             Capture again with whole packets: tcpdump -nni any -s 0 -w fax.pcap, started before the fax is \
             sent and stopped after it worked or failed.",
    step: "capture again with whole packets (tcpdump -s 0)",
    reference: "4PSA Knowledge Base, Troubleshooting fax issues (tcpdump -s 0)",
    when: "a SIP, RTP or T.38 frame of the call has fewer octets captured than were on the wire",
    check: Check::One(snaplen_truncated),
    covers: &[hide(&[
        &UDPTL_DECODE_ERROR,
        &T38_IMAGE_MISSING_IN_ANSWER,
        &CAP_SIP_NOT_CAPTURED,
    ])
    .always()],
    ..CAP
};

pub(in crate::hint) static CAP_DROPS: Rule = Rule {
    id: "cap-drops",
    severity: Severity::Warning,
    title: "The capture itself lost packets",
    advice: "The capturing system dropped packets, or IP fragments are incomplete, or both directions have gaps \
             at the same moments: that is loss of the recorder, not of the network. Treat figures of loss with \
             care. Capture again with a larger buffer (tcpdump -B 4096 -s 0 -w fax.pcap), to a local disk, on a \
             host that is not busy.",
    step: "capture again with a larger buffer (tcpdump -B 4096)",
    reference: "pcapng, Interface Statistics Block; simultaneous gaps: faxflow",
    when: "the capture says that packets were dropped, fragments of a call are orphans, or both directions lose packets at the same time",
    check: Check::One(drops),
    doubts_absences: true,
    covers: &[
        hide(&[&UDPTL_LOSS_RECOVERED, &UDPTL_TIMING_GAP, &T30_TCF_MISSING]).always(),
        lower(&[&UDPTL_LOSS_UNRECOVERED, &G711_LOSS, &SIP_RETRANSMISSIONS]),
    ],
    ..CAP
};

pub(in crate::hint) static CAP_CLOCK_JUMP: Rule = Rule {
    id: "cap-clock-jump",
    severity: Severity::Warning,
    title: "The clock of the capture jumps",
    advice: "A time step (NTP, a paused virtual machine) or files merged from two hosts: durations, T1 and T4 \
             checks and jitter across the jump mean nothing, and say nothing about either side. The order of the \
             messages still holds. Set the clock of the capturing host before the next capture.",
    step: "set the clock of the capturing host, capture again",
    reference: "faxflow: sequence numbers go on while the time does not",
    when: "time goes back by more than 100 ms, or forward by more than 2 s while sequence numbers go on without a gap",
    check: Check::One(clock_jump),
    covers: &[hide_across_jump(&[
        &UDPTL_TIMING_GAP,
        &T30_PAGE_SLOW,
        &T38_REINVITE_LATE,
        &G711_JITTER,
        &G711_CLOCK_SLIP,
        &LEG_LATENCY,
    ])],
    ..CAP
};

pub(in crate::hint) static CAP_DUPLICATE_FRAMES: Rule = Rule {
    id: "cap-duplicate-frames",
    severity: Severity::Note,
    title: "Packets were recorded twice",
    advice: "The recorder saw each packet on two interfaces (-i any with a bridge or VLAN, or a mirror of both \
             ports). These are no retransmissions of SIP; faxflow counts each packet once. Capture on one \
             interface if the file should be smaller.",
    reference: "faxflow: same IP identification and content within milliseconds",
    when: "20 % or more of the call's frames are exact repetitions of another frame",
    check: Check::One(duplicate_frames),
    covers: &[hide(&[&SIP_RETRANSMISSIONS, &UDPTL_DUPLICATES]).always()],
    ..CAP
};

fn snaplen_truncated(context: &RuleContext<'_>) -> Option<Finding> {
    let facts = &context.call.capture;
    if facts.truncated_count == 0 {
        return None;
    }
    let seen = format!(
        "{} cut at {} – recapture with tcpdump -s 0",
        count(facts.truncated_count, "packet"),
        count(facts.snaplen, "byte")
    );
    let examples = facts.truncated.iter().copied().take(EXAMPLES);
    let mut finding = Finding::new(Severity::Warning, examples, seen);
    if facts.truncated_sip > 0 {
        finding = finding.more(format!(
            "{} of them carry SIP: the SDP is not whole.",
            facts.truncated_sip
        ));
    }
    Some(finding)
}

fn drops(context: &RuleContext<'_>) -> Option<Finding> {
    let facts = &context.call.capture;
    let together = gaps_together(context.call);
    let holes = facts.starts_mid_call
        || context
            .call
            .transactions
            .iter()
            .any(|transaction| transaction.requests.is_empty());
    let why = if facts.dropped > 0 {
        format!("{} dropped by the recorder", count(facts.dropped, "packet"))
    } else if facts.orphan_fragments > 0 && holes {
        format!(
            "{} incomplete",
            count(facts.orphan_fragments, "IP fragment")
        )
    } else if together.len() >= GAPS_TOGETHER {
        "gaps in both directions at once".to_owned()
    } else {
        return None;
    };
    let frames = together.into_iter().take(EXAMPLES);
    let seen = format!("Capture lost packets ({why}) – loss figures are too high");
    Some(Finding::new(Severity::Warning, frames, seen))
}

/// Frames after gaps that both directions have at the same time, if nearly all their gaps are like that.
fn gaps_together(call: &Call) -> Vec<FrameNo> {
    let (from_caller, from_callee) = (gaps(call, Side::Caller), gaps(call, Side::Callee));
    let near = |a: Timestamp, b: Timestamp| a.seconds_since(b).abs() <= SAME_GAP;
    let together: Vec<FrameNo> = from_caller
        .iter()
        .filter(|(at, _)| from_callee.iter().any(|(other, _)| near(*at, *other)))
        .map(|(_, frame)| *frame)
        .collect();
    let all = from_caller.len().max(from_callee.len());
    // Four fifths: independent loss of both ways coincides now and then.
    if together.len().saturating_mul(5) >= all.saturating_mul(4) {
        together
    } else {
        Vec::new()
    }
}

fn gaps(call: &Call, side: Side) -> Vec<(Timestamp, FrameNo)> {
    let udptl = call
        .udptl
        .of(side)
        .gaps
        .iter()
        .map(|gap| (gap.at, gap.frame));
    let rtp = call
        .events
        .iter()
        .filter(|event| event.from == side)
        .filter_map(|event| match &event.kind {
            EventKind::Rtp(span) => Some(&span.stats.gaps),
            _ => None,
        })
        .flatten()
        .map(|(frame, at, _)| (*at, *frame));
    udptl.chain(rtp).collect()
}

fn clock_jump(context: &RuleContext<'_>) -> Option<Finding> {
    let jumps = clock_jumps(context.call);
    let (_, seconds) = jumps.first()?;
    let seen =
        format!("Capture clock jumps {seconds:+.1} s – timers and durations are not reliable");
    let frames = jumps.iter().map(|(frame, _)| *frame).take(EXAMPLES);
    Some(Finding::new(Severity::Warning, frames, seen))
}

fn duplicate_frames(context: &RuleContext<'_>) -> Option<Finding> {
    let call = context.call;
    let packets =
        u64::from(call.packets.sip) + u64::from(call.packets.rtp) + u64::from(call.packets.t38);
    let twice = u64::from(call.capture.duplicates);
    if twice == 0 || twice * 100 < packets * DUPLICATE_PERCENT {
        return None;
    }
    let seen = format!("Packets recorded twice (-i any / mirror) – {twice} duplicates removed");
    Some(Finding::new(
        Severity::Note,
        call.capture.first_duplicate,
        seen,
    ))
}
