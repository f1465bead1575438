//! Text on its way to something that reads no UTF-8: ASCII, with the usual stand-ins.

use std::io::{self, Write};

use crate::view::plain;

/// What becomes of a character that is no ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandIn {
    /// An arrow of two characters, a mark, `\u{..}`.
    Text,
    /// The escape of JSON, which means the same.
    Json,
}

/// Passes on what is written to it, in ASCII.
#[derive(Debug)]
pub struct Ascii<W> {
    to: W,
    stand_in: StandIn,
    /// The octets of a character that is not whole yet.
    begun: Vec<u8>,
}

impl<W: Write> Ascii<W> {
    /// In front of a writer.
    pub fn new(to: W, stand_in: StandIn) -> Self {
        Self {
            to,
            stand_in,
            begun: Vec::new(),
        }
    }

    fn pass(&mut self, text: &str) -> io::Result<()> {
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            if c.is_ascii() {
                out.push(c);
                continue;
            }
            match self.stand_in {
                StandIn::Text => out.push_str(&plain(c.encode_utf8(&mut [0; 4]), true)),
                StandIn::Json => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        out.push_str(&format!("\\u{unit:04x}"));
                    }
                }
            }
        }
        self.to.write_all(out.as_bytes())
    }
}

impl<W: Write> Write for Ascii<W> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        if self.begun.is_empty() && octets.is_ascii() {
            return self.to.write(octets);
        }
        self.begun.extend_from_slice(octets);
        let all = std::mem::take(&mut self.begun);
        let whole = match std::str::from_utf8(&all) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => all.len(),
        };
        let (text, rest) = all.split_at_checked(whole).unwrap_or((&all, &[]));
        self.begun = rest.to_vec();
        self.pass(&String::from_utf8_lossy(text))?;
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(pieces: &[&[u8]], stand_in: StandIn) -> String {
        let mut out = Vec::new();
        let mut ascii = Ascii::new(&mut out, stand_in);
        for piece in pieces {
            ascii.write_all(piece).unwrap();
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn nothing_but_ascii_passes() {
        let text = "a → ✗ é🎃\u{1b}[m\n";
        let whole = written(&[text.as_bytes()], StandIn::Text);
        assert_eq!(whole, "a -> x \\u{e9}\\u{1f383}\u{1b}[m\n");
        let octets: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert_eq!(written(&octets, StandIn::Text), whole);
        assert_eq!(written(&[b"a\xffb"], StandIn::Text), "a?b");
    }

    #[test]
    fn json_means_the_same() {
        let json = written(&[r#""é🎃""#.as_bytes()], StandIn::Json);
        assert_eq!(json, r#""\u00e9\ud83c\udf83""#);
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), "é🎃");
    }
}
