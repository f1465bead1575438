//! Capture → calls → hints: the one place that strings the layers together.

use std::borrow::Cow;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use crate::call::{Call, CallNo, CallState, FaultSide, FaxCarrier, Flow, PacketCounts, Verdict};
use crate::capture::merge::Inputs;
use crate::capture::{Endpoint, Timestamp};
use crate::hint::{Hint, Site};
use crate::pbxlog;

pub mod reading;
pub mod service;

/// What the user asked for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The capture; `-` is standard input.
    pub file: PathBuf,
    /// Several captures to be read as one, in place of `file`, which is the first of them.
    pub merged: Option<Arc<Inputs>>,
    /// What the capture is called, where that is not its name.
    pub shown_as: Option<String>,
    /// `--pbx`, `--udptl-ports`.
    pub site: Site,
    /// `--follow`.
    pub follow: bool,
    /// `--keep-calls`: of more calls than this, finished voice calls are dropped.
    pub keep_calls: Option<usize>,
    /// `--log`, `--log-offset`: read when the capture is read to its end.
    pub logs: pbxlog::Given,
}

/// A row of the VoIP-calls list: what is known of a call without opening it.
///
/// Borrows the names of the index where it is only read, and owns them where it goes to another thread.
#[derive(Clone, Debug, PartialEq)]
pub struct CallRow<'a> {
    /// 1-based, by first packet.
    pub number: CallNo,
    /// First packet.
    pub started: Timestamp,
    /// From first to last packet, seconds.
    pub duration: f64,
    /// Number (user part) or host of the caller.
    pub from: Cow<'a, str>,
    /// Number or host of the callee.
    pub to: Cow<'a, str>,
    /// Signalling endpoint of the caller.
    pub caller: Endpoint,
    /// Signalling endpoint of the callee.
    pub callee: Endpoint,
    /// Call-ID as it stands in the messages.
    pub call_id: Option<Cow<'a, [u8]>>,
    /// State.
    pub state: CallState,
    /// Final status of the first INVITE.
    pub status: Option<u16>,
    /// Packets.
    pub packets: PacketCounts,
    /// The call that carries the same fax.
    pub other_leg: Option<CallNo>,
    /// Summary of the fax; `None`: no sign of one, or not analysed yet (see `pending`).
    pub fax: Option<FaxRow>,
    /// It looks like a fax and waits for its analysis.
    pub pending: bool,
    /// Hints: errors, warnings.
    pub hints: (u32, u32),
    /// The rule that explains why it failed.
    pub cause: Option<&'static str>,
    /// Of a call without a fax: why it failed, and whose side that is on.
    pub failure: Option<String>,
    /// The hosts between its ends; empty as long as it is not analysed.
    pub via: Vec<String>,
    /// How each link of its path carries the fax, where they differ.
    pub carriers: Vec<FaxCarrier>,
}

/// The hint that explains why a call or its fax failed.
pub fn cause_hint<'h>(call: &Call, hints: &'h [Hint]) -> Option<&'h Hint> {
    let cause = call.cause?;
    let mut all = hints.iter().filter(|hint| hint.rule.id == cause.rule);
    let first = all.clone().next();
    all.find(|hint| !hint.consequence).or(first)
}

/// Why a call without a fax failed: status, what was seen, whose side it is on.
pub fn failure(call: &Call, hints: &[Hint]) -> Option<String> {
    if call.fax.is_some() {
        return None;
    }
    let says = cause_hint(call, hints)?.says();
    let status = call.status.filter(|status| *status >= 300);
    let begin = match status {
        Some(status) if !says.contains(&status.to_string()) => format!("{status}: "),
        _ => String::new(),
    };
    let side = call
        .cause?
        .side
        .map_or("which side is open", FaultSide::words);
    Some(format!("{begin}{says}; {side}"))
}

/// Summary of a fax.
#[derive(Clone, Debug, PartialEq)]
pub struct FaxRow {
    /// How it was carried.
    pub carrier: FaxCarrier,
    /// How it ended.
    pub verdict: Verdict,
    /// Pages sent.
    pub pages_sent: u32,
    /// Pages confirmed.
    pub pages_confirmed: u32,
    /// `V.17 14400`
    pub rate: Option<String>,
    /// One sentence.
    pub summary: String,
}

/// A call and the hints on it.
#[derive(Clone, Debug)]
pub struct Analysed {
    /// The call.
    pub call: Arc<Call>,
    /// Its hints: by severity, then first frame.
    pub hints: Vec<Hint>,
}

/// One or two legs with their hints, ready to be shown.
#[derive(Clone, Debug, Default)]
pub struct AnalysedFlow {
    /// The legs.
    pub flow: Flow,
    /// Hints by leg, in the order of the legs.
    pub hints: Vec<Vec<Hint>>,
    /// Addresses of the user's own PBX (`--pbx`).
    pub pbx: Vec<IpAddr>,
}
