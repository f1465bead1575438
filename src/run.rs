//! The command line carried out: what is read, what is written, with which exit status (docs/cli.md).

use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::analysis::Options;
use crate::analysis::reading::Analysis;
use crate::capture::{Error, HEP};
use crate::cli::{self, Cli, Command, General, Output, manual};
use crate::file;
use crate::settings;

mod calls;
mod check;
mod compare;
mod flow;
mod keep;
mod locale;
mod memory;
mod output;
mod pages;
mod parallel;
mod pass;
mod reference;
mod save;
mod screen;
mod stats;
mod watch;

use output::{colour, complain, print};

/// Exit status of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Done; of `check`: faxes, all of them good.
    Good = 0,
    /// `check`: a fax failed, was only partly sent, or may have been a call that was refused.
    Bad = 1,
    /// Wrong usage, or a file that could not be read.
    Unreadable = 2,
    /// No fax found, or `--call` names none.
    Nothing = 3,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}

/// What stops a command, in one line for standard error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The capture could not be read at all.
    #[error(transparent)]
    Capture(#[from] Error),
    /// The output could not be written.
    #[error(transparent)]
    Output(#[from] file::Error),
    /// Something else with a file or the terminal.
    #[error("{0}: {1}")]
    Io(String, #[source] io::Error),
    /// The terminal UI ended with an error.
    #[error("{0:#}")]
    Screen(color_eyre::eyre::Report),
}

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    let words = cli::words(std::env::args_os());
    let mut cli = match manual::parse(words.clone()) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors; clap knows where each goes.
            let Some(line) = cli::in_one_line(&error, &words) else {
                let _ = error.print();
                let asked = !error.use_stderr();
                let status = if asked {
                    Status::Good
                } else {
                    Status::Unreadable
                };
                return status.into();
            };
            complain(&line);
            return Status::Unreadable.into();
        }
    };
    // Without a handler the system ends the program where a file grows beyond `ulimit -f`; so it is an error.
    #[cfg(unix)]
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, std::sync::Arc::default());
    // Help in the shell and in the manual does not depend on them.
    let needless = matches!(
        cli.command,
        Some(Command::Completions { .. } | Command::Man { .. })
    );
    if !needless && let Err(line) = settings::load(&mut cli) {
        complain(&line);
        return Status::Unreadable.into();
    }
    if locale::output_is_ascii() && !cli.general.quiet {
        complain("the locale is not one of UTF-8: plain ASCII is shown");
    }
    match run(&cli) {
        Ok(status) => status.into(),
        Err(failure) => {
            complain(&failure.to_string());
            Status::Unreadable.into()
        }
    }
}

fn run(cli: &Cli) -> Result<Status, Failure> {
    let general = &cli.general;
    memory::fit(cli.captures());
    match &cli.command {
        None => match (&cli.file, cli.hep_listen, cli.demo) {
            (Some(file), ..) => match &cli.write {
                Some(to) => open_kept(cli, file, to),
                None => open(cli, file),
            },
            (None, Some(address), _) => collect(cli, address),
            (None, None, true) => demo(cli),
            (None, None, false) => Ok(Status::Unreadable),
        },
        Some(Command::Calls {
            file,
            shape,
            output,
        }) => calls::run(general, file, shape, output),
        Some(Command::Flow {
            file,
            which,
            shape,
            output,
        }) => flow::run(general, file, which, shape, output),
        Some(Command::Check {
            files,
            shape,
            output,
        }) => check::run(general, files, shape, output),
        Some(Command::Compare {
            good,
            bad,
            shape,
            output,
        }) => compare::run(general, (good, bad), shape, output),
        Some(Command::Stats { files }) => stats::run(general, files),
        Some(Command::Watch(options)) => watch::run(general, options),
        Some(Command::Pages {
            file,
            which,
            output,
            format,
            force,
        }) => pages::run(general, file, which, output, (*format).into(), *force),
        Some(Command::Save {
            file,
            which,
            one_leg,
            output,
            force,
        }) => save::run(general, file, which, (output, *one_leg, *force)),
        Some(Command::Rules { id }) => reference::rules(id.as_deref()),
        Some(Command::Config) => print(|mut to| settings::show(&mut to, general)),
        Some(Command::Completions { shell }) => {
            let mut out = Vec::new();
            clap_complete::generate(*shell, &mut manual::command(), "faxflow", &mut out);
            print(|to| to.write_all(&out))
        }
        Some(Command::Man { about, output }) => reference::man(about.as_deref(), output.as_deref()),
    }
}

/// The sample that comes with the program.
const SAMPLE: &[u8] = include_bytes!("../assets/demo.pcap");

/// `faxflow --demo`: as with a file of that name, which is gone when the program is.
fn demo(cli: &Cli) -> Result<Status, Failure> {
    let failed = |error| Failure::Io("demo.pcap".to_owned(), error);
    let folder = tempfile::tempdir().map_err(failed)?;
    let file = folder.path().join("demo.pcap");
    std::fs::write(&file, SAMPLE).map_err(failed)?;
    let mut cli = cli.clone();
    cli.general.shown_as = Some("demo.pcap".to_owned());
    open(&cli, &file)
}

/// `faxflow - -w OUT`: as without, and what comes is kept.
fn open_kept(cli: &Cli, file: &Path, to: &Path) -> Result<Status, Failure> {
    if screen::is_in_a_file(file) {
        let name = file.display();
        complain(&format!(
            "{name}: -w keeps what comes through a pipe; this is a file"
        ));
        return Ok(Status::Unreadable);
    }
    let kept = keep::Kept::start(file, to)?;
    let mut cli = cli.clone();
    cli.general.shown_as = Some(to.display().to_string());
    let status = open(&cli, &kept.path())?;
    let Some(failure) = kept.failure() else {
        return Ok(status);
    };
    complain(&failure);
    Ok(Status::Unreadable)
}

/// `faxflow FILE`: the screen, or, where standard output is no terminal, the report of every fax.
fn open(cli: &Cli, file: &Path) -> Result<Status, Failure> {
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    if let Some(name) = meant_for_a_command(file) {
        complain(&format!(
            "{}: no such file or command; did you mean `faxflow {name}`?",
            file.display()
        ));
        return Ok(Status::Unreadable);
    }
    match (io::stdout().is_terminal(), dumb) {
        (true, false) => return screen::run(cli, file),
        (true, true) => complain("TERM=dumb has no screen: this is the report of every fax"),
        (false, _) => {}
    }
    flow::run(
        &cli.general,
        file,
        &cli.which,
        &cli.shape,
        &Output::default(),
    )
}

/// The command that a name was meant for which is no file.
fn meant_for_a_command(file: &Path) -> Option<String> {
    let name = file.to_str().filter(|_| !file.exists())?;
    cli::nearest_command(name)
}

/// `faxflow --hep-listen ADDR:PORT`
fn collect(cli: &Cli, address: SocketAddr) -> Result<Status, Failure> {
    if !io::stdout().is_terminal() {
        complain("--hep-listen never ends: it needs a terminal to show what comes");
        return Ok(Status::Unreadable);
    }
    screen::run(cli, Path::new(&format!("{HEP}{address}")))
}

/// Reads a capture to its end, with progress on standard error. With it the error of the system at which reading
/// ended, if there was one: what was read is shown all the same.
fn read(general: &General, file: &Path) -> Result<(Analysis, Result<(), Error>), Failure> {
    let options = Options {
        file: file.to_owned(),
        shown_as: general.shown_as.clone(),
        site: general.site(),
        logs: general.logs(),
        ..Options::default()
    };
    let mut analysis = Analysis::open(options)?;
    let mut progress = pass::Progress::new(general.quiet);
    analysis.read_all(|info| progress.show(info))?;
    progress.end();
    if general.verbose > 0 {
        for note in &analysis.info().notes {
            complain(&format!("{}: {}", file.display(), note.text));
        }
    }
    let whole = analysis.take_failure().map_or(Ok(()), Err);
    Ok((analysis, whole))
}

/// The options of the analysis for a file on the screen.
fn analysis_options(cli: &Cli, file: &Path) -> Options {
    Options {
        file: PathBuf::from(file),
        shown_as: cli.general.shown_as.clone(),
        site: cli.general.site(),
        follow: cli.follow,
        keep_calls: cli.keep_calls,
        logs: cli.general.logs(),
    }
}
