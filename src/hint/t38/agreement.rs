//! Values of T.38 that the two sides agreed on and that do not fit each other, or not what then flows.

use crate::call::{Event, EventKind, Side};
use crate::capture::FrameNo;
use crate::hint::configured::Bearing;
use crate::hint::rule::{Check, explain, hide};
use crate::hint::t30::capabilities::T30_LOW_RATE;
use crate::hint::t30::release::T30_DCN_AFTER_DCS;
use crate::hint::t30::tcf::T30_TCF_MISSING;
use crate::hint::t30::training::{T30_DCS_NO_RESPONSE, T30_FTT, T30_TRAIN_FAILED};
use crate::hint::t38::{
    accepted, agreed_attributes, error_unless_delivered, image_line, on_switch,
};
use crate::hint::{Finding, Rule, RuleContext, Severity};
use crate::sip::T38Attributes;
use crate::t30::Fcf;
use crate::t30::capability::DcsMode;
use crate::t38::Indicator;

pub(super) const RULES: &[&Rule] = &[
    &T38_VERSION_MISMATCH,
    &T38_BITRATE_LIMITED,
    &T38_RATEMGMT_MISMATCH,
    &T38_UDPEC_MISMATCH,
];

/// Full rate of a T.38 fax without V.34, bit/s.
const FULL_RATE: u32 = 14_400;
/// The highest rate there is (V.34), bit/s; steps of 2400.
const HIGHEST_RATE: u32 = 33_600;

/// First version that can carry V.34 (T.38 of 2002 and later).
const V34_VERSION: u32 = 3;

/// First version that surely uses the ASN.1 of 2002.
const SYNTAX_OF_2002: u32 = 2;

pub(in crate::hint) static T38_VERSION_MISMATCH: Rule = Rule {
    id: "t38-version-mismatch",
    severity: Severity::Warning,
    title: "T38FaxVersion does not fit",
    advice: "The lower version rules, and an answer must not be higher than the offer. Version 0 uses the ASN.1 of \
             1998, so a mismatch shows up as packets that the other side cannot decode: it repeats DIS or DCS. \
             Set version 0 on both sides where in doubt, first on the side that answered too high.",
    step: "set T38FaxVersion 0 on both sides",
    reference: "RFC 4612 (absence means version 0)",
    when: "the answer's version is higher than the offer's, or V.34 signals are sent below version 3; an error if the sides use different syntax",
    check: Check::One(version_mismatch),
    ..super::T38
};

pub(in crate::hint) static T38_BITRATE_LIMITED: Rule = Rule {
    id: "t38-bitrate-limited",
    severity: Severity::Note,
    title: "T38MaxBitRate limits the fax",
    advice: "The lower of the two values counts. 9600 or 7200 makes pages slow, but is often set on purpose. A DCS \
             above the limit means that the gateway of that side did not edit DIS: training or pages may fail.",
    reference: "AudioCodes manual (RelayMaxRate)",
    when: "the lower T38MaxBitRate is below 14400, or no rate of a fax modem; a warning if DCS uses more",
    check: Check::One(bitrate_limited),
    covers: &[
        hide(&[&T30_LOW_RATE]),
        explain(&[&T30_TRAIN_FAILED, &T30_FTT, &T30_DCN_AFTER_DCS]),
    ],
    ..super::T38
};

pub(in crate::hint) static T38_RATEMGMT_MISMATCH: Rule = Rule {
    id: "t38-ratemgmt-mismatch",
    severity: Severity::Error,
    title: "T38FaxRateManagement differs between the sides",
    advice: "transferredTCF carries the training data from end to end and is the one for UDP; localTCF is for TCP. \
             Where they differ one side waits for a TCF that the other never sends, and answers FTT or nothing. \
             Set transferredTCF on both sides.",
    step: "set transferredTCF on both sides",
    reference: "T.38, rate management methods 1 and 2; 3GPP TS 29.163 Annex K",
    when: "offer and answer name different methods; transferredTCF is agreed, but between DCS and CFR or FTT comes the training signal without data; localTCF is agreed, but TCF data are sent. A warning for localTCF over UDPTL, where the training went well all the same, or if the fax was delivered (a note where only the data are missing)",
    check: Check::One(ratemgmt_mismatch),
    covers: &[hide(&[
        &T30_TCF_MISSING,
        &T30_DCS_NO_RESPONSE,
        &T30_TRAIN_FAILED,
    ])],
    ..super::T38
};

pub(in crate::hint) static T38_UDPEC_MISMATCH: Rule = Rule {
    id: "t38-udpec-mismatch",
    severity: Severity::Warning,
    title: "Error correction is not the one agreed",
    advice: "Many devices ignore FEC or cannot decode it; redundancy is the safe choice. Where the receiver drops \
             FEC packets UDPTL arrives, but no T.30 answer comes. Set t38UDPRedundancy on both sides \
             (t38_udptl_ec=redundancy; t38pt_udptl=yes,redundancy), first on the side that sends.",
    step: "set t38UDPRedundancy on both sides",
    reference: "soft-switch.org, T.38 (send only redundancy unless FEC is supported)",
    when: "the answer asks for FEC that was not offered, or packets carry another error correction than agreed",
    check: Check::One(udpec_mismatch),
    settings: Bearing::CORRECTION,
    ..super::T38
};

fn version_mismatch(context: &RuleContext<'_>) -> Option<Finding> {
    let (switch, offer, answer) = accepted(context).into_iter().find_map(|switch| {
        agreed_attributes(&switch).map(|(offer, answer)| (switch, offer, answer))
    })?;
    let (offered, answered) = (offer.version.unwrap_or(0), answer.version.unwrap_or(0));
    let udptl = &context.call.udptl;
    let mixed = udptl
        .caller
        .encoding
        .zip(udptl.callee.encoding)
        .is_some_and(|(caller, callee)| caller != callee);
    let side = switch.asked();
    // A side that reads nothing sends nothing by which its syntax could be told.
    let deaf = (offered < SYNTAX_OF_2002) != (answered < SYNTAX_OF_2002)
        && context.t30().next().is_some()
        && !["CFR", "MCF"]
            .into_iter()
            .any(|name| context.t30_named(name).next().is_some());
    let mixed = mixed || deaf;
    if answered > offered {
        let severity = if mixed {
            error_unless_delivered(context)
        } else {
            Severity::Warning
        };
        let seen = format!(
            "T38FaxVersion {offered} offered, {answered} answered – answer must not be higher"
        );
        let more = if mixed {
            format!(
                "Each side uses its own syntax and cannot read the other; {} answered too high.",
                context.whose(side)
            )
        } else {
            format!("{} answered too high.", context.who_begins(side))
        };
        return Some(on_switch(
            context,
            Finding::new(severity, switch.frames(), seen).more(more),
            &switch,
        ));
    }
    v34_signal(context)
        .filter(|_| answered.min(offered) < V34_VERSION)
        .map(|(event, name)| {
            let seen = format!("{name} sent, but T38FaxVersion {answered} cannot carry V.34");
            Finding::new(
                Severity::Warning,
                std::iter::once(event.frame).chain(switch.frames()),
                seen,
            )
            .on(event.id)
            .about(event.src)
        })
}

/// First signal that only version 3 can carry.
fn v34_signal<'a>(context: &RuleContext<'a>) -> Option<(&'a Event, String)> {
    context
        .call
        .events
        .iter()
        .find_map(|event| match &event.kind {
            // V.33 (21, 22) is an extension too, but of version 2.
            EventKind::Indicator(indicator)
                if (Indicator::V8Ansam.code()..=Indicator::V34ControlChannelRetrain.code())
                    .contains(&indicator.code()) =>
            {
                Some((event, indicator.to_string()))
            }
            EventKind::V8 { name, .. } => Some((event, (*name).to_owned())),
            _ => None,
        })
}

fn bitrate_limited(context: &RuleContext<'_>) -> Option<Finding> {
    let (switch, limit) = accepted(context).into_iter().find_map(|switch| {
        let (offer, answer) = agreed_attributes(&switch)?;
        let limit = offer
            .max_bit_rate
            .into_iter()
            .chain(answer.max_bit_rate)
            .min()?;
        Some((switch, limit))
    })?;
    let used = context.call.fax.as_ref().and_then(|fax| fax.bit_rate);
    let above = used.is_some_and(|used| used > limit);
    let strange = limit == 0 || limit % 2400 != 0 || limit > HIGHEST_RATE;
    if limit >= FULL_RATE && !above && !strange {
        return None;
    }
    let ignored = !strange && is_ignored(context, limit);
    let severity = if ignored {
        error_unless_delivered(context)
    } else if above && !strange {
        Severity::Warning
    } else {
        Severity::Note
    };
    let seen = if ignored {
        format!("T38MaxBitRate {limit}, but every DCS asks for more, and none is confirmed")
    } else if strange {
        format!("T38MaxBitRate {limit} is no rate of a fax modem")
    } else if let Some(used) = used {
        format!("T38MaxBitRate {limit} limits the fax (DCS uses {used})")
    } else {
        format!("T38MaxBitRate {limit} limits the fax")
    };
    let dcs = context
        .t30_named("DCS")
        .last()
        .map(|(event, _)| event.frame);
    Some(on_switch(
        context,
        Finding::new(severity, switch.frames().chain(dcs), seen),
        &switch,
    ))
}

/// Every DCS is above the limit, and none got a CFR: no rate that fits was ever tried.
fn is_ignored(context: &RuleContext<'_>, limit: u32) -> bool {
    let exchange = context.exchange();
    let mut rates = exchange
        .all(&[Fcf::Dcs])
        .filter_map(|(_, line)| line.valid())
        .map(|dcs| DcsMode::new(dcs.fif()).modem.rate)
        .peekable();
    rates.peek().is_some() && rates.all(|rate| rate > limit) && !exchange.has(&[Fcf::Cfr])
}

fn ratemgmt_mismatch(context: &RuleContext<'_>) -> Option<Finding> {
    let (switch, offer, answer) = accepted(context).into_iter().find_map(|switch| {
        let (offer, answer) = agreed_attributes(&switch)?;
        // An answer that names none means the offered one.
        let offer = offer.rate_management.as_deref()?;
        let answer = answer.rate_management.as_deref().unwrap_or(offer);
        Some((switch, offer, answer))
    })?;
    let differ = !offer.eq_ignore_ascii_case(answer);
    let local = answer.eq_ignore_ascii_case("localTCF");
    let over_udp = image_line(&switch.negotiation.offer)
        .is_some_and(|line| line.proto.eq_ignore_ascii_case("udptl"));
    let (severity, seen) = if differ {
        (
            error_unless_delivered(context),
            format!("Rate mgmt {offer} vs {answer} – TCF handled differently on each side"),
        )
    } else if let Some((severity, seen, frame, sender)) = contradicted(context, local) {
        let found = Finding::new(severity, switch.frames().chain([frame]), seen);
        // Who trains otherwise than agreed, whoever wrote the answer.
        return Some(
            on_switch(context, found, &switch)
                .about(context.endpoint(sender))
                .blame(context.fault_side(sender)),
        );
    } else if local && over_udp {
        (
            Severity::Warning,
            "Rate mgmt localTCF over UDPTL – transferredTCF is the one for UDP".to_owned(),
        )
    } else {
        return None;
    };
    let dcs = context
        .t30_named("DCS")
        .next()
        .map(|(event, _)| event.frame);
    Some(on_switch(
        context,
        Finding::new(severity, switch.frames().chain(dcs), seen),
        &switch,
    ))
}

/// What flows between DCS and its answer against the method that both sides named.
fn contradicted(
    context: &RuleContext<'_>,
    local: bool,
) -> Option<(Severity, String, FrameNo, Side)> {
    let exchange = context.exchange();
    // What is not there may be lost, or not captured.
    let doubtful = exchange.is_half() || context.call.capture.truncated_count > 0;
    if doubtful || !exchange.is_t38() {
        return None;
    }
    let round = exchange.rounds_of(&[Fcf::Dcs]).find_map(|round| {
        let dcs = exchange.command(round)?;
        let answer = exchange.line(round.answer?)?;
        let refused = match answer.fcf()? {
            Fcf::Ftt => true,
            Fcf::Cfr => false,
            _ => return None,
        };
        let sent = |event: &&Event| {
            event.from == round.from && event.at >= dcs.event.at && event.at <= answer.event.at
        };
        let events = || context.call.events.iter().filter(sent);
        let data = events().any(|event| match &event.kind {
            EventKind::Tcf(tcf) => tcf.octets > 0,
            EventKind::PageData(_) => true,
            _ => false,
        });
        // Without the training signal there is no TCF at all: t30-tcf-missing tells of it.
        let trained = events().any(|event| {
            matches!(&event.kind, EventKind::Indicator(indicator) if indicator.training().is_some())
        });
        let stats = context.call.udptl.of(round.from);
        let whole = stats.lost == stats.recovered && stats.undecodable == 0;
        let internet_aware = dcs
            .valid()
            .is_none_or(|message| DcsMode::new(message.fif()).iaf);
        let against = if local {
            data
        } else {
            trained && !data && whole && !internet_aware
        };
        against.then_some((dcs.frame(), refused, round.from))
    });
    let (frame, refused, sender) = round?;
    let delivered = context.delivered_on_either_leg();
    let severity = match (refused, delivered) {
        (true, false) => Severity::Error,
        (false, true) if !local => Severity::Note,
        _ => Severity::Warning,
    };
    let seen = if local {
        "Rate mgmt localTCF agreed, but TCF is sent in the packets"
    } else {
        "Rate mgmt transferredTCF agreed, but training comes without TCF data"
    };
    Some((severity, seen.to_owned(), frame, sender))
}

/// Error correction by its name in SDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Correction {
    None,
    Redundancy,
    Fec,
}

impl Correction {
    fn of(attributes: &T38Attributes) -> Self {
        match attributes.udp_ec.as_deref() {
            Some(name) if name.eq_ignore_ascii_case("t38UDPFEC") => Self::Fec,
            Some(name) if name.eq_ignore_ascii_case("t38UDPRedundancy") => Self::Redundancy,
            _ => Self::None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::None => "no error correction",
            Self::Redundancy => "redundancy",
            Self::Fec => "FEC",
        }
    }
}

fn udpec_mismatch(context: &RuleContext<'_>) -> Option<Finding> {
    let (switch, offer, answer) = accepted(context).into_iter().find_map(|switch| {
        let (offer, answer) = agreed_attributes(&switch)?;
        Some((switch, Correction::of(offer), Correction::of(answer)))
    })?;
    for side in [Side::Caller, Side::Callee] {
        if let Some((frame, seen)) = sent_otherwise(context, side, offer, answer) {
            let severity = if answer == Correction::None && seen == Correction::Redundancy {
                // Nothing was agreed: redundancy does no harm.
                Severity::Note
            } else {
                Severity::Warning
            };
            let text = format!(
                "Error correction {} agreed, packets use {}",
                answer.name(),
                seen.name()
            );
            return Some(
                Finding::new(
                    severity,
                    std::iter::once(frame).chain(switch.frames()),
                    text,
                )
                .on(switch.answer.map_or(switch.offer.id, |(event, _)| event.id))
                .about(context.endpoint(side))
                .more(format!("The packets come from {}.", context.whose(side))),
            );
        }
    }
    if answer == Correction::Fec && offer != Correction::Fec {
        let text = format!("Error correction {} offered, FEC answered", offer.name());
        return Some(on_switch(
            context,
            Finding::new(Severity::Warning, switch.frames(), text),
            &switch,
        ));
    }
    None
}

/// First packet of a side with another error correction than either SDP names.
fn sent_otherwise(
    context: &RuleContext<'_>,
    side: Side,
    offer: Correction,
    answer: Correction,
) -> Option<(FrameNo, Correction)> {
    let sent = context.call.udptl.of(side);
    let named = |wanted| offer == wanted || answer == wanted;
    if let Some(frame) = sent.first_fec
        && sent.fec_packets > 0
        && !named(Correction::Fec)
    {
        return Some((frame, Correction::Fec));
    }
    if let Some(frame) = sent.first_redundancy
        && sent.redundancy_packets > 0
        && !named(Correction::Redundancy)
    {
        return Some((frame, Correction::Redundancy));
    }
    None
}
