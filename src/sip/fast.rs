//! Fast paths of the SIP layer: what the index needs of a message. Nothing here is needed to understand how SIP is
//! parsed; each part gives what the plain code gives, and a property test in it compares the two.
//!
//! | fast path | plain code it agrees with |
//! |---|---|
//! | [`plain_headers`]: the usual header section in one go | [`super::lexer::Headers`] |
//! | [`outline`]: what the list shows of a message | [`super::parse`] |
//! | [`media_lines`]: media endpoints of an SDP body | [`super::sdp`] |

pub(crate) mod media_lines;
pub(crate) mod outline;
pub(super) mod plain_headers;
