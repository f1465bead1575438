//! A capture written anew, with the same frames in the same places and nothing in them that tells who and where.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};
use std::net::IpAddr;

use crate::analysis::reading::{Analysis, Span};
use crate::capture::edit::{self, Addresses, Piece};
use crate::capture::packet::Decoder;
use crate::capture::pieces::Datagram;
use crate::capture::reader::Frame;
use crate::capture::write_ng::WriterNg;
use crate::capture::{Endpoint, FrameNo, Packet, Transport};
use crate::redact::line::Line;
use crate::redact::sip;
use crate::redact::stand_in::StandIns;
use crate::redact::tcp::Connections;
use crate::rtp::header;
use crate::t38::stream::edit::edit;
use crate::t38::stream::{Arrival, Framing};
use crate::t38::udptl::{Plausibility, plausible};

/// Datagrams in pieces that are waited for.
const MOST: usize = 4096;
/// Of what an error quotes, or of another protocol on a path of media, octets that stay: the header.
const HEADER: usize = 12;

/// Longest tone that stays, and how much of what is around it, seconds.
const TONE_MOST: f64 = 5.0;
const TONE_EDGE: f64 = 0.1;

/// From one end to another.
pub(super) type MediaPath = (Endpoint, Endpoint);

/// New content of frames that are pieces of something larger: where in the frame, and what.
pub(super) type Patches = HashMap<FrameNo, Vec<(usize, Vec<u8>)>>;

impl Addresses for StandIns {
    fn address(&mut self, addr: IpAddr) -> IpAddr {
        Self::address(self, addr)
    }

    fn hardware(&mut self, addr: &mut [u8]) {
        self.hardware_address(addr);
    }
}

/// Replaces the content of packets.
pub(super) struct Contents<'s> {
    pub(super) instead: &'s mut StandIns,
    /// T.38 payloads by their path, each with what stands in for it: both directions may say the same in a piece of
    /// something that differs.
    t38: HashMap<MediaPath, HashMap<Vec<u8>, Vec<u8>>>,
    /// Paths of media.
    paths: HashSet<MediaPath>,
    /// Tones of fax machines stay: they say nothing of anybody.
    tones: HashMap<MediaPath, Vec<Span>>,
    /// Sound was replaced.
    pub(super) silenced: bool,
}

impl<'s> Contents<'s> {
    fn new(analysis: &Analysis, instead: &'s mut StandIns) -> io::Result<Self> {
        let mut t38: HashMap<MediaPath, HashMap<_, _>> = HashMap::new();
        for (framing, arrivals) in analysis.t38_streams()? {
            for (index, payload) in edit(&arrivals, framing, |packets, encoding| {
                Line::new(instead).run(packets, encoding);
            }) {
                if let Some(arrival) = arrivals.get(index) {
                    let known = t38.entry((arrival.src, arrival.dst)).or_default();
                    known.insert(arrival.payload.to_vec(), payload);
                }
            }
        }
        Ok(Self {
            instead,
            t38,
            paths: analysis.media_paths(),
            tones: analysis.tones()?,
            silenced: false,
        })
    }

    /// T.38 of a stream that is known.
    pub(super) fn known_t38(&self, path: MediaPath, payload: &[u8]) -> Option<Vec<u8>> {
        self.t38.get(&path)?.get(payload).cloned()
    }

    /// What stands in for the payload of a packet, octet for octet.
    fn payload(&mut self, packet: &Packet<'_>) -> Vec<u8> {
        let mut out = packet.payload.to_vec();
        let blank = out
            .iter()
            .take_while(|octet| octet.is_ascii_whitespace())
            .count();
        if sip::is_message(out.get(blank..).unwrap_or_default()) {
            if let Some(message) = out.get_mut(blank..) {
                sip::message(message, self.instead);
            }
            return out;
        }
        if matches!(packet.transport, Transport::Icmp { .. }) {
            out.iter_mut().skip(HEADER).for_each(|octet| *octet = 0);
            return out;
        }
        if let Some(known) = self.known_t38((packet.src, packet.dst), packet.payload) {
            return known;
        }
        let on_path = self.paths.contains(&(packet.src, packet.dst));
        let fits = plausible(packet.payload) == Plausibility::Likely;
        if fits && (on_path || header::parse(packet.payload).is_none()) {
            return self.single(packet);
        }
        if let Some(rtp) = header::parse(packet.payload)
            && (on_path || header::looks_like_rtp(packet.payload))
        {
            self.sound(&mut out, packet, &rtp);
            return out;
        }
        if on_path {
            out.iter_mut().skip(HEADER).for_each(|octet| *octet = 0);
        }
        out
    }

    /// T.38 that is of no stream that is known.
    fn single(&mut self, packet: &Packet<'_>) -> Vec<u8> {
        let arrivals = [Arrival {
            frame: packet.frame,
            at: packet.at,
            src: packet.src,
            dst: packet.dst,
            payload: packet.payload.into(),
            cut: packet.cut > 0,
            rtp_seq: None,
        }];
        let instead = &mut *self.instead;
        let changed = edit(&arrivals, Framing::Udptl, |packets, encoding| {
            Line::new(instead).run(packets, encoding);
        });
        match changed.into_iter().next() {
            Some((_, payload)) => payload,
            None => vec![0; packet.payload.len()],
        }
    }

    /// Whether a tone is heard in a packet of sound: no longer than CED, whatever its row says.
    fn is_tone(&self, packet: &Packet<'_>) -> bool {
        let spans = self.tones.get(&(packet.src, packet.dst));
        spans.into_iter().flatten().any(|(from, until)| {
            let since = packet.at.seconds_since(*from);
            (-TONE_EDGE..=TONE_MOST).contains(&since)
                && packet.at.seconds_since(*until) <= TONE_EDGE
        })
    }

    /// Sound becomes silence; of events digits go, tones stay.
    fn sound(&mut self, out: &mut [u8], packet: &Packet<'_>, rtp: &header::RtpHeader<'_>) {
        let start = rtp.payload.as_ptr().addr() - packet.payload.as_ptr().addr();
        let Some(payload) = out.get_mut(start..start + rtp.payload.len()) else {
            return;
        };
        if let Some(known) = self.known_t38((packet.src, packet.dst), rtp.payload) {
            payload.copy_from_slice(&known);
            return;
        }
        if self.is_tone(packet) {
            return;
        }
        match (rtp.payload_type, &mut *payload) {
            (96.., [code @ 0..=15, _, _, _]) => *code = 0,
            (96.., [_, _, _, _]) => {}
            (0, sound) => sound.fill(0xff),
            (8, sound) => sound.fill(0xd5),
            (_, sound) => sound.fill(0),
        }
        self.silenced |= payload.len() > 4;
    }
}

/// Writes the capture anew; whether sound was replaced.
pub(super) fn rewrite(
    analysis: &Analysis,
    instead: &mut StandIns,
    out: &mut dyn Write,
) -> io::Result<bool> {
    let mut contents = Contents::new(analysis, instead)?;
    let patches = patches(analysis, &mut contents)?;
    let mut writer = WriterNg::begin(out, "faxflow: redacted")?;
    let Some(mut reader) = analysis.frames()? else {
        return Ok(false);
    };
    let mut decoder = Decoder::new();
    let mut next = 1;
    while let Some(frame) = reader.next_frame().map_err(io::Error::other)? {
        // What has a number and is no frame: the numbers of the others stay.
        while next < frame.no.0 {
            let empty = Frame {
                data: &[],
                wire_len: 0,
                ..frame
            };
            writer.write(&empty, &[])?;
            next += 1;
        }
        next += 1;
        let new = one(&frame, &mut decoder, &mut contents, patches.get(&frame.no));
        writer.write(
            &Frame {
                data: &new,
                ..frame
            },
            &[],
        )?;
    }
    reader.read_error()?;
    Ok(contents.silenced)
}

fn one(
    frame: &Frame<'_>,
    decoder: &mut Decoder,
    contents: &mut Contents<'_>,
    patches: Option<&Vec<(usize, Vec<u8>)>>,
) -> Vec<u8> {
    let mut new = frame.data.to_vec();
    let put = |new: &mut Vec<u8>, at: usize, octets: &[u8]| {
        if let Some(place) = new.get_mut(at..at + octets.len()) {
            place.copy_from_slice(octets);
        }
    };
    decoder.decode(frame, &mut |packet| {
        let Some(at) = packet
            .offset
            .and_then(|offset| offset.checked_sub(frame.offset))
        else {
            return;
        };
        if matches!(packet.transport, Transport::Tcp { .. }) {
            return;
        }
        let payload = contents.payload(packet);
        if let Ok(at) = usize::try_from(at) {
            put(&mut new, at, &payload);
        }
    });
    for (at, octets) in patches.into_iter().flatten() {
        put(&mut new, *at, octets);
    }
    edit::readdress(frame.link, frame.data, &mut new, contents.instead);
    new
}

/// What lies in several frames: fragments and TCP.
fn patches(analysis: &Analysis, contents: &mut Contents<'_>) -> io::Result<Patches> {
    let mut patches = Patches::new();
    let Some(mut reader) = analysis.frames()? else {
        return Ok(patches);
    };
    let mut decoder = Decoder::new();
    let mut waiting: HashMap<Datagram, Vec<Piece>> = HashMap::new();
    let mut connections = Connections::default();
    while let Some(frame) = reader.next_frame().map_err(io::Error::other)? {
        let piece = edit::piece(&frame);
        if let Some((datagram, piece)) = &piece {
            if waiting.len() >= MOST {
                for (_, pieces) in waiting.drain() {
                    alone(&mut patches, &pieces, contents);
                }
            }
            waiting.entry(*datagram).or_default().push(piece.clone());
        }
        let mut whole: Option<(Vec<u8>, IpAddr, IpAddr)> = None;
        decoder.decode(&frame, &mut |packet| match packet.transport {
            Transport::Tcp { .. } => connections.add(packet, frame.offset),
            Transport::Udp if packet.offset.is_none() => {
                whole = Some((contents.payload(packet), packet.src.addr, packet.dst.addr));
            }
            _ => {}
        });
        if let (Some((payload, src, dst)), Some((datagram, _))) = (whole, piece)
            && let Some(pieces) = waiting.remove(&datagram)
        {
            together(&mut patches, &pieces, (&payload, src, dst), contents);
        }
    }
    reader.read_error()?;
    for (_, pieces) in waiting.drain() {
        alone(&mut patches, &pieces, contents);
    }
    connections.finish(contents, &mut patches);
    Ok(patches)
}

/// The pieces of a whole datagram with its new payload.
fn together(
    patches: &mut Patches,
    pieces: &[Piece],
    (payload, src, dst): (&[u8], IpAddr, IpAddr),
    contents: &mut Contents<'_>,
) {
    let size = pieces
        .iter()
        .map(|piece| piece.offset + piece.octets.len())
        .max();
    let mut old = vec![0; size.unwrap_or(0)];
    for piece in pieces.iter().rev() {
        if let Some(place) = old.get_mut(piece.offset..piece.offset + piece.octets.len()) {
            place.copy_from_slice(&piece.octets);
        }
    }
    let new = edit::datagram(&old, payload, (src, dst), contents.instead);
    for piece in pieces {
        if let Some(octets) = new.get(piece.offset..piece.offset + piece.octets.len()) {
            patches
                .entry(piece.frame)
                .or_default()
                .push((piece.at, octets.to_vec()));
        }
    }
}

/// Pieces of a datagram that never became whole: its beginning may be read, nothing else.
fn alone(patches: &mut Patches, pieces: &[Piece], contents: &mut Contents<'_>) {
    /// Octets of a UDP header.
    const UDP: usize = 8;
    for piece in pieces {
        let mut octets = piece.octets.clone();
        let head = if piece.offset == 0 { UDP } else { 0 };
        if let Some(rest) = octets.get_mut(head.min(piece.octets.len())..) {
            if piece.offset == 0 && sip::is_message(rest) {
                sip::message(rest, contents.instead);
            } else {
                let kept = if piece.offset == 0 { HEADER } else { 0 };
                rest.iter_mut().skip(kept).for_each(|octet| *octet = 0);
            }
        }
        patches
            .entry(piece.frame)
            .or_default()
            .push((piece.at, octets));
    }
}
