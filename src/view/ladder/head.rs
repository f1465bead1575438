//! Over the ladder: the title with the verdict, and the strip of stages.

use crate::analysis::{AnalysedFlow, cause_hint, failure};
use crate::call::{Call, Fax, FaxCarrier, Flow, Stage, StageMark, Verdict};
use crate::view::{Role, Row, Span, plain, wrap};

/// `2007 → 3004   calls 2 + 3   T.38 on both legs   ✗ Failed in phase B: ...`; where that is wider than
/// `width`, the carrier goes; the numbers stay.
pub fn title(flow: &Flow, width: usize, ascii: bool) -> Row {
    let mut parts = vec![vec![Span::new(parties(flow, ascii), Role::Heading)]];
    parts.push(vec![Span::new(numbers(flow), Role::Dim)]);
    parts.extend(carrier(flow).map(|carrier| vec![Span::plain(carrier)]));
    let outcome = match (lead(flow), flow.legs.first()) {
        (Some(fax), _) => {
            let (mark, role) = verdict(fax.verdict, ascii);
            vec![Span::new(
                format!("{mark} {}", plain(&fax.summary, ascii)),
                role,
            )]
        }
        (None, Some(call)) => vec![Span::plain(plain(&outcome(call), ascii))],
        (None, None) => Vec::new(),
    };
    parts.push(outcome);
    loop {
        let row = Row::of(parts.join(&Span::plain("   ")));
        if row.width() <= width || parts.len() <= 3 {
            return row;
        }
        parts.remove(parts.len() - 2);
    }
}

/// The title for a screen: what failed, whose side it is on, what to check next. Where that takes more than two lines
/// of `width`, the carrier goes, then the numbers, which stand over the lifelines too.
pub fn headline(flow: &AnalysedFlow, width: usize, ascii: bool) -> Row {
    let parties = Span::new(parties(&flow.flow, ascii), Role::Heading);
    let mut parts = vec![vec![parties]];
    parts.push(vec![Span::new(numbers(&flow.flow), Role::Dim)]);
    parts.extend(carrier(&flow.flow).map(|carrier| vec![Span::plain(carrier)]));
    parts.push(whole_outcome(flow, ascii));
    let step = next_step(flow);
    let tail = 1 + usize::from(step.is_some());
    if let Some(step) = step {
        let step = plain(&format!("→ {step}"), ascii).into_owned();
        parts.push(vec![Span::new(step, Role::Key)]);
    }
    loop {
        let row = Row::of(parts.join(&Span::plain("   ")));
        let lines = wrap(&row.text(), width).len();
        if lines <= 2 || parts.len() <= tail + 1 {
            return row;
        }
        // First the carrier, then who.
        let goes = if parts.len() > tail + 2 {
            parts.len() - tail - 1
        } else {
            0
        };
        parts.remove(goes);
    }
}

/// Mark and sentence, with the side, or that it is open.
fn whole_outcome(flow: &AnalysedFlow, ascii: bool) -> Vec<Span> {
    if let Some(fax) = lead(&flow.flow) {
        let (mark, role) = verdict(fax.verdict, ascii);
        let failed = matches!(fax.verdict, Verdict::Failed | Verdict::Partial);
        // Some sentences name a side though they accuse nobody.
        let named = ["caller", "callee", "PBX", "side"];
        let accused = fax.cause.is_some_and(|cause| cause.side.is_some());
        let open = failed && !accused && !named.iter().any(|side| fax.summary.contains(*side));
        let open = if open { "; which side is open" } else { "" };
        let text = format!("{mark} {}{open}", plain(&fax.summary, ascii));
        return vec![Span::new(text, role)];
    }
    let legs = flow.flow.legs.iter().zip(&flow.hints);
    let mut failures = legs.filter_map(|(call, hints)| failure(call, hints));
    if let Some(text) = failures.next() {
        let (mark, role) = verdict(Verdict::Failed, ascii);
        return vec![Span::new(format!("{mark} {}", plain(&text, ascii)), role)];
    }
    let call = flow.flow.legs.first();
    call.map_or_else(Vec::new, |call| {
        vec![Span::plain(plain(&outcome(call), ascii))]
    })
}

/// What to check first about what explains the failure.
fn next_step(flow: &AnalysedFlow) -> Option<&'static str> {
    if lead(&flow.flow).is_some_and(|fax| fax.verdict == Verdict::Ok) {
        return None;
    }
    let legs = flow.flow.legs.iter().zip(&flow.hints);
    let wanted = lead(&flow.flow)
        .and_then(|fax| fax.cause)
        .map(|cause| cause.rule);
    let mut causes = legs.filter_map(|(call, hints)| cause_hint(call, hints));
    let hint = causes.find(|hint| wanted.is_none_or(|rule| rule == hint.rule.id))?;
    Some(hint.rule.step).filter(|step| !step.is_empty())
}

/// `setup ✓   T.38 ✓   A ✓   B ✗ no DCS   C ·`
pub fn strip(flow: &Flow, ascii: bool) -> Row {
    let mut spans = Vec::new();
    for stage in stages(flow) {
        let (mark, role) = match (stage.mark, ascii) {
            (StageMark::Passed, false) => ("✓", Role::Good),
            (StageMark::Passed, true) => ("v", Role::Good),
            (StageMark::Failed, false) => ("✗", Role::Error),
            (StageMark::Failed, true) => ("x", Role::Error),
            (StageMark::Troubled, _) => ("!", Role::Warning),
            (StageMark::NotSeen, false) => ("·", Role::Dim),
            (StageMark::NotSeen, true) => ("-", Role::Dim),
        };
        let text = if stage.text.is_empty() {
            format!("{} {mark}", stage.name)
        } else {
            format!("{} {mark} {}", stage.name, plain(&stage.text, ascii))
        };
        if !spans.is_empty() {
            spans.push(Span::plain("   "));
        }
        spans.push(Span::new(text, role));
    }
    Row::of(spans)
}

/// The stages of the fax that the flow is about. Where none of them failed there, what the other leg shows counts too:
/// it may have seen more of a fax that one leg carries in another way, or be where it failed.
fn stages(flow: &Flow) -> Vec<Stage> {
    let Some(fax) = lead(flow) else {
        return Vec::new();
    };
    let mut stages: Vec<Stage> = fax.stages.clone();
    if has_failed(&stages) {
        return stages;
    }
    let weight = |stage: &Stage| match stage.mark {
        StageMark::NotSeen => 0,
        StageMark::Passed => 1,
        StageMark::Troubled => 2,
        StageMark::Failed => 3,
    };
    for other in flow.legs.iter().filter_map(|call| call.fax.as_ref()) {
        for stage in &mut stages {
            let same = other.stages.iter().find(|one| one.name == stage.name);
            if let Some(same) = same.filter(|same| weight(same) > weight(stage)) {
                stage.clone_from(same);
            }
        }
    }
    if let Some(switch) = stages.iter_mut().find(|stage| stage.name == "T.38")
        && switch.mark == StageMark::Passed
        && flow.legs.len() > 1
        && flow.legs.iter().any(|call| never_t38(call))
    {
        "one leg".clone_into(&mut switch.text);
        if fax.verdict != Verdict::Ok {
            switch.mark = StageMark::Troubled;
        }
    }
    if fax.verdict == Verdict::Failed && !has_failed(&stages) {
        fail_before_messages(&mut stages);
    }
    stages
}

/// Whether nobody asked for T.38 on a leg, and none came.
fn never_t38(call: &Call) -> bool {
    let asked = call
        .negotiations
        .iter()
        .any(crate::call::Negotiation::offers_t38);
    call.has_sip() && !asked && call.packets.t38 == 0
}

fn has_failed(stages: &[Stage]) -> bool {
    stages.iter().any(|stage| stage.mark == StageMark::Failed)
}

/// A fax without a single message stopped where the first was due.
fn fail_before_messages(stages: &mut [Stage]) {
    for (name, missing) in [("A", "not heard"), ("B", "no DIS")] {
        let stage = stages.iter_mut().find(|stage| stage.name == name);
        if let Some(stage) = stage.filter(|stage| stage.mark == StageMark::NotSeen) {
            stage.mark = StageMark::Failed;
            missing.clone_into(&mut stage.text);
            return;
        }
    }
}

/// The fax that the flow is about: where two legs say different things, the worse.
pub fn lead(flow: &Flow) -> Option<&Fax> {
    flow.legs
        .iter()
        .filter_map(|call| call.fax.as_ref())
        .min_by_key(|fax| std::cmp::Reverse(fax.verdict.gravity()))
}

/// Mark and role of a verdict.
pub fn verdict(verdict: Verdict, ascii: bool) -> (&'static str, Role) {
    match (verdict, ascii) {
        (Verdict::Ok, false) => ("✓", Role::Good),
        (Verdict::Ok, true) => ("v", Role::Good),
        (Verdict::Partial, _) => ("!", Role::Warning),
        (Verdict::Failed, false) => ("✗", Role::Error),
        (Verdict::Failed, true) => ("x", Role::Error),
        (Verdict::Incomplete, _) => ("?", Role::Warning),
    }
}

/// `2007 → 3004`, harmless; of two legs the caller of the first and the callee of the second.
pub fn parties(flow: &Flow, ascii: bool) -> String {
    let (Some(first), Some(last)) = (flow.legs.first(), flow.legs.last()) else {
        return String::new();
    };
    let from = party(&first.from, first.caller);
    let to = party(&last.to, last.callee);
    plain(&format!("{from} → {to}"), ascii).into_owned()
}

fn party(party: &crate::sip::Party, endpoint: crate::capture::Endpoint) -> String {
    party
        .user
        .clone()
        .or_else(|| party.display.clone())
        .unwrap_or_else(|| endpoint.addr.to_string())
}

/// `call 2`, `calls 2 + 3`, `calls 2 + 3 (or 5)` where another call fits as the other leg, if less well.
pub fn numbers(flow: &Flow) -> String {
    let numbers: Vec<String> = flow
        .legs
        .iter()
        .map(|call| call.number.to_string())
        .collect();
    match numbers.as_slice() {
        [one] => format!("call {one}"),
        more => format!("calls {}{}", more.join(" + "), others(flow)),
    }
}

/// Further candidates named at most.
const MOST_OTHERS: usize = 3;

/// Calls that fit as the other leg of the first one too.
fn others(flow: &Flow) -> String {
    let all = flow
        .legs
        .first()
        .map_or(&[][..], |call| &call.other_candidates);
    let named: Vec<String> = all
        .iter()
        .filter(|number| flow.legs.iter().all(|leg| leg.number != **number))
        .take(MOST_OTHERS)
        .map(ToString::to_string)
        .collect();
    match named.as_slice() {
        [] => String::new(),
        named => format!(" (or {})", named.join(", ")),
    }
}

/// `T.38`, `T.38 on both legs`, `T.38 on leg A, G.711 on leg B`
pub fn carrier(flow: &Flow) -> Option<String> {
    let carriers: Vec<FaxCarrier> = flow
        .legs
        .iter()
        .filter_map(|call| call.fax.as_ref().map(|fax| fax.carrier))
        .collect();
    match carriers.as_slice() {
        [] => None,
        [one] => Some(carrier_name(*one).to_owned()),
        [one, other, ..] if one == other => Some(format!("{} on both legs", carrier_name(*one))),
        [one, other, ..] => Some(format!(
            "{} on leg A, {} on leg B",
            carrier_name(*one),
            carrier_name(*other)
        )),
    }
}

/// `T.38`, `G.711`, `G.711 and T.38`
pub const fn carrier_name(carrier: FaxCarrier) -> &'static str {
    match carrier {
        FaxCarrier::T38 => "T.38",
        FaxCarrier::G711 => "G.711",
        FaxCarrier::Both => "T.38+G.711",
    }
}

/// The result of a call without a fax.
pub fn outcome(call: &Call) -> String {
    match (call.status, &call.reason) {
        (Some(status @ 300..), Some(reason)) => format!("{}: {status} {reason}", call.state.name()),
        (Some(status @ 300..), None) => format!("{}: {status}", call.state.name()),
        _ => call.state.name().to_owned(),
    }
}
