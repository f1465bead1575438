//! Rules on T.38 transport health (the catalogue, 4).

use crate::hint::Rule;

/// The rules of this family.
pub(crate) const RULES: &[&[Rule]] = &[];
