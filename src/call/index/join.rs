//! Fax media without SDP: assigned to a dialog between the same hosts, or listed as calls of their own.

use std::net::IpAddr;

use crate::call::index::dialog::DialogEntry;
use crate::call::index::{Blocks, DialogId, FlowEntry, FlowId, Index, Map};
use crate::capture::{Endpoint, Packet, Stamp, Transport};

/// Seconds that media may begin before, and end after, the captured signalling.
const SLACK: f64 = 5.0;

impl Index {
    /// Gives fax media without a dialog to one: a SIP dialog between the same hosts at the time that has no
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
        if orphans.is_empty() {
            return;
        }
        let mut between = Between::of(&self.dialogs);
        let mut made: Map<(Endpoint, Endpoint), DialogId> = Map::default();
        for id in orphans {
            let Some(flow) = self.flow(id) else { continue };
            let pair = (flow.src.min(flow.dst), flow.src.max(flow.dst));
            let home = made
                .get(&pair)
                .copied()
                .filter(|home| self.overlaps(*home, id));
            let home = home
                .or_else(|| self.dialog_between(id, &between))
                .or_else(|| self.media_between(id, &between));
            let home = home.unwrap_or_else(|| {
                let home = self.dialog_without_sip(id);
                between.add(home, self.dialog(home));
                home
            });
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

    /// A SIP dialog between the two hosts of a flow, at its time, without media that SDP explains.
    fn dialog_between(&self, id: FlowId, between: &Between) -> Option<DialogId> {
        let flow = self.flow(id)?;
        let at_its_time = |dialog: &DialogEntry| {
            flow.first <= dialog.last_packet.plus_seconds(SLACK)
                && (!dialog.starts_with_invite || flow.first >= dialog.started.plus_seconds(-SLACK))
        };
        let has_t38 = |dialog: &DialogEntry| {
            let mut flows = dialog.flows.iter().filter_map(|id| self.flow(*id));
            flows.any(|flow| !flow.t38.is_empty())
        };
        let soon = flow.first.plus_seconds(SLACK);
        let found: Vec<(DialogId, &DialogEntry)> = Between::near(&between.sip, flow, |id| {
            self.dialog(id).is_some_and(|dialog| dialog.started <= soon)
        })
        .filter_map(|id| Some((id, self.dialog(id)?)))
        .filter(|(_, dialog)| at_its_time(dialog))
        .collect();
        let free = found.iter().filter(|(_, dialog)| !has_t38(dialog));
        free.map(|(id, _)| *id).min().or_else(|| {
            // Sound before the T.38 of a dialog whose start is not in the capture: the SDP of it is missing. Of two
            // such dialogs it may be of either.
            let of_start = |dialog: &DialogEntry| {
                !dialog.starts_with_invite && flow.t38.is_empty() && flow.first < dialog.started
            };
            match found.as_slice() {
                [(id, dialog)] if of_start(dialog) => Some(*id),
                _ => None,
            }
        })
    }

    /// A call without SIP between the same two hosts at the time, if there is just one.
    fn media_between(&self, id: FlowId, between: &Between) -> Option<DialogId> {
        let flow = self.flow(id).filter(|flow| flow.t38.is_empty())?;
        let soon = flow.last.plus_seconds(SLACK);
        let mut found = Between::near(&between.media, flow, |id| {
            self.dialog(id).is_some_and(|dialog| dialog.started <= soon)
        })
        .filter(|at| self.overlaps(*at, id));
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
            stamp: Stamp::NONE,
        };
        let entry = DialogEntry::new(&packet);
        self.dialogs.push(entry);
        at
    }
}

/// Dialogs by the two hosts of their signalling (or media), in order: a trunk may carry all calls of a
/// capture, and a scan of all of them for each flow would take the square of the time.
struct Between {
    sip: Map<(IpAddr, IpAddr), Vec<DialogId>>,
    media: Map<(IpAddr, IpAddr), Vec<DialogId>>,
}

/// Dialogs of one pair of hosts that are looked at for one flow, those that began last before its end.
const MOST_LOOKED_AT: usize = 1000;

impl Between {
    fn of(dialogs: &Blocks<DialogEntry>) -> Self {
        let mut out = Self {
            sip: Map::default(),
            media: Map::default(),
        };
        for (dialog, at) in dialogs.iter().zip(0u32..) {
            out.add(DialogId(at), Some(dialog));
        }
        out
    }

    fn add(&mut self, id: DialogId, dialog: Option<&DialogEntry>) {
        let Some(dialog) = dialog else { return };
        let (one, other) = (dialog.caller.addr, dialog.callee.addr);
        let map = if dialog.has_sip() {
            &mut self.sip
        } else {
            &mut self.media
        };
        map.entry((one.min(other), one.max(other)))
            .or_default()
            .push(id);
    }

    /// The dialogs between the hosts of a flow (or on one of them alone). Of very many, those that `began`
    /// says had begun, the last of them.
    fn near<'b>(
        map: &'b Map<(IpAddr, IpAddr), Vec<DialogId>>,
        flow: &FlowEntry,
        began: impl Fn(DialogId) -> bool,
    ) -> impl Iterator<Item = DialogId> + 'b {
        let (one, other) = (
            flow.src.addr.min(flow.dst.addr),
            flow.src.addr.max(flow.dst.addr),
        );
        let mut keys = vec![(one, other), (one, one), (other, other)];
        keys.dedup();
        let lists: Vec<&'b [DialogId]> = keys
            .iter()
            .filter_map(|key| map.get(key))
            .map(|list| {
                if list.len() <= MOST_LOOKED_AT {
                    return list.as_slice();
                }
                let end = list.partition_point(|id| began(*id)).max(MOST_LOOKED_AT);
                list.get(end - MOST_LOOKED_AT..end).unwrap_or_default()
            })
            .collect();
        lists.into_iter().flatten().copied()
    }
}
