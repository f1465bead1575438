//! Packets that the capture of one host has and that of another one has not.

use crate::call::{Call, EventId, FaultSide};
use crate::capture::merge::Lost;
use crate::hint::{Finding, RuleContext, Severity};

/// Loss below this share, in percent, is what redundancy is for.
const FEW: u32 = 1;

pub(super) fn lost(context: &RuleContext<'_>) -> Vec<Finding> {
    let all = context.call.capture.lost.iter();
    all.filter_map(|lost| finding(context.call, lost)).collect()
}

fn finding(call: &Call, lost: &Lost) -> Option<Finding> {
    let origins = call.capture.origins.as_deref()?;
    let (seen_in, not_in) = (origins.name(lost.seen_in)?, origins.name(lost.not_in)?);
    let Lost { packets, of, .. } = *lost;
    let few = u64::from(packets) * 100 < u64::from(of) * u64::from(FEW);
    let (severity, why, fault) = if lost.not_captured {
        let why = "the capture there lacks them";
        (Severity::Note, why, FaultSide::Capture)
    } else if few {
        (Severity::Note, "lost between them", FaultSide::Path)
    } else {
        (Severity::Warning, "lost between them", FaultSide::Path)
    };
    let seen = format!(
        "{packets} of {of} packets to {} are in {seen_in}, not in {not_in} – {why}",
        lost.dst
    );
    let mut found = Finding::new(severity, lost.frames.iter().copied(), seen)
        .more(format!("{} sent them.", lost.src))
        .about(lost.dst)
        .blame(fault);
    found.event = row(call, lost);
    Some(found)
}

/// The row of the first packet, else the first of its sender after it.
fn row(call: &Call, lost: &Lost) -> Option<EventId> {
    let first = *lost.frames.first()?;
    let mut events = call.events.iter();
    let fits = events.find(|event| event.src == lost.src && event.last_frame >= first);
    fits.map(|event| event.id)
}
