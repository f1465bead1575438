//! Rows of the list: from the index alone, and with what the analysis of a call found.

use std::borrow::Cow;

use super::Analysis;
use crate::analysis::{Analysed, CallRow, FaxRow, failure};
use crate::call::path::{Host, Known, Link};
use crate::call::{CallNo, FaxCarrier, Path, Side};
use crate::hint::Severity;
use crate::sip::Party;

impl Analysis {
    /// A row of the calls list, from the index alone.
    pub fn row(&self, number: CallNo) -> Option<CallRow<'_>> {
        let id = self.id_of(number)?;
        let dialog = self.index.dialog(id)?;
        let names = self.index.names(dialog);
        let flows = || dialog.flows.iter().filter_map(|id| self.index.flow(*id));
        let t38: usize = flows().map(|flow| flow.t38.len()).sum();
        Some(CallRow {
            number,
            started: dialog.started,
            duration: dialog.last_packet.seconds_since(dialog.started).max(0.0),
            from: name_or_host(names.from(), dialog.caller),
            to: name_or_host(names.to(), dialog.callee),
            caller: dialog.caller,
            callee: dialog.callee,
            call_id: names.call_id().map(Cow::Borrowed),
            state: dialog.state,
            status: dialog.status,
            packets: crate::call::PacketCounts {
                sip: u32::try_from(dialog.messages.len()).unwrap_or(u32::MAX),
                rtp: flows().map(|flow| flow.rtp).fold(0, u32::saturating_add),
                t38: u32::try_from(t38).unwrap_or(u32::MAX),
            },
            other_leg: self.other_leg_of(id),
            fax: None,
            pending: self.is_suspect(dialog),
            hints: (0, 0),
            cause: None,
            failure: None,
            via: Vec::new(),
            carriers: Vec::new(),
        })
    }

    /// SIP and T.38 packets of a call.
    pub fn packets(&self, number: CallNo) -> Option<u32> {
        let packets = self.row(number)?.packets;
        Some(packets.sip.saturating_add(packets.t38))
    }
}

impl CallRow<'_> {
    /// The same with names of its own.
    #[must_use]
    pub fn into_owned(self) -> CallRow<'static> {
        CallRow {
            from: Cow::Owned(self.from.into_owned()),
            to: Cow::Owned(self.to.into_owned()),
            call_id: self.call_id.map(|id| Cow::Owned(id.into_owned())),
            ..self
        }
    }

    /// Adds what the analysis of the call found.
    #[must_use]
    pub fn with(mut self, analysed: &Analysed) -> Self {
        let call = &analysed.call;
        self.pending = false;
        self.fax = call.fax.as_ref().map(|fax| FaxRow {
            carrier: fax.carrier,
            verdict: fax.verdict,
            pages_sent: fax.pages_sent,
            pages_confirmed: fax.pages_confirmed,
            rate: fax.modem.map(|modem| match fax.bit_rate {
                Some(rate) => format!("{modem} {rate}"),
                None => modem.to_owned(),
            }),
            summary: fax.summary.clone(),
        });
        let count = |severity: Severity| {
            let found = analysed
                .hints
                .iter()
                .filter(|hint| hint.finding.severity == severity)
                .count();
            u32::try_from(found).unwrap_or(u32::MAX)
        };
        self.hints = (count(Severity::Error), count(Severity::Warning));
        self.cause = call.cause.map(|cause| cause.rule);
        self.failure = failure(call, &analysed.hints);
        self.via = call
            .path
            .middle()
            .filter(|host| host.known == Known::Packets)
            .map(host_name)
            .collect();
        self.carriers = match &call.fax {
            Some(_) => carriers(&call.path),
            None => Vec::new(),
        };
        // Without SIP, caller and callee are known only now, and named by their hosts.
        if call.call_id.is_none() && call.caller != self.caller {
            self.from = Cow::Owned(call.caller.addr.to_string());
            self.to = Cow::Owned(call.callee.addr.to_string());
        }
        // Where the capture begins in the dialog, the whole of it tells who called.
        if call.capture.starts_mid_call {
            let name = |party: &Party, end| {
                let user = party.user.as_deref().unwrap_or_default();
                Cow::Owned(name_or_host(user, end).into_owned())
            };
            self.from = name(&call.from, call.caller);
            self.to = name(&call.to, call.callee);
        }
        (self.caller, self.callee) = (call.caller, call.callee);
        self
    }
}

/// What a host calls itself, in one word, else its address.
fn host_name(host: &Host) -> String {
    let agent = host.agent.as_deref().unwrap_or_default();
    match agent.split([' ', '/', '(']).next() {
        Some(word) if !word.is_empty() => word.to_owned(),
        _ => host.addr.addr.to_string(),
    }
}

/// The carriers of the links of a path, where they differ.
fn carriers(path: &Path) -> Vec<FaxCarrier> {
    let agreed = |link: &Link| {
        let says = |side: Side| {
            let mut all = path.announced.iter();
            all.any(|one| one.image && (one.hop, one.side) == (link.first, side))
        };
        if Side::BOTH.into_iter().all(says) {
            FaxCarrier::T38
        } else {
            FaxCarrier::G711
        }
    };
    let all: Vec<FaxCarrier> = path.links.iter().map(agreed).collect();
    let differ = all.windows(2).any(|pair| pair.first() != pair.last());
    if differ { all } else { Vec::new() }
}

fn name_or_host(name: &str, endpoint: crate::capture::Endpoint) -> Cow<'_, str> {
    if name.is_empty() {
        Cow::Owned(endpoint.addr.to_string())
    } else {
        Cow::Borrowed(name)
    }
}
