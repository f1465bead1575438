//! PNG of one page: a bit a pixel, black 0, size of the pixels told.

use std::io;

use png::{BitDepth, ColorType, Encoder, PixelDimensions, Unit};

use super::Sheet;
use crate::call::pages::CodedPage;

pub(super) fn write(out: &mut Vec<u8>, sheet: &Sheet) -> io::Result<()> {
    let bitmap = &sheet.bitmap;
    let (x, y) = sheet.layout.resolution.per_mm();
    let mut encoder = Encoder::new(out, bitmap.width(), bitmap.rows());
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::One);
    encoder.set_pixel_dims(Some(PixelDimensions {
        xppu: per_metre(x),
        yppu: per_metre(y),
        unit: Unit::Meter,
    }));
    // In grey a bit of 1 is white.
    let pixels: Vec<u8> = bitmap.octets().iter().map(|octet| !octet).collect();
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(())
}

fn per_metre(per_mm: f64) -> u32 {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most 48 dots per mm"
    )]
    let dots = (per_mm * 1000.0).round() as u32;
    dots
}

/// A page as PNG; `None` where it has no rows.
///
/// # Errors
/// None but those of the encoder.
pub fn picture(page: &CodedPage) -> io::Result<Option<Vec<u8>>> {
    let Some(sheet) = Sheet::of(page) else {
        return Ok(None);
    };
    let mut out = Vec::new();
    write(&mut out, &sheet)?;
    Ok(Some(out))
}
