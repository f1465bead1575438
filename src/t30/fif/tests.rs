use proptest::prelude::*;

use super::*;
use crate::line::{Fcs, HdlcFrame};
use crate::t30::frame::{self, T30Frame};

fn decode(hex: &str) -> T30Frame {
    let octets = (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect();
    frame::decode(&HdlcFrame {
        modem: Modem::V21,
        octets,
        fcs: Fcs::Good,
        damaged: false,
    })
    .unwrap()
}

#[test]
fn says_beside_the_arrow() {
    for (hex, name, detail) in [
        (
            "ffc0024c0c0c0cec1c9cacacac8cd40404040404040404",
            "CSI",
            "+15559870002",
        ),
        ("ffc8c100441f22", "DCS", "V.17 14400, ECM, MMR, standard"),
        (
            "ffc80120775f2301abc1010118",
            "DIS",
            "V.17 14400, ECM, MMR, 400x400",
        ),
        ("ffc8fdf4000084", "PPS-EOP", "page 1, block 0, 34 frames"),
        ("ffc87d00804001", "PPS-NULL", "page 2, block 2, 129 frames"),
        ("ffc831", "MCF", ""),
        // What stands behind a colon is never empty.
        ("ffc0040e000000", "NSF", "maker not known"),
        ("ffc004", "NSF", "empty"),
        ("ffc8c80044", "CTC", "V.17 14400"),
        ("ffc06080aabb", "FCD", "frame 1"),
        ("ffc0838c4ccc0404", "PWD", "****"),
    ] {
        let frame = decode(hex);
        assert_eq!((&*frame.name(), &*frame.detail()), (name, detail), "{hex}");
    }
}

#[test]
fn lists_the_frames_asked_again() {
    let mut fif = vec![0; 32];
    fif[0] = 0b1100_0001;
    fif[31] = 0b0000_0001;
    assert_eq!(frames_asked(&fif), [0, 1, 7, 255]);
    assert_eq!(ranges(&frames_asked(&fif)), "0-1, 7, 255");
    assert_eq!(frames_asked(&[]), Vec::<u8>::new());
}

#[test]
fn tells_each_bit_of_a_dis() {
    let fields = decode("ffc80104775f2301f8").fields();
    let value = |name: &str| {
        fields
            .iter()
            .find(|field| field.name == name)
            .map(|field| field.value.as_str())
    };
    assert_eq!(value("6  V.8 (V.34, Super G3)"), Some("yes"));
    assert_eq!(
        value("11-14  modems"),
        Some("V.27ter 4800, V.29 9600, V.17 14400")
    );
    assert_eq!(value("17-18  page width"), Some("215, 255 and 303 mm"));
    assert_eq!(value("21-23  least scan line time"), Some("0 ms"));
    assert!(value("not offered").unwrap().contains("uncompressed mode"));
    assert_eq!(value("information field"), Some("6 octets"));
    let order: Vec<u32> = fields
        .iter()
        .filter_map(|field| field.name.split(['-', ' ']).next()?.parse().ok())
        .collect();
    assert!(order.is_sorted(), "{order:?}");
}

#[test]
fn keeps_short_fields() {
    assert_eq!(decode("ffc8fd").name(), "PPS");
    assert_eq!(decode("ffc8fdf4").detail(), "");
    assert!(
        decode("ffc8fdf4")
            .fields()
            .last()
            .unwrap()
            .value
            .contains("too short")
    );
    assert_eq!(decode("ffc8f3f4").name(), "EOR-EOP");
}

proptest! {
    #[test]
    fn decodes_anything_without_panic(
        fcf: u8,
        fif in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let octets = [0xFF, 0xC8, fcf].into_iter().chain(fif).collect();
        let hdlc = HdlcFrame { modem: Modem::V21, octets, fcs: Fcs::Good, damaged: false };
        let frame = frame::decode(&hdlc).unwrap();
        let _ = (frame.name(), frame.detail());
        prop_assert!(frame.fields().len() >= 4);
    }
}

#[test]
fn a_request_beyond_the_block_is_told_as_that() {
    let asked = |fif: &[u8]| asked_again(&frames_asked(fif));
    let mut many = [0xff; 32];
    (many[0], many[1]) = (0b0100_0001, 0b0000_0011);
    assert_eq!(asked(&many), "2 frames and all from 14 asked again");
    assert_eq!(asked(&[0x80, 0x01]), "2 frames asked again");
    assert_eq!(asked(&[0xff; 32]), "256 frames asked again");
    let mut last = [0; 32];
    last[31] = 1;
    assert_eq!(asked(&last), "1 frame asked again");
}
