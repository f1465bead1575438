//! The model: calls, their events, and the fax inside. Everything to the right of it (hints, views) reads
//! only this.
//!
//! A [`Call`] is one SIP dialog that an INVITE began (a row of the VoIP-calls list), or a fax found without
//! SIP. Seen as one of two calls that carry the same fax, it is a *leg*; [`Flow`] holds one or two legs.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::capture::merge::{Lost, Origins};
use crate::capture::{Endpoint, FrameNo, Timestamp};
use crate::sip::{Party, StartLine};
use crate::uid::Uid;

pub use crate::t30::Phase;
pub use crate::t38::stats::{Encoding, MediaPath, UdptlStats};

pub mod correlate;
mod event;
pub mod evidence;
pub mod exchange;
pub mod fault;
pub mod fax;
pub mod index;
pub mod load;
pub mod log;
pub mod media;
pub mod negotiation;
mod outcome;
pub mod pages;
pub mod pairing;
pub mod path;
mod seats;
mod side;
pub mod transaction;
pub(crate) mod uid;
pub mod verdict;

pub use event::{Event, EventId, EventKind, IncompleteDatagram, Missing, PageData, SipEvent, Tcf};
pub use exchange::Exchange;
pub use fault::{Cause, FaultSide};
pub use media::MediaPeriod;
pub use negotiation::Negotiation;
pub use outcome::{Fax, FaxCarrier, Page, Reached, Stage, StageMark, Verdict};
pub use pages::PageAttempt;
pub use pairing::{Pair, pair_messages};
pub use path::{HopId, Path, Relay};
pub use side::{BySide, Side};
pub use transaction::Transaction;

/// Number of a call: 1-based, by first packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallNo(pub u32);

impl fmt::Display for CallNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// State of a call, in the words of the contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CallState {
    /// INVITE, nothing but 100 yet.
    Calling,
    /// 18x seen.
    Ringing,
    /// Answered, not ended.
    InCall,
    /// Answered and ended by BYE.
    Completed,
    /// CANCEL and 487.
    Cancelled,
    /// Final response from 300.
    Rejected,
    /// No final response, or 408/480 after ringing.
    Unanswered,
    /// Cannot be told (no SIP in the capture, or its start is missing).
    #[default]
    Unknown,
}

impl CallState {
    /// `calling`, `ringing`, `in-call`, ... as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Calling => "calling",
            Self::Ringing => "ringing",
            Self::InCall => "in-call",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Rejected => "rejected",
            Self::Unanswered => "unanswered",
            Self::Unknown => "unknown",
        }
    }
}

/// Packets of a call, recorded-twice ones counted once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PacketCounts {
    /// SIP messages, retransmissions included.
    pub sip: u32,
    /// RTP packets, events included.
    pub rtp: u32,
    /// T.38 packets.
    pub t38: u32,
}

/// One call with everything that is known of it.
#[derive(Clone, Debug)]
pub struct Call {
    /// 1-based, by first packet.
    pub number: CallNo,
    /// What names it in whatever capture it is seen.
    pub uid: Uid,
    /// `None`: found with no SIP in the capture.
    pub call_id: Option<String>,
    /// `From` of the first INVITE.
    pub from: Party,
    /// `To` of the first INVITE.
    pub to: Party,
    /// Signalling endpoint of the caller (without SIP: media endpoint of the T.30 calling terminal).
    pub caller: Endpoint,
    /// Signalling endpoint of the callee.
    pub callee: Endpoint,
    /// `User-Agent` or `Server` of each side.
    pub agent: BySide<Option<String>>,
    /// First packet.
    pub started: Timestamp,
    /// First 2xx to the first INVITE.
    pub answered: Option<Timestamp>,
    /// Last packet of a call that is over; `None` while it is up.
    pub ended: Option<Timestamp>,
    /// Last packet of the call, whatever it is.
    pub last_packet: Timestamp,
    /// State at the end of the capture.
    pub state: CallState,
    /// Final status of the first INVITE.
    pub status: Option<u16>,
    /// Its reason phrase.
    pub reason: Option<String>,
    /// Packets by kind.
    pub packets: PacketCounts,
    /// The call that carries the same fax.
    pub other_leg: Option<CallNo>,
    /// What names that one.
    pub other_leg_uid: Option<Uid>,
    /// Further candidates for the other leg, best first.
    pub other_candidates: Vec<CallNo>,
    /// Everything that happened, in time order.
    pub events: Vec<Event>,
    /// SIP transactions, in order of their first message.
    pub transactions: Vec<Transaction>,
    /// Offers and answers, in order.
    pub negotiations: Vec<Negotiation>,
    /// What the SDP in force said, over time.
    pub media: Vec<MediaPeriod>,
    /// T.38 figures by sender.
    pub udptl: BySide<UdptlStats>,
    /// The hosts that its SIP passes, and the hops between them; empty without SIP.
    pub path: Path,
    /// Its T.30 exchange; empty without T.30.
    pub exchange: Exchange,
    /// The messages of the fax as seen on other links than those that are read, in time order; their ids go on
    /// where those of [`Call::events`] end.
    pub copies: Vec<Event>,
    /// The PBX's own log beside it (`--log`).
    pub log: Option<log::AttachedLog>,
    /// What explains the failure of the fax, or of a call that was refused or never answered.
    pub cause: Option<Cause>,
    /// Datagrams of which only the first fragment came, in order.
    pub incomplete: Vec<IncompleteDatagram>,
    /// Who is heard to speak: sound above silence, and nothing of a fax in it.
    pub speaks: BySide<bool>,
    /// The fax, if there is one.
    pub fax: Option<Fax>,
    /// Its pages as T.38 carried them, each attempt for itself, in order.
    pub page_attempts: Vec<PageAttempt>,
    /// What is known of the capture, as far as it matters to this call.
    pub capture: CaptureFacts,
    /// Remembered by [`Call::hang_up`].
    pub(crate) hang_up: HangUp,
}

impl Call {
    /// Whether there is SIP of it in the capture. Its Call-ID may be missing all the same: cut off by the snap length.
    pub fn has_sip(&self) -> bool {
        self.call_id.is_some() || self.packets.sip > 0
    }

    /// Signalling endpoint of a side.
    pub const fn endpoint(&self, side: Side) -> Endpoint {
        match side {
            Side::Caller => self.caller,
            Side::Callee => self.callee,
        }
    }

    /// First BYE (or CANCEL of a call that was never answered).
    pub(crate) fn hang_up(&self) -> Option<&Event> {
        let len = self.events.len();
        let search = || self.events.iter().position(hangs_up);
        let (of_len, found) = *self.hang_up.0.get_or_init(|| (len, search()));
        let known = found.map(|place| self.events.get(place).filter(|event| hangs_up(event)));
        match known {
            Some(Some(event)) if of_len == len => Some(event),
            None if of_len == len => None,
            // The events are others than those that were searched.
            _ => search().and_then(|place| self.events.get(place)),
        }
    }
}

/// As its maker sent it: a proxy cancels a branch that lost, and the call goes on.
fn hangs_up(event: &Event) -> bool {
    event.relay.is_original()
        && matches!(&event.kind, EventKind::Sip(sip)
        if matches!(&sip.message.start, StartLine::Request { method, .. } if method == "BYE" || method == "CANCEL"))
}

/// Where the event is that hangs up, of so many events, once somebody asked: rules ask for it line by line, and a call
/// without one has to be searched to its end.
#[derive(Clone, Debug, Default)]
pub(crate) struct HangUp(OnceLock<(usize, Option<usize>)>);

impl PartialEq for HangUp {
    /// What is remembered makes no difference between calls.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// Facts about the capture that weaken or forbid conclusions about one call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CaptureFacts {
    /// First time stamp of the whole capture.
    pub first_time: Timestamp,
    /// Last time stamp of the whole capture.
    pub last_time: Timestamp,
    /// The file is still growing, or was still being read.
    pub unfinished: bool,
    /// Frames of this call that the snap length cut, at most 100 of them.
    pub truncated: Vec<FrameNo>,
    /// How many frames of this call are cut.
    pub truncated_count: u32,
    /// Of them, with SIP.
    pub truncated_sip: u32,
    /// Largest captured length among cut frames.
    pub snaplen: u32,
    /// Frames of this call that were recorded twice.
    pub duplicates: u32,
    /// The first of them (the copy).
    pub first_duplicate: Option<FrameNo>,
    /// Packets that the capturing system dropped.
    pub dropped: u64,
    /// IP fragments whose siblings never came.
    pub orphan_fragments: u64,
    /// Jumps of the clock within this call: frame after it, seconds.
    pub clock_jumps: Vec<(FrameNo, f64)>,
    /// The first SIP message of the dialog is not its first INVITE.
    pub starts_mid_call: bool,
    /// Media of another call of one of its hosts are in the capture: those of this one would be, too.
    pub other_media: bool,
    /// Of a fax without SIP: SIP of one of its hosts that is in the capture all the same (other calls,
    /// OPTIONS, REGISTER): its first frame, and how long it was seen, seconds.
    pub other_sip: Option<(FrameNo, f64)>,
    /// Of several captures read as one: from which each frame is.
    pub origins: Option<Arc<Origins>>,
    /// Packets of this call that one host has and another one has not.
    pub lost: Vec<Lost>,
}

/// One or two legs of the same fax, opened together: the caller's leg first.
#[derive(Clone, Debug, Default)]
pub struct Flow {
    /// One or two calls.
    pub legs: Vec<Arc<Call>>,
}
