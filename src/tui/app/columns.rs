//! The columns of the list while they are being chosen.

use crate::view::calls::Column;
use crate::view::{Role, Row, Span};

/// All columns, those that are shown and the others.
#[derive(Clone, Debug)]
pub struct Chooser {
    rows: Vec<(Column, bool)>,
    cursor: usize,
    before: Option<Vec<Column>>,
}

impl Chooser {
    /// Those that are shown come first, in their order.
    pub fn new(chosen: Option<&[Column]>) -> Self {
        let usual = || Column::ALL.iter().take(Column::USUAL).copied();
        let shown = chosen.map_or_else(|| usual().collect(), <[Column]>::to_vec);
        let others = Column::ALL.iter().filter(|column| !shown.contains(column));
        let others = others.map(|column| (*column, false)).collect::<Vec<_>>();
        Self {
            rows: (shown.into_iter().map(|column| (column, true)))
                .chain(others)
                .collect(),
            cursor: 0,
            before: chosen.map(<[Column]>::to_vec),
        }
    }

    /// The selected row.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    pub(in crate::tui) fn move_by(&mut self, by: isize) {
        let last = self.rows.len().saturating_sub(1);
        self.cursor = self.cursor.saturating_add_signed(by).min(last);
    }

    /// The selected column shown or not.
    pub(in crate::tui) fn toggle(&mut self) {
        if let Some((_, shown)) = self.rows.get_mut(self.cursor) {
            *shown = !*shown;
        }
    }

    /// The selected column further to the left or to the right.
    pub(in crate::tui) fn carry(&mut self, right: bool) {
        let to = if right {
            self.cursor + 1
        } else {
            self.cursor.wrapping_sub(1)
        };
        if to < self.rows.len() {
            self.rows.swap(self.cursor, to);
            self.cursor = to;
        }
    }

    /// The columns that are shown; `None`: those that always were.
    pub(in crate::tui) fn chosen(&self) -> Option<Vec<Column>> {
        let shown = self.rows.iter().filter(|(_, shown)| *shown);
        let shown: Vec<Column> = shown.map(|(column, _)| *column).collect();
        let usual = Column::ALL.iter().take(Column::USUAL);
        (!usual.eq(&shown)).then_some(shown)
    }

    /// Whether others are shown than before.
    pub(in crate::tui) fn has_changed(&self) -> bool {
        self.chosen() != self.before
    }

    /// `[x] from      number of the caller`
    pub(in crate::tui) fn lines(&self) -> Vec<Row> {
        let names = self.rows.iter().map(|(column, _)| column.name().len());
        let widest = names.max().unwrap_or(0);
        let line = |(column, shown): &(Column, bool)| {
            let mark = if *shown { "[x]" } else { "[ ]" };
            Row::of(vec![
                Span::new(format!("{mark} {:widest$}   ", column.name()), Role::Plain),
                Span::new(column.doc(), Role::Dim),
            ])
        };
        self.rows.iter().map(line).collect()
    }
}
