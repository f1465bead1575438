//! Coded data of the pages of a fax, put together from what T.38 carried: one piece for each attempt at a page.
//!
//! Which data belong to which page the events say ([`crate::call::fax`]); the octets themselves are not kept in
//! the model and are read again when somebody asks for them.

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::call::fax::{Heard, is_image};
use crate::call::{BySide, Call, Event, EventId, EventKind, PageData, Side};
use crate::capture::{Endpoint, FrameNo};
use crate::line::{Fcs, SignalKind};
use crate::page::{Coding, Layout, PageFacts, Resolution, bitmap};
use crate::t30::capability::DcsMode;
use crate::t30::fif::{self, PartialPage};
use crate::t30::frame::T30Frame;
use crate::t30::{Fcf, PostMessage};

/// One attempt at a page: what it was to be, and what of it is in the capture.
#[derive(Clone, Debug, PartialEq)]
pub struct PageAttempt {
    /// Page number, 1-based.
    pub page: u32,
    /// Attempt at this page, 1-based: another one after RTN or PIN.
    pub attempt: u32,
    /// Events with its data, in order.
    pub data: Vec<EventId>,
    /// What the DCS in force commanded; `None`: it is not in the capture.
    pub mode: Option<DcsMode>,
    /// How its rows are decoded; `None`: not at all (JBIG, or no rows found). Without a DCS it is guessed.
    pub layout: Option<Layout>,
    /// Octets of coded data, resent ones counted once.
    pub bytes: u32,
    /// From its first to its last octet, in seconds.
    pub seconds: f64,
    /// Sent in ECM blocks.
    pub ecm: bool,
    /// ECM: frames that never came in a good copy.
    pub missing_frames: u32,
    /// Packets lost for good inside.
    pub lost_packets: u32,
    /// Command that ended it and answer to it: `EOP`, `MCF`. `None`: it broke off, or nobody answered.
    pub command: Option<PostMessage>,
    /// See `command`.
    pub answer: Option<Fcf>,
    /// What its rows are like.
    pub facts: PageFacts,
    /// Most rows are damaged as the DCS has them, and good with rows of so many pixels.
    pub fitting_width: Option<u32>,
}

impl PageAttempt {
    /// The first attempt at a page, before anything of it came.
    pub(crate) fn nothing(page: u32) -> Self {
        Self {
            page,
            attempt: 1,
            data: Vec::new(),
            mode: None,
            layout: None,
            bytes: 0,
            seconds: 0.0,
            ecm: false,
            missing_frames: 0,
            lost_packets: 0,
            command: None,
            answer: None,
            facts: PageFacts::default(),
            fitting_width: None,
        }
    }

    /// The coding: by the DCS, else by what was guessed.
    pub fn compression(&self) -> Option<&'static str> {
        let commanded = self.mode.as_ref().map(|mode| mode.compression);
        commanded.or(self.layout.map(|layout| layout.coding.name()))
    }

    /// No command ended it: the page broke off, or the capture does.
    pub const fn is_interrupted(&self) -> bool {
        self.command.is_none()
    }

    /// Share of its rows that are damaged, 0 to 1.
    pub fn bad_share(&self) -> f64 {
        f64::from(self.facts.tally.bad_rows) / f64::from(self.facts.tally.rows.max(1))
    }
}

/// An attempt with its coded data.
#[derive(Clone, Debug)]
pub struct CodedPage {
    /// What is known of it.
    pub about: PageAttempt,
    /// The coded data, first bit sent the highest of each octet.
    pub octets: Vec<u8>,
}

/// Page data as T.38 carried them, before anybody knows which page they are of; each piece is given out once.
#[derive(Debug, Default)]
pub(crate) struct LineData {
    /// By the side that sent them, in order.
    pieces: BySide<VecDeque<Piece>>,
    /// Who sent what begins in a frame.
    sides: HashMap<(FrameNo, Endpoint), Side>,
}

#[derive(Debug)]
struct Piece {
    frame: FrameNo,
    last_frame: FrameNo,
    content: Content,
}

#[derive(Debug)]
enum Content {
    /// A good FCD frame: its number in the block, and the coded data.
    Frame(u8, Vec<u8>),
    /// Data without HDLC.
    Plain(Vec<u8>),
}

impl LineData {
    /// Copies the page data out of signals in time order.
    pub(crate) fn of(heard: &[Heard]) -> Self {
        let mut data = Self::default();
        for Heard { side, signal, .. } in heard {
            let content = match &signal.kind {
                SignalKind::Hdlc(hdlc)
                    if is_image(hdlc) && hdlc.fcs == Fcs::Good && !hdlc.damaged =>
                {
                    coded_frame(&hdlc.octets)
                }
                SignalKind::NonEcm(plain) => Some(Content::Plain(plain.octets.clone())),
                _ => None,
            };
            let Some(content) = content else { continue };
            data.sides.insert((signal.frame, signal.src), *side);
            data.pieces.of_mut(*side).push_back(Piece {
                frame: signal.frame,
                last_frame: signal.last_frame,
                content,
            });
        }
        data
    }

    /// The pieces of an event. Events come in the order of their pieces: what lies before is of no page (TCF).
    fn take(&mut self, event: &Event) -> Vec<Content> {
        for side in [Side::Caller, Side::Callee] {
            let pieces = self.pieces.of_mut(side);
            while pieces
                .front()
                .is_some_and(|piece| piece.frame < event.frame)
            {
                pieces.pop_front();
            }
        }
        // Without SIP the sides of a call are other ones than those of its packets. Bad frames are no pieces:
        // the event may begin with one.
        let within = |side: &Side| {
            let first = self.pieces.of(*side).front();
            first.is_some_and(|piece| piece.last_frame <= event.last_frame)
        };
        let side = self.sides.get(&(event.frame, event.src)).copied();
        let side = side.or([event.from, event.from.other()].into_iter().find(within));
        let pieces = self.pieces.of_mut(side.unwrap_or(event.from));
        let mut taken = Vec::new();
        while let Some(piece) = pieces.pop_front() {
            if piece.last_frame > event.last_frame {
                pieces.push_front(piece);
                break;
            }
            taken.push(piece.content);
        }
        taken
    }
}

/// Octets before the coded data of an FCD frame: address, control, FCF, frame number.
const FCD_HEADER: usize = 4;

fn coded_frame(octets: &[u8]) -> Option<Content> {
    let (header, data) = octets.split_at_checked(FCD_HEADER)?;
    let number = fif::frame_number(header.get(FCD_HEADER - 1..)?)?;
    (Fcf::decode(*header.get(2)?).0 == Fcf::Fcd).then(|| Content::Frame(number, data.to_vec()))
}

/// Puts the attempts of a call together, in order.
pub(crate) fn assemble(call: &Call, data: LineData) -> Vec<CodedPage> {
    let mut assembly = Assembly::new(data);
    for event in call.events.iter().filter(|event| event.observed) {
        match &event.kind {
            EventKind::PageData(page) if page.level.is_none() => assembly.data(event, page),
            EventKind::T30(frame) if frame.is_whole() => assembly.message(frame),
            _ => {}
        }
    }
    assembly.end_page();
    assembly.done
}

/// Fills in what the rows of a page are like.
pub(crate) fn look_at(page: &mut CodedPage) {
    let mode = page.about.mode.as_ref();
    page.about.layout = match mode {
        Some(mode) => layout(mode),
        None => bitmap::guess(&page.octets),
    };
    if let Some(layout) = &page.about.layout {
        page.about.facts = PageFacts::of(&page.octets, layout);
    }
    if page.about.mode.is_some() && page.about.bad_share() > MOSTLY {
        let other = bitmap::guess(&page.octets);
        let same_coding =
            other.filter(|other| Some(other.coding) == page.about.layout.map(|own| own.coding));
        page.about.fitting_width = same_coding.map(|other| other.width);
    }
}

/// Share of damaged rows from which on it is asked whether they have another width.
const MOSTLY: f64 = 0.5;

fn layout(mode: &DcsMode) -> Option<Layout> {
    let resolution = Resolution::by_name(mode.resolution)?;
    Some(Layout {
        coding: Coding::by_name(mode.compression)?,
        width: Layout::pixels(mode.width, resolution),
        resolution,
    })
}

/// The attempt at hand, and those before it.
struct Assembly {
    line: LineData,
    done: Vec<CodedPage>,
    mode: Option<DcsMode>,
    page: Option<CodedPage>,
    /// RTN or PIN came: the next data are another attempt.
    refused: bool,
    block: Block,
    /// Coded data behind frames that are missing cannot be decoded (MMR).
    broken: bool,
}

/// Coded data of the frames of a block, by number.
type Frames = BTreeMap<u8, Vec<u8>>;

/// The ECM block at hand.
#[derive(Default)]
struct Block {
    /// Good frames by number.
    frames: Frames,
    /// Those that came after its last PPS: it is not known yet whether they are of this block.
    open: Frames,
    /// Its last PPS.
    pps: Option<PartialPage>,
    /// PPR asked for frames of it again.
    asked_again: bool,
    /// MCF, or ERR after EOR: what comes next is another one.
    answered: bool,
}

impl Block {
    /// The frames that came last are of this block: the first good copy of each counts.
    fn take_open(&mut self) {
        for (number, octets) in std::mem::take(&mut self.open) {
            self.frames.entry(number).or_insert(octets);
        }
    }
}

impl Assembly {
    fn new(line: LineData) -> Self {
        Self {
            line,
            done: Vec::new(),
            mode: None,
            page: None,
            refused: false,
            block: Block::default(),
            broken: false,
        }
    }

    fn data(&mut self, event: &Event, page: &PageData) {
        let same = self
            .page
            .as_ref()
            .is_some_and(|at_hand| at_hand.about.page == page.page && !self.refused);
        if !same {
            self.begin_page(page);
        }
        if self.block.answered {
            self.end_block();
        }
        let Some(at_hand) = &mut self.page else {
            return;
        };
        let about = &mut at_hand.about;
        about.data.push(event.id);
        about.lost_packets = about.lost_packets.saturating_add(page.lost_packets);
        about.ecm |= page.block.is_some();
        about.seconds += event.end.seconds_since(event.at);
        for content in self.line.take(event) {
            match content {
                Content::Frame(number, octets) => {
                    self.block.open.entry(number).or_insert(octets);
                }
                Content::Plain(octets) if page.block.is_none() => {
                    at_hand.octets.extend_from_slice(&octets);
                }
                Content::Plain(_) => {}
            }
        }
    }

    fn begin_page(&mut self, page: &PageData) {
        self.end_page();
        let before = self.done.last().map(|before| &before.about);
        let attempt = match before {
            Some(before) if before.page == page.page => before.attempt + 1,
            _ => 1,
        };
        self.page = Some(CodedPage {
            about: PageAttempt {
                attempt,
                mode: self.mode.clone(),
                ..PageAttempt::nothing(page.page)
            },
            octets: Vec::new(),
        });
        self.refused = false;
        self.broken = false;
    }

    fn end_page(&mut self) {
        self.end_block();
        if let Some(mut page) = self.page.take() {
            page.about.bytes = u32::try_from(page.octets.len()).unwrap_or(u32::MAX);
            self.done.push(page);
        }
    }

    fn end_block(&mut self) {
        let mut block = std::mem::take(&mut self.block);
        if block.pps.is_none() || block.asked_again {
            block.take_open();
        }
        self.append(&block.frames, block.pps);
        self.append(&block.open, None);
    }

    /// Adds the frames of a block in order; where one is missing, MH and MR go on behind it, MMR cannot.
    fn append(&mut self, frames: &Frames, pps: Option<PartialPage>) {
        let (Some(page), Some((highest, _))) = (&mut self.page, frames.last_key_value()) else {
            return;
        };
        let last = pps.map_or(0, |pps| pps.frames - 1).max(u16::from(*highest));
        let mmr = (self.mode.as_ref()).is_none_or(|mode| mode.compression == "MMR");
        for number in (0..=u8::MAX).take_while(|number| u16::from(*number) <= last) {
            match frames.get(&number) {
                Some(octets) if !self.broken => page.octets.extend_from_slice(octets),
                Some(_) => {}
                None => {
                    page.about.missing_frames += 1;
                    self.broken |= mmr;
                }
            }
        }
    }

    fn message(&mut self, frame: &T30Frame) {
        match frame.fcf {
            Fcf::Dcs => self.mode = Some(DcsMode::new(frame.fif())),
            Fcf::Pps => self.partial_page(frame),
            Fcf::Ppr => self.block.asked_again = true,
            Fcf::Eom | Fcf::Mps | Fcf::Eop | Fcf::PriEom | Fcf::PriMps | Fcf::PriEop | Fcf::Eos => {
                self.ended_by(frame);
            }
            Fcf::Mcf | Fcf::Rtp | Fcf::Pip | Fcf::Err => {
                self.block.answered = self.block.pps.is_some();
                self.answered(frame);
            }
            Fcf::Rtn | Fcf::Pin => {
                self.refused = self.page.is_some();
                self.answered(frame);
            }
            _ => {}
        }
    }

    /// PPS names the block of the data before it (T.30 Annex A.4.3).
    fn partial_page(&mut self, frame: &T30Frame) {
        let Some(pps) = fif::partial_page(frame.fif()) else {
            return;
        };
        let counters = |pps: PartialPage| (pps.page, pps.block);
        let before = self.block.pps.map(counters);
        if before.is_some_and(|before| before != counters(pps)) && !self.block.open.is_empty() {
            // The answer to the block before is not in the capture.
            let open = std::mem::take(&mut self.block.open);
            self.end_block();
            self.block.open = open;
        }
        self.block.take_open();
        self.block.pps = Some(pps);
        if pps.then != Fcf::Null {
            self.ended_by(frame);
        }
    }

    fn ended_by(&mut self, frame: &T30Frame) {
        if let Some(page) = &mut self.page {
            page.about.command = Some(frame.post_message());
        }
    }

    fn answered(&mut self, frame: &T30Frame) {
        if let Some(page) = &mut self.page
            && page.about.command.is_some()
        {
            page.about.answer = Some(frame.fcf);
        }
    }
}
