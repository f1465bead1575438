//! How a fax ended, from its end state: verdict, one sentence, the stages of the strip.
//!
//! The cause (which rule explains it) is found later, by `hint`.

use crate::call::evidence;
use crate::call::fax::Reading;
use crate::call::{
    Call, CallState, Event, EventKind, Fax, FaxCarrier, Page, Phase, Reached, Side, Verdict,
};
use crate::capture::{FrameNo, Timestamp};
use crate::line::Fcs;
use crate::t30::Fcf;
use crate::t30::fcf::Class;
use crate::t30::frame::T30Frame;

mod headline;
mod sentence;
mod stages;
mod unheard;
mod untaken;

use unheard::{lacks_signalling, one_sound};
pub(crate) use unheard::{no_media, super_g3};
pub(crate) use untaken::not_taken;

pub use headline::{Headline, PagesTold};

/// A capture that ends so soon after the last packet of a call does not show its end (rule `cap-ends-early`).
pub const ENDS_EARLY: f64 = 35.0;

/// The fax of a call, or `None` where nothing shows that it was one.
///
/// `numbers` are those that the user names as faxes.
pub(crate) fn judge(call: &Call, reading: Option<&Reading>, numbers: &[String]) -> Option<Fax> {
    if !evidence::is_fax(call, reading, numbers) {
        return None;
    }
    let carrier = carrier(call, reading);
    let pages = reading
        .as_ref()
        .map(|reading| reading.pages.clone())
        .unwrap_or_default();
    let evidence = Evidence::of(call, reading, &pages);
    let verdict = evidence.verdict();
    let mode = reading.and_then(|reading| reading.mode.as_ref());
    let modem = mode
        .map(|mode| mode.modem)
        .or(reading.and_then(|reading| reading.modem_seen));
    let mut fax = Fax {
        carrier,
        sender: reading.and_then(|reading| reading.sender),
        verdict,
        reached: reading
            .as_ref()
            .map_or(Reached::Setup, |reading| reading.reached),
        pages_sent: count(pages.len()),
        pages_confirmed: count(pages.iter().filter(|page| page.confirmed).count()),
        pages,
        sender_id: reading
            .as_ref()
            .and_then(|reading| reading.sender_id.clone()),
        receiver_id: reading
            .as_ref()
            .and_then(|reading| reading.receiver_id.clone()),
        modem: modem.map(|modem| modem.name),
        bit_rate: modem.map(|modem| modem.rate).filter(|rate| *rate > 0),
        ecm: mode
            .map(|mode| mode.ecm)
            .or(reading.and_then(|reading| reading.ecm_seen)),
        compression: mode.map(|mode| mode.compression),
        resolution: mode.map(|mode| mode.resolution),
        cause: None,
        summary: String::new(),
        stages: Vec::new(),
    };
    fax.summary = sentence::summary(call, &fax, &evidence);
    fax.stages = stages::stages(call, &fax, &evidence);
    Some(fax)
}

/// Two legs carry one fax: what the sender was told counts. A leg behind it that saw the confirmation which
/// the sender never got was no success (`first` is the leg of the calling side).
pub(crate) fn reconcile_legs(first: &mut Call, second: &mut Call) {
    let sender = [&*first, &*second]
        .iter()
        .find_map(|call| call.fax.as_ref().and_then(|fax| fax.sender));
    let (sender_leg, other) = match sender {
        Some(Side::Callee) => (second, first),
        _ => (first, second),
    };
    // A leg whose media do not pass the capture point says nothing; the other one speaks for both.
    match (says_nothing(sender_leg), says_nothing(other)) {
        (true, false) => return silent_leg(sender_leg.fax.as_mut(), other.fax.as_ref()),
        (false, true) => return silent_leg(other.fax.as_mut(), sender_leg.fax.as_ref()),
        _ => {}
    }
    if is_up(sender_leg) != is_up(other) {
        // A leg that was given up while the other one stays: the fax may begin yet.
        let (up, over) = if is_up(sender_leg) {
            (&*sender_leg, &mut *other)
        } else {
            (&*other, &mut *sender_leg)
        };
        let unknown = up
            .fax
            .as_ref()
            .is_some_and(|fax| fax.verdict == Verdict::Incomplete);
        if unknown && messages(over).next().is_none() {
            return silent_leg(over.fax.as_mut(), up.fax.as_ref());
        }
    }
    let (Some(told), Some(fax)) = (&mut sender_leg.fax, &mut other.fax) else {
        return;
    };
    if told.reached == Reached::Setup && fax.verdict == Verdict::Ok {
        (told.verdict, told.summary) = (fax.verdict, fax.summary.clone());
    } else if fax.reached == Reached::Setup && told.verdict == Verdict::Ok {
        (fax.verdict, fax.summary) = (told.verdict, told.summary.clone());
    }
    if fax.verdict == Verdict::Ok && matches!(told.verdict, Verdict::Failed | Verdict::Partial) {
        fax.verdict = told.verdict;
        fax.summary.clone_from(&told.summary);
    }
}

/// Whether a leg has no media, or sound of one side that shows nothing.
fn says_nothing(call: &Call) -> bool {
    let unknown = call
        .fax
        .as_ref()
        .is_some_and(|fax| fax.verdict == Verdict::Incomplete);
    no_media(call) || unknown && one_sound(call)
}

fn is_up(call: &Call) -> bool {
    call.answered.is_some() && call.ended.is_none()
}

/// A call that went on as another one: what was heard of a fax in it is the beginning of that one.
pub(crate) fn went_on_elsewhere(call: &mut Call) {
    if messages(call).next().is_none() {
        call.fax = None;
    }
}

/// Whether a side was asked to call another host (RFC 3515), and does so.
pub(crate) fn is_referred(call: &Call) -> bool {
    let accepted = |status: u16| (200..300).contains(&status);
    call.transactions.iter().any(|one| {
        one.method == "REFER" && one.responses.iter().any(|(status, _)| accepted(*status))
    })
}

/// Takes over the verdict of the leg that was heard.
fn silent_leg(silent: Option<&mut Fax>, heard: Option<&Fax>) {
    if let (Some(silent), Some(heard)) = (silent, heard) {
        silent.verdict = heard.verdict;
        silent.summary.clone_from(&heard.summary);
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn carrier(call: &Call, reading: Option<&Reading>) -> FaxCarrier {
    if let Some(reading) = reading {
        return reading.carrier;
    }
    // T.38 was asked for and never spoken: where it was refused or never asked, only sound can carry the fax.
    let agreed = call
        .negotiations
        .iter()
        .any(|one| one.offers_t38() && one.accepts_t38());
    if agreed {
        FaxCarrier::T38
    } else {
        FaxCarrier::G711
    }
}

/// The end state of a fax.
#[derive(Debug)]
pub(super) struct Evidence {
    pub(super) sent: usize,
    pub(super) confirmed: usize,
    /// Last whole T.30 message: name and side.
    pub(super) last: Option<(Fcf, Side, FrameNo)>,
    pub(super) dis: usize,
    pub(super) dtc: bool,
    pub(super) dcs: usize,
    pub(super) cfr: bool,
    pub(super) ftt: usize,
    pub(super) rtn: bool,
    pub(super) t30: bool,
    pub(super) dcn: Option<Side>,
    /// The last page-ending command was one that ends the fax, and was confirmed.
    pub(super) complete: bool,
    pub(super) retrains: usize,
    /// Pages with a command or an answer that are not confirmed.
    pub(super) unconfirmed: usize,
    /// Page data that broke off or never began, in a word.
    pub(super) cut: Option<&'static str>,
    /// So often the last command was sent, its confirmation being there each time, until the sender gave up.
    pub(super) not_taken: Option<usize>,
    /// What of the fax the capture does not have.
    pub(super) lacks: Option<Lacks>,
}

/// What of a fax a capture does not have, so that nothing is known of its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lacks {
    /// Of an answered call only the signalling was captured.
    Media,
    /// V.34 over audio is not decoded.
    SuperG3,
    /// Messages of SIP prove others that are not there.
    Signalling,
    OneDirection,
    Start,
    End,
}

impl Evidence {
    fn of(call: &Call, reading: Option<&Reading>, pages: &[Page]) -> Self {
        let mut out = Self {
            sent: pages.len(),
            confirmed: pages.iter().filter(|page| page.confirmed).count(),
            last: None,
            dis: 0,
            dtc: false,
            dcs: 0,
            cfr: false,
            ftt: 0,
            rtn: false,
            t30: false,
            dcn: reading
                .and_then(|reading| reading.dcn)
                .map(|(side, _)| side),
            complete: pages
                .last()
                .is_some_and(|page| page.confirmed && ends_fax(page)),
            retrains: 0,
            unconfirmed: pages
                .iter()
                .filter(|page| !page.confirmed && (page.command.is_some() || page.answer.is_some()))
                .count(),
            cut: pages.last().and_then(|page| cut(call, page)),
            not_taken: not_taken(call),
            lacks: None,
        };
        let mut first = None;
        for (event, frame) in messages(call) {
            first.get_or_insert(frame.fcf);
            out.t30 = true;
            out.last = Some((frame.fcf, event.from, event.frame));
            match frame.fcf {
                Fcf::Dis => out.dis += 1,
                Fcf::Dtc => out.dtc = true,
                Fcf::Dcs | Fcf::Nss => out.dcs += 1,
                Fcf::Cfr => out.cfr = true,
                Fcf::Ftt => out.ftt += 1,
                Fcf::Rtn => out.rtn = true,
                _ => {}
            }
        }
        out.retrains = out.ftt;
        out.lacks = lacks(call, &out, first);
        out
    }

    fn verdict(&self) -> Verdict {
        if self.lacks.is_some() {
            Verdict::Incomplete
        } else if self.complete && self.not_taken.is_some() {
            Verdict::Failed
        } else if self.sent > 0 && self.confirmed == self.sent && self.complete {
            Verdict::Ok
        } else if self.confirmed > 0 {
            Verdict::Partial
        } else {
            Verdict::Failed
        }
    }
}

/// Whole T.30 messages of a call, in time order.
pub(super) fn messages(call: &Call) -> impl Iterator<Item = (&Event, &T30Frame)> {
    call.events
        .iter()
        .filter_map(|event| message(event).map(|frame| (event, frame)))
}

/// The whole T.30 message that an event is.
fn message(event: &Event) -> Option<&T30Frame> {
    match &event.kind {
        EventKind::T30(frame) if frame.fcs == Fcs::Good && !frame.damaged => Some(frame),
        _ => None,
    }
}

/// EOP, PRI-EOP and their ECM forms end the fax; so does EOM where nothing follows.
fn ends_fax(page: &Page) -> bool {
    page.command.is_some_and(|(command, _)| {
        matches!(
            command.announces(),
            Fcf::Eop | Fcf::PriEop | Fcf::Eom | Fcf::PriEom
        )
    })
}

/// Sound that stops with the call shows no end of the page: a command follows it within so many seconds.
const COMMAND_FOLLOWS: f64 = 1.0;

/// What lacks of the page data where a fax stopped in them: the last page was not sent to its end, or the one
/// that MPS announced was not begun.
fn cut(call: &Call, page: &Page) -> Option<&'static str> {
    if page.confirmed {
        let next =
            page.announces_more() && page.answer.is_some_and(|(answer, _)| answer == Fcf::Mcf);
        return next.then_some("no next page");
    }
    let last = *page.data.last()?;
    let after_command = page.command.is_none_or(|(_, command)| command < last);
    let over = hung_up(call).unwrap_or(call.last_packet);
    let whole = call
        .events
        .iter()
        .find(|event| event.id == last)
        .is_some_and(|event| {
            matches!(&event.kind, EventKind::PageData(data) if data.ended)
                && over.seconds_since(event.end) >= COMMAND_FOLLOWS
        });
    (after_command && !whole).then_some("page cut")
}

/// Whether the capture can show how it ended.
fn lacks(call: &Call, evidence: &Evidence, first: Option<Fcf>) -> Option<Lacks> {
    if no_media(call) {
        return Some(Lacks::Media);
    }
    if super_g3(call).is_some() {
        return Some(Lacks::SuperG3);
    }
    if one_direction(call) || not_captured(call, &[]).is_some() {
        return Some(Lacks::OneDirection);
    }
    let started = first.is_none_or(|fcf| {
        matches!(
            fcf.class(),
            Class::Identification | Class::Poll | Class::Command | Class::Optional | Class::Release
        )
    });
    let may_start_late = !call.has_sip() || call.capture.starts_mid_call;
    // Page data before the first message: the second half of a fax.
    let started = started && !(first.is_none() && evidence.sent > 0);
    if !started && may_start_late && evidence.dcs == 0 {
        return Some(Lacks::Start);
    }
    let done = evidence.complete && evidence.sent == evidence.confirmed;
    if !done && lacks_signalling(call) {
        return Some(Lacks::Signalling);
    }
    if !done && one_sound(call) {
        return Some(Lacks::OneDirection);
    }
    if may_start_late && !done && !begins(call, first) {
        return Some(Lacks::Start);
    }
    let up = !matches!(
        call.state,
        CallState::Completed | CallState::Cancelled | CallState::Rejected | CallState::Unanswered
    );
    let silent = call.capture.last_time.seconds_since(call.last_packet);
    let ends_early = up && (call.capture.unfinished || silent < ENDS_EARLY);
    let finished = evidence.dcn.is_some() || evidence.complete;
    (ends_early && !finished).then_some(Lacks::End)
}

/// Whether the first message is one that begins a fax: what comes before any other may be of its middle.
fn begins(call: &Call, first: Option<Fcf>) -> bool {
    // The SDP that is cut says of the start what the frames of it would.
    call.capture.truncated_sip > 0
        || first.is_some_and(|fcf| {
            let with_dis = matches!(fcf, Fcf::Nsf | Fcf::Csi | Fcf::Csa | Fcf::Des);
            with_dis || matches!(fcf.class(), Class::Identification | Class::Poll)
        })
}

/// When the first BYE was sent.
pub(super) fn hung_up(call: &Call) -> Option<Timestamp> {
    call.transactions
        .iter()
        .filter(|one| one.method == "BYE")
        .filter_map(|bye| bye.requests.first())
        .find_map(|id| call.events.iter().find(|event| event.id == *id))
        .map(|bye| bye.at)
}

/// Replies to a side that is not in the capture prove that it spoke (rule `cap-one-direction`).
fn one_direction(call: &Call) -> bool {
    let silent = |side: Side| {
        let stats = call.udptl.of(side);
        stats.packets == 0
            && !call.events.iter().any(|event| {
                event.observed
                    && event.from == side
                    && !matches!(event.kind, EventKind::Icmp { .. } | EventKind::Missing(_))
            })
    };
    Side::BOTH
        .into_iter()
        .any(|side| silent(side) && call.events.iter().any(|event| replies_to(event, side)))
}

/// A side whose media the capture does not have, though replies prove that it spoke; `heard` is the fax.
pub(crate) fn not_captured(call: &Call, heard: &[Event]) -> Option<Side> {
    let all = || call.events.iter().chain(heard);
    let silent = |side: Side| {
        // Sound of before the switch is no T.38.
        let by_t38 = call.udptl.of(side.other()).packets > 0;
        call.udptl.of(side).packets == 0
            && !all().any(|event| {
                event.from == side
                    && match event.kind {
                        EventKind::Icmp { .. } | EventKind::Sip(_) | EventKind::Missing(_) => false,
                        EventKind::Rtp(_) | EventKind::RtpEvent(_) | EventKind::Tone { .. } => {
                            !by_t38
                        }
                        _ => true,
                    }
            })
    };
    Side::BOTH
        .into_iter()
        .find(|side| silent(*side) && all().any(|event| replies_to(event, *side)))
}

/// Whether a message is one that only a terminal sends which has heard `side`: an answer, or a command to a terminal
/// that has answered.
fn replies_to(event: &Event, side: Side) -> bool {
    event.from != side
        && message(event).is_some_and(|frame| {
            matches!(
                frame.fcf.class(),
                Class::Trained
                    | Class::Untrained
                    | Class::Confirm
                    | Class::Reject
                    | Class::Resend
                    | Class::Corrected
                    | Class::GivenUp
                    | Class::Busy
                    | Class::Command
                    | Class::PostMessage
            )
        })
}

/// Phase that a failed fax stopped in, by what is missing.
pub(super) fn stopped_in(evidence: &Evidence) -> Option<Phase> {
    if evidence.sent > 0 {
        return Some(if evidence.cut.is_some() {
            Phase::C
        } else {
            Phase::D
        });
    }
    if evidence.cfr {
        return Some(Phase::C);
    }
    if evidence.dis > 0 || evidence.dcs > 0 || evidence.dtc || evidence.t30 {
        Some(Phase::B)
    } else {
        None
    }
}
