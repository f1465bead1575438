//! The catalogue as a whole: all ids there, texts in shape, docs/hints.md in step with it.

use std::collections::HashSet;
use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

use crate::hint::rule::RootCause;
use crate::hint::{Rule, Severity, rules};

/// Columns of a step at most.
const WIDEST_STEP: usize = 66;

/// Families in the order of the catalogue, with their headings.
const FAMILIES: [(&str, &str); 10] = [
    ("cap", "Capture quality"),
    ("sip", "SIP establishment and teardown"),
    ("sdp", "Offers that are faulty themselves"),
    ("t38", "T.38 negotiation"),
    ("udptl", "T.38 transport health (UDPTL)"),
    ("t30", "T.30 dialogue"),
    ("g711", "Fax over audio (G.711)"),
    ("leg", "Two legs of one fax"),
    ("media", "Hops of one dialog"),
    ("log", "The log of the PBX"),
];

fn family(rule: &Rule) -> &'static str {
    rule.id.split('-').next().unwrap()
}

#[test]
fn an_id_stands_for_one_rule() {
    let mut ids = HashSet::new();
    for rule in rules() {
        assert!(ids.insert(rule.id), "{} occurs twice", rule.id);
    }
}

#[test]
fn a_rule_covers_others_and_not_itself() {
    for rule in rules() {
        for cover in rule.covers {
            assert!(!cover.covers(rule), "{} covers itself", rule.id);
            assert!(
                rules().any(|other| cover.covers(other)),
                "{}: a cover of no rule",
                rule.id
            );
        }
    }
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

#[test]
fn every_rule_that_may_explain_a_failure_has_a_step() {
    for rule in rules() {
        let may_explain = match rule.root {
            RootCause::AsError | RootCause::BetweenLegs(_) => rule.severity == Severity::Error,
            RootCause::AsWarning | RootCause::Summary | RootCause::IfIncomplete => true,
            RootCause::Never => false,
        };
        assert!(
            !may_explain || !rule.step.is_empty(),
            "{} has no step",
            rule.id
        );
        assert!(rule.step.len() <= WIDEST_STEP, "{}", rule.id);
    }
}

/// What the capture must show before somebody is accused, by kind.
const EVIDENCE: [(&str, &str, &str); 18] = [
    (
        "Any side of the call",
        "the first INVITE: it tells who called",
        "nobody of the two ends",
    ),
    (
        "A fault that follows from the rest of the fax",
        "the fax to its end, with DIS if the start is missing, both directions, its media",
        "nobody; `incomplete`",
    ),
    (
        "A message of T.30 that did not come",
        "no more than that: it may be lost behind the capture point",
        "nobody",
    ),
    (
        "An answer that is there and not acted on",
        "the answer, whole, and the command again",
        "nobody: it is lost between here and the sender",
    ),
    (
        "A refused offer with a fault",
        "the offer as it came to the one who refused, on that hop, and who made the line so",
        "the side that wrote it; the host in between, if the hop before has the line without the fault, or if the host changes m=audio and not m=image",
    ),
    (
        "A refused offer without a fault",
        "the refusal where it was made first, and a status that is about media",
        "the one that refused; nobody, if the offer is odd, or the address was taken before",
    ),
    (
        "A private address",
        "that the peer is public, no hop behind that mends it, no packet that arrives there",
        "the side that announces it, or the proxy that should mend it",
    ),
    (
        "A message that a proxy keeps",
        "both hops, and another message that passed between them",
        "the proxy",
    ),
    (
        "T.38 that a media proxy keeps",
        "the SDP of both hops, media of both, packets that arrive where the SDP says",
        "the path",
    ),
    (
        "Packets lost",
        "gaps in the sequence numbers on this hop and none on the one before",
        "the path; without the hop before nobody",
    ),
    (
        "Damage by a telephone line",
        "a bad FCS or a bad TCF whose packets are all there",
        "the side whose gateway sends it",
    ),
    (
        "Packets to a wrong place",
        "the SDP in force on that hop, packets that go elsewhere for seconds, nothing of the peer from there",
        "the side that sends",
    ),
    (
        "A side that sends nothing",
        "that it got what it should answer: replies, or the same packets on a hop behind",
        "the side; else nobody",
    ),
    (
        "A hang-up in the middle of the fax, a DCN that ends it",
        "the message at its sender, sooner than a wait for the other side ends (T4, T2), no packet lost in either direction, \
         no command of that side repeated that was answered, and the media of its own hop",
        "the side that sent it",
    ),
    (
        "Page data that stop",
        "that more of the same side comes afterwards, with no packet missing",
        "the side that sends; else nobody",
    ),
    (
        "A request that is not answered",
        "a provisional answer: it got there",
        "the side that was asked; else nobody",
    ),
    (
        "A tone of the network, or a voice, in place of a fax",
        "nothing more than that: the line behind it may be anybody's",
        "nobody",
    ),
    (
        "A host between two legs",
        "both legs, tied by ids, numbers or the host, and what came in on one and did not leave on the other",
        "the element in the middle",
    ),
];

/// `docs/hints.md`, made from the rules.
fn document() -> String {
    let mut out = String::from(
        "# Hints: the rules of faxflow\n\n\
         Made from the rules by a test (`UPDATE_DOCS=1 cargo test --lib hint::tests` rewrites it); \
         `faxflow rules ID` shows one of them.\n\
         The severity is the usual one: a finding may be lower, for instance where the fax was delivered all the same.\n",
    );
    out.push_str(
        "\n## Before somebody is accused\n\n\
         `side` names who has to act. A wrong name is worse than none: what the capture does not show accuses nobody.\n\n\
         | what | the capture must show | then the side is |\n|---|---|---|\n",
    );
    for (what, shows, side) in EVIDENCE {
        let _ = writeln!(out, "| {what} | {shows} | {side} |");
    }
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
