//! Hosts that sent SIP outside the listed calls: a capture that lacks a PBX's INVITE is told from one that lacks its SIP.

use std::net::IpAddr;

use crate::call::index::{Index, Map};
use crate::capture::{FrameNo, Packet, Timestamp};

/// Hosts remembered; a PBX and its peers are far fewer.
const MAX_HOSTS: usize = 4096;

/// SIP of a host: messages outside calls (OPTIONS, REGISTER) and the first ones of each dialog.
#[derive(Clone, Copy, Debug)]
pub struct HostSip {
    /// First frame.
    pub frame: FrameNo,
    /// Time of it.
    pub first: Timestamp,
    /// Time of the last one.
    pub last: Timestamp,
}

impl HostSip {
    /// From the first message to the last one.
    pub fn seconds(&self) -> f64 {
        self.last.seconds_since(self.first)
    }
}

/// Hosts that sent SIP.
#[derive(Debug, Default)]
pub(super) struct OtherSip {
    hosts: Map<IpAddr, HostSip>,
}

impl OtherSip {
    /// Notes a message of no known dialog.
    pub(super) fn note(&mut self, packet: &Packet<'_>) {
        if let Some(seen) = self.hosts.get_mut(&packet.src.addr) {
            seen.last = seen.last.max(packet.at);
        } else if self.hosts.len() < MAX_HOSTS {
            let seen = HostSip {
                frame: packet.frame,
                first: packet.at,
                last: packet.at,
            };
            self.hosts.insert(packet.src.addr, seen);
        }
    }
}

impl Index {
    /// The one of these hosts whose SIP was seen over the longest time.
    pub fn sip_of(&self, hosts: &[IpAddr]) -> Option<(IpAddr, HostSip)> {
        hosts
            .iter()
            .filter_map(|host| Some((*host, *self.other_sip.hosts.get(host)?)))
            .max_by(|(_, a), (_, b)| a.seconds().total_cmp(&b.seconds()))
    }
}
