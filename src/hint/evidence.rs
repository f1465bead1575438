//! What rules have in common when they put a finding together: waits that the capture can prove, sides and
//! hosts by name, figures in words.

use crate::call::{Call, CallState, Event, EventKind, Side};
use crate::capture::Timestamp;
use crate::hint::RuleContext;
use crate::t30::Fcf;
pub(crate) use crate::t30::timer::{EARLY, LATE};

/// Silence at the end of a capture after which a call that is up counts as cut by the capture's end: a
/// T1 that began just before may still run.
const CAPTURE_GOES_ON: f64 = 35.0;

/// First BYE (or CANCEL of a call that was never answered).
pub(crate) fn hang_up(call: &Call) -> Option<&Event> {
    call.hang_up()
}

/// The DCN that ends the fax.
pub(crate) fn dcn(call: &Call) -> Option<&Event> {
    call.events
        .iter()
        .find(|event| matches!(&event.kind, EventKind::T30(frame) if frame.fcf == Fcf::Dcn))
}

/// Whether the file ends while the call is still up, so that what is missing proves nothing
/// (`cap-ends-early`).
pub(crate) fn capture_ends_early(call: &Call) -> bool {
    if hang_up(call).is_some() {
        return false;
    }
    let over = matches!(
        call.state,
        CallState::Cancelled | CallState::Rejected | CallState::Unanswered
    );
    !over
        && (call.capture.unfinished
            || call.capture.last_time.seconds_since(call.last_packet) < CAPTURE_GOES_ON)
}

/// Whether the capture shows that nothing came for `wait` seconds after `from`: it goes on that long, or
/// the call was hung up. A fax found without SIP has no hang-up to see.
pub(crate) fn waited(call: &Call, from: Timestamp, wait: f64) -> bool {
    call.capture.last_time.seconds_since(from) >= wait
        || hang_up(call).is_some_and(|bye| bye.at > from)
}

/// `caller 192.0.2.10`
pub(crate) fn named(call: &Call, side: Side) -> String {
    format!("{side} {}", call.endpoint(side).addr)
}

/// A sentence on whose side `side` is, with what to do there; where nobody said which host is the PBX, it names the host.
pub(crate) fn blame(context: &RuleContext<'_>, side: Side, own: &str, other: &str) -> String {
    let host = named(context.call, side);
    match context.is_pbx(side) {
        Some(true) => format!("The {host} is your PBX: {own}"),
        Some(false) => format!("The {host} is the other side: {other}"),
        None => format!("The {host}: if it is yours, {own} If not, {other}"),
    }
}

/// A share in per cent with a sensible number of digits.
pub(crate) fn percent(part: u32, whole: u32) -> String {
    let share = f64::from(part) * 100.0 / f64::from(whole.max(1));
    if share >= 9.95 {
        format!("{share:.0}")
    } else if share >= 0.095 {
        format!("{share:.1}")
    } else {
        format!("{share:.2}")
    }
}

/// Part of a whole, 0 to 1.
pub(crate) fn share(part: u32, whole: u32) -> f64 {
    f64::from(part) / f64::from(whole.max(1))
}
