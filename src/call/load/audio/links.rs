//! The RTP of one direction by link: what is read of it, and what was seen beside that.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;

use crate::call::index::{FlowEntry, FlowId};
use crate::call::load::RtpByFlow;
use crate::call::path::nearest_link;
use crate::call::{Event, EventKind, Path, Relay, Side};
use crate::capture::{Endpoint, FrameNo, Timestamp};
use crate::line::Signal;
use crate::rtp::RtpArrival;

/// Octets of the RTP header that a relay leaves as they are: number, time and source (RFC 3550 5.1).
const IDENTITY: std::ops::Range<usize> = 2..12;

/// Where a stream goes on over another link, its signals have the ends of the packets in which they begin.
pub(super) fn set_ends(signals: &mut [Signal], read: &[RtpArrival]) {
    for signal in signals {
        let place = read.binary_search_by_key(&signal.frame, |one| one.frame);
        if let Some(one) = place.ok().and_then(|at| read.get(at)) {
            (signal.src, signal.dst) = (one.src, one.dst);
        }
    }
}

/// What comes on another link so much before or after the packets that are read is no copy of them, seconds.
const APART: f64 = 0.2;

/// The packets of one side.
pub(super) struct Streams<'r> {
    /// What reaches the other end, as near to it as the capture has it.
    pub(super) read: Cow<'r, [RtpArrival]>,
    /// The links on which it is not read.
    pub(super) others: Vec<OnLink<'r>>,
}

/// The packets of one side on a link of which not all is read.
pub(super) struct OnLink<'r> {
    all: Cow<'r, [RtpArrival]>,
    /// Those that are not read.
    pub(super) unread: Vec<RtpArrival>,
}

/// What was seen of the sound of one side on a link on which it is not read.
#[derive(Debug)]
pub(in crate::call::load) struct Elsewhere {
    side: Side,
    /// RTP.
    rows: Vec<Event>,
    /// Frames that are read, with the same packet here.
    twins: HashMap<FrameNo, Twin, RandomState>,
}

/// A packet on another link.
#[derive(Clone, Copy, Debug)]
struct Twin {
    frame: FrameNo,
    at: Timestamp,
    path: (Endpoint, Endpoint),
}

impl<'r> Streams<'r> {
    /// The flows of one side by link.
    pub(super) fn of_side(
        mut flows: Vec<(FlowId, &FlowEntry)>,
        rtp: &'r RtpByFlow,
        path: &Path,
        side: Side,
    ) -> Self {
        let link = |flow: &FlowEntry| path.link_of_media(flow.src, flow.dst, side);
        let near = nearest_link(side, flows.iter().map(|(_, flow)| link(flow)));
        // What no SDP explains is read with the rest.
        let link = |flow: &FlowEntry| link(flow).or(near);
        // A stable order: what reaches the other end first, and of that the most.
        flows.sort_by_key(|(id, flow)| {
            let packets = rtp.get(id).map_or(0, Vec::len);
            (link(flow) != near, std::cmp::Reverse(packets))
        });
        let mut links = vec![near];
        for (_, flow) in &flows {
            if !links.contains(&link(flow)) {
                links.push(link(flow));
            }
        }
        let mut out = Self {
            read: Cow::Borrowed(&[]),
            others: Vec::new(),
        };
        for at in links {
            let here = flows.iter().filter(|(_, flow)| link(flow) == at);
            let here: Vec<FlowId> = here.map(|(id, _)| *id).collect();
            let all = of_one_path(&here, rtp);
            if at == near {
                out.read = all;
            } else if !all.is_empty() {
                out.add(all);
            }
        }
        out
    }

    /// A further link: what is read of it is what came while nothing came on those before.
    fn add(&mut self, all: Cow<'r, [RtpArrival]>) {
        let times = self.read.iter().map(|one| one.at);
        let read = times.clone().min().zip(times.max());
        let is_read = |one: &RtpArrival| {
            read.is_some_and(|(from, until)| {
                from.seconds_since(one.at) < APART && one.at.seconds_since(until) < APART
            })
        };
        let known: HashSet<&[u8], RandomState> = self.read.iter().map(identity).collect();
        let (mut unread, mut new) = (Vec::new(), Vec::new());
        for one in &*all {
            if is_read(one) || known.contains(identity(one)) {
                unread.push(one.clone());
            } else {
                new.push(one.clone());
            }
        }
        if !new.is_empty() {
            let read = self.read.to_mut();
            read.append(&mut new);
            read.sort_by_key(|one| one.frame);
        }
        self.others.push(OnLink { all, unread });
    }
}

impl OnLink<'_> {
    /// With `read`, which holds a fax, the packets of both that are the same.
    pub(super) fn seen(
        &self,
        side: Side,
        rows: Vec<Event>,
        read: Option<&[RtpArrival]>,
    ) -> Elsewhere {
        let mut twins: HashMap<FrameNo, Twin, RandomState> = HashMap::default();
        if let Some(read) = read {
            let here: HashMap<&[u8], &RtpArrival, RandomState> =
                self.all.iter().map(|one| (identity(one), one)).collect();
            twins.extend(read.iter().filter_map(|one| {
                let other = here.get(identity(one))?;
                let twin = Twin {
                    frame: other.frame,
                    at: other.at,
                    path: (other.src, other.dst),
                };
                (other.frame != one.frame).then_some((one.frame, twin))
            }));
        }
        Elsewhere { side, rows, twins }
    }
}

impl Elsewhere {
    /// Its rows, and what is read of the fax as the same packets have it here.
    pub(in crate::call::load) fn copies(self, read: &[Event]) -> Vec<Event> {
        let Self { side, rows, twins } = self;
        let mut out = rows;
        for event in read.iter().filter(|event| event.from == side) {
            let sounds = matches!(
                event.kind,
                EventKind::Tone { .. }
                    | EventKind::T30(_)
                    | EventKind::Tcf(_)
                    | EventKind::PageData(_)
            );
            let Some(begin) = twins.get(&event.frame).filter(|_| sounds) else {
                continue;
            };
            let end = twins.get(&event.last_frame).unwrap_or(begin);
            let later = begin.at.seconds_since(event.at);
            out.push(Event {
                frame: begin.frame,
                at: begin.at,
                last_frame: end.frame,
                end: event.end.plus_seconds(later),
                src: begin.path.0,
                dst: begin.path.1,
                relay: Relay::Copy(event.id),
                ..event.clone()
            });
        }
        out
    }
}

fn identity(arrival: &RtpArrival) -> &[u8] {
    arrival.payload.get(IDENTITY).unwrap_or_default()
}

/// The packets of some flows of one link in capture order; a path that repeats another one (the same stream before and
/// after a media proxy that no SDP tells of) is left out.
fn of_one_path<'r>(flows: &[FlowId], rtp: &'r RtpByFlow) -> Cow<'r, [RtpArrival]> {
    let by_size: Vec<&Vec<RtpArrival>> = flows.iter().filter_map(|id| rtp.get(id)).collect();
    if let [only] = by_size.as_slice() {
        return Cow::Borrowed(only.as_slice());
    }
    let mut all: Vec<RtpArrival> = Vec::new();
    let mut seen: HashSet<&[u8], RandomState> = HashSet::default();
    for arrivals in by_size {
        let known = arrivals
            .iter()
            .filter(|one| seen.contains(identity(one)))
            .count();
        if known * 2 > arrivals.len() {
            continue;
        }
        seen.extend(arrivals.iter().map(identity));
        all.extend(arrivals.iter().cloned());
    }
    all.sort_by_key(|one| one.frame);
    Cow::Owned(all)
}
