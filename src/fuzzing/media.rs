//! T.38, T.30, sound and pages.

use std::collections::HashMap;

use super::{bounded, endpoint, records};
use crate::capture::{FrameNo, Timestamp};
use crate::line::{Fcs, HdlcFrame, Modem};
use crate::page::{Bitmap, Coding, Layout, PageFacts, Resolution};
use crate::rtp::{RtpArrival, event, fax, sniff, stream};
use crate::t30::frame;
use crate::t38::stats::Encoding;
use crate::t38::stream::{Arrival, Framing, assemble};
use crate::t38::udptl::{Recovery, UdptlPacket, is_rtp_not_udptl, plausible};
use crate::t38::{ifp as packet, tpkt};

/// Coded data of a page; the first octet tells coding and width.
pub fn page(octets: &[u8]) {
    let Some((which, coded)) = octets.split_first() else {
        return;
    };
    let [coding, width] = [which % 3, which / 3 % 4].map(usize::from);
    let layout = Layout {
        coding: Coding::ALL.get(coding).copied().unwrap_or(Coding::Mh),
        width: [1728, 2048, 2432, 9].get(width).copied().unwrap_or(1),
        resolution: Resolution::STANDARD,
    };
    let facts = PageFacts::of(coded, &layout);
    let (bitmap, tally) = Bitmap::decode(coded, &layout);
    assert_eq!(facts.tally, tally, "the same rows, with pixels or without");
    assert_eq!(bitmap.rows(), tally.rows, "a row for each that was counted");
    let most = coded.len() * 8 + 1;
    assert!(bitmap.rows() as usize <= most, "a row has a bit at least");
    assert!(
        (0.0..=1.0).contains(&facts.black),
        "a share: {}",
        facts.black
    );
}

/// A UDPTL packet with the IFP packets in it.
pub fn udptl(octets: &[u8]) {
    let _ = (plausible(octets), is_rtp_not_udptl(octets, &[]));
    if let Ok(decoded) = UdptlPacket::decode(octets) {
        let held = match &decoded.recovery {
            Recovery::Absent => 0,
            Recovery::Secondary { packets, .. } => packets.len(),
            Recovery::Fec { entries, .. } => entries.len(),
        };
        // What it declares may be any number (`Recovery::depth`); what is kept of it may not.
        assert!(held <= octets.len(), "{held} packets in it");
        let _ = packet::is_valid(&decoded.primary);
    }
}

/// An IFP packet by every encoding, and TPKT around it.
pub fn ifp(octets: &[u8]) {
    for encoding in [Encoding::Asn2002, Encoding::Asn1998] {
        let decoded = packet::Ifp::decode(octets, encoding);
        if let Ok((prefix, used)) = packet::Ifp::decode_prefix(octets, encoding) {
            assert!(used <= octets.len(), "read beyond the end");
            let _ = (prefix.oddities(encoding), prefix.bad_fields(encoding));
        } else {
            assert!(decoded.is_err(), "a whole packet is its own prefix");
        }
        let _ = packet::Ifp::decode_cut(octets, encoding);
    }
    let _ = packet::Ifp::decode_any(octets, Encoding::Asn2002);
    let _ = (
        packet::type_of(octets),
        packet::fast_data(octets),
        tpkt::is_t38(octets),
    );
    assert!(tpkt::split(octets).used <= octets.len());
}

/// A T.30 frame: name, detail, fields.
pub fn t30_frame(octets: &[u8]) {
    let fast = Modem {
        name: "V.17",
        rate: 14_400,
    };
    for (modem, damaged) in [(Modem::V21, false), (fast, true)] {
        let Some(decoded) = frame::decode(&HdlcFrame {
            modem,
            octets: octets.to_vec(),
            fcs: if damaged { Fcs::Bad } else { Fcs::Good },
            damaged,
        }) else {
            continue;
        };
        let _ = (decoded.name(), decoded.fif(), decoded.is_whole());
        assert!(
            decoded.detail().len() <= 1000 + 64 * octets.len(),
            "a long detail"
        );
        bounded(&decoded.fields(), octets);
    }
}

/// T.38 packets of one sender; the first octet says how they are framed.
pub fn t38_stream(octets: &[u8]) {
    let Some((how, rest)) = octets.split_first() else {
        return;
    };
    let framing = match how % 3 {
        0 => Framing::Udptl,
        1 => Framing::Rtp,
        _ => Framing::Tcp,
    };
    let arrivals: Vec<Arrival<'_>> = records(rest)
        .zip(1u32..)
        .map(|(record, number)| {
            let (seq, payload) = if framing == Framing::Rtp {
                record
                    .split_first_chunk::<2>()
                    .map_or((0, record), |(seq, rest)| (u16::from_be_bytes(*seq), rest))
            } else {
                (0, record)
            };
            Arrival {
                frame: FrameNo(number),
                at: Timestamp(u64::from(number) * 20_000_000),
                src: endpoint(1),
                dst: endpoint(2),
                payload: payload.into(),
                cut: how & 0x80 != 0,
                rtp_seq: (framing == Framing::Rtp).then_some(seq),
            }
        })
        .collect();
    let assembled = assemble(&arrivals, framing);
    // One packet may hold a field each two octets, and a gap stands before it.
    assert!(
        assembled.signals.len() <= 2 * octets.len() + 2,
        "{} signals",
        assembled.signals.len()
    );
}

/// RTP of one direction: first as packets one by one, then all of it as G.711 sound.
pub fn rtp(octets: &[u8]) {
    let codecs: HashMap<u8, String> = [
        (0, "PCMU".to_owned()),
        (8, "PCMA".to_owned()),
        (101, "telephone-event".to_owned()),
        (100, "X-NSE".to_owned()),
    ]
    .into();
    let packets: Vec<Vec<u8>> = records(octets).map(<[u8]>::to_vec).collect();
    hear(&packets, &codecs);
    let mut header = [0x80, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7];
    let mut sound = Vec::new();
    for (chunk, number) in octets.chunks(160).zip(0u16..) {
        let stamp = u32::from(number).wrapping_mul(160).to_be_bytes();
        for (to, from) in header
            .iter_mut()
            .skip(2)
            .zip(number.to_be_bytes().into_iter().chain(stamp))
        {
            *to = from;
        }
        sound.push([&header[..], chunk].concat());
        let _ = sniff::sniff(chunk, crate::rtp::g711::Law::A);
    }
    hear(&sound, &codecs);
}

fn hear(packets: &[Vec<u8>], codecs: &HashMap<u8, String>) {
    let arrivals: Vec<RtpArrival> = packets
        .iter()
        .zip(1u32..)
        .map(|(payload, number)| RtpArrival {
            frame: FrameNo(number),
            at: Timestamp(u64::from(number) * 20_000_000),
            src: endpoint(1),
            dst: endpoint(2),
            payload: payload.clone(),
            cut: 0,
        })
        .collect();
    assert!(stream::spans(&arrivals, codecs).len() <= packets.len());
    assert!(event::events(&arrivals, codecs).len() <= packets.len());
    let heard = fax::listen(&arrivals, codecs);
    assert_eq!(heard.signals.len(), heard.levels.len());
}
