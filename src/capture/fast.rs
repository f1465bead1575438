//! Fast paths of the capture layer. Nothing here is needed to understand how a capture is read: each part gives
//! what the plain code beside it gives, only sooner, and a test in it compares the two.
//!
//! | fast path | plain code it agrees with |
//! |---|---|
//! | [`frame_peek`]: the fields of an Ethernet/IPv4/UDP/RTP frame at fixed offsets | [`super::packet::Decoder`] |
//! | [`whole_frames`]: many whole pcap records in one loop | [`super::reader::Reader::next_frame`] |

mod frame_peek;
mod whole_frames;

pub use frame_peek::{FramePeek, Shape, ShortPath};
pub use whole_frames::Plain;
