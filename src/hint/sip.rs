//! Rules on call set-up and teardown (the catalogue, 2).

use crate::hint::Rule;

/// The rules of this family.
pub(crate) const RULES: &[&[Rule]] = &[];
