//! How the fax ended by the words of the stack: the report of `res_fax`, of `mod_spandsp`, the variables of the
//! dialplan, or the last status of spandsp.

use crate::call::log::LogOutcome;

/// Reads the end of a fax out of its lines.
pub(super) fn of<'l>(lines: impl Iterator<Item = (u64, &'l str)>) -> Option<LogOutcome> {
    let mut status: Option<LogOutcome> = None;
    let mut report: Option<LogOutcome> = None;
    let mut error = None;
    for (number, message) in lines {
        let line = |outcome: LogOutcome| LogOutcome {
            line: number,
            ..outcome
        };
        if let Some(found) = res_fax(message).or_else(|| mod_spandsp(message)) {
            report = Some(line(found));
        } else if let Some(text) = quoted_after(message, "Status changing to ") {
            status = Some(line(LogOutcome {
                text: text.to_owned(),
                ok: text == "OK",
                ..LogOutcome::default()
            }));
        } else if let Some(found) = variable(message, "FAXSTATUS") {
            let known = report.get_or_insert_with(|| line(LogOutcome::default()));
            known.ok = found == "SUCCESS";
        } else if let Some(found) = variable(message, "FAXERROR") {
            error = Some(found.to_owned());
        } else if let Some(found) = variable(message, "FAXOPT(statusstr)") {
            let known = report.get_or_insert_with(|| line(LogOutcome::default()));
            found.clone_into(&mut known.text);
        } else if let Some(report) = &mut report {
            report.pages = figure(message, "Pages transferred:").or(report.pages);
            report.bit_rate = figure(message, "Transfer Rate:").or(report.bit_rate);
        }
    }
    let mut outcome = match (report, status) {
        (Some(report), Some(status)) if report.text.is_empty() => LogOutcome {
            text: status.text,
            ..report
        },
        (Some(report), _) => report,
        (None, status) => status?,
    };
    outcome.error = outcome.error.or(error);
    Some(outcome)
}

/// `... FAX session '1457' is complete, result: 'FAILED' (text), error: 'E', pages: 0, ...`
fn res_fax(message: &str) -> Option<LogOutcome> {
    if !message.contains(" is complete, result: ") {
        return None;
    }
    let result = quoted_after(message, "result: ")?;
    let text = message.split_once(&format!("result: '{result}' ("));
    let text = text.and_then(|(_, rest)| rest.split_once("), error:"));
    Some(LogOutcome {
        text: text.map_or(result, |(text, _)| text).to_owned(),
        ok: result == "SUCCESS",
        code: None,
        error: quoted_after(message, "error: ")
            .filter(|error| *error != "NO_ERROR")
            .map(str::to_owned),
        pages: figure(message, "pages: "),
        bit_rate: quoted_after(message, "transfer rate: ").and_then(|rate| rate.parse().ok()),
        line: 0,
    })
}

/// `Fax processing not successful - result (49) The call dropped prematurely.`
fn mod_spandsp(message: &str) -> Option<LogOutcome> {
    if let Some(rest) = message.strip_prefix("Fax processing not successful - result (") {
        let (code, text) = rest.split_once(") ")?;
        return Some(LogOutcome {
            text: text.trim_end_matches('.').to_owned(),
            code: code.parse().ok(),
            ..LogOutcome::default()
        });
    }
    message
        .starts_with("Fax successfully ")
        .then(|| LogOutcome {
            text: "OK".to_owned(),
            ok: true,
            code: Some(0),
            ..LogOutcome::default()
        })
}

fn quoted_after<'m>(message: &'m str, before: &str) -> Option<&'m str> {
    let (_, rest) = message.split_once(before)?;
    let (text, _) = rest.strip_prefix('\'')?.split_once('\'')?;
    Some(text)
}

/// `FAXSTATUS=FAILED`
fn variable<'m>(message: &'m str, name: &str) -> Option<&'m str> {
    let (_, rest) = message.split_once(name)?;
    let rest = rest.strip_prefix('=').or_else(|| rest.strip_prefix(": "))?;
    let end = rest
        .find(['"', '\'', ')', ',', ';', '\n'])
        .unwrap_or(rest.len());
    Some(rest.get(..end)?.trim()).filter(|value| !value.is_empty())
}

fn figure(message: &str, name: &str) -> Option<u32> {
    let (_, rest) = message.split_once(name)?;
    let rest = rest.trim_start();
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}
