//! Rules about the T.30 dialogue (RULES.md 5).

use crate::hint::Rule;

mod capabilities;
mod correction;
mod exchange;
mod identification;
mod offer;
mod outcome;
mod page;
mod postmessage;
mod release;
mod tcf;
mod training;

/// The rules of this family.
pub(crate) const RULES: &[&[Rule]] = &[
    outcome::RULES,
    identification::RULES,
    training::RULES,
    tcf::RULES,
    capabilities::RULES,
    exchange::RULES,
    page::RULES,
    correction::RULES,
    postmessage::RULES,
    release::RULES,
];

#[cfg(test)]
mod tests;
