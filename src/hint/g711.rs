//! Rules on fax over audio (the catalogue, 6).

use crate::hint::Rule;

/// The rules of this family.
pub(crate) const RULES: &[&[Rule]] = &[];
