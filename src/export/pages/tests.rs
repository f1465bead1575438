use ::png as png_decoder;

use super::*;
use crate::page::decode::encode;
use crate::page::{Coding, PageFacts, Resolution};

fn page(number: u32, rows: usize, width: usize) -> CodedPage {
    let pixels: Vec<Vec<bool>> = (0..rows)
        .map(|row| {
            (0..width)
                .map(|column| (column / 7 + row / 3) % 5 == 0)
                .collect()
        })
        .collect();
    let layout = Layout {
        coding: Coding::Mr,
        width: u32::try_from(width).unwrap(),
        resolution: Resolution { x: 204, y: 196 },
    };
    let octets = encode::mr(&pixels, 4);
    CodedPage {
        about: PageAttempt {
            facts: PageFacts::of(&octets, &layout),
            layout: Some(layout),
            ..PageAttempt::nothing(number)
        },
        octets,
    }
}

fn write_all(form: Form, force: bool, directory: &Path) -> Result<Vec<Written>, file::Error> {
    let target = Target {
        directory,
        force,
        captures: &["/dev/null".into()],
    };
    let mut again = page(2, 30, 2048);
    again.about.attempt = 2;
    let pages = [page(1, 50, 1728), page(2, 20, 2048), again];
    write(&target, CallNo(7), &pages, form)
}

#[test]
fn names_come_from_numbers_and_files_are_private() {
    let folder = tempfile::tempdir().unwrap();
    for (form, names) in [
        (
            Form::Tiff,
            vec!["call-7.tif", "call-7-page-2-attempt-1.tif"],
        ),
        (Form::Pdf, vec!["call-7.pdf", "call-7-page-2-attempt-1.pdf"]),
        (
            Form::Png,
            vec![
                "call-7-page-1.png",
                "call-7-page-2-attempt-1.png",
                "call-7-page-2.png",
            ],
        ),
    ] {
        let written = write_all(form, false, folder.path()).unwrap();
        let found: Vec<&str> = written
            .iter()
            .map(|one| one.path.file_name().unwrap().to_str().unwrap())
            .collect();
        assert_eq!(found, names);
        #[cfg(unix)]
        for one in &written {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&one.path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert!(matches!(
            write_all(form, false, folder.path()),
            Err(file::Error::IsThere(_))
        ));
        write_all(form, true, folder.path()).unwrap();
    }
}

#[test]
fn what_is_written_has_the_pixels() {
    let page = page(1, 50, 1728);
    let sheet = Sheet::of(&page).unwrap();
    let (again, tally) = Bitmap::decode(
        &g4::encode(&sheet.bitmap),
        &Layout {
            coding: Coding::Mmr,
            ..sheet.layout
        },
    );
    assert_eq!((tally.rows, tally.bad_rows, tally.ended), (50, 0, true));
    assert!(again.octets() == sheet.bitmap.octets());

    let octets = picture(&page).unwrap().unwrap();
    let mut reader = png_decoder::Decoder::new(io::Cursor::new(octets))
        .read_info()
        .unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.width, info.height), (1728, 50));
    let black_is_1: Vec<u8> = pixels.iter().map(|octet| !octet).collect();
    assert!(black_is_1 == sheet.bitmap.octets());
}
