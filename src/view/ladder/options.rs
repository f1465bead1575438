//! What a ladder is to look like.

use crate::view::Names;
use crate::view::time::{TimeMode, Zone};

/// What shares a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Fold {
    /// Nothing.
    Nothing,
    /// Repeats, indicators and provisional answers are folded away.
    #[default]
    Repeats,
    /// And a message on all hops of its call is one arrow. Chosen without being asked for where the lifelines of a
    /// path have no room.
    Copies,
}

impl Fold {
    /// The next one, for a key that goes through them.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Nothing => Self::Repeats,
            Self::Repeats => Self::Copies,
            Self::Copies => Self::Nothing,
        }
    }
}

/// Shape of a ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches, each with a key of its own"
)]
pub struct Options {
    /// Columns to use.
    pub width: usize,
    /// Plain ASCII.
    pub ascii: bool,
    /// How time is shown.
    pub time: TimeMode,
    /// The zone of local time.
    pub zone: Zone,
    /// `m=` lines of SDP in labels, its T.38 parameters beside them.
    pub sdp: bool,
    /// Rows of RTP.
    pub media: bool,
    /// What shares a row.
    pub fold: Fold,
    /// The first lifeline that is shown where there is no room for all.
    pub first: usize,
    /// Hints beside their steps.
    pub hints: bool,
    /// Names for hosts.
    pub names: Names,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            width: 118,
            ascii: false,
            time: TimeMode::Relative,
            zone: Zone::UTC,
            sdp: true,
            media: true,
            fold: Fold::default(),
            first: 0,
            hints: true,
            names: Names::default(),
        }
    }
}
