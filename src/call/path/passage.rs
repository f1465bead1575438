//! What of a stream leaves the host that lies between two links.

use std::collections::{HashMap, HashSet, VecDeque};

use foldhash::fast::RandomState;

use super::Passage;
use crate::capture::Timestamp;
use crate::t38::stream::Arrival;

/// Capture points of two links: a copy may seem this much too early, seconds.
const EARLY: f64 = 0.1;
/// What left later is no copy, seconds.
const LATEST: f64 = 10.0;
/// Octets of the UDPTL sequence number, which a relay may give anew.
const SEQUENCE_LEN: usize = 2;

/// Compares the packets of one direction on two neighbouring links.
pub(crate) fn passage(before: &[Arrival<'_>], after: &[Arrival<'_>]) -> Passage {
    let mut left: HashMap<&[u8], VecDeque<Timestamp>, RandomState> = HashMap::default();
    for one in after {
        left.entry(content(&one.payload))
            .or_default()
            .push_back(one.at);
    }
    let mut delays = Vec::new();
    let mut first_lost = None;
    for one in before {
        let copies = left.get_mut(content(&one.payload));
        let delay = copies.and_then(|copies| take(copies, one.at));
        match delay {
            Some(delay) => delays.push(delay),
            None => first_lost = first_lost.or(Some(one.frame)),
        }
    }
    delays.sort_by(f64::total_cmp);
    let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let different: HashSet<&[u8], RandomState> =
        before.iter().map(|one| content(&one.payload)).collect();
    let seconds = before
        .first()
        .zip(before.last())
        .map_or(0.0, |(first, last)| last.at.seconds_since(first.at));
    Passage {
        came: count(before.len()),
        different: count(different.len()),
        seconds,
        went: count(after.len()),
        passed: count(delays.len()),
        first: before.first().map(|one| one.frame),
        first_lost,
        delay: delays
            .get(delays.len() / 2)
            .copied()
            .zip(delays.last().copied()),
    }
}

/// The first copy that did not leave before its original came.
fn take(copies: &mut VecDeque<Timestamp>, at: Timestamp) -> Option<f64> {
    while let Some(left) = copies.front().copied() {
        let delay = left.seconds_since(at);
        if delay > LATEST {
            return None;
        }
        copies.pop_front();
        if delay >= -EARLY {
            return Some(delay);
        }
    }
    None
}

fn content(payload: &[u8]) -> &[u8] {
    payload.get(SEQUENCE_LEN..).unwrap_or(payload)
}
