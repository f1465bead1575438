//! Which rule covers which: one table, so that no check has to know of another.
//!
//! The rows are the `sup:` and `by:` of the catalogue. A rule that covers another takes it off the list, or
//! leaves it there as a consequence where the catalogue says "as root".

use crate::hint::{Hint, Severity};

/// What a covering rule does to those that it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Says the same better: the other one is left out.
    Hide,
    /// Explains it: the other one stays, but is no root cause.
    Explain,
    /// Makes it doubtful: one level less.
    Lower,
    /// Makes it doubtful where its frames lie around a jump of the clock: left out there.
    HideAcrossJump,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// The rule that covers.
    pub(crate) by: &'static str,
    /// What becomes of the others.
    pub(crate) effect: Effect,
    /// Holds too where `by` is less serious than the covered one, or on the other leg.
    pub(crate) scope: Scope,
    /// The covered rules; `t38-*` stands for the whole family.
    pub(crate) of: &'static [&'static str],
}

/// How far a row reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Same leg, and only findings that are no more serious than the covering one: a note explains no error.
    Leg,
    /// Same leg, whatever the severities.
    LegAlways,
    /// Either leg of the fax, whatever the severities.
    FlowAlways,
}

impl Row {
    /// Whether `hint` of the same (or, with `other_leg`, the other) leg makes this row work on `covered`.
    pub(crate) fn works(&self, hint: &Hint, covered: &Hint, other_leg: bool) -> bool {
        let reach = !other_leg || self.scope == Scope::FlowAlways;
        let serious = matches!(self.scope, Scope::LegAlways | Scope::FlowAlways)
            || hint.finding.severity <= covered.finding.severity;
        hint.rule.id == self.by && reach && serious
    }

    /// Whether this row covers the rule with this id.
    pub(crate) fn covers(&self, id: &str) -> bool {
        self.of
            .iter()
            .any(|covered| match covered.strip_suffix('*') {
                Some(family) => id.starts_with(family),
                None => *covered == id,
            })
    }
}

const fn hide(by: &'static str, of: &'static [&'static str]) -> Row {
    Row {
        by,
        effect: Effect::Hide,
        scope: Scope::Leg,
        of,
    }
}

const fn explain(by: &'static str, of: &'static [&'static str]) -> Row {
    Row {
        by,
        effect: Effect::Explain,
        scope: Scope::Leg,
        of,
    }
}

const fn lower(by: &'static str, of: &'static [&'static str]) -> Row {
    Row {
        by,
        effect: Effect::Lower,
        scope: Scope::LegAlways,
        of,
    }
}

/// The same row with another reach.
const fn reach(row: Row, scope: Scope) -> Row {
    Row {
        by: row.by,
        effect: row.effect,
        scope,
        of: row.of,
    }
}

/// Rules that say that something did not happen (`ABS` in the catalogue): doubtful where the capture is.
pub(crate) const ABSENCE: &[&str] = &[
    "sip-no-invite",
    "sip-invite-no-response",
    "sip-ack-missing",
    "sip-bye-missing",
    "sip-bye-unanswered",
    "t38-no-reinvite",
    "t38-reinvite-timeout",
    "udptl-none",
    "udptl-one-way",
    "t30-ced-cng-absent",
    "t30-no-dis",
    "t30-dis-no-dcs",
    "t30-dcs-no-response",
    "t30-tcf-missing",
    "t30-cfr-no-page",
    "t30-page-no-postmsg",
    "t30-postmsg-no-response",
    "t30-no-dcn",
    "g711-one-way",
    "leg-reinvite-not-relayed",
    "leg-media-not-relayed",
    "leg-t30-not-relayed",
    "leg-bye-one-sided",
];

/// Rules of T.30 about what did not come at first: a fax that was delivered got it in the end.
pub(crate) const GOT_OVER: &[&str] = &[
    "t30-dis-no-dcs",
    "t30-dcs-no-response",
    "t30-tcf-missing",
    "t30-cfr-no-page",
    "t30-page-truncated",
    "t30-page-no-postmsg",
    "t30-postmsg-no-response",
];

/// Rules about the capture that weaken [`ABSENCE`].
pub(crate) const DOUBTFUL_CAPTURE: &[&str] = &[
    "cap-one-direction",
    "cap-drops",
    "cap-starts-mid-call",
    "cap-ends-early",
];

/// The table.
pub(crate) const TABLE: &[Row] = &[
    // The capture
    reach(
        hide(
            "cap-snaplen-truncated",
            &[
                "udptl-decode-error",
                "t38-image-missing-in-answer",
                "cap-sip-not-captured",
            ],
        ),
        Scope::LegAlways,
    ),
    reach(
        hide(
            "cap-starts-mid-call",
            &["sip-no-invite", "t38-no-reinvite", "t30-ced-cng-absent"],
        ),
        Scope::LegAlways,
    ),
    reach(
        hide(
            "cap-ends-early",
            &[
                "sip-bye-missing",
                "t30-no-dcn",
                "t30-postmsg-no-response",
                "t30-page-no-postmsg",
                "t30-partial-delivery",
                "leg-bye-one-sided",
            ],
        ),
        Scope::LegAlways,
    ),
    reach(
        hide(
            "cap-one-direction",
            &[
                "udptl-one-way",
                "udptl-wrong-destination",
                "g711-one-way",
                "sip-invite-no-response",
                "sip-ack-missing",
                "sip-bye-unanswered",
                "t38-reinvite-timeout",
                "t30-no-dis",
                "t30-dis-no-dcs",
            ],
        ),
        Scope::LegAlways,
    ),
    reach(
        hide(
            "cap-drops",
            &[
                "udptl-loss-recovered",
                "udptl-timing-gap",
                "t30-tcf-missing",
            ],
        ),
        Scope::LegAlways,
    ),
    lower(
        "cap-drops",
        &["udptl-loss-unrecovered", "g711-loss", "sip-retransmissions"],
    ),
    reach(
        hide(
            "cap-sip-not-captured",
            &["t38-*", "sip-no-invite", "sip-bye-missing"],
        ),
        Scope::LegAlways,
    ),
    Row {
        by: "cap-clock-jump",
        effect: Effect::HideAcrossJump,
        scope: Scope::FlowAlways,
        of: &[
            "udptl-timing-gap",
            "t30-page-slow",
            "t38-reinvite-late",
            "g711-jitter",
            "g711-clock-slip",
            "leg-latency",
        ],
    },
    reach(
        hide(
            "cap-duplicate-frames",
            &["sip-retransmissions", "udptl-duplicates"],
        ),
        Scope::LegAlways,
    ),
    reach(
        hide("cap-no-media", &["t30-*", "udptl-*", "g711-*"]),
        Scope::LegAlways,
    ),
    // Call set-up and teardown
    hide(
        "sip-invite-no-response",
        &["sip-no-answer", "sip-retransmissions"],
    ),
    hide("sip-no-answer", &["sip-invite-unavailable"]),
    hide(
        "sip-ack-missing",
        &[
            "sip-early-bye",
            "sip-retransmissions",
            "t30-dropped-mid-fax",
        ],
    ),
    hide("sip-early-bye", &["t30-no-dis", "t38-no-reinvite"]),
    hide(
        "sip-bye-unanswered",
        &["sip-bye-missing", "sip-retransmissions"],
    ),
    hide("sip-session-refresh", &["t38-back-to-audio-midfax"]),
    explain(
        "sip-session-refresh",
        &[
            "t30-dropped-mid-fax",
            "t30-page-no-postmsg",
            "t38-image-port-zero",
        ],
    ),
    hide("sip-session-expired", &["t30-dropped-mid-fax"]),
    hide("sip-private-contact", &["t38-reinvite-timeout"]),
    // T.38 negotiation
    reach(
        hide("t38-nse-switchover", &["t38-no-reinvite"]),
        Scope::LegAlways,
    ),
    reach(
        hide(
            "t38-reinvite-unsupported-media",
            &["t38-no-reinvite", "udptl-none"],
        ),
        Scope::LegAlways,
    ),
    reach(
        hide("t38-reinvite-unsupported-media", &["sip-early-bye"]),
        Scope::FlowAlways,
    ),
    hide("t38-reinvite-rejected", &["t38-no-reinvite"]),
    reach(
        hide("t38-reinvite-rejected", &["sip-early-bye"]),
        Scope::FlowAlways,
    ),
    hide(
        "t38-reinvite-timeout",
        &["t38-no-reinvite", "sip-retransmissions"],
    ),
    reach(
        hide("t38-reinvite-timeout", &["sip-early-bye"]),
        Scope::FlowAlways,
    ),
    reach(
        hide(
            "t38-reinvite-glare",
            &["t38-reinvite-rejected", "t38-reinvite-by-sender"],
        ),
        Scope::LegAlways,
    ),
    hide(
        "t38-image-port-zero",
        &["udptl-none", "t38-reinvite-unsupported-media"],
    ),
    hide("t38-image-missing-in-answer", &["udptl-none"]),
    hide(
        "t38-back-to-audio-midfax",
        &[
            "t30-dropped-mid-fax",
            "t30-page-truncated",
            "t30-page-no-postmsg",
        ],
    ),
    hide(
        "t38-ratemgmt-mismatch",
        &["t30-tcf-missing", "t30-dcs-no-response", "t30-train-failed"],
    ),
    hide("t38-maxdatagram-small", &["udptl-no-redundancy"]),
    hide("t38-sdp-transport", &["t38-reinvite-unsupported-media"]),
    hide("t38-private-address", &["t38-media-host-differs"]),
    hide("t38-reinvite-late", &["t30-no-dis"]),
    // UDPTL
    hide("udptl-none", &["t30-no-dis"]),
    hide(
        "udptl-one-way",
        &[
            "t30-dis-no-dcs",
            "t30-dcs-no-response",
            "t30-no-dis",
            "t30-cfr-no-page",
            "t30-postmsg-no-response",
            "t30-dropped-mid-fax",
        ],
    ),
    hide(
        "udptl-wrong-destination",
        &["udptl-one-way", "leg-media-not-relayed"],
    ),
    explain(
        "udptl-wrong-destination",
        &["t30-dis-no-dcs", "t30-dcs-no-response", "t30-dcs-dis-loop"],
    ),
    explain("udptl-source-mismatch", &["udptl-one-way"]),
    hide("udptl-source-mismatch", &["t30-dis-no-dcs"]),
    explain("udptl-icmp", &["udptl-one-way", "udptl-none"]),
    // What the PBX's own host refuses it cannot pass on.
    hide("udptl-icmp", &["leg-media-not-relayed"]),
    explain(
        "udptl-loss-unrecovered",
        &["t30-ppr", "t30-rtn", "t30-ftt", "t30-ppr-fourth"],
    ),
    hide(
        "udptl-loss-unrecovered",
        &[
            "t30-dcs-dis-loop",
            "t30-tcf-corrupt",
            "t30-crp-fnv",
            "t30-page-truncated",
            "t30-postmsg-no-response",
        ],
    ),
    reach(
        hide("udptl-seq-reset", &["udptl-loss-unrecovered"]),
        Scope::LegAlways,
    ),
    reach(
        hide("udptl-asn1-variant", &["udptl-decode-error"]),
        Scope::LegAlways,
    ),
    hide("udptl-asn1-variant", &["t30-dis-no-dcs"]),
    reach(
        hide("udptl-rtp-residue", &["udptl-decode-error", "leg-mode-mix"]),
        Scope::LegAlways,
    ),
    // T.30
    hide(
        "t30-train-failed",
        &["t30-ftt", "t30-low-rate", "t30-dcn-after-dcs"],
    ),
    hide("t30-dis-both-sides", &["t30-dis-no-dcs"]),
    hide("t30-dis-no-dcs", &["t30-dcn-before-dcs"]),
    hide(
        "t30-dcs-dis-loop",
        &["t30-dcs-no-response", "t30-dcn-after-dcs"],
    ),
    hide("t30-dcs-no-response", &["t30-dcn-after-dcs"]),
    hide("t30-tcf-missing", &["t30-dcs-no-response"]),
    hide("t30-dis-cannot-receive", &["t30-dcn-before-dcs"]),
    explain("t30-v34-in-t38", &["t30-dis-no-dcs"]),
    hide("t30-subaddress-password", &["t30-dcn-after-dcs"]),
    explain("t30-collision", &["t30-response-not-heard"]),
    hide("t30-cfr-no-page", &["t30-dcn-in-page"]),
    hide(
        "t30-page-truncated",
        &["t30-page-no-postmsg", "t30-dcn-in-page"],
    ),
    hide(
        "t30-ppr-fourth",
        &["t30-ppr", "t30-eor-err", "t30-dcn-after-page"],
    ),
    hide("t30-rnr-wait", &["t30-dcn-after-page"]),
    hide("t30-postmsg-no-response", &["t30-no-dcn"]),
    hide("t30-dropped-mid-fax", &["t30-no-dcn"]),
    hide("t38-bitrate-limited", &["t30-low-rate"]),
    // Audio
    hide("g711-codec-lowrate", &["g711-loss", "g711-jitter"]),
    explain("g711-loss", &["t30-rtn"]),
    hide("g711-one-way", &["t38-no-reinvite", "t30-no-dis"]),
    // Two legs
    reach(
        explain("leg-t38-one-sided", &["t30-dis-no-dcs", "t30-no-dis"]),
        Scope::FlowAlways,
    ),
    reach(
        explain(
            "leg-reinvite-not-relayed",
            &["t38-reinvite-unsupported-media"],
        ),
        Scope::FlowAlways,
    ),
    reach(
        hide("leg-reinvite-not-relayed", &["sip-early-bye"]),
        Scope::FlowAlways,
    ),
    reach(
        explain(
            "leg-media-not-relayed",
            &[
                "t30-no-dis",
                "t30-dis-no-dcs",
                "t30-dcs-no-response",
                "t30-cfr-no-page",
                "t30-page-no-postmsg",
                "t30-postmsg-no-response",
            ],
        ),
        Scope::FlowAlways,
    ),
    reach(
        hide("leg-media-not-relayed", &["leg-t30-not-relayed"]),
        Scope::FlowAlways,
    ),
    // What comes late is not lost.
    reach(
        explain("leg-latency", &["leg-t30-not-relayed"]),
        Scope::FlowAlways,
    ),
    reach(
        explain(
            "leg-t30-not-relayed",
            &[
                "t30-dis-no-dcs",
                "t30-dcs-no-response",
                "t30-postmsg-no-response",
            ],
        ),
        Scope::FlowAlways,
    ),
    reach(
        hide("leg-mode-mix", &["t38-no-reinvite", "t38-fallback-g711"]),
        Scope::FlowAlways,
    ),
    reach(
        hide("leg-bye-one-sided", &["sip-bye-missing"]),
        Scope::FlowAlways,
    ),
];

/// A level less, for findings that the capture makes doubtful.
pub(crate) const fn lowered(severity: Severity) -> Severity {
    match severity {
        Severity::Error => Severity::Warning,
        Severity::Warning | Severity::Note => Severity::Note,
        Severity::Ok => Severity::Ok,
    }
}
