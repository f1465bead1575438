//! Code points of T.38 (ITU-T T.38 Annex A, ASN.1 of 2002), labelled as in the ASN.1.

use crate::line::{Modem, SignalKind, Tone};
use crate::wire_enum::wire_enum;

wire_enum! {
    /// `Type-of-msg.t30-indicator`. Codes from 16 are extension additions of 2002.
    pub enum Indicator: u8 {
        NoSignal = 0, "no-signal";
        Cng = 1, "cng";
        Ced = 2, "ced";
        V21Preamble = 3, "v21-preamble";
        V27Training2400 = 4, "v27-2400-training";
        V27Training4800 = 5, "v27-4800-training";
        V29Training7200 = 6, "v29-7200-training";
        V29Training9600 = 7, "v29-9600-training";
        V17Short7200 = 8, "v17-7200-short-training";
        V17Long7200 = 9, "v17-7200-long-training";
        V17Short9600 = 10, "v17-9600-short-training";
        V17Long9600 = 11, "v17-9600-long-training";
        V17Short12000 = 12, "v17-12000-short-training";
        V17Long12000 = 13, "v17-12000-long-training";
        V17Short14400 = 14, "v17-14400-short-training";
        V17Long14400 = 15, "v17-14400-long-training";
        V8Ansam = 16, "v8-ansam";
        V8Signal = 17, "v8-signal";
        V34ControlChannel1200 = 18, "v34-cntl-channel-1200";
        V34PrimaryChannel = 19, "v34-pri-channel";
        V34ControlChannelRetrain = 20, "v34-CC-retrain";
        V33Training12000 = 21, "v33-12000-training";
        V33Training14400 = 22, "v33-14400-training";
    }
}

wire_enum! {
    /// `Type-of-msg.t30-data`. Codes from 9 are extension additions of 2002.
    pub enum DataType: u8 {
        V21 = 0, "v21";
        V27At2400 = 1, "v27-2400";
        V27At4800 = 2, "v27-4800";
        V29At7200 = 3, "v29-7200";
        V29At9600 = 4, "v29-9600";
        V17At7200 = 5, "v17-7200";
        V17At9600 = 6, "v17-9600";
        V17At12000 = 7, "v17-12000";
        V17At14400 = 8, "v17-14400";
        V8 = 9, "v8";
        V34PrimaryRate = 10, "v34-pri-rate";
        V34ControlChannel1200 = 11, "v34-CC-1200";
        V34PrimaryChannel = 12, "v34-pri-ch";
        V33At12000 = 13, "v33-12000";
        V33At14400 = 14, "v33-14400";
    }
}

wire_enum! {
    /// `Data-Field.field-type`. Codes from 8 exist in the ASN.1 of 2002 only.
    pub enum FieldType: u8 {
        HdlcData = 0, "hdlc-data";
        HdlcSigEnd = 1, "hdlc-sig-end";
        HdlcFcsOk = 2, "hdlc-fcs-OK";
        HdlcFcsBad = 3, "hdlc-fcs-BAD";
        HdlcFcsOkSigEnd = 4, "hdlc-fcs-OK-sig-end";
        HdlcFcsBadSigEnd = 5, "hdlc-fcs-BAD-sig-end";
        T4NonEcmData = 6, "t4-non-ecm-data";
        T4NonEcmSigEnd = 7, "t4-non-ecm-sig-end";
        CmMessage = 8, "cm-message";
        JmMessage = 9, "jm-message";
        CiMessage = 10, "ci-message";
        V34Rate = 11, "v34rate";
    }
}

impl Indicator {
    /// The modem that an indicator announces, and whether its training is long (V.17 only).
    pub fn training(self) -> Option<(Modem, Option<bool>)> {
        let (name, rate, long) = match self {
            Self::V27Training2400 => ("V.27ter", 2400, None),
            Self::V27Training4800 => ("V.27ter", 4800, None),
            Self::V29Training7200 => ("V.29", 7200, None),
            Self::V29Training9600 => ("V.29", 9600, None),
            Self::V17Short7200 => ("V.17", 7200, Some(false)),
            Self::V17Long7200 => ("V.17", 7200, Some(true)),
            Self::V17Short9600 => ("V.17", 9600, Some(false)),
            Self::V17Long9600 => ("V.17", 9600, Some(true)),
            Self::V17Short12000 => ("V.17", 12000, Some(false)),
            Self::V17Long12000 => ("V.17", 12000, Some(true)),
            Self::V17Short14400 => ("V.17", 14400, Some(false)),
            Self::V17Long14400 => ("V.17", 14400, Some(true)),
            Self::V33Training12000 => ("V.33", 12000, None),
            Self::V33Training14400 => ("V.33", 14400, None),
            Self::V34PrimaryChannel => ("V.34", 0, None),
            _ => return None,
        };
        Some((Modem { name, rate }, long))
    }

    /// What it puts on the line; `None` for an unknown indicator.
    pub fn signal(self) -> Option<SignalKind> {
        Some(match self {
            Self::NoSignal => SignalKind::Silence,
            Self::Cng => SignalKind::Tone(Tone::Cng),
            Self::Ced => SignalKind::Tone(Tone::Ced),
            Self::V8Ansam => SignalKind::Tone(Tone::AnsAm),
            Self::V21Preamble => SignalKind::Preamble,
            other => match other.training() {
                Some((modem, long)) => SignalKind::Training { modem, long },
                None => SignalKind::V8 {
                    name: other.label()?,
                    text: String::new(),
                },
            },
        })
    }

    /// The indicator that puts this on the line; `None` where T.38 has none, or sends it as data.
    pub fn of(signal: &SignalKind) -> Option<Self> {
        Some(match signal {
            SignalKind::Silence => Self::NoSignal,
            SignalKind::Tone(Tone::Cng) => Self::Cng,
            SignalKind::Tone(Tone::Ced) => Self::Ced,
            SignalKind::Tone(Tone::AnsAm) => Self::V8Ansam,
            SignalKind::Preamble => Self::V21Preamble,
            SignalKind::Training { modem, long } => {
                let trains = |known: &&Self| known.training() == Some((*modem, *long));
                *Self::KNOWN.iter().find(trains)?
            }
            _ => return None,
        })
    }
}

impl DataType {
    /// The modem that carries this data.
    pub fn modem(self) -> Modem {
        let (name, rate) = match self {
            Self::V21 => ("V.21", 300),
            Self::V27At2400 => ("V.27ter", 2400),
            Self::V27At4800 => ("V.27ter", 4800),
            Self::V29At7200 => ("V.29", 7200),
            Self::V29At9600 => ("V.29", 9600),
            Self::V17At7200 => ("V.17", 7200),
            Self::V17At9600 => ("V.17", 9600),
            Self::V17At12000 => ("V.17", 12000),
            Self::V17At14400 => ("V.17", 14400),
            Self::V8 => ("V.8", 0),
            Self::V34PrimaryRate | Self::V34PrimaryChannel => ("V.34", 0),
            Self::V34ControlChannel1200 => ("V.34", 1200),
            Self::V33At12000 => ("V.33", 12000),
            Self::V33At14400 => ("V.33", 14400),
            Self::Unknown(_) => ("unknown modem", 0),
        };
        Modem { name, rate }
    }

    /// Whether T.30 messages travel in this data: V.21, or the control channel of V.34.
    pub fn carries_control(self) -> bool {
        matches!(self, Self::V21 | Self::V34ControlChannel1200)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_indicator_is_told_by_its_signal() {
        for indicator in Indicator::KNOWN {
            let signal = indicator.signal().unwrap();
            if !matches!(signal, SignalKind::V8 { .. }) {
                assert_eq!(Indicator::of(&signal), Some(*indicator));
            }
        }
        assert_eq!(Indicator::Unknown(99).signal(), None);
    }
}
