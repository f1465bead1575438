//! SIP messages of a dialog as text: requests, their responses, ACK, CANCEL, the same again.

use std::collections::HashMap;
use std::net::SocketAddr;

use super::step::{End, Step};

/// A request as far as its responses repeat it.
#[derive(Clone, Debug)]
struct Request {
    method: String,
    via: String,
    cseq: u32,
    from: End,
    uri_to: String,
    /// In the dialog, it has a To tag.
    inside: bool,
    call_id: String,
    final_seen: bool,
    /// Status of its final response.
    status: u16,
}

/// One leg's dialog.
#[derive(Debug, Default)]
pub(crate) struct Dialog {
    leg: usize,
    cseq: [u32; 2],
    branches: u32,
    established: bool,
    requests: Vec<(String, Request)>,
    /// Versions of the SDP of each side.
    pub(crate) versions: [u32; 2],
    /// Octets by label, to be sent again.
    pub(crate) sent: HashMap<String, Vec<u8>>,
}

/// The two ends of a dialog: address and what it calls itself.
pub(crate) struct Ends<'s> {
    pub(crate) own: SocketAddr,
    pub(crate) peer: SocketAddr,
    pub(crate) agent: &'s str,
    pub(crate) transport: &'s str,
}

const NUMBERS: [&str; 2] = ["5550001", "5550002"];

impl Dialog {
    pub(crate) fn new(leg: usize) -> Self {
        Self {
            leg,
            cseq: [101, 501],
            ..Self::default()
        }
    }

    fn tag(&self, end: End) -> String {
        format!("tag{}{}", self.leg, end.index())
    }

    /// Start line and headers of a step's message.
    pub(crate) fn message(&mut self, step: &Step, from: End, ends: &Ends<'_>) -> Vec<String> {
        match step.verb.parse::<u16>() {
            Ok(status) => self.response(step, from, status, ends),
            Err(_) => self.request(step, from, ends),
        }
    }

    fn request(&mut self, step: &Step, from: End, ends: &Ends<'_>) -> Vec<String> {
        let method = step.verb.clone();
        let after = match method.as_str() {
            "ACK" | "CANCEL" => Some(self.invite(step, from, method == "ACK")),
            _ => None,
        };
        let alone = step.args.option("alone").is_some();
        let cseq = after
            .as_ref()
            .map_or_else(|| self.next_cseq(from), |invite| invite.cseq);
        let via = match &after {
            Some(invite) if method == "CANCEL" || invite.status >= 300 => invite.via.clone(),
            _ => self.next_via(ends),
        };
        let number = step
            .args
            .option("number")
            .unwrap_or(NUMBERS[from.other().index()]);
        // With the tag of an early dialog, though the call is not answered yet.
        let early = step.args.option("early").is_some();
        let inside = after.as_ref().map_or(self.established || early, |invite| {
            invite.inside || invite.status / 100 == 2
        });
        let call_id = if alone {
            format!("{}@alone.example", step.label)
        } else {
            self.call_id()
        };
        let request = Request {
            method: method.clone(),
            via: via.clone(),
            cseq,
            from,
            uri_to: format!("<sip:{number}@{}>", ends.peer.ip()),
            inside: inside && !alone,
            call_id,
            final_seen: false,
            status: 0,
        };
        let mut out = vec![
            format!("{method} sip:{number}@{} SIP/2.0", ends.peer),
            format!("Via: {via}"),
            "Max-Forwards: 70".to_owned(),
        ];
        // A non-2xx ACK carries the To of the response.
        let tagged = request.inside || (method == "ACK" && after.is_some());
        out.extend(self.parties(&request, ends, tagged));
        out.push(format!("CSeq: {cseq} {method}"));
        out.push(format!("User-Agent: {}", ends.agent));
        if method == "INVITE" || method == "UPDATE" {
            out.push(contact(from, ends));
        }
        if method != "ACK" {
            self.requests.push((step.label.clone(), request));
        }
        out
    }

    fn response(&mut self, step: &Step, from: End, status: u16, ends: &Ends<'_>) -> Vec<String> {
        let wanted = step.args.option("to");
        let leg = if self.leg == 1 { "B:" } else { "" };
        let (_, request) = self
            .requests
            .iter_mut()
            .rev()
            .find(|(label, request)| match wanted {
                Some(wanted) => label == wanted || *label == format!("{leg}{wanted}"),
                None => request.from != from && !request.final_seen,
            })
            .unwrap_or_else(|| panic!("`{}`: no request to answer", step.label));
        if status >= 200 {
            request.final_seen = true;
            request.status = status;
        }
        let request = request.clone();
        if request.method == "INVITE" && status / 100 == 2 {
            self.established = true;
        }
        let reason = step.args.option("reason").unwrap_or_else(|| reason(status));
        let mut out = vec![
            format!("SIP/2.0 {status} {reason}"),
            format!("Via: {}", request.via),
        ];
        let swapped = Ends {
            own: ends.peer,
            peer: ends.own,
            ..*ends
        };
        out.extend(self.parties(&request, &swapped, status > 100));
        out.push(format!("CSeq: {} {}", request.cseq, request.method));
        out.push(format!("Server: {}", ends.agent));
        if request.method == "INVITE" && (180..300).contains(&status) {
            out.push(contact(from, ends));
        }
        out
    }

    /// The INVITE that an ACK or CANCEL belongs to.
    fn invite(&self, step: &Step, from: End, answered: bool) -> Request {
        let wanted = step.args.option("to");
        let leg = if self.leg == 1 { "B:" } else { "" };
        let found = self
            .requests
            .iter()
            .rev()
            .find(|(label, request)| match wanted {
                Some(wanted) => label == wanted || *label == format!("{leg}{wanted}"),
                None => {
                    request.method == "INVITE"
                        && request.from == from
                        && (request.final_seen || !answered)
                }
            });
        let (_, request) = found.unwrap_or_else(|| panic!("`{}`: no INVITE for it", step.label));
        request.clone()
    }

    fn parties(&self, request: &Request, ends: &Ends<'_>, to_tag: bool) -> Vec<String> {
        let from = format!(
            "From: <sip:{}@{}>;tag={}",
            NUMBERS[request.from.index()],
            ends.own.ip(),
            self.tag(request.from)
        );
        let mut to = format!("To: {}", request.uri_to);
        if to_tag {
            to = format!("{to};tag={}", self.tag(request.from.other()));
        }
        vec![from, to, format!("Call-ID: {}", request.call_id)]
    }

    fn call_id(&self) -> String {
        format!("leg{}@scenario.example", self.leg)
    }

    fn next_cseq(&mut self, from: End) -> u32 {
        self.cseq[from.index()] += 1;
        self.cseq[from.index()]
    }

    fn next_via(&mut self, ends: &Ends<'_>) -> String {
        self.branches += 1;
        format!(
            "SIP/2.0/{} {};branch=z9hG4bK-{}-{}",
            ends.transport, ends.own, self.leg, self.branches
        )
    }
}

fn contact(from: End, ends: &Ends<'_>) -> String {
    format!("Contact: <sip:{}@{}>", NUMBERS[from.index()], ends.own)
}

/// Usual reason phrase of a status.
const fn reason(status: u16) -> &'static str {
    match status {
        100 => "Trying",
        180 => "Ringing",
        183 => "Session Progress",
        200 => "OK",
        302 => "Moved Temporarily",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        415 => "Unsupported Media Type",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        491 => "Request Pending",
        500 => "Server Internal Error",
        503 => "Service Unavailable",
        603 => "Decline",
        606 => "Not Acceptable",
        _ => "Response",
    }
}

/// The message as octets.
pub(crate) fn octets(head: &[String], sdp: Option<&[String]>) -> Vec<u8> {
    let body: String = sdp
        .unwrap_or_default()
        .iter()
        .flat_map(|line| [line.as_str(), "\r\n"])
        .collect();
    let mut out: String = head
        .iter()
        .flat_map(|line| [line.as_str(), "\r\n"])
        .collect();
    if sdp.is_some() {
        out.push_str("Content-Type: application/sdp\r\n");
    }
    // A scenario may lie about it.
    if !head.iter().any(|line| line.starts_with("Content-Length:")) {
        out.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    out.push_str("\r\n");
    out.push_str(&body);
    out.into_bytes()
}
