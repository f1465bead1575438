//! The sound of calls: read in a second pass, and listened to where nothing else tells what a call is.

use std::collections::HashMap;
use std::io;

use super::Analysis;
use super::batch::RTP_BATCH;
use crate::call::CallNo;
use crate::call::index::{DialogEntry, DialogId, FlowEntry, FlowId};
use crate::call::load::{self, RtpByFlow};
use crate::capture::packet::Decoder;
use crate::capture::{FrameNo, Packet, Transport};
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
        let mut left = waiting.as_slice();
        while !left.is_empty() {
            // Together, as each time may be one more pass over the capture.
            let mut octets = 0;
            let more = |id: &&DialogId| {
                let (noted, searched) = self.rtp_octets(**id);
                octets += noted + searched;
                octets <= RTP_BATCH
            };
            let count = left.iter().take_while(more).count().max(1);
            let (some, rest) = left.split_at(count);
            left = rest;
            let rtp = self.read_rtp(some).unwrap_or_default();
            for id in some {
                let call = load::call(&self.source(), *id, CallNo(0), &rtp);
                let is_fax = call.is_ok_and(|call| call.is_some_and(|call| call.fax.is_some()));
                let until = self
                    .index
                    .dialog(*id)
                    .map_or(FrameNo(0), |dialog| dialog.last_frame);
                self.listened.insert(*id, (until, is_fax));
            }
        }
    }

    fn only_sound(&self, dialog: &DialogEntry) -> bool {
        let mut flows = dialog.flows.iter().filter_map(|id| self.index.flow(*id));
        flows.all(|flow| flow.t38.is_empty())
    }

    /// Whether a call without SIP is one: it has T.38, or its sound is that of a fax.
    pub(super) fn heard_or_seen(&self, id: DialogId) -> bool {
        self.listened.get(&id).is_none_or(|(_, is_fax)| *is_fax)
    }

    /// The RTP of some calls: only the headers where they are known and the sound is none of a fax; else read again,
    /// where it is noted where it lies, only that; else in a second pass over that part of the capture.
    pub(super) fn read_rtp(&self, dialogs: &[DialogId]) -> io::Result<RtpByFlow> {
        let mut out = RtpByFlow::new();
        let mut noted = Vec::new();
        let mut searched = Vec::new();
        for id in dialogs {
            let flows = self.index.dialog(*id).map(|dialog| dialog.flows.as_slice());
            for id in flows.unwrap_or_default() {
                let Some(flow) = self.index.flow(*id).filter(|flow| flow.rtp > 0) else {
                    continue;
                };
                if let Some(arrivals) = flow.paced() {
                    out.insert(*id, arrivals);
                } else if flow.noted().is_some() {
                    noted.push((*id, flow));
                } else {
                    searched.push((*id, flow));
                }
            }
        }
        for (id, flow) in noted {
            self.pick(id, flow, &mut out)?;
        }
        self.search(&searched, &mut out)?;
        Ok(out)
    }

    /// The RTP of a flow whose packets are noted.
    fn pick(&self, id: FlowId, flow: &FlowEntry, out: &mut RtpByFlow) -> io::Result<()> {
        let arrivals = out.entry(id).or_default();
        let mut decoder = Decoder::new();
        let places = flow.noted().into_iter().flatten();
        let places = places.filter(|place| !flow.holds_t38(place.frame()));
        self.store.pick(places, |frame| {
            decoder.decode(frame, &mut |packet| {
                if packet.transport == Transport::Udp
                    && (packet.src, packet.dst) == (flow.src, flow.dst)
                {
                    arrivals.push(arrival(packet));
                }
            });
        })
    }

    /// The RTP of flows whose packets are somewhere between their first and their last.
    fn search(&self, flows: &[(FlowId, &FlowEntry)], out: &mut RtpByFlow) -> io::Result<()> {
        let mut wanted: HashMap<_, Vec<(FlowId, &FlowEntry)>> = HashMap::new();
        for (id, flow) in flows {
            let path = wanted.entry((flow.src, flow.dst)).or_default();
            path.push((*id, *flow));
        }
        let marks = flows.iter().filter_map(|(_, flow)| flow.mark);
        let Some(from) = marks.min_by_key(|mark| mark.frame()) else {
            return Ok(());
        };
        let until = flows.iter().map(|(_, flow)| flow.last_frame).max();
        let mut reader = self.store.frames_from(from)?;
        let mut decoder = Decoder::new();
        while let Ok(Some(frame)) = reader.next_frame() {
            if Some(frame.no) > until {
                break;
            }
            decoder.decode(&frame, &mut |packet| {
                if packet.transport != Transport::Udp || packet.duplicate {
                    return;
                }
                let Some(flows) = wanted.get(&(packet.src, packet.dst)) else {
                    return;
                };
                let within = |(_, flow): &&(FlowId, &FlowEntry)| {
                    packet.frame >= flow.first_frame
                        && packet.frame <= flow.last_frame
                        && !flow.holds_t38(packet.frame)
                };
                if let Some((id, _)) = flows.iter().find(within) {
                    out.entry(*id).or_default().push(arrival(packet));
                }
            });
        }
        Ok(())
    }
}

fn arrival(packet: &Packet<'_>) -> RtpArrival {
    RtpArrival {
        frame: packet.frame,
        at: packet.at,
        src: packet.src,
        dst: packet.dst,
        payload: packet.payload.to_vec(),
        cut: packet.cut,
    }
}
