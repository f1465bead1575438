//! The table of settings: `faxflow config` and docs/config.md are made from it.

/// A setting.
pub(super) struct Setting {
    /// Its key.
    pub(super) name: &'static str,
    /// A value for it, in TOML.
    pub(super) example: &'static str,
    /// The option that goes before it.
    pub(super) option: &'static str,
    /// What it is.
    pub(super) doc: &'static str,
}

const fn setting(
    name: &'static str,
    example: &'static str,
    option: &'static str,
    doc: &'static str,
) -> Setting {
    Setting {
        name,
        example,
        option,
        doc,
    }
}

/// All of them; those that are tables come last, as TOML has it.
pub(super) const SETTINGS: [Setting; 12] = [
    setting(
        "pbx",
        r#"["192.0.2.10", "2001:db8::10"]"#,
        "--pbx",
        "addresses of your PBX, so that hints can say \"your side\"",
    ),
    setting(
        "udptl-ports",
        r#""10000-19999""#,
        "--udptl-ports",
        "UDPTL ports of your PBX (udptl.conf)",
    ),
    setting(
        "fax",
        r#"["3004", "+493012345"]"#,
        "--fax",
        "numbers of fax machines: a call from or to one is a fax, whatever is heard",
    ),
    setting(
        "time",
        r#""local""#,
        "--time",
        "how times are shown: relative, delta, local, utc",
    ),
    setting(
        "tz",
        r#""Europe/Berlin""#,
        "--tz",
        "zone of local time: a name, an offset as +02:00, or UTC",
    ),
    setting(
        "theme",
        r#""dark""#,
        "",
        "colours for a dark or a light ground, for both, or none; none of them sets red against green",
    ),
    setting(
        "columns",
        r#"["number", "start", "from", "to", "caller", "callee", "carrier", "pages"]"#,
        "",
        "columns of the list and of `faxflow calls`, in this order; the result comes last; what has no room is left out",
    ),
    setting(
        "mouse",
        "false",
        "--no-mouse",
        "wheel and click; false leaves the mouse to the terminal, to select text with it",
    ),
    setting(
        "pages",
        "false",
        "--no-pages",
        "content of pages; false leaves it out everywhere",
    ),
    setting(
        "hosts",
        r#""192.0.2.10" = "pbx-berlin""#,
        "",
        "names for hosts, over lifelines before their addresses, in lists in place of them",
    ),
    setting(
        "colors",
        r#"error = "bold bright-red""#,
        "",
        "the look of single roles: plain, bold, dim and one of the sixteen colours",
    ),
    setting(
        "keys",
        r#"save = ["S", "F2"]"#,
        "",
        "other keys for an action, in place of all that it has (docs/keys.md)",
    ),
];

/// Those that are tables.
pub(super) fn is_table(name: &str) -> bool {
    matches!(name, "hosts" | "colors" | "keys")
}
