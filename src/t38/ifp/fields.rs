//! `data-field` of an IFP packet, field by field.

use crate::t38::code::FieldType;
use crate::t38::per::{DecodeError, Reader};
use crate::t38::stats::Encoding;

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
pub(super) enum Layout {
    /// Aligned PER to the letter.
    Packed,
    /// Each field begins on an octet.
    Octets,
}

/// The fields, decoded each time they are gone through: most packets have one or two, which costs less than a
/// list of them. Of a packet that is cut the last one is what is there of it.
#[derive(Clone, Debug)]
pub struct Fields<'o> {
    reader: Reader<'o>,
    bits: Bits,
    left: usize,
    encoding: Encoding,
    layout: Layout,
    /// The last field is longer than the packet.
    cut: bool,
    /// What has been read would be something else in the other layout.
    parted: bool,
}

impl<'o> Fields<'o> {
    /// `data-field` that begins where `reader` stands, if there is one. Nothing is known yet of the fields
    /// themselves, see [`Self::end`].
    pub(super) fn at(
        mut reader: Reader<'o>,
        is_there: bool,
        (encoding, layout): (Encoding, Layout),
    ) -> Result<Self, DecodeError> {
        let left = if is_there { reader.length()?.0 } else { 0 };
        Ok(Self {
            reader,
            bits: Bits::default(),
            left,
            encoding,
            layout,
            cut: false,
            parted: false,
        })
    }

    /// Whether what has been gone through would be something else in the other layout.
    pub(super) fn depends_on_layout(&self) -> bool {
        self.parted
    }

    /// Shows all fields: where the last one ends, or why one of them does not decode.
    pub(super) fn end(&mut self, mut see: impl FnMut(&IfpField<'o>)) -> Result<usize, DecodeError> {
        while self.left > 0 {
            let field = self.step()?;
            see(&field);
            if self.cut {
                return Err(DecodeError {
                    offset: self.reader.offset() - field.octets.len(),
                    reason: "field is longer than the IFP packet",
                });
            }
        }
        self.bits.align(&self.reader)?;
        Ok(self.reader.offset())
    }

    /// The next one of those left.
    fn step(&mut self) -> Result<IfpField<'o>, DecodeError> {
        self.left -= 1;
        let (reader, bits) = (&mut self.reader, &mut self.bits);
        let (field_type, has_data) = match self.encoding {
            Encoding::Asn1998 => head_1998(reader, bits)?,
            Encoding::Asn2002 => head_2002(reader, bits, self.layout)?,
        };
        self.parted |= !has_data || field_type.code() >= 8;
        if has_data || self.layout == Layout::Octets {
            bits.align(reader)?;
        }
        let mut octets = &[][..];
        if has_data {
            let size = usize::from(reader.u16("field length is cut off")?) + 1;
            let (data, whole) = reader.take_some(size);
            octets = data;
            self.cut = !whole;
        }
        Ok(IfpField { field_type, octets })
    }
}

impl<'o> Iterator for Fields<'o> {
    type Item = IfpField<'o>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 || self.cut {
            return None;
        }
        let field = self.step().ok();
        if field.is_none() {
            self.left = 0;
        }
        field
    }
}

impl PartialEq for Fields<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.clone().eq(other.clone())
    }
}

impl Eq for Fields<'_> {}

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
#[derive(Clone, Copy, Debug, Default)]
struct Bits {
    octet: u8,
    count: u8,
}

impl Bits {
    /// Up to eight bits, the first one the highest.
    fn take(&mut self, reader: &mut Reader<'_>, count: u8) -> Result<u8, DecodeError> {
        let mut value = 0;
        let mut wanted = count;
        while wanted > 0 {
            if self.count == 0 {
                self.octet = reader.octet("field is cut off")?;
                self.count = 8;
            }
            let at_once = wanted.min(self.count);
            let [taken, rest] = (u16::from(self.octet) << at_once).to_be_bytes();
            value = value << at_once | u16::from(taken);
            self.octet = rest;
            self.count -= at_once;
            wanted -= at_once;
        }
        let [_, value] = value.to_be_bytes();
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
