use crate::hint::Rule;
pub(crate) const RULES: &[Rule] = &[];
