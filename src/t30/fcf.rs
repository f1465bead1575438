//! The facsimile control field (T.30 5.3.6).

use crate::wire_enum::wire_enum;

wire_enum! {
    /// Facsimile control field in T.30's printed order (DIS = 0x01), X bit taken off. DTC, CIG, NSC, PWD,
    /// SEP, PSA, CIA and ISP keep their highest bit: it is what tells them from DIS, CSI, NSF.
    pub enum Fcf: u8 {
        Null = 0x00, "NULL";
        Dis = 0x01, "DIS";
    }
}
