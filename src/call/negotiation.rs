//! Offer and answer (RFC 3264) out of the transactions of a call.

use crate::call::transaction::sip_of;
use crate::call::{Event, EventId, EventKind, Relay, Side, Transaction};
use crate::sip::Sdp;

/// An offer and what became of it (RFC 3264).
#[derive(Clone, Debug, PartialEq)]
pub struct Negotiation {
    /// Message with the offer.
    pub offer_event: EventId,
    /// Who offered.
    pub from: Side,
    /// The offer.
    pub offer: Sdp,
    /// Message that answered: the answer, or the refusal, whichever ended it.
    pub answer_event: Option<EventId>,
    /// The answer, if there was one.
    pub answer: Option<Sdp>,
    /// Final status, where the offer was in a request.
    pub status: Option<u16>,
    /// Index of the transaction in [`Call::transactions`](crate::call::Call::transactions).
    pub transaction: usize,
}

impl Negotiation {
    /// Whether the offer asks for T.38 (`m=image` with a port, or T.38 in RTP).
    pub fn offers_t38(&self) -> bool {
        self.offer
            .media
            .iter()
            .any(|line| line.is_t38() && line.port > 0)
    }

    /// Whether the answer accepts T.38.
    pub fn accepts_t38(&self) -> bool {
        self.answer
            .as_ref()
            .is_some_and(|sdp| sdp.media.iter().any(|line| line.is_t38() && line.port > 0))
    }
}

/// Offers of one call that are looked at, the first ones: rules compare each with each.
pub const MAX_NEGOTIATIONS: usize = 200;

/// All offers of a call with what became of them, in time order.
pub(crate) fn negotiations(transactions: &[Transaction], events: &[Event]) -> Vec<Negotiation> {
    let mut out: Vec<Negotiation> = transactions
        .iter()
        .enumerate()
        .filter_map(|(index, one)| negotiation(index, one, events))
        .collect();
    out.sort_by_key(|one| one.offer_event);
    out.truncate(MAX_NEGOTIATIONS);
    out
}

/// The offer of one INVITE, UPDATE or PRACK, or of its reliable response when the INVITE had none.
fn negotiation(index: usize, transaction: &Transaction, events: &[Event]) -> Option<Negotiation> {
    if !matches!(transaction.method.as_str(), "INVITE" | "UPDATE" | "PRACK") {
        return None;
    }
    let first = first_with_sdp(&transaction.requests, events);
    let final_response = transaction.final_response();
    if let Some((offer_event, offer)) = first {
        let answer = answer_of(transaction, events)
            .map(|answer| as_converted((offer_event, &offer), answer, events));
        let answer_event = answer
            .as_ref()
            .map(|(id, _)| *id)
            .or_else(|| final_response.map(|(_, id)| id));
        return Some(Negotiation {
            offer_event,
            from: transaction.from,
            offer,
            answer_event,
            answer: answer.map(|(_, sdp)| sdp),
            status: final_response.map(|(status, _)| status),
            transaction: index,
        });
    }
    // Late offer: in the 2xx, answered in the ACK (RFC 3261 13.2.1).
    let ids: Vec<EventId> = transaction.responses.iter().map(|(_, id)| *id).collect();
    let (offer_event, offer) = first_with_sdp(&ids, events)?;
    let answer = first_with_sdp(&transaction.acks, events);
    Some(Negotiation {
        offer_event,
        from: transaction.from.other(),
        offer,
        answer_event: answer.as_ref().map(|(id, _)| *id),
        answer: answer.map(|(_, sdp)| sdp),
        status: final_response.map(|(status, _)| status),
        transaction: index,
    })
}

fn first_with_sdp(ids: &[EventId], events: &[Event]) -> Option<(EventId, Sdp)> {
    ids.iter()
        .find_map(|id| Some((*id, sip_of(events, *id)?.sdp.clone()?)))
}

/// As a gateway on the way wrote the answer for the one who offered T.38: it makes T.38 of the other end's sound.
fn as_converted(
    offer: (EventId, &Sdp),
    answer: (EventId, Sdp),
    events: &[Event],
) -> (EventId, Sdp) {
    let is_t38 = |sdp: &Sdp| {
        let mut lines = sdp.media.iter();
        lines.any(|line| line.is_t38() && line.port > 0)
    };
    if !is_t38(offer.1) || is_t38(&answer.1) {
        return answer;
    }
    let place = |id: EventId| usize::try_from(id.0).ok();
    let here = place(offer.0).and_then(|at| events.get(at)?.hop);
    let copies = events.iter().filter(|event| {
        event.relay == Relay::Copy(answer.0) && event.hop == here && here.is_some()
    });
    let mut arrived = copies.filter_map(|event| match &event.kind {
        EventKind::Sip(sip) => Some((event.id, sip.sdp.clone()?)),
        _ => None,
    });
    arrived.find(|(_, sdp)| is_t38(sdp)).unwrap_or(answer)
}

/// The SDP of the 2xx, else of the last provisional response (early media).
fn answer_of(transaction: &Transaction, events: &[Event]) -> Option<(EventId, Sdp)> {
    let with_sdp = |accept: fn(u16) -> bool| {
        let ids: Vec<EventId> = transaction
            .responses
            .iter()
            .filter(|(status, _)| accept(*status))
            .map(|(_, id)| *id)
            .collect();
        first_with_sdp(&ids, events)
    };
    with_sdp(|status| (200..300).contains(&status)).or_else(|| {
        // A refused offer has no answer, whatever a provisional response said.
        let refused = transaction
            .final_response()
            .is_some_and(|(status, _)| status >= 300);
        if refused {
            None
        } else {
            with_sdp(|status| (101..200).contains(&status))
        }
    })
}

/// Which side's SDP is which: offer by `from`, answer by the other.
pub(crate) fn sdp_of(negotiation: &Negotiation, side: Side) -> Option<&Sdp> {
    if negotiation.from == side {
        Some(&negotiation.offer)
    } else {
        negotiation.answer.as_ref()
    }
}
