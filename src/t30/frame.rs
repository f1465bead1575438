//! A T.30 message: address, control, FCF and FIF (T.30 5.3.4 to 5.3.6).

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::field::Field;
use crate::line::{Fcs, HdlcFrame, Modem};
use crate::t30::capability::DcsMode;
use crate::t30::{Fcf, PostMessage, fif, nsf};

/// Address field of every T.30 message.
const ADDRESS: u8 = 0xFF;
/// Control field: more frames follow.
const CONTROL: u8 = 0xC0;
/// Control field: last frame before a reply is due.
const CONTROL_LAST: u8 = 0xC8;

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

/// Reads an HDLC frame as a T.30 message.
///
/// `None` only if it is too short to have an FCF. A wrong address or control field is kept and said in
/// [`T30Frame::fields`].
pub fn decode(hdlc: &HdlcFrame) -> Option<T30Frame> {
    let [_, control, octet, rest @ ..] = hdlc.octets.as_slice() else {
        return None;
    };
    let (fcf, x_bit) = Fcf::decode(*octet);
    let fcf2 = match fcf {
        Fcf::Pps | Fcf::Eor => rest.first().map(|octet| Fcf::decode(*octet).0),
        _ => None,
    };
    Some(T30Frame {
        octets: hdlc.octets.clone(),
        fcf,
        x_bit,
        fcf2,
        last: *control == CONTROL_LAST,
        fcs: hdlc.fcs,
        damaged: hdlc.damaged,
        modem: hdlc.modem,
    })
}

impl T30Frame {
    /// What the ladder shows: `DIS`, `PPS-EOP`, `PPS-NULL`, `FCF 0x2D`.
    pub fn name(&self) -> Cow<'static, str> {
        match self.fcf2 {
            Some(_) => Cow::Owned(self.post_message().to_string()),
            None => self.fcf.name(),
        }
    }

    /// The command that it is, if it is one that comes after a page.
    pub const fn post_message(&self) -> PostMessage {
        PostMessage {
            fcf: self.fcf,
            then: self.fcf2,
        }
    }

    /// The facsimile information field: what follows the FCF.
    pub fn fif(&self) -> &[u8] {
        self.octets.get(3..).unwrap_or_default()
    }

    /// What it commands: the mode of a DCS, or of an NSS in which a DCS stands.
    pub fn mode(&self) -> Option<DcsMode> {
        match self.fcf {
            Fcf::Dcs => Some(DcsMode::new(self.fif())),
            Fcf::Nss => nsf::dcs_inside(self.fif()).map(DcsMode::new),
            _ => None,
        }
    }

    /// It can be relied on: the check sequence is good and nothing is missing.
    pub fn is_whole(&self) -> bool {
        self.fcs == Fcs::Good && !self.damaged
    }

    /// Short text beside the arrow: a number, `V.17 14400, ECM, MMR, fine`, `page 1, block 0, 256 frames`.
    /// Empty where there is nothing to say. May hold text of the network.
    pub fn detail(&self) -> String {
        fif::detail(self.fcf, self.fif())
    }

    /// It may be another message than its octets say: a terminal would not take it.
    pub const fn is_doubtful(&self) -> bool {
        matches!(self.fcs, Fcs::Bad) || self.damaged
    }

    /// The whole message in words, in wire order.
    pub fn fields(&self) -> Vec<Field> {
        let mut fields = self.header_fields();
        fields.extend(fif::fields(self.fcf, self.fif()));
        fields
    }

    fn header_fields(&self) -> Vec<Field> {
        let mut fields = Vec::with_capacity(8);
        let address = self.octets.first().copied().unwrap_or_default();
        let control = self.octets.get(1).copied().unwrap_or_default();
        let octet = self.octets.get(2).copied().unwrap_or_default();
        let mut text = format!("0x{address:02X}");
        if address != ADDRESS {
            text.push_str(", not 0xFF as T.30 asks");
        }
        fields.push(Field::new("address", text));
        fields.push(Field::new(
            "control",
            match control {
                CONTROL => "0xC0, more frames follow".to_owned(),
                CONTROL_LAST => "0xC8, last frame: a reply is due".to_owned(),
                other => format!("0x{other:02X}, neither 0xC0 nor 0xC8"),
            },
        ));
        let mut text = format!("0x{octet:02X} {}", self.fcf.name());
        if let Some(long) = self.fcf.long_name() {
            let _ = write!(text, ", {long}");
        }
        fields.push(Field::new("facsimile control field", text));
        if self.fcf.has_x_bit() {
            fields.push(Field::new(
                "X bit",
                if self.x_bit {
                    "1, sent by the terminal that received a valid DIS"
                } else {
                    "0, sent by the terminal whose DIS was answered"
                },
            ));
        }
        fields.push(Field::new("frame check sequence", self.fcs_text()));
        if self.modem != Modem::V21 {
            fields.push(Field::new("carrier", self.modem.to_string()));
        }
        fields
    }

    fn fcs_text(&self) -> &'static str {
        match (self.fcs, self.damaged) {
            (Fcs::Good, false) => "good",
            (Fcs::Good, true) => "good, but packets with octets of this frame are lost",
            (Fcs::Bad, false) => "bad",
            (Fcs::Bad, true) => "bad, and packets with octets of this frame are lost",
            (Fcs::Unseen, false) => "not seen: the end of the frame is not in the capture",
            (Fcs::Unseen, true) => "not seen: packets with octets of this frame are lost",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn frame(octets: &[u8]) -> T30Frame {
        decode(&HdlcFrame {
            modem: Modem::V21,
            octets: octets.to_vec(),
            fcs: Fcs::Good,
            damaged: false,
        })
        .unwrap()
    }

    #[test]
    fn decodes_pps() {
        let pps = frame(&[0xFF, 0xC8, 0xFD, 0xF4, 0x00, 0x00, 0x84]);
        assert_eq!(pps.name(), "PPS-EOP");
        assert!(pps.x_bit && pps.last);
        let null = frame(&[0xFF, 0xC8, 0x7D, 0x00, 0x00, 0x00, 0xFF]);
        assert_eq!(null.name(), "PPS-NULL");
    }

    #[test]
    fn keeps_unknown_field_and_odd_address() {
        let odd = frame(&[0x03, 0x13, 0x2D]);
        assert_eq!(odd.name(), "FCF 0x2D");
        let fields = odd.fields();
        assert!(fields[0].value.contains("not 0xFF"));
        assert!(fields[1].value.contains("neither"));
    }

    #[test]
    fn rejects_short() {
        let hdlc = HdlcFrame {
            modem: Modem::V21,
            octets: vec![0xFF, 0xC8],
            fcs: Fcs::Good,
            damaged: false,
        };
        assert_eq!(decode(&hdlc), None);
    }
}
