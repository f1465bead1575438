//! Rules on the T.30 dialogue (the catalogue, 5).

use crate::hint::Rule;

/// The rules of this family.
pub(crate) const RULES: &[&[Rule]] = &[];
