//! What a reader notes of the capture while it goes through it.

use std::io;
use std::sync::atomic::Ordering;

use super::{Damage, Format, Found, Reader};
use crate::capture::error::of_the_system;
use crate::capture::link::LinkType;
use crate::capture::{Error, FrameNo, LONG_GAP, Note};

/// Notes kept about damage; the rest is only counted.
const NOTES_MAX: usize = 100;

/// Link types named; a capture has one, or two.
const LINK_TYPES_MAX: usize = 64;

/// Clock jumps kept.
const CLOCK_JUMPS_MAX: usize = 1000;

/// Long gaps noted.
const TIME_GAPS_MAX: usize = 10_000;

/// [`LONG_GAP`] in nanoseconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a few positive seconds"
)]
pub(super) const LONG_GAP_NS: u64 = (LONG_GAP * 1e9) as u64;

/// A frame this much before its predecessor is a jump of the clock (rule `cap-clock-jump`).
const CLOCK_JUMP_NS: u64 = 100_000_000;

impl Reader {
    /// Nothing more of the capture can be read or kept: the first note says so, and stays.
    pub fn fail(&mut self, why: &str) {
        self.failure_noted = true;
        self.info.notes.insert(
            0,
            Note {
                frame: Some(FrameNo(self.next_no)),
                offset: None,
                text: format!("not all of the capture was read: {why}"),
            },
        );
    }

    /// Says of a file that grew while it was read that more is to come.
    pub fn note_growth(&mut self) {
        let grown = self
            .origin
            .source
            .len_now()
            .zip(self.info.file_bytes)
            .and_then(|(now, before)| now.checked_sub(before))
            .filter(|grown| *grown > 0);
        if let Some(grown) = grown {
            self.info.notes.push(Note {
                frame: None,
                offset: None,
                text: format!(
                    "the capture is still being written: {grown} octets came while it was read; read it again when it is \
                     complete, or with --follow"
                ),
            });
        }
    }

    /// Names the capture by what was read of it.
    pub fn note_uid(&mut self) {
        self.info.uid = self.buffer.uid();
    }

    pub(super) fn count(&mut self, found: &Found, no: FrameNo) {
        let info = &mut self.info;
        info.packets += 1;
        info.bytes = self.buffer.offset();
        info.file_pos = self.origin.position.load(Ordering::Relaxed);
        let captured = u32::try_from(found.len).unwrap_or(u32::MAX);
        if captured < found.wire_len {
            info.truncated_frames += 1;
            info.snaplen = info.snaplen.max(captured);
        }
        if let Some(last) = self.last_at {
            if found.at.0.saturating_add(CLOCK_JUMP_NS) < last.0
                && info.clock_jumps.len() < CLOCK_JUMPS_MAX
            {
                info.clock_jumps.push((no, found.at.seconds_since(last)));
            }
            if found.at.0.saturating_sub(last.0) > LONG_GAP_NS
                && info.time_gaps.len() < TIME_GAPS_MAX
            {
                info.time_gaps.push((no, found.at.seconds_since(last)));
            }
        } else {
            info.first_time = Some(found.at);
        }
        info.last_time = info.last_time.max(Some(found.at));
        self.last_at = Some(found.at);
        if self.last_link != Some(found.link) {
            self.meet_link(found.link, no, found.offset);
        }
    }

    #[cold]
    fn meet_link(&mut self, link: LinkType, no: FrameNo, offset: u64) {
        self.last_link = Some(link);
        if let Format::Pcapng(blocks) = &self.format
            && blocks.nanoseconds()
        {
            self.info.time_digits = 9;
        }
        let name = link.to_string();
        let full = self.info.link_types.len() >= LINK_TYPES_MAX;
        let known = full || self.info.link_types.contains(&name);
        if !known {
            self.info.link_types.push(name.clone());
        }
        if !link.is_known() && (!known || self.info.packets == 1) {
            self.info.notes.push(Note {
                frame: Some(no),
                offset: Some(offset),
                text: format!("frames of link type {name} are not decoded"),
            });
        }
    }

    pub(super) fn note(&mut self, damage: Damage) {
        let frame = FrameNo(self.next_no);
        self.note_at(Some(frame), Some(damage.offset), damage.text);
    }

    fn note_at(&mut self, frame: Option<FrameNo>, offset: Option<u64>, text: String) {
        match self.info.notes.len() {
            ..NOTES_MAX => self.info.notes.push(Note {
                frame,
                offset,
                text,
            }),
            NOTES_MAX => self.info.notes.push(Note {
                frame,
                offset,
                text: "more damage follows that is not listed".to_owned(),
            }),
            _ => {}
        }
    }

    pub(super) fn finish(&mut self) -> Result<(), Error> {
        let info = &mut self.info;
        info.bytes = self.buffer.offset();
        info.file_pos = self.origin.position.load(Ordering::Relaxed);
        if let Format::Pcapng(blocks) = &self.format {
            info.dropped = blocks.dropped();
        }
        if let Some(account) = self.origin.account.clone() {
            let told = account.take();
            self.info.dropped = told.dropped;
            for (frame, offset, text) in told.notes {
                self.note_at(frame, offset, text);
            }
        }
        if self.info.packets == 0
            && let Some(source) = self.buffer.take_failure()
        {
            return Err(Error::Io {
                file: self.info.file.clone(),
                action: "cannot read",
                source,
            });
        }
        if let Some(error) = self.buffer.failure()
            && !self.failure_noted
        {
            self.failure_noted = true;
            if of_the_system(error).is_some() {
                let why = error.to_string();
                self.fail(&why);
            } else {
                let text = format!("the capture cannot be read further: {error}");
                let offset = self.buffer.offset();
                self.note(Damage { offset, text });
            }
        }
        Ok(())
    }

    /// The error of the system at which reading ended, with its place. Damaged data are no such error but a
    /// [`Note`], and a cut capture ends without one.
    pub fn failure(&self) -> Option<Error> {
        let source = of_the_system(self.buffer.failure()?)?;
        Some(Error::Broken {
            file: self.info.file.clone(),
            place: format!(
                "after frame {} (offset {})",
                self.next_no.saturating_sub(1),
                self.buffer.offset()
            ),
            source,
        })
    }

    /// As [`Reader::failure`], for a pass that reads again.
    pub(crate) fn read_error(&self) -> io::Result<()> {
        let error = self.buffer.failure().and_then(|error| of_the_system(error));
        error.map_or(Ok(()), Err)
    }
}
