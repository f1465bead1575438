//! The steps of a leg, and what makes two of them the same.

use std::collections::{HashMap, HashSet};

use crate::call::exchange::{ExchangeView, Line, What};
use crate::call::{Call, Event, EventId, EventKind, SipEvent, Transaction, Verdict};
use crate::capture::FrameNo;
use crate::sip::{MediaKind, Sdp, StartLine};
use crate::t30::Fcf;
use crate::t30::fcf::Class;

/// What two steps have in common: their name without what differs from fax to fax.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key(String);

/// What a step is for the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Each good fax of its kind comes to it.
    Progress,
    /// It may be there or not: provisional answers, idents, a second DIS.
    Aside,
    /// A refusal, a damaged message, something that never came.
    Trouble,
    /// The end of the call, whoever ends it.
    End,
}

/// A step of a leg.
#[derive(Clone, Debug)]
pub struct Step<'a> {
    /// Its event.
    pub event: &'a Event,
    /// What it is compared by.
    pub key: Key,
    /// What it is for the outcome.
    pub weight: Weight,
    /// `INVITE m=image`, `DCS`, `page 2`.
    pub name: String,
    /// How often it stands there: a command with its repeats, confirmed pages.
    pub times: u32,
    /// First frames of the repeats.
    pub again: Vec<FrameNo>,
}

impl Step<'_> {
    /// Whether it may be named as a difference.
    pub fn counts(&self) -> bool {
        matches!(self.weight, Weight::Progress | Weight::Trouble)
    }

    /// The end of the call.
    pub(super) fn ends(&self) -> bool {
        self.weight == Weight::End
    }
}

/// The steps of a leg in time order: of SIP what the ends said to each other, each message once.
pub(super) fn steps(call: &Call) -> Vec<Step<'_>> {
    let exchange = ExchangeView::of(call);
    let delivered = call
        .fax
        .as_ref()
        .is_none_or(|fax| matches!(fax.verdict, Verdict::Ok | Verdict::Incomplete));
    let again: HashMap<usize, usize> = repeats(&exchange);
    let mut repeated: HashMap<usize, Vec<FrameNo>> = HashMap::new();
    for (place, first) in &again {
        let frame = exchange.line(*place).map(Line::frame);
        repeated.entry(*first).or_default().extend(frame);
    }
    let lines = exchange.lines.iter().enumerate();
    let mut out: Vec<Step<'_>> = lines
        .filter(|(place, _)| !again.contains_key(place))
        .map(|(place, line)| {
            let again = repeated.remove(&place).unwrap_or_default();
            Step {
                times: u32::try_from(again.len()).unwrap_or(0).saturating_add(1),
                again,
                ..of_line(line, exchange.sender, delivered)
            }
        })
        .collect();
    let asked = Asked::of(call);
    for event in &call.events {
        match &event.kind {
            EventKind::Sip(sip) if event.relay.is_original() && !event.retransmission => {
                out.push(asked.step(event, sip));
            }
            EventKind::Missing(missing) => out.push(Step {
                event,
                key: Key(format!("missing {}", missing.name)),
                weight: Weight::Trouble,
                name: missing.name.to_owned(),
                times: 1,
                again: Vec::new(),
            }),
            _ => {}
        }
    }
    out.sort_by_key(|step| (step.event.at, step.event.frame));
    fold(once(out))
}

/// Commands that repeat an earlier one (its place): the same command again, or one whose answer did not come through.
fn repeats(exchange: &ExchangeView<'_>) -> HashMap<usize, usize> {
    let mut out = HashMap::new();
    let mut firsts: Vec<(usize, Fcf)> = Vec::new();
    for round in exchange.rounds {
        let Some(fcf) = exchange.line(round.command).and_then(Line::fcf) else {
            continue;
        };
        let first = firsts.iter().rev().find(|(_, known)| *known == fcf);
        match first {
            Some((first, _)) if round.attempt > 1 || round.repeats_answered.is_some() => {
                out.insert(round.command, *first);
            }
            _ => firsts.push((round.command, fcf)),
        }
    }
    out
}

fn of_line<'a>(line: &Line<'a>, sender: crate::call::Side, delivered: bool) -> Step<'a> {
    let role = if line.event.from == sender {
        "sender"
    } else {
        "receiver"
    };
    let (key, weight) = match line.what {
        What::Message(message) if message.is_doubtful() => {
            (format!("damaged {}", message.name()), Weight::Trouble)
        }
        What::Message(message) => of_message(message.fcf, &message.name(), role, delivered),
        What::Tcf(_) => ("TCF".to_owned(), Weight::Aside),
        What::Page(_) => ("page".to_owned(), Weight::Progress),
        What::Rest => ("rest".to_owned(), Weight::Aside),
    };
    Step {
        event: line.event,
        key: Key(key),
        weight,
        name: line.name(),
        times: 1,
        again: Vec::new(),
    }
}

fn of_message(fcf: Fcf, name: &str, role: &str, delivered: bool) -> (String, Weight) {
    let named = || format!("{name} {role}");
    match fcf.class() {
        Class::Identification | Class::Poll | Class::Command | Class::Trained => {
            (named(), Weight::Progress)
        }
        // Of the last page or not, with ECM or without.
        Class::PostMessage => ("post-message".to_owned(), Weight::Progress),
        Class::Confirm => ("confirmed".to_owned(), Weight::Progress),
        Class::Release if delivered => ("DCN".to_owned(), Weight::Aside),
        Class::Release => ("DCN before its time".to_owned(), Weight::Trouble),
        Class::Untrained
        | Class::Reject
        | Class::Resend
        | Class::GiveUp
        | Class::GivenUp
        | Class::Busy
        | Class::Interrupt
        | Class::Repeat => (named(), Weight::Trouble),
        Class::Optional
        | Class::Data
        | Class::Ready
        | Class::Correct
        | Class::Corrected
        | Class::Other => (named(), Weight::Aside),
    }
}

/// What the SIP messages of a call were asked for.
struct Asked<'c> {
    call: &'c Call,
    /// The transaction of each message.
    of: HashMap<EventId, usize>,
    /// Transactions that a good call of its kind has: the INVITE that was not repeated with credentials or after a
    /// glare, and the first that asks for T.38.
    progress: HashSet<usize>,
}

impl<'c> Asked<'c> {
    fn of(call: &'c Call) -> Self {
        let mut of = HashMap::new();
        for (at, one) in call.transactions.iter().enumerate() {
            let answers = one.responses.iter().map(|(_, id)| id);
            for id in one.requests.iter().chain(answers).chain(&one.acks) {
                of.insert(*id, at);
            }
        }
        let invites = || {
            let all = call.transactions.iter().enumerate();
            all.filter(|(_, one)| one.method == "INVITE")
        };
        let status = |one: &Transaction| one.final_response().map_or(0, |(status, _)| status);
        // Asked again with credentials, another interval or after a glare.
        let overcome = |one: &Transaction| matches!(status(one), 401 | 407 | 422 | 491);
        let offers = |at: usize| {
            let of = call.negotiations.iter().find(|one| one.transaction == at);
            of.is_some_and(|one| {
                let lines = &one.offer.media;
                lines.iter().any(|line| line.kind == MediaKind::Image)
            })
        };
        let met = |wanted: &dyn Fn(usize, &Transaction) -> bool| {
            let mut own = invites().filter(|(at, one)| wanted(*at, one));
            let first = own.clone().find(|(_, one)| !overcome(one));
            first.or_else(|| own.next_back()).map(|(at, _)| at)
        };
        let initial = met(&|_, one| one.initial);
        let image = met(&|at, one| !one.initial && offers(at));
        Self {
            call,
            of,
            progress: initial.into_iter().chain(image).collect(),
        }
    }

    fn step(&self, event: &'c Event, sip: &SipEvent) -> Step<'c> {
        let at = self.of.get(&event.id).copied();
        let asked = at.and_then(|at| self.call.transactions.get(at));
        let media = sip.sdp.as_ref().map(media).unwrap_or_default();
        let initial = asked.is_none_or(|one| one.initial);
        let place = if initial { "first" } else { "again" };
        let known = at.is_some_and(|at| self.progress.contains(&at));
        let method = asked.map_or("", |one| one.method.as_str());
        let refused = asked
            .and_then(Transaction::final_response)
            .is_some_and(|(status, _)| status >= 300);
        let (key, weight) = match &sip.message.start {
            StartLine::Request { method, .. } => {
                let key = format!("{method} {place} {media}");
                let weight = match method.as_str() {
                    "INVITE" if known => Weight::Progress,
                    "ACK" if known && !refused => Weight::Progress,
                    "CANCEL" => Weight::Trouble,
                    "INVITE" if !media.is_empty() => Weight::Trouble,
                    "BYE" => Weight::End,
                    _ => Weight::Aside,
                };
                (key, weight)
            }
            StartLine::Response { status, .. } => {
                let class = match status {
                    200..=299 => 200,
                    other => *other,
                };
                let weight = match (status, method) {
                    (..=199, _) => Weight::Aside,
                    (200..=299, "INVITE") if known => Weight::Progress,
                    (300.., "INVITE") if known => Weight::Trouble,
                    (200..=299, "INVITE") if !media.is_empty() => Weight::Trouble,
                    _ => Weight::Aside,
                };
                (format!("{class} {method} {place} {media}"), weight)
            }
        };
        let shown = if media.is_empty() {
            sip.message.start.to_string()
        } else {
            format!("{} m={media}", sip.message.start)
        };
        Step {
            event,
            key: Key(key),
            weight,
            name: super::harmless(&shown).into_owned(),
            times: 1,
            again: Vec::new(),
        }
    }
}

/// `image`, `audio,image`, `image:0`: kinds of media that are open, or, where none is, those that are refused.
fn media(sdp: &Sdp) -> String {
    let kind = |kind: &MediaKind| match kind {
        MediaKind::Audio => "audio".to_owned(),
        MediaKind::Image => "image".to_owned(),
        MediaKind::Other(kind) => kind.chars().take(12).collect(),
    };
    let open = sdp.media.iter().filter(|line| line.port > 0);
    let mut kinds: Vec<String> = open.map(|line| kind(&line.kind)).collect();
    if kinds.is_empty() {
        let all = sdp.media.iter();
        kinds = all.map(|line| format!("{}:0", kind(&line.kind))).collect();
    }
    kinds.sort();
    kinds.dedup();
    kinds.truncate(4);
    kinds.join(",")
}

/// What never came stands once, before what came at last in its place.
fn once(steps: Vec<Step<'_>>) -> Vec<Step<'_>> {
    let mut seen: HashSet<Key> = HashSet::new();
    let first = |step: &Step<'_>| {
        !matches!(step.event.kind, EventKind::Missing(_)) || seen.insert(step.key.clone())
    };
    let mut first = first;
    steps.into_iter().filter(|step| first(step)).collect()
}

/// Pages that were confirmed and have another one after them stand for one with it: how many pages a fax has makes no
/// difference. The last ones too, where another one was announced and never came.
fn fold(steps: Vec<Step<'_>>) -> Vec<Step<'_>> {
    let mut out: Vec<Step<'_>> = Vec::new();
    // Where the page begins that is under way, whether it was confirmed and whether another one is announced.
    let mut page: Option<usize> = None;
    let (mut confirmed, mut announced, mut folded) = (false, false, 0);
    let is = |step: &Step<'_>, name: &str| step.key.0 == name;
    for mut step in steps {
        if is(&step, "page") {
            if confirmed && let Some(from) = page {
                folded += 1;
                out.truncate(from);
                page = None;
            }
            if page.is_none() {
                page = Some(out.len());
                step.times += folded;
            }
            (confirmed, announced) = (false, false);
        } else if is(&step, "post-message") {
            announced = match &step.event.kind {
                EventKind::T30(message) => message.post_message().announces_more(),
                _ => false,
            };
        } else if is(&step, "confirmed") {
            confirmed = page.is_some();
        }
        out.push(step);
    }
    if confirmed
        && announced
        && let Some(from) = page
    {
        // Only what is of that page: what came after it is what came in place of the next one.
        let until = out.iter().rposition(|step| is(step, "confirmed"));
        let until = until.map_or(out.len(), |at| at + 1);
        out.drain(from..until.max(from));
    }
    out
}
