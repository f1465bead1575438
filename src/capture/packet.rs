//! From frames to transport payloads: tunnels opened, fragments put together, copies of the capture flagged.

use std::sync::Arc;

use super::duplicate::{Content, Recent, Stamp};
use super::fragment::{Added, Incomplete, Pool};
use super::icmp;
use super::ip::{self, IpPacket, protocol};
use super::link::{self, Layer, LinkType};
use super::merge::Origins;
use super::reader::Frame;
use super::sctp;
use super::tunnel;
use super::udp::{self, PLAIN_HEADERS};
use super::unopened::{self, Protocol, Unopened};
use super::{CaptureInfo, Endpoint, Packet, Transport};

/// Packets inside packets that are opened.
const NESTING_MAX: u8 = 10;

/// Takes frames apart. Keeps what must be remembered from frame to frame.
#[derive(Debug)]
pub struct Decoder {
    fragments: Pool,
    recent: Recent,
    messages: sctp::Messages,
    unopened: Unopened,
    duplicate_frames: u64,
    /// The last frame counted as a duplicate: a frame may hold several packets.
    last_duplicate: u32,
    /// Of several captures: which frames another one has too.
    merged: Option<Arc<Origins>>,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

/// Where decoding stands inside a frame.
#[derive(Clone, Copy)]
struct Context<'c, 'f> {
    frame: &'c Frame<'f>,
    depth: u8,
}

type Sink<'s> = &'s mut dyn FnMut(&Packet<'_>);

impl Decoder {
    /// A decoder that has seen nothing.
    pub fn new() -> Self {
        Self {
            fragments: Pool::default(),
            recent: Recent::new(),
            messages: sctp::Messages::default(),
            unopened: Unopened::default(),
            duplicate_frames: 0,
            last_duplicate: 0,
            merged: None,
        }
    }

    /// A decoder for the frames of this capture.
    pub fn of(info: &CaptureInfo) -> Self {
        Self {
            merged: info.origins.clone(),
            ..Self::new()
        }
    }

    /// Gives every transport payload of a frame to `sink`: none, one, or several.
    pub fn decode(&mut self, frame: &Frame<'_>, sink: Sink<'_>) {
        if self.merged.is_some() && self.is_of_another_host(frame) {
            self.decode_any(frame, &mut |packet| {
                sink(&Packet {
                    duplicate: true,
                    ..*packet
                });
            });
            return;
        }
        match self.plain(frame) {
            Some(packet) => sink(&packet),
            None => self.decode_any(frame, sink),
        }
    }

    fn is_of_another_host(&self, frame: &Frame<'_>) -> bool {
        let merged = self.merged.as_ref();
        merged.is_some_and(|merged| merged.is_copy(frame.no))
    }

    /// The payload of a frame as nearly all are, see `udp::plain`. `None`: it takes the thorough way.
    #[inline]
    pub(super) fn plain<'f>(&mut self, frame: &Frame<'f>) -> Option<Packet<'f>> {
        if frame.link != LinkType::ETHERNET {
            return None;
        }
        let (ip, udp) = udp::plain(frame.data).filter(|(_, udp)| !is_special(udp))?;
        let compared = Content {
            ports: udp.compared(),
            sequence: 0,
            payload: udp.payload,
        };
        let duplicate = self.recent.is_copy(frame.at, &ip, &compared);
        if duplicate {
            self.count_duplicate(frame);
        }
        Some(Packet {
            frame: frame.no,
            at: frame.at,
            src: Endpoint::new(ip.src, udp.src_port),
            dst: Endpoint::new(ip.dst, udp.dst_port),
            transport: Transport::Udp,
            payload: udp.payload,
            cut: 0,
            offset: Some(frame.offset + PLAIN_HEADERS as u64),
            duplicate,
            stamp: Stamp::of(&ip, udp.checksum, udp.payload),
        })
    }

    fn decode_any(&mut self, frame: &Frame<'_>, sink: Sink<'_>) {
        let context = Context { frame, depth: 0 };
        if let Some((layer, data)) = link::first(frame.link, frame.data) {
            self.layer(context, layer, data, sink);
        }
    }

    /// Writes what was counted into what is known about the capture. `finished`: no more frames come.
    pub fn report(&self, info: &mut CaptureInfo, finished: bool) {
        info.duplicate_frames = self.duplicate_frames;
        info.orphan_fragments = self.fragments.orphans(finished);
        self.unopened.report(info);
    }

    /// The UDP datagrams that stayed incomplete since this was last asked; `finished`: no more frames come.
    pub fn take_incomplete(&mut self, finished: bool) -> Vec<Incomplete> {
        self.fragments.take_incomplete(finished)
    }

    /// Counts a frame that turned out to be a copy, see `Stamp`.
    #[cold]
    pub fn count_duplicate(&mut self, frame: &Frame<'_>) {
        if self.last_duplicate != frame.no.0 {
            self.last_duplicate = frame.no.0;
            self.duplicate_frames += 1;
        }
    }

    /// Walks inwards to the next IP packet.
    fn layer(&mut self, context: Context<'_, '_>, layer: Layer, data: &[u8], sink: Sink<'_>) {
        match link::ip_inside(layer, data) {
            Ok(data) => {
                if let Some(ip) = ip::packet(data) {
                    self.ip(context, &ip, sink);
                }
            }
            Err(Some(ether_type)) => self.unopened.note_type(ether_type, context.frame.no),
            Err(None) => {}
        }
    }

    fn ip(&mut self, context: Context<'_, '_>, ip: &IpPacket<'_>, sink: Sink<'_>) {
        let Some(fragment) = ip.fragment else {
            self.transport(context, ip, sink);
            return;
        };
        let at = context.frame.at;
        if ip.cut > 0 {
            // Never whole again: its beginning is all that can be had.
            self.fragments.abandon(at, ip, fragment);
            if fragment.offset == 0 {
                self.transport(context, ip, sink);
            }
            return;
        }
        match self.fragments.add((context.frame.no, at), ip, fragment) {
            Added::Whole(payload) => {
                let whole = IpPacket {
                    payload: &payload,
                    fragment: None,
                    ..*ip
                };
                self.transport(context, &whole, sink);
            }
            Added::Copy => self.count_duplicate(context.frame),
            Added::Waiting => {}
        }
    }

    fn transport(&mut self, context: Context<'_, '_>, ip: &IpPacket<'_>, sink: Sink<'_>) {
        match ip.protocol {
            protocol::UDP | protocol::UDP_LITE => self.udp(context, ip, sink),
            protocol::TCP => self.tcp(context, ip, sink),
            protocol::SCTP => self.sctp(context, ip, sink),
            protocol::ICMP | protocol::ICMPV6 => icmp_error(context, ip, sink),
            protocol::IPV4 | protocol::IPV6 => {
                self.nested(context, Some((Layer::Ip, ip.payload)), sink);
            }
            protocol::GRE => self.nested(context, tunnel::gre(ip.payload), sink),
            protocol::ETHERIP => self.nested(context, tunnel::ether_ip(ip.payload), sink),
            protocol::L2TP => self.nested(context, tunnel::l2tp::session(ip.payload), sink),
            protocol::ETHERNET => {
                self.nested(context, Some((Layer::Ethernet, ip.payload)), sink);
            }
            protocol::MPLS => {
                let mpls = Layer::EtherType(link::MPLS);
                self.nested(context, Some((mpls, ip.payload)), sink);
            }
            protocol::ESP => self
                .unopened
                .note(Protocol::Esp, context.frame.no, ip.src, ip.dst),
            _ => {}
        }
    }

    fn nested(
        &mut self,
        mut context: Context<'_, '_>,
        inner: Option<(Layer, &[u8])>,
        sink: Sink<'_>,
    ) {
        context.depth += 1;
        if let Some((layer, data)) = inner
            && context.depth <= NESTING_MAX
        {
            self.layer(context, layer, data, sink);
        }
    }

    fn udp(&mut self, context: Context<'_, '_>, ip: &IpPacket<'_>, sink: Sink<'_>) {
        let Some(udp) = udp::datagram(ip) else {
            return;
        };
        if tunnel::is_port(udp.src_port, udp.dst_port)
            && let Some(inner) = tunnel::over_udp(udp.src_port, udp.dst_port, udp.payload)
            && link::ip_inside(inner.0, inner.1).is_ok_and(link::begins_ip)
        {
            self.nested(context, Some(inner), sink);
            return;
        }
        if unopened::is_port(udp.src_port, udp.dst_port)
            && let Some(protocol) = unopened::in_udp(udp.src_port, udp.dst_port, udp.payload)
        {
            self.unopened
                .note(protocol, context.frame.no, ip.src, ip.dst);
        }
        if let Some(copied) = tunnel::hep::open(udp.dst_port, udp.payload) {
            sink(&Packet {
                src: copied.src,
                dst: copied.dst,
                cut: udp.cut,
                ..context.packet(ip, 0, 0, copied.payload)
            });
            return;
        }
        let compared = Content {
            ports: udp.compared(),
            sequence: 0,
            payload: udp.payload,
        };
        let duplicate = self.is_copy(context, ip, &compared);
        sink(&Packet {
            transport: Transport::Udp,
            cut: udp.cut,
            duplicate,
            stamp: Stamp::of(ip, udp.checksum, udp.payload),
            ..context.packet(ip, udp.src_port, udp.dst_port, udp.payload)
        });
    }

    fn tcp(&mut self, context: Context<'_, '_>, ip: &IpPacket<'_>, sink: Sink<'_>) {
        let Some(tcp) = ip::tcp_header(ip.payload) else {
            return;
        };
        let payload = ip.payload.get(tcp.header_len..).unwrap_or_default();
        if payload.is_empty() && !tcp.syn && !tcp.end {
            return;
        }
        if let Some(protocol) = unopened::in_tcp(tcp.src_port, tcp.dst_port, payload) {
            self.unopened
                .note(protocol, context.frame.no, ip.src, ip.dst);
        }
        let flags = u64::from(tcp.syn) << 1 | u64::from(tcp.end);
        let compared = Content {
            ports: u64::from(tcp.src_port) << 48 | u64::from(tcp.dst_port) << 32 | flags,
            sequence: u64::from(tcp.seq) << 32 | u64::from(tcp.ack),
            payload,
        };
        let duplicate = self.is_copy(context, ip, &compared);
        sink(&Packet {
            transport: Transport::Tcp {
                seq: tcp.seq,
                syn: tcp.syn,
                end: tcp.end,
            },
            cut: ip.cut,
            duplicate,
            ..context.packet(ip, tcp.src_port, tcp.dst_port, payload)
        });
    }

    fn sctp(&mut self, context: Context<'_, '_>, ip: &IpPacket<'_>, sink: Sink<'_>) {
        let Some((src_port, dst_port, chunks)) = sctp::header(ip.payload) else {
            return;
        };
        let compared = Content {
            ports: u64::from(src_port) << 16 | u64::from(dst_port),
            sequence: 0,
            payload: ip.payload,
        };
        let duplicate = self.is_copy(context, ip, &compared);
        let src = Endpoint::new(ip.src, src_port);
        let dst = Endpoint::new(ip.dst, dst_port);
        for chunk in sctp::data_chunks(chunks) {
            // A copy must not be put together twice.
            let whole = if duplicate {
                None
            } else {
                self.messages.add(src, dst, &chunk)
            };
            let payload = match &whole {
                Some(message) => message.as_slice(),
                None if chunk.is_whole() => chunk.data,
                None => continue,
            };
            sink(&Packet {
                transport: Transport::Sctp,
                cut: chunk.cut,
                duplicate,
                ..context.packet(ip, src_port, dst_port, payload)
            });
        }
    }

    fn is_copy(
        &mut self,
        context: Context<'_, '_>,
        ip: &IpPacket<'_>,
        compared: &Content<'_>,
    ) -> bool {
        let duplicate = self.recent.is_copy(context.frame.at, ip, compared);
        if duplicate {
            self.count_duplicate(context.frame);
        }
        duplicate
    }
}

impl Context<'_, '_> {
    /// A packet with what is the same for all transports.
    fn packet<'p>(
        self,
        ip: &IpPacket<'_>,
        src_port: u16,
        dst_port: u16,
        payload: &'p [u8],
    ) -> Packet<'p> {
        Packet {
            frame: self.frame.no,
            at: self.frame.at,
            src: Endpoint::new(ip.src, src_port),
            dst: Endpoint::new(ip.dst, dst_port),
            transport: Transport::Udp,
            payload,
            cut: 0,
            offset: self.offset_of(payload),
            duplicate: false,
            stamp: Stamp::NONE,
        }
    }

    /// Offset in the capture of octets, if they are a part of the frame and no copy.
    fn offset_of(self, octets: &[u8]) -> Option<u64> {
        let start = self.frame.data.as_ptr().addr();
        let at = octets.as_ptr().addr().checked_sub(start)?;
        (at + octets.len() <= self.frame.data.len()).then(|| self.frame.offset + at as u64)
    }
}

/// Whether a datagram may hold more than its own payload: it takes the thorough way.
#[inline]
fn is_special(udp: &udp::Udp<'_>) -> bool {
    let (src, dst) = (udp.src_port, udp.dst_port);
    tunnel::is_port(src, dst)
        || unopened::is_port(src, dst)
        || tunnel::hep::is_hep(dst, udp.payload)
}

/// An error about a packet of somebody else.
fn icmp_error(context: Context<'_, '_>, ip: &IpPacket<'_>, sink: Sink<'_>) {
    if let Some(quoted) = icmp::error(ip) {
        sink(&Packet {
            transport: Transport::Icmp {
                error: quoted.error,
                quoted_src: quoted.src,
                quoted_dst: quoted.dst,
            },
            ..context.packet(ip, 0, 0, quoted.payload)
        });
    }
}

#[cfg(test)]
mod tests;
