//! Who is who in a fax: called and calling terminal, sender and receiver of pages, and their identifications.

use crate::call::{BySide, Side};
use crate::t30::fcf::Class;
use crate::t30::frame::T30Frame;
use crate::t30::{Fcf, fif};

/// The two terminals, as far as their messages tell.
#[derive(Debug, Default)]
pub(super) struct Parties {
    /// The side that sends DIS.
    pub(super) called: Option<Side>,
    /// The side that sends pages.
    pub(super) sender: Option<Side>,
    ids: BySide<Option<String>>,
}

impl Parties {
    /// What a whole message says about them.
    pub(super) fn hear(&mut self, side: Side, frame: &T30Frame) {
        match frame.fcf.class() {
            Class::Identification => self.called = Some(side),
            Class::Poll => {
                self.called.get_or_insert(side.other());
                self.sender = Some(side.other());
            }
            Class::Command => self.sender = Some(side),
            Class::PostMessage | Class::GiveUp => self.sends(side),
            _ => {}
        }
        if matches!(frame.fcf, Fcf::Cig | Fcf::Csi | Fcf::Tsi) {
            let ident = fif::ident(frame.fif());
            if !ident.is_empty() {
                *self.ids.of_mut(side) = Some(ident);
            }
        }
    }

    /// A side sends what only the sender of pages sends.
    pub(super) fn sends(&mut self, side: Side) {
        self.sender.get_or_insert(side);
    }

    /// The sender of pages, as far as it is known or follows from who was called.
    pub(super) fn likely_sender(&self) -> Option<Side> {
        self.sender.or_else(|| self.called.map(Side::other))
    }

    /// Identifications of a sender and its receiver.
    pub(super) fn ids(&mut self, sender: Option<Side>) -> (Option<String>, Option<String>) {
        sender.map_or((None, None), |side| {
            let sent = self.ids.of_mut(side).take();
            (sent, self.ids.of_mut(side.other()).take())
        })
    }
}
