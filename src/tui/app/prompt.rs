//! One line that the user types: filter, search, frame number, file name.

use std::path::{Path, PathBuf};

use crate::call::CallNo;

/// A question and what has been typed so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// What for.
    pub kind: PromptKind,
    /// The text typed.
    pub text: String,
}

/// What a prompt is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PromptKind {
    /// Words that calls must have; filters while typing.
    Filter {
        /// The filter before, for Esc.
        before: String,
    },
    /// Text to be found.
    Search,
    /// Frame number.
    Goto,
    /// Name of a file for these calls.
    Save {
        /// Calls to be saved.
        calls: Vec<CallNo>,
    },
    /// The file exists: write over it?
    Overwrite {
        /// What was to be saved.
        request: SaveRequest,
    },
    /// The capture is in no file: keep it?
    Leave,
    /// Name of a file for it.
    Keep,
    /// Keep the columns that were chosen?
    WriteColumns {
        /// The file of settings.
        path: PathBuf,
    },
}

/// Something to be written to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaveRequest {
    /// Where.
    pub path: PathBuf,
    /// What.
    pub format: SaveFormat,
    /// Of which calls.
    pub calls: Vec<CallNo>,
    /// Over a file that exists.
    pub overwrite: bool,
}

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaveFormat {
    /// The flow as text.
    Text,
    /// The flow as Markdown.
    Markdown,
    /// The packets of the calls.
    Packets,
}

impl SaveFormat {
    const ALL: [Self; 3] = [Self::Packets, Self::Text, Self::Markdown];

    /// The format that a file name asks for; text if none.
    pub fn of(path: &Path) -> Self {
        let extension = path
            .extension()
            .map(|extension| extension.to_string_lossy().to_ascii_lowercase());
        match extension.as_deref() {
            Some("md" | "markdown") => Self::Markdown,
            Some("pcap" | "cap" | "pcapng") => Self::Packets,
            _ => Self::Text,
        }
    }

    /// Ending of its file names.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Text => "txt",
            Self::Markdown => "md",
            Self::Packets => "pcapng",
        }
    }

    /// For the prompt.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "flow as text",
            Self::Markdown => "flow as Markdown",
            Self::Packets => "packets",
        }
    }

    /// The next one, round and round.
    #[must_use]
    pub fn next(self) -> Self {
        let at = Self::ALL.iter().position(|format| *format == self);
        at.and_then(|at| Self::ALL.get(at + 1))
            .copied()
            .unwrap_or(Self::Packets)
    }
}

/// Whether packets in this file have comments.
fn has_comments(path: &Path) -> bool {
    let extension = path.extension().map(std::ffi::OsStr::to_ascii_lowercase);
    extension.is_some_and(|extension| extension == "pcapng")
}

impl Prompt {
    /// What stands before the text.
    pub fn label(&self) -> String {
        match &self.kind {
            PromptKind::Filter { .. } => "filter: ".into(),
            PromptKind::Search => "/".into(),
            PromptKind::Goto => "go to frame :".into(),
            PromptKind::Save { calls } => {
                let path = Path::new(&self.text);
                let legs = if calls.len() > 1 { ", 2 legs" } else { "" };
                let what = match SaveFormat::of(path) {
                    SaveFormat::Packets if has_comments(path) => "packets and hints",
                    format => format.name(),
                };
                format!("save {what}{legs} (Tab: form): ")
            }
            PromptKind::Leave => {
                "What came is in no file. Keep it? (y, n: leave without, Esc: stay) ".into()
            }
            PromptKind::Keep => "keep all packets in: ".into(),
            PromptKind::WriteColumns { path } => {
                format!("Keep these columns in {}? (y/n) ", path.display())
            }
            PromptKind::Overwrite { request } => {
                format!("{} exists. Write over it? (y/n) ", request.path.display())
            }
        }
    }

    /// Takes in a character that stands for itself.
    pub(in crate::tui) fn push(&mut self, c: char) {
        let room = self.text.chars().count() < 4096;
        let fits = match self.kind {
            PromptKind::Goto => c.is_ascii_digit() && self.text.len() < 10,
            PromptKind::Overwrite { .. } | PromptKind::WriteColumns { .. } | PromptKind::Leave => {
                false
            }
            _ => !crate::text::is_hostile(c),
        };
        if room && fits {
            self.text.push(c);
        }
    }

    /// Takes the last word away.
    pub(in crate::tui) fn erase_word(&mut self) {
        let kept = self.text.trim_end();
        let end = kept
            .rfind(|c: char| c.is_whitespace() || c == '/')
            .map_or(0, |at| at + 1);
        // A name that ends in `/` loses the directory before it.
        let end = if end == kept.len() {
            end.saturating_sub(1)
        } else {
            end
        };
        self.text.truncate(end);
    }

    /// The file name with the ending of the next format.
    pub(in crate::tui) fn choose_next_format(&mut self) {
        if matches!(self.kind, PromptKind::Save { .. }) {
            let path = PathBuf::from(&self.text);
            let next = SaveFormat::of(&path).next();
            self.text = path
                .with_extension(next.extension())
                .to_string_lossy()
                .into_owned();
        }
    }
}

/// A file name out of text that may come from the network: letters, digits, `+ - _ .` only, no dot or dash
/// in front, not long.
pub(in crate::tui) fn harmless_name(text: &str) -> String {
    let mut name = String::new();
    for c in text.chars().take(80) {
        let c = if c.is_ascii_alphanumeric() || "+-_.".contains(c) {
            c
        } else {
            '_'
        };
        if !(c == '_' && name.ends_with('_')) {
            name.push(c);
        }
    }
    let name = name
        .trim_start_matches(['.', '-', '_'])
        .trim_end_matches('_');
    let name = if name.is_empty() { "fax" } else { name };
    format!("{name}.{}", SaveFormat::Packets.extension())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proposes_harmless_names() {
        assert_eq!(harmless_name("call-1-2007-3004"), "call-1-2007-3004.pcapng");
        assert_eq!(harmless_name("../../etc/passwd\n"), "etc_passwd.pcapng");
        assert_eq!(harmless_name("\u{1b}]0;x\u{7}\u{202e}"), "0_x.pcapng");
        assert_eq!(harmless_name("-rf *"), "rf.pcapng");
        assert_eq!(harmless_name("//"), "fax.pcapng");
        assert!(harmless_name(&"9".repeat(1000)).len() < 100);
    }

    #[test]
    fn format_follows_the_name() {
        assert_eq!(SaveFormat::of(Path::new("a.MD")), SaveFormat::Markdown);
        assert_eq!(SaveFormat::of(Path::new("a.pcap")), SaveFormat::Packets);
        assert_eq!(SaveFormat::of(Path::new("a")), SaveFormat::Text);
        let mut prompt = Prompt {
            kind: PromptKind::Save {
                calls: vec![CallNo(1)],
            },
            text: "x/call-1.txt".into(),
        };
        let mut seen = Vec::new();
        for _ in 0..3 {
            prompt.choose_next_format();
            seen.push(prompt.text.clone());
        }
        assert_eq!(seen, ["x/call-1.md", "x/call-1.pcapng", "x/call-1.txt"]);
    }

    #[test]
    fn erases_words_and_takes_no_control_characters() {
        let mut prompt = Prompt {
            kind: PromptKind::Search,
            text: "one two ".into(),
        };
        prompt.erase_word();
        assert_eq!(prompt.text, "one ");
        prompt.push('\u{1b}');
        prompt.push('\u{202e}');
        assert_eq!(prompt.text, "one ");
        prompt.erase_word();
        prompt.erase_word();
        assert_eq!(prompt.text, "");
        let mut prompt = Prompt {
            kind: PromptKind::Goto,
            text: String::new(),
        };
        "1a2".chars().for_each(|c| prompt.push(c));
        assert_eq!(prompt.text, "12");
    }
}
