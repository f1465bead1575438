//! Rules about a fax in G.711 sound (RULES.md 6).

use crate::call::{Call, Event, EventKind, FaxCarrier, Side};
use crate::capture::{FrameNo, Timestamp};
use crate::hint::evidence::{frames, share};
use crate::hint::scene::event;
use crate::hint::{Finding, Rule, Scene, Severity};
use crate::line::Tone;
use crate::rtp::RtpSpan;

/// `g711-loss`: note above this share (Dialogic: failures from 0.02 %).
const LOSS_NOTE: f64 = 0.0002;
/// `g711-loss`: warning from this share (Mitel: below 0.1 %).
const LOSS_WARNING: f64 = 0.001;
/// `g711-loss`: error from this share.
const LOSS_ERROR: f64 = 0.01;
/// `g711-loss`: error from as many packets in a row (60 ms).
const LOSS_BURST: u32 = 3;
/// `g711-jitter`: note and warning, ms.
const JITTER: (f64, f64) = (20.0, 30.0);
/// `g711-jitter`: longest time between two packets, ms.
const LONG_GAP: f64 = 100.0;
/// `g711-clock-slip`: ppm.
const DRIFT: f64 = 50.0;
/// Length of a packet at the usual packetization, seconds.
const PACKET: f64 = 0.02;
/// `g711-one-way`: packets of the live direction.
const LIVE_PACKETS: u32 = 50;
/// `g711-one-way`: seconds.
const LIVE_SECONDS: f64 = 5.0;

const SIDES: [Side; 2] = [Side::Caller, Side::Callee];

/// The rules of this family.
pub(crate) const RULES: &[&[Rule]] = &[AUDIO];

const AUDIO: &[Rule] = &[
    Rule {
        id: "g711-fax-events",
        severity: Severity::Note,
        title: "Fax tones in the audio: this call is a fax",
        advice: "Proof of a fax without T.38: CNG means that the caller is a fax, CED or ANSam that the called side is one (ANSam: Super G3). If the tones come only as RFC 4733 events and the other side did not negotiate \
            telephone-event for them, the other fax never hears them. One tone without the other tells which side may be no fax.",
        reference: "RFC 4733, RFC 4734 (events 32 to 40); Wireshark packet-rtp-events.h",
        when: "CNG, CED or ANSam as RFC 4733 event or heard in the audio of a call that is a fax.",
        check: tones,
    },
    Rule {
        id: "g711-codec-lowrate",
        severity: Severity::Error,
        title: "Fax over a speech codec cannot work",
        advice: "The audio codec is made for speech and destroys the modem signals of a fax. Allow only G.711 on the fax extension and on the trunk (disallow=all, allow=alaw,ulaw in Asterisk; FreeSWITCH absolute_codec_string=PCMA,PCMU), or switch T.38 on at both ends.",
        reference: "4PSA KB (only G.711 for pass-through); Cisco 47420",
        when: "The call is a fax, its audio codec is neither PCMU nor PCMA (G.726: warning), no G.711 is used later and no T.38 is agreed.",
        check: speech_codec,
    },
    Rule {
        id: "g711-loss",
        severity: Severity::Error,
        title: "RTP packets lost during a G.711 fax",
        advice: "Each lost packet is 20 ms of the modem signal: bad lines, PPR, lost carrier, failed training. G.711 fax wants less than 0.1 % loss. Use T.38 with redundancy, or fix the path that this direction takes to the capture point: QoS, duplex mismatch, Wi-Fi, a full uplink.",
        reference: "Mitel fax over IP guidelines (below 0.1 %); Dialogic (failures from 0.02 %)",
        when: "RTP of a G.711 fax loses packets after the fax began: note above 0.02 %, warning from 0.1 %, error from 1 % or 3 packets in a row.",
        check: loss,
    },
    Rule {
        id: "g711-jitter",
        severity: Severity::Warning,
        title: "RTP jitter during a G.711 fax",
        advice: "Packets come unevenly. An adaptive jitter buffer then inserts or drops sound, which throws the modems out of phase. Give the fax channel a fixed jitter buffer (Cisco \"playout-delay mode fixed\", Asterisk jbimpl=fixed), keep jitter under 30 ms, better 20, and look for a busy link or virtual machine on the way.",
        reference: "Mitel fax over IP guidelines (jitter below 30 ms, ideally 20)",
        when: "Jitter (RFC 3550) above 30 ms, or more than 100 ms between two packets, in a G.711 fax; a note above 20 ms.",
        check: jitter,
    },
    Rule {
        id: "g711-codec-switch",
        severity: Severity::Warning,
        title: "Codec or packet length changes, or differs, in a fax",
        advice: "A change before the first T.30 message is a normal upspeed to G.711; after training it breaks the signal. A-law on one side and u-law on the other means that something converts between them, which costs quality. Keep one codec and one packet length (20 ms) end to end: the same allow= on both trunks.",
        reference: "eFax white paper; AudioCodes manual (G.711 VBD, gpmd)",
        when: "The codec of a direction changes after a fax tone (before T.30: a note), differs between the directions, or between two G.711 legs.",
        check: codec_switch,
    },
    Rule {
        id: "g711-vad",
        severity: Severity::Error,
        title: "Silence suppression cuts the fax audio",
        advice: "One device stops sending when it takes the line for silent, or sends comfort noise: the short pauses and quiet signals of T.30 are cut. Turn VAD and silence suppression off on every device in the path: Cisco \"no vad\" on the dial peers, FreeSWITCH suppress_cng and vad=none, ATA \"silence suppression: no\".",
        reference: "Cisco note (disable VAD on the gateway's dial peers); Patton fax notes",
        when: "In a G.711 fax, after its first tone: comfort noise packets, or pauses of 200 ms and more while the sequence numbers go on. Warning if the fax was delivered; a note if only the SDP allows silence suppression.",
        check: silence_suppression,
    },
    Rule {
        id: "g711-clock-slip",
        severity: Severity::Warning,
        title: "Sample clocks differ",
        advice: "The clock of one end runs faster than the other's: the jitter buffer has to drop or insert a packet now and then, which breaks long pages. Fix the timing source of the PRI or of the ATA (recover the clock from the carrier), avoid software timing in virtual machines, or use T.38, which has no such clock.",
        reference: "VoIP Voice and Fax Signal Processing, 12.5 (clock drift)",
        when: "Over 60 s or more the sample clock of a direction differs by more than 50 ppm from the other direction's (or, with one known, from the capture's).",
        check: clock,
    },
    Rule {
        id: "g711-one-way",
        severity: Severity::Error,
        title: "RTP in one direction only",
        advice: "The tones of the fax cannot cross, so neither G.711 fax nor the switch to T.38 can begin. Compare where the packets go with the SDP of the silent side (private or wrong address: NAT settings, external media address), then its firewall for the RTP range, and whether a media proxy bridges both legs.",
        reference: "RFC 3264 (media addresses of offer and answer)",
        when: "A fax call has 50 or more RTP packets over 5 s in one direction, none in the other, and neither side is sendonly or inactive.",
        check: one_way,
    },
];

fn is_audio_fax(call: &Call) -> bool {
    call.fax
        .as_ref()
        .is_some_and(|fax| fax.carrier == FaxCarrier::G711)
}

/// Sound of one side: no comfort noise, no telephone events.
fn spans(call: &Call, side: Side) -> impl Iterator<Item = (&Event, &RtpSpan)> {
    call.events
        .iter()
        .filter(move |event| event.from == side)
        .filter_map(|event| match &event.kind {
            EventKind::Rtp(span) if is_sound(span) => Some((event, span)),
            _ => None,
        })
}

fn is_sound(span: &RtpSpan) -> bool {
    !matches!(span.payload_type, 13 | 19)
        && !span.codec.eq_ignore_ascii_case("telephone-event")
        && !span.codec.eq_ignore_ascii_case("CN")
}

fn fax_tone(event: &Event) -> Option<Tone> {
    match &event.kind {
        EventKind::Tone { tone, .. } => Some(*tone).filter(|tone| *tone != Tone::Busy),
        EventKind::RtpEvent(event) => event.tone(),
        _ => None,
    }
}

/// When the fax shows first: a tone or a T.30 signal.
fn fax_begins(call: &Call) -> Option<Timestamp> {
    call.events
        .iter()
        .find(|event| {
            fax_tone(event).is_some()
                || matches!(
                    event.kind,
                    EventKind::T30(_)
                        | EventKind::Preamble
                        | EventKind::Tcf(_)
                        | EventKind::PageData(_)
                )
        })
        .map(|event| event.at)
}

fn tones(scene: &Scene<'_>) -> Vec<Finding> {
    if scene.call.fax.is_none() {
        return Vec::new();
    }
    let mut told: Vec<(Side, Tone)> = Vec::new();
    let mut out = Vec::new();
    for event in &scene.call.events {
        let Some(tone) = fax_tone(event) else {
            continue;
        };
        if told.contains(&(event.from, tone)) {
            continue;
        }
        told.push((event.from, tone));
        let as_event = if matches!(event.kind, EventKind::RtpEvent(_)) {
            " (RFC 4733 event)"
        } else {
            ""
        };
        let seen = format!(
            "{} signals {tone}{as_event} – this call is a fax",
            event.from
        );
        out.push(Finding::new(Severity::Note, vec![event.frame], seen).on(event.id));
    }
    out
}

fn speech_codec(scene: &Scene<'_>) -> Vec<Finding> {
    let call = scene.call;
    let transparent = |codec: &str| {
        ["PCMU", "PCMA", "CLEARMODE", "L16"]
            .iter()
            .any(|name| codec.eq_ignore_ascii_case(name))
    };
    let t38 = call.media.iter().any(|period| period.t38.is_some())
        || call.udptl.caller.packets > 0
        || call.udptl.callee.packets > 0;
    let upspeed = SIDES
        .into_iter()
        .any(|side| spans(call, side).any(|(_, span)| transparent(&span.codec)));
    if call.fax.is_none() || t38 || upspeed {
        return Vec::new();
    }
    let mut codecs = call
        .media
        .iter()
        .filter_map(|period| Some((period, period.codec.as_deref()?)));
    if codecs.clone().any(|(_, codec)| transparent(codec)) {
        return Vec::new();
    }
    let Some((period, codec)) = codecs.next() else {
        return Vec::new();
    };
    let severity = if codec.to_ascii_uppercase().starts_with("G726") {
        Severity::Warning
    } else {
        Severity::Error
    };
    let answer = call
        .negotiations
        .get(period.negotiation)
        .and_then(|negotiation| negotiation.answer_event)
        .and_then(|id| scene.event(id));
    let rtp = SIDES.into_iter().find_map(|side| spans(call, side).next());
    let cited = [
        answer.map(|event| event.frame),
        rtp.map(|(event, _)| event.frame),
    ];
    let mut found = Finding::new(
        severity,
        frames(cited.into_iter().flatten()),
        format!("Fax over {codec} cannot work – force G.711 or T.38"),
    );
    found.event = answer.map(|event| event.id);
    vec![found]
}

fn loss(scene: &Scene<'_>) -> Vec<Finding> {
    if !is_audio_fax(scene.call) {
        return Vec::new();
    }
    SIDES
        .into_iter()
        .filter_map(|side| loss_of(scene.call, side))
        .collect()
}

/// When the last offer of T.38 was refused; the beginning of time if none was.
fn t38_refused(call: &Call) -> Timestamp {
    call.negotiations
        .iter()
        .filter(|negotiation| negotiation.offers_t38() && !negotiation.accepts_t38())
        .filter_map(|negotiation| event(call, negotiation.answer_event?))
        .map(|answer| answer.at)
        .max()
        .unwrap_or_default()
}

fn loss_of(call: &Call, side: Side) -> Option<Finding> {
    // Before T.38 was refused nothing of the fax had to go through as sound.
    let begins = fax_begins(call)?.max(t38_refused(call));
    let mut expected = 0_u32;
    let mut gaps: Vec<(FrameNo, Timestamp, u32)> = Vec::new();
    let mut row = None;
    for (event, span) in spans(call, side).filter(|(_, span)| span.end > begins) {
        expected = expected
            .saturating_add(span.stats.packets)
            .saturating_add(span.stats.lost);
        let before = gaps.len();
        gaps.extend(span.stats.gaps.iter().filter(|(_, at, _)| *at >= begins));
        if gaps.len() > before {
            row = row.or(Some(event.id));
        }
    }
    let lost: u32 = gaps.iter().map(|(.., lost)| *lost).sum();
    let burst = gaps.iter().map(|(.., lost)| *lost).max()?;
    let part = share(lost, expected);
    let severity = if part >= LOSS_ERROR || burst >= LOSS_BURST {
        Severity::Error
    } else if part >= LOSS_WARNING {
        Severity::Warning
    } else if part > LOSS_NOTE {
        Severity::Note
    } else {
        return None;
    };
    let mut found = Finding::new(
        severity,
        frames(gaps.iter().map(|(frame, ..)| *frame)),
        format!(
            "RTP loss of the {side} {:.2} % ({lost} pkts, burst {burst}) – G.711 fax needs < 0.1 %",
            part * 100.0
        ),
    );
    found.event = row;
    Some(found)
}

fn jitter(scene: &Scene<'_>) -> Vec<Finding> {
    if !is_audio_fax(scene.call) {
        return Vec::new();
    }
    let begins = fax_begins(scene.call);
    let mut out = Vec::new();
    for side in SIDES {
        let worst = spans(scene.call, side)
            .filter(|(_, span)| begins.is_some_and(|begins| span.end > begins))
            // Where silence is suppressed the pauses are not jitter.
            .filter(|(_, span)| span.stats.silence_gaps.is_empty())
            .max_by(|(_, a), (_, b)| a.stats.max_jitter_ms.total_cmp(&b.stats.max_jitter_ms));
        let Some((event, span)) = worst else {
            continue;
        };
        let stats = &span.stats;
        let severity = if stats.max_jitter_ms > JITTER.1 || stats.max_gap_ms > LONG_GAP {
            Severity::Warning
        } else if stats.max_jitter_ms > JITTER.0 {
            Severity::Note
        } else {
            continue;
        };
        let seen = format!(
            "RTP jitter of the {side} {:.0} ms (max gap {:.0} ms) – fixed jitter buffer needed",
            stats.max_jitter_ms, stats.max_gap_ms
        );
        out.push(Finding::new(severity, vec![stats.max_gap_frame], seen).on(event.id));
    }
    out
}

fn codec_switch(scene: &Scene<'_>) -> Vec<Finding> {
    let call = scene.call;
    if !is_audio_fax(call) {
        return Vec::new();
    }
    let mut out: Vec<Finding> = SIDES
        .into_iter()
        .filter_map(|side| changed_codec(call, side))
        .collect();
    if out.is_empty() {
        out.extend(between_directions(call));
    }
    out.extend(between_legs(scene));
    out
}

fn changed_codec(call: &Call, side: Side) -> Option<Finding> {
    let begins = fax_begins(call)?;
    let first_message = call
        .events
        .iter()
        .find(|event| matches!(event.kind, EventKind::T30(_)))
        .map(|event| event.at);
    let all: Vec<(&Event, &RtpSpan)> = spans(call, side).collect();
    all.iter()
        .zip(all.iter().skip(1))
        .find_map(|(before, after)| {
            let (old, new) = (&before.1, &after.1);
            let codec = !old.codec.eq_ignore_ascii_case(&new.codec);
            let length = old.stats.ptime_ms != new.stats.ptime_ms
                && old.stats.ptime_ms > 0
                && new.stats.ptime_ms > 0;
            if after.0.at < begins || !(codec || length) {
                return None;
            }
            let upspeed = first_message.is_none_or(|at| after.0.at <= at);
            let severity = if upspeed {
                Severity::Note
            } else {
                Severity::Warning
            };
            let words = |span: &RtpSpan| format!("{} {} ms", span.codec, span.stats.ptime_ms);
            let seen = format!(
                "Codec/ptime of the {side} changes {}->{} during the fax",
                words(old),
                words(new)
            );
            Some(
                Finding::new(severity, vec![after.0.frame, before.0.last_frame], seen)
                    .on(after.0.id),
            )
        })
}

fn between_directions(call: &Call) -> Option<Finding> {
    let (_, forth) = spans(call, Side::Caller).last()?;
    let (event, back) = spans(call, Side::Callee).last()?;
    if forth.codec.eq_ignore_ascii_case(&back.codec) {
        return None;
    }
    let seen = format!(
        "{} from the caller, {} from the callee: the directions differ",
        forth.codec, back.codec
    );
    Some(Finding::new(Severity::Warning, frames([back.frame, forth.frame]), seen).on(event.id))
}

/// A-law on one leg and u-law on the other, told on the leg that began first.
fn between_legs(scene: &Scene<'_>) -> Option<Finding> {
    let other = scene.other.filter(|other| is_audio_fax(other))?;
    if scene.call.number > other.number {
        return None;
    }
    let (event, here) = spans(scene.call, Side::Caller).last()?;
    let (_, there) = spans(other, Side::Caller).last()?;
    if here.codec.eq_ignore_ascii_case(&there.codec) {
        return None;
    }
    let seen = format!(
        "{} on this leg, {} on the other: transcoding",
        here.codec, there.codec
    );
    Some(Finding::new(Severity::Warning, vec![event.frame], seen).on(event.id))
}

fn silence_suppression(scene: &Scene<'_>) -> Vec<Finding> {
    let call = scene.call;
    if !is_audio_fax(call) {
        return Vec::new();
    }
    let Some(first) = call
        .events
        .iter()
        .find(|event| fax_begins(call) == Some(event.at))
        .map(|event| event.frame)
    else {
        return Vec::new();
    };
    let severity = if scene.delivered() {
        Severity::Warning
    } else {
        Severity::Error
    };
    let mut out = Vec::new();
    for side in SIDES {
        let noise = call
            .events
            .iter()
            .filter(|event| event.from == side)
            .filter_map(|event| match &event.kind {
                EventKind::Rtp(span) => span.stats.first_comfort_noise.map(|frame| (event, frame)),
                _ => None,
            })
            .find(|(_, frame)| *frame >= first);
        let pause = spans(call, side).find_map(|(event, span)| {
            span.stats
                .silence_gaps
                .iter()
                .find(|(frame, _)| *frame > first)
                .map(|(frame, ms)| (event, *frame, *ms))
        });
        let (event, frame, what) = match (noise, pause) {
            (Some((event, frame)), _) => (event, frame, "comfort noise packets".to_owned()),
            (None, Some((event, frame, ms))) => (event, frame, format!("pause of {ms} ms")),
            (None, None) => continue,
        };
        let seen = format!("Silence suppression of the {side} in the fax ({what}) – disable VAD");
        out.push(Finding::new(severity, vec![frame], seen).on(event.id));
    }
    if out.is_empty() {
        out.extend(allowed_in_sdp(scene));
    }
    out
}

fn allowed_in_sdp(scene: &Scene<'_>) -> Option<Finding> {
    let negotiation = scene.call.negotiations.iter().find(|negotiation| {
        std::iter::once(&negotiation.offer)
            .chain(&negotiation.answer)
            .flat_map(|sdp| &sdp.media)
            .any(|line| line.silence_suppression == Some(true))
    })?;
    let event = scene.event(negotiation.offer_event)?;
    let seen = "SDP allows silence suppression (silenceSupp:on); none is seen".to_owned();
    Some(Finding::new(Severity::Note, vec![event.frame], seen).on(event.id))
}

fn clock(scene: &Scene<'_>) -> Vec<Finding> {
    let call = scene.call;
    if !is_audio_fax(call) {
        return Vec::new();
    }
    let drift = |side: Side| {
        spans(call, side)
            .filter_map(|(event, span)| Some((event, span.stats.drift_ppm?)))
            .max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()))
    };
    let (event, ppm) = match (drift(Side::Caller), drift(Side::Callee)) {
        // The capture's own clock drifts against both alike.
        (Some((event, a)), Some((_, b))) => (event, a - b),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => return Vec::new(),
    };
    if ppm.abs() <= DRIFT {
        return Vec::new();
    }
    let seen = format!(
        "Clock drift {ppm:.0} ppm – a 20 ms slip every {:.0} s breaks long pages",
        PACKET / (ppm.abs() * 1e-6)
    );
    vec![Finding::new(Severity::Warning, vec![event.frame], seen).on(event.id)]
}

fn one_way(scene: &Scene<'_>) -> Vec<Finding> {
    let call = scene.call;
    let Some(answered) = call.answered else {
        return Vec::new();
    };
    let held = call.negotiations.iter().any(|negotiation| {
        std::iter::once(&negotiation.offer)
            .chain(&negotiation.answer)
            .flat_map(|sdp| &sdp.media)
            .any(|line| {
                line.direction
                    .as_deref()
                    .is_some_and(|direction| direction != "sendrecv")
            })
    });
    if call.fax.is_none() || held {
        return Vec::new();
    }
    let count = |side: Side| -> u32 { spans(call, side).map(|(_, span)| span.stats.packets).sum() };
    for live in SIDES {
        let silent = live.other();
        let mut after = spans(call, live).filter(|(_, span)| span.end > answered);
        let Some((event, first)) = after.next() else {
            continue;
        };
        let until = after.last().map_or(first.end, |(_, span)| span.end);
        let long = until.seconds_since(first.at.max(answered)) >= LIVE_SECONDS;
        let talks = call.events.iter().any(|event| {
            event.from == silent && matches!(event.kind, EventKind::RtpEvent(_) | EventKind::T30(_))
        });
        if count(live) < LIVE_PACKETS || count(silent) > 0 || !long || talks {
            continue;
        }
        let said = call
            .media
            .iter()
            .rev()
            .find_map(|period| period.audio.map(|audio| *audio.of(silent)));
        let mut found = Finding::new(
            Severity::Error,
            vec![event.frame],
            format!("RTP only {live}->{silent} – {silent} sends nothing (NAT/firewall)"),
        )
        .on(event.id)
        .about(scene.endpoint(silent));
        if let Some(said) = said {
            found = found.more(format!(
                "The packets go to {}, the SDP of the {silent} says {said}.",
                first.dst
            ));
        }
        return vec![found];
    }
    Vec::new()
}
