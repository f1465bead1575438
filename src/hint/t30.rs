//! Rules about the T.30 dialogue.

use crate::hint::Rule;
use crate::hint::rule::{AfterSuccess, Family, Layer};

pub(super) mod capabilities;
pub(super) mod correction;
pub(super) mod dis;
pub(super) mod exchange;
pub(super) mod identification;
pub(super) mod late;
pub(super) mod offer;
pub(super) mod outcome;
pub(super) mod page;
pub(super) mod picture;
pub(super) mod postmessage;
pub(super) mod release;
pub(super) mod sender;
pub(super) mod tcf;
pub(super) mod training;
pub(super) mod voice;

/// What the rules of this family have in common.
const T30: Rule = Rule {
    family: Family::T30,
    layer: Layer::PhaseB,
    after_success: AfterSuccess::Warning,
    ..Rule::PLAIN
};

/// The rules of this family.
pub(crate) const RULES: &[&[&Rule]] = &[
    outcome::RULES,
    identification::RULES,
    dis::RULES,
    training::RULES,
    sender::RULES,
    late::RULES,
    tcf::RULES,
    capabilities::RULES,
    exchange::RULES,
    page::RULES,
    picture::RULES,
    correction::RULES,
    postmessage::RULES,
    release::RULES,
    voice::RULES,
];
