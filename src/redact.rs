//! `--redact`: what tells who and where is replaced, the same thing by the same stand-in everywhere, of the same length
//! and kind.
//!
//! The packets are redacted first: the capture is written anew (`capture`), and every output reads that one, so all
//! of them agree. Frames keep their numbers, times and sizes. Replaced are addresses (IP, Ethernet, those that ICMP, tunnels
//! and HEP name), in SIP all but its vocabulary (`sip`, `scan`), idents and pages in T.38 (`line`, `blank`), sound. What a stand-in is,
//! a key decides that is drawn for each run; `--redact-map` keeps key and map at home.

use std::io::{self, Seek};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::analysis::reading::Analysis;
use crate::redact::scan::{Mode, Scanner};
use crate::redact::stand_in::StandIns;

mod blank;
mod capture;
mod line;
mod scan;
mod sip;
mod stand_in;
mod tcp;

/// What a map says it is.
const SCHEMA: &str = "faxflow/redact/1";
/// Keys that are tried until no stand-in is something that is replaced.
const TRIES: usize = 32;

/// The stand-ins of one run.
#[derive(Clone, Debug)]
pub struct Redaction(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    instead: StandIns,
    /// The key may not be drawn anew: a map has it, or something was shown.
    settled: bool,
}

/// A key that nobody knows: the system seeds the hashes of each map.
fn draw_key() -> [u8; 16] {
    use std::hash::{BuildHasher, RandomState};
    let mut digest = Sha256::new();
    for _ in 0..4 {
        digest.update(RandomState::new().hash_one(0_u8).to_le_bytes());
    }
    let mut key = [0; 16];
    for (place, octet) in key.iter_mut().zip(digest.finalize()) {
        *place = octet;
    }
    key
}

impl Redaction {
    /// With the key of a map that is there, else with a new one.
    pub fn new(map: Option<&Path>) -> io::Result<Self> {
        let known = match map.map(std::fs::read) {
            Some(Ok(text)) => Some(text),
            Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => None,
        };

        let key =
            match known.as_deref() {
                None | Some([]) => None,
                Some(text) => {
                    let document: Value = serde_json::from_slice(text)?;
                    let key = document.get("key").and_then(Value::as_str);
                    Some(key.and_then(from_hex).ok_or_else(|| {
                        io::Error::other("it is there and is no map of --redact-map")
                    })?)
                }
            };
        Ok(Self(Arc::new(Mutex::new(State {
            instead: StandIns::new(key.unwrap_or_else(draw_key)),
            settled: key.is_some(),
        }))))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the capture anew; whether sound was replaced.
    pub fn rewrite(&self, analysis: &Analysis, out: &mut std::fs::File) -> io::Result<bool> {
        let mut state = self.state();
        for attempt in 1.. {
            let written = {
                let mut buffered = io::BufWriter::new(&mut *out);
                let written = capture::rewrite(analysis, &mut state.instead, &mut buffered);
                io::Write::flush(&mut buffered)?;
                written?
            };
            if state.settled || state.instead.are_sound() || attempt >= TRIES {
                state.settled = true;
                return Ok(written);
            }
            // By chance a stand-in is something else that is replaced.
            state.instead = StandIns::new(draw_key());
            out.rewind()?;
            out.set_len(0)?;
        }
        Ok(false)
    }

    /// A text with its stand-ins: a file name, a note.
    pub fn text(&self, text: &str) -> String {
        let mut state = self.state();
        let out = Scanner::new(text.as_bytes(), Mode::Words, &mut state.instead).run();
        String::from_utf8_lossy(&out).into_owned()
    }

    /// The stand-in of an address.
    pub fn address(&self, addr: std::net::IpAddr) -> std::net::IpAddr {
        self.state().instead.address(addr)
    }

    /// The stand-in of a number.
    pub fn number(&self, number: &str) -> String {
        let mut octets = number.as_bytes().to_vec();
        self.state().instead.number(&mut octets);
        String::from_utf8_lossy(&octets).into_owned()
    }

    /// The map as JSON: the key, and original to stand-in.
    pub fn map(&self) -> String {
        let state = self.state();
        let map: Map<String, Value> = (state.instead.all())
            .map(|(thing, instead)| (thing.to_owned(), Value::from(instead)))
            .collect();
        let key = to_hex(&state.instead.key());
        let document = json!({ "schema": SCHEMA, "key": key, "map": map });
        let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
        text.push('\n');
        text
    }
}

fn to_hex(octets: &[u8]) -> String {
    use std::fmt::Write as _;
    octets.iter().fold(String::new(), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}

fn from_hex(text: &str) -> Option<[u8; 16]> {
    let mut key = [0; 16];
    if text.len() != 2 * key.len() {
        return None;
    }
    for (at, octet) in key.iter_mut().enumerate() {
        *octet = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(key)
}
