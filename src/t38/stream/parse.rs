//! What one arrival carries: a sequence number, an IFP packet, copies of earlier ones, FEC.

use std::borrow::Cow;

use crate::t38::ifp;
use crate::t38::per::{DecodeError, Reader};
use crate::t38::stream::{Arrival, Framing};
use crate::t38::udptl::{Recovery, SHORTEST, UdptlPacket};

/// An arrival taken apart.
#[derive(Clone, Debug)]
pub(super) struct Parsed<'a> {
    /// Place in the list of arrivals.
    pub(super) index: usize,
    pub(super) seq: u16,
    pub(super) primary: Cow<'a, [u8]>,
    /// All of the primary is there.
    pub(super) whole: bool,
    /// Copies of the packets `seq` - 1, `seq` - 2, ...
    pub(super) copies: Vec<Cow<'a, [u8]>>,
    /// Number of copies that the packet says it has.
    pub(super) depth: usize,
    /// FEC: span and entries.
    pub(super) fec: Option<(usize, Vec<Cow<'a, [u8]>>)>,
    /// What is wrong with it (never because the snap length cut it).
    pub(super) problem: Option<DecodeError>,
}

/// Takes an arrival apart; `Ok(None)` for a keep-alive.
pub(super) fn parse<'a>(
    index: usize,
    arrival: &'a Arrival<'_>,
    framing: Framing,
) -> Result<Option<Parsed<'a>>, DecodeError> {
    match framing {
        Framing::Udptl if arrival.payload.len() < SHORTEST && !arrival.cut => Ok(None),
        Framing::Udptl => udptl(index, arrival).map(Some),
        Framing::Rtp if arrival.payload.is_empty() => Ok(None),
        Framing::Rtp => Ok(Some(rtp(index, arrival))),
        Framing::Tcp => Ok(Some(bare(
            index,
            arrival,
            u16::try_from(index & 0xFFFF).unwrap_or_default(),
        ))),
    }
}

fn udptl<'a>(index: usize, arrival: &'a Arrival<'_>) -> Result<Parsed<'a>, DecodeError> {
    let packet = UdptlPacket::decode(&arrival.payload)?;
    let trailing = (packet.trailing > 0).then(|| DecodeError {
        offset: arrival.payload.len() - packet.trailing,
        reason: "octets after the end of the UDPTL packet",
    });
    let depth = packet.recovery.depth();
    let (copies, fec) = match packet.recovery {
        Recovery::Absent => (Vec::new(), None),
        Recovery::Secondary { packets, .. } => (packets, None),
        // Entry m needs the number of all entries: fewer of them are of no use.
        Recovery::Fec {
            span,
            declared,
            entries,
        } => {
            let entries = if entries.len() == declared {
                entries
            } else {
                Vec::new()
            };
            (Vec::new(), Some((span, entries)))
        }
    };
    Ok(Parsed {
        index,
        seq: packet.seq,
        primary: packet.primary,
        whole: packet.primary_whole,
        copies,
        depth,
        fec,
        problem: packet.problem.or(trailing).filter(|_| !arrival.cut),
    })
}

/// An IFP packet with nothing around it.
fn bare<'a>(index: usize, arrival: &'a Arrival<'_>, seq: u16) -> Parsed<'a> {
    Parsed {
        index,
        seq,
        primary: Cow::Borrowed(&arrival.payload),
        whole: !arrival.cut,
        copies: Vec::new(),
        depth: 0,
        fec: None,
        problem: None,
    }
}

/// The payload of RTP: an IFP packet, or several of them under RFC 2198.
fn rtp<'a>(index: usize, arrival: &'a Arrival<'_>) -> Parsed<'a> {
    let seq = arrival.rtp_seq.unwrap_or_default();
    let plain = bare(index, arrival, seq);
    if ifp::is_valid(&arrival.payload) {
        return plain;
    }
    match rfc2198(&arrival.payload) {
        Some((primary, copies)) if ifp::is_valid(primary) => Parsed {
            primary: Cow::Borrowed(primary),
            depth: copies.len(),
            copies: copies.into_iter().map(Cow::Borrowed).collect(),
            ..plain
        },
        _ => plain,
    }
}

/// RFC 2198 3: headers of four octets (one for the last), then the blocks, the newest one last. Returns the
/// primary and the older blocks, newest first.
fn rfc2198(payload: &[u8]) -> Option<(&[u8], Vec<&[u8]>)> {
    let mut reader = Reader::new(payload);
    let mut sizes = Vec::new();
    while reader.octet("").ok()? & 0x80 != 0 {
        let [_, high, low] = *reader.take(3, "").ok()?.first_chunk::<3>()?;
        sizes.push(usize::from(high & 0x03) << 8 | usize::from(low));
    }
    let mut copies = Vec::with_capacity(sizes.len());
    for size in sizes {
        copies.push(reader.take(size, "").ok()?);
    }
    copies.reverse();
    Some((reader.rest(), copies))
}
