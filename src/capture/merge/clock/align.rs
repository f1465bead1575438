//! Clocks of hosts by the packets that two of them saw: offset and drift.

use std::collections::VecDeque;

use super::{Clock, FEWEST, meetings};
use crate::capture::Timestamp;
use crate::capture::merge::sketch::{InCommon, Sketch};

/// What is known of the clock of a host.
#[derive(Clone, Copy, Debug)]
pub(super) struct Aligned {
    pub(super) clock: Clock,
    /// The host that it was compared with; `None`: the first of those that know each other.
    pub(super) against: Option<usize>,
    pub(super) one_way: bool,
}

/// From the first host on, each by one that is known already.
pub(super) fn align(hosts: &[Sketch]) -> Vec<Option<Aligned>> {
    let met = meetings(hosts);
    let mut aligned: Vec<Option<Aligned>> = vec![None; hosts.len()];
    for begin in 0..hosts.len() {
        if aligned.get(begin).is_some_and(Option::is_some) {
            continue;
        }
        let reference = Aligned {
            clock: Clock::default(),
            against: None,
            one_way: false,
        };
        if let Some(place) = aligned.get_mut(begin) {
            *place = Some(reference);
        }
        let mut known = VecDeque::from([begin]);
        while let Some(here) = known.pop_front() {
            for there in 0..hosts.len() {
                let packets = met.get(&(here.min(there), here.max(there)));
                let open = packets.is_some_and(|packets| *packets >= FEWEST)
                    && aligned.get(there).is_some_and(Option::is_none);
                let ends = (
                    hosts.get(here),
                    hosts.get(there),
                    aligned.get(here).copied().flatten(),
                );
                let (true, (Some(one), Some(other), Some(base))) = (open, ends) else {
                    continue;
                };
                let common = InCommon::of(one, other);
                let Some((clock, one_way)) = fit(&common, &base.clock) else {
                    continue;
                };
                if let Some(place) = aligned.get_mut(there) {
                    *place = Some(Aligned {
                        clock,
                        against: Some(here),
                        one_way,
                    });
                }
                known.push_back(there);
            }
        }
    }
    aligned
}

/// Longest span of points between which slopes are taken.
const POINTS: usize = 256;
/// A clock that gains or loses more than this is none: the capture's clock was set while it ran.
const DRIFT_MOST: f64 = 1000e-6;
/// Drift below this is not worth a word.
const DRIFT_LEAST: f64 = 0.2e-6;
/// Differences below this, in nanoseconds, are those of the resolution.
const SAME: i64 = 1000;

/// The clock of a host by the packets that a known one saw too. True: all went in one direction, so that their time on
/// the way cannot be told from the clocks'.
fn fit(common: &InCommon, base: &Clock) -> Option<(Clock, bool)> {
    if common.packets < FEWEST {
        return None;
    }
    // Both by the common clock.
    let common_ahead = |(at, ahead): &(Timestamp, i64)| {
        let true_at = base.common(*at);
        let shown = at.0.cast_signed().saturating_add(*ahead);
        (
            true_at.0.cast_signed(),
            shown.saturating_sub(true_at.0.cast_signed()),
        )
    };
    let ways: Vec<[Vec<(i64, i64)>; 2]> = common
        .ways
        .values()
        .map(|both| {
            both.each_ref()
                .map(|one| one.iter().map(common_ahead).collect())
        })
        .collect();
    let longest = ways.iter().flatten().max_by_key(|points| points.len())?;
    let middle = median(longest.iter().map(|(at, _)| *at).collect())?;
    let drift = drift(longest);
    let ahead_of = |points: &Vec<(i64, i64)>| {
        (points.len() >= FEWEST).then(|| {
            let still = points
                .iter()
                .map(|(at, ahead)| ahead - times(drift, at - middle));
            median(still.collect())
        })?
    };
    // The way of most packets in both directions: what the way takes is in one as much as in the other.
    let of_way =
        |[up, down]: &[Vec<(i64, i64)>; 2]| Some(i64::midpoint(ahead_of(up)?, ahead_of(down)?));
    let both = ways
        .iter()
        .filter_map(|way| Some((way.iter().map(Vec::len).min(), of_way(way)?)))
        .max_by_key(|(packets, _)| *packets);
    let any = || {
        let all = ways.iter().flatten().flatten();
        median(
            all.map(|(at, ahead)| ahead - times(drift, at - middle))
                .collect(),
        )
    };
    let one_way = both.is_none();
    let offset = both.map(|(_, offset)| offset).or_else(any)?;
    let offset = if offset.abs() < SAME && drift == 0.0 {
        0
    } else {
        offset
    };
    // As it is when the first such packet comes.
    let first = ways.iter().flatten().flatten().map(|(at, _)| *at).min()?;
    let offset = offset.saturating_add(times(drift, first - middle));
    let at = first.saturating_add(offset).max(0).cast_unsigned();
    // What it gains in a second that it shows.
    let drift = drift / (1.0 + drift);
    Some((
        Clock {
            offset,
            at,
            drift,
            packets: common.packets,
            given: false,
        },
        one_way,
    ))
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "what a clock gains during a capture is far below 2^52 ns"
)]
pub(super) fn times(drift: f64, span: i64) -> i64 {
    (drift * span as f64).round() as i64
}

fn median(mut all: Vec<i64>) -> Option<i64> {
    let middle = all.len() / 2;
    (middle < all.len()).then(|| *all.select_nth_unstable(middle).1)
}

/// What a clock gains in a second: the median of the slopes between any two points (Theil and Sen), if it is more than
/// what the points are scattered by.
#[expect(clippy::cast_precision_loss, reason = "a share is wanted")]
fn drift(points: &[(i64, i64)]) -> f64 {
    let mut points = points.to_vec();
    points.sort_unstable();
    let every = points.len().div_ceil(POINTS).max(1);
    let some: Vec<(i64, i64)> = points.into_iter().step_by(every).collect();
    let (Some(first), Some(last)) = (some.first(), some.last()) else {
        return 0.0;
    };
    let span = (last.0 - first.0) as f64;
    let mut slopes = Vec::with_capacity(some.len() * some.len() / 2);
    for (place, one) in some.iter().enumerate() {
        let later = some.iter().skip(place + 1).filter(|other| other.0 > one.0);
        slopes.extend(later.map(|other| (other.1 - one.1) as f64 / (other.0 - one.0) as f64));
    }
    let middle = slopes.len() / 2;
    if middle >= slopes.len() || span <= 0.0 {
        return 0.0;
    }
    let drift = *slopes.select_nth_unstable_by(middle, f64::total_cmp).1;
    let rests: Vec<i64> = some
        .iter()
        .map(|(at, ahead)| ahead - times(drift, at - first.0))
        .collect();
    let level = median(rests.clone()).unwrap_or_default();
    let scatter =
        median(rests.iter().map(|rest| (rest - level).abs()).collect()).unwrap_or_default();
    let doubt = 12.0 * scatter.max(SAME / 2) as f64 / span / (some.len() as f64).sqrt();
    if drift.abs() > doubt.max(DRIFT_LEAST) && drift.abs() < DRIFT_MOST {
        drift
    } else {
        0.0
    }
}
