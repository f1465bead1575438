//! From IFP packets in order to the signals of the line.

use std::fmt::Write as _;

use crate::capture::{Endpoint, FrameNo, Timestamp};
use crate::line::{Fcs, Signal, SignalKind};
use crate::t38::code::{DataType, FieldType, Indicator};
use crate::t38::ifp::{Ifp, IfpField};
use crate::t38::per::DecodeError;
use crate::t38::stats::{Encoding, UdptlStats};
use crate::t38::stream::Arrival;
use crate::t38::stream::order::Run;
use crate::t38::stream::slots::Slot;

mod data;

use data::{HdlcBuild, NonEcmBuild};

/// Octets kept of a packet that does not decode.
const MOST_MALFORMED: usize = 64;
/// Stalls kept.
const MOST_STALLS: usize = 10_000;
/// A longer time between two packets of a running signal is a stall, in seconds.
const STALL: f64 = 0.3;

/// Signals of a sender that need no octets for them.
const SIGNALS_FREE: usize = 1000;
/// Signals that a packet can begin: what ends with its indicator or field, and what follows.
const SIGNALS_OF_PACKET: usize = 2;
/// Octets of packets for one signal more. The shortest T.30 frame has 3 of them in an IFP packet of its own; many
/// in one packet are no fax, and a signal takes a hundred times as much memory.
const OCTETS_OF_SIGNAL: usize = 32;

/// How many signals are made of some packets.
fn most_signals(arrivals: &[Arrival<'_>]) -> usize {
    let octets: usize = arrivals.iter().map(|arrival| arrival.payload.len()).sum();
    SIGNALS_FREE + SIGNALS_OF_PACKET * arrivals.len() + octets / OCTETS_OF_SIGNAL
}

/// Collects signals over all runs.
pub(super) struct Builder<'a> {
    arrivals: &'a [Arrival<'a>],
    signals: Vec<(Order, Signal)>,
    /// How many there may be, those that were left out, and the first of these.
    most: usize,
    left_out: u32,
    first_left_out: Option<(Order, Signal)>,
    /// Number of the run.
    run: u32,
    hdlc: Option<HdlcBuild>,
    /// Room for the octets of the next frame.
    spare: Vec<u8>,
    non_ecm: Option<NonEcmBuild>,
    /// Packets are missing since the last delimiter (FCS, end of signal, indicator).
    gap: bool,
    /// The indicator in force, if no data followed it.
    indicator: Option<Indicator>,
    /// No indicator in this run yet: the capture may have begun inside a frame.
    fresh: bool,
}

/// Run and unwrapped sequence number of the packet in which a signal begins.
type Order = (u32, i64);

/// Where an IFP packet stands.
#[derive(Clone, Copy)]
struct Moment {
    order: Order,
    frame: FrameNo,
    at: Timestamp,
    src: Endpoint,
    dst: Endpoint,
}

impl<'a> Builder<'a> {
    pub(super) fn new(arrivals: &'a [Arrival<'a>]) -> Self {
        Self {
            arrivals,
            signals: Vec::with_capacity(arrivals.len()),
            most: most_signals(arrivals),
            left_out: 0,
            first_left_out: None,
            run: 0,
            hdlc: None,
            spare: Vec::new(),
            non_ecm: None,
            gap: false,
            indicator: None,
            fresh: true,
        }
    }

    /// Adds a run, repaired.
    pub(super) fn add(&mut self, run: &Run<'_>, encoding: Encoding, stats: &mut UdptlStats) {
        let moments = self.moments(run);
        let mut malformed = run.malformed.clone();
        malformed.sort_by_key(|(number, ..)| *number);
        let mut malformed = malformed.into_iter().peekable();
        let mut before: Option<Moment> = None;
        for (slot, moment) in moments {
            let number = moment.order.1;
            while let Some((after, index, error)) = malformed.next_if(|(after, ..)| *after < number)
            {
                self.add_malformed(after, index, error, stats);
            }
            if let Some(before) = before {
                self.between(before, moment, stats);
            }
            self.take(slot, moment, encoding, stats);
            before = Some(moment);
        }
        for (after, index, error) in malformed {
            self.add_malformed(after, index, error, stats);
        }
        self.end_signals();
        self.gap = false;
        self.indicator = None;
        self.fresh = true;
        self.run += 1;
    }

    /// All signals, in order of where they begin.
    pub(super) fn finish(mut self, stats: &mut UdptlStats) -> Vec<Signal> {
        self.end_signals();
        stats.left_out = self.left_out;
        if let Some((order, signal)) = self.first_left_out.take() {
            let reason = format!(
                "left out from here: {}, more than such packets hold in a fax",
                crate::text::count(self.left_out, "signal")
            );
            let kind = SignalKind::Malformed {
                reason,
                octets: Vec::new(),
            };
            self.signals.push((order, Signal { kind, ..signal }));
        }
        self.signals.sort_by_key(|(order, _)| *order);
        self.signals.into_iter().map(|(_, signal)| signal).collect()
    }

    /// Each packet with its frame and time. A packet that came late (or in a copy) counts as of the time of
    /// the packet after it in sequence: it cannot have been on the line later.
    fn moments<'s>(
        &self,
        run: &'s Run<'_>,
    ) -> impl Iterator<Item = (&'s Slot<'s>, Moment)> + use<'a, 's> {
        let (arrivals, number_of_run) = (self.arrivals, self.run);
        let mut earliest = usize::MAX;
        let mut from_end: Vec<usize> = Vec::with_capacity(run.slots.iter().len());
        from_end.extend(run.slots.iter().rev().map(|(_, slot)| {
            earliest = earliest.min(slot.index);
            earliest
        }));
        let in_order = run.slots.iter().zip(from_end.into_iter().rev());
        in_order.filter_map(move |((number, slot), earliest)| {
            let own = arrivals.get(slot.index)?;
            let moment = Moment {
                order: (number_of_run, *number),
                frame: own.frame,
                at: arrivals.get(earliest)?.at,
                src: own.src,
                dst: own.dst,
            };
            Some((slot, moment))
        })
    }

    /// What lies between two packets: loss or a stall.
    fn between(&mut self, before: Moment, now: Moment, stats: &mut UdptlStats) {
        let missing = now.order.1 - before.order.1 - 1;
        if missing <= 0 {
            let pause = now.at.seconds_since(before.at);
            // Between HDLC frames the line has flags, which may take any time.
            let running = self.hdlc.is_some() || self.non_ecm.is_some();
            if pause > STALL && running && stats.stalls.len() < MOST_STALLS {
                stats.stalls.push((now.frame, pause));
            }
            return;
        }
        let packets = u32::try_from(missing).unwrap_or(u32::MAX);
        self.gap = true;
        self.indicator = None;
        if let Some(hdlc) = &mut self.hdlc {
            hdlc.damaged = true;
        }
        if let Some(non_ecm) = &mut self.non_ecm {
            non_ecm.lost_packets += packets;
        }
    }

    fn take(
        &mut self,
        slot: &Slot<'_>,
        moment: Moment,
        encoding: Encoding,
        stats: &mut UdptlStats,
    ) {
        let decoded = if slot.whole {
            Ifp::decode_any(&slot.ifp, encoding).map(|(ifp, _)| (ifp, true))
        } else {
            Ifp::decode_cut(&slot.ifp, encoding)
        };
        match decoded {
            // Some software sends a UDPTL packet without an IFP packet to open a NAT.
            Err(_) if slot.ifp.is_empty() => {}
            Err(_) if !slot.whole => self.gap = true,
            Err(error) => {
                self.add_malformed(moment.order.1, slot.index, error, stats);
                self.damage();
            }
            Ok((Ifp::Indicator(indicator), _)) => self.take_indicator(indicator, moment),
            Ok((Ifp::Data { data_type, fields }, whole)) => {
                for field in fields {
                    self.take_field(data_type, field, moment);
                }
                if !whole {
                    self.damage();
                }
            }
        }
    }

    fn take_indicator(&mut self, indicator: Indicator, moment: Moment) {
        self.end_signals();
        self.gap = false;
        self.fresh = false;
        if self.indicator.replace(indicator) == Some(indicator) {
            return;
        }
        if let Some(kind) = indicator.signal() {
            self.push(moment, moment, kind);
        }
    }

    fn take_field(&mut self, data_type: DataType, field: IfpField<'_>, moment: Moment) {
        let IfpField { field_type, octets } = field;
        self.indicator = None;
        match field_type {
            FieldType::HdlcData => self.add_hdlc(data_type, octets, moment),
            FieldType::HdlcFcsOk | FieldType::HdlcFcsOkSigEnd => {
                self.add_hdlc(data_type, octets, moment);
                self.end_hdlc(Fcs::Good, moment);
            }
            FieldType::HdlcFcsBad | FieldType::HdlcFcsBadSigEnd => {
                self.add_hdlc(data_type, octets, moment);
                self.end_hdlc(Fcs::Bad, moment);
            }
            FieldType::HdlcSigEnd => {
                self.end_hdlc(Fcs::Unseen, moment);
            }
            FieldType::T4NonEcmData => self.add_non_ecm(data_type, octets, moment),
            FieldType::T4NonEcmSigEnd => {
                if !octets.is_empty() {
                    self.add_non_ecm(data_type, octets, moment);
                }
                self.end_non_ecm(true);
                self.gap = false;
            }
            FieldType::CmMessage
            | FieldType::JmMessage
            | FieldType::CiMessage
            | FieldType::V34Rate => {
                let name = field_type.label().unwrap_or_default();
                let text = text_of(octets);
                self.push(moment, moment, SignalKind::V8 { name, text });
            }
            FieldType::Unknown(_) => {}
        }
    }

    fn add_malformed(
        &mut self,
        number: i64,
        index: usize,
        error: DecodeError,
        stats: &mut UdptlStats,
    ) {
        let Some(arrival) = self.arrivals.get(index) else {
            return;
        };
        stats.undecodable += 1;
        stats.first_undecodable = stats.first_undecodable.or(Some(arrival.frame));
        let moment = Moment {
            order: (self.run, number),
            frame: arrival.frame,
            at: arrival.at,
            src: arrival.src,
            dst: arrival.dst,
        };
        let octets = arrival.payload.get(..MOST_MALFORMED);
        let octets = octets.unwrap_or(&arrival.payload).to_vec();
        // With room for the number: there may be one for each packet.
        let mut reason = String::with_capacity(error.reason.len() + " at octet 65535".len());
        let _ = write!(reason, "{error}");
        self.push(moment, moment, SignalKind::Malformed { reason, octets });
    }

    fn push(&mut self, begin: Moment, end: Moment, kind: SignalKind) {
        let signal = Signal {
            frame: begin.frame,
            last_frame: end.frame,
            at: begin.at,
            end: end.at,
            src: begin.src,
            dst: begin.dst,
            kind,
        };
        if self.signals.len() < self.most {
            self.signals.push((begin.order, signal));
        } else {
            self.left_out = self.left_out.saturating_add(1);
            self.first_left_out.get_or_insert((begin.order, signal));
        }
    }
}

/// Printable ASCII as it is, anything else in hex.
fn text_of(octets: &[u8]) -> String {
    if octets
        .iter()
        .all(|octet| octet.is_ascii_graphic() || *octet == b' ')
    {
        octets.iter().map(|octet| char::from(*octet)).collect()
    } else {
        octets
            .iter()
            .map(|octet| format!("{octet:02X}"))
            .collect::<Vec<_>>()
            .join(" ")
    }
}
