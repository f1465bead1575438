//! What DIS offers and what DCS makes of it.

use crate::call::exchange::{ExchangeView, Line};
use crate::call::{Call, EventKind};
use crate::hint::configured::Bearing;
use crate::hint::evidence::{share, waited};
use crate::hint::rule::{Check, explain, hide};
use crate::hint::t30::dis::T30_DIS_NO_DCS;
use crate::hint::t30::offer::Offer;
use crate::hint::t30::release::{T30_DCN_AFTER_DCS, T30_DCN_BEFORE_DCS};
use crate::hint::{Finding, Rule, RuleContext, Severity};
use crate::line::{Fcs, Modem, Tone};
use crate::t30::Fcf;
use crate::t30::capability::{Capabilities, DcsMode, exceeds as asked_too_much};
use crate::t30::fif::ctc_modem;
use crate::t30::timer::T1;
use crate::t38::Indicator;

/// `t30-low-rate`: slow.
const SLOW: u32 = 4800;
/// `t30-ecm-off`: share of lost packets from which ECM is missed.
const LOSS: f64 = 0.005;
/// `t30-v34-in-t38`: version of T.38 that carries V.34.
const V34_VERSION: u32 = 3;
/// Length of an identification (T.30 5.3.6.2.4).
const IDENT: usize = 20;

pub(super) const RULES: &[&Rule] = &[
    &T30_LOW_RATE,
    &T30_DCS_EXCEEDS_DIS,
    &T30_DIS_CANNOT_RECEIVE,
    &T30_ECM_OFF,
    &T30_V34_IN_T38,
    &T30_SUBADDRESS_PASSWORD,
];

pub(in crate::hint) static T30_LOW_RATE: Rule = Rule {
    id: "t30-low-rate",
    severity: Severity::Note,
    title: "Slower than both sides could",
    advice: "The fax runs below the best rate that the receiver offers and the T.38 session allows: after FTT or RTN, or because the sender starts low (V.29 or V.27ter only, or limited \
        by its gateway). It works, but long pages run into call limits and session timers. If it is not meant, look at maxrate and modems in res_fax.conf, Cisco \"fax rate\", \
        AudioCodes FaxRelayMaxRate on the sending side.",
    reference: "spandsp fallback sequence; T.30 table 2 (bits 11-14)",
    when: "The last DCS (or CTC) is slower than the best rate of the DIS and T38MaxBitRate. Warning at 4800 or less, or if the sender went slower in the middle of the document; a note if the fax was delivered all the same.",
    check: Check::One(low_rate),
    ..super::T30
};

pub(in crate::hint) static T30_DCS_EXCEEDS_DIS: Rule = Rule {
    id: "t30-dcs-exceeds-dis",
    severity: Severity::Error,
    title: "DCS asks for what the DIS did not offer",
    advice: "The sender commands a mode that the receiver did not offer in its DIS; expect FTT, unreadable pages or DCN. Either the sender is faulty, or a gateway in between changed the DIS: compare the DIS on \
        both legs (leg-dis-altered shows the bits). If the gateway added bits, take the feature out of its fax profile.",
    step: "compare the DIS of both legs: a gateway may have changed it",
    reference: "T.30 table 2 (DIS/DTC/DCS bits); spandsp t30_dis_dtc_dcs_bits.h",
    when: "DCS sets a modem, resolution, coding, width, length or ECM that the last DIS or DTC of the receiver does not have. Scan time and inch/metric may differ.",
    check: Check::Many(exceeds),
    ..super::T30
};

pub(in crate::hint) static T30_DIS_CANNOT_RECEIVE: Rule = Rule {
    id: "t30-dis-cannot-receive",
    severity: Severity::Error,
    title: "The answering fax says that it cannot receive",
    advice: "The DIS of the called fax has the \"can receive\" bit off: out of paper or memory, set to send only, or a service for polling only. On a fax server check the disk space and that the \
        fax application runs in receive mode for that number; on a machine paper, memory and the receive mode.",
    step: "see paper, memory, disk and receive mode of the called fax",
    reference: "T.30 table 2, bit 10; FaxBack (Remote fax cannot receive); 4PSA: Troubleshooting fax issues (disk space)",
    when: "The last DIS has bit 10 off, no DTC follows, and no CFR either.",
    check: Check::One(cannot_receive),
    covers: &[hide(&[&T30_DCN_BEFORE_DCS])],
    ..super::T30
};

pub(in crate::hint) static T30_ECM_OFF: Rule = Rule {
    id: "t30-ecm-off",
    severity: Severity::Note,
    title: "No error correction (ECM)",
    advice: "Without ECM lost data show as bad lines on the page instead of being sent again. Over clean T.38 turn it on (res_fax.conf ecm=yes, FreeSWITCH fax_use_ecm=true); over lossy G.711 it may be \
        better off, as with ECM every block has to be perfect and the fax fails instead.",
    reference: "Cisco: Fax Relay Packet Loss Concealment; T.30 table 2, bit 27",
    when: "The DCS has ECM off. Warning in T.38 with more than 0.5 % loss, or with RTN.",
    check: Check::One(ecm_off),
    settings: Bearing::ECM,
    ..super::T30
};

pub(in crate::hint) static T30_V34_IN_T38: Rule = Rule {
    id: "t30-v34-in-t38",
    severity: Severity::Warning,
    title: "Super G3 (V.34) signals on T.38 that cannot carry them",
    advice: "T.38 below version 3 cannot carry V.34: the gateway has to clear the V.8 bit in DIS and to keep ANSam and CM from the machines, so that they fall back to V.17. If no DCS comes, the machines still try V.8. Switch the \
        fallback on (Cisco \"fax-relay sg3-to-g3\", AudioCodes V.34 fax transport and CED transfer settings), or turn Super G3 off on the machine.",
    step: "turn Super G3 off, or the SG3 fallback on",
    reference: "spandsp t38_gateway.c (clears bit 6 of DIS); AudioCodes manual (V.34 fax)",
    when: "T.38 below version 3 with the V.8 bit in DIS, V.8 or V.34 signals, or ANSam before the switch. A note if DCS follows, error if none comes within T1.",
    check: Check::One(super_g3),
    covers: &[explain(&[&T30_DIS_NO_DCS])],
    ..super::T30
};

pub(in crate::hint) static T30_SUBADDRESS_PASSWORD: Rule = Rule {
    id: "t30-subaddress-password",
    severity: Severity::Note,
    title: "Sub-address, password or internet address is used",
    advice: "The sender routes or identifies itself with SUB, SEP, PSA, PWD, SID, TSA, IRA, CIA or ISP. A receiver that does not accept it hangs up before training. If so: check the value with \
        the receiver's operator, and send without it to test. SUB needs bit 49 of the DIS, PWD bit 50, SEP bit 47, PSA bit 35.",
    reference: "T.30 (SUB, SEP, PWD); spandsp (unacceptable sub-address, password, identifier)",
    when: "One of these messages is sent. Error if the receiver answers with DCN or FNV and never with CFR. A note too for a CSI or TSI that has not 20 characters.",
    check: Check::Many(routing),
    covers: &[hide(&[&T30_DCN_AFTER_DCS])],
    ..super::T30
};

fn last_dis_before<'d>(exchange: &'d ExchangeView<'_>, place: usize) -> Option<&'d Line<'d>> {
    exchange
        .last_before(place, &[Fcf::Dis, Fcf::Dtc])
        .map(|(_, line)| line)
}

/// `T38MaxBitRate` of offer and answer in force, the lower one.
fn max_bit_rate(call: &Call) -> Option<u32> {
    let period = call
        .media
        .iter()
        .rev()
        .find(|period| period.t38.is_some())?;
    let negotiation = call.negotiations.get(period.negotiation)?;
    std::iter::once(&negotiation.offer)
        .chain(&negotiation.answer)
        .flat_map(|sdp| &sdp.media)
        .filter_map(|line| line.t38.as_ref()?.max_bit_rate)
        .filter(|rate| *rate > 0)
        .min()
}

fn low_rate(context: &RuleContext<'_>) -> Option<Finding> {
    let exchange = context.exchange();
    let (place, line, dcs) = exchange
        .messages()
        .filter(|(_, _, message)| message.fcf == Fcf::Dcs)
        .last()?;
    let rates = rates(exchange);
    let modem = match rates.last() {
        Some((at, modem)) if *at > place => *modem,
        _ => DcsMode::new(dcs.fif()).modem,
    };
    let dis = last_dis_before(exchange, place);
    let (dis, offer) = dis.and_then(|dis| Some((dis.valid()?, Offer::of(context, dis)?)))?;
    let (made, got) = (offer.made.max_rate(), offer.got.max_rate());
    // Here it may stand with more than the receiver offered.
    let here = Capabilities::new(dis.fif()).max_rate().min(made);
    let best = here.min(max_bit_rate(context.call).unwrap_or(u32::MAX));
    if modem.rate == 0 || modem.rate >= best || !exchange.has(&[Fcf::Cfr]) {
        return None;
    }
    // Slower than the command before: an RTN or FTT after which the sender stays at its rate is no fallback.
    let slower: Vec<usize> = rates
        .iter()
        .zip(rates.iter().skip(1))
        .filter(|((_, before), (_, after))| after.rate > 0 && after.rate < before.rate)
        .map(|(_, (at, _))| *at)
        .collect();
    let in_document = slower.iter().any(|at| is_in_document(exchange, *at));
    let fallbacks = slower.len();
    // All pages came through: slow, and no more than that (rule `t30-success`).
    let severity = if (modem.rate <= SLOW || in_document) && !context.delivered() {
        Severity::Warning
    } else {
        Severity::Note
    };
    let why = if got < best && modem.rate >= got {
        format!("the PBX took {best} out of the DIS")
    } else {
        format!("both could do {}", best.min(got))
    };
    let fallbacks = crate::text::count(fallbacks, "fallback");
    let seen = format!("Running at {modem} ({why}) – {fallbacks}");
    Some(Finding::new(severity, vec![line.frame()], seen).on(line.event.id))
}

/// The modem of each command that sets one (DCS, CTC), with its place.
fn rates(exchange: &ExchangeView<'_>) -> Vec<(usize, Modem)> {
    exchange
        .messages()
        .filter_map(|(place, _, message)| {
            let modem = match message.fcf {
                Fcf::Dcs => DcsMode::new(message.fif()).modem,
                Fcf::Ctc => ctc_modem(message.fif())?,
                _ => return None,
            };
            Some((place, modem))
        })
        .collect()
}

/// Whether page data were sent before a place since the receiver last identified itself (after EOM it does so
/// for the next document).
fn is_in_document(exchange: &ExchangeView<'_>, place: usize) -> bool {
    exchange
        .lines
        .iter()
        .take(place)
        .rev()
        .find_map(|line| match line.fcf() {
            _ if line.page().is_some() => Some(true),
            Some(Fcf::Dis | Fcf::Dtc) => Some(false),
            _ => None,
        })
        .unwrap_or(false)
}

fn exceeds(context: &RuleContext<'_>) -> Vec<Finding> {
    let exchange = context.exchange();
    let mut reported: Vec<Vec<String>> = Vec::new();
    let mut out = Vec::new();
    for (place, line, dcs) in exchange.messages() {
        if dcs.fcf != Fcf::Dcs {
            continue;
        }
        let Some(dis_line) =
            last_dis_before(exchange, place).filter(|dis| dis.event.from != line.event.from)
        else {
            continue;
        };
        let asked = dis_line
            .valid()
            .map(|dis| asked_too_much(dcs.fif(), dis.fif()))
            .unwrap_or_default();
        if asked.is_empty() || reported.contains(&asked) {
            continue;
        }
        let seen = format!("DCS asks {} that DIS did not offer", asked.join(", "));
        out.push(
            Finding::new(Severity::Error, vec![line.frame(), dis_line.frame()], seen)
                .on(line.event.id)
                .about(context.endpoint(line.event.from)),
        );
        reported.push(asked);
    }
    out
}

fn cannot_receive(context: &RuleContext<'_>) -> Option<Finding> {
    let exchange = context.exchange();
    if exchange.has(&[Fcf::Dtc, Fcf::Cfr, Fcf::Mcf]) {
        return None;
    }
    let (_, line, dis) = exchange
        .messages()
        .filter(|(_, _, message)| message.fcf == Fcf::Dis)
        .last()?;
    if dis.fif().len() < 2 || Capabilities::new(dis.fif()).receives() {
        return None;
    }
    let tail = if Capabilities::new(dis.fif()).has_document() {
        ", it only offers a document to poll"
    } else {
        ""
    };
    let seen = format!("Answering fax says it cannot receive (DIS bit 10 = 0){tail}");
    Some(
        Finding::new(Severity::Error, vec![line.frame()], seen)
            .on(line.event.id)
            .about(context.endpoint(line.event.from)),
    )
}

fn ecm_off(context: &RuleContext<'_>) -> Option<Finding> {
    let exchange = context.exchange();
    let (place, line, dcs) = exchange
        .messages()
        .filter(|(_, _, message)| message.fcf == Fcf::Dcs)
        .last()?;
    let mode = DcsMode::new(dcs.fif());
    if mode.ecm || mode.iaf {
        return None;
    }
    let stats = context.call.udptl.of(exchange.sender);
    let gone = stats.lost.saturating_sub(stats.recovered);
    let lossy = share(gone, stats.packets.saturating_add(stats.lost)) > LOSS;
    let missed = exchange.is_t38() && (lossy || exchange.has(&[Fcf::Rtn]));
    let severity = if missed {
        Severity::Warning
    } else {
        Severity::Note
    };
    let dis = last_dis_before(exchange, place);
    // The sender can choose only of what came to it.
    let who = match dis
        .and_then(|dis| Offer::of(context, dis))
        .map(|offer| (offer.made.ecm(), offer.got.ecm()))
    {
        Some((_, true)) => format!(" ({} chose so)", line.event.from),
        Some((true, false)) => " (the PBX took it out of the DIS)".to_owned(),
        Some((false, false)) => format!(" ({} does not offer it)", line.event.from.other()),
        None => String::new(),
    };
    let cited = [Some(line.frame()), dis.map(Line::frame)];
    let seen = format!("No ECM{who} – lost data becomes bad lines instead of a resend");
    Some(Finding::new(severity, cited.into_iter().flatten(), seen).on(line.event.id))
}

/// Lowest `T38FaxVersion` in force, 0 if none is given.
fn version(call: &Call) -> u32 {
    call.media
        .iter()
        .rev()
        .find(|period| period.t38.is_some())
        .and_then(|period| call.negotiations.get(period.negotiation))
        .and_then(|negotiation| {
            std::iter::once(&negotiation.offer)
                .chain(&negotiation.answer)
                .flat_map(|sdp| &sdp.media)
                .filter_map(|line| line.t38.as_ref())
                .map(|t38| t38.version.unwrap_or(0))
                .min()
        })
        .unwrap_or(0)
}

fn super_g3(context: &RuleContext<'_>) -> Option<Finding> {
    let call = context.call;
    let exchange = context.exchange();
    let version = version(call);
    if !exchange.is_t38() || version >= V34_VERSION {
        return None;
    }
    let is_v8 = |kind: &EventKind| match kind {
        EventKind::T30(message) => {
            let whole = message.fcs != Fcs::Bad && !message.damaged;
            whole && message.fcf == Fcf::Dis && Capabilities::new(message.fif()).v8()
        }
        EventKind::V8 { .. } => true,
        EventKind::Tone { tone, .. } => {
            matches!(tone, Tone::AnsAm | Tone::AnsAmReversals | Tone::V8Signal)
        }
        EventKind::RtpEvent(event) => {
            matches!(event.tone(), Some(Tone::AnsAm | Tone::AnsAmReversals))
        }
        EventKind::Indicator(indicator) => matches!(
            indicator,
            Indicator::V8Ansam
                | Indicator::V8Signal
                | Indicator::V34ControlChannel1200
                | Indicator::V34PrimaryChannel
                | Indicator::V34ControlChannelRetrain
        ),
        _ => false,
    };
    let first = call.events.iter().find(|event| is_v8(&event.kind))?;
    let severity = if exchange.has(&[Fcf::Dcs, Fcf::Dtc]) {
        Severity::Note
    } else if waited(call, first.at, T1.earliest()) {
        Severity::Error
    } else {
        Severity::Warning
    };
    let seen = format!("Super G3 (V.34/V.8) signals on T.38 v{version} – must fall back to V.17");
    Some(Finding::new(severity, vec![first.frame], seen).on(first.id))
}

fn routing(context: &RuleContext<'_>) -> Vec<Finding> {
    const ROUTING: &[Fcf] = &[
        Fcf::Sub,
        Fcf::Sep,
        Fcf::Psa,
        Fcf::Pwd,
        Fcf::Sid,
        Fcf::Tsa,
        Fcf::Ira,
        Fcf::Cia,
        Fcf::Isp,
    ];
    let exchange = context.exchange();
    let mut out = Vec::new();
    if let Some((place, line)) = exchange.all(ROUTING).next() {
        let sender = line.event.from;
        let refusal = exchange
            .next_after(place, |next| {
                next.event.from != sender && matches!(next.fcf(), Some(Fcf::Dcn | Fcf::Fnv))
            })
            .filter(|_| !exchange.has(&[Fcf::Cfr]));
        let mut names: Vec<String> = exchange.all(ROUTING).map(|(_, line)| line.name()).collect();
        names.dedup();
        let (severity, tail) = match refusal {
            Some((_, no)) => (Severity::Error, format!("{} after it: refused", no.name())),
            None => (Severity::Note, "not refused".to_owned()),
        };
        let cited = [refusal.map(|(_, no)| no.frame()), Some(line.frame())];
        let seen = format!("{} used – {tail}", names.join(", "));
        out.push(Finding::new(severity, cited.into_iter().flatten(), seen).on(line.event.id));
    }
    let odd = exchange.messages().find(|(_, _, message)| {
        matches!(message.fcf, Fcf::Csi | Fcf::Tsi | Fcf::Cig) && message.fif().len() != IDENT
    });
    if let Some((_, line, message)) = odd {
        let seen = format!(
            "{} has {} characters instead of {IDENT}",
            line.name(),
            message.fif().len()
        );
        out.push(Finding::new(Severity::Note, vec![line.frame()], seen).on(line.event.id));
    }
    out
}
