//! The calls list.
//!
//! ```text
//!   fax.pcap   5 calls, 4 faxes   2026-11-22 14:02:11 to 14:09:40 UTC   41,203 packets   1 note
//!   Note: the last frame is cut (frame 41203, offset 12345600)
//!     #  start      length  from             to               carrier      pages  rate        result
//! ▶   1  0:00.000    52.4s  2007             3004             T.38         3/3    V.17 14400  ✓ 3 pages, ECM
//!   reading: 412 of 1,024 MB (40 %)   1,203,412 packets   231 calls   12 s left
//!   Enter flow   Space mark   x other leg   / filter   < > z sort   s save   ? help
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{ListLook, draw_list, draw_middle, draw_row, draw_wrapped};
use crate::text::noun;
use crate::tui::app::{App, Reading};
use crate::tui::layout::GUTTER;
use crate::tui::theme::Theme;
use crate::view::calls::{self as view, thousands};
use crate::view::{Role, Row, Span};

/// Draws the list, or says why there is none.
pub(super) fn render(app: &App, buf: &mut Buffer, theme: Theme) {
    let areas = app.calls_areas();
    let options = options(app);
    let list = view::layout_measured(
        app.calls.shown(),
        app.calls.measure(),
        &app.reading.info,
        &options,
    );
    let indented = |area: Rect| Rect {
        x: area.x + GUTTER.min(area.width),
        width: area.width.saturating_sub(GUTTER),
        ..area
    };
    draw_row(
        buf,
        indented(areas.title),
        areas.title.y,
        &list.title,
        theme,
    );
    draw_notes(app, buf, indented(areas.note), &options, theme);
    draw_row(
        buf,
        indented(areas.header),
        areas.header.y,
        &list.header,
        theme,
    );
    if list.is_empty() {
        draw_middle(buf, areas.list, &nothing(app), theme);
    } else {
        let top = app.calls.top();
        let rows = list.rows(top..top + usize::from(areas.list.height));
        let look = ListLook {
            theme,
            ascii: app.options.ascii,
            focused: true,
        };
        let selected = app.calls.cursor().checked_sub(top);
        draw_list(buf, areas.list, &rows, selected, look);
    }
    let cut = app
        .calls
        .selected()
        .and_then(|row| list.table().cut_result(row));
    if let Some(row) = cut {
        draw_wrapped(buf, indented(areas.result), &row, theme);
    }
    if areas.reading.height > 0 {
        let row = Row::of(vec![Span::new(progress(app), Role::Dim)]);
        draw_row(buf, indented(areas.reading), areas.reading.y, &row, theme);
    }
}

/// The notes that there is room for, what cannot be read first; the last one tells where all of them are.
fn draw_notes(app: &App, buf: &mut Buffer, area: Rect, options: &view::Options, theme: Theme) {
    let mut notes = app.reading.info.notes.clone();
    notes.sort_by_key(|note| !note.is_of_unread());
    let more = match notes.len() {
        0 | 1 => "? G: all of it".to_owned(),
        count => format!("? G: all {count} notes"),
    };
    for (at, y) in (area.y..area.bottom()).enumerate() {
        let last = y + 1 == area.bottom();
        let rest = notes.get(at..).unwrap_or_default();
        let some = if last {
            rest
        } else {
            rest.get(..1).unwrap_or_default()
        };
        if let Some(row) = view::note_row(some, &more, options.width, options.ascii) {
            draw_row(buf, area, y, &row, theme);
        }
    }
}

/// The shape of the list on this screen.
pub(in crate::tui) fn options(app: &App) -> view::Options {
    let areas = app.calls_areas();
    let filtered = !app.calls.filter().trim().is_empty();
    view::Options {
        width: usize::from(areas.list.width.saturating_sub(GUTTER)),
        ascii: app.options.ascii,
        marked: app.calls.marked().to_vec(),
        time: app.ladder.time,
        zone: app.ladder.zone,
        of: filtered.then(|| app.calls.total()),
        sorted: Some(app.calls.sorted()),
        columns: app.options.columns.clone(),
        names: app.options.names.clone(),
    }
}

/// Why the list is empty, and what to do.
fn nothing(app: &App) -> Vec<String> {
    if app.calls.total() > 0 {
        return vec![
            format!("No call has \"{}\".", app.calls.filter()),
            "Esc shows all calls, / asks for another filter.".into(),
        ];
    }
    if !app.reading.finished {
        return vec![
            "Reading the capture; calls appear here as they are found.".into(),
            "q ends it at any time.".into(),
        ];
    }
    let info = &app.reading.info;
    if info.packets == 0 {
        return vec![
            format!("{} holds no packets.", info.file),
            "Was the capture stopped before anything came?".into(),
            "Capture again while the fax is sent.".into(),
        ];
    }
    // What was seen and cannot be read stands first: it may have been the fax.
    let mut lines: Vec<String> = info
        .notes
        .iter()
        .take(NOTES_MOST)
        .map(|note| note.text.clone())
        .collect();
    lines.extend([
        format!(
            "No call and no fax in {} {}.",
            thousands(info.packets),
            noun(info.packets, "packet")
        ),
        "There is no SIP INVITE in this capture, and no T.38 or fax tone without one.".into(),
        "Capture on the PBX, on all interfaces, SIP and media together:".into(),
        "tcpdump -i any -s 0 -w fax.pcap udp or tcp port 5060".into(),
    ]);
    lines
}

/// Notes on an empty list at most.
const NOTES_MOST: usize = 4;

/// How far the reading is.
pub(super) fn progress(app: &App) -> String {
    let Reading { info, elapsed, .. } = &app.reading;
    let mut parts = vec![match info.file_bytes {
        Some(all) if all > 0 => {
            let percent = (u128::from(info.file_pos) * 100 / u128::from(all)).min(100);
            format!(
                "reading: {} of {} ({percent} %)",
                octets(info.file_pos),
                octets(all)
            )
        }
        _ => format!("reading: {}", octets(info.bytes)),
    }];
    let calls = u64::try_from(app.calls.total()).unwrap_or(u64::MAX);
    for (number, what) in [(info.packets, "packet"), (calls, "call")] {
        parts.push(format!("{} {}", thousands(number), noun(number, what)));
    }
    // The first half second says too little about the rest.
    if let Some(all) = info.file_bytes
        && elapsed.as_millis() >= 500
        && info.file_pos > 0
        && info.file_pos <= all
    {
        let left = elapsed.as_millis() * u128::from(all - info.file_pos)
            / u128::from(info.file_pos)
            / 1000;
        parts.push(format!("{} s left", left + 1));
    }
    parts.join("   ")
}

/// `412 MB`, `3.4 kB`.
fn octets(count: u64) -> String {
    match count {
        0..=999 => format!("{count} B"),
        1_000..=999_999 => format!("{}.{} kB", count / 1_000, count / 100 % 10),
        1_000_000..=999_999_999 => format!("{}.{} MB", count / 1_000_000, count / 100_000 % 10),
        _ => format!("{} MB", thousands(count / 1_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::octets;

    #[test]
    fn names_octets() {
        assert_eq!(octets(999), "999 B");
        assert_eq!(octets(1_250), "1.2 kB");
        assert_eq!(octets(2_500_000_000), "2,500 MB");
    }
}
