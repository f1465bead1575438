//! Dialogs by their Call-ID: a map of all, and in front of it a cache of the active ones.

use std::hash::BuildHasher;

use crate::call::index::Map;

/// Places for the latest ones.
const PLACES: usize = 1024;

/// The newest dialog of each Call-ID, by the hash of it: whether it is the one must be looked at in the dialog.
#[derive(Debug)]
pub(super) struct CallIds {
    all: Map<u64, u32>,
    /// Hash and dialog; a dialog that cannot be where nothing is.
    latest: Box<[(u64, u32)]>,
}

impl Default for CallIds {
    fn default() -> Self {
        Self {
            all: Map::default(),
            latest: nothing(),
        }
    }
}

fn nothing() -> Box<[(u64, u32)]> {
    vec![(0, u32::MAX); PLACES].into_boxed_slice()
}

impl CallIds {
    /// The key of a Call-ID.
    pub(super) fn key(&self, call_id: &[u8]) -> u64 {
        self.all.hasher().hash_one(call_id)
    }

    fn place(key: u64) -> usize {
        usize::try_from(key >> 54).unwrap_or(0) % PLACES
    }

    /// The newest dialog with a key.
    pub(super) fn get(&mut self, key: u64) -> Option<u32> {
        let latest = self.latest.get_mut(Self::place(key))?;
        if latest.0 == key && latest.1 != u32::MAX {
            return Some(latest.1);
        }
        let id = self.all.get(&key).copied()?;
        *latest = (key, id);
        Some(id)
    }

    /// A dialog is the newest with its key.
    pub(super) fn set(&mut self, key: u64, id: u32) {
        self.all.insert(key, id);
        if let Some(latest) = self.latest.get_mut(Self::place(key)) {
            *latest = (key, id);
        }
    }

    /// Dialogs have other places now, or are gone.
    pub(super) fn move_all(&mut self, moved: impl Fn(u32) -> Option<u32>) {
        self.all.retain(|_, id| match moved(*id) {
            Some(new) => {
                *id = new;
                true
            }
            None => false,
        });
        self.all.shrink_to_fit();
        self.latest = nothing();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_those_of_the_map() {
        let mut ids = CallIds::default();
        let keys: Vec<u64> = (0..5000_u32)
            .map(|call| ids.key(call.to_string().as_bytes()))
            .collect();
        for (key, id) in keys.iter().zip(0..) {
            assert_eq!(ids.get(*key), None);
            ids.set(*key, id);
            assert_eq!(ids.get(*key), Some(id));
        }
        for (key, id) in keys.iter().zip(0..) {
            assert_eq!(ids.get(*key), Some(id));
        }
        ids.move_all(|id| (id % 2 == 0).then_some(id / 2));
        for (key, id) in keys.iter().zip(0..) {
            assert_eq!(ids.get(*key), (id % 2 == 0).then_some(id / 2));
        }
    }
}
