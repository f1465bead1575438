//! The table of bindings. A key is added here and nowhere else: help, foot line and `docs/keys.md` follow.

use crossterm::event::KeyCode;

use super::{Action, Binding, Context, Key};

const fn key(code: KeyCode) -> Key {
    Key { code, ctrl: false }
}

const fn ch(c: char) -> Key {
    key(KeyCode::Char(c))
}

const fn ctrl(c: char) -> Key {
    Key {
        code: KeyCode::Char(c),
        ctrl: true,
    }
}

const fn f(n: u8) -> Key {
    key(KeyCode::F(n))
}

const fn bind(
    keys: &'static [Key],
    action: Action,
    contexts: &'static [Context],
    foot: &'static str,
    doc: &'static str,
) -> Binding {
    Binding {
        keys,
        action,
        doc,
        foot,
        contexts,
    }
}

const ALL: &[Context] = &[
    Context::Calls,
    Context::Columns,
    Context::Flow,
    Context::Message,
    Context::Compare,
    Context::Page,
    Context::Help,
];
const CALLS: &[Context] = &[Context::Calls];
const FLOW: &[Context] = &[Context::Flow];
const MESSAGE: &[Context] = &[Context::Message];
const DETAIL: &[Context] = &[Context::Flow, Context::Message];
const WORK: &[Context] = &[Context::Calls, Context::Flow, Context::Message];
const COLUMNS: &[Context] = &[Context::Columns];
const COMPARE: &[Context] = &[Context::Compare];
const PAGES: &[Context] = &[Context::Page];
const HELP: &[Context] = &[Context::Help];

const MOVE: &str = "move; in a pane: scroll";
const PAGE: &str = "a page up or down";
const HALF: &str = "half a page up or down";
const ENDS: &str = "to the first, the last row";
const STEP: &str = "next, previous step of the fax (T.30 message)";
const TROUBLE: &str = "next, previous message with an error or a warning";
const MATCH: &str = "next, previous match of the search";
const PANE: &str = "next pane";
const HEIGHT: &str = "the message under the ladder taller, lower";
const ZOOM: &str = "larger, smaller";
const NEXT_PAGE: &str = "next, previous page or attempt at it";
const HOSTS: &str = "other hosts of a path wider than the screen";
const CARRY: &str = "the column further to the left, to the right";
const SORT: &str = "sort by the column to the left, to the right; turn the direction";

/// Every key and what it does. Order: that of the foot line and the help.
pub const BINDINGS: &[Binding] = &[
    bind(&[key(KeyCode::Up), ch('k')], Action::Up, ALL, "", MOVE),
    bind(&[key(KeyCode::Down), ch('j')], Action::Down, ALL, "", MOVE),
    bind(&[key(KeyCode::Left), ch('h')], Action::Left, ALL, "", MOVE),
    bind(
        &[key(KeyCode::Right), ch('l')],
        Action::Right,
        ALL,
        "",
        MOVE,
    ),
    bind(&[key(KeyCode::PageUp)], Action::PageUp, ALL, "", PAGE),
    bind(
        &[key(KeyCode::PageDown), ctrl('f')],
        Action::PageDown,
        ALL,
        "",
        PAGE,
    ),
    bind(&[ctrl('u')], Action::HalfUp, ALL, "", HALF),
    bind(&[ctrl('d')], Action::HalfDown, ALL, "", HALF),
    bind(&[ch('g'), key(KeyCode::Home)], Action::First, ALL, "", ENDS),
    bind(&[ch('G'), key(KeyCode::End)], Action::Last, ALL, "", ENDS),
    bind(
        &[key(KeyCode::Enter)],
        Action::Open,
        CALLS,
        "flow",
        "open: the marked calls, or the call with its other leg",
    ),
    bind(
        &[ch(' ')],
        Action::Mark,
        CALLS,
        "mark",
        "mark a call, two at most; Enter then opens both legs",
    ),
    bind(
        &[ch('x'), f(4)],
        Action::OtherLeg,
        CALLS,
        "other leg",
        "mark the call together with its other leg",
    ),
    bind(
        &[ch(' ')],
        Action::Mark,
        COLUMNS,
        "show",
        "show the column, or not",
    ),
    bind(&[ch('<')], Action::ColumnLeft, COLUMNS, "move", CARRY),
    bind(&[ch('>')], Action::ColumnRight, COLUMNS, "move", CARRY),
    bind(&[ch(']')], Action::NextStep, DETAIL, "step", STEP),
    bind(&[ch('[')], Action::PreviousStep, DETAIL, "step", STEP),
    bind(&[ch('e')], Action::NextTrouble, DETAIL, "error", TROUBLE),
    bind(
        &[ch('E')],
        Action::PreviousTrouble,
        DETAIL,
        "error",
        TROUBLE,
    ),
    bind(
        &[key(KeyCode::Enter)],
        Action::Open,
        FLOW,
        "message",
        "open: the message full screen; page data: the page",
    ),
    bind(
        &[ch('f'), f(7)],
        Action::Fold,
        COMPARE,
        "differences",
        "only what differs, or all",
    ),
    bind(
        &[ch('v')],
        Action::View,
        DETAIL,
        "page",
        "view the page: that of the selected row, or the next one",
    ),
    bind(&[ch('+'), ch('=')], Action::ZoomIn, PAGES, "zoom", ZOOM),
    bind(&[ch('-')], Action::ZoomOut, PAGES, "zoom", ZOOM),
    bind(&[ch(']')], Action::NextPage, PAGES, "page", NEXT_PAGE),
    bind(&[ch('[')], Action::PreviousPage, PAGES, "page", NEXT_PAGE),
    bind(
        &[ch('b')],
        Action::Beside,
        PAGES,
        "beside",
        "another attempt at the page beside it, or alone again",
    ),
    bind(
        &[ch('i')],
        Action::Picture,
        PAGES,
        "picture",
        "a real picture, where the terminal has them and the program the feature `graphics`, or characters",
    ),
    bind(&[ch('+'), ch('=')], Action::ZoomIn, FLOW, "", HEIGHT),
    bind(&[ch('-')], Action::ZoomOut, FLOW, "", HEIGHT),
    bind(&[key(KeyCode::Tab)], Action::NextPane, FLOW, "pane", PANE),
    bind(
        &[key(KeyCode::BackTab)],
        Action::PreviousPane,
        FLOW,
        "",
        PANE,
    ),
    bind(
        &[ch('x'), f(4)],
        Action::OtherLeg,
        DETAIL,
        "leg",
        "put the other leg in or take it out",
    ),
    bind(
        &[ch('s'), f(2)],
        Action::Save,
        DETAIL,
        "save",
        "save: packets of both legs as pcapng, hints as comments; flow as text or Markdown",
    ),
    bind(
        &[ch('r'), f(6)],
        Action::Raw,
        DETAIL,
        "raw",
        "raw bytes or SIP text of the message",
    ),
    bind(&[ch('d')], Action::Sdp, FLOW, "SDP", "SDP shown or hidden"),
    bind(
        &[ch('m')],
        Action::Media,
        FLOW,
        "media",
        "media (RTP) rows shown or hidden",
    ),
    bind(
        &[ch('f'), f(7)],
        Action::Fold,
        FLOW,
        "fold",
        "fold: nothing; repeats; copies on other hops",
    ),
    bind(
        &[ch(' ')],
        Action::Mark,
        FLOW,
        "compare",
        "mark a message; on another one: both side by side, what differs marked",
    ),
    bind(&[ch('<')], Action::HostsLeft, DETAIL, "", HOSTS),
    bind(&[ch('>')], Action::HostsRight, DETAIL, "", HOSTS),
    bind(
        &[ch('w')],
        Action::Time,
        WORK,
        "",
        "time: relative, delta (flow), local, UTC",
    ),
    bind(
        &[ch('/'), f(3)],
        Action::Search,
        CALLS,
        "filter",
        "filter: all words, `~` a regular expression, `from:2007 result:failed cause:t30 host:192.0.2.10` one column; Esc: all",
    ),
    bind(
        &[ch('/'), f(3)],
        Action::Search,
        DETAIL,
        "search",
        "search in the flow, in the message; `~` a regular expression",
    ),
    bind(&[ch('n')], Action::NextMatch, DETAIL, "", MATCH),
    bind(&[ch('N')], Action::PreviousMatch, DETAIL, "", MATCH),
    bind(
        &[ch('s'), f(2)],
        Action::Save,
        CALLS,
        "save",
        "save: packets of both legs as pcapng, hints as comments; flow as text or Markdown",
    ),
    bind(&[ch('<')], Action::SortPrevious, CALLS, "sort", SORT),
    bind(&[ch('>')], Action::SortNext, CALLS, "sort", SORT),
    bind(&[ch('z')], Action::SortDirection, CALLS, "sort", SORT),
    bind(
        &[ch('C')],
        Action::Columns,
        CALLS,
        "columns",
        "choose the columns; they can be kept",
    ),
    bind(
        &[ch('y')],
        Action::Copy,
        COMPARE,
        "copy",
        "copy both messages by OSC 52",
    ),
    bind(
        &[ch('y')],
        Action::Copy,
        WORK,
        "",
        "copy the row or message by OSC 52",
    ),
    bind(&[ch(':')], Action::Goto, DETAIL, "", "go to frame N"),
    bind(&[ch('c')], Action::Colour, ALL, "", "colours on or off"),
    bind(
        &[ctrl('l')],
        Action::Redraw,
        ALL,
        "",
        "draw the screen again",
    ),
    bind(
        &[ch('q'), key(KeyCode::Esc), f(10)],
        Action::Back,
        CALLS,
        "",
        "quit",
    ),
    bind(
        &[ch('q'), key(KeyCode::Esc), f(10)],
        Action::Back,
        FLOW,
        "",
        "back",
    ),
    bind(
        &[ch('q'), key(KeyCode::Esc), f(10)],
        Action::Back,
        MESSAGE,
        "back",
        "back",
    ),
    bind(
        &[ch('q'), key(KeyCode::Esc), f(10)],
        Action::Back,
        PAGES,
        "back",
        "back",
    ),
    bind(
        &[ch('q'), key(KeyCode::Esc), f(10)],
        Action::Back,
        COMPARE,
        "back",
        "back",
    ),
    bind(
        &[ch('q'), key(KeyCode::Esc), key(KeyCode::Enter), f(10)],
        Action::Back,
        COLUMNS,
        "done",
        "done: back to the list",
    ),
    bind(
        &[ch('q'), key(KeyCode::Esc), f(10)],
        Action::Back,
        HELP,
        "back",
        "back",
    ),
    bind(&[ctrl('c')], Action::Quit, ALL, "", "quit at once"),
    bind(
        &[ctrl('z')],
        Action::Suspend,
        ALL,
        "",
        "stop; `fg` comes back",
    ),
    bind(&[ch('?'), f(1)], Action::Help, ALL, "help", "this help"),
];
