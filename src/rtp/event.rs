//! shim
use std::collections::HashMap;
/// shim
pub fn events(_: &[super::RtpArrival], _: &HashMap<u8, String>) -> Vec<crate::rtp::RtpEvent> { Vec::new() }
