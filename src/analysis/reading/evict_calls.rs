//! Evicts finished voice calls beyond `--keep-calls`, the oldest first; faxes are never evicted.
//!
//! Calls keep their numbers: those of evicted calls are not reused.

use std::collections::BTreeSet;
use std::hash::Hash;

use crate::analysis::Analysed;
use crate::analysis::reading::Analysis;
use crate::call::CallNo;
use crate::call::index::{DialogEntry, DialogId, Map};
use crate::capture::{FrameNo, Note, Timestamp};

/// Seconds that a call is kept after its end: retransmissions of BYE and its answer come until then (RFC 3261
/// 17.1.2.2, timer F: 32 s), and late media.
const AFTER_END: f64 = if cfg!(fuzzing) { 0.1 } else { 60.0 };

/// End of the note about dropped calls.
const DROPPED: &str = " dropped from the list (--keep-calls)";

/// Calls that were dropped.
#[derive(Debug, Default)]
pub(super) struct Dropped {
    /// Their first frames, in order.
    first: Vec<FrameNo>,
    /// Numbers that became unused since the last query.
    vanished: BTreeSet<CallNo>,
}

impl Dropped {
    /// Numbers for calls in order of their first frames; dropped calls still count.
    pub(super) fn number<'f>(
        &'f self,
        calls: impl Iterator<Item = FrameNo> + 'f,
    ) -> impl Iterator<Item = CallNo> + 'f {
        let mut before = 0;
        calls.zip(1..).map(move |(frame, place)| {
            while self.first.get(before).is_some_and(|gone| *gone <= frame) {
                before += 1;
            }
            CallNo(
                u32::try_from(before)
                    .unwrap_or(u32::MAX)
                    .saturating_add(place),
            )
        })
    }

    /// Whether numbers are places in the list.
    pub(super) fn is_none(&self) -> bool {
        self.first.is_empty()
    }

    /// Notes the numbers that vanish when calls are renumbered.
    pub(super) fn renumber(&mut self, old: &[CallNo], new: &[CallNo]) {
        if self.is_none() {
            return;
        }
        self.vanished.extend(
            old.iter()
                .filter(|number| new.binary_search(number).is_err()),
        );
    }
}

impl Analysis {
    /// Drops finished voice calls beyond `--keep-calls`, except `pinned` ones. Returns the numbers that became unused.
    ///
    /// To be called after [`Analysis::settle`].
    pub fn evict_calls(&mut self, pinned: &[CallNo]) -> Vec<CallNo> {
        if let Some(keep) = self.options.keep_calls {
            let gone = self.to_drop(keep, pinned);
            if !gone.is_empty() {
                self.drop_calls(&gone);
            }
        }
        Vec::from_iter(std::mem::take(&mut self.dropped.vanished))
    }

    /// The oldest calls that may go, each with its other leg.
    fn to_drop(&self, keep: usize, pinned: &[CallNo]) -> BTreeSet<CallNo> {
        let mut gone = BTreeSet::new();
        let excess = self.calls.len().saturating_sub(keep);
        for number in self.numbers() {
            if gone.len() >= excess {
                break;
            }
            let legs = [Some(number), self.other_leg(number)];
            let mut legs = legs.into_iter().flatten();
            if legs
                .clone()
                .all(|leg| self.may_go(leg) && !pinned.contains(&leg))
            {
                gone.extend(&mut legs);
            }
        }
        gone
    }

    /// Notes which calls were analysed and are no faxes, though their sound was suspected.
    pub fn note_analysed(&mut self, analysed: &[Analysed]) {
        for one in analysed.iter().filter(|one| one.call.fax.is_none()) {
            if let Some(id) = self.id_of(one.call.number)
                && let Some(dialog) = self.index.dialog(id)
            {
                self.no_fax.insert(id, dialog.last_frame);
            }
        }
    }

    /// Whether a call turned out to be no fax, and has not changed since.
    fn is_no_fax(&self, number: CallNo) -> bool {
        let Some(id) = self.id_of(number) else {
            return false;
        };
        let unchanged = |dialog: &DialogEntry| {
            !dialog.t38_offered && self.no_fax.get(&id) == Some(&dialog.last_frame)
        };
        self.index.dialog(id).is_some_and(unchanged)
    }

    fn may_go(&self, number: CallNo) -> bool {
        let dialog = self.id_of(number).and_then(|id| self.index.dialog(id));
        let old = |dialog: &DialogEntry| {
            let last = dialog.ended.map(|ended| ended.max(dialog.last_packet));
            last.is_some_and(|last| last < self.long_ago())
        };
        dialog.is_some_and(|dialog| dialog.has_sip() && old(dialog))
            && (!self.may_be_fax(number) || self.is_no_fax(number))
    }

    fn long_ago(&self) -> Timestamp {
        let now = self.reader.info().last_time.unwrap_or_default();
        now.plus_seconds(-AFTER_END)
    }

    fn drop_calls(&mut self, gone: &BTreeSet<CallNo>) {
        let ids: BTreeSet<DialogId> = gone
            .iter()
            .filter_map(|number| self.id_of(*number))
            .collect();
        let frames = ids
            .iter()
            .filter_map(|id| Some(self.index.dialog(*id)?.first_frame));
        self.dropped.first.extend(frames);
        self.dropped.first.sort_unstable();
        self.dropped.vanished.extend(gone);
        let since = self.long_ago();
        // Dialogs that are no call and cannot become one are dropped as well.
        let stray: BTreeSet<DialogId> = (0..)
            .zip(self.index.dialogs())
            .filter(|(at, dialog)| {
                self.number_of(DialogId(*at)).is_none()
                    && dialog.has_sip()
                    && dialog.last_packet < since
                    && !dialog.t38_offered
                    && !self.carries_fax(dialog)
            })
            .map(|(at, _)| DialogId(at))
            .collect();
        let moved = self
            .index
            .forget(|id| ids.contains(&id) || stray.contains(&id), since);
        follow(&mut self.listened, |id| moved.dialog(id));
        follow(&mut self.no_fax, |id| moved.dialog(id));
        follow(&mut self.kept_sound, |id| moved.flow(id));
        self.list();
        self.note_dropped();
    }

    fn note_dropped(&mut self) {
        let count = self.dropped.first.len();
        let notes = &mut self.reader.info_mut().notes;
        notes.retain(|note| !note.text.ends_with(DROPPED));
        notes.push(Note {
            frame: None,
            offset: None,
            text: format!(
                "{}{DROPPED}",
                crate::text::count(count, "finished voice call")
            ),
        });
    }
}

/// Rekeys a map after [`Index::forget`](crate::call::index::Index::forget); entries of forgotten keys are dropped.
fn follow<K: Copy + Eq + Hash, V>(map: &mut Map<K, V>, place: impl Fn(K) -> Option<K>) {
    *map = std::mem::take(map)
        .into_iter()
        .filter_map(|(id, what)| Some((place(id)?, what)))
        .collect();
}

#[cfg(test)]
mod tests;
