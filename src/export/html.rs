//! One HTML file for a ticket: verdict, hints, ladder, decoded messages folded, pages only when asked for.
//!
//! It stands alone: no script, nothing from elsewhere (a content security policy says so too), and whatever comes
//! from the capture is escaped.

use std::borrow::Borrow;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::pages::picture;
use super::text::in_order;
use super::{Options, json};
use crate::analysis::AnalysedFlow;
use crate::call::pages::CodedPage;
use crate::call::{Call, CallNo, EventKind};
use crate::capture::CaptureInfo;
use crate::text::visible;
use crate::view::ladder::{self, head};
use crate::view::time::Clock;
use crate::view::{Role, Row, decode, hints, pages};

/// Reads the pages of a call for their pictures.
pub type Pictures<'p> = &'p dyn Fn(CallNo) -> io::Result<Vec<CodedPage>>;

const HEAD: &str = r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>faxflow</title>
<style>
body { font: 15px/1.45 system-ui, sans-serif; margin: 1.5em auto; max-width: 100em; padding: 0 1em; color: #1a1a1a; background: #fff; }
pre { font: 13px/1.25 ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; overflow-x: auto; margin: .4em 0; }
h2 { border-top: 1px solid #bbb; padding-top: .8em; }
summary { cursor: pointer; font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 13px; }
figure { margin: 1em 0; } img { border: 1px solid #bbb; max-width: 100%; height: auto; }
.ok, .good { color: #176b2c; } .failed, .error { color: #b00020; font-weight: 600; }
.partial, .incomplete, .warning { color: #8a5a00; font-weight: 600; } .note { color: #1d4f91; }
.dim, .lifeline, .consequence, .repeat { color: #767676; } .heading { font-weight: 600; }
.missing { color: #b00020; } .t30 { color: #1d4f91; } .page { color: #6b2fa0; } .indicator { color: #5a5a5a; }
@media print { details { break-inside: avoid; } }
</style>
</head>
<body>
"#;

/// Begins the document.
pub fn begin(out: &mut impl Write) -> io::Result<()> {
    out.write_all(HEAD.as_bytes())
}

/// Ends it.
pub fn end(out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"</body>\n</html>\n")
}

/// A whole document of the flows of one capture, without pictures.
pub fn document<I>(
    out: &mut impl Write,
    capture: &CaptureInfo,
    flows: I,
    options: &Options,
) -> io::Result<()>
where
    I: IntoIterator,
    I::Item: Borrow<AnalysedFlow>,
{
    begin(out)?;
    self::flows(out, capture, flows, options, None)?;
    end(out)
}

/// The flows of one capture. `pictures` gives the pages, where they are wanted.
pub fn flows<I>(
    out: &mut impl Write,
    capture: &CaptureInfo,
    flows: I,
    options: &Options,
    pictures: Option<Pictures<'_>>,
) -> io::Result<()>
where
    I: IntoIterator,
    I::Item: Borrow<AnalysedFlow>,
{
    // A ticket goes to others: not where the capture lies, and under what user's name.
    let name = Path::new(&capture.file).file_name();
    let name = name.map_or_else(|| capture.file.clone().into(), OsStr::to_string_lossy);
    writeln!(out, "<h1>{}</h1>", escape(&name))?;
    let mut any = false;
    for flow in flows {
        any = true;
        write_flow(out, flow.borrow(), options, pictures)?;
    }
    if !any {
        writeln!(out, "<p>no fax found</p>")?;
    }
    for note in &capture.notes {
        writeln!(out, "<p class=\"note\">Note: {}</p>", escape(&note.text))?;
    }
    let program = concat!("faxflow ", env!("CARGO_PKG_VERSION"));
    writeln!(out, "<p class=\"dim\">{program}, {}</p>", json::SCHEMA)
}

fn write_flow(
    out: &mut impl Write,
    flow: &AnalysedFlow,
    options: &Options,
    pictures: Option<Pictures<'_>>,
) -> io::Result<()> {
    let verdict = head::lead(&flow.flow);
    let word = verdict.map_or("no fax", |fax| fax.verdict.name());
    let sentence = match (verdict, flow.flow.legs.first()) {
        (Some(fax), _) => fax.summary.clone(),
        (None, Some(call)) => head::outcome(call),
        (None, None) => String::new(),
    };
    let parties = escape(&head::parties(&flow.flow, false));
    writeln!(out, "<section>\n<h2>{parties}</h2>")?;
    let sentence = escape(&sentence);
    writeln!(
        out,
        "<p><span class=\"{word}\">{word}</span>: {sentence}</p>"
    )?;
    writeln!(out, "<ul>")?;
    for call in &flow.flow.legs {
        write_call(out, call, options)?;
    }
    writeln!(out, "</ul>")?;
    let found = in_order(flow);
    if !found.is_empty() {
        writeln!(out, "<h3>Hints</h3>")?;
    }
    for hint in found {
        write_rows(out, hints::full(hint, options.width, options.ascii))?;
    }
    writeln!(out, "<h3>Flow</h3>")?;
    let ladder = ladder::layout_whole(flow, &options.ladder());
    let top = ladder.whole_strip().into_iter();
    let top = top.chain(ladder.header.clone());
    write_rows(out, top.chain(ladder.whole_rows()))?;
    write_pages(out, flow, pictures)?;
    write_messages(out, flow, options, ladder.clock())?;
    writeln!(out, "</section>")
}

fn write_call(out: &mut impl Write, call: &Call, options: &Options) -> io::Result<()> {
    let mut text = format!(
        "Call {}: {}, caller {}, callee {}",
        call.number,
        options.date(call.started),
        call.caller,
        call.callee
    );
    if let Some(id) = &call.call_id {
        let _ = write!(text, ", Call-ID {id}");
    }
    writeln!(out, "<li>{}</li>", escape(&text))
}

/// Text that can be selected, a line each; what it stands for is a class.
fn write_rows(out: &mut impl Write, rows: impl IntoIterator<Item = Row>) -> io::Result<()> {
    write!(out, "<pre>")?;
    for row in rows {
        for span in &row.spans {
            let text = escape(span.text());
            match class(span.role) {
                "" => write!(out, "{text}")?,
                class => write!(out, "<span class=\"{class}\">{text}</span>")?,
            }
        }
        writeln!(out)?;
    }
    writeln!(out, "</pre>")
}

const fn class(role: Role) -> &'static str {
    match role {
        Role::Heading => "heading",
        Role::Dim => "dim",
        Role::Lifeline => "lifeline",
        Role::Indicator => "indicator",
        Role::T30 => "t30",
        Role::Page => "page",
        Role::Missing => "missing",
        Role::Repeat => "repeat",
        Role::Error => "error",
        Role::Warning => "warning",
        Role::Note => "note",
        Role::Good => "good",
        Role::Consequence => "consequence",
        Role::Plain | Role::Sip | Role::Rtp | Role::Key | Role::Mark => "",
    }
}

/// What is known of each page, with its picture where that is wanted.
fn write_pages(
    out: &mut impl Write,
    flow: &AnalysedFlow,
    pictures: Option<Pictures<'_>>,
) -> io::Result<()> {
    for call in &flow.flow.legs {
        if call.page_attempts.is_empty() {
            continue;
        }
        writeln!(out, "<h3>Pages of call {}</h3>", call.number)?;
        let Some(pictures) = pictures else {
            for attempt in &call.page_attempts {
                writeln!(out, "<p>{}</p>", escape(&pages::line(attempt)))?;
            }
            continue;
        };
        for page in pictures(call.number)? {
            write_picture(out, &page)?;
        }
    }
    Ok(())
}

/// A picture as large as the page was.
fn write_picture(out: &mut impl Write, page: &CodedPage) -> io::Result<()> {
    let line = escape(&pages::line(&page.about));
    writeln!(out, "<figure><figcaption>{line}</figcaption>")?;
    if let (Some(layout), Some(octets)) = (&page.about.layout, picture(page)?) {
        let (x, y) = layout.resolution.per_mm();
        let width = f64::from(layout.width) / x;
        let height = f64::from(page.about.facts.tally.rows) / y;
        writeln!(
            out,
            "<img alt=\"{line}\" style=\"width:{width:.0}mm;aspect-ratio:{width:.1}/{height:.1}\" src=\"data:image/png;base64,{}\">",
            STANDARD.encode(octets)
        )?;
    }
    writeln!(out, "</figure>")
}

/// Every message of SIP and T.30, folded.
fn write_messages(
    out: &mut impl Write,
    flow: &AnalysedFlow,
    options: &Options,
    clock: Clock,
) -> io::Result<()> {
    writeln!(out, "<h3>Messages</h3>")?;
    for call in &flow.flow.legs {
        for event in &call.events {
            if !matches!(
                event.kind,
                EventKind::Sip(_) | EventKind::T30(_) | EventKind::Tcf(_) | EventKind::PageData(_)
            ) {
                continue;
            }
            let name = escape(&decode::name(event));
            let time = clock.text(event.at);
            let frame = event.frame;
            let from = event.from;
            writeln!(
                out,
                "<details><summary>{time}  {name}  {from}, frame {frame}</summary>"
            )?;
            let rows = decode::message_by(call, event, false, options.width, clock);
            write_rows(out, rows)?;
            writeln!(out, "</details>")?;
        }
    }
    Ok(())
}

/// Text as HTML, harmless in an attribute too.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::fixture;

    #[test]
    fn the_file_stands_alone_and_is_escaped() {
        let mut flow = fixture::no_dcs();
        for call in &mut flow.flow.legs {
            let call = std::sync::Arc::make_mut(call);
            call.call_id = Some("<script>alert(1)</script>\"'&\u{1b}".to_owned());
        }
        let mut out = Vec::new();
        begin(&mut out).unwrap();
        flows(
            &mut out,
            &fixture::info(),
            [&flow],
            &Options::default(),
            None,
        )
        .unwrap();
        end(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.contains("<script") && !text.contains('\u{1b}'));
        assert!(text.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;"));
        for elsewhere in ["http:", "https:", "src=\"/", "<link", "@import", "url("] {
            assert!(!text.contains(elsewhere), "{elsewhere}");
        }
        assert!(text.contains("t30-dis-no-dcs") && text.contains("<details>"));
        let open = text.matches("<details>").count();
        assert_eq!(open, text.matches("</details>").count());
    }
}
