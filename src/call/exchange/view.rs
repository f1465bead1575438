//! The exchange as rules ask for it: with the events at hand.

use crate::call::exchange::{Exchange, Line, Round, event};
use crate::call::{Call, Side};
use crate::t30::Fcf;
use crate::t30::frame::T30Frame;

/// The T.30 exchange of one call, with its events.
#[derive(Clone, Debug)]
pub(crate) struct ExchangeView<'a> {
    /// The call.
    pub(crate) call: &'a Call,
    /// Messages, TCF and page data in time order, up to and with the first DCN.
    pub(crate) lines: Vec<Line<'a>>,
    /// Commands in time order.
    pub(crate) rounds: &'a [Round],
    /// The called terminal: the one that identifies itself with DIS.
    pub(crate) called: Side,
    /// It sends pages.
    pub(crate) sender: Side,
    /// The first DCN: its place in `lines`.
    pub(crate) dcn: Option<usize>,
}

impl<'a> ExchangeView<'a> {
    /// The exchange of a call. Empty for a call without T.30.
    pub(crate) fn of(call: &'a Call) -> Self {
        let Exchange {
            lines,
            rounds,
            called,
            sender,
            dcn,
            ..
        } = &call.exchange;
        let events = lines.iter().filter_map(|id| event(&call.events, *id));
        Self {
            call,
            lines: events.filter_map(Line::of).collect(),
            rounds,
            called: *called,
            sender: *sender,
            dcn: *dcn,
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

    /// The last post-message command before a place.
    pub(crate) fn last_post_message(&self, place: usize) -> Option<(usize, &Line<'a>)> {
        let before = self.lines.iter().enumerate().take(place);
        before
            .rev()
            .find(|(_, line)| line.fcf().is_some_and(Fcf::is_post_message))
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

    /// The command of a round.
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
                    && line
                        .fcf()
                        .is_some_and(|fcf| fcf.is_answer() && !matches!(fcf, Fcf::Dcn | Fcf::Crp))
            })
        };
        let commands = |side: Side| {
            self.lines.iter().any(|line| {
                line.event.from == side
                    && line
                        .fcf()
                        .is_some_and(|fcf| fcf.is_command() && fcf != Fcf::Dis)
            })
        };
        Side::BOTH.into_iter().any(|side| {
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

impl ExchangeView<'_> {
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
                        .is_none_or(|fcf| !fcf.is_command() && fcf != Fcf::Dcn)
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
                        .is_some_and(|fcf| fcf.is_command() || fcf == Fcf::Dcn)
            })
            .map(|line| line.event.at);
        let hang_up = self.call.hang_up().map(|event| event.at);
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
                    || (message.fcf.is_answer() && !matches!(message.fcf, Fcf::Dcn | Fcf::Crp)))
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

    /// Whether the last command before a place repeats one whose answer is in the capture.
    pub(crate) fn asked_again(&self, place: usize) -> bool {
        self.rounds
            .iter()
            .rev()
            .find(|round| round.command < place)
            .is_some_and(|round| round.repeats_answered.is_some())
    }

    /// T.38 carried this fax, at least in part.
    pub(crate) fn is_t38(&self) -> bool {
        self.call.udptl.caller.packets > 0 || self.call.udptl.callee.packets > 0
    }
}
