//! Calls for a spreadsheet: RFC 4180, a call a line, the same columns from `calls` and `check`.

use std::borrow::Borrow;
use std::io::{self, Write};

use super::Options;
use crate::analysis::{Analysed, AnalysedFlow};
use crate::call::{Call, FaultSide, Fax};
use crate::capture::CaptureInfo;
use crate::hint::{Hint, Severity};
use crate::view::ladder::head;
use crate::view::time;

/// Names of the columns.
const COLUMNS: &[&str] = &[
    "file",
    "call",
    "started",
    "zone",
    "length_s",
    "from",
    "to",
    "caller",
    "callee",
    "call_id",
    "other_leg",
    "state",
    "status",
    "carrier",
    "verdict",
    "pages_confirmed",
    "pages_sent",
    "modem",
    "bit_rate",
    "ecm",
    "cause",
    "fault_side",
    "result",
    "errors",
    "warnings",
    "sip_packets",
    "rtp_packets",
    "t38_packets",
];

/// The first line.
pub fn heading(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", COLUMNS.join(","))
}

/// A line each of all calls.
pub(super) fn calls<I>(
    out: &mut impl Write,
    capture: &CaptureInfo,
    calls: I,
    options: &Options,
) -> io::Result<()>
where
    I: IntoIterator,
    I::Item: Borrow<Analysed>,
{
    calls.into_iter().try_for_each(|one| {
        let one = one.borrow();
        line(out, capture, &one.call, &one.hints, options)
    })
}

/// A line for each leg of some flows.
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
    flows.into_iter().try_for_each(|flow| {
        let flow = flow.borrow();
        let mut legs = flow.flow.legs.iter().zip(&flow.hints);
        legs.try_for_each(|(call, hints)| line(out, capture, call, hints, options))
    })
}

fn line(
    out: &mut impl Write,
    capture: &CaptureInfo,
    call: &Call,
    hints: &[Hint],
    options: &Options,
) -> io::Result<()> {
    let fax = call.fax.as_ref();
    let zone = options.time.zone(options.zone);
    let count = |severity| {
        hints
            .iter()
            .filter(|hint| hint.finding.severity == severity)
            .count()
    };
    let name = |party: &crate::sip::Party, host: crate::capture::Endpoint| {
        party.user.clone().unwrap_or_else(|| host.addr.to_string())
    };
    let result = fax.map_or_else(|| head::outcome(call), |fax| fax.summary.clone());
    let mut line = Line::default();
    line.text(&capture.file);
    line.number(call.number);
    line.text(&format!(
        "{}.{}",
        time::date(call.started, zone),
        milliseconds(call)
    ));
    line.text(&zone.name(call.started));
    line.number(format_args!(
        "{:.3}",
        call.last_packet.seconds_since(call.started)
    ));
    line.text(&name(&call.from, call.caller));
    line.text(&name(&call.to, call.callee));
    line.text(&call.caller.to_string());
    line.text(&call.callee.to_string());
    line.text(call.call_id.as_deref().unwrap_or_default());
    line.maybe(call.other_leg);
    line.text(call.state.name());
    line.maybe(call.status);
    line.fax(fax);
    line.text(call.cause.map_or("", |cause| cause.rule));
    line.text(
        call.cause
            .and_then(|cause| cause.side)
            .map_or("", FaultSide::name),
    );
    line.text(&result);
    line.number(count(Severity::Error));
    line.number(count(Severity::Warning));
    line.number(call.packets.sip);
    line.number(call.packets.rtp);
    line.number(call.packets.t38);
    writeln!(out, "{}", line.text)
}

fn milliseconds(call: &Call) -> String {
    format!("{:03}", call.started.0 / 1_000_000 % 1_000)
}

/// A line that is being put together.
#[derive(Default)]
struct Line {
    text: String,
    begun: bool,
}

impl Line {
    fn cell(&mut self, cell: &str) {
        if self.begun {
            self.text.push(',');
        }
        self.begun = true;
        self.text.push_str(cell);
    }

    /// From the carrier to ECM.
    fn fax(&mut self, fax: Option<&Fax>) {
        self.text(fax.map_or("", |fax| head::carrier_name(fax.carrier)));
        self.text(fax.map_or("", |fax| fax.verdict.name()));
        self.maybe(fax.map(|fax| fax.pages_confirmed));
        self.maybe(fax.map(|fax| fax.pages_sent));
        self.text(fax.and_then(|fax| fax.modem).unwrap_or_default());
        self.maybe(fax.and_then(|fax| fax.bit_rate));
        let ecm = fax.and_then(|fax| fax.ecm);
        self.text(ecm.map_or("", |ecm| if ecm { "yes" } else { "no" }));
    }

    fn number(&mut self, number: impl std::fmt::Display) {
        self.cell(&number.to_string());
    }

    fn maybe(&mut self, number: Option<impl std::fmt::Display>) {
        self.cell(&number.map(|number| number.to_string()).unwrap_or_default());
    }

    /// Text of the network: harmless, in quotes where it has to be. What a spreadsheet would take for a formula has an
    /// apostrophe before it; a number with country code is none.
    fn text(&mut self, text: &str) {
        let mut text = crate::text::visible(text).into_owned();
        let rest = text.strip_prefix('+');
        let is_number = rest.is_some_and(|rest| rest.bytes().all(|c| c.is_ascii_digit()));
        if text.starts_with(['=', '+', '-', '@']) && text.len() > 1 && !is_number {
            text.insert(0, '\'');
        }
        if text.contains([',', '"']) {
            text = format!("\"{}\"", text.replace('"', "\"\""));
        }
        self.cell(&text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::fixture;

    #[test]
    fn cells_are_quoted_and_no_formula() {
        let mut line = Line::default();
        for text in [
            "plain",
            "a,b",
            "say \"x\"",
            "=1+1",
            "+4930123",
            "+4930;x",
            "-1",
            "\u{1b}[2J",
        ] {
            line.text(text);
        }
        assert_eq!(
            line.text,
            "plain,\"a,b\",\"say \"\"x\"\"\",'=1+1,+4930123,'+4930;x,'-1,\u{241b}[2J"
        );
    }

    #[test]
    fn every_line_has_every_column() {
        let flows: Vec<AnalysedFlow> = vec![fixture::good(), fixture::no_dcs(), fixture::refused()];
        let mut out = Vec::new();
        heading(&mut out).unwrap();
        super::flows(&mut out, &fixture::info(), flows, &Options::default()).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), 5);
        // No cell of these has a comma in it but the results.
        for line in text.lines() {
            let outside = line.split('"').step_by(2).collect::<String>();
            assert_eq!(outside.matches(',').count() + 1, COLUMNS.len(), "{line}");
        }
    }
}
