//! Blocks of a pcapng file, section by section, and the way back to them after damage.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Damage, Found, Mark, Step};
use crate::capture::Timestamp;
use crate::capture::buffer::{Buffer, RECORD_MAX};
use crate::capture::container::{self, BLOCK_SECTION, BlockPacket, Content, Interface, Order};
use crate::capture::link::LinkType;

/// Interfaces kept over all sections; frames of later ones are read with the first interface of their section.
const INTERFACES_MAX: usize = 65_536;

/// Sections that are told apart; a file of more of them reads the rest as one.
const SECTIONS_MAX: usize = 65_536;

/// One section's byte order and interfaces.
#[derive(Clone, Debug)]
pub(super) struct Section {
    order: Order,
    interfaces: Vec<Interface>,
}

/// The sections met so far, shared with later passes over the same file. A later pass shares the section itself too.
pub(super) type Sections = Arc<Mutex<Vec<Arc<Section>>>>;

fn lock(sections: &Sections) -> MutexGuard<'_, Vec<Arc<Section>>> {
    sections.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Walks from block to block.
#[derive(Debug)]
pub(in crate::capture) struct Blocks {
    /// Where the first pass notes its sections; a later pass notes nothing.
    sections: Option<Sections>,
    section: Arc<Section>,
    /// How many interfaces of `section` are described before the next block.
    known: usize,
    index: u32,
    /// An interface of `section` tells times finer than microseconds.
    fine: bool,
    /// Latest drop count of each interface of this section, and the sum of those of earlier sections.
    drops: Vec<u64>,
    dropped_before: u64,
    interfaces_total: usize,
    last: Timestamp,
}

impl Blocks {
    /// Begins before the first section header.
    pub(super) fn new() -> Self {
        let section = Section {
            order: Order::Little,
            interfaces: Vec::new(),
        };
        Self::over(Some(Sections::default()), Arc::new(section))
    }

    fn over(sections: Option<Sections>, section: Arc<Section>) -> Self {
        Self {
            sections,
            section,
            known: 0,
            index: 0,
            fine: false,
            drops: Vec::new(),
            dropped_before: 0,
            interfaces_total: 0,
            last: Timestamp(0),
        }
    }

    /// Begins at a mark of an earlier pass.
    pub(super) fn at(sections: &Sections, mark: Mark) -> Self {
        let index = usize::try_from(mark.section).unwrap_or(usize::MAX);
        let section = lock(sections).get(index).cloned();
        let mut blocks = Self::new();
        blocks.sections = None;
        if let Some(section) = section {
            blocks.known = usize::try_from(mark.interfaces)
                .unwrap_or(usize::MAX)
                .min(section.interfaces.len());
            blocks.section = section;
        }
        blocks.index = mark.section;
        blocks
    }

    /// For later passes.
    pub(super) fn sections(&self) -> Sections {
        self.sections.clone().unwrap_or_default()
    }

    /// Index of the current section and how many of its interfaces are known.
    pub(super) fn place(&self) -> (u32, u32) {
        (self.index, u32::try_from(self.known).unwrap_or(u32::MAX))
    }

    /// Whether an interface of this section tells times finer than microseconds.
    pub(super) fn nanoseconds(&self) -> bool {
        self.fine
    }

    /// Packets that the capturing system says it dropped.
    pub(super) fn dropped(&self) -> u64 {
        self.drops
            .iter()
            .fold(self.dropped_before, |sum, drops| sum.saturating_add(*drops))
    }

    /// The next block. `ended`: what is not there yet will not come.
    pub(super) fn step(&mut self, buffer: &mut Buffer, ended: bool) -> Step {
        loop {
            if !buffer.fill(12) {
                return end(buffer, ended);
            }
            let Some(frame) = Frame::of(buffer.available(), self.section.order) else {
                return self.resync(buffer);
            };
            if !buffer.fill(frame.len) {
                if !ended {
                    return Step::End;
                }
                // A wrong length and a cut file look the same: only another block later tells them apart.
                return match self.next_block(buffer.available(), 4) {
                    Some(at) => skip(buffer, at),
                    None => end(buffer, ended),
                };
            }
            let data = buffer.available().get(..frame.len).unwrap_or_default();
            let after = buffer.available().get(frame.len..).unwrap_or_default();
            if !frame.closes(data) && !self.begins_block(after) {
                return self.resync(buffer);
            }
            let start = buffer.offset();
            let content = container::block(data, frame.order);
            if let Some(step) = self.take(content, frame, start, buffer) {
                return step;
            }
        }
    }

    /// Takes in one block. `None`: nothing in it to tell.
    fn take(
        &mut self,
        content: Option<Content>,
        frame: Frame,
        start: u64,
        buffer: &mut Buffer,
    ) -> Option<Step> {
        buffer.consume(frame.len);
        match content {
            Some(Content::Section) => self.begin_section(frame.order),
            Some(Content::Interface(interface)) => self.add_interface(interface),
            Some(Content::Statistics { interface, dropped }) => {
                let index = usize::try_from(interface).ok()?;
                if let Some(drops) = self.drops.get_mut(index) {
                    *drops = dropped.max(*drops);
                }
            }
            Some(Content::Packet(packet)) => {
                let room = frame.len.saturating_sub(packet.data_at + 4);
                return Some(self.packet(&packet, room, start));
            }
            Some(Content::Numbered) => return Some(Step::Numbered),
            Some(Content::Other) => {}
            None => {
                return Some(Step::Damage(Damage {
                    offset: start,
                    text: format!("damaged block of type {}: skipped", frame.block_type),
                }));
            }
        }
        None
    }

    fn begin_section(&mut self, order: Order) {
        self.dropped_before = self.dropped();
        self.drops.clear();
        let section = Section {
            order,
            interfaces: Vec::new(),
        };
        (self.known, self.fine) = (0, false);
        self.index = self.index.saturating_add(1);
        if let Some(sections) = &self.sections {
            let mut sections = lock(sections);
            if sections.len() >= SECTIONS_MAX {
                sections.pop();
            }
            sections.push(Arc::new(section.clone()));
            self.index = u32::try_from(sections.len().saturating_sub(1)).unwrap_or(u32::MAX);
        }
        self.section = Arc::new(section);
    }

    fn add_interface(&mut self, interface: Interface) {
        self.fine |= matches!(interface.resolution, 7..=127 | 148..);
        if self.drops.len() < INTERFACES_MAX {
            self.drops.push(0);
        }
        if self.known < self.section.interfaces.len() {
            // A later pass has it from the first one.
            self.known += 1;
            return;
        }
        if self.interfaces_total >= INTERFACES_MAX {
            return;
        }
        self.interfaces_total += 1;
        self.known += 1;
        // A copy only while another pass holds the section as it was.
        Arc::make_mut(&mut self.section).interfaces.push(interface);
        if let Some(sections) = &self.sections
            && let Some(section) = lock(sections).last_mut()
        {
            Arc::make_mut(section).interfaces.push(interface);
        }
    }

    fn packet(&mut self, packet: &BlockPacket, room: usize, start: u64) -> Step {
        let index = usize::try_from(packet.interface).unwrap_or(usize::MAX);
        let described = self
            .section
            .interfaces
            .get(..self.known)
            .unwrap_or_default();
        let known = described.get(index);
        let interface = known.or_else(|| described.first()).copied();
        let mut len = usize::try_from(packet.captured)
            .unwrap_or(usize::MAX)
            .min(room);
        if let (None, Some(Interface { snaplen: 1.., .. })) = (packet.ticks, interface) {
            let snaplen = interface.map_or(0, |interface| interface.snaplen);
            len = len.min(usize::try_from(snaplen).unwrap_or(usize::MAX));
        }
        let at = match (packet.ticks, interface) {
            // A simple packet block has no time: the one before it is the nearest known.
            (None, _) => self.last,
            (Some(ticks), Some(interface)) => time(ticks, interface.resolution, interface.offset),
            (Some(ticks), None) => time(ticks, 6, 0),
        };
        self.last = at;
        let damage = known.is_none().then(|| Damage {
            offset: start,
            text: format!(
                "interface {} is not described in the file",
                packet.interface
            ),
        });
        let found = Found {
            record: start,
            offset: start + packet.data_at as u64,
            len,
            wire_len: packet.original,
            at,
            // Without any description Ethernet is the best guess.
            link: LinkType(interface.map_or(1, |interface| interface.link)),
        };
        Step::Frame(found, damage)
    }

    /// Whether a block could begin here; the end of what is there counts as one.
    fn begins_block(&self, data: &[u8]) -> bool {
        data.len() < 12
            || Frame::of(data, self.section.order)
                .is_some_and(|frame| container::is_known_block(frame.block_type))
    }

    /// Offset of the next whole block in `data`, not before `from`.
    fn next_block(&self, data: &[u8], from: usize) -> Option<usize> {
        (from..data.len()).find(|&at| {
            let rest = data.get(at..).unwrap_or_default();
            Frame::of(rest, self.section.order).is_some_and(|frame| {
                container::is_known_block(frame.block_type)
                    && rest
                        .get(..frame.len)
                        .is_some_and(|block| frame.closes(block))
            })
        })
    }

    /// Searches the next whole block.
    fn resync(&mut self, buffer: &mut Buffer) -> Step {
        let start = buffer.offset();
        let mut skipped: usize = 0;
        loop {
            let more = buffer.fill(SEARCH_WINDOW);
            let data = buffer.available();
            let found = self.next_block(data, usize::from(skipped == 0));
            let step = found.unwrap_or(if more {
                data.len() - SEARCH_WINDOW / 2
            } else {
                data.len()
            });
            buffer.consume(step);
            skipped += step;
            if found.is_some() || !more {
                break;
            }
        }
        skipped_over(start, skipped)
    }
}

/// Steps over what is no block.
fn skip(buffer: &mut Buffer, count: usize) -> Step {
    let start = buffer.offset();
    buffer.consume(count);
    skipped_over(start, count)
}

fn skipped_over(offset: u64, count: usize) -> Step {
    Step::Damage(Damage {
        offset,
        text: format!("damaged block: {count} octets skipped"),
    })
}

/// Octets that a search looks at in one go; it moves on by half of it.
const SEARCH_WINDOW: usize = 256 * 1024;

/// A block's outer frame.
#[derive(Clone, Copy)]
struct Frame {
    block_type: u32,
    order: Order,
    len: usize,
}

impl Frame {
    /// The frame of a block; `None` if its length cannot be.
    fn of(data: &[u8], order: Order) -> Option<Self> {
        let head: &[u8; 12] = data.first_chunk()?;
        let [t0, t1, t2, t3, l0, l1, l2, l3, magic @ ..] = *head;
        let block_type = order.u32([t0, t1, t2, t3]);
        let order = match (block_type, magic) {
            (BLOCK_SECTION, [0x4d, 0x3c, 0x2b, 0x1a]) => Order::Little,
            (BLOCK_SECTION, [0x1a, 0x2b, 0x3c, 0x4d]) => Order::Big,
            (BLOCK_SECTION, _) => return None,
            _ => order,
        };
        let len = usize::try_from(order.u32([l0, l1, l2, l3])).ok()?;
        (12..=RECORD_MAX).contains(&len).then_some(Self {
            block_type,
            order,
            len,
        })
    }

    /// Whether the length after the block is that before it.
    fn closes(&self, block: &[u8]) -> bool {
        block
            .last_chunk()
            .is_some_and(|len| usize::try_from(self.order.u32(*len)) == Ok(self.len))
    }
}

fn end(buffer: &mut Buffer, ended: bool) -> Step {
    let rest = buffer.available().len();
    if rest == 0 || !ended {
        return Step::End;
    }
    let offset = buffer.offset();
    buffer.consume(rest);
    Step::Damage(Damage {
        offset,
        text: format!("the capture ends in the middle of a block ({rest} octets of it are there)"),
    })
}

/// Time of day out of units of `if_tsresol` and seconds of `if_tsoffset`.
fn time(ticks: u64, resolution: u8, offset: i64) -> Timestamp {
    let exponent = u32::from(resolution & 0x7f);
    let nanoseconds = match resolution {
        6 => ticks.saturating_mul(1000),
        9 => ticks,
        0..=8 => ticks.saturating_mul(10_u64.pow(9 - exponent)),
        10..=127 => 10_u64
            .checked_pow(exponent - 9)
            .map_or(0, |unit| ticks / unit),
        128.. => u64::try_from((u128::from(ticks) * 1_000_000_000) >> exponent).unwrap_or(u64::MAX),
    };
    let shift = offset.unsigned_abs().saturating_mul(1_000_000_000);
    Timestamp(if offset < 0 {
        nanoseconds.saturating_sub(shift)
    } else {
        nanoseconds.saturating_add(shift)
    })
}
