//! What faxflow writes as JSON of a capture.
#![allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "a test may fail by panic; not every test uses all of it"
)]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The JSON of all calls with their messages.
pub(crate) fn flow(capture: &Path) -> Vec<Value> {
    let run = |arguments: &[&str]| -> Value {
        let output = Command::new(env!("CARGO_BIN_EXE_faxflow"))
            .env("FAXFLOW_CONFIG", "")
            .args(arguments)
            .output()
            .unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
    };
    let file = capture.to_str().unwrap();
    let list = run(&["calls", "--format", "json", file]);
    let calls = list["calls"].as_array().cloned().unwrap_or_default();
    let number = |call: &Value| call["number"].as_u64().unwrap().to_string();
    let mut out = Vec::new();
    for call in &calls {
        let one = run(&["flow", "--format", "json", "--call", &number(call), file]);
        out.extend(one["calls"].as_array().cloned().unwrap_or_default());
    }
    out
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// IPv6 addresses stand in brackets or not.
pub(crate) fn bare(end: &str) -> String {
    end.replace(['[', ']'], "")
}
