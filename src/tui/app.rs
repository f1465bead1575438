//! The state of the screen: what is shown, selected, asked. Knows no keys and draws nothing.
//!
//! Screens are a stack over the calls list. A selection is a call or an event, never a row, so that it
//! survives a resize, a filter and rows that come in while reading.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use ratatui::layout::Rect;

use crate::analysis::AnalysedFlow;
use crate::analysis::service::Update;
use crate::call::CallNo;
use crate::call::pages::CodedPage;
use crate::capture::CaptureInfo;
use crate::view::calls::Column;
use crate::view::style::Palette;
use crate::view::time::{self, TimeMode, Zone};
use crate::view::{Names, ladder};

pub mod calls;
pub mod columns;
pub mod flow;
pub mod page;
pub mod prompt;

use super::action::{Action, Context, Keymap};
use super::layout;
use calls::CallsList;
use columns::Chooser;
use flow::{FlowView, Pane};
use page::PageView;
use prompt::{Prompt, SaveRequest};

/// Options of the command line for the screen.
#[derive(Clone, Debug)]
pub struct Options {
    /// Colours (`--color`, `NO_COLOR`).
    pub colour: bool,
    /// Plain ASCII.
    pub ascii: bool,
    /// How times are shown.
    pub time: TimeMode,
    /// The zone of local time.
    pub zone: Zone,
    /// Columns of the ladder at most (`--width`).
    pub width: Option<usize>,
    /// Wheel and click (`--no-mouse` leaves the mouse to the terminal).
    pub mouse: bool,
    /// The capture is in no file: whoever leaves is asked whether it is to be kept.
    pub in_no_file: bool,
    /// Pages are not shown (`--no-pages`).
    pub no_pages: bool,
    /// How roles look.
    pub palette: Palette,
    /// Names for hosts.
    pub names: Names,
    /// Columns of the list, where they were chosen.
    pub columns: Option<Vec<Column>>,
    /// Keys.
    pub keys: Keymap,
    /// The file of settings that may be written to.
    pub settings: Option<PathBuf>,
    /// Calls to be opened at once (`--call`): one or two.
    pub calls: Vec<CallNo>,
    /// The same by Call-ID (`--call-id`).
    pub call_ids: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            colour: true,
            ascii: false,
            time: TimeMode::Relative,
            zone: Zone::UTC,
            width: None,
            mouse: false,
            in_no_file: false,
            no_pages: false,
            palette: Palette::default(),
            names: Names::default(),
            columns: None,
            keys: Keymap::default(),
            settings: None,
            calls: Vec::new(),
            call_ids: Vec::new(),
        }
    }
}

/// What the event loop does for the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// End the program.
    Quit,
    /// Load calls in full.
    Open {
        /// One or two.
        calls: Vec<CallNo>,
        /// With one: the other leg too, if there is one.
        other_leg: bool,
    },
    /// Read the pages of a call.
    Pages(CallNo),
    /// Write a file.
    Save(SaveRequest),
    /// Write the columns of the list into a file of settings.
    WriteColumns(PathBuf),
    /// Write all of the capture to a file, then end.
    Keep(PathBuf),
    /// Put text into the clipboard of the terminal.
    Copy(String),
    /// Let the terminal draw the page, or characters again.
    Picture,
    /// Draw everything again.
    Redraw,
    /// Stop the program as job control does.
    Suspend,
}

/// A screen over the calls list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// The flow of one or two calls.
    Flow,
    /// The selected message of the flow, full screen.
    Message,
    /// Two messages of the flow side by side.
    Compare,
    /// The columns of the list.
    Columns,
    /// A page of the fax.
    Page,
    /// The help for the screen under it.
    Help {
        /// First line shown.
        top: usize,
    },
}

/// How far the reading is.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// About the capture, so far.
    pub info: CaptureInfo,
    /// All is read and analysed.
    pub finished: bool,
    /// How long it has been going on: the loop's clock.
    pub elapsed: Duration,
}

/// A line for the user in place of the foot line, until the next key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What.
    pub text: String,
    /// It is an error.
    pub failed: bool,
}

/// A request to the service that is not answered yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Calls that are being opened.
    pub opening: Option<Vec<CallNo>>,
    /// To be saved once they are open, in place of being shown.
    pub save: Option<SaveRequest>,
    /// The file that packets are being written to.
    pub saving: Option<PathBuf>,
    /// The page to be shown, by its place among those of a call.
    pub page: Option<(CallNo, usize)>,
}

/// The state of the screen.
#[derive(Debug)]
pub struct App {
    /// From the command line; colours can be switched.
    pub options: Options,
    /// Shape of ladders, kept from flow to flow.
    pub ladder: ladder::Options,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The calls list.
    pub calls: CallsList,
    /// The flow, while one is open.
    pub flow: Option<FlowView>,
    /// The columns, while they are chosen.
    pub chooser: Option<Chooser>,
    /// The page, while one is shown.
    pub page: Option<PageView>,
    /// Screens over the calls list, the last one on top.
    pub screens: Vec<Screen>,
    /// The open prompt.
    pub prompt: Option<Prompt>,
    /// The message in the last line.
    pub notice: Option<Notice>,
    /// How far the reading is.
    pub reading: Reading,
    /// Unanswered requests.
    pub waiting: Waiting,
    /// What came through a pipe was written, in words: the end.
    pub kept: Option<String>,
    /// Calls of the command line have been opened.
    started: bool,
    /// The message shown with them.
    later: Option<Notice>,
}

impl App {
    /// The application at its start: the calls list, empty, reading.
    pub fn new(options: Options, size: (u16, u16)) -> Self {
        let ladder = ladder::Options {
            ascii: options.ascii,
            time: options.time,
            zone: options.zone,
            names: options.names.clone(),
            ..ladder::Options::default()
        };
        Self {
            calls: CallsList::new(options.names.clone()),
            options,
            ladder,
            size,
            flow: None,
            chooser: None,
            page: None,
            screens: Vec::new(),
            prompt: None,
            notice: None,
            reading: Reading::default(),
            waiting: Waiting::default(),
            kept: None,
            started: false,
            later: None,
        }
    }

    /// Which keys hold.
    pub fn context(&self) -> Context {
        self.screens.last().map_or(Context::Calls, context_of)
    }

    /// The screen that the open help describes.
    pub fn context_under_help(&self) -> Context {
        let under = self
            .screens
            .iter()
            .rev()
            .find(|screen| !matches!(screen, Screen::Help { .. }));
        under.map_or(Context::Calls, context_of)
    }

    /// Handles an update of the service.
    pub fn apply(&mut self, update: Update) -> Option<Effect> {
        let effect = match update {
            Update::Progress(info) => {
                self.reading.info = info;
                None
            }
            Update::Finished(info) => {
                self.reading.info = info;
                self.reading.finished = true;
                self.open_from_command_line()
            }
            Update::Rows(rows) => {
                self.calls.take(rows);
                self.open_from_command_line()
            }
            Update::Dropped(numbers) => {
                self.calls.drop(&numbers);
                None
            }
            Update::Opened(flow) => self.opened(flow),
            Update::Pages(call, pages) => {
                self.show_page(call, pages);
                None
            }
            Update::Saved(saved) => {
                self.waiting.saving = None;
                match saved {
                    Ok(text) => self.tell(text),
                    Err(text) => self.tell_failure(text),
                }
                None
            }
            Update::Kept(kept) => {
                match kept {
                    Ok(text) => self.kept = Some(text),
                    Err(text) => self.tell_failure(text),
                }
                None
            }
            Update::Failed(text) => {
                let saving = self.waiting.saving.take();
                self.waiting = Waiting {
                    saving,
                    ..Waiting::default()
                };
                self.tell_failure(text);
                None
            }
        };
        self.settle();
        effect
    }

    /// Shows a message until the next key.
    pub fn tell(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice {
            text: text.into(),
            failed: false,
        });
    }

    /// Shows an error until the next key.
    pub fn tell_failure(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice {
            text: text.into(),
            failed: true,
        });
    }

    /// Asks for calls to be opened.
    pub fn open(&mut self, calls: Vec<CallNo>, other_leg: bool) -> Effect {
        let names: Vec<String> = calls.iter().map(ToString::to_string).collect();
        self.tell(format!("opening call {} ...", names.join(" and ")));
        self.waiting.opening = Some(calls.clone());
        Effect::Open { calls, other_leg }
    }

    /// Calls named on the command line are opened as soon as they are there.
    fn open_from_command_line(&mut self) -> Option<Effect> {
        if self.started {
            return None;
        }
        let mut wanted: Vec<CallNo> = Vec::new();
        let mut missing: Vec<String> = Vec::new();
        for number in &self.options.calls {
            if !self.calls.has(*number) {
                missing.push(format!("call {number}"));
            } else if !wanted.contains(number) {
                wanted.push(*number);
            }
        }
        for id in &self.options.call_ids {
            match self.calls.number_of(id) {
                Some(number) if !wanted.contains(&number) => wanted.push(number),
                Some(_) => {}
                None => missing.push(format!("call with Call-ID {}", crate::text::visible(id))),
            }
        }
        if !missing.is_empty() {
            // It may still come, as long as the capture is read.
            if self.reading.finished {
                self.started = true;
                self.tell_failure(format!("there is no {}", missing.join(", no ")));
            }
            return None;
        }
        let first = *wanted.first()?;
        self.started = true;
        self.calls.select(first);
        let other_leg = wanted.len() == 1;
        if wanted.len() > 2 {
            wanted.truncate(2);
            self.later = Some(Notice {
                text: "two calls at most: the first two are shown".to_owned(),
                failed: true,
            });
        }
        Some(self.open(wanted, other_leg))
    }

    /// Loaded calls: shown if they were asked for, renewed if they are on the screen, else forgotten.
    fn opened(&mut self, flow: AnalysedFlow) -> Option<Effect> {
        let legs: BTreeSet<CallNo> = flow.flow.legs.iter().map(|call| call.number).collect();
        let asked = self
            .waiting
            .opening
            .as_ref()
            .is_some_and(|calls| calls.iter().all(|number| legs.contains(number)));
        if asked {
            self.waiting.opening = None;
            self.notice = self.later.take();
            let save = self.waiting.save.take();
            match (&mut self.flow, self.screens.is_empty() || save.is_some()) {
                (Some(view), false) => view.renew(flow),
                (view, _) => {
                    self.ladder.first = 0;
                    *view = Some(FlowView::new(flow, self.options.ascii));
                }
            }
            if let Some(request) = save {
                return Some(Effect::Save(request));
            }
            if self.screens.is_empty() {
                self.screens.push(Screen::Flow);
            }
        } else if let Some(view) = &mut self.flow
            && view.numbers() == legs
        {
            view.renew(flow);
        }
        None
    }

    /// Pages that were read: shown if they are still asked for.
    fn show_page(&mut self, call: CallNo, pages: Vec<CodedPage>) {
        let asked = self.waiting.page.take_if(|(asked, _)| *asked == call);
        let Some((_, place)) = asked.filter(|_| !self.screens.is_empty()) else {
            return;
        };
        self.page = PageView::new(pages, place);
        if self.page.is_some() && !self.screens.contains(&Screen::Page) {
            self.screens.push(Screen::Page);
        }
    }

    /// Layout of the calls list.
    pub(super) fn calls_areas(&self) -> layout::CallsAreas {
        let Reading { info, finished, .. } = &self.reading;
        // What was seen and cannot be read is told in a line each: the fax may be in it.
        let unread = info.notes.iter().filter(|note| note.is_of_unread()).count();
        let notes = unread.max(1).min(info.notes.len());
        layout::calls(self.size, !finished, notes)
    }

    /// The area that may be drawn later than the selection moves: the selected message, beside or under the ladder,
    /// after an action that only moves along the ladder.
    pub(super) fn side_pane(&self, action: Action) -> Option<Rect> {
        let along = matches!(
            action,
            Action::Up | Action::Down | Action::PageUp | Action::PageDown
        ) && self.context() == Context::Flow
            && self.prompt.is_none();
        let view = self.flow.as_ref();
        let view = view.filter(|view| along && view.focus == Pane::Ladder)?;
        let areas = layout::flow(self.size, view.wanted(usize::from(self.size.0)));
        Some(areas.message.union(areas.hints))
    }

    /// Lays out again what has changed and keeps selections on the screen.
    pub(super) fn settle(&mut self) {
        let areas = self.calls_areas();
        let start = self.reading.info.first_time.unwrap_or_default();
        let height = usize::from(areas.list.height);
        self.calls.settle(height, start, self.reading.finished);
        if let Some(view) = &mut self.page {
            view.settle(self.size);
        }
        let full = self.screens.contains(&Screen::Message);
        if let Some(view) = &mut self.flow {
            view.settle(&self.ladder, self.size, full, self.options.width);
            if self.screens.contains(&Screen::Compare) {
                view.settle_compared(self.size);
            }
        }
    }

    /// File name proposed for what came through a pipe: `faxflow-20261122-140211.pcap`.
    pub(super) fn proposed_capture(&self) -> String {
        let info = &self.reading.info;
        let date = time::date(info.first_time.unwrap_or_default(), self.ladder.zone);
        let digits = |text: &str| {
            text.chars()
                .filter(char::is_ascii_digit)
                .collect::<String>()
        };
        let (day, hour) = date.split_once(' ').unwrap_or((&date, ""));
        format!("faxflow-{}-{}.{}", digits(day), digits(hour), info.format)
    }

    /// File name proposed for some calls, of harmless characters only.
    pub(super) fn proposed_name(&self, calls: &[CallNo]) -> PathBuf {
        let numbers: Vec<String> = calls.iter().map(ToString::to_string).collect();
        let row = calls.first().and_then(|number| self.calls.row(*number));
        let parties = row.map_or_else(String::new, |row| format!("-{}-{}", row.from, row.to));
        PathBuf::from(prompt::harmless_name(&format!(
            "call-{}{parties}",
            numbers.join("+")
        )))
    }
}

fn context_of(screen: &Screen) -> Context {
    match screen {
        Screen::Flow => Context::Flow,
        Screen::Message => Context::Message,
        Screen::Compare => Context::Compare,
        Screen::Columns => Context::Columns,
        Screen::Page => Context::Page,
        Screen::Help { .. } => Context::Help,
    }
}
