//! How the fax ended.

use crate::call::exchange::{ExchangeView, Line};
use crate::call::verdict::PagesTold;
use crate::call::{Page, Side, Verdict};
use crate::hint::rule::{Check, RootCause};
use crate::hint::t30::release::is_unknown;
use crate::hint::{Finding, Rule, RuleContext, Severity};
use crate::t30::Fcf;
use crate::text::count;

pub(super) const RULES: &[&Rule] = &[&T30_SUCCESS, &T30_PARTIAL_DELIVERY];

pub(in crate::hint) static T30_SUCCESS: Rule = Rule {
    id: "t30-success",
    severity: Severity::Ok,
    title: "Fax delivered: every page is confirmed",
    advice: "The whole flow is there: DIS, DCS, training, CFR, pages, MCF for each, EOP and its MCF. MPS appears only between pages. If the recipient still misses it, the receiver lost it later: its mail delivery, printer or disk.",
    reference: "4PSA: Troubleshooting fax issues (the flow of a fax); T.30 (phases A to E)",
    when: "Every page sent is confirmed and the sender closed with EOP.",
    check: Check::One(success),
    ..super::T30
};

pub(in crate::hint) static T30_PARTIAL_DELIVERY: Rule = Rule {
    id: "t30-partial-delivery",
    severity: Severity::Error,
    title: "Not all pages are confirmed",
    advice: "The receiver has the confirmed pages for sure; the others were refused, cut or never answered. The sender's report says failed. Ask the recipient which pages arrived before sending the missing ones again.",
    step: "ask the recipient which pages arrived, send the others again",
    reference: "spandsp (pages count on MCF)",
    when: "At least one page was sent, and fewer are confirmed than were sent or announced by MPS. Silent if the capture ends before the fax.",
    check: Check::One(partial),
    root: RootCause::Summary,
    aftermath: true,
    ..super::T30
};

fn success(context: &RuleContext<'_>) -> Option<Finding> {
    let fax = context.call.fax.as_ref()?;
    if fax.verdict != Verdict::Ok || fax.pages_confirmed == 0 {
        return None;
    }
    let exchange = context.exchange();
    let confirmations: Vec<&Line<'_>> = exchange
        .all(&[Fcf::Mcf, Fcf::Rtp, Fcf::Pip])
        .map(|(_, line)| line)
        .collect();
    let (Some(last), Some(first)) = (confirmations.last(), exchange.lines.first()) else {
        return None;
    };
    let end = exchange.lines.last().unwrap_or(last);
    let mut how: Vec<String> = Vec::new();
    if let (Some(modem), Some(rate)) = (fax.modem, fax.bit_rate) {
        how.push(format!("{modem} {rate}"));
    }
    if let Some(ecm) = fax.ecm {
        how.push(if ecm { "ECM" } else { "no ECM" }.to_owned());
    }
    how.push(format!(
        "{:.0} s",
        end.event.end.seconds_since(first.event.at)
    ));
    let cited = std::iter::once(last.frame())
        .chain(
            exchange
                .all(&[Fcf::Dis, Fcf::Dcs, Fcf::Cfr, Fcf::Eop])
                .map(|(_, line)| line.frame()),
        )
        .chain(
            exchange
                .dcn
                .and_then(|dcn| exchange.line(dcn))
                .map(Line::frame),
        );
    Some(
        Finding::new(
            Severity::Ok,
            cited,
            format!(
                "Fax OK: {} confirmed, {}",
                count(fax.pages_confirmed, "page"),
                how.join(", ")
            ),
        )
        .on(last.event.id),
    )
}

fn partial(context: &RuleContext<'_>) -> Option<Finding> {
    let fax = context.call.fax.as_ref()?;
    if fax.pages_sent == 0 || is_unknown(context) || fax.verdict == Verdict::Ok {
        return None;
    }
    let missing = fax.pages.iter().find(|page| !page.confirmed);
    let announced = missing.is_none();
    if announced && !fax.pages.last().is_some_and(Page::announces_more) {
        // Every page is confirmed here and none was to follow: what failed is not a page of this leg.
        return None;
    }
    let exchange = context.exchange();
    let seen = if announced {
        format!(
            "{} of {} confirmed – the announced next page was never sent",
            fax.pages_confirmed,
            count(fax.pages_sent + 1, "page")
        )
    } else {
        format!(
            "{} of {} confirmed – {}",
            fax.pages_confirmed,
            count(fax.pages_sent, "page"),
            missing.map_or_else(
                || "the rest never came".to_owned(),
                |page| fate(context, exchange, page)
            )
        )
    };
    let event = missing
        .and_then(|page| {
            page.answer
                .map(|(_, id)| id)
                .or_else(|| page.command.map(|(_, id)| id))
                .or_else(|| page.data.last().copied())
        })
        .or_else(|| {
            fax.pages
                .last()
                .and_then(|page| page.answer)
                .map(|(_, id)| id)
        });
    let mut found = Finding::new(
        Severity::Error,
        event
            .and_then(|id| context.frame(id))
            .into_iter()
            .collect::<Vec<_>>(),
        seen,
    );
    found.event = event;
    found.pages = PagesTold::of(fax).filter(|_| !announced);
    Some(found)
}

/// What became of a page that is not confirmed.
fn fate(context: &RuleContext<'_>, exchange: &ExchangeView<'_>, page: &Page) -> String {
    let number = page.number;
    let Some((command, id)) = page.command else {
        return page.answer.map_or_else(
            || format!("page {number} was never finished"),
            |(answer, _)| format!("page {number} got {answer}"),
        );
    };
    let sender = crate::hint::context::event(context.call, id).map(|event| event.from);
    let replies = || {
        let of_the_other = move |line: &&Line<'_>| sender.map(Side::other) == Some(line.event.from);
        // What follows the data of another page says nothing about this one.
        let same_page = move |line: &&Line<'_>| line.page().is_none_or(|data| data.page == number);
        let after = exchange.lines.iter().filter(move |line| line.event.id > id);
        after.take_while(same_page).filter(of_the_other)
    };
    let reply = replies().filter_map(Line::fcf).last();
    match (reply, page.answer) {
        (Some(Fcf::Rnr), _) => format!("page {number}: the receiver stayed busy (RNR)"),
        (Some(Fcf::Dcn), None) => format!("page {number}: DCN in answer to {command}"),
        (_, Some((answer, _))) => format!("page {number} got {answer}"),
        (Some(Fcf::Mcf), None) => format!("page {number} was never finished"),
        (_, None) => match replies().find_map(Line::message) {
            Some(_) => format!("no readable answer to {command} after page {number}"),
            None => format!("no answer to {command} after page {number}"),
        },
    }
}
