//! A value written further in.

use std::io::{self, Write};

/// Writes some columns before each line.
pub(super) struct Indented<'w, W> {
    out: &'w mut W,
    before: &'static str,
    at_start: bool,
}

impl<'w, W: Write> Indented<'w, W> {
    pub(super) fn new(out: &'w mut W, before: &'static str) -> Self {
        Self {
            out,
            before,
            at_start: true,
        }
    }
}

impl<W: Write> Write for Indented<'_, W> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        for line in octets.split_inclusive(|octet| *octet == b'\n') {
            if self.at_start {
                self.out.write_all(self.before.as_bytes())?;
            }
            self.out.write_all(line)?;
            self.at_start = line.ends_with(b"\n");
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
