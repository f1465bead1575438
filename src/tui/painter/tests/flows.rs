//! Octets a key along whole flows of captures: `assets/demo.pcap`, and those of ../shared where they are.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;
use crate::analysis;
use crate::analysis::service::Service;
use crate::tui::app::Effect;

/// A key along a flow: octets, and the bar for them.
struct Step {
    octets: usize,
    most: usize,
}

fn service(path: &Path) -> (Service, App) {
    let options = analysis::Options {
        file: path.to_owned(),
        ..analysis::Options::default()
    };
    let service = Service::start(options).unwrap();
    let mut app = App::new(Options::default(), SIZE);
    while !app.reading.finished {
        let update = service.next(Duration::from_secs(60));
        app.apply(update.expect("an update within a minute"));
    }
    (service, app)
}

/// Opens the selected call and goes along all of its rows, by one key.
fn along(service: &Service, app: &mut App, pair: &mut Pair, back: bool) -> Vec<Step> {
    if let Some(Effect::Open { calls, other_leg }) = update(app, Action::Open) {
        service.open(calls, other_leg);
        while app.flow.is_none() {
            let update = service.next(Duration::from_secs(60));
            app.apply(update.expect("a flow within a minute"));
        }
    }
    show(pair, app);
    let (start, key) = if back {
        (Action::Last, Action::Up)
    } else {
        (Action::First, Action::Down)
    };
    press(pair, app, start);
    let rows = app.flow.as_ref().map_or(0, |view| view.ladder.len());
    let mut steps = Vec::new();
    for _ in 1..rows {
        let top = app.flow.as_ref().map(|view| view.top);
        let octets = press(pair, app, key);
        let scrolled = top != app.flow.as_ref().map(|view| view.top);
        let most = if scrolled { KEY_SCROLLED } else { KEY };
        steps.push(Step { octets, most });
    }
    assert_eq!(show(pair, app), (0, 0), "idle");
    update(app, Action::Back);
    steps
}

/// Prints how much a flow takes; what is over a bar.
fn check(what: &str, steps: &[Step]) -> Vec<String> {
    let mut octets: Vec<usize> = steps.iter().map(|step| step.octets).collect();
    octets.sort_unstable();
    let Some(last) = octets.last() else {
        return Vec::new();
    };
    let mean = octets.iter().sum::<usize>() / octets.len();
    let at = |part: usize| octets.get(octets.len() * part / 100).unwrap_or(last);
    println!(
        "{what}: {} keys, median {}, mean {mean}, 95th {}, most {last}",
        octets.len(),
        at(50),
        at(95),
    );
    let mut over = Vec::new();
    for (at, Step { octets, most }) in steps.iter().enumerate() {
        if octets > most {
            over.push(format!("{what}: {octets} at key {at}, {most} at most"));
        }
    }
    over
}

fn every_flow_of(path: &Path) -> Vec<String> {
    let mut over = Vec::new();
    let (service, mut app) = service(path);
    let mut pair = Pair::new(SIZE);
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    show(&mut pair, &app);
    for call in 0..app.calls.shown().len() {
        for back in [false, true] {
            let steps = along(&service, &mut app, &mut pair, back);
            let way = if back { "up" } else { "down" };
            over.extend(check(&format!("{name}, call {}, {way}", call + 1), &steps));
            println!("    and {} later", std::mem::take(&mut pair.rest));
        }
        press(&mut pair, &mut app, Action::Down);
    }
    over
}

#[test]
fn a_key_along_a_flow_costs_few_octets() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut over = every_flow_of(&root.join("assets/demo.pcap"));
    let shared = root.join("../shared/captures/synthetic");
    let mut found: Vec<PathBuf> = std::fs::read_dir(shared)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "pcap"))
        .collect();
    found.sort();
    let few = [
        "audio-ok-v17-ecm",
        "leg-dis-altered",
        "t38-fail-no-cfr",
        "t38-ok-b2bua",
    ];
    for path in found {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        if few.contains(&name.as_ref()) {
            over.extend(every_flow_of(&path));
        } else if std::env::var_os("ALL_CAPTURES").is_some() {
            // For looking at, not to be held: two rows of a call that was refused at once are no mean.
            println!("{}", every_flow_of(&path).join("\n"));
        }
    }
    assert!(over.is_empty(), "{}", over.join("\n"));
}
