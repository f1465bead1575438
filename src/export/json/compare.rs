//! `compare`: two faxes and where they part.

use std::io::{self, Write};

use serde::Serialize;

use super::harmless::{write_line, write_pretty};
use crate::call::EventKind;
use crate::compare::{Changes, Comparison, Row, Step};
use crate::export::compare::Of;
use crate::uid::Uid;
use crate::view::ladder::head;

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    r#type: &'static str,
    good: SampleObject<'a>,
    bad: SampleObject<'a>,
    /// Exit status 1.
    matters: bool,
    difference: Option<DifferenceObject<'a>>,
    legs: Vec<LegObject<'a>>,
}

#[derive(Serialize)]
struct SampleObject<'a> {
    file: &'a str,
    capture_id: Uid,
    calls: Vec<u32>,
    call_uids: Vec<Uid>,
    verdict: Option<&'static str>,
    cause: Option<&'static str>,
    summary: Option<&'a str>,
}

#[derive(Serialize)]
struct DifferenceObject<'a> {
    text: &'a str,
    after: Option<StepObject<'a>>,
    good: Option<StepObject<'a>>,
    bad: Option<StepObject<'a>>,
    changes: Vec<ChangeObject<'a>>,
}

#[derive(Serialize)]
struct LegObject<'a> {
    good: u32,
    bad: u32,
    steps: Vec<RowObject<'a>>,
}

#[derive(Serialize)]
struct RowObject<'a> {
    good: Option<StepObject<'a>>,
    bad: Option<StepObject<'a>>,
    changes: Vec<ChangeObject<'a>>,
}

#[derive(Serialize)]
struct StepObject<'a> {
    call: u32,
    frame: u32,
    offset_s: f64,
    layer: &'static str,
    name: &'a str,
    from: &'static str,
    observed: bool,
    times: u32,
}

#[derive(Serialize)]
struct ChangeObject<'a> {
    name: &'a str,
    bit: Option<u8>,
    good: Option<&'a str>,
    bad: Option<&'a str>,
}

/// Writes a comparison, over many lines or on one.
pub(in crate::export) fn compare(
    out: &mut impl Write,
    comparison: &Comparison<'_>,
    (good, bad): (Of<'_>, Of<'_>),
    pretty: bool,
) -> io::Result<()> {
    let document = Document {
        schema: super::SCHEMA,
        r#type: "compare",
        good: sample(good),
        bad: sample(bad),
        matters: comparison.matters,
        difference: comparison
            .difference
            .as_ref()
            .map(|difference| DifferenceObject {
                text: &difference.text,
                after: difference.after.as_ref().map(|one| step(one, bad)),
                good: difference.good.as_ref().map(|one| step(one, good)),
                bad: difference.bad.as_ref().map(|one| step(one, bad)),
                changes: changes(&difference.changes),
            }),
        legs: comparison
            .pairs
            .iter()
            .map(|pair| LegObject {
                good: pair.good.number.0,
                bad: pair.bad.number.0,
                steps: pair.rows.iter().map(|one| row(one, good, bad)).collect(),
            })
            .collect(),
    };
    if pretty {
        write_pretty(out, &document)?;
        return out.write_all(b"\n");
    }
    write_line(out, &document)
}

fn sample(of: Of<'_>) -> SampleObject<'_> {
    let flow = &of.sample.flow.flow;
    let fax = head::lead(flow);
    let cause = flow.legs.iter().find_map(|leg| leg.cause);
    SampleObject {
        file: of.sample.file,
        capture_id: of.capture.uid,
        calls: flow.legs.iter().map(|leg| leg.number.0).collect(),
        call_uids: flow.legs.iter().map(|leg| leg.uid).collect(),
        verdict: fax.map(|fax| fax.verdict.name()),
        cause: cause.map(|cause| cause.rule),
        summary: fax.map(|fax| fax.summary.as_str()),
    }
}

fn row<'a>(row: &'a Row<'_>, good: Of<'_>, bad: Of<'_>) -> RowObject<'a> {
    RowObject {
        good: row.good.as_ref().map(|one| step(one, good)),
        bad: row.bad.as_ref().map(|one| step(one, bad)),
        changes: changes(&row.changes),
    }
}

fn step<'a>(step: &'a Step<'_>, of: Of<'_>) -> StepObject<'a> {
    let event = step.event;
    let legs = &of.sample.flow.flow.legs;
    let leg = legs.iter().find(|leg| leg.number == event.call);
    StepObject {
        call: event.call.0,
        frame: event.frame.0,
        offset_s: leg.map_or(0.0, |leg| event.at.seconds_since(leg.started)),
        layer: match event.kind {
            EventKind::Sip(_) => "sip",
            EventKind::Missing(_) if event.phase.is_none() => "sip",
            _ => "t30",
        },
        name: &step.name,
        from: event.from.name(),
        observed: event.observed,
        times: step.times,
    }
}

fn changes(changes: &Changes) -> Vec<ChangeObject<'_>> {
    changes
        .iter()
        .map(|change| ChangeObject {
            name: &change.name,
            bit: change.bit,
            good: change.good.as_deref(),
            bad: change.bad.as_deref(),
        })
        .collect()
}
