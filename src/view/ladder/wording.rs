//! The words on an arrow, from long to short; a short wording says what it leaves out.

use crate::call::{Event, EventKind, PageData, SipEvent, Tcf};
use crate::line::{Modem, Tone};
use crate::rtp::{RtpEvent, RtpSpan};
use crate::sip::{MediaKind, Sdp, StartLine};
use crate::t30::Fcf;
use crate::t30::frame::T30Frame;
use crate::t38::Indicator;
use crate::view::decode::log;
use crate::view::time::length;
use crate::view::{Role, fit, plain};

/// Longest text of the network on an arrow; only hostile ones are longer.
pub(super) const LONGEST: usize = 40;

/// How the line of an arrow looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stroke {
    Thin,
    Thick,
    Dashed,
    Dotted,
    /// Thick, with a head on either end.
    Both,
    /// No arrow: text beside the lifeline of who sent it.
    Note,
}

impl Stroke {
    pub(super) const fn char(self, ascii: bool) -> char {
        match (self, ascii) {
            (Self::Thin, false) => '─',
            (Self::Thick | Self::Both, false) => '═',
            (Self::Dashed, false) => '╌',
            (Self::Dotted, false) => '┄',
            (Self::Thin, true) => '-',
            (Self::Note, _) => ' ',
            (Self::Thick | Self::Both, true) => '=',
            (Self::Dashed, true) => '.',
            (Self::Dotted, true) => '~',
        }
    }
}

/// Facts about a leg that labels depend on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LabelFacts {
    /// `m=` lines are shown.
    pub(super) sdp: bool,
    /// Some page of the fax has more than one ECM block: blocks are named.
    pub(super) blocks: bool,
    /// Plain ASCII.
    pub(super) ascii: bool,
}

/// Each wording, and what it leaves out.
pub(super) type Texts = Vec<(String, String)>;

/// Wordings, how they are shown and on what kind of line.
pub(super) fn texts(
    event: &Event,
    partner: Option<&Event>,
    facts: LabelFacts,
) -> (Texts, Role, Stroke) {
    let one = |text: String, role, stroke| (whole(text), role, stroke);
    match &event.kind {
        EventKind::Missing(missing) => one(missing.name.to_owned(), Role::Missing, Stroke::Dashed),
        EventKind::Log(line) => one(cut(&log::short(line)), Role::Dim, Stroke::Note),
        EventKind::Sip(sip) => (sip_texts(sip, facts), Role::Sip, Stroke::Thin),
        EventKind::Rtp(span) => {
            let other = match partner.map(|event| &event.kind) {
                Some(EventKind::Rtp(other)) => Some(other.as_ref()),
                _ => None,
            };
            let stroke = if other.is_some() {
                Stroke::Both
            } else {
                Stroke::Thick
            };
            (rtp_texts(span, other), Role::Rtp, stroke)
        }
        EventKind::RtpEvent(event) => one(rtp_event_text(event), Role::Indicator, Stroke::Thin),
        EventKind::Indicator(indicator) => {
            (indicator_texts(*indicator), Role::Indicator, Stroke::Thin)
        }
        EventKind::Tone { tone, .. } => (tone_texts(*tone), Role::Indicator, Stroke::Thin),
        EventKind::Preamble => one("V.21 preamble".to_owned(), Role::Indicator, Stroke::Thin),
        EventKind::Training(modem) => (
            shortened(format!("training {modem}"), "training", &modem.to_string()),
            Role::Indicator,
            Stroke::Thin,
        ),
        EventKind::T30(frame) => (t30_texts(frame), Role::T30, Stroke::Thin),
        EventKind::Tcf(tcf) => (tcf_texts(event, tcf), Role::Page, Stroke::Thin),
        EventKind::PageData(page) => (page_texts(event, page, facts), Role::Page, Stroke::Thick),
        EventKind::V8 { name, .. } => one((*name).to_owned(), Role::Indicator, Stroke::Thin),
        // Beside it stands what is unreachable.
        EventKind::Icmp { error, count, .. } => {
            let name = error.protocol();
            let times = times(*count);
            let what = if error.is_ttl() {
                "TTL exceeded"
            } else {
                "unreachable"
            };
            let long = format!("{name} {what}{times}");
            let texts = shortened(long, &format!("{name}{times}"), "");
            (texts, Role::Missing, Stroke::Thin)
        }
        EventKind::Gap {
            lost, recovered, ..
        } => (gap_texts(*lost, *recovered), Role::Missing, Stroke::Dotted),
        EventKind::Malformed { count, .. } => {
            let long = format!("undecodable T.38{}", times(*count));
            let texts = shortened(long, &format!("bad T.38{}", times(*count)), "undecodable");
            (texts, Role::Missing, Stroke::Dotted)
        }
    }
}

fn whole(text: String) -> Texts {
    vec![(text, String::new())]
}

/// In full, and in short with what that leaves out.
fn shortened(long: String, short: &str, left_out: &str) -> Texts {
    vec![
        (long, String::new()),
        (short.to_owned(), left_out.to_owned()),
    ]
}

fn times(count: u32) -> String {
    if count > 1 {
        format!(" ×{count}")
    } else {
        String::new()
    }
}

fn gap_texts(lost: u32, recovered: u32) -> Texts {
    let packets = crate::text::noun(lost, "packet");
    let repaired = format!("{recovered} repaired");
    vec![
        (format!("{lost} {packets} lost, {repaired}"), String::new()),
        (format!("lost {lost}, repaired {recovered}"), String::new()),
        (format!("{lost} lost"), repaired),
    ]
}

fn sip_texts(sip: &SipEvent, facts: LabelFacts) -> Texts {
    let media = sip.sdp.as_ref().filter(|_| facts.sdp).map(media_text);
    let short = match &sip.message.start {
        StartLine::Request { method, .. } => cut(method),
        StartLine::Response { status, .. } => status.to_string(),
    };
    match (&sip.message.start, media) {
        (_, Some(media)) => shortened(format!("{short} {media}"), &short, &media),
        (StartLine::Request { .. }, None) => whole(short),
        (StartLine::Response { reason, .. }, None) => {
            let long = cut(&sip.message.start.to_string());
            shortened(long, &short, &cut(reason))
        }
    }
}

fn cut(text: &str) -> String {
    fit(&plain(text, false), LONGEST, false).into_owned()
}

/// `m=image`, `m=audio`, `m=audio:0,image` (port 0: refused or removed).
fn media_text(sdp: &Sdp) -> String {
    let lines: Vec<String> = sdp
        .media
        .iter()
        .take(4)
        .map(|line| {
            let kind = match &line.kind {
                MediaKind::Audio => "audio".to_owned(),
                MediaKind::Image => "image".to_owned(),
                MediaKind::Other(kind) => fit(&plain(kind, false), 12, false).into_owned(),
            };
            let refused = if line.port == 0 { ":0" } else { "" };
            format!("{kind}{refused}")
        })
        .collect();
    format!(
        "m={}",
        if lines.is_empty() {
            "none".to_owned()
        } else {
            lines.join(",")
        }
    )
}

fn rtp_texts(span: &RtpSpan, other: Option<&RtpSpan>) -> Texts {
    let packets = span.stats.packets + other.map_or(0, |other| other.stats.packets);
    let codec = fit(&plain(&span.codec, false), 16, false).into_owned();
    vec![
        (format!("RTP {codec} {packets}"), String::new()),
        (
            format!("RTP {codec}"),
            crate::text::count(packets, "packet"),
        ),
        ("RTP".to_owned(), format!("{codec} {packets}")),
    ]
}

fn rtp_event_text(event: &RtpEvent) -> String {
    match (event.nse, event.tone(), event.code) {
        (true, _, code) => format!("NSE {code}"),
        (false, Some(tone), _) => format!("{tone} (event)"),
        (false, None, code @ 0..=9) => format!("DTMF {code}"),
        (false, None, 10) => "DTMF *".to_owned(),
        (false, None, 11) => "DTMF #".to_owned(),
        (false, None, code) => format!("event {code}"),
    }
}

/// The word of T.30 where there is one (CED, CNG), else the label of the ASN.1.
fn indicator_texts(indicator: Indicator) -> Texts {
    match indicator {
        Indicator::Ced => tone_texts(Tone::Ced),
        Indicator::Cng => tone_texts(Tone::Cng),
        Indicator::V8Ansam => tone_texts(Tone::AnsAm),
        other => {
            let label = other.to_string();
            match label.strip_suffix("-training") {
                Some(modem) => shortened(label.clone(), modem, "training"),
                None => whole(label),
            }
        }
    }
}

fn tone_texts(tone: Tone) -> Texts {
    let name = tone.to_string();
    match name.split_once(" with ") {
        Some((short, rest)) => shortened(name.clone(), short, &format!("with {rest}")),
        None => whole(name),
    }
}

fn t30_texts(frame: &T30Frame) -> Texts {
    let name = frame.name().into_owned();
    if frame.is_doubtful() {
        return whole(format!("{name}?"));
    }
    if matches!(frame.fcf, Fcf::Csi | Fcf::Tsi | Fcf::Cig) {
        let number = cut(&frame.detail());
        if !number.is_empty() {
            return shortened(format!("{name} {number}"), &name, &number);
        }
    }
    whole(name)
}

fn seconds_of(event: &Event) -> String {
    length(event.end.seconds_since(event.at).max(0.0))
}

fn rate_of(modem: Modem) -> String {
    if modem.rate == 0 {
        modem.name.to_owned()
    } else {
        modem.rate.to_string()
    }
}

fn tcf_texts(event: &Event, tcf: &Tcf) -> Texts {
    let seconds = seconds_of(event);
    let rate = rate_of(tcf.modem);
    if tcf.has_training() {
        // How long both took stands beside it.
        return shortened(format!("TCF {rate}"), "TCF", &rate);
    }
    vec![
        (format!("TCF {seconds} {rate}"), String::new()),
        (format!("TCF {seconds}"), rate.clone()),
        ("TCF".to_owned(), format!("{seconds} {rate}")),
    ]
}

fn page_texts(event: &Event, page: &PageData, facts: LabelFacts) -> Texts {
    let seconds = seconds_of(event);
    let number = page.page;
    let Some(block) = page.block else {
        return vec![
            (format!("page {number}  {seconds}"), String::new()),
            (format!("page {number} {seconds}"), String::new()),
            (format!("page {number}"), seconds),
        ];
    };
    let (block, short_block) = if facts.blocks {
        (format!(", block {block}"), format!(" b{block}"))
    } else {
        (String::new(), String::new())
    };
    let frames = page.frames;
    // In audio the frames are not read: there is nothing to count.
    if frames == 0 && page.bad_frames == 0 {
        return vec![
            (
                format!("page {number}{block}  ECM  {seconds}"),
                String::new(),
            ),
            (
                format!("page {number}{short_block} {seconds}"),
                "ECM".to_owned(),
            ),
            (format!("p{number}{short_block}"), format!("ECM, {seconds}")),
        ];
    }
    let in_full = crate::text::count(frames, "frame");
    vec![
        (
            format!("page {number}{block}  ECM {in_full}  {seconds}"),
            String::new(),
        ),
        (
            format!("page {number}{short_block} ECM {frames} fr {seconds}"),
            String::new(),
        ),
        (
            format!("page {number}{short_block} {frames} fr {seconds}"),
            "ECM".to_owned(),
        ),
        (
            format!("p{number}{short_block} {frames} fr"),
            format!("ECM, {seconds}"),
        ),
    ]
}
