//! TIFF with one directory a page, bilevel, T.6; resolutions are told by their names, as in RFC 3949 (TIFF-FX).

use std::io::{self, Cursor};

use tiff::encoder::{Rational, TiffEncoder, TiffKindStandard};
use tiff::tags::{ResolutionUnit, Tag};

use super::{Sheet, g4};

/// Compression 4: T.6.
const GROUP_4: u16 = 4;
/// Photometric interpretation 0: a bit of 0 is white.
const MIN_IS_WHITE: u16 = 0;
/// New subfile type 2: a page of several.
const PAGE: u32 = 2;

pub(super) fn write(out: &mut Vec<u8>, sheets: impl Iterator<Item = Sheet>) -> io::Result<()> {
    let mut to = Cursor::new(out);
    let mut file = TiffEncoder::<_, TiffKindStandard>::new(&mut to).map_err(io::Error::other)?;
    for sheet in sheets {
        add(&mut file, &sheet).map_err(io::Error::other)?;
    }
    Ok(())
}

fn add(
    file: &mut TiffEncoder<&mut Cursor<&mut Vec<u8>>, TiffKindStandard>,
    sheet: &Sheet,
) -> tiff::TiffResult<()> {
    let coded = g4::encode(&sheet.bitmap);
    let mut page = file.image_directory()?;
    let at = page.write_data(coded.as_slice())?;
    let at = u32::try_from(at)?;
    let (rows, octets) = (sheet.bitmap.rows(), u32::try_from(coded.len())?);
    let per_inch = |n| Rational { n, d: 1 };
    page.write_tag(Tag::NewSubfileType, PAGE)?;
    page.write_tag(Tag::ImageWidth, sheet.bitmap.width())?;
    page.write_tag(Tag::ImageLength, rows)?;
    page.write_tag(Tag::BitsPerSample, 1_u16)?;
    page.write_tag(Tag::SamplesPerPixel, 1_u16)?;
    page.write_tag(Tag::Compression, GROUP_4)?;
    page.write_tag(Tag::PhotometricInterpretation, MIN_IS_WHITE)?;
    page.write_tag(Tag::RowsPerStrip, rows)?;
    page.write_tag(Tag::StripOffsets, at)?;
    page.write_tag(Tag::StripByteCounts, octets)?;
    page.write_tag(Tag::XResolution, per_inch(sheet.layout.resolution.x))?;
    page.write_tag(Tag::YResolution, per_inch(sheet.layout.resolution.y))?;
    page.write_tag(Tag::ResolutionUnit, ResolutionUnit::Inch.to_u16())?;
    page.finish()
}
