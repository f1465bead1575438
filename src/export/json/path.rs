//! `path` and `hops` of a `CALL`.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::call::path::{Hop, Host, Role};
use crate::call::{HopId, Path};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct HostObject<'a> {
    /// Address and port; of a media proxy the address.
    addr: String,
    role: &'static str,
    agent: Option<&'a str>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct HopObject<'a> {
    number: u8,
    from: String,
    to: String,
    transport: &'static str,
    sdp_rewritten: BTreeSet<&'a str>,
}

/// Number of a hop as people count.
pub(super) const fn number(hop: HopId) -> u8 {
    hop.0.saturating_add(1)
}

/// The hosts along the route; one that is passed twice stands twice.
pub(super) fn hosts(path: &Path) -> Vec<HostObject<'_>> {
    let mut out = Vec::new();
    let mut told = BTreeSet::new();
    for id in &path.route {
        let proxies = path.hosts.iter().filter(|host| host.serves == Some(*id));
        let own = path.host(*id).into_iter();
        // A media proxy stands behind its proxy, once.
        let first = told.insert(id);
        out.extend(own.chain(proxies.filter(|_| first)).map(HostObject::of));
    }
    out
}

/// The hops that are in the capture.
pub(super) fn hops<'a>(path: &'a Path) -> Vec<HopObject<'a>> {
    let numbered = (0..).map(HopId).zip(&path.hops);
    let captured = numbered.filter(|(_, hop)| hop.captured);
    let object = |(id, hop): (HopId, &'a Hop)| HopObject {
        number: number(id),
        from: hop.ends.0.to_string(),
        to: hop.ends.1.to_string(),
        transport: hop.transport,
        sdp_rewritten: hop
            .rewritten
            .iter()
            .map(|rewrite| rewrite.what.as_str())
            .collect(),
    };
    captured.map(object).collect()
}

impl<'a> HostObject<'a> {
    fn of(host: &'a Host) -> Self {
        Self {
            addr: match host.role {
                Role::MediaProxy => host.addr.addr.to_string(),
                _ => host.addr.to_string(),
            },
            role: host.role.name(),
            agent: host.agent.as_deref(),
        }
    }
}
