//! Text for people: the rows of the screen with nothing cut.

use std::borrow::Borrow;
use std::fmt::Write as _;
use std::io::{self, Write};

use crate::analysis::{AnalysedFlow, CallRow};
use crate::call::Call;
use crate::capture::{CaptureInfo, Endpoint};
use crate::hint::{Hint, Severity};
use crate::text::noun;
use crate::view::calls::{self, Measure, Table, WHOLE, note_text, thousands};
use crate::view::ladder::{self, head};
use crate::view::{Role, Row, Span, hints, plain, time, width as view_width, wrap};

use super::{Options, colour};

/// Between the parts of a head line.
const APART: &str = "   ";
/// Before all lines of a text but the first.
const INDENT: &str = "  ";
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
    write_rows(out, &ladder.whole_strip(), options)?;
    for call in &flow.flow.legs {
        write_wrapped(out, &hosts(call, options), Role::Plain, options)?;
    }
    writeln!(out)?;
    write_rows(out, &ladder.header, options)?;
    for row in ladder.whole_rows() {
        colour::write_row(out, &row, options.colour)?;
    }
    let all: Vec<&Hint> = in_order(flow);
    if !all.is_empty() {
        writeln!(out)?;
        colour::write_line(out, "Hints", Role::Heading, options.colour)?;
    }
    for hint in all {
        let rows = hints::full(hint, options.width, options.ascii);
        write_rows(out, &rows, options)?;
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
    write_wrapped(out, &line, Role::Heading, options)?;
    let (text, role) = verdict(flow, ascii);
    write_wrapped(out, &text, role, options)
}

/// `✗ Failed in phase B: the sender never answered DIS [t30-dis-no-dcs]`; without a fax what became of the call.
fn verdict(flow: &AnalysedFlow, ascii: bool) -> (String, Role) {
    let Some(fax) = head::lead(&flow.flow) else {
        let outcomes: Vec<String> = flow
            .flow
            .legs
            .iter()
            .map(|call| plain(&head::outcome(call), ascii).into_owned())
            .collect();
        let text = format!("no fax; {}", outcomes.join(", "));
        return (text, Role::Warning);
    };
    let (mark, role) = head::verdict(fax.verdict, ascii);
    let cause = fax
        .cause
        .map_or_else(String::new, |cause| format!(" [{}]", cause.rule));
    let text = format!("{mark} {}{cause}", plain(&fax.summary, ascii));
    (text, role)
}

/// `call 2: caller 192.0.2.10:5060 (Asterisk 18), callee 203.0.113.5:5060`
fn hosts(call: &Call, options: &Options) -> String {
    let ascii = options.ascii;
    let host = |endpoint: Endpoint, agent: &Option<String>| {
        let agent = agent
            .as_ref()
            .map_or_else(String::new, |agent| format!(" ({})", plain(agent, ascii)));
        format!(
            "{}{agent}",
            plain(&options.names.with_address(endpoint), ascii)
        )
    };
    let call_id = call
        .call_id
        .as_ref()
        .map_or_else(String::new, |id| format!("   Call-ID {}", plain(id, ascii)));
    format!(
        "call {}   caller {}   callee {}{call_id}",
        call.number,
        host(call.caller, &call.agent.caller),
        host(call.callee, &call.agent.callee),
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
    let cause = head::lead(&flow.flow)
        .and_then(|fax| fax.cause)
        .map(|cause| cause.rule);
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
        let zone = options.time.zone(options.zone);
        let _ = write!(line, "   {}", time::span(first, last, zone));
    }
    write_wrapped(out, &line, Role::Dim, options)?;
    write_notes(out, capture, options)
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
        time: options.time,
        zone: options.zone,
        columns: options.columns.clone(),
        names: options.names.clone(),
        ..calls::Options::default()
    };
    let mut measure = Measure::new(calls::start(rows.clone(), capture), options.names.clone());
    let (mut count, mut faxes) = (0, 0);
    for row in rows.clone() {
        measure.add(row.borrow());
        count += 1;
        faxes += usize::from(row.borrow().fax.is_some());
    }
    let title = calls::title(count, faxes, capture, &shape);
    colour::write_row(out, &title, options.colour)?;
    write_notes(out, capture, options)?;
    if count == 0 {
        return writeln!(out, "No calls.");
    }
    let table = Table::new(&measure, &shape);
    colour::write_row(out, &table.heading(), options.colour)?;
    if options.colour.is_some() {
        return (rows.into_iter())
            .try_for_each(|row| colour::write_row(out, &table.row(row.borrow()), options.colour));
    }
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
        let who = format!(
            "{file}: {}, {}: ",
            head::numbers(&flow.flow),
            head::parties(&flow.flow, options.ascii),
        );
        let (text, role) = verdict(flow, options.ascii);
        let row = Row::of(vec![Span::plain(who), Span::new(text, role)]);
        if options.one_line {
            colour::write_row(out, &row, options.colour)?;
        } else {
            let lines = ladder::wrap_spans(&row.spans, options.width);
            let rows: Vec<Row> = lines.into_iter().map(Row::of).collect();
            write_rows(out, &rows, options)?;
        }
        for hint in in_order(flow) {
            if hint.finding.severity <= Severity::Warning {
                for mut row in hints::full(hint, options.width.saturating_sub(4), options.ascii) {
                    row.spans.insert(0, Span::plain("    "));
                    colour::write_row(out, &row, options.colour)?;
                }
            }
        }
    }
    if !any {
        let line = format!("{file}: no fax found");
        colour::write_line(out, &line, Role::Plain, options.colour)?;
        for note in &capture.notes {
            let text = note_text(note, options.ascii);
            for row in wrap_keeping_spaces(&text, options.width.saturating_sub(4)) {
                colour::write_line(out, &format!("    {row}"), Role::Warning, options.colour)?;
            }
        }
    }
    Ok(())
}

fn write_rows(out: &mut impl Write, rows: &[Row], options: &Options) -> io::Result<()> {
    rows.iter()
        .try_for_each(|row| colour::write_row(out, row, options.colour))
}

/// What is noted of the capture.
fn write_notes(out: &mut impl Write, capture: &CaptureInfo, options: &Options) -> io::Result<()> {
    (capture.notes.iter()).try_for_each(|note| {
        write_wrapped(out, &note_text(note, options.ascii), Role::Warning, options)
    })
}

/// Text over as many lines as it needs, all but the first indented.
fn write_wrapped(
    out: &mut impl Write,
    text: &str,
    role: Role,
    options: &Options,
) -> io::Result<()> {
    let lines = wrap_keeping_spaces(text, options.width.saturating_sub(INDENT.len()));
    for (at, line) in lines.iter().enumerate() {
        let indent = if at == 0 { "" } else { INDENT };
        colour::write_line(out, &format!("{indent}{line}"), role, options.colour)?;
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
