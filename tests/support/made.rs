//! Captures made octet by octet.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test may fail by panic; not every test uses all of it"
)]

/// A pcap file of raw IP.
pub(crate) struct Capture {
    pub(crate) octets: Vec<u8>,
    frames: u32,
}

impl Capture {
    pub(crate) fn new() -> Self {
        let mut octets = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        octets.extend(262_144_u32.to_le_bytes());
        octets.extend(101_u32.to_le_bytes());
        Self { octets, frames: 0 }
    }

    /// A datagram from host 1 to host 2, a millisecond after the one before.
    pub(crate) fn datagram(&mut self, (src, dst): (u16, u16), payload: &[u8]) {
        self.frames += 1;
        let udp = u16::try_from(payload.len() + 8).unwrap();
        let len = u32::from(udp) + 20;
        for word in [
            1_700_000_000 + self.frames / 1000,
            self.frames % 1000 * 1000,
            len,
            len,
        ] {
            self.octets.extend(word.to_le_bytes());
        }
        let id = u16::try_from(self.frames & 0xffff).unwrap().to_be_bytes();
        self.octets.extend([0x45, 0]);
        self.octets.extend((udp + 20).to_be_bytes());
        self.octets.extend(id);
        self.octets
            .extend([0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]);
        for half in [src, dst, udp, 0] {
            self.octets.extend(half.to_be_bytes());
        }
        self.octets.extend(payload);
    }

    /// A segment from host 1 to host 2, a millisecond after the one before.
    pub(crate) fn segment(&mut self, (src, dst): (u16, u16), seq: u32, payload: &[u8]) {
        let mut tcp = Vec::new();
        for half in [src, dst] {
            tcp.extend(half.to_be_bytes());
        }
        tcp.extend(seq.to_be_bytes());
        tcp.extend([0, 0, 0, 1, 0x50, 0x18, 0x20, 0, 0, 0, 0, 0]);
        tcp.extend(payload);
        self.packet((1, 2), 6, 0, &tcp);
    }

    /// An IP packet between two hosts; `fragment` is its flags and offset.
    pub(crate) fn packet(
        &mut self,
        (from, to): (u32, u32),
        protocol: u8,
        fragment: u16,
        inside: &[u8],
    ) {
        self.frames += 1;
        let total = u16::try_from(inside.len() + 20).unwrap();
        for word in [
            1_700_000_000 + self.frames / 1000,
            self.frames % 1000 * 1000,
            u32::from(total),
            u32::from(total),
        ] {
            self.octets.extend(word.to_le_bytes());
        }
        self.octets.extend([0x45, 0]);
        self.octets.extend(total.to_be_bytes());
        let id = u16::try_from(self.frames & 0xffff).unwrap();
        self.octets.extend(id.to_be_bytes());
        self.octets.extend(fragment.to_be_bytes());
        self.octets.extend([64, protocol, 0, 0]);
        self.octets.extend((0x0a00_0000 + from).to_be_bytes());
        self.octets.extend((0x0a00_0000 + to).to_be_bytes());
        self.octets.extend(inside);
    }
}

/// A request of a dialog from host 1 to host 2.
pub(crate) fn request(method: &str, call: &str, tag: u32, cseq: u32) -> String {
    format!(
        "{method} sip:2@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{tag}x{cseq}\r\n\
         From: <sip:1@192.0.2.1>;tag=t{tag}\r\nTo: <sip:2@192.0.2.2>\r\nCall-ID: {call}\r\n\
         CSeq: {cseq} {method}\r\nContent-Length: 0\r\n\r\n"
    )
}

/// The same with a body and a To tag as given.
pub(crate) fn message(
    start: &str,
    call: &str,
    cseq: &str,
    to_tag: &str,
    kind: &str,
    body: &str,
) -> String {
    let length = body.len();
    format!(
        "{start}\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{cseq}\r\nFrom: <sip:1@192.0.2.1>;tag=t\r\n\
         To: <sip:2@192.0.2.2>{to_tag}\r\nCall-ID: {call}\r\nCSeq: {cseq}\r\nContent-Type: {kind}\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
}
