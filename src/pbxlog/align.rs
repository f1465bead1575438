//! Lays the messages of a log over those of the calls: which fax is which call, and how the clocks differ.
//!
//! Each message of the log that a call has too allows the clocks to differ by some amount, within bounds that follow
//! from when a stack writes its lines. Where most of these bounds overlap is the offset.

use super::Place;
use super::scan::{Frame, Session};
use super::wanted::{Anchor, Wanted};
use crate::call::Side;
use crate::call::log::Sureness;

/// Octets from which on a message tells one fax from another.
const TELLING: usize = 8;
/// FCF of CSI and TSI, without the X bit.
const IDENTS: [u8; 2] = [0x02, 0x42];
/// Calls of one capture have the same offset within this, seconds.
const SAME_CLOCK: f64 = 2.0;
/// An offset that the user gave may be off by so much, seconds.
const GIVEN: f64 = 3.0;
/// Messages that a fax must share with a call.
const LEAST: usize = 2;
/// The same where none of them tells one fax from another.
const LEAST_BLIND: usize = 4;
/// Fits of one call that are compared.
const MOST_FITS: usize = 64;

/// A fax of the log that may be a call.
#[derive(Clone, Debug)]
struct Fit {
    call: usize,
    session: usize,
    side: Side,
    offset: f64,
    within: f64,
    /// Messages that fit.
    score: usize,
    /// Messages of the fax in the time of the call that do not.
    left: usize,
    telling: usize,
}

/// The fax of the log that each call is.
pub(super) fn align(sessions: &[Session], calls: &[Wanted], given: Option<f64>) -> Vec<Place> {
    let mut fits: Vec<Vec<Fit>> = Vec::new();
    for (call, wanted) in calls.iter().enumerate() {
        let mut of_call: Vec<Fit> = sessions
            .iter()
            .enumerate()
            .flat_map(|(place, session)| {
                Side::BOTH
                    .into_iter()
                    .filter_map(move |side| fit((call, wanted), (place, session), side, given))
            })
            .collect();
        of_call.sort_by_key(|fit| std::cmp::Reverse((fit.score, fit.telling)));
        of_call.truncate(MOST_FITS);
        fits.push(of_call);
    }
    let clock = common_clock(&fits);
    let mut taken: Vec<usize> = Vec::new();
    let mut out = Vec::new();
    for of_call in &fits {
        let near = |fit: &&Fit| clock.is_none_or(|clock| (fit.offset - clock).abs() < SAME_CLOCK);
        let free = of_call.iter().filter(|fit| !taken.contains(&fit.session));
        let Some(best) = free.clone().find(near) else {
            continue;
        };
        // Another fax that fits as well, at another time of the log: a retry of the same sender.
        let other = of_call.iter().find(|other| {
            other.score >= best.score && (other.offset - best.offset).abs() > SAME_CLOCK
        });
        let supported = fits
            .iter()
            .filter(|of_call| of_call.iter().any(|fit| near(&fit)))
            .count();
        let Some(session) = sessions.get(best.session) else {
            continue;
        };
        taken.push(best.session);
        let doubt = other.is_some() && supported < 2 && given.is_none();
        out.push(Place {
            call: best.call,
            side: best.side,
            key: session.key.clone(),
            range: session.range,
            first_line: session.first_line,
            offset: given.unwrap_or(best.offset),
            within: best.within,
            sure: if best.score > LEAST && best.telling > 0 && !doubt {
                Sureness::Sure
            } else {
                Sureness::Likely
            },
            given: given.is_some(),
            other_fit: other.filter(|_| doubt).map(|other| other.offset),
            mixed: session.key.is_none() && best.left > 0,
        });
    }
    out
}

/// The offset of a log by the calls that were found in it.
pub(super) fn clock_of(places: &[Place]) -> Option<f64> {
    let best = places.iter().max_by_key(|place| place.sure)?;
    Some(best.offset)
}

/// The offset that explains most. Of equal ones that which is nearest to whole quarters of an hour (zones), then the smallest.
fn common_clock(fits: &[Vec<Fit>]) -> Option<f64> {
    let all = || fits.iter().flatten();
    let worth = |offset: f64| -> usize {
        let best = |of_call: &Vec<Fit>| {
            let near = of_call
                .iter()
                .filter(|fit| (fit.offset - offset).abs() < SAME_CLOCK);
            near.map(|fit| fit.score).max().unwrap_or(0)
        };
        fits.iter().map(best).sum()
    };
    let odd = |offset: f64| {
        let quarter = 900.0;
        (offset - (offset / quarter).round() * quarter).abs()
    };
    all().map(|fit| fit.offset).max_by(|a, b| {
        (worth(*a).cmp(&worth(*b)))
            .then(odd(*b).total_cmp(&odd(*a)))
            .then(b.abs().total_cmp(&a.abs()))
    })
}

/// How one fax of the log fits one call, if its writer is that side of it.
fn fit(
    (call, wanted): (usize, &Wanted),
    (place, session): (usize, &Session),
    side: Side,
    given: Option<f64>,
) -> Option<Fit> {
    let goes_with = |frame: &Frame, anchor: &Anchor| {
        (anchor.from == side) == frame.sent && anchor.octets == frame.octets
    };
    let mut edges: Vec<(f64, i32)> = Vec::new();
    for frame in &session.frames {
        for anchor in wanted
            .anchors
            .iter()
            .filter(|anchor| goes_with(frame, anchor))
        {
            let (low, high) = bounds(frame, anchor);
            edges.push((low, 1));
            edges.push((high, -1));
        }
    }
    let (low, high) = densest(edges, given)?;
    let offset = f64::midpoint(low, high);
    let fits = |frame: &&Frame| {
        wanted.anchors.iter().any(|anchor| {
            let (low, high) = bounds(frame, anchor);
            goes_with(frame, anchor) && low <= offset && offset <= high
        })
    };
    let matched: Vec<&Frame> = session.frames.iter().filter(fits).collect();
    let telling = matched
        .iter()
        .filter(|frame| frame.octets.len() >= TELLING)
        .count();
    let least = if telling > 0 { LEAST } else { LEAST_BLIND };
    if matched.len() < least || session.key.is_some() && is_foreign(session, wanted, side, offset) {
        return None;
    }
    let left = session
        .frames
        .iter()
        .filter(|frame| is_during(frame, wanted, offset) && !fits(frame))
        .count();
    if !is_trusted(session, &matched, left) {
        return None;
    }
    Some(Fit {
        call,
        session: place,
        side,
        offset,
        within: ((high - low) / 2.0).max(0.02),
        score: matched.len(),
        left,
        telling,
    })
}

/// What log minus capture can be if the frame is the anchor, seconds.
fn bounds(frame: &Frame, anchor: &Anchor) -> (f64, f64) {
    let (from, to) = if frame.sent {
        anchor.sent
    } else {
        anchor.received
    };
    (frame.at - to, frame.at + frame.resolution - from)
}

/// The log has the frame while the call lasts, or a second beside.
fn is_during(frame: &Frame, wanted: &Wanted, offset: f64) -> bool {
    let at = frame.at - offset;
    at > wanted.started - 1.0 && at < wanted.ended + 1.0
}

/// Whether a session with frames that match, and `left` in the call's time that do not, is of the call's fax.
fn is_trusted(session: &Session, matched: &[&Frame], left: usize) -> bool {
    if session.key.is_some() {
        return left <= matched.len();
    }
    // Without a key two faxes at once are one: the idents must tell.
    left == 0 || matched.iter().any(|frame| is_ident(&frame.octets))
}

/// Where most bounds overlap.
fn densest(mut edges: Vec<(f64, i32)>, given: Option<f64>) -> Option<(f64, f64)> {
    if let Some(given) = given {
        edges.retain(|(at, _)| (at - given).abs() < GIVEN);
    }
    // What begins comes before what ends at the same place.
    edges.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
    let (mut depth, mut most, mut best) = (0, 0, None);
    for (place, (at, change)) in edges.iter().enumerate() {
        depth += change;
        if *change > 0 && depth > most {
            most = depth;
            best = edges.get(place + 1).map(|(end, _)| (*at, *end));
        }
    }
    best
}

fn is_ident(octets: &[u8]) -> bool {
    octets
        .get(2)
        .is_some_and(|fcf| IDENTS.contains(&(fcf & 0x7f)))
}

/// The fax has other idents than the call at the same time: it is another one.
fn is_foreign(session: &Session, wanted: &Wanted, side: Side, offset: f64) -> bool {
    /// A line and the message that it is about.
    const NEAR: f64 = 3.0;
    session
        .frames
        .iter()
        .filter(|frame| is_ident(&frame.octets))
        .any(|frame| {
            let at = frame.at - offset;
            let same_time = |anchor: &&Anchor| {
                let (from, to) = if frame.sent {
                    anchor.sent
                } else {
                    anchor.received
                };
                (anchor.from == side) == frame.sent
                    && anchor.octets.get(2) == frame.octets.get(2)
                    && at > from - NEAR - frame.resolution
                    && at < to + NEAR
            };
            let mut near = wanted
                .anchors
                .iter()
                .filter(same_time)
                .filter(|anchor| anchor.whole)
                .peekable();
            near.peek().is_some() && near.all(|anchor| anchor.octets != frame.octets)
        })
}
