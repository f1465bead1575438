//! What stands on an arrow, and how the arrow is drawn.

use unicode_width::UnicodeWidthStr;

use crate::call::{Event, EventKind, PageData, SipEvent, Tcf};
use crate::line::{Modem, Tone};
use crate::rtp::{RtpEvent, RtpSpan};
use crate::sip::{MediaKind, Sdp, StartLine};
use crate::t30::Fcf;
use crate::t30::frame::T30Frame;
use crate::t38::Indicator;
use crate::view::time::length;
use crate::view::{Role, Span, fit, plain};

/// Longest text of the network on an arrow; only hostile ones are longer.
const LONGEST: usize = 40;

/// What stands on an arrow.
#[derive(Clone, Debug)]
pub(super) struct Label {
    /// The same in words, from long to short; the first that fits is taken.
    texts: Vec<String>,
    /// `(2)`, `(retransmission)`.
    suffix: String,
    role: Role,
    line: Line,
}

/// How the line of an arrow looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Thin,
    Thick,
    Dashed,
    Dotted,
    /// Thick, with a head on either end.
    Both,
}

impl Line {
    const fn stroke(self, ascii: bool) -> char {
        match (self, ascii) {
            (Self::Thin, false) => '─',
            (Self::Thick | Self::Both, false) => '═',
            (Self::Dashed, false) => '╌',
            (Self::Dotted, false) => '┄',
            (Self::Thin, true) => '-',
            (Self::Thick | Self::Both, true) => '=',
            (Self::Dashed, true) => '.',
            (Self::Dotted, true) => '~',
        }
    }
}

/// Facts about a leg that labels depend on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Habits {
    /// `m=` lines are shown.
    pub(super) sdp: bool,
    /// Some page of the fax has more than one ECM block: blocks are named.
    pub(super) blocks: bool,
    /// Plain ASCII.
    pub(super) ascii: bool,
}

impl Label {
    /// The label of an event; `partner` is the RTP of the other direction, drawn on the same row.
    pub(super) fn of(event: &Event, partner: Option<&Event>, habits: Habits) -> Self {
        let (texts, role, line) = texts(event, partner, habits);
        let texts = texts
            .into_iter()
            .map(|text| fit(&plain(&text, habits.ascii), 2 * LONGEST, habits.ascii).into_owned())
            .collect();
        let suffix = match event {
            event if event.repeat > 1 => format!(" ({})", event.repeat),
            event if event.retransmission => " (retransmission)".to_owned(),
            _ => String::new(),
        };
        Self {
            texts,
            role: if event.retransmission {
                Role::Repeat
            } else {
                role
            },
            suffix,
            line,
        }
    }

    /// Columns of the longest wording.
    pub(super) fn width(&self) -> usize {
        self.texts.first().map_or(0, |text| text.width()) + self.suffix.width()
    }

    /// The arrow, exactly `width` columns.
    pub(super) fn arrow(&self, width: usize, to_right: bool, ascii: bool) -> Vec<Span> {
        let heads = if self.line == Line::Both { 2 } else { 1 };
        let room = width.saturating_sub(heads + 2);
        let short = self.texts.iter().find(|text| {
            text.width() + self.suffix.width() + 2 <= room
                || text.width() + self.suffix.width() <= room.saturating_sub(1)
        });
        let (text, suffix) = match (short, self.texts.last()) {
            (Some(text), _) => (text.clone(), self.suffix.clone()),
            (None, Some(text)) => {
                let suffix = fit(&self.suffix, room / 2, ascii).into_owned();
                let room = room.saturating_sub(suffix.width());
                (fit(text, room, ascii).into_owned(), suffix)
            }
            (None, None) => (String::new(), String::new()),
        };
        let spaces = if width >= heads + 2 { 2 } else { 0 };
        let strokes = width.saturating_sub(heads + spaces + text.width() + suffix.width());
        let stroke = self.line.stroke(ascii);
        let left: String = std::iter::repeat_n(stroke, strokes / 2).collect();
        let right: String = std::iter::repeat_n(stroke, strokes - strokes / 2).collect();
        let (head_left, head_right) = if ascii { ("<", ">") } else { ("◀", "▶") };
        let pad = if spaces > 0 { " " } else { "" };
        let points_left = width > 0 && (!to_right || (heads == 2 && width > 1));
        let points_right = width > 0 && (to_right || heads == 2);
        let start = format!("{}{left}{pad}", if points_left { head_left } else { "" });
        let end = format!("{pad}{right}{}", if points_right { head_right } else { "" });
        let mut spans = vec![Span::new(start, self.role), Span::new(text, self.role)];
        if !suffix.is_empty() {
            spans.push(Span::new(suffix, Role::Repeat));
        }
        spans.push(Span::new(end, self.role));
        spans
    }
}

fn texts(event: &Event, partner: Option<&Event>, habits: Habits) -> (Vec<String>, Role, Line) {
    let one = |text: String, role, line| (vec![text], role, line);
    match &event.kind {
        EventKind::Missing(missing) => one(missing.name.to_owned(), Role::Missing, Line::Dashed),
        EventKind::Sip(sip) => (sip_texts(sip, habits), Role::Sip, Line::Thin),
        EventKind::Rtp(span) => {
            let other = match partner.map(|event| &event.kind) {
                Some(EventKind::Rtp(other)) => Some(other.as_ref()),
                _ => None,
            };
            let line = if other.is_some() {
                Line::Both
            } else {
                Line::Thick
            };
            one(rtp_text(span, other), Role::Rtp, line)
        }
        EventKind::RtpEvent(event) => one(rtp_event_text(event), Role::Indicator, Line::Thin),
        EventKind::Indicator(indicator) => {
            one(indicator_text(*indicator), Role::Indicator, Line::Thin)
        }
        EventKind::Tone { tone, .. } => one(tone.to_string(), Role::Indicator, Line::Thin),
        EventKind::Preamble => one("V.21 preamble".to_owned(), Role::Indicator, Line::Thin),
        EventKind::Training(modem) => one(format!("training {modem}"), Role::Indicator, Line::Thin),
        EventKind::T30(frame) => (t30_texts(frame), Role::T30, Line::Thin),
        EventKind::Tcf(tcf) => (tcf_texts(event, tcf), Role::Page, Line::Thin),
        EventKind::PageData(page) => (page_texts(event, page, habits), Role::Page, Line::Thick),
        EventKind::V8 { name, .. } => one((*name).to_owned(), Role::Indicator, Line::Thin),
        EventKind::Icmp { v6, count, .. } => one(
            format!(
                "ICMP{} unreachable{}",
                if *v6 { "v6" } else { "" },
                times(*count)
            ),
            Role::Missing,
            Line::Thin,
        ),
        EventKind::Gap {
            lost, recovered, ..
        } => (gap_texts(*lost, *recovered), Role::Missing, Line::Dotted),
        EventKind::Malformed { count, .. } => one(
            format!("undecodable T.38{}", times(*count)),
            Role::Missing,
            Line::Dotted,
        ),
    }
}

fn times(count: u32) -> String {
    if count > 1 {
        format!(" ×{count}")
    } else {
        String::new()
    }
}

fn gap_texts(lost: u32, recovered: u32) -> Vec<String> {
    let packets = if lost == 1 { "packet" } else { "packets" };
    vec![
        format!("{lost} {packets} lost, {recovered} repaired"),
        format!("lost {lost}, repaired {recovered}"),
    ]
}

fn sip_texts(sip: &SipEvent, habits: Habits) -> Vec<String> {
    let media = sip.sdp.as_ref().filter(|_| habits.sdp).map(media_text);
    match (&sip.message.start, media) {
        (StartLine::Request { method, .. }, None) => vec![cut(method)],
        (StartLine::Request { method, .. }, Some(media)) => {
            vec![format!("{} {media}", cut(method)), cut(method)]
        }
        (StartLine::Response { status, .. }, Some(media)) => {
            vec![format!("{status} {media}"), status.to_string()]
        }
        (StartLine::Response { status, .. }, None) => {
            vec![cut(&sip.message.start.to_string()), status.to_string()]
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

fn rtp_text(span: &RtpSpan, other: Option<&RtpSpan>) -> String {
    let packets = span.stats.packets + other.map_or(0, |other| other.stats.packets);
    format!(
        "RTP {} {packets}",
        fit(&plain(&span.codec, false), 16, false)
    )
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
fn indicator_text(indicator: Indicator) -> String {
    match indicator {
        Indicator::Ced => Tone::Ced.to_string(),
        Indicator::Cng => Tone::Cng.to_string(),
        Indicator::V8Ansam => Tone::AnsAm.to_string(),
        other => other.to_string(),
    }
}

fn t30_texts(frame: &T30Frame) -> Vec<String> {
    let name = frame.name().into_owned();
    if matches!(frame.fcf, Fcf::Csi | Fcf::Tsi | Fcf::Cig) {
        let number = frame.detail();
        if !number.is_empty() {
            return vec![format!("{name} {}", cut(&number)), name];
        }
    }
    vec![name]
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

fn tcf_texts(event: &Event, tcf: &Tcf) -> Vec<String> {
    let seconds = seconds_of(event);
    vec![
        format!("TCF {seconds} {}", rate_of(tcf.modem)),
        format!("TCF {seconds}"),
        "TCF".to_owned(),
    ]
}

fn page_texts(event: &Event, page: &PageData, habits: Habits) -> Vec<String> {
    let seconds = seconds_of(event);
    let number = page.page;
    let Some(block) = page.block else {
        return vec![
            format!("page {number}  {seconds}"),
            format!("page {number} {seconds}"),
            format!("page {number}"),
        ];
    };
    let (block, short_block) = if habits.blocks {
        (format!(" block {block}"), format!("/{block}"))
    } else {
        (String::new(), String::new())
    };
    let frames = page.frames;
    // In audio the frames are not read: there is nothing to count.
    if frames == 0 && page.bad_frames == 0 {
        return vec![
            format!("page {number}{block}  ECM  {seconds}"),
            format!("page {number}{short_block} {seconds}"),
            format!("p{number}{short_block}"),
        ];
    }
    let word = if frames == 1 { "frame" } else { "frames" };
    vec![
        format!("page {number}{block}  ECM {frames} {word}  {seconds}"),
        format!("page {number}{short_block} ECM {frames} fr {seconds}"),
        format!("page {number}{short_block} {frames} fr {seconds}"),
        format!("p{number}{short_block} {frames} fr"),
    ]
}
