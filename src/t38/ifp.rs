//! IFP packets (T.38 Annex A): an indicator, or data in fields.
//!
//! Two encodings are in use. The ASN.1 of 1998 has a field type of three bits; that of 2002 has an extension
//! bit before it. Both are aligned PER, in which fields without data follow each other by the bit; but
//! much software begins each field on an octet. Each encoding is read in either layout.

use crate::t38::code::{DataType, FieldType, Indicator};
use crate::t38::per::{DecodeError, Reader};
use crate::t38::stats::Encoding;

mod fields;

use fields::Layout;
pub use fields::{Fields, IfpField};

/// An IFP packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ifp<'o> {
    /// `t30-indicator`.
    Indicator(Indicator),
    /// `t30-data`.
    Data {
        /// The modem.
        data_type: DataType,
        /// `data-field`; empty if it is not there.
        fields: Fields<'o>,
    },
}

impl<'o> Ifp<'o> {
    /// Decodes an IFP packet to its last octet.
    pub fn decode(octets: &'o [u8], encoding: Encoding) -> Result<Self, DecodeError> {
        let exact = |layout| {
            let found = decode_layout(octets, encoding, layout)?;
            if found.used == octets.len() {
                return Ok(found);
            }
            Err(Failure {
                error: DecodeError {
                    offset: found.used,
                    reason: "octets after the end of the IFP packet",
                },
                of_layout: true,
            })
        };
        let found = match exact(Layout::Packed) {
            Ok(packed) if packed.oddities == 0 => packed,
            Ok(packed) => match exact(Layout::Octets) {
                Ok(aligned) if aligned.oddities < packed.oddities => aligned,
                _ => packed,
            },
            Err(failure) if !failure.of_layout => return Err(failure.error),
            Err(failure) => exact(Layout::Octets).or(Err(failure.error))?,
        };
        Ok(found.ifp)
    }

    /// Decodes the IFP packet at the start of `octets`: the packet, and the octets it takes.
    pub fn decode_prefix(
        octets: &'o [u8],
        encoding: Encoding,
    ) -> Result<(Self, usize), DecodeError> {
        let found = match decode_layout(octets, encoding, Layout::Packed) {
            Ok(packed) if packed.oddities == 0 => Ok(packed),
            packed => decode_layout(octets, encoding, Layout::Octets).or(packed),
        };
        match found {
            Ok(found) => Ok((found.ifp, found.used)),
            Err(failure) => Err(failure.error),
        }
    }

    /// Decodes as far as the octets go (a packet that the snap length cut): the packet with its last field
    /// as far as it is there, and whether it is whole.
    pub fn decode_cut(octets: &'o [u8], encoding: Encoding) -> Result<(Self, bool), DecodeError> {
        if let Ok(ifp) = Self::decode(octets, encoding) {
            return Ok((ifp, true));
        }
        let mut reader = Reader::new(octets);
        let (data_type, has_fields) = match Head::decode(&mut reader)? {
            Head::Indicator(indicator, has_fields) => {
                let ifp = indication(indicator, has_fields, &reader)?;
                return Ok((ifp, false));
            }
            Head::Data(data_type, has_fields) => (data_type, has_fields),
        };
        let form = (encoding, Layout::Octets);
        // Nothing of the fields may be there.
        let fields =
            Fields::at(reader, has_fields, form).or_else(|_| Fields::at(reader, false, form))?;
        Ok((Self::Data { data_type, fields }, false))
    }

    /// Decodes by trial, `first` before the other encoding.
    pub fn decode_any(octets: &'o [u8], first: Encoding) -> Result<(Self, Encoding), DecodeError> {
        let second = match first {
            Encoding::Asn1998 => Encoding::Asn2002,
            Encoding::Asn2002 => Encoding::Asn1998,
        };
        match Self::decode(octets, first) {
            Ok(ifp) => Ok((ifp, first)),
            Err(error) => match Self::decode(octets, second) {
                Ok(ifp) if ifp.oddities(second) == 0 => Ok((ifp, second)),
                _ => Err(error),
            },
        }
    }

    /// How many of its fields make no sense: those of [`Self::bad_fields`], data fields without data, and
    /// image data in V.21 (spandsp does send both now and then). Used to tell the encodings apart.
    pub fn oddities(&self, encoding: Encoding) -> usize {
        let Self::Data { data_type, fields } = self else {
            return 0;
        };
        let control = data_type.carries_control();
        let odd = |field: &IfpField<'_>| field.is_odd(encoding, control);
        fields.clone().filter(odd).count()
    }

    /// How many of its fields are against the rules: fields that have data but should not, fields that the
    /// encoding does not know.
    pub fn bad_fields(&self, encoding: Encoding) -> usize {
        let Self::Data { fields, .. } = self else {
            return 0;
        };
        fields
            .clone()
            .filter(|field| field.is_bad(encoding))
            .count()
    }
}

impl IfpField<'_> {
    /// Whether it makes no sense in data that carry control or not, see [`Ifp::oddities`].
    fn is_odd(&self, encoding: Encoding, control: bool) -> bool {
        match self.field_type {
            FieldType::HdlcData => self.octets.is_empty(),
            FieldType::T4NonEcmData => control || self.octets.is_empty(),
            FieldType::T4NonEcmSigEnd => control,
            _ => self.is_bad(encoding),
        }
    }

    /// Whether it is against the rules, see [`Ifp::bad_fields`].
    fn is_bad(&self, encoding: Encoding) -> bool {
        let empty = self.octets.is_empty();
        match self.field_type {
            // Some software puts the last octets of a page into `t4-non-ecm-sig-end`.
            FieldType::HdlcData | FieldType::T4NonEcmData | FieldType::T4NonEcmSigEnd => false,
            FieldType::HdlcSigEnd
            | FieldType::HdlcFcsOk
            | FieldType::HdlcFcsBad
            | FieldType::HdlcFcsOkSigEnd
            | FieldType::HdlcFcsBadSigEnd => !empty,
            FieldType::CmMessage
            | FieldType::JmMessage
            | FieldType::CiMessage
            | FieldType::V34Rate => encoding == Encoding::Asn1998 || empty,
            FieldType::Unknown(_) => true,
        }
    }
}

/// Whether octets are an IFP packet in one of the encodings, with known codes and nothing left over.
pub fn is_valid(octets: &[u8]) -> bool {
    [Encoding::Asn1998, Encoding::Asn2002]
        .into_iter()
        .any(|encoding| {
            Ifp::decode(octets, encoding).is_ok_and(|ifp| match &ifp {
                Ifp::Indicator(indicator) => indicator.label().is_some(),
                Ifp::Data { data_type, fields } => {
                    data_type.label().is_some()
                        && fields.clone().next().is_some()
                        && ifp.bad_fields(encoding) == 0
                }
            })
        })
}

/// `type-of-msg` of an IFP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageType {
    /// `t30-indicator`.
    Indicator(Indicator),
    /// `t30-data`.
    Data(DataType),
}

/// The type of the IFP packet that begins with `octets`.
pub fn type_of(octets: &[u8]) -> Option<MessageType> {
    match Head::decode(&mut Reader::new(octets)).ok()? {
        Head::Indicator(indicator, _) => Some(MessageType::Indicator(indicator)),
        Head::Data(data_type, _) => Some(MessageType::Data(data_type)),
    }
}

/// Whether an IFP packet carries data of a fast modem.
pub fn fast_data(octets: &[u8]) -> bool {
    matches!(type_of(octets), Some(MessageType::Data(data_type)) if !data_type.carries_control())
}

/// `type-of-msg`, and whether a data field follows.
#[derive(Clone, Copy)]
enum Head {
    Indicator(Indicator, bool),
    Data(DataType, bool),
}

impl Head {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let first = reader.octet("IFP packet is empty")?;
        let has_fields = first & 0x80 != 0;
        let is_data = first & 0x40 != 0;
        let (low, extended) = if first & 0x20 == 0 {
            (first >> 1 & 0x0F, false)
        } else {
            // A normally small number (X.691 10.6): a 0, then six bits.
            let second = reader.octet("extended type is cut off")?;
            ((first & 0x0F) << 2 | second >> 6, true)
        };
        let base = match (is_data, extended) {
            (_, false) => 0,
            (false, true) => 16,
            (true, true) => 9,
        };
        // Additions are numbered from 16 or 9; a base code above 8 is none of the data types' additions.
        if is_data && !extended && low > 8 {
            return Ok(Self::Data(DataType::Unknown(0x80 | low), has_fields));
        }
        Ok(if is_data {
            Self::Data(DataType::from(base + low), has_fields)
        } else {
            Self::Indicator(Indicator::from(base + low), has_fields)
        })
    }
}

/// An indicator; no fields follow it.
fn indication(
    indicator: Indicator,
    has_fields: bool,
    reader: &Reader<'_>,
) -> Result<Ifp<'static>, DecodeError> {
    if has_fields {
        return Err(reader.error("indicator with a data field"));
    }
    if indicator.label().is_none() {
        return Err(reader.error("unknown indicator"));
    }
    Ok(Ifp::Indicator(indicator))
}

/// An IFP packet in a layout.
struct Found<'o> {
    ifp: Ifp<'o>,
    /// Octets that it takes.
    used: usize,
    /// See [`Ifp::oddities`].
    oddities: usize,
}

/// Why octets are no IFP packet in a layout.
#[derive(Clone, Copy)]
struct Failure {
    error: DecodeError,
    /// In the other layout they may be one.
    of_layout: bool,
}

impl From<DecodeError> for Failure {
    fn from(error: DecodeError) -> Self {
        Self {
            error,
            of_layout: false,
        }
    }
}

fn decode_layout(octets: &[u8], encoding: Encoding, layout: Layout) -> Result<Found<'_>, Failure> {
    let mut reader = Reader::new(octets);
    let (data_type, has_fields) = match Head::decode(&mut reader)? {
        Head::Indicator(indicator, has_fields) => {
            let ifp = indication(indicator, has_fields, &reader)?;
            return Ok(Found {
                ifp,
                used: reader.offset(),
                oddities: 0,
            });
        }
        Head::Data(data_type, has_fields) => (data_type, has_fields),
    };
    if data_type.label().is_none() {
        let error = DecodeError {
            offset: 0,
            reason: "unknown data type",
        };
        return Err(error.into());
    }
    let fields = Fields::at(reader, has_fields, (encoding, layout))?;
    let control = data_type.carries_control();
    let mut oddities = 0;
    let mut through = fields.clone();
    let used = through
        .end(|field| oddities += usize::from(field.is_odd(encoding, control)))
        .map_err(|error| Failure {
            error,
            of_layout: through.depends_on_layout(),
        })?;
    Ok(Found {
        ifp: Ifp::Data { data_type, fields },
        used,
        oddities,
    })
}

#[cfg(test)]
mod tests;
