//! Rules and hints: what went wrong, whose side it is on, what to check next.
//!
//! A rule is one `static` in one of the files below; it reads the model and nothing else.

use std::cell::OnceCell;

use crate::call::{Call, Event, SipEvent};

mod cap;
mod cause;
mod configured;
mod context;
mod engine;
mod evidence;
mod finding;
mod g711;
mod hop;
mod leg;
mod log;
mod merge;
mod place;
mod rule;
mod sdp;
mod sip;
mod t30;
mod t38;
mod udptl;
mod whole;

#[cfg(test)]
mod tests;

use crate::call::exchange::ExchangeView;
pub use cause::sentence;
pub(crate) use configured::cite;
pub(crate) use context::is_private;
pub use engine::{before_suppression, diagnose};
pub use finding::{Blame, Finding, Hint};
pub use place::place;
pub use rule::{Rule, Severity};
pub(crate) use sip::no_invite_note;

/// Slices of rules by family: one family a file, one slice a file or subfile.
const FAMILIES: [&[&[&Rule]]; 10] = [
    cap::RULES,
    sip::RULES,
    sdp::RULES,
    t38::RULES,
    &[udptl::RULES],
    t30::RULES,
    &[g711::RULES],
    &[leg::RULES],
    &[hop::RULES],
    &[log::RULES],
];

/// All rules, in the order of the catalogue.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    FAMILIES
        .into_iter()
        .flat_map(|family| family.iter().copied().flatten().copied())
}

/// What a rule may look at: one call, the other leg if there is one, and what the user said.
#[derive(Clone, Debug)]
pub struct RuleContext<'a> {
    /// The call that the hint will stand on.
    pub call: &'a Call,
    /// The other leg of the same fax.
    pub other: Option<&'a Call>,
    /// What the user said of the own PBX.
    pub site: &'a Site,
    /// The call's T.30 exchange, read for the first rule that asks.
    exchange: OnceCell<ExchangeView<'a>>,
    /// The first BYE, searched for the first rule that asks: `covers` asks it for each of many events.
    bye: OnceCell<Option<(&'a Event, &'a SipEvent)>>,
}

/// Options that come from the user (`--pbx`, `--udptl-ports`, `--fax`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Addresses of the user's own PBX (any port); empty: guessed from the legs.
    pub pbx: Vec<std::net::IpAddr>,
    /// The PBX's UDPTL range; VoipNow: 4000 to 5999.
    pub udptl_ports: (u16, u16),
    /// The user gave `--udptl-ports`.
    pub udptl_ports_given: bool,
    /// The PBX's own settings (`--asterisk`).
    pub settings: Option<std::sync::Arc<crate::pbxconf::Settings>>,
    /// Numbers of fax machines: a call from or to one of them is a fax, whatever is heard (`--fax`).
    pub fax_numbers: Vec<String>,
}

impl Default for Site {
    fn default() -> Self {
        Self {
            pbx: Vec::new(),
            udptl_ports: (4000, 5999),
            udptl_ports_given: false,
            settings: None,
            fax_numbers: Vec::new(),
        }
    }
}
