//! Which frames are pieces of one datagram.

use std::net::IpAddr;

use super::reader::Frame;
use super::{ip, link};

/// What the fragments of one datagram have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Datagram {
    src: IpAddr,
    dst: IpAddr,
    id: u32,
    protocol: u8,
}

impl Datagram {
    /// The datagram that a frame has a fragment of; fragments inside tunnels are not told.
    pub fn of_fragment(frame: &Frame<'_>) -> Option<Self> {
        let ip = ip::packet(link::ip_packet(frame.link, frame.data)?)?;
        let fragment = ip.fragment?;
        Some(Self {
            src: ip.src,
            dst: ip.dst,
            id: fragment.id,
            protocol: ip.protocol,
        })
    }
}
