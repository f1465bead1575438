//! What names a call in whatever capture it is seen.

use crate::call::index::{DialogId, Index};
use crate::uid::Uid;

/// Of its Call-ID and the tag of the side that sent the first request; without SIP, of its endpoints and the first
/// datagram. The branches of a fork share both, so those after the first count the tag of who answered, too.
pub(crate) fn of(index: &Index, id: DialogId) -> Uid {
    let Some(dialog) = index.dialog(id) else {
        return Uid::default();
    };
    let names = index.names(dialog);
    if let Some(call_id) = names.call_id() {
        let tag = names.caller_tag();
        return match dialog.branch_tag() {
            Some(branch) => Uid::of(&[call_id, tag, branch]),
            None => Uid::of(&[call_id, tag]),
        };
    }
    let flows = dialog.flows.iter().filter_map(|id| index.flow(*id));
    let first = flows.min_by_key(|flow| flow.first_frame);
    let (src, dst, at, content) = match first {
        Some(flow) => (flow.src, flow.dst, flow.first, flow.first_content),
        None => (dialog.caller, dialog.callee, dialog.started, 0),
    };
    // A copy of the capture may have another resolution of time.
    let micros = at.0 / 1000;
    let text = format!("{src}\n{dst}\n{micros}\n{content:016x}");
    Uid::of(&[text.as_bytes()])
}

/// A small digest of a datagram (FNV-1a), the same on every machine.
pub(crate) fn of_datagram(octets: &[u8]) -> u64 {
    octets.iter().fold(0xcbf2_9ce4_8422_2325, |hash, octet| {
        (hash ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3)
    })
}
