//! The fax of a call: how far it came and how it ended, as lists, titles and the JSON say it.

use crate::call::{Cause, EventId, Phase, Side};
use crate::t30::{Fcf, PostMessage};

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

    /// How bad it is, for legs that end in different ways: the higher the worse.
    pub(crate) const fn gravity(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Incomplete => 1,
            Self::Partial => 2,
            Self::Failed => 3,
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
