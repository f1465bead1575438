//! Pages rebuilt from T.38 against what the receiver's engine wrote (truth of faxgen).
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test"
)]

use std::path::Path;

use faxflow::api::analysis::Options;
use faxflow::api::analysis::reading::Analysis;
use faxflow::api::call::pages::CodedPage;
use faxflow::api::page::Bitmap;
use faxflow::api::t30::Fcf;
use serde_json::Value;

#[path = "support/shared.rs"]
mod shared;

/// Width, rows and CRC-32 of the pixels.
type Image = (u64, u64, String);

struct Found {
    coded: CodedPage,
    bitmap: Bitmap,
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
            let layout = coded.about.layout.unwrap();
            let (bitmap, tally) = Bitmap::decode(&coded.octets, &layout);
            assert_eq!(tally, coded.about.facts.tally);
            let image = (
                bitmap.width().into(),
                bitmap.rows().into(),
                crc(bitmap.octets()),
            );
            Found {
                coded,
                bitmap,
                image,
            }
        })
        .collect()
}

fn crc(octets: &[u8]) -> String {
    let mut crc = flate2::Crc::new();
    crc.update(octets);
    format!("{:08x}", crc.sum())
}

fn image(value: &Value) -> Image {
    (
        value["width"].as_u64().unwrap(),
        value["rows"].as_u64().unwrap(),
        value["crc32"].as_str().unwrap_or_default().to_owned(),
    )
}

/// Whether the capture has all that the receiver had, and nothing more.
fn is_as_received(truth: &Value, fax: &Value) -> bool {
    let recording = &truth["params"]["recording"];
    let partly = ["from", "to", "only"]
        .iter()
        .any(|part| recording[*part].as_f64() != Some(0.0));
    let links = fax["links"].as_array().unwrap();
    let same = |link: &Value| link["hidden_loss"] == true || link["lost"] == 0;
    let cut = truth["params"]["snaplen"] != 0;
    !partly && !cut && links.iter().filter(|link| link["type"] != "rtp").all(same)
}

/// A page at the receiver beside the one that was rebuilt.
fn compare(name: &str, page: &Value, found: &Found) {
    let tally = found.coded.about.facts.tally;
    let near = |field: &str, ours: u32| {
        let theirs = page[field].as_u64().unwrap();
        assert!(
            theirs.abs_diff(ours.into()) <= 2,
            "{name}: {field} {ours}, should be {theirs}"
        );
    };
    near("bad_rows", tally.bad_rows);
    near("longest_bad_run", tally.longest_bad_run);
    let (width, rows, _) = found.image;
    let (true_width, true_rows, true_crc) = image(page);
    // Of a page that broke off the last packets were still on their way to the receiver.
    let on_the_way = if page["after"] == "interrupted" { 8 } else { 0 };
    assert!(
        width == true_width && (true_rows..=true_rows + on_the_way).contains(&rows),
        "{name}: {width}x{rows}, should be {true_width}x{true_rows}"
    );
    let octets = found.bitmap.octets();
    let true_octets = usize::try_from(true_rows).unwrap() * found.bitmap.row_octets();
    assert!(
        true_crc.is_empty() || true_crc == crc(&octets[..true_octets]),
        "{name}: other pixels"
    );
    assert_eq!(
        found.coded.about.compression(),
        page["encoding"].as_str(),
        "{name}"
    );
}

#[test]
fn pages_are_those_of_the_receiver() {
    let compared = compare_all(&shared::own());
    assert!(compared > 10, "{compared}");
}

#[test]
#[cfg_attr(not(shared_captures), ignore = "needs ../shared")]
fn all_pages_are_those_of_the_receiver() {
    let directories = ["pages", "synthetic", "paths"];
    let compared: usize = (directories.iter())
        .map(|directory| compare_all(&shared::shared(directory)))
        .sum();
    assert!(compared > 100, "{compared}");
}

/// Compares the pages of all T.38 faxes of a directory; how many.
fn compare_all(directory: &Path) -> usize {
    let mut compared = 0;
    for (truth, capture) in shared::truths(directory) {
        let name = truth["name"].as_str().unwrap();
        for fax in truth["faxes"].as_array().unwrap() {
            if fax["mode"] != "t38" || !is_as_received(&truth, fax) {
                continue;
            }
            let received = fax["received_images"].as_array();
            let received: Vec<Image> = received.into_iter().flatten().map(image).collect();
            let last_leg = fax["calls"].as_array().unwrap().last().unwrap();
            let pages = found(&capture, last_leg.as_str().unwrap());
            // What the receiver refused or never saw the end of is in no file.
            let kept: Vec<Image> = pages
                .iter()
                .filter(|page| {
                    let about = &page.coded.about;
                    about.command.is_some() && about.answer != Some(Fcf::Rtn)
                })
                .map(|page| page.image.clone())
                .collect();
            if !received.is_empty() {
                assert_eq!(kept, received, "{name}");
                compared += kept.len();
            }
            let all = fax["pages"].as_array();
            for (page, found) in all.into_iter().flatten().zip(&pages) {
                compare(name, page, found);
                compared += 1;
            }
        }
    }
    compared
}
