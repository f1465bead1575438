//! The catalogue as a whole: all ids there, texts in shape, docs/hints.md in step with it.

use std::collections::HashSet;
use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

use crate::hint::{Rule, rules};

/// Families in the order of the catalogue, with their headings.
const FAMILIES: [(&str, &str); 7] = [
    ("cap", "Capture quality"),
    ("sip", "SIP establishment and teardown"),
    ("t38", "T.38 negotiation"),
    ("udptl", "T.38 transport health (UDPTL)"),
    ("t30", "T.30 dialogue"),
    ("g711", "Fax over audio (G.711)"),
    ("leg", "Two legs of one fax"),
];

/// Every id of the catalogue (rules.tsv), in its order.
const CATALOGUE: &[&str] = &[
    "cap-snaplen-truncated",
    "cap-starts-mid-call",
    "cap-ends-early",
    "cap-one-direction",
    "cap-drops",
    "cap-sip-not-captured",
    "cap-clock-jump",
    "cap-duplicate-frames",
    "cap-no-media",
    "sip-no-invite",
    "sip-invite-not-found",
    "sip-invite-forbidden",
    "sip-invite-busy",
    "sip-invite-unavailable",
    "sip-invite-media-rejected",
    "sip-invite-server-error",
    "sip-invite-rejected",
    "sip-invite-no-response",
    "sip-no-answer",
    "sip-auth-loop",
    "sip-ack-missing",
    "sip-early-bye",
    "sip-bye-missing",
    "sip-bye-unanswered",
    "sip-bye-q850",
    "sip-teardown-ok",
    "sip-session-refresh",
    "sip-session-expired",
    "sip-retransmissions",
    "sip-private-contact",
    "sip-fax-tag",
    "t38-accepted",
    "t38-no-reinvite",
    "t38-reinvite-unsupported-media",
    "t38-reinvite-rejected",
    "t38-reinvite-glare",
    "t38-reinvite-timeout",
    "t38-image-port-zero",
    "t38-image-missing-in-answer",
    "t38-audio-and-image",
    "t38-reinvite-by-sender",
    "t38-reinvite-late",
    "t38-fallback-g711",
    "t38-back-to-audio",
    "t38-back-to-audio-midfax",
    "t38-version-mismatch",
    "t38-bitrate-limited",
    "t38-ratemgmt-mismatch",
    "t38-transcoding-flags",
    "t38-maxdatagram-small",
    "t38-udpec-mismatch",
    "t38-sdp-quirks",
    "t38-sdp-transport",
    "t38-private-address",
    "t38-media-host-differs",
    "t38-port-range",
    "t38-nse-switchover",
    "udptl-none",
    "udptl-one-way",
    "udptl-wrong-destination",
    "udptl-source-mismatch",
    "udptl-icmp",
    "udptl-loss-recovered",
    "udptl-loss-unrecovered",
    "udptl-no-redundancy",
    "udptl-duplicates",
    "udptl-seq-reset",
    "udptl-timing-gap",
    "udptl-decode-error",
    "udptl-asn1-variant",
    "udptl-rtp-residue",
    "udptl-early",
    "udptl-fcs-bad",
    "t30-success",
    "t30-ced-cng-absent",
    "t30-no-dis",
    "t30-dis-no-dcs",
    "t30-dis-both-sides",
    "t30-dcs-no-response",
    "t30-dcs-dis-loop",
    "t30-tcf-missing",
    "t30-tcf-corrupt",
    "t30-ftt",
    "t30-train-failed",
    "t30-low-rate",
    "t30-dcs-exceeds-dis",
    "t30-dis-cannot-receive",
    "t30-ecm-off",
    "t30-v34-in-t38",
    "t30-nsf",
    "t30-subaddress-password",
    "t30-polling",
    "t30-collision",
    "t30-crp-fnv",
    "t30-cfr-no-page",
    "t30-page-truncated",
    "t30-page-no-postmsg",
    "t30-page-slow",
    "t30-page-blank",
    "t30-page-cut",
    "t30-page-damaged",
    "t30-rtn-good-page",
    "t30-page-width",
    "t30-page-long",
    "t30-scan-time",
    "t30-ppr",
    "t30-ppr-fourth",
    "t30-eor-err",
    "t30-rnr-wait",
    "t30-postmsg-no-response",
    "t30-response-not-heard",
    "t30-rtn",
    "t30-rtp",
    "t30-pip-pin",
    "t30-dcn-before-dcs",
    "t30-dcn-after-dcs",
    "t30-dcn-in-page",
    "t30-dcn-after-page",
    "t30-no-dcn",
    "t30-dropped-mid-fax",
    "t30-partial-delivery",
    "g711-fax-events",
    "g711-codec-lowrate",
    "g711-loss",
    "g711-jitter",
    "g711-codec-switch",
    "g711-vad",
    "g711-clock-slip",
    "g711-one-way",
    "leg-single",
    "leg-first-failure",
    "leg-t38-one-sided",
    "leg-reinvite-not-relayed",
    "leg-media-not-relayed",
    "leg-t30-not-relayed",
    "leg-latency",
    "leg-dis-altered",
    "leg-mode-mix",
    "leg-bye-one-sided",
];

fn family(rule: &Rule) -> &'static str {
    rule.id.split('-').next().unwrap()
}

#[test]
fn every_rule_of_the_catalogue_is_there_once() {
    let ids: Vec<&str> = rules().map(|rule| rule.id).collect();
    let unique: HashSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), unique.len(), "an id occurs twice");
    let missing: Vec<&&str> = CATALOGUE
        .iter()
        .filter(|id| !unique.contains(**id))
        .collect();
    assert!(missing.is_empty(), "missing: {missing:?}");
    let unknown: Vec<&&str> = ids.iter().filter(|id| !CATALOGUE.contains(id)).collect();
    assert!(unknown.is_empty(), "not in the catalogue: {unknown:?}");
    assert_eq!(CATALOGUE.len(), 139);
}

#[test]
fn every_rule_is_in_shape() {
    for rule in rules() {
        let id = rule.id;
        assert!(
            id.bytes()
                .all(|octet| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'-')),
            "{id} is not kebab-case"
        );
        assert!(
            FAMILIES.iter().any(|(name, _)| *name == family(rule)),
            "{id} has no family"
        );
        assert!(rule.title.width() <= 60, "{id}: title too long");
        for (what, text) in [
            ("title", rule.title),
            ("advice", rule.advice),
            ("reference", rule.reference),
            ("when", rule.when),
        ] {
            assert!(!text.trim().is_empty(), "{id}: no {what}");
            assert!(!text.contains("  "), "{id}: {what} has a run of spaces");
            assert!(
                !text.contains("[M]") && !text.contains("[V]"),
                "{id}: {what} has a tag"
            );
            assert!(
                !text.contains("RULES.md") && !text.contains("catalogue"),
                "{id}: {what} names a paper that users do not have"
            );
        }
        assert!(rule.advice.ends_with('.'), "{id}: advice is no sentence");
    }
}

/// `docs/hints.md`, made from the rules.
fn document() -> String {
    let mut out = String::from(
        "# Hints: the rules of faxflow\n\n\
         Made from the rules by a test (`UPDATE_DOCS=1 cargo test --lib hint::tests` rewrites it); \
         `faxflow rules ID` shows one of them.\n\
         The severity is the usual one: a finding may be lower, for instance where the fax was delivered all the same.\n",
    );
    for (name, heading) in FAMILIES {
        let _ = write!(out, "\n## {heading}\n");
        for rule in rules().filter(|rule| family(rule) == name) {
            let _ = write!(
                out,
                "\n### `{}` · {} · {}\n\n{}\n\n- **When:** {}.\n- **Source:** {}.\n",
                rule.id,
                rule.severity.name(),
                rule.title,
                rule.advice,
                rule.when.trim_end_matches('.'),
                rule.reference.trim_end_matches('.')
            );
        }
    }
    out
}

#[test]
fn the_document_says_what_the_rules_say() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/hints.md");
    let wanted = document();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &wanted).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == wanted,
        "docs/hints.md is not what the rules say: UPDATE_DOCS=1 cargo test --lib hint::tests"
    );
}
