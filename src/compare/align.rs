//! Steps of two legs side by side: a longest common subsequence of their keys.

use std::collections::VecDeque;

use crate::compare::{Row, Step, content};

/// Steps of a leg that are aligned by their whole table; what lies beyond stands unaligned. More than a hundred pages,
/// since confirmed pages stand once (`step::fold`).
const MOST: usize = 1500;

/// Aligns steps.
pub(super) fn rows<'a>(good: Vec<Step<'a>>, bad: Vec<Step<'a>>) -> Vec<Row<'a>> {
    let table = Table::of(&good, &bad);
    let (mut good, mut bad) = (VecDeque::from(good), VecDeque::from(bad));
    let mut out = Vec::with_capacity(good.len().max(bad.len()));
    let (mut at, mut to) = (0, 0);
    loop {
        let alike = match (good.front(), bad.front()) {
            (None, None) => return out,
            (Some(one), Some(other)) => one.key == other.key,
            _ => false,
        };
        // Heads that are alike belong to some longest common subsequence.
        let (take_good, take_bad) = if alike {
            (true, true)
        } else if bad.is_empty() {
            (true, false)
        } else if good.is_empty() {
            (false, true)
        } else {
            let good_first = table.longest(at + 1, to) >= table.longest(at, to + 1);
            (good_first, !good_first)
        };
        let own = if take_good { good.pop_front() } else { None };
        let other = if take_bad { bad.pop_front() } else { None };
        at += usize::from(take_good);
        to += usize::from(take_bad);
        let changes = match (&own, &other) {
            (Some(own), Some(other)) => content::changes(own.event, other.event),
            _ => Vec::new(),
        };
        out.push(Row {
            good: own,
            bad: other,
            changes,
        });
    }
}

/// Length of the longest common subsequence from two places on.
struct Table {
    columns: usize,
    cells: Vec<u16>,
}

impl Table {
    fn of(good: &[Step<'_>], bad: &[Step<'_>]) -> Self {
        let (height, width) = (good.len().min(MOST), bad.len().min(MOST));
        let columns = width + 1;
        let mut cells = vec![0_u16; (height + 1) * columns];
        for (row, own) in good.iter().enumerate().take(height).rev() {
            for (column, other) in bad.iter().enumerate().take(width).rev() {
                let cell = |row: usize, column: usize| {
                    cells.get(row * columns + column).copied().unwrap_or(0)
                };
                let longest = if own.key == other.key {
                    cell(row + 1, column + 1) + 1
                } else {
                    cell(row + 1, column).max(cell(row, column + 1))
                };
                if let Some(cell) = cells.get_mut(row * columns + column) {
                    *cell = longest;
                }
            }
        }
        Self { columns, cells }
    }

    fn longest(&self, good: usize, bad: usize) -> u16 {
        if bad >= self.columns {
            return 0;
        }
        let cell = self.cells.get(good * self.columns + bad);
        cell.copied().unwrap_or(0)
    }
}
