//! What is on the line, and which command got which answer.

use crate::call::{BySide, Call, Event, EventKind, PageData};
use crate::capture::Timestamp;
use crate::hint::dialogue::{ANSWERS, COMMANDS, Line, Round, What};
use crate::t30::Fcf;
use crate::t30::frame::T30Frame;

/// Less data than this is the rest of a training that was broken off, where a training is under way, octets.
const LEFTOVER: u32 = 200;
/// No longer than this it may be a TCF (1.5 s) that is not known as one, seconds.
const TRAINING: f64 = 2.0;
/// A DIS that begins sooner after the end of a DCS was under way when the DCS came, seconds.
const DIS_IN_FLIGHT: f64 = 0.3;
/// Longest pause between the frames of one burst, seconds.
const BURST_PAUSE: f64 = 1.0;
/// TCF: 1.5 s of zeros (T.30 5.3.6.1.4), after a pause of 75 ms.
const TCF_SECONDS: f64 = 1.575;

/// Lines of one call that rules look at, some thousand pages: many rules compare lines with lines, and the
/// square of what a hostile capture holds must stay small.
pub(crate) const MAX_LINES: usize = 10_000;

pub(super) fn lines(call: &Call) -> Vec<Line<'_>> {
    let mut out = Vec::new();
    // A DCS (of any quality) has no answer yet: between it and CFR or FTT is TCF (RULES.md 0.1).
    let mut training = false;
    for event in call.events.iter().filter(|event| event.observed) {
        let what = match &event.kind {
            EventKind::T30(message) => {
                if matches!(message.fcf, Fcf::Dcs | Fcf::Nss) {
                    training = true;
                } else if ANSWERS.contains(&message.fcf) && message.fcf != Fcf::Crp {
                    training = false;
                }
                What::Message(message)
            }
            EventKind::Tcf(tcf) => What::Tcf(tcf),
            EventKind::PageData(page) if training && is_leftover(event, page) => continue,
            EventKind::PageData(page) => What::Page(page),
            _ => continue,
        };
        let line = Line { event, what };
        out.push(line);
        if line.fcf() == Some(Fcf::Dcn) || out.len() >= MAX_LINES {
            break;
        }
    }
    out
}

/// Whether fast data during a training are no page: they are no longer than a TCF.
fn is_leftover(event: &Event, page: &PageData) -> bool {
    page.level.is_none() && (page.bytes < LEFTOVER || event.end.seconds_since(event.at) <= TRAINING)
}

pub(super) fn rounds(lines: &[Line<'_>]) -> Vec<Round> {
    let mut out: Vec<Round> = Vec::new();
    // The last round of each side.
    let mut last: BySide<Option<usize>> = BySide::default();
    for (place, line) in lines.iter().enumerate() {
        let from = line.event.from;
        if let Some(fcf) = line.fcf()
            && let Some(round) = last.of(from.other()).and_then(|at| out.get_mut(at))
        {
            take_answer(round, lines, place, fcf);
        }
        let Some(message) = line.valid().filter(|message| is_command(message)) else {
            continue;
        };
        let previous = last.of(from).and_then(|at| out.get(at));
        let (attempt, repeats_answered) = repetition(lines, previous, place, message);
        *last.of_mut(from) = Some(out.len());
        out.push(Round {
            command: place,
            from,
            attempt,
            end: command_end(lines, place, line, message),
            answer: None,
            unseen: None,
            repeats_answered,
        });
    }
    out
}

/// NSS stands before a DCS or instead of it; only its last frame is the command.
fn is_command(message: &T30Frame) -> bool {
    COMMANDS.contains(&message.fcf) && (message.fcf != Fcf::Nss || message.last)
}

/// The latest round of the other side gets the answer, if it is open.
fn take_answer(round: &mut Round, lines: &[Line<'_>], place: usize, fcf: Fcf) {
    let Some(command) = lines.get(round.command).and_then(Line::fcf) else {
        return;
    };
    let answers = match command {
        Fcf::Dis => matches!(
            fcf,
            Fcf::Dcs | Fcf::Nss | Fcf::Dtc | Fcf::Crp | Fcf::Fnv | Fcf::Dcn
        ),
        Fcf::Dtc => matches!(fcf, Fcf::Dcs | Fcf::Nss | Fcf::Crp | Fcf::Fnv | Fcf::Dcn),
        _ => ANSWERS.contains(&fcf),
    };
    if answers && round.answer.is_none() {
        round.answer = Some(place);
    }
    if fcf == Fcf::Dis
        && matches!(command, Fcf::Dcs | Fcf::Nss)
        && round.answer.is_none()
        && round.unseen.is_none()
        && lines.get(round.command).is_some_and(|dcs| {
            burst_start(lines, place).seconds_since(dcs.event.end) >= DIS_IN_FLIGHT
        })
    {
        round.unseen = Some(place);
    }
}

/// When the messages began that lead up to this one without a pause: NSF and CSI before DIS.
fn burst_start(lines: &[Line<'_>], place: usize) -> Timestamp {
    let Some(last) = lines.get(place) else {
        return Timestamp::default();
    };
    let mut start = last.event.at;
    for line in lines.iter().take(place).rev() {
        if line.event.from != last.event.from {
            continue;
        }
        let leads = line.message().is_some_and(|message| !message.last)
            && start.seconds_since(line.event.end) < BURST_PAUSE;
        if !leads {
            break;
        }
        start = line.event.at;
    }
    start
}

fn repetition(
    lines: &[Line<'_>],
    previous: Option<&Round>,
    place: usize,
    message: &T30Frame,
) -> (u32, Option<usize>) {
    let Some(previous) = previous else {
        return (1, None);
    };
    let Some(before) = lines.get(previous.command).and_then(Line::valid) else {
        return (1, None);
    };
    let same = before.fcf == message.fcf
        && before.fcf2 == message.fcf2
        && (matches!(message.fcf, Fcf::Dcs | Fcf::Dis | Fcf::Nss) || before.fif() == message.fif());
    let data_between = lines
        .iter()
        .take(place)
        .skip(previous.command + 1)
        .any(|line| line.page().is_some());
    if !same || data_between {
        return (1, None);
    }
    match previous
        .answer
        .and_then(|answer| lines.get(answer))
        .and_then(Line::fcf)
    {
        None | Some(Fcf::Crp) => (previous.attempt + 1, None),
        // These answers ask for another round of the same command; a DIS again after a DCS is counted with
        // the DCS (`Round::unseen`).
        Some(
            Fcf::Ftt | Fcf::Rnr | Fcf::Rtn | Fcf::Pin | Fcf::Fnv | Fcf::Dcs | Fcf::Nss | Fcf::Dtc,
        ) => (1, None),
        // RTP asks for training too.
        Some(Fcf::Rtp) if message.fcf == Fcf::Dcs => (1, None),
        Some(_) => (1, previous.answer),
    }
}

fn command_end(lines: &[Line<'_>], place: usize, line: &Line<'_>, message: &T30Frame) -> Timestamp {
    if !matches!(message.fcf, Fcf::Dcs | Fcf::Nss) {
        return line.event.end;
    }
    let tcf = lines
        .iter()
        .skip(place + 1)
        .take_while(|next| next.event.from == line.event.from || next.fcf().is_none())
        .find(|next| matches!(next.what, What::Tcf(_)) && next.event.from == line.event.from);
    match tcf {
        Some(tcf) => tcf.event.end,
        None => line.event.end.plus_seconds(TCF_SECONDS),
    }
}
