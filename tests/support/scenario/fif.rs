//! T.30 messages as octets: address, control, FCF, FIF, in the order of T.38 (the first bit is the highest).

use super::step::End;
use super::text::{Word, hex, number};

/// A T.30 message.
pub(crate) struct Frame {
    pub(crate) octets: Vec<u8>,
    /// The gateway says that its FCS is wrong.
    pub(crate) bad: bool,
}

/// FCF by name, X bit 0; false: it has no X bit.
const FCF: &[(&str, u8, bool)] = &[
    ("DIS", 0x01, false),
    ("CSI", 0x02, false),
    ("NSF", 0x04, false),
    ("DTC", 0x81, false),
    ("CIG", 0x82, false),
    ("PWD", 0x83, false),
    ("NSC", 0x84, false),
    ("SEP", 0x85, false),
    ("PSA", 0x86, false),
    ("CIA", 0x87, false),
    ("ISP", 0x88, false),
    ("DCS", 0x41, true),
    ("TSI", 0x42, true),
    ("SUB", 0x43, true),
    ("NSS", 0x44, true),
    ("SID", 0x45, true),
    ("TSA", 0x46, true),
    ("IRA", 0x47, true),
    ("CTC", 0x48, true),
    ("CFR", 0x21, true),
    ("FTT", 0x22, true),
    ("CTR", 0x23, true),
    ("CSA", 0x24, true),
    ("EOM", 0x71, true),
    ("MPS", 0x72, true),
    ("EOR", 0x73, true),
    ("EOP", 0x74, true),
    ("RR", 0x76, true),
    ("EOS", 0x78, true),
    ("PRI-EOM", 0x79, true),
    ("PRI-MPS", 0x7A, true),
    ("PRI-EOP", 0x7C, true),
    ("PPS", 0x7D, true),
    ("MCF", 0x31, true),
    ("RTN", 0x32, true),
    ("RTP", 0x33, true),
    ("PIN", 0x34, true),
    ("PIP", 0x35, true),
    ("PID", 0x36, true),
    ("RNR", 0x37, true),
    ("ERR", 0x38, true),
    ("PPR", 0x3D, true),
    ("FDM", 0x3F, true),
    ("FNV", 0x53, true),
    ("TR", 0x56, true),
    ("TNR", 0x57, true),
    ("CRP", 0x58, true),
    ("DNK", 0x59, true),
    ("DCN", 0x5F, true),
    ("NULL", 0x00, false),
];

/// Bits of a DIS or DTC by the words of the format.
const WORDS: &[(&str, &[usize])] = &[
    ("v17", &[11, 12, 14]),
    ("v29", &[11, 12]),
    ("v27", &[12]),
    ("fine", &[15]),
    ("2d", &[16]),
    ("ecm", &[27]),
    ("t6", &[31, 27]),
    ("v8", &[6]),
    ("poll", &[9]),
    ("14400", &[14]),
    ("12000", &[12, 14]),
    ("9600", &[11, 14]),
    ("7200", &[11, 12, 14]),
    ("v29-9600", &[11]),
    ("v29-7200", &[11, 12]),
    ("4800", &[12]),
    ("2400", &[]),
];

/// The messages of a burst: `CSI=5550002, DIS v17 ecm`.
pub(crate) fn burst(words: &[Word], from: End) -> Vec<Frame> {
    let parts: Vec<&[Word]> = words.split(|word| word.text == ",").collect();
    let last = parts.len() - 1;
    parts
        .iter()
        .enumerate()
        .map(|(place, part)| frame(part, from, place == last))
        .collect()
}

fn frame(words: &[Word], from: End, last: bool) -> Frame {
    let (head, args) = words.split_first().expect("a T.30 message");
    let (name, text) = head.text.split_once('=').unwrap_or((&head.text, ""));
    let option = |key: &str| {
        args.iter()
            .filter_map(Word::option)
            .filter(|(own, _)| *own == key)
            .map(|(_, value)| value)
            .next_back()
    };
    let (name, then) = match name.split_once('-') {
        Some((name @ ("PPS" | "EOR"), then)) => (name, Some(then)),
        _ => (name, None),
    };
    // T.30 5.3.6.1: X is 1 from the station that received a DIS, normally the caller.
    let x = option("x").map_or(from == End::Caller, |x| x == "1");
    let control = if last { 0xC8 } else { 0xC0 };
    let mut octets = vec![0xFF, control, fcf(name, x)];
    match option("hex") {
        Some(own) => octets.extend(hex(own)),
        None => octets.extend(fif(name, then, text, args, x)),
    }
    Frame {
        octets,
        bad: option("fcs") == Some("bad"),
    }
}

fn fcf(name: &str, x: bool) -> u8 {
    let (_, code, has_x) = FCF
        .iter()
        .find(|(own, ..)| *own == name)
        .unwrap_or_else(|| panic!("no T.30 message `{name}`"));
    if *has_x && x { code | 0x80 } else { *code }
}

fn fif(name: &str, then: Option<&str>, text: &str, args: &[Word], x: bool) -> Vec<u8> {
    let count = |key: &str, usual: f64| {
        let own = args
            .iter()
            .filter_map(Word::option)
            .find(|(own, _)| *own == key);
        own.map_or(usual, |(_, value)| number(value)) as u8
    };
    match name {
        "DIS" | "DTC" => bits(&[10], args),
        "DCS" => bits(&[10], args),
        "CTC" => bits(&[10], args)[..2].to_vec(),
        "CSI" | "TSI" | "CIG" | "SUB" | "SID" | "SEP" | "PSA" | "PWD" => ident(text),
        "NSF" | "NSC" | "NSS" => hex(if text.is_empty() { "AD0036" } else { text }),
        "PPS" => vec![
            fcf(then.unwrap_or("NULL"), x),
            count("page", 0.0).reverse_bits(),
            count("block", 0.0).reverse_bits(),
            (count("frames", 1.0) - 1).reverse_bits(),
        ],
        "EOR" => vec![fcf(then.unwrap_or("NULL"), x)],
        "PPR" => asked(args),
        _ => Vec::new(),
    }
}

/// FIF of DIS, DTC, DCS: words, `bit=`, `nobit=`; the extension bits as needed.
fn bits(always: &[usize], args: &[Word]) -> Vec<u8> {
    let mut wanted: Vec<usize> = always.to_vec();
    for word in args {
        match word.option() {
            Some(("bit", bit)) => wanted.push(number(bit) as usize),
            Some(("nobit", bit)) => wanted.retain(|own| *own != number(bit) as usize),
            Some(_) => {}
            None => {
                let (_, bits) = WORDS
                    .iter()
                    .find(|(own, _)| *own == word.text)
                    .unwrap_or_else(|| panic!("no word `{}` for DIS or DCS", word.text));
                wanted.extend(*bits);
            }
        }
    }
    let len = wanted.iter().max().map_or(3, |bit| bit.div_ceil(8)).max(3);
    // T.30 table 2: bit 24, 32, ... says that another octet follows.
    wanted.extend((3..len).map(|octet| octet * 8));
    let mut out = vec![0; len];
    for bit in wanted {
        out[(bit - 1) / 8] |= 0x80 >> ((bit - 1) % 8);
    }
    out
}

/// 20 characters, the last one first, each with its lowest bit first.
fn ident(text: &str) -> Vec<u8> {
    format!("{text:>20}")
        .bytes()
        .rev()
        .map(u8::reverse_bits)
        .collect()
}

/// FIF of a PPR: `bad=0,3`.
fn asked(args: &[Word]) -> Vec<u8> {
    let mut out = vec![0; 32];
    let list = args
        .iter()
        .filter_map(Word::option)
        .find(|(key, _)| *key == "bad");
    for frame in super::capture::places(list.map_or("0", |(_, value)| value)) {
        out[frame / 8] |= 0x80 >> (frame % 8);
    }
    out
}
