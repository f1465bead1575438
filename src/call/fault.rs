//! Why a fax or a call failed, and who has to act.

/// Who has to act. Not who showed the symptom: an offer that is refused for a fault of its own is the offerer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultSide {
    /// The caller of the first INVITE: its terminal, its gateway, or its PBX where that is the end of the path.
    Caller,
    /// The callee.
    Callee,
    /// An element in the middle: B2BUA or SIP proxy.
    Pbx,
    /// The network between: firewall, NAT, media proxy.
    Path,
    /// Nobody: the capture does not have what would tell.
    Capture,
}

impl FaultSide {
    /// Who that is, for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Caller => "the caller's side",
            Self::Callee => "the callee's side",
            Self::Pbx => "the element in the middle",
            Self::Path => "the network between",
            Self::Capture => "the capture",
        }
    }

    /// `caller`, `callee`, `pbx`, `path`, `capture`, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Callee => "callee",
            Self::Pbx => "pbx",
            Self::Path => "path",
            Self::Capture => "capture",
        }
    }
}

/// The rule that explains a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Its id.
    pub rule: &'static str,
    /// Who has to act; `None` where the capture leaves two sides open.
    pub side: Option<FaultSide>,
}
