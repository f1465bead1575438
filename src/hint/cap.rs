//! Rules on the capture itself: they run first, and weaken what others say.

use crate::hint::Rule;

mod extent;
pub(super) mod loss;

/// What the rules of this family have in common.
const CAP: Rule = Rule::PLAIN;

/// The rules of this family.
pub(crate) const RULES: &[&[&Rule]] = &[loss::RULES, extent::RULES];
