//! What is on the line.

use crate::call::exchange::MAX_LINES;
use crate::call::{Event, EventKind, PageData, Tcf};
use crate::capture::FrameNo;
use crate::t30::Fcf;
use crate::t30::frame::T30Frame;

/// Less data than this is the rest of a training that was broken off, where a training is under way, octets.
const LEFTOVER: u32 = 200;
/// No longer than this it may be a TCF (1.5 s) that is not known as one, seconds.
const TRAINING: f64 = 2.0;

/// Something a fax terminal put on the line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'a> {
    /// Its event.
    pub(crate) event: &'a Event,
    /// What it is.
    pub(crate) what: What<'a>,
}

/// What was on the line.
#[derive(Clone, Copy, Debug)]
pub(crate) enum What<'a> {
    /// A T.30 message, whatever its check sequence.
    Message(&'a T30Frame),
    /// Training check.
    Tcf(&'a Tcf),
    /// Page data.
    Page(&'a PageData),
    /// Fast data that are the rest of a training, and no page.
    Rest,
}

impl<'a> Line<'a> {
    /// The event as a line; `None` for what is no message, check or page.
    pub(super) fn of(event: &'a Event) -> Option<Self> {
        let what = match &event.kind {
            EventKind::T30(message) => What::Message(message),
            EventKind::Tcf(tcf) => What::Tcf(tcf),
            EventKind::PageData(page) => What::Page(page),
            _ => return None,
        };
        Some(Self { event, what })
    }

    /// The message, if it is one that a terminal would take.
    pub(crate) fn valid(&self) -> Option<&'a T30Frame> {
        self.message().filter(|message| !message.is_doubtful())
    }

    /// The message, if it is one.
    pub(crate) fn message(&self) -> Option<&'a T30Frame> {
        match self.what {
            What::Message(message) => Some(message),
            What::Tcf(_) | What::Page(_) | What::Rest => None,
        }
    }

    /// The FCF of a valid message.
    pub(crate) fn fcf(&self) -> Option<Fcf> {
        self.valid().map(|message| message.fcf)
    }

    /// Page data, if it is that.
    pub(crate) fn page(&self) -> Option<&'a PageData> {
        match self.what {
            What::Page(page) => Some(page),
            What::Message(_) | What::Tcf(_) | What::Rest => None,
        }
    }

    /// First frame.
    pub(crate) fn frame(&self) -> FrameNo {
        self.event.frame
    }

    /// `DIS`, `PPS-EOP`, `TCF`, `page 2`.
    pub(crate) fn name(&self) -> String {
        match self.what {
            What::Message(message) if message.is_doubtful() => {
                format!("{} (damaged)", message.name())
            }
            What::Message(message) => message.name().into_owned(),
            What::Tcf(_) | What::Rest => "TCF".to_owned(),
            What::Page(page) => format!("page {}", page.page),
        }
    }
}

/// All lines of a fax, in time order (or, `by_frame`, in that of the frames), at most [`MAX_LINES`].
pub(super) fn lines(events: &[Event], by_frame: bool) -> Vec<Line<'_>> {
    let observed = events.iter().filter(|event| event.observed);
    let mut out: Vec<Line<'_>> = observed.filter_map(Line::of).collect();
    if by_frame {
        out.sort_by_key(Line::frame);
    } else {
        out.sort_by_key(|line| (line.event.at, line.event.frame));
    }
    out.truncate(MAX_LINES);
    // A DCS (of any quality) has no answer yet: between it and CFR or FTT is TCF.
    let mut training = false;
    for line in &mut out {
        match line.what {
            What::Message(message) if matches!(message.fcf, Fcf::Dcs | Fcf::Nss) => training = true,
            What::Message(message) if message.fcf.is_answer() && message.fcf != Fcf::Crp => {
                training = false;
            }
            What::Page(page) if training && is_rest(line.event, page) => line.what = What::Rest,
            _ => {}
        }
    }
    out
}

/// Whether fast data during a training are no page: they are no longer than a TCF.
fn is_rest(event: &Event, page: &PageData) -> bool {
    page.level.is_none() && (page.bytes < LEFTOVER || event.end.seconds_since(event.at) <= TRAINING)
}
