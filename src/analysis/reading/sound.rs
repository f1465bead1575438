//! The sound of calls: read in a second pass, and decoded where nothing else shows what a call is.

use std::io;

use super::Analysis;
use super::batch::RTP_BATCH;
use crate::call::CallNo;
use crate::call::index::{DialogEntry, DialogId, FlowEntry, FlowId, Map};
use crate::call::load::{self, RtpByFlow};
use crate::capture::packet::Decoder;
use crate::capture::reader::{Mark, Reader};
use crate::capture::store::Store;
use crate::capture::{Error, FrameNo, Packet, Place, Timestamp, Transport};
use crate::rtp::RtpArrival;

impl Analysis {
    /// RTP without SIP is listed as a call only if it is a fax, so its sound must be decoded.
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
            // All at once, as each time may take one more pass over the capture.
            let mut octets = 0;
            let more = |id: &&DialogId| {
                let (noted, searched) = self.rtp_octets(**id);
                octets += noted + searched;
                octets <= RTP_BATCH
            };
            let count = left.iter().take_while(more).count().max(1);
            let (some, rest) = left.split_at(count);
            left = rest;
            let rtp = self.read_rtp(some).unwrap_or_else(|error| {
                self.fail(some, error);
                RtpByFlow::default()
            });
            for id in some {
                let call = load::call(&self.source(), *id, CallNo(0), &rtp);
                let call = call.unwrap_or_else(|error| {
                    self.fail(&[*id], error);
                    None
                });
                let is_fax = call.is_some_and(|call| call.fax.is_some());
                let until = self
                    .index
                    .dialog(*id)
                    .map_or(FrameNo(0), |dialog| dialog.last_frame);
                self.listened.insert(*id, (until, is_fax));
            }
        }
    }

    /// Keeps the first error at which calls could not be listened to.
    fn fail(&mut self, dialogs: &[DialogId], source: io::Error) {
        let first = dialogs.first().and_then(|id| self.index.dialog(*id));
        let frame = first.map_or(0, |dialog| dialog.first_frame.0);
        self.failure.get_or_insert_with(|| Error::Broken {
            file: self.options.file.display().to_string(),
            place: format!("the RTP from frame {frame} on again"),
            source,
        });
    }

    fn only_sound(&self, dialog: &DialogEntry) -> bool {
        let mut flows = dialog.flows.iter().filter_map(|id| self.index.flow(*id));
        flows.all(|flow| flow.t38.is_empty())
    }

    /// Whether a call without SIP is one: it has T.38, or its sound is that of a fax.
    pub(super) fn heard_or_seen(&self, id: DialogId) -> bool {
        self.listened.get(&id).is_none_or(|(_, is_fax)| *is_fax)
    }

    /// The RTP of some calls, read again: by its locations where they are known, else in a pass over that part of the
    /// capture.
    pub(super) fn read_rtp(&self, dialogs: &[DialogId]) -> io::Result<RtpByFlow> {
        let mut out = RtpByFlow::default();
        let mut searched = Vec::new();
        for id in dialogs {
            let flows = self.index.dialog(*id).map(|dialog| dialog.flows.as_slice());
            let flows = flows.unwrap_or_default();
            // Where a fax calls, all that answers it is listened to: a busy tone is like nothing of a fax.
            let calls = flows.iter().filter_map(|id| self.index.flow(*id));
            let calls = calls.into_iter().any(|flow| flow.suspicion.heard_cng());
            for id in flows {
                let Some(flow) = self.index.flow(*id).filter(|flow| flow.rtp > 0) else {
                    continue;
                };
                if self.is_noted(flow) {
                    let sound = if calls {
                        self.pick(flow, 0)
                    } else {
                        self.noted_sound(flow)
                    };
                    out.insert(*id, sound?);
                } else if let Some(kept) = self.kept_sound.get(id) {
                    out.insert(*id, kept.fetch(&self.store, flow)?);
                } else {
                    searched.push((*id, flow));
                }
            }
        }
        search(&self.store, &searched, |id, packet| {
            out.entry(id).or_default().push(arrival(packet));
        })?;
        Ok(out)
    }

    /// The RTP of a flow whose locations are known. Of a regular stream in which no fax signal was sampled, only the end
    /// is read: a tone that began a switch to T.38 may be too short for the samples.
    fn noted_sound(&self, flow: &FlowEntry) -> io::Result<Vec<RtpArrival>> {
        let Some(mut arrivals) = flow.predicted() else {
            return self.pick(flow, 0);
        };
        let headers = arrivals.len().saturating_sub(END);
        let end = self.pick(flow, headers)?;
        if headers + end.len() == arrivals.len() {
            arrivals.truncate(headers);
            arrivals.extend(end);
        }
        Ok(arrivals)
    }

    /// The packets of a flow by their locations, after the first `skipped`.
    fn pick(&self, flow: &FlowEntry, skipped: usize) -> io::Result<Vec<RtpArrival>> {
        let mut arrivals = Vec::new();
        let mut decoder = Decoder::new();
        let places = flow.rtp_locations().into_iter().flatten().skip(skipped);
        let places = places.filter(|place| !flow.holds_t38(place.frame()));
        self.store.pick(places, |frame| {
            decoder.decode(frame, &mut |packet| {
                if packet.transport == Transport::Udp
                    && (packet.src, packet.dst) == (flow.src, flow.dst)
                {
                    arrivals.push(arrival(packet));
                }
            });
        })?;
        Ok(arrivals)
    }

    /// Whether the packets of a flow can be read by their locations; not in a compressed capture.
    fn is_noted(&self, flow: &FlowEntry) -> bool {
        self.store.can_pick() && flow.rtp_locations().is_some()
    }

    /// Whether the RTP of a flow can be read without a pass over the capture.
    pub(super) fn knows_sound(&self, id: FlowId, flow: &FlowEntry) -> bool {
        self.is_noted(flow) || self.kept_sound.contains_key(&id)
    }

    /// Copies the sound of several suspected calls to the spool in one pass, where locations cannot be used (a compressed
    /// capture): one pass for each call would take quadratic time.
    pub(super) fn keep_sound(&mut self) {
        let wanted: Vec<(FlowId, &FlowEntry)> = self
            .index
            .dialogs()
            .iter()
            .filter(|dialog| !dialog.has_sip() || dialog.t38_offered || self.carries_fax(dialog))
            .flat_map(|dialog| &dialog.flows)
            .filter_map(|id| Some((*id, self.index.flow(*id)?)))
            .filter(|(id, flow)| flow.rtp > 0 && !self.knows_sound(*id, flow))
            .collect();
        let owner = |flow: &FlowEntry| flow.owner.map(|(dialog, _)| dialog);
        let Some((_, first)) = wanted.first() else {
            return;
        };
        // A single call takes one pass anyway.
        if wanted.iter().all(|(_, flow)| owner(flow) == owner(first)) {
            return;
        }
        let mut kept: Map<FlowId, KeptSound> = Map::default();
        let mut result = Ok(());
        let (store, capture) = (&mut self.store, first_of(&wanted));
        let reader = capture.and_then(|mark| store.frames_from(mark).ok());
        let Some(reader) = reader else { return };
        let read = search_in(reader, &wanted, |id, packet| {
            if result.is_ok() {
                result = kept.entry(id).or_default().keep(store, packet);
            }
        });
        // Without room for it the passes are what is left; they tell of what cannot be read.
        if read.and(result).is_ok() {
            self.kept_sound.extend(kept);
        }
    }
}

/// Packets at the end of a stream that are always read: two seconds of 20 ms packets.
const END: usize = 100;

/// The RTP of flows, found in a pass from their first frame to their last.
fn search(
    store: &Store,
    flows: &[(FlowId, &FlowEntry)],
    found: impl FnMut(FlowId, &Packet<'_>),
) -> io::Result<()> {
    if let Some(from) = first_of(flows) {
        return search_in(store.frames_from(from)?, flows, found);
    }
    Ok(())
}

fn first_of(flows: &[(FlowId, &FlowEntry)]) -> Option<Mark> {
    let marks = flows.iter().filter_map(|(_, flow)| flow.mark);
    marks.min_by_key(|mark| mark.frame())
}

fn search_in(
    mut reader: Reader,
    flows: &[(FlowId, &FlowEntry)],
    mut found: impl FnMut(FlowId, &Packet<'_>),
) -> io::Result<()> {
    let mut wanted: Map<_, Vec<(FlowId, &FlowEntry)>> = Map::default();
    for (id, flow) in flows {
        let path = wanted.entry((flow.src, flow.dst)).or_default();
        path.push((*id, *flow));
    }
    let until = flows.iter().map(|(_, flow)| flow.last_frame).max();
    let mut decoder = Decoder::of(reader.info());
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
                found(*id, packet);
            }
        });
    }
    reader.read_error()
}

/// The RTP of a flow in the spool.
#[derive(Debug, Default)]
pub(super) struct KeptSound(Vec<KeptPacket>);

#[derive(Debug)]
struct KeptPacket {
    frame: FrameNo,
    cut: u32,
    at: Timestamp,
    place: Place,
}

impl KeptSound {
    fn keep(&mut self, store: &mut Store, packet: &Packet<'_>) -> io::Result<()> {
        self.0.push(KeptPacket {
            frame: packet.frame,
            cut: packet.cut,
            at: packet.at,
            place: store.keep(packet.payload)?,
        });
        Ok(())
    }

    fn fetch(&self, store: &Store, flow: &FlowEntry) -> io::Result<Vec<RtpArrival>> {
        let arrival = |packet: &KeptPacket| {
            Ok(RtpArrival {
                frame: packet.frame,
                at: packet.at,
                src: flow.src,
                dst: flow.dst,
                payload: store.fetch(packet.place)?.into_owned(),
                cut: packet.cut,
            })
        };
        self.0.iter().map(arrival).collect()
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
