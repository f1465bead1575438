use std::net::{IpAddr, Ipv4Addr};

use super::*;
use crate::line::{Fcs, SignalKind};

#[test]
fn empty_is_empty() {
    let assembled = assemble(&[], Framing::Udptl);
    assert!(assembled.signals.is_empty());
    let _ = (IpAddr::V4(Ipv4Addr::LOCALHOST), Fcs::Good, SignalKind::Silence);
}
