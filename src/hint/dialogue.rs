//! The T.30 exchange of a call, as rules ask for it: who plays which part, which command got which answer,
//! what was repeated, and what the DCS in force says.
//!
//! Derived from the events of one call; a message with a bad check sequence is on the line, but neither a
//! command nor an answer, as no terminal takes it for one.

use crate::call::{Call, Event, PageData, Side, Tcf};
use crate::capture::{FrameNo, Timestamp};
use crate::hint::evidence;
use crate::t30::Fcf;
use crate::t30::frame::T30Frame;

mod reached;
mod rounds;

pub(crate) use reached::Reached;
use rounds::{lines, rounds};

/// Something a fax terminal put on the line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'a> {
    /// Its event.
    pub(crate) event: &'a Event,
    /// What it is.
    pub(crate) what: What<'a>,
}

/// What was on the line.
#[derive(Clone, Copy, Debug)]
pub(crate) enum What<'a> {
    /// A T.30 message, whatever its check sequence.
    Message(&'a T30Frame),
    /// Training check.
    Tcf(&'a Tcf),
    /// Page data.
    Page(&'a PageData),
}

impl<'a> Line<'a> {
    /// The message, if it is one that a terminal would take.
    pub(crate) fn valid(&self) -> Option<&'a T30Frame> {
        self.message().filter(|message| !message.is_doubtful())
    }

    /// The message, if it is one.
    pub(crate) fn message(&self) -> Option<&'a T30Frame> {
        match self.what {
            What::Message(message) => Some(message),
            What::Tcf(_) | What::Page(_) => None,
        }
    }

    /// The FCF of a valid message.
    pub(crate) fn fcf(&self) -> Option<Fcf> {
        self.valid().map(|message| message.fcf)
    }

    /// Page data, if it is that.
    pub(crate) fn page(&self) -> Option<&'a PageData> {
        match self.what {
            What::Page(page) => Some(page),
            What::Message(_) | What::Tcf(_) => None,
        }
    }

    /// First frame.
    pub(crate) fn frame(&self) -> FrameNo {
        self.event.frame
    }

    /// `DIS`, `PPS-EOP`, `TCF`, `page 2`.
    pub(crate) fn name(&self) -> String {
        match self.what {
            What::Message(message) if message.is_doubtful() => {
                format!("{} (damaged)", message.name())
            }
            What::Message(message) => message.name().into_owned(),
            What::Tcf(_) => "TCF".to_owned(),
            What::Page(page) => format!("page {}", page.page),
        }
    }
}

/// A command and what became of it.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    /// Place of the command in [`Dialogue::lines`].
    pub(crate) command: usize,
    /// Who sent it.
    pub(crate) from: Side,
    /// 1 for the first, 2 for the same command again without a valid answer in between, ...
    pub(crate) attempt: u32,
    /// When it was over; a DCS ends with its TCF.
    pub(crate) end: Timestamp,
    /// Place of the answer.
    pub(crate) answer: Option<usize>,
    /// DIS in answer to a DCS: the receiver did not see it.
    pub(crate) unseen: Option<usize>,
    /// The command repeats one whose answer is in the capture: place of that answer.
    pub(crate) repeats_answered: Option<usize>,
}

/// The T.30 exchange of one call.
#[derive(Clone, Debug)]
pub(crate) struct Dialogue<'a> {
    /// The call.
    pub(crate) call: &'a Call,
    /// Messages, TCF and page data in time order, up to and with the first DCN.
    pub(crate) lines: Vec<Line<'a>>,
    /// Commands in time order.
    pub(crate) rounds: Vec<Round>,
    /// The called terminal: the one that identifies itself with DIS.
    pub(crate) called: Side,
    /// It sends pages.
    pub(crate) sender: Side,
    /// The first DCN: its place in `lines`.
    pub(crate) dcn: Option<usize>,
}

impl<'a> Dialogue<'a> {
    /// Reads a call. Empty for a call without T.30.
    pub(crate) fn of(call: &'a Call) -> Self {
        let lines = lines(call);
        let first = |wanted: &[Fcf]| {
            lines
                .iter()
                .find(|line| line.fcf().is_some_and(|fcf| wanted.contains(&fcf)))
                .map(|line| line.event.from)
        };
        let dtc = first(&[Fcf::Dtc]);
        let dcs = first(&[Fcf::Dcs, Fcf::Nss]);
        let called = first(&[Fcf::Dis])
            .or_else(|| first(&[Fcf::Csi, Fcf::Nsf]))
            .or_else(|| dtc.map(Side::other))
            .or_else(|| dcs.map(Side::other))
            .or_else(|| first(ANSWERS).filter(|_| dtc.is_none()))
            .unwrap_or(Side::Callee);
        let sender = dcs
            .or_else(|| call.fax.as_ref().and_then(|fax| fax.sender))
            .or_else(|| dtc.map(Side::other))
            .unwrap_or_else(|| called.other());
        let dcn = lines.iter().position(|line| line.fcf() == Some(Fcf::Dcn));
        let rounds = rounds(&lines);
        Self {
            call,
            lines,
            rounds,
            called,
            sender,
            dcn,
        }
    }

    /// The side that sends no pages.
    pub(crate) fn receiver(&self) -> Side {
        self.sender.other()
    }

    /// A line by its place.
    pub(crate) fn line(&self, place: usize) -> Option<&Line<'a>> {
        self.lines.get(place)
    }

    /// The valid messages with their places.
    pub(crate) fn messages(&self) -> impl Iterator<Item = (usize, &Line<'a>, &'a T30Frame)> {
        self.lines
            .iter()
            .enumerate()
            .filter_map(|(place, line)| line.valid().map(|message| (place, line, message)))
    }

    /// Valid messages of some FCF.
    pub(crate) fn all(&self, wanted: &'a [Fcf]) -> impl Iterator<Item = (usize, &Line<'a>)> {
        self.lines
            .iter()
            .enumerate()
            .filter(|(_, line)| line.fcf().is_some_and(|fcf| wanted.contains(&fcf)))
    }

    /// Whether a valid message of some FCF was seen.
    pub(crate) fn has(&self, wanted: &'a [Fcf]) -> bool {
        self.all(wanted).next().is_some()
    }

    /// The last valid message of some FCF before a place.
    pub(crate) fn last_before(&self, place: usize, wanted: &[Fcf]) -> Option<(usize, &Line<'a>)> {
        self.lines
            .iter()
            .enumerate()
            .take(place)
            .rev()
            .find(|(_, line)| line.fcf().is_some_and(|fcf| wanted.contains(&fcf)))
    }

    /// The first line after a place for which `wanted` holds.
    pub(crate) fn next_after(
        &self,
        place: usize,
        wanted: impl Fn(&Line<'a>) -> bool,
    ) -> Option<(usize, &Line<'a>)> {
        self.lines
            .iter()
            .enumerate()
            .skip(place + 1)
            .find(|(_, line)| wanted(line))
    }

    /// Rounds of some command.
    pub(crate) fn rounds_of(&self, wanted: &'a [Fcf]) -> impl Iterator<Item = &Round> {
        self.rounds.iter().filter(|round| {
            self.line(round.command)
                .and_then(Line::fcf)
                .is_some_and(|fcf| wanted.contains(&fcf))
        })
    }

    /// FCF of a round's command.
    pub(crate) fn command(&self, round: &Round) -> Option<&Line<'a>> {
        self.line(round.command)
    }

    /// FCF of a round's answer.
    pub(crate) fn answer(&self, round: &Round) -> Option<Fcf> {
        round
            .answer
            .and_then(|place| self.line(place))
            .and_then(Line::fcf)
    }

    /// The page number that holds at a place: of the last page data before it, at least 1.
    pub(crate) fn page_at(&self, place: usize) -> u32 {
        self.lines
            .iter()
            .take(place + 1)
            .rev()
            .find_map(|line| line.page().map(|page| page.page))
            .unwrap_or(1)
    }

    /// Whether nothing of a side was captured although the other side's answers prove that it talked
    /// (`cap-one-direction`).
    pub(crate) fn is_half(&self) -> bool {
        let seen = |side: Side| self.lines.iter().any(|line| line.event.from == side);
        let answers = |side: Side| {
            self.lines.iter().any(|line| {
                line.event.from == side
                    && line.fcf().is_some_and(|fcf| {
                        ANSWERS.contains(&fcf) && !matches!(fcf, Fcf::Dcn | Fcf::Crp)
                    })
            })
        };
        let commands = |side: Side| {
            self.lines.iter().any(|line| {
                line.event.from == side
                    && line
                        .fcf()
                        .is_some_and(|fcf| COMMANDS.contains(&fcf) && fcf != Fcf::Dis)
            })
        };
        [Side::Caller, Side::Callee].into_iter().any(|side| {
            !seen(side.other()) && (answers(side) || (commands(side) && self.pages_confirmed() > 0))
        })
    }

    /// Pages confirmed, by the model.
    pub(crate) fn pages_confirmed(&self) -> u32 {
        self.call.fax.as_ref().map_or(0, |fax| fax.pages_confirmed)
    }

    /// The last DCS before a place.
    pub(crate) fn dcs_before(&self, place: usize) -> Option<&'a T30Frame> {
        self.last_before(place, &[Fcf::Dcs])
            .and_then(|(_, line)| line.valid())
    }
}

impl Dialogue<'_> {
    /// Runs of the same command, each with all its rounds.
    pub(crate) fn runs<'d>(&'d self, wanted: &'d [Fcf]) -> Vec<Vec<&'d Round>> {
        let mut out: Vec<Vec<&Round>> = Vec::new();
        for round in self.rounds.iter().filter(|round| {
            self.line(round.command)
                .and_then(Line::fcf)
                .is_some_and(|fcf| wanted.contains(&fcf))
        }) {
            match out.last_mut() {
                Some(run) if round.attempt > 1 => run.push(round),
                _ => out.push(vec![round]),
            }
        }
        out
    }

    /// Whether the other side put any message on the line, readable or not, after a command and before the
    /// next one of the same side.
    pub(crate) fn is_talked_to(&self, round: &Round) -> bool {
        self.lines
            .iter()
            .skip(round.command + 1)
            .take_while(|line| {
                line.event.from != round.from
                    || line
                        .fcf()
                        .is_none_or(|fcf| !COMMANDS.contains(&fcf) && fcf != Fcf::Dcn)
            })
            .any(|line| line.event.from != round.from && line.message().is_some())
    }

    /// Seconds for which nothing answered a command: to the next command or DCN of the same side, the
    /// hang-up, or the end of the capture.
    pub(crate) fn patience(&self, round: &Round) -> f64 {
        let next = self
            .lines
            .iter()
            .skip(round.command + 1)
            .find(|line| {
                line.event.from == round.from
                    && line
                        .fcf()
                        .is_some_and(|fcf| COMMANDS.contains(&fcf) || fcf == Fcf::Dcn)
            })
            .map(|line| line.event.at);
        let hang_up = evidence::hang_up(self.call).map(|event| event.at);
        let sent = self.line(round.command).map(|line| line.event.at);
        let until = [next, hang_up.filter(|at| Some(*at) > sent)]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(self.call.capture.last_time);
        until.seconds_since(round.end)
    }

    /// Whether a side shows by what it sends that it hears the other: it answers, or commands what only an
    /// answering terminal commands.
    pub(crate) fn hears(&self, side: Side) -> bool {
        self.messages().any(|(_, line, message)| {
            line.event.from == side
                && (matches!(message.fcf, Fcf::Dcs | Fcf::Dtc | Fcf::Nss)
                    || (ANSWERS.contains(&message.fcf)
                        && !matches!(message.fcf, Fcf::Dcn | Fcf::Crp)))
        })
    }

    /// Whether the last answer before a place was to a command that repeated an answered one: the sender does
    /// not hear the answers (`t30-response-not-heard`).
    pub(crate) fn repeated_though_answered(&self, place: usize) -> bool {
        self.rounds
            .iter()
            .rev()
            .find(|round| round.answer.is_some_and(|answer| answer < place))
            .is_some_and(|round| round.repeats_answered.is_some())
    }

    /// T.38 carried this fax, at least in part.
    pub(crate) fn is_t38(&self) -> bool {
        self.call.udptl.caller.packets > 0 || self.call.udptl.callee.packets > 0
    }
}

/// Commands: an answer is expected (T.30 5.3.6).
pub(crate) const COMMANDS: &[Fcf] = &[
    Fcf::Dis,
    Fcf::Dtc,
    Fcf::Dcs,
    Fcf::Nss,
    Fcf::Ctc,
    Fcf::Eom,
    Fcf::Mps,
    Fcf::Eor,
    Fcf::Eop,
    Fcf::Rr,
    Fcf::Eos,
    Fcf::PriEom,
    Fcf::PriMps,
    Fcf::PriEop,
    Fcf::Pps,
];

/// Answers to the commands of the sender of pages.
pub(crate) const ANSWERS: &[Fcf] = &[
    Fcf::Cfr,
    Fcf::Ftt,
    Fcf::Ctr,
    Fcf::Mcf,
    Fcf::Rtn,
    Fcf::Rtp,
    Fcf::Pin,
    Fcf::Pip,
    Fcf::Pid,
    Fcf::Rnr,
    Fcf::Err,
    Fcf::Ppr,
    Fcf::Fnv,
    Fcf::Crp,
    Fcf::Dcn,
];

/// Post-message commands that want a page confirmed.
pub(crate) const POST_MESSAGE: &[Fcf] = &[
    Fcf::Eom,
    Fcf::Mps,
    Fcf::Eop,
    Fcf::Eos,
    Fcf::PriEom,
    Fcf::PriMps,
    Fcf::PriEop,
    Fcf::Pps,
];

/// Whether a post-message command announces the end: EOP, PRI-EOP, PPS-EOP.
pub(crate) fn ends_procedure(message: &T30Frame) -> bool {
    let fcf = if matches!(message.fcf, Fcf::Pps | Fcf::Eor) {
        message.fcf2
    } else {
        Some(message.fcf)
    };
    matches!(fcf, Some(Fcf::Eop | Fcf::PriEop))
}
