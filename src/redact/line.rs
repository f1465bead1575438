//! What a fax says on the line, replaced: idents, passwords, and the content of pages.
//!
//! Octets are changed where they stand in the IFP packets, never their number: HDLC frames that are spread over many
//! packets, or stand in copies, come out whole. The check sequence is no part of T.38; a gateway makes it anew.

use std::collections::BTreeMap;

use crate::page::decode::decode;
use crate::page::{Coding, Layout, Resolution, bitmap};
use crate::redact::blank;
use crate::redact::stand_in::StandIns;
use crate::t30::Fcf;
use crate::t30::capability::DcsMode;
use crate::t30::fcf::FifKind;
use crate::t38::ifp::Ifp;
use crate::t38::stats::Encoding;
use crate::t38::stream::edit::Packets;
use crate::t38::{DataType, FieldType};

/// An octet of the line: which packet, where in it, and what it is.
#[derive(Clone, Copy)]
struct Place {
    packet: usize,
    at: usize,
    octet: u8,
}

/// ECM frames of a page by block and number: all places of each.
type Frames = BTreeMap<(u8, u8), Vec<Vec<Place>>>;

/// Goes over the packets of one direction.
pub(crate) struct Line<'s> {
    instead: &'s mut StandIns,
    hdlc: Vec<Place>,
    /// The frame is of a fast modem.
    fast: bool,
    burst: Vec<Place>,
    /// Coding and width of the pages, by the last DCS; the first is not there: no coding that is decoded.
    mode: Option<(Option<Coding>, u32)>,
    /// A training check comes next.
    training: bool,
    pending: Vec<(u8, Vec<Place>)>,
    frames: Frames,
    page: Option<u8>,
    changes: Vec<(Place, u8)>,
}

impl<'s> Line<'s> {
    pub(crate) fn new(instead: &'s mut StandIns) -> Self {
        Self {
            instead,
            hdlc: Vec::new(),
            fast: false,
            burst: Vec::new(),
            mode: None,
            training: false,
            pending: Vec::new(),
            frames: Frames::new(),
            page: None,
            changes: Vec::new(),
        }
    }

    /// Replaces what the packets of one run say.
    pub(crate) fn run(mut self, packets: &mut Packets, encoding: Encoding) {
        let mut last = None;
        for (place, (_, ifp)) in packets.iter().enumerate() {
            let decoded = Ifp::decode_any(ifp, encoding).map(|(ifp, _)| ifp);
            let decoded = decoded.or_else(|_| Ifp::decode_cut(ifp, encoding).map(|(ifp, _)| ifp));
            match decoded {
                Ok(Ifp::Data { data_type, fields }) => {
                    if last != Some(data_type) {
                        self.end_burst();
                    }
                    last = Some(data_type);
                    for field in fields {
                        let start =
                            (field.octets.as_ptr().addr()).wrapping_sub(ifp.as_ptr().addr());
                        let octets = field.octets.iter().enumerate();
                        let places = octets.map(|(at, octet)| Place {
                            packet: place,
                            at: start.wrapping_add(at),
                            octet: *octet,
                        });
                        self.field(data_type, field.field_type, places);
                    }
                }
                Ok(Ifp::Indicator(_)) => {
                    self.end_frame(false);
                    self.end_burst();
                    last = None;
                }
                // What cannot be read may be anything.
                Err(_) => {
                    let octets = ifp.iter().enumerate().skip(1);
                    self.changes.extend(octets.map(|(at, octet)| {
                        let place = Place {
                            packet: place,
                            at,
                            octet: *octet,
                        };
                        (place, 0)
                    }));
                }
            }
        }
        self.end_frame(false);
        self.end_burst();
        self.end_page();
        for (place, octet) in self.changes {
            if let Some((_, ifp)) = packets.get_mut(place.packet)
                && let Some(here) = ifp.get_mut(place.at)
            {
                *here = octet;
            }
        }
    }

    fn field(&mut self, data_type: DataType, kind: FieldType, places: impl Iterator<Item = Place>) {
        match kind {
            FieldType::HdlcData => {
                self.fast = !data_type.carries_control();
                self.hdlc.extend(places);
            }
            FieldType::HdlcFcsOk | FieldType::HdlcFcsOkSigEnd => self.end_frame(true),
            FieldType::HdlcFcsBad | FieldType::HdlcFcsBadSigEnd | FieldType::HdlcSigEnd => {
                self.end_frame(false);
            }
            FieldType::T4NonEcmData if !data_type.carries_control() => self.burst.extend(places),
            FieldType::T4NonEcmSigEnd => {
                self.burst.extend(places);
                self.end_burst();
            }
            FieldType::T4NonEcmData | FieldType::Unknown(_) => {
                self.changes.extend(places.map(|place| (place, 0)));
            }
            // V.8 and V.34 say what a modem can do.
            _ => {}
        }
    }

    /// A whole frame, or what is there of one.
    fn end_frame(&mut self, good: bool) {
        let frame = std::mem::take(&mut self.hdlc);
        let octets: Vec<u8> = frame.iter().map(|place| place.octet).collect();
        let fcf = match octets.as_slice() {
            [0xff, _, code, ..] => Fcf::decode(*code).0,
            [] => return,
            _ if self.fast => {
                // Coded data behind a header that is not there.
                let data = frame.iter().skip(FCD_HEADER);
                self.changes.extend(data.map(|place| (*place, 0)));
                return;
            }
            _ => return self.scrub(&frame),
        };
        let fif = frame.get(3..).unwrap_or_default();
        let text = octets.get(3..).unwrap_or_default();
        match (fcf, fcf.fif()) {
            (Fcf::Dcs, _) => self.command(text),
            (_, FifKind::Identification | FifKind::Password) => self.ident(fif),
            (_, FifKind::InternetAddress) => self.internet(fif),
            (Fcf::Nss, _) => {
                if let Some(dcs) = crate::t30::nsf::dcs_inside(text) {
                    self.command(dcs);
                    let start = dcs.as_ptr().addr() - text.as_ptr().addr();
                    let around = fif.iter().enumerate();
                    let others = around.filter(|(at, _)| {
                        *at >= VENDOR && !(start..start + dcs.len()).contains(at)
                    });
                    self.changes.extend(others.map(|(_, place)| (*place, 0)));
                } else {
                    self.private(fif);
                }
            }
            (_, FifKind::NonStandard) => self.private(fif),
            (Fcf::Fcd, _) => {
                if let [number, data @ ..] = fif {
                    // One that is not whole is no part of the page.
                    if FRAME_SIZES.contains(&data.len()) && good {
                        self.pending.push((number.octet, data.to_vec()));
                    } else {
                        self.changes.extend(data.iter().map(|place| (*place, 0)));
                    }
                }
            }
            (Fcf::Pps | Fcf::Eor, _) => self.partial_page(text),
            (_, FifKind::Octets) => self.scrub(fif),
            _ => {}
        }
    }

    fn command(&mut self, fif: &[u8]) {
        let mode = DcsMode::new(fif);
        let resolution = Resolution::by_name(mode.resolution).unwrap_or(Resolution::STANDARD);
        let width = Layout::pixels(mode.width, resolution);
        self.mode = Some((Coding::by_name(mode.compression), width));
        self.training = true;
        self.end_page();
    }

    /// Text, the last character first, the lowest bit of each first.
    fn ident(&mut self, fif: &[Place]) {
        let text: Vec<u8> = fif
            .iter()
            .rev()
            .map(|place| place.octet.reverse_bits())
            .collect();
        let mut out = text.clone();
        let is_number = |octet: &u8| octet.is_ascii_digit() || b" +-.()/#*".contains(octet);
        if text.iter().all(is_number) {
            self.instead.number(&mut out);
        } else {
            out = self.words(&text);
        }
        for (place, octet) in fif.iter().rev().zip(out) {
            self.changes.push((*place, octet.reverse_bits()));
        }
    }

    fn words(&mut self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        let is_word = |octet: &u8| octet.is_ascii_alphanumeric() || *octet >= 0x80;
        for run in text.chunk_by(|one, other| is_word(one) == is_word(other)) {
            match std::str::from_utf8(run) {
                Ok(word) if run.iter().all(u8::is_ascii_digit) => {
                    out.extend(self.instead.digits(word).bytes());
                }
                Ok(word) if run.first().is_some_and(is_word) => {
                    out.extend(self.instead.word(word).bytes());
                }
                Ok(_) => out.extend_from_slice(run),
                Err(_) => out.extend(std::iter::repeat_n(b'x', run.len())),
            }
        }
        out
    }

    /// Type, length, and an address as text.
    fn internet(&mut self, fif: &[Place]) {
        let octets = fif.iter().skip(2);
        self.changes
            .extend(octets.map(|place| (*place, b'x'.reverse_bits())));
    }

    /// Country and maker stay; the rest is what only that maker can read.
    fn private(&mut self, fif: &[Place]) {
        let rest = fif.iter().skip(VENDOR);
        self.changes.extend(rest.map(|place| (*place, 0)));
    }

    /// Pieces of a frame, or a frame that is not known: what may be characters of an ident.
    fn scrub(&mut self, places: &[Place]) {
        let text: Vec<u8> = places
            .iter()
            .rev()
            .map(|place| place.octet.reverse_bits())
            .collect();
        let is_text = |octet: &u8| octet.is_ascii_alphanumeric();
        let mut out = Vec::with_capacity(text.len());
        for run in text.chunk_by(|one, other| is_text(one) == is_text(other)) {
            if run.first().is_some_and(is_text) {
                out.extend(self.words(run));
            } else {
                out.extend_from_slice(run);
            }
        }
        for (place, octet) in places.iter().rev().zip(out) {
            self.changes.push((*place, octet.reverse_bits()));
        }
    }

    /// PPS and EOR say which page and block the frames before them were of.
    fn partial_page(&mut self, fif: &[u8]) {
        let &[_, page, block, ..] = fif else {
            return;
        };
        if self.page.is_some_and(|known| known != page) {
            let pending = std::mem::take(&mut self.pending);
            self.end_page();
            self.pending = pending;
        }
        self.page = Some(page);
        self.file_pending(block.reverse_bits());
    }

    fn file_pending(&mut self, block: u8) {
        for (number, data) in std::mem::take(&mut self.pending) {
            let places = self
                .frames
                .entry((block, number.reverse_bits()))
                .or_default();
            places.push(data);
        }
    }

    /// A page in ECM becomes a blank one.
    fn end_page(&mut self) {
        self.file_pending(u8::MAX);
        self.page = None;
        let frames = std::mem::take(&mut self.frames);
        let octets: Vec<u8> = frames
            .values()
            .filter_map(|places| longest(places))
            .flat_map(|data| data.iter().map(|place| place.octet))
            .collect();
        if octets.is_empty() {
            return;
        }
        let (coding, width) = self.layout(&octets);
        let blank = match coding {
            Some(Coding::Mmr) => {
                let tally = decode(&octets, Coding::Mmr, width, |_| {});
                blank::t6(octets.len(), tally.rows)
            }
            Some(coding) => blank::t4(&octets, coding == Coding::Mr, width),
            None => vec![0; octets.len()],
        };
        let mut from = 0;
        for places in frames.values() {
            let size = longest(places).map_or(0, Vec::len);
            let new = blank.get(from..from + size).unwrap_or_default();
            from += size;
            for data in places {
                for (at, place) in data.iter().enumerate() {
                    self.changes
                        .push((*place, new.get(at).copied().unwrap_or(0)));
                }
            }
        }
    }

    /// By the DCS, else as the data look.
    fn layout(&self, octets: &[u8]) -> (Option<Coding>, u32) {
        let guessed = || {
            let layout = bitmap::guess(octets);
            layout.map_or((None, 1728), |layout| (Some(layout.coding), layout.width))
        };
        self.mode.unwrap_or_else(guessed)
    }

    /// A page without ECM becomes a blank one; a training check has no content.
    fn end_burst(&mut self) {
        let burst = std::mem::take(&mut self.burst);
        if burst.is_empty() {
            return;
        }
        let octets: Vec<u8> = burst.iter().map(|place| place.octet).collect();
        let training = std::mem::take(&mut self.training) && !blank::has_rows(&octets);
        if training {
            return;
        }
        let (coding, width) = self.layout(&octets);
        let new = match coding {
            Some(Coding::Mh | Coding::Mr) => blank::t4(&octets, coding == Some(Coding::Mr), width),
            _ => vec![0; octets.len()],
        };
        for (place, octet) in burst.into_iter().zip(new) {
            self.changes.push((place, octet));
        }
    }
}

/// Octets of coded data in a frame of ECM (T.30 A.3.6.1).
const FRAME_SIZES: [usize; 2] = [64, 256];
/// Address, control, FCF and number of a frame of coded data.
const FCD_HEADER: usize = 4;
/// Octets of country and maker.
const VENDOR: usize = 3;

/// Of the times that a frame was sent, one in which all of it came.
fn longest(places: &[Vec<Place>]) -> Option<&Vec<Place>> {
    places.iter().rev().max_by_key(|data| data.len())
}
