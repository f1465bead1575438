//! A HEP collector: what agents (of Homer, Kamailio, Asterisk) send to a port of this machine, as a capture
//! that comes through a pipe.

use std::io::{self, Read};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{SystemTime, UNIX_EPOCH};

use super::link::LinkType;
use super::tunnel::hep::PORT;

/// A datagram is no longer.
const LONGEST: usize = 65_536;
/// Header of a pcap file with time stamps in nanoseconds, up to its link type.
const HEADER: [u8; 20] = [
    0x4d, 0x3c, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0,
];

/// Reads a pcap stream of the datagrams that come to a port.
pub(super) struct Collector {
    socket: UdpSocket,
    own: IpAddr,
    datagram: Vec<u8>,
    record: Vec<u8>,
    at: usize,
}

impl Collector {
    pub(super) fn on(address: SocketAddr) -> io::Result<Self> {
        let socket = UdpSocket::bind(address)?;
        let own = socket.local_addr()?.ip();
        let mut record = HEADER.to_vec();
        record.extend(u32::from(LinkType::RAW.0).to_le_bytes());
        Ok(Self {
            socket,
            own,
            datagram: vec![0; LONGEST],
            record,
            at: 0,
        })
    }

    /// Waits for the next datagram and makes a record of it.
    fn next(&mut self) -> io::Result<()> {
        let (length, sender) = self.socket.recv_from(&mut self.datagram)?;
        let payload = self.datagram.get(..length).unwrap_or_default();
        let came = SystemTime::now().duration_since(UNIX_EPOCH);
        let came = came.unwrap_or_default();
        // Agents send late and many at once: they say when they saw a message.
        let (seconds, nanoseconds) = seen(payload).unwrap_or_else(|| {
            let seconds = u32::try_from(came.as_secs()).unwrap_or(u32::MAX);
            (seconds, came.subsec_nanos())
        });
        let packet = packet(sender, self.own, payload);
        let octets = u32::try_from(packet.len()).unwrap_or(u32::MAX);
        self.record.clear();
        for field in [seconds, nanoseconds, octets, octets] {
            self.record.extend(field.to_le_bytes());
        }
        self.record.extend(packet);
        self.at = 0;
        Ok(())
    }
}

/// When an agent saw what it sends in HEP 3: seconds and nanoseconds, out of its chunks 9 and 10.
fn seen(payload: &[u8]) -> Option<(u32, u32)> {
    let mut rest = payload.strip_prefix(b"HEP3")?.get(2..)?;
    let (mut seconds, mut micros) = (None, 0);
    while let [_, _, kind_high, kind, high, low, chunk @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low])).checked_sub(6)?;
        let value = chunk.get(..length)?;
        let number = || Some(u32::from_be_bytes(value.try_into().ok()?));
        match (kind_high, kind) {
            (0, 9) => seconds = number(),
            (0, 10) => micros = number()?,
            _ => {}
        }
        rest = chunk.get(length..)?;
    }
    Some((seconds?, micros.min(999_999) * 1000))
}

/// IP and UDP around a payload, as they were on the wire but for their check sums.
fn packet(sender: SocketAddr, own: IpAddr, payload: &[u8]) -> Vec<u8> {
    let udp_length = u16::try_from(payload.len() + 8).unwrap_or(u16::MAX);
    let mut out = Vec::with_capacity(payload.len() + 48);
    match (sender.ip().to_canonical(), own.to_canonical()) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => {
            out.extend([0x45, 0]);
            out.extend(udp_length.saturating_add(20).to_be_bytes());
            out.extend([0, 0, 0, 0, 64, 17, 0, 0]);
            out.extend(src.octets());
            out.extend(dst.octets());
        }
        (src, dst) => {
            let wide = |addr: IpAddr| match addr {
                IpAddr::V4(addr) => addr.to_ipv6_mapped(),
                IpAddr::V6(addr) => addr,
            };
            out.extend([0x60, 0, 0, 0]);
            out.extend(udp_length.to_be_bytes());
            out.extend([17, 64]);
            out.extend(wide(src).octets());
            out.extend(wide(dst).octets());
        }
    }
    // Versions 1 and 2 are known by the port alone.
    for field in [sender.port(), PORT, udp_length, 0] {
        out.extend(field.to_be_bytes());
    }
    out.extend(payload);
    out
}

impl Read for Collector {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.record.len() {
            self.next()?;
        }
        let mut left = self.record.get(self.at..).unwrap_or_default();
        let count = left.read(buffer)?;
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agent_says_when_it_was() {
        let chunk = |kind: u8, value: u32| {
            [[0, 0, 0, kind, 0, 10], [0; 6]].concat()[..6]
                .iter()
                .copied()
                .chain(value.to_be_bytes())
                .collect::<Vec<u8>>()
        };
        let octets = [
            b"HEP3\0\x1a".to_vec(),
            chunk(9, 1_700_000_000),
            chunk(10, 250_000),
        ]
        .concat();
        assert_eq!(seen(&octets), Some((1_700_000_000, 250_000_000)));
        // Cut before the time.
        assert_eq!(seen(&octets[..12]), None);
        assert_eq!(seen(b"HEP3\0\x06"), None);
    }

    #[test]
    fn what_comes_is_a_capture() {
        let mut collector = Collector::on(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let to = collector.socket.local_addr().unwrap();
        let agent = UdpSocket::bind("127.0.0.1:0").unwrap();
        agent.send_to(b"HEP3\0\x06", to).unwrap();
        let mut octets = vec![0; 24 + 16 + 28 + 6];
        collector.read_exact(&mut octets).unwrap();
        assert_eq!(octets[..4], [0x4d, 0x3c, 0xb2, 0xa1]);
        assert_eq!(octets[24 + 8..24 + 12], 34_u32.to_le_bytes());
        assert!(octets.ends_with(b"HEP3\0\x06"));
    }
}
