//! Media along a path: which hop announces an endpoint, which hops share their media, what was rewritten.

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;

use super::{Announced, HopId, HopKind, HostId, Link, Path, Relay, Rewrite};
use crate::call::{Event, EventId, EventKind, Side};
use crate::capture::Endpoint;
use crate::sip::{MediaKind, MediaLine, Sdp};

/// Announced endpoints of one dialog that are kept.
const MAX_ANNOUNCED: usize = 2000;
/// Stretches of hops with media of their own.
const MAX_LINKS: usize = 16;
/// Changes of SDP that are told of one hop.
const MAX_REWRITTEN: usize = 200;

impl Path {
    /// Reads the SDP of all hops.
    pub(super) fn read_sdp(&mut self, events: &[Event]) {
        let mut known: HashSet<(HopId, Side, bool, Endpoint), RandomState> = HashSet::default();
        for event in events {
            let (Some(sdp), Some(hop)) = (sdp_of(event), event.hop) else {
                continue;
            };
            for line in &sdp.media {
                let Some(addr) = line
                    .connection
                    .filter(|addr| line.port > 0 && !addr.is_unspecified())
                else {
                    continue;
                };
                let end = Endpoint::new(addr, line.port);
                for hop in self.passed_hops(hop) {
                    let image = line.is_t38();
                    if self.announced.len() < MAX_ANNOUNCED
                        && known.insert((hop, event.from, image, end))
                    {
                        let one = Announced {
                            hop,
                            side: event.from,
                            image,
                            end,
                            event: event.id,
                            at: event.at,
                        };
                        self.announced.push(one);
                    }
                }
            }
        }
        self.note_rewrites(events);
        self.find_media_proxies_before_the_capture(events);
        self.links = self.find_links();
    }

    /// SDP that goes past a proxy counts on the hops that it passes.
    fn passed_hops(&self, id: HopId) -> Vec<HopId> {
        let Some(hop) = self.hop(id) else {
            return Vec::new();
        };
        let place = |host: HostId| self.route.iter().position(|other| *other == host);
        match (hop.kind, place(hop.from), place(hop.to)) {
            (HopKind::Direct, Some(from), Some(to)) => {
                let passed = (from..to).filter_map(|at| u8::try_from(at).ok().map(HopId));
                passed.chain([id]).collect()
            }
            (HopKind::Nowhere, ..) => Vec::new(),
            _ => vec![id],
        }
    }

    /// Whether a side announces an endpoint on a hop.
    pub fn announces(&self, hop: HopId, side: Side, end: Endpoint) -> bool {
        self.announced
            .iter()
            .any(|one| (one.hop, one.side, one.end) == (hop, side, end))
    }

    /// The T.38 endpoints of a side as the hops of a longer path name them.
    pub(crate) fn rewritten_endpoints(&self, side: Side) -> impl Iterator<Item = Endpoint> {
        let several = !self.is_one_hop();
        let all = self
            .announced
            .iter()
            .filter(move |one| several && one.image && one.side == side);
        all.map(|one| one.end)
    }

    /// The first hop whose SDP names the destination of a media packet to the one who sent it, else its source; where
    /// there is one hop only, that one.
    pub fn hop_of_media(&self, src: Endpoint, dst: Endpoint, from: Side) -> Option<HopId> {
        let hops = |side: Side, end: Endpoint| {
            let all = self
                .announced
                .iter()
                .filter(move |one| (one.side, one.end) == (side, end));
            all.map(|one| one.hop)
        };
        let both = hops(from.other(), dst)
            .filter(|hop| self.announces(*hop, from, src))
            .min();
        let named = both
            .or_else(|| hops(from.other(), dst).min())
            .or_else(|| hops(from, src).min());
        named.or_else(|| {
            let mut captured = (0..)
                .map(HopId)
                .zip(&self.hops)
                .filter(|(_, hop)| hop.captured);
            let only = captured.next()?;
            captured.next().is_none().then_some(only.0)
        })
    }

    /// The link that a hop is part of.
    pub fn link_of(&self, hop: HopId) -> Option<usize> {
        self.links
            .iter()
            .position(|link| (link.first..=link.last).contains(&hop))
    }

    /// Neighbouring captured hops of the route with the same endpoints are one link.
    fn find_links(&self) -> Vec<Link> {
        let mut out: Vec<Link> = Vec::new();
        let mut before: Option<Ends> = None;
        for (place, hop) in self.route_hops().iter().enumerate() {
            let Ok(id) = u8::try_from(place).map(HopId) else {
                break;
            };
            if !hop.captured {
                before = None;
                continue;
            }
            let ends = self.ends_on(id);
            let same = before.as_ref().is_some_and(|before| before.same_as(&ends));
            if let Some(link) = out.last_mut().filter(|_| same) {
                link.last = id;
            } else if out.len() < MAX_LINKS {
                out.push(Link {
                    first: id,
                    last: id,
                    ..Link::default()
                });
            } else {
                break;
            }
            before = Some(ends);
        }
        out
    }

    fn ends_on(&self, hop: HopId) -> Ends {
        let of = |side: Side, image: bool| {
            let here = self
                .announced
                .iter()
                .filter(|one| (one.hop, one.side, one.image) == (hop, side, image));
            here.map(|one| one.end).collect()
        };
        Ends {
            image: [of(Side::Caller, true), of(Side::Callee, true)],
            audio: [of(Side::Caller, false), of(Side::Callee, false)],
        }
    }

    /// Compares each copy with the observation on the hop before.
    fn note_rewrites(&mut self, events: &[Event]) {
        let mut observed: HashMap<EventId, Vec<usize>, RandomState> = HashMap::default();
        for (place, event) in events
            .iter()
            .enumerate()
            .filter(|(_, event)| sdp_of(event).is_some())
        {
            let original = match event.relay {
                Relay::Copy(id) => id,
                _ => event.id,
            };
            observed.entry(original).or_default().push(place);
        }
        let mut groups: Vec<Vec<usize>> = observed
            .into_values()
            .filter(|group| group.len() > 1)
            .collect();
        groups.sort();
        for group in groups {
            let mut way: Vec<&Event> = group
                .iter()
                .filter_map(|place| events.get(*place))
                .collect();
            way.sort_by_key(|event| event.hop);
            if way.first().is_some_and(|event| event.from == Side::Callee) {
                way.reverse();
            }
            for (before, after) in way.iter().zip(way.iter().skip(1)) {
                if before.hop != after.hop {
                    self.note_rewrite(before, after);
                }
            }
        }
    }

    fn note_rewrite(&mut self, before: &Event, after: &Event) {
        let (Some(old), Some(new), Some(id)) = (sdp_of(before), sdp_of(after), after.hop) else {
            return;
        };
        let rewrites = rewrites(old, new, after.id);
        let moved = old
            .media
            .iter()
            .zip(&new.media)
            .filter(|(old, new)| old.connection != new.connection);
        let proxies: Vec<Endpoint> = moved
            .filter_map(|(_, new)| {
                Some(Endpoint::new(
                    new.connection.filter(|addr| !addr.is_unspecified())?,
                    0,
                ))
            })
            .collect();
        let Some(hop) = self.hops.get_mut(usize::from(id.0)) else {
            return;
        };
        let by = if after.from == Side::Caller {
            hop.from
        } else {
            hop.to
        };
        let room = MAX_REWRITTEN.saturating_sub(hop.rewritten.len());
        hop.rewritten.extend(rewrites.into_iter().take(room));
        for end in proxies {
            self.add_media_proxy(by, end);
        }
    }
}

/// Announced endpoints of both sides.
struct Ends {
    image: [HashSet<Endpoint, RandomState>; 2],
    audio: [HashSet<Endpoint, RandomState>; 2],
}

impl Ends {
    /// The endpoints of T.38 decide where both have some, else those of audio.
    fn same_as(&self, other: &Self) -> bool {
        let some =
            |ends: &[HashSet<Endpoint, RandomState>; 2]| ends.iter().all(|side| !side.is_empty());
        if some(&self.image) && some(&other.image) {
            self.image == other.image
        } else {
            self.audio == other.audio
        }
    }
}

pub(super) fn sdp_of(event: &Event) -> Option<&Sdp> {
    match &event.kind {
        EventKind::Sip(sip) => sip.sdp.as_ref(),
        _ => None,
    }
}

/// Whether two lines differ in one point.
type Differs = fn(&MediaLine, &MediaLine) -> bool;

/// What differs between two SDP of one message.
fn rewrites(old: &Sdp, new: &Sdp, event: EventId) -> Vec<Rewrite> {
    let mut out = Vec::new();
    let mut note = |name: &str, what: &str, image: bool| {
        out.push(Rewrite {
            event,
            what: format!("{name} {what}"),
            image,
        });
    };
    for (old, new) in old.media.iter().zip(&new.media) {
        let image = new.is_t38();
        let name = match &new.kind {
            MediaKind::Audio => "audio",
            MediaKind::Image => "image",
            MediaKind::Other(name) => name,
        };
        let differences: [(&str, Differs); 4] = [
            ("c=", |old, new| old.connection != new.connection),
            ("port", |old, new| old.port != new.port),
            ("transport", |old, new| {
                !old.proto.eq_ignore_ascii_case(&new.proto)
            }),
            ("formats", |old, new| old.formats != new.formats),
        ];
        for (what, differs) in differences {
            if differs(old, new) {
                note(name, what, image);
            }
        }
    }
    if old.media.len() != new.media.len() {
        note("m=", "lines", false);
    }
    out
}
