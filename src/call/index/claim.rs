//! Media endpoints that SDP announces: whose packets may be expected where.

use crate::call::Side;
use crate::call::index::{DialogId, FlowId, Index, MAX_CLAIMS};
use crate::capture::{Endpoint, Packet, Timestamp};
use crate::sip::fast::media_lines;
use crate::sip::scan::Brief;

/// Who announced a media endpoint, and for what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    pub(super) dialog: DialogId,
    pub(super) side: Side,
    /// Announced for T.38.
    pub(super) t38: bool,
    /// Payload type of T.38 in RTP.
    pub(super) t38_payload_type: Option<u8>,
    pub(super) since: Timestamp,
    /// The other dialog that announced the endpoint before: a PBX may use one for both legs.
    pub(super) before: Option<DialogId>,
}

/// A flow that began shortly before the SDP that explains it belongs to that dialog too: early media.
const EARLY: f64 = 5.0;
/// Frames of one moment may be in the capture in another order.
const BEFORE_INVITE: f64 = 1.0;

impl Index {
    /// Notes the media endpoints of an SDP sent by `side`.
    pub(super) fn claim_sdp(
        &mut self,
        id: DialogId,
        side: Side,
        packet: &Packet<'_>,
        brief: &Brief<'_>,
    ) {
        // One list for all bodies: most have one media line.
        let mut media = std::mem::take(&mut self.media_lines);
        media_lines::read(brief.body, &mut media);
        for line in &media {
            if line.t38
                && line.port > 0
                && let Some(dialog) = self.dialog_mut(id)
            {
                dialog.t38_offered = true;
            }
            let Some(addr) = line.addr else { continue };
            if line.port == 0 || addr.is_unspecified() {
                continue;
            }
            let claim = Claim {
                dialog: id,
                side,
                t38: line.t38,
                t38_payload_type: line.t38_payload_type,
                since: packet.at,
                before: None,
            };
            self.claim(Endpoint::new(addr, line.port), claim);
        }
        self.media_lines = media;
    }

    /// Adds a claim, or queues it as long as there are no media.
    fn claim(&mut self, endpoint: Endpoint, claim: Claim) {
        if self.flows.is_empty() && self.waiting_claims.len() < MAX_CLAIMS {
            self.waiting_claims.push((endpoint, claim));
        } else {
            self.take_waiting_claims();
            self.take_claim(endpoint, claim);
        }
    }

    /// To be called before claims are looked at for the first packet that may be media.
    pub(super) fn take_waiting_claims(&mut self) {
        for (endpoint, claim) in std::mem::take(&mut self.waiting_claims) {
            self.take_claim(endpoint, claim);
        }
    }

    fn take_claim(&mut self, endpoint: Endpoint, claim: Claim) {
        if self.claims.len() >= MAX_CLAIMS && !self.claims.contains_key(&endpoint) {
            return;
        }
        let before = self.claims.insert(endpoint, claim);
        match before {
            Some(old) if old.dialog != claim.dialog => {
                if let Some(claim) = self.claims.get_mut(&endpoint) {
                    claim.before = Some(old.dialog);
                }
            }
            Some(old) => {
                if let Some(claim) = self.claims.get_mut(&endpoint) {
                    claim.before = old.before;
                }
                if old.t38 == claim.t38 && old.t38_payload_type == claim.t38_payload_type {
                    return;
                }
            }
            None => {}
        }
        self.claim_changes += 1;
        for flow_id in self.by_endpoint.get(&endpoint).cloned().unwrap_or_default() {
            self.reconsider(flow_id, claim);
        }
    }

    /// A flow that touches a newly claimed endpoint: it was early media, or what follows is another call's.
    fn reconsider(&mut self, id: FlowId, claim: Claim) {
        // What ran before the first INVITE is another's: music sent to all, an earlier call.
        let starts = (self.dialog(claim.dialog))
            .filter(|dialog| dialog.starts_with_invite)
            .map(|dialog| dialog.started.plus_seconds(-BEFORE_INVITE));
        let Some(flow) = self.flow_mut(id) else {
            return;
        };
        let is_of_call = starts.is_none_or(|starts| flow.first >= starts);
        match flow.owner {
            Some((dialog, _)) if dialog == claim.dialog => {}
            None if is_of_call && claim.since.seconds_since(flow.last) < EARLY => {
                self.adopt(id, claim.dialog);
            }
            _ => {
                flow.stale = true;
                flow.fast_path.stop();
            }
        }
    }

    /// Gives a flow without a dialog to one.
    pub(super) fn adopt(&mut self, id: FlowId, dialog: DialogId) {
        let Some(flow) = self.flow(id) else { return };
        let side = self.sender_of(flow.src, flow.dst, dialog);
        let Some(flow) = self.flow_mut(id) else {
            return;
        };
        if flow.owner.is_none() {
            self.unclaimed = self.unclaimed.saturating_sub(1);
        }
        let Some(flow) = self.flow_mut(id) else {
            return;
        };
        flow.owner = Some((dialog, side));
        let first = (flow.first, flow.first_frame);
        let last = (flow.last, flow.last_frame);
        if let Some(entry) = self.dialog_mut(dialog) {
            entry.flows.push(id);
            entry.started = entry.started.min(first.0);
            entry.first_frame = entry.first_frame.min(first.1);
            entry.last_packet = entry.last_packet.max(last.0);
            entry.last_frame = entry.last_frame.max(last.1);
        }
    }

    /// Which side of a dialog sends from `src` to `dst`: by SDP, else by the hosts of its signalling.
    pub(super) fn sender_of(&self, src: Endpoint, dst: Endpoint, dialog: DialogId) -> Side {
        let of = |endpoint: &Endpoint| {
            self.claims
                .get(endpoint)
                .filter(|claim| claim.dialog == dialog)
        };
        if let Some(claim) = of(&dst) {
            return claim.side.other();
        }
        if let Some(claim) = of(&src) {
            return claim.side;
        }
        match self.dialog(dialog) {
            Some(entry) if entry.caller.addr == src.addr || entry.callee.addr == dst.addr => {
                Side::Caller
            }
            Some(entry) if entry.callee.addr == src.addr || entry.caller.addr == dst.addr => {
                Side::Callee
            }
            // Unknown: any answer, as long as both directions of a pair get the same.
            _ if src <= dst => Side::Caller,
            _ => Side::Callee,
        }
    }

    /// The dialog that a new flow belongs to, by the claims on its two ends: the one that announced both, now or
    /// before; else the later claim wins.
    pub(super) fn owner_of(&self, src: Endpoint, dst: Endpoint) -> Option<DialogId> {
        let of_dst = self.claims.get(&dst);
        let of_src = self.claims.get(&src);
        match (of_src, of_dst) {
            (Some(a), Some(b)) if b.before == Some(a.dialog) => Some(a.dialog),
            (Some(a), Some(b)) if a.before == Some(b.dialog) => Some(b.dialog),
            (Some(a), Some(b)) if a.since > b.since => Some(a.dialog),
            (_, Some(b)) => Some(b.dialog),
            (Some(a), None) => Some(a.dialog),
            (None, None) => None,
        }
    }

    /// Whether SDP announces T.38 on either end of a path, and as which RTP payload type if it is T.38 in RTP.
    pub(super) fn t38_claimed(&self, src: Endpoint, dst: Endpoint) -> (bool, Option<u8>) {
        let claims = [self.claims.get(&src), self.claims.get(&dst)];
        let claimed = claims.iter().flatten().any(|claim| claim.t38);
        (
            claimed,
            claims
                .iter()
                .flatten()
                .find_map(|claim| claim.t38_payload_type),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_legs_may_use_the_same_endpoint_of_the_pbx() {
        let end = |last: u8, port: u16| Endpoint::new([192, 0, 2, last].into(), port);
        let (caller, pbx, callee) = (end(1, 4000), end(2, 4500), end(3, 4000));
        let mut index = Index::new();
        let announced = [(0, caller), (0, pbx), (1, pbx), (1, callee)];
        for ((dialog, endpoint), since) in announced.into_iter().zip(0..) {
            let claim = Claim {
                dialog: DialogId(dialog),
                side: Side::Caller,
                t38: true,
                t38_payload_type: None,
                since: Timestamp(since),
                before: None,
            };
            index.claim(endpoint, claim);
            index.claim(endpoint, claim);
        }
        index.take_waiting_claims();
        for (one, other, dialog) in [(caller, pbx, 0), (callee, pbx, 1)] {
            assert_eq!(index.owner_of(one, other), Some(DialogId(dialog)));
            assert_eq!(index.owner_of(other, one), Some(DialogId(dialog)));
        }
    }
}
