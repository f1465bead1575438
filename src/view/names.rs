//! What the user calls hosts: shown in place of their addresses.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use crate::capture::Endpoint;
use crate::text::visible;

/// Names of hosts, by address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(Arc<BTreeMap<IpAddr, String>>);

impl Names {
    /// Names as given; what could steer a terminal is made visible.
    pub fn new(names: impl IntoIterator<Item = (IpAddr, String)>) -> Self {
        let harmless = |(addr, name): (IpAddr, String)| (addr, visible(&name).into_owned());
        Self(Arc::new(names.into_iter().map(harmless).collect()))
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = (&IpAddr, &str)> {
        self.0.iter().map(|(addr, name)| (addr, name.as_str()))
    }

    /// The name of a host, if it has one.
    pub fn of(&self, addr: IpAddr) -> Option<&str> {
        if self.0.is_empty() {
            return None;
        }
        self.0.get(&addr).map(String::as_str)
    }

    /// A text that may be an address: the name in its place.
    pub fn shown<'t>(&'t self, text: &'t str) -> &'t str {
        if self.0.is_empty() {
            return text;
        }
        let addr = text.parse().ok();
        addr.and_then(|addr| self.of(addr)).unwrap_or(text)
    }

    /// `192.0.2.1:5060`, `gateway:5060`
    pub fn endpoint(&self, end: Endpoint) -> Cow<'_, str> {
        match self.of(end.addr) {
            Some(name) => Cow::Owned(format!("{name}:{}", end.port)),
            None => Cow::Owned(end.to_string()),
        }
    }

    /// `gateway 192.0.2.1:5060`: where there is room for both.
    pub fn with_address(&self, end: Endpoint) -> String {
        match self.of(end.addr) {
            Some(name) => format!("{name} {end}"),
            None => end.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_in_place_of_its_address_and_is_harmless() {
        let gateway = IpAddr::from([192, 0, 2, 1]);
        let names = Names::new([(gateway, "gate\u{1b}way".to_owned())]);
        assert_eq!(names.shown("192.0.2.1"), "gate␛way");
        assert_eq!(names.shown("2007"), "2007");
        let end = Endpoint {
            addr: gateway,
            port: 5060,
        };
        assert_eq!(names.endpoint(end), "gate␛way:5060");
        assert_eq!(Names::default().endpoint(end), "192.0.2.1:5060");
    }
}
