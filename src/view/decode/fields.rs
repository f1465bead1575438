//! Names and fields of every kind of event, in the words of the Recommendations.

use std::borrow::Cow;

use crate::call::{Call, Event, EventKind, Missing, PageData, SipEvent, Tcf};
use crate::field::Field;
use crate::rtp::{RtpEvent, RtpSpan};
use crate::sip::StartLine;
use crate::t38::Indicator;
use crate::view::decode::log;
use crate::view::pages;
use crate::view::time::length;

/// Most frame numbers that are named one by one.
const FRAMES_MOST: usize = 64;

/// Name of an event as in JSON: `INVITE`, `200 OK`, `CED`, `v21-preamble`, `DIS`, `TCF`, `page data`.
pub fn name(event: &Event) -> Cow<'_, str> {
    match &event.kind {
        EventKind::Sip(sip) => Cow::Owned(sip.message.start.to_string()),
        EventKind::Rtp(span) => Cow::Owned(format!("RTP {}", span.codec)),
        EventKind::RtpEvent(event) => rtp_event_name(event),
        EventKind::Indicator(indicator) => match indicator {
            Indicator::Ced => Cow::Borrowed("CED"),
            Indicator::Cng => Cow::Borrowed("CNG"),
            other => Cow::Owned(other.to_string()),
        },
        EventKind::Tone { tone, .. } => Cow::Owned(tone.to_string()),
        EventKind::Preamble => Cow::Borrowed("v21-preamble"),
        EventKind::Training(_) => Cow::Borrowed("training"),
        EventKind::T30(frame) => frame.name(),
        EventKind::Tcf(_) => Cow::Borrowed("TCF"),
        EventKind::PageData(_) => Cow::Borrowed("page data"),
        EventKind::V8 { name, .. } => Cow::Borrowed(name),
        EventKind::Icmp { error, .. } => Cow::Owned(error.to_string()),
        EventKind::Gap { .. } => Cow::Borrowed("lost packets"),
        EventKind::Malformed { .. } => Cow::Borrowed("undecodable packet"),
        EventKind::Missing(missing) => Cow::Borrowed(missing.name),
        EventKind::Log(line) => Cow::Owned(log::short(line)),
    }
}

fn rtp_event_name(event: &RtpEvent) -> Cow<'static, str> {
    match (event.nse, event.tone()) {
        (true, _) => Cow::Owned(format!("NSE {}", event.code)),
        (false, Some(tone)) => Cow::Owned(tone.to_string()),
        (false, None) => Cow::Owned(format!("event {}", event.code)),
    }
}

/// Its long name, where it has one.
pub fn long_name(event: &Event) -> Cow<'static, str> {
    let text = match &event.kind {
        EventKind::T30(frame) => match (
            frame.fcf.long_name(),
            frame.fcf2.and_then(crate::t30::Fcf::long_name),
        ) {
            (Some(first), Some(second)) => return Cow::Owned(format!("{first}, {second}")),
            (Some(first), None) => first,
            (None, _) => "",
        },
        EventKind::Sip(sip) => match &sip.message.start {
            StartLine::Request { .. } => "request",
            StartLine::Response { .. } => "response",
        },
        EventKind::Tcf(_) => "Training Check",
        EventKind::Indicator(_) => "T.38 indicator",
        EventKind::Tone { .. } => "tone in the audio",
        EventKind::RtpEvent(event) if event.nse => "Cisco named service event",
        EventKind::RtpEvent(_) => "telephone event",
        EventKind::Missing(_) => "expected here, but never came",
        EventKind::Log(_) => "line of the PBX's log",
        _ => "",
    };
    Cow::Borrowed(text)
}

/// The fields of a message, in wire order.
pub fn fields(call: &Call, event: &Event) -> Vec<Field> {
    match &event.kind {
        EventKind::Sip(sip) => sip_fields(sip),
        EventKind::Rtp(span) => rtp_fields(span),
        EventKind::RtpEvent(rtp) => vec![
            Field::new("event", rtp.code.to_string()),
            Field::new("lasted", duration(event)),
        ],
        EventKind::Indicator(indicator) => indicator_fields(indicator),
        EventKind::Tone { level, .. } => {
            let mut fields = vec![Field::new("lasted", duration(event))];
            fields.extend(level.map(|level| Field::new("level", format!("{level:.1} dBm0"))));
            fields
        }
        EventKind::Preamble => vec![Field::new("lasted", duration(event))],
        EventKind::Training(modem) => vec![Field::new("modem", modem.to_string())],
        EventKind::T30(frame) => frame.fields(),
        EventKind::Tcf(tcf) => tcf_fields(event, tcf),
        EventKind::PageData(page) => {
            let mut fields = page_fields(event, page);
            fields.extend(
                pages::of(call, event)
                    .map(pages::fields)
                    .unwrap_or_default(),
            );
            fields
        }
        EventKind::V8 { text, .. } => vec![Field::new("content", text.clone())],
        EventKind::Icmp {
            error,
            quoted_dst,
            count,
        } => vec![
            Field::new("type", error.kind.to_string()),
            Field::new("code", error.code.to_string()),
            Field::new("unreachable", quoted_dst.to_string()),
            Field::new("times", count.to_string()),
        ],
        EventKind::Gap {
            lost,
            recovered,
            first_seq,
        } => vec![
            Field::new("lost", lost.to_string()),
            Field::new("repaired", recovered.to_string()),
            Field::new("first sequence number", first_seq.to_string()),
        ],
        EventKind::Malformed {
            reason,
            octets,
            count,
        } => vec![
            Field::new("reason", reason.clone()),
            Field::new("octets", super::octets::grouped(octets, usize::MAX)),
            Field::new("times", count.to_string()),
        ],
        EventKind::Missing(missing) => missing_fields(missing),
        EventKind::Log(line) => log::fields(call, event, line),
    }
}

fn indicator_fields(indicator: &Indicator) -> Vec<Field> {
    let mut fields = vec![Field::new(
        "t30-indicator",
        format!("{} ({})", indicator.code(), indicator),
    )];
    if let Some((modem, long)) = indicator.training() {
        fields.push(Field::new("modem", modem.to_string()));
        let training = long.map(|long| Field::new("training", if long { "long" } else { "short" }));
        fields.extend(training);
    }
    fields
}

fn duration(event: &Event) -> String {
    length(event.end.seconds_since(event.at).max(0.0))
}

fn missing_fields(missing: &Missing) -> Vec<Field> {
    let mut fields = vec![Field::new("waited", format!("{:.3} s", missing.waited))];
    if !missing.timer.is_empty() {
        fields.push(Field::new("ended by", missing.timer));
    }
    fields
}

/// Start line and headers, what the body says, problems.
fn sip_fields(sip: &SipEvent) -> Vec<Field> {
    let mut fields = crate::sip::detail::fields(&sip.message);
    if sip.cut > 0 {
        fields.push(Field::new(
            "problem",
            format!(
                "the capture cut {} off",
                crate::text::count(sip.cut, "octet")
            ),
        ));
    }
    fields
}

fn rtp_fields(span: &RtpSpan) -> Vec<Field> {
    let stats = &span.stats;
    let mut fields = vec![
        Field::new("codec", span.codec.clone()),
        Field::new("payload type", span.payload_type.to_string()),
        Field::new("SSRC", format!("0x{:08x}", span.ssrc)),
        Field::new("packets", stats.packets.to_string()),
        Field::new("lost", stats.lost.to_string()),
    ];
    let mut count = |name: &'static str, number: u32| {
        if number > 0 {
            fields.push(Field::new(name, number.to_string()));
        }
    };
    count("longest burst lost", stats.longest_burst);
    count("duplicates", stats.duplicates);
    count("out of order", stats.reordered);
    count("comfort noise packets", stats.comfort_noise);
    if stats.ptime_ms > 0 {
        fields.push(Field::new(
            "packet length",
            format!("{} ms", stats.ptime_ms),
        ));
    }
    fields.push(Field::new(
        "largest jitter",
        format!("{:.1} ms", stats.max_jitter_ms),
    ));
    if stats.max_gap_ms > 0.0 {
        fields.push(Field::new(
            "longest gap",
            format!(
                "{:.0} ms before frame {}",
                stats.max_gap_ms, stats.max_gap_frame
            ),
        ));
    }
    if let Some(drift) = stats.drift_ppm {
        fields.push(Field::new(
            "clock of the sender",
            format!("{drift:+.0} ppm"),
        ));
    }
    fields
}

fn tcf_fields(event: &Event, tcf: &Tcf) -> Vec<Field> {
    let mut fields = vec![
        Field::new("modem", tcf.modem.to_string()),
        Field::new(
            if tcf.has_training() {
                "lasted with training"
            } else {
                "lasted"
            },
            duration(event),
        ),
    ];
    if tcf.octets > 0 {
        fields.push(Field::new("octets", tcf.octets.to_string()));
    }
    if let Some(run) = tcf.longest_zero_run {
        fields.push(Field::new(
            "longest run of zeros",
            crate::text::count(run, "octet"),
        ));
    }
    if let Some(share) = tcf.nonzero_share {
        fields.push(Field::new(
            "not zero in the last second",
            format!("{:.1} %", share * 100.0),
        ));
    }
    if tcf.lost_packets > 0 {
        fields.push(Field::new("packets lost", tcf.lost_packets.to_string()));
    }
    fields.push(Field::new("end signalled", yes(tcf.ended)));
    fields
}

fn page_fields(event: &Event, page: &PageData) -> Vec<Field> {
    let mut fields = vec![
        Field::new("page", page.page.to_string()),
        Field::new("modem", page.modem.to_string()),
        Field::new("lasted", duration(event)),
    ];
    if page.bytes > 0 {
        fields.push(Field::new("octets", page.bytes.to_string()));
    }
    if let Some(block) = page.block {
        fields.push(Field::new("block", block.to_string()));
        // In sound the fast modem is not demodulated: its frames are not known.
        if page.level.is_none() {
            fields.push(Field::new("FCD frames", page.frames.to_string()));
            fields.push(Field::new("sent before", page.resent.to_string()));
            fields.push(Field::new("bad frames", page.bad_frames.to_string()));
            fields.push(Field::new("RCP frames", page.rcp.to_string()));
        }
        if !page.frame_numbers.is_empty() {
            fields.push(Field::new("frame numbers", ranges(&page.frame_numbers)));
        }
    }
    if page.lost_packets > 0 {
        fields.push(Field::new("packets lost", page.lost_packets.to_string()));
    }
    if let Some(level) = page.level {
        fields.push(Field::new("level", format!("{level:.1} dBm0")));
    }
    fields.push(Field::new("end signalled", yes(page.ended)));
    fields
}

const fn yes(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

/// `0-33, 40, 42-44`
fn ranges(numbers: &[u8]) -> String {
    let mut parts: Vec<(u8, u8)> = Vec::new();
    for number in numbers {
        match parts.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*number) => *last = *number,
            _ => parts.push((*number, *number)),
        }
    }
    let more = parts.len().saturating_sub(FRAMES_MOST);
    let mut text: Vec<String> = parts
        .iter()
        .take(FRAMES_MOST)
        .map(|(first, last)| {
            if first == last {
                first.to_string()
            } else {
                format!("{first}-{last}")
            }
        })
        .collect();
    if more > 0 {
        text.push(format!("and {more} more runs"));
    }
    text.join(", ")
}
