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
pub(super) enum Column {
    Sorted(SortBy),
    OtherLeg,
    /// The hosts between the ends.
    Via,
}

impl Column {
    /// In display order; the result is last and takes the remaining width.
    pub(super) const ALL: [Self; 13] = [
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
    ];

    /// Columns are dropped in this order where there is no room; the other leg last: without it two legs look like two
    /// faxes.
    pub(super) const LEAST_NEEDED: [Self; 10] = [
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

    pub(super) const fn heading(self) -> &'static str {
        match self {
            Self::OtherLeg => "leg",
            Self::Via => "via",
            Self::Sorted(by) => by.heading(),
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
}
