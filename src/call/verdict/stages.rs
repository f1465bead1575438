//! The strip over the ladder: where a fax stopped, at a glance.

use crate::call::verdict::{Evidence, stopped_in};
use crate::call::{Call, CallState, EventKind, Fax, FaxCarrier, Phase, Stage, StageMark, Verdict};

/// `setup`, `T.38`, `A` to `E`, `release`.
pub(super) fn stages(call: &Call, fax: &Fax, evidence: &Evidence) -> Vec<Stage> {
    let mut out = vec![setup(call), switch(call, fax, evidence)];
    let stopped = if matches!(fax.verdict, Verdict::Failed | Verdict::Partial) {
        stopped_in(evidence)
    } else {
        None
    };
    for phase in Phase::ALL {
        out.push(of_phase(call, phase, stopped, evidence));
    }
    out.push(release(call));
    out
}

fn stage(name: &'static str, mark: StageMark, text: &str) -> Stage {
    Stage {
        name,
        phase: None,
        mark,
        text: text.to_owned(),
    }
}

fn setup(call: &Call) -> Stage {
    match (call.has_sip(), call.answered.is_some(), call.status) {
        (false, _, _) => stage("setup", StageMark::NotSeen, ""),
        (true, true, _) => stage("setup", StageMark::Passed, ""),
        (true, false, Some(code)) if code >= 300 => {
            stage("setup", StageMark::Failed, &code.to_string())
        }
        (true, false, _) => stage("setup", StageMark::NotSeen, ""),
    }
}

fn switch(call: &Call, fax: &Fax, evidence: &Evidence) -> Stage {
    let mut asked = call
        .negotiations
        .iter()
        .filter(|one| one.offers_t38())
        .peekable();
    if asked.peek().is_none() {
        let seen = fax.carrier != FaxCarrier::G711;
        return stage(
            "T.38",
            if seen {
                StageMark::Passed
            } else {
                StageMark::NotSeen
            },
            "",
        );
    }
    let refused: Vec<_> = call
        .negotiations
        .iter()
        .filter(|one| one.offers_t38() && !one.accepts_t38())
        .collect();
    let agreed = call
        .negotiations
        .iter()
        .any(|one| one.offers_t38() && one.accepts_t38());
    match (agreed, refused.last()) {
        (true, None) => stage("T.38", StageMark::Passed, ""),
        (true, Some(_)) => stage("T.38", StageMark::Troubled, ""),
        // The capture lacks where the answer would be.
        (false, Some(one)) if one.status.is_none() && evidence.lacks.is_some() => {
            stage("T.38", StageMark::NotSeen, "")
        }
        (false, Some(one)) => {
            let text = match one.status {
                Some(code) if code >= 300 => code.to_string(),
                Some(_) => "declined".to_owned(),
                None => "no answer".to_owned(),
            };
            let mark = if fax.verdict == Verdict::Ok {
                StageMark::Troubled
            } else {
                StageMark::Failed
            };
            stage("T.38", mark, &text)
        }
        (false, None) => stage("T.38", StageMark::NotSeen, ""),
    }
}

fn of_phase(call: &Call, phase: Phase, stopped: Option<Phase>, evidence: &Evidence) -> Stage {
    let seen = call.events.iter().any(|event| {
        event.observed && event.phase == Some(phase) && !matches!(event.kind, EventKind::Gap { .. })
    });
    let trouble = match phase {
        Phase::B => evidence.ftt > 0,
        Phase::D => evidence.rtn || evidence.unconfirmed > 0,
        _ => false,
    };
    let (mark, text) = match (stopped == Some(phase), seen) {
        (true, _) => (StageMark::Failed, why(phase, evidence)),
        (false, false) => (StageMark::NotSeen, String::new()),
        (false, true) if trouble => (StageMark::Troubled, String::new()),
        (false, true) => (StageMark::Passed, String::new()),
    };
    Stage {
        name: phase.name(),
        phase: Some(phase),
        mark,
        text,
    }
}

fn why(phase: Phase, evidence: &Evidence) -> String {
    match phase {
        Phase::B if evidence.dcs > 0 => "no CFR".to_owned(),
        Phase::B if evidence.dis > 0 => "no DCS".to_owned(),
        Phase::C => evidence.cut.unwrap_or("no page").to_owned(),
        Phase::D if evidence.rtn => "RTN".to_owned(),
        Phase::D if evidence.unconfirmed < evidence.sent - evidence.confirmed => {
            "no command".to_owned()
        }
        Phase::D => "no MCF".to_owned(),
        _ => String::new(),
    }
}

fn release(call: &Call) -> Stage {
    let bye = call.transactions.iter().filter(|one| one.method == "BYE");
    let answered = bye.clone().any(|one| one.final_response().is_some());
    match (call.state, bye.count()) {
        (CallState::Completed, _) if answered => stage("release", StageMark::Passed, ""),
        (CallState::Completed, _) => stage("release", StageMark::Troubled, "BYE unanswered"),
        _ => stage("release", StageMark::NotSeen, ""),
    }
}
