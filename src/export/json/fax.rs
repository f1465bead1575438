//! `FAX` of the contract.

use serde::Serialize;

use crate::call::{Call, Cause, FaultSide, Fax, FaxCarrier, Page, Reached};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct FaxObject<'a> {
    #[cfg_attr(test, schemars(extend("enum" = ["t38", "g711", "t38+g711"])))]
    carrier: &'static str,
    #[cfg_attr(test, schemars(extend("enum" = ["caller", "callee", null])))]
    sender: Option<&'static str>,
    #[cfg_attr(test, schemars(extend("enum" = ["ok", "partial", "failed", "incomplete"])))]
    verdict: &'static str,
    #[cfg_attr(test, schemars(extend("enum" = ["setup", "A", "B", "C", "D", "E"])))]
    reached: &'static str,
    pages_sent: u32,
    pages_confirmed: u32,
    sender_id: Option<&'a str>,
    receiver_id: Option<&'a str>,
    modem: Option<&'static str>,
    bit_rate: Option<u32>,
    ecm: Option<bool>,
    compression: Option<&'static str>,
    resolution: Option<&'static str>,
    cause: Option<&'static str>,
    #[cfg_attr(test, schemars(extend("enum" = ["caller", "callee", "pbx", "path", "capture", null])))]
    fault_side: Option<&'static str>,
    summary: &'a str,
    pages: Vec<PageObject>,
}

/// A page, as its last attempt was; what only its rows tell is `None` where they were not decoded.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct PageObject {
    number: u32,
    width: Option<u32>,
    rows: Option<u32>,
    bad_rows: Option<u32>,
    longest_bad_run: Option<u32>,
    compression: Option<&'static str>,
    attempts: u32,
    confirmed: bool,
    blank: Option<bool>,
    resolution: Option<String>,
    bytes: Option<u32>,
    duration_s: Option<f64>,
    black: Option<f64>,
    header: Option<bool>,
}

impl<'a> FaxObject<'a> {
    pub(super) fn of(call: &Call, fax: &'a Fax) -> Self {
        Self {
            carrier: match fax.carrier {
                FaxCarrier::T38 => "t38",
                FaxCarrier::G711 => "g711",
                FaxCarrier::Both => "t38+g711",
            },
            sender: fax.sender.map(crate::call::Side::name),
            verdict: fax.verdict.name(),
            reached: match fax.reached {
                Reached::Setup => "setup",
                Reached::Phase(phase) => phase.name(),
            },
            pages_sent: fax.pages_sent,
            pages_confirmed: fax.pages_confirmed,
            sender_id: fax.sender_id.as_deref(),
            receiver_id: fax.receiver_id.as_deref(),
            modem: fax.modem,
            bit_rate: fax.bit_rate,
            ecm: fax.ecm,
            compression: fax.compression,
            resolution: fax.resolution,
            cause: fax.cause.map(|cause| cause.rule),
            fault_side: side_name(fax.cause),
            summary: &fax.summary,
            pages: fax
                .pages
                .iter()
                .map(|page| PageObject::of(call, page))
                .collect(),
        }
    }
}

impl PageObject {
    fn of(call: &Call, page: &Page) -> Self {
        let mut attempts = call.page_attempts.iter().rev();
        let last = attempts.find(|attempt| attempt.page == page.number);
        let decoded = last.filter(|attempt| attempt.layout.is_some());
        let facts = decoded.map(|attempt| &attempt.facts);
        let tally = facts.map(|facts| facts.tally);
        Self {
            number: page.number,
            width: facts.map(|facts| facts.width),
            rows: tally.map(|tally| tally.rows),
            bad_rows: tally.map(|tally| tally.bad_rows),
            longest_bad_run: tally.map(|tally| tally.longest_bad_run),
            compression: last.and_then(crate::call::PageAttempt::compression),
            attempts: page.attempts,
            confirmed: page.confirmed,
            blank: facts.map(|facts| facts.blank),
            resolution: decoded
                .and_then(|attempt| attempt.layout)
                .map(|layout| layout.resolution.to_string()),
            bytes: last.map(|attempt| attempt.bytes),
            duration_s: last.map(|attempt| attempt.seconds),
            black: facts.map(|facts| facts.black),
            header: facts.map(|facts| facts.header),
        }
    }
}

/// Who has to act, in the words of the contract.
pub(super) fn side_name(cause: Option<Cause>) -> Option<&'static str> {
    cause.and_then(|cause| cause.side).map(FaultSide::name)
}
