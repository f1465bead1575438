//! The whole way of a capture: reading, calls, flows, exports.

use std::path::Path;

use super::{WIDTH, file_of, harmless, harmless_text};
use crate::analysis::reading::Analysis;
use crate::analysis::{AnalysedFlow, CallRow, Options};
use crate::call::CallNo;
use crate::capture::CaptureInfo;
use crate::export::{self, Format};
use crate::text::lossy;
use crate::view::time::{Clock, Zone};
use crate::view::{calls, decode, hints, ladder};

/// A capture file through everything: calls, ladder, hints, every form of output.
pub fn pipeline(octets: &[u8]) {
    let Some(file) = file_of(octets) else { return };
    let Ok(mut analysis) = Analysis::open(Options {
        file: file.path().to_owned(),
        ..Options::default()
    }) else {
        return;
    };
    if analysis.read_all(|_| {}).is_err() {
        return;
    }
    growing(file.path());
    // The name of the file differs from run to run.
    let info = CaptureInfo {
        file: "fuzz".to_owned(),
        ..analysis.info().clone()
    };
    let numbers: Vec<CallNo> = analysis.numbers().collect();
    let frames = usize::try_from(info.packets).unwrap_or(usize::MAX);
    assert!(numbers.len() <= octets.len(), "more calls than octets");
    let analysed = analysis.analyse_all(&numbers, true).unwrap_or_default();
    let rows: Vec<CallRow<'_>> = analysed
        .iter()
        .filter_map(|one| Some(analysis.row(one.call.number)?.with(one)))
        .collect();
    let listed = calls::layout(&rows, &info, &calls::Options::default());
    harmless(&listed.rows(0..listed.len()), None);
    let flows: Vec<AnalysedFlow> = numbers
        .iter()
        .take(MOST_FLOWS)
        .filter_map(|number| analysis.flow(&[*number], true).ok())
        .collect();
    for flow in &flows {
        draw(flow, frames, octets.len());
    }
    for format in [Format::Text, Format::Json, Format::Ndjson, Format::Markdown] {
        let options = export::Options::default();
        let mut out = Vec::new();
        let _ = export::flow(&mut out, &info, &flows, format, &options);
        let _ = export::check(&mut out, &info, &flows, format, &options);
        let _ = export::calls(&mut out, &info, &rows, &analysed, format, &options);
        harmless_text(&lossy(&out));
        if format == Format::Ndjson {
            for line in out
                .split(|octet| *octet == b'\n')
                .filter(|line| !line.is_empty())
            {
                let whole = serde_json::from_slice::<serde_json::Value>(line);
                assert!(whole.is_ok(), "not JSON: {whole:?}");
            }
        }
    }
}

/// The same capture as it grows, of which only a call or two are kept.
fn growing(file: &Path) {
    let Ok(mut analysis) = Analysis::open(Options {
        file: file.to_owned(),
        keep_calls: Some(1),
        ..Options::default()
    }) else {
        return;
    };
    loop {
        let Ok(more) = analysis.step(FEW_FRAMES) else {
            return;
        };
        analysis.settle();
        let gone = analysis.evict_calls(&[]);
        let numbers: Vec<CallNo> = analysis.numbers().collect();
        assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
        for number in &numbers {
            assert!(!gone.contains(number), "{number} is gone and there");
            let row = analysis.row(*number);
            assert!(row.is_some_and(|row| row.number == *number), "{number}");
        }
        if !more {
            break;
        }
    }
    let left: Vec<CallNo> = analysis.numbers().collect();
    let analysed = analysis.analyse_all(&left, true).unwrap_or_default();
    assert!(analysed.len() <= left.len(), "more calls than there are");
}

/// Frames between two looks at what is there.
const FEW_FRAMES: usize = 16;

/// Calls that are drawn; a few show what many would.
const MOST_FLOWS: usize = 4;

/// Both forms of a ladder, its hints, and the message of each event.
fn draw(flow: &AnalysedFlow, frames: usize, octets: usize) {
    let options = ladder::Options {
        width: WIDTH,
        fold: ladder::Fold::Nothing,
        ..ladder::Options::default()
    };
    let screen = ladder::layout(flow, &options);
    let rows = screen.rows(0..screen.len());
    assert!(
        rows.len() <= 1000 + 4 * frames + octets,
        "{} rows of {frames} frames",
        rows.len()
    );
    harmless(&rows, Some(WIDTH));
    harmless(&screen.header, Some(WIDTH));
    harmless(&[screen.title, screen.strip], Some(WIDTH));
    let whole: Vec<_> = ladder::layout_whole(flow, &options).whole_rows().collect();
    harmless(&whole, None);
    for (call, found) in flow.flow.legs.iter().zip(&flow.hints) {
        harmless(&hints::rows(found, None, WIDTH, false), Some(WIDTH));
        harmless(&hints::side_pane(found, WIDTH, false), Some(WIDTH));
        for event in &call.events {
            assert!(
                call.events
                    .get(usize::try_from(event.id.0).unwrap_or(usize::MAX))
                    .is_some()
            );
            for raw in [false, true] {
                harmless(&decode::message(call, event, raw, WIDTH), Some(WIDTH));
                let rows = decode::side_pane(call, event, raw, WIDTH, Clock::OfDay(3, Zone::UTC));
                harmless(&rows, Some(WIDTH));
            }
        }
    }
}
