//! The fax inside a call: signals of both directions in, events and pages out.
//!
//! Knows T.30's order of things (T.30 5) and nothing of packets: T.38 and audio look the same from here.
//! It observes and never gives up: whatever comes next is taken as it is.

use std::sync::Arc;

use crate::call::{
    CallNo, Event, EventId, EventKind, FaxCarrier, Phase, Reached, Relay, Side, Tcf,
};
use crate::line::{Fcs, HdlcFrame, Modem, NonEcmData, Signal, SignalKind, Tone};
use crate::t30::capability::DcsMode;
use crate::t30::frame::{self, T30Frame};
use crate::t30::{Fcf, fif};
use crate::t38::Indicator;

mod burst;
mod check;
mod pages;
#[cfg(test)]
mod tests;

use burst::Burst;
pub(in crate::call) use burst::is_image;
use check::{LONGEST_TCF, TCF_IN_SOUND, is_zeros, training_check};
use pages::PageBook;

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
    /// An operator-independent end was seen: DCN, and from whom.
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
            page.command = page.command.map(|(name, id)| (name, new(id)));
            page.answer = page.answer.map(|(name, id)| (name, new(id)));
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
    let mut reader = Reader::new(call);
    reader.events.reserve(signals.len());
    for heard in signals {
        reader.audio = heard.audio;
        reader.level = heard.level;
        reader.take(heard.side, heard.signal);
    }
    Some(reader.finish(carrier))
}

/// Where the exchange stands: what the next fast data will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    /// Nothing yet.
    Identification,
    /// DCS was sent: training check.
    Tcf,
    /// The training check has been sent, CFR or FTT is due.
    Response,
    /// CFR, MCF, PPR, ...: a page, or more of it.
    Page,
}

struct Reader {
    call: CallNo,
    /// The signal at hand was sound.
    audio: bool,
    /// Its level in dBm0.
    level: Option<f32>,
    events: Vec<Event>,
    book: PageBook,
    burst: [Option<Burst>; 2],
    phase: Phase,
    furthest: Option<Phase>,
    expect: Expect,
    called: Option<Side>,
    sender: Option<Side>,
    ids: [Option<String>; 2],
    polled_ids: bool,
    commanded: Option<DcsMode>,
    confirmed: Option<DcsMode>,
    modem_seen: Option<Modem>,
    ecm_seen: Option<bool>,
    dcn: Option<(Side, EventId)>,
    /// Last whole message of each side with how often it came in a row without an answer between.
    last: [Option<(Vec<u8>, u32)>; 2],
}

fn slot(side: Side) -> usize {
    match side {
        Side::Caller => 0,
        Side::Callee => 1,
    }
}

/// The element of a side; arrays by side have two elements, so the index is always good.
fn of<T>(pair: &mut [T; 2], side: Side) -> &mut T {
    let [caller, callee] = pair;
    if slot(side) == 0 { caller } else { callee }
}

impl Reader {
    fn new(call: CallNo) -> Self {
        Self {
            call,
            audio: false,
            level: None,
            events: Vec::new(),
            book: PageBook::default(),
            burst: [None, None],
            phase: Phase::A,
            furthest: None,
            expect: Expect::Identification,
            called: None,
            sender: None,
            ids: [None, None],
            polled_ids: false,
            commanded: None,
            confirmed: None,
            modem_seen: None,
            ecm_seen: None,
            dcn: None,
            last: [None, None],
        }
    }

    fn take(&mut self, side: Side, mut signal: Signal) {
        let kind = std::mem::replace(&mut signal.kind, SignalKind::Silence);
        // All that is left of it is when and where.
        let signal = &signal;
        match &kind {
            SignalKind::Hdlc(frame) if is_image(frame) => {
                return self.image(side, signal, frame);
            }
            // Losses have rows of their own, made from the figures of the stream.
            SignalKind::Gap { .. } => return,
            _ => self.flush(side),
        }
        match kind {
            SignalKind::Hdlc(frame) => self.message(side, signal, &frame),
            SignalKind::NonEcm(data) => self.non_ecm(side, signal, data),
            SignalKind::Carrier(span) => self.carrier(side, signal, span),
            SignalKind::Malformed { reason, octets } => {
                self.malformed(side, signal, reason, octets);
            }
            kind => {
                if let Some(kind) = self.plain(kind) {
                    self.push(side, signal, kind);
                }
            }
        }
    }

    /// Signals that carry no data: tones, indicators, training.
    fn plain(&mut self, kind: SignalKind) -> Option<EventKind> {
        Some(match kind {
            SignalKind::Silence => EventKind::Indicator(Indicator::NoSignal),
            SignalKind::Tone(Tone::Cng) if !self.audio => EventKind::Indicator(Indicator::Cng),
            SignalKind::Tone(Tone::Ced) if !self.audio => EventKind::Indicator(Indicator::Ced),
            SignalKind::Tone(Tone::AnsAm) if !self.audio => {
                EventKind::Indicator(Indicator::V8Ansam)
            }
            SignalKind::Tone(tone) => EventKind::Tone {
                tone,
                level: self.level,
            },
            SignalKind::Preamble if self.audio => EventKind::Preamble,
            SignalKind::Preamble => EventKind::Indicator(Indicator::V21Preamble),
            SignalKind::Training { modem, long } => {
                self.modem_seen = Some(modem);
                let known = Indicator::KNOWN
                    .iter()
                    .find(|known| known.training() == Some((modem, long)));
                match known {
                    Some(indicator) if !self.audio => EventKind::Indicator(*indicator),
                    _ => EventKind::Training(modem),
                }
            }
            SignalKind::V8 { name, text } => EventKind::V8 { name, text },
            _ => return None,
        })
    }

    /// Adds an event for a signal; its phase is the current one.
    fn push(&mut self, side: Side, signal: &Signal, kind: EventKind) -> EventId {
        let id = EventId(u32::try_from(self.events.len()).unwrap_or(u32::MAX));
        if !matches!(kind, EventKind::Gap { .. } | EventKind::Malformed { .. }) {
            self.furthest = Some(self.phase);
        }
        self.events.push(Event {
            id,
            call: self.call,
            frame: signal.frame,
            last_frame: signal.last_frame,
            at: signal.at,
            end: signal.end,
            src: signal.src,
            dst: signal.dst,
            from: side,
            hop: None,
            relay: Relay::Original,
            retransmission: false,
            repeat: 1,
            observed: true,
            phase: Some(self.phase),
            kind,
        });
        id
    }

    fn malformed(&mut self, side: Side, signal: &Signal, reason: String, octets: Vec<u8>) {
        if let Some(Event {
            kind: EventKind::Malformed { count, .. },
            last_frame,
            end,
            from,
            ..
        }) = self.events.last_mut()
            && *from == side
        {
            *count += 1;
            *last_frame = signal.last_frame;
            *end = signal.end;
            return;
        }
        let kind = EventKind::Malformed {
            reason,
            octets,
            count: 1,
        };
        self.push(side, signal, kind);
    }

    /// Coded data of ECM: collected until something else comes from that side.
    fn image(&mut self, side: Side, signal: &Signal, frame: &HdlcFrame) {
        self.ecm_seen = Some(true);
        self.modem_seen = Some(frame.modem);
        let burst =
            of(&mut self.burst, side).get_or_insert_with(|| Burst::new(signal, frame.modem));
        burst.add(signal, frame);
    }

    /// Ends a burst of coded data: one event.
    fn flush(&mut self, side: Side) {
        let Some(burst) = of(&mut self.burst, side).take() else {
            return;
        };
        self.enter(Phase::C);
        self.sender.get_or_insert(side);
        let signal = burst.signal();
        let data = burst.into_page_data();
        let id = self.push(side, &signal, EventKind::PageData(data));
        self.book.ecm_burst(id, &mut self.events);
        self.expect = Expect::Page;
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
    }

    fn message(&mut self, side: Side, signal: &Signal, hdlc: &HdlcFrame) {
        let Some(frame) = frame::decode(hdlc) else {
            let reason = format!(
                "HDLC frame of {}, too short for a T.30 message",
                crate::text::count(hdlc.octets.len(), "octet")
            );
            self.push(
                side,
                signal,
                EventKind::Malformed {
                    reason,
                    octets: hdlc.octets.clone(),
                    count: 1,
                },
            );
            return;
        };
        let whole = frame.fcs == Fcs::Good && !frame.damaged;
        if whole {
            self.enter(frame.fcf.phase(self.phase > Phase::B));
        }
        let repeat = if whole {
            self.count_repeat(side, &frame)
        } else {
            1
        };
        let frame = Arc::new(frame);
        let id = self.push(side, signal, EventKind::T30(Arc::clone(&frame)));
        if let Some(event) = self.events.last_mut() {
            event.repeat = repeat;
        }
        if whole {
            self.step(side, id, &frame);
        } else if frame.fcf == Fcf::Dcs {
            // Damaged or not, a training check follows it.
            self.expect = Expect::Tcf;
        }
    }

    /// How often this message came in a row without an answer from the other side in between.
    fn count_repeat(&mut self, side: Side, frame: &T30Frame) -> u32 {
        // Identification frames precede the command that counts; an answer is any final frame.
        if frame.last || frame.fcf == Fcf::Dcn {
            *of(&mut self.last, side.other()) = None;
        }
        if !frame.last {
            return 1;
        }
        let last = of(&mut self.last, side);
        let count = match last {
            Some((octets, count)) if *octets == frame.octets => *count + 1,
            _ => 1,
        };
        *last = Some((frame.octets.clone(), count));
        count
    }

    /// What a whole message changes (T.30 5.3.6).
    fn step(&mut self, side: Side, id: EventId, frame: &T30Frame) {
        match frame.fcf {
            Fcf::Dis => {
                self.called = Some(side);
                // After EOM, or where nothing was heard: what was confirmed before holds no more.
                if self.expect == Expect::Page {
                    self.expect = Expect::Identification;
                }
            }
            Fcf::Dtc => {
                self.called.get_or_insert(side.other());
                self.sender = Some(side.other());
            }
            Fcf::Cig => self.identify(side, frame),
            Fcf::Csi | Fcf::Tsi => self.identify(side, frame),
            Fcf::Dcs | Fcf::Nss => {
                self.sender = Some(side);
                self.expect = Expect::Tcf;
                self.commanded = (frame.fcf == Fcf::Dcs).then(|| DcsMode::new(frame.fif()));
            }
            Fcf::Ctc => self.commanded = self.continue_to_correct(frame),
            Fcf::Cfr | Fcf::Ctr => {
                self.confirmed = self.commanded.clone().or(self.confirmed.take());
                self.expect = Expect::Page;
            }
            Fcf::Ftt => self.expect = Expect::Identification,
            Fcf::Mps
            | Fcf::Eop
            | Fcf::Eom
            | Fcf::Eos
            | Fcf::PriMps
            | Fcf::PriEop
            | Fcf::PriEom
            | Fcf::Pps
            | Fcf::Eor => {
                self.sender.get_or_insert(side);
                self.book.command(id, frame, &mut self.events);
            }
            // After its DCN the sender hears no answer any more (T.30 5.3.6.1.8).
            Fcf::Mcf | Fcf::Rtp | Fcf::Pip | Fcf::Rtn | Fcf::Pin | Fcf::Ppr | Fcf::Err
                if self.dcn.is_none_or(|(gone, _)| gone == side) =>
            {
                self.book.answer(id, frame.fcf);
                self.expect = Expect::Page;
            }
            Fcf::Dcn => {
                self.dcn.get_or_insert((side, id));
            }
            _ => {}
        }
    }

    /// CTC changes the modem, nothing else (T.30 Annex A).
    fn continue_to_correct(&self, frame: &T30Frame) -> Option<DcsMode> {
        let modem = fif::ctc_modem(frame.fif())?;
        self.confirmed.as_ref().map(|mode| DcsMode {
            modem,
            ..mode.clone()
        })
    }

    fn identify(&mut self, side: Side, frame: &T30Frame) {
        let ident = fif::ident(frame.fif());
        if !ident.is_empty() {
            self.polled_ids |= frame.fcf == Fcf::Cig;
            *of(&mut self.ids, side) = Some(ident);
        }
    }

    fn non_ecm(&mut self, side: Side, signal: &Signal, data: NonEcmData) {
        if data.modem == Modem::V21 {
            // Some engines end a training that was broken off that way: neither page nor message.
            let reason = "page data on V.21".to_owned();
            self.malformed(side, signal, reason, data.octets);
            return;
        }
        self.modem_seen = Some(data.modem);
        if self.is_training_check(side, data.octets.len(), signal) || is_zeros(&data, signal) {
            let tcf = training_check(&data);
            self.expect = Expect::Response;
            self.enter(Phase::B);
            self.push(side, signal, EventKind::Tcf(tcf));
            return;
        }
        self.ecm_seen.get_or_insert(false);
        let page = burst::non_ecm_page(&data);
        self.page_data(side, signal, page);
    }

    fn carrier(&mut self, side: Side, signal: &Signal, span: crate::line::CarrierSpan) {
        let modem = self.modem_of(span.modem);
        if self.is_training_check(side, 0, signal) {
            let tcf = Tcf {
                modem,
                octets: 0,
                longest_zero_run: None,
                nonzero_share: None,
                lost_packets: span.lost_packets,
                ended: true,
            };
            self.expect = Expect::Response;
            self.enter(Phase::B);
            self.push(side, signal, EventKind::Tcf(tcf));
            return;
        }
        let page = burst::heard_page(modem, span);
        self.page_data(side, signal, page);
    }

    /// A modem whose rate only the DCS tells.
    fn modem_of(&self, heard: Modem) -> Modem {
        let mode = if self.expect == Expect::Tcf {
            &self.commanded
        } else {
            &self.confirmed
        };
        match mode.as_ref().or(self.commanded.as_ref()) {
            Some(mode) if heard.rate == 0 => mode.modem,
            _ => heard,
        }
    }

    /// Fast data between DCS and CFR or FTT is TCF, not a page (T.30 5.3.6.1.4; RULES.md 0.1).
    fn is_training_check(&self, side: Side, octets: usize, signal: &Signal) -> bool {
        if self.sender.is_some_and(|sender| sender != side) {
            return false;
        }
        match self.expect {
            Expect::Tcf => true,
            // The check again without a new DCS in the capture: 1.5 s, not longer.
            Expect::Response => octets > 0 && signal.end.seconds_since(signal.at) < LONGEST_TCF,
            // The DCS before it was lost, or not understood: a called terminal offered itself, nothing was
            // confirmed, and it is as long as a check in sound is.
            Expect::Identification => {
                octets == 0
                    && self.called.is_some_and(|called| called != side)
                    && TCF_IN_SOUND.contains(&signal.end.seconds_since(signal.at))
            }
            Expect::Page => false,
        }
    }

    fn page_data(&mut self, side: Side, signal: &Signal, data: super::PageData) {
        self.enter(Phase::C);
        self.sender.get_or_insert(side);
        let id = self.push(side, signal, EventKind::PageData(data));
        let ecm = self
            .confirmed
            .as_ref()
            .or(self.commanded.as_ref())
            .is_some_and(|mode| mode.ecm);
        if ecm {
            self.book.ecm_burst(id, &mut self.events);
        } else {
            self.book.plain_data(id, &mut self.events);
        }
        self.expect = Expect::Page;
    }

    fn finish(mut self, carrier: FaxCarrier) -> Reading {
        self.flush(Side::Caller);
        self.flush(Side::Callee);
        let sender = self.sender.or_else(|| self.called.map(Side::other));
        let (sender_id, receiver_id) = match sender {
            Some(side) => (
                of(&mut self.ids, side).take(),
                of(&mut self.ids, side.other()).take(),
            ),
            None => (None, None),
        };
        let pages = self.book.finish();
        Reading {
            pages,
            called: self.called,
            sender,
            mode: self.confirmed.or(self.commanded),
            modem_seen: self.modem_seen.filter(|modem| *modem != Modem::V21),
            ecm_seen: self.ecm_seen,
            sender_id,
            receiver_id,
            reached: self.furthest.map_or(Reached::Setup, Reached::Phase),
            dcn: self.dcn,
            carrier,
            events: self.events,
        }
    }
}
