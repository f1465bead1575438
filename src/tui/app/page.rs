//! State of a page on the screen: which attempt, how large, which part of it.

use ratatui::layout::Rect;

use crate::call::pages::CodedPage;
use crate::page::{Bitmap, Layout};
use crate::view::pages::picture::{self, Dots, MARGIN, Window};
use crate::view::{Role, Row, Span, pages};

/// An attempt at a page with its pixels.
#[derive(Debug)]
struct Shown {
    place: usize,
    bitmap: Bitmap,
    layout: Layout,
}

/// A picture that the terminal draws itself: which part of which page, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct RealPicture {
    /// Which of those that are shown.
    shown: usize,
    /// Which page.
    place: usize,
    window: Window,
    /// Where on the screen, in cells.
    pub(in crate::tui) area: Rect,
}

/// The pages of a call, one of them on the screen.
#[derive(Debug)]
pub struct PageView {
    pages: Vec<CodedPage>,
    /// The page shown, and with `beside` another attempt at it.
    shown: Vec<Shown>,
    at: usize,
    beside: bool,
    /// 0: the whole page; 1: its width; each further one twice as large.
    zoom: u32,
    left: usize,
    top: usize,
    /// Columns and rows of cells for each picture.
    cells: (usize, usize),
    /// Columns of the screen for each picture with its margin.
    part: u16,
    /// The terminal draws it in place of characters, on so many columns and rows of cells at most.
    real: Option<(u16, u16)>,
}

impl PageView {
    /// Shows a page of several; `None`: there is none.
    pub fn new(pages: Vec<CodedPage>, at: usize) -> Option<Self> {
        let mut view = Self {
            at: at.min(pages.len().checked_sub(1)?),
            pages,
            shown: Vec::new(),
            beside: false,
            zoom: 0,
            left: 0,
            top: 0,
            cells: (1, 1),
            part: 1,
            real: None,
        };
        view.decode();
        Some(view)
    }

    /// Only what is shown is kept as pixels.
    fn decode(&mut self) {
        let places = std::iter::once(self.at).chain(self.other_attempt().filter(|_| self.beside));
        let shown = places.filter_map(|place| {
            let page = self.pages.get(place)?;
            let layout = page.about.layout?;
            let (bitmap, _) = Bitmap::decode(&page.octets, &layout);
            Some(Shown {
                place,
                bitmap,
                layout,
            })
        });
        self.shown = shown.collect();
    }

    /// Another attempt at the same page: the last one, or else the one before.
    fn other_attempt(&self) -> Option<usize> {
        let page = self.pages.get(self.at)?.about.page;
        let is_other = |place: &usize| {
            let other = self.pages.get(*place);
            *place != self.at && other.is_some_and(|other| other.about.page == page)
        };
        (0..self.pages.len()).rfind(is_other)
    }

    /// The next or previous page or attempt; false: there is none.
    pub(in crate::tui) fn turn(&mut self, forward: bool) -> bool {
        let next = if forward {
            Some(self.at + 1)
        } else {
            self.at.checked_sub(1)
        };
        let Some(next) = next.filter(|next| *next < self.pages.len()) else {
            return false;
        };
        self.at = next;
        self.decode();
        true
    }

    /// Puts another attempt beside this one or takes it away; false: there is only one.
    pub(in crate::tui) fn put_beside(&mut self) -> bool {
        self.beside = !self.beside && self.other_attempt().is_some();
        self.decode();
        self.beside || self.other_attempt().is_some()
    }

    /// Larger or smaller; the middle of the screen stays where it is.
    pub(in crate::tui) fn zoom(&mut self, larger: bool) {
        let (columns, rows) = self.size();
        let middle = (
            self.left + self.cells.0.min(columns) / 2,
            self.top + self.cells.1.min(rows) / 2,
        );
        if !larger {
            self.zoom = self.zoom.saturating_sub(1);
        } else if self.zoom == 0 || self.scale() > 1.0 {
            self.zoom += 1;
        }
        let (new_columns, new_rows) = self.size();
        self.left = (middle.0 * new_columns / columns.max(1)).saturating_sub(self.cells.0 / 2);
        self.top = (middle.1 * new_rows / rows.max(1)).saturating_sub(self.cells.1 / 2);
    }

    /// Moves by cells.
    pub(in crate::tui) fn scroll(&mut self, columns: isize, rows: isize) {
        self.left = self.left.saturating_add_signed(columns);
        self.top = self.top.saturating_add_signed(rows);
        self.keep_inside();
    }

    /// Columns and rows of cells that a picture has on the screen.
    pub(in crate::tui) fn cells(&self) -> (usize, usize) {
        self.cells
    }

    /// Lays out for a screen: a title over the pictures, the foot under them.
    pub(in crate::tui) fn settle(&mut self, size: (u16, u16)) {
        let parts = u16::try_from(self.shown.len().max(1)).unwrap_or(1);
        self.part = size.0 / parts;
        self.cells = (
            usize::from(self.part).saturating_sub(MARGIN),
            usize::from(size.1.saturating_sub(2)),
        );
        if let Some((columns, rows)) = self.real {
            self.cells.0 = self.cells.0.min(columns.into());
            self.cells.1 = self.cells.1.min(rows.into());
        }
        self.keep_inside();
    }

    fn keep_inside(&mut self) {
        let (columns, rows) = self.size();
        self.left = self.left.min(columns.saturating_sub(self.cells.0));
        self.top = self.top.min(rows.saturating_sub(self.cells.1));
    }

    const fn dots(&self) -> Dots {
        if self.zoom == 0 {
            Dots::Braille
        } else {
            Dots::HalfBlocks
        }
    }

    fn scale(&self) -> f64 {
        let Some(first) = self.shown.first() else {
            return 1.0;
        };
        let whole = (self.zoom == 0).then_some(self.cells.1);
        let cells = (self.cells.0, whole);
        let fitting = picture::fitting(&first.bitmap, &first.layout, self.dots(), cells);
        let times = 2.0_f64.powi(i32::try_from(self.zoom.saturating_sub(1)).unwrap_or(0));
        (fitting / times).max(1.0)
    }

    fn size(&self) -> (usize, usize) {
        self.shown.first().map_or((0, 0), |first| {
            picture::size(&first.bitmap, &first.layout, self.dots(), self.scale())
        })
    }

    /// What is shown, in one line for each picture.
    pub(in crate::tui) fn titles(&self) -> Vec<Row> {
        let of = |place: usize| {
            let about = &self.pages.get(place)?.about;
            let count = self.pages.len();
            let which = format!(" {} of {count}  ", place + 1);
            Some(Row::of(vec![
                Span::new(which, Role::Dim),
                Span::new(pages::line(about), Role::Page),
            ]))
        };
        if self.shown.is_empty() {
            return of(self.at).into_iter().collect();
        }
        self.shown
            .iter()
            .filter_map(|shown| of(shown.place))
            .collect()
    }

    fn window(&self, ascii: bool) -> Window {
        Window {
            dots: self.dots(),
            scale: self.scale(),
            left: self.left,
            top: self.top,
            width: self.cells.0,
            height: self.cells.1,
            ascii,
        }
    }

    /// The pictures, beside each other; empty where the page is not decoded. Where the terminal draws the page, only
    /// the marks in the margin are left of them.
    pub(in crate::tui) fn pictures(&self, ascii: bool) -> Vec<Vec<Row>> {
        let window = self.window(ascii);
        let draw = |shown: &Shown| picture::rows(&shown.bitmap, &shown.layout, &window);
        let mut pictures: Vec<Vec<Row>> = self.shown.iter().map(draw).collect();
        if self.is_real() {
            for row in pictures.iter_mut().flatten() {
                row.spans.truncate(1);
            }
        }
        pictures
    }

    /// The terminal draws the page from now on, on so many columns and rows at most, or characters do.
    pub(in crate::tui) fn set_real(&mut self, most: Option<(u16, u16)>) {
        self.real = most;
    }

    /// Whether the terminal draws the page.
    pub(in crate::tui) const fn is_real(&self) -> bool {
        self.real.is_some()
    }

    /// What the terminal is to draw; empty where characters do it.
    pub(in crate::tui) fn real_pictures(&self) -> Vec<RealPicture> {
        let cell = |cells: usize| u16::try_from(cells).unwrap_or(u16::MAX);
        let (width, height) = (cell(self.cells.0), cell(self.cells.1));
        let margin = cell(MARGIN);
        let of = |(at, shown): (usize, &Shown)| RealPicture {
            shown: at,
            place: shown.place,
            window: self.window(false),
            area: Rect::new(
                cell(at).saturating_mul(self.part) + margin,
                1,
                width,
                height,
            ),
        };
        let all = self.shown.iter().enumerate().filter(|_| self.is_real());
        all.map(of).collect()
    }

    /// Shades of grey of so many pixels across and down, 255 white.
    pub(in crate::tui) fn grey(&self, picture: &RealPicture, size: (u32, u32)) -> Vec<u8> {
        self.shown
            .get(picture.shown)
            .map_or_else(Vec::new, |shown| {
                picture::grey(&shown.bitmap, &shown.layout, &picture.window, size)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::PageAttempt;
    use crate::page::decode::encode;
    use crate::page::{Coding, PageFacts, Resolution};
    use crate::view::to_text;

    fn page(number: u32, attempt: u32) -> CodedPage {
        let row = |y: usize| (0..1728).map(|x| (x / 100 + y / 100) % 2 == 1).collect();
        let rows: Vec<Vec<bool>> = (0..400).map(row).collect();
        let layout = Layout {
            coding: Coding::Mmr,
            width: 1728,
            resolution: Resolution { x: 204, y: 98 },
        };
        let octets = encode::mmr(&rows);
        CodedPage {
            about: PageAttempt {
                attempt,
                facts: PageFacts::of(&octets, &layout),
                layout: Some(layout),
                ..PageAttempt::nothing(number)
            },
            octets,
        }
    }

    fn view() -> PageView {
        let pages = vec![page(1, 1), page(2, 1), page(2, 2)];
        let mut view = PageView::new(pages, 0).unwrap();
        view.settle((80, 24));
        view
    }

    fn shown(view: &PageView) -> Vec<String> {
        view.pictures(false)
            .iter()
            .map(|rows| to_text(rows))
            .collect()
    }

    #[test]
    fn begins_with_the_whole_page_and_zooms_into_its_middle() {
        let mut view = view();
        let whole = shown(&view);
        let lines: Vec<&str> = whole[0].lines().collect();
        assert!((15..=22).contains(&lines.len()), "{}", lines.len());
        for _ in 0..20 {
            view.zoom(true);
            view.settle((80, 24));
        }
        assert!(view.scale() < 1.01 && view.left > 0 && view.top > 0);
        let lines = shown(&view)[0].lines().count();
        assert_eq!(lines, 22);
        view.scroll(isize::MIN, isize::MIN);
        assert_eq!((view.left, view.top), (0, 0));
        for _ in 0..20 {
            view.zoom(false);
            view.settle((80, 24));
        }
        assert_eq!(shown(&view), whole);
    }

    #[test]
    fn turns_pages_and_puts_attempts_beside_each_other() {
        let mut view = view();
        assert!(!view.turn(false) && !view.put_beside());
        assert!(view.turn(true) && view.put_beside());
        view.settle((80, 24));
        let titles: Vec<String> = view.titles().iter().map(Row::text).collect();
        assert!(titles[0].starts_with(" 2 of 3  page 2:"), "{titles:?}");
        assert!(
            titles[1].starts_with(" 3 of 3  page 2, attempt 2:"),
            "{titles:?}"
        );
        assert_eq!(shown(&view).len(), 2);
        assert!(
            shown(&view)
                .iter()
                .flat_map(|text| text.lines())
                .all(|line| line.chars().count() <= 40)
        );
        assert!(view.turn(true) && !view.turn(true));
    }
}
