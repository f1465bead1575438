//! The sound of calls: read in a second pass, and listened to where nothing else tells what a call is.

use std::collections::HashMap;
use std::io;

use super::Analysis;
use crate::call::CallNo;
use crate::call::index::{DialogEntry, DialogId, FlowId};
use crate::call::load::{self, RtpByFlow};
use crate::capture::packet::Decoder;
use crate::capture::reader::Mark;
use crate::capture::{FrameNo, Transport};
use crate::rtp::RtpArrival;

impl Analysis {
    /// Sound that no SIP explains is a call only if it is a fax, and that takes listening to it.
    pub(super) fn listen(&mut self) {
        let waiting: Vec<DialogId> = (self.index.dialogs().iter().zip(0u32..))
            .filter_map(|(dialog, at)| {
                let id = DialogId(at);
                let known = self.listened.get(&id);
                let heard = known.is_some_and(|(until, _)| *until == dialog.last_frame);
                (!dialog.has_sip() && !heard && self.only_sound(dialog)).then_some(id)
            })
            .collect();
        for id in waiting {
            let is_fax = self.sounds_like_fax(id).unwrap_or(false);
            let until = self
                .index
                .dialog(id)
                .map_or(FrameNo(0), |dialog| dialog.last_frame);
            self.listened.insert(id, (until, is_fax));
        }
    }

    fn sounds_like_fax(&self, id: DialogId) -> io::Result<bool> {
        let rtp = self.read_rtp(&[id])?;
        let call = load::call(&self.source(), id, CallNo(0), &rtp)?;
        Ok(call.is_some_and(|call| call.fax.is_some()))
    }

    fn only_sound(&self, dialog: &DialogEntry) -> bool {
        let mut flows = dialog.flows.iter().filter_map(|id| self.index.flow(*id));
        flows.all(|flow| flow.t38.is_empty())
    }

    /// Whether a call without SIP is one: it has T.38, or its sound is that of a fax.
    pub(super) fn heard_or_seen(&self, id: DialogId) -> bool {
        self.listened.get(&id).is_none_or(|(_, is_fax)| *is_fax)
    }

    /// The RTP of some calls, read in a second pass over that part of the capture in which it lies.
    pub(super) fn read_rtp(&self, dialogs: &[DialogId]) -> io::Result<RtpByFlow> {
        let mut wanted: HashMap<_, Vec<FlowId>> = HashMap::new();
        let mut from: Option<Mark> = None;
        let mut until = FrameNo(0);
        for id in dialogs {
            let Some(dialog) = self.index.dialog(*id) else {
                continue;
            };
            for id in &dialog.flows {
                let Some(flow) = self.index.flow(*id).filter(|flow| flow.rtp > 0) else {
                    continue;
                };
                wanted.entry((flow.src, flow.dst)).or_default().push(*id);
                until = until.max(flow.last_frame);
                if let Some(mark) = flow.mark
                    && from.is_none_or(|from| mark.frame() < from.frame())
                {
                    from = Some(mark);
                }
            }
        }
        let mut out = RtpByFlow::new();
        let Some(from) = from else { return Ok(out) };
        let mut reader = self.store.frames_from(from)?;
        let mut decoder = Decoder::new();
        while let Ok(Some(frame)) = reader.next_frame() {
            if frame.no > until {
                break;
            }
            decoder.decode(&frame, &mut |packet| {
                if packet.transport != Transport::Udp || packet.duplicate {
                    return;
                }
                let Some(flows) = wanted.get(&(packet.src, packet.dst)) else {
                    return;
                };
                let within = |id: &&FlowId| {
                    self.index.flow(**id).is_some_and(|flow| {
                        packet.frame >= flow.first_frame
                            && packet.frame <= flow.last_frame
                            && !flow.holds_t38(packet.frame)
                    })
                };
                if let Some(id) = flows.iter().find(within) {
                    out.entry(*id).or_default().push(RtpArrival {
                        frame: packet.frame,
                        at: packet.at,
                        src: packet.src,
                        dst: packet.dst,
                        payload: packet.payload.to_vec(),
                        cut: packet.cut,
                    });
                }
            });
        }
        Ok(out)
    }
}
