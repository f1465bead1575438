use super::*;

fn press(code: KeyCode, ctrl: bool) -> KeyEvent {
    let modifiers = if ctrl {
        KeyModifiers::CONTROL
    } else {
        KeyModifiers::NONE
    };
    KeyEvent::new(code, modifiers)
}

/// Section 3 of the contract: key, where, what.
const CONTRACT: &[(KeyCode, bool, Context, Action)] = &[
    (KeyCode::Up, false, Context::Calls, Action::Up),
    (KeyCode::Down, false, Context::Flow, Action::Down),
    (KeyCode::Left, false, Context::Message, Action::Left),
    (KeyCode::Right, false, Context::Flow, Action::Right),
    (KeyCode::Char('h'), false, Context::Flow, Action::Left),
    (KeyCode::Char('j'), false, Context::Calls, Action::Down),
    (KeyCode::Char('k'), false, Context::Message, Action::Up),
    (KeyCode::Char('l'), false, Context::Flow, Action::Right),
    (KeyCode::PageUp, false, Context::Calls, Action::PageUp),
    (KeyCode::PageDown, false, Context::Flow, Action::PageDown),
    (KeyCode::Char('d'), true, Context::Flow, Action::HalfDown),
    (KeyCode::Char('u'), true, Context::Calls, Action::HalfUp),
    (KeyCode::Char('g'), false, Context::Calls, Action::First),
    (KeyCode::Char('G'), false, Context::Flow, Action::Last),
    (KeyCode::Home, false, Context::Flow, Action::First),
    (KeyCode::End, false, Context::Message, Action::Last),
    (KeyCode::Enter, false, Context::Calls, Action::Open),
    (KeyCode::Enter, false, Context::Flow, Action::Open),
    (KeyCode::Esc, false, Context::Calls, Action::Back),
    (KeyCode::Char('q'), false, Context::Flow, Action::Back),
    (KeyCode::F(10), false, Context::Message, Action::Back),
    (KeyCode::Char('q'), false, Context::Help, Action::Back),
    (KeyCode::Char('?'), false, Context::Calls, Action::Help),
    (KeyCode::F(1), false, Context::Flow, Action::Help),
    (KeyCode::Char(' '), false, Context::Calls, Action::Mark),
    (KeyCode::Char('x'), false, Context::Calls, Action::OtherLeg),
    (KeyCode::Char('x'), false, Context::Flow, Action::OtherLeg),
    (KeyCode::F(4), false, Context::Flow, Action::OtherLeg),
    (KeyCode::Char('/'), false, Context::Calls, Action::Search),
    (KeyCode::Char('/'), false, Context::Flow, Action::Search),
    (KeyCode::F(3), false, Context::Message, Action::Search),
    (KeyCode::Char('n'), false, Context::Flow, Action::NextMatch),
    (
        KeyCode::Char('N'),
        false,
        Context::Flow,
        Action::PreviousMatch,
    ),
    (KeyCode::Char(']'), false, Context::Flow, Action::NextStep),
    (
        KeyCode::Char('['),
        false,
        Context::Message,
        Action::PreviousStep,
    ),
    (
        KeyCode::Char('e'),
        false,
        Context::Flow,
        Action::NextTrouble,
    ),
    (
        KeyCode::Char('E'),
        false,
        Context::Flow,
        Action::PreviousTrouble,
    ),
    (KeyCode::Tab, false, Context::Flow, Action::NextPane),
    (KeyCode::Char('r'), false, Context::Flow, Action::Raw),
    (KeyCode::F(6), false, Context::Message, Action::Raw),
    (KeyCode::Char('d'), false, Context::Flow, Action::Sdp),
    (KeyCode::Char('m'), false, Context::Flow, Action::Media),
    (KeyCode::Char('v'), false, Context::Flow, Action::View),
    (KeyCode::Char('+'), false, Context::Page, Action::ZoomIn),
    (KeyCode::Esc, false, Context::Page, Action::Back),
    (KeyCode::Char('f'), false, Context::Flow, Action::Fold),
    (KeyCode::F(7), false, Context::Flow, Action::Fold),
    (KeyCode::Char('w'), false, Context::Flow, Action::Time),
    (
        KeyCode::Char('<'),
        false,
        Context::Calls,
        Action::SortPrevious,
    ),
    (KeyCode::Char('>'), false, Context::Calls, Action::SortNext),
    (
        KeyCode::Char('z'),
        false,
        Context::Calls,
        Action::SortDirection,
    ),
    (KeyCode::Char('s'), false, Context::Flow, Action::Save),
    (KeyCode::F(2), false, Context::Calls, Action::Save),
    (KeyCode::Char('y'), false, Context::Message, Action::Copy),
    (KeyCode::Char(':'), false, Context::Flow, Action::Goto),
    (KeyCode::Char('c'), false, Context::Help, Action::Colour),
];

#[test]
fn every_key_of_the_contract_is_bound() {
    for (code, ctrl, context, action) in CONTRACT {
        assert_eq!(
            Keymap::default().action_for(press(*code, *ctrl), *context),
            Some(*action),
            "{code:?} {context:?}"
        );
    }
}

#[test]
fn no_key_asks_for_two_things_at_once() {
    for context in Context::ALL {
        let mut seen = Vec::new();
        for binding in BINDINGS
            .iter()
            .filter(|binding| binding.contexts.contains(&context))
        {
            for key in binding.keys {
                assert!(!seen.contains(key), "{key} in {context:?}");
                seen.push(*key);
            }
        }
    }
}

#[test]
fn every_binding_is_told_in_the_help_and_has_a_letter() {
    for binding in BINDINGS {
        assert!(!binding.doc.is_empty());
        assert!(
            !matches!(binding.keys[0].code, KeyCode::F(_)),
            "{}",
            binding.doc
        );
    }
}

#[test]
fn releases_and_alt_are_nobodys_keys() {
    let mut event = press(KeyCode::Char('q'), false);
    event.kind = KeyEventKind::Release;
    assert_eq!(Keymap::default().action_for(event, Context::Calls), None);
    let alt = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::ALT);
    assert_eq!(Keymap::default().action_for(alt, Context::Calls), None);
}

#[test]
fn neighbours_share_a_place() {
    let items = Keymap::default().foot_items(Context::Flow);
    assert!(items.contains(&("] [".to_owned(), "step")), "{items:?}");
    assert_eq!(items.last().map(|(_, word)| *word), Some("help"));
}

#[test]
fn docs_keys_is_the_table() {
    let mut text = String::from(
        "# Keys\n\nMade from `BINDINGS` in src/tui/action/table.rs by `UPDATE_DOCS=1 cargo test docs_keys`; every action has a\n\
         letter, function keys are a second way.\n",
    );
    for context in Context::ALL {
        let (first, rest) = context.name().split_at(1);
        let title = format!("{}{rest}", first.to_uppercase());
        text.push_str(&format!("\n## {title}\n\n| key | what |\n|---|---|\n"));
        for line in Keymap::default().help_lines(context) {
            let keys: Vec<String> = line.keys.split(' ').map(|key| format!("`{key}`")).collect();
            text.push_str(&format!("| {} | {} |\n", keys.join(" "), line.doc));
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/keys.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/docs")).unwrap();
        std::fs::write(path, &text).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == text,
        "docs/keys.md is old: UPDATE_DOCS=1 cargo test docs_keys rewrites it"
    );
}
