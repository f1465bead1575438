//! What the sender says after a page.

use std::fmt;

use crate::t30::Fcf;

/// A post-message command: PPS and EOR name another one, e.g. PPS-EOP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PostMessage {
    /// MPS, EOP, ..., PPS or EOR.
    pub fcf: Fcf,
    /// What PPS and EOR name: [`Fcf::Null`] inside a page.
    pub then: Option<Fcf>,
}

impl PostMessage {
    /// What comes next, whether it was said in ECM or not: MPS, EOP, EOM, ...
    pub const fn announces(self) -> Fcf {
        match self.then {
            Some(then) => then,
            None => self.fcf,
        }
    }

    /// Another page or document follows.
    pub const fn announces_more(self) -> bool {
        matches!(
            self.announces(),
            Fcf::Mps | Fcf::PriMps | Fcf::Eom | Fcf::PriEom
        )
    }

    /// It was the last page: EOP, PRI-EOP, PPS-EOP.
    pub const fn ends_procedure(self) -> bool {
        matches!(self.announces(), Fcf::Eop | Fcf::PriEop)
    }

    /// The page is over, and not only a block of it.
    pub const fn ends_page(self) -> bool {
        !matches!(self.then, Some(Fcf::Null))
    }
}

impl fmt::Display for PostMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fcf.name())?;
        match self.then {
            Some(then) => write!(f, "-{}", then.name()),
            None => Ok(()),
        }
    }
}
