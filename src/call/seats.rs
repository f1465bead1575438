//! Who called whom in a dialog whose start is not in the capture: the From of a request in the dialog is who sends it,
//! not who called.

use std::net::IpAddr;

use crate::call::path::{host_of, uri_host, via_hosts};
use crate::call::{Call, EventKind, Side};
use crate::line::Tone;
use crate::sip::parse::parameter;
use crate::sip::parse::party::elements;
use crate::sip::{Message, StartLine};
use crate::t30::fcf::Class;
use crate::t38::Indicator;

/// Route elements of a message that are looked at.
const MAX_ROUTE: usize = 72;

/// The caller of a call, by what tells it best. `None`: nothing does.
pub(super) fn caller(call: &Call) -> Option<Side> {
    by_headers(call, |message, _| asker_has_ftag(message))
        .or_else(|| by_headers(call, asker_made_call_id))
        .or_else(|| by_fax(call))
}

/// Whether the side that sent a request is the caller, by the headers of the request or of a response to it.
pub(super) fn asker_is_caller(message: &Message, ends: (IpAddr, IpAddr)) -> Option<bool> {
    asker_has_ftag(message).or_else(|| asker_made_call_id(message, ends))
}

/// The first message that tells decides.
fn by_headers(
    call: &Call,
    tells: impl Fn(&Message, (IpAddr, IpAddr)) -> Option<bool>,
) -> Option<Side> {
    call.events.iter().find_map(|event| {
        let EventKind::Sip(sip) = &event.kind else {
            return None;
        };
        let is_caller = tells(&sip.message, (event.src.addr, event.dst.addr))?;
        let asker = if is_request(&sip.message) {
            event.from
        } else {
            event.from.other()
        };
        Some(if is_caller { asker } else { asker.other() })
    })
}

fn is_request(message: &Message) -> bool {
    matches!(message.start, StartLine::Request { .. })
}

/// Kamailio and `OpenSIPS` write the From tag of the request that they record a route for into it, `ftag`. The Route of
/// later requests has it from the first INVITE. A Record-Route of this request has its own From tag, which proves
/// nothing.
fn asker_has_ftag(message: &Message) -> Option<bool> {
    let (from, to) = (message.from().tag?, message.to().tag?);
    let tag_in = |name: &str| {
        let all = message.headers_named(name).flat_map(elements);
        let tags = all.take(MAX_ROUTE).filter_map(ftag);
        tags.last().map(str::to_owned)
    };
    let told = tag_in("Route").filter(|tag| *tag == from || *tag == to);
    let told = told.or_else(|| tag_in("Record-Route").filter(|tag| *tag == to));
    told.map(|tag| tag == from)
}

/// `ftag` is a parameter of the URI, inside the angle brackets.
fn ftag(element: &str) -> Option<&str> {
    let inside = element.split_once('<').map_or(element, |(_, rest)| rest);
    let uri = inside.split_once('>').map_or(inside, |(uri, _)| uri);
    parameter(uri, "ftag")
}

/// The caller makes the Call-ID; many end it in their own host (RFC 3261 8.1.1.4).
fn asker_made_call_id(message: &Message, (src, dst): (IpAddr, IpAddr)) -> Option<bool> {
    let (_, maker) = message.call_id()?.rsplit_once('@')?;
    let maker = maker.trim();
    let is_maker = |host: Option<&str>| host.is_some_and(|host| same_host(host, maker));
    let is_address = |addr: IpAddr| same_host(&addr.to_string(), maker);
    let contact = message.contact().and_then(uri_host);
    let first_via = via_hosts(message).pop();
    let (own, other) = match &message.start {
        StartLine::Request { uri, .. } => (
            is_address(src) || is_maker(contact),
            is_address(dst) || is_maker(uri_host(uri)),
        ),
        StartLine::Response { .. } => (is_address(dst), is_address(src) || is_maker(contact)),
    };
    let own = own || is_maker(first_via);
    let (own, other) = if own == other {
        let (from, to) = (message.from().host, message.to().host);
        (is_maker(from.as_deref()), is_maker(to.as_deref()))
    } else {
        (own, other)
    };
    (own != other).then_some(own)
}

/// Names in whatever case, addresses however they are written.
fn same_host(one: &str, other: &str) -> bool {
    match (host_of(one), host_of(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one.eq_ignore_ascii_case(other),
    }
}

/// The called terminal sends CED and DIS, polled or not; the calling one CNG and DTC, and DCS where nobody polls (T.30 5).
fn by_fax(call: &Call) -> Option<Side> {
    let caller = call.events.iter().find_map(|event| {
        let called = match &event.kind {
            EventKind::T30(frame) => match frame.fcf.class() {
                Class::Identification => true,
                Class::Poll => false,
                _ => return None,
            },
            EventKind::Tone { tone, .. } => is_called(*tone)?,
            EventKind::RtpEvent(event) => is_called(event.tone()?)?,
            EventKind::Indicator(Indicator::Ced) => true,
            EventKind::Indicator(Indicator::Cng) => false,
            _ => return None,
        };
        event.observed.then_some(if called {
            event.from.other()
        } else {
            event.from
        })
    });
    caller.or_else(|| {
        let mut events = call.events.iter().filter(|event| event.observed);
        let command = events.find(|event| {
            matches!(&event.kind, EventKind::T30(frame) if frame.fcf.class() == Class::Command)
        });
        command.map(|event| event.from)
    })
}

/// Whether only the called terminal sends a tone; `None`: both may.
const fn is_called(tone: Tone) -> Option<bool> {
    match tone {
        Tone::Ced | Tone::CedReversals | Tone::AnsAm | Tone::AnsAmReversals => Some(true),
        Tone::Cng => Some(false),
        Tone::V8Signal | Tone::V21Event => None,
        Tone::Busy | Tone::Congestion | Tone::Ringing | Tone::Information => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::parse;

    fn told(headers: &str) -> Option<bool> {
        let text = format!(
            "INVITE sip:1@192.0.2.10 SIP/2.0\r\nFrom: <sip:2@pbx>;tag=b\r\nTo: <sip:1@pbx>;tag=a\r\n{headers}\r\n\r\n"
        );
        let ends = ([203, 0, 113, 5].into(), [203, 0, 113, 6].into());
        asker_is_caller(&parse::message(text.as_bytes())?, ends)
    }

    #[test]
    fn a_route_has_the_tag_of_the_caller() {
        assert_eq!(told("Route: <sip:203.0.113.5;lr;ftag=a>"), Some(false));
        assert_eq!(
            told("Route: <sip:203.0.113.5;lr>, <sip:p;ftag=b;lr>"),
            Some(true)
        );
        assert_eq!(told("Route: <sip:203.0.113.5;lr;ftag=c>"), None);
        // Written for this request: its own From tag.
        assert_eq!(told("Record-Route: <sip:203.0.113.5;lr;ftag=b>"), None);
    }

    #[test]
    fn the_caller_makes_the_call_id() {
        assert_eq!(told("Call-ID: x@192.0.2.10"), Some(false));
        assert_eq!(told("Call-ID: x@203.0.113.5"), Some(true));
        assert_eq!(
            told("Call-ID: x@GW.example\r\nContact: <sip:2@gw.example:5070>"),
            Some(true)
        );
        // The domain of both.
        assert_eq!(told("Call-ID: x@pbx"), None);
        assert_eq!(told("Call-ID: x"), None);
    }
}
