//! Every rule has a scenario in which it fires and one, close to it, in which it keeps silent.
//!
//! The scenarios are text (tests/scenarios/README.md); real octets are made of them and go through the whole
//! program. `SCENARIO=t30-rtn cargo test --test scenarios -- --nocapture` shows one rule's two at length;
//! `EXPECT=write` puts into the `expect` of each `fires` scenario what is found now.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a test may fail by panic; numbers of the scenarios are small"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use faxflow::api::analysis::reading::Analysis;
use faxflow::api::analysis::{Analysed, Options};
use faxflow::api::capture::Note;
use faxflow::api::capture::merge::Inputs;
use faxflow::api::hint::{Hint, Site, before_suppression, rules};
use faxflow::api::pbxlog::Given;

use scenario::{Made, Script, Words};

#[path = "support/expectation.rs"]
mod expectation;
#[path = "support/scenario/scenario.rs"]
mod scenario;
#[path = "support/v21_signal.rs"]
#[allow(dead_code, reason = "not every test uses all of it")]
mod v21_signal;

/// Whether a rule has to fire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Fires,
    Silent,
}

impl Kind {
    const fn file(self) -> &'static str {
        match self {
            Self::Fires => "fires",
            Self::Silent => "silent",
        }
    }
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/hints")
}

/// What is shown at length.
fn wanted() -> Option<String> {
    std::env::var("SCENARIO").ok()
}

/// Options of `view`: `pbx=203.0.113.5 udptl-ports=4000-4999`.
fn site(script: &Script) -> Site {
    let mut site = Site::default();
    if let Some(pbx) = script.view.option("pbx") {
        site.pbx = vec![pbx.parse::<IpAddr>().unwrap()];
    }
    if let Some(ports) = script.view.option("udptl-ports") {
        let (first, last) = ports.split_once('-').unwrap();
        site.udptl_ports = (first.parse().unwrap(), last.parse().unwrap());
        site.udptl_ports_given = true;
    }
    site
}

/// The calls, and the notes of the capture. A log of the PBX stands beside the script: `fires.log`, the capture of
/// another host: `fires.2.pcap`.
fn analyse(
    path: &Path,
    script: &Script,
    log: Option<&Path>,
    other: Option<&Path>,
) -> (Vec<Analysed>, Vec<Note>) {
    let merged = other.filter(|other| other.exists()).map(|other| Inputs {
        files: vec![path.to_owned(), other.to_owned()],
        ..Inputs::default()
    });
    let mut analysis = Analysis::open(Options {
        file: path.to_owned(),
        merged: merged.map(Into::into),
        site: site(script),
        logs: Given {
            files: log
                .filter(|log| log.exists())
                .map(Path::to_owned)
                .into_iter()
                .collect(),
            offset: None,
        },
        ..Options::default()
    })
    .unwrap();
    analysis.read_all(|_| {}).unwrap();
    let numbers: Vec<_> = analysis.numbers().collect();
    // As when the call is opened: all sound is heard.
    let calls = analysis.analyse_all(&numbers, true).unwrap();
    (calls, analysis.info().notes.clone())
}

/// The note of the capture that tells a rule which has no call to stand on: `sip-no-invite: ...`.
fn told_as_note(
    id: &str,
    kind: Kind,
    script: &Script,
    notes: &[Note],
) -> Option<Result<(), String>> {
    let text = notes
        .iter()
        .find_map(|note| note.text.strip_prefix(id)?.strip_prefix(": "))?;
    let wanted = script.expect.option("seen").unwrap_or_default();
    Some(match kind {
        Kind::Silent => Err(format!("is a note: {text}")),
        Kind::Fires if !text.contains(wanted) => Err(format!("it says `{text}`, not `{wanted}`")),
        Kind::Fires => Ok(()),
    })
}

/// `A`: the call that begins first, `B`: the other one.
fn leg_name(place: usize) -> &'static str {
    ["A", "B", "C", "D"].get(place).copied().unwrap_or("?")
}

/// What a rule says of each leg after suppression.
fn shown<'c>(id: &str, calls: &'c [Analysed]) -> Vec<(&'static str, &'c Hint)> {
    let legs = (0..).map(leg_name).zip(calls);
    legs.flat_map(|(leg, call)| call.hints.iter().map(move |hint| (leg, hint)))
        .filter(|(_, hint)| hint.rule.id == id)
        .collect()
}

/// A rule keeps silent if its check finds nothing on any leg; that another rule hides it is not enough.
fn judge_silence(id: &str, site: &Site, calls: &[Analysed]) -> Result<(), String> {
    for (leg, call) in (0..).map(leg_name).zip(calls) {
        let other = calls
            .iter()
            .find(|other| Some(other.call.number) == call.call.other_leg);
        let found = before_suppression(&call.call, other.map(|other| &*other.call), site);
        if let Some(hint) = found.iter().find(|hint| hint.rule.id == id) {
            let hidden = shown(id, calls).is_empty();
            let how = if hidden { "fires, hidden," } else { "fires" };
            return Err(format!("{how} on leg {leg}: {}", hint.finding.seen));
        }
    }
    Ok(())
}

fn judge_finding(id: &str, expect: &Words, made: &Made, calls: &[Analysed]) -> Result<(), String> {
    let found = shown(id, calls);
    if found.is_empty() {
        return Err("does not fire".to_owned());
    }
    expectation::missing(expect)?;
    let leg = expect.option("leg");
    let results: Vec<Result<(), String>> = found
        .iter()
        .filter(|(own, _)| leg.is_none_or(|leg| leg == *own))
        .map(|(_, hint)| expectation::met(expect, made, hint))
        .collect();
    if results.iter().any(Result::is_ok) {
        return judge_cause(expect, calls);
    }
    let error = results.into_iter().find_map(Result::err);
    Err(error.unwrap_or_else(|| "fires on another leg".to_owned()))
}

/// Whether the failure is explained by the rule that `cause=` names.
fn judge_cause(expect: &Words, calls: &[Analysed]) -> Result<(), String> {
    let Some(wanted) = expect.option("cause") else {
        return Ok(());
    };
    let causes: Vec<&str> = calls
        .iter()
        .filter_map(|call| call.call.cause.map(|cause| cause.rule))
        .collect();
    if causes.contains(&wanted) {
        return Ok(());
    }
    Err(format!("the cause is {causes:?}, not {wanted}"))
}

/// Writes the `expect` line of a file anew, from the hint that meets the old one or the first on that leg.
fn write_expectation(id: &str, path: &Path, script: &Script, made: &Made, calls: &[Analysed]) {
    let leg = script.expect.option("leg");
    let found: Vec<&Hint> = shown(id, calls)
        .into_iter()
        .filter(|(own, _)| leg.is_none_or(|leg| leg == *own))
        .map(|(_, hint)| hint)
        .collect();
    let met = |hint: &&&Hint| expectation::met(&script.expect, made, hint).is_ok();
    let Some(hint) = found.iter().find(met).or(found.first()) else {
        return;
    };
    let text = std::fs::read_to_string(path).unwrap();
    let line = expectation::written(&script.expect, made, hint);
    let mut lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("expect "))
        .collect();
    let head = lines
        .iter()
        .take_while(|line| line.starts_with('#'))
        .count();
    lines.insert(head, &line);
    std::fs::write(path, lines.join("\n") + "\n").unwrap();
}

/// First and last frame of each label.
fn timeline(made: &Made) -> String {
    let mut spans: Vec<(&str, usize, usize)> = Vec::new();
    for (place, label) in made.labels.iter().enumerate() {
        match spans.iter_mut().find(|(own, ..)| own == label) {
            Some((.., last)) => *last = place,
            None => spans.push((label, place, place)),
        }
    }
    spans
        .into_iter()
        .fold(String::new(), |mut out, (label, first, last)| {
            let (from, to) = (made.times[first], made.times[last]);
            let _ = writeln!(
                out,
                "      {from:9.3} - {to:9.3}  frames {:4} - {:4}  {label}",
                first + 1,
                last + 1
            );
            out
        })
}

/// What a scenario came to, for people.
fn report(made: &Made, calls: &[Analysed], at_length: bool) -> String {
    let mut out = String::new();
    if at_length {
        out.push_str(&timeline(made));
    }
    for (place, call) in calls.iter().enumerate() {
        let verdict = call
            .call
            .fax
            .as_ref()
            .map(|fax| (fax.verdict, &fax.summary));
        let _ = writeln!(out, "    leg {}: {verdict:?}", leg_name(place));
        for hint in &call.hints {
            let severity = hint.finding.severity.name();
            let _ = writeln!(
                out,
                "      {severity:8}{:32}{}",
                hint.rule.id, hint.finding.seen
            );
        }
    }
    out
}

/// Checks one file; what is wrong with it.
fn check(id: &str, kind: Kind, path: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"))?;
    let script = Script::parse(&text);
    if !script.says {
        return Err("does not begin with a comment that says what it is".to_owned());
    }
    let start = std::time::Instant::now();
    let made = match std::fs::read(path.with_extension("pcap")) {
        // A script has no proxies.
        Ok(octets) => Made::of_capture(octets),
        Err(_) => scenario::make(&script),
    };
    let making = start.elapsed();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file, &made.octets).unwrap();
    let log = path.with_extension("log");
    let other = path.with_extension("2.pcap");
    let (calls, notes) = analyse(file.path(), &script, Some(&log), Some(&other));
    if kind == Kind::Fires && std::env::var("EXPECT").is_ok_and(|how| how == "write") {
        write_expectation(id, path, &script, &made, &calls);
    }
    let result = told_as_note(id, kind, &script, &notes).unwrap_or_else(|| match kind {
        Kind::Fires => judge_finding(id, &script.expect, &made, &calls),
        Kind::Silent => judge_silence(id, &site(&script), &calls),
    });
    if wanted().is_some() {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let kept = std::env::temp_dir().join(format!("faxflow-{id}-{name}.pcap"));
        std::fs::copy(file.path(), &kept).unwrap();
        println!("{id} {name}: {result:?}, {}", kept.display());
        println!("      made in {making:?}, all in {:?}", start.elapsed());
        println!("{}", report(&made, &calls, true));
    }
    result.map_err(|error| format!("{error}\n{}", report(&made, &calls, false)))
}

/// Further scenarios of a rule that has several reasons: `fires-WHAT.txt`, `silent-WHAT.txt`.
fn further(id: &str) -> Vec<(Kind, String)> {
    let Ok(entries) = std::fs::read_dir(directory().join(id)) else {
        return Vec::new();
    };
    let mut out: Vec<(Kind, String)> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| Path::new(name).extension().is_some_and(|end| end == "txt"))
        .filter_map(|name| {
            [Kind::Fires, Kind::Silent]
                .into_iter()
                .find(|kind| name.starts_with(&format!("{}-", kind.file())))
                .map(|kind| (kind, name))
        })
        .collect();
    out.sort_by(|a, b| a.1.cmp(&b.1));
    out
}

fn check_rule(id: &str, wrong: &mut Vec<String>) {
    let first = |kind: Kind| (kind, format!("{}.txt", kind.file()));
    let mut files = vec![first(Kind::Fires), first(Kind::Silent)];
    files.extend(further(id));
    for (kind, name) in files {
        let path = directory().join(id).join(&name);
        let result = catch_unwind(|| check(id, kind, &path)).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            Err(text
                .or(panic.downcast_ref::<&str>().copied())
                .unwrap_or("panics")
                .to_owned())
        });
        if let Err(error) = result {
            wrong.push(format!("{id}/{name}: {error}"));
        }
    }
}

/// Checks the rules of a family, or those of it that `SCENARIO` names.
fn check_family(family: &str) {
    let only = wanted().unwrap_or_default();
    let mut wrong = Vec::new();
    for rule in rules().filter(|rule| rule.id.starts_with(family) && rule.id.starts_with(&only)) {
        check_rule(rule.id, &mut wrong);
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// One test a family, so that they run side by side.
macro_rules! families {
    ($($name:ident: $family:literal,)*) => {
        $(#[test]
        fn $name() {
            check_family($family);
        })*

        #[test]
        fn every_rule_is_of_a_family() {
            let families = [$($family),*];
            for rule in rules() {
                assert!(families.iter().any(|family| rule.id.starts_with(family)), "{}", rule.id);
            }
        }
    };
}

families! {
    every_rule_cap: "cap-",
    every_rule_sip: "sip-",
    every_rule_sdp: "sdp-",
    every_rule_t38: "t38-",
    every_rule_udptl: "udptl-",
    every_rule_t30: "t30-",
    every_rule_g711: "g711-",
    every_rule_leg: "leg-",
    every_rule_media: "media-",
    every_rule_log: "log-",
}

/// Seconds between two calls of the capture of the screens.
const APART: u32 = 200;

/// `screens.pcap`: the calls of its scenarios, one after the other, and a last frame that is cut.
fn screens() -> Vec<u8> {
    let directory = directory().with_file_name("screens");
    let mut scripts: Vec<PathBuf> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "txt"))
        .collect();
    scripts.sort();
    let mut out = Vec::new();
    for (place, path) in (0..).zip(&scripts) {
        let script = Script::parse(&std::fs::read_to_string(path).unwrap());
        let made = scenario::make(&script).octets;
        let (header, mut records) = made.split_at(24);
        if out.is_empty() {
            out.extend(header);
        }
        while let [s0, s1, s2, s3, u0, u1, u2, u3, l0, l1, l2, l3, rest @ ..] = records {
            let seconds = u32::from_le_bytes([*s0, *s1, *s2, *s3]) + place * APART;
            out.extend(seconds.to_le_bytes());
            out.extend([*u0, *u1, *u2, *u3, *l0, *l1, *l2, *l3]);
            let length = u32::from_le_bytes([*l0, *l1, *l2, *l3]) as usize + 4;
            out.extend(&rest[..length]);
            records = &rest[length..];
        }
    }
    out.truncate(out.len() - 10);
    out
}

#[test]
fn the_capture_of_the_screens_is_made_of_its_scenarios() {
    let path = directory().with_file_name("screens").join("screens.pcap");
    if std::env::var("EXPECT").is_ok_and(|how| how == "write") {
        std::fs::write(&path, screens()).unwrap();
    }
    let written = std::fs::read(&path).unwrap();
    assert!(
        written == screens(),
        "EXPECT=write cargo test --test scenarios"
    );
}

#[test]
fn every_scenario_belongs_to_a_rule() {
    let known: BTreeSet<&str> = rules().map(|rule| rule.id).collect();
    for entry in std::fs::read_dir(directory()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(known.contains(name.as_str()), "no rule {name}");
    }
}
