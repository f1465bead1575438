//! Layout of each screen, by its size: arithmetic only, the same for scrolling and for drawing.
//!
//! ```text
//! calls              flow, narrow       flow, wide (from 140 columns)
//! title              title              title
//! (note)             strip              strip
//! header             header             header     │ message
//! list               ladder             ladder     │
//! (reading)          ───────            ladder     │ hints
//! foot               message, hints     foot
//!                    foot
//! ```

use ratatui::layout::Rect;

/// Columns from which the message stands beside the ladder.
pub const WIDE: u16 = 140;
/// Columns before each row for the mark of the selected one.
pub const GUTTER: u16 = 2;

/// Parts of the calls list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallsAreas {
    /// File, calls, faxes.
    pub title: Rect,
    /// Notes of the capture; no height where there is none, or no room.
    pub note: Rect,
    /// Names of columns.
    pub header: Rect,
    /// Rows.
    pub list: Rect,
    /// The result of the selected call where its column cuts it; no height on a low screen.
    pub result: Rect,
    /// How far the reading is; no height when it is over.
    pub reading: Rect,
    /// Keys, or a notice, or a prompt.
    pub foot: Rect,
}

/// Parts of the flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowAreas {
    /// Verdict in a sentence.
    pub title: Rect,
    /// Stages.
    pub strip: Rect,
    /// Hosts.
    pub header: Rect,
    /// Rows.
    pub ladder: Rect,
    /// Line between ladder and message: a column or a row.
    pub rule: Rect,
    /// Decoded message.
    pub message: Rect,
    /// Hints on it.
    pub hints: Rect,
    /// Keys, or a notice, or a prompt.
    pub foot: Rect,
}

/// The calls list on a screen.
pub fn calls(size: (u16, u16), reading: bool, notes: usize) -> CallsAreas {
    let mut rest = screen(size);
    let foot = cut_bottom(&mut rest, 1);
    let title = cut_top(&mut rest, 1);
    let most = match size.1 {
        0..10 => 0,
        10..30 => 2,
        _ => 4,
    };
    let note = cut_top(&mut rest, lines(notes).min(most));
    let header = cut_top(&mut rest, 1);
    let room = rest.height > 1;
    let reading = cut_bottom(&mut rest, u16::from(reading && room));
    // A narrow column of results is cut more often, and by more.
    let lines = match size {
        (_, ..16) => 0,
        (..120, _) => 2,
        _ => 1,
    };
    let result = cut_bottom(&mut rest, lines);
    CallsAreas {
        title,
        note,
        header,
        list: rest,
        result,
        reading,
        foot,
    }
}

/// Heights that the flow's parts would like to have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Lines of the title.
    pub title: usize,
    /// Lines of the strip.
    pub strip: usize,
    /// Lines of the header.
    pub header: usize,
    /// Lines of the message.
    pub message: usize,
    /// Lines of hints.
    pub hints: usize,
    /// Rows of the ladder.
    pub ladder: usize,
    /// Lines of the pane under the ladder; 0: as many as it can have.
    pub pane: usize,
}

/// Columns of the ladder (without its gutter) on a screen.
pub fn ladder_width(size: (u16, u16), limit: Option<usize>) -> usize {
    let width = usize::from(flow(size, Wanted::default()).ladder.width);
    let width = width.saturating_sub(usize::from(GUTTER));
    limit.map_or(width, |limit| width.min(limit))
}

/// Columns of the message pane on a screen.
pub fn message_width(size: (u16, u16), full: bool) -> usize {
    let width = if full {
        size.0
    } else {
        flow(size, Wanted::default()).message.width
    };
    usize::from(width.saturating_sub(GUTTER))
}

/// The flow on a screen.
pub fn flow(size: (u16, u16), wanted: Wanted) -> FlowAreas {
    let mut rest = screen(size);
    let foot = cut_bottom(&mut rest, 1);
    let most = if size.1 >= 20 { 4 } else { 2 };
    let title = cut_top(&mut rest, lines(wanted.title).min(most));
    // A low screen keeps the rows and drops the lines above them.
    let strip = cut_top(
        &mut rest,
        if size.1 >= 12 { lines(wanted.strip) } else { 0 },
    );
    let header_room = if size.1 >= 10 {
        lines(wanted.header)
    } else {
        0
    };
    let (ladder_column, rule, pane, header);
    if size.0 >= WIDE {
        let width = (size.0 * 2 / 5).clamp(56, 90);
        (ladder_column, rule, pane) = columns(rest, width);
        let mut column = ladder_column;
        header = cut_top(&mut column, header_room);
        rest = column;
    } else {
        header = cut_top(&mut rest, header_room);
        let height = pane_height(rest.height, wanted);
        pane = cut_bottom(&mut rest, height);
        rule = cut_bottom(&mut rest, u16::from(height > 0));
    }
    let (message, hints) = message_and_hints(pane, wanted);
    FlowAreas {
        title,
        strip,
        header,
        ladder: rest,
        rule,
        message,
        hints,
        foot,
    }
}

/// Rows of the ladder that a pane under it leaves at least.
const LADDER_LEAST: u16 = 6;
/// Lines of a pane under the ladder at least and at most.
const PANE: std::ops::RangeInclusive<usize> = 3..=12;

/// The pane under the ladder: as tall as what it says, and what the ladder does not need.
fn pane_height(room: u16, wanted: Wanted) -> u16 {
    if room < 10 {
        return 0;
    }
    let most = room - 1 - LADDER_LEAST.min(room / 2);
    let says = lines(wanted.pane.clamp(*PANE.start(), *PANE.end()));
    // Its rows and the rule between.
    let free = room.saturating_sub(lines(wanted.ladder.max(1)) + 1);
    says.max(free.min(lines(wanted.pane))).min(most)
}

/// A message full screen: message (with the hints in it) and foot; the rest is empty.
pub fn message(size: (u16, u16), wanted: Wanted) -> FlowAreas {
    let mut rest = screen(size);
    let foot = cut_bottom(&mut rest, 1);
    let (message, hints) = message_and_hints(rest, wanted);
    FlowAreas {
        message,
        hints,
        foot,
        ..FlowAreas::default()
    }
}

/// Hints follow the message; where both do not fit, they get half of the height.
fn message_and_hints(mut pane: Rect, wanted: Wanted) -> (Rect, Rect) {
    if wanted.hints == 0 {
        return (pane, cut_bottom(&mut pane.clone(), 0));
    }
    // One line of air between them.
    let hints = lines(wanted.hints + 1);
    let half = pane.height.div_ceil(2);
    let free = pane.height.saturating_sub(lines(wanted.message));
    let hints = hints.min(free.max(half));
    let message = lines(wanted.message).min(pane.height - hints);
    let message = cut_top(&mut pane, message);
    (message, pane)
}

fn screen(size: (u16, u16)) -> Rect {
    Rect::new(0, 0, size.0, size.1)
}

fn lines(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

fn cut_top(rest: &mut Rect, height: u16) -> Rect {
    let height = height.min(rest.height);
    let cut = Rect { height, ..*rest };
    rest.y += height;
    rest.height -= height;
    cut
}

fn cut_bottom(rest: &mut Rect, height: u16) -> Rect {
    let height = height.min(rest.height);
    rest.height -= height;
    Rect {
        y: rest.y + rest.height,
        height,
        ..*rest
    }
}

/// Left column, a rule of one column, right column of `width`.
fn columns(rest: Rect, width: u16) -> (Rect, Rect, Rect) {
    let left = rest.width.saturating_sub(width + 1);
    let at = |x: u16, width: u16| Rect {
        x: rest.x + x,
        width,
        ..rest
    };
    (
        at(0, left),
        at(left, 1),
        at(left + 1, rest.width - left - 1),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: Wanted = Wanted {
        title: 1,
        strip: 1,
        header: 2,
        message: 9,
        hints: 6,
        ladder: 100,
        pane: 16,
    };

    #[test]
    fn parts_fill_the_screen_and_do_not_overlap() {
        for width in [1, 20, 80, 139, 140, 200, 1000] {
            for height in [1, 2, 5, 11, 24, 50, 200] {
                let areas = flow((width, height), WANTED);
                let parts = [
                    areas.title,
                    areas.strip,
                    areas.header,
                    areas.ladder,
                    areas.rule,
                    areas.message,
                    areas.hints,
                    areas.foot,
                ];
                for (at, part) in parts.iter().enumerate() {
                    assert!(part.right() <= width && part.bottom() <= height);
                    for other in parts.iter().skip(at + 1) {
                        assert!(!part.intersects(*other) || part.is_empty() || other.is_empty());
                    }
                }
                let area: u32 = parts.iter().map(|part| part.area()).sum();
                assert_eq!(
                    area,
                    u32::from(width) * u32::from(height),
                    "{width}x{height}"
                );
            }
        }
    }

    #[test]
    fn small_screens_keep_their_rows() {
        assert!(flow((80, 24), WANTED).ladder.height >= 6);
        assert!(flow((40, 8), WANTED).ladder.height >= 5);
        assert!(calls((80, 24), true, 1).list.height == 17);
    }
}
