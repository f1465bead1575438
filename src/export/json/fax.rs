//! `FAX` of the contract.

use serde::Serialize;

use crate::call::{Fax, FaxCarrier, Reached};

#[derive(Serialize)]
pub(super) struct FaxObject<'a> {
    carrier: &'static str,
    sender: Option<&'static str>,
    verdict: &'static str,
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
    summary: &'a str,
}

impl<'a> FaxObject<'a> {
    pub(super) fn of(fax: &'a Fax) -> Self {
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
            cause: fax.cause,
            summary: &fax.summary,
        }
    }
}
