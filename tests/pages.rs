//! Pages rebuilt from T.38 against what the receiver's engine wrote (../shared/captures, faxgen/README.md).
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a test"
)]

use std::path::Path;

use faxflow::analysis::Options;
use faxflow::analysis::reading::Analysis;
use faxflow::call::pages::CodedPage;
use faxflow::page::Bitmap;
use serde_json::Value;

#[path = "support/shared.rs"]
mod shared;

/// Width, rows and CRC-32 of the pixels.
type Image = (u64, u64, String);

struct Found {
    coded: CodedPage,
    image: Image,
}

fn found(capture: &Path, call_id: &str) -> Vec<Found> {
    let mut analysis = Analysis::open(Options {
        file: capture.to_owned(),
        ..Options::default()
    })
    .unwrap();
    analysis.read_all(|_| {}).unwrap();
    let Some(call) = analysis.by_call_id(call_id).or(analysis.numbers().next()) else {
        return Vec::new();
    };
    let pages = analysis.pages(call).unwrap();
    pages
        .into_iter()
        .map(|coded| {
            let (width, rows, crc) = coded.about.layout.map_or((0, 0, 0), |layout| {
                let (bitmap, tally) = Bitmap::decode(&coded.octets, &layout);
                assert_eq!(tally, coded.about.facts.tally);
                let mut crc = flate2::Crc::new();
                crc.update(bitmap.octets());
                (bitmap.width(), bitmap.rows(), crc.sum())
            });
            Found {
                coded,
                image: (width.into(), rows.into(), format!("{crc:08x}")),
            }
        })
        .collect()
}

fn image(value: &Value) -> Image {
    (
        value["width"].as_u64().unwrap(),
        value["rows"].as_u64().unwrap(),
        value["crc32"].as_str().unwrap_or_default().to_owned(),
    )
}

#[test]
fn look() {
    for directory in ["pages", "synthetic"] {
        let Some(directory) = shared::captures(directory) else {
            return;
        };
        for (truth, capture) in shared::truths(&directory) {
            for fax in truth["faxes"].as_array().unwrap() {
                if fax["mode"] == "audio" || fax["mode"] == "mismatch" {
                    continue;
                }
                let received: Vec<Image> = fax["received_images"].as_array().into_iter().flatten().map(image).collect();
                for call in fax["calls"].as_array().unwrap() {
                    let pages = found(&capture, call.as_str().unwrap());
                    let kept: Vec<&Image> = pages
                        .iter()
                        .filter(|page| page.coded.about.command.is_some() && page.coded.about.answer != Some("RTN"))
                        .map(|page| &page.image)
                        .collect();
                    if kept == received.iter().collect::<Vec<_>>() {
                        println!("OK {} {}", truth["name"], kept.len());
                        continue;
                    }
                    println!("DIFF {} {} received {received:?}", truth["name"], truth["expect"]);
                    if let Some(list) = fax["pages"].as_array() {
                        for page in list {
                            println!("    truth {} {} {:?} bad {} {}", page["after"], page["kept"], image(page), page["bad_rows"], page["longest_bad_run"]);
                        }
                    }
                    for page in pages {
                        let about = &page.coded.about;
                        println!(
                            "    {}/{} {:?} {:?} {:?} {:?} miss {} lost {} {:?}",
                            about.page, about.attempt, page.image, about.compression(), about.command, about.answer, about.missing_frames, about.lost_packets, about.facts.tally
                        );
                    }
                }
            }
        }
    }
}
