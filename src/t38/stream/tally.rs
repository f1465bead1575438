//! Figures of T.38 packets.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::capture::FrameNo;
use crate::t38::code::{DataType, Indicator};
use crate::t38::ifp;
use crate::t38::stats::{MediaPath, UdptlGap, UdptlStats};
use crate::t38::stream::order::{Run, wrap};
use crate::t38::stream::slots::{Origin, Slot};
use crate::t38::stream::{Arrival, Framing};

/// Sizes kept.
const MOST_SIZES: usize = 64;
/// Gaps kept.
const MOST_GAPS: usize = 10_000;

/// Paths of one sender that are told apart; it has one, or two after a change.
const MAX_PATHS: usize = 100;

/// What the arrivals as such say: sizes, paths, first and last.
pub(super) fn count_arrivals(arrivals: &[Arrival<'_>], framing: Framing, stats: &mut UdptlStats) {
    stats.transport = match framing {
        Framing::Udptl => "udptl",
        Framing::Rtp => "rtp",
        Framing::Tcp => "tcp",
    };
    let mut sizes: BTreeMap<Reverse<u32>, u32> = BTreeMap::new();
    for arrival in arrivals {
        let size = u32::try_from(arrival.payload.len()).unwrap_or(u32::MAX);
        *sizes.entry(Reverse(size)).or_default() += 1;
        if size > stats.largest.0 {
            stats.largest = (size, arrival.frame);
        }
        let path = stats
            .paths
            .iter_mut()
            .find(|path| (path.src, path.dst) == (arrival.src, arrival.dst));
        if let Some(path) = path {
            path.packets += 1;
            path.last = arrival.at;
        } else if stats.paths.len() < MAX_PATHS {
            stats.paths.push(MediaPath {
                src: arrival.src,
                dst: arrival.dst,
                packets: 1,
                frame: arrival.frame,
                first: arrival.at,
                last: arrival.at,
            });
        }
    }
    stats.sizes = sizes
        .into_iter()
        .map(|(Reverse(size), count)| (size, count))
        .take(MOST_SIZES)
        .collect();
    stats.first = arrivals.first().map(|arrival| (arrival.frame, arrival.at));
    stats.last = arrivals.last().map(|arrival| (arrival.frame, arrival.at));
}

/// What a repaired run says: redundancy, loss, what was repaired.
pub(super) fn count_loss(run: &Run<'_>, arrivals: &[Arrival<'_>], stats: &mut UdptlStats) {
    count_recovery(run, arrivals, stats);
    let frame_of = |index: usize| arrivals.get(index);
    // From the first to the last primary: what came before the first was not lost, but not captured.
    let mut before: Option<(i64, &Slot<'_>)> = None;
    let mut recovered: u32 = 0;
    for (number, slot) in run.slots.iter() {
        if slot.origin != Origin::Primary {
            recovered = recovered.saturating_add(1);
            continue;
        }
        if let Some((last, before)) = before
            && number - last > 1
        {
            let lost = u32::try_from(number - last - 1).unwrap_or(u32::MAX);
            let control = !(is_fast(&before.ifp) && is_fast(&slot.ifp));
            stats.lost += lost;
            stats.recovered += recovered;
            if control {
                stats.lost_control += lost - recovered;
            } else {
                stats.lost_image += lost - recovered;
            }
            if let Some(arrival) = frame_of(slot.index).filter(|_| stats.gaps.len() < MOST_GAPS) {
                stats.gaps.push(UdptlGap {
                    frame: arrival.frame,
                    at: arrival.at,
                    lost,
                    recovered,
                    first_seq: wrap(last + 1),
                    control,
                });
            }
        }
        before = Some((*number, slot));
        recovered = 0;
    }
}

fn count_recovery(run: &Run<'_>, arrivals: &[Arrival<'_>], stats: &mut UdptlStats) {
    let frame_of = |index: usize| {
        arrivals
            .get(index)
            .map(|arrival: &Arrival<'_>| arrival.frame)
    };
    let mut depths: [BTreeMap<usize, u32>; 2] = [BTreeMap::new(), BTreeMap::new()];
    for (_, packet) in &run.packets {
        let [control, image] = &mut depths;
        let of = if ifp::fast_data(&packet.primary) {
            image
        } else {
            control
        };
        *of.entry(packet.depth).or_default() += 1;
        if packet.depth > 0 {
            stats.redundancy_packets += 1;
            note_first(&mut stats.first_redundancy, frame_of(packet.index));
        }
        if packet.fec.is_some() {
            stats.fec_packets += 1;
            note_first(&mut stats.first_fec, frame_of(packet.index));
        }
    }
    let [control, image] = depths.map(|depths| {
        depths
            .into_iter()
            .max_by_key(|(_, count)| *count)
            .map_or(0, |(depth, _)| u32::try_from(depth).unwrap_or(u32::MAX))
    });
    stats.depth_control = stats.depth_control.max(control);
    stats.depth_image = stats.depth_image.max(image);
}

fn note_first(first: &mut Option<FrameNo>, frame: Option<FrameNo>) {
    *first = first.or(frame);
}

/// Fast data, or the training right before it.
fn is_fast(octets: &[u8]) -> bool {
    match ifp::type_of(octets) {
        Some(ifp::MessageType::Data(data_type)) => {
            !data_type.carries_control() && data_type != DataType::V8
        }
        Some(ifp::MessageType::Indicator(indicator)) => Indicator::training(indicator).is_some(),
        None => false,
    }
}
