use super::*;

/// From a Fuji Xerox service manual, which prints it as `20 EE FA C4 80 1F`, lowest bit first.
const XEROX: &[u8] = &[0x04, 0x77, 0x5F, 0x23, 0x01, 0xF8];
/// DIS and DCS of spandsp.
const DIS: &[u8] = &[0x20, 0x77, 0x5F, 0x23, 0x01, 0xAB, 0xC1, 0x01, 0x01, 0x18];
const DCS: &[u8] = &[0x00, 0x44, 0x1F, 0x22];

#[test]
fn table_has_each_bit_once() {
    let mut next = 1;
    for bit in BITS {
        assert_eq!(bit.number, next, "{}", bit.name);
        next = bit.last + 1;
    }
    assert_eq!(next, 128);
}

#[test]
fn reads_the_dis_of_the_manual() {
    let dis = Capabilities::new(XEROX);
    let set: Vec<u8> = (1..=127).filter(|number| dis.bit(*number)).collect();
    assert_eq!(
        set,
        [
            6, 10, 11, 12, 14, 15, 16, 18, 20, 21, 22, 23, 24, 27, 31, 32, 40, 41, 42, 43, 44, 45
        ]
    );
    assert_eq!(dis.max_rate(), 14400);
    assert!(!dis.is_cut());
    assert_eq!(dis.summary(), "V.34, V.17 14400, ECM, MMR, 400x400");
}

#[test]
fn stops_at_the_extension_bit() {
    let dis = Capabilities::new(&[0x00, 0x40, 0x00, 0xFF]);
    assert!(!dis.bit(27));
    assert_eq!(dis.octets_after(), 1);
    assert!(Capabilities::new(&[0x00, 0x40, 0x01]).is_cut());
    assert_eq!(Capabilities::new(&[]).max_rate(), 2400);
}

#[test]
fn reads_a_dcs() {
    let mode = DcsMode::new(DCS);
    assert_eq!(mode.modem, modem("V.17", 14400));
    assert!(mode.ecm);
    assert_eq!((mode.frame_size, mode.compression), (256, "MMR"));
    assert_eq!((mode.resolution, mode.width), ("204x98", 215));
    assert_eq!((mode.length, mode.scan_time), ("unlimited", Some(0)));
    assert_eq!(mode.summary(), "V.17 14400, ECM, MMR, standard");
    assert_eq!(DcsMode::new(&[0x00, 0x46, 0x1E]).resolution, "204x196");
}

#[test]
fn tells_what_a_dcs_asks_too_much() {
    assert_eq!(exceeds(DCS, DIS), Vec::<String>::new());
    // The same DIS without ECM, MMR and V.17.
    let poor = [0x20, 0x73, 0x5F, 0x01, 0x00];
    assert_eq!(
        exceeds(DCS, &poor),
        [
            "V.17 14400 (bits 11-14)",
            "error correction mode (ECM) (bit 27)",
            "T.6 coding (MMR) (bit 31)"
        ]
    );
}

#[test]
fn tells_what_was_altered() {
    let mut altered = DIS.to_vec();
    altered[3] &= !0x22;
    let numbers: Vec<_> = difference(DIS, &altered)
        .into_iter()
        .map(|change| (change.number, change.from, change.to))
        .collect();
    assert_eq!(numbers, [(27, true, false), (31, true, false)]);
    assert_eq!(difference(DIS, DIS), []);
}
