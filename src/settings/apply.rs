//! What the files say, put where the command line says nothing.

use std::net::IpAddr;

use clap::ValueEnum as _;
use toml::Spanned;

use super::Settings;
use super::file::{Contents, Layer, OneOrMore};
use crate::cli::{Cli, General, Time, port_range};
use crate::text::alike;
use crate::view::Names;
use crate::view::calls::Column;
use crate::view::style::{Palette, ROLES, Style, Theme};
use crate::view::time::Zone;

/// What stands before a value that the command line sets.
pub(super) const GIVEN: &str = "command line";

/// A value and where it comes from.
type Found<V> = Option<(V, String)>;

/// The value of the first file that has one.
fn value<T, V>(
    layers: &[Layer],
    of: impl Fn(&Contents) -> Option<&Spanned<T>>,
    read: impl Fn(&T) -> Result<V, String>,
) -> Result<Found<V>, String> {
    for layer in layers {
        if let Some(value) = of(&layer.contents) {
            let read = read(value.get_ref()).map_err(|what| layer.wrong(value, &what))?;
            return Ok(Some((read, layer.origin(value))));
        }
    }
    Ok(None)
}

/// Puts all of it in its place.
pub(super) fn apply(cli: &mut Cli, layers: &[Layer]) -> Result<(), String> {
    network(&mut cli.general, layers)?;
    times(&mut cli.general, layers)?;
    screen(cli, layers)?;
    let settings = &mut cli.general.settings;
    hosts(settings, layers)?;
    colors(settings, layers)?;
    keys(settings, layers)
}

/// Sets what the command line leaves open, and notes where it comes from.
fn put<V>(
    settings: &mut Settings,
    name: &'static str,
    given: bool,
    found: Found<V>,
    set: impl FnOnce(V),
) {
    let origin = match found {
        _ if given => GIVEN.to_owned(),
        Some((value, origin)) => {
            set(value);
            origin
        }
        None => return,
    };
    settings.origins.insert(name, origin);
}

fn network(general: &mut General, layers: &[Layer]) -> Result<(), String> {
    let General {
        pbx,
        udptl_ports,
        fax,
        settings,
        ..
    } = general;
    let found = value(
        layers,
        |file| file.pbx.as_ref(),
        |all| {
            all.iter()
                .map(|text| address(text))
                .collect::<Result<Vec<_>, _>>()
        },
    )?;
    put(settings, "pbx", !pbx.is_empty(), found, |value| {
        *pbx = value;
    });
    let found = value(
        layers,
        |file| file.udptl_ports.as_ref(),
        |text| port_range(text),
    )?;
    put(
        settings,
        "udptl-ports",
        udptl_ports.is_some(),
        found,
        |value| {
            *udptl_ports = Some(value);
        },
    );
    let found = value(layers, |file| file.fax.as_ref(), |all| Ok(all.clone()))?;
    put(settings, "fax", !fax.is_empty(), found, |value| {
        *fax = value;
    });
    Ok(())
}

fn times(general: &mut General, layers: &[Layer]) -> Result<(), String> {
    let General {
        time, tz, settings, ..
    } = general;
    let found = value(
        layers,
        |file| file.time.as_ref(),
        |text| {
            let unknown = |_| one_of(text, &["relative", "delta", "local", "utc"]);
            Time::from_str(text, true).map_err(unknown)
        },
    )?;
    // A zone on the command line asks for local time.
    let given = time.is_some() || tz.is_some();
    put(settings, "time", given, found, |value| *time = Some(value));
    let found = value(
        layers,
        |file| file.tz.as_ref(),
        |text| Zone::named(text).map_err(|what| format!("{text}: {what}")),
    )?;
    put(settings, "tz", tz.is_some(), found, |value| {
        *tz = Some(value);
    });
    Ok(())
}

fn screen(cli: &mut Cli, layers: &[Layer]) -> Result<(), String> {
    let settings = &mut cli.general.settings;
    let found = value(
        layers,
        |file| file.theme.as_ref(),
        |text| {
            let mut all = Theme::ALL.into_iter();
            let names = Theme::ALL.map(Theme::name);
            all.find(|theme| theme.name() == text)
                .ok_or_else(|| one_of(text, &names))
        },
    )?;
    let mut theme = Theme::default();
    put(settings, "theme", false, found, |value| theme = value);
    (settings.theme, settings.palette) = (theme, Palette::of(theme));
    let found = value(layers, |file| file.columns.as_ref(), |all| columns(all))?;
    let mut chosen = None;
    put(settings, "columns", false, found, |value| {
        chosen = Some(value);
    });
    settings.columns = chosen;
    let found = value(layers, |file| file.mouse.as_ref(), |on| Ok(*on))?;
    let no_mouse = &mut cli.no_mouse;
    put(settings, "mouse", *no_mouse, found, |on| *no_mouse = !on);
    settings.mouse = Some(!*no_mouse);
    let no_pages = &mut cli.general.no_pages;
    let found = value(layers, |file| file.pages.as_ref(), |on| Ok(*on))?;
    put(settings, "pages", *no_pages, found, |on| *no_pages = !on);
    Ok(())
}

/// The columns before the result, which has its place at the end.
fn columns(names: &[String]) -> Result<Vec<Column>, String> {
    let mut columns = Vec::new();
    for name in names.iter().filter(|name| *name != "result") {
        let column = Column::ALL.into_iter().find(|column| column.name() == name);
        let known = || one_of(name, &Column::ALL.map(Column::name));
        let column = column.ok_or_else(known)?;
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    Ok(columns)
}

fn hosts(settings: &mut Settings, layers: &[Layer]) -> Result<(), String> {
    for layer in layers {
        let Some(hosts) = &layer.contents.hosts else {
            continue;
        };
        let mut names = Vec::new();
        for (text, name) in hosts.get_ref() {
            let addr = address(text).map_err(|what| layer.wrong(name, &what))?;
            names.push((addr, name.get_ref().clone()));
        }
        settings.names = Names::new(names);
        settings.origins.insert("hosts", layer.origin(hosts));
        return Ok(());
    }
    Ok(())
}

fn colors(settings: &mut Settings, layers: &[Layer]) -> Result<(), String> {
    for layer in layers {
        let Some(colors) = &layer.contents.colors else {
            continue;
        };
        for (name, look) in colors.get_ref() {
            let mut roles = ROLES.into_iter();
            let Some((role, ..)) = roles.find(|(_, known, _)| known == name) else {
                let names = ROLES.map(|(_, name, _)| name);
                return Err(layer.wrong(look, &one_of(name, &names)));
            };
            let style = Style::named(look.get_ref());
            let style = style.map_err(|what| layer.wrong(look, &what))?;
            settings.palette.set(role, style);
            settings.looks.insert(name.clone(), style.name());
        }
        settings.origins.insert("colors", layer.origin(colors));
        return Ok(());
    }
    Ok(())
}

fn keys(settings: &mut Settings, layers: &[Layer]) -> Result<(), String> {
    for layer in layers {
        let Some(keys) = &layer.contents.keys else {
            continue;
        };
        for (action, keys) in keys.get_ref() {
            let all = match keys.get_ref() {
                OneOrMore::One(key) => std::slice::from_ref(key),
                OneOrMore::More(keys) => keys,
            };
            let set = settings.keys.set(action, all);
            set.map_err(|what| layer.wrong(keys, &what))?;
        }
        if let Some(what) = settings.keys.conflict() {
            return Err(layer.wrong(keys, &what));
        }
        settings.origins.insert("keys", layer.origin(keys));
        return Ok(());
    }
    Ok(())
}

fn address(text: &str) -> Result<IpAddr, String> {
    let parsed = text.parse().ok();
    parsed.ok_or_else(|| format!("{text}: no IP address, as 192.0.2.10 or 2001:db8::10"))
}

/// `darc: not one of both, dark, light, none; did you mean dark?`
fn one_of(word: &str, known: &[&str]) -> String {
    let meant = alike(word, known.iter().copied());
    let meant = meant.map_or_else(String::new, |name| format!("; did you mean {name}?"));
    format!("{word}: not one of {}{meant}", known.join(", "))
}
