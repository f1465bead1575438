//! Captures of a few packets for the tests of this layer.

/// The header of a pcap file: little-endian, microseconds, Ethernet.
pub(super) fn header() -> Vec<u8> {
    let mut header = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    header.extend(65535_u32.to_le_bytes());
    header.extend(1_u32.to_le_bytes());
    header
}

/// A record with a frame in it.
pub(super) fn record(seconds: u32, micros: u32, frame: &[u8]) -> Vec<u8> {
    let len = u32::try_from(frame.len()).unwrap();
    let words = [seconds, micros, len, len].map(u32::to_le_bytes);
    [words.as_flattened(), frame].concat()
}

/// A datagram from 192.0.2.1 to 192.0.2.2 in Ethernet, perhaps of a VLAN.
pub(super) fn ethernet(
    vlan: bool,
    identification: u16,
    ports: (u16, u16),
    payload: &[u8],
) -> Vec<u8> {
    let mut frame = vec![2; 12];
    if vlan {
        frame.extend([0x81, 0, 0, 7]);
    }
    let len = |headers: usize| {
        u16::try_from(payload.len() + headers)
            .unwrap()
            .to_be_bytes()
    };
    frame.extend([8, 0, 0x45, 0]);
    frame.extend(len(28));
    frame.extend(identification.to_be_bytes());
    frame.extend([0x40, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]);
    frame.extend(ports.0.to_be_bytes());
    frame.extend(ports.1.to_be_bytes());
    frame.extend(len(8));
    frame.extend([0x12, 0x34]);
    frame.extend(payload);
    frame
}
