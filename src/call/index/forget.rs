//! Drops dialogs that are no longer needed, so that memory stays bounded in a live capture without an end.
//!
//! The rest is compacted: dialogs and flows get new ids, and a holder of an old id must ask [`Moved`] for the new one.

use crate::call::index::claim::Claim;
use crate::call::index::fast::recent_flows::RecentFlows;
use crate::call::index::{DialogId, FlowId, Index};
use crate::capture::Timestamp;

/// Where dialogs and flows are after [`Index::forget`].
#[derive(Debug)]
pub struct Moved {
    dialogs: Vec<Option<DialogId>>,
    flows: Vec<Option<FlowId>>,
}

impl Moved {
    /// The new place of a dialog; `None`: it is forgotten.
    pub fn dialog(&self, id: DialogId) -> Option<DialogId> {
        let place = usize::try_from(id.0).ok()?;
        self.dialogs.get(place).copied().flatten()
    }

    /// The new place of a flow; `None`: it is forgotten.
    pub fn flow(&self, id: FlowId) -> Option<FlowId> {
        let place = usize::try_from(id.0).ok()?;
        self.flows.get(place).copied().flatten()
    }

    /// Puts the new place of a flow in place of the old one. False: it is forgotten.
    fn follow(&self, id: &mut FlowId) -> bool {
        let new = self.flow(*id);
        *id = new.unwrap_or(*id);
        new.is_some()
    }
}

/// New places of what is kept, in order.
fn places<'a, T: 'a>(
    all: impl IntoIterator<Item = &'a T>,
    keep: impl Fn(u32, &T) -> bool,
) -> Vec<Option<u32>> {
    let mut next = 0;
    (0..)
        .zip(all)
        .map(|(place, one)| {
            keep(place, one).then(|| {
                next += 1;
                next - 1
            })
        })
        .collect()
}

impl Index {
    /// Forgets some dialogs with all their media, and flows of no dialog that have been idle since before `since` and
    /// are nothing of a fax.
    pub fn forget(&mut self, gone: impl Fn(DialogId) -> bool, since: Timestamp) -> Moved {
        self.take_waiting_claims();
        self.distribute_locations();
        let dialogs = places(&self.dialogs, |at, _| !gone(DialogId(at)));
        let flows = places(&self.flows, |_, flow| match flow.owner {
            Some((dialog, _)) => !gone(dialog),
            None => flow.last >= since || flow.may_be_fax(),
        });
        let moved = Moved {
            dialogs: dialogs.into_iter().map(|at| at.map(DialogId)).collect(),
            flows: flows.into_iter().map(|at| at.map(FlowId)).collect(),
        };
        self.move_call_ids(&moved);
        self.move_dialogs(&moved);
        self.move_flows(&moved);
        self.claims.retain(|_, claim| move_claim(claim, &moved));
        self.claims.shrink_to_fit();
        let changed = std::mem::take(&mut self.changed);
        self.changed = changed.iter().filter_map(|id| moved.dialog(*id)).collect();
        moved
    }

    /// Chains of dialogs with one Call-ID, without those that go. Before the dialogs are moved.
    fn move_call_ids(&mut self, moved: &Moved) {
        // For each dialog of a chain, the first one from there on that is kept. A chain goes from newer to older
        // ones, which have their answer then.
        let mut kept: Vec<Option<u32>> = Vec::with_capacity(self.dialogs.len());
        let at = |kept: &[Option<u32>], place: u32| {
            let place = usize::try_from(place).ok()?;
            kept.get(place).copied().flatten()
        };
        for (place, dialog) in (0..).zip(self.dialogs.entries_mut()) {
            dialog.next = dialog.next.and_then(|next| at(&kept, next));
            let new = moved.dialog(DialogId(place)).map(|new| new.0);
            kept.push(new.or(dialog.next));
        }
        self.by_call_id.move_all(|head| at(&kept, head));
    }

    fn move_dialogs(&mut self, moved: &Moved) {
        let old = std::mem::take(&mut self.dialogs);
        let texts = std::mem::take(&mut self.texts);
        for (at, mut dialog) in (0..).zip(old) {
            if moved.dialog(DialogId(at)).is_none() {
                continue;
            }
            let names = texts.of(&dialog);
            dialog.names = self.texts.add(
                names.call_id(),
                names.caller_tag(),
                names.from(),
                names.to(),
            );
            dialog.flows.retain_mut(|id| moved.follow(id));
            self.dialogs.push(dialog);
        }
    }

    fn move_flows(&mut self, moved: &Moved) {
        let old = std::mem::take(&mut self.flows);
        for (at, mut flow) in (0..).zip(old) {
            if moved.flow(FlowId(at)).is_none() {
                self.location_count -= flow.drop_locations();
                self.unclaimed -= usize::from(flow.owner.is_none());
                continue;
            }
            flow.owner = flow
                .owner
                .and_then(|(dialog, side)| Some((moved.dialog(dialog)?, side)));
            self.flows.push(flow);
        }
        self.flows.shrink_to_fit();
        self.by_path.retain(|_, id| moved.follow(id));
        self.by_path.shrink_to_fit();
        self.by_endpoint.retain(|_, flows| {
            flows.retain_mut(|id| moved.follow(id));
            !flows.is_empty()
        });
        self.by_endpoint.shrink_to_fit();
        self.recent = RecentFlows::default();
    }
}

fn move_claim(claim: &mut Claim, moved: &Moved) -> bool {
    let Some(dialog) = moved.dialog(claim.dialog) else {
        return false;
    };
    claim.dialog = dialog;
    claim.before = claim.before.and_then(|before| moved.dialog(before));
    true
}
