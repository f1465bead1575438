//! The columns of the list: their order, their headings, and which go first where there is no room.

/// What to sort by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SortBy {
    /// Number of the call.
    #[default]
    Number,
    /// First packet.
    Start,
    /// Duration.
    Duration,
    /// Caller.
    From,
    /// Callee.
    To,
    /// T.38, G.711, voice.
    Carrier,
    /// Pages.
    Pages,
    /// Rate.
    Rate,
    /// Verdict.
    Result,
    /// State.
    State,
    /// Packets.
    Packets,
    /// Hints.
    Hints,
}

impl SortBy {
    /// All of them, in the order of the columns.
    #[cfg(test)]
    pub const ALL: &'static [Self] = &[
        Self::Number,
        Self::Start,
        Self::Duration,
        Self::From,
        Self::To,
        Self::Carrier,
        Self::Pages,
        Self::Rate,
        Self::Result,
        Self::State,
        Self::Packets,
        Self::Hints,
    ];
}

/// A column: what it is sorted by, its heading, and whether numbers stand to the right in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// One that the list can be sorted by.
    Sorted(SortBy),
    /// Number of the other leg.
    OtherLeg,
    /// The hosts between the ends.
    Via,
    /// Address of the caller.
    Caller,
    /// Address of the callee.
    Callee,
    /// Call-ID.
    CallId,
    /// Rule that explains why it failed.
    Cause,
}

impl Column {
    /// In display order; the result is last and takes the remaining width.
    pub const ALL: [Self; 17] = [
        Self::Sorted(SortBy::Number),
        Self::Sorted(SortBy::Start),
        Self::Sorted(SortBy::Duration),
        Self::Sorted(SortBy::From),
        Self::Sorted(SortBy::To),
        Self::OtherLeg,
        Self::Via,
        Self::Sorted(SortBy::Carrier),
        Self::Sorted(SortBy::Pages),
        Self::Sorted(SortBy::Rate),
        Self::Sorted(SortBy::State),
        Self::Sorted(SortBy::Packets),
        Self::Sorted(SortBy::Hints),
        Self::Caller,
        Self::Callee,
        Self::CallId,
        Self::Cause,
    ];
    /// As many of them, from the first on, are shown where nobody chose others.
    pub const USUAL: usize = 13;

    /// Columns are dropped in this order where there is no room; the other leg last: without it two legs look like two
    /// faxes.
    pub(super) const LEAST_NEEDED: [Self; 14] = [
        Self::CallId,
        Self::Cause,
        Self::Caller,
        Self::Callee,
        Self::Sorted(SortBy::Packets),
        Self::Sorted(SortBy::State),
        Self::Sorted(SortBy::Hints),
        Self::Sorted(SortBy::Rate),
        Self::Sorted(SortBy::Start),
        Self::Sorted(SortBy::Duration),
        Self::Via,
        Self::Sorted(SortBy::Carrier),
        Self::Sorted(SortBy::Pages),
        Self::OtherLeg,
    ];

    /// What stands over it.
    pub const fn heading(self) -> &'static str {
        match self {
            Self::OtherLeg => "leg",
            Self::Via => "via",
            Self::Caller => "caller",
            Self::Callee => "callee",
            Self::CallId => "Call-ID",
            Self::Cause => "cause",
            Self::Sorted(by) => by.heading(),
        }
    }

    /// What it is called where columns are chosen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sorted(SortBy::Number) => "number",
            Self::CallId => "call-id",
            _ => self.heading(),
        }
    }

    /// What stands in it.
    pub const fn doc(self) -> &'static str {
        match self {
            Self::OtherLeg => "the other leg of the same fax",
            Self::Via => "hosts between caller and callee",
            Self::Caller => "address of the caller",
            Self::Callee => "address of the callee",
            Self::CallId => "Call-ID",
            Self::Cause => "rule that explains the failure",
            Self::Sorted(by) => by.doc(),
        }
    }

    /// Whether a number or time stands in it: the least and the greatest tell how wide it is.
    pub(super) const fn is_number(self) -> bool {
        matches!(
            self,
            Self::Sorted(SortBy::Number | SortBy::Start | SortBy::Duration | SortBy::Packets)
        )
    }

    /// Whether nothing of the capture stands in it, only letters, digits and signs of ours.
    pub(super) const fn is_ours(self) -> bool {
        matches!(
            self,
            Self::Sorted(SortBy::Carrier | SortBy::Rate | SortBy::State)
        )
    }

    pub(super) const fn is_right(self) -> bool {
        matches!(
            self,
            Self::Sorted(
                SortBy::Number | SortBy::Start | SortBy::Duration | SortBy::Packets | SortBy::Pages
            )
        )
    }
}

impl SortBy {
    /// Heading of its column.
    pub const fn heading(self) -> &'static str {
        match self {
            Self::Number => "#",
            Self::Start => "start",
            Self::Duration => "length",
            Self::From => "from",
            Self::To => "to",
            Self::Carrier => "carrier",
            Self::Pages => "pages",
            Self::Rate => "rate",
            Self::Result => "result",
            Self::State => "state",
            Self::Packets => "packets",
            Self::Hints => "hints",
        }
    }

    const fn doc(self) -> &'static str {
        match self {
            Self::Number => "number of the call",
            Self::Start => "time of its first packet",
            Self::Duration => "how long it lasted",
            Self::From => "number of the caller",
            Self::To => "number of the callee",
            Self::Carrier => "T.38, G.711 or voice",
            Self::Pages => "pages confirmed, pages sent",
            Self::Rate => "modem and bit rate",
            Self::Result => "how it ended",
            Self::State => "state of the call",
            Self::Packets => "packets: SIP, RTP and T.38",
            Self::Hints => "errors and warnings",
        }
    }
}
