//! How wide everything is, and the part of a row that is drawn: time, lifelines and an arrow.

use unicode_width::UnicodeWidthStr;

use crate::view::ladder::columns::{Columns, Place, Stand};
use crate::view::ladder::label::{Heads, Label};
use crate::view::{Role, Span};

/// Between the last lifeline and the text beside it.
pub(super) const GUTTER: usize = 2;
/// Between time and the first lifeline.
pub(super) const AFTER_TIME: usize = 2;
/// Where there are hosts beyond what is shown: room on either side for the numbers of those that arrows come from.
const EDGE: usize = 2;
/// Between the lifelines of two legs that share no host: at least, and at most (room for an IPv4 address).
const BETWEEN_LEGS: (usize, usize) = (3, 16);
/// From this width on there is room for the names of all four hosts.
const WIDE: usize = 100;
/// Least room for an arrow.
const GAP_LEAST: usize = 16;
/// Room for what stands beside the ladder in a text, for which labels take a shorter wording.
const RIGHT_LEAST: usize = 20;
/// The same beside a path, whose labels repeat from hop to hop.
const RIGHT_OF_TEXT_PATH: usize = 28;
/// Room for it that stays, however long the shortest wordings are.
const RIGHT_NEEDED: usize = 12;
/// Room for it for which a path gives up lifelines.
const RIGHT_OF_PATH: usize = 18;
/// Least room for the name of a host in a text: names that are longer are wrapped.
const NAME_LEAST: usize = 16;
/// What an arrow needs besides its label: a space on each side, a line on each side, its head.
pub(super) const ARROW: usize = 5;

/// An arrow to be drawn.
pub(super) struct Arrow<'a> {
    pub(super) place: Place,
    /// Lifelines at which it was relayed.
    pub(super) relays: &'a [usize],
    pub(super) label: &'a Label,
}

/// Where an arrow comes from or goes to.
#[derive(Clone, Copy)]
enum End {
    Column(usize),
    /// A host beyond what is shown: its number.
    Left(usize),
    Right(usize),
}

/// The columns that an arrow covers, from left to right.
struct Reach {
    left: End,
    right: End,
    /// Columns of its left and right end.
    columns: (usize, usize),
    to_right: bool,
}

impl Reach {
    /// The gap that its label stands in: the sender's; `None` where it has none.
    fn label_gap(&self) -> Option<usize> {
        let (left, right) = self.columns;
        match (left < right, self.to_right) {
            (false, _) => None,
            (true, true) => Some(left),
            (true, false) => Some(right - 1),
        }
    }

    /// Which heads it has in a gap; a gap is named by the column left of it.
    fn heads(&self, gap: usize, both: bool) -> Heads {
        let (left, right) = self.columns;
        let ends_here = (
            gap == left && matches!(self.left, End::Column(_)),
            gap + 1 == right && matches!(self.right, End::Column(_)),
        );
        Heads {
            left: ends_here.0 && (!self.to_right || both),
            right: ends_here.1 && (self.to_right || both),
        }
    }
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
    /// On either side, for the numbers of hosts beyond what is shown.
    pub(super) edge: usize,
}

impl Geometry {
    /// For a screen: never wider than `width`; labels get what they need as long as enough stays for what
    /// stands beside them.
    pub(super) fn for_screen(columns: &Columns, width: usize, time: usize, needs: &[Need]) -> Self {
        let arrows = Self::arrows(columns);
        let room = width.saturating_sub(Self::fixed(columns, width, time));
        let right_least = match (arrows, columns.has_path()) {
            (1, _) => room * 2 / 5,
            (2, true) => room / 3,
            _ => room / 4,
        };
        let label = needs.iter().map(|need| need.full).max().unwrap_or(0);
        let wanted = (label + ARROW + 2).max(GAP_LEAST);
        let gap = wanted.min(room.saturating_sub(right_least) / arrows.max(1));
        if columns.has_path() {
            let most = room.saturating_sub(RIGHT_OF_PATH) / arrows.max(1);
            let gap = gap.max(GAP_LEAST.min(most));
            return Self::of(columns, width, time, |_| gap);
        }
        Self::of(columns, width, time, |_| gap)
    }

    /// For a text: no label is cut. What stands beside them is wrapped in what is left; where that is too
    /// little, each gap gets only what it needs, then labels take a shorter wording. Wider than `width` it
    /// is only where even that does not fit.
    pub(super) fn for_text(columns: &Columns, width: usize, time: usize, needs: &[Need]) -> Self {
        let arrows = Self::arrows(columns);
        let hosts = columns.shown();
        let names = hosts
            .iter()
            .map(|(_, host)| host.name.width().max(host.role(0).width()))
            .max()
            .unwrap_or(0);
        let room = width.saturating_sub(Self::fixed(columns, width, time));
        let label = needs.iter().map(|need| need.full).max().unwrap_or(0);
        let gap = (label + ARROW + 2)
            .max(GAP_LEAST)
            .min(room.saturating_sub(room * 2 / 5) / arrows.max(1))
            .max(label + ARROW)
            .max(names);
        let least = if columns.has_path() {
            RIGHT_OF_TEXT_PATH
        } else {
            RIGHT_LEAST
        };
        if gap * arrows + least <= room {
            return Self::of(columns, width, time, |_| gap);
        }
        let most = Self::most(columns, needs, room.saturating_sub(least))
            .or_else(|| Self::most(columns, needs, room.saturating_sub(RIGHT_LEAST)))
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
        let lifelines = columns.gaps() + usize::from(!columns.hosts.is_empty());
        let edges = if columns.windowed { 2 * EDGE } else { 0 };
        time + AFTER_TIME + lifelines + voids * between(columns, width) + GUTTER + edges
    }

    /// Whether all columns have room for an arrow, and something beside them.
    pub(super) fn fits(columns: &Columns, width: usize, time: usize) -> bool {
        let room = width.saturating_sub(Self::fixed(columns, width, time));
        Self::arrows(columns) * GAP_LEAST + RIGHT_OF_PATH <= room
    }

    /// With gaps of these widths; the rest of `width` is for what stands beside them.
    fn of(columns: &Columns, width: usize, time: usize, gap: impl Fn(usize) -> usize) -> Self {
        let gaps: Vec<(usize, bool)> = (0..columns.gaps())
            .map(|at| {
                if columns.is_void(at) {
                    (between(columns, width), true)
                } else {
                    (gap(at), false)
                }
            })
            .collect();
        let edge = if columns.windowed { EDGE } else { 0 };
        let taken: usize = gaps.iter().map(|(gap, _)| gap + 1).sum();
        Self {
            time,
            right: width.saturating_sub(time + AFTER_TIME + taken + 1 + GUTTER + 2 * edge),
            edge,
            gaps,
        }
    }

    /// Columns between the lifelines of a gap.
    pub(super) fn gap(&self, at: usize) -> usize {
        self.gaps.get(at).map_or(0, |(gap, _)| *gap)
    }

    /// The column that the label of an arrow begins right of.
    pub(super) fn label_gap(columns: &Columns, place: Place) -> Option<usize> {
        reach(columns, place)?.label_gap()
    }

    /// What has no room on the arrow: of one that is not to be seen, all.
    pub(super) fn left_out(&self, columns: &Columns, arrow: &Arrow<'_>) -> Option<String> {
        let (label, both) = (arrow.label, arrow.label.has_both_heads());
        let numbers = || format!("{} → {}", arrow.place.from + 1, arrow.place.to + 1);
        let Some(reach) = reach(columns, arrow.place) else {
            return Some(format!("{}: {}", numbers(), label.in_full()));
        };
        match reach.label_gap() {
            Some(gap) => label.left_out(self.gap(gap), reach.heads(gap, both)),
            None => Some(label.in_full()),
        }
    }

    /// The ladder part of a row: time, lifelines, and an arrow.
    pub(super) fn line(
        &self,
        time: &str,
        (columns, arrow): (&Columns, Option<&Arrow<'_>>),
        ascii: bool,
    ) -> Vec<Span> {
        let mut spans = vec![Span::new(
            format!("{time:>width$}{:AFTER_TIME$}", "", width = self.time),
            Role::Dim,
        )];
        let drawn = arrow.and_then(|arrow| Some((arrow, reach(columns, arrow.place)?)));
        let lifeline = if ascii { '|' } else { '│' };
        let edges = drawn
            .as_ref()
            .map(|(arrow, reach)| self.edges(arrow, reach, ascii));
        let (before, after) =
            edges.unwrap_or_else(|| (" ".repeat(self.edge), " ".repeat(self.edge)));
        let mut plain_run = before;
        for at in 0..=self.gaps.len() {
            let crossing = drawn
                .as_ref()
                .and_then(|(arrow, reach)| crossing(columns, arrow, reach, at, ascii));
            plain_run.push(crossing.unwrap_or(lifeline));
            let Some((width, _)) = self.gaps.get(at) else {
                break;
            };
            let covered = drawn
                .as_ref()
                .filter(|(_, reach)| (reach.columns.0..reach.columns.1).contains(&at));
            match covered {
                Some((arrow, reach)) => {
                    spans.push(Span::new(std::mem::take(&mut plain_run), Role::Lifeline));
                    let heads = reach.heads(at, arrow.label.has_both_heads());
                    spans.extend(if reach.label_gap() == Some(at) {
                        arrow.label.arrow(*width, heads, ascii)
                    } else {
                        arrow.label.stroke(*width, heads, ascii)
                    });
                }
                None => plain_run.extend(std::iter::repeat_n(' ', *width)),
            }
        }
        plain_run.push_str(&after);
        spans.push(Span::new(plain_run, Role::Lifeline));
        spans
    }

    /// Left and right of the lifelines: the numbers of hosts that are not shown.
    fn edges(&self, arrow: &Arrow<'_>, reach: &Reach, ascii: bool) -> (String, String) {
        let blank = || " ".repeat(self.edge);
        let both = arrow.label.has_both_heads();
        let stroke = arrow.label.stroke_char(ascii);
        let (left_head, right_head) = if ascii { ('<', '>') } else { ('◀', '▶') };
        let digit = |number: usize| {
            let digit = u32::try_from(number)
                .ok()
                .and_then(|number| char::from_digit(number, 10));
            digit.unwrap_or('*')
        };
        let left = match reach.left {
            End::Left(number) => {
                let head = if reach.to_right && !both {
                    stroke
                } else {
                    left_head
                };
                format!("{}{head}", digit(number))
            }
            _ => blank(),
        };
        let right = match reach.right {
            End::Right(number) => {
                let head = if reach.to_right || both {
                    right_head
                } else {
                    stroke
                };
                format!("{head}{}", digit(number))
            }
            _ => blank(),
        };
        (left, right)
    }
}

/// Columns between two legs that share no host.
fn between(columns: &Columns, width: usize) -> usize {
    let (least, most) = BETWEEN_LEGS;
    if width < WIDE {
        return least;
    }
    let left = (0..columns.gaps()).find(|gap| columns.is_void(*gap));
    let name = left
        .and_then(|left| columns.hosts.get(left))
        .map_or(0, |host| host.name.width());
    name.clamp(least, most)
}

/// The columns that an arrow covers; `None` where it lies beyond what is shown.
fn reach(columns: &Columns, place: Place) -> Option<Reach> {
    let last = columns.gaps();
    let end = |lifeline: usize| match columns.stand(lifeline) {
        Stand::Column(at) => Some(End::Column(at)),
        Stand::Left => Some(End::Left(lifeline + 1)),
        Stand::Right => Some(End::Right(lifeline + 1)),
        Stand::Hidden => None,
    };
    let column = |end: End| match end {
        End::Column(at) => at,
        End::Left(_) => 0,
        End::Right(_) => last,
    };
    let (from, to) = (end(place.from)?, end(place.to)?);
    let beyond = matches!(
        (from, to),
        (End::Left(_), End::Left(_)) | (End::Right(_), End::Right(_))
    );
    if beyond {
        return None;
    }
    let (left, right) = if place.to_right() {
        (from, to)
    } else {
        (to, from)
    };
    let one = matches!((left, right), (End::Column(left), End::Column(right)) if left == right);
    (!one).then(|| Reach {
        left,
        right,
        columns: (column(left), column(right)),
        to_right: place.to_right(),
    })
}

/// The mark at a lifeline that an arrow passes.
fn crossing(
    columns: &Columns,
    arrow: &Arrow<'_>,
    reach: &Reach,
    at: usize,
    ascii: bool,
) -> Option<char> {
    let (left, right) = reach.columns;
    let inside = at > left && at < right;
    let goes_on = (at == left && matches!(reach.left, End::Left(_)))
        || (at == right && matches!(reach.right, End::Right(_)));
    if !inside && !goes_on {
        return None;
    }
    let relayed = |lifeline: &usize| columns.stand(*lifeline) == Stand::Column(at);
    if arrow.relays.iter().any(relayed) {
        return Some(if ascii { 'o' } else { '●' });
    }
    Some(arrow.label.crossing_char(ascii))
}
