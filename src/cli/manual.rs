//! The manual: what stands below the options of each command in `-h` and in its page, from one table.

use std::ffi::OsString;
use std::io::{self, Write};

use clap::{CommandFactory, FromArgMatches};
use clap_mangen::roff::{Roff, roman};

use super::Cli;

/// What a command's page says beside its options.
struct Page {
    /// The command; empty: the program as a whole.
    command: &'static str,
    /// A line to type, and what it does.
    examples: &'static [(&'static str, &'static str)],
    /// Exit status and what it means, where it is not the usual one.
    exit: &'static [(&'static str, &'static str)],
}

/// Exit status of what only shows something.
const SHOWN: &[(&str, &str)] = &[
    ("0", "done"),
    ("2", "wrong usage, or a file that cannot be read or written"),
    ("3", "nothing of what was asked for is there"),
];

/// Exit status of `check`.
const CHECKED: &[(&str, &str)] = &[
    ("0", "at least one fax, all of them good"),
    (
        "1",
        "a fax failed, was only partly sent or is not all in the capture; or there is no fax, but a call that was \
         refused or never answered",
    ),
    ("2", "wrong usage, or a file that cannot be read"),
    ("3", "no fax found"),
];

/// Exit status of `compare`.
const COMPARED: &[(&str, &str)] = &[
    ("0", "no difference that matters"),
    ("1", "there is one"),
    (
        "2",
        "wrong usage, a file that cannot be read, or more than one fax to choose from",
    ),
    ("3", "no fax in one of them"),
];

const PAGES: &[Page] = &[
    Page {
        command: "",
        examples: &[
            (
                "faxflow fax.pcap",
                "the calls; Enter opens a fax, ? tells the keys",
            ),
            (
                "faxflow --demo",
                "the same with the sample that is built in",
            ),
            (
                "tcpdump -U -i any -w - udp or tcp port 5060 | faxflow -",
                "faxes as they come",
            ),
            (
                "faxflow fax.pcap0 fax.pcap1",
                "a rotated set as one capture; also those of several hosts",
            ),
            (
                "faxflow check *.pcap",
                "a verdict for each fax, for people and scripts",
            ),
            (
                "faxflow fax.pcap --tz Europe/Berlin",
                "times as the PBX writes them in its log",
            ),
        ],
        exit: SHOWN,
    },
    Page {
        command: "calls",
        examples: &[
            ("faxflow calls fax.pcap", "the list"),
            (
                "faxflow calls fax.pcap --format csv -o calls.csv",
                "for a spreadsheet",
            ),
            (
                "faxflow calls fax.pcap --format ndjson | jq .fax.verdict",
                "for programs",
            ),
        ],
        exit: SHOWN,
    },
    Page {
        command: "flow",
        examples: &[
            ("faxflow flow fax.pcap", "every fax with its other leg"),
            (
                "faxflow flow fax.pcap --call 2 --call 3",
                "two calls as one flow",
            ),
            (
                "faxflow flow fax.pcap --format html --with-pages -o ticket.html",
                "one page for a ticket",
            ),
        ],
        exit: SHOWN,
    },
    Page {
        command: "check",
        examples: &[
            (
                "faxflow check *.pcap",
                "a verdict for each fax, and what is wrong",
            ),
            (
                "faxflow check fax.pcap --format markdown",
                "a ticket: verdict, evidence, what to ask whom",
            ),
            (
                "faxflow check new.pcap --pbx 192.0.2.1 -q || mail -s fax me",
                "in a script",
            ),
        ],
        exit: CHECKED,
    },
    Page {
        command: "compare",
        examples: &[
            (
                "faxflow compare good.pcap bad.pcap",
                "where the bad fax leaves the way of the good one",
            ),
            (
                "faxflow compare fax.pcap:2 fax.pcap:5",
                "two calls of one capture",
            ),
        ],
        exit: COMPARED,
    },
    Page {
        command: "capture",
        examples: &[
            (
                "faxflow capture",
                "on all interfaces into fax.pcapng; send the fax; q stops",
            ),
            (
                "faxflow capture --ssh root@pbx -w pbx.pcapng",
                "on the PBX, shown and kept here",
            ),
            (
                "faxflow capture --files 20 --size 50 --number 5551234",
                "for a fault that comes once a day: the last 1 GB",
            ),
        ],
        exit: SHOWN,
    },
    Page {
        command: "pages",
        examples: &[
            ("faxflow pages fax.pcap -o pages", "a TIFF for each fax"),
            (
                "faxflow pages fax.pcap -o pages --format png --call 2",
                "a PNG for each page of call 2",
            ),
        ],
        exit: SHOWN,
    },
    Page {
        command: "rules",
        examples: &[
            ("faxflow rules", "all of them, a line each"),
            (
                "faxflow rules t30-dis-no-dcs",
                "one in full: when it fires, what to do",
            ),
        ],
        exit: SHOWN,
    },
    Page {
        command: "config",
        examples: &[
            ("faxflow config", "what holds on this machine"),
            (
                "faxflow config > ~/.config/faxflow/config.toml",
                "a file to begin with",
            ),
        ],
        exit: SHOWN,
    },
    Page {
        command: "completions",
        examples: &[(
            "faxflow completions bash > /etc/bash_completion.d/faxflow",
            "for bash; zsh, fish and others too",
        )],
        exit: &[],
    },
    Page {
        command: "man",
        examples: &[
            ("faxflow man check | man -l -", "one page"),
            ("faxflow man -o /usr/local/share/man/man1", "all of them"),
        ],
        exit: SHOWN,
    },
];

const FILES: &[(&str, &str)] = &[
    (
        "FILE",
        "pcap or pcapng, plain, gzip or zstd, told by content; - is standard input. -r FILE and -I FILE are understood. \
         Several files, or a folder, are read as one capture (check and stats: with --merge). A file named like a command: ./calls",
    ),
    (
        "~/.config/faxflow/config.toml, /etc/faxflow/config.toml",
        "settings of the user, then those of the machine: PBX, names for hosts, times, colours, columns, keys \
         (docs/config.md; faxflow config prints what holds)",
    ),
];

const ENVIRONMENT: &[(&str, &str)] = &[
    ("TZ", "zone of local time (--time local)"),
    ("NO_COLOR", "set and not empty: no colours"),
    (
        "XDG_CONFIG_HOME",
        "folder of faxflow/config.toml in place of ~/.config",
    ),
    (
        "FAXFLOW_CONFIG",
        "file of settings to be read in place of these; set and empty: none",
    ),
    ("TERM", "dumb: the report in place of the screen"),
    (
        "LC_ALL, LC_CTYPE, LANG",
        "not one of UTF-8: a terminal gets plain ASCII",
    ),
    (
        "TMPDIR",
        "where what comes through a pipe is kept while it is read",
    ),
];

/// The command line with its help.
pub fn command() -> clap::Command {
    PAGES.iter().fold(Cli::command(), |command, page| {
        let help = after_help(page);
        if page.command.is_empty() {
            command.after_help(help)
        } else if command.find_subcommand(page.command).is_some() {
            command.mut_subcommand(page.command, |command| command.after_help(help))
        } else {
            command
        }
    })
}

/// Reads a command line.
pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let matches = command().try_get_matches_from(words)?;
    Cli::from_arg_matches(&matches)
}

/// Names of the commands.
pub fn commands() -> Vec<String> {
    let command = Cli::command();
    command
        .get_subcommands()
        .map(|one| one.get_name().to_owned())
        .collect()
}

/// Below the options: examples, and what the exit status means where that is of interest.
fn after_help(page: &Page) -> String {
    let mut out = String::from("Examples:\n");
    for (line, what) in page.examples {
        out.push_str(&format!("  {line}\n      {what}\n"));
    }
    if page.command.is_empty() {
        out.push_str("\nFile:\n");
        for (_, what) in FILES {
            out.push_str(&format!("  {what}\n"));
        }
    }
    if page.exit == CHECKED || page.exit == COMPARED {
        out.push_str("\nExit status:\n");
        for (status, what) in page.exit {
            out.push_str(&format!("  {status}  {what}\n"));
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// The page of one command, or of the program as a whole (`None`). `false`: there is no such command.
pub fn write(out: &mut impl Write, about: Option<&str>) -> io::Result<bool> {
    // Its own sections say better what the help has below the options.
    let program = Cli::command();
    let known = |page: &&Page| page.command == about.unwrap_or_default();
    let (command, title) = match about {
        None => (program.clone(), "faxflow".to_owned()),
        Some(name) => match program.find_subcommand(name) {
            Some(command) => (command.clone(), format!("faxflow-{name}")),
            None => return Ok(false),
        },
    };
    let command = command
        .version(env!("CARGO_PKG_VERSION"))
        .display_name(&title);
    let usage = title.replacen('-', " ", 1);
    let man = clap_mangen::Man::new(command.bin_name(usage).disable_help_subcommand(true))
        .title(&title)
        .source(concat!("faxflow ", env!("CARGO_PKG_VERSION")));
    man.render_title(out)?;
    man.render_name_section(out)?;
    man.render_synopsis_section(out)?;
    man.render_description_section(out)?;
    man.render_options_section(out)?;
    if about.is_none() {
        let mut roff = Roff::new();
        roff.control("SH", ["COMMANDS"]);
        for one in program
            .get_subcommands()
            .filter(|one| one.get_name() != "help")
        {
            let text = one.get_about().map(ToString::to_string).unwrap_or_default();
            entry(&mut roff, &format!("faxflow-{}(1)", one.get_name()), &text);
        }
        roff.to_writer(out)?;
    }
    let page = PAGES.iter().find(known);
    let examples = page.map_or(&[][..], |page| page.examples);
    section(out, "EXAMPLES", examples)?;
    section(out, "EXIT STATUS", page.map_or(SHOWN, |page| page.exit))?;
    section(out, "FILES", FILES)?;
    section(out, "ENVIRONMENT", ENVIRONMENT)?;
    let others: Vec<String> = commands()
        .into_iter()
        .filter(|name| about.is_some_and(|about| about != name))
        .map(|name| format!("faxflow-{name}(1)"))
        .collect();
    let see = match about {
        None => "tcpdump(1), tshark(1), sngrep(8)".to_owned(),
        Some(_) => format!("faxflow(1), {}", others.join(", ")),
    };
    let mut roff = Roff::new();
    roff.control("SH", ["SEE ALSO"]).text([roman(see)]);
    roff.to_writer(out)?;
    Ok(true)
}

/// A section of terms and what they mean.
fn section(out: &mut impl Write, heading: &str, entries: &[(&str, &str)]) -> io::Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let mut roff = Roff::new();
    roff.control("SH", [heading]);
    for (term, text) in entries {
        entry(&mut roff, term, text);
    }
    roff.to_writer(out)
}

fn entry(roff: &mut Roff, term: &str, text: &str) {
    roff.control("TP", []).text([clap_mangen::roff::bold(term)]);
    roff.text([roman(text)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_of_a_command_and_its_examples_are_right() {
        let commands = commands();
        for page in PAGES {
            let known = page.command.is_empty() || commands.iter().any(|name| name == page.command);
            assert!(known, "{}", page.command);
            for (line, _) in page.examples {
                // What the shell makes of it before faxflow sees it.
                let own = line.split("| ").find(|part| part.starts_with("faxflow"));
                let own = own.unwrap().split('>').next().unwrap();
                let words = own.split("||").next().unwrap().split_whitespace();
                let parsed = parse(words.map(OsString::from));
                assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
            }
        }
    }

    #[test]
    fn pages_have_all_sections() {
        for about in [None, Some("check")] {
            let mut out = Vec::new();
            assert!(write(&mut out, about).unwrap());
            let text = String::from_utf8(out).unwrap();
            for heading in [
                "SYNOPSIS",
                "OPTIONS",
                "EXAMPLES",
                "EXIT STATUS",
                "FILES",
                "ENVIRONMENT",
                "SEE ALSO",
            ] {
                let found = text.contains(&format!(".SH {heading}"))
                    || text.contains(&format!(".SH \"{heading}\""));
                assert!(found, "{about:?}: {heading}\n{text}");
            }
        }
        assert!(!write(&mut Vec::new(), Some("no-such")).unwrap());
    }
}
