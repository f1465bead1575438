//! Asterisk's configuration files: sections with templates, includes, comments.

use std::collections::HashMap;
use std::fs;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use crate::pbxconf::Setting;
use crate::text::lossy;

/// Files inside files.
const DEPTH: usize = 10;
/// Files of one configuration.
const MOST_FILES: usize = 200;
/// Octets of a file that are read.
const MOST_OCTETS: u64 = 4 << 20;
/// Settings of one configuration, those of templates counted in each section that takes them.
const MOST_SETTINGS: usize = 200_000;
/// Where a copy of the folder came from: an include may name it.
const HOME: &str = "/etc/asterisk";

/// Reads one configuration with what it includes.
pub(super) struct Reader<'f> {
    folder: &'f Path,
    out: Vec<Setting>,
    /// Settings of each section so far, for those that take it as their template.
    sections: HashMap<String, Vec<usize>>,
    section: String,
    files: usize,
}

impl<'f> Reader<'f> {
    pub(super) fn new(folder: &'f Path) -> Self {
        Self {
            folder,
            out: Vec::new(),
            sections: HashMap::new(),
            section: String::new(),
            files: 0,
        }
    }

    /// `None`: there is no such file.
    pub(super) fn read(mut self, name: &str) -> Option<Vec<Setting>> {
        self.file(&self.folder.join(name), 0).then_some(self.out)
    }

    fn file(&mut self, path: &Path, depth: usize) -> bool {
        if depth > DEPTH || self.files >= MOST_FILES {
            return false;
        }
        // Links may lead out of the folder.
        let inside = fs::canonicalize(path).is_ok_and(|real| real.starts_with(self.folder));
        let is_file = fs::metadata(path).is_ok_and(|about| about.is_file());
        let Some(file) = fs::File::open(path).ok().filter(|_| inside && is_file) else {
            return false;
        };
        self.files += 1;
        let mut octets = Vec::new();
        if file.take(MOST_OCTETS).read_to_end(&mut octets).is_err() {
            return false;
        }
        let shown = path.strip_prefix(self.folder).unwrap_or(path);
        let shown = shown.display().to_string();
        let mut in_comment = false;
        for (number, line) in (1_u32..).zip(octets.split(|octet| *octet == b'\n')) {
            let line = lossy(line);
            let line = without_comment(&line, &mut in_comment);
            self.line(line.trim(), (&shown, number), depth);
        }
        true
    }

    fn line(&mut self, line: &str, place: (&str, u32), depth: usize) {
        if let Some(rest) = line.strip_prefix('#') {
            let (word, name) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            if matches!(word, "include" | "tryinclude") {
                self.include(name.trim().trim_matches(['"', '<', '>', '\'']), depth);
            }
        } else if let Some(rest) = line.strip_prefix('[') {
            self.begin(rest);
        } else if let Some((key, value)) = line.split_once('=') {
            let value = value.strip_prefix('>').unwrap_or(value);
            self.add(Setting {
                file: place.0.to_owned(),
                line: place.1,
                section: self.section.clone(),
                key: key
                    .trim()
                    .trim_end_matches('+')
                    .trim_end()
                    .to_ascii_lowercase(),
                value: value.trim().to_owned(),
            });
        }
    }

    /// `name](template,other)`, `name](!)`: the section takes what its templates have so far.
    fn begin(&mut self, rest: &str) {
        let Some((name, rest)) = rest.split_once(']') else {
            return;
        };
        name.trim().clone_into(&mut self.section);
        let templates = rest
            .trim()
            .strip_prefix('(')
            .and_then(|rest| rest.split_once(')'));
        let Some((templates, _)) = templates else {
            return;
        };
        for template in templates.split(',').map(str::trim) {
            let known = self.sections.get(template).cloned().unwrap_or_default();
            for at in known {
                if let Some(setting) = self.out.get(at).cloned() {
                    self.add(Setting {
                        section: self.section.clone(),
                        ..setting
                    });
                }
            }
        }
    }

    fn add(&mut self, setting: Setting) {
        if self.out.len() < MOST_SETTINGS {
            let own = self.sections.entry(setting.section.clone()).or_default();
            own.push(self.out.len());
            self.out.push(setting);
        }
    }

    /// A file of the folder, or all that fit `*.conf`. An absolute name is looked for in the folder, where a copy
    /// of it lies: nothing outside is read.
    fn include(&mut self, name: &str, depth: usize) {
        let name = Path::new(name);
        let name = match name.strip_prefix(HOME) {
            Ok(inside) => inside,
            Err(_) => match name.strip_prefix(self.folder) {
                Ok(inside) => inside,
                Err(_) if name.is_absolute() => return,
                Err(_) => name,
            },
        };
        let plain = name
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !plain || name.as_os_str().is_empty() {
            return;
        }
        let path = self.folder.join(name);
        let pattern = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let Some((before, after)) = pattern.as_deref().and_then(|name| name.split_once('*')) else {
            self.file(&path, depth + 1);
            return;
        };
        let within = path.parent().unwrap_or(self.folder);
        let fits = |path: &PathBuf| {
            path.file_name().is_some_and(|name| {
                let name = name.to_string_lossy();
                name.len() >= before.len() + after.len()
                    && name.starts_with(before)
                    && name.ends_with(after)
            })
        };
        let entries = fs::read_dir(within).into_iter().flatten().flatten();
        let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(fits).collect();
        found.sort();
        for path in found.into_iter().take(MOST_FILES) {
            self.file(&path, depth + 1);
        }
    }
}

/// What is no comment: `;` to the end of the line, `;--` to `--;` over lines; `\;` is no comment.
fn without_comment(line: &str, inside: &mut bool) -> String {
    let mut out = String::new();
    let mut rest = line;
    loop {
        if *inside {
            let Some((_, after)) = rest.split_once("--;") else {
                return out;
            };
            *inside = false;
            rest = after;
        }
        let Some(at) = rest.find(';') else {
            out.push_str(rest);
            return out;
        };
        let (before, after) = rest.split_at(at);
        if let Some(before) = before.strip_suffix('\\') {
            out.push_str(before);
            out.push(';');
            rest = after.get(1..).unwrap_or_default();
            continue;
        }
        out.push_str(before);
        // `;---` is a line of dashes.
        let block = after.starts_with(";--") && !after.starts_with(";---");
        if !block {
            return out;
        }
        *inside = true;
        rest = after.get(3..).unwrap_or_default();
    }
}
