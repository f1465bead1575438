//! The flows of the paths that packets took last: a busy PBX has some hundred at a time, and nearly every
//! packet of a capture belongs to one of them.

use std::net::IpAddr;

use crate::call::index::FlowId;
use crate::capture::Endpoint;

/// Places: more than the media streams of a few hundred calls at a time.
const PLACES: usize = 1024;

/// One flow a place, by a hash so cheap that it may send two paths to the same place. IPv4 only.
#[derive(Debug)]
pub(super) struct Recent {
    places: Box<[(Path, FlowId)]>,
}

/// Address and port of source and destination, in as few words as they need.
type Path = (u64, u64);

/// No path: more than 48 bits.
const NONE: Path = (u64::MAX, u64::MAX);

impl Default for Recent {
    fn default() -> Self {
        Self {
            places: vec![(NONE, FlowId(0)); PLACES].into_boxed_slice(),
        }
    }
}

impl Recent {
    /// The flow of a path, if it was met lately.
    #[inline]
    pub(super) fn get(&self, src: Endpoint, dst: Endpoint) -> Option<FlowId> {
        let path = path(src, dst)?;
        let (known, id) = self.places.get(place(path))?;
        (*known == path).then_some(*id)
    }

    /// Notes the flow of a path.
    #[inline]
    pub(super) fn set(&mut self, src: Endpoint, dst: Endpoint, id: FlowId) {
        if let Some(path) = path(src, dst)
            && let Some(place) = self.places.get_mut(place(path))
        {
            *place = (path, id);
        }
    }
}

#[inline]
fn path(src: Endpoint, dst: Endpoint) -> Option<Path> {
    match (src.addr, dst.addr) {
        (IpAddr::V4(one), IpAddr::V4(other)) => Some((
            u64::from(one.to_bits()) << 16 | u64::from(src.port),
            u64::from(other.to_bits()) << 16 | u64::from(dst.port),
        )),
        _ => None,
    }
}

/// Ten bits of a product with the fractional parts of the golden ratio and of the square root of 2.
#[inline]
fn place((src, dst): Path) -> usize {
    let mixed = src
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .wrapping_add(dst)
        .wrapping_mul(0x6A09_E667_F3BC_C909);
    usize::try_from(mixed >> 54).unwrap_or(0) % PLACES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_found_again_and_no_other_one_for_it() {
        let end = |last: u8, port: u16| Endpoint::new([192, 0, 2, last].into(), port);
        let mut recent = Recent::default();
        let paths: Vec<(Endpoint, Endpoint)> = (0..200)
            .flat_map(|last| {
                [
                    (end(last, 4000), end(1, 5000)),
                    (end(1, 5000), end(last, 4000)),
                ]
            })
            .collect();
        for ((src, dst), id) in paths.iter().zip(0..) {
            recent.set(*src, *dst, FlowId(id));
            assert_eq!(recent.get(*src, *dst), Some(FlowId(id)));
        }
        for ((src, dst), id) in paths.iter().zip(0..) {
            assert!(
                recent
                    .get(*src, *dst)
                    .is_none_or(|found| found == FlowId(id))
            );
        }
        let six = Endpoint::new(std::net::Ipv6Addr::LOCALHOST.into(), 4000);
        recent.set(six, six, FlowId(0));
        assert_eq!(recent.get(six, six), None);
    }
}
