//! The files: where they are, what may stand in them, and where in them something is wrong.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use serde::Deserialize;
use toml::Spanned;

use crate::text::{alike, visible};

/// That of the whole machine.
const OF_THE_MACHINE: &str = "/etc/faxflow/config.toml";
/// Names a file to be read in place of both; set and empty: none is read.
const VARIABLE: &str = "FAXFLOW_CONFIG";
/// Octets of a file at most.
const MOST: u64 = 1 << 20;

/// What may stand in a file, as it stands there.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Contents {
    pub(super) pbx: Option<Spanned<Vec<String>>>,
    pub(super) udptl_ports: Option<Spanned<String>>,
    pub(super) fax: Option<Spanned<Vec<String>>>,
    pub(super) time: Option<Spanned<String>>,
    pub(super) tz: Option<Spanned<String>>,
    pub(super) theme: Option<Spanned<String>>,
    pub(super) columns: Option<Spanned<Vec<String>>>,
    pub(super) mouse: Option<Spanned<bool>>,
    pub(super) pages: Option<Spanned<bool>>,
    pub(super) hosts: Option<Spanned<BTreeMap<String, Spanned<String>>>>,
    pub(super) colors: Option<Spanned<BTreeMap<String, Spanned<String>>>>,
    pub(super) keys: Option<Spanned<BTreeMap<String, Spanned<OneOrMore>>>>,
}

/// `"s"` or `["s", "F2"]`
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// A file that was read.
#[derive(Debug)]
pub struct Layer {
    path: PathBuf,
    text: String,
    pub(super) contents: Contents,
}

impl Layer {
    /// Reads the text of a file; the error names the line.
    pub fn new(path: PathBuf, text: String) -> Result<Self, String> {
        match toml::from_str(&text) {
            Ok(contents) => Ok(Self {
                path,
                text,
                contents,
            }),
            Err(error) => {
                let line = error.span().map(|span| line(&text, span.start));
                Err(in_line(&path, line, &told(&error)))
            }
        }
    }

    /// `FILE line 3`, of something that stands there.
    pub(super) fn origin<T>(&self, value: &Spanned<T>) -> String {
        format!(
            "{} line {}",
            self.path.display(),
            line(&self.text, value.span().start)
        )
    }

    /// What is wrong with something that stands there.
    pub(super) fn wrong<T>(&self, value: &Spanned<T>, what: &str) -> String {
        let line = line(&self.text, value.span().start);
        in_line(&self.path, Some(line), what)
    }

    /// The octets that the value of `columns` has in the file.
    pub(super) fn columns(&self) -> Option<std::ops::Range<usize>> {
        self.contents.columns.as_ref().map(Spanned::span)
    }
}

fn in_line(path: &Path, line: Option<usize>, what: &str) -> String {
    let line = line.map_or_else(String::new, |line| format!(" line {line}:"));
    let text = format!("{}:{line} {what}", path.display());
    visible(&text).into_owned()
}

fn line(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().iter().take(offset);
    before.filter(|octet| **octet == b'\n').count() + 1
}

/// What the parser says, in one line; unknown keys with the one that was probably meant.
fn told(error: &toml::de::Error) -> String {
    let text = error.message().lines().collect::<Vec<_>>().join("; ");
    let Some(rest) = text.strip_prefix("unknown field `") else {
        return text;
    };
    let mut names = rest.split('`').step_by(2);
    let unknown = names.next().unwrap_or_default();
    let meant =
        alike(unknown, names).map_or_else(String::new, |name| format!("; did you mean {name}?"));
    format!("unknown key {unknown}{meant} (docs/config.md, or `faxflow config`, has all keys)")
}

/// `$XDG_CONFIG_HOME/faxflow/config.toml`, or that below `~/.config`.
pub(super) fn own() -> Option<PathBuf> {
    let base = etcetera::choose_base_strategy().ok()?;
    Some(base.config_dir().join("faxflow").join("config.toml"))
}

/// Files that were looked for, and whether each is there.
pub(super) type Files = Vec<(PathBuf, bool)>;

/// The files that were looked for, and those that are there, the one that goes before the other first.
pub(super) fn read(given: Option<&Path>, none: bool) -> Result<(Files, Vec<Layer>), String> {
    let variable = std::env::var_os(VARIABLE);
    let (paths, needed) = match (given, variable) {
        (Some(path), _) => (vec![path.to_owned()], true),
        _ if none => (Vec::new(), false),
        (None, Some(path)) if path.is_empty() => (Vec::new(), false),
        (None, Some(path)) => (vec![path.into()], true),
        (None, None) => {
            let machine = PathBuf::from(OF_THE_MACHINE);
            (own().into_iter().chain([machine]).collect(), false)
        }
    };
    let (mut files, mut layers) = (Vec::new(), Vec::new());
    for path in paths {
        let text = match contents(&path) {
            Ok(text) => text,
            Err(error) if !needed && is_absent(&error) => {
                files.push((path, false));
                continue;
            }
            Err(error) => return Err(format!("{}: {error}", path.display())),
        };
        files.push((path.clone(), true));
        layers.push(Layer::new(path, text)?);
    }
    Ok((files, layers))
}

fn is_absent(error: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory)
}

fn contents(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let read = std::fs::File::open(path)?
        .take(MOST + 1)
        .read_to_string(&mut text)?;
    if u64::try_from(read).is_ok_and(|read| read > MOST) {
        return Err(io::Error::other("too large for settings"));
    }
    Ok(text)
}
