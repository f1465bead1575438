//! `faxflow config`: what holds, as TOML, and where each value comes from.

use std::io::{self, Write};

use super::apply::GIVEN;
use super::table::{SETTINGS, is_table};
use crate::cli::General;
use crate::text::visible;
use crate::view::calls::Column;
use crate::view::width;

/// The column in which it is told where a value comes from.
const ORIGIN: usize = 44;
/// That of a value which nobody set.
const USUAL: &str = "default";

/// Writes the settings that hold.
pub fn write(out: &mut impl Write, general: &General) -> io::Result<()> {
    let settings = &general.settings;
    writeln!(out, "# What holds: the command line first, then")?;
    if settings.files.is_empty() {
        writeln!(out, "#   no file")?;
    }
    for (path, there) in &settings.files {
        let absent = if *there { "" } else { "   (not there)" };
        let path = path.to_string_lossy();
        writeln!(out, "#   {}{absent}", visible(&path))?;
    }
    for setting in &SETTINGS {
        let origin = match settings.origins.get(setting.name) {
            None => USUAL,
            Some(origin) if origin == GIVEN && setting.name == "time" && general.time.is_none() => {
                "--tz"
            }
            Some(origin) if origin == GIVEN => setting.option,
            Some(origin) => origin,
        };
        writeln!(out, "\n# {}", setting.doc)?;
        if is_table(setting.name) {
            line(out, &format!("[{}]", setting.name), origin)?;
            let entries = entries(general, setting.name);
            for (name, value) in &entries {
                writeln!(out, "{} = {value}", key(name))?;
            }
            if entries.is_empty() {
                writeln!(out, "# {}", setting.example)?;
            }
        } else {
            let origin = match setting.name {
                "tz" if general.tz.is_none() && std::env::var_os("TZ").is_some() => "TZ",
                "tz" if general.tz.is_none() => "system",
                _ => origin,
            };
            let value = value(general, setting.name);
            line(out, &format!("{} = {value}", setting.name), origin)?;
        }
    }
    Ok(())
}

fn line(out: &mut impl Write, text: &str, origin: &str) -> io::Result<()> {
    let blank = ORIGIN.saturating_sub(width(text));
    writeln!(out, "{text}{:blank$}  # {}", "", visible(origin))
}

/// A value as TOML has it.
pub(super) fn value(general: &General, name: &str) -> String {
    let (mode, zone) = general.times();
    let site = general.site();
    let settings = &general.settings;
    match name {
        "pbx" => list(site.pbx.iter().map(ToString::to_string)),
        "udptl-ports" => {
            let (low, high) = site.udptl_ports;
            string(&format!("{low}-{high}"))
        }
        "fax" => list(site.fax_numbers),
        "time" => string(mode.name()),
        "tz" => string(&zone.label()),
        "theme" => string(settings.theme.name()),
        "columns" => columns(settings.columns.as_deref()),
        "mouse" => settings.mouse.unwrap_or(true).to_string(),
        "pages" => (!general.no_pages).to_string(),
        _ => String::new(),
    }
}

/// The list of columns as TOML has it.
pub(super) fn columns(chosen: Option<&[Column]>) -> String {
    let usual = || Column::ALL.iter().take(Column::USUAL).copied();
    let shown = chosen.map_or_else(|| usual().collect(), <[Column]>::to_vec);
    list(shown.into_iter().map(|column| column.name().to_owned()))
}

/// What a table has.
fn entries(general: &General, name: &str) -> Vec<(String, String)> {
    let settings = &general.settings;
    match name {
        "hosts" => (settings.names.all())
            .map(|(addr, name)| (addr.to_string(), string(name)))
            .collect(),
        "colors" => (settings.looks.iter())
            .map(|(role, look)| (role.clone(), string(look)))
            .collect(),
        "keys" => (settings.keys.changed().into_iter())
            .map(|(action, keys)| (action, list(keys)))
            .collect(),
        _ => Vec::new(),
    }
}

/// Whatever could steer a terminal is made visible.
fn string(text: &str) -> String {
    toml::Value::from(&*visible(text)).to_string()
}

fn list(texts: impl IntoIterator<Item = String>) -> String {
    let texts: Vec<String> = texts.into_iter().map(|text| string(&text)).collect();
    format!("[{}]", texts.join(", "))
}

/// A key, in quotes where TOML wants them.
fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.chars().all(bare) && !name.is_empty() {
        name.to_owned()
    } else {
        string(name)
    }
}

#[cfg(test)]
mod tests;
