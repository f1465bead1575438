//! The texts of all dialogs in one buffer: scans over a hundred thousand dialogs read memory in order, and no text is
//! allocated on its own.

use crate::call::index::{DialogEntry, Index};

/// The texts of all dialogs.
#[derive(Debug, Default)]
pub(super) struct Texts {
    /// Call-IDs and tags.
    octets: Vec<u8>,
    /// From and To.
    text: String,
}

/// Where the texts of one dialog are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct NamesAt {
    /// Where Call-ID and tag begin, and From and To.
    begin: (usize, usize),
    /// Octets of Call-ID, tag, From and To.
    lens: [u32; 4],
    has_call_id: bool,
}

impl NamesAt {
    /// Whether there is a Call-ID among them.
    pub(super) const fn has_call_id(&self) -> bool {
        self.has_call_id
    }
}

impl Texts {
    /// Takes in the texts of a dialog.
    pub(super) fn add(
        &mut self,
        call_id: Option<&[u8]>,
        caller_tag: &[u8],
        from: &str,
        to: &str,
    ) -> NamesAt {
        let begin = (self.octets.len(), self.text.len());
        let octets = [call_id.unwrap_or_default(), caller_tag];
        for one in octets {
            self.octets.extend_from_slice(one);
        }
        self.text.push_str(from);
        self.text.push_str(to);
        let [call_id_len, tag_len] = octets.map(|one| len(one.len()));
        NamesAt {
            begin,
            lens: [call_id_len, tag_len, len(from.len()), len(to.len())],
            has_call_id: call_id.is_some(),
        }
    }

    /// The texts of a dialog.
    pub(super) fn of(&self, dialog: &DialogEntry) -> Names<'_> {
        Names {
            texts: self,
            at: dialog.names,
        }
    }
}

/// The texts of one dialog.
#[derive(Clone, Copy, Debug)]
pub struct Names<'t> {
    texts: &'t Texts,
    at: NamesAt,
}

impl<'t> Names<'t> {
    /// Call-ID; `None`: media found by content, or no message has one.
    pub fn call_id(self) -> Option<&'t [u8]> {
        let [call_id, ..] = self.at.lens;
        self.at.has_call_id.then(|| self.octets(0, call_id))
    }

    /// Tag of the side that sent the first request.
    pub fn caller_tag(self) -> &'t [u8] {
        let [call_id, tag, ..] = self.at.lens;
        self.octets(size(call_id), tag)
    }

    /// User or host of `From`.
    pub fn from(self) -> &'t str {
        let [_, _, from, _] = self.at.lens;
        self.text(0, from)
    }

    /// User or host of `To`.
    pub fn to(self) -> &'t str {
        let [_, _, from, to] = self.at.lens;
        self.text(size(from), to)
    }

    fn octets(self, after: usize, len: u32) -> &'t [u8] {
        let begin = self.at.begin.0 + after;
        let octets = self.texts.octets.get(begin..begin + size(len));
        octets.unwrap_or_default()
    }

    fn text(self, after: usize, len: u32) -> &'t str {
        let begin = self.at.begin.1 + after;
        let text = self.texts.text.get(begin..begin + size(len));
        text.unwrap_or_default()
    }
}

fn len(octets: usize) -> u32 {
    u32::try_from(octets).unwrap_or(u32::MAX)
}

fn size(len: u32) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}

impl Index {
    /// Call-ID and who calls whom in a dialog of this index.
    pub fn names(&self, dialog: &DialogEntry) -> Names<'_> {
        self.texts.of(dialog)
    }
}
