//! Which events of one leg are shown, hidden or folded into another.

use std::collections::HashMap;

use crate::call::{Call, Event, EventKind, HopId, Side};
use crate::capture::{Endpoint, IcmpError};
use crate::line::Tone;
use crate::sip::StartLine;
use crate::t30::Fcf;
use crate::t38::Indicator;
use crate::view::ladder::{Fold, Options};

/// Repeats of a T.30 message that are shown one by one when folded: T.30 sends a command three times.
const REPEATS_SHOWN: u32 = 3;
/// How far apart the two directions of RTP may begin and still share a row, seconds.
const RTP_TOGETHER: f64 = 2.0;
/// How many further RTP spans of a leg are looked at for the other direction.
const RTP_NEAR: usize = 6;

/// Which events of one leg are shown, hidden or folded.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) shown: Vec<bool>,
    /// Hidden events and the shown ones that stand for them.
    pub(super) stand_ins: Vec<(usize, usize)>,
    pub(super) partners: HashMap<usize, usize>,
    pub(super) folded: HashMap<usize, Folded>,
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

/// An event: its place among all of its call, the hop or link that it was seen on, where there are several.
struct Seen<'c> {
    at: usize,
    stretch: Option<HopId>,
    event: &'c Event,
}

/// What was seen of a call on all of its hops, in time order.
fn seen(call: &Call) -> Vec<Seen<'_>> {
    let one_hop = call.path.is_one_hop();
    let stretch = |event| {
        if one_hop {
            None
        } else {
            call.stretch_of(event)
        }
    };
    let mut all: Vec<Seen<'_>> = call
        .all_events()
        .enumerate()
        .map(|(at, event)| Seen {
            at,
            stretch: stretch(event),
            event,
        })
        .collect();
    if !call.copies.is_empty() {
        all.sort_by_key(|one| (one.event.at, one.event.frame));
    }
    all
}

impl Plan {
    pub(super) fn of(call: &Call, options: &Options, pinned: &[bool]) -> Self {
        let seen = seen(call);
        let mut plan = Self {
            shown: vec![true; seen.len()],
            ..Self::default()
        };
        if options.media {
            plan.pair_rtp(&seen);
        } else {
            plan.hide(&seen, pinned, |event| {
                matches!(event.kind, EventKind::Rtp(_))
            });
        }
        if options.fold != Fold::Nothing {
            plan.hide(&seen, pinned, |event| is_minor(&event.kind));
            plan.fold_sip(&seen, pinned);
            plan.fold_repeats(&seen, pinned);
            plan.fold_runs(&seen, pinned);
        }
        plan
    }

    fn hide(&mut self, seen: &[Seen<'_>], pinned: &[bool], which: impl Fn(&Event) -> bool) {
        for one in seen {
            let pinned = pinned.get(one.at).copied().unwrap_or(false);
            if which(one.event)
                && !pinned
                && let Some(shown) = self.shown.get_mut(one.at)
            {
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
    fn fold_sip(&mut self, seen: &[Seen<'_>], pinned: &[bool]) {
        let mut first: HashMap<(String, String, Option<HopId>), usize> = HashMap::new();
        let mut invite: HashMap<(&str, Option<HopId>), usize> = HashMap::new();
        for Seen { at, stretch, event } in seen {
            let (at, stretch) = (*at, *stretch);
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
                stretch,
            );
            let pinned = pinned.get(at).copied().unwrap_or(false);
            if event.retransmission
                && !pinned
                && let Some(into) = first.get(&key).copied()
            {
                self.fold(at, into, |folded| folded.retransmissions += 1);
                continue;
            }
            match &sip.message.start {
                StartLine::Request { method, .. } if method == "INVITE" => {
                    invite.insert((cseq, stretch), at);
                }
                StartLine::Response {
                    status: 100..=199, ..
                } if sip.sdp.is_none() && !pinned => {
                    if let Some(into) = invite.get(&(cseq, stretch)).copied() {
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
    fn fold_repeats(&mut self, seen: &[Seen<'_>], pinned: &[bool]) {
        let mut later: HashMap<(bool, String, Option<HopId>), (usize, u32)> = HashMap::new();
        for Seen { at, stretch, event } in seen.iter().rev() {
            let at = *at;
            let EventKind::T30(frame) = &event.kind else {
                continue;
            };
            let key = (
                event.from == Side::Caller,
                frame.name().into_owned(),
                *stretch,
            );
            let last_of_run = later
                .get(&key)
                .copied()
                .filter(|(_, repeat)| *repeat > event.repeat);
            match last_of_run {
                Some((last, _))
                    if event.repeat > REPEATS_SHOWN
                        && !pinned.get(at).copied().unwrap_or(false) =>
                {
                    self.fold(at, last, |folded| folded.repeats += 1);
                }
                Some(_) => {}
                None => {
                    later.insert(key, (at, event.repeat));
                }
            }
        }
    }

    /// Of the same thing again and again (ICMP errors, CNG, RNR and RR in turn): the first and the last stay.
    fn fold_runs(&mut self, seen: &[Seen<'_>], pinned: &[bool]) {
        let mut open: Vec<(RunOf, Option<HopId>, Vec<usize>)> = Vec::new();
        for Seen { at, stretch, event } in seen {
            let ends = |run: RunOf, of: Option<HopId>| {
                let here = of == *stretch || matches!(event.kind, EventKind::Sip(_));
                here && run.is_ended_by(event)
            };
            let (ended, going): (Vec<_>, Vec<_>) =
                open.into_iter().partition(|(run, of, _)| ends(*run, *of));
            open = going;
            for (.., run) in ended {
                self.fold_run(&run, pinned);
            }
            let Some(of) = RunOf::of(event) else { continue };
            match open
                .iter_mut()
                .find(|(other, on, _)| (*other, *on) == (of, *stretch))
            {
                Some((.., run)) => run.push(*at),
                None => open.push((of, *stretch, vec![*at])),
            }
        }
        for (.., run) in open {
            self.fold_run(&run, pinned);
        }
    }

    fn fold_run(&mut self, run: &[usize], pinned: &[bool]) {
        let [_, middle @ .., last] = run else { return };
        for at in middle {
            let hidden = !self.shown.get(*at).copied().unwrap_or(false);
            if !hidden && !pinned.get(*at).copied().unwrap_or(false) {
                self.fold(*at, *last, |folded| folded.repeats += 1);
            }
        }
    }

    /// Both directions of the same media period on one row.
    fn pair_rtp(&mut self, seen: &[Seen<'_>]) {
        let spans: Vec<(&Seen<'_>, &str)> = seen
            .iter()
            .filter_map(|one| match &one.event.kind {
                EventKind::Rtp(span) => Some((one, span.codec.as_str())),
                _ => None,
            })
            .collect();
        let mut taken = vec![false; seen.len()];
        for (nth, (one, codec)) in spans.iter().enumerate() {
            if taken.get(one.at).copied().unwrap_or(true) {
                continue;
            }
            let partner = spans
                .iter()
                .skip(nth + 1)
                .take(RTP_NEAR)
                .find(|(other, other_codec)| {
                    (other_codec, other.stretch) == (codec, one.stretch)
                        && other.event.from != one.event.from
                        && other.event.at.seconds_since(one.event.at) <= RTP_TOGETHER
                        && other.event.at <= one.event.end
                        && !taken.get(other.at).copied().unwrap_or(true)
                });
            if let Some((other, _)) = partner {
                if let Some(taken) = taken.get_mut(other.at) {
                    *taken = true;
                }
                if let Some(shown) = self.shown.get_mut(other.at) {
                    *shown = false;
                }
                self.stand_ins.push((other.at, one.at));
                self.partners.insert(one.at, other.at);
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
        EventKind::Log(line) => !line.tells(),
        _ => false,
    }
}

/// What a run is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RunOf {
    /// The same ICMP error for the same place.
    Icmp(IcmpError, Endpoint),
    Cng(Side),
    /// The receiver is busy.
    Rnr(Side),
    /// The sender asks whether it still is.
    Rr(Side),
}

impl RunOf {
    fn of(event: &Event) -> Option<Self> {
        match &event.kind {
            EventKind::Icmp {
                error, quoted_dst, ..
            } => Some(Self::Icmp(*error, *quoted_dst)),
            EventKind::Indicator(Indicator::Cng)
            | EventKind::Tone {
                tone: Tone::Cng, ..
            } => Some(Self::Cng(event.from)),
            EventKind::RtpEvent(tone) if tone.tone() == Some(Tone::Cng) => {
                Some(Self::Cng(event.from))
            }
            EventKind::T30(frame) if !frame.is_doubtful() => match frame.fcf {
                Fcf::Rnr => Some(Self::Rnr(event.from)),
                Fcf::Rr => Some(Self::Rr(event.from)),
                _ => None,
            },
            _ => None,
        }
    }

    /// SIP begins something new; any other T.30 message ends the asking, one of the caller its CNG.
    fn is_ended_by(self, event: &Event) -> bool {
        match (&event.kind, self) {
            (EventKind::Sip(_), _) => true,
            (EventKind::T30(frame), Self::Rnr(_) | Self::Rr(_)) => {
                !matches!(frame.fcf, Fcf::Rnr | Fcf::Rr)
            }
            (EventKind::T30(_), Self::Cng(side)) => event.from == side,
            _ => false,
        }
    }
}
