//! A dialog in the index: who, when, how it ended, and where its messages lie.

use std::net::IpAddr;

use crate::call::index::incomplete::IncompleteRef;
use crate::call::index::names::{Names, NamesAt};
use crate::call::index::tag::Tag;
use crate::call::index::{FlowId, IcmpRef, PacketRef};
use crate::call::{CallState, Side};
use crate::capture::{Endpoint, FrameNo, Packet, Timestamp};

/// Number of a transport in [`PacketRef::transport`].
pub(crate) const UDP: u8 = 0;
/// See [`UDP`].
pub(crate) const TCP: u8 = 1;
/// See [`UDP`].
pub(crate) const SCTP: u8 = 2;
/// See [`UDP`].
pub(crate) const WS: u8 = 3;

/// Name of a transport number.
pub const fn transport_name(number: u8) -> &'static str {
    match number {
        TCP => "TCP",
        SCTP => "SCTP",
        WS => "WS",
        _ => "UDP",
    }
}

/// A SIP dialog (or what may become one), or, without SIP, a pair of media endpoints.
#[derive(Debug)]
pub struct DialogEntry {
    /// Call-ID and who calls whom, see [`Index::names`](super::Index::names).
    pub(super) names: NamesAt,
    /// It is of SIP, but no message of it has a Call-ID.
    pub unnamed: bool,
    /// Next dialog with the same Call-ID.
    pub(super) next: Option<u32>,
    /// Tag of the other side, once known.
    pub(super) callee_tag: Option<Tag>,
    /// A 2xx to the first INVITE carried `callee_tag`.
    pub(super) confirmed: bool,
    /// It is a branch of a fork beside the one that answered first.
    pub(super) is_branch: bool,
    /// Source of the first INVITE, or who seems to be the caller.
    pub caller: Endpoint,
    /// Destination of the first INVITE after its last hop.
    pub callee: Endpoint,
    /// An INVITE request is in the capture.
    pub has_invite: bool,
    /// The first message is the first INVITE.
    pub starts_with_invite: bool,
    /// First packet.
    pub started: Timestamp,
    /// Frame of the first packet.
    pub first_frame: FrameNo,
    /// 2xx to the first INVITE.
    pub answered: Option<Timestamp>,
    /// Final answer to BYE, or final refusal.
    pub ended: Option<Timestamp>,
    /// Last packet, SIP or media.
    pub last_packet: Timestamp,
    /// Frame of the last packet.
    pub last_frame: FrameNo,
    /// State so far.
    pub state: CallState,
    /// Final status of the first INVITE.
    pub status: Option<u16>,
    /// `CSeq` of the first INVITE (the latest one, after a challenge).
    pub(super) invite_cseq: Option<u32>,
    /// A ringing response was seen.
    pub(super) rang: bool,
    /// The SIP messages.
    pub messages: Vec<PacketRef>,
    /// Its media flows.
    pub flows: Vec<FlowId>,
    /// T.38 was offered in SDP.
    pub t38_offered: bool,
    rare: Option<Box<Rare>>,
    /// It is in the list of changed dialogs.
    pub(super) dirty: bool,
}

/// Number of the path from the caller to the first host, see [`DialogEntry::path`].
const FORWARD: u16 = 0;
/// The same way back.
const BACK: u16 = 1;
/// Paths of a dialog among which one is looked for.
const LATEST_PATHS: usize = 32;

/// What only few dialogs have.
#[derive(Debug, Default)]
pub struct Rare {
    /// Hosts between the two ends that relay this dialog; the first got the first INVITE.
    pub hops: Vec<Endpoint>,
    /// What messages took beside the way from the caller to the first host, and back.
    paths: Vec<(Endpoint, Endpoint)>,
    /// ICMP errors about it.
    pub icmp: Vec<IcmpRef>,
    /// Datagrams of which only the first fragment came.
    pub incomplete: Vec<IncompleteRef>,
    /// Packets recorded twice.
    pub duplicates: u32,
    /// First of them.
    pub first_duplicate: Option<FrameNo>,
    /// Cut frames, at most 100.
    pub truncated: Vec<FrameNo>,
    /// How many are cut.
    pub truncated_count: u32,
    /// Of them with SIP.
    pub truncated_sip: u32,
}

static NOTHING_RARE: Rare = Rare {
    hops: Vec::new(),
    paths: Vec::new(),
    icmp: Vec::new(),
    incomplete: Vec::new(),
    duplicates: 0,
    first_duplicate: None,
    truncated: Vec::new(),
    truncated_count: 0,
    truncated_sip: 0,
};

impl DialogEntry {
    /// A dialog that begins with `packet`.
    pub(super) fn new(packet: &Packet<'_>) -> Self {
        Self {
            names: NamesAt::default(),
            unnamed: false,
            next: None,
            callee_tag: None,
            confirmed: false,
            is_branch: false,
            caller: packet.src,
            callee: packet.dst,
            has_invite: false,
            starts_with_invite: false,
            started: packet.at,
            first_frame: packet.frame,
            answered: None,
            ended: None,
            last_packet: packet.at,
            last_frame: packet.frame,
            state: CallState::Unknown,
            status: None,
            invite_cseq: None,
            rang: false,
            // INVITE, 100, 180, 200, ACK, BYE, 200.
            messages: Vec::with_capacity(7),
            flows: Vec::new(),
            t38_offered: false,
            rare: None,
            dirty: false,
        }
    }

    /// Notes a packet of the dialog: last packet, cut frames.
    pub(super) fn touch(&mut self, packet: &Packet<'_>) {
        self.last_packet = self.last_packet.max(packet.at);
        self.last_frame = self.last_frame.max(packet.frame);
        if packet.cut > 0 {
            let rare = self.rare_mut();
            rare.truncated_count += 1;
            if rare.truncated.len() < 100 {
                rare.truncated.push(packet.frame);
            }
        }
    }

    /// Notes a packet that was recorded twice.
    pub(super) fn touch_duplicate(&mut self, packet: &Packet<'_>) {
        let rare = self.rare_mut();
        rare.duplicates += 1;
        rare.first_duplicate.get_or_insert(packet.frame);
    }

    /// Source and destination of a message of this dialog.
    pub fn path(&self, message: &PacketRef) -> (Endpoint, Endpoint) {
        let (caller, first) = self.ends();
        match message.path {
            FORWARD => (*caller, *first),
            BACK => (*first, *caller),
            number => {
                let place = usize::from(number - BACK - 1);
                let path = self.rare().paths.get(place).copied();
                path.unwrap_or((*caller, *first))
            }
        }
    }

    /// The number by which [`DialogEntry::path`] finds the path of a message again.
    pub(super) fn number_of_path(&mut self, src: Endpoint, dst: Endpoint) -> u16 {
        let ends = self.ends();
        if (&src, &dst) == ends {
            return FORWARD;
        }
        if (&dst, &src) == ends {
            return BACK;
        }
        let paths = &mut self.rare_mut().paths;
        // Among the last ones, as a hostile dialog has another for each of thousands of messages.
        let latest = paths.len().saturating_sub(LATEST_PATHS);
        let known = (paths.iter().enumerate().skip(latest)).find(|(_, path)| **path == (src, dst));
        let place = known.map_or(paths.len(), |(place, _)| place);
        if place == paths.len() {
            paths.push((src, dst));
        }
        u16::try_from(place)
            .unwrap_or(u16::MAX)
            .saturating_add(BACK + 1)
    }

    /// The caller, and the host to which it sent its first INVITE.
    fn ends(&self) -> (&Endpoint, &Endpoint) {
        let first = self.rare().hops.first();
        (&self.caller, first.unwrap_or(&self.callee))
    }

    /// Which side sends from one host to another: the caller what comes from it, the callee what goes to the caller.
    pub(crate) fn side_of_path(&self, src: IpAddr, dst: IpAddr) -> Side {
        let (caller, callee) = (self.caller.addr, self.callee.addr);
        if src != caller && (src == callee || dst == caller) {
            Side::Callee
        } else {
            Side::Caller
        }
    }

    /// Whether all its messages go between the endpoints of caller and callee.
    pub(crate) fn is_direct(&self) -> bool {
        let rare = self.rare();
        rare.hops.is_empty() && rare.paths.is_empty()
    }

    /// Whether messages of this dialog go between two hosts, one way or the other.
    pub(super) fn is_between(&self, one: IpAddr, other: IpAddr) -> bool {
        let (caller, first) = self.ends();
        let latest = self.rare().paths.iter().rev().take(LATEST_PATHS);
        let mut paths = latest.copied().chain([(*caller, *first)]);
        paths.any(|(src, dst)| {
            (src.addr, dst.addr) == (one, other) || (dst.addr, src.addr) == (one, other)
        })
    }

    /// What only few dialogs have.
    pub fn rare(&self) -> &Rare {
        self.rare.as_deref().unwrap_or(&NOTHING_RARE)
    }

    pub(super) fn rare_mut(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// Whether it is a call of the list: an INVITE began it, or media show that there was one.
    pub fn is_call(&self, has_fax_media: bool) -> bool {
        self.has_invite || has_fax_media
    }

    /// It is of SIP, not of media alone.
    pub fn has_sip(&self) -> bool {
        self.names.has_call_id() || self.unnamed
    }

    /// The side that sent a message with these tags; `None`: the tags do not tell. `names` are those of the dialog.
    pub(crate) fn sender_by_tag(
        &self,
        names: Names<'_>,
        from_tag: Option<&[u8]>,
        request: bool,
    ) -> Option<Side> {
        let tag = from_tag?;
        self.sender(tag, tag == names.caller_tag(), request)
    }

    /// The side that sent a message with this tag in its From, if one has it; whether the caller has it is known.
    pub(super) fn sender(&self, tag: &[u8], of_caller: bool, request: bool) -> Option<Side> {
        // The From of a response is that of its request, so its sender is the other side.
        if of_caller {
            return Some(if request { Side::Caller } else { Side::Callee });
        }
        (self.callee_tag() == Some(tag)).then_some(if request {
            Side::Callee
        } else {
            Side::Caller
        })
    }

    /// Of a branch of a fork beside the one that answered first: the tag of who answered.
    pub(crate) fn branch_tag(&self) -> Option<&[u8]> {
        self.callee_tag().filter(|_| self.is_branch)
    }

    /// Tag of the other side, once known.
    pub(super) fn callee_tag(&self) -> Option<&[u8]> {
        self.callee_tag.as_ref().map(Tag::octets)
    }
}
