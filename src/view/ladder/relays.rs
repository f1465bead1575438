//! Which observation came from which: along the hops and links of a call, and from one leg to the other.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::call::pairing::find_copies;
use crate::call::{Call, Event, EventKind, Flow, HopId, Relay, Side};
use crate::view::ladder::columns::{Columns, Place};
use crate::view::ladder::item::{Key, seen};

use same::{passed_on, says_the_same};

mod same;

/// A B2BUA passes SIP on within this time, seconds.
const JOINED: f64 = 2.5;

/// What of a flow came from what.
#[derive(Debug, Default)]
pub(super) struct Relays {
    /// A copy: the observation before it.
    before: HashMap<Key, Key>,
    /// An observation: its copies on the next hops, in the order of time.
    after: HashMap<Key, Vec<Key>>,
    /// The first observation of a message whose copies of the same leg share its row: those copies.
    across: HashMap<Key, Vec<usize>>,
    /// SIP of one leg that the host between both began when the other leg brought it the same.
    begun: HashMap<Key, Key>,
    /// Those copies: the observation whose row they share.
    holders: HashMap<Key, Key>,
}

/// Shown events of one stretch of the whole path, in time order.
struct Stream {
    leg: usize,
    /// Where the leg has more links than one: that link.
    link: Option<usize>,
    events: Vec<Key>,
}

impl Relays {
    /// Pairs what is shown, `merged` in time order.
    pub(super) fn of(flow: &Flow, columns: &Columns, merged: &[Key]) -> Self {
        let mut relays = Self::default();
        let streams = streams(flow, columns, merged);
        for to_right in [true, false] {
            let mut way: Vec<&Stream> = streams.iter().collect();
            if !to_right {
                way.reverse();
            }
            for pair in way.windows(2) {
                let [near, far] = pair else { continue };
                if near.leg != far.leg && !columns.passes {
                    continue;
                }
                relays.pair(flow, columns, (near, far), to_right);
            }
        }
        for (leg, call) in flow.legs.iter().enumerate() {
            if !call.path.is_one_hop() {
                relays.follow_sip(call, leg, columns, merged);
            }
        }
        let times = |key: &Key| {
            let event = flow.legs.get(key.0).and_then(|call| seen(call, key.1));
            event.map(|event| (event.at, event.frame))
        };
        for (copy, original) in &relays.before {
            relays.after.entry(*original).or_default().push(*copy);
        }
        for copies in relays.after.values_mut() {
            copies.sort_by_key(|key| (times(key), *key));
        }
        if let Some(joint) = columns.joint.filter(|_| columns.passes) {
            relays.pair_sip(flow, joint, merged);
        }
        relays
    }

    /// The observation that a copy was relayed from.
    pub(super) fn before(&self, copy: Key) -> Option<Key> {
        self.before.get(&copy).copied()
    }

    /// The copies of an observation on the next hops.
    pub(super) fn after(&self, original: Key) -> &[Key] {
        self.after.get(&original).map_or(&[], Vec::as_slice)
    }

    /// The SIP of the other leg that a message answers to.
    pub(super) fn begun_by(&self, key: Key) -> Option<Key> {
        self.begun.get(&key).copied()
    }

    /// The observation that has the row of another one, or its own.
    pub(super) fn holder(&self, key: Key) -> Key {
        self.holders.get(&key).copied().unwrap_or(key)
    }

    /// The copies that share the row of an observation.
    pub(super) fn across(&self, first: Key) -> &[usize] {
        self.across.get(&first).map_or(&[], Vec::as_slice)
    }

    /// Media that one stretch and the next one carried.
    fn pair(
        &mut self,
        flow: &Flow,
        columns: &Columns,
        (near, far): (&Stream, &Stream),
        to_right: bool,
    ) {
        let sent = |stream: &Stream| -> (Vec<Key>, Vec<&Event>) {
            let Some(call) = flow.legs.get(stream.leg) else {
                return (Vec::new(), Vec::new());
            };
            let own = stream
                .events
                .iter()
                .filter_map(|key| Some((*key, seen(call, key.1)?)));
            own.filter(|(_, event)| {
                let goes = columns.side_place(stream.leg, event.from).to_right();
                goes == to_right
            })
            .unzip()
        };
        let (near, far) = (sent(near), sent(far));
        let places = |sent: &(Vec<Key>, Vec<&Event>)| -> HashMap<*const Event, Key> {
            let all = sent.1.iter().map(|event| std::ptr::from_ref(*event));
            all.zip(sent.0.iter().copied()).collect()
        };
        let (near_keys, far_keys) = (places(&near), places(&far));
        for (original, copy) in find_copies(&near.1, &far.1) {
            let keys = near_keys
                .get(&std::ptr::from_ref(original))
                .zip(far_keys.get(&std::ptr::from_ref(copy)));
            if let Some((original, copy)) = keys {
                self.before.insert(*copy, *original);
            }
        }
    }

    /// SIP that comes to the host between two legs, and the same that leaves it on the other leg.
    fn pair_sip(&mut self, flow: &Flow, (of_a, of_b): (Side, Side), merged: &[Key]) {
        let original = |key: &Key| {
            let event = seen(flow.legs.get(key.0)?, key.1)?;
            let is_original = event.relay == Relay::Original && !event.retransmission;
            is_original.then_some((*key, event))
        };
        let all: Vec<(Key, &Event)> = merged.iter().filter_map(original).collect();
        for (leg, side) in [(0, of_a), (1, of_b)] {
            let joint = if leg == 0 { of_b } else { of_a };
            let mut used: HashSet<Key> = HashSet::new();
            let came = all
                .iter()
                .filter(|(key, event)| key.0 == leg && event.from != side);
            for (from, event) in came {
                let last = self.last_of(*from);
                let arrived = flow.legs.get(leg).and_then(|call| seen(call, last.1));
                let (Some(word), Some(arrived)) = (passed_on(event), arrived) else {
                    continue;
                };
                let fits = |(key, copy): &&(Key, &Event)| {
                    let after = copy.at.seconds_since(arrived.at);
                    key.0 != leg
                        && copy.from == joint
                        && (0.0..JOINED).contains(&after)
                        && !used.contains(key)
                        && passed_on(copy).is_some_and(|other| other == word)
                };
                if let Some((key, _)) = all.iter().find(fits) {
                    used.insert(*key);
                    self.begun.insert(*key, last);
                }
            }
        }
    }

    /// The last observation of a message on its leg.
    fn last_of(&self, first: Key) -> Key {
        let mut last = first;
        while let Some(next) = self.after(last).iter().find(|next| next.0 == first.0) {
            last = *next;
        }
        last
    }

    /// A SIP message on the hops of its call: each observation comes from the one whose destination sent it.
    fn follow_sip(&mut self, call: &Call, leg: usize, columns: &Columns, merged: &[Key]) {
        let mut groups: HashMap<u32, Vec<usize>> = HashMap::new();
        for (_, at) in merged.iter().filter(|(of, _)| *of == leg) {
            let Some(event) = seen(call, *at) else {
                continue;
            };
            if !matches!(event.kind, EventKind::Sip(_)) {
                continue;
            }
            match event.relay {
                Relay::Original => groups.entry(event.id.0).or_default().insert(0, *at),
                Relay::Copy(id) => groups.entry(id.0).or_default().push(*at),
                Relay::HopOnly => {}
            }
        }
        for group in groups.into_values().filter(|group| group.len() > 1) {
            let placed = group.iter().filter_map(|at| {
                let place = columns.place(leg, call, seen(call, *at)?);
                Some((*at, place))
            });
            let mut rest: VecDeque<(usize, Place)> = placed.collect();
            let Some((mut last, place)) = rest.pop_front() else {
                continue;
            };
            // Lifelines that the message came to, with the latest observation that did.
            let mut reached = HashMap::from([(place.to, last)]);
            while !rest.is_empty() {
                // The one that somebody reached sent; without such a one the next in time.
                let sent = rest
                    .iter()
                    .position(|(_, place)| reached.contains_key(&place.from));
                let Some((copy, place)) = rest.remove(sent.unwrap_or(0)) else {
                    break;
                };
                let before = reached.get(&place.from).copied().unwrap_or(last);
                self.before.insert((leg, copy), (leg, before));
                reached.insert(place.to, copy);
                last = copy;
            }
        }
    }

    /// Lets one row stand for a message on all hops of its leg, where nothing but the SDP was changed and no copy has
    /// an error or a warning.
    pub(super) fn fold(
        &mut self,
        flow: &Flow,
        columns: &Columns,
        merged: &[Key],
        pinned: &[Vec<bool>],
    ) {
        let is_pinned = |(leg, at): Key| {
            let of_leg = pinned.get(leg);
            of_leg.and_then(|all| all.get(at)).copied().unwrap_or(false)
        };
        self.pair_rtp(flow, columns, merged);
        let mut taken: HashSet<Key> = HashSet::new();
        for first in merged.iter().copied() {
            let begins = self.before(first).is_none_or(|before| before.0 != first.0);
            let Some(call) = flow.legs.get(first.0).filter(|_| begins) else {
                continue;
            };
            let mut run = vec![first.1];
            let mut last = first;
            while let Some(next) = self.next_on_hop(call, columns, last) {
                if is_pinned(next) || !taken.insert(next) {
                    break;
                }
                run.push(next.1);
                last = next;
            }
            let ends = |at: usize| Some(columns.place(first.0, call, seen(call, at)?));
            let spans = ends(first.1).zip(ends(last.1));
            if run.len() > 1 && spans.is_some_and(|(from, to)| from.from != to.to) {
                self.join(first, &run);
            }
        }
    }

    /// The next observation of a message, if it goes on from where the last one ended and says the same.
    fn next_on_hop(&self, call: &Call, columns: &Columns, last: Key) -> Option<Key> {
        let event = seen(call, last.1)?;
        let place = columns.place(last.0, call, event);
        let fits = |next: &&Key| {
            let copy = seen(call, next.1).filter(|_| next.0 == last.0);
            copy.is_some_and(|copy| {
                let goes_on = matches!(copy.kind, EventKind::Rtp(_))
                    || columns.place(last.0, call, copy).from == place.to;
                goes_on && says_the_same(event, copy)
            })
        };
        self.after(last).iter().find(fits).copied()
    }

    /// Makes the copies part of the row of the first one: what came from the last of them comes from that row.
    fn join(&mut self, first: Key, run: &[usize]) {
        let leg = first.0;
        let copies: Vec<usize> = run.iter().skip(1).copied().collect();
        let inside = |key: &Key| key.0 == leg && copies.contains(&key.1);
        let mut after: Vec<Key> = Vec::new();
        for at in run {
            after.extend(self.after.remove(&(leg, *at)).unwrap_or_default());
        }
        after.retain(|key| !inside(key));
        if !after.is_empty() {
            self.after.insert(first, after);
        }
        let held = copies.iter().map(|at| ((leg, *at), first));
        self.holders.extend(held);
        self.across.insert(first, copies);
    }

    /// RTP of the same codec on neighbouring links that begins together and has as many packets.
    fn pair_rtp(&mut self, flow: &Flow, columns: &Columns, merged: &[Key]) {
        for (leg, call) in flow.legs.iter().enumerate() {
            if call.path.links.len() < 2 {
                continue;
            }
            let mut spans: Vec<(HopId, usize, &Event)> = merged
                .iter()
                .filter(|(of, _)| *of == leg)
                .filter_map(|(_, at)| {
                    let event = seen(call, *at)?;
                    let is_rtp = matches!(event.kind, EventKind::Rtp(_));
                    Some((call.stretch_of(event).filter(|_| is_rtp)?, *at, event))
                })
                .collect();
            if columns.side_place(leg, Side::Caller).to_right() {
                spans.sort_by_key(|(hop, ..)| *hop);
            } else {
                spans.sort_by_key(|(hop, ..)| std::cmp::Reverse(*hop));
            }
            for (nth, (hop, at, event)) in spans.iter().enumerate() {
                let next = spans
                    .iter()
                    .skip(nth + 1)
                    .find(|(other, _, copy)| other != hop && says_the_same(event, copy));
                if let Some((_, next, _)) = next {
                    let (from, to) = ((leg, *at), (leg, *next));
                    if !self.before.contains_key(&to) && !self.after.contains_key(&from) {
                        self.before.insert(to, from);
                        self.after.insert(from, vec![to]);
                    }
                }
            }
        }
    }
}

/// The stretches of the whole path from left to right, each with what is shown of it.
fn streams(flow: &Flow, columns: &Columns, merged: &[Key]) -> Vec<Stream> {
    let mut streams: Vec<Stream> = Vec::new();
    for (leg, call) in flow.legs.iter().enumerate() {
        let links = call.path.links.len();
        if links < 2 {
            streams.push(Stream {
                leg,
                link: None,
                events: Vec::new(),
            });
            continue;
        }
        let mut own: Vec<Stream> = (0..links)
            .map(|link| Stream {
                leg,
                link: Some(link),
                events: Vec::new(),
            })
            .collect();
        if !columns.side_place(leg, Side::Caller).to_right() {
            own.reverse();
        }
        streams.extend(own);
    }
    if streams.len() < 2 {
        return Vec::new();
    }
    let left = |leg| {
        let place = columns.side_place(leg, Side::Caller);
        place.from.min(place.to)
    };
    streams.sort_by_key(|stream| left(stream.leg));
    for key in merged {
        let Some(call) = flow.legs.get(key.0) else {
            continue;
        };
        let event = seen(call, key.1);
        let link = || call.path.link_of(event?.hop?);
        let own = |stream: &&mut Stream| {
            stream.leg == key.0 && (stream.link.is_none() || stream.link == link())
        };
        if let Some(stream) = streams.iter_mut().find(own) {
            stream.events.push(*key);
        }
    }
    streams
}
