//! Whether the capture shows all that a side said and heard: only then can be held against it what it did.

use crate::call::Side;
use crate::call::path::Known;
use crate::hint::{RuleContext, g711};

/// Whether what a side did has its reason in what the capture shows: nothing of the fax is lost before this point, no
/// message that is in the capture went unheard by the side, and its own media and signalling are in it.
pub(in crate::hint) fn shows_all_of(context: &RuleContext<'_>, side: Side) -> bool {
    let lost = Side::BOTH.into_iter().any(|side| loses(context, side));
    !lost && !misses_words(context, side) && has_media_of(context, side) && is_seen(context, side)
}

/// Whether the packets of a side are incomplete when they come to this point.
pub(in crate::hint) fn loses(context: &RuleContext<'_>, side: Side) -> bool {
    let stats = context.call.udptl.of(side);
    stats.lost > stats.recovered || g711::is_lossy(context, side)
}

/// Whether a side shows that it did not hear what the capture has: it repeats a command that was answered, or offers
/// itself again after a DCS.
fn misses_words(context: &RuleContext<'_>, side: Side) -> bool {
    context.exchange().rounds.iter().any(|round| {
        let repeats = round.from == side && round.repeats_answered.is_some();
        repeats || round.from == side.other() && round.unseen.is_some()
    })
}

/// Whether the T.38 of the stretch next to a side is in the capture, and not only that behind a media proxy.
fn has_media_of(context: &RuleContext<'_>, side: Side) -> bool {
    let links = &context.call.path.links;
    let near = match side {
        Side::Caller => links.first(),
        Side::Callee => links.last(),
    };
    let in_t38 = links.len() > 1 && context.call.packets.t38 > 0;
    !in_t38 || near.is_some_and(|link| link.udptl.caller.is_some() || link.udptl.callee.is_some())
}

/// Whether the host at the end of a side was captured: where headers alone tell of it, what stands before it may be the
/// one that acts.
pub(in crate::hint) fn is_seen(context: &RuleContext<'_>, side: Side) -> bool {
    let path = &context.call.path;
    let end = match side {
        Side::Caller => path.route.first(),
        Side::Callee => path.route.last(),
    };
    end.and_then(|id| path.host(*id))
        .is_none_or(|host| host.known != Known::Headers)
}
