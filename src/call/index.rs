//! The index pass: finds dialogs and media flows, and notes where packets lie that must be read again.
//!
//! The only place that knows both SIP and media. Its memory grows with calls, not packets: of SIP and T.38 it keeps
//! locations, of RTP one entry a flow.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::capture::fast::ShortPath;
use crate::capture::reader::Mark;
use crate::capture::store::Store;
use crate::capture::stream::Streams;
use crate::capture::{Endpoint, FrameNo, IcmpError, Packet, Timestamp, Transport};
use crate::sip::fast::media_lines::MediaLine;
use crate::sip::framing::Framer;

mod blocks;
mod call_ids;
mod claim;
pub mod dialog;
mod fast;
pub mod flow;
mod forget;
mod icmp;
mod incomplete;
mod join;
mod names;
mod other_sip;
pub mod packet_ref;
mod signalling;
mod tag;
mod tcp;

pub use blocks::Blocks;
pub use dialog::DialogEntry;
pub use fast::rtp_fast_path::Counted;
pub use flow::FlowEntry;
pub use names::Names;
pub use packet_ref::PacketRef;

use fast::recent_flows::RecentFlows;
use fast::rtp_locations::PendingLocations;

pub(crate) type Map<K, V> = HashMap<K, V, RandomState>;

/// Place of a dialog in the index. Not a call number: dialogs that no INVITE began have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DialogId(pub u32);

/// Place of a media flow in the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FlowId(pub u32);

/// An ICMP error about a datagram of a call.
#[derive(Clone, Copy, Debug)]
pub struct IcmpRef {
    /// Frame.
    pub frame: FrameNo,
    /// Time.
    pub at: Timestamp,
    /// Who says so.
    pub src: Endpoint,
    /// To whom.
    pub dst: Endpoint,
    /// What it says.
    pub error: IcmpError,
    /// What could not be reached.
    pub quoted_dst: Endpoint,
}

/// ICMP errors kept of one call.
pub const MAX_ICMP: usize = 200;
/// Media flows without SDP that are kept; busy networks have many.
pub const MAX_UNCLAIMED_FLOWS: usize = 200_000;
/// Dialogs kept; messages of further ones are only counted.
pub const MAX_DIALOGS: usize = 2_000_000;

/// SIP messages kept of one dialog; a call of a day with keep-alives has fewer.
pub const MAX_MESSAGES: usize = 10_000;
/// T.38 packets kept of one flow: more than two hours of a fax.
pub const MAX_T38: usize = if cfg!(test) { 1000 } else { 500_000 };
/// Media flows kept, those of calls included.
pub const MAX_FLOWS: usize = if cfg!(test) { 10_000 } else { 4_000_000 };
/// Media endpoints of SDP that are remembered.
pub const MAX_CLAIMS: usize = if cfg!(test) { 10_000 } else { 4_000_000 };
/// TCP directions with SIP that are reassembled at a time.
pub const MAX_FRAMERS: usize = if cfg!(test) { 100 } else { 65_536 };
/// Octets of unfinished SIP messages over TCP that are held at a time.
pub const MAX_FRAMED: usize = if cfg!(test) { 1 << 20 } else { 64 << 20 };

/// Everything found in a capture so far.
#[derive(Debug, Default)]
pub struct Index {
    dialogs: Blocks<DialogEntry>,
    texts: names::Texts,
    /// By the hash of the Call-ID, which the dialog itself holds; further ones by [`DialogEntry::next`].
    by_call_id: call_ids::CallIds,
    flows: Vec<FlowEntry>,
    by_path: Map<(Endpoint, Endpoint), FlowId>,
    by_endpoint: Map<Endpoint, Vec<FlowId>>,
    claims: Map<Endpoint, claim::Claim>,
    /// Claims from before the first media packet: a capture of signalling alone never needs them.
    waiting_claims: Blocks<(Endpoint, claim::Claim)>,
    /// How often they changed.
    claim_changes: usize,
    /// The media lines of the body at hand.
    media_lines: Vec<MediaLine>,
    streams: Streams,
    framers: Map<(Endpoint, Endpoint), Framer>,
    /// Octets that wait in them.
    framed: usize,
    /// Cache of the flows in use.
    recent: RecentFlows,
    unclaimed: usize,
    /// Locations of RTP packets that are not yet moved to their flows.
    pending_locations: PendingLocations,
    /// Locations held by all flows, and whether the limit is reached.
    location_count: usize,
    locations_full: bool,
    /// RTP packets that only the index recognised as duplicates.
    pub copies: u64,
    /// The current frame, so that flows can note where they begin.
    mark: Option<Mark>,
    /// Dialogs that changed since the last call of [`Index::changed`].
    changed: Vec<DialogId>,
    /// SIP messages and media that are not kept: over [`MAX_DIALOGS`], [`MAX_MESSAGES`], [`MAX_T38`],
    /// [`MAX_FLOWS`].
    pub left_out: u64,
    /// Hosts with SIP outside calls.
    other_sip: other_sip::OtherSip,
}

impl Index {
    /// An empty index.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one packet. `mark` is the reader's position of its frame.
    ///
    /// # Errors
    /// Only what writing to the store's spool fails with.
    pub fn push(
        &mut self,
        packet: &Packet<'_>,
        mark: Mark,
        store: &mut Store,
    ) -> std::io::Result<()> {
        self.mark = Some(mark);
        match packet.transport {
            Transport::Udp => self.datagram(packet, store),
            Transport::Tcp { .. } => {
                self.take_waiting_claims();
                self.segment(packet, store)
            }
            Transport::Sctp => match crate::sip::scan::scan(packet.payload) {
                Some(brief) if !packet.duplicate => {
                    self.sip_message(packet, &brief, dialog::SCTP, store)
                }
                _ => Ok(()),
            },
            Transport::Icmp {
                error,
                quoted_src,
                quoted_dst,
            } => {
                self.icmp(packet, error, (quoted_src, quoted_dst));
                Ok(())
            }
        }
    }

    /// The latest flow of a path.
    #[inline]
    fn flow_of(&mut self, src: Endpoint, dst: Endpoint) -> Option<FlowId> {
        let path = ShortPath::new(src, dst);
        if let Some(id) = path.and_then(|path| self.recent.get(path)) {
            return Some(id);
        }
        let id = self.by_path.get(&(src, dst)).copied()?;
        if let Some(path) = path {
            self.recent.set(path, id);
        }
        Some(id)
    }

    #[inline]
    fn datagram(&mut self, packet: &Packet<'_>, store: &mut Store) -> std::io::Result<()> {
        // The most frequent case first: media of a known flow.
        if let Some(id) = self.flow_of(packet.src, packet.dst)
            && !self.is_stale(id, packet.at)
        {
            return self.media(id, packet, store);
        }
        if let Some(brief) = crate::sip::scan::scan(packet.payload)
            && is_plausible(packet, brief.junk)
        {
            return self.sip_message(packet, &brief, dialog::UDP, store);
        }
        self.take_waiting_claims();
        self.new_flow(packet, store)
    }

    /// All dialogs, in order of their first packet.
    pub fn dialogs(&self) -> &Blocks<DialogEntry> {
        &self.dialogs
    }

    /// One dialog.
    pub fn dialog(&self, id: DialogId) -> Option<&DialogEntry> {
        self.dialogs.get(usize::try_from(id.0).ok()?)
    }

    fn dialog_mut(&mut self, id: DialogId) -> Option<&mut DialogEntry> {
        self.dialogs.get_mut(usize::try_from(id.0).ok()?)
    }

    /// All media flows.
    pub fn flows(&self) -> &[FlowEntry] {
        &self.flows
    }

    /// One media flow.
    pub fn flow(&self, id: FlowId) -> Option<&FlowEntry> {
        self.flows.get(usize::try_from(id.0).ok()?)
    }

    /// Dialogs that changed since the last call, each once.
    pub fn changed(&mut self) -> Vec<DialogId> {
        let mut changed = std::mem::take(&mut self.changed);
        changed.sort_unstable();
        changed.dedup();
        for id in &changed {
            if let Some(dialog) = self.dialog_mut(*id) {
                dialog.dirty = false;
            }
        }
        changed
    }

    fn note_change(&mut self, id: DialogId) {
        if let Some(dialog) = self.dialog_mut(id)
            && !dialog.dirty
        {
            dialog.dirty = true;
            self.changed.push(id);
        }
    }
}

/// Whether octets before a start line may be there: line ends and NUL as keep-alives anywhere, anything else where SIP
/// is spoken. A log that quotes SIP (syslog begins with its priority, RFC 5424 6.2.1) is no message.
fn is_plausible(packet: &Packet<'_>, junk: usize) -> bool {
    let before = packet.payload.get(..junk).unwrap_or_default();
    if before
        .iter()
        .all(|octet| matches!(octet, b'\r' | b'\n' | b' ' | b'\t' | 0))
    {
        return true;
    }
    let is_log = matches!(before, [b'<', b'0'..=b'9', ..]);
    !is_log
        && [packet.src.port, packet.dst.port]
            .into_iter()
            .any(|port| SIP_PORTS.contains(&port))
}

/// Ports of SIP: 5060 and those that PBXs use beside it.
const SIP_PORTS: std::ops::RangeInclusive<u16> = 5060..=5099;

#[cfg(test)]
mod tests;
