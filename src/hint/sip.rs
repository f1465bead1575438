//! Rules on call set-up and teardown.

use crate::hint::Rule;
use crate::hint::context::header;
use crate::hint::rule::{Family, Layer};
use crate::sip::MediaLine;

pub(super) mod dialog;
mod fragments;
pub(super) mod late;
pub(super) mod limit;
pub(super) mod refusal;
pub(super) mod request;
pub(super) mod setup;
pub(super) mod teardown;
pub(super) mod timer;
mod unreachable;

pub(crate) use setup::no_invite_note;

/// What the rules of this family have in common.
const SIP: Rule = Rule {
    family: Family::Sip,
    layer: Layer::SetUp,
    ..Rule::PLAIN
};

/// The rules of this family.
pub(crate) const RULES: &[&[&Rule]] = &[
    setup::RULES,
    refusal::RULES,
    dialog::RULES,
    request::RULES,
    teardown::RULES,
    timer::RULES,
    late::RULES,
    limit::RULES,
    fragments::RULES,
];

/// `cause` of a `Reason` header (RFC 3326): protocol and number, e.g. `("Q.850", 16)`.
pub(in crate::hint) fn reason_cause(value: &str) -> impl Iterator<Item = (&str, u16)> {
    value.split(',').filter_map(|one| {
        let mut parts = one.split(';').map(str::trim);
        let protocol = parts.next()?;
        let cause = parts.find_map(|part| {
            let (name, number) = part.split_once('=')?;
            name.trim()
                .eq_ignore_ascii_case("cause")
                .then(|| number.trim().trim_matches('"').parse().ok())?
        })?;
        Some((protocol, cause))
    })
}

/// The Q.850 cause of a message, if it names one.
pub(super) fn q850(sip: &crate::call::SipEvent) -> Option<u16> {
    header(sip, "Reason").and_then(|value| {
        reason_cause(value)
            .find(|(protocol, _)| protocol.eq_ignore_ascii_case("Q.850"))
            .map(|(_, cause)| cause)
    })
}

/// Text of a Q.850 cause value, as far as it matters to a fax call.
pub(in crate::hint) const fn q850_text(cause: u16) -> &'static str {
    match cause {
        1 => "unallocated number",
        16 => "normal clearing",
        17 => "user busy",
        18 => "no user responding",
        19 => "no answer",
        20 => "subscriber absent",
        21 => "call rejected",
        27 => "destination out of order",
        28 => "invalid number format",
        31 => "normal, unspecified",
        34 => "no circuit available",
        38 => "network out of order",
        41 => "temporary failure",
        42 => "congestion",
        44 => "channel not available",
        47 => "resource unavailable",
        57 => "bearer capability not authorised",
        58 => "bearer capability not available",
        63 => "service not available",
        65 => "bearer capability not implemented",
        79 => "service not implemented",
        88 => "incompatible destination",
        102 => "timer expired",
        111 => "protocol error",
        127 => "interworking",
        _ => "see Q.850",
    }
}

/// Names of what a media line offers, for people: `PCMU`, `T.38`.
pub(super) fn formats(line: &MediaLine) -> String {
    if line.is_t38() {
        return "T.38".to_owned();
    }
    let names: Vec<&str> = line
        .formats
        .iter()
        .map(|format| format_name(line, format))
        .filter(|name| !name.eq_ignore_ascii_case("telephone-event"))
        .collect();
    names.join(" ")
}

fn format_name<'l>(line: &'l MediaLine, format: &'l str) -> &'l str {
    let by_map = format.parse::<u8>().ok().and_then(|number| {
        line.rtpmap
            .iter()
            .find(|(payload_type, ..)| *payload_type == number)
            .map(|(_, name, _)| name.as_str())
    });
    // Static payload types need no rtpmap (RFC 3551).
    by_map.unwrap_or(match format {
        "0" => "PCMU",
        "3" => "GSM",
        "4" => "G723",
        "8" => "PCMA",
        "9" => "G722",
        "13" => "CN",
        "18" => "G729",
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::reason_cause;

    #[test]
    fn reads_each_cause_of_a_reason_header() {
        let causes: Vec<_> = reason_cause("SIP;cause=200, Q.850 ; cause=\"16\" ").collect();
        assert_eq!(causes, [("SIP", 200), ("Q.850", 16)]);
    }
}
