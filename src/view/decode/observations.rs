//! Where else a message was seen: a line for each hop of its call.
//!
//! ```text
//! hop 2  frame 69  2.549  203.0.113.5:5050 → :5060
//! hop 1  frame 71  +8 ms  → 198.51.100.20:5060  SDP the same
//! ```

use std::fmt::Write as _;

use crate::call::{Call, Event, EventKind};
use crate::capture::Endpoint;
use crate::view::time::Clock;
use crate::view::{Role, Row, Span, clip, plain};

/// Hops that are told of one message.
const MOST: usize = 12;

/// The observations of a message that was seen on several hops, in time order; else nothing.
pub(super) fn rows(call: &Call, event: &Event, width: usize, clock: Clock) -> Vec<Row> {
    if call.path.is_one_hop() || !event.observed {
        return Vec::new();
    }
    let mut all = call.everywhere(event);
    if all.len() < 2 {
        return Vec::new();
    }
    all.sort_by_key(|one| (one.at, one.frame));
    let mut rows = Vec::new();
    let mut before: Option<&Event> = None;
    for one in all.into_iter().take(MOST) {
        let mut text = match one.hop {
            Some(hop) => format!("hop {}", u16::from(hop.0) + 1),
            None => "no hop".to_owned(),
        };
        let _ = write!(text, "  frame {}  ", one.frame);
        match before {
            Some(before) => {
                let _ = write!(text, "{:+.0} ms  ", one.at.seconds_since(before.at) * 1e3);
            }
            None => {
                let _ = write!(text, "{}  ", clock.text(one.at).trim());
            }
        }
        // What it was relayed by is told by the line before.
        if before.is_none_or(|before| before.dst.addr != one.src.addr) {
            let _ = write!(text, "{} ", one.src);
        }
        let _ = write!(text, "→ {}", destination(one.src, one.dst));
        if let Some(changed) = before.and_then(|before| changed(call, before, one)) {
            let _ = write!(text, "  {changed}");
        }
        let role = if one.id == event.id {
            Role::Plain
        } else {
            Role::Dim
        };
        let mut row = Row::of(vec![Span::new(plain(&text, false), role)]);
        clip(&mut row, width, false);
        rows.push(row);
        before = Some(one);
    }
    rows
}

/// The port alone where the address is that of the source.
fn destination(src: Endpoint, dst: Endpoint) -> String {
    if src.addr == dst.addr {
        format!(":{}", dst.port)
    } else {
        dst.to_string()
    }
}

/// What differs from the observation before.
fn changed(call: &Call, before: &Event, after: &Event) -> Option<String> {
    match (&before.kind, &after.kind) {
        (EventKind::Sip(old), EventKind::Sip(new)) => {
            if old.sdp.is_none() && new.sdp.is_none() {
                return None;
            }
            let all = call.path.hops.iter().flat_map(|hop| &hop.rewritten);
            let rewritten: Vec<&str> = all
                .filter(|rewrite| rewrite.event == after.id || rewrite.event == before.id)
                .map(|rewrite| rewrite.what.as_str())
                .collect();
            if rewritten.is_empty() {
                return Some("SDP the same".to_owned());
            }
            Some(format!("SDP: {}", rewritten.join(", ")))
        }
        (EventKind::T30(old), EventKind::T30(new)) => {
            let same = old.octets == new.octets;
            Some(if same { "the same" } else { "changed" }.to_owned())
        }
        _ => None,
    }
}
