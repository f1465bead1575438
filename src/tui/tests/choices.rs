//! Columns that are chosen, messages that are compared, a pipe that is left.

use super::*;
use crate::capture::Note;
use crate::tui::app::prompt::PromptKind;
use crate::view::calls::{Column, SortBy};

#[test]
fn columns_are_chosen_and_may_be_kept() {
    let mut app = listed(LARGE);
    app.options.settings = Some("config.toml".into());
    drive(&mut app, &[Action::Columns]);
    insta::assert_snapshot!("columns_160", screen(&app));
    // The number goes to the right, the length goes.
    drive(&mut app, &[Action::ColumnRight, Action::Down, Action::Mark]);
    let heading = |app: &App| screen(app).lines().nth(1).unwrap().to_owned();
    assert!(!heading(&app).contains("length"), "{}", heading(&app));
    assert_eq!(drive(&mut app, &[Action::Back]), []);
    let chosen = app.options.columns.clone().unwrap();
    assert_eq!(
        chosen[..3],
        [SortBy::Start, SortBy::Number, SortBy::From].map(Column::Sorted)
    );
    assert!(
        foot(&app).contains("Keep these columns in config.toml?"),
        "{}",
        foot(&app)
    );
    let effects = drive(&mut app, &[Action::Type('y')]);
    assert_eq!(effects, [Effect::WriteColumns("config.toml".into())]);
    // Nothing changed, nothing asked; those that always were are no choice.
    drive(&mut app, &[Action::Columns, Action::Back]);
    assert_eq!(app.prompt, None);
    drive(
        &mut app,
        &[Action::Columns, Action::Down, Action::ColumnLeft],
    );
    drive(&mut app, &[Action::Down, Action::Back, Action::Type('n')]);
    assert!(screen(&app).contains("carrier"));
}

#[test]
fn two_messages_stand_side_by_side() {
    let mut app = listed(SMALL);
    drive(&mut app, &[Action::Open, Action::First, Action::Mark]);
    assert!(
        foot(&app).contains("Space on another message"),
        "{}",
        foot(&app)
    );
    drive(&mut app, &[Action::Last, Action::Mark]);
    assert_eq!(app.screens.last(), Some(&Screen::Compare));
    let whole = screen(&app);
    assert!(whole.contains("INVITE") && whole.contains('≠'), "{whole}");
    drive(&mut app, &[Action::Fold]);
    let copied = drive(&mut app, &[Action::Copy]);
    assert!(matches!(copied.as_slice(), [Effect::Copy(text)] if text.contains("differ")));
    drive(&mut app, &[Action::Back]);
    assert_eq!(app.screens.last(), Some(&Screen::Flow));
    // The first one stays marked, for another one, until it is marked again.
    drive(&mut app, &[Action::First]);
    assert!(screen(&app).contains("▶●"), "{}", screen(&app));
    drive(&mut app, &[Action::Mark]);
    assert!(!screen(&app).contains('●'));
}

#[test]
fn whoever_leaves_a_pipe_is_asked_once() {
    let mut app = listed(SMALL);
    app.options.in_no_file = true;
    assert_eq!(drive(&mut app, &[Action::Back]), []);
    assert!(
        foot(&app).contains("in no file. Keep it?"),
        "{}",
        foot(&app)
    );
    assert_eq!(drive(&mut app, &[Action::Cancel]), []);
    assert_eq!(app.prompt, None);
    assert_eq!(
        drive(&mut app, &[Action::Quit, Action::Quit]),
        [Effect::Quit]
    );
    drive(&mut app, &[Action::Cancel, Action::Back, Action::Type('y')]);
    let prompt = app.prompt.clone().unwrap();
    assert_eq!(prompt.kind, PromptKind::Keep);
    assert!(prompt.text.starts_with("faxflow-2023"), "{}", prompt.text);
    let effects = drive(&mut app, &[Action::EraseAll]);
    assert_eq!(effects, []);
    let effects = drive(&mut app, &typed("all.pcap"));
    assert_eq!(effects, []);
    assert_eq!(
        drive(&mut app, &[Action::Accept]),
        [Effect::Keep("all.pcap".into())]
    );
    app.apply(Update::Kept(Err("all.pcap: it is there".into())));
    assert_eq!(app.kept, None);
    assert!(foot(&app).contains("it is there"));
    app.apply(Update::Kept(Ok("3 packets in all.pcap".into())));
    assert_eq!(app.kept.as_deref(), Some("3 packets in all.pcap"));
}

#[test]
fn what_cannot_be_read_is_said_in_the_list() {
    let mut app = started(SMALL);
    app.apply(Update::Rows(rows()));
    let mut info = fixture::info();
    let note = |text: &str| Note {
        frame: None,
        offset: None,
        text: text.to_owned(),
    };
    info.notes.push(note("the last frame is cut"));
    info.notes.push(note(
        "SIP over TLS seen between 192.0.2.1 and 192.0.2.2: 412 packets, not decrypted",
    ));
    info.notes.push(note(
        "MGCP seen between 192.0.2.1 and 192.0.2.3: 4 packets, not decoded",
    ));
    app.apply(Update::Finished(info));
    let text = screen(&app);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[1].contains("SIP over TLS seen"), "{text}");
    assert!(
        lines[2].contains("MGCP seen") && lines[2].contains("? G: all"),
        "{text}"
    );
}

#[test]
fn what_is_saved_has_both_legs() {
    let mut app = listed(SMALL);
    drive(&mut app, &[Action::Down, Action::Save]);
    let prompt = app.prompt.clone().unwrap();
    let both = PromptKind::Save {
        calls: vec![CallNo(2), CallNo(3)],
    };
    assert_eq!(prompt.kind, both);
    assert!(prompt.text.ends_with(".pcapng"), "{}", prompt.text);
    assert!(
        foot(&app).contains("save packets and hints, 2 legs (Tab: form): call-2+3-"),
        "{}",
        foot(&app)
    );
}
