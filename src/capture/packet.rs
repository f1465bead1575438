//! From frames to transport payloads: tunnels opened, fragments put together, copies of the capture flagged.

use super::duplicate::{Content, Recent, Stamp};
use super::fragment::{Added, Pool};
use super::ip::{self, IpPacket, protocol};
use super::link::{self, Layer, LinkType};
use super::reader::Frame;
use super::sctp;
use super::tunnel;
use super::udp::{self, PLAIN_HEADERS, UDP_HEADER};
use super::{CaptureInfo, Endpoint, Packet, Transport};

/// Packets inside packets that are opened.
const NESTING_MAX: u8 = 10;

/// Takes frames apart. Keeps what must be remembered from frame to frame.
#[derive(Debug)]
pub struct Decoder {
    fragments: Pool,
    recent: Recent,
    messages: sctp::Messages,
    duplicate_frames: u64,
    /// The last frame counted as a duplicate: a frame may hold several packets.
    last_duplicate: u32,
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
            duplicate_frames: 0,
            last_duplicate: 0,
        }
    }

    /// Gives every transport payload of a frame to `sink`: none, one, or several.
    pub fn decode(&mut self, frame: &Frame<'_>, sink: Sink<'_>) {
        match self.plain(frame) {
            Some(packet) => sink(&packet),
            None => self.decode_any(frame, sink),
        }
    }

    /// The payload of a frame as nearly all are, see `udp::plain`. `None`: it takes the thorough way.
    #[inline]
    pub(super) fn plain<'f>(&mut self, frame: &Frame<'f>) -> Option<Packet<'f>> {
        if frame.link != LinkType::ETHERNET {
            return None;
        }
        let (ip, udp) = udp::plain(frame.data).filter(|(_, udp)| !tunnel::is_port(udp.dst_port))?;
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
    }

    /// Counts a frame that turned out to be a copy, see [`Stamp`].
    #[cold]
    pub fn count_duplicate(&mut self, frame: &Frame<'_>) {
        if self.last_duplicate != frame.no.0 {
            self.last_duplicate = frame.no.0;
            self.duplicate_frames += 1;
        }
    }

    /// Walks inwards to the next IP packet.
    fn layer(&mut self, context: Context<'_, '_>, layer: Layer, data: &[u8], sink: Sink<'_>) {
        if let Some(ip) = link::ip_inside(layer, data).and_then(ip::packet) {
            self.ip(context, &ip, sink);
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
        match self.fragments.add(at, ip, fragment) {
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
            protocol::ICMP | protocol::ICMPV6 => unreachable_port(context, ip, sink),
            protocol::IPV4 | protocol::IPV6 => {
                self.nested(context, Some((Layer::Ip, ip.payload)), sink);
            }
            protocol::GRE => self.nested(context, tunnel::gre(ip.payload), sink),
            protocol::ETHERNET => {
                self.nested(context, Some((Layer::Ethernet, ip.payload)), sink);
            }
            protocol::MPLS => {
                let mpls = Layer::EtherType(link::MPLS);
                self.nested(context, Some((mpls, ip.payload)), sink);
            }
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
        if tunnel::is_port(udp.dst_port)
            && let Some(inner) = tunnel::over_udp(udp.dst_port, udp.payload)
        {
            self.nested(context, Some(inner), sink);
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

/// "Destination unreachable" about a UDP datagram.
fn unreachable_port(context: Context<'_, '_>, ip: &IpPacket<'_>, sink: Sink<'_>) {
    // RFC 792: type 3. RFC 4443 3.1: type 1. Both quote the packet after eight octets.
    let kind = if ip.protocol == protocol::ICMP { 3 } else { 1 };
    let Some((&[icmp_type, code, ..], quoted)) = ip.payload.split_first_chunk::<8>() else {
        return;
    };
    if icmp_type != kind {
        return;
    }
    let Some(quoted) = ip::packet(quoted).filter(|ip| ip.protocol == protocol::UDP) else {
        return;
    };
    let Some((src_port, dst_port, ..)) = ip::udp_header(quoted.payload) else {
        return;
    };
    let payload = quoted.payload.get(UDP_HEADER..).unwrap_or_default();
    sink(&Packet {
        transport: Transport::IcmpUnreachable {
            code,
            quoted_src: Endpoint::new(quoted.src, src_port),
            quoted_dst: Endpoint::new(quoted.dst, dst_port),
        },
        ..context.packet(ip, 0, 0, payload)
    });
}

#[cfg(test)]
mod tests;
