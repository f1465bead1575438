//! The facsimile information field of each message (T.30 5.3.6.2).

use crate::field::Field;
use crate::t30::frame::T30Frame;

/// Short text beside the arrow; empty where there is nothing to say.
pub(super) fn detail(frame: &T30Frame) -> String {
    let _ = frame;
    String::new()
}

/// The information field in words, in wire order.
pub(super) fn fields(frame: &T30Frame) -> Vec<Field> {
    let _ = frame;
    Vec::new()
}
