//! How far a fax had come.

use crate::call::exchange::{ExchangeView, What};
use crate::t30::Fcf;

/// Where in the fax a DCN was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reached {
    /// Nothing of phase B before it.
    Nothing,
    /// After DIS.
    Dis,
    /// After DTC.
    Dtc,
    /// After DCS or TCF.
    Dcs,
    /// After FTT.
    Ftt,
    /// After CFR or CTR, before page data.
    Cfr,
    /// In page data, or after it with no post-message command.
    Page,
    /// After a post-message command.
    PostMessage,
    /// After MCF (or RTP, PIP) to a command that announces more.
    MoreConfirmed,
    /// After MCF (or RTP, PIP) to EOP.
    EndConfirmed,
    /// After RTN or PIN.
    Rejected,
    /// After PPR, CTC or ERR.
    Correction,
    /// After RNR or RR.
    NotReady,
}

impl ExchangeView<'_> {
    /// How far the fax had come just before a place.
    pub(crate) fn reached(&self, place: usize) -> Reached {
        let mut begins_anew = false;
        for (at, line) in self.lines.iter().enumerate().take(place).rev() {
            let reached = match line.what {
                What::Tcf(_) => Reached::Dcs,
                What::Page(_) => Reached::Page,
                What::Rest => continue,
                What::Message(message) if line.valid().is_some() && decides(message.fcf) => {
                    self.after(at, message.fcf)
                }
                What::Message(_) => continue,
            };
            match reached {
                // A receiver that did not hear the rest of the fax begins anew; the sender is where it was.
                Reached::Dis => begins_anew = true,
                Reached::Dtc | Reached::EndConfirmed if begins_anew => return Reached::Dis,
                reached => return reached,
            }
        }
        if begins_anew {
            return Reached::Dis;
        }
        // A called terminal that is only heard in pieces has begun phase B all the same.
        if self
            .lines
            .iter()
            .take(place)
            .any(|line| line.message().is_some())
        {
            Reached::Dis
        } else {
            Reached::Nothing
        }
    }

    /// How far the fax came in all.
    pub(crate) fn reached_in_all(&self) -> Reached {
        self.reached(self.lines.len())
    }

    fn after(&self, place: usize, fcf: Fcf) -> Reached {
        match fcf {
            Fcf::Dis if self.trains_before(place) => Reached::Dcs,
            Fcf::Dis => Reached::Dis,
            Fcf::Dtc => Reached::Dtc,
            Fcf::Dcs | Fcf::Nss => Reached::Dcs,
            Fcf::Ftt => Reached::Ftt,
            Fcf::Cfr => Reached::Cfr,
            Fcf::Ctr | Fcf::Ctc | Fcf::Ppr | Fcf::Err => Reached::Correction,
            Fcf::Rtn | Fcf::Pin => Reached::Rejected,
            Fcf::Rnr | Fcf::Rr => Reached::NotReady,
            Fcf::Mcf | Fcf::Rtp | Fcf::Pip => match self
                .last_post_message(place)
                .and_then(|(_, line)| line.valid())
            {
                Some(command) if !command.post_message().ends_procedure() => Reached::MoreConfirmed,
                // A command that is not in the capture may have been the last one.
                _ => Reached::EndConfirmed,
            },
            _ => Reached::PostMessage,
        }
    }

    /// Whether a DCS (of any quality) or TCF comes before a DIS with no answer in between: the receiver did
    /// not see it and offers itself again, so the fax is in training.
    fn trains_before(&self, place: usize) -> bool {
        self.lines
            .iter()
            .take(place)
            .rev()
            .take_while(|line| {
                line.fcf()
                    .is_none_or(|fcf| !fcf.is_answer() || fcf == Fcf::Crp)
            })
            .any(|line| match line.what {
                What::Tcf(_) => true,
                What::Message(message) => matches!(message.fcf, Fcf::Dcs | Fcf::Nss),
                What::Page(_) | What::Rest => false,
            })
    }
}

/// Messages that move the fax on; identification frames and the like do not.
fn decides(fcf: Fcf) -> bool {
    (fcf.is_command() || fcf.is_answer()) && !matches!(fcf, Fcf::Crp | Fcf::Fnv)
}
