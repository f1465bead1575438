//! The keys as the user has them: those of the table, or others for some actions.

use std::collections::HashMap;
use std::fmt::Write as _;

use crossterm::event::{KeyCode, KeyEvent};

use super::{Action, BINDINGS, Binding, Context, HelpLine, Key, grouped};

/// The keys of all actions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keymap {
    /// Those of actions that have other keys than the table says.
    changed: HashMap<Action, Vec<Key>>,
}

impl Keymap {
    /// Gives an action other keys, by the names of both.
    pub fn set(&mut self, action: &str, keys: &[String]) -> Result<(), String> {
        let known = || BINDINGS.iter().map(|binding| binding.action);
        let Some(action) = known().find(|known| name(*known) == action) else {
            let names = action_names();
            let near = crate::text::alike(action, names.iter().map(String::as_str));
            let near = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
            return Err(format!("{action}: no such action{near}"));
        };
        if keys.is_empty() {
            return Err(format!("{}: no key", name(action)));
        }
        let keys = keys.iter().map(|key| Key::named(key));
        self.changed.insert(action, keys.collect::<Result<_, _>>()?);
        Ok(())
    }

    /// A key that would ask for two things in one place.
    pub fn conflict(&self) -> Option<String> {
        for context in Context::ALL {
            let mut seen: Vec<(Key, Action)> = Vec::new();
            for binding in bindings_of(context) {
                for key in self.keys(binding) {
                    if let Some((_, other)) = seen.iter().find(|(known, _)| known == key) {
                        let (one, other) = (name(*other), name(binding.action));
                        return Some(format!("{key} is both {one} and {other}"));
                    }
                    seen.push((*key, binding.action));
                }
            }
        }
        None
    }

    /// The keys of a row of the table.
    pub(super) fn keys(&self, binding: &Binding) -> &[Key] {
        let changed = self.changed.get(&binding.action);
        changed.map_or(binding.keys, Vec::as_slice)
    }

    /// The actions that have other keys, with these, by name.
    pub fn changed(&self) -> Vec<(String, Vec<String>)> {
        let text = |keys: &Vec<Key>| keys.iter().map(ToString::to_string).collect();
        let mut all: Vec<(String, Vec<String>)> = (self.changed.iter())
            .map(|(action, keys)| (name(*action), text(keys)))
            .collect();
        all.sort();
        all
    }

    /// The action that a key asks for in a context.
    pub fn action_for(&self, event: KeyEvent, context: Context) -> Option<Action> {
        let pressed = Key::of(event)?;
        bindings_of(context)
            .find(|binding| self.keys(binding).contains(&pressed))
            .map(|binding| binding.action)
    }

    /// The first key of an action.
    pub fn key_of(&self, action: Action) -> String {
        let binding = BINDINGS.iter().find(|binding| binding.action == action);
        let key = binding.and_then(|binding| self.keys(binding).first());
        key.map_or_else(String::new, Key::to_string)
    }

    /// The help for one context, neighbours with the same words put together.
    pub fn help_lines(&self, context: Context) -> Vec<HelpLine> {
        grouped(context, |binding| binding.doc)
            .into_iter()
            .map(|(doc, bindings)| HelpLine {
                keys: self.keys_text(&bindings, usize::MAX),
                doc,
            })
            .collect()
    }

    /// The foot line of one context: keys and a word for each, in the order of the table.
    pub fn foot_items(&self, context: Context) -> Vec<(String, &'static str)> {
        grouped(context, |binding| binding.foot)
            .into_iter()
            .map(|(word, bindings)| (self.keys_text(&bindings, 1), word))
            .collect()
    }

    /// The keys of some bindings, at most `each` of every one: first keys first, as in `] [` or `Up Down k j`.
    fn keys_text(&self, bindings: &[&Binding], each: usize) -> String {
        let longest = bindings.iter().map(|binding| self.keys(binding).len());
        let longest = longest.max().unwrap_or(0);
        let mut texts: Vec<String> = Vec::new();
        for place in 0..longest.min(each) {
            for binding in bindings {
                if let Some(key) = self.keys(binding).get(place) {
                    texts.push(key.to_string());
                }
            }
        }
        texts.join(" ")
    }
}

fn bindings_of(context: Context) -> impl Iterator<Item = &'static Binding> {
    (BINDINGS.iter()).filter(move |binding| binding.contexts.contains(&context))
}

/// Names of the actions that keys can be given to, in the order of the table.
pub fn action_names() -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for binding in BINDINGS {
        let name = name(binding.action);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// `next-step` for [`Action::NextStep`].
fn name(action: Action) -> String {
    let mut out = String::new();
    for c in format!("{action:?}").chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// Keys with names of their own.
const NAMED: [(&str, KeyCode); 13] = [
    ("Space", KeyCode::Char(' ')),
    ("Enter", KeyCode::Enter),
    ("Esc", KeyCode::Esc),
    ("Tab", KeyCode::Tab),
    ("Shift-Tab", KeyCode::BackTab),
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("PgUp", KeyCode::PageUp),
    ("PgDn", KeyCode::PageDown),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
];

impl Key {
    /// A key as the help writes it: `s`, `^L`, `F2`, `Space`, `PgUp`.
    fn named(text: &str) -> Result<Self, String> {
        let key = |code| Ok(Self { code, ctrl: false });
        let mut chars = text.chars();
        match (chars.next(), chars.next(), chars.next()) {
            (Some(c), None, _) if !crate::text::is_hostile(c) && c != ' ' => {
                return key(KeyCode::Char(c));
            }
            (Some('^'), Some(c), None) if c.is_ascii_alphabetic() => {
                let code = KeyCode::Char(c.to_ascii_lowercase());
                return Ok(Self { code, ctrl: true });
            }
            _ => {}
        }
        if let Some((_, code)) = NAMED
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text))
        {
            return key(*code);
        }
        let function = text
            .strip_prefix('F')
            .and_then(|number| number.parse().ok());
        if let Some(number @ 1..=12) = function {
            return key(KeyCode::F(number));
        }
        let mut names = String::new();
        for (name, _) in NAMED {
            let _ = write!(names, ", {name}");
        }
        Err(format!(
            "{text}: no key; one character, ^L, F1 to F12{names}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_table_is_read_as_it_is_written() {
        for binding in BINDINGS {
            for key in binding.keys {
                assert_eq!(Key::named(&key.to_string()), Ok(*key));
            }
        }
        assert!(Key::named("Strg-X").is_err());
        assert!(Key::named("\u{1b}").is_err());
    }

    #[test]
    fn another_key_takes_the_place_of_all_that_an_action_had() {
        let mut keys = Keymap::default();
        assert_eq!(keys.conflict(), None);
        keys.set("save", &["S".into(), "^s".into()]).unwrap();
        assert_eq!(keys.conflict(), None);
        let press = |c| KeyEvent::from(KeyCode::Char(c));
        assert_eq!(
            keys.action_for(press('S'), Context::Flow),
            Some(Action::Save)
        );
        assert_eq!(keys.action_for(press('s'), Context::Flow), None);
        assert!(
            keys.foot_items(Context::Calls)
                .contains(&("S".into(), "save"))
        );
        keys.set("raw", &["S".into()]).unwrap();
        assert_eq!(keys.conflict().as_deref(), Some("S is both save and raw"));
        let unknown = keys.set("sav", &["x".into()]).unwrap_err();
        assert!(unknown.contains("did you mean save?"), "{unknown}");
    }
}
