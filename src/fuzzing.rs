//! What the fuzz targets of `fuzz/` and `tests/corpus.rs` do with octets, one function a target.
//!
//! Every function takes anything and returns; a panic is a finding, and so is a broken promise: more found
//! than octets can hold, rows wider than asked for, a character that steers a terminal in a row or a file.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};

use crate::capture::Endpoint;
use crate::field::Field;
use crate::text::{is_hostile, is_plain_ascii};
use crate::view::Row;

mod capture;
mod config;
mod media;
mod pipeline;
mod signalling;
mod text;

pub use capture::{link, reader};
pub use config::config;
pub use media::{ifp, page, rtp, t30_frame, t38_stream, udptl};
pub use pipeline::pipeline;
pub use signalling::{framing, sdp, sip};
pub use text::text;

/// A target by its name.
pub type Target = (&'static str, fn(&[u8]));

/// All targets, named as in `fuzz/corpus/<name>`.
pub const TARGETS: &[Target] = &[
    ("reader", reader),
    ("link", link),
    ("sip", sip),
    ("sdp", sdp),
    ("framing", framing),
    ("udptl", udptl),
    ("ifp", ifp),
    ("t30_frame", t30_frame),
    ("t38_stream", t38_stream),
    ("rtp", rtp),
    ("page", page),
    ("text", text),
    ("config", config),
    ("pipeline", pipeline),
];

/// Columns of the rows that are drawn.
const WIDTH: usize = 100;

/// Rows steer no terminal, and keep to their width.
fn harmless(rows: &[Row], width: Option<usize>) {
    for row in rows {
        let text = row.text();
        assert!(is_harmless(&text), "a hostile row: {text:?}");
        if let Some(width) = width {
            assert!(
                row.width() <= width,
                "a row of {} columns: {text}",
                row.width()
            );
        }
    }
}

fn harmless_text(text: &str) {
    let bad = text.lines().find(|line| !is_harmless(line));
    assert!(bad.is_none(), "a hostile line: {bad:?}");
}

fn is_harmless(text: &str) -> bool {
    is_plain_ascii(text) || !text.chars().any(is_hostile)
}

/// Fields say no more than a stated multiple of what was sent.
fn bounded(fields: &[Field], octets: &[u8]) {
    assert!(
        fields.len() <= 1000 + 8 * octets.len(),
        "{} fields of {} octets",
        fields.len(),
        octets.len()
    );
}

/// The input as records: one octet that says how long, then as many octets as there are.
fn records(mut octets: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (len, rest) = octets.split_first()?;
        // Above 200 in steps, so that a record may be as long as a datagram.
        let len = match usize::from(*len) {
            len @ ..=200 => len,
            long => 200 + (long - 200) * 24,
        };
        let (record, rest) = rest.split_at(len.min(rest.len()));
        octets = rest;
        Some(record)
    })
}

fn endpoint(host: u8) -> Endpoint {
    Endpoint::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, host)), 4000)
}

fn file_of(octets: &[u8]) -> Option<tempfile::NamedTempFile> {
    let mut file = tempfile::NamedTempFile::new().ok()?;
    file.write_all(octets).ok()?;
    file.flush().ok()?;
    Some(file)
}
