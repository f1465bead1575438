//! The fax inside a call: signals of both directions in, events and pages out.
//!
//! Knows T.30's order of things (T.30 5) and nothing of packets: T.38 and audio look the same from here.
//! It observes and never gives up: whatever comes next is taken as it is.
//!
//! [`reader`] takes the signals one by one; what it has to know between two of them is in [`stage`] (what the next
//! fast data will be), [`modes`] (what was commanded and confirmed), [`parties`] (who is who), [`record`] (the events
//! so far) and [`pages`].

use crate::call::{CallNo, Event, EventId, FaxCarrier, Reached, Side};
use crate::line::{Modem, Signal};
use crate::t30::capability::DcsMode;

mod burst;
mod check;
mod modes;
mod pages;
mod parties;
mod reader;
mod record;
mod stage;
#[cfg(test)]
mod tests;

pub(in crate::call) use burst::is_image;

/// What the signals of a fax say, before verdict and cause.
#[derive(Debug)]
pub struct Reading {
    /// Events of the fax, ids are places in this list.
    pub events: Vec<Event>,
    /// Pages; their event ids are places in `events`.
    pub pages: Vec<super::Page>,
    /// Side that sends DIS: the called terminal.
    pub called: Option<Side>,
    /// Side that sends pages.
    pub sender: Option<Side>,
    /// Mode in force: by the last DCS that was confirmed, else by the last DCS.
    pub mode: Option<DcsMode>,
    /// Modem seen, where no DCS was.
    pub modem_seen: Option<Modem>,
    /// ECM seen in the data, where no DCS was.
    pub ecm_seen: Option<bool>,
    /// Identification of the side that sends pages.
    pub sender_id: Option<String>,
    /// Identification of the side that receives them.
    pub receiver_id: Option<String>,
    /// Last phase.
    pub reached: Reached,
    /// First DCN: its sender and event.
    pub dcn: Option<(Side, EventId)>,
    /// How it was carried.
    pub carrier: FaxCarrier,
}

impl Reading {
    /// Exchanges caller and callee: without SIP the seats are only known once T.30 has been read.
    pub(crate) fn swap_sides(&mut self) {
        for event in &mut self.events {
            event.from = event.from.other();
        }
        self.called = self.called.map(Side::other);
        self.sender = self.sender.map(Side::other);
        self.dcn = self.dcn.map(|(side, id)| (side.other(), id));
    }

    /// Gives all events new numbers.
    pub(crate) fn renumber(&mut self, new: impl Fn(EventId) -> EventId) {
        for page in &mut self.pages {
            page.data.iter_mut().for_each(|id| *id = new(*id));
            page.command = page.command.map(|(command, id)| (command, new(id)));
            page.answer = page.answer.map(|(answer, id)| (answer, new(id)));
        }
        self.dcn = self.dcn.map(|(side, id)| (side, new(id)));
    }
}

/// A signal with the side that sent it.
#[derive(Clone, Debug)]
pub struct Heard {
    /// Who sent it.
    pub side: Side,
    /// It was sound, not T.38.
    pub audio: bool,
    /// Level in dBm0, where it was sound.
    pub level: Option<f32>,
    /// What.
    pub signal: Signal,
}

/// Reads the signals of both directions, in time order. `None` if there are none.
pub fn read(call: CallNo, signals: Vec<Heard>, carrier: FaxCarrier) -> Option<Reading> {
    if signals.is_empty() {
        return None;
    }
    let mut reader = reader::Reader::new(call, signals.len());
    for heard in signals {
        reader.take(heard);
    }
    Some(reader.finish(carrier))
}
