//! Takes the signals of a fax one by one.

use std::sync::Arc;

use crate::call::fax::burst::{self, Burst, is_image};
use crate::call::fax::check::{is_zeros, training_check};
use crate::call::fax::modes::Modes;
use crate::call::fax::pages::PageBook;
use crate::call::fax::parties::Parties;
use crate::call::fax::record::Record;
use crate::call::fax::stage::Stage;
use crate::call::fax::{Heard, Reading};
use crate::call::{BySide, CallNo, EventId, EventKind, FaxCarrier, PageData, Phase, Side, Tcf};
use crate::line::{CarrierSpan, HdlcFrame, Modem, NonEcmData, Signal, SignalKind};
use crate::t30::fcf::Class;
use crate::t30::frame::{self, T30Frame};
use crate::t38::Indicator;

/// What is known of a fax between two signals.
pub(super) struct Reader {
    record: Record,
    book: PageBook,
    stage: Stage,
    parties: Parties,
    modes: Modes,
    /// Coded data of ECM that have not ended.
    bursts: BySide<Option<Burst>>,
    modem_seen: Option<Modem>,
    ecm_seen: Option<bool>,
    dcn: Option<(Side, EventId)>,
}

impl Reader {
    pub(super) fn new(call: CallNo, signals: usize) -> Self {
        Self {
            record: Record::new(call, signals),
            book: PageBook::default(),
            stage: Stage::default(),
            parties: Parties::default(),
            modes: Modes::default(),
            bursts: BySide::default(),
            modem_seen: None,
            ecm_seen: None,
            dcn: None,
        }
    }

    pub(super) fn take(&mut self, heard: Heard) {
        let Heard {
            side,
            audio,
            level,
            mut signal,
        } = heard;
        let kind = std::mem::replace(&mut signal.kind, SignalKind::Silence);
        // All that is left of it is when and where.
        let signal = &signal;
        if let SignalKind::Hdlc(frame) = &kind
            && is_image(frame)
        {
            return self.image(side, signal, frame);
        }
        self.flush(side);
        match kind {
            SignalKind::Hdlc(frame) => self.message(side, signal, &frame),
            SignalKind::NonEcm(data) => self.non_ecm(side, signal, data),
            SignalKind::Carrier(span) => self.carrier(side, signal, span),
            SignalKind::Malformed { reason, octets } => {
                self.record.push_malformed(side, signal, reason, octets);
            }
            SignalKind::V8 { name, text } => {
                self.record.push(side, signal, EventKind::V8 { name, text });
            }
            kind => {
                if let SignalKind::Training { modem, .. } = kind {
                    self.modem_seen = Some(modem);
                }
                let indicator = Indicator::of(&kind).filter(|_| !audio);
                let kind = match (indicator, kind) {
                    (Some(indicator), _) => EventKind::Indicator(indicator),
                    (None, SignalKind::Tone(tone)) => EventKind::Tone { tone, level },
                    (None, SignalKind::Preamble) => EventKind::Preamble,
                    (None, SignalKind::Training { modem, .. }) => EventKind::Training(modem),
                    (None, _) => return,
                };
                self.record.push(side, signal, kind);
            }
        }
    }

    /// Coded data of ECM: collected until something else comes from that side.
    fn image(&mut self, side: Side, signal: &Signal, frame: &HdlcFrame) {
        self.ecm_seen = Some(true);
        self.modem_seen = Some(frame.modem);
        let burst = self.bursts.of_mut(side);
        burst
            .get_or_insert_with(|| Burst::new(signal, frame.modem))
            .add(signal, frame);
    }

    /// Ends a burst of coded data: one event.
    fn flush(&mut self, side: Side) {
        if let Some(burst) = self.bursts.of_mut(side).take() {
            let (signal, data) = burst.into_parts();
            self.page_data(side, &signal, data, true);
        }
    }

    fn message(&mut self, side: Side, signal: &Signal, hdlc: &HdlcFrame) {
        let Some(frame) = frame::decode(hdlc) else {
            let kind = EventKind::Malformed {
                reason: format!(
                    "HDLC frame of {}, too short for a T.30 message",
                    crate::text::count(hdlc.octets.len(), "octet")
                ),
                octets: hdlc.octets.clone(),
                count: 1,
            };
            self.record.push(side, signal, kind);
            return;
        };
        let frame = Arc::new(frame);
        let kind = EventKind::T30(Arc::clone(&frame));
        if !frame.is_whole() {
            self.record.push(side, signal, kind);
            self.stage = self.stage.after_damaged(frame.fcf);
            return;
        }
        self.record.enter_by(frame.fcf);
        let repeat = self.record.count_repeat(side, &frame);
        let id = self.record.push(side, signal, kind);
        if let Some(event) = self.record.events.last_mut() {
            event.repeat = repeat;
        }
        self.step(side, id, &frame);
    }

    /// What a whole message changes (T.30 5.3.6).
    fn step(&mut self, side: Side, id: EventId, frame: &T30Frame) {
        let class = frame.fcf.class();
        self.parties.hear(side, frame);
        match class {
            Class::Command => {
                self.modes.command(frame.mode());
            }
            Class::Correct => self.modes.correct(frame.fif()),
            Class::Trained | Class::Corrected => self.modes.confirm(),
            Class::PostMessage | Class::GiveUp => {
                self.book.command(id, frame, &mut self.record.events);
            }
            Class::Confirm | Class::Reject | Class::Resend | Class::GivenUp => {
                // After its DCN the sender hears no answer any more (T.30 5.3.6.1.8).
                if self.dcn.is_some_and(|(gone, _)| gone != side) {
                    return;
                }
                self.book.answer(id, frame.fcf);
            }
            Class::Release => {
                self.dcn.get_or_insert((side, id));
            }
            _ => {}
        }
        self.stage = self.stage.after(frame.fcf);
    }

    fn non_ecm(&mut self, side: Side, signal: &Signal, data: NonEcmData) {
        if data.modem == Modem::V21 {
            // Some engines end a training that was broken off that way: neither page nor message.
            let reason = "page data on V.21".to_owned();
            self.record
                .push_malformed(side, signal, reason, data.octets);
            return;
        }
        self.modem_seen = Some(data.modem);
        if self.is_check(side, data.octets.len(), signal) || is_zeros(&data, signal) {
            self.training_check(side, signal, training_check(&data));
            return;
        }
        self.ecm_seen.get_or_insert(false);
        let page = burst::non_ecm_page(&data);
        self.page_data(side, signal, page, self.by_ecm());
    }

    fn carrier(&mut self, side: Side, signal: &Signal, span: CarrierSpan) {
        let modem = self.modes.modem(span.modem, self.stage == Stage::Training);
        if self.is_check(side, 0, signal) {
            let tcf = Tcf {
                modem,
                octets: 0,
                longest_zero_run: None,
                nonzero_share: None,
                lost_packets: span.lost_packets,
                ended: true,
            };
            self.training_check(side, signal, tcf);
            return;
        }
        let page = burst::heard_page(modem, span);
        self.page_data(side, signal, page, self.by_ecm());
    }

    fn is_check(&self, side: Side, octets: usize, signal: &Signal) -> bool {
        let seconds = signal.end.seconds_since(signal.at);
        self.stage.is_check(&self.parties, side, octets, seconds)
    }

    fn training_check(&mut self, side: Side, signal: &Signal, tcf: Tcf) {
        self.stage = Stage::Checked;
        self.record.enter(Phase::B);
        self.record.push(side, signal, EventKind::Tcf(tcf));
    }

    /// The mode in force has ECM.
    fn by_ecm(&self) -> bool {
        self.modes.in_force().is_some_and(|mode| mode.ecm)
    }

    fn page_data(&mut self, side: Side, signal: &Signal, data: PageData, ecm: bool) {
        self.record.enter(Phase::C);
        self.parties.sends(side);
        let id = self.record.push(side, signal, EventKind::PageData(data));
        if ecm {
            self.book.ecm_burst(id, &mut self.record.events);
        } else {
            self.book.plain_data(id, &mut self.record.events);
        }
        self.stage = Stage::Page;
    }

    pub(super) fn finish(mut self, carrier: FaxCarrier) -> Reading {
        for side in Side::BOTH {
            self.flush(side);
        }
        let sender = self.parties.likely_sender();
        let (sender_id, receiver_id) = self.parties.ids(sender);
        Reading {
            pages: self.book.finish(),
            called: self.parties.called,
            sender,
            mode: self.modes.into_mode(),
            modem_seen: self.modem_seen.filter(|modem| *modem != Modem::V21),
            ecm_seen: self.ecm_seen,
            sender_id,
            receiver_id,
            reached: self.record.reached(),
            dcn: self.dcn,
            carrier,
            events: self.record.events,
        }
    }
}
