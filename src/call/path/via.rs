//! What the headers of a message tell of its way: Via, Record-Route, Contact.

use std::net::IpAddr;

use crate::capture::Endpoint;
use crate::sip::Message;
use crate::sip::parse::parameter;
use crate::sip::parse::party::elements;

/// Via lines of a message that are looked at.
const MAX_VIA: usize = 72;
/// Port of a SIP address that names none (RFC 3261 19.1.2).
const SIP_PORT: u16 = 5060;

/// One Via (RFC 3261 20.42).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Via {
    /// `branch`, or nothing.
    pub(super) branch: String,
    /// Host and port as written, in lower case.
    pub(super) sent_by: String,
    /// The address it names, with its port.
    pub(super) named: Option<Endpoint>,
    /// Where it was received from, by `received` and `rport`.
    pub(super) received: Option<Endpoint>,
}

impl Via {
    /// Where its host is: as it was received, else as it calls itself.
    pub(super) fn host(&self) -> Option<Endpoint> {
        self.received.or(self.named)
    }
}

/// The Via lines of a message, topmost first.
pub(super) fn stack(message: &Message) -> Vec<Via> {
    let lines = message.headers_named("Via").flat_map(elements);
    lines.take(MAX_VIA).map(via).collect()
}

fn via(value: &str) -> Via {
    let end = value.find(';').unwrap_or(value.len());
    let before = value.get(..end).unwrap_or_default().trim();
    let sent_by = before
        .rsplit(char::is_whitespace)
        .next()
        .unwrap_or_default();
    let named = address(sent_by);
    let number = |name| parameter(value, name);
    let received = number("received").and_then(|text| {
        let addr = text.trim_matches(['[', ']']).parse().ok()?;
        let port = number("rport").and_then(|port| port.parse().ok());
        let port = port.or(named.map(|named| named.port)).unwrap_or(SIP_PORT);
        Some(Endpoint::new(addr, port))
    });
    Via {
        branch: parameter(value, "branch").unwrap_or_default().to_owned(),
        sent_by: sent_by.to_ascii_lowercase(),
        named,
        received,
    }
}

/// An address with or without a port; `None` for a name.
pub(super) fn address(text: &str) -> Option<Endpoint> {
    let text = text.trim();
    if let Some(inside) = text.strip_prefix('[') {
        let (addr, rest) = inside.split_once(']')?;
        let port = rest.strip_prefix(':').and_then(|port| port.parse().ok());
        return Some(Endpoint::new(addr.parse().ok()?, port.unwrap_or(SIP_PORT)));
    }
    if let Ok(addr) = text.parse::<IpAddr>() {
        return Some(Endpoint::new(addr, SIP_PORT));
    }
    let (host, port) = text.split_once(':')?;
    Some(Endpoint::new(host.parse().ok()?, port.parse().ok()?))
}

/// The address in a `Contact`, `Record-Route` or `Route` element.
pub(super) fn uri_address(value: &str) -> Option<Endpoint> {
    let inside = value
        .find('<')
        .and_then(|open| value.get(open + 1..))
        .unwrap_or(value);
    let end = inside.find(['>', ';', '?']).unwrap_or(inside.len());
    let uri = inside.get(..end)?;
    let rest = uri.split_once(':').map_or(uri, |(_, rest)| rest);
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    address(host)
}

/// The host that a SIP URI names, address or not, without its port.
pub(in crate::call) fn uri_host(value: &str) -> Option<&str> {
    let inside = value
        .find('<')
        .and_then(|open| value.get(open + 1..))
        .unwrap_or(value);
    let end = inside.find(['>', ';', '?']).unwrap_or(inside.len());
    let (_, rest) = inside.get(..end)?.split_once(':')?;
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    Some(without_port(host))
}

/// A host, in brackets or not, without its port.
fn without_port(host: &str) -> &str {
    let inside = host.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let several = host.matches(':').count() > 1;
    match inside {
        Some((inside, _)) => inside,
        None if several => host,
        None => host.split_once(':').map_or(host, |(host, _)| host),
    }
}

/// The address that a host is, in brackets or not; `None` for a name.
pub(in crate::call) fn host_of(text: &str) -> Option<IpAddr> {
    text.trim_matches(['[', ']']).parse().ok()
}

/// What the elements that a message passed call themselves, without ports, the last one first.
pub(in crate::call) fn via_hosts(message: &Message) -> Vec<&str> {
    let lines = message.headers_named("Via").flat_map(elements);
    let sent_by = |value| {
        let before = str::split(value, ';').next().unwrap_or_default().trim();
        before.rsplit(char::is_whitespace).next().map(without_port)
    };
    lines.take(MAX_VIA).filter_map(sent_by).collect()
}

/// Addresses of the Record-Route, in the order of the header; names are left out.
pub(super) fn record_route(message: &Message) -> Vec<Endpoint> {
    let lines = message.headers_named("Record-Route").flat_map(elements);
    lines.take(MAX_VIA).filter_map(uri_address).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sent_by_and_where_it_came_from() {
        let read = via("SIP/2.0/UDP 10.1.1.50:5070;branch=z9hG4bKa;received=192.0.2.10;rport=1024");
        assert_eq!(read.branch, "z9hG4bKa");
        assert_eq!(read.sent_by, "10.1.1.50:5070");
        assert_eq!(
            read.host(),
            Some(Endpoint::new([192, 0, 2, 10].into(), 1024))
        );
        let read = via("SIP / 2.0 / TCP [2001:db8::1] ;branch=b;rport");
        assert_eq!(read.named.map(|end| end.port), Some(SIP_PORT));
        assert_eq!(via("SIP/2.0/WSS x.invalid;branch=b").host(), None);
    }

    #[test]
    fn reads_addresses_of_uris() {
        let end = Some(Endpoint::new([192, 0, 2, 1].into(), 5080));
        assert_eq!(uri_address("\"x\" <sip:u@192.0.2.1:5080;lr>;q=1"), end);
        assert_eq!(uri_address("<sip:192.0.2.1:5080;lr=on>"), end);
        assert_eq!(uri_address("<sip:proxy.example.net;lr>"), None);
    }
}
