//! Which host has which lifeline, and how wide everything is.

use std::net::IpAddr;

use unicode_width::UnicodeWidthStr;

use crate::call::{Call, Flow, Side};
use crate::capture::Endpoint;
use crate::view::{Role, Span, plain};

/// Between the last lifeline and the text beside it.
pub(super) const GUTTER: usize = 2;
/// Between time and the first lifeline.
pub(super) const AFTER_TIME: usize = 2;
/// Between the lifelines of two legs that share no host: at least, and at most (room for an IPv4 address).
const BETWEEN_LEGS: (usize, usize) = (3, 16);
/// From this width on there is room for the names of all four hosts.
const WIDE: usize = 100;
/// Room for what stands beside the ladder in a text, for which labels take a shorter wording.
const RIGHT_LEAST: usize = 20;
/// Room for it that stays, however long the shortest wordings are.
const RIGHT_NEEDED: usize = 12;
/// Least room for the name of a host in a text: names that are longer are wrapped.
const NAME_LEAST: usize = 16;
/// What an arrow needs besides its label: a space on each side, a line on each side, its head.
pub(super) const ARROW: usize = 5;

/// The lifelines of one or two legs.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub(super) hosts: Vec<Host>,
    /// By leg: lifeline of the caller, of the callee.
    legs: Vec<(usize, usize)>,
    /// What one leg carries may go on to the other: no host is called on both, or calls on both.
    pub(super) passes: bool,
}

/// A host at the head of a lifeline.
#[derive(Clone, Debug)]
pub(super) struct Host {
    endpoint: Endpoint,
    pub(super) name: String,
    pub(super) role: String,
}

/// An arrow's place: between which lifelines, and which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Index of the lifeline on its left.
    pub(super) gap: usize,
    /// It points to the right.
    pub(super) to_right: bool,
}

impl Columns {
    /// One leg: caller, callee. Two legs: the host that both share in the middle, else four.
    pub(super) fn of(flow: &Flow, pbx: &[IpAddr], ascii: bool) -> Self {
        let mut columns = Self {
            hosts: Vec::new(),
            legs: Vec::new(),
            passes: true,
        };
        match flow.legs.as_slice() {
            [] => {}
            [a, b] => columns.put_two((a, b), pbx, ascii),
            [a, ..] => columns.put_one(a, pbx, ascii),
        }
        let ports = columns.hosts.iter().enumerate().any(|(at, host)| {
            columns.hosts.iter().skip(at + 1).any(|other| {
                other.endpoint.addr == host.endpoint.addr && other.endpoint != host.endpoint
            })
        });
        for host in &mut columns.hosts {
            host.name = if ports {
                host.endpoint.to_string()
            } else {
                host.endpoint.addr.to_string()
            };
        }
        columns
    }

    fn put_one(&mut self, call: &Call, pbx: &[IpAddr], ascii: bool) {
        let at = self.hosts.len();
        self.legs.push((at, at + 1));
        for side in [Side::Caller, Side::Callee] {
            self.hosts.push(Host {
                endpoint: endpoint(call, side),
                name: String::new(),
                role: role(call, side, pbx, ascii),
            });
        }
    }

    fn put_two(&mut self, (a, b): (&Call, &Call), pbx: &[IpAddr], ascii: bool) {
        let Some((of_a, of_b)) = shared(a, b) else {
            self.put_one(a, pbx, ascii);
            self.put_one(b, pbx, ascii);
            // The hosts in the middle only pass on what the outer ones say.
            let middle = self.hosts.iter_mut().skip(1);
            for (host, side) in middle.zip([Side::Callee, Side::Caller]) {
                host.role = if pbx.contains(&host.endpoint.addr) {
                    format!("PBX, {side}")
                } else {
                    side.to_string()
                };
            }
            return;
        };
        let outer = |call: &Call, side: Side| Host {
            endpoint: endpoint(call, side),
            name: String::new(),
            role: role(call, side, pbx, ascii),
        };
        self.hosts = vec![
            outer(a, of_a.other()),
            Host {
                endpoint: endpoint(a, of_a),
                name: String::new(),
                role: middle_role((a, of_a), (b, of_b), pbx),
            },
            outer(b, of_b.other()),
        ];
        self.passes = of_a != of_b;
        self.legs.push(match of_a {
            Side::Callee => (0, 1),
            Side::Caller => (1, 0),
        });
        self.legs.push(match of_b {
            Side::Caller => (1, 2),
            Side::Callee => (2, 1),
        });
    }

    /// Where an arrow of that leg and sender goes.
    pub(super) fn place(&self, leg: usize, from: Side) -> Place {
        let lifelines = self.legs.get(leg).copied().unwrap_or((0, 1));
        let (start, end) = match from {
            Side::Caller => lifelines,
            Side::Callee => (lifelines.1, lifelines.0),
        };
        Place {
            gap: start.min(end),
            to_right: start < end,
        }
    }

    /// The address over the lifeline of one side of a leg.
    pub(super) fn endpoint(&self, leg: usize, side: Side) -> Option<Endpoint> {
        let lifelines = self.legs.get(leg)?;
        let at = match side {
            Side::Caller => lifelines.0,
            Side::Callee => lifelines.1,
        };
        self.hosts.get(at).map(|host| host.endpoint)
    }

    /// Whether the gap right of that lifeline lies between two legs and never holds an arrow.
    fn is_void(&self, gap: usize) -> bool {
        !self.legs.iter().any(|(a, b)| *a.min(b) == gap)
    }

    fn gaps(&self) -> usize {
        self.hosts.len().saturating_sub(1)
    }

    /// Columns between two legs that share no host.
    fn between(&self, width: usize) -> usize {
        let (least, most) = BETWEEN_LEGS;
        if width < WIDE {
            return least;
        }
        let left = (0..self.gaps()).find(|gap| self.is_void(*gap));
        let name = left
            .and_then(|left| self.hosts.get(left))
            .map_or(0, |host| host.name.width());
        name.clamp(least, most)
    }
}

fn endpoint(call: &Call, side: Side) -> Endpoint {
    match side {
        Side::Caller => call.caller,
        Side::Callee => call.callee,
    }
}

/// What a side is; the user's own PBX (`--pbx`) is named.
fn role(call: &Call, side: Side, pbx: &[IpAddr], ascii: bool) -> String {
    let own = if pbx.contains(&endpoint(call, side).addr) {
        "PBX, "
    } else {
        ""
    };
    let party = match side {
        Side::Caller => &call.from,
        Side::Callee => &call.to,
    };
    match &party.user {
        Some(user) => format!("{own}{side} {}", plain(user, ascii)),
        None => format!("{own}{side}"),
    }
}

/// What the host is that both legs share: the PBX where the user says so, or where it is called on one leg
/// and calls on the other one, and the hosts behind it are not the same.
fn middle_role((a, of_a): (&Call, Side), (b, of_b): (&Call, Side), pbx: &[IpAddr]) -> String {
    let behind = |call: &Call, side: Side| endpoint(call, side.other()).addr;
    if pbx.contains(&endpoint(a, of_a).addr) {
        "PBX".to_owned()
    } else if of_a == of_b {
        format!("{of_a} of both")
    } else if behind(a, of_a) == behind(b, of_b) {
        format!("{of_a}, {of_b}")
    } else if pbx.is_empty() {
        "PBX".to_owned()
    } else {
        // Between the two, but not the one that the user named.
        "B2BUA".to_owned()
    }
}

/// The sides of two legs that are the same host: usually the callee of the first, the caller of the second.
fn shared(a: &Call, b: &Call) -> Option<(Side, Side)> {
    const PAIRS: [(Side, Side); 4] = [
        (Side::Callee, Side::Caller),
        (Side::Caller, Side::Callee),
        (Side::Callee, Side::Callee),
        (Side::Caller, Side::Caller),
    ];
    let same_endpoint = |(of_a, of_b): &(Side, Side)| endpoint(a, *of_a) == endpoint(b, *of_b);
    let same_host =
        |(of_a, of_b): &(Side, Side)| endpoint(a, *of_a).addr == endpoint(b, *of_b).addr;
    PAIRS
        .iter()
        .find(|pair| same_endpoint(pair))
        .or_else(|| PAIRS.iter().find(|pair| same_host(pair)))
        .copied()
}

/// What the labels of a gap need in columns.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Need {
    /// For all of them in full.
    pub(super) full: usize,
    /// For all of them in their shortest wording.
    pub(super) least: usize,
}

/// Columns of a ladder.
#[derive(Clone, Debug)]
pub(super) struct Geometry {
    /// Of the time.
    pub(super) time: usize,
    /// Between two lifelines, by gap; and whether it lies between two legs.
    pub(super) gaps: Vec<(usize, bool)>,
    /// Of what stands beside the ladder.
    pub(super) right: usize,
}

impl Geometry {
    /// For a screen: never wider than `width`; labels get what they need as long as enough stays for what
    /// stands beside them.
    pub(super) fn for_screen(columns: &Columns, width: usize, time: usize, needs: &[Need]) -> Self {
        let arrows = Self::arrows(columns);
        let room = width.saturating_sub(Self::fixed(columns, width, time));
        let right_least = if arrows == 1 { room * 2 / 5 } else { room / 4 };
        let label = needs.iter().map(|need| need.full).max().unwrap_or(0);
        let gap = (label + ARROW + 2)
            .max(16)
            .min(room.saturating_sub(right_least) / arrows.max(1));
        Self::of(columns, width, time, |_| gap)
    }

    /// For a text: no label is cut. What stands beside them is wrapped in what is left; where that is too
    /// little, each gap gets only what it needs, then labels take a shorter wording. Wider than `width` it
    /// is only where even that does not fit.
    pub(super) fn for_text(columns: &Columns, width: usize, time: usize, needs: &[Need]) -> Self {
        let arrows = Self::arrows(columns);
        let names = columns
            .hosts
            .iter()
            .map(|host| host.name.width().max(host.role.width()))
            .max()
            .unwrap_or(0);
        let room = width.saturating_sub(Self::fixed(columns, width, time));
        let label = needs.iter().map(|need| need.full).max().unwrap_or(0);
        let gap = (label + ARROW + 2)
            .max(16)
            .min(room.saturating_sub(room * 2 / 5) / arrows.max(1))
            .max(label + ARROW)
            .max(names);
        if gap * arrows + RIGHT_LEAST <= room {
            return Self::of(columns, width, time, |_| gap);
        }
        let most = Self::most(columns, needs, room.saturating_sub(RIGHT_LEAST))
            .or_else(|| Self::most(columns, needs, room.saturating_sub(RIGHT_NEEDED)));
        let mut geometry = Self::of(columns, width, time, |at| {
            Self::at_most(needs, at, most.unwrap_or(0))
        });
        geometry.right = geometry.right.max(RIGHT_NEEDED);
        geometry
    }

    /// What a gap gets where none may be wider than `most`, unless its shortest wordings are.
    fn at_most(needs: &[Need], gap: usize, most: usize) -> usize {
        let need = needs.get(gap).copied().unwrap_or_default();
        (need.full + ARROW)
            .max(NAME_LEAST)
            .min(most.max(need.least + ARROW))
    }

    /// How wide the widest gap may be so that all fit into `room`.
    fn most(columns: &Columns, needs: &[Need], room: usize) -> Option<usize> {
        (0..=room).rev().find(|most| {
            let gaps = (0..columns.gaps()).filter(|gap| !columns.is_void(*gap));
            gaps.map(|gap| Self::at_most(needs, gap, *most))
                .sum::<usize>()
                <= room
        })
    }

    fn arrows(columns: &Columns) -> usize {
        (0..columns.gaps())
            .filter(|gap| !columns.is_void(*gap))
            .count()
    }

    fn fixed(columns: &Columns, width: usize, time: usize) -> usize {
        let voids = columns.gaps() - Self::arrows(columns);
        time + AFTER_TIME + columns.hosts.len() + voids * columns.between(width) + GUTTER
    }

    /// With gaps of these widths; the rest of `width` is for what stands beside them.
    fn of(columns: &Columns, width: usize, time: usize, gap: impl Fn(usize) -> usize) -> Self {
        let gaps: Vec<(usize, bool)> = (0..columns.gaps())
            .map(|at| {
                if columns.is_void(at) {
                    (columns.between(width), true)
                } else {
                    (gap(at), false)
                }
            })
            .collect();
        let taken: usize = gaps.iter().map(|(gap, _)| gap + 1).sum();
        Self {
            time,
            right: width.saturating_sub(time + AFTER_TIME + taken + 1 + GUTTER),
            gaps,
        }
    }

    /// Columns between the lifelines of a gap.
    pub(super) fn gap(&self, at: usize) -> usize {
        self.gaps.get(at).map_or(0, |(gap, _)| *gap)
    }

    /// The ladder part of a row: time, lifelines, and in one gap the arrow (made for a width).
    pub(super) fn line(
        &self,
        time: &str,
        place: Option<Place>,
        ascii: bool,
        arrow: impl FnOnce(usize) -> Vec<Span>,
    ) -> Vec<Span> {
        let mut spans = vec![Span::new(
            format!("{time:>width$}{:AFTER_TIME$}", "", width = self.time),
            Role::Dim,
        )];
        let lifeline = if ascii { "|" } else { "│" };
        let mut arrow = Some(arrow);
        let mut plain_run = lifeline.to_owned();
        for (at, (width, _)) in self.gaps.iter().enumerate() {
            match arrow.take_if(|_| place.is_some_and(|place| place.gap == at)) {
                Some(arrow) => {
                    spans.push(Span::new(std::mem::take(&mut plain_run), Role::Lifeline));
                    spans.extend(arrow(*width));
                }
                None => plain_run.extend(std::iter::repeat_n(' ', *width)),
            }
            plain_run.push_str(lifeline);
        }
        spans.push(Span::new(plain_run, Role::Lifeline));
        spans
    }
}
