//! The screen driven by actions, compared as text.

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::action::Action;
use super::app::flow::Pane;
use super::app::{App, Effect, Options, Screen};
use super::render;
use super::update::update;
use crate::analysis::reading::Analysis;
use crate::analysis::service::Update;
use crate::analysis::{AnalysedFlow, CallRow};
use crate::call::CallNo;
use crate::capture::CaptureInfo;
use crate::view::fixture;

mod choices;

const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (160, 50);

fn rows() -> Vec<CallRow<'static>> {
    fixture::rows()
}

fn started(size: (u16, u16)) -> App {
    App::new(Options::default(), size)
}

/// The calls list, all read.
fn listed(size: (u16, u16)) -> App {
    let mut app = started(size);
    assert_eq!(app.apply(Update::Rows(rows())), None);
    app.apply(Update::Finished(fixture::info()));
    app
}

/// Does some actions; calls that are asked for are opened at once.
fn drive(app: &mut App, actions: &[Action]) -> Vec<Effect> {
    let mut effects = Vec::new();
    for action in actions {
        let Some(effect) = update(app, *action) else {
            continue;
        };
        if let Effect::Open { calls, other_leg } = &effect {
            effects.extend(app.apply(Update::Opened(flow_of(calls, *other_leg))));
        }
        effects.push(effect);
    }
    effects
}

fn flow_of(calls: &[CallNo], other_leg: bool) -> AnalysedFlow {
    let mut flow = match calls.first() {
        Some(CallNo(1)) => fixture::good(),
        Some(CallNo(4)) => fixture::refused(),
        _ => fixture::no_dcs(),
    };
    if calls.len() == 1 && !other_leg {
        let at = flow
            .flow
            .legs
            .iter()
            .position(|call| call.number == calls[0])
            .unwrap();
        flow.flow.legs = vec![flow.flow.legs.remove(at)];
        flow.hints = vec![flow.hints.remove(at)];
    }
    flow
}

fn typed(text: &str) -> Vec<Action> {
    text.chars().map(Action::Type).collect()
}

fn drawn(app: &App) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(app.size.0, app.size.1)).unwrap();
    terminal
        .draw(|frame| {
            if let Some(cursor) = render::render(app, frame.buffer_mut()) {
                frame.set_cursor_position(cursor);
            }
        })
        .unwrap();
    terminal
}

fn screen(app: &App) -> String {
    let terminal = drawn(app);
    let buffer = terminal.backend().buffer();
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let line: String = (0..buffer.area.width)
            .map(|x| buffer[(x, y)].symbol())
            .collect();
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn foot(app: &App) -> String {
    screen(app).lines().last().unwrap().trim().to_owned()
}

fn selected_line(app: &App) -> String {
    screen(app)
        .lines()
        .find(|line| line.starts_with('▶'))
        .unwrap()
        .to_owned()
}

#[test]
fn calls_list() {
    insta::assert_snapshot!("calls_80", screen(&listed(SMALL)));
    insta::assert_snapshot!("calls_160", screen(&listed(LARGE)));
}

#[test]
fn calls_while_loading() {
    let mut app = started(SMALL);
    insta::assert_snapshot!("loading_nothing_yet", screen(&app));
    app.reading.elapsed = std::time::Duration::from_secs(8);
    app.apply(Update::Progress(CaptureInfo {
        file_bytes: Some(1_024_000_000),
        file_pos: 412_000_000,
        packets: 1_203_412,
        ..fixture::info()
    }));
    app.apply(Update::Rows(rows()));
    insta::assert_snapshot!("loading_calls", screen(&app));
}

#[test]
fn empty_lists_say_what_to_do() {
    let mut app = started(SMALL);
    app.apply(Update::Finished(fixture::info()));
    insta::assert_snapshot!("no_calls", screen(&app));
    let mut app = started(SMALL);
    app.apply(Update::Finished(CaptureInfo {
        packets: 0,
        ..fixture::info()
    }));
    assert!(screen(&app).contains("fax.pcap holds no packets"));
    let mut app = listed(SMALL);
    drive(&mut app, &[Action::Search]);
    drive(&mut app, &typed("nobody"));
    assert!(screen(&app).contains("No call has \"nobody\""));
    assert!(foot(&app).starts_with("filter: nobody"));
}

#[test]
fn flow_of_one_leg() {
    for (name, size) in [("one_leg_80", SMALL), ("one_leg_160", LARGE)] {
        let mut app = listed(size);
        drive(
            &mut app,
            &[
                Action::Open,
                Action::First,
                Action::NextStep,
                Action::NextStep,
            ],
        );
        insta::assert_snapshot!(name, screen(&app));
    }
}

#[test]
fn flow_of_two_legs() {
    for (name, size) in [("two_legs_80", SMALL), ("two_legs_160", LARGE)] {
        let mut app = listed(size);
        drive(&mut app, &[Action::Down, Action::Open]);
        insta::assert_snapshot!(name, screen(&app));
    }
}

#[test]
fn message_and_help() {
    let mut app = listed(SMALL);
    drive(&mut app, &[Action::Down, Action::Open, Action::Open]);
    insta::assert_snapshot!("message_80", screen(&app));
    drive(&mut app, &[Action::Back, Action::Help]);
    insta::assert_snapshot!("help_80", screen(&app));
    drive(&mut app, &[Action::Back]);
    assert_eq!(app.screens, [Screen::Flow]);
    let mut app = listed(LARGE);
    drive(&mut app, &[Action::Help]);
    insta::assert_snapshot!("help_160", screen(&app));
}

#[test]
fn opens_at_the_step_that_decided() {
    let mut app = listed(LARGE);
    drive(&mut app, &[Action::Down, Action::Open]);
    assert!(
        selected_line(&app).contains("DIS sent 3x"),
        "{}",
        screen(&app)
    );
    assert!(screen(&app).contains("t30-dis-no-dcs"));
    assert!(!selected_line(&app).contains("CSI"));
}

#[test]
fn selection_survives_a_resize() {
    let mut app = listed(LARGE);
    drive(
        &mut app,
        &[
            Action::Down,
            Action::Open,
            Action::Last,
            Action::PreviousStep,
        ],
    );
    let before = app.flow.as_ref().unwrap().current();
    assert!(before.is_some());
    for size in [(80, 24), (40, 8), (300, 90), (1, 1), (160, 50)] {
        drive(&mut app, &[Action::Resize(size.0, size.1)]);
        assert_eq!(app.flow.as_ref().unwrap().current(), before, "{size:?}");
        if size.0 >= 80 {
            assert!(selected_line(&app).contains("DCS"), "{}", screen(&app));
        }
    }
}

#[test]
fn draws_on_any_size() {
    for width in [0, 1, 2, 5, 19, 79, 139, 140, 141] {
        for height in [0, 1, 2, 3, 5, 9, 10, 24] {
            let mut app = listed((width, height));
            for action in [
                Action::Help,
                Action::Back,
                Action::Open,
                Action::Open,
                Action::Search,
            ] {
                drive(&mut app, &[action]);
                screen(&app);
            }
        }
    }
}

#[test]
fn selection_survives_filter_sort_and_new_rows() {
    let mut app = started(SMALL);
    let all = rows();
    app.apply(Update::Rows(all[1..3].to_vec()));
    drive(&mut app, &[Action::Down]);
    let number = |app: &App| app.calls.selected().unwrap().number;
    assert_eq!(number(&app), CallNo(3));
    app.apply(Update::Rows(vec![all[3].clone(), all[0].clone()]));
    assert_eq!(number(&app), CallNo(3));
    drive(&mut app, &[Action::SortDirection]);
    assert_eq!(number(&app), CallNo(3));
    assert_eq!(app.calls.shown()[0].number, CallNo(4));
    drive(&mut app, &[Action::Search]);
    drive(&mut app, &typed("5550001"));
    drive(&mut app, &[Action::Cancel]);
    assert_eq!(number(&app), CallNo(3));
    assert_eq!(app.calls.shown().len(), 4);
}

#[test]
fn marks_two_calls_at_most_and_opens_them() {
    let mut app = listed(SMALL);
    drive(
        &mut app,
        &[
            Action::Mark,
            Action::Down,
            Action::Mark,
            Action::Down,
            Action::Mark,
        ],
    );
    assert_eq!(app.calls.marked(), [CallNo(2), CallNo(3)]);
    assert!(screen(&app).contains('●'));
    let effects = drive(&mut app, &[Action::Open]);
    let calls = vec![CallNo(2), CallNo(3)];
    assert_eq!(
        effects,
        [Effect::Open {
            calls,
            other_leg: false
        }]
    );
    assert_eq!(app.screens, [Screen::Flow]);
}

#[test]
fn other_leg_goes_out_and_in() {
    let mut app = listed(LARGE);
    drive(&mut app, &[Action::Down, Action::OtherLeg]);
    assert_eq!(app.calls.marked(), [CallNo(2), CallNo(3)]);
    drive(&mut app, &[Action::OtherLeg, Action::Open]);
    let selected = app.flow.as_ref().unwrap().current();
    let legs = |app: &App| app.flow.as_ref().unwrap().numbers().len();
    assert_eq!(legs(&app), 2);
    drive(&mut app, &[Action::OtherLeg]);
    assert_eq!(legs(&app), 1);
    assert_eq!(app.flow.as_ref().unwrap().current(), selected);
    drive(&mut app, &[Action::OtherLeg]);
    assert_eq!(legs(&app), 2);
    assert_eq!(app.flow.as_ref().unwrap().current(), selected);
}

#[test]
fn steps_pass_over_sip_and_troubles_over_the_rest() {
    let mut app = listed(LARGE);
    drive(&mut app, &[Action::Open, Action::First]);
    let mut seen = Vec::new();
    for _ in 0..10 {
        drive(&mut app, &[Action::NextStep]);
        seen.push(selected_line(&app));
    }
    for (line, word) in seen.iter().zip([
        "CSI", "DIS", "TSI", "DCS", "TCF", "CFR", "page", "PPS", "MCF", "DCN",
    ]) {
        assert!(line.contains(word), "{word}: {line}");
    }
    drive(&mut app, &[Action::NextStep]);
    assert_eq!(foot(&app), "no further step of the fax");
    drive(
        &mut app,
        &[
            Action::Back,
            Action::Down,
            Action::Open,
            Action::Last,
            Action::PreviousTrouble,
        ],
    );
    assert!(selected_line(&app).contains("BYE"));
    drive(&mut app, &[Action::PreviousTrouble]);
    assert!(selected_line(&app).contains("DIS"));
    drive(&mut app, &[Action::NextTrouble, Action::NextTrouble]);
    assert_eq!(foot(&app), "no further error or warning");
}

#[test]
fn searches_and_goes_to_frames() {
    let mut app = listed(LARGE);
    drive(&mut app, &[Action::Open, Action::First, Action::Search]);
    drive(&mut app, &typed("bye"));
    drive(&mut app, &[Action::Accept]);
    assert!(selected_line(&app).contains("BYE"), "{}", screen(&app));
    drive(&mut app, &[Action::PreviousMatch]);
    let frame = app.flow.as_ref().unwrap().current_event().unwrap().frame;
    drive(&mut app, &[Action::Last, Action::Goto]);
    drive(&mut app, &typed(&frame.to_string()));
    drive(&mut app, &[Action::Accept]);
    assert_eq!(
        app.flow.as_ref().unwrap().current_event().unwrap().frame,
        frame
    );
    drive(&mut app, &[Action::Goto]);
    drive(&mut app, &typed("999999"));
    drive(&mut app, &[Action::Accept]);
    assert!(foot(&app).contains("after the end"));
}

#[test]
fn panes_take_the_focus_in_turn() {
    let mut app = listed(SMALL);
    drive(&mut app, &[Action::Down, Action::Open]);
    let focus = |app: &App| app.flow.as_ref().unwrap().focus;
    drive(&mut app, &[Action::NextPane]);
    assert_eq!(focus(&app), Pane::Message);
    drive(&mut app, &[Action::NextPane]);
    assert_eq!(focus(&app), Pane::Hints);
    drive(&mut app, &[Action::NextPane]);
    assert_eq!(focus(&app), Pane::Ladder);
    drive(&mut app, &[Action::PreviousPane, Action::Back]);
    assert_eq!((focus(&app), app.screens.len()), (Pane::Ladder, 1));
}

#[test]
fn saves_under_a_harmless_name() {
    let mut app = listed(SMALL);
    drive(&mut app, &[Action::Last, Action::Save]);
    assert!(
        foot(&app).starts_with("save packets and hints (Tab: form): call-4-"),
        "{}",
        foot(&app)
    );
    assert!(!foot(&app).contains(['\u{1b}', '<', '|', '`']));
    let effects = drive(&mut app, &[Action::Accept]);
    let [Effect::Save(request)] = effects.as_slice() else {
        panic!("{effects:?}")
    };
    assert_eq!(request.calls, [CallNo(4)]);
    assert_eq!(request.path.extension().unwrap(), "pcapng");
    // A flow that is not open is opened for it, and not shown.
    let effects = drive(&mut app, &[Action::Save, Action::Choose, Action::Accept]);
    assert!(
        matches!(effects.as_slice(), [Effect::Save(_), Effect::Open { .. }]),
        "{effects:?}"
    );
    assert!(app.screens.is_empty());
}

#[test]
fn back_ends_one_thing_at_a_time() {
    let mut app = listed(SMALL);
    drive(&mut app, &[Action::Open, Action::Open, Action::Help]);
    assert_eq!(app.screens.len(), 3);
    assert_eq!(
        drive(&mut app, &[Action::Back, Action::Back, Action::Back]),
        []
    );
    drive(&mut app, &[Action::Search]);
    drive(&mut app, &typed("5550001"));
    drive(&mut app, &[Action::Accept]);
    assert_eq!(drive(&mut app, &[Action::Back]), []);
    assert_eq!(app.calls.filter(), "");
    assert_eq!(drive(&mut app, &[Action::Back]), [Effect::Quit]);
    assert_eq!(
        drive(&mut listed(SMALL), &[Action::Open, Action::Quit]).pop(),
        Some(Effect::Quit)
    );
}

#[test]
fn calls_of_the_command_line_are_opened_as_they_come() {
    let options = Options {
        calls: vec![CallNo(2)],
        ..Options::default()
    };
    let mut app = App::new(options, SMALL);
    let all = rows();
    assert_eq!(app.apply(Update::Rows(all[..1].to_vec())), None);
    let effect = app.apply(Update::Rows(all[1..].to_vec()));
    assert_eq!(
        effect,
        Some(Effect::Open {
            calls: vec![CallNo(2)],
            other_leg: true
        })
    );
    app.apply(Update::Opened(fixture::no_dcs()));
    assert_eq!(app.screens, [Screen::Flow]);
    assert_eq!(app.apply(Update::Rows(rows())), None);
}

#[test]
fn calls_of_the_command_line_that_are_not_there_are_told() {
    let with = |calls: &[u32]| {
        let options = Options {
            calls: calls.iter().copied().map(CallNo).collect(),
            ..Options::default()
        };
        App::new(options, SMALL)
    };
    let mut app = with(&[9]);
    assert_eq!(app.apply(Update::Rows(rows())), None);
    assert_eq!(app.notice, None);
    assert_eq!(app.apply(Update::Finished(fixture::info())), None);
    assert_eq!(foot(&app), "there is no call 9");
    let mut app = with(&[2, 3, 1]);
    let effect = app.apply(Update::Rows(rows()));
    let calls = vec![CallNo(2), CallNo(3)];
    let other_leg = false;
    assert_eq!(effect, Some(Effect::Open { calls, other_leg }));
    app.apply(Update::Opened(fixture::no_dcs()));
    assert!(
        foot(&app).starts_with("two calls at most"),
        "{}",
        foot(&app)
    );
}

#[test]
fn notes_are_on_the_list_and_whole_in_its_help() {
    let mut app = listed(SMALL);
    app.reading.info.notes[0].text = "long ".repeat(40);
    assert!(screen(&app).contains("Note: long"));
    assert!(screen(&app).contains("? G: all of it"));
    drive(&mut app, &[Action::Help]);
    assert!(screen(&app).contains('▼'));
    drive(&mut app, &[Action::Last]);
    let text = screen(&app);
    assert!(text.contains("210065)"), "{text}");
    assert!(!text.contains('▼') && text.contains('▲'), "{text}");
}

#[test]
fn full_screen_scrolls_to_the_end_of_the_hints() {
    let mut app = listed((80, 12));
    drive(
        &mut app,
        &[Action::Down, Action::Open, Action::Open, Action::Last],
    );
    let text = screen(&app);
    assert!(text.contains("information field"), "{text}");
    assert!(!text.contains('▼'), "{text}");
    drive(&mut app, &[Action::First]);
    assert!(screen(&app).contains("t30-dis-no-dcs"), "{}", screen(&app));
}

#[test]
fn message_and_row_tell_the_same_time() {
    let mut app = listed(LARGE);
    drive(&mut app, &[Action::Down, Action::Open]);
    for _ in 0..3 {
        let row = selected_line(&app);
        let time = row.split_whitespace().nth(1).unwrap();
        let message = crate::view::to_text(&app.flow.as_ref().unwrap().message.rows);
        // A delta is of the row only.
        if app.ladder.time != crate::view::time::TimeMode::Delta {
            assert!(message.contains(time), "{time}: {message}");
        }
        drive(&mut app, &[Action::Time]);
    }
}

#[test]
fn nothing_of_the_capture_steers_the_terminal() {
    let mut app = listed(LARGE);
    drive(&mut app, &[Action::Last, Action::Open]);
    for action in [
        Action::First,
        Action::Raw,
        Action::Open,
        Action::NextTrouble,
    ] {
        drive(&mut app, &[action]);
        let text = screen(&app);
        assert!(
            !text.contains(|c: char| c != '\n' && crate::text::is_hostile(c)),
            "{text}"
        );
    }
}

#[test]
fn nothing_is_lost_without_colour_and_in_ascii() {
    let options = Options {
        ascii: true,
        colour: false,
        ..Options::default()
    };
    let mut app = App::new(options, LARGE);
    app.apply(Update::Rows(rows()));
    app.apply(Update::Finished(fixture::info()));
    drive(&mut app, &[Action::Down, Action::Open]);
    let text = screen(&app);
    assert!(text.is_ascii(), "{text}");
    assert!(text.contains("x DIS sent 3x"), "{text}");
    insta::assert_snapshot!("ascii_160", text);
}

/// `v` asks for the pages of the call; the screen shows them when they have come, and Esc goes back.
#[test]
fn a_page_is_shown_over_the_flow() {
    let mut app = listed(SMALL);
    drive(&mut app, &[Action::Last, Action::Open]);
    assert_eq!(drive(&mut app, &[Action::View]), []);
    assert!(foot(&app).contains("no page data"), "{}", foot(&app));
    drive(&mut app, &[Action::Back, Action::First, Action::Open]);
    assert_eq!(drive(&mut app, &[Action::View]), [Effect::Pages(CallNo(1))]);
    // Pages of another call are not those that were asked for.
    app.apply(Update::Pages(CallNo(2), Vec::new()));
    assert_eq!(app.screens.last(), Some(&Screen::Flow));
    let jbig = crate::call::pages::CodedPage {
        about: crate::call::PageAttempt::nothing(1),
        octets: vec![1, 2, 3],
    };
    app.apply(Update::Pages(CallNo(1), vec![jbig]));
    assert_eq!(app.screens.last(), Some(&Screen::Page));
    let text = screen(&app);
    assert!(
        text.contains("1 of 1") && text.contains("not decoded"),
        "{text}"
    );
    assert_eq!(
        drive(&mut app, &[Action::ZoomIn, Action::Down, Action::Back]),
        []
    );
    assert_eq!(app.screens.last(), Some(&Screen::Flow));
    app.options.no_pages = true;
    assert_eq!(drive(&mut app, &[Action::View]), []);
    assert!(foot(&app).contains("--no-pages"), "{}", foot(&app));
}

/// At 80x24 the first screen of a flow says what failed, whose side it is on and what to check next, uncut.
#[test]
fn the_first_screen_says_what_whose_and_what_next() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["tests/captures", "../shared/captures/synthetic"];
    let files = folders
        .iter()
        .filter_map(|folder| std::fs::read_dir(root.join(folder)).ok())
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|kind| kind == "pcap" || kind == "pcapng")
        });
    let mut failed = 0;
    for file in files {
        for flow in failed_flows(&file) {
            failed += 1;
            let mut app = listed(SMALL);
            app.waiting.opening = Some(flow.flow.legs.iter().map(|leg| leg.number).collect());
            app.apply(Update::Opened(flow));
            let screen = screen(&app);
            let areas = crate::tui::layout::flow(SMALL, app.flow.as_ref().unwrap().wanted(80));
            let head: Vec<&str> = screen
                .lines()
                .take(areas.title.height.into())
                .map(str::trim)
                .collect();
            let head = head
                .join(" ")
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ");
            let title = app.flow.as_ref().unwrap().title.text();
            let whole = title.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(head, whole, "{}\n{screen}", file.display());
            let sides = [
                "caller", "callee", "sender", "receiver", "middle", "PBX", "network", "capture",
                "open",
            ];
            assert!(
                sides.iter().any(|side| head.contains(side)),
                "whose side: {head}"
            );
            assert!(
                head.contains('→') && head.contains(['✗', '!']),
                "what next: {head}"
            );
            assert!(areas.ladder.height >= 6, "{screen}");
        }
    }
    assert!(failed > 2, "{failed} flows");
}

/// The flows of a capture whose fax failed.
fn failed_flows(file: &std::path::Path) -> Vec<AnalysedFlow> {
    use crate::call::Verdict;
    let mut analysis = Analysis::open(crate::analysis::Options {
        file: file.to_owned(),
        ..Default::default()
    })
    .unwrap();
    analysis.read_all(|_| {}).unwrap();
    let numbers: Vec<CallNo> = analysis
        .numbers()
        .filter(|number| analysis.may_be_fax(*number))
        .collect();
    let flows = numbers
        .iter()
        .map(|number| analysis.flow(&[*number], true).unwrap());
    flows
        .filter(|flow| {
            let faxes = flow.flow.legs.iter().filter_map(|leg| leg.fax.as_ref());
            let fails = |verdict| matches!(verdict, Verdict::Failed | Verdict::Partial);
            faxes.map(|fax| fax.verdict).any(fails)
        })
        .collect()
}

#[test]
fn the_mouse_selects_opens_and_scrolls() {
    let mut app = listed(SMALL);
    let top = app.calls_areas().list.y;
    drive(&mut app, &[Action::Click(5, top + 2)]);
    assert_eq!(app.calls.cursor(), 2);
    drive(&mut app, &[Action::Wheel(false)]);
    assert_eq!(app.calls.cursor(), 0);
    drive(&mut app, &[Action::Click(5, top + 20), Action::Click(5, 0)]);
    assert_eq!((app.calls.cursor(), app.screens.len()), (0, 0));
    let effects = drive(&mut app, &[Action::Click(5, top)]);
    assert!(
        matches!(effects.as_slice(), [Effect::Open { .. }]),
        "{effects:?}"
    );
    let before = app.flow.as_ref().unwrap().cursor();
    drive(&mut app, &[Action::Wheel(true)]);
    assert_eq!(app.flow.as_ref().unwrap().cursor(), before + 3);
}

#[test]
fn a_search_goes_round_and_takes_expressions() {
    let mut app = listed(LARGE);
    drive(&mut app, &[Action::Open, Action::First, Action::Search]);
    drive(&mut app, &typed("~^ *[0-9.]+ .*BYE"));
    drive(&mut app, &[Action::Accept]);
    assert!(selected_line(&app).contains("BYE"), "{}", screen(&app));
    drive(&mut app, &[Action::Search]);
    drive(&mut app, &typed("invite"));
    drive(&mut app, &[Action::Accept]);
    assert_eq!(foot(&app), "\"invite\": on from the top");
    drive(&mut app, &[Action::Search]);
    drive(&mut app, &typed("nowhere to be found"));
    drive(&mut app, &[Action::Accept]);
    assert_eq!(foot(&app), "no match of \"nowhere to be found\"");
    drive(&mut app, &[Action::Search]);
    drive(&mut app, &typed("~("));
    drive(&mut app, &[Action::Accept]);
    assert!(foot(&app).contains("not a regular expression"));
}

#[test]
fn the_pane_under_the_ladder_can_be_resized() {
    let mut app = listed(SMALL);
    drive(&mut app, &[Action::Down, Action::Open]);
    let ladder = |app: &App| app.flow.as_ref().unwrap().height;
    let before = ladder(&app);
    drive(&mut app, &[Action::ZoomOut, Action::ZoomOut]);
    assert_eq!(ladder(&app), before + 2);
    drive(&mut app, &[Action::ZoomIn]);
    assert_eq!(ladder(&app), before + 1);
}

#[test]
fn what_is_copied_is_not_cut() {
    let mut app = listed(SMALL);
    let effects = drive(&mut app, &[Action::Down, Action::Open, Action::Copy]);
    let Some(Effect::Copy(text)) = effects.last() else {
        panic!("{effects:?}")
    };
    assert!(!text.contains('…') && text.contains("DIS"), "{text}");
}
