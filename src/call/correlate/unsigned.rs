//! Legs whose SIP cannot be read (TLS) or is missing: joined by their T.38 at the PBX.

use std::net::IpAddr;

use crate::call::correlate::Listed;
use crate::call::index::{DialogEntry, DialogId, Index};
use crate::capture::Timestamp;

/// T.38 of both legs begins within so many seconds: a PBX switches both at about the same time.
const TOGETHER: f64 = 10.0;
/// Pairs that are compared at most.
const MOST_PAIRS: usize = 200_000;

/// The T.38 of a call: its hosts, and when.
struct Media {
    id: DialogId,
    hosts: Vec<IpAddr>,
    first: Timestamp,
    last: Timestamp,
}

/// Calls without SIP, each with the one call whose T.38 runs at the same time and shares one host with it: what stands
/// between both.
pub(super) fn pairs(index: &Index, calls: &[Listed<'_>]) -> Vec<(DialogId, DialogId)> {
    let of = |wanted: bool| {
        let listed = calls
            .iter()
            .filter(move |one| one.dialog.has_sip() == wanted);
        listed.filter_map(|one| Media::of(index, one.id, one.dialog))
    };
    let unsigned: Vec<Media> = of(false).collect();
    if unsigned.is_empty() {
        return Vec::new();
    }
    let signed: Vec<Media> = of(true).collect();
    if unsigned.len().saturating_mul(signed.len()) > MOST_PAIRS {
        return Vec::new();
    }
    let only = |one: &Media| {
        let mut fits = signed.iter().filter(|other| one.is_beside(other));
        let found = fits.next()?;
        fits.next().is_none().then_some((one.id, found.id))
    };
    unsigned.iter().filter_map(only).collect()
}

impl Media {
    fn of(index: &Index, id: DialogId, dialog: &DialogEntry) -> Option<Self> {
        let flows = dialog.flows.iter().filter_map(|flow| index.flow(*flow));
        let mut out: Option<Self> = None;
        for flow in flows.filter(|flow| !flow.t38.is_empty()) {
            let media = out.get_or_insert_with(|| Self {
                id,
                hosts: Vec::new(),
                first: flow.first,
                last: flow.last,
            });
            for host in [flow.src.addr, flow.dst.addr] {
                if !media.hosts.contains(&host) {
                    media.hosts.push(host);
                }
            }
            media.first = media.first.min(flow.first);
            media.last = media.last.max(flow.last);
        }
        out
    }

    /// One host in common, and the same time.
    fn is_beside(&self, other: &Self) -> bool {
        let shared = self.hosts.iter().filter(|host| other.hosts.contains(host));
        let together = self.first.seconds_since(other.first).abs() <= TOGETHER
            && self.first <= other.last
            && other.first <= self.last;
        shared.count() == 1 && together
    }
}
