//! The tag of a side of a dialog.

/// Octets of a tag that needs no memory of its own; nearly all have 8 to 20.
const SHORT: usize = 22;

/// A tag of RFC 3261 19.3, kept once for each dialog.
#[derive(Clone, Debug)]
pub(super) enum Tag {
    Short { len: u8, octets: [u8; SHORT] },
    Long(Box<[u8]>),
}

impl Tag {
    /// The tag as it stands in a message.
    pub(super) fn octets(&self) -> &[u8] {
        match self {
            Self::Short { len, octets } => octets.get(..usize::from(*len)).unwrap_or_default(),
            Self::Long(octets) => octets,
        }
    }

    /// Keeps a tag where it is to be kept: made elsewhere it would be moved before it is all written.
    pub(super) fn keep(place: &mut Option<Self>, tag: &[u8]) {
        let short = Self::Short {
            len: 0,
            octets: [0; SHORT],
        };
        let Self::Short { len, octets } = place.insert(short) else {
            return;
        };
        match (octets.get_mut(..tag.len()), u8::try_from(tag.len())) {
            (Some(own), Ok(own_len)) => {
                own.copy_from_slice(tag);
                *len = own_len;
            }
            _ => *place = Some(Self::Long(tag.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_back_a_tag_of_any_length() {
        for len in 0..300 {
            let tag = vec![b'x'; len];
            let mut kept = None;
            Tag::keep(&mut kept, &tag);
            assert_eq!(kept.unwrap().octets(), tag);
        }
        assert_eq!(size_of::<Option<Tag>>(), 24);
    }
}
