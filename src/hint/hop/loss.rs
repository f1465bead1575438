//! On which hop T.38 packets are lost.

use crate::call::path::Link;
use crate::call::{Call, HopId, Side};
use crate::hint::hop::media::arrives_at;

/// Neighbouring links of which the first has what the second lacks.
pub(in crate::hint) struct LossyHop {
    /// Where the packets are missing.
    hop: HopId,
    /// Where they are all there.
    before: HopId,
    /// The addresses from which and to which the lossy hop goes.
    ends: (String, String),
}

impl LossyHop {
    /// Where most of what a side lost was lost; `None`: before the first captured hop, on several, or who knows.
    pub(in crate::hint) fn of(call: &Call, side: Side) -> Option<Self> {
        let mut links: Vec<&Link> = call.path.links.iter().collect();
        if side == Side::Callee {
            links.reverse();
        }
        let lost = |link: &Link| Some(link.udptl.of(side).as_ref()?.lost);
        let all = links.iter().rev().find_map(|link| lost(link))?;
        let neighbours = links.iter().zip(links.iter().skip(1));
        let (before, after, more) = neighbours
            .filter_map(|(before, after)| {
                let more = lost(after)?.checked_sub(lost(before)?)?;
                Some((before, after, more))
            })
            .max_by_key(|(.., more)| *more)?;
        // Three quarters of it.
        if more == 0 || more.saturating_mul(4) < all.saturating_mul(3) {
            return None;
        }
        let nearest = |link: &Link, towards: Side| match towards {
            Side::Caller => link.first,
            Side::Callee => link.last,
        };
        let to = call.path.hop(nearest(after, side.other()))?;
        let to = if side == Side::Caller { to.to } else { to.from };
        Some(Self {
            hop: nearest(after, side),
            before: nearest(before, side.other()),
            ends: (
                arrives_at(before, side)?.addr.to_string(),
                call.path.host(to)?.addr.addr.to_string(),
            ),
        })
    }

    /// ` on hop 2`
    pub(in crate::hint) fn named(&self) -> String {
        format!(" on hop {}", people(self.hop))
    }

    /// A sentence that tells where, and how one knows.
    pub(in crate::hint) fn sentence(&self) -> String {
        let (from, to) = &self.ends;
        format!(
            "Hop {} has them, hop {} lacks them: they are lost in or behind {from}, on the way to {to}.",
            people(self.before),
            people(self.hop)
        )
    }
}

/// The number of a hop as people and JSON count.
fn people(hop: HopId) -> u32 {
    u32::from(hop.0) + 1
}
