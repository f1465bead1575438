//! A list in blocks that are never moved: a plain vector of a hundred thousand large entries would be copied several
//! times while it grows.

use std::iter::Flatten;
use std::{slice, vec};

/// Entries of a block.
const BLOCK: usize = 256;

/// An append-only list.
#[derive(Clone, Debug)]
pub struct Blocks<T> {
    /// All are full but the last one.
    blocks: Vec<Vec<T>>,
}

impl<T> Default for Blocks<T> {
    fn default() -> Self {
        Self { blocks: Vec::new() }
    }
}

impl<T> Blocks<T> {
    /// How many entries.
    pub fn len(&self) -> usize {
        let last = self.blocks.last().map_or(0, Vec::len);
        self.blocks.len().saturating_sub(1) * BLOCK + last
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// The entry at a place.
    #[inline]
    pub fn get(&self, at: usize) -> Option<&T> {
        self.blocks.get(at / BLOCK)?.get(at % BLOCK)
    }

    /// The entry at a place.
    #[inline]
    pub(super) fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        self.blocks.get_mut(at / BLOCK)?.get_mut(at % BLOCK)
    }

    /// Adds an entry at the end.
    pub(super) fn push(&mut self, entry: T) {
        if let Some(last) = self.blocks.last_mut().filter(|last| last.len() < BLOCK) {
            last.push(entry);
            return;
        }
        // The first one may stay the only one.
        let mut block = Vec::with_capacity(if self.blocks.is_empty() { 4 } else { BLOCK });
        block.push(entry);
        self.blocks.push(block);
    }

    /// All entries in order.
    pub fn iter(&self) -> Flatten<slice::Iter<'_, Vec<T>>> {
        self.blocks.iter().flatten()
    }

    /// All entries in order.
    pub(super) fn entries_mut(&mut self) -> Flatten<slice::IterMut<'_, Vec<T>>> {
        self.blocks.iter_mut().flatten()
    }
}

impl<'b, T> IntoIterator for &'b Blocks<T> {
    type Item = &'b T;
    type IntoIter = Flatten<slice::Iter<'b, Vec<T>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T> IntoIterator for Blocks<T> {
    type Item = T;
    type IntoIter = Flatten<vec::IntoIter<Vec<T>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.blocks.into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_a_list() {
        let mut blocks = Blocks::default();
        assert!(blocks.is_empty());
        for entry in 0..2 * BLOCK + 3 {
            assert_eq!(blocks.len(), entry);
            assert_eq!(blocks.get(entry), None);
            blocks.push(entry);
            assert_eq!(blocks.get(entry), Some(&entry));
        }
        assert!(!blocks.is_empty());
        *blocks.get_mut(BLOCK).unwrap() = 7;
        blocks
            .entries_mut()
            .skip(2 * BLOCK)
            .for_each(|entry| *entry += 1);
        let mut expected: Vec<usize> = (0..2 * BLOCK + 3).collect();
        expected[BLOCK] = 7;
        expected[2 * BLOCK..]
            .iter_mut()
            .for_each(|entry| *entry += 1);
        assert!(blocks.iter().eq(&expected));
        assert!(blocks.into_iter().eq(expected));
    }
}
