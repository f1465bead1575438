//! ICMP errors, given to the call whose datagram they quote.

use crate::call::index::{DialogId, IcmpRef, Index, MAX_ICMP};
use crate::capture::{Endpoint, IcmpError, Packet};
use crate::sip::scan::{Brief, scan};

/// Dialogs, the newest first, among which the one of a quoted datagram is looked for by its endpoints.
const MOST_LOOKED_AT: usize = 500;
/// An error comes at once; later the message that it quotes is another one, seconds.
const AT_ONCE: f64 = 5.0;

impl Index {
    /// Notes an error with the call that it is about, if there is one: by the media endpoints that SDP announces, else
    /// by the SIP message that is quoted.
    pub(super) fn icmp(
        &mut self,
        packet: &Packet<'_>,
        error: IcmpError,
        (quoted_src, quoted_dst): (Endpoint, Endpoint),
    ) {
        if packet.duplicate {
            return;
        }
        self.take_waiting_claims();
        let claim = (self.claims.get(&quoted_dst)).or_else(|| self.claims.get(&quoted_src));
        let owner = claim
            .map(|claim| claim.dialog)
            .or_else(|| self.quoted_dialog(packet, (quoted_src, quoted_dst)));
        let Some(id) = owner else { return };
        let Some(dialog) = self.dialog_mut(id) else {
            return;
        };
        if dialog.rare().icmp.len() >= MAX_ICMP {
            return;
        }
        dialog.rare_mut().icmp.push(IcmpRef {
            frame: packet.frame,
            at: packet.at,
            src: packet.src,
            dst: packet.dst,
            error,
            quoted_dst,
        });
        dialog.touch(packet);
        self.note_change(id);
    }

    /// The dialog of a quoted SIP message: by its Call-ID where so much is quoted, else the one whose last message went
    /// that way just before. 28 octets (RFC 792) are IPv4 and UDP headers alone.
    fn quoted_dialog(
        &mut self,
        packet: &Packet<'_>,
        path: (Endpoint, Endpoint),
    ) -> Option<DialogId> {
        let quoted = scan(packet.payload);
        if let Some(call_id) = quoted.as_ref().and_then(Brief::call_id) {
            let key = self.by_call_id.key(call_id);
            let newest = self.by_call_id.get(key);
            return newest
                .filter(|at| self.has_call_id(*at, Some(call_id)))
                .map(DialogId);
        }
        let newest = (0..self.dialogs.len()).rev().take(MOST_LOOKED_AT);
        let sent = newest.filter_map(|at| {
            let dialog = self.dialogs.get(at)?;
            let way = |message: &&super::PacketRef| dialog.path(message) == path;
            let last = dialog.messages.iter().rev().take(4).find(way)?;
            let age = packet.at.seconds_since(last.at);
            (0.0..AT_ONCE)
                .contains(&age)
                .then(|| Some((last.at, DialogId(u32::try_from(at).ok()?))))?
        });
        sent.max_by_key(|(at, _)| *at).map(|(_, id)| id)
    }
}
