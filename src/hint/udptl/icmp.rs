//! What hosts say about T.38 packets that they do not take.

use crate::call::{EventKind, FaultSide, Side};
use crate::capture::Endpoint;
use crate::hint::evidence::hang_up;
use crate::hint::udptl::path::{delivered, endpoints, switch};
use crate::hint::{Finding, RuleContext, Severity};

/// `udptl-icmp`: at most this many at the switch are harmless.
const FEW_ICMP: u32 = 3;
/// `udptl-icmp`: around the switch, seconds.
const AT_SWITCH: f64 = 1.0;

pub(super) fn icmp(context: &RuleContext<'_>) -> Option<Finding> {
    let call = context.call;
    let over = hang_up(call).map(|event| event.at);
    let mut known: Vec<Endpoint> = endpoints(call, Side::Caller);
    known.extend(endpoints(call, Side::Callee));
    for side in [Side::Caller, Side::Callee] {
        known.extend(call.udptl.of(side).paths.iter().map(|path| path.dst));
    }
    let hits: Vec<_> = call
        .events
        .iter()
        .filter(|event| over.is_none_or(|over| event.at < over))
        .filter_map(|event| match &event.kind {
            EventKind::Icmp {
                error,
                quoted_dst,
                count,
            } if known.contains(quoted_dst) => Some((event, *error, *quoted_dst, *count)),
            _ => None,
        })
        .collect();
    let (first, error, quoted, _) = hits.first().copied()?;
    let count: u32 = hits.iter().map(|(.., count)| *count).sum();
    let at_switch = switch(call).is_some_and(|switch| {
        hits.iter()
            .all(|(event, ..)| event.end.seconds_since(switch).abs() <= AT_SWITCH)
    });
    let harmless = (count <= FEW_ICMP && at_switch) || delivered(call);
    let severity = if harmless {
        Severity::Warning
    } else {
        Severity::Error
    };
    let mut found = Finding::new(
        severity,
        hits.iter().map(|(event, ..)| event.frame),
        format!(
            "ICMP {} from {} – T.38 port {} closed or filtered",
            error.words(),
            first.src.addr,
            quoted.port
        ),
    )
    .on(first.id);
    found.host = Some(quoted);
    if first.src.addr != quoted.addr {
        // A host on the way says it, of one behind it.
        found = if error.is_prohibited() {
            found.blame(FaultSide::Path)
        } else {
            found.blame_nobody()
        };
    }
    Some(found.more(format!(
        "{} about {quoted}.",
        crate::text::count(count, "such answer")
    )))
}
