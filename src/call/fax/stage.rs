//! Where the exchange stands (T.30 5.3.6): it decides what the next fast data are.

use crate::call::Side;
use crate::call::fax::check::{LONGEST_TCF, TCF_IN_SOUND};
use crate::call::fax::parties::Parties;
use crate::t30::Fcf;
use crate::t30::fcf::Class;

/// What the next fast data will be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing was commanded, or what was confirmed holds no more.
    #[default]
    Identification,
    /// DCS was sent: training check.
    Training,
    /// The training check has been sent, CFR or FTT is due.
    Checked,
    /// CFR, MCF, PPR, ...: a page, or more of it.
    Page,
}

impl Stage {
    /// After a whole message.
    pub(super) const fn after(self, fcf: Fcf) -> Self {
        match (self, fcf.class()) {
            // After EOM, or where nothing was heard.
            (Self::Page, Class::Identification) | (_, Class::Untrained) => Self::Identification,
            (_, Class::Command) => Self::Training,
            (_, Class::Trained | Class::Corrected) => Self::Page,
            (_, Class::Confirm | Class::Reject | Class::Resend | Class::GivenUp) => Self::Page,
            _ => self,
        }
    }

    /// After a message with a bad check sequence: damaged or not, a training check follows a DCS.
    pub(super) fn after_damaged(self, fcf: Fcf) -> Self {
        if fcf == Fcf::Dcs {
            Self::Training
        } else {
            self
        }
    }

    /// Whether fast data of a side are a training check and not a page: between DCS and CFR or FTT (T.30 5.3.6.1.4).
    /// `octets` is 0 for sound that is not demodulated.
    pub(super) fn is_check(
        self,
        parties: &Parties,
        side: Side,
        octets: usize,
        seconds: f64,
    ) -> bool {
        if parties.sender.is_some_and(|sender| sender != side) {
            return false;
        }
        match self {
            Self::Training => true,
            // The check again without a new DCS in the capture: 1.5 s, not longer.
            Self::Checked => octets > 0 && seconds < LONGEST_TCF,
            // The DCS before it was lost, or not understood: a called terminal offered itself, nothing was
            // confirmed, and it is as long as a check in sound is.
            Self::Identification => {
                octets == 0
                    && parties.called.is_some_and(|called| called != side)
                    && TCF_IN_SOUND.contains(&seconds)
            }
            Self::Page => false,
        }
    }
}
