//! The book of pages: which data belongs to which page and block, and what became of it.
//!
//! A page counts once, on the MCF, RTP or PIP that answers a page-ending command.

use std::collections::HashSet;

use crate::call::{Event, EventId, EventKind, Page};
use crate::t30::frame::T30Frame;
use crate::t30::{Fcf, PostMessage, fif};

/// What the next data are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Next {
    /// Another page.
    #[default]
    Page,
    /// More of the same page.
    Part,
    /// The same page again, after RTN or PIN.
    Again,
}

/// Pages of one fax, as they are sent.
#[derive(Debug, Default)]
pub(super) struct PageBook {
    pages: Vec<Page>,
    next: Next,
    /// Page and block counters of the last PPS.
    counters: Option<(u8, u8)>,
    /// Block number within the page.
    block: u32,
    /// Frames already sent of the current block.
    sent: HashSet<u8>,
    /// Bursts whose PPS has not come yet.
    open: Vec<EventId>,
    /// Last post-message command without an answer.
    pending: Option<PostMessage>,
    /// Answers to pages whose commands and data the capture does not have.
    unseen: Vec<(Fcf, EventId)>,
}

impl PageBook {
    /// A page, or a part of one, without ECM.
    pub(super) fn plain_data(&mut self, id: EventId, events: &mut [Event]) {
        self.begin_data();
        self.assign(id, None, events);
    }

    /// A burst of coded data; its PPS will tell page and block.
    pub(super) fn ecm_burst(&mut self, id: EventId, events: &mut [Event]) {
        self.begin_data();
        self.assign(id, Some(self.block), events);
        self.open.push(id);
    }

    fn begin_data(&mut self) {
        match (self.next, self.pages.last_mut()) {
            (Next::Page, _) | (_, None) => self.begin_page(),
            (Next::Again, Some(page)) => page.attempts += 1,
            (Next::Part, Some(_)) => return,
        }
        self.block = 0;
        self.sent.clear();
        self.next = Next::Part;
    }

    fn begin_page(&mut self) {
        self.pages.push(Page {
            number: self.next_number(),
            data: Vec::new(),
            command: None,
            answer: None,
            confirmed: false,
            attempts: 1,
            given_up: 0,
        });
    }

    fn next_number(&self) -> u32 {
        u32::try_from(self.pages.len() + 1).unwrap_or(u32::MAX)
    }

    fn assign(&mut self, id: EventId, block: Option<u32>, events: &mut [Event]) {
        let Some(page) = self.pages.last_mut() else {
            return;
        };
        page.data.push(id);
        if let Some(data) = page_data(events, id) {
            data.page = page.number;
            data.block = block;
        }
    }

    /// A post-message command of the sender.
    pub(super) fn command(&mut self, id: EventId, frame: &T30Frame, events: &mut [Event]) {
        if frame.fcf == Fcf::Pps
            && let Some(counters) = fif::partial_page(frame.fif())
        {
            self.partial_page(counters.page, counters.block, events);
        }
        let command = frame.post_message();
        self.pending = Some(command);
        if let Some(page) = self.pages.last_mut() {
            page.command = Some((command, id));
        }
    }

    /// PPS names the page and block of the bursts before it (T.30 Annex A.4.3).
    fn partial_page(&mut self, page: u8, block: u8, events: &mut [Event]) {
        let same = self.counters == Some((page, block));
        if !same {
            // The first burst of another block of the same page continues that page.
            self.sent.clear();
            self.block = u32::from(block);
        }
        self.counters = Some((page, block));
        for id in std::mem::take(&mut self.open) {
            let number = self.block;
            let Some(data) = page_data(events, id) else {
                continue;
            };
            // Sound that is not demodulated has no frame numbers, but PPS names its block all the same.
            data.block = Some(number);
            let resent = data
                .frame_numbers
                .iter()
                .filter(|frame| self.sent.contains(frame))
                .count();
            data.resent = u32::try_from(resent).unwrap_or(u32::MAX);
            self.sent.extend(data.frame_numbers.iter().copied());
        }
    }

    /// An answer of the receiver.
    pub(super) fn answer(&mut self, id: EventId, fcf: Fcf) {
        let Some(command) = self.pending else {
            if matches!(fcf, Fcf::Mcf | Fcf::Rtp) && self.pages.is_empty() {
                self.unseen.push((fcf, id));
            }
            return;
        };
        let ends_page = command.ends_page();
        let Some(page) = self.pages.last_mut() else {
            // Command and answer are in the capture, the page before them is not.
            if fcf.confirms() && ends_page {
                self.unseen.push((fcf, id));
            }
            self.pending = None;
            return;
        };
        match fcf {
            Fcf::Mcf | Fcf::Rtp | Fcf::Pip | Fcf::Err => {
                if fcf == Fcf::Err {
                    page.given_up += 1;
                }
                if ends_page {
                    page.confirmed = page.given_up == 0;
                    self.next = Next::Page;
                    page.answer = Some((fcf, id));
                    self.counters = None;
                }
                self.pending = None;
            }
            Fcf::Rtn | Fcf::Pin => {
                page.answer = Some((fcf, id));
                page.confirmed = false;
                if self.next == Next::Part {
                    self.next = Next::Again;
                }
                self.pending = None;
                self.counters = None;
            }
            // PPR: the block goes on, the command will be repeated.
            _ => page.answer = Some((fcf, id)),
        }
    }

    /// All pages; answers whose pages the capture does not have count as pages of their own.
    pub(super) fn finish(mut self) -> Vec<Page> {
        for answer in std::mem::take(&mut self.unseen) {
            self.begin_page();
            if let Some(page) = self.pages.last_mut() {
                page.answer = Some(answer);
                page.confirmed = true;
            }
        }
        self.pages
    }
}

fn page_data(events: &mut [Event], id: EventId) -> Option<&mut crate::call::PageData> {
    let event = events.get_mut(usize::try_from(id.0).ok()?)?;
    match &mut event.kind {
        EventKind::PageData(data) => Some(data),
        _ => None,
    }
}
