//! What the list of calls shows of a message: no text of it is allocated.

use memchr::memchr2;

use crate::sip::lexer::{Headers, Start, find_start, trimmed};

/// A message whose way tells nothing: one Via, no Record-Route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outline<'m> {
    /// It is a request.
    pub(crate) is_request: bool,
    /// `User-Agent`, else `Server`.
    pub(crate) agent: Option<&'m str>,
}

/// `None`: it must be parsed.
pub(crate) fn outline(octets: &[u8]) -> Option<Outline<'_>> {
    let found = find_start(octets).filter(|found| found.at == 0)?;
    let (mut vias, mut user_agent, mut server) = (0, None, None);
    for line in Headers::new(octets, found.next) {
        let value = line.value?;
        let is = |name: &[u8]| line.name.eq_ignore_ascii_case(name);
        match line.name.first()? {
            b'v' | b'V' if is(b"v") || is(b"via") => {
                vias += 1;
                // More than one, or a line folded.
                if memchr2(b',', b'\n', value).is_some() {
                    return None;
                }
            }
            b'r' | b'R' if is(b"record-route") => return None,
            b'u' | b'U' if is(b"user-agent") && user_agent.is_none() => {
                user_agent = Some(plain(value)?);
            }
            b's' | b'S' if is(b"server") && server.is_none() => server = Some(plain(value)?),
            _ => {}
        }
    }
    (vias == 1).then_some(Outline {
        is_request: matches!(found.start, Start::Request { .. }),
        agent: user_agent.or(server),
    })
}

/// A value on one line.
fn plain(value: &[u8]) -> Option<&str> {
    let text = str::from_utf8(trimmed(value)).ok()?;
    text.chars().all(|c| !c.is_control()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::parse;

    #[test]
    fn has_the_agent_that_the_parser_has() {
        for (text, agent) in [
            (
                "Via: SIP/2.0/UDP a\r\nServer: x\r\nuser-agent: y z \r\n",
                Some("y z"),
            ),
            (
                "v: SIP/2.0/UDP a\r\nSERVER:x\r\nServer: second\r\n",
                Some("x"),
            ),
            ("Via: SIP/2.0/UDP a\r\n", None),
        ] {
            let octets = format!("SIP/2.0 200 OK\r\n{text}\r\n");
            let read = outline(octets.as_bytes()).unwrap();
            assert_eq!(read.agent, agent);
            assert!(!read.is_request);
            let message = parse::message(octets.as_bytes()).unwrap();
            assert_eq!(message.user_agent(), agent);
        }
    }

    #[test]
    fn leaves_what_is_unusual_to_the_parser() {
        for text in [
            "Via: SIP/2.0/UDP a, SIP/2.0/UDP b\r\n",
            "Via: SIP/2.0/UDP a\r\nVia: SIP/2.0/UDP b\r\n",
            "Via: SIP/2.0/UDP a\r\nRecord-Route: <sip:p;lr>\r\n",
            "Via: SIP/2.0/UDP a\r\nServer: x\r\n y\r\n",
            "Server: x\r\n",
        ] {
            let octets = format!("SIP/2.0 200 OK\r\n{text}\r\n");
            assert_eq!(outline(octets.as_bytes()), None, "{text}");
        }
    }
}
