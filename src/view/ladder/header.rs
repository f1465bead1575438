//! Over the lifelines: names and roles of the hosts.

use unicode_width::UnicodeWidthStr;

use crate::view::ladder::columns::{AFTER_TIME, Columns, GUTTER, Geometry, Host};
use crate::view::{Role, Row, Span, fit, wrap};

/// Pieces of text by row, each with the column that it begins at.
type Grid = Vec<Vec<(usize, String)>>;

impl Geometry {
    /// Names and roles of the hosts, each beginning over its lifeline; two rows, cut where there is no room.
    pub(super) fn header(&self, columns: &Columns, ascii: bool) -> Vec<Row> {
        let time = format!("{:>width$}{:AFTER_TIME$}", "time", "", width = self.time);
        let names = self.header_row(columns, &time, ascii, |host| &host.name);
        let blank = " ".repeat(self.time + AFTER_TIME);
        let roles = self.header_row(columns, &blank, ascii, |host| &host.role);
        vec![names, roles]
    }

    /// The same with nothing cut: what has no room over its lifeline goes on in rows below.
    pub(super) fn whole_header(&self, columns: &Columns) -> Vec<Row> {
        let mut names = self.grid(columns, |host| &host.name);
        if let Some(first) = names.first_mut() {
            first.insert(0, (self.time.saturating_sub(4), "time".to_owned()));
        }
        let roles = self.grid(columns, |host| &host.role);
        names.into_iter().chain(roles).map(spaced).collect()
    }

    fn grid<'h>(&self, columns: &'h Columns, text: impl Fn(&'h Host) -> &'h String) -> Grid {
        let mut grid = Grid::new();
        let mut lifeline = self.time + AFTER_TIME;
        let mut before = 0;
        for (at, host) in columns.hosts.iter().enumerate() {
            let (gap, void) = self.gaps.get(at).copied().unwrap_or_default();
            let last = at + 1 == columns.hosts.len();
            // Left of the gap between two legs there is no room to the right: the name ends at its lifeline.
            let leftwards = void && text(host).width() > gap;
            let room = match (last, leftwards) {
                (true, _) => GUTTER + self.right,
                (_, true) => before + 1,
                _ => gap,
            };
            let mut row = 0;
            for line in wrap(text(host), room) {
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

    fn header_row<'h>(
        &self,
        columns: &'h Columns,
        first: &str,
        ascii: bool,
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
            // The last name may reach into the column beside the ladder.
            let text = fit(text, room, ascii);
            spans.push(Span::plain(" ".repeat(start - used)));
            used = start + text.width();
            spans.push(Span::new(text, Role::Heading));
        }
        Row::of(spans)
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
