//! Which host has which lifeline, and how wide everything is.

use unicode_width::UnicodeWidthStr;

use crate::call::{Call, Flow, Side};
use crate::capture::Endpoint;
use crate::view::{Role, Row, Span, fit, plain};

/// Between the last lifeline and the text beside it.
pub(super) const GUTTER: usize = 2;
/// Between time and the first lifeline.
const AFTER_TIME: usize = 2;
/// Between the lifelines of two legs that share no host: at least, and at most (room for an IPv4 address).
const BETWEEN_LEGS: (usize, usize) = (3, 16);
/// From this width on there is room for the names of all four hosts.
const WIDE: usize = 100;
/// Least room for what stands beside the ladder in a text, however long the labels are.
const RIGHT_LEAST: usize = 24;
/// What an arrow needs besides its label: a space on each side, a line on each side, its head.
pub(super) const ARROW: usize = 5;

/// The lifelines of one or two legs.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    hosts: Vec<Host>,
    /// By leg: lifeline of the caller, of the callee.
    legs: Vec<(usize, usize)>,
}

/// A host at the head of a lifeline.
#[derive(Clone, Debug)]
struct Host {
    endpoint: Endpoint,
    name: String,
    role: String,
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
    pub(super) fn of(flow: &Flow, ascii: bool) -> Self {
        let mut columns = Self {
            hosts: Vec::new(),
            legs: Vec::new(),
        };
        match flow.legs.as_slice() {
            [] => {}
            [a, b] => columns.put_two(a, b, ascii),
            [a, ..] => columns.put_one(a, ascii),
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

    fn put_one(&mut self, call: &Call, ascii: bool) {
        let at = self.hosts.len();
        self.legs.push((at, at + 1));
        for side in [Side::Caller, Side::Callee] {
            self.hosts.push(Host {
                endpoint: endpoint(call, side),
                name: String::new(),
                role: role(call, side, ascii),
            });
        }
    }

    fn put_two(&mut self, a: &Call, b: &Call, ascii: bool) {
        let Some((of_a, of_b)) = shared(a, b) else {
            self.put_one(a, ascii);
            self.put_one(b, ascii);
            // The hosts in the middle only pass on what the outer ones say.
            let middle = self.hosts.iter_mut().skip(1);
            for (host, side) in middle.zip([Side::Callee, Side::Caller]) {
                host.role = side.to_string();
            }
            return;
        };
        let outer = |call: &Call, side: Side| Host {
            endpoint: endpoint(call, side),
            name: String::new(),
            role: role(call, side, ascii),
        };
        self.hosts = vec![
            outer(a, of_a.other()),
            Host {
                endpoint: endpoint(a, of_a),
                name: String::new(),
                role: "PBX".to_owned(),
            },
            outer(b, of_b.other()),
        ];
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

fn role(call: &Call, side: Side, ascii: bool) -> String {
    let party = match side {
        Side::Caller => &call.from,
        Side::Callee => &call.to,
    };
    match &party.user {
        Some(user) => format!("{side} {}", plain(user, ascii)),
        None => side.to_string(),
    }
}

/// The sides of two legs that are the same host: usually the callee of the first, the caller of the second.
fn shared(a: &Call, b: &Call) -> Option<(Side, Side)> {
    const PAIRS: [(Side, Side); 4] = [
        (Side::Callee, Side::Caller),
        (Side::Callee, Side::Callee),
        (Side::Caller, Side::Caller),
        (Side::Caller, Side::Callee),
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

/// Columns of a ladder.
#[derive(Clone, Debug)]
pub(super) struct Geometry {
    /// Of the time.
    pub(super) time: usize,
    /// Between two lifelines, by gap.
    gaps: Vec<(usize, bool)>,
    /// Of what stands beside the ladder.
    pub(super) right: usize,
}

impl Geometry {
    /// For a screen: never wider than `width`; labels get what they need as long as enough stays for what
    /// stands beside them.
    pub(super) fn for_screen(columns: &Columns, width: usize, time: usize, label: usize) -> Self {
        let arrows = Self::arrows(columns);
        let fixed = Self::fixed(columns, width, time);
        let room = width.saturating_sub(fixed);
        let right_least = if arrows == 1 { room * 2 / 5 } else { room / 4 };
        let gap = (label + ARROW + 2)
            .max(16)
            .min(room.saturating_sub(right_least) / arrows.max(1));
        Self {
            time,
            gaps: Self::gaps_of(columns, width, gap),
            right: room.saturating_sub(gap * arrows),
        }
    }

    /// For a text: no label is cut; what stands beside them is wrapped in what is left.
    pub(super) fn for_text(columns: &Columns, width: usize, time: usize, label: usize) -> Self {
        let arrows = Self::arrows(columns);
        let names = columns
            .hosts
            .iter()
            .map(|host| host.name.width().max(host.role.width()))
            .max()
            .unwrap_or(0);
        let room = width.saturating_sub(Self::fixed(columns, width, time));
        let comfortable = (label + ARROW + 2).max(16);
        let least = (label + ARROW).max(names);
        let gap = comfortable
            .min(room.saturating_sub(room * 2 / 5) / arrows.max(1))
            .max(least);
        Self {
            time,
            gaps: Self::gaps_of(columns, width, gap),
            right: room.saturating_sub(gap * arrows).max(RIGHT_LEAST),
        }
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

    fn gaps_of(columns: &Columns, width: usize, gap: usize) -> Vec<(usize, bool)> {
        (0..columns.gaps())
            .map(|at| {
                if columns.is_void(at) {
                    (columns.between(width), true)
                } else {
                    (gap, false)
                }
            })
            .collect()
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

    /// Names and roles of the hosts, each beginning over its lifeline.
    pub(super) fn header(&self, columns: &Columns, ascii: bool, whole: bool) -> Vec<Row> {
        let time = format!("{:>width$}{:AFTER_TIME$}", "time", "", width = self.time);
        let names = self.header_row(columns, &time, ascii, whole, |host| &host.name);
        let blank = " ".repeat(self.time + AFTER_TIME);
        let roles = self.header_row(columns, &blank, ascii, whole, |host| &host.role);
        vec![names, roles]
    }

    fn header_row<'h>(
        &self,
        columns: &'h Columns,
        first: &str,
        ascii: bool,
        whole: bool,
        text: impl Fn(&'h Host) -> &'h String,
    ) -> Row {
        let mut starts = Vec::new();
        let mut lifeline = self.time + AFTER_TIME;
        let mut free = lifeline;
        for (at, host) in columns.hosts.iter().enumerate() {
            let (gap, void) = self.gaps.get(at).copied().unwrap_or_default();
            // Left of the gap between two legs there is no room to the right: the name ends at its lifeline.
            let start = if void && text(host).width() > gap {
                (lifeline + 1)
                    .saturating_sub(text(host).width())
                    .max(free + 1)
            } else {
                lifeline
            };
            starts.push(start.min(lifeline));
            free = lifeline;
            lifeline += gap + 1;
        }
        starts.push(lifeline + GUTTER + self.right);
        let mut spans = vec![Span::new(first, Role::Dim)];
        let mut used = self.time + AFTER_TIME;
        for ((at, host), next) in columns.hosts.iter().enumerate().zip(starts.iter().skip(1)) {
            let start = starts.get(at).copied().unwrap_or(used).max(used);
            let last = at + 1 == columns.hosts.len();
            let room = next.saturating_sub(start + usize::from(!last));
            let text = text(host);
            // The last name may reach into the column beside the ladder; a text cuts nothing.
            let text = if last && whole {
                text.into()
            } else {
                fit(text, room, ascii)
            };
            spans.push(Span::plain(" ".repeat(start - used)));
            used = start + text.width();
            spans.push(Span::new(text, Role::Heading));
        }
        Row::of(spans)
    }
}
