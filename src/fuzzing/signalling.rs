//! SIP, SDP and how messages are framed.

use super::{bounded, records};
use crate::capture::{FrameNo, Timestamp};
use crate::sip::framing::Framer;
use crate::sip::{Message, detail, parse, scan, sdp as description, strict};
use crate::text::lossy;

/// What the byte scan finds by shorter ways is what the parser finds.
fn scanned_as_parsed(brief: &scan::Brief<'_>, message: &Message, octets: &[u8]) {
    assert_eq!(message.body.start + brief.body.len(), octets.len(), "body");
    let text = |value: Option<&[u8]>| value.map(|value| lossy(&scan::unfold(value)));
    for (name, scanned) in [
        ("Call-ID", brief.call_id()),
        ("From", brief.from()),
        ("To", brief.to()),
        ("Content-Type", brief.content_type()),
    ] {
        let parsed = message.header(name);
        // The parser keeps the first of very many headers.
        if parsed.is_some() || message.headers.len() < 1000 {
            assert_eq!(text(scanned).as_deref(), parsed, "{name}");
        }
    }
}

/// A datagram with SIP: byte scan, full parse, SDP, everything shown.
pub fn sip(octets: &[u8]) {
    let brief = scan::scan(octets);
    if let Some(brief) = &brief {
        let _ = brief.status();
    }
    let Some(message) = parse::message(octets) else {
        return;
    };
    assert!(
        message.headers.len() <= octets.len(),
        "more headers than octets"
    );
    assert!(
        message.body.end <= message.raw.len(),
        "the body lies in the message"
    );
    if let Some(brief) = &brief {
        scanned_as_parsed(brief, &message, octets);
    }
    let _ = (message.from(), message.to(), message.sdp(), message.cseq());
    let _ = (
        message.branch(),
        message.reasons(),
        message.session_expires(),
    );
    let _ = strict::opinions(&message);
    bounded(&detail::fields(&message), octets);
}

/// An SDP body.
pub fn sdp(octets: &[u8]) {
    let parsed = description::parse(octets);
    assert!(
        parsed.media.len() <= octets.len(),
        "more media lines than octets"
    );
    for line in &parsed.media {
        let _ = line.format_names();
        let _ = (line.encoding(0), line.payload_type("PCMU"));
    }
    bounded(&detail::sdp_fields(octets), octets);
}

/// A byte stream with SIP in it, in chunks; what comes out is never more than what went in.
pub fn framing(octets: &[u8]) {
    let mut framer = Framer::new();
    let (mut given, mut taken) = (0, 0);
    let mut frame_no = 0;
    for record in records(octets) {
        frame_no += 1;
        given += record.len();
        let gap = record.first() == Some(&0);
        let messages = framer.push(record, FrameNo(frame_no), Timestamp(0), gap);
        taken += messages.iter().map(|one| one.octets.len()).sum::<usize>();
    }
    let rest = framer.finish();
    taken += rest.iter().map(|one| one.octets.len()).sum::<usize>();
    assert!(taken <= given, "{taken} octets out of {given}");
}
