//! Notes about the whole capture that belong to no call.

use crate::analysis::reading::Analysis;
use crate::call::index::DialogEntry;
use crate::capture::Note;
use crate::hint;

/// Calls with more than one candidate for the other leg that are named.
const MOST_DOUBTS: usize = 20;

impl Analysis {
    /// Adds notes about the whole capture, each once.
    pub(super) fn remark(&mut self) {
        let mut remarks: Vec<Note> = self.no_invite().into_iter().collect();
        remarks.extend(self.doubtful_legs());
        let notes = &mut self.reader.info_mut().notes;
        for remark in remarks {
            if notes.iter().all(|note| note.text != remark.text) {
                notes.push(remark);
            }
        }
    }

    /// `sip-no-invite`: the user named the PBX, its SIP is in the capture, and no call of it.
    fn no_invite(&self) -> Option<Note> {
        let pbx = &self.options.site.pbx;
        if pbx.is_empty() {
            return None;
        }
        let calls = |dialog: &DialogEntry| {
            let ends = [dialog.caller, dialog.callee].into_iter();
            let mut hosts = ends.chain(dialog.rare().hops.iter().copied());
            dialog.has_sip() && hosts.any(|host| pbx.contains(&host.addr))
        };
        if self.index.dialogs().iter().any(calls) {
            return None;
        }
        let (host, heard) = self.index.sip_of(pbx)?;
        Some(Note {
            frame: Some(heard.frame),
            offset: None,
            text: hint::no_invite_note(host, heard.seconds())?,
        })
    }

    /// Faxes for which more than one call fits as the other leg: the best is taken, the others are named.
    fn doubtful_legs(&self) -> Vec<Note> {
        self.suspects()
            .filter_map(|number| {
                let best = self.other_leg(number).filter(|best| *best > number)?;
                let others: Vec<String> = self
                    .other_candidates(number)
                    .iter()
                    .map(ToString::to_string)
                    .collect();
                (!others.is_empty()).then(|| Note {
                    frame: None,
                    offset: None,
                    text: format!(
                        "call {number}: its other leg is call {best}; less likely: call {}",
                        others.join(", ")
                    ),
                })
            })
            .take(MOST_DOUBTS)
            .collect()
    }
}
