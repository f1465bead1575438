//! A decoded field: a name and what it says, as the message pane, the export and JSON show it.

use std::borrow::Cow;

/// One decoded field of a message, in wire order with its neighbours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The Recommendation's word, with the bit or octet where that helps (`27  error correction mode`).
    pub name: Cow<'static, str>,
    /// What it says, in words. May hold text of the network: shown only through [`crate::text::visible`].
    pub value: String,
}

impl Field {
    /// A field from its parts.
    pub fn new(name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
        }
    }
}
