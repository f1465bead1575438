//! The model: calls, their events, and the fax inside. Everything to the right of it (hints, views) reads
//! only this.
//!
//! A [`Call`] is one SIP dialog that an INVITE began (a row of the VoIP-calls list), or a fax found without
//! SIP. Seen as one of two calls that carry the same fax, it is a *leg*; [`Flow`] holds one or two legs.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::capture::{Endpoint, FrameNo, IcmpError, Timestamp};
use crate::line::{Modem, Tone};
use crate::rtp::{RtpEvent, RtpSpan};
use crate::sip::{Message, Party, Sdp, StartLine};
pub use crate::t30::Phase;
use crate::t30::frame::T30Frame;
use crate::t30::{Fcf, PostMessage};
use crate::t38::Indicator;
pub use crate::t38::stats::{Encoding, MediaPath, UdptlStats};

pub mod correlate;
pub mod evidence;
pub mod exchange;
pub mod fault;
pub mod fax;
pub mod index;
pub mod load;
pub mod media;
pub mod negotiation;
pub mod pages;
pub mod pairing;
pub mod path;
pub mod transaction;
pub mod verdict;

pub use exchange::Exchange;
pub use fault::{Cause, FaultSide};
pub use pages::PageAttempt;
pub use pairing::{Pair, pair_messages};
pub use path::{HopId, Path, Relay};

/// Number of a call: 1-based, by first packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallNo(pub u32);

/// Place of an event in [`Call::events`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(pub u32);

/// Side of a call by its SIP role: who sent the first INVITE, and who got it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// Sent the first INVITE.
    Caller,
    /// Got it.
    Callee,
}

impl Side {
    /// Caller and callee.
    pub const BOTH: [Self; 2] = [Self::Caller, Self::Callee];

    /// The other side.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Caller => Self::Callee,
            Self::Callee => Self::Caller,
        }
    }

    /// `caller` or `callee`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Callee => "callee",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for CallNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A value for each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BySide<T> {
    /// Of (or from) the caller.
    pub caller: T,
    /// Of (or from) the callee.
    pub callee: T,
}

impl<T> BySide<T> {
    /// The value of one side.
    pub const fn of(&self, side: Side) -> &T {
        match side {
            Side::Caller => &self.caller,
            Side::Callee => &self.callee,
        }
    }

    /// The value of one side, to change.
    pub const fn of_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Caller => &mut self.caller,
            Side::Callee => &mut self.callee,
        }
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

fn hangs_up(event: &Event) -> bool {
    matches!(&event.kind, EventKind::Sip(sip)
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

/// A SIP message or T.38 packet of which only the first fragment came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IncompleteDatagram {
    /// Frame of the first fragment. Of SIP it is the frame of the message in [`Call::events`] too.
    pub frame: FrameNo,
    /// Its time.
    pub at: Timestamp,
    /// Who sent it.
    pub from: Side,
    /// Octets of its payload by the UDP header.
    pub octets: u32,
    /// Octets of the IP payload of the first fragment: what the path lets through.
    pub fragment: u32,
    /// UDPTL sequence number; `None`: a SIP message.
    pub sequence: Option<u16>,
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
}

/// Something that happened in a call, or that should have (`observed` false).
#[derive(Clone, Debug)]
pub struct Event {
    /// Its place in [`Call::events`].
    pub id: EventId,
    /// Call it belongs to.
    pub call: CallNo,
    /// First frame (for what never came: the frame after which it was expected).
    pub frame: FrameNo,
    /// Last frame.
    pub last_frame: FrameNo,
    /// Start.
    pub at: Timestamp,
    /// End; equal to `at` for a single packet.
    pub end: Timestamp,
    /// Source.
    pub src: Endpoint,
    /// Destination.
    pub dst: Endpoint,
    /// Which side sent it.
    pub from: Side,
    /// On which hop of [`Call::path`] it was seen.
    pub hop: Option<HopId>,
    /// Original, or copy on a further hop.
    pub relay: Relay,
    /// The same SIP message again, by RFC 3261 17 (not a packet recorded twice).
    pub retransmission: bool,
    /// 1 for the first, 2 for the second of the same T.30 message in a row without a valid answer, ...
    pub repeat: u32,
    /// False: expected here by T.30 or SIP, but never came.
    pub observed: bool,
    /// Phase of T.30 it belongs to, where it is of the fax.
    pub phase: Option<Phase>,
    /// What.
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum EventKind {
    /// A SIP message.
    Sip(Arc<SipEvent>),
    /// RTP of one stream, folded into one row.
    Rtp(Box<RtpSpan>),
    /// A telephone event or NSE in RTP.
    RtpEvent(RtpEvent),
    /// A T.38 indicator (tones of T.38 too: `ced`, `cng`).
    Indicator(Indicator),
    /// A tone heard in audio.
    Tone {
        /// Which.
        tone: Tone,
        /// Level in dBm0, where measured.
        level: Option<f32>,
    },
    /// V.21 flags in audio (in T.38: the indicator).
    Preamble,
    /// Training of a fast modem heard in audio.
    Training(Modem),
    /// A T.30 control message.
    T30(Arc<T30Frame>),
    /// Training check (T.30 5.3.6.1.4 TCF).
    Tcf(Tcf),
    /// A page without ECM, or one transmission of an ECM block.
    PageData(PageData),
    /// V.8 / V.34 signalling in T.38.
    V8 {
        /// Name as in the ASN.1.
        name: &'static str,
        /// Content as text.
        text: String,
    },
    /// An ICMP error about a datagram of this call.
    Icmp {
        /// What it says.
        error: IcmpError,
        /// What could not be reached.
        quoted_dst: Endpoint,
        /// How many in a row like it.
        count: u32,
    },
    /// T.38 packets lost: how many, how many of them repaired.
    Gap {
        /// Missing packets.
        lost: u32,
        /// Of them repaired by redundancy or FEC.
        recovered: u32,
        /// First missing sequence number.
        first_seq: u16,
    },
    /// A T.38 packet that does not decode.
    Malformed {
        /// Why.
        reason: String,
        /// Its octets (at most 64).
        octets: Vec<u8>,
        /// How many in a row like it.
        count: u32,
    },
    /// What was expected and never came (`observed` is false).
    Missing(Missing),
}

/// A SIP message of a call.
#[derive(Clone, Debug)]
pub struct SipEvent {
    /// The message.
    pub message: Message,
    /// Its SDP, if it carries one (also inside a multipart body).
    pub sdp: Option<Sdp>,
    /// `UDP`, `TCP`, `SCTP`, `WS`.
    pub transport: &'static str,
    /// Octets that the snap length cut off.
    pub cut: u32,
}

/// What should have come.
#[derive(Clone, Debug, PartialEq)]
pub struct Missing {
    /// Name for the ladder: `DCS`, `MCF`, `ACK`, `200 OK`.
    pub name: &'static str,
    /// How long was waited for it, seconds.
    pub waited: f64,
    /// What ended the wait: `T4, 3 tries`, `T1`, `64*T1`.
    pub timer: &'static str,
}

/// A training check.
#[derive(Clone, Debug, PartialEq)]
pub struct Tcf {
    /// Modem and rate.
    pub modem: Modem,
    /// Octets seen (0 in audio that is not demodulated).
    pub octets: u32,
    /// Longest run of zero octets; `None` in audio.
    pub longest_zero_run: Option<u32>,
    /// Share of non-zero octets in the last second, 0 to 1; `None` in audio.
    pub nonzero_share: Option<f64>,
    /// Packets lost for good inside.
    pub lost_packets: u32,
    /// Its end was signalled.
    pub ended: bool,
}

impl Tcf {
    /// Heard in audio and not demodulated: where the training ends and the check begins cannot be told, so
    /// its length has the training in it.
    pub const fn has_training(&self) -> bool {
        self.longest_zero_run.is_none()
    }
}

/// Page data: a page without ECM, or one transmission of (a part of) an ECM block.
#[derive(Clone, Debug, PartialEq)]
pub struct PageData {
    /// Page number, 1-based.
    pub page: u32,
    /// ECM block within the page, 0-based; `None` without ECM.
    pub block: Option<u32>,
    /// Modem and rate.
    pub modem: Modem,
    /// Octets of coded data (0 in audio).
    pub bytes: u32,
    /// ECM: frames sent in this transmission, with good FCS.
    pub frames: u32,
    /// ECM: frames of them that had been sent before.
    pub resent: u32,
    /// ECM: frames with a bad FCS or octets missing.
    pub bad_frames: u32,
    /// ECM: numbers of the frames sent (good ones), in order.
    pub frame_numbers: Vec<u8>,
    /// ECM: RCP frames seen.
    pub rcp: u32,
    /// T.38 or RTP packets lost for good inside.
    pub lost_packets: u32,
    /// Its end was signalled (`t4-non-ecm-sig-end`, RCP, or the next signal).
    pub ended: bool,
    /// Level in dBm0 where it is audio.
    pub level: Option<f32>,
}

/// A SIP transaction (RFC 3261 17), as the capture shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Method, upper case.
    pub method: String,
    /// `CSeq` number.
    pub cseq: u32,
    /// Who sent the request.
    pub from: Side,
    /// The request and its retransmissions; empty if not in the capture.
    pub requests: Vec<EventId>,
    /// All responses with their status, retransmissions included.
    pub responses: Vec<(u16, EventId)>,
    /// ACKs (of an INVITE).
    pub acks: Vec<EventId>,
    /// It is the INVITE that began the dialog (or a repetition of it with credentials).
    pub initial: bool,
}

impl Transaction {
    /// First final response.
    pub fn final_response(&self) -> Option<(u16, EventId)> {
        self.responses
            .iter()
            .copied()
            .find(|(status, _)| *status >= 200)
    }
}

/// An offer and what became of it (RFC 3264).
#[derive(Clone, Debug, PartialEq)]
pub struct Negotiation {
    /// Message with the offer.
    pub offer_event: EventId,
    /// Who offered.
    pub from: Side,
    /// The offer.
    pub offer: Sdp,
    /// Message that answered: the answer, or the refusal, whichever ended it.
    pub answer_event: Option<EventId>,
    /// The answer, if there was one.
    pub answer: Option<Sdp>,
    /// Final status, where the offer was in a request.
    pub status: Option<u16>,
    /// Index of the transaction in [`Call::transactions`].
    pub transaction: usize,
}

impl Negotiation {
    /// Whether the offer asks for T.38 (`m=image` with a port, or T.38 in RTP).
    pub fn offers_t38(&self) -> bool {
        self.offer
            .media
            .iter()
            .any(|line| line.is_t38() && line.port > 0)
    }

    /// Whether the answer accepts T.38.
    pub fn accepts_t38(&self) -> bool {
        self.answer
            .as_ref()
            .is_some_and(|sdp| sdp.media.iter().any(|line| line.is_t38() && line.port > 0))
    }
}

/// What media the SDP in force allowed for some time.
#[derive(Clone, Debug, PartialEq)]
pub struct MediaPeriod {
    /// Time of the answer.
    pub from: Timestamp,
    /// Time of the next answer, or the end of the call.
    pub until: Option<Timestamp>,
    /// Index in [`Call::negotiations`].
    pub negotiation: usize,
    /// Audio endpoints by side, where audio is active.
    pub audio: Option<BySide<Endpoint>>,
    /// Name of the first audio format in the answer.
    pub codec: Option<String>,
    /// T.38 endpoints by side, where T.38 is active.
    pub t38: Option<BySide<Endpoint>>,
}

/// A fax: what the JSON of the contract calls FAX.
#[derive(Clone, Debug, PartialEq)]
pub struct Fax {
    /// How it was carried.
    pub carrier: FaxCarrier,
    /// Who transmits pages.
    pub sender: Option<Side>,
    /// How it ended.
    pub verdict: Verdict,
    /// Last phase seen.
    pub reached: Reached,
    /// Pages sent, one element each, with what became of it.
    pub pages: Vec<Page>,
    /// Pages sent.
    pub pages_sent: u32,
    /// Pages confirmed by MCF, RTP or PIP.
    pub pages_confirmed: u32,
    /// TSI (in polling: of the station that sends pages).
    pub sender_id: Option<String>,
    /// CSI.
    pub receiver_id: Option<String>,
    /// By the last DCS that was confirmed, else the last DCS.
    pub modem: Option<&'static str>,
    /// bit/s, by the same DCS.
    pub bit_rate: Option<u32>,
    /// Error correction mode, by the same DCS.
    pub ecm: Option<bool>,
    /// `MH`, `MR`, `MMR` or `JBIG`, by the same DCS.
    pub compression: Option<&'static str>,
    /// e.g. `204x98`, `204x196`, by the same DCS.
    pub resolution: Option<&'static str>,
    /// What explains the failure: that of the call.
    pub cause: Option<Cause>,
    /// One sentence: what the title of the flow says.
    pub summary: String,
    /// The stages of the strip over the ladder.
    pub stages: Vec<Stage>,
}

/// How a fax was carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaxCarrier {
    /// T.38.
    T38,
    /// Sound.
    G711,
    /// Both, one after the other.
    Both,
}

/// How a fax ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// All pages confirmed.
    Ok,
    /// Some pages confirmed.
    Partial,
    /// None confirmed.
    Failed,
    /// The capture lacks the start or the end.
    Incomplete,
}

impl Verdict {
    /// `ok`, `partial`, `failed`, `incomplete`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Incomplete => "incomplete",
        }
    }
}

/// How far a fax came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reached {
    /// No phase of T.30 at all.
    Setup,
    /// That phase.
    Phase(Phase),
}

/// A page sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// 1-based.
    pub number: u32,
    /// Events with its data (ECM blocks, resent parts, attempts).
    pub data: Vec<EventId>,
    /// Command that ended it: MPS, EOP, PPS-EOP, ...
    pub command: Option<(PostMessage, EventId)>,
    /// What answered it in the end: MCF, RTN, ...
    pub answer: Option<(Fcf, EventId)>,
    /// Confirmed by that answer.
    pub confirmed: bool,
    /// Times it was sent as a whole (after RTN more than one).
    pub attempts: u32,
    /// ECM blocks given up (EOR).
    pub given_up: u32,
}

impl Page {
    /// Whether the command after it announces another page.
    pub(crate) fn announces_more(&self) -> bool {
        self.command
            .is_some_and(|(command, _)| command.announces_more())
    }
}

impl Fax {
    /// The phase that it stopped in, where it stopped in one.
    pub(crate) fn stopped_in(&self) -> Option<Phase> {
        let stopped = |stage: &&Stage| stage.mark == StageMark::Failed;
        self.stages.iter().find(stopped)?.phase
    }
}

/// A stage of the strip over the ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// `setup`, `T.38`, `A`, `B`, `C`, `D`, `E`, `release`.
    pub name: &'static str,
    /// The phase that it is, if it is one.
    pub phase: Option<Phase>,
    /// How it went.
    pub mark: StageMark,
    /// A few words where it stopped: `no DCS`.
    pub text: String,
}

/// How a stage went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StageMark {
    /// Passed.
    Passed,
    /// The fax stopped here.
    Failed,
    /// Passed, with trouble.
    Troubled,
    /// Never reached, or not in the capture.
    NotSeen,
}

/// One or two legs of the same fax, opened together: the caller's leg first.
#[derive(Clone, Debug, Default)]
pub struct Flow {
    /// One or two calls.
    pub legs: Vec<Arc<Call>>,
}
