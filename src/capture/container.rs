//! pcap and pcapng structures as `pcap-parser` reads them; the only file that names the crate.
//!
//! What it gets wrong is put right here: block data with padding, `if_tsoffset` read in the wrong byte order,
//! time stamps in powers of two, the big-endian "modified" pcap, packet blocks whose options are damaged.

use pcap_parser::pcap::parse_pcap_header;
use pcap_parser::pcapng::{Block, OptionCode, PcapNGOption, parse_block_be, parse_block_le};

/// Octets of a pcap file header.
pub(super) const PCAP_HEADER_LEN: usize = 24;

/// Byte order of a pcap file or pcapng section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    pub(super) fn u16(self, octets: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(octets),
            Self::Big => u16::from_be_bytes(octets),
        }
    }

    pub(super) fn u32(self, octets: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(octets),
            Self::Big => u32::from_be_bytes(octets),
        }
    }

    fn u64(self, octets: [u8; 8]) -> u64 {
        match self {
            Self::Little => u64::from_le_bytes(octets),
            Self::Big => u64::from_be_bytes(octets),
        }
    }
}

/// A pcap file header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PcapHeader {
    pub(super) order: Order,
    /// Record headers of 24 octets (Alexey Kuznetzov's format).
    pub(super) modified: bool,
    pub(super) nanoseconds: bool,
    pub(super) snaplen: u32,
    /// The link type field without the flags above it (such as the FCS length).
    pub(super) link: u16,
}

/// Reads a pcap file header.
pub(super) fn pcap_header(data: &[u8]) -> Option<PcapHeader> {
    let data: &[u8; PCAP_HEADER_LEN] = data.first_chunk()?;
    // The big-endian twin of 0xa1b2cd34 is not known to the crate.
    if let [0xa1, 0xb2, 0xcd, 0x34, .., s0, s1, s2, s3, _, _, l0, l1] = *data {
        return Some(PcapHeader {
            order: Order::Big,
            modified: true,
            nanoseconds: false,
            snaplen: u32::from_be_bytes([s0, s1, s2, s3]),
            link: u16::from_be_bytes([l0, l1]),
        });
    }
    let (_, header) = parse_pcap_header(data).ok()?;
    let [link0, link1, ..] = header.network.0.to_le_bytes();
    Some(PcapHeader {
        order: if header.is_bigendian() {
            Order::Big
        } else {
            Order::Little
        },
        modified: header.is_modified_format(),
        nanoseconds: header.is_nanosecond_precision(),
        snaplen: header.snaplen,
        link: u16::from_le_bytes([link0, link1]),
    })
}

/// A pcap record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    pub(super) seconds: u32,
    /// Microseconds or nanoseconds, as the file header says.
    pub(super) fraction: u32,
    pub(super) captured: u32,
    pub(super) original: u32,
}

impl PcapHeader {
    /// Octets of a record header.
    pub(super) fn record_header_len(&self) -> usize {
        if self.modified { 24 } else { 16 }
    }

    /// A record's header, wherever its data is.
    pub(super) fn record_header(&self, data: &[u8]) -> Option<Record> {
        let (seconds, rest) = data.split_first_chunk()?;
        let (fraction, rest) = rest.split_first_chunk()?;
        let (captured, rest) = rest.split_first_chunk()?;
        let (original, _) = rest.split_first_chunk()?;
        Some(Record {
            seconds: self.order.u32(*seconds),
            fraction: self.order.u32(*fraction),
            captured: self.order.u32(*captured),
            original: self.order.u32(*original),
        })
    }
}

/// Types of pcapng blocks that a search for the next block accepts.
const BLOCK_TYPES: [u32; 13] = [
    BLOCK_SECTION,
    1,
    BLOCK_PACKET,
    3,
    4,
    5,
    6,
    9,
    10,
    0x0bad,
    0x4000_0bad,
    0x0204,
    0x8000_0001,
];

/// Custom blocks, systemd journal entries and sysdig events: Wireshark lists them as frames.
const NUMBERED_TYPES: [u32; 7] = [0x0bad, 0x4000_0bad, 9, 0x0204, 0x0208, 0x0216, 0x0221];

/// Type of a section header block: the same in either byte order.
pub(super) const BLOCK_SECTION: u32 = 0x0a0d_0d0a;

/// Type of the obsolete packet block.
const BLOCK_PACKET: u32 = 2;

/// Type of the enhanced packet block.
const BLOCK_ENHANCED: u32 = 6;

/// Whether a block type is one of those that captures hold.
pub(super) fn is_known_block(block_type: u32) -> bool {
    BLOCK_TYPES.contains(&block_type)
}

/// An interface description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interface {
    pub(super) link: u16,
    pub(super) snaplen: u32,
    /// `if_tsresol`: a power of ten, or of two if the top bit is set.
    pub(super) resolution: u8,
    /// `if_tsoffset`, seconds.
    pub(super) offset: i64,
}

/// What a block is to the reader.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Content {
    Section,
    Interface(Interface),
    Packet(BlockPacket),
    /// Packets dropped at an interface since its start.
    Statistics {
        interface: u32,
        dropped: u64,
    },
    /// No packet, but Wireshark gives it a frame number.
    Numbered,
    Other,
}

/// A captured frame in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BlockPacket {
    pub(super) interface: u32,
    /// Time in units of the interface; `None` in a simple packet block.
    pub(super) ticks: Option<u64>,
    /// Octets from the start of the block to the data.
    pub(super) data_at: usize,
    /// Octets of data; a simple packet block does not say what the snap length cut off.
    pub(super) captured: u32,
    pub(super) original: u32,
}

/// Reads one whole block. `None`: it is damaged.
pub(super) fn block(data: &[u8], order: Order) -> Option<Content> {
    let block_type = order.u32(*data.first_chunk()?);
    if block_type == BLOCK_PACKET {
        return obsolete_packet(data, order).map(Content::Packet);
    }
    let parsed = match order {
        Order::Little => parse_block_le(data),
        Order::Big => parse_block_be(data),
    };
    let Ok((_, parsed)) = parsed else {
        // Damaged options do not make the packet worthless.
        return (block_type == BLOCK_ENHANCED)
            .then(|| enhanced_packet(data, order).map(Content::Packet))
            .flatten();
    };
    Some(match parsed {
        Block::SectionHeader(_) => Content::Section,
        Block::InterfaceDescription(block) => {
            let [.., l0, l1] = block.linktype.0.to_be_bytes();
            Content::Interface(Interface {
                link: u16::from_be_bytes([l0, l1]),
                snaplen: block.snaplen,
                resolution: block.if_tsresol,
                // The crate's own field is wrong in big-endian sections.
                offset: option_u64(&block.options, OptionCode::IfTsoffset, order)
                    .unwrap_or_default()
                    .cast_signed(),
            })
        }
        Block::EnhancedPacket(block) => Content::Packet(BlockPacket {
            interface: block.if_id,
            ticks: Some(u64::from(block.ts_high) << 32 | u64::from(block.ts_low)),
            data_at: 28,
            captured: block.caplen,
            original: block.origlen,
        }),
        Block::SimplePacket(block) => Content::Packet(BlockPacket {
            interface: 0,
            ticks: None,
            data_at: 12,
            captured: block
                .origlen
                .min(u32::try_from(block.data.len()).unwrap_or(u32::MAX)),
            original: block.origlen,
        }),
        Block::InterfaceStatistics(block) => {
            let drops = |code| option_u64(&block.options, code, order).unwrap_or_default();
            Content::Statistics {
                interface: block.if_id,
                dropped: drops(OptionCode::IsbIfDrop).saturating_add(drops(OptionCode::IsbOsDrop)),
            }
        }
        _ if NUMBERED_TYPES.contains(&block_type) => Content::Numbered,
        _ => Content::Other,
    })
}

fn option_u64(options: &[PcapNGOption<'_>], code: OptionCode, order: Order) -> Option<u64> {
    let option = options.iter().find(|option| option.code == code)?;
    Some(order.u64(*option.value.first_chunk()?))
}

/// An enhanced packet block read without its options.
fn enhanced_packet(data: &[u8], order: Order) -> Option<BlockPacket> {
    let word = |at: usize| Some(order.u32(*data.get(at..)?.first_chunk()?));
    let captured = word(20)?;
    let room = data.len().checked_sub(28 + 4)?;
    (usize::try_from(captured).ok()? <= room).then_some(BlockPacket {
        interface: word(8)?,
        ticks: Some(u64::from(word(12)?) << 32 | u64::from(word(16)?)),
        data_at: 28,
        captured,
        original: word(24)?,
    })
}

/// A packet block of the first drafts: as an enhanced one, with 16 bits of interface and 16 of drops.
fn obsolete_packet(data: &[u8], order: Order) -> Option<BlockPacket> {
    let packet = enhanced_packet(data, order)?;
    let interface = order.u16(*data.get(8..)?.first_chunk()?);
    Some(BlockPacket {
        interface: interface.into(),
        ..packet
    })
}
