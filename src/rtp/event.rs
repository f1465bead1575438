//! Telephone events (RFC 4733, RFC 4734) and Cisco's named signalling events.
//!
//! Without SDP an event is told by its looks: a dynamic payload type and four octets that fit.

use std::collections::HashMap;
use std::hash::BuildHasher;

use super::header::{self, RtpHeader};
use super::{RtpArrival, RtpEvent, codec_name};

/// Payload type that Cisco gateways use for NSE unless told otherwise.
const NSE_PAYLOAD_TYPE: u8 = 100;

/// Which kind of event a packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// RFC 4733.
    Telephone,
    /// Cisco NSE.
    Nse,
}

/// The event's kind, by SDP or by the looks of the packet; `None` if it carries none.
pub fn kind_of<S: BuildHasher>(
    rtp: &RtpHeader<'_>,
    codecs: &HashMap<u8, String, S>,
) -> Option<Kind> {
    let [code, volume, _, _, ..] = rtp.payload else {
        return None;
    };
    let nse = matches!(code, 192..=202);
    match codec_name(rtp.payload_type, codecs) {
        Some(name) if name.eq_ignore_ascii_case("telephone-event") => {
            Some(if nse { Kind::Nse } else { Kind::Telephone })
        }
        Some(name) => name.eq_ignore_ascii_case("X-NSE").then_some(Kind::Nse),
        None if rtp.payload_type == NSE_PAYLOAD_TYPE && nse => {
            (rtp.payload.len() <= 8).then_some(Kind::Nse)
        }
        // 0-15 DTMF, 16 flash, 32-49 fax and modem; the bit after the end bit is reserved.
        None => (rtp.payload_type >= 96
            && rtp.payload.len() == 4
            && matches!(code, 0..=16 | 32..=49)
            && volume & 0x40 == 0)
            .then_some(Kind::Telephone),
    }
}

/// Events of one direction, from its packets in order of capture. Repeated packets make one event.
pub fn events<S: BuildHasher>(
    arrivals: &[RtpArrival],
    codecs: &HashMap<u8, String, S>,
) -> Vec<RtpEvent> {
    let mut events: Vec<RtpEvent> = Vec::new();
    let mut open: Option<Open> = None;
    for arrival in arrivals {
        let Some(rtp) = header::parse(&arrival.payload) else {
            continue;
        };
        let Some(kind) = kind_of(&rtp, codecs) else {
            continue;
        };
        let now = Open::new(&rtp);
        if let (Some(event), Some(before)) = (events.last_mut(), &open)
            && now.continues(before)
        {
            event.last_frame = arrival.frame;
            event.end = arrival.at;
        } else {
            events.push(RtpEvent {
                frame: arrival.frame,
                last_frame: arrival.frame,
                at: arrival.at,
                end: arrival.at,
                src: arrival.src,
                dst: arrival.dst,
                code: now.code,
                nse: kind == Kind::Nse,
            });
        }
        open = Some(now);
    }
    events
}

/// The event that the last packet was about.
struct Open {
    ssrc: u32,
    code: u8,
    timestamp: u32,
    duration: u16,
    ended: bool,
}

impl Open {
    fn new(rtp: &RtpHeader<'_>) -> Self {
        let [code, flags, high, low] = rtp.payload.first_chunk().copied().unwrap_or_default();
        Self {
            ssrc: rtp.ssrc,
            code,
            timestamp: rtp.timestamp,
            duration: u16::from_be_bytes([high, low]),
            ended: flags & 0x80 != 0,
        }
    }

    /// The same event: the same time stamp, or the next segment of a long one (RFC 4733 2.5.1.3).
    fn continues(&self, before: &Self) -> bool {
        let segment = before.timestamp.wrapping_add(u32::from(before.duration));
        self.ssrc == before.ssrc
            && self.code == before.code
            && (self.timestamp == before.timestamp
                || !before.ended && before.duration > 0 && self.timestamp == segment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::{Endpoint, FrameNo, Timestamp};
    use crate::line::Tone;

    fn arrival(frame: u32, payload_type: u8, timestamp: u32, octets: &[u8]) -> RtpArrival {
        let mut payload = vec![0x80, payload_type, 0, 1];
        payload.extend(timestamp.to_be_bytes());
        payload.extend([0, 0, 0, 7]);
        payload.extend(octets);
        let endpoint = Endpoint::new([192, 0, 2, 1].into(), 4000);
        RtpArrival {
            frame: FrameNo(frame),
            at: Timestamp(u64::from(frame)),
            src: endpoint,
            dst: endpoint,
            payload,
            cut: 0,
        }
    }

    fn none() -> HashMap<u8, String> {
        HashMap::new()
    }

    #[test]
    fn decodes_cng_sent_many_times() {
        let found = events(
            &[
                arrival(1, 101, 800, &[36, 10, 0, 160]),
                arrival(2, 101, 800, &[36, 10, 1, 64]),
                arrival(3, 101, 800, &[36, 0x8A, 1, 224]),
                arrival(4, 101, 800, &[36, 0x8A, 1, 224]),
                arrival(5, 101, 8800, &[36, 10, 0, 160]),
            ],
            &none(),
        );
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[0].frame, found[0].last_frame),
            (FrameNo(1), FrameNo(4))
        );
        assert_eq!(found[0].tone(), Some(Tone::Cng));
    }

    #[test]
    fn joins_segments_of_a_long_event() {
        let found = events(
            &[
                arrival(1, 101, 0, &[32, 10, 0xFF, 0xFF]),
                arrival(2, 101, 0xFFFF, &[32, 10, 0, 160]),
            ],
            &none(),
        );
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn tells_nse() {
        let found = events(&[arrival(1, 100, 0, &[192, 0, 0, 0])], &none());
        assert!(found[0].nse);
        assert_eq!((found[0].code, found[0].tone()), (192, None));
        let named = HashMap::from([(98, "X-NSE".to_owned())]);
        assert!(events(&[arrival(1, 98, 0, &[193, 0, 0, 0])], &named)[0].nse);
    }

    #[test]
    fn sound_is_no_event() {
        let named = HashMap::from([(101, "iLBC".to_owned())]);
        assert_eq!(events(&[arrival(1, 101, 0, &[1, 10, 0, 160])], &named), []);
        assert_eq!(events(&[arrival(1, 0, 0, &[1, 10, 0, 160])], &none()), []);
        assert_eq!(
            events(&[arrival(1, 101, 0, &[1, 0x4A, 0, 160])], &none()),
            []
        );
        assert_eq!(events(&[arrival(1, 101, 0, &[1, 10])], &none()), []);
    }
}
