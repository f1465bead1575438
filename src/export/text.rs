//! Text for people: the rows of the screen with nothing cut.

use std::borrow::Borrow;
use std::fmt::Write as _;
use std::io::{self, Write};

use crate::analysis::{AnalysedFlow, CallRow};
use crate::call::Call;
use crate::capture::CaptureInfo;
use crate::hint::{Hint, Severity};
use crate::text::noun;
use crate::view::calls::{self, Measure, Table, WHOLE, note_text, thousands};
use crate::view::ladder::{self, head};
use crate::view::{Row, hints, plain, time, width as view_width, wrap};

use super::Options;

/// Between the parts of a head line.
const APART: &str = "   ";
/// Octets of a list that are written at once.
const AT_ONCE: usize = 1 << 16;

/// The flows, one below the other.
pub(super) fn flows<I>(
    out: &mut impl Write,
    capture: &CaptureInfo,
    flows: I,
    options: &Options,
) -> io::Result<()>
where
    I: IntoIterator,
    I::Item: Borrow<AnalysedFlow>,
{
    about(out, capture, options)?;
    let mut any = false;
    for flow in flows {
        any = true;
        writeln!(out)?;
        write_flow(out, flow.borrow(), options)?;
    }
    if !any {
        writeln!(
            out,
            "no fax found; `faxflow calls` lists the calls, --call N shows one"
        )?;
    }
    Ok(())
}

/// One flow: verdict, hosts, ladder, hints in full.
fn write_flow(out: &mut impl Write, flow: &AnalysedFlow, options: &Options) -> io::Result<()> {
    let ladder = ladder::layout_whole(flow, &options.ladder());
    write_head(out, flow, options)?;
    write_rows(out, &ladder.whole_strip())?;
    for call in &flow.flow.legs {
        write_wrapped(out, &hosts(call, options.ascii), options.width, "  ")?;
    }
    writeln!(out)?;
    write_rows(out, &ladder.header)?;
    for row in ladder.whole_rows() {
        write_row(out, &row)?;
    }
    let all: Vec<&Hint> = in_order(flow);
    if !all.is_empty() {
        writeln!(out, "\nHints")?;
    }
    for hint in all {
        write_rows(out, &hints::full(hint, options.width, options.ascii))?;
    }
    Ok(())
}

/// Who, which calls, the verdict, the cause.
fn write_head(out: &mut impl Write, flow: &AnalysedFlow, options: &Options) -> io::Result<()> {
    let ascii = options.ascii;
    let mut line = format!(
        "{}   {}",
        head::parties(&flow.flow, ascii),
        head::numbers(&flow.flow)
    );
    if let Some(carrier) = head::carrier(&flow.flow) {
        let _ = write!(line, "   {carrier}");
    }
    write_wrapped(out, &line, options.width, "  ")?;
    write_wrapped(out, &verdict(flow, ascii), options.width, "  ")
}

/// `✗ Failed in phase B: the sender never answered DIS [t30-dis-no-dcs]`; without a fax what became of the call.
fn verdict(flow: &AnalysedFlow, ascii: bool) -> String {
    let Some(fax) = head::lead(&flow.flow) else {
        let outcomes: Vec<String> = flow
            .flow
            .legs
            .iter()
            .map(|call| plain(&head::outcome(call), ascii).into_owned())
            .collect();
        return format!("no fax; {}", outcomes.join(", "));
    };
    let (mark, _) = head::verdict(fax.verdict, ascii);
    let cause = fax
        .cause
        .map_or_else(String::new, |cause| format!(" [{cause}]"));
    format!("{mark} {}{cause}", plain(&fax.summary, ascii))
}

/// `call 2: caller 192.0.2.10:5060 (Asterisk 18), callee 203.0.113.5:5060`
fn hosts(call: &Call, ascii: bool) -> String {
    let host = |endpoint: &dyn std::fmt::Display, agent: &Option<String>| {
        let agent = agent
            .as_ref()
            .map_or_else(String::new, |agent| format!(" ({})", plain(agent, ascii)));
        format!("{endpoint}{agent}")
    };
    let call_id = call
        .call_id
        .as_ref()
        .map_or_else(String::new, |id| format!("   Call-ID {}", plain(id, ascii)));
    format!(
        "call {}   caller {}   callee {}{call_id}",
        call.number,
        host(&call.caller, &call.agent.caller),
        host(&call.callee, &call.agent.callee),
    )
}

/// Hints of all legs, the worst first, the same on two legs once.
pub(super) fn in_order(flow: &AnalysedFlow) -> Vec<&Hint> {
    let mut all: Vec<&Hint> = Vec::new();
    for hint in flow.hints.iter().flatten() {
        let known = all
            .iter()
            .any(|other| other.rule.id == hint.rule.id && other.finding == hint.finding);
        if !known {
            all.push(hint);
        }
    }
    let cause = head::lead(&flow.flow).and_then(|fax| fax.cause);
    all.sort_by_key(|hint| {
        let is_cause = Some(hint.rule.id) == cause;
        (
            !is_cause,
            hint.finding.severity,
            hint.consequence,
            hint.finding.frames.first().copied(),
        )
    });
    all
}

/// File, packets, time, notes.
fn about(out: &mut impl Write, capture: &CaptureInfo, options: &Options) -> io::Result<()> {
    let mut line = plain(&capture.file, options.ascii).into_owned();
    let _ = write!(
        line,
        "   {} {}",
        thousands(capture.packets),
        noun(capture.packets, "packet")
    );
    if let (Some(first), Some(last)) = (capture.first_time, capture.last_time) {
        let _ = write!(line, "   {} to {} UTC", time::date(first), time::date(last));
    }
    write_wrapped(out, &line, options.width, "  ")?;
    for note in &capture.notes {
        write_wrapped(out, &note_text(note, options.ascii), options.width, "  ")?;
    }
    Ok(())
}

/// The calls list, as wide as it has to be.
pub(super) fn calls<'r, R>(
    out: &mut impl Write,
    capture: &CaptureInfo,
    rows: R,
    options: &Options,
) -> io::Result<()>
where
    R: IntoIterator<Item: Borrow<CallRow<'r>>> + Clone,
{
    let shape = calls::Options {
        width: WHOLE,
        ascii: options.ascii,
        ..calls::Options::default()
    };
    let mut measure = Measure::new(calls::start(rows.clone(), capture));
    let (mut count, mut faxes) = (0, 0);
    for row in rows.clone() {
        measure.add(row.borrow());
        count += 1;
        faxes += usize::from(row.borrow().fax.is_some());
    }
    let title = calls::title(count, faxes, capture, &shape);
    writeln!(out, "{}", title.text())?;
    for note in &capture.notes {
        write_wrapped(out, &note_text(note, options.ascii), options.width, "  ")?;
    }
    if count == 0 {
        return writeln!(out, "No calls.");
    }
    let table = Table::new(&measure, &shape);
    writeln!(out, "{}", table.heading().text())?;
    let mut lines = String::new();
    for row in rows {
        table.write_line(&mut lines, row.borrow());
        if lines.len() >= AT_ONCE {
            out.write_all(lines.as_bytes())?;
            lines.clear();
        }
    }
    out.write_all(lines.as_bytes())
}

/// One line a fax, then its errors and warnings.
pub(super) fn check<I>(
    out: &mut impl Write,
    capture: &CaptureInfo,
    flows: I,
    options: &Options,
) -> io::Result<()>
where
    I: IntoIterator,
    I::Item: Borrow<AnalysedFlow>,
{
    let file = plain(&capture.file, options.ascii).into_owned();
    let mut any = false;
    for flow in flows {
        let flow = flow.borrow();
        any = true;
        let line = format!(
            "{file}: {}, {}: {}",
            head::numbers(&flow.flow),
            head::parties(&flow.flow, options.ascii),
            verdict(flow, options.ascii)
        );
        writeln!(out, "{line}")?;
        for hint in in_order(flow) {
            if hint.finding.severity <= Severity::Warning {
                for row in hints::full(hint, options.width.saturating_sub(4), options.ascii) {
                    writeln!(out, "    {}", row.text())?;
                }
            }
        }
    }
    if !any {
        writeln!(out, "{file}: no fax found")?;
        for note in &capture.notes {
            let text = note_text(note, options.ascii);
            for row in wrap_keeping_spaces(&text, options.width.saturating_sub(4)) {
                writeln!(out, "    {row}")?;
            }
        }
    }
    Ok(())
}

fn write_rows(out: &mut impl Write, rows: &[Row]) -> io::Result<()> {
    rows.iter().try_for_each(|row| write_row(out, row))
}

fn write_row(out: &mut impl Write, row: &Row) -> io::Result<()> {
    let mut text = row.text();
    text.push('\n');
    out.write_all(text.as_bytes())
}

/// Text over as many lines as it needs, all but the first indented.
fn write_wrapped(out: &mut impl Write, text: &str, width: usize, indent: &str) -> io::Result<()> {
    for (at, line) in wrap_keeping_spaces(text, width.saturating_sub(indent.len()))
        .iter()
        .enumerate()
    {
        writeln!(out, "{}{line}", if at == 0 { "" } else { indent })?;
    }
    Ok(())
}

/// Lines of at most `width`: what three spaces set apart stays apart on a line, or begins a new one.
fn wrap_keeping_spaces(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in text.split(APART) {
        match lines.last_mut() {
            Some(line) if view_width(line) + APART.len() + view_width(part) <= width => {
                line.push_str(APART);
                line.push_str(part);
            }
            _ if view_width(part) <= width => lines.push(part.to_owned()),
            _ => lines.extend(wrap(part, width)),
        }
    }
    lines
}
