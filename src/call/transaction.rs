//! SIP transactions of a call, as the capture shows them (RFC 3261 17): who asked, what was answered.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use crate::call::{Event, EventId, EventKind, Side, SipEvent};
use crate::sip::StartLine;

/// A SIP transaction (RFC 3261 17), as the capture shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Method, upper case.
    pub method: String,
    /// `CSeq` number.
    pub cseq: u32,
    /// Who sent the request.
    pub from: Side,
    /// The request and its retransmissions; empty if not in the capture.
    pub requests: Vec<EventId>,
    /// All responses with their status, retransmissions included.
    pub responses: Vec<(u16, EventId)>,
    /// ACKs (of an INVITE).
    pub acks: Vec<EventId>,
    /// It is the INVITE that began the dialog (or a repetition of it with credentials).
    pub initial: bool,
}

impl Transaction {
    /// First final response.
    pub fn final_response(&self) -> Option<(u16, EventId)> {
        self.responses
            .iter()
            .copied()
            .find(|(status, _)| *status >= 200)
    }
}

/// Transactions of one call that are told apart, hours of keep-alives: rules compare them with each other.
/// The messages of later ones are shown all the same.
pub const MAX_TRANSACTIONS: usize = 2000;

/// Groups the SIP events of a call; marks retransmissions on the way.
///
/// This is the end-to-end view: of what proxies relayed the original alone. The key is `CSeq` number, method and
/// asking side; a repetition with credentials has a `CSeq` of its own.
pub(crate) fn group(events: &mut [Event]) -> Vec<Transaction> {
    let mut out: Vec<Transaction> = Vec::new();
    // Hashed: one dialog may hold a hundred thousand messages.
    let mut places: HashMap<(u32, String, Side), usize> = HashMap::new();
    let mut seen: HashSet<Seen> = HashSet::new();
    for event in events.iter_mut() {
        let EventKind::Sip(sip) = &event.kind else {
            continue;
        };
        let Some((cseq, method)) = cseq_of(sip) else {
            continue;
        };
        let request = matches!(sip.message.start, StartLine::Request { .. });
        let from = if request {
            event.from
        } else {
            event.from.other()
        };
        let key_method = if method == "ACK" {
            "INVITE"
        } else {
            method.as_str()
        };
        let next = out.len();
        let key = (cseq, key_method.to_owned(), from);
        if !event.relay.is_original() {
            let at = places.get(&key).copied().unwrap_or(usize::MAX);
            event.retransmission = !seen.insert(Seen::of(at, sip, event));
            continue;
        }
        let known = places.len() < MAX_TRANSACTIONS;
        let place = match places.entry(key) {
            Entry::Occupied(place) => Some(*place.get()),
            Entry::Vacant(place) => known.then(|| *place.insert(next)),
        };
        let Some(at) = place else { continue };
        if at == next {
            out.push(blank(key_method.to_owned(), cseq, from));
        }
        let Some(transaction) = out.get_mut(at) else {
            continue;
        };
        event.retransmission = !seen.insert(Seen::of(at, sip, event));
        match &sip.message.start {
            StartLine::Request { .. } if method == "ACK" => transaction.acks.push(event.id),
            StartLine::Request { .. } => transaction.requests.push(event.id),
            StartLine::Response { status, .. } => transaction.responses.push((*status, event.id)),
        }
    }
    mark_initial(&mut out, events);
    out
}

fn blank(method: String, cseq: u32, from: Side) -> Transaction {
    Transaction {
        method,
        cseq,
        from,
        requests: Vec::new(),
        responses: Vec::new(),
        acks: Vec::new(),
        initial: false,
    }
}

/// What makes two messages the same but for time: the hop, the start line, the branch.
#[derive(PartialEq, Eq, Hash)]
struct Seen {
    transaction: usize,
    start: StartLine,
    branch: Option<String>,
    hop: (crate::capture::Endpoint, crate::capture::Endpoint),
    // Responses of two contacts of a fork differ by the tag of who answers.
    to_tag: Option<String>,
    // Reliable provisional responses (RFC 3262) differ by RSeq, NOTIFYs and the like by their body length.
    rseq: Option<String>,
    body: usize,
}

impl Seen {
    fn of(transaction: usize, sip: &SipEvent, event: &Event) -> Self {
        Self {
            transaction,
            start: sip.message.start.clone(),
            branch: sip.message.branch().map(str::to_owned),
            hop: (event.src, event.dst),
            to_tag: sip.message.status().and_then(|_| sip.message.to().tag),
            rseq: sip.message.header("RSeq").map(str::to_owned),
            body: sip.message.body.len(),
        }
    }
}

/// `CSeq` number and method; of a damaged message the method of its start line.
pub(crate) fn cseq_of(sip: &SipEvent) -> Option<(u32, String)> {
    let parsed = sip
        .message
        .cseq()
        .map(|(number, method)| (number, method.to_ascii_uppercase()));
    match (&sip.message.start, parsed) {
        // A request's own method is what it is, whatever CSeq says.
        (StartLine::Request { method, .. }, Some((number, _))) => {
            Some((number, method.to_ascii_uppercase()))
        }
        (_, parsed) => parsed,
    }
}

/// INVITEs of the caller without a To tag are initial, also those repeated with credentials.
fn mark_initial(transactions: &mut [Transaction], events: &[Event]) {
    for transaction in transactions
        .iter_mut()
        .filter(|one| one.method == "INVITE" && one.from == Side::Caller)
    {
        let first = transaction
            .requests
            .first()
            .and_then(|id| sip_of(events, *id));
        transaction.initial = first.is_some_and(|sip| sip.message.to().tag.is_none());
    }
}

/// The SIP message of an event.
pub(crate) fn sip_of(events: &[Event], id: EventId) -> Option<&SipEvent> {
    match &events.get(usize::try_from(id.0).ok()?)?.kind {
        EventKind::Sip(sip) => Some(sip),
        _ => None,
    }
}
