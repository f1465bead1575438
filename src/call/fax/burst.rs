//! Page data as one event: a burst of coded-data frames (ECM), or one run of data without HDLC.

use crate::call::PageData;
use crate::line::{CarrierSpan, Fcs, HdlcFrame, Modem, NonEcmData, Signal};
use crate::t30::frame;

/// FCF of coded data (T.30 Annex A).
const FCD: u8 = 0x60;
/// FCF of return to control for partial page.
const RCP: u8 = 0x61;
/// Octets before the coded data of an FCD frame: address, control, FCF, frame number.
const FCD_HEADER: usize = 4;

/// Coded data or return to control, on a fast modem.
pub(in crate::call) fn is_image(frame: &HdlcFrame) -> bool {
    frame.modem != Modem::V21 && frame.modem.rate != 1200 && !is_mislabelled(frame)
}

/// A control message under the data type of the page before it, as some gateways send it: coded data are never
/// in a final frame (T.30 5.3.5).
fn is_mislabelled(frame: &HdlcFrame) -> bool {
    frame.fcs == Fcs::Good
        && !frame.damaged
        && frame::decode(frame).is_some_and(|message| message.last && message.fcf.label().is_some())
}

/// Coded-data frames of one side, collected until something else comes.
#[derive(Debug)]
pub(super) struct Burst {
    /// When and where; its kind says nothing.
    span: Signal,
    data: PageData,
}

impl Burst {
    pub(super) fn new(signal: &Signal, modem: Modem) -> Self {
        Self {
            span: signal.clone(),
            data: empty(modem),
        }
    }

    pub(super) fn add(&mut self, signal: &Signal, frame: &HdlcFrame) {
        self.span.last_frame = self.span.last_frame.max(signal.last_frame);
        self.span.end = self.span.end.max(signal.end);
        if frame.fcs != Fcs::Good || frame.damaged {
            self.data.bad_frames += 1;
            return;
        }
        match frame.octets.get(2) {
            Some(&RCP) => {
                self.data.rcp += 1;
                self.data.ended = true;
            }
            Some(&FCD) => {
                self.data.frames += 1;
                let coded = frame.octets.len().saturating_sub(FCD_HEADER);
                self.data.bytes = self
                    .data
                    .bytes
                    .saturating_add(u32::try_from(coded).unwrap_or(u32::MAX));
                if let Some(number) = frame.octets.get(3) {
                    self.data.frame_numbers.push(number.reverse_bits());
                }
            }
            _ => self.data.bad_frames += 1,
        }
    }

    /// When and where, and the data.
    pub(super) fn into_parts(self) -> (Signal, PageData) {
        (self.span, self.data)
    }
}

fn empty(modem: Modem) -> PageData {
    PageData {
        page: 1,
        block: Some(0),
        modem,
        bytes: 0,
        frames: 0,
        resent: 0,
        bad_frames: 0,
        frame_numbers: Vec::new(),
        rcp: 0,
        lost_packets: 0,
        ended: false,
        level: None,
    }
}

/// A page without ECM.
pub(super) fn non_ecm_page(data: &NonEcmData) -> PageData {
    PageData {
        block: None,
        bytes: u32::try_from(data.octets.len()).unwrap_or(u32::MAX),
        lost_packets: data.lost_packets,
        ended: data.ended,
        ..empty(data.modem)
    }
}

/// A page, or part of one, heard in audio and not demodulated.
pub(super) fn heard_page(modem: Modem, span: CarrierSpan) -> PageData {
    PageData {
        block: None,
        lost_packets: span.lost_packets,
        ended: true,
        level: Some(span.level),
        ..empty(modem)
    }
}
