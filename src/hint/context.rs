//! What rules ask of a context: events, headers, sides in the user's words, and whether the capture could
//! have shown what is missing.

use std::cell::OnceCell;
use std::net::IpAddr;

use crate::call::exchange::ExchangeView;
use crate::call::path::Role;
use crate::call::{
    Call, Event, EventId, EventKind, FaultSide, Side, SipEvent, Transaction, Verdict,
};
use crate::capture::{Endpoint, FrameNo, Timestamp};
use crate::hint::rule::Family;
use crate::hint::{Blame, Hint, RuleContext, Site};
use crate::line::Fcs;
use crate::sip::StartLine;
use crate::t30::frame::T30Frame;

/// How a capture taken at one host may differ from the clock of an end point, added to every upper bound, seconds.
pub(crate) const TOLERANCE: f64 = 0.5;

impl<'a> RuleContext<'a> {
    /// A call, seen beside its other leg if it has one.
    pub fn new(call: &'a Call, other: Option<&'a Call>, site: &'a Site) -> Self {
        Self {
            call,
            other,
            site,
            exchange: OnceCell::new(),
            bye: OnceCell::new(),
        }
    }

    /// The same fax seen from the other leg.
    pub(crate) fn mirrored(&self) -> Option<Self> {
        self.other
            .map(|other| Self::new(other, Some(self.call), self.site))
    }

    /// The T.30 exchange of the call.
    pub(crate) fn exchange(&self) -> &ExchangeView<'a> {
        self.exchange.get_or_init(|| ExchangeView::of(self.call))
    }

    /// The event with this id.
    pub(crate) fn event(&self, id: EventId) -> Option<&'a Event> {
        event(self.call, id)
    }

    /// Frame of the event with this id.
    pub(crate) fn frame(&self, id: EventId) -> Option<FrameNo> {
        self.event(id).map(|event| event.frame)
    }

    /// Time of the event with this id.
    pub(crate) fn at(&self, id: EventId) -> Option<Timestamp> {
        self.event(id).map(|event| event.at)
    }

    /// The SIP message of this event.
    pub(crate) fn message(&self, id: EventId) -> Option<(&'a Event, &'a SipEvent)> {
        sip_of(self.event(id)?)
    }

    /// SIP messages in time order as their makers sent them, retransmissions included: no copies on further hops.
    pub(crate) fn messages(&self) -> impl Iterator<Item = (&'a Event, &'a SipEvent)> + use<'a> {
        self.observations()
            .filter(|(event, _)| event.relay.is_original())
    }

    /// SIP messages in time order on all hops.
    pub(crate) fn observations(&self) -> impl Iterator<Item = (&'a Event, &'a SipEvent)> + use<'a> {
        self.call.events.iter().filter_map(sip_of)
    }

    /// Requests of one method, retransmissions left out.
    pub(crate) fn requests(
        &self,
        wanted: &'static str,
    ) -> impl Iterator<Item = (&'a Event, &'a SipEvent)> + use<'a> {
        self.messages().filter(move |(event, sip)| {
            !event.retransmission && method(sip).is_some_and(|method| method == wanted)
        })
    }

    /// T.30 messages in time order, repeats included.
    pub(crate) fn t30(&self) -> impl Iterator<Item = (&'a Event, &'a T30Frame)> + use<'a> {
        self.call
            .events
            .iter()
            .filter_map(|event| match &event.kind {
                EventKind::T30(frame) => Some((event, frame.as_ref())),
                _ => None,
            })
    }

    /// Whole T.30 messages with this name (`DIS`, `MCF`): what is damaged may have been any other.
    pub(crate) fn t30_named(
        &self,
        name: &'static str,
    ) -> impl Iterator<Item = (&'a Event, &'a T30Frame)> + use<'a> {
        self.t30()
            .filter(|(_, frame)| frame.fcs != Fcs::Bad && !frame.damaged)
            .filter(move |(_, frame)| frame.fcf.label() == Some(name))
    }

    /// Transactions of one method.
    pub(crate) fn transactions(
        &self,
        method: &'static str,
    ) -> impl Iterator<Item = &'a Transaction> + use<'a> {
        self.call
            .transactions
            .iter()
            .filter(move |transaction| transaction.method == method)
    }

    /// The INVITE transaction that decided about the call: the last initial one (after credentials or a
    /// redirection there are several).
    pub(crate) fn first_invite(&self) -> Option<&'a Transaction> {
        self.transactions("INVITE")
            .filter(|transaction| transaction.initial)
            .last()
    }

    /// Final failure of the first INVITE: status, event of the response, text of its `Reason`/reason phrase.
    pub(crate) fn failure(&self) -> Option<Failure<'a>> {
        let invite = self.first_invite()?;
        let (status, id) = invite.final_response()?;
        if status < 300 {
            return None;
        }
        let (event, sip) = self.message(id)?;
        Some(Failure {
            status,
            event,
            sip,
            invite,
        })
    }

    /// ACK of the first INVITE's 2xx, else the 2xx itself.
    pub(crate) fn answer(&self) -> Option<&'a Event> {
        let invite = self.transactions("INVITE").find(|transaction| {
            transaction.initial
                && transaction
                    .responses
                    .iter()
                    .any(|(status, _)| (200..300).contains(status))
        })?;
        let ack = invite.acks.first().and_then(|id| self.event(*id));
        ack.or_else(|| {
            let (_, id) = invite
                .responses
                .iter()
                .find(|(status, _)| (200..300).contains(status))?;
            self.event(*id)
        })
    }

    /// The first BYE.
    pub(crate) fn bye(&self) -> Option<(&'a Event, &'a SipEvent)> {
        *self.bye.get_or_init(|| self.requests("BYE").next())
    }

    /// Whether the capture shows this call for `seconds` after `from`, or saw it end.
    pub(crate) fn covers(&self, from: Timestamp, seconds: f64) -> bool {
        self.call.capture.last_time >= from.plus_seconds(seconds)
            || self.bye().is_some_and(|(bye, _)| bye.at >= from)
    }

    /// Name of the audio codec last agreed; `audio` where it is not known.
    pub(crate) fn codec(&self) -> &'a str {
        self.call
            .media
            .iter()
            .filter_map(|period| period.codec.as_deref())
            .next_back()
            .unwrap_or("audio")
    }

    /// Whether the fax was delivered: this leg shows it, and the other one does not show the contrary (what a
    /// receiver confirms on its leg may never reach the sender).
    pub(crate) fn delivered(&self) -> bool {
        let ok = verdict(self.call) == Some(Verdict::Ok);
        ok && !self.other.is_some_and(failed)
    }

    /// Whether either leg shows that the fax was delivered, and none that it failed.
    pub(crate) fn delivered_on_either_leg(&self) -> bool {
        self.delivered() || self.mirrored().is_some_and(|other| other.delivered())
    }

    /// Signalling endpoint of a side.
    pub(crate) fn endpoint(&self, side: Side) -> Endpoint {
        self.call.endpoint(side)
    }

    /// Addresses of the user's PBX: `--pbx`, else the one host that both legs share.
    pub(crate) fn pbx(&self) -> Vec<IpAddr> {
        if !self.site.pbx.is_empty() {
            return self.site.pbx.clone();
        }
        let Some(other) = self.other else {
            return Vec::new();
        };
        let own = [self.call.caller.addr, self.call.callee.addr];
        let theirs = [other.caller.addr, other.callee.addr];
        let shared: Vec<IpAddr> = own
            .into_iter()
            .filter(|addr| theirs.contains(addr))
            .collect();
        // Both hosts shared (two calls between the same hosts) tells nothing.
        match shared.as_slice() {
            [one] => vec![*one],
            _ => Vec::new(),
        }
    }

    /// Whether a side of this call is the user's PBX; `None` if that is not known.
    pub(crate) fn is_pbx(&self, side: Side) -> Option<bool> {
        let pbx = self.pbx();
        let own = pbx.contains(&self.endpoint(side).addr);
        let other = pbx.contains(&self.endpoint(side.other()).addr);
        (own != other).then_some(own)
    }

    /// A side in the user's words: `your PBX (203.0.113.5)`, `the other side (192.0.2.10)`, or
    /// `the caller's side (192.0.2.10)` where it is not known which one is the user's.
    pub(crate) fn whose(&self, side: Side) -> String {
        let addr = self.endpoint(side).addr;
        match self.is_pbx(side) {
            Some(true) => format!("your PBX ({addr})"),
            Some(false) => format!("the other side ({addr})"),
            None => format!("the {side}'s side ({addr})"),
        }
    }

    /// The same, short, for the text beside the ladder: `your PBX`, `the other side`, `the caller`.
    pub(crate) fn who(&self, side: Side) -> &'static str {
        match (self.is_pbx(side), side) {
            (Some(true), _) => "your PBX",
            (Some(false), _) => "the other side",
            (None, Side::Caller) => "the caller",
            (None, Side::Callee) => "the callee",
        }
    }

    /// As [`RuleContext::who`], to begin a sentence.
    pub(crate) fn who_begins(&self, side: Side) -> &'static str {
        match (self.is_pbx(side), side) {
            (Some(true), _) => "Your PBX",
            (Some(false), _) => "The other side",
            (None, Side::Caller) => "Caller",
            (None, Side::Callee) => "Callee",
        }
    }

    /// Who has to act where `side` of this call has to: the element in the middle, if that is it.
    pub(crate) fn fault_side(&self, side: Side) -> FaultSide {
        let addr = self.endpoint(side).addr;
        let is_middle = self.other.is_some_and(|other| {
            let theirs = [other.caller.addr, other.callee.addr];
            theirs.contains(&addr) && !theirs.contains(&self.endpoint(side.other()).addr)
        });
        // A B2BUA with an address on each side.
        let joins = self.call.path.role_of(self.endpoint(side)) == Some(Role::B2bua);
        match (is_middle || joins, side) {
            (true, _) => FaultSide::Pbx,
            (false, Side::Caller) => FaultSide::Caller,
            (false, Side::Callee) => FaultSide::Callee,
        }
    }

    /// Who has to act on a hint: whom the finding names, else the side of the host that it is about. What did not
    /// come may have been lost on the way, so an absence accuses nobody by itself. Where the first INVITE is not in the
    /// capture, nobody knows which side called.
    pub(crate) fn fault_of(&self, hint: &Hint) -> Option<FaultSide> {
        let side = self.named_by(hint)?;
        let is_end = matches!(side, FaultSide::Caller | FaultSide::Callee);
        let facts = &self.call.capture;
        let who_called = self.call.has_sip() && !facts.starts_mid_call || facts.truncated_sip > 0;
        (!is_end || who_called).then_some(side)
    }

    fn named_by(&self, hint: &Hint) -> Option<FaultSide> {
        match hint.finding.blame {
            Some(Blame::On(side)) => Some(side),
            Some(Blame::Nobody) => None,
            None if hint.rule.family == Family::Capture => Some(FaultSide::Capture),
            // What does not pass the element in the middle came to it.
            None if hint.rule.absence.is_some() && hint.rule.family != Family::Legs => None,
            None => {
                let host = hint.finding.host?;
                match self.call.path.role_of(host) {
                    Some(Role::Proxy | Role::B2bua) => Some(FaultSide::Pbx),
                    Some(Role::MediaProxy | Role::Nat) => Some(FaultSide::Path),
                    _ => Some(self.fault_side(self.side_of(host)?)),
                }
            }
        }
    }

    /// Who has to act, to be put into a headline: as `Hint::side` says, in the user's words.
    pub(crate) fn accused(&self, hint: &Hint) -> Option<String> {
        let host = hint.finding.host;
        let named = host.and_then(|host| self.side_of(host));
        match hint.side? {
            FaultSide::Caller => Some(self.whose(Side::Caller)),
            FaultSide::Callee => Some(self.whose(Side::Callee)),
            FaultSide::Pbx => {
                let ours = named.filter(|side| self.is_pbx(*side) == Some(true));
                Some(match (ours, host) {
                    (Some(side), _) => self.whose(side),
                    (None, Some(host)) => format!("the element in the middle ({})", host.addr),
                    (None, None) => "the element in the middle".to_owned(),
                })
            }
            FaultSide::Path => Some("the network between".to_owned()),
            FaultSide::Capture => None,
        }
    }

    /// The side a host belongs to: by its signalling address, else by the SDP in force.
    pub(crate) fn side_of(&self, host: Endpoint) -> Option<Side> {
        let exactly = Side::BOTH
            .into_iter()
            .find(|side| self.endpoint(*side) == host);
        if self.endpoint(Side::Caller).addr == self.endpoint(Side::Callee).addr {
            // Both on one host: the port tells, if anything does.
            return exactly;
        }
        exactly.or_else(|| Side::BOTH.into_iter().find(|side| self.is_of(*side, host)))
    }

    fn is_of(&self, side: Side, host: Endpoint) -> bool {
        self.endpoint(side).addr == host.addr
            || self.call.media.iter().any(|period| {
                [period.audio, period.t38]
                    .into_iter()
                    .flatten()
                    .any(|ends| ends.of(side).addr == host.addr)
            })
    }
}

/// A first INVITE that failed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failure<'a> {
    /// Final status, 300 and up.
    pub(crate) status: u16,
    /// Event of the response.
    pub(crate) event: &'a Event,
    /// The response.
    pub(crate) sip: &'a SipEvent,
    /// Its transaction.
    pub(crate) invite: &'a Transaction,
}

fn verdict(call: &Call) -> Option<Verdict> {
    call.fax.as_ref().map(|fax| fax.verdict)
}

/// Whether a leg shows that the fax failed, at least in part.
fn failed(call: &Call) -> bool {
    matches!(verdict(call), Some(Verdict::Failed | Verdict::Partial))
}

/// Jumps of the capture clock: frame after the jump, seconds.
pub(crate) fn clock_jumps(call: &Call) -> &[(FrameNo, f64)] {
    &call.capture.clock_jumps
}

/// The event of a call with this id.
pub(crate) fn event(call: &Call, id: EventId) -> Option<&Event> {
    usize::try_from(id.0)
        .ok()
        .and_then(|index| call.events.get(index))
        .filter(|event| event.id == id)
        .or_else(|| call.events.iter().find(|event| event.id == id))
}

fn sip_of(event: &Event) -> Option<(&Event, &SipEvent)> {
    match &event.kind {
        EventKind::Sip(sip) => Some((event, sip.as_ref())),
        _ => None,
    }
}

/// First header with this name, compared without regard to case.
pub(crate) fn header<'m>(sip: &'m SipEvent, name: &str) -> Option<&'m str> {
    headers(sip, name).next()
}

/// All headers with this name.
pub(crate) fn headers<'m>(sip: &'m SipEvent, name: &str) -> impl Iterator<Item = &'m str> {
    sip.message
        .headers
        .iter()
        .filter(move |header| header.name.eq_ignore_ascii_case(name))
        .map(|header| header.value.as_str())
}

/// Method of a request.
pub(crate) fn method(sip: &SipEvent) -> Option<&str> {
    match &sip.message.start {
        StartLine::Request { method, .. } => Some(method),
        StartLine::Response { .. } => None,
    }
}

/// Status of a response.
pub(crate) fn status(sip: &SipEvent) -> Option<u16> {
    match &sip.message.start {
        StartLine::Response { status, .. } => Some(*status),
        StartLine::Request { .. } => None,
    }
}

/// Whether an address cannot be reached from the public network: RFC 1918, shared (RFC 6598), loopback,
/// link local, unique local (RFC 4193).
pub(crate) fn is_private(addr: IpAddr) -> bool {
    match addr {
        IpAddr::V4(addr) => {
            let [a, b, ..] = addr.octets();
            addr.is_private()
                || addr.is_loopback()
                || addr.is_link_local()
                || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(addr) => {
            addr.is_loopback() || addr.is_unique_local() || addr.is_unicast_link_local()
        }
    }
}

/// Frames of all these events, in their order.
pub(crate) fn frames<'i>(
    context: &RuleContext<'_>,
    ids: impl IntoIterator<Item = &'i EventId>,
) -> Vec<FrameNo> {
    ids.into_iter()
        .filter_map(|id| context.frame(*id))
        .collect()
}
