use proptest::prelude::*;

use super::encode::{Pixels, mh, mmr, mr};
use super::*;
use crate::page::{Bitmap, Layout, Resolution};

fn layout(coding: Coding, width: usize) -> Layout {
    Layout {
        coding,
        width: u32::try_from(width).unwrap(),
        resolution: Resolution::STANDARD,
    }
}

fn pixels(bitmap: &Bitmap) -> Vec<Pixels> {
    (0..bitmap.rows())
        .map(|row| {
            (0..bitmap.width())
                .map(|column| bitmap.black_in(row, column..column + 1) == 1)
                .collect()
        })
        .collect()
}

fn decoded(octets: &[u8], coding: Coding, rows: &[Pixels]) -> (Vec<Pixels>, Tally) {
    let (bitmap, tally) = Bitmap::decode(octets, &layout(coding, rows[0].len()));
    (pixels(&bitmap), tally)
}

/// Rows that resemble each other, with runs of all lengths.
fn some_rows() -> impl Strategy<Value = Vec<Pixels>> {
    let width = prop_oneof![
        Just(1728_usize),
        Just(2048),
        Just(2432),
        1_usize..200,
        Just(5000)
    ];
    (width, 1_usize..12).prop_flat_map(|(width, count)| {
        let runs = proptest::collection::vec((0..width, 0..width / 2 + 1), 0..12);
        let shifts = proptest::collection::vec((0_usize..7, any::<bool>()), count);
        (Just(width), runs, shifts).prop_map(|(width, runs, shifts)| {
            let mut first = vec![false; width];
            for (start, length) in runs {
                first
                    .iter_mut()
                    .skip(start)
                    .take(length)
                    .for_each(|pixel| *pixel = !*pixel);
            }
            shifts
                .into_iter()
                .map(|(shift, turned)| {
                    let mut row = first.clone();
                    row.rotate_right(shift.min(width));
                    if turned {
                        row.reverse();
                    }
                    row
                })
                .collect()
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_was_coded_comes_back(rows in some_rows(), k in 1_usize..5, least in 0_usize..400) {
        let whole = Tally {
            rows: u32::try_from(rows.len()).unwrap(),
            ended: true,
            ..Tally::default()
        };
        for (coding, octets) in [
            (Coding::Mh, mh(&rows, least)),
            (Coding::Mr, mr(&rows, k)),
            (Coding::Mmr, mmr(&rows)),
        ] {
            let (found, tally) = decoded(&octets, coding, &rows);
            prop_assert_eq!(Tally { shortest_row: None, ..tally }, whole, "{:?}", coding);
            prop_assert!(found == rows, "{:?}", coding);
            if coding == Coding::Mh {
                prop_assert!(tally.shortest_row.unwrap() as usize >= least);
            }
        }
    }

    #[test]
    fn damage_stays_where_it_is(rows in some_rows(), at in any::<prop::sample::Index>(), bit in 0_u32..8) {
        let mut octets = mh(&rows, 0);
        let place = at.index(octets.len());
        octets[place] ^= 1_u8 << bit;
        let (found, tally) = decoded(&octets, Coding::Mh, &rows);
        // One bit spoils one row, or joins or parts two.
        prop_assert!(found.len().abs_diff(rows.len()) <= 1, "{} of {}", found.len(), rows.len());
        prop_assert!(tally.bad_rows <= 2);
        let same_above = found.iter().zip(&rows).take_while(|(a, b)| a == b).count();
        let same_below = found.iter().rev().zip(rows.iter().rev()).take_while(|(a, b)| a == b).count();
        prop_assert!(same_above + same_below + 2 >= rows.len());
    }

    #[test]
    fn any_octets_give_a_page_that_adds_up(octets in proptest::collection::vec(any::<u8>(), 0..400), width in 1_u32..3000) {
        for coding in Coding::ALL {
            let (bitmap, tally) = Bitmap::decode(&octets, &Layout { width, ..layout(coding, 1) });
            prop_assert_eq!(bitmap.rows(), tally.rows);
            prop_assert_eq!(bitmap.damaged().len(), tally.bad_rows as usize);
            prop_assert!(tally.longest_bad_run <= tally.bad_rows && tally.bad_rows <= tally.rows);
        }
    }
}

#[test]
fn code_words_are_those_of_the_fax_crate() {
    for (black, theirs) in [
        (false, &fax::maps::white::ENTRIES[..]),
        (true, &fax::maps::black::ENTRIES[..]),
    ] {
        let ours: Vec<(u16, u8, u16)> = codes::words(black)
            .map(|(length, (bits, word))| (length, bits, word))
            .collect();
        let theirs: Vec<(u16, u8, u16)> = theirs
            .iter()
            .map(|(length, code)| (*length, code.len, code.data))
            .collect();
        assert_eq!(ours, theirs);
    }
}

#[test]
fn a_page_without_an_end_of_line_has_no_rows() {
    assert_eq!(
        decode(&[0x55; 100], Coding::Mh, 1728, |_| {}),
        Tally::default()
    );
    assert_eq!(decode(&[], Coding::Mmr, 1728, |_| {}), Tally::default());
}

#[test]
fn a_hostile_page_has_an_end() {
    // A white row in each bit.
    let tally = decode(&vec![0xFF; 1 << 20], Coding::Mmr, 1728, |_| {});
    assert_eq!((tally.rows, tally.too_long), (MOST_ROWS, true));
}
