//! The T.38 packets of a call: fetched, put together by sender, turned into signals and figures.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::io;

use foldhash::fast::RandomState;

use crate::call::fax::Heard;
use crate::call::index::{DialogEntry, FlowEntry};
use crate::call::load::{Draft, Source};
use crate::call::path::{Crossing, nearest_link, passage};
use crate::call::{BySide, EventKind, Path, Side, UdptlStats};
use crate::line::{Signal, SignalKind};
use crate::rtp::header;
use crate::t38::stream::{Arrival, Framing, assemble};
use crate::t38::tpkt;

/// Signals of both sides and the figures.
#[derive(Debug, Default)]
pub(super) struct T38 {
    /// What reached the hop nearest to the receiving end.
    pub(super) heard: Vec<Heard>,
    pub(super) stats: BySide<UdptlStats>,
    /// What was seen on the other links.
    pub(super) elsewhere: Vec<OnLink>,
    /// How the streams of neighbouring links compare.
    pub(super) crossings: Vec<Crossing>,
    /// The link on which each side is read.
    pub(super) read: BySide<Option<usize>>,
}

/// The fax on one link of which at least one direction is read on another.
#[derive(Debug)]
pub(super) struct OnLink {
    pub(super) link: usize,
    /// Sound, where a gateway on the way makes T.38 of it.
    pub(super) is_sound: bool,
    /// Both directions.
    pub(super) heard: Vec<Heard>,
    /// The figures of each direction; `None`: it is read, or nothing came.
    pub(super) stats: BySide<Option<UdptlStats>>,
}

/// The packets of one side on one link.
struct Stream<'s> {
    side: Side,
    /// `None`: no SDP tells where it belongs.
    link: Option<usize>,
    framing: Framing,
    arrivals: Vec<Arrival<'s>>,
    /// It is what the other end gets, as near to it as the capture has it.
    is_read: bool,
}

/// What the packets of a stream say.
struct Listened {
    side: Side,
    link: Option<usize>,
    heard: Vec<Heard>,
    stats: UdptlStats,
    is_read: bool,
}

/// Reads all T.38 of a dialog.
pub(super) fn read(
    source: &Source<'_>,
    dialog: &DialogEntry,
    path: &Path,
    draft: &mut Draft,
) -> io::Result<T38> {
    let mut out = T38::default();
    let streams = streams(source, dialog, path)?;
    for side in [Side::Caller, Side::Callee] {
        out.crossings.extend(crossings(&streams, path, side));
    }
    let mut others: Vec<Listened> = Vec::new();
    for stream in &streams {
        let assembled = assemble(&stream.arrivals, stream.framing);
        let first = stream.arrivals.first();
        if stream.is_read {
            let packets = u32::try_from(stream.arrivals.len()).unwrap_or(u32::MAX);
            draft.t38_packets = draft.t38_packets.saturating_add(packets);
            gaps(draft, stream.side, &assembled.stats, first);
        }
        let heard = heard(stream.side, assembled.signals);
        others.push(Listened {
            side: stream.side,
            link: stream.link,
            heard,
            stats: assembled.stats,
            is_read: stream.is_read,
        });
    }
    out.elsewhere = elsewhere(&others);
    for one in others.into_iter().filter(|one| one.is_read) {
        *out.read.of_mut(one.side) = one.link;
        out.heard.extend(one.heard);
        *out.stats.of_mut(one.side) = one.stats;
    }
    Ok(out)
}

/// A gateway on the way makes sound of T.38: what is heard on links without T.38 while T.38 runs is the same fax. It is
/// read once, in T.38; the sound goes beside it.
pub(super) fn read_once(path: &Path, t38: &mut T38, sound: &mut Vec<Heard>) {
    let says = |side: Side| {
        t38.heard
            .iter()
            .any(|one| one.side == side && matches!(one.signal.kind, SignalKind::Hdlc(_)))
    };
    let begins = [Side::Caller, Side::Callee].map(|side| t38.stats.of(side).first);
    let begins = begins.into_iter().flatten().map(|(_, at)| at).min();
    let Some(begins) = begins.filter(|_| says(Side::Caller) && says(Side::Callee)) else {
        return;
    };
    let mut with_t38: Vec<Option<usize>> = vec![t38.read.caller, t38.read.callee];
    with_t38.extend(t38.elsewhere.iter().map(|one| Some(one.link)));
    let mut links: BTreeMap<usize, Vec<Heard>> = BTreeMap::new();
    for one in std::mem::take(sound) {
        let link = path.link_of_media(one.signal.src, one.signal.dst, one.side);
        match link.filter(|_| one.signal.at >= begins && !with_t38.contains(&link)) {
            Some(link) => links.entry(link).or_default().push(one),
            None => sound.push(one),
        }
    }
    let beside = links.into_iter().map(|(link, heard)| OnLink {
        link,
        is_sound: true,
        heard,
        stats: BySide::default(),
    });
    t38.elsewhere.extend(beside);
}

/// The streams of both sides by link; those that are read first come first.
fn streams<'s>(
    source: &Source<'s>,
    dialog: &DialogEntry,
    path: &Path,
) -> io::Result<Vec<Stream<'s>>> {
    let mut out = Vec::new();
    for side in [Side::Caller, Side::Callee] {
        let mut flows: Vec<&FlowEntry> = dialog
            .flows
            .iter()
            .filter_map(|id| source.index.flow(*id))
            .filter(|flow| {
                !flow.t38.is_empty()
                    && flow
                        .owner
                        .is_some_and(|(_, owner)| owner == source.seat(side))
            })
            .collect();
        flows.sort_by_key(|flow| std::cmp::Reverse(flow.t38.len()));
        let link = |flow: &FlowEntry| path.link_of_media(flow.src, flow.dst, side);
        let read = nearest_link(side, flows.iter().map(|flow| link(flow)));
        let mut links: Vec<Option<usize>> = vec![read];
        for flow in &flows {
            // What no SDP explains is read with the rest.
            let at = link(flow).or(read);
            if !links.contains(&at) {
                links.push(at);
            }
        }
        for at in links {
            let here: Vec<&FlowEntry> = flows
                .iter()
                .copied()
                .filter(|flow| link(flow).or(read) == at)
                .collect();
            let Some(framing) = here.first().map(|flow| flow.framing) else {
                continue;
            };
            let arrivals = of_one_path(source, &here, framing)?;
            out.push(Stream {
                side,
                link: at,
                framing,
                arrivals,
                is_read: at == read,
            });
        }
    }
    Ok(out)
}

/// What passes from link to link, in the direction of one side.
fn crossings(streams: &[Stream<'_>], path: &Path, side: Side) -> Vec<Crossing> {
    let on = |link: usize| {
        let stream = streams
            .iter()
            .find(|stream| stream.side == side && stream.link == Some(link));
        stream.map_or(&[][..], |stream| stream.arrivals.as_slice())
    };
    let neighbours = (0..path.links.len()).zip(1..path.links.len());
    neighbours
        .map(|(near, far)| {
            if side == Side::Caller {
                (near, far)
            } else {
                (far, near)
            }
        })
        .filter(|(before, _)| !on(*before).is_empty())
        .map(|(before, after)| Crossing {
            way: side,
            before,
            after,
            packets: passage(on(before), on(after)),
        })
        .collect()
}

/// Links of which not everything is read, with both directions.
fn elsewhere(all: &[Listened]) -> Vec<OnLink> {
    let mut out: Vec<OnLink> = Vec::new();
    for unread in all.iter().filter(|one| !one.is_read) {
        let Some(link) = unread.link else { continue };
        let known = out.iter().position(|one| one.link == link);
        let at = known.unwrap_or_else(|| {
            let here = all.iter().filter(|one| one.link == Some(link));
            out.push(OnLink {
                link,
                is_sound: false,
                heard: here.flat_map(|one| one.heard.clone()).collect(),
                stats: BySide::default(),
            });
            out.len() - 1
        });
        if let Some(one) = out.get_mut(at) {
            *one.stats.of_mut(unread.side) = Some(unread.stats.clone());
        }
    }
    out
}

fn heard(side: Side, signals: Vec<Signal>) -> Vec<Heard> {
    signals
        .into_iter()
        .map(|signal| Heard {
            side,
            audio: false,
            level: None,
            signal,
        })
        .collect()
}
/// One row for each run of lost packets.
fn gaps(draft: &mut Draft, side: Side, stats: &UdptlStats, first: Option<&Arrival<'_>>) {
    let Some(first) = first else { return };
    for gap in &stats.gaps {
        let kind = EventKind::Gap {
            lost: gap.lost,
            recovered: gap.recovered,
            first_seq: gap.first_seq,
        };
        let event = draft.event((gap.frame, gap.at), (first.src, first.dst), side, kind);
        draft.events.push(event);
    }
}

/// The packets of one side in capture order. A path that only repeats another one (the same packets before
/// and after a media proxy) is left out: it is the same sender.
fn of_one_path<'s>(
    source: &Source<'s>,
    flows: &[&FlowEntry],
    framing: Framing,
) -> io::Result<Vec<Arrival<'s>>> {
    if let [only] = flows {
        return fetch(source, only);
    }
    let mut all: Vec<Arrival<'_>> = Vec::new();
    let mut seen: HashSet<Cow<'_, [u8]>, RandomState> = HashSet::default();
    for (place, flow) in flows
        .iter()
        .filter(|flow| flow.framing == framing)
        .enumerate()
    {
        let arrivals = fetch(source, flow)?;
        let known = arrivals
            .iter()
            .filter(|one| seen.contains(&one.payload))
            .count();
        if place > 0 && known * 2 > arrivals.len() {
            continue;
        }
        seen.extend(arrivals.iter().map(|one| one.payload.clone()));
        all.extend(arrivals);
    }
    all.sort_by_key(|one| one.frame);
    Ok(all)
}

/// The T.38 packets of a flow, in capture order.
pub(crate) fn fetch<'s>(source: &Source<'s>, flow: &FlowEntry) -> io::Result<Vec<Arrival<'s>>> {
    let mut out = Vec::with_capacity(flow.t38.len());
    let mut bytes: Vec<u8> = Vec::new();
    for packet in &flow.t38 {
        let payload = source.store.fetch(packet.place())?;
        let arrival = |payload: Cow<'s, [u8]>, rtp_seq: Option<u16>| Arrival {
            frame: packet.frame,
            at: packet.at,
            src: flow.src,
            dst: flow.dst,
            payload,
            cut: packet.cut > 0,
            rtp_seq,
        };
        match flow.framing {
            Framing::Udptl => out.push(arrival(payload, None)),
            Framing::Rtp => {
                if let Some(header) = header::parse(&payload) {
                    let ifp = header.payload.to_vec();
                    out.push(arrival(ifp.into(), Some(header.sequence)));
                }
            }
            Framing::Tcp => {
                bytes.extend_from_slice(&payload);
                let split = tpkt::split(&bytes);
                out.extend(
                    split
                        .packets
                        .iter()
                        .map(|(_, ifp)| arrival(ifp.to_vec().into(), None)),
                );
                let used = split.used;
                bytes.drain(..used.min(bytes.len()));
            }
        }
    }
    Ok(out)
}
