//! The facsimile control field (T.30 5.3.6).
//!
//! Two traps of the sources, settled here once:
//! * Bit order: DIS is 0x01, as T.30 prints it and T.38 sends it (a V.21 demodulator that collects the
//!   first bit as the lowest has 0x80).
//! * X bit: the highest bit is the X bit in most groups, but tells DTC from DIS and CIG from CSI in the
//!   groups 0000xxxx and 1000xxxx, and TK from RK. It is masked only where it is an X bit.

use crate::wire_enum::wire_enum;

wire_enum! {
    /// Facsimile control field in T.30's printed order (DIS = 0x01), X bit taken off. DTC, CIG, NSC, PWD,
    /// SEP, PSA, CIA and ISP keep their highest bit: it is what tells them from DIS, CSI, NSF.
    pub enum Fcf: u8 {
        Null = 0x00, "NULL";
        Dis = 0x01, "DIS";
        Csi = 0x02, "CSI";
        Nsf = 0x04, "NSF";
        Des = 0x05, "DES";
        Cfr = 0x21, "CFR";
        Ftt = 0x22, "FTT";
        Ctr = 0x23, "CTR";
        Csa = 0x24, "CSA";
        Mcf = 0x31, "MCF";
        Rtn = 0x32, "RTN";
        Rtp = 0x33, "RTP";
        Pin = 0x34, "PIN";
        Pip = 0x35, "PIP";
        Pid = 0x36, "PID";
        Rnr = 0x37, "RNR";
        Err = 0x38, "ERR";
        Ppr = 0x3D, "PPR";
        Fdm = 0x3F, "FDM";
        Dcs = 0x41, "DCS";
        Tsi = 0x42, "TSI";
        Sub = 0x43, "SUB";
        Nss = 0x44, "NSS";
        Sid = 0x45, "SID";
        Tsa = 0x46, "TSA";
        Ira = 0x47, "IRA";
        Ctc = 0x48, "CTC";
        Rk = 0x52, "RK";
        Fnv = 0x53, "FNV";
        Tr = 0x56, "TR";
        Tnr = 0x57, "TNR";
        Crp = 0x58, "CRP";
        Dnk = 0x59, "DNK";
        Dcn = 0x5F, "DCN";
        Fcd = 0x60, "FCD";
        Rcp = 0x61, "RCP";
        Ccd = 0x62, "CCD";
        Eom = 0x71, "EOM";
        Mps = 0x72, "MPS";
        Eor = 0x73, "EOR";
        Eop = 0x74, "EOP";
        Rr = 0x76, "RR";
        Eos = 0x78, "EOS";
        PriEom = 0x79, "PRI-EOM";
        PriMps = 0x7A, "PRI-MPS";
        PriEop = 0x7C, "PRI-EOP";
        Pps = 0x7D, "PPS";
        Dtc = 0x81, "DTC";
        Cig = 0x82, "CIG";
        Pwd = 0x83, "PWD";
        Nsc = 0x84, "NSC";
        Sep = 0x85, "SEP";
        Psa = 0x86, "PSA";
        Cia = 0x87, "CIA";
        Isp = 0x88, "ISP";
        Dec = 0xC9, "DEC";
        Der = 0xCA, "DER";
        Tk = 0xD2, "TK";
        Pss = 0xF8, "PSS";
    }
}

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

/// What a message is for; with that, the phase it belongs to (T.30 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Phase B: what a terminal is and can do (DIS, CSI, NSF).
    Identification,
    /// Phase B: the called terminal shall send (DTC and what goes with it).
    Polling,
    /// Phase B: what the sender is going to do (DCS, TSI, SUB, ...).
    Command,
    /// Phase B: answer to training (CFR, FTT).
    TrainingResponse,
    /// Phase C: coded data with error correction (FCD, RCP, CCD).
    PageData,
    /// Phase D: what comes after the page (MPS, EOP, EOM, PPS, EOR, RR, CTC, ...).
    PostMessage,
    /// Phase D: answer to it (MCF, RTN, PPR, RNR, ERR, CTR, ...).
    PostResponse,
    /// Phase E: DCN.
    Release,
    /// Anywhere: CRP, FNV, DNK.
    Other,
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

    /// The long name in the words of T.30 (as Wireshark spells them); `None` for an unknown field.
    pub const fn long_name(self) -> Option<&'static str> {
        Some(match self {
            Self::Null => "partial page boundary",
            Self::Dis => "Digital Identification Signal",
            Self::Csi => "Called Subscriber Identification",
            Self::Nsf => "Non-Standard Facilities",
            Self::Des => "Digital Extended Signal",
            Self::Cfr => "Confirmation To Receive",
            Self::Ftt => "Failure To Train",
            Self::Ctr => "Response for Continue To Correct",
            Self::Csa => "Called Subscriber Internet Address",
            Self::Mcf => "Message Confirmation",
            Self::Rtn => "Retrain Negative",
            Self::Rtp => "Retrain Positive",
            Self::Pin => "Procedure Interrupt Negative",
            Self::Pip => "Procedure Interrupt Positive",
            Self::Pid => "Procedure Interrupt Disconnect",
            Self::Rnr => "Receive Not Ready",
            Self::Err => "Response for End of Retransmission",
            Self::Ppr => "Partial Page Request",
            Self::Fdm => "File Diagnostics Message",
            Self::Dcs => "Digital Command Signal",
            Self::Tsi => "Transmitting Subscriber Identification",
            Self::Sub => "Subaddress",
            Self::Nss => "Non-Standard facilities Set-up",
            Self::Sid => "Sender Identification",
            Self::Tsa => "Transmitting Subscriber Internet address",
            Self::Ira => "Internet Routing Address",
            Self::Ctc => "Continue To Correct",
            Self::Rk => "Receiver Keys",
            Self::Fnv => "Field Not Valid",
            Self::Tr => "Transmit ready",
            Self::Tnr => "Transmit not ready",
            Self::Crp => "Command Repeat",
            Self::Dnk => "Digital Not Acknowledge",
            Self::Dcn => "Disconnect",
            Self::Fcd => "Facsimile coded data",
            Self::Rcp => "Return to control for partial page",
            Self::Ccd => "Character coded data",
            Self::Eom => "End Of Message",
            Self::Mps => "MultiPage Signal",
            Self::Eor => "End Of Retransmission",
            Self::Eop => "End Of Procedure",
            Self::Rr => "Receive Ready",
            Self::Eos => "End Of Selection",
            Self::PriEom => "Procedure Interrupt-End Of Message",
            Self::PriMps => "Procedure Interrupt-MultiPage Signal",
            Self::PriEop => "Procedure Interrupt-End Of Procedure",
            Self::Pps => "Partial Page Signal",
            Self::Dtc => "Digital Transmit Command",
            Self::Cig => "Calling Subscriber Identification",
            Self::Pwd => "Password",
            Self::Nsc => "Non-Standard facilities Command",
            Self::Sep => "Selective Polling",
            Self::Psa => "Polled Subaddress",
            Self::Cia => "Calling Subscriber Internet Address",
            Self::Isp => "Internet Selective Polling Address",
            Self::Dec => "Digital Extended Command",
            Self::Der => "Digital Extended Request",
            Self::Tk => "Transmitter Keys",
            Self::Pss => "Present Signature Signal",
            Self::Unknown(_) => return None,
        })
    }

    /// Who sends it (T.30 5.3.6.1, 5.3.6.2).
    pub const fn sent_by(self) -> SentBy {
        match self {
            Self::Dis | Self::Csi | Self::Nsf | Self::Des | Self::Csa => SentBy::Called,
            Self::Dtc
            | Self::Cig
            | Self::Pwd
            | Self::Nsc
            | Self::Sep
            | Self::Psa
            | Self::Cia
            | Self::Isp
            | Self::Der => SentBy::Calling,
            Self::Crp | Self::Fnv | Self::Dnk | Self::Dcn | Self::Unknown(_) => SentBy::Either,
            _ => match self.kind() {
                Kind::TrainingResponse | Kind::PostResponse => SentBy::Receiver,
                _ => SentBy::Sender,
            },
        }
    }

    /// What it is for.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Dis | Self::Csi | Self::Nsf | Self::Des | Self::Csa => Kind::Identification,
            Self::Dtc
            | Self::Cig
            | Self::Pwd
            | Self::Nsc
            | Self::Sep
            | Self::Psa
            | Self::Cia
            | Self::Isp
            | Self::Der => Kind::Polling,
            Self::Dcs
            | Self::Tsi
            | Self::Sub
            | Self::Nss
            | Self::Sid
            | Self::Tsa
            | Self::Ira
            | Self::Dec
            | Self::Tk => Kind::Command,
            Self::Cfr | Self::Ftt | Self::Rk => Kind::TrainingResponse,
            Self::Fcd | Self::Rcp | Self::Ccd => Kind::PageData,
            Self::Eom
            | Self::Mps
            | Self::Eor
            | Self::Eop
            | Self::Rr
            | Self::Eos
            | Self::PriEom
            | Self::PriMps
            | Self::PriEop
            | Self::Pps
            | Self::Pss
            | Self::Ctc
            | Self::Tr
            | Self::Null => Kind::PostMessage,
            Self::Mcf
            | Self::Rtn
            | Self::Rtp
            | Self::Pin
            | Self::Pip
            | Self::Pid
            | Self::Rnr
            | Self::Err
            | Self::Ppr
            | Self::Fdm
            | Self::Ctr
            | Self::Tnr => Kind::PostResponse,
            Self::Dcn => Kind::Release,
            Self::Crp | Self::Fnv | Self::Dnk | Self::Unknown(_) => Kind::Other,
        }
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
