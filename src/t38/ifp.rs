//! IFP packets (T.38 Annex A): an indicator, or data in fields.
//!
//! Two encodings are in use. The ASN.1 of 1998 has a field type of three bits; that of 2002 has an extension
//! bit before it. Both are aligned PER, in which fields without data follow each other by the bit; but
//! much software begins each field on an octet. Each encoding is read in either layout.

use crate::t38::code::{DataType, FieldType, Indicator};
use crate::t38::per::{DecodeError, Reader};
use crate::t38::stats::Encoding;

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
        fields: Vec<IfpField<'o>>,
    },
}

/// One element of `data-field`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IfpField<'o> {
    /// `field-type`.
    pub field_type: FieldType,
    /// `field-data`; empty if it is not there.
    pub octets: &'o [u8],
}

/// Whether fields without data follow each other by the bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// Aligned PER to the letter.
    Packed,
    /// Each field begins on an octet.
    Octets,
}

impl<'o> Ifp<'o> {
    /// Decodes an IFP packet to its last octet.
    pub fn decode(octets: &'o [u8], encoding: Encoding) -> Result<Self, DecodeError> {
        let exact = |layout| {
            let (ifp, used) = decode_layout(octets, encoding, layout)?;
            if used == octets.len() {
                return Ok(ifp);
            }
            Err(DecodeError {
                offset: used,
                reason: "octets after the end of the IFP packet",
            })
        };
        let packed = exact(Layout::Packed);
        if packed.as_ref().is_ok_and(|ifp| ifp.oddities(encoding) == 0) {
            return packed;
        }
        match (packed, exact(Layout::Octets)) {
            (Ok(packed), Ok(aligned)) if aligned.oddities(encoding) < packed.oddities(encoding) => {
                Ok(aligned)
            }
            (Err(_), Ok(aligned)) => Ok(aligned),
            (packed, _) => packed,
        }
    }

    /// Decodes the IFP packet at the start of `octets`: the packet, and the octets it takes.
    pub fn decode_prefix(
        octets: &'o [u8],
        encoding: Encoding,
    ) -> Result<(Self, usize), DecodeError> {
        let packed = decode_layout(octets, encoding, Layout::Packed);
        if packed
            .as_ref()
            .is_ok_and(|(ifp, _)| ifp.oddities(encoding) == 0)
        {
            return packed;
        }
        decode_layout(octets, encoding, Layout::Octets).or(packed)
    }

    /// Decodes as far as the octets go (a packet that the snap length cut): the packet with its last field
    /// as far as it is there, and whether it is whole.
    pub fn decode_cut(octets: &'o [u8], encoding: Encoding) -> Result<(Self, bool), DecodeError> {
        if let Ok(ifp) = Self::decode(octets, encoding) {
            return Ok((ifp, true));
        }
        let mut reader = Reader::new(octets);
        let head = Head::decode(&mut reader)?;
        let Head::Data(data_type, true) = head else {
            return head.into_ifp(&reader).map(|ifp| (ifp, false));
        };
        let mut fields = Vec::new();
        // What was read before the cut is kept in `fields`.
        let _ = decode_fields(&mut reader, encoding, Layout::Octets, &mut fields);
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
        let odd = |field: &&IfpField<'_>| match field.field_type {
            FieldType::HdlcData => field.octets.is_empty(),
            FieldType::T4NonEcmData => control || field.octets.is_empty(),
            FieldType::T4NonEcmSigEnd => control,
            _ => false,
        };
        self.bad_fields(encoding) + fields.iter().filter(odd).count()
    }

    /// How many of its fields are against the rules: fields that have data but should not, fields that the
    /// encoding does not know.
    pub fn bad_fields(&self, encoding: Encoding) -> usize {
        let Self::Data { fields, .. } = self else {
            return 0;
        };
        let bad = |field: &&IfpField<'_>| {
            let empty = field.octets.is_empty();
            match field.field_type {
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
        };
        fields.iter().filter(bad).count()
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
                        && !fields.is_empty()
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

    /// The packet of a head that no fields follow.
    fn into_ifp(self, reader: &Reader<'_>) -> Result<Ifp<'static>, DecodeError> {
        match self {
            Self::Indicator(_, true) => Err(reader.error("indicator with a data field")),
            Self::Indicator(indicator, false) if indicator.label().is_none() => {
                Err(reader.error("unknown indicator"))
            }
            Self::Indicator(indicator, false) => Ok(Ifp::Indicator(indicator)),
            Self::Data(data_type, _) => Ok(Ifp::Data {
                data_type,
                fields: Vec::new(),
            }),
        }
    }
}

fn decode_layout(
    octets: &[u8],
    encoding: Encoding,
    layout: Layout,
) -> Result<(Ifp<'_>, usize), DecodeError> {
    let mut reader = Reader::new(octets);
    let head = Head::decode(&mut reader)?;
    let Head::Data(data_type, has_fields) = head else {
        return head.into_ifp(&reader).map(|ifp| (ifp, reader.offset()));
    };
    if data_type.label().is_none() {
        return Err(DecodeError {
            offset: 0,
            reason: "unknown data type",
        });
    }
    let mut fields = Vec::new();
    if has_fields {
        decode_fields(&mut reader, encoding, layout, &mut fields)?;
    }
    Ok((Ifp::Data { data_type, fields }, reader.offset()))
}

fn decode_fields<'o>(
    reader: &mut Reader<'o>,
    encoding: Encoding,
    layout: Layout,
    fields: &mut Vec<IfpField<'o>>,
) -> Result<(), DecodeError> {
    let (count, _) = reader.length()?;
    let mut bits = Bits::default();
    for _ in 0..count {
        let (field_type, has_data) = match encoding {
            Encoding::Asn1998 => head_1998(reader, &mut bits)?,
            Encoding::Asn2002 => head_2002(reader, &mut bits, layout)?,
        };
        if has_data || layout == Layout::Octets {
            bits.align(reader)?;
        }
        let mut octets = &[][..];
        if has_data {
            let size = usize::from(reader.u16("field length is cut off")?) + 1;
            let before = *reader;
            let (data, whole) = reader.take_some(size);
            octets = data;
            if !whole {
                fields.push(IfpField { field_type, octets });
                return Err(before.error("field is longer than the IFP packet"));
            }
        }
        fields.push(IfpField { field_type, octets });
    }
    bits.align(reader)
}

/// `field-data` present and `field-type` of 1998: four bits.
fn head_1998(reader: &mut Reader<'_>, bits: &mut Bits) -> Result<(FieldType, bool), DecodeError> {
    let head = bits.take(reader, 4)?;
    Ok((FieldType::from(head & 0x07), head & 0x08 != 0))
}

/// `field-data` present and `field-type` of 2002: five bits, more for additions.
fn head_2002(
    reader: &mut Reader<'_>,
    bits: &mut Bits,
    layout: Layout,
) -> Result<(FieldType, bool), DecodeError> {
    let head = bits.take(reader, 2)?;
    let has_data = head & 0x02 != 0;
    if head & 0x01 == 0 {
        return Ok((FieldType::from(bits.take(reader, 3)?), has_data));
    }
    // A normally small number: a 0, then six bits. spandsp has two zeros before the six bits; where that
    // shows (an odd number), it is taken so.
    let small = bits.take(reader, 1)?;
    let mut addition = bits.take(reader, 6)?;
    if layout == Layout::Octets && bits.octet & 0x80 != 0 {
        addition = addition << 1 | bits.take(reader, 1)?;
    }
    if small != 0 || addition > 3 {
        return Err(reader.error("unknown field type"));
    }
    Ok((FieldType::from(8 + addition), has_data))
}

/// Bits of the octet being read.
#[derive(Default)]
struct Bits {
    octet: u8,
    count: u8,
}

impl Bits {
    /// Up to eight bits, the first one the highest.
    fn take(&mut self, reader: &mut Reader<'_>, count: u8) -> Result<u8, DecodeError> {
        let mut value = 0;
        for _ in 0..count {
            if self.count == 0 {
                self.octet = reader.octet("field is cut off")?;
                self.count = 8;
            }
            value = value << 1 | self.octet >> 7;
            self.octet <<= 1;
            self.count -= 1;
        }
        Ok(value)
    }

    /// Skips to the next octet; bits that are not zero there tell that the layout is another one.
    fn align(&mut self, reader: &Reader<'_>) -> Result<(), DecodeError> {
        if self.octet != 0 {
            return Err(reader.error("padding is not zero"));
        }
        self.count = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
