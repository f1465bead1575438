//! A message in words: the pane beside the ladder, and the `fields` of JSON.

use crate::call::{Call, Event};
use crate::field::Field;
use crate::view::Row;

/// The message pane: name, frame, time and direction; octets; fields in words, SIP and SDP. With `raw` the
/// octets as a hex dump, or the SIP text as it is. No row is wider than `width`.
pub fn message(call: &Call, event: &Event, raw: bool, width: usize) -> Vec<Row> {
    let _ = (call, event, raw, width);
    Vec::new()
}

/// The fields of a message, in wire order.
pub fn fields(call: &Call, event: &Event) -> Vec<Field> {
    let _ = (call, event);
    Vec::new()
}
