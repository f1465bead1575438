//! Rows coded by T.6, for TIFF and PDF.

use fax::encoder::Encoder;
use fax::{Color, VecWriter};

use crate::page::Bitmap;

/// The whole page, ended by EOFB.
pub(super) fn encode(bitmap: &Bitmap) -> Vec<u8> {
    let mut encoder = Encoder::new(VecWriter::new());
    let width = usize::try_from(bitmap.width()).unwrap_or_default();
    for row in 0..bitmap.rows() {
        let pixels = fax::slice_bits(bitmap.row(row)).take(width);
        let colours = pixels.map(|black| if black { Color::Black } else { Color::White });
        // Memory takes everything: its error type has no value.
        let Ok(()) = encoder.encode_line(colours, bitmap.width());
    }
    let Ok(writer) = encoder.finish();
    writer.finish()
}
