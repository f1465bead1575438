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
use crate::pbxconf;
use crate::settings;

mod calls;
mod capture;
mod check;
mod compare;
mod flow;
mod input;
mod keep;
mod locale;
mod memory;
mod output;
mod pages;
mod parallel;
mod pass;
mod redact;
mod reference;
mod save;
mod screen;
mod stats;
mod watch;

use input::{Input, inputs};
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
    /// What was named cannot be taken so.
    #[error("{0}")]
    Usage(String),
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
    if !needless && let Err(line) = read_settings_of_pbx(&mut cli.general) {
        complain(&line);
        return Status::Unreadable.into();
    }
    if locale::output_is_ascii() && !cli.general.quiet {
        complain("the locale is not one of UTF-8: plain ASCII is shown");
    }
    match redact::run(&cli) {
        Ok(status) => status.into(),
        Err(failure) => {
            complain(&failure.to_string());
            Status::Unreadable.into()
        }
    }
}

/// `--asterisk DIR`, else those of this host, if it is a PBX.
fn read_settings_of_pbx(general: &mut General) -> Result<(), String> {
    let read = match &general.asterisk {
        Some(folder) => Some(pbxconf::Settings::read(folder).map_err(|error| {
            format!(
                "{}: cannot read the settings: {error}; --asterisk takes the folder with udptl.conf and pjsip.conf or sip.conf",
                folder.display()
            )
        })?),
        None => pbxconf::Settings::of_this_host(),
    };
    general.pbx_settings = read.map(std::sync::Arc::new);
    Ok(())
}

fn run(cli: &Cli) -> Result<Status, Failure> {
    let general = &cli.general;
    memory::fit(cli.captures());
    match &cli.command {
        None => match (cli.hep_listen, cli.demo, &cli.write) {
            (Some(address), ..) => collect(cli, address),
            (None, true, _) => demo(cli),
            (None, false, Some(to)) => open_kept(cli, &cli.files, to),
            (None, false, None) => open(cli, &cli.files),
        },
        Some(Command::Calls {
            files,
            shape,
            output,
        }) => calls::run(general, &Input::of(general, files)?, shape, output),
        Some(Command::Flow {
            files,
            which,
            shape,
            output,
        }) => flow::run(general, &Input::of(general, files)?, which, shape, output),
        Some(Command::Check {
            files,
            merge,
            shape,
            output,
        }) => check::run(general, &inputs(general, files, *merge)?, shape, output),
        Some(Command::Compare {
            good,
            bad,
            shape,
            output,
        }) => compare::run(general, (good, bad), shape, output),
        Some(Command::Stats { files, merge }) => {
            stats::run(general, &inputs(general, files, *merge)?)
        }
        Some(Command::Capture(options)) => capture::run(cli, options),
        Some(Command::Watch(options)) => watch::run(general, options),
        Some(Command::Pages {
            files,
            which,
            output,
            format,
            force,
        }) => pages::run(
            general,
            &Input::of(general, files)?,
            which,
            output,
            (*format).into(),
            *force,
        ),
        Some(Command::Save {
            files,
            which,
            one_leg,
            output,
            force,
        }) => save::run(
            general,
            &Input::of(general, files)?,
            which,
            (output, *one_leg, *force),
        ),
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
    open(&cli, &[file])
}

/// `faxflow - -w OUT`: as without, and what comes is kept.
fn open_kept(cli: &Cli, files: &[PathBuf], to: &Path) -> Result<Status, Failure> {
    let [file] = files else {
        let text = "-w keeps what comes through a pipe; here are several captures";
        return Err(Failure::Usage(text.to_owned()));
    };
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
    let status = open(&cli, &[kept.path()])?;
    let Some(failure) = kept.failure() else {
        return Ok(status);
    };
    complain(&failure);
    Ok(Status::Unreadable)
}

/// `faxflow FILE`: the screen, or, where standard output is no terminal, the report of every fax.
fn open(cli: &Cli, files: &[PathBuf]) -> Result<Status, Failure> {
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let command = files
        .first()
        .and_then(|file| Some((file, meant_for_a_command(file)?)));
    if let Some((file, name)) = command {
        complain(&format!(
            "{}: no such file or command; did you mean `faxflow {name}`?",
            file.display()
        ));
        return Ok(Status::Unreadable);
    }
    match (io::stdout().is_terminal(), dumb) {
        (true, false) => {
            let input = Input::followed(&cli.general, files, cli.follow)?;
            return match &cli.general.redaction {
                None => screen::run(cli, &input),
                Some(redaction) => redact::screen(cli, redaction, &input),
            };
        }
        (true, true) => complain("TERM=dumb has no screen: this is the report of every fax"),
        (false, _) => {}
    }
    flow::run(
        &cli.general,
        &Input::of(&cli.general, files)?,
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
    screen::run(cli, &Input::one(Path::new(&format!("{HEP}{address}"))))
}

/// Reads a capture to its end, with progress on standard error. With it the error of the system at which reading
/// ended, if there was one: what was read is shown all the same.
fn read(general: &General, input: &Input) -> Result<(Analysis, Result<(), Error>), Failure> {
    let options = Options {
        file: input.path().to_owned(),
        merged: input.merged(),
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
            complain(&format!("{input}: {}", note.text));
        }
    }
    let whole = analysis.take_failure().map_or(Ok(()), Err);
    match &general.redaction {
        Some(redaction) => Ok((redact::read(general, redaction, &analysis)?, whole)),
        None => Ok((analysis, whole)),
    }
}

/// The options of the analysis for a file on the screen.
fn analysis_options(cli: &Cli, input: &Input) -> Options {
    Options {
        file: input.path().to_owned(),
        merged: input.merged(),
        shown_as: cli.general.shown_as.clone(),
        site: cli.general.site(),
        follow: cli.follow,
        keep_calls: cli.keep_calls,
        logs: cli.general.logs(),
    }
}
