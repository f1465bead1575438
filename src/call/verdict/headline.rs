//! The sentence over a failed fax, in parts until it is written.

use std::fmt;

use crate::call::{CallNo, Fax, Phase, Verdict};
use crate::capture::FrameNo;
use crate::text::count;

/// What failed, where, and what came through all the same. Written as
/// `1 of 3 pages; Phase D: no MCF after EOP; callee 192.0.2.20, frame 812, on the other leg, call 2`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headline {
    /// What came through, said first because it is asked first; `None` where nothing did, or `what` says it.
    pub pages: Option<PagesTold>,
    /// The phase that the fax stopped in.
    pub phase: Option<Phase>,
    /// What happened.
    pub what: String,
    /// Whose side it is on, with its host, in the user's words: `your PBX 192.0.2.20`.
    pub side: Option<String>,
    /// The frame that decides it.
    pub frame: Option<FrameNo>,
    /// It is on the other leg: the number of that call.
    pub other_leg: Option<CallNo>,
}

/// Pages of a fax that came through in part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PagesTold {
    /// Pages confirmed.
    pub confirmed: u32,
    /// Pages sent.
    pub sent: u32,
}

impl PagesTold {
    /// Of a fax of which some pages came through, and not all.
    pub fn of(fax: &Fax) -> Option<Self> {
        (fax.verdict == Verdict::Partial).then_some(Self {
            confirmed: fax.pages_confirmed,
            sent: fax.pages_sent,
        })
    }
}

impl fmt::Display for PagesTold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.confirmed < self.sent {
            write!(f, "{} of {}", self.confirmed, count(self.sent, "page"))
        } else {
            write!(f, "{} confirmed", count(self.confirmed, "page"))
        }
    }
}

impl fmt::Display for Headline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(pages) = self.pages {
            write!(f, "{pages}; ")?;
        }
        if let Some(phase) = self.phase {
            write!(f, "Phase {}: ", phase.name())?;
        }
        f.write_str(&self.what)?;
        let parts = [
            self.side.clone(),
            self.frame.map(|frame| format!("frame {frame}")),
            self.other_leg
                .map(|call| format!("on the other leg, call {call}")),
        ];
        let at: Vec<String> = parts.into_iter().flatten().collect();
        if at.is_empty() {
            return Ok(());
        }
        write!(f, "; {}", at.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_what_is_known() {
        let mut headline = Headline {
            what: "no MCF after EOP".to_owned(),
            ..Headline::default()
        };
        assert_eq!(headline.to_string(), "no MCF after EOP");
        headline.pages = Some(PagesTold {
            confirmed: 1,
            sent: 3,
        });
        headline.phase = Some(Phase::D);
        headline.side = Some("callee 192.0.2.20".to_owned());
        headline.frame = Some(FrameNo(812));
        headline.other_leg = Some(CallNo(2));
        assert_eq!(
            headline.to_string(),
            "1 of 3 pages; Phase D: no MCF after EOP; callee 192.0.2.20, frame 812, on the other leg, call 2"
        );
    }
}
