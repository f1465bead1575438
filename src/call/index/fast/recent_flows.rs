//! A small cache of the flows in use: a busy PBX has some hundred at a time, and nearly every packet of a capture
//! belongs to one of them.
//!
//! Plain code: the map from paths to flows in [`crate::call::index::Index`].

use crate::call::index::FlowId;
use crate::capture::fast::ShortPath;

/// Cache sets of two: more than the media streams of a few hundred calls at a time.
const PAIRS: usize = 2048;

/// A two-way set-associative cache with a cheap hash. IPv4 only.
#[derive(Debug)]
pub(in crate::call::index) struct RecentFlows {
    pairs: Box<[[Known; 2]]>,
}

/// A flow and its path.
#[derive(Clone, Copy, Debug)]
struct Known {
    addresses: u64,
    ports: u32,
    id: FlowId,
}

impl Known {
    #[inline]
    fn is_of(&self, path: ShortPath) -> bool {
        self.addresses == path.addresses && self.ports == path.ports
    }
}

/// An empty slot: from no address to no address.
const NONE: Known = Known {
    addresses: 0,
    ports: 0,
    id: FlowId(u32::MAX),
};

impl Default for RecentFlows {
    fn default() -> Self {
        Self {
            pairs: vec![[NONE; 2]; PAIRS].into_boxed_slice(),
        }
    }
}

impl RecentFlows {
    /// The flow of a path, if it is cached.
    #[inline]
    pub(in crate::call::index) fn get(&self, path: ShortPath) -> Option<FlowId> {
        let [newer, older] = self.pairs.get(place(path))?;
        if newer.is_of(path) {
            return Some(newer.id);
        }
        older.is_of(path).then_some(older.id)
    }

    /// Caches the flow of a path.
    #[inline]
    pub(in crate::call::index) fn set(&mut self, path: ShortPath, id: FlowId) {
        if let Some([newer, older]) = self.pairs.get_mut(place(path)) {
            if !newer.is_of(path) {
                *older = *newer;
            }
            *newer = Known {
                addresses: path.addresses,
                ports: path.ports,
                id,
            };
        }
    }
}

/// Eleven bits of a product with the fractional parts of the golden ratio and of the square root of 2.
#[inline]
fn place(path: ShortPath) -> usize {
    let mixed = path
        .addresses
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .wrapping_add(u64::from(path.ports))
        .wrapping_mul(0x6A09_E667_F3BC_C909);
    usize::try_from(mixed >> 53).unwrap_or(0) % PAIRS
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::capture::Endpoint;

    proptest! {
        #[test]
        fn gives_what_the_map_gives_or_nothing(steps in prop::collection::vec((0..4_u64, 0..3000_u32, any::<u32>()), 0..400)) {
            let (mut recent, mut map) = (RecentFlows::default(), HashMap::new());
            for (addresses, ports, id) in steps {
                let path = ShortPath { addresses: addresses + 1, ports };
                let known = map.get(&(addresses, ports)).copied();
                prop_assert!(recent.get(path).is_none_or(|found| Some(found) == known));
                recent.set(path, FlowId(id));
                map.insert((addresses, ports), FlowId(id));
                prop_assert_eq!(recent.get(path), Some(FlowId(id)));
            }
        }
    }

    #[test]
    fn a_path_is_found_again_and_no_other_one_for_it() {
        let end = |last: u8, port: u16| Endpoint::new([192, 0, 2, last].into(), port);
        let mut recent = RecentFlows::default();
        let paths: Vec<ShortPath> = (0..200)
            .flat_map(|last| {
                [
                    ShortPath::new(end(last, 4000), end(1, 5000)).unwrap(),
                    ShortPath::new(end(1, 5000), end(last, 4000)).unwrap(),
                ]
            })
            .collect();
        for (path, id) in paths.iter().zip(0..) {
            recent.set(*path, FlowId(id));
            assert_eq!(recent.get(*path), Some(FlowId(id)));
        }
        for (path, id) in paths.iter().zip(0..) {
            assert!(recent.get(*path).is_none_or(|found| found == FlowId(id)));
        }
        let six = Endpoint::new(std::net::Ipv6Addr::LOCALHOST.into(), 4000);
        assert_eq!(ShortPath::new(six, six), None);
    }
}
