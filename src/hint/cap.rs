//! Rules on the capture itself (the catalogue, 1).

use crate::hint::Rule;

/// The rules of this family.
pub(crate) const RULES: &[&[Rule]] = &[];
