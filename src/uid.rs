//! Names by content: the same for the same thing, whoever makes them, wherever and when.

use std::fmt;

use sha2::{Digest, Sha256};

/// 128 bits of a SHA-256, shown as 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uid([u8; 16]);

impl Uid {
    /// Of some parts, with a line feed between one and the next: none of them may hold one.
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut digest = Sha256::new();
        for (place, part) in parts.iter().enumerate() {
            if place > 0 {
                digest.update(b"\n");
            }
            digest.update(part);
        }
        Self::from(digest)
    }

    /// Hexadecimal, without an allocation: each record of a list has several.
    fn digits(self) -> [u8; 32] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or_default();
        let mut text = [0; 32];
        for (pair, octet) in text.chunks_exact_mut(2).zip(self.0) {
            if let [high, low] = pair {
                (*high, *low) = (digit(octet >> 4), digit(octet & 15));
            }
        }
        text
    }
}

impl From<Sha256> for Uid {
    fn from(digest: Sha256) -> Self {
        let whole = digest.finalize();
        let mut uid = Self::default();
        for (octet, of_whole) in uid.0.iter_mut().zip(whole) {
            *octet = of_whole;
        }
        uid
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(&self.digits()).unwrap_or_default())
    }
}

impl serde::Serialize for Uid {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(str::from_utf8(&self.digits()).unwrap_or_default())
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Uid {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Uid".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[0-9a-f]{32}$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As any database makes it: `substr(sha256('a@b' || chr(10) || 'tag'), 1, 32)`.
    #[test]
    fn is_the_first_half_of_a_sha_256() {
        let uid = Uid::of(&[b"a@b", b"tag"]);
        assert_eq!(uid.to_string(), "461a3b3ca6cbe1c6c8c92774d5c1e8e8");
        assert_eq!(serde_json::to_string(&uid).unwrap(), format!("\"{uid}\""));
    }
}
