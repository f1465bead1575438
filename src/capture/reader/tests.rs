use std::io::Write;

use super::*;
use crate::capture::compress::{DECOMPRESSED_FREE, RATIO_MAX};
use crate::capture::packet::Decoder;
use crate::capture::store::Store;
use crate::capture::write::Writer;
use tempfile::NamedTempFile;

/// Five frames of different lengths, a second apart.
fn frames() -> Vec<Vec<u8>> {
    (0..5u8)
        .map(|n| (0..60 + n * 7).map(|octet| octet ^ n).collect())
        .collect()
}

fn pcap(magic: [u8; 4], word: fn(u32) -> [u8; 4], link: u32) -> Vec<u8> {
    let mut file = magic.to_vec();
    let [a, b, c, d] = word(0x0002_0004);
    file.extend(if a == 0 { [a, b, c, d] } else { [2, 0, 4, 0] });
    file.extend([0; 8]);
    file.extend(word(65_535));
    file.extend(word(link));
    for (n, frame) in (1..).zip(frames()) {
        let len = u32::try_from(frame.len()).unwrap();
        for field in [1_000_000 + n, n, len, len] {
            file.extend(word(field));
        }
        if magic == [0x34, 0xcd, 0xb2, 0xa1] || magic == [0xa1, 0xb2, 0xcd, 0x34] {
            file.extend([0xee; 8]);
        }
        file.extend(&frame);
    }
    file
}

fn plain() -> Vec<u8> {
    pcap([0xd4, 0xc3, 0xb2, 0xa1], u32::to_le_bytes, 1)
}

fn file(octets: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(octets).unwrap();
    file
}

type Read = Vec<(u32, u64, Vec<u8>)>;

fn all(reader: &mut Reader) -> Read {
    let mut frames = Vec::new();
    while let Some(frame) = reader.next_frame().unwrap() {
        frames.push((frame.no.0, frame.at.0, frame.data.to_vec()));
    }
    frames
}

fn read(octets: &[u8]) -> (Read, CaptureInfo) {
    let file = file(octets);
    let mut reader = Reader::open(file.path()).unwrap();
    let frames = all(&mut reader);
    (frames, reader.info().clone())
}

fn expected(unit: u64) -> Read {
    (1..)
        .zip(frames())
        .map(|(n, data)| {
            (
                n,
                (1_000_000 + u64::from(n)) * 1_000_000_000 + u64::from(n) * unit,
                data,
            )
        })
        .collect()
}

#[test]
fn reads_pcap_of_every_magic() {
    let little = u32::to_le_bytes as fn(u32) -> [u8; 4];
    let big = u32::to_be_bytes as fn(u32) -> [u8; 4];
    for (magic, word, unit, digits) in [
        ([0xd4, 0xc3, 0xb2, 0xa1], little, 1000, 6),
        ([0xa1, 0xb2, 0xc3, 0xd4], big, 1000, 6),
        ([0x4d, 0x3c, 0xb2, 0xa1], little, 1, 9),
        ([0xa1, 0xb2, 0x3c, 0x4d], big, 1, 9),
        ([0x34, 0xcd, 0xb2, 0xa1], little, 1000, 6),
        ([0xa1, 0xb2, 0xcd, 0x34], big, 1000, 6),
    ] {
        // The flags say: FCS of four octets at the end of each frame.
        let (frames, info) = read(&pcap(magic, word, 0x2400_0001));
        assert_eq!(frames, expected(unit), "{magic:x?}");
        assert_eq!(info.time_digits, digits);
        assert_eq!(info.link_types, ["ETHERNET"]);
        assert_eq!(info.notes, []);
        assert_eq!((info.packets, info.format), (5, "pcap"));
        assert_eq!(Some(info.bytes), info.file_bytes);
    }
}

#[test]
fn notes_a_cut_file() {
    let whole = plain();
    for cut in [1, 50, 80, 90] {
        let (frames, info) = read(&whole[..whole.len() - cut]);
        assert_eq!(frames, expected(1000)[..4], "{cut}");
        assert_eq!(info.notes.len(), 1, "{cut}");
        assert_eq!(info.notes[0].frame, Some(FrameNo(5)));
        let record = whole.len() - 16 - (60 + 4 * 7);
        assert_eq!(info.notes[0].offset, Some(record as u64));
        assert!(info.notes[0].text.contains("ends in the middle"));
    }
}

/// Offset of the record header of frame `no`.
fn record(no: usize) -> usize {
    24 + frames()
        .iter()
        .take(no - 1)
        .map(|frame| frame.len() + 16)
        .sum::<usize>()
}

#[test]
fn recovers_from_a_wrong_length() {
    for wrong in [0xffff_ffffu32, 0x0001_0043, 5000, 90, 30] {
        let mut octets = plain();
        let at = record(2) + 8;
        octets[at..at + 4].copy_from_slice(&wrong.to_le_bytes());
        let (frames, info) = read(&octets);
        let numbers: Vec<u64> = frames
            .iter()
            .map(|(_, at, _)| at / 1_000_000_000 - 1_000_000)
            .collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5], "{wrong}: {:?}", info.notes);
        if wrong > 67 {
            assert_eq!(frames, expected(1000), "{wrong}: {:?}", info.notes);
        }
        assert_eq!(info.notes.len(), 1, "{wrong}: {:?}", info.notes);
    }
}

#[test]
fn recovers_from_junk_between_records() {
    let mut octets = plain();
    let at = record(3);
    octets.splice(at..at, [0xff; 37]);
    let (frames, info) = read(&octets);
    assert_eq!(frames, expected(1000));
    assert_eq!(info.notes.len(), 1);
    assert_eq!(info.notes[0].offset, Some(at as u64));
    assert_eq!(info.notes[0].text, "damaged record: 37 octets skipped");
}

#[test]
fn ends_with_zeros_without_frames_of_nothing() {
    let mut octets = plain();
    octets.resize(octets.len() + 300_000, 0);
    let (frames, info) = read(&octets);
    assert_eq!(frames, expected(1000));
    assert_eq!(info.notes.len(), 1, "{:?}", info.notes);
}

/// A pcapng block in one byte order.
fn block(big: bool, kind: u32, body: &[u8]) -> Vec<u8> {
    let word = |value: u32| {
        if big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    };
    let padded = body.len().next_multiple_of(4);
    let len = u32::try_from(padded + 12).unwrap();
    let mut block = word(kind).to_vec();
    block.extend(word(len));
    block.extend(body);
    block.resize(8 + padded, 0);
    block.extend(word(len));
    block
}

fn words(big: bool, values: &[u32]) -> Vec<u8> {
    let word = |value: &u32| {
        if big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    };
    values.iter().flat_map(word).collect()
}

fn section(big: bool) -> Vec<u8> {
    let version = if big { 0x0001_0000 } else { 0x0000_0001 };
    let body = words(big, &[0x1a2b_3c4d, version, u32::MAX, u32::MAX]);
    block(big, 0x0a0d_0d0a, &body)
}

/// An interface with a time resolution and an offset of an hour.
fn interface(big: bool, link: u16, resolution: u8) -> Vec<u8> {
    let half = |value: u16| {
        if big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    };
    let mut body = half(link).to_vec();
    body.extend([0, 0]);
    body.extend(words(big, &[0]));
    body.extend([half(9), half(1)].concat());
    body.extend([resolution, 0, 0, 0]);
    body.extend([half(14), half(8)].concat());
    body.extend(if big {
        3600i64.to_be_bytes()
    } else {
        3600i64.to_le_bytes()
    });
    body.extend([0; 4]);
    block(big, 1, &body)
}

fn enhanced(big: bool, interface: u32, ticks: u64, data: &[u8], original: u32) -> Vec<u8> {
    let [high, low] = [ticks >> 32, ticks & 0xffff_ffff].map(|word| u32::try_from(word).unwrap());
    let len = u32::try_from(data.len()).unwrap();
    let mut body = words(big, &[interface, high, low, len, original]);
    body.extend(data);
    block(big, 6, &body)
}

fn pcapng() -> Vec<u8> {
    let drops = |big: bool, count: u64| {
        let mut body = words(big, &[0, 0, 0]);
        let half = |value: u16| {
            if big {
                value.to_be_bytes()
            } else {
                value.to_le_bytes()
            }
        };
        body.extend([half(5), half(8)].concat());
        body.extend(if big {
            count.to_be_bytes()
        } else {
            count.to_le_bytes()
        });
        body.extend([0; 4]);
        block(big, 5, &body)
    };
    [
        section(false),
        interface(false, 1, 9),
        interface(false, 113, 0x8a),
        enhanced(false, 0, 5_000_000_007, b"abcde", 5),
        drops(false, 3),
        block(false, 0x5555_5555, b"unknown"),
        enhanced(false, 1, 1024 + 512, b"fgh", 90),
        drops(false, 7),
        section(true),
        interface(true, 101, 6),
        enhanced(true, 0, 2_000_000, b"ijkl", 4),
        block(true, 3, &[words(true, &[5]), b"mnopq".to_vec()].concat()),
        // Interface 0, number of drops not known.
        block(
            true,
            2,
            &[words(true, &[0xffff, 0, 3_000_001, 2, 2]), b"rs".to_vec()].concat(),
        ),
        drops(true, 2),
    ]
    .concat()
}

const HOUR: u64 = 3_600_000_000_000;

fn pcapng_frames() -> Read {
    vec![
        (1, HOUR + 5_000_000_007, b"abcde".to_vec()),
        (2, HOUR + 1_500_000_000, b"fgh".to_vec()),
        (3, HOUR + 2_000_000_000, b"ijkl".to_vec()),
        (4, HOUR + 2_000_000_000, b"mnopq".to_vec()),
        (5, HOUR + 3_000_001_000, b"rs".to_vec()),
    ]
}

#[test]
fn reads_pcapng_of_both_byte_orders() {
    let (frames, info) = read(&pcapng());
    assert_eq!(frames, pcapng_frames());
    assert_eq!(info.dropped, 9);
    assert_eq!(info.link_types, ["ETHERNET", "LINUX_SLL", "RAW"]);
    assert_eq!((info.truncated_frames, info.snaplen), (1, 3));
    assert_eq!(info.time_digits, 9);
    assert_eq!(info.clock_jumps, [(FrameNo(2), -3.500_000_007)]);
    assert_eq!(info.notes, []);
}

#[test]
fn recovers_from_a_damaged_block() {
    let whole = pcapng();
    let second = section(false).len() + 2 * interface(false, 1, 9).len();
    for wrong in [0xffff_ffffu32, 7, 400, 5000] {
        let mut octets = whole.clone();
        octets[second + 4..second + 8].copy_from_slice(&wrong.to_le_bytes());
        let (frames, info) = read(&octets);
        let data: Vec<&[u8]> = frames.iter().map(|(_, _, data)| data.as_slice()).collect();
        assert_eq!(
            data,
            [b"fgh".as_slice(), b"ijkl", b"mnopq", b"rs"],
            "{wrong}"
        );
        assert_eq!(info.notes[0].offset, Some(second as u64), "{wrong}");
    }
}

#[test]
fn notes_a_cut_block() {
    let whole = pcapng();
    let (frames, info) = read(&whole[..whole.len() - 60]);
    assert_eq!(frames, pcapng_frames()[..4]);
    let last = info.notes.last().unwrap();
    assert!(
        last.text.contains("ends in the middle of a block"),
        "{last:?}"
    );
}

fn gzip(octets: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(octets).unwrap();
    encoder.finish().unwrap()
}

fn zstd(octets: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(octets, ruzstd::encoding::CompressionLevel::Fastest)
}

#[test]
fn reads_compressed_captures() {
    let whole = plain();
    let (first, second) = whole.split_at(200);
    let skippable = [0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
    for octets in [
        gzip(&whole),
        [gzip(first), gzip(second)].concat(),
        zstd(&whole),
        [&skippable[..], &zstd(first), &skippable, &zstd(second)].concat(),
    ] {
        let (frames, info) = read(&octets);
        assert_eq!(frames, expected(1000));
        assert_eq!(info.notes, []);
        assert_eq!(info.file_bytes, Some(octets.len() as u64));
        assert_eq!(info.bytes, whole.len() as u64);
    }
}

#[test]
fn notes_cut_compression() {
    let octets = gzip(&plain());
    let (frames, info) = read(&octets[..octets.len() - 30]);
    assert!(!frames.is_empty());
    assert!(
        info.notes
            .iter()
            .any(|note| note.text.contains("cannot be read further")),
        "{:?}",
        info.notes
    );
}

#[test]
fn stops_a_bomb() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&plain()).unwrap();
    let zeros = vec![0; 1 << 20];
    for _ in 0..(DECOMPRESSED_FREE >> 20) + 64 {
        encoder.write_all(&zeros).unwrap();
    }
    let octets = encoder.finish().unwrap();
    assert!((octets.len() as u64) * RATIO_MAX < DECOMPRESSED_FREE * 2);
    let (frames, info) = read(&octets);
    assert_eq!(frames, expected(1000));
    assert!(info.bytes < DECOMPRESSED_FREE * 2);
    assert!(
        info.notes
            .iter()
            .any(|note| note.text.contains("times its size")),
        "{:?}",
        info.notes
    );
}

#[test]
fn says_why_it_is_no_capture() {
    for (octets, what) in [
        (&b""[..], "it is empty"),
        (b"hello, this is a log file\n", "it is a text file"),
        (
            b"\xd4\xc3\xb2\xa1\x02\0",
            "the capture ends inside its header, after 6 octets",
        ),
        (
            b"PK\x03\x04aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "it is a ZIP archive",
        ),
        (
            &[0u8; 64],
            "it is neither pcap nor pcapng (it begins with 00 00 00 00)",
        ),
    ] {
        let file = file(octets);
        let error = Reader::open(file.path()).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
        assert!(
            error.starts_with(&file.path().display().to_string()),
            "{error}"
        );
    }
    let error = Reader::open(Path::new("/tmp")).unwrap_err().to_string();
    assert!(error.contains("it is a directory"), "{error}");
    let error = Reader::open(Path::new("/nonexistent/x.pcap"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("cannot open"), "{error}");
}

#[test]
fn follows_a_growing_file() {
    for whole in [plain(), pcapng()] {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(&whole[..30]).unwrap();
        let mut reader = Reader::open(file.path()).unwrap();
        reader.follow(true);
        let mut frames = all(&mut reader);
        for piece in whole[30..].chunks(11) {
            file.write_all(piece).unwrap();
            frames.extend(all(&mut reader));
        }
        let (expected, _) = read(&whole);
        assert_eq!(frames, expected);
        assert!(reader.info().notes.len() <= 1, "{:?}", reader.info().notes);
    }
}

#[test]
fn begins_again_at_every_mark() {
    for octets in [plain(), gzip(&plain()), pcapng(), zstd(&pcapng())] {
        let file = file(&octets);
        let mut reader = Reader::open(file.path()).unwrap();
        let store = Store::new(&reader);
        let mut marks = Vec::new();
        while let Some(frame) = reader.next_frame().unwrap() {
            marks.push(frame.mark);
        }
        let (expected, _) = read(&octets);
        for (skipped, mark) in marks.into_iter().enumerate() {
            let frames = all(&mut store.frames_from(mark).unwrap());
            assert_eq!(frames.len(), expected.len() - skipped);
            // A simple packet block has no time of its own.
            let bare = |frames: &[(u32, u64, Vec<u8>)]| -> Vec<(u32, Vec<u8>)> {
                frames
                    .iter()
                    .map(|(no, _, data)| (*no, data.clone()))
                    .collect()
            };
            assert_eq!(bare(&frames), bare(&expected[skipped..]));
        }
    }
}

#[test]
fn writes_what_it_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.pcap");
    let source = file(&plain());
    let mut reader = Reader::open(source.path()).unwrap();
    let mut writer =
        Writer::begin(std::fs::File::create(&path).unwrap(), LinkType::ETHERNET).unwrap();
    while let Some(frame) = reader.next_frame().unwrap() {
        assert!(writer.write(&frame).unwrap());
    }
    assert_eq!(writer.frames(), 5);
    drop(writer);
    let mut reader = Reader::open(&path).unwrap();
    assert_eq!(all(&mut reader), expected(1000));
    assert_eq!(reader.info().time_digits, 9);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn never_panics_on_damage() {
    for whole in [plain(), pcapng()] {
        for at in 0..whole.len() {
            for value in [0, 0x7f, 0xff] {
                let mut octets = whole.clone();
                octets[at] = value;
                octets.truncate(whole.len() - at % 7);
                let file = file(&octets);
                let Ok(mut reader) = Reader::open(file.path()) else {
                    continue;
                };
                let mut decoder = Decoder::new();
                while let Some(frame) = reader.next_frame().unwrap() {
                    decoder.decode(&frame, &mut |_| {});
                }
                assert!(reader.info().packets <= 8);
            }
        }
    }
}
