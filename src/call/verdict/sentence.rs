//! The one sentence over a flow and in the calls list.

use crate::call::verdict::{Evidence, Lacks, stopped_in};
use crate::call::{Call, Event, EventKind, Fax, FaxCarrier, Page, Phase, Verdict};
use crate::sip::StartLine;
use crate::t30::Fcf;
use crate::text::count;

/// The sentence, without the mark.
pub(super) fn summary(call: &Call, fax: &Fax, evidence: &Evidence) -> String {
    match fax.verdict {
        Verdict::Ok => delivered(fax, evidence),
        Verdict::Incomplete => incomplete(fax, evidence),
        Verdict::Partial | Verdict::Failed => {
            format!("{}{}", failed(call, fax, evidence), hang_up(call, evidence))
        }
    }
}

fn pages(number: u32) -> String {
    count(number, "page")
}

fn delivered(fax: &Fax, evidence: &Evidence) -> String {
    let mut out = pages(fax.pages_confirmed);
    if let (Some(modem), Some(rate)) = (fax.modem, fax.bit_rate) {
        out.push_str(&format!(", {modem} {rate}"));
    }
    if fax.ecm == Some(true) {
        out.push_str(", ECM");
    }
    if evidence.retrains > 0 {
        out.push_str(", ");
        out.push_str(&count(evidence.retrains, "retrain"));
    }
    let attempts: u32 = fax
        .pages
        .iter()
        .map(|page| page.attempts.saturating_sub(1))
        .sum();
    if attempts > 0 {
        out.push_str(&format!(", {} sent again", pages(attempts)));
    }
    if evidence.dcn.is_none() {
        out.push_str(", ended without DCN");
    }
    out
}

fn incomplete(fax: &Fax, evidence: &Evidence) -> String {
    let what = match evidence.lacks {
        Some(Lacks::SuperG3) => {
            return "Unknown: Super G3 (V.34) over audio is not decoded".to_owned();
        }
        Some(Lacks::Media) => "lacks the media",
        Some(Lacks::Signalling) => "lacks messages of SIP",
        Some(Lacks::OneDirection) => "has only one direction",
        Some(Lacks::Start) => "lacks the start",
        Some(Lacks::End) => "lacks the end",
        None => "lacks a part",
    };
    format!(
        "Unknown: the capture {what}; {} confirmed so far",
        pages(fax.pages_confirmed)
    )
}

fn failed(call: &Call, fax: &Fax, evidence: &Evidence) -> String {
    if let Some(times) = evidence.not_taken.filter(|_| evidence.complete) {
        return format!(
            "Failed in phase D: {} confirmed, but the sender asks {times}x and gives up",
            pages(fax.pages_confirmed)
        );
    }
    if fax.verdict == Verdict::Partial {
        return partial(fax, evidence);
    }
    match stopped_in(evidence) {
        Some(Phase::D) => unconfirmed(fax, evidence),
        Some(Phase::C) => "Failed in phase C: training confirmed, no complete page".to_owned(),
        Some(_) => phase_b(evidence),
        None => no_t30(call, fax),
    }
}

fn partial(fax: &Fax, evidence: &Evidence) -> String {
    if evidence.confirmed == evidence.sent {
        return format!(
            "{} confirmed, the sender stopped before the next page",
            pages(fax.pages_confirmed)
        );
    }
    format!(
        "{} of {} confirmed",
        fax.pages_confirmed,
        pages(fax.pages_sent)
    )
}

/// No page was confirmed: the first one tells what became of them.
fn unconfirmed(fax: &Fax, evidence: &Evidence) -> String {
    let number = |wanted: &dyn Fn(&Page) -> bool| {
        let page = fax.pages.iter().find(|page| wanted(page));
        page.map_or(1, |page| page.number)
    };
    if evidence.rtn {
        let rejected = |page: &Page| page.answer.is_some_and(|(answer, _)| answer == Fcf::Rtn);
        let page = number(&rejected);
        return format!("Failed in phase D: the receiver rejected page {page} (RTN)");
    }
    let page = number(&|page| !page.confirmed);
    format!("Unconfirmed: page {page} sent, no MCF")
}

fn phase_b(evidence: &Evidence) -> String {
    if evidence.dcs > 0 {
        let how = match evidence.last {
            Some((Fcf::Ftt, _, _)) => format!("FTT x{}", evidence.ftt),
            Some((Fcf::Dcn, _, _)) if evidence.ftt > 0 => {
                format!("FTT x{}, then DCN", evidence.ftt)
            }
            Some((Fcf::Dcn, _, _)) => "DCN".to_owned(),
            _ if evidence.ftt > 0 => format!("FTT x{}", evidence.ftt),
            _ => "no answer".to_owned(),
        };
        return format!("Failed in phase B: training not confirmed ({how})");
    }
    if evidence.dtc {
        return "Failed in phase B: nothing to poll".to_owned();
    }
    if evidence.dis > 0 {
        let how = if evidence.dcn.is_some() {
            ", then DCN"
        } else {
            ""
        };
        return format!(
            "Failed in phase B: no DCS from the sender (DIS x{}{how})",
            evidence.dis
        );
    }
    "Failed in phase B: no DIS got through".to_owned()
}

fn no_t30(call: &Call, fax: &Fax) -> String {
    let refused = call
        .negotiations
        .iter()
        .filter(|one| one.offers_t38())
        .find_map(|one| {
            one.status
                .filter(|status| *status >= 300)
                .or((one.answer.is_some() && !one.accepts_t38()).then_some(200))
        });
    let agreed = call
        .negotiations
        .iter()
        .any(|one| one.offers_t38() && one.accepts_t38());
    match (refused, agreed, fax.carrier) {
        (Some(200), false, _) => {
            "Failed: T.38 declined in the answer, no fax over audio".to_owned()
        }
        (Some(code), false, _) => format!("Failed: T.38 refused ({code}), no fax over audio"),
        (_, true, _) => "Failed in phase A: the answering fax is silent".to_owned(),
        (None, false, FaxCarrier::T38) => "Failed in phase A: no T.30 message".to_owned(),
        (None, false, _)
            if call
                .negotiations
                .iter()
                .any(super::super::Negotiation::offers_t38) =>
        {
            "Failed: T.38 asked for, never answered".to_owned()
        }
        (None, false, _) => {
            let codec = call.media.iter().find_map(|period| period.codec.clone());
            format!(
                "Fax signals over {}, no T.30 message",
                codec.unwrap_or_else(|| "audio".to_owned())
            )
        }
    }
}

/// Who hung up, where BYE came before DCN.
fn hang_up(call: &Call, evidence: &Evidence) -> String {
    if evidence.dcn.is_some() {
        return String::new();
    }
    let bye = call.events.iter().find(|event| is_bye(event));
    match bye {
        Some(event) if evidence.t30 => format!("; the {} hung up", event.from),
        _ => String::new(),
    }
}

fn is_bye(event: &Event) -> bool {
    matches!(&event.kind, EventKind::Sip(sip)
        if matches!(&sip.message.start, StartLine::Request { method, .. } if method.eq_ignore_ascii_case("BYE")))
}
