//! The one table of the bits of DIS, DTC and DCS (T.30 Table 2).

/// A bit, or the first bit of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bit {
    /// 1-based, as T.30 numbers them.
    pub number: u8,
    /// Last bit of the group; equal to `number` for a single bit.
    pub last: u8,
    /// What it is about.
    pub name: &'static str,
    /// What 1 means in DIS and DTC; empty if it must be 0.
    pub dis: &'static str,
    /// What 1 means in DCS; empty if it must be 0.
    pub dcs: &'static str,
    /// The DCS may set it only if the DIS has it.
    pub needs_capability: bool,
}

/// A capability in DIS and DTC that DCS selects.
const fn choice(number: u8, name: &'static str) -> Bit {
    Bit {
        number,
        last: number,
        name,
        dis: "yes",
        dcs: "used",
        needs_capability: true,
    }
}

/// A bit that means the same everywhere.
const fn same(number: u8, name: &'static str) -> Bit {
    Bit {
        number,
        last: number,
        name,
        dis: "yes",
        dcs: "yes",
        needs_capability: false,
    }
}

/// A bit of DIS and DTC only.
const fn dis(number: u8, name: &'static str, meaning: &'static str) -> Bit {
    Bit {
        number,
        last: number,
        name,
        dis: meaning,
        dcs: "",
        needs_capability: false,
    }
}

/// A bit with different meanings.
const fn both(number: u8, name: &'static str, dis: &'static str, dcs: &'static str) -> Bit {
    Bit {
        number,
        last: number,
        name,
        dis,
        dcs,
        needs_capability: false,
    }
}

/// A group that is read as one value.
const fn group(number: u8, last: u8, name: &'static str) -> Bit {
    Bit {
        number,
        last,
        name,
        dis: "",
        dcs: "",
        needs_capability: false,
    }
}

/// A bit that should be 0.
const fn reserved(number: u8) -> Bit {
    both(number, "reserved", "set, against T.30", "set, against T.30")
}

/// Says that another octet follows.
const fn extension(number: u8) -> Bit {
    group(number, number, "another octet follows")
}

/// All bits from 1 to 127, in order, groups as one.
pub const BITS: &[Bit] = &[
    same(1, "store and forward Internet fax (T.37)"),
    reserved(2),
    same(3, "real-time Internet fax (T.38)"),
    same(4, "third generation mobile network access"),
    reserved(5),
    dis(6, "V.8 (V.34, Super G3)", "yes"),
    dis(7, "ECM frame size preferred", "64 octets"),
    reserved(8),
    dis(9, "document ready to be polled", "yes"),
    both(10, "receive", "can receive", "receive"),
    group(11, 14, "modems"),
    choice(15, "fine resolution (R8x7.7 or 200x200)"),
    choice(16, "two-dimensional coding (MR)"),
    group(17, 18, "page width"),
    group(19, 20, "page length"),
    group(21, 23, "least scan line time"),
    extension(24),
    reserved(25),
    choice(26, "uncompressed mode"),
    choice(27, "error correction mode (ECM)"),
    both(28, "ECM frame size", "set, against T.30", "64 octets"),
    reserved(29),
    reserved(30),
    choice(31, "T.6 coding (MMR)"),
    extension(32),
    same(33, "field not valid (FNV)"),
    dis(34, "multiple selective polling", "yes"),
    dis(35, "polled subaddress (PSA)", "yes"),
    choice(36, "T.43 coding"),
    choice(37, "plane interleave"),
    choice(38, "voice coding (G.726)"),
    reserved(39),
    extension(40),
    choice(41, "R8x15.4 or 200x400"),
    choice(42, "300x300"),
    choice(43, "R16x15.4 or 400x400"),
    both(44, "inch-based resolution", "preferred", "used"),
    dis(45, "metric-based resolution", "preferred"),
    dis(46, "least scan line time at higher resolutions", "half"),
    dis(47, "selective polling (SEP)", "yes"),
    extension(48),
    both(49, "subaddress (SUB)", "yes", "sent"),
    both(
        50,
        "password (PWD) or sender identification (SID)",
        "password",
        "sender identification sent",
    ),
    dis(51, "data file ready to be polled", "yes"),
    reserved(52),
    choice(53, "binary file transfer (BFT)"),
    choice(54, "document transfer mode (DTM)"),
    choice(55, "electronic data interchange (EDI)"),
    extension(56),
    choice(57, "basic transfer mode (BTM)"),
    reserved(58),
    dis(59, "character or mixed document ready to be polled", "yes"),
    choice(60, "character mode"),
    reserved(61),
    choice(62, "mixed mode (T.4 Annex E)"),
    reserved(63),
    extension(64),
    dis(65, "processable mode 26 (T.505)", "yes"),
    same(66, "digital network"),
    same(67, "duplex"),
    choice(68, "JPEG coding (T.81)"),
    choice(69, "full colour"),
    both(70, "Huffman tables", "set, against T.30", "preferred"),
    choice(71, "12 bits a component"),
    extension(72),
    choice(73, "no subsampling"),
    choice(74, "custom illuminant"),
    choice(75, "custom gamut range"),
    choice(76, "North American Letter (215.9 x 279.4 mm)"),
    choice(77, "North American Legal (215.9 x 355.6 mm)"),
    choice(78, "T.85 coding (JBIG)"),
    choice(79, "T.85 coding, optional stripe length L0"),
    extension(80),
    choice(81, "HKM key management"),
    choice(82, "RSA key management"),
    choice(83, "override mode"),
    choice(84, "HFX40 cipher"),
    choice(85, "alternative cipher 2"),
    choice(86, "alternative cipher 3"),
    choice(87, "HFX40-I hashing"),
    extension(88),
    choice(89, "alternative hashing 2"),
    choice(90, "alternative hashing 3"),
    reserved(91),
    group(92, 94, "mixed raster content mode (T.44)"),
    choice(95, "page length as largest stripe (T.44)"),
    extension(96),
    choice(97, "colour or grey 300x300 or 400x400"),
    choice(98, "colour or grey 100x100"),
    choice(99, "simple phase C BFT negotiation"),
    dis(100, "extended BFT negotiation", "yes"),
    dis(101, "Internet selective polling address (ISP)", "yes"),
    both(102, "Internet routing address (IRA)", "yes", "sent"),
    reserved(103),
    extension(104),
    choice(105, "600x600"),
    choice(106, "1200x1200"),
    choice(107, "300x600"),
    choice(108, "400x800"),
    choice(109, "600x1200"),
    choice(110, "colour or grey 600x600"),
    choice(111, "colour or grey 1200x1200"),
    extension(112),
    choice(113, "double sided printing, alternate mode"),
    choice(114, "double sided printing, continuous mode"),
    dis(115, "black and white mixed raster content", "yes"),
    choice(116, "T.45 run length colour coding"),
    group(117, 118, "shared memory"),
    choice(119, "T.44 colour space"),
    extension(120),
    same(121, "flow control in T.38 (RNR, TNR)"),
    choice(122, "K greater than 4"),
    both(
        123,
        "Internet-aware fax (IAF)",
        "yes",
        "used: no training, no limit of a modem",
    ),
    group(124, 126, "T.89 profile"),
    choice(127, "sYCC-JPEG coding"),
];
