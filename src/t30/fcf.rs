//! The facsimile control field (T.30 5.3.6).
//!
//! Two traps of the sources, settled here once:
//! * Bit order: DIS is 0x01, as T.30 prints it and T.38 sends it (a V.21 demodulator that collects the
//!   first bit as the lowest has 0x80).
//! * X bit: the highest bit is the X bit in most groups, but tells DTC from DIS and CIG from CSI in the
//!   groups 0000xxxx and 1000xxxx, and TK from RK. It is masked only where it is an X bit.

use std::borrow::Cow;

use crate::t30::Phase;
use crate::wire_enum::wire_enum;

/// Which fax terminal sends a message. Called and calling are of the telephone call; sender and receiver of
/// the document (they swap in polling).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SentBy {
    /// The called terminal.
    Called,
    /// The calling terminal (polling).
    Calling,
    /// The sender of the document.
    Sender,
    /// The receiver of the document.
    Receiver,
    /// Either of them.
    Either,
}

/// What a message is for (T.30 5.3.6.1): phase, what it waits for and what it answers follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// DIS: what the called terminal can do.
    Identification,
    /// DTC: the called terminal shall send.
    Poll,
    /// DCS, NSS: what the sender is going to do; a training check follows.
    Command,
    /// Goes before one of those, and needs no answer of its own: CSI, NSF, TSI, SUB, ...
    Optional,
    /// CFR: the training succeeded.
    Trained,
    /// FTT: the training failed.
    Untrained,
    /// Coded data of ECM: FCD, RCP.
    Data,
    /// The page, or a part of it, is over: MPS, EOP, EOM, PPS, ...
    PostMessage,
    /// RR: is the receiver ready now?
    Ready,
    /// CTC: the sender goes on to correct, with this modem.
    Correct,
    /// EOR: the sender gives up the rest of the block.
    GiveUp,
    /// MCF, RTP, PIP: the page is taken.
    Confirm,
    /// RTN, PIN: the page is not taken.
    Reject,
    /// PPR: frames are asked for again.
    Resend,
    /// CTR: answer to CTC.
    Corrected,
    /// ERR: answer to EOR.
    GivenUp,
    /// RNR: the receiver is not ready yet.
    Busy,
    /// PID: the receiver's operator interrupts.
    Interrupt,
    /// CRP, FNV: the command was not understood.
    Repeat,
    /// DCN: the call is over.
    Release,
    /// None of these.
    Other,
}

/// What the information field of a message holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FifKind {
    /// A number or address as text, last character first.
    Identification,
    /// The same, not to be shown.
    Password,
    /// An Internet address.
    InternetAddress,
    /// Bits of Table 2 of T.30: what a terminal can do.
    Capabilities,
    /// Bits of Table 2 of T.30: what the sender does.
    Command,
    /// Country, maker, and what that maker wants.
    NonStandard,
    /// Second FCF, counters of page, block and frames.
    PartialPage,
    /// Second FCF.
    SecondFcf,
    /// A bit for each frame that is asked for again.
    FramesAsked,
    /// Bits 1 to 16 of a DCS.
    Modem,
    /// Frame number and coded data.
    CodedData,
    /// None is defined, or nothing is known of it.
    Octets,
}

/// What a command waits for, or a confirmed training: it never comes without being told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Expected {
    /// DCS (or DTC), after DIS and DTC.
    Dcs,
    /// CFR (or FTT), after DCS and training check.
    Cfr,
    /// Page data, after CFR and CTR.
    PageData,
    /// CTR, after CTC.
    Ctr,
    /// ERR, after EOR.
    Err,
    /// MCF (or another post-message response).
    Mcf,
}

impl Expected {
    /// `DCS`, `page data`, ...
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dcs => "DCS",
            Self::Cfr => "CFR",
            Self::PageData => "page data",
            Self::Ctr => "CTR",
            Self::Err => "ERR",
            Self::Mcf => "MCF",
        }
    }
}

/// A row of the table.
struct Row {
    long_name: Option<&'static str>,
    sent_by: SentBy,
    class: Class,
    fif: FifKind,
}

/// Makes the enum and its rows out of the table.
macro_rules! fcf_table {
    ($( $variant:ident = $code:literal, $label:literal, $long:literal, $sent_by:ident, $class:ident, $fif:ident; )+) => {
        wire_enum! {
            /// Facsimile control field in T.30's printed order (DIS = 0x01), X bit taken off. DTC, CIG, NSC, PWD,
            /// SEP, PSA, CIA and ISP keep their highest bit: it is what tells them from DIS, CSI, NSF.
            pub enum Fcf: u8 { $( $variant = $code, $label; )+ }
        }

        impl Fcf {
            const fn row(self) -> Row {
                match self {
                    $( Self::$variant => Row {
                        long_name: Some($long),
                        sent_by: SentBy::$sent_by,
                        class: Class::$class,
                        fif: FifKind::$fif,
                    }, )+
                    Self::Unknown(_) => Row {
                        long_name: None,
                        sent_by: SentBy::Either,
                        class: Class::Other,
                        fif: FifKind::Octets,
                    },
                }
            }
        }
    };
}

// Name and long name in the words of T.30 (as Wireshark spells them), who sends it (T.30 5.3.6.1, 5.3.6.2), what it is
// for, and what its information field holds.
fcf_table! {
    Null = 0x00, "NULL", "partial page boundary", Sender, Other, Octets;
    Dis = 0x01, "DIS", "Digital Identification Signal", Called, Identification, Capabilities;
    Csi = 0x02, "CSI", "Called Subscriber Identification", Called, Optional, Identification;
    Nsf = 0x04, "NSF", "Non-Standard Facilities", Called, Optional, NonStandard;
    Des = 0x05, "DES", "Digital Extended Signal", Called, Optional, Octets;
    Cfr = 0x21, "CFR", "Confirmation To Receive", Receiver, Trained, Octets;
    Ftt = 0x22, "FTT", "Failure To Train", Receiver, Untrained, Octets;
    Ctr = 0x23, "CTR", "Response for Continue To Correct", Receiver, Corrected, Octets;
    Csa = 0x24, "CSA", "Called Subscriber Internet Address", Called, Optional, InternetAddress;
    Mcf = 0x31, "MCF", "Message Confirmation", Receiver, Confirm, Octets;
    Rtn = 0x32, "RTN", "Retrain Negative", Receiver, Reject, Octets;
    Rtp = 0x33, "RTP", "Retrain Positive", Receiver, Confirm, Octets;
    Pin = 0x34, "PIN", "Procedure Interrupt Negative", Receiver, Reject, Octets;
    Pip = 0x35, "PIP", "Procedure Interrupt Positive", Receiver, Confirm, Octets;
    Pid = 0x36, "PID", "Procedure Interrupt Disconnect", Receiver, Interrupt, Octets;
    Rnr = 0x37, "RNR", "Receive Not Ready", Receiver, Busy, Octets;
    Err = 0x38, "ERR", "Response for End of Retransmission", Receiver, GivenUp, Octets;
    Ppr = 0x3D, "PPR", "Partial Page Request", Receiver, Resend, FramesAsked;
    Fdm = 0x3F, "FDM", "File Diagnostics Message", Receiver, Other, Octets;
    Dcs = 0x41, "DCS", "Digital Command Signal", Sender, Command, Command;
    Tsi = 0x42, "TSI", "Transmitting Subscriber Identification", Sender, Optional, Identification;
    Sub = 0x43, "SUB", "Subaddress", Sender, Optional, Identification;
    Nss = 0x44, "NSS", "Non-Standard facilities Set-up", Sender, Command, NonStandard;
    Sid = 0x45, "SID", "Sender Identification", Sender, Optional, Identification;
    Tsa = 0x46, "TSA", "Transmitting Subscriber Internet address", Sender, Optional, InternetAddress;
    Ira = 0x47, "IRA", "Internet Routing Address", Sender, Optional, InternetAddress;
    Ctc = 0x48, "CTC", "Continue To Correct", Sender, Correct, Modem;
    Rk = 0x52, "RK", "Receiver Keys", Receiver, Optional, Octets;
    Fnv = 0x53, "FNV", "Field Not Valid", Either, Repeat, Octets;
    Tr = 0x56, "TR", "Transmit ready", Sender, Other, Octets;
    Tnr = 0x57, "TNR", "Transmit not ready", Receiver, Other, Octets;
    Crp = 0x58, "CRP", "Command Repeat", Either, Repeat, Octets;
    Dnk = 0x59, "DNK", "Digital Not Acknowledge", Either, Other, Octets;
    Dcn = 0x5F, "DCN", "Disconnect", Either, Release, Octets;
    Fcd = 0x60, "FCD", "Facsimile coded data", Sender, Data, CodedData;
    Rcp = 0x61, "RCP", "Return to control for partial page", Sender, Data, Octets;
    Ccd = 0x62, "CCD", "Character coded data", Sender, Data, Octets;
    Eom = 0x71, "EOM", "End Of Message", Sender, PostMessage, Octets;
    Mps = 0x72, "MPS", "MultiPage Signal", Sender, PostMessage, Octets;
    Eor = 0x73, "EOR", "End Of Retransmission", Sender, GiveUp, SecondFcf;
    Eop = 0x74, "EOP", "End Of Procedure", Sender, PostMessage, Octets;
    Rr = 0x76, "RR", "Receive Ready", Sender, Ready, Octets;
    Eos = 0x78, "EOS", "End Of Selection", Sender, PostMessage, Octets;
    PriEom = 0x79, "PRI-EOM", "Procedure Interrupt-End Of Message", Sender, PostMessage, Octets;
    PriMps = 0x7A, "PRI-MPS", "Procedure Interrupt-MultiPage Signal", Sender, PostMessage, Octets;
    PriEop = 0x7C, "PRI-EOP", "Procedure Interrupt-End Of Procedure", Sender, PostMessage, Octets;
    Pps = 0x7D, "PPS", "Partial Page Signal", Sender, PostMessage, PartialPage;
    Dtc = 0x81, "DTC", "Digital Transmit Command", Calling, Poll, Capabilities;
    Cig = 0x82, "CIG", "Calling Subscriber Identification", Calling, Optional, Identification;
    Pwd = 0x83, "PWD", "Password", Calling, Optional, Password;
    Nsc = 0x84, "NSC", "Non-Standard facilities Command", Calling, Optional, NonStandard;
    Sep = 0x85, "SEP", "Selective Polling", Calling, Optional, Identification;
    Psa = 0x86, "PSA", "Polled Subaddress", Calling, Optional, Identification;
    Cia = 0x87, "CIA", "Calling Subscriber Internet Address", Calling, Optional, InternetAddress;
    Isp = 0x88, "ISP", "Internet Selective Polling Address", Calling, Optional, InternetAddress;
    Dec = 0xC9, "DEC", "Digital Extended Command", Sender, Optional, Octets;
    Der = 0xCA, "DER", "Digital Extended Request", Calling, Optional, Octets;
    Tk = 0xD2, "TK", "Transmitter Keys", Sender, Optional, Octets;
    Pss = 0xF8, "PSS", "Present Signature Signal", Sender, Other, Octets;
}

impl Fcf {
    /// Takes the X bit off where it is one: the field, and the X bit (T.30 5.3.6.1).
    ///
    /// An octet that is no known field stays whole in [`Fcf::Unknown`].
    pub fn decode(octet: u8) -> (Self, bool) {
        // EOS with X set: PSS has the same code, but never stands in this place.
        if octet == Self::Pss.code() {
            return (Self::Eos, true);
        }
        match Self::from(octet) {
            Self::Unknown(_) => {}
            known => return (known, false),
        }
        let known = Self::from(octet & 0x7F);
        if octet & 0x80 != 0 && known.has_x_bit() {
            (known, true)
        } else {
            (Self::Unknown(octet), false)
        }
    }

    /// Whether the highest bit of this field is an X bit.
    pub const fn has_x_bit(self) -> bool {
        matches!(self.code(), 0x21..=0x5F | 0x71..=0x7D)
            && !matches!(self, Self::Rk | Self::Unknown(_))
    }

    /// Its name on the ladder: `DIS`, or `FCF 0x2D` for an unknown field.
    pub fn name(self) -> Cow<'static, str> {
        match self.label() {
            Some(label) => Cow::Borrowed(label),
            None => Cow::Owned(format!("FCF 0x{:02X}", self.code())),
        }
    }

    /// The long name in the words of T.30 (as Wireshark spells them); `None` for an unknown field.
    pub const fn long_name(self) -> Option<&'static str> {
        self.row().long_name
    }

    /// Who sends it (T.30 5.3.6.1, 5.3.6.2).
    pub const fn sent_by(self) -> SentBy {
        self.row().sent_by
    }

    /// What it is for.
    pub const fn class(self) -> Class {
        self.row().class
    }

    /// What its information field holds.
    pub const fn fif(self) -> FifKind {
        self.row().fif
    }

    /// The phase that it belongs to (T.30 5.1). A repeat request belongs to the phase that it comes in: to B
    /// unless that is `past_b`.
    pub const fn phase(self, past_b: bool) -> Phase {
        match self.class() {
            Class::Release => Phase::E,
            Class::PostMessage
            | Class::Ready
            | Class::Correct
            | Class::GiveUp
            | Class::Confirm
            | Class::Reject
            | Class::Resend
            | Class::Corrected
            | Class::GivenUp
            | Class::Busy
            | Class::Interrupt => Phase::D,
            Class::Repeat if past_b => Phase::D,
            _ => Phase::B,
        }
    }

    /// What has to follow it from the other side.
    pub const fn expects(self) -> Option<Expected> {
        match self.class() {
            Class::Identification | Class::Poll => Some(Expected::Dcs),
            Class::Command => Some(Expected::Cfr),
            Class::Trained | Class::Corrected => Some(Expected::PageData),
            Class::Correct => Some(Expected::Ctr),
            Class::GiveUp => Some(Expected::Err),
            Class::PostMessage | Class::Ready => Some(Expected::Mcf),
            _ => None,
        }
    }

    /// A command: it waits for a message in answer (T.30 5.3.6).
    pub const fn is_command(self) -> bool {
        self.expects().is_some() && !self.is_answer()
    }

    /// An answer to a command of the sender of pages, or what ends the waiting for it: CRP, FNV, DCN.
    pub const fn is_answer(self) -> bool {
        matches!(
            self.class(),
            Class::Trained
                | Class::Untrained
                | Class::Confirm
                | Class::Reject
                | Class::Resend
                | Class::Corrected
                | Class::GivenUp
                | Class::Busy
                | Class::Interrupt
                | Class::Repeat
                | Class::Release
        )
    }

    /// Whether it takes this message for an answer when it was sent.
    pub const fn is_answered_by(self, answer: Self) -> bool {
        match (self.class(), answer.class()) {
            (Class::Identification, Class::Poll) => true,
            (Class::Identification | Class::Poll, class) => {
                matches!(class, Class::Command | Class::Repeat | Class::Release)
            }
            _ => self.is_command() && answer.is_answer(),
        }
    }

    /// Whether it wants a page, or a part of one, confirmed.
    pub const fn is_post_message(self) -> bool {
        matches!(self.class(), Class::PostMessage)
    }

    /// Whether it takes a page: MCF, RTP, PIP.
    pub const fn confirms(self) -> bool {
        matches!(self.class(), Class::Confirm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_dtc_apart_from_dis() {
        assert_eq!(Fcf::decode(0x01), (Fcf::Dis, false));
        assert_eq!(Fcf::decode(0x81), (Fcf::Dtc, false));
        assert_eq!(Fcf::decode(0x82), (Fcf::Cig, false));
        assert_eq!(Fcf::decode(0x84), (Fcf::Nsc, false));
    }

    #[test]
    fn takes_the_x_bit_off() {
        assert_eq!(Fcf::decode(0xC1), (Fcf::Dcs, true));
        assert_eq!(Fcf::decode(0x41), (Fcf::Dcs, false));
        assert_eq!(Fcf::decode(0xDF), (Fcf::Dcn, true));
        assert_eq!(Fcf::decode(0xB1), (Fcf::Mcf, true));
        assert_eq!(Fcf::decode(0xF8), (Fcf::Eos, true));
        assert_eq!(Fcf::decode(0xD2), (Fcf::Tk, false));
        assert_eq!(Fcf::decode(0x52), (Fcf::Rk, false));
    }

    #[test]
    fn keeps_unknown() {
        assert_eq!(Fcf::decode(0x2D), (Fcf::Unknown(0x2D), false));
        assert_eq!(Fcf::decode(0xE0), (Fcf::Unknown(0xE0), false));
        for octet in 0..=255_u8 {
            let (fcf, x) = Fcf::decode(octet);
            assert_eq!(fcf.code() | if x { 0x80 } else { 0 }, octet, "{octet:02x}");
            assert!(!x || fcf.has_x_bit(), "{octet:02x}");
            assert_eq!(fcf.long_name().is_none(), fcf.label().is_none());
        }
    }
}
