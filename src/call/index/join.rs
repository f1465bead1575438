//! What no SDP explains: fax media are given to a dialog between the same hosts, or become calls of their own.

use crate::call::index::dialog::DialogEntry;
use crate::call::index::{DialogId, FlowId, Index, Map};
use crate::capture::{Endpoint, Packet, Transport};

/// Media may begin so long before and end so long after the signalling that the capture has.
const SLACK: f64 = 5.0;

impl Index {
    /// Gives fax media without a dialog to one: an SIP dialog between the same hosts at the time that has no
    /// media of its own, else a new one per pair of endpoints, both directions together.
    ///
    /// To be called at the end of the capture, and before each look at a growing one.
    pub fn join_unclaimed(&mut self) {
        let orphans: Vec<FlowId> = (0..self.flows.len())
            .filter_map(|at| u32::try_from(at).ok().map(FlowId))
            .filter(|id| {
                self.flow(*id)
                    .is_some_and(|flow| flow.owner.is_none() && flow.may_be_fax())
            })
            .collect();
        let mut made: Map<(Endpoint, Endpoint), DialogId> = Map::default();
        for id in orphans {
            let Some(flow) = self.flow(id) else { continue };
            let pair = (flow.src.min(flow.dst), flow.src.max(flow.dst));
            let home = made
                .get(&pair)
                .copied()
                .filter(|home| self.overlaps(*home, id));
            let home = home
                .or_else(|| self.dialog_between(id))
                .or_else(|| self.media_between(id));
            let home = home.unwrap_or_else(|| self.dialog_without_sip(id));
            made.insert(pair, home);
            self.adopt_with_reverse(id, home);
            self.note_change(home);
        }
    }

    /// The flow and the other direction of the same pair.
    fn adopt_with_reverse(&mut self, id: FlowId, home: DialogId) {
        let Some(flow) = self.flow(id) else { return };
        let reverse = (flow.dst, flow.src);
        if flow.owner.is_none() {
            self.adopt(id, home);
        }
        let back: Vec<FlowId> = self
            .by_endpoint
            .get(&reverse.0)
            .cloned()
            .unwrap_or_default();
        for other in back {
            let fits = self
                .flow(other)
                .is_some_and(|flow| (flow.src, flow.dst) == reverse && flow.owner.is_none());
            if fits && self.overlaps(home, other) {
                self.adopt(other, home);
            }
        }
    }

    /// Whether a flow lies within the time of a dialog's media.
    fn overlaps(&self, home: DialogId, id: FlowId) -> bool {
        let (Some(dialog), Some(flow)) = (self.dialog(home), self.flow(id)) else {
            return false;
        };
        let start = dialog.started.plus_seconds(-SLACK);
        let end = dialog.last_packet.plus_seconds(SLACK);
        flow.first <= end && flow.last >= start
    }

    /// An SIP dialog between the two hosts of a flow, at its time, without media that SDP explains.
    fn dialog_between(&self, id: FlowId) -> Option<DialogId> {
        let flow = self.flow(id)?;
        let hosts = [flow.src.addr, flow.dst.addr];
        let fits = |dialog: &DialogEntry| {
            dialog.has_sip()
                && hosts.contains(&dialog.caller.addr)
                && hosts.contains(&dialog.callee.addr)
                && flow.first <= dialog.last_packet.plus_seconds(SLACK)
                && (!dialog.starts_with_invite || flow.first >= dialog.started.plus_seconds(-SLACK))
                && !dialog
                    .flows
                    .iter()
                    .any(|id| self.flow(*id).is_some_and(|flow| !flow.t38.is_empty()))
        };
        let found = self.dialogs.iter().position(fits)?;
        u32::try_from(found).ok().map(DialogId)
    }

    /// A call without SIP between the same two hosts at the time, if there is just one.
    fn media_between(&self, id: FlowId) -> Option<DialogId> {
        let flow = self.flow(id).filter(|flow| flow.t38.is_empty())?;
        let hosts = [flow.src.addr, flow.dst.addr];
        let mut found = (0..self.dialogs.len())
            .filter_map(|at| u32::try_from(at).ok().map(DialogId))
            .filter(|at| {
                self.dialog(*at).is_some_and(|dialog| {
                    !dialog.has_sip()
                        && hosts.contains(&dialog.caller.addr)
                        && hosts.contains(&dialog.callee.addr)
                }) && self.overlaps(*at, id)
            });
        let only = found.next()?;
        found.next().is_none().then_some(only)
    }

    fn dialog_without_sip(&mut self, id: FlowId) -> DialogId {
        let at = DialogId(u32::try_from(self.dialogs.len()).unwrap_or(u32::MAX));
        let Some(flow) = self.flow(id) else { return at };
        let packet = Packet {
            frame: flow.first_frame,
            at: flow.first,
            src: flow.src,
            dst: flow.dst,
            transport: Transport::Udp,
            payload: &[],
            cut: 0,
            offset: None,
            duplicate: false,
        };
        let entry = DialogEntry::new(&packet);
        self.dialogs.push(entry);
        at
    }
}
