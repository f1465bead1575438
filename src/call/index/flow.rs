//! Media flows: packets from one endpoint to another, told apart by content, RTP counted, T.38 located.

use crate::call::Side;
use crate::call::index::dialog::UDP;
use crate::call::index::fast::rtp_fast_path::RtpFastPath;
use crate::call::index::fast::rtp_locations::RtpLocations;
use crate::call::index::{
    DialogId, FlowId, Index, MAX_FLOWS, MAX_T38, MAX_UNCLAIMED_FLOWS, PacketRef,
};
use crate::capture::fast::ShortPath;
use crate::capture::reader::Mark;
use crate::capture::store::Store;
use crate::capture::{Endpoint, FrameNo, Packet, Timestamp};
use crate::rtp::g711::Law;
use crate::rtp::header::{self, RtpHeader};
use crate::rtp::sniff::{Suspicion, sniff};
use crate::t38::stream::Framing;
use crate::t38::udptl::{self, Plausibility};

/// Seconds of silence after which packets between the same endpoints are a new flow, unless SDP says otherwise.
const IDLE: f64 = 60.0;
/// Packets that must look like T.38 before a flow without SDP is taken for T.38.
const BELIEVE: usize = 4;
/// Shorter payloads on a T.38 port are keep-alives.
const KEEPALIVE: usize = 4;

/// Packets from one endpoint to another, for as long as they belong to one call.
///
/// Fields that every RTP packet changes come first, in as few cache lines as possible.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct FlowEntry {
    /// Predicts its next packet.
    pub(super) fast_path: RtpFastPath,
    /// Last packet.
    pub last: Timestamp,
    /// Frame of the last packet.
    pub last_frame: FrameNo,
    /// RTP packets.
    pub rtp: u32,
    /// Octets of them, for planning the second pass.
    pub rtp_octets: u64,
    /// SSRC of the RTP at hand.
    pub(super) ssrc: u32,
    /// Next RTP packet to be sampled for its sound.
    next_sample: u32,
    /// Where its RTP packets lie.
    pub(super) locations: RtpLocations,
    /// Where the reader stood at the first packet.
    pub mark: Option<Mark>,
    /// Source.
    pub src: Endpoint,
    /// Destination.
    pub dst: Endpoint,
    /// Dialog and sending side, once known.
    pub owner: Option<(DialogId, Side)>,
    /// First packet.
    pub first: Timestamp,
    /// Frame of the first packet.
    pub first_frame: FrameNo,
    /// Digest of the first packet.
    pub first_content: u64,
    /// Its T.38 packets.
    pub t38: Vec<PacketRef>,
    /// How the T.38 packets are framed.
    pub framing: Framing,
    /// Possible T.38 packets, see [`BELIEVE`].
    probation: Vec<PacketRef>,
    /// Samples of the sound: may it be a fax?
    pub suspicion: Suspicion,
    /// Telephone events of a fax (RFC 4733) or Cisco NSEs were seen.
    pub fax_events: bool,
    /// Later packets belong to another call.
    pub(super) stale: bool,
    /// RTP packets recorded twice.
    pub duplicates: u32,
    /// SDP announces T.38 on one end, and as which RTP payload type.
    pub(super) claimed: (bool, Option<u8>),
    /// Claims are looked up again after a change.
    pub(super) claims_seen: usize,
}

impl Index {
    pub(super) fn flow_mut(&mut self, id: FlowId) -> Option<&mut FlowEntry> {
        self.flows.get_mut(usize::try_from(id.0).ok()?)
    }

    /// Whether a packet at this time belongs to another flow than the one known for its path.
    pub(super) fn is_stale(&self, id: FlowId, at: Timestamp) -> bool {
        self.flow(id).is_none_or(|flow| {
            flow.stale || (flow.owner.is_none() && at.seconds_since(flow.last) > IDLE)
        })
    }

    /// A datagram of no known flow: is it media at all?
    pub(super) fn new_flow(
        &mut self,
        packet: &Packet<'_>,
        store: &mut Store,
    ) -> std::io::Result<()> {
        if packet.duplicate {
            return Ok(());
        }
        let owner = self.owner_of(packet.src, packet.dst);
        let plausible = header::looks_like_rtp(packet.payload)
            || udptl::plausible(packet.payload) != Plausibility::No
            || self.t38_claimed(packet.src, packet.dst).0;
        if !plausible
            || packet.payload.len() < KEEPALIVE
            || (owner.is_none() && self.unclaimed >= MAX_UNCLAIMED_FLOWS)
        {
            return Ok(());
        }
        if self.flows.len() >= MAX_FLOWS {
            self.left_out += 1;
            return Ok(());
        }
        let id = self.begin_flow(packet, Framing::Udptl);
        if let Some(dialog) = owner {
            self.adopt(id, dialog);
        }
        self.media(id, packet, store)
    }

    pub(super) fn begin_flow(&mut self, packet: &Packet<'_>, framing: Framing) -> FlowId {
        let id = FlowId(u32::try_from(self.flows.len()).unwrap_or(u32::MAX));
        self.flows.push(FlowEntry {
            src: packet.src,
            dst: packet.dst,
            owner: None,
            first: packet.at,
            first_frame: packet.frame,
            first_content: crate::call::uid::of_datagram(packet.payload),
            mark: self.mark,
            last: packet.at,
            last_frame: packet.frame,
            rtp: 0,
            rtp_octets: 0,
            t38: Vec::new(),
            framing,
            probation: Vec::new(),
            ssrc: 0,
            suspicion: Suspicion::default(),
            next_sample: 0,
            fast_path: RtpFastPath::default(),
            fax_events: false,
            locations: RtpLocations::new(self.mark),
            stale: false,
            duplicates: 0,
            claimed: self.t38_claimed(packet.src, packet.dst),
            claims_seen: self.claim_changes,
        });
        self.unclaimed += 1;
        self.by_path.insert((packet.src, packet.dst), id);
        if let Some(path) = ShortPath::new(packet.src, packet.dst) {
            self.recent.set(path, id);
        }
        for endpoint in [packet.src, packet.dst] {
            let flows = self.by_endpoint.entry(endpoint).or_default();
            // Only the newest can still be reconsidered.
            if flows.len() >= 16 {
                flows.remove(0);
            }
            flows.push(id);
        }
        id
    }

    /// A packet of a known flow.
    pub(super) fn media(
        &mut self,
        id: FlowId,
        packet: &Packet<'_>,
        store: &mut Store,
    ) -> std::io::Result<()> {
        let claims = self.claim_changes;
        let Some(flow) = self
            .flows
            .get_mut(usize::try_from(id.0).unwrap_or(usize::MAX))
        else {
            return Ok(());
        };
        flow.note_gap(packet.at);
        flow.last = flow.last.max(packet.at);
        flow.last_frame = packet.frame;
        if packet.duplicate {
            flow.duplicates += 1;
            return Ok(());
        }
        if let Some(header) = header::parse(packet.payload)
            && header.ssrc == flow.ssrc
            && flow.rtp > 0
            && flow.claimed.1.is_none()
        {
            if flow.is_copy(packet, &header) {
                flow.duplicates += 1;
                self.copies += 1;
                return Ok(());
            }
            flow.count_rtp(packet, &header);
            self.note_rtp(id, packet);
            return Ok(());
        }
        if flow.claims_seen != claims {
            let claimed = self.t38_claimed(packet.src, packet.dst);
            if let Some(flow) = self.flow_mut(id) {
                flow.claimed = claimed;
                flow.claims_seen = claims;
            }
        }
        self.classify(id, packet, store)
    }

    /// RTP or T.38, by the packet's content first (a port alone proves nothing).
    fn classify(
        &mut self,
        id: FlowId,
        packet: &Packet<'_>,
        store: &mut Store,
    ) -> std::io::Result<()> {
        let Some(flow) = self.flow_mut(id) else {
            return Ok(());
        };
        let rtp = header::parse(packet.payload);
        if let (Some(header), Some(payload_type)) = (rtp, flow.claimed.1)
            && header.payload_type == payload_type
        {
            flow.framing = Framing::Rtp;
            return self.keep_t38(id, packet, store, true);
        }
        let known = !flow.t38.is_empty() || flow.claimed.0;
        // Nearly all T.38: it cannot be RTP, and is kept even if it does not decode.
        if known
            && rtp.is_none()
            && packet.payload.len() > KEEPALIVE
            && !other_protocol(packet.payload)
        {
            return self.keep_t38(id, packet, store, true);
        }
        let plausible = udptl::plausible(packet.payload);
        // What is not certainly T.38 may be sound: a later pass decides.
        if !known || plausible != Plausibility::Likely {
            self.note_rtp(id, packet);
        }
        let Some(flow) = self.flow_mut(id) else {
            return Ok(());
        };
        match (plausible, rtp) {
            // A UDPTL sequence number from 0x8000 looks like RTP: only a clean decode decides against RTP.
            (Plausibility::Likely, _) => self.keep_t38(id, packet, store, known),
            (_, Some(header)) if header::looks_like_rtp(packet.payload) => {
                flow.ssrc = header.ssrc;
                flow.count_rtp(packet, &header);
                Ok(())
            }
            (Plausibility::Possible, _) => self.keep_t38(id, packet, store, known),
            (Plausibility::No, _)
                if known && packet.payload.len() > KEEPALIVE && !other_protocol(packet.payload) =>
            {
                self.keep_t38(id, packet, store, true)
            }
            _ => Ok(()),
        }
    }

    /// Notes where a packet lies that is or may be RTP.
    #[inline]
    fn note_rtp(&mut self, id: FlowId, packet: &Packet<'_>) {
        let place = self.mark.filter(|_| packet.offset.is_some());
        self.note_location_at(id, place, packet.at);
    }

    /// T.38 over TCP is announced by SDP: never on probation.
    pub(super) fn keep_t38_bytes(
        &mut self,
        id: FlowId,
        packet: &Packet<'_>,
        store: &mut Store,
    ) -> std::io::Result<()> {
        if let Some(flow) = self.flow_mut(id) {
            flow.last = flow.last.max(packet.at);
            flow.last_frame = packet.frame;
        }
        self.keep_t38(id, packet, store, true)
    }

    /// Locates a T.38 packet; one that no SDP announces is on probation first.
    fn keep_t38(
        &mut self,
        id: FlowId,
        packet: &Packet<'_>,
        store: &mut Store,
        known: bool,
    ) -> std::io::Result<()> {
        if self.flow(id).is_some_and(|flow| flow.t38.len() >= MAX_T38) {
            self.left_out += 1;
            return Ok(());
        }
        let place = store.locate_small(packet)?;
        let Some(kept) = PacketRef::new(packet, place, UDP) else {
            self.left_out += 1;
            return Ok(());
        };
        let Some(flow) = self.flow_mut(id) else {
            return Ok(());
        };
        flow.probation.push(kept);
        if known || flow.probation.len() >= BELIEVE {
            flow.t38.append(&mut flow.probation);
        }
        let owner = flow.owner;
        if let Some((dialog, _)) = owner {
            if let Some(dialog) = self.dialog_mut(dialog) {
                dialog.touch(packet);
            }
            self.note_change(dialog);
        }
        Ok(())
    }
}

impl FlowEntry {
    /// Counts an RTP packet; a few are listened to, so that a fax over audio is suspected without decoding it.
    fn count_rtp(&mut self, packet: &Packet<'_>, rtp: &RtpHeader<'_>) {
        self.count(u32::try_from(packet.payload.len()).unwrap_or(u32::MAX));
        if rtp.payload_type >= 96
            && let [32..=40 | 192..=202, _, _, _] = rtp.payload
        {
            self.fax_events = true;
        }
        if self.is_to_be_sampled() {
            self.sample(rtp.payload_type, rtp.payload);
        }
        self.resync(packet);
    }

    #[inline]
    pub(super) fn count(&mut self, octets: u32) {
        self.rtp = self.rtp.saturating_add(1);
        self.rtp_octets += u64::from(octets);
    }

    #[inline]
    pub(super) fn is_to_be_sampled(&self) -> bool {
        self.rtp >= self.next_sample
    }

    /// Listens to a packet.
    #[inline(never)]
    pub(super) fn sample(&mut self, payload_type: u8, sound: &[u8]) {
        let octets = u32::try_from(sound.len()).unwrap_or(u32::MAX);
        let packets = (SAMPLE_OCTETS / octets.max(1)).clamp(1, SAMPLE_EVERY);
        self.next_sample = self.rtp.saturating_add(packets);
        // Static payload types of G.711 (RFC 3551); anything else is no fax that sound can carry.
        let law = match payload_type {
            0 => Law::Mu,
            8 => Law::A,
            _ => return,
        };
        self.suspicion.add(sniff(sound, law));
    }

    /// Whether a frame is one of its T.38 packets (kept in capture order).
    pub fn holds_t38(&self, frame: FrameNo) -> bool {
        self.t38
            .binary_search_by_key(&frame, |kept| kept.frame)
            .is_ok()
    }

    /// Whether anything of a fax was seen in it: T.38, or sound that may be one.
    pub fn may_be_fax(&self) -> bool {
        !self.t38.is_empty() || self.fax_events || self.suspicion.may_be_fax()
    }
}

/// One packet in so many octets of sound is listened to: two a second, so that each CNG (0.5 s, T.30 4.2) is met.
const SAMPLE_OCTETS: u32 = 4000;
/// And one in so many packets: of 10 ms, which would give less to listen to, no fewer.
const SAMPLE_EVERY: u32 = 50;

/// STUN, RTCP, DTLS: other protocols on media ports (RFC 7983).
fn other_protocol(payload: &[u8]) -> bool {
    match payload {
        [0..=3, _, _, _, 0x21, 0x12, 0xa4, 0x42, ..] => true,
        [20..=63, 0xfe, 0xff | 0xfd, ..] => true,
        _ => header::looks_like_rtcp(payload),
    }
}
