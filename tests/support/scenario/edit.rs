//! Edits of the steps: left out, put in, replaced, later, said otherwise.

use super::script::Script;
use super::step::Step;
use super::text::{Line, Words, number};

/// Does an edit; false: the verb is none.
pub(crate) fn apply(script: &mut Script, verb: &str, args: &Words, block: &[Line]) -> bool {
    match verb {
        "drop" => {
            for label in args.all_plain() {
                drop_steps(script, label);
            }
        }
        "end" => {
            // Nothing after this step; the capture goes on only if `idle` is said again.
            let (_, last) = range(script, args.need(0, "label"));
            script.steps.truncate(last + 1);
        }
        "after" => {
            let (_, last) = range(script, args.need(0, "label"));
            put_in(script, last + 1, block);
        }
        "before" => {
            let (first, _) = range(script, args.need(0, "label"));
            put_in(script, first, block);
        }
        "instead" => {
            let first = drop_steps(script, args.need(0, "label"));
            put_in(script, first, block);
        }
        "delay" => {
            let place = script.place(args.need(0, "label"));
            script.steps[place].delay += number(args.need(1, "seconds"));
        }
        "set" => {
            let place = script.place(args.need(0, "label"));
            let changed = args.0[1..].iter().cloned();
            script.steps[place].args.0.extend(changed);
        }
        _ => return false,
    }
    true
}

/// First and last place of `label`, `label..label` or (both legs) `AB:label`.
fn range(script: &Script, text: &str) -> (usize, usize) {
    if let Some(label) = text
        .strip_prefix("AB:")
        .filter(|label| !label.contains(".."))
    {
        let (one, two) = (script.place(label), script.place(&format!("B:{label}")));
        return (one.min(two), one.max(two));
    }
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let (first, last) = (range_end(script, first), range_end(script, last));
    assert!(first.0 <= last.1, "`{text}` goes backwards");
    (first.0, last.1)
}

fn range_end(script: &Script, label: &str) -> (usize, usize) {
    if label.starts_with("AB:") {
        return range(script, label);
    }
    let place = script.place(label);
    (place, place)
}

fn drop_steps(script: &mut Script, text: &str) -> usize {
    let (first, last) = range(script, text);
    if text.starts_with("AB:") && !text.contains("..") {
        script.steps.remove(last);
        script.steps.remove(first);
    } else {
        script.steps.drain(first..=last);
    }
    first
}

fn put_in(script: &mut Script, mut place: usize, block: &[Line]) {
    assert!(!block.is_empty(), "an indented block is missing");
    for line in block {
        let steps =
            Step::parse(&line.words).unwrap_or_else(|| panic!("line {}: no step", line.number));
        place = script.insert(place, steps);
    }
}
