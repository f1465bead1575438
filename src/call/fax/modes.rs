//! The mode that the sender commands and the receiver confirms.

use crate::line::Modem;
use crate::t30::capability::DcsMode;
use crate::t30::fif;

/// Modes of a fax, by its DCS and CTC.
#[derive(Debug, Default)]
pub(super) struct Modes {
    /// By the last command; none after an NSS that only its maker reads.
    commanded: Option<DcsMode>,
    /// The last one that CFR or CTR confirmed.
    confirmed: Option<DcsMode>,
}

impl Modes {
    /// DCS, or NSS (`None` but where a DCS stands in it).
    pub(super) fn command(&mut self, mode: Option<DcsMode>) {
        self.commanded = mode;
    }

    /// CTC changes the modem, nothing else (T.30 Annex A).
    pub(super) fn correct(&mut self, fif: &[u8]) {
        self.commanded = fif::ctc_modem(fif).and_then(|modem| {
            self.confirmed.as_ref().map(|mode| DcsMode {
                modem,
                ..mode.clone()
            })
        });
    }

    /// CFR or CTR.
    pub(super) fn confirm(&mut self) {
        if self.commanded.is_some() {
            self.confirmed.clone_from(&self.commanded);
        }
    }

    /// By the last command that was confirmed, else by the last command.
    pub(super) fn in_force(&self) -> Option<&DcsMode> {
        self.confirmed.as_ref().or(self.commanded.as_ref())
    }

    /// A modem heard in sound, whose rate only the DCS tells; in training by what was just commanded.
    pub(super) fn modem(&self, heard: Modem, in_training: bool) -> Modem {
        let mode = if in_training {
            self.commanded.as_ref()
        } else {
            self.in_force()
        };
        match mode {
            Some(mode) if heard.rate == 0 => mode.modem,
            _ => heard,
        }
    }

    pub(super) fn into_mode(self) -> Option<DcsMode> {
        self.confirmed.or(self.commanded)
    }
}
