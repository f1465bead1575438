//! What is written, read back by a terminal emulator, is what was drawn; and it is little.

use std::num::NonZeroU16;

use ratatui::layout::Rect;
use ratatui::style::{Color, Style};

use super::*;
use crate::analysis::CallRow;
use crate::analysis::service::Update;
use crate::call::{CallNo, Side};
use crate::tui::action::Action;
use crate::tui::app::{App, Options};
use crate::tui::render;
use crate::tui::update::update;
use crate::view::fixture;

mod flows;

/// Counts writes, keeps octets.
#[derive(Debug, Default)]
struct Line {
    octets: Vec<u8>,
    writes: usize,
}

impl Write for Line {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.octets.extend_from_slice(octets);
        self.writes += 1;
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A screen of ours and the terminal at the other end of the line.
struct Pair {
    painter: Painter<Line>,
    size: (u16, u16),
    other_end: vt100::Parser,
    /// Octets that came later, when no key was pressed any more.
    rest: usize,
}

impl Pair {
    fn new((width, height): (u16, u16)) -> Self {
        let size = |n| NonZeroU16::new(n).unwrap();
        Self {
            painter: Painter::new(Line::default()),
            size: (width, height),
            other_end: vt100::Parser::new(size(height), size(width), 0),
            rest: 0,
        }
    }

    /// Draws a frame, checks that it has arrived, and says how many octets in how many writes it took.
    fn frame(&mut self, draw: impl FnOnce(&mut Buffer) -> Option<Position>) -> (usize, usize) {
        self.frame_most(None, draw)
    }

    /// The same without what is left for later in an area; that must arrive with the frame after it.
    fn frame_most(
        &mut self,
        later: Option<Rect>,
        draw: impl FnOnce(&mut Buffer) -> Option<Position>,
    ) -> (usize, usize) {
        let mut buffer = Buffer::empty(Rect::new(0, 0, self.size.0, self.size.1));
        let cursor = draw(&mut buffer);
        let complete = self.painter.show(&buffer, cursor, later).unwrap();
        let first = self.arrive(&buffer, later.filter(|_| !complete));
        if !complete {
            self.painter.show(&buffer, cursor, None).unwrap();
            self.rest += self.arrive(&buffer, None).0;
        }
        first
    }

    fn arrive(&mut self, buffer: &Buffer, missing: Option<Rect>) -> (usize, usize) {
        let line = std::mem::take(&mut self.painter.writer);
        if std::env::var_os("SHOW_OCTETS").is_some() {
            println!("{}: {}", line.octets.len(), line.octets.escape_ascii());
        }
        // This emulator draws nothing for U+FFFD.
        let text = String::from_utf8(line.octets.clone()).unwrap();
        self.other_end
            .process(text.replace('\u{fffd}', "?").as_bytes());
        self.check(buffer, missing);
        (line.octets.len(), line.writes)
    }

    fn check(&self, buffer: &Buffer, missing: Option<Rect>) {
        let screen = self.other_end.screen();
        for y in 0..buffer.area.height {
            let mut x = 0;
            while x < buffer.area.width {
                if missing.is_some_and(|area| area.contains(Position::new(x, y))) {
                    x += 1;
                    continue;
                }
                let wanted = &buffer[(x, y)];
                let got = screen.cell(y, x).unwrap();
                let text = if got.contents().is_empty() {
                    " "
                } else {
                    got.contents()
                };
                assert_eq!(
                    text,
                    wanted.symbol().replace('\u{fffd}', "?"),
                    "row {y} column {x}\n{}",
                    screen.contents()
                );
                let reversed = wanted.modifier.contains(ratatui::style::Modifier::REVERSED);
                let place = (x, y, text, wanted, got);
                assert_eq!(got.inverse(), reversed, "{place:?}\n{}", screen.contents());
                if text != " " {
                    let bold = wanted.modifier.contains(ratatui::style::Modifier::BOLD);
                    assert_eq!(got.bold(), bold, "row {y} column {x}");
                    let red = wanted.fg == Color::Red;
                    assert_eq!(got.fgcolor() == vt100::Color::Idx(1), red, "{place:?}");
                }
                x += u16::try_from(grid::width_of(wanted).max(1)).unwrap();
            }
        }
    }
}

/// A source of numbers that is the same every time.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

#[test]
fn any_screen_after_any_other_arrives() {
    const WORDS: &[&str] = &[
        "",
        "INVITE",
        "漢字",
        "  x",
        "│◀── DIS ──│",
        "200 OK",
        "—",
        "a b",
    ];
    const STYLES: &[Style] = &[
        Style::new(),
        Style::new().fg(Color::Red),
        Style::new().bold(),
        Style::new().reversed(),
        Style::new().fg(Color::Red).bold(),
        Style::new().dim(),
    ];
    for seed in 0..60 {
        let mut dice = Dice(seed);
        let (width, height) = (
            5 + u16::try_from(dice.throw(30)).unwrap(),
            2 + u16::try_from(dice.throw(14)).unwrap(),
        );
        let mut pair = Pair::new((width, height));
        let mut lines: Vec<Vec<(usize, usize)>> = Vec::new();
        let mut top = 0;
        for _ in 0..40 {
            // Lines that move up and down under a few that change.
            while lines.len() < 60 {
                lines.push(
                    (0..dice.throw(5))
                        .map(|_| {
                            (
                                usize::try_from(dice.throw(8)).unwrap(),
                                usize::try_from(dice.throw(6)).unwrap(),
                            )
                        })
                        .collect(),
                );
            }
            match dice.throw(4) {
                0 => top = usize::try_from(dice.throw(40)).unwrap(),
                1 => top = (top + 1).min(40),
                2 => top = top.saturating_sub(usize::try_from(dice.throw(4)).unwrap()),
                _ => {
                    let at = usize::try_from(dice.throw(60)).unwrap();
                    lines.remove(at);
                }
            }
            while lines.len() < 60 {
                lines.push(vec![(1, 1)]);
            }
            pair.frame(|buf| {
                for y in 0..height {
                    let mut x = 0;
                    for (word, style) in &lines[top + usize::from(y)] {
                        let room = usize::from(width.saturating_sub(x));
                        if room > 0 {
                            (x, _) = buf.set_stringn(x, y, WORDS[*word], room, STYLES[*style]);
                        }
                    }
                }
                None
            });
        }
    }
}

const SIZE: (u16, u16) = (200, 50);

fn show(pair: &mut Pair, app: &App) -> (usize, usize) {
    pair.frame(|buf| render::render(app, buf))
}

fn press(pair: &mut Pair, app: &mut App, action: Action) -> usize {
    update(app, action);
    let (octets, writes) = pair.frame_most(app.side_pane(action), |buf| render::render(app, buf));
    assert!(writes <= 1, "{action:?}: {writes} writes");
    octets
}

fn many_calls() -> App {
    let known = fixture::rows();
    let rows: Vec<CallRow<'static>> = (0..500_u32)
        .map(|n| {
            let mut row = known[usize::from(n % 3 != 0)].clone();
            row.number = CallNo(n + 1);
            row.started = row.started.plus_seconds(f64::from(n) * 7.3);
            row.from = format!("{}", 2000 + n * 7 % 900).into();
            row.to = format!("+49301234{n:03}").into();
            row.duration += f64::from(n * 37 % 100);
            row
        })
        .collect();
    let mut app = App::new(Options::default(), SIZE);
    app.apply(Update::Rows(rows));
    app.apply(Update::Finished(fixture::info()));
    app
}

/// The bars of sngrep at 200x50, measured with a pseudo terminal.
fn within_bars(pair: &mut Pair, app: &mut App, what: &str) {
    let (mut inside, mut scrolled) = (Vec::new(), Vec::new());
    let top = |app: &App| app.flow.as_ref().map_or(app.calls.top(), |view| view.top);
    for _ in 0..120 {
        let before = top(app);
        let octets = press(pair, app, Action::Down);
        if top(app) == before {
            inside.push(octets);
        } else {
            scrolled.push(octets);
        }
    }
    for octets in [&mut inside, &mut scrolled] {
        octets.sort_unstable();
    }
    println!(
        "{what}: inside {:?} to {:?}, scrolled {:?} to {:?}",
        inside.first(),
        inside.last(),
        scrolled.first(),
        scrolled.last()
    );
    assert!(
        inside.last().is_some_and(|most| *most <= 420),
        "{what}: {inside:?}"
    );
    assert!(
        scrolled.last().is_some_and(|most| *most <= 624),
        "{what}: {scrolled:?}"
    );
    assert_eq!(show(pair, app), (0, 0), "{what}: idle");
}

#[test]
fn a_list_of_calls_costs_few_octets() {
    let mut app = many_calls();
    let mut pair = Pair::new(SIZE);
    show(&mut pair, &app);
    within_bars(&mut pair, &mut app, "calls");
    let page = press(&mut pair, &mut app, Action::PageDown);
    assert!(page < 10_000, "{page}");
}

#[test]
fn a_ladder_costs_few_octets() {
    let mut builder = fixture::Builder::new(1, [192, 0, 2, 10], [198, 51, 100, 20]);
    for n in 0..150 {
        let at = f64::from(n) * 3.7;
        builder.t30(
            at,
            Side::Caller,
            &[0xff, 0xc8, 0x7d, 0x74, u8::try_from(n).unwrap(), 0, 0x21],
        );
        builder.t30(at + 1.1, Side::Callee, &[0xff, 0xc8, 0x31]);
    }
    let flow = builder.flow();
    let mut app = many_calls();
    app.open(vec![CallNo(1)], true);
    app.apply(Update::Opened(flow));
    let mut pair = Pair::new(SIZE);
    show(&mut pair, &app);
    press(&mut pair, &mut app, Action::First);
    within_bars(&mut pair, &mut app, "ladder");
}

#[test]
fn every_screen_of_the_application_arrives() {
    for size in [(80, 24), (200, 50)] {
        let mut app = many_calls();
        let mut pair = Pair::new(size);
        update(&mut app, Action::Resize(size.0, size.1));
        show(&mut pair, &app);
        let mut dice = Dice(7);
        for flow in [fixture::good(), fixture::no_dcs(), fixture::refused()] {
            for _ in 0..30 {
                let action = [
                    Action::Down,
                    Action::PageDown,
                    Action::Up,
                    Action::HalfUp,
                    Action::Last,
                    Action::Help,
                    Action::Back,
                    Action::Mark,
                ][usize::try_from(dice.throw(8)).unwrap()];
                press(&mut pair, &mut app, action);
            }
            app.screens.clear();
            app.open(
                flow.flow.legs.iter().map(|call| call.number).collect(),
                false,
            );
            app.apply(Update::Opened(flow));
            for _ in 0..60 {
                let action = [
                    Action::Down,
                    Action::Up,
                    Action::NextStep,
                    Action::HalfDown,
                    Action::First,
                    Action::Fold,
                    Action::Media,
                    Action::Raw,
                    Action::Time,
                    Action::NextPane,
                    Action::Search,
                    Action::Type('D'),
                    Action::Accept,
                    Action::Colour,
                ][usize::try_from(dice.throw(14)).unwrap()];
                press(&mut pair, &mut app, action);
            }
            app.prompt = None;
            app.screens.clear();
        }
    }
}
