//! PDF with one page of paper for each page, as large as the page was, in mm.

use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref};

use super::{Sheet, g4};
use crate::page::layout::MM_PER_INCH;

/// PDF units of an inch.
const POINTS_PER_INCH: f64 = 72.0;
/// Name of the picture on each page.
const PICTURE: Name<'_> = Name(b"Page");

pub(super) fn write(out: &mut Vec<u8>, sheets: impl Iterator<Item = Sheet>) {
    let mut pdf = Pdf::new();
    let mut ids = (1..).map(Ref::new);
    let mut id = || ids.next().unwrap_or(Ref::new(i32::MAX));
    let (catalog, tree) = (id(), id());
    let mut pages = Vec::new();
    for sheet in sheets {
        let own = (id(), id(), id());
        add(&mut pdf, &sheet, tree, own);
        pages.push(own.0);
    }
    if pages.is_empty() {
        return;
    }
    pdf.catalog(catalog).pages(tree);
    let count = i32::try_from(pages.len()).unwrap_or(i32::MAX);
    pdf.pages(tree).kids(pages).count(count);
    *out = pdf.finish();
}

fn add(pdf: &mut Pdf, sheet: &Sheet, tree: Ref, (page, picture, content): (Ref, Ref, Ref)) {
    let (x, y) = sheet.layout.resolution.per_mm();
    let size = |dots: u32, per_mm: f64| {
        let points = f64::from(dots) / per_mm / MM_PER_INCH * POINTS_PER_INCH;
        #[allow(clippy::cast_possible_truncation, reason = "a few thousand points")]
        let points = points as f32;
        points
    };
    let (columns, rows) = (sheet.bitmap.width(), sheet.bitmap.rows());
    let (width, height) = (size(columns, x), size(rows, y));
    let mut sheet_of_paper = pdf.page(page);
    sheet_of_paper.media_box(Rect::new(0.0, 0.0, width, height));
    sheet_of_paper.parent(tree);
    sheet_of_paper.contents(content);
    sheet_of_paper
        .resources()
        .x_objects()
        .pair(PICTURE, picture);
    sheet_of_paper.finish();

    let coded = g4::encode(&sheet.bitmap);
    let (columns, rows) = (to_i32(columns), to_i32(rows));
    let mut image = pdf.image_xobject(picture, &coded);
    image.filter(Filter::CcittFaxDecode);
    image.width(columns);
    image.height(rows);
    image.color_space().device_gray();
    image.bits_per_component(1);
    image.decode_parms().k(-1).columns(columns).rows(rows);
    image.finish();

    let mut drawing = Content::new();
    drawing.save_state();
    drawing.transform([width, 0.0, 0.0, height, 0.0, 0.0]);
    drawing.x_object(PICTURE);
    drawing.restore_state();
    pdf.stream(content, &drawing.finish());
}

fn to_i32(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
