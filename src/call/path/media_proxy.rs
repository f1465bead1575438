//! Hosts of media that speak no SIP.

use std::net::IpAddr;

use super::media::sdp_of;
use super::{Host, HostId, Known, MAX_HOSTS, Path, Role};
use crate::call::{Event, Side};
use crate::capture::Endpoint;
use crate::sip::Sdp;

impl Path {
    /// An SDP that came over hops which are not captured, with the address of its maker in `o=` and another one for the
    /// media: a proxy on the way put that in.
    pub(super) fn find_media_proxies_before_the_capture(&mut self, events: &[Event]) {
        let hidden = |side: Side| {
            let end = match side {
                Side::Caller => self.route.first(),
                Side::Callee => self.route.last(),
            };
            let end = end.and_then(|id| self.host(*id));
            end.filter(|host| host.known == Known::Headers)
        };
        let mut found: Vec<(HostId, Endpoint)> = Vec::new();
        for event in events.iter().filter(|event| event.relay.is_original()) {
            let (Some(maker), Some(sdp)) = (hidden(event.from), sdp_of(event)) else {
                continue;
            };
            let Some(hop) = event.hop.and_then(|id| self.hop(id)) else {
                continue;
            };
            let proxy = match event.from {
                Side::Caller => hop.from,
                Side::Callee => hop.to,
            };
            let relays = self
                .host(proxy)
                .is_some_and(|host| host.role == Role::Proxy);
            if relays && origin(sdp).is_some_and(|addr| maker.is_at(addr)) {
                let lines = sdp.media.iter().filter(|line| line.port > 0);
                let put_in = lines.filter_map(|line| line.connection);
                let put_in = put_in.filter(|addr| !addr.is_unspecified() && !maker.is_at(*addr));
                found.extend(put_in.map(|addr| (proxy, Endpoint::new(addr, 0))));
            }
        }
        for (proxy, end) in found {
            self.add_media_proxy(proxy, end);
        }
    }

    /// The address that SDP gets at an element: a host of its own if it speaks no SIP here.
    pub(super) fn add_media_proxy(&mut self, by: HostId, end: Endpoint) {
        if self.host_at(end).is_some() || self.hosts.len() >= MAX_HOSTS {
            return;
        }
        self.hosts.push(Host {
            addr: end,
            others: Vec::new(),
            contact: None,
            role: Role::MediaProxy,
            agent: None,
            known: Known::Sdp,
            serves: Some(by),
        });
    }
}

impl Host {
    fn is_at(&self, addr: IpAddr) -> bool {
        self.addr.addr == addr || self.contact.is_some_and(|contact| contact.addr == addr)
    }
}

/// The address in `o=` (RFC 8866 5.2).
fn origin(sdp: &Sdp) -> Option<IpAddr> {
    sdp.origin.as_ref()?.split_whitespace().last()?.parse().ok()
}
