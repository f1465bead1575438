//! Detects whether the next screen is the shown one with some lines moved.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use ratatui::buffer::Cell;

use super::encode::Encoder;
use super::grid::{Grid, Scroll, is_blank};

/// Octets that a scroll itself costs, at most: region, cursor, lines, region.
const COST: usize = 30;
/// Columns compared to recognise a line: right of them there may be another pane, which does not move.
const TELLING: usize = 60;

/// The scroll that saves most, if one saves anything.
pub(super) fn find(shown: &Grid, next: &Grid) -> Option<Scroll> {
    let height = i32::from(next.size().1);
    let now: Vec<usize> = (0..next.size().1)
        .map(|y| cost(shown.row(y), next.row(y)))
        .collect();
    if now.iter().sum::<usize>() <= COST {
        return None;
    }
    let mut best: Option<(i64, Scroll)> = None;
    for shift in candidates(shown, next) {
        // Row y of the next screen is row y + shift of the shown one.
        let gains: Vec<i64> = (0..height)
            .map(|y| {
                let from = y + shift;
                let before = usize::try_from(y)
                    .ok()
                    .and_then(|y| now.get(y))
                    .copied()
                    .unwrap_or(0);
                if !(0..height).contains(&from) {
                    return 0;
                }
                let after = cost(shown.row(row(from)), next.row(row(y)));
                signed(before) - signed(after)
            })
            .collect();
        let Some((first, last, gain)) = best_run(&gains) else {
            continue;
        };
        let scroll = region(first, last, shift);
        let gain = gain - signed(COST) - edge(next, &now, &scroll);
        if gain > 0 && best.as_ref().is_none_or(|(most, _)| gain > *most) {
            best = Some((gain, scroll));
        }
    }
    best.map(|(_, scroll)| scroll)
}

/// Shifts that bring some line to where it is wanted, the most frequent ones.
fn candidates(shown: &Grid, next: &Grid) -> Vec<i32> {
    let mut places: HashMap<u64, Vec<i32>> = HashMap::new();
    for y in 0..shown.size().1 {
        if let Some(hash) = telling(shown.row(y)) {
            places.entry(hash).or_default().push(i32::from(y));
        }
    }
    let mut votes: HashMap<i32, u32> = HashMap::new();
    for y in 0..next.size().1 {
        let Some(found) = telling(next.row(y)).and_then(|hash| places.get(&hash)) else {
            continue;
        };
        // Lines that occur often are no evidence.
        if found.len() <= 4 {
            for from in found {
                *votes.entry(from - i32::from(y)).or_default() += 1;
            }
        }
    }
    votes.remove(&0);
    let mut votes: Vec<(i32, u32)> = votes.into_iter().collect();
    votes.sort_by_key(|(shift, count)| (std::cmp::Reverse(*count), shift.abs(), *shift));
    votes.into_iter().take(3).map(|(shift, _)| shift).collect()
}

/// A hash of the text of a line, without selection gutter and styles.
fn telling(row: &[Cell]) -> Option<u64> {
    let part = row.get(2..row.len().min(TELLING))?;
    if part.iter().all(is_blank) {
        return None;
    }
    let mut hasher = DefaultHasher::new();
    for cell in part {
        cell.symbol().hash(&mut hasher);
    }
    Some(hasher.finish())
}

/// Octets from one row to another.
fn cost(from: &[Cell], to: &[Cell]) -> usize {
    let mut encoder = Encoder::default();
    encoder.row(0, from, to);
    encoder.len()
}

/// The run of rows with the greatest gain (Kadane).
fn best_run(gains: &[i64]) -> Option<(usize, usize, i64)> {
    let (mut best, mut start, mut sum) = (None, 0, 0_i64);
    for (at, gain) in gains.iter().enumerate() {
        if sum <= 0 {
            (start, sum) = (at, 0);
        }
        sum += gain;
        if sum > 0 && best.is_none_or(|(_, _, most)| sum > most) {
            best = Some((start, at, sum));
        }
    }
    best
}

/// The region for rows `first` to `last` shifted: it also holds the rows that they come from.
fn region(first: usize, last: usize, shift: i32) -> Scroll {
    let lines = u16::try_from(shift.unsigned_abs()).unwrap_or(u16::MAX);
    let (first, last) = (
        u16::try_from(first).unwrap_or(0),
        u16::try_from(last).unwrap_or(0),
    );
    if shift > 0 {
        Scroll {
            top: first,
            end: last + 1 + lines,
            lines,
            up: true,
        }
    } else {
        Scroll {
            top: first.saturating_sub(lines),
            end: last + 1,
            lines,
            up: false,
        }
    }
}

/// Additional cost of the lines that come in blank.
fn edge(next: &Grid, now: &[usize], scroll: &Scroll) -> i64 {
    let coming = if scroll.up {
        scroll.end - scroll.lines..scroll.end
    } else {
        scroll.top..scroll.top + scroll.lines
    };
    let blank = vec![Cell::EMPTY; usize::from(next.size().0)];
    coming
        .map(|y| {
            let before = now.get(usize::from(y)).copied().unwrap_or(0);
            signed(cost(&blank, next.row(y))) - signed(before)
        })
        .sum()
}

fn row(y: i32) -> u16 {
    u16::try_from(y).unwrap_or(u16::MAX)
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
