//! The IFP packets of a run by sequence number. Nearly all come in order, so they are a list, in which a number
//! tells its place but for what is missing.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// How an IFP packet came here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Primary,
    Copy,
    Fec,
}

/// An IFP packet at its place in the sequence.
#[derive(Clone, Debug)]
pub(super) struct Slot<'a> {
    pub(super) ifp: Cow<'a, [u8]>,
    /// All of it is there (the snap length did not cut it).
    pub(super) whole: bool,
    pub(super) origin: Origin,
    /// Arrival that carried it.
    pub(super) index: usize,
}

/// IFP packets by unwrapped sequence number.
#[derive(Debug, Default)]
pub(super) struct Slots<'a> {
    /// In order.
    list: Vec<(i64, Slot<'a>)>,
    /// Those that came behind a later one, until [`Slots::settle`]: each put into the list at once would move
    /// all that is behind it.
    late: BTreeMap<i64, Slot<'a>>,
}

impl<'a> Slots<'a> {
    /// With room for so many in order.
    pub(super) fn with_capacity(count: usize) -> Self {
        Self {
            list: Vec::with_capacity(count),
            late: BTreeMap::new(),
        }
    }

    pub(super) fn get(&self, number: i64) -> Option<&Slot<'a>> {
        match self.place(number) {
            Some(place) => self.list.get(place).map(|(_, slot)| slot),
            None => self.late.get(&number),
        }
    }

    pub(super) fn get_mut(&mut self, number: i64) -> Option<&mut Slot<'a>> {
        match self.place(number) {
            Some(place) => self.list.get_mut(place).map(|(_, slot)| slot),
            None => self.late.get_mut(&number),
        }
    }

    /// Puts a packet at its place, instead of the one that may be there.
    pub(super) fn insert(&mut self, number: i64, slot: Slot<'a>) {
        if let Some(known) = self.get_mut(number) {
            *known = slot;
        } else if self.list.last().is_none_or(|(last, _)| *last < number) {
            self.list.push((number, slot));
        } else {
            self.late.insert(number, slot);
        }
    }

    /// Puts those that came late into the order.
    pub(super) fn settle(&mut self) {
        if !self.late.is_empty() {
            self.list.extend(std::mem::take(&mut self.late));
            // Two lists in order: that is one pass.
            self.list.sort_by_key(|(number, _)| *number);
        }
    }

    /// All in order, once they are settled.
    pub(super) fn iter(&self) -> std::slice::Iter<'_, (i64, Slot<'a>)> {
        self.list.iter()
    }

    /// Those behind a number, in no order.
    pub(super) fn after(&self, number: i64) -> impl Iterator<Item = &Slot<'a>> {
        let start = self.list.partition_point(|(known, _)| *known <= number);
        let list = self.list.get(start..).unwrap_or_default();
        let late = self.late.range(number + 1..);
        list.iter()
            .map(|(_, slot)| slot)
            .chain(late.map(|(_, slot)| slot))
    }

    /// Place of a number in the list: as far from both ends as it is from the numbers there, less what is missing.
    fn place(&self, number: i64) -> Option<usize> {
        let ((first, _), (last, _)) = (self.list.first()?, self.list.last()?);
        let high = usize::try_from(number - first).ok()?;
        let from_end = usize::try_from(last - number).ok()?;
        let low = (self.list.len() - 1).saturating_sub(from_end);
        let between = self.list.get(low..=high.min(self.list.len() - 1))?;
        let place = between.binary_search_by_key(&number, |(known, _)| *known);
        place.ok().map(|place| low + place)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn slot(index: usize) -> Slot<'static> {
        Slot {
            ifp: Cow::Borrowed(&[]),
            whole: true,
            origin: Origin::Primary,
            index,
        }
    }

    proptest! {
        #[test]
        fn finds_what_was_put_in_and_nothing_else(numbers in proptest::collection::vec(-20_i64..20, 0..60), settled in 0_usize..60) {
            let mut slots = Slots::default();
            let mut expected = BTreeMap::new();
            for (index, number) in numbers.into_iter().enumerate() {
                if index == settled {
                    slots.settle();
                }
                slots.insert(number, slot(index));
                expected.insert(number, index);
                for number in -21..21 {
                    let found = slots.get(number).map(|slot| slot.index);
                    prop_assert_eq!(found, expected.get(&number).copied());
                    let mut after: Vec<usize> = slots.after(number).map(|slot| slot.index).collect();
                    after.sort_unstable();
                    let mut known: Vec<usize> = expected.range(number + 1..).map(|(_, index)| *index).collect();
                    known.sort_unstable();
                    prop_assert_eq!(after, known);
                }
            }
            slots.settle();
            let all: Vec<(i64, usize)> = slots.iter().map(|(number, slot)| (*number, slot.index)).collect();
            prop_assert_eq!(all, expected.into_iter().collect::<Vec<_>>());
        }
    }
}
