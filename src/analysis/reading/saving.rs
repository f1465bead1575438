//! The packets of some calls as a capture of their own.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io::{self, Write};

use crate::analysis::AnalysedFlow;
use crate::call::index::{DialogId, Index};
use crate::capture::packet::Decoder;
use crate::capture::pieces::Datagram;
use crate::capture::reader::{Frame, Mark};
use crate::capture::store::Store;
use crate::capture::stream::Streams;
use crate::capture::write::Writer;
use crate::capture::write_ng::WriterNg;
use crate::capture::{Endpoint, FrameNo, Packet, Stamp, Timestamp, Transport};
use crate::sip::framing::Framer;

/// Fragments of one datagram come within this time (RFC 791), seconds.
const TOGETHER: f64 = 30.0;
/// Datagrams in pieces, and directions of TCP, that are remembered at a time.
const MOST: usize = 4096;
/// Segments of a direction that may be of one message.
const SEGMENTS: usize = 4096;

/// Packets that are remembered for a second recording, which comes within milliseconds.
const RECENT: usize = 64;

/// What is said of frames.
pub(super) type Comments = HashMap<FrameNo, Vec<String>>;

/// The hints of a flow as comments of their first frames; the other frames of a hint name its rule.
pub(super) fn comments(flow: &AnalysedFlow) -> Comments {
    let mut comments = Comments::new();
    for hint in flow.hints.iter().flatten() {
        let (mark, id) = (hint.finding.severity.name(), hint.rule.id);
        let whole = format!("faxflow {mark} {id}: {}\n{}", hint.says(), hint.rule.advice);
        let mut texts =
            std::iter::once(whole).chain(std::iter::repeat(format!("faxflow: see {id}")));
        for frame in &hint.finding.frames {
            let text = texts.next().unwrap_or_default();
            comments.entry(*frame).or_default().push(text);
        }
    }
    comments
}

/// What belongs to the calls that are saved.
struct Wanted {
    /// Frames of SIP (where a message of several frames ends), of ICMP, and of datagrams that stayed in pieces.
    frames: HashSet<FrameNo>,
    /// By source and destination the spans of their flows, first and last frame, in order and apart.
    flows: HashMap<(Endpoint, Endpoint), Vec<(FrameNo, FrameNo)>>,
}

impl Wanted {
    fn of(index: &Index, calls: &[DialogId]) -> Self {
        let mut wanted = Self {
            frames: HashSet::new(),
            flows: HashMap::new(),
        };
        for dialog in calls.iter().filter_map(|id| index.dialog(*id)) {
            let rare = dialog.rare();
            let messages = dialog.messages.iter().map(|message| message.frame);
            let errors = rare.icmp.iter().map(|error| error.frame);
            let pieces = rare.incomplete.iter().map(|piece| piece.frame);
            wanted.frames.extend(messages.chain(errors).chain(pieces));
            for flow in dialog.flows.iter().filter_map(|id| index.flow(*id)) {
                let spans = wanted.flows.entry((flow.src, flow.dst)).or_default();
                spans.push((flow.first_frame, flow.last_frame));
            }
        }
        for spans in wanted.flows.values_mut() {
            spans.sort_unstable();
            spans.dedup_by(|later, earlier| {
                let meets = later.0 <= earlier.1;
                if meets {
                    earlier.1 = earlier.1.max(later.1);
                }
                meets
            });
        }
        wanted
    }

    /// Whether a packet is of one of the flows.
    fn has(&self, packet: &Packet<'_>) -> bool {
        let spans = self.flows.get(&(packet.src, packet.dst));
        spans.is_some_and(|spans| {
            let begun = spans.partition_point(|(first, _)| *first <= packet.frame);
            let last = begun.checked_sub(1).and_then(|place| spans.get(place));
            last.is_some_and(|(_, last)| packet.frame <= *last)
        })
    }
}

/// One direction of TCP.
#[derive(Default)]
struct Direction {
    framer: Framer,
    /// Segments since the last message.
    frames: Vec<FrameNo>,
}

/// The first pass: which frames are taken.
struct Choice<'w> {
    wanted: &'w Wanted,
    taken: HashSet<FrameNo>,
    /// Datagrams in pieces: their frames, whether they are taken, and the last time.
    pieces: HashMap<Datagram, (Vec<FrameNo>, bool, Timestamp)>,
    streams: Streams,
    directions: HashMap<(Endpoint, Endpoint), Direction>,
    /// Packets taken last, for those that were recorded twice.
    recent: VecDeque<(Endpoint, Endpoint, Stamp)>,
}

impl Choice<'_> {
    fn look(&mut self, frame: &Frame<'_>, decoder: &mut Decoder) {
        let mut take = self.wanted.frames.contains(&frame.no);
        let mut segments: Vec<(Endpoint, Endpoint, Vec<u8>, bool, FrameNo, Timestamp)> = Vec::new();
        decoder.decode(frame, &mut |packet| {
            take |= self.wanted.has(packet);
            let content = (packet.src, packet.dst, packet.stamp);
            if packet.duplicate {
                // The index knows the first recording of a packet alone.
                take |= self.recent.contains(&content);
            } else if take {
                if self.recent.len() >= RECENT {
                    self.recent.pop_front();
                }
                self.recent.push_back(content);
            }
            if matches!(packet.transport, Transport::Tcp { .. }) {
                self.streams.push(packet, &mut |chunk| {
                    segments.push((
                        chunk.src,
                        chunk.dst,
                        chunk.data.to_vec(),
                        chunk.gap,
                        chunk.frame,
                        chunk.at,
                    ));
                });
            }
        });
        for (src, dst, data, gap, no, at) in segments {
            self.segment((src, dst), (&data, gap), (no, at));
        }
        if take {
            self.taken.insert(frame.no);
        }
        self.piece(frame, take);
    }

    /// All fragments of a datagram go with the one that completes it.
    fn piece(&mut self, frame: &Frame<'_>, take: bool) {
        let Some(datagram) = Datagram::of_fragment(frame) else {
            return;
        };
        if self.pieces.len() >= MOST {
            self.pieces
                .retain(|_, (_, _, last)| frame.at.seconds_since(*last) < TOGETHER);
        }
        if self.pieces.len() >= MOST {
            self.pieces.clear();
        }
        let new = || (Vec::new(), false, frame.at);
        let (frames, taken, last) = self.pieces.entry(datagram).or_insert_with(new);
        if frame.at.seconds_since(*last).abs() > TOGETHER {
            (*frames, *taken) = (Vec::new(), false);
        }
        *last = frame.at;
        *taken |= take;
        frames.push(frame.no);
        if *taken {
            self.taken.extend(frames.drain(..));
        }
    }

    /// A message of several segments stands at the frame that completes it: those before belong to it.
    fn segment(
        &mut self,
        path: (Endpoint, Endpoint),
        (data, gap): (&[u8], bool),
        (no, at): (FrameNo, Timestamp),
    ) {
        if self.directions.len() >= MOST {
            self.directions
                .retain(|_, direction| !direction.framer.is_idle());
        }
        if self.directions.len() >= MOST {
            self.directions.clear();
        }
        let direction = self.directions.entry(path).or_default();
        direction.frames.push(no);
        for message in direction.framer.push(data, no, at, gap) {
            let (first, last) = (message.first.0, message.last.0);
            if self.wanted.frames.contains(&last) {
                let own = direction
                    .frames
                    .iter()
                    .filter(|frame| (first..=last).contains(*frame));
                self.taken.extend(own);
            }
        }
        let begun = direction.framer.begun().map_or(no, |(first, _)| first);
        direction.frames.retain(|frame| *frame >= begun);
        direction.frames.truncate(SEGMENTS);
    }
}

/// The frames of the calls: SIP, T.38, RTP and ICMP, with all fragments and segments.
fn chosen(store: &Store, start: Mark, wanted: &Wanted) -> io::Result<HashSet<FrameNo>> {
    let mut choice = Choice {
        wanted,
        taken: HashSet::new(),
        pieces: HashMap::new(),
        streams: Streams::default(),
        directions: HashMap::new(),
        recent: VecDeque::new(),
    };
    let mut reader = store.frames_from(start)?;
    let mut decoder = Decoder::new();
    while let Some(frame) = reader.next_frame().map_err(io::Error::other)? {
        choice.look(&frame, &mut decoder);
    }
    reader.read_error()?;
    Ok(choice.taken)
}

/// Writes the packets of the calls in two passes over the capture: as pcapng with comments, or as pcap without.
pub(super) fn packets(
    store: &Store,
    start: Mark,
    (index, calls): (&Index, &[DialogId]),
    comments: Option<&Comments>,
    out: &mut dyn Write,
) -> io::Result<u64> {
    let taken = chosen(store, start, &Wanted::of(index, calls))?;
    if taken.is_empty() {
        return Err(io::Error::other("the call has no packets"));
    }
    let mut reader = store.frames_from(start)?;
    if let Some(comments) = comments {
        let about = "faxflow: the packets of one fax; hints are comments of frames";
        let mut writer = WriterNg::begin(out, about)?;
        while let Some(frame) = reader.next_frame().map_err(io::Error::other)? {
            if taken.contains(&frame.no) {
                writer.write(&frame, comments.get(&frame.no).map_or(&[], Vec::as_slice))?;
            }
        }
        reader.read_error()?;
        return Ok(writer.frames());
    }
    let (mut out, mut writer) = (Some(out), None);
    while let Some(frame) = reader.next_frame().map_err(io::Error::other)? {
        if !taken.contains(&frame.no) {
            continue;
        }
        if let Some(out) = out.take() {
            writer = Some(Writer::begin(out, frame.link)?);
        }
        if let Some(writer) = &mut writer {
            writer.write(&frame)?;
        }
    }
    reader.read_error()?;
    Ok(writer.map_or(0, |writer| writer.frames()))
}
