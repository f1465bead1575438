//! Markdown: the flow with its ladder, or a ticket with verdict, evidence and what to ask. What comes from the network is escaped.

use std::borrow::Borrow;
use std::io::{self, Write};
use std::sync::Arc;

use crate::analysis::{AnalysedFlow, CallRow};
use crate::call::{Call, FaultSide};
use crate::capture::{CaptureInfo, Endpoint};
use crate::hint::{Hint, Severity};
use crate::text::{count, noun};
use crate::view::ladder::{self, head};
use crate::view::{calls as list, hints, time};

use super::Options;
use super::text::in_order;

/// All flows with their ladders, a heading each.
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
    each(out, capture, flows, |out, flow| {
        write_head(out, capture, flow, options)?;
        write_ladder(out, flow, options)?;
        write_evidence(out, "Hints", &in_order(flow))
    })
}

/// A ticket for each fax: verdict, evidence, what to ask whom.
pub(super) fn tickets<I>(
    out: &mut impl Write,
    capture: &CaptureInfo,
    flows: I,
    options: &Options,
) -> io::Result<()>
where
    I: IntoIterator,
    I::Item: Borrow<AnalysedFlow>,
{
    each(out, capture, flows, |out, flow| {
        write_head(out, capture, flow, options)?;
        let all = in_order(flow);
        write_evidence(out, "Evidence", &all)?;
        write_questions(out, flow, &all)
    })
}

fn each<W: Write, I>(
    out: &mut W,
    capture: &CaptureInfo,
    flows: I,
    mut write: impl FnMut(&mut W, &AnalysedFlow) -> io::Result<()>,
) -> io::Result<()>
where
    I: IntoIterator,
    I::Item: Borrow<AnalysedFlow>,
{
    let mut any = false;
    for flow in flows {
        if any {
            writeln!(out, "\n---\n")?;
        }
        any = true;
        write(out, flow.borrow())?;
    }
    if !any {
        writeln!(out, "{}: no fax found", escape(&capture.file))?;
        write_notes(out, capture)?;
    }
    Ok(())
}

/// Who, the verdict, the facts.
fn write_head(
    out: &mut impl Write,
    capture: &CaptureInfo,
    flow: &AnalysedFlow,
    options: &Options,
) -> io::Result<()> {
    let verdict = head::lead(&flow.flow);
    let parties = escape(&head::parties(&flow.flow, false));
    let word = verdict.map_or("no fax", |fax| fax.verdict.name());
    writeln!(out, "# {parties}: {word}\n")?;
    let sentence = match (verdict, flow.flow.legs.first()) {
        (Some(fax), _) => fax.summary.clone(),
        (None, Some(call)) => head::outcome(call),
        (None, None) => String::new(),
    };
    writeln!(out, "**Verdict:** {}\n", escape(&sentence))?;
    write_facts(out, capture, flow, options)
}

/// What to do, by who has to do it.
fn write_questions(out: &mut impl Write, flow: &AnalysedFlow, all: &[&Hint]) -> io::Result<()> {
    let asks = |hint: &&&Hint| hint.finding.severity <= Severity::Warning && !hint.consequence;
    let asked: Vec<&Hint> = all.iter().filter(asks).copied().collect();
    if asked.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## What to check, and whom to ask")?;
    let mut sides: Vec<Option<FaultSide>> = Vec::new();
    for hint in &asked {
        if !sides.contains(&hint.side) {
            sides.push(hint.side);
        }
    }
    for side in sides {
        writeln!(out, "\n{}:\n", escape(&whom(flow, side)))?;
        for hint in asked.iter().filter(|hint| hint.side == side) {
            let advice = hint.advice();
            let host = hint
                .finding
                .host
                .map_or_else(String::new, |host| format!("{host}: "));
            writeln!(out, "- {}{}", escape(&host), escape(&advice))?;
        }
    }
    Ok(())
}

/// Who has to act, with the host to be found there.
fn whom(flow: &AnalysedFlow, side: Option<FaultSide>) -> String {
    let legs = &flow.flow.legs;
    let host = |call: Option<&Arc<Call>>, of: fn(&Call) -> Endpoint| {
        call.map_or_else(String::new, |call| format!(" ({})", of(call).addr))
    };
    match side {
        Some(FaultSide::Caller) => {
            format!(
                "The caller's side{}",
                host(legs.first(), |call| call.caller)
            )
        }
        Some(FaultSide::Callee) => {
            format!("The callee's side{}", host(legs.last(), |call| call.callee))
        }
        Some(FaultSide::Pbx) => "Who runs the PBX or proxy in between".to_owned(),
        Some(FaultSide::Path) => {
            "Who runs the network between (firewall, NAT, media proxy)".to_owned()
        }
        Some(FaultSide::Capture) => "Yourself: capture again".to_owned(),
        None => "Either side: the capture does not tell which".to_owned(),
    }
}

fn write_notes(out: &mut impl Write, capture: &CaptureInfo) -> io::Result<()> {
    for note in &capture.notes {
        let place = note
            .frame
            .map_or_else(String::new, |frame| format!(" (frame {frame})"));
        writeln!(out, "- Note: {}{place}", escape(&note.text))?;
    }
    Ok(())
}

fn write_facts(
    out: &mut impl Write,
    capture: &CaptureInfo,
    flow: &AnalysedFlow,
    options: &Options,
) -> io::Result<()> {
    writeln!(
        out,
        "- Capture: {}, {} {}",
        escape(&capture.file),
        list::thousands(capture.packets),
        noun(capture.packets, "packet")
    )?;
    write_notes(out, capture)?;
    for call in &flow.flow.legs {
        let agent = |agent: &Option<String>| {
            agent
                .as_ref()
                .map_or_else(String::new, |agent| format!(" ({})", escape(agent)))
        };
        writeln!(
            out,
            "- Call {}: {}, caller {}{}, callee {}{}{}",
            call.number,
            options.date(call.started),
            call.caller,
            agent(&call.agent.caller),
            call.callee,
            agent(&call.agent.callee),
            call.call_id
                .as_ref()
                .map_or_else(String::new, |id| format!(", Call-ID {}", escape(id))),
        )?;
    }
    if let Some(fax) = head::lead(&flow.flow) {
        let mut facts = vec![format!(
            "pages confirmed {} of {}",
            fax.pages_confirmed, fax.pages_sent
        )];
        if let (Some(modem), Some(rate)) = (fax.modem, fax.bit_rate) {
            facts.push(format!("{modem} {rate}"));
        }
        facts.extend(
            fax.ecm
                .map(|ecm| if ecm { "ECM" } else { "no ECM" }.to_owned()),
        );
        facts.extend(fax.compression.map(str::to_owned));
        facts.extend(fax.resolution.map(str::to_owned));
        facts.extend(fax.cause.map(|cause| format!("cause `{}`", cause.rule)));
        writeln!(out, "- Fax: {}", facts.join(", "))?;
    }
    Ok(())
}

fn write_evidence(out: &mut impl Write, heading: &str, hints: &[&Hint]) -> io::Result<()> {
    if !hints.is_empty() {
        writeln!(out, "\n## {heading}\n")?;
    }
    hints.iter().try_for_each(|hint| write_hint(out, hint))
}

fn write_hint(out: &mut impl Write, hint: &Hint) -> io::Result<()> {
    let frames = hints::frames(hint);
    let frames = if frames.is_empty() {
        frames
    } else {
        format!(" ({frames})")
    };
    writeln!(
        out,
        "- **{}** `{}`: {}{frames}. {}{}",
        hint.finding.severity.name(),
        hint.rule.id,
        escape(&hint.says()),
        escape(hint.rule.reference),
        if hint.consequence {
            " (a consequence)"
        } else {
            ""
        },
    )
}

fn write_ladder(out: &mut impl Write, flow: &AnalysedFlow, options: &Options) -> io::Result<()> {
    let ladder = ladder::layout_whole(flow, &options.ladder());
    let head = ladder
        .whole_strip()
        .into_iter()
        .chain(ladder.header.clone());
    let mut text = String::new();
    for row in head.chain(ladder.whole_rows()) {
        text.push_str(&row.text());
        text.push('\n');
    }
    let fence = fence(&text);
    writeln!(out, "\n## Flow\n\n{fence}text\n{text}{fence}")
}

/// A fence that the text cannot close: longer than any run of backticks in it.
fn fence(text: &str) -> String {
    "`".repeat((longest_run(text) + 1).max(3))
}

/// The most backticks in a row.
fn longest_run(text: &str) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// The list of calls as a table.
pub(super) fn calls<'r, R>(
    out: &mut impl Write,
    capture: &CaptureInfo,
    rows: R,
    options: &Options,
) -> io::Result<()>
where
    R: IntoIterator<Item: Borrow<CallRow<'r>>> + Clone,
{
    let zone = options.time.zone(options.zone);
    let number = rows.clone().into_iter().count();
    writeln!(
        out,
        "# {}: {}\n",
        escape(&capture.file),
        count(number, "call")
    )?;
    for note in &capture.notes {
        writeln!(out, "- Note: {}", escape(&note.text))?;
    }
    writeln!(
        out,
        "\n| # | start ({}) | length | from | to | other leg | carrier | pages | rate | result |",
        zone.name(capture.first_time.unwrap_or_default())
    )?;
    writeln!(out, "|--:|---|--:|---|---|--:|---|--:|---|---|")?;
    for row in rows {
        let row = row.borrow();
        let fax = row.fax.as_ref();
        writeln!(
            out,
            "| {} | {} | {:.1} s | {} | {} | {} | {} | {} | {} | {} |",
            row.number,
            time::date(row.started, zone),
            row.duration,
            escape(&row.from),
            escape(&row.to),
            row.other_leg
                .map_or_else(String::new, |leg| leg.to_string()),
            list::carriers(row),
            fax.map_or_else(String::new, |fax| format!(
                "{}/{}",
                fax.pages_confirmed, fax.pages_sent
            )),
            fax.and_then(|fax| fax.rate.as_deref())
                .map_or_else(String::new, escape),
            escape(&list::result(row, false).0),
        )?;
    }
    Ok(())
}

/// Text of the network as Markdown that shows it and does nothing else; no HTML, no link, no heading.
pub(super) fn escape(text: &str) -> String {
    let text = crate::text::visible(text);
    let mut out = String::with_capacity(text.len());
    for word in text.split_inclusive(' ') {
        let (word, space) = word
            .strip_suffix(' ')
            .map_or((word, ""), |word| (word, " "));
        if may_be_link(word) {
            push_code(&mut out, word);
        } else {
            push_escaped(&mut out, word);
        }
        out.push_str(space);
    }
    out
}

fn push_escaped(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // Mentions and issue numbers mean something on the usual trackers.
            '@' => out.push_str("&#64;"),
            '#' => out.push_str("&#35;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '!' | '|' | '~' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
}

/// Whether a reader of Markdown may make a link of a word by itself: an address of the web or of mail, or a bare host
/// name. They do that after escapes and entities are read, but never in code.
fn may_be_link(word: &str) -> bool {
    // In the order of a name: a letter or digit, the dot, a label of two letters at least.
    let host = word.split('.').zip(word.split('.').skip(1));
    let is_host = |(before, after): (&str, &str)| {
        let letters = after.chars().take_while(|c| c.is_alphabetic()).count();
        before.ends_with(char::is_alphanumeric) && letters >= 2
    };
    word.contains("://") || word.contains('@') || host.into_iter().any(is_host)
}

/// Code, whatever stands in it: between more backticks than it has in a row. A bar is escaped for the cell of a table.
fn push_code(out: &mut String, text: &str) {
    let ticks = "`".repeat(longest_run(text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    out.push_str(&ticks);
    out.push_str(pad);
    out.push_str(&text.replace('|', "\\|"));
    out.push_str(pad);
    out.push_str(&ticks);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_markdown_and_html_would_read() {
        assert_eq!(
            escape("<b>a|b</b> [x](y) @me `c`"),
            "&lt;b&gt;a\\|b&lt;/b&gt; \\[x\\]\\(y\\) `@me` \\`c\\`"
        );
        assert_eq!(escape("a\n# b\u{1b}"), "a␊&#35; b␛");
    }

    #[test]
    fn what_readers_make_a_link_is_code() {
        assert_eq!(
            escape("see www.example.com now"),
            "see `www.example.com` now"
        );
        assert_eq!(escape("a@b.example"), "`a@b.example`");
        assert_eq!(escape("http://x"), "`http://x`");
        assert_eq!(escape("`a`@b|c"), "`` `a`@b\\|c ``");
        for plain in [
            "T.38 of 192.0.2.1:5060",
            "1.5 s, e.g. so.",
            "end. Next",
            "V.17",
        ] {
            assert_eq!(escape(plain), plain);
        }
    }

    #[test]
    fn fences_cannot_be_closed_from_inside() {
        assert_eq!(fence("a ```` b"), "`````");
        assert_eq!(fence("plain"), "```");
    }
}
