//! Rules about a fax in G.711 sound.

use crate::call::{Call, Event, EventKind, FaxCarrier, Side};
use crate::capture::Timestamp;
use crate::hint::evidence::{dcn, hang_up};
use crate::hint::rule::{Check, Family, Layer, explain, hide};
use crate::hint::t30::identification::T30_NO_DIS;
use crate::hint::t30::postmessage::T30_RTN;
use crate::hint::t38::reinvite::T38_NO_REINVITE;
use crate::hint::udptl::UDPTL_NONE;
use crate::hint::{Rule, Severity};
use crate::line::Tone;
use crate::rtp::RtpSpan;

mod destination;
mod line;
mod packets;
mod payload;
mod progress;
mod signal;

pub(in crate::hint) use packets::is_lossy;

/// What the rules of this family have in common.
const G711: Rule = Rule {
    family: Family::Audio,
    layer: Layer::Media,
    ..Rule::PLAIN
};

/// The rules of this family.
pub(crate) const RULES: &[&Rule] = &[
    &G711_FAX_EVENTS,
    &G711_CODEC_LOWRATE,
    &G711_LOSS,
    &G711_JITTER,
    &G711_CODEC_SWITCH,
    &G711_VAD,
    &G711_CLOCK_SLIP,
    &G711_ONE_WAY,
    &payload::G711_UNKNOWN_PAYLOAD,
    &payload::G711_SILENT_AFTER_SWITCH,
    &line::G711_SG3,
    &line::G711_PACE,
    &destination::G711_WRONG_DESTINATION,
    &progress::G711_CALL_PROGRESS_TONE,
];

pub(in crate::hint) static G711_FAX_EVENTS: Rule = Rule {
    id: "g711-fax-events",
    severity: Severity::Note,
    title: "Fax tones in the audio: this call is a fax",
    advice: "Proof of a fax without T.38: CNG means that the caller is a fax, CED or ANSam that the called side is one (ANSam: Super G3). If the tones come only as RFC 4733 events and the other side did not negotiate \
        telephone-event for them, the other fax never hears them. One tone without the other tells which side may be no fax.",
    reference: "RFC 4733, RFC 4734 (events 32 to 40); Wireshark packet-rtp-events.h",
    when: "CNG, CED or ANSam as RFC 4733 event or heard in the audio of a call that is a fax.",
    check: Check::Many(signal::tones),
    ..G711
};

pub(in crate::hint) static G711_CODEC_LOWRATE: Rule = Rule {
    id: "g711-codec-lowrate",
    severity: Severity::Error,
    title: "Fax over a speech codec cannot work",
    advice: "The audio codec is made for speech and destroys the modem signals of a fax. Allow only G.711 on the fax extension and on the trunk (disallow=all, allow=alaw,ulaw in Asterisk; FreeSWITCH absolute_codec_string=PCMA,PCMU), or switch T.38 on at both ends.",
    step: "allow G.711 alone on the fax extension and trunk",
    reference: "4PSA KB (only G.711 for pass-through); Cisco 47420",
    when: "The call is a fax, its audio codec is neither PCMU nor PCMA (G.726: warning), no G.711 is used later and no T.38 is agreed.",
    check: Check::One(signal::speech_codec),
    covers: &[hide(&[&G711_LOSS, &G711_JITTER])],
    ..G711
};

pub(in crate::hint) static G711_LOSS: Rule = Rule {
    id: "g711-loss",
    severity: Severity::Error,
    title: "RTP packets lost during a G.711 fax",
    advice: "Each lost packet is 20 ms of the modem signal: bad lines, PPR, lost carrier, failed training. G.711 fax wants less than 0.1 % loss. Use T.38 with redundancy, or fix the path that this direction takes to the capture point: QoS, duplex mismatch, Wi-Fi, a full uplink.",
    step: "use T.38 with redundancy, or fix the loss on this path",
    reference: "Mitel fax over IP guidelines (below 0.1 %); Dialogic (failures from 0.02 %)",
    when: "RTP of a G.711 fax loses packets after its first modem signal: note above 0.02 %, warning from 0.1 %, error from 1 % (of all, or of what this side has to say) or 3 packets in a row (warning if the fax was delivered). What is missing for 2 s and more is an interruption, no loss; what is lost after the DCN does not count.",
    check: Check::PerSide(packets::loss),
    covers: &[explain(&[&T30_RTN])],
    ..G711
};

pub(in crate::hint) static G711_JITTER: Rule = Rule {
    id: "g711-jitter",
    severity: Severity::Warning,
    title: "RTP jitter during a G.711 fax",
    advice: "Packets come unevenly. An adaptive jitter buffer then inserts or drops sound, which throws the modems out of phase. Give the fax channel a fixed jitter buffer (Cisco \"playout-delay mode fixed\", Asterisk jbimpl=fixed), keep jitter under 30 ms, better 20, and look for a busy link or virtual machine on the way.",
    step: "use a fixed jitter buffer; look for a busy link",
    reference: "Mitel fax over IP guidelines (jitter below 30 ms, ideally 20)",
    when: "Jitter (RFC 3550) above 30 ms, or more than 100 ms between two packets, in a G.711 fax; a note above 20 ms.",
    check: Check::Many(packets::jitter),
    ..G711
};

pub(in crate::hint) static G711_CODEC_SWITCH: Rule = Rule {
    id: "g711-codec-switch",
    severity: Severity::Warning,
    title: "Codec or packet length changes, or differs, in a fax",
    advice: "A change before the first T.30 message is a normal upspeed to G.711; after training it breaks the signal. A-law on one side and u-law on the other means that something converts between them, which costs quality. Keep one codec and one packet length (20 ms) end to end: the same allow= on both trunks.",
    step: "keep one codec and 20 ms from end to end",
    reference: "eFax white paper; AudioCodes manual (G.711 VBD, gpmd)",
    when: "The codec of a direction changes after a fax tone (before T.30: a note), differs between the directions, or between two G.711 legs.",
    check: Check::Many(signal::codec_switch),
    ..G711
};

pub(in crate::hint) static G711_VAD: Rule = Rule {
    id: "g711-vad",
    severity: Severity::Error,
    title: "Silence suppression cuts the fax audio",
    advice: "One device stops sending when it takes the line for silent, or sends comfort noise: the short pauses and quiet signals of T.30 are cut. Turn VAD and silence suppression off on every device in the path: Cisco \"no vad\" on the dial peers, FreeSWITCH suppress_cng and vad=none, ATA \"silence suppression: no\".",
    step: "turn VAD and silence suppression off on the whole way",
    reference: "Cisco note (disable VAD on the gateway's dial peers); Patton fax notes",
    when: "In a G.711 fax, after its first modem signal: comfort noise packets, or pauses of 200 ms and more while the sequence numbers go on. Warning if the fax was delivered, or if only tones were heard so far; a note if only the SDP allows silence suppression.",
    check: Check::Many(signal::silence_suppression),
    ..G711
};

pub(in crate::hint) static G711_CLOCK_SLIP: Rule = Rule {
    id: "g711-clock-slip",
    severity: Severity::Warning,
    title: "Sample clocks differ",
    advice: "The clock of one end runs faster than the other's: the jitter buffer has to drop or insert a packet now and then, which breaks long pages. Fix the timing source of the PRI or of the ATA (recover the clock from the carrier), avoid software timing in virtual machines, or use T.38, which has no such clock.",
    step: "fix the clock source of PRI or ATA, or use T.38",
    reference: "VoIP Voice and Fax Signal Processing, 12.5 (clock drift)",
    when: "Over 60 s or more the sample clock of a direction differs by more than 50 ppm from the other direction's (or, with one known, from the capture's).",
    check: Check::One(packets::clock),
    ..G711
};

pub(in crate::hint) static G711_ONE_WAY: Rule = Rule {
    id: "g711-one-way",
    severity: Severity::Error,
    title: "RTP in one direction only",
    advice: "The tones of the fax cannot cross, so neither G.711 fax nor the switch to T.38 can begin. Compare where the packets go with the SDP of the silent side (private or wrong address: NAT settings, external media address), then its firewall for the RTP range, and whether a media proxy bridges both legs.",
    step: "compare where the packets go with the SDP of the silent side",
    reference: "RFC 3264 (media addresses of offer and answer)",
    when: "A fax call has 50 or more RTP packets over 5 s in one direction, none in the other, and neither side is sendonly or inactive.",
    check: Check::One(packets::one_way),
    absence: Some(5.0),
    covers: &[
        hide(&[&T38_NO_REINVITE, &T30_NO_DIS]),
        explain(&[&UDPTL_NONE]),
    ],
    ..G711
};

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
            EventKind::Rtp(span) if is_sound(span) => Some((event, span.as_ref())),
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
        EventKind::Tone { tone, .. } => Some(*tone).filter(|tone| !tone.is_of_network()),
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

/// When modem signals begin: what happens to a tone does no harm.
fn signals_begin(call: &Call) -> Option<Timestamp> {
    call.events
        .iter()
        .find(|event| {
            matches!(
                event.kind,
                EventKind::T30(_) | EventKind::Preamble | EventKind::Training(_)
            )
        })
        .map(|event| event.at)
}

/// When the fax is over: its DCN, or the hang-up; what happens to the sound afterwards does no harm.
fn fax_ends(call: &Call) -> Option<Timestamp> {
    let dcn = dcn(call).map(|event| event.end);
    let bye = hang_up(call).map(|event| event.at);
    dcn.into_iter().chain(bye).min()
}
