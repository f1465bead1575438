use std::path::PathBuf;

use super::*;
use crate::cli::manual;
use crate::settings::apply;
use crate::settings::file::Layer;
use crate::tui::action::action_names;
use crate::view::style::ROLES;

fn applied(words: &[&str], text: &str) -> Result<General, String> {
    let words = ["faxflow", "config"].iter().chain(words);
    let mut cli = manual::parse(words.map(Into::into)).unwrap();
    let layer = Layer::new(PathBuf::from("c.toml"), text.to_owned())?;
    apply::apply(&mut cli, &[layer])?;
    Ok(cli.general)
}

fn told(general: &General) -> String {
    let mut out = Vec::new();
    write(&mut out, general).unwrap();
    String::from_utf8(out).unwrap()
}

/// A file with every setting, as the documentation has it.
fn example() -> String {
    let mut text = String::new();
    for setting in &SETTINGS {
        if is_table(setting.name) {
            text.push_str(&format!(
                "\n# {}\n[{}]\n{}\n",
                setting.doc, setting.name, setting.example
            ));
        } else {
            text.push_str(&format!(
                "# {}\n{} = {}\n",
                setting.doc, setting.name, setting.example
            ));
        }
    }
    text
}

#[test]
fn what_is_shown_can_be_read_again() {
    let general = applied(&[], &example()).unwrap();
    let text = told(&general);
    for setting in SETTINGS.iter().filter(|setting| !is_table(setting.name)) {
        let line = format!("{} = {}", setting.name, setting.example);
        assert!(text.contains(&line), "{line}\n{text}");
    }
    for line in [
        "\"192.0.2.10\" = \"pbx-berlin\"",
        "error = \"bold bright-red\"",
        "save = [\"S\", \"F2\"]",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert_eq!(
        text.matches("# c.toml line ").count(),
        SETTINGS.len(),
        "{text}"
    );
    let again = applied(&[], &text).unwrap();
    assert_eq!(told(&again).matches("c.toml line ").count(), SETTINGS.len());
}

#[test]
fn what_nobody_sets_is_the_usual() {
    let text = told(&applied(&[], "").unwrap());
    for line in [
        "pbx = []",
        "udptl-ports = \"4000-5999\"",
        "theme = \"both\"",
        "mouse = true",
    ] {
        let line = text.lines().find(|shown| shown.starts_with(line)).unwrap();
        assert!(line.ends_with("# default"), "{line}");
    }
}

#[test]
fn the_command_line_goes_before_the_file() {
    let words = [
        "--pbx",
        "198.51.100.1",
        "--time",
        "utc",
        "--no-pages",
        "--fax",
        "1",
    ];
    let text = told(&applied(&words, &example()).unwrap());
    for line in [
        "pbx = [\"198.51.100.1\"]",
        "time = \"utc\"",
        "pages = false",
        "fax = [\"1\"]",
    ] {
        let line = text.lines().find(|shown| shown.starts_with(line)).unwrap();
        assert!(line.contains("# --"), "{line}");
    }
    // A zone alone asks for local time.
    let text = told(&applied(&["--tz", "+02:00"], "time = \"utc\"").unwrap());
    assert!(text.contains("time = \"local\""), "{text}");
    assert!(text.contains("tz = \"+02:00\""), "{text}");
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    for (text, said) in [
        (
            "pbx = []\npbxx = []",
            "c.toml: line 2: unknown key pbxx; did you mean pbx?",
        ),
        (
            "\n\npbx = [\"10.0.0\"]",
            "c.toml: line 3: 10.0.0: no IP address",
        ),
        ("pbx = \"192.0.2.1\"", "line 1: invalid type: string"),
        (
            "time = \"utx\"",
            "line 1: utx: not one of relative, delta, local, utc; did you mean utc?",
        ),
        ("tz = \"Berlin\"", "line 1: Berlin: no such time zone"),
        ("theme = \"drak\"", "did you mean dark?"),
        ("udptl-ports = \"5000\"", "line 1: two ports with a hyphen"),
        ("columns = [\"nummer\"]", "nummer: not one of number, start"),
        ("[hosts]\n\"gw\" = \"x\"", "line 2: gw: no IP address"),
        ("[colors]\nerorr = \"red\"", "line 2: erorr: not one of"),
        (
            "[colors]\nerror = \"reddish\"",
            "line 2: reddish: not one of",
        ),
        ("[keys]\nsave = \"r\"", "line 1: r is both save and raw"),
        ("[keys]\n\nsave = \"Strg\"", "line 3: Strg: no key"),
        ("[keys]\nsave = []", "line 2: save: no key"),
        ("a = [", "line 1: "),
        ("a = 1\na = 2", "line 2: duplicate key"),
    ] {
        let error = applied(&[], text).unwrap_err();
        assert!(error.contains(said), "{text:?}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn docs_config_is_the_table() {
    let mut text = String::from(
        "# Settings\n\nMade from `SETTINGS` in src/settings/table.rs by `UPDATE_DOCS=1 cargo test docs_config`.\n\n\
         What is set in `$XDG_CONFIG_HOME/faxflow/config.toml` (else `~/.config/faxflow/config.toml`), or for all users in\n\
         `/etc/faxflow/config.toml`, holds as if it stood on the command line. The command line goes before the user's file,\n\
         that before the other one, each setting on its own. `--config FILE` (or `FAXFLOW_CONFIG=FILE`) reads that file alone,\n\
         `--no-config` (or `FAXFLOW_CONFIG=`) none. `faxflow config` prints what holds and where each value comes from.\n\
         A file that cannot be understood is an error: one line with its place, exit status 2.\n\n\
         | setting | default | option | what |\n|---|---|---|---|\n",
    );
    let usual = applied(&[], "").unwrap();
    for setting in &SETTINGS {
        let name = if is_table(setting.name) {
            format!("[{}]", setting.name)
        } else {
            setting.name.to_owned()
        };
        let code = |text: &str| {
            if text.is_empty() {
                String::new()
            } else {
                format!("`{text}`")
            }
        };
        let usual = match setting.name {
            "tz" => "that of the system".to_owned(),
            name => code(&value(&usual, name)),
        };
        let (option, doc) = (code(setting.option), setting.doc);
        text.push_str(&format!("| `{name}` | {usual} | {option} | {doc} |\n"));
    }
    text.push_str(&format!("\n## All of them\n\n```toml\n{}```\n", example()));
    text.push_str("\n## Columns\n\n| name | what |\n|---|---|\n");
    for (at, column) in Column::ALL.iter().enumerate() {
        let chosen = if at < Column::USUAL {
            ""
        } else {
            " (only where it is chosen)"
        };
        text.push_str(&format!(
            "| `{}` | {}{chosen} |\n",
            column.name(),
            column.doc()
        ));
    }
    text.push_str("\n## Roles for `[colors]`\n\n| name | what |\n|---|---|\n");
    for (_, name, doc) in ROLES {
        text.push_str(&format!("| `{name}` | {doc} |\n"));
    }
    let actions: Vec<String> = action_names()
        .iter()
        .map(|name| format!("`{name}`"))
        .collect();
    text.push_str(&format!(
        "\n## Actions for `[keys]`\n\nA key is one character, `^L` (with Control), `F1` to `F12`, or a name as `Space`, `Enter`, `PgUp`; what each action\n\
         does is in [keys.md](keys.md).\n\n{}\n",
        actions.join(" ")
    ));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/config.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == text,
        "docs/config.md is old: UPDATE_DOCS=1 cargo test docs_config rewrites it"
    );
}
