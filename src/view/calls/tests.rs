use proptest::prelude::*;

use super::cell::{Look, text_width, write_text};
use super::*;
use crate::view::{fixture, to_text};

fn list() -> Vec<CallRow<'static>> {
    fixture::rows()
}

fn screen(width: usize, ascii: bool) -> String {
    let rows = list();
    let options = Options {
        width,
        ascii,
        marked: vec![CallNo(2)],
        sorted: Some((SortBy::Number, false)),
        ..Options::default()
    };
    let calls = layout(&rows, &fixture::info(), &options);
    let mut all = vec![calls.title.clone(), calls.header.clone()];
    all.extend(calls.rows(0..usize::MAX));
    to_text(&all)
}

#[test]
fn at_118() {
    insta::assert_snapshot!(screen(118, false));
}

#[test]
fn at_80() {
    insta::assert_snapshot!(screen(80, false));
}

#[test]
fn in_ascii_at_200() {
    let text = screen(200, true);
    assert!(text.is_ascii());
    insta::assert_snapshot!(text);
}

#[test]
fn sorts_by_every_column() {
    for by in SortBy::ALL {
        let mut rows = list();
        sort(&mut rows, *by, false);
        let mut numbers: Vec<u32> = rows.iter().map(|row| row.number.0).collect();
        if *by == SortBy::Result {
            assert_eq!(numbers, [4, 3, 2, 1]);
        }
        numbers.sort_unstable();
        assert_eq!(numbers, [1, 2, 3, 4]);
    }
    let mut rows = list();
    sort(&mut rows, SortBy::Number, true);
    assert_eq!(rows[0].number, CallNo(4));
}

#[test]
fn filters_by_words_and_columns() {
    let rows = list();
    let found = |filter: &str| -> Vec<u32> {
        rows.iter()
            .filter(|row| Filter::new(filter, &Names::default()).has(row))
            .map(|row| row.number.0)
            .collect()
    };
    assert_eq!(found(""), [1, 2, 3, 4]);
    assert_eq!(found("PHASE dis"), [2, 3]);
    assert_eq!(found("state:failed"), [2, 3, 4]);
    assert_eq!(found("hints:error"), [2, 3, 4]);
    assert_eq!(found("carrier:g.711"), [4]);
    assert_eq!(found("203.0.113.5"), [2, 3]);
    assert_eq!(found("from:203.0.113.5"), [3]);
    assert_eq!(found("nothing:like"), [] as [u32; 0]);
    assert_eq!(found("result:failed carrier:t38"), [2, 3]);
    assert_eq!(found("host:203.0.113.5"), [2, 3]);
    assert_eq!(found("~phase.*dis"), [2, 3]);
    assert_eq!(found("number:~^[14]$"), [1, 4]);
    assert_eq!(found("~("), [1, 2, 3, 4]);
}

#[test]
fn a_line_is_the_text_of_a_row() {
    let mut rows = list();
    let mut odd = rows[0].clone();
    (odd.from, odd.to) = ("漢字\u{202e}".into(), "é\t".into());
    (odd.hints, odd.duration, odd.pending) = ((1, 2), 90_000.25, true);
    let voice = CallRow {
        fax: None,
        status: Some(486),
        ..odd.clone()
    };
    rows.extend([odd, voice]);
    let start = start(&rows, &fixture::info());
    let mut measure = Measure::new(start, Names::default());
    let began = measure.began(TimeMode::Relative, Zone::UTC);
    let names = Names::default();
    let look = Look {
        began,
        names: &names,
    };
    for row in &rows {
        measure.add(row);
        for column in Column::ALL {
            let mut text = String::new();
            write_text(&mut text, column, row, look);
            assert_eq!(text_width(column, row, look), view::width(&text), "{text}");
        }
    }
    for (column, content) in measure.content(began) {
        let widths = rows.iter().map(|row| text_width(column, row, look));
        assert_eq!(Some(content), widths.max(), "{column:?}");
    }
    for ascii in [false, true] {
        let options = Options {
            width: WHOLE,
            ascii,
            marked: vec![CallNo(2)],
            ..Options::default()
        };
        let table = Table::new(&measure, &options);
        let mut lines = String::new();
        for row in &rows {
            table.write_line(&mut lines, row);
        }
        let whole: Vec<Row> = rows.iter().map(|row| table.row(row)).collect();
        assert_eq!(lines, to_text(&whole));
    }
}

#[test]
fn columns_are_those_chosen_in_that_order() {
    let rows = list();
    let gateway = rows[0].caller.addr;
    let options = Options {
        width: WHOLE,
        columns: Some(vec![
            Column::Cause,
            Column::Caller,
            Column::Sorted(SortBy::Number),
        ]),
        names: Names::new([(gateway, "gateway".to_owned())]),
        ..Options::default()
    };
    let calls = layout(&rows, &fixture::info(), &options);
    let heading = calls.header.text();
    let at = |word: &str| heading.find(word).unwrap();
    assert!(at("cause") < at("caller") && at("caller") < at("#") && at("#") < at("result"));
    assert!(!heading.contains("from"), "{heading}");
    let first = calls.rows(0..1)[0].text();
    assert!(first.contains("gateway:"), "{first}");
    let filter = Filter::new("host:gateway", &options.names);
    assert!(filter.has(&rows[0]));
}

proptest! {
    #[test]
    fn no_row_is_wider_than_the_screen(width in 0_usize..250, ascii: bool, start in 0_usize..6, len in 0_usize..6) {
        let rows = list();
        let calls = layout(&rows, &fixture::info(), &Options { width, ascii, ..Options::default() });
        let all = calls.rows(0..calls.len());
        for row in all.iter().chain([&calls.title, &calls.header]) {
            prop_assert!(row.width() <= width, "{}", row.text());
        }
        let end = (start + len).min(all.len());
        prop_assert_eq!(&calls.rows(start..start + len), &all[start.min(end)..end]);
    }
}
