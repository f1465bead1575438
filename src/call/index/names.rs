//! The texts of all dialogs, one behind the other: who goes over a hundred thousand dialogs then goes over their names
//! as they lie in memory, and each costs no piece of memory of its own.

use crate::call::index::{DialogEntry, Index};

/// The texts of all dialogs.
#[derive(Debug, Default)]
pub(super) struct Texts {
    octets: Vec<u8>,
}

/// Where the texts of one dialog are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct NamesAt {
    begin: usize,
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
        let begin = self.octets.len();
        let texts = [
            call_id.unwrap_or_default(),
            caller_tag,
            from.as_bytes(),
            to.as_bytes(),
        ];
        NamesAt {
            begin,
            lens: texts.map(|text| {
                self.octets.extend_from_slice(text);
                u32::try_from(text.len()).unwrap_or(u32::MAX)
            }),
            has_call_id: call_id.is_some(),
        }
    }

    /// The texts of a dialog.
    pub(super) fn of(&self, dialog: &DialogEntry) -> Names<'_> {
        let at = dialog.names;
        Names {
            octets: self.octets.get(at.begin..).unwrap_or_default(),
            at,
        }
    }
}

/// The texts of one dialog.
#[derive(Clone, Copy, Debug)]
pub struct Names<'t> {
    /// They, and what follows them.
    octets: &'t [u8],
    at: NamesAt,
}

impl<'t> Names<'t> {
    /// Call-ID; `None`: media found by content, or no message has one.
    pub fn call_id(self) -> Option<&'t [u8]> {
        let [call_id, ..] = self.at.lens;
        self.at.has_call_id.then(|| self.text(0, call_id))
    }

    /// Tag of the side that sent the first request.
    pub fn caller_tag(self) -> &'t [u8] {
        let [call_id, tag, ..] = self.at.lens;
        self.text(size(call_id), tag)
    }

    /// User or host of `From`.
    pub fn from(self) -> &'t str {
        let [call_id, tag, from, _] = self.at.lens;
        let text = self.text(size(call_id) + size(tag), from);
        std::str::from_utf8(text).unwrap_or_default()
    }

    /// User or host of `To`.
    pub fn to(self) -> &'t str {
        let [call_id, tag, from, to] = self.at.lens;
        let text = self.text(size(call_id) + size(tag) + size(from), to);
        std::str::from_utf8(text).unwrap_or_default()
    }

    fn text(self, begin: usize, len: u32) -> &'t [u8] {
        let text = self.octets.get(begin..begin + size(len));
        text.unwrap_or_default()
    }
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
