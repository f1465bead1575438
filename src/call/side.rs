//! The two sides of a call.

use std::fmt;

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
