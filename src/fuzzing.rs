//! What the fuzz targets of `fuzz/` and `tests/corpus.rs` do with octets, one function a target.
//!
//! Every function takes anything and returns; a panic is a finding, and so is a broken promise: more found
//! than octets can hold, rows wider than asked for, a character that steers a terminal in a row or a file.

use std::collections::HashMap;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use crate::analysis::reading::Analysis;
use crate::analysis::{AnalysedFlow, CallRow, Options};
use crate::call::CallNo;
use crate::capture::link::LinkType;
use crate::capture::packet::Decoder;
use crate::capture::reader::{Frame, Mark, Reader};
use crate::capture::stream::Streams;
use crate::capture::{CaptureInfo, Endpoint, FrameNo, Timestamp, Transport};
use crate::export::{self, Format};
use crate::field::Field;
use crate::line::{Fcs, HdlcFrame, Modem};
use crate::page::{Bitmap, Coding, Layout, PageFacts, Resolution};
use crate::rtp::{RtpArrival, event, fax, sniff, stream};
use crate::sip::framing::Framer;
use crate::sip::{Message, detail, parse, scan, sdp as description, strict};
use crate::t30::frame;
use crate::t38::stats::Encoding;
use crate::t38::stream::{Arrival, Framing, assemble};
use crate::t38::udptl::{Recovery, UdptlPacket, is_rtp_not_udptl, plausible};
use crate::t38::{ifp as packet, tpkt};
use crate::text::{is_hostile, is_plain_ascii, lossy};
use crate::view::time::{Clock, Zone};
use crate::view::{Row, calls, decode, hints, ladder};

mod text;

pub use text::text;

/// A target by its name.
pub type Target = (&'static str, fn(&[u8]));

/// All targets, named as in `fuzz/corpus/<name>`.
pub const TARGETS: &[Target] = &[
    ("reader", reader),
    ("link", link),
    ("sip", sip),
    ("sdp", sdp),
    ("framing", framing),
    ("udptl", udptl),
    ("ifp", ifp),
    ("t30_frame", t30_frame),
    ("t38_stream", t38_stream),
    ("rtp", rtp),
    ("page", page),
    ("text", text),
    ("pipeline", pipeline),
];

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

/// Columns of the rows that are drawn.
const WIDTH: usize = 100;

/// A capture file: all its frames.
pub fn reader(octets: &[u8]) {
    let Some(file) = file_of(octets) else { return };
    let Ok(mut reader) = Reader::open(file.path()) else {
        return;
    };
    let (mut frames, mut last): (usize, usize) = (0, 0);
    while let Ok(Some(frame)) = reader.next_frame() {
        frames += 1;
        // Blocks that are no packets may have numbers too, as in Wireshark.
        let number = usize::try_from(frame.no.0).unwrap_or(usize::MAX);
        assert!(number > last, "frame {number} after {last}");
        last = number;
    }
    assert!(
        usize::try_from(reader.info().packets).is_ok_and(|packets| packets >= last),
        "more numbers than were counted"
    );
    // A pcap record has 16 octets at least, a block with a packet 16 (compressed captures hold more).
    assert!(
        is_compressed(octets) || frames <= octets.len() / 12,
        "{frames} frames of {} octets",
        octets.len()
    );
}

fn is_compressed(octets: &[u8]) -> bool {
    matches!(
        octets,
        [0x1f, 0x8b, ..] | [0x28, 0xb5, ..] | [0x50..=0x5f, ..]
    )
}

/// The octets as one frame of every link type, then as several frames of the first octet's link type.
pub fn link(octets: &[u8]) {
    let types: Vec<LinkType> = (0..=u16::from(u8::MAX) + 64)
        .map(LinkType)
        .filter(|link| link.is_known())
        .collect();
    for link in &types {
        Decoded::default().take(*link, octets, 0);
    }
    let Some((which, rest)) = octets.split_first() else {
        return;
    };
    if let Some(link) = types.get(usize::from(*which) % types.len().max(1)) {
        let mut decoded = Decoded::default();
        for record in records(rest) {
            decoded.take(*link, record, 14);
        }
        let Decoded {
            decoder,
            mut streams,
            ..
        } = decoded;
        streams.finish(&mut |_| {});
        decoder.report(&mut CaptureInfo::default(), true);
    }
}

/// A decoder with the streams behind it.
#[derive(Default)]
struct Decoded {
    decoder: Decoder,
    streams: Streams,
    frames: u32,
}

impl Decoded {
    fn take(&mut self, link: LinkType, data: &[u8], cut: u32) {
        self.frames += 1;
        let frame = Frame {
            no: FrameNo(self.frames),
            at: Timestamp(u64::from(self.frames) * 20_000_000),
            offset: 0,
            data,
            wire_len: u32::try_from(data.len())
                .unwrap_or(u32::MAX)
                .saturating_add(cut),
            link,
            mark: Mark::default(),
        };
        let streams = &mut self.streams;
        let mut packets = 0;
        self.decoder.decode(&frame, &mut |packet| {
            packets += 1;
            if matches!(packet.transport, Transport::Tcp { .. }) {
                streams.push(packet, &mut |_| {});
            }
        });
        assert!(packets <= data.len() + 1, "{packets} packets in a frame");
    }
}

/// What the byte scan finds by shorter ways is what the parser finds.
fn scanned_as_parsed(brief: &scan::Brief<'_>, message: &Message, octets: &[u8]) {
    assert_eq!(message.body.start + brief.body.len(), octets.len(), "body");
    let text = |value: Option<&[u8]>| value.map(|value| lossy(&scan::unfold(value)));
    for (name, scanned) in [
        ("Call-ID", brief.call_id()),
        ("From", brief.from()),
        ("To", brief.to()),
        ("Content-Type", brief.content_type()),
    ] {
        let parsed = message.header(name);
        // The parser keeps the first of very many headers.
        if parsed.is_some() || message.headers.len() < 1000 {
            assert_eq!(text(scanned).as_deref(), parsed, "{name}");
        }
    }
}

/// A datagram with SIP: byte scan, full parse, SDP, everything shown.
pub fn sip(octets: &[u8]) {
    let brief = scan::scan(octets);
    if let Some(brief) = &brief {
        let _ = brief.status();
    }
    let Some(message) = parse::message(octets) else {
        return;
    };
    assert!(
        message.headers.len() <= octets.len(),
        "more headers than octets"
    );
    assert!(
        message.body.end <= message.raw.len(),
        "the body lies in the message"
    );
    if let Some(brief) = &brief {
        scanned_as_parsed(brief, &message, octets);
    }
    let _ = (message.from(), message.to(), message.sdp(), message.cseq());
    let _ = (
        message.branch(),
        message.reasons(),
        message.session_expires(),
    );
    let _ = strict::opinions(&message);
    bounded(&detail::fields(&message), octets);
}

/// An SDP body.
pub fn sdp(octets: &[u8]) {
    let parsed = description::parse(octets);
    assert!(
        parsed.media.len() <= octets.len(),
        "more media lines than octets"
    );
    for line in &parsed.media {
        let _ = line.format_names();
        let _ = (line.encoding(0), line.payload_type("PCMU"));
    }
    bounded(&detail::sdp_fields(octets), octets);
}

/// A byte stream with SIP in it, in chunks; what comes out is never more than what went in.
pub fn framing(octets: &[u8]) {
    let mut framer = Framer::new();
    let (mut given, mut taken) = (0, 0);
    let mut frame_no = 0;
    for record in records(octets) {
        frame_no += 1;
        given += record.len();
        let gap = record.first() == Some(&0);
        let messages = framer.push(record, FrameNo(frame_no), Timestamp(0), gap);
        taken += messages.iter().map(|one| one.octets.len()).sum::<usize>();
    }
    let rest = framer.finish();
    taken += rest.iter().map(|one| one.octets.len()).sum::<usize>();
    assert!(taken <= given, "{taken} octets out of {given}");
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

/// A capture file through everything: calls, ladder, hints, every form of output.
pub fn pipeline(octets: &[u8]) {
    let Some(file) = file_of(octets) else { return };
    let Ok(mut analysis) = Analysis::open(Options {
        file: file.path().to_owned(),
        ..Options::default()
    }) else {
        return;
    };
    if analysis.read_all(|_| {}).is_err() {
        return;
    }
    growing(file.path());
    // The name of the file differs from run to run.
    let info = CaptureInfo {
        file: "fuzz".to_owned(),
        ..analysis.info().clone()
    };
    let numbers: Vec<CallNo> = analysis.numbers().collect();
    let frames = usize::try_from(info.packets).unwrap_or(usize::MAX);
    assert!(numbers.len() <= octets.len(), "more calls than octets");
    let analysed = analysis.analyse_all(&numbers, true).unwrap_or_default();
    let rows: Vec<CallRow<'_>> = analysed
        .iter()
        .filter_map(|one| Some(analysis.row(one.call.number)?.with(one)))
        .collect();
    let listed = calls::layout(&rows, &info, &calls::Options::default());
    harmless(&listed.rows(0..listed.len()), None);
    let flows: Vec<AnalysedFlow> = numbers
        .iter()
        .take(MOST_FLOWS)
        .filter_map(|number| analysis.flow(&[*number], true).ok())
        .collect();
    for flow in &flows {
        draw(flow, frames, octets.len());
    }
    for format in [Format::Text, Format::Json, Format::Ndjson, Format::Markdown] {
        let options = export::Options::default();
        let mut out = Vec::new();
        let _ = export::flow(&mut out, &info, &flows, format, &options);
        let _ = export::check(&mut out, &info, &flows, format, &options);
        let _ = export::calls(&mut out, &info, &rows, &analysed, format, &options);
        harmless_text(&lossy(&out));
        if format == Format::Ndjson {
            for line in out
                .split(|octet| *octet == b'\n')
                .filter(|line| !line.is_empty())
            {
                let whole = serde_json::from_slice::<serde_json::Value>(line);
                assert!(whole.is_ok(), "not JSON: {whole:?}");
            }
        }
    }
}

/// The same capture as it grows, of which only a call or two are kept.
fn growing(file: &Path) {
    let Ok(mut analysis) = Analysis::open(Options {
        file: file.to_owned(),
        keep_calls: Some(1),
        ..Options::default()
    }) else {
        return;
    };
    loop {
        let Ok(more) = analysis.step(FEW_FRAMES) else {
            return;
        };
        analysis.settle();
        let gone = analysis.evict_calls(&[]);
        let numbers: Vec<CallNo> = analysis.numbers().collect();
        assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
        for number in &numbers {
            assert!(!gone.contains(number), "{number} is gone and there");
            let row = analysis.row(*number);
            assert!(row.is_some_and(|row| row.number == *number), "{number}");
        }
        if !more {
            break;
        }
    }
    let left: Vec<CallNo> = analysis.numbers().collect();
    let analysed = analysis.analyse_all(&left, true).unwrap_or_default();
    assert!(analysed.len() <= left.len(), "more calls than there are");
}

/// Frames between two looks at what is there.
const FEW_FRAMES: usize = 16;

/// Calls that are drawn; a few show what many would.
const MOST_FLOWS: usize = 4;

/// Both forms of a ladder, its hints, and the message of each event.
fn draw(flow: &AnalysedFlow, frames: usize, octets: usize) {
    let options = ladder::Options {
        width: WIDTH,
        fold: ladder::Fold::Nothing,
        ..ladder::Options::default()
    };
    let screen = ladder::layout(flow, &options);
    let rows = screen.rows(0..screen.len());
    assert!(
        rows.len() <= 1000 + 4 * frames + octets,
        "{} rows of {frames} frames",
        rows.len()
    );
    harmless(&rows, Some(WIDTH));
    harmless(&screen.header, Some(WIDTH));
    harmless(&[screen.title, screen.strip], Some(WIDTH));
    let whole: Vec<_> = ladder::layout_whole(flow, &options).whole_rows().collect();
    harmless(&whole, None);
    for (call, found) in flow.flow.legs.iter().zip(&flow.hints) {
        harmless(&hints::rows(found, None, WIDTH, false), Some(WIDTH));
        harmless(&hints::side_pane(found, WIDTH, false), Some(WIDTH));
        for event in &call.events {
            assert!(
                call.events
                    .get(usize::try_from(event.id.0).unwrap_or(usize::MAX))
                    .is_some()
            );
            for raw in [false, true] {
                harmless(&decode::message(call, event, raw, WIDTH), Some(WIDTH));
                let rows = decode::side_pane(call, event, raw, WIDTH, Clock::OfDay(3, Zone::UTC));
                harmless(&rows, Some(WIDTH));
            }
        }
    }
}

/// Rows steer no terminal, and keep to their width.
fn harmless(rows: &[Row], width: Option<usize>) {
    for row in rows {
        let text = row.text();
        assert!(is_harmless(&text), "a hostile row: {text:?}");
        if let Some(width) = width {
            assert!(
                row.width() <= width,
                "a row of {} columns: {text}",
                row.width()
            );
        }
    }
}

fn harmless_text(text: &str) {
    let bad = text.lines().find(|line| !is_harmless(line));
    assert!(bad.is_none(), "a hostile line: {bad:?}");
}

fn is_harmless(text: &str) -> bool {
    is_plain_ascii(text) || !text.chars().any(is_hostile)
}

/// Fields say no more than a stated multiple of what was sent.
fn bounded(fields: &[Field], octets: &[u8]) {
    assert!(
        fields.len() <= 1000 + 8 * octets.len(),
        "{} fields of {} octets",
        fields.len(),
        octets.len()
    );
}

/// The input as records: one octet that says how long, then as many octets as there are.
fn records(mut octets: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (len, rest) = octets.split_first()?;
        // Above 200 in steps, so that a record may be as long as a datagram.
        let len = match usize::from(*len) {
            len @ ..=200 => len,
            long => 200 + (long - 200) * 24,
        };
        let (record, rest) = rest.split_at(len.min(rest.len()));
        octets = rest;
        Some(record)
    })
}

fn endpoint(host: u8) -> Endpoint {
    Endpoint::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, host)), 4000)
}

fn file_of(octets: &[u8]) -> Option<tempfile::NamedTempFile> {
    let mut file = tempfile::NamedTempFile::new().ok()?;
    file.write_all(octets).ok()?;
    file.flush().ok()?;
    Some(file)
}
