//! T.30: the messages of a fax call. Pure: octets in, meanings out; no packets, no clock.

pub mod capability;
pub mod fcf;
pub mod fif;
pub mod frame;
pub mod nsf;
pub mod phase;
pub mod post_message;
pub mod timer;

pub use fcf::Fcf;
pub use phase::Phase;
pub use post_message::PostMessage;
