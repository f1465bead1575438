//! The phases of a fax call (T.30 5.1).

/// Phase of T.30.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// Call establishment: CNG, CED.
    A,
    /// Identification, command, training.
    B,
    /// Page data.
    C,
    /// Post-message.
    D,
    /// Call release: DCN.
    E,
}

impl Phase {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [Self::A, Self::B, Self::C, Self::D, Self::E];

    /// `A` to `E`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
            Self::E => "E",
        }
    }
}
