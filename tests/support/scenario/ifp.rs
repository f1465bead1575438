//! IFP and UDPTL as octets (T.38 Annex A, 9.1).

use std::collections::VecDeque;

/// Field types of T.38.
pub(crate) const HDLC_DATA: u8 = 0;
pub(crate) const HDLC_SIG_END: u8 = 1;
pub(crate) const FCS_OK: u8 = 2;
pub(crate) const FCS_BAD: u8 = 3;
pub(crate) const FCS_OK_SIG_END: u8 = 4;
pub(crate) const FCS_BAD_SIG_END: u8 = 5;
pub(crate) const T4_DATA: u8 = 6;
pub(crate) const T4_SIG_END: u8 = 7;

/// Indicators by name.
pub(crate) const INDICATORS: [&str; 23] = [
    "no-signal",
    "cng",
    "ced",
    "v21-preamble",
    "v27-2400",
    "v27-4800",
    "v29-7200",
    "v29-9600",
    "v17-7200-short",
    "v17-7200-long",
    "v17-9600-short",
    "v17-9600-long",
    "v17-12000-short",
    "v17-12000-long",
    "v17-14400-short",
    "v17-14400-long",
    "v8-ansam",
    "v8-signal",
    "v34-cntl-1200",
    "v34-pri",
    "v34-cc-retrain",
    "v33-12000",
    "v33-14400",
];

/// An indicator.
pub(crate) fn indicator(name: &str) -> Vec<u8> {
    let code = INDICATORS
        .iter()
        .position(|own| *own == name)
        .unwrap_or_else(|| panic!("no indicator `{name}`")) as u8;
    if code < 16 {
        vec![code << 1]
    } else {
        let addition = code - 16;
        vec![0x20 | addition >> 2, addition << 6]
    }
}

/// Data with fields; each field begins on an octet, as spandsp writes it.
pub(crate) fn data(data_type: u8, fields: &[(u8, &[u8])], asn1_2002: bool) -> Vec<u8> {
    let mut out = if data_type < 9 {
        vec![0xC0 | data_type << 1]
    } else {
        let addition = data_type - 9;
        vec![0xE0 | addition >> 2, addition << 6]
    };
    out.push(fields.len() as u8);
    for (field_type, octets) in fields {
        let has_data = u8::from(!octets.is_empty()) << 7;
        let shift = if asn1_2002 { 3 } else { 4 };
        out.push(has_data | field_type << shift);
        if !octets.is_empty() {
            out.extend((octets.len() as u16 - 1).to_be_bytes());
            out.extend(*octets);
        }
    }
    out
}

/// Error correction of a direction.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recovery {
    /// Copies of that many packets before.
    Redundancy(usize),
    /// Span and entries.
    Fec(usize, usize),
}

/// One direction of a UDPTL stream.
pub(crate) struct Sender {
    pub(crate) seq: u16,
    sent: VecDeque<Vec<u8>>,
}

impl Sender {
    pub(crate) fn new(seq: u16) -> Self {
        Self {
            seq,
            sent: VecDeque::new(),
        }
    }

    /// The next packet.
    pub(crate) fn send(&mut self, ifp: &[u8], recovery: Recovery) -> Vec<u8> {
        let mut out = self.seq.to_be_bytes().to_vec();
        open_type(&mut out, ifp);
        match recovery {
            Recovery::Redundancy(depth) => {
                let depth = depth.min(self.sent.len());
                out.extend([0x00, depth as u8]);
                for older in self.sent.iter().take(depth) {
                    open_type(&mut out, older);
                }
            }
            Recovery::Fec(span, entries) if self.sent.len() >= span * entries => {
                out.extend([0x80, 0x01, span as u8, entries as u8]);
                for entry in 0..entries {
                    open_type(&mut out, &self.parity(span, entries, entry));
                }
            }
            Recovery::Fec(..) => out.extend([0x00, 0x00]),
        }
        self.seq = self.seq.wrapping_add(1);
        self.sent.push_front(ifp.to_vec());
        self.sent.truncate(32);
        out
    }

    /// XOR of the packets `entries` apart.
    fn parity(&self, span: usize, entries: usize, entry: usize) -> Vec<u8> {
        let mut out: Vec<u8> = Vec::new();
        for step in 0..span {
            let octets = &self.sent[entries * step + entry];
            out.resize(out.len().max(octets.len()), 0);
            for (sum, octet) in out.iter_mut().zip(octets) {
                *sum ^= octet;
            }
        }
        out
    }
}

/// Length determinant and octets (X.691 10.9).
fn open_type(out: &mut Vec<u8>, octets: &[u8]) {
    let len = octets.len();
    if len < 128 {
        out.push(len as u8);
    } else {
        out.extend((0x8000 | len as u16).to_be_bytes());
    }
    out.extend(octets);
}
