//! Rules on two legs of one fax (the catalogue, 7).

use crate::hint::Rule;

/// The rules of this family.
pub(crate) const RULES: &[&[Rule]] = &[];
