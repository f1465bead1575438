//! Text of the network on its way to a screen, a terminal without UTF-8, and JSON.

use std::io::Write as _;

use crate::export::ascii::{Ascii, StandIn};
use crate::text::{is_hostile, lossy, visible};
use crate::view::plain;

/// Any octets as text: nothing hostile is left, ASCII is ASCII in whatever pieces it is written, JSON means the same.
pub fn text(octets: &[u8]) {
    let Some((size, octets)) = octets.split_first() else {
        return;
    };
    let text = lossy(octets);
    let shown = visible(&text);
    assert!(!shown.chars().any(is_hostile), "{shown:?}");
    assert!(plain(&text, true).is_ascii());
    let pieces = |stand_in: StandIn, octets: &[u8]| {
        let mut out = Vec::new();
        let mut ascii = Ascii::new(&mut out, stand_in);
        for piece in octets.chunks(usize::from(*size).max(1)) {
            let written = ascii.write_all(piece);
            assert!(written.is_ok());
        }
        drop(ascii);
        assert!(out.is_ascii());
        out
    };
    pieces(StandIn::Text, octets);
    let json = serde_json::to_vec(&*shown).unwrap_or_default();
    let json = pieces(StandIn::Json, &json);
    let back: Option<String> = serde_json::from_slice(&json).ok();
    assert_eq!(back.as_deref(), Some(&*shown));
}
