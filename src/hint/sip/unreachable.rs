//! What ICMP says about a request that nobody answers.

use crate::call::{Event, EventKind};
use crate::hint::{Finding, RuleContext, Severity};

/// The ICMP error about an INVITE, and what it means.
pub(super) fn unreachable(context: &RuleContext<'_>, invite: &Event) -> Option<Finding> {
    context.call.events.iter().find_map(|event| {
        let EventKind::Icmp {
            error, quoted_dst, ..
        } = &event.kind
        else {
            return None;
        };
        if *quoted_dst != invite.dst {
            return None;
        }
        let (from, to) = (event.src.addr, invite.dst);
        let meaning = if error.is_port() {
            format!("nothing listens on {to}")
        } else if error.is_prohibited() {
            format!("a firewall rejects it on the way to {to}")
        } else if error.is_ttl() {
            format!("routing loop on the way to {to}")
        } else {
            format!("no route to {to}")
        };
        let seen = format!("{error} from {from} – {meaning}");
        let finding = Finding::new(Severity::Error, [invite.frame, event.frame], seen);
        Some(finding.on(event.id).about(invite.dst))
    })
}
