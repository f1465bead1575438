//! A T.30 message: address, control, FCF and FIF (T.30 5.3.4 to 5.3.6).

use crate::line::{Fcs, Modem};
use crate::t30::Fcf;

/// One T.30 message as it was on the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct T30Frame {
    /// Address, control, FCF, FIF without FCS, first bit sent is the highest: as on the T.38 wire.
    pub octets: Vec<u8>,
    /// Facsimile control field, X bit taken off where it is one.
    pub fcf: Fcf,
    /// X bit (T.30 5.3.6.1); false for DIS, CSI, NSF and where there is none.
    pub x_bit: bool,
    /// PPS, EOR: second FCF, e.g. PPS-EOP.
    pub fcf2: Option<Fcf>,
    /// Control field says that it is the last frame before a reply (0xC8).
    pub last: bool,
    /// Frame check sequence.
    pub fcs: Fcs,
    /// Octets are missing inside.
    pub damaged: bool,
    /// Carrier: V.21, or the V.34 control channel.
    pub modem: Modem,
}
