//! Which events get a row, in what order, and what a row stands for besides.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::call::{Call, Event, EventKind, Flow, Side};
use crate::sip::StartLine;
use crate::t38::Indicator;
use crate::view::ladder::Options;
use crate::view::ladder::columns::Columns;

/// Repeats of a T.30 message that are shown one by one when folded: T.30 sends a command three times.
const REPEATS_SHOWN: u32 = 3;
/// The longest a message can take from one leg to the other and still be the same, seconds.
const LONGEST_RELAY: f64 = 4.0;
/// How far apart the two directions of RTP may begin and still share a row, seconds.
const RTP_TOGETHER: f64 = 2.0;
/// How many further RTP spans of a leg are looked at for the other direction.
const RTP_NEAR: usize = 6;

/// A row: an event, and what it stands for besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Item {
    /// Index of the leg in the flow.
    pub(super) leg: usize,
    /// Index of the event in its call.
    pub(super) event: usize,
    /// RTP: the span of the other direction, on the same row.
    pub(super) partner: Option<usize>,
    /// The same message on the other leg, if it was there before: its index there.
    pub(super) relayed: Option<usize>,
    /// What is folded into this row.
    pub(super) folded: Folded,
}

/// What is folded into a row, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Folded {
    /// SIP retransmissions.
    pub(super) retransmissions: u32,
    /// Provisional answers.
    pub(super) provisional: u32,
    /// Repeats of a T.30 message.
    pub(super) repeats: u32,
}

/// The rows, and for every event of every leg the row that shows it or stands for it.
#[derive(Clone, Debug, Default)]
pub(super) struct Items {
    pub(super) items: Vec<Item>,
    /// By leg and event: index in `items`; `u32::MAX` where the event has no row at all.
    rows: Vec<Vec<u32>>,
}

impl Items {
    /// Chooses, folds, orders.
    pub(super) fn of(
        flow: &Flow,
        columns: &Columns,
        options: &Options,
        loud: &[Vec<bool>],
    ) -> Self {
        let plans: Vec<Plan> = flow
            .legs
            .iter()
            .enumerate()
            .map(|(leg, call)| Plan::of(call, options, loud.get(leg).map_or(&[], Vec::as_slice)))
            .collect();
        let merged = merge(flow, &plans);
        let relayed = match flow.legs.as_slice() {
            [a, b] => pair(&[a, b], &merged, columns),
            _ => HashMap::new(),
        };
        let mut items = Self {
            items: Vec::with_capacity(merged.len()),
            rows: flow
                .legs
                .iter()
                .map(|call| vec![u32::MAX; call.events.len()])
                .collect(),
        };
        let copies: HashSet<(usize, usize)> = relayed.values().copied().collect();
        // The same message on the other leg comes right below, whatever happened in between.
        for place in merged.into_iter().filter(|place| !copies.contains(place)) {
            items.put(place, None, &plans);
            if let Some(copy) = relayed.get(&place) {
                items.put(*copy, Some(place.1), &plans);
            }
        }
        for (leg, plan) in plans.iter().enumerate() {
            items.fill(leg, plan);
        }
        items
    }

    fn put(&mut self, (leg, event): (usize, usize), relayed: Option<usize>, plans: &[Plan]) {
        let row = u32::try_from(self.items.len()).unwrap_or(u32::MAX);
        let Some(slot) = self.rows.get_mut(leg).and_then(|rows| rows.get_mut(event)) else {
            return;
        };
        if *slot != u32::MAX {
            return;
        }
        *slot = row;
        let plan = plans.get(leg);
        self.items.push(Item {
            leg,
            event,
            partner: plan.and_then(|plan| plan.partners.get(&event).copied()),
            relayed,
            folded: plan
                .and_then(|plan| plan.folded.get(&event).copied())
                .unwrap_or_default(),
        });
    }

    /// Gives events without a row the row of the event that stands for them.
    fn fill(&mut self, leg: usize, plan: &Plan) {
        let Some(rows) = self.rows.get_mut(leg) else {
            return;
        };
        for (event, into) in &plan.stand_ins {
            let row = rows.get(*into).copied().unwrap_or(u32::MAX);
            if let Some(slot) = rows.get_mut(*event) {
                *slot = row;
            }
        }
        // The rest (hidden indicators, hidden media): the next row of the leg, or the last.
        let mut next = u32::MAX;
        for slot in rows.iter_mut().rev() {
            if *slot == u32::MAX {
                *slot = next;
            } else {
                next = *slot;
            }
        }
        let mut last = u32::MAX;
        for slot in rows.iter_mut() {
            if *slot == u32::MAX {
                *slot = last;
            } else {
                last = *slot;
            }
        }
    }

    /// The row of an event.
    pub(super) fn row_of(&self, leg: usize, event: usize) -> Option<usize> {
        let row = *self.rows.get(leg)?.get(event)?;
        usize::try_from(row)
            .ok()
            .filter(|row| *row < self.items.len())
    }
}

/// What becomes of the events of one leg.
#[derive(Debug, Default)]
struct Plan {
    shown: Vec<bool>,
    /// Hidden events and the shown ones that stand for them.
    stand_ins: Vec<(usize, usize)>,
    partners: HashMap<usize, usize>,
    folded: HashMap<usize, Folded>,
}

impl Plan {
    fn of(call: &Call, options: &Options, loud: &[bool]) -> Self {
        let mut plan = Self {
            shown: vec![true; call.events.len()],
            ..Self::default()
        };
        if options.media {
            plan.pair_rtp(call);
        } else {
            plan.hide(call, loud, |event| matches!(event.kind, EventKind::Rtp(_)));
        }
        if options.fold {
            plan.hide(call, loud, |event| is_minor(&event.kind));
            plan.fold_sip(call, loud);
            plan.fold_repeats(call, loud);
        }
        plan
    }

    fn hide(&mut self, call: &Call, loud: &[bool], which: impl Fn(&Event) -> bool) {
        for (at, (event, shown)) in call.events.iter().zip(&mut self.shown).enumerate() {
            if which(event) && !loud.get(at).copied().unwrap_or(false) {
                *shown = false;
            }
        }
    }

    fn fold(&mut self, event: usize, into: usize, count: impl Fn(&mut Folded)) {
        if let Some(shown) = self.shown.get_mut(event) {
            *shown = false;
        }
        self.stand_ins.push((event, into));
        count(self.folded.entry(into).or_default());
    }

    /// Retransmissions into their message, provisional answers without SDP into their INVITE.
    fn fold_sip(&mut self, call: &Call, loud: &[bool]) {
        let mut first: HashMap<(String, String), usize> = HashMap::new();
        let mut invite: HashMap<&str, usize> = HashMap::new();
        for (at, event) in call.events.iter().enumerate() {
            let EventKind::Sip(sip) = &event.kind else {
                continue;
            };
            let cseq = sip
                .message
                .headers
                .iter()
                .find(|header| header.name.eq_ignore_ascii_case("CSeq"))
                .map_or("", |header| header.value.as_str());
            let key = (
                format!("{} {}", event.from, sip.message.start),
                cseq.to_owned(),
            );
            let loud = loud.get(at).copied().unwrap_or(false);
            if event.retransmission
                && !loud
                && let Some(into) = first.get(&key).copied()
            {
                self.fold(at, into, |folded| folded.retransmissions += 1);
                continue;
            }
            match &sip.message.start {
                StartLine::Request { method, .. } if method == "INVITE" => {
                    invite.insert(cseq, at);
                }
                StartLine::Response {
                    status: 100..=199, ..
                } if sip.sdp.is_none() && !loud => {
                    if let Some(into) = invite.get(cseq).copied() {
                        self.fold(at, into, |folded| folded.provisional += 1);
                        continue;
                    }
                }
                _ => {}
            }
            first.entry(key).or_insert(at);
        }
    }

    /// Of a T.30 message repeated often: the first ones and the last stay.
    fn fold_repeats(&mut self, call: &Call, loud: &[bool]) {
        let mut later: HashMap<(bool, String), usize> = HashMap::new();
        for (at, event) in call.events.iter().enumerate().rev() {
            let EventKind::T30(frame) = &event.kind else {
                continue;
            };
            let key = (event.from == Side::Caller, frame.name().into_owned());
            let last_of_run = later.get(&key).copied().filter(|later| {
                call.events
                    .get(*later)
                    .is_some_and(|later| later.repeat > event.repeat)
            });
            match last_of_run {
                Some(last)
                    if event.repeat > REPEATS_SHOWN && !loud.get(at).copied().unwrap_or(false) =>
                {
                    self.fold(at, last, |folded| folded.repeats += 1);
                }
                Some(_) => {}
                None => {
                    later.insert(key, at);
                }
            }
        }
    }

    /// Both directions of the same media period on one row.
    fn pair_rtp(&mut self, call: &Call) {
        let spans: Vec<(usize, &Event, &str)> = call
            .events
            .iter()
            .enumerate()
            .filter_map(|(at, event)| match &event.kind {
                EventKind::Rtp(span) => Some((at, event, span.codec.as_str())),
                _ => None,
            })
            .collect();
        let mut taken = vec![false; call.events.len()];
        for (nth, (at, event, codec)) in spans.iter().enumerate() {
            if taken.get(*at).copied().unwrap_or(true) {
                continue;
            }
            let partner =
                spans
                    .iter()
                    .skip(nth + 1)
                    .take(RTP_NEAR)
                    .find(|(other_at, other, other_codec)| {
                        other.from != event.from
                            && other_codec == codec
                            && other.at.seconds_since(event.at) <= RTP_TOGETHER
                            && other.at <= event.end
                            && !taken.get(*other_at).copied().unwrap_or(true)
                    });
            if let Some((other, _, _)) = partner {
                if let Some(taken) = taken.get_mut(*other) {
                    *taken = true;
                }
                if let Some(shown) = self.shown.get_mut(*other) {
                    *shown = false;
                }
                self.stand_ins.push((*other, *at));
                self.partners.insert(*at, *other);
            }
        }
    }
}

/// What only announces something else: shown unfolded.
fn is_minor(kind: &EventKind) -> bool {
    match kind {
        EventKind::Indicator(indicator) => !matches!(
            indicator,
            Indicator::Ced | Indicator::Cng | Indicator::V8Ansam | Indicator::V8Signal
        ),
        EventKind::Preamble | EventKind::Training(_) => true,
        _ => false,
    }
}

/// Shown events of all legs in time order, as (leg, event).
fn merge(flow: &Flow, plans: &[Plan]) -> Vec<(usize, usize)> {
    let mut merged: Vec<_> = flow
        .legs
        .iter()
        .zip(plans)
        .enumerate()
        .flat_map(|(leg, (call, plan))| {
            call.events
                .iter()
                .zip(&plan.shown)
                .enumerate()
                .filter(|(_, (_, shown))| **shown)
                .map(move |(at, (event, _))| (event.at, event.frame, leg, at))
        })
        .collect();
    if flow.legs.len() > 1 {
        // Stable, so that each leg keeps its own order.
        merged.sort_by_key(|(at, frame, ..)| (*at, *frame));
    }
    merged
        .into_iter()
        .map(|(_, _, leg, at)| (leg, at))
        .collect()
}

/// For a message that both legs carried: the copy, by the original, which is on the leg nearer to its sender.
fn pair(
    legs: &[&Call; 2],
    merged: &[(usize, usize)],
    columns: &Columns,
) -> HashMap<(usize, usize), (usize, usize)> {
    let left = usize::from(columns.place(1, Side::Caller).gap < columns.place(0, Side::Caller).gap);
    let mut waiting: HashMap<(usize, bool, String), VecDeque<usize>> = HashMap::new();
    let mut pairs = HashMap::new();
    for (leg, at) in merged.iter().copied() {
        let Some(event) = legs.get(leg).and_then(|call| call.events.get(at)) else {
            continue;
        };
        let Some(name) = name(event) else { continue };
        let way = columns.place(leg, event.from).to_right;
        let other = 1 - leg.min(1);
        let is_original = (leg == left) == way;
        let queue = waiting.entry((other, way, name.clone())).or_default();
        let copy_of = loop {
            let Some(candidate) = queue.pop_front() else {
                break None;
            };
            let age = legs
                .get(other)
                .and_then(|call| call.events.get(candidate))
                .map_or(f64::MAX, |first| event.at.seconds_since(first.at));
            // Both legs are in one capture: a copy may be recorded a little before its original.
            let longest = if is_original { EARLY } else { LONGEST_RELAY };
            if age <= longest {
                break Some(candidate);
            }
        };
        match copy_of {
            Some(copy) if is_original => {
                pairs.insert((leg, at), (other, copy));
            }
            Some(first) => {
                pairs.insert((other, first), (leg, at));
            }
            None => waiting.entry((leg, way, name)).or_default().push_back(at),
        }
    }
    pairs
}

/// A copy may seem this much too early, seconds.
const EARLY: f64 = 0.1;

/// By what the copies of a message on two legs are known; `None` for what is not carried from leg to leg.
fn name(event: &Event) -> Option<String> {
    if !event.observed {
        return None;
    }
    match &event.kind {
        EventKind::T30(frame) => Some(frame.name().into_owned()),
        EventKind::Tcf(_) => Some("TCF".to_owned()),
        EventKind::PageData(page) => Some(format!("page {} {:?}", page.page, page.block)),
        EventKind::Indicator(Indicator::Ced) => Some("CED".to_owned()),
        EventKind::Indicator(Indicator::Cng) => Some("CNG".to_owned()),
        EventKind::Tone { tone, .. } => Some(tone.to_string()),
        _ => None,
    }
}
