//! What makes a call a fax. An `m=image` line beside `m=audio` in a first offer does not: many
//! trunks offer it in every call.

use crate::call::fax::Reading;
use crate::call::negotiation::sdp_of;
use crate::call::{Call, Event, EventKind, Negotiation};
use crate::line::Tone;
use crate::sip::{MediaKind, Sdp};
use crate::t38::Indicator;

/// Digits by which two numbers must agree to be the same, where one has a prefix that the other lacks.
const LEAST_DIGITS: usize = 6;

/// Whether anything shows that a call is a fax: what was heard, a switch to T.38 that was asked for, or the number.
pub(crate) fn is_fax(call: &Call, reading: Option<&Reading>, numbers: &[String]) -> bool {
    let speaks = call.speaks.caller && call.speaks.callee;
    reading.is_some_and(|reading| !speaks || reading.events.iter().any(is_signal))
        || fax_events(call)
        || has_fax_tag(call)
        || call
            .negotiations
            .iter()
            .any(|one| asks_for_fax(call, one, speaks))
        || [&call.from, &call.to]
            .into_iter()
            .filter_map(|party| party.user.as_deref())
            .any(|user| is_named(user, numbers))
}

/// Anything but `no-signal`.
fn is_signal(event: &Event) -> bool {
    !matches!(event.kind, EventKind::Indicator(Indicator::NoSignal))
}

/// Fax tones as RFC 4733 events. A 2100 Hz answer tone alone may be a modem.
fn fax_events(call: &Call) -> bool {
    call.events.iter().any(|event| match &event.kind {
        EventKind::RtpEvent(event) if event.nse => matches!(event.code, 200..=202),
        EventKind::RtpEvent(event) => matches!(event.tone(), Some(Tone::Cng | Tone::V21Event)),
        _ => false,
    })
}

/// The feature tag `sip.fax` (RFC 6913) in a Contact or Accept-Contact.
fn has_fax_tag(call: &Call) -> bool {
    call.events.iter().any(|event| {
        let EventKind::Sip(sip) = &event.kind else {
            return false;
        };
        sip.message.headers.iter().any(|header| {
            let names = ["Contact", "m", "Accept-Contact", "a"];
            names
                .iter()
                .any(|name| header.name.eq_ignore_ascii_case(name))
                && header.value.to_ascii_lowercase().contains("sip.fax")
        })
    })
}

/// Whether an offer is one that only a fax makes: of T.38 alone in the first INVITE, or of T.38 within the dialog,
/// unless both sides speak.
fn asks_for_fax(call: &Call, one: &Negotiation, both_speak: bool) -> bool {
    if !one.offers_t38() {
        return false;
    }
    if !has_other_media(&one.offer) {
        let transaction = call.transactions.get(one.transaction);
        return !both_speak || transaction.is_some_and(|transaction| transaction.initial);
    }
    // Beside audio it is what the side offers in every call, if it did so before.
    let earlier = call
        .negotiations
        .iter()
        .take_while(|earlier| earlier.offer_event < one.offer_event);
    let before = earlier
        .filter_map(|earlier| sdp_of(earlier, one.from))
        .last();
    let is_new =
        before.is_none_or(|sdp| !sdp.media.iter().any(|line| line.is_t38() && line.port > 0));
    !both_speak && is_new
}

fn has_other_media(sdp: &Sdp) -> bool {
    sdp.media.iter().any(|line| {
        let is_video =
            |kind: &MediaKind| matches!(kind, MediaKind::Other(name) if name.eq_ignore_ascii_case("video"));
        let sound = line.kind == MediaKind::Audio || is_video(&line.kind);
        line.port > 0 && sound && !line.is_t38()
    })
}

/// Whether a user part is one of these numbers: the same, or the same digits where one has a country or area prefix
/// that the other lacks.
pub(crate) fn is_named(user: &str, numbers: &[String]) -> bool {
    numbers.iter().any(|number| is_same(user, number))
}

fn is_same(user: &str, number: &str) -> bool {
    let (one, other) = (digits(user), digits(number));
    let (Some(one), Some(other)) = (one, other) else {
        return user.eq_ignore_ascii_case(number);
    };
    let shorter = one.len().min(other.len());
    let suffix = one.ends_with(&other) || other.ends_with(&one);
    one == other || shorter >= LEAST_DIGITS && suffix
}

/// The digits of a telephone number without `+`, leading zeros and separators (RFC 3966 5.1.1); `None`: it is none.
fn digits(text: &str) -> Option<String> {
    let text = text.split(';').next()?;
    let is_separator = |c: char| matches!(c, '+' | '-' | '.' | ' ' | '(' | ')' | '/');
    let number: String = text.chars().filter(|c| !is_separator(*c)).collect();
    let whole = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit());
    whole.then(|| number.trim_start_matches('0').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_same_with_and_without_prefixes() {
        for (user, number, same) in [
            ("+49301234567", "030 1234567", true),
            ("0049301234567", "+49 (30) 1234567", true),
            ("1234567", "+49301234567", true),
            ("2007", "2007", true),
            ("2007", "+49302007", false),
            ("12345678", "12345679", false),
            ("fax", "FAX", true),
            ("fax", "facsimile", false),
            ("301234567;phone-context=+49", "0301234567", true),
        ] {
            assert_eq!(is_same(user, number), same, "{user} {number}");
        }
    }
}
