//! UDP datagrams of which only the first fragment came, given to their call: the head is enough to know it.

use crate::call::index::{DialogId, Index, dialog};
use crate::capture::store::Store;
use crate::capture::{Endpoint, FrameNo, Incomplete, Packet, Stamp, Timestamp, Transport};
use crate::sip::scan::scan;

/// Kept of one call.
pub(super) const MAX_INCOMPLETE: usize = 1000;

/// A datagram of a call that stayed incomplete.
#[derive(Clone, Copy, Debug)]
pub struct IncompleteRef {
    /// Frame of its first fragment.
    pub frame: FrameNo,
    /// Its time.
    pub at: Timestamp,
    /// Sender.
    pub src: Endpoint,
    /// Receiver.
    pub dst: Endpoint,
    /// Octets of the payload by the UDP header.
    pub octets: u32,
    /// Octets of the IP payload of the first fragment.
    pub fragment: u32,
    /// UDPTL sequence number; `None`: a SIP message.
    pub sequence: Option<u16>,
}

impl Index {
    /// Takes a datagram that stayed incomplete: of SIP its head is a message of the dialog like any other; of T.38 it is
    /// noted with the call that the flow belongs to.
    ///
    /// # Errors
    /// Only what writing to the store's spool fails with.
    pub fn incomplete(&mut self, found: &Incomplete, store: &mut Store) -> std::io::Result<()> {
        let packet = Packet {
            frame: found.frame,
            at: found.at,
            src: found.src,
            dst: found.dst,
            transport: Transport::Udp,
            payload: &found.head,
            cut: 0,
            offset: None,
            duplicate: false,
            stamp: Stamp::NONE,
        };
        if let Some(brief) = scan(&found.head).filter(|brief| brief.junk == 0) {
            self.sip_message(&packet, &brief, dialog::UDP, store)?;
            if let Some(id) = self.dialog_with(found.frame, brief.call_id()) {
                self.keep_incomplete(id, found, None);
            }
            return Ok(());
        }
        let flow = self.by_path.get(&(found.src, found.dst)).copied();
        let flow = flow.and_then(|id| self.flow(id));
        let fits = flow.filter(|flow| !flow.t38.is_empty() || flow.claimed.0);
        let owner = match fits.map(|flow| flow.owner) {
            Some(owner) => owner.map(|(dialog, _)| dialog),
            // Not one of its direction passed.
            None => self
                .t38_claimed(found.src, found.dst)
                .0
                .then(|| self.owner_of(found.src, found.dst))
                .flatten(),
        };
        let sequence = found.head.first_chunk().map(|seq| u16::from_be_bytes(*seq));
        if let (Some(id), Some(sequence)) = (owner, sequence) {
            self.keep_incomplete(id, found, Some(sequence));
        }
        Ok(())
    }

    /// The dialog that took the message of a frame.
    fn dialog_with(&mut self, frame: FrameNo, call_id: Option<&[u8]>) -> Option<DialogId> {
        let key = self.by_call_id.key(call_id?);
        let mut next = self.by_call_id.get(key);
        for _ in 0..MAX_INCOMPLETE {
            let id = DialogId(next?);
            let dialog = self.dialog_mut(id)?;
            next = dialog.next;
            if dialog
                .messages
                .last()
                .is_some_and(|last| last.frame == frame)
            {
                // It came late: siblings were waited for.
                dialog.messages.sort_by_key(|message| message.frame);
                return Some(id);
            }
        }
        None
    }

    fn keep_incomplete(&mut self, id: DialogId, found: &Incomplete, sequence: Option<u16>) {
        let Some(dialog) = self.dialog_mut(id) else {
            return;
        };
        let kept = &mut dialog.rare_mut().incomplete;
        if kept.len() < MAX_INCOMPLETE {
            kept.push(IncompleteRef {
                frame: found.frame,
                at: found.at,
                src: found.src,
                dst: found.dst,
                octets: found.octets,
                fragment: found.fragment,
                sequence,
            });
        }
        self.note_change(id);
    }
}
