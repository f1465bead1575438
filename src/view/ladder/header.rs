//! Over the lifelines: names and roles of the hosts.

use unicode_width::UnicodeWidthStr;

use crate::view::ladder::columns::{BETWEEN_HOSTS, Columns, Host};
use crate::view::ladder::geometry::{AFTER_TIME, GUTTER, Geometry};
use crate::view::{Role, Row, Span, fit, wrap};

/// Pieces of text by row, each with the column that it begins at.
type Grid = Vec<Vec<(usize, String)>>;

impl Geometry {
    /// Names and roles of the hosts, each beginning over its lifeline; two rows, cut where there is no room. Where a
    /// host has no lifeline, a row with all of them comes first.
    pub(super) fn header(&self, columns: &Columns, ascii: bool) -> Vec<Row> {
        let time = format!("{:>width$}{:AFTER_TIME$}", "time", "", width = self.time);
        let names = self.header_row(columns, &time, ascii, |_, host, _| host.name.clone());
        let blank = " ".repeat(self.time + AFTER_TIME);
        let roles = self.header_row(columns, &blank, ascii, role(columns));
        let overview = columns.overview().map(|text| {
            // Over the lifelines if it has room there.
            let indent = blank.len().min(self.width().saturating_sub(text.width()));
            let text = format!("{:indent$}{text}", "");
            Row::of(vec![Span::new(text, Role::Dim)])
        });
        overview.into_iter().chain([names, roles]).collect()
    }

    /// The same with nothing cut: what has no room over its lifeline goes on in rows below.
    pub(super) fn whole_header(&self, columns: &Columns) -> Vec<Row> {
        let mut names = self.grid(columns, |_, host, _| host.name.clone());
        if let Some(first) = names.first_mut() {
            first.insert(0, (self.time.saturating_sub(4), "time".to_owned()));
        }
        let roles = self.grid(columns, role(columns));
        let overview = columns.overview().into_iter().flat_map(|text| {
            let start = self.time + AFTER_TIME;
            let lines = in_lines(&text, self.width().saturating_sub(start));
            lines.into_iter().map(move |line| vec![(start, line)])
        });
        overview
            .collect::<Grid>()
            .into_iter()
            .chain(names)
            .chain(roles)
            .map(spaced)
            .collect()
    }

    /// Columns of a whole row.
    fn width(&self) -> usize {
        let gaps: usize = self.gaps.iter().map(|(gap, _)| gap + 1).sum();
        self.time + AFTER_TIME + 2 * self.edge + gaps + 1 + GUTTER + self.right
    }

    fn grid(&self, columns: &Columns, text: impl Fn(usize, &Host, usize) -> String) -> Grid {
        let mut grid = Grid::new();
        let mut lifeline = self.time + AFTER_TIME + self.edge;
        let mut before = 0;
        let hosts = columns.shown();
        for (at, (number, host)) in hosts.iter().enumerate() {
            let (gap, void) = self.gaps.get(at).copied().unwrap_or_default();
            let last = at + 1 == hosts.len();
            // Left of the gap between two legs there is no room to the right: the name ends at its lifeline.
            let leftwards = void && text(*number, host, gap).width() > gap;
            let room = match (last, leftwards) {
                (true, _) => GUTTER + self.right,
                (_, true) => before + 1,
                _ => gap,
            };
            let mut row = 0;
            for line in wrap(&text(*number, host, room), room) {
                let start = if leftwards {
                    (lifeline + 1).saturating_sub(line.width())
                } else {
                    lifeline
                };
                row = put(&mut grid, row, start, line) + 1;
            }
            before = gap;
            lifeline += gap + 1;
        }
        grid
    }

    fn header_row(
        &self,
        columns: &Columns,
        first: &str,
        ascii: bool,
        text: impl Fn(usize, &Host, usize) -> String,
    ) -> Row {
        let mut starts = Vec::new();
        let mut lifeline = self.time + AFTER_TIME + self.edge;
        let mut free = lifeline;
        let hosts = columns.shown();
        for (at, (number, host)) in hosts.iter().enumerate() {
            let (gap, void) = self.gaps.get(at).copied().unwrap_or_default();
            // Left of the gap between two legs there is no room to the right: the name ends at its lifeline.
            let width = text(*number, host, gap).width();
            let start = if void && width > gap {
                (lifeline + 1).saturating_sub(width).max(free + 1)
            } else {
                lifeline
            };
            starts.push(start.min(lifeline));
            free = lifeline;
            lifeline += gap + 1;
        }
        starts.push(lifeline + self.edge + GUTTER + self.right);
        let mut spans = vec![Span::new(first, Role::Dim)];
        let mut used = self.time + AFTER_TIME;
        for ((at, (number, host)), next) in hosts.iter().enumerate().zip(starts.iter().skip(1)) {
            let start = starts.get(at).copied().unwrap_or(used).max(used);
            let last = at + 1 == hosts.len();
            let room = next.saturating_sub(start + usize::from(!last));
            let text = text(*number, host, room);
            // The last name may reach into the column beside the ladder.
            let text = fit(&text, room, ascii);
            spans.push(Span::plain(" ".repeat(start - used)));
            used = start + text.width();
            spans.push(Span::new(text, Role::Heading));
        }
        Row::of(spans)
    }
}

/// The hosts of an overview, as many on a line as have room there.
fn in_lines(overview: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for host in overview.split(BETWEEN_HOSTS) {
        match lines.last_mut() {
            Some(line) if line.width() + BETWEEN_HOSTS.len() + host.width() <= width => {
                line.push_str(BETWEEN_HOSTS);
                line.push_str(host);
            }
            _ => lines.push(host.to_owned()),
        }
    }
    lines
}

/// What a host is, as long as there is room for; where there are more than two hops, with its number.
fn role(columns: &Columns) -> impl Fn(usize, &Host, usize) -> String + '_ {
    |number, host, room| {
        if columns.has_path() {
            let before = format!("{number} ");
            let role = host.role(room.saturating_sub(before.len()));
            format!("{before}{role}")
        } else {
            host.role(room).to_owned()
        }
    }
}

/// Puts a piece into the first row from `row` on where it collides with nothing; tells which.
fn put(grid: &mut Grid, mut row: usize, start: usize, text: String) -> usize {
    loop {
        if grid.len() <= row {
            grid.resize(row + 1, Vec::new());
        }
        let Some(pieces) = grid.get_mut(row) else {
            return row;
        };
        if pieces
            .last()
            .is_none_or(|(at, piece)| at + piece.width() < start)
        {
            pieces.push((start, text));
            return row;
        }
        row += 1;
    }
}

fn spaced(pieces: Vec<(usize, String)>) -> Row {
    let mut spans = Vec::new();
    let mut used = 0;
    for (start, text) in pieces {
        spans.push(Span::plain(" ".repeat(start.saturating_sub(used))));
        used = start + text.width();
        let role = if text == "time" {
            Role::Dim
        } else {
            Role::Heading
        };
        spans.push(Span::new(text, role));
    }
    Row::of(spans)
}
