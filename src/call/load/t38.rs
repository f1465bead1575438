//! The T.38 packets of a call: fetched, put together by sender, turned into signals and figures.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io;

use foldhash::fast::RandomState;

use crate::call::fax::Heard;
use crate::call::index::{DialogEntry, FlowEntry};
use crate::call::load::{Draft, Source};
use crate::call::{BySide, EventKind, Side, UdptlStats};
use crate::rtp::header;
use crate::t38::stream::{Arrival, Framing, assemble};
use crate::t38::tpkt;

/// Signals of both sides and the figures.
#[derive(Debug, Default)]
pub(super) struct T38 {
    pub(super) heard: Vec<Heard>,
    pub(super) stats: BySide<UdptlStats>,
}

/// Reads all T.38 of a dialog.
pub(super) fn read(
    source: &Source<'_>,
    dialog: &DialogEntry,
    draft: &mut Draft,
) -> io::Result<T38> {
    let mut out = T38::default();
    for side in [Side::Caller, Side::Callee] {
        let mut flows: Vec<&FlowEntry> = dialog
            .flows
            .iter()
            .filter_map(|id| source.index.flow(*id))
            .filter(|flow| {
                !flow.t38.is_empty() && flow.owner.is_some_and(|(_, owner)| owner == side)
            })
            .collect();
        flows.sort_by_key(|flow| std::cmp::Reverse(flow.t38.len()));
        let Some(framing) = flows.first().map(|flow| flow.framing) else {
            continue;
        };
        let arrivals = of_one_path(source, &flows, framing)?;
        draft.t38_packets = draft
            .t38_packets
            .saturating_add(u32::try_from(arrivals.len()).unwrap_or(u32::MAX));
        let assembled = assemble(&arrivals, framing);
        gaps(draft, side, &assembled.stats, arrivals.first());
        out.heard.reserve(assembled.signals.len());
        out.heard
            .extend(assembled.signals.into_iter().map(|signal| Heard {
                side,
                audio: false,
                level: None,
                signal,
            }));
        *out.stats.of_mut(side) = assembled.stats;
    }
    Ok(out)
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

fn fetch<'s>(source: &Source<'s>, flow: &FlowEntry) -> io::Result<Vec<Arrival<'s>>> {
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
