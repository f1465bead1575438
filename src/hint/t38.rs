//! Rules on T.38 negotiation (the catalogue, 3).

use crate::hint::Rule;

/// The rules of this family.
pub(crate) const RULES: &[&[Rule]] = &[];
