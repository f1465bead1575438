//! Which command got which answer, and which was sent again.

use crate::call::exchange::line::{Line, What};
use crate::call::{BySide, Side};
use crate::capture::Timestamp;
use crate::t30::Fcf;
use crate::t30::frame::T30Frame;

/// A DIS that begins sooner after the end of a DCS was under way when the DCS came, seconds.
const DIS_IN_FLIGHT: f64 = 0.3;
/// Longest pause between the frames of one burst, seconds.
const BURST_PAUSE: f64 = 1.0;
/// TCF: 1.5 s of zeros (T.30 5.3.6.1.4), after a pause of 75 ms.
const TCF_SECONDS: f64 = 1.575;

/// A command and what became of it. Places are those in [`Exchange::lines`](super::Exchange::lines).
#[derive(Clone, Debug, PartialEq)]
pub struct Round {
    /// Place of the command.
    pub command: usize,
    /// Who sent it.
    pub from: Side,
    /// 1 for the first, 2 for the same command again without a valid answer in between, ...
    pub attempt: u32,
    /// Number of the page that holds at the command: of the last page data before it, at least 1.
    pub page: u32,
    /// When it was over; a DCS ends with its TCF.
    pub end: Timestamp,
    /// Place of the answer.
    pub answer: Option<usize>,
    /// DIS in answer to a DCS: the receiver did not see it.
    pub unseen: Option<usize>,
    /// The command repeats one whose answer is in the capture: place of that answer.
    pub repeats_answered: Option<usize>,
}

pub(super) fn rounds(lines: &[Line<'_>]) -> Vec<Round> {
    let mut out: Vec<Round> = Vec::new();
    // The last round of each side.
    let mut last: BySide<Option<usize>> = BySide::default();
    let mut page = 1;
    for (place, line) in lines.iter().enumerate() {
        let from = line.event.from;
        page = line.page().map_or(page, |data| data.page);
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
            page,
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
    message.fcf.is_command() && (message.fcf != Fcf::Nss || message.last)
}

/// The latest round of the other side gets the answer, if it is open.
fn take_answer(round: &mut Round, lines: &[Line<'_>], place: usize, fcf: Fcf) {
    let Some(command) = lines.get(round.command).and_then(Line::fcf) else {
        return;
    };
    if command.is_answered_by(fcf) && round.answer.is_none() {
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
