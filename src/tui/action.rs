//! What a user can ask for, and the keys that ask for it: the one table from which the bindings, the foot
//! line, the help and `docs/keys.md` are made.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

mod keymap;
mod table;

pub use keymap::Keymap;
#[cfg(test)]
pub use keymap::action_names;
pub use table::BINDINGS;

/// What can be asked of [`super::app::App`]; keys are only one way to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// One row up, or one line of the focused pane.
    Up,
    /// One row down.
    Down,
    /// To the left in a pane that is wider than the screen.
    Left,
    /// To the right.
    Right,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// Half a page up.
    HalfUp,
    /// Half a page down.
    HalfDown,
    /// To the first row.
    First,
    /// To the last row.
    Last,
    /// Calls → flow → message full screen.
    Open,
    /// One screen back; on the calls list: quit.
    Back,
    /// Leave, wherever one is.
    Quit,
    /// Help shown or hidden.
    Help,
    /// Mark or unmark the selected call, or message; of a second message: both side by side.
    Mark,
    /// The other leg into the flow or out of it; on the list: choose which call it is.
    OtherLeg,
    /// Ask for a text: filter on the calls list, search elsewhere.
    Search,
    /// Next match of the search.
    NextMatch,
    /// Previous match of the search.
    PreviousMatch,
    /// Next T.30 message.
    NextStep,
    /// Previous T.30 message.
    PreviousStep,
    /// Next message with an error or a warning.
    NextTrouble,
    /// Previous message with an error or a warning.
    PreviousTrouble,
    /// Focus to the next pane.
    NextPane,
    /// Focus to the previous pane.
    PreviousPane,
    /// Raw octets or SIP text of the message, or its decoding.
    Raw,
    /// SDP of SIP messages shown or hidden.
    Sdp,
    /// Rows of RTP shown or hidden.
    Media,
    /// Nothing folded; repeats, indicators and provisional answers; copies of other hops too.
    Fold,
    /// Of a path that is wider than the screen, the hosts to the left.
    HostsLeft,
    /// The hosts to the right.
    HostsRight,
    /// Time: relative, delta, local, UTC.
    Time,
    /// Sort by the column to the left.
    SortPrevious,
    /// Sort by the column to the right.
    SortNext,
    /// Choose the columns of the list.
    Columns,
    /// The selected column further to the left.
    ColumnLeft,
    /// The selected column further to the right.
    ColumnRight,
    /// Sort the other way round.
    SortDirection,
    /// Ask for a file name to save to.
    Save,
    /// The page of the selected event, or the next one, as a picture.
    View,
    /// The picture larger.
    ZoomIn,
    /// The picture smaller.
    ZoomOut,
    /// The next page, or attempt at it.
    NextPage,
    /// The previous one.
    PreviousPage,
    /// Another attempt at the page beside this one.
    Beside,
    /// The page as a real picture, or as characters.
    Picture,
    /// Copy the row or the message to the clipboard of the terminal.
    Copy,
    /// Ask for a frame number to go to.
    Goto,
    /// Colours on or off.
    Colour,
    /// Draw everything again.
    Redraw,
    /// Stop the program as job control does.
    Suspend,
    /// A character typed into a prompt.
    Type(char),
    /// The last character of a prompt taken away.
    Erase,
    /// The last word of a prompt taken away.
    EraseWord,
    /// All of a prompt taken away.
    EraseAll,
    /// The next choice of a prompt (format of a file).
    Choose,
    /// The text as typed.
    Accept,
    /// Out of the prompt, nothing changed.
    Cancel,
    /// The wheel of the mouse: down, or up.
    Wheel(bool),
    /// A click at a column and a row: selects the row; on the selected one it opens.
    Click(u16, u16),
    /// The terminal has another size: columns, rows.
    Resize(u16, u16),
}

/// Where a binding holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Context {
    /// The calls list.
    Calls,
    /// The flow of one or two calls.
    Flow,
    /// A message full screen.
    Message,
    /// Two messages side by side.
    Compare,
    /// The columns of the list, to choose from.
    Columns,
    /// A page as a picture.
    Page,
    /// The help.
    Help,
}

/// A key as the terminal reports it; Shift is part of the character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Which key.
    pub code: KeyCode,
    /// With Control.
    pub ctrl: bool,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// All keys that ask for it; function keys last, since `PuTTY`, screen and macOS eat them.
    pub keys: &'static [Key],
    /// What they ask for.
    pub action: Action,
    /// For the help; neighbours with the same words share one line there.
    pub doc: &'static str,
    /// For the foot line; empty: not there. Neighbours with the same word share one place.
    pub foot: &'static str,
    /// Where it holds.
    pub contexts: &'static [Context],
}

/// The action that a key asks for while a prompt is open.
pub fn prompt_action_for(event: KeyEvent) -> Option<Action> {
    let pressed = Key::of(event)?;
    Some(match (pressed.code, pressed.ctrl) {
        (KeyCode::Char('c'), true) => Action::Quit,
        (KeyCode::Char('g'), true) | (KeyCode::Esc, _) => Action::Cancel,
        (KeyCode::Char('u'), true) => Action::EraseAll,
        (KeyCode::Char('w'), true) => Action::EraseWord,
        (KeyCode::Char('h'), true) | (KeyCode::Backspace, _) => Action::Erase,
        (KeyCode::Char('j' | 'm'), true) | (KeyCode::Enter, _) => Action::Accept,
        (KeyCode::Tab | KeyCode::BackTab, _) => Action::Choose,
        (KeyCode::Char(c), false) => Action::Type(c),
        _ => return None,
    })
}

impl Context {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Calls,
        Self::Columns,
        Self::Flow,
        Self::Message,
        Self::Compare,
        Self::Page,
        Self::Help,
    ];

    /// What its screen is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Calls => "calls list",
            Self::Columns => "columns of the list",
            Self::Flow => "flow",
            Self::Message => "message",
            Self::Compare => "two messages",
            Self::Page => "page",
            Self::Help => "help",
        }
    }
}

impl Key {
    /// The key of an event; `None` for a release and for combinations that are never bound.
    fn of(event: KeyEvent) -> Option<Self> {
        if event.kind == KeyEventKind::Release || event.modifiers.contains(KeyModifiers::ALT) {
            return None;
        }
        Some(Self {
            code: event.code,
            ctrl: event.modifiers.contains(KeyModifiers::CONTROL),
        })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("^")?;
        }
        match self.code {
            KeyCode::Char(' ') => f.write_str("Space"),
            KeyCode::Char(c) if self.ctrl => write!(f, "{}", c.to_ascii_uppercase()),
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::F(n) => write!(f, "F{n}"),
            KeyCode::PageUp => f.write_str("PgUp"),
            KeyCode::PageDown => f.write_str("PgDn"),
            KeyCode::BackTab => f.write_str("Shift-Tab"),
            code => write!(f, "{code:?}"),
        }
    }
}

/// A line of the help: keys, and what they do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelpLine {
    /// All keys, letters first, with blanks between them.
    pub keys: String,
    /// What they do.
    pub doc: &'static str,
}

/// Bindings of a context in order, neighbours with the same words together; those without words left out.
fn grouped(
    context: Context,
    words: fn(&Binding) -> &'static str,
) -> Vec<(&'static str, Vec<&'static Binding>)> {
    let mut groups: Vec<(&'static str, Vec<&'static Binding>)> = Vec::new();
    for binding in BINDINGS {
        if !binding.contexts.contains(&context) || words(binding).is_empty() {
            continue;
        }
        match groups.last_mut() {
            Some((last, bindings)) if *last == words(binding) => bindings.push(binding),
            _ => groups.push((words(binding), vec![binding])),
        }
    }
    groups
}

#[cfg(test)]
mod tests;
