//! HDLC frames and data without ECM, put together from the fields of many packets.

use super::{Builder, Moment};
use crate::line::{Fcs, HdlcFrame, NonEcmData, SignalKind};
use crate::t38::code::DataType;

/// Longest HDLC frame kept, in octets: FCD has 260, BFT and T.43 negotiation frames a few thousand.
const MOST_HDLC: usize = 8192;

/// Most octets kept of a page without ECM: hours at 14400 bit/s.
const MOST_NON_ECM: usize = 16 << 20;

pub(super) struct HdlcBuild {
    pub(super) begin: Moment,
    pub(super) data_type: DataType,
    pub(super) octets: Vec<u8>,
    pub(super) damaged: bool,
    pub(super) last: Moment,
}

pub(super) struct NonEcmBuild {
    pub(super) begin: Moment,
    pub(super) data_type: DataType,
    pub(super) octets: Vec<u8>,
    pub(super) lost_packets: u32,
    pub(super) last: Moment,
}

impl Builder<'_> {
    pub(super) fn add_hdlc(&mut self, data_type: DataType, octets: &[u8], moment: Moment) {
        if octets.is_empty() {
            return;
        }
        self.end_non_ecm(false);
        let other = self.hdlc.as_ref().is_some_and(|hdlc| {
            // After loss, a new frame can be told by how it begins.
            let begins = matches!(octets, [0xFF, 0xC0 | 0xC8, ..]);
            hdlc.data_type != data_type || (self.gap && hdlc.damaged && begins)
        });
        if other {
            let gap = self.gap;
            self.end_hdlc(Fcs::Unseen, moment);
            self.gap = gap;
        }
        // A capture that begins inside a frame: its first octets are no address.
        let headless = std::mem::take(&mut self.fresh) && octets.first() != Some(&0xFF);
        let gap = self.gap || headless;
        let hdlc = self.hdlc.get_or_insert_with(|| HdlcBuild {
            begin: moment,
            data_type,
            octets: std::mem::take(&mut self.spare),
            damaged: gap,
            last: moment,
        });
        let room = MOST_HDLC.saturating_sub(hdlc.octets.len());
        hdlc.damaged |= octets.len() > room;
        hdlc.octets
            .extend_from_slice(octets.get(..room).unwrap_or(octets));
        hdlc.last = moment;
    }

    pub(super) fn end_hdlc(&mut self, fcs: Fcs, moment: Moment) {
        self.gap = false;
        self.fresh = false;
        let Some(mut hdlc) = self.hdlc.take() else {
            return;
        };
        let octets = hdlc.octets.clone();
        hdlc.octets.clear();
        self.spare = hdlc.octets;
        let frame = HdlcFrame {
            modem: hdlc.data_type.modem(),
            octets,
            fcs,
            damaged: hdlc.damaged,
        };
        // The frame ends with its check sequence; where that was not seen, with its last octet.
        let end = if fcs == Fcs::Unseen {
            hdlc.last
        } else {
            moment
        };
        self.push(hdlc.begin, end, SignalKind::Hdlc(frame));
    }

    pub(super) fn add_non_ecm(&mut self, data_type: DataType, octets: &[u8], moment: Moment) {
        self.end_hdlc(Fcs::Unseen, moment);
        if self
            .non_ecm
            .as_ref()
            .is_some_and(|non_ecm| non_ecm.data_type != data_type)
        {
            self.end_non_ecm(false);
        }
        self.fresh = false;
        let non_ecm = self.non_ecm.get_or_insert_with(|| NonEcmBuild {
            begin: moment,
            data_type,
            octets: Vec::new(),
            lost_packets: 0,
            last: moment,
        });
        let room = MOST_NON_ECM.saturating_sub(non_ecm.octets.len());
        non_ecm
            .octets
            .extend_from_slice(octets.get(..room).unwrap_or(octets));
        non_ecm.last = moment;
    }

    pub(super) fn end_non_ecm(&mut self, ended: bool) {
        let Some(non_ecm) = self.non_ecm.take() else {
            return;
        };
        let data = NonEcmData {
            modem: non_ecm.data_type.modem(),
            octets: non_ecm.octets,
            ended,
            lost_packets: non_ecm.lost_packets,
        };
        self.push(non_ecm.begin, non_ecm.last, SignalKind::NonEcm(data));
    }

    /// Whatever runs is over without a proper end.
    pub(super) fn end_signals(&mut self) {
        if let Some(last) = self.hdlc.as_ref().map(|hdlc| hdlc.last) {
            self.end_hdlc(Fcs::Unseen, last);
        }
        self.end_non_ecm(false);
    }

    /// Octets of what is running are missing.
    pub(super) fn damage(&mut self) {
        self.gap = true;
        if let Some(hdlc) = &mut self.hdlc {
            hdlc.damaged = true;
        }
    }
}
