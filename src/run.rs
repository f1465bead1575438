//! The command line carried out: what is read, what is written, with which exit status (docs/cli.md).

use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::analysis::Options;
use crate::analysis::reading::Analysis;
use crate::call::CallNo;
use crate::capture::{Error, HEP};
use crate::cli::{self, Cli, Color, Command, General, Output, Shape, Which, manual};
use crate::export::ascii::{Ascii, StandIn};
use crate::export::{self, Format, html};
use crate::file::{self, FileId};
use crate::run::pass::Unread;

mod check;
mod locale;
mod memory;
mod pages;
mod parallel;
mod pass;
mod save;
mod screen;
mod stats;
mod watch;

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
    let cli = match manual::parse(words.clone()) {
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
            (Some(file), ..) => open(cli, file),
            (None, Some(address), _) => collect(cli, address),
            (None, None, true) => demo(cli),
            (None, None, false) => Ok(Status::Unreadable),
        },
        Some(Command::Calls {
            file,
            shape,
            output,
        }) => calls(general, file, shape, output),
        Some(Command::Flow {
            file,
            which,
            shape,
            output,
        }) => flow(general, file, which, shape, output),
        Some(Command::Check {
            files,
            shape,
            output,
        }) => check::run(general, files, shape, output),
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
        Some(Command::Rules { id }) => rules(id.as_deref()),
        Some(Command::Completions { shell }) => {
            let mut out = Vec::new();
            clap_complete::generate(*shell, &mut manual::command(), "faxflow", &mut out);
            print(|to| to.write_all(&out))
        }
        Some(Command::Man { about, output }) => man(about.as_deref(), output.as_deref()),
    }
}

/// `faxflow man [COMMAND] [-o DIR]`
fn man(about: Option<&str>, directory: Option<&Path>) -> Result<Status, Failure> {
    let Some(directory) = directory else {
        let mut known = true;
        let status = print(|mut to| {
            known = manual::write(&mut to, about)?;
            Ok(())
        })?;
        if known {
            return Ok(status);
        }
        let about = about.unwrap_or_default();
        let meant = cli::nearest_command(about)
            .map_or_else(String::new, |name| format!("; did you mean {name}?"));
        complain(&format!("{about}: no such command{meant}"));
        return Ok(Status::Unreadable);
    };
    let commands = manual::commands();
    let named = |name: &&String| about.is_none_or(|about| about == name.as_str());
    let mut pages: Vec<(Option<&str>, String)> = (commands.iter().filter(named))
        .map(|name| (Some(name.as_str()), format!("faxflow-{name}.1")))
        .collect();
    if about.is_none() {
        pages.insert(0, (None, "faxflow.1".to_owned()));
    }
    for (about, name) in pages {
        let path = directory.join(name);
        let written = file::write(&path, &[], file::How::default(), |mut to| {
            manual::write(&mut to, about)
        });
        written?;
    }
    Ok(Status::Good)
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
    flow(
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
        view: general.point_of_view(),
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

/// `faxflow calls FILE`
fn calls(
    general: &General,
    file: &Path,
    shape: &Shape,
    output: &Output,
) -> Result<Status, Failure> {
    let format: Format = output.format.into();
    if format == Format::Html {
        complain("calls has no HTML: `faxflow check --format html` or `flow` has the faxes");
        return Ok(Status::Unreadable);
    }
    let (analysis, whole) = read(general, file)?;
    let unread = Unread::default();
    let threads = parallel::threads(general.threads);
    let faxes = match format {
        // Made of the calls alone.
        Format::Json | Format::Ndjson | Format::Csv => pass::FaxRows::new(),
        Format::Text | Format::Markdown | Format::Html => {
            pass::fax_rows(&analysis, threads, &unread)
        }
    };
    let calls = pass::Analyses::new(&analysis, threads, &unread);
    write(output, &[file.to_owned()], |mut to| {
        export::calls(
            &mut to,
            analysis.info(),
            pass::Rows::new(&analysis, &faxes),
            calls,
            format,
            &form(general, shape, output, crate::view::calls::WHOLE),
        )
    })?;
    // The process ends here: giving back each of a hundred thousand calls would only take time.
    drop(faxes);
    let told = unread.told(&analysis);
    std::mem::forget(analysis);
    whole.and(told)?;
    Ok(Status::Good)
}

/// The form of a text: as wide as asked for, else as the terminal that it goes to, else `usual`.
fn form(general: &General, shape: &Shape, output: &Output, usual: usize) -> export::Options {
    let here = output.output.is_none();
    let terminal = terminal_width().filter(|_| here && io::stdout().is_terminal());
    let width = shape.columns(terminal);
    let ascii = shape.ascii || here && locale::output_is_ascii();
    export::Options {
        one_line: width.is_none(),
        ..general.for_export(width.unwrap_or(usual), ascii, coloured(general, output))
    }
}

/// Columns of a text that goes to no terminal.
fn usual_width() -> usize {
    export::Options::default().width
}

fn terminal_width() -> Option<usize> {
    crate::tui::width()
}

/// `faxflow flow FILE`
fn flow(
    general: &General,
    file: &Path,
    which: &Which,
    shape: &Shape,
    output: &Output,
) -> Result<Status, Failure> {
    if output.format == cli::Format::Csv {
        complain("flow has no CSV: `faxflow calls --format csv` or `check` has it");
        return Ok(Status::Unreadable);
    }
    let (analysis, whole) = read(general, file)?;
    let Some(chosen) = chosen(&analysis, file, which) else {
        // The call may be in what could not be read.
        whole?;
        return Ok(Status::Nothing);
    };
    let unread = Unread::default();
    let named = !which.call.is_empty() || !which.call_id.is_empty();
    let flows = pass::Flows::new(&analysis, chosen, &unread).on(parallel::threads(general.threads));
    let flows = if named { flows } else { flows.only_faxes() };
    let shape = form(general, shape, output, usual_width());
    write(output, &[file.to_owned()], |mut to| {
        if output.format == cli::Format::Html {
            let pages = |call| analysis.pages(call);
            let pictures = wants_pictures(general, output).then_some(&pages as html::Pictures<'_>);
            html::begin(&mut to)?;
            html::flows(&mut to, analysis.info(), flows, &shape, pictures)?;
            return html::end(&mut to);
        }
        export::flow(
            &mut to,
            analysis.info(),
            flows,
            output.format.into(),
            &shape,
        )
    })?;
    whole.and_then(|()| unread.told(&analysis))?;
    Ok(Status::Good)
}

/// Pages are shown only where they are asked for.
fn wants_pictures(general: &General, output: &Output) -> bool {
    output.with_pages && !general.no_pages
}

/// The flows that `--call` and `--call-id` name, else every fax with its other leg. `None`: one is not there.
fn chosen(analysis: &Analysis, file: &Path, which: &Which) -> Option<Vec<Vec<CallNo>>> {
    if which.call.is_empty() && which.call_id.is_empty() {
        return Some(pass::faxes(analysis));
    }
    let known: Vec<CallNo> = analysis.numbers().collect();
    let mut named: Vec<CallNo> = Vec::new();
    for number in &which.call {
        if !known.contains(&CallNo(*number)) {
            complain(&format!(
                "{}: no call {number}; the capture has {} (see `faxflow calls`)",
                file.display(),
                known.len()
            ));
            return None;
        }
        named.push(CallNo(*number));
    }
    for call_id in &which.call_id {
        let Some(number) = analysis.by_call_id(call_id) else {
            complain(&format!(
                "{}: no call has the Call-ID {}",
                file.display(),
                crate::text::visible(call_id)
            ));
            return None;
        };
        named.push(number);
    }
    named.dedup();
    // Two calls make a flow of two legs; more are shown one after the other, two by two.
    Some(named.chunks(2).map(<[CallNo]>::to_vec).collect())
}

/// `faxflow rules [ID]`
fn rules(id: Option<&str>) -> Result<Status, Failure> {
    let mut found = true;
    let width = terminal_width().unwrap_or_else(usual_width);
    let status = print(|mut to| {
        found = export::rules(&mut to, crate::hint::rules(), id, width)?;
        Ok(())
    })?;
    if !found {
        complain(&format!(
            "{}: no such rule; `faxflow rules` lists them",
            id.unwrap_or_default()
        ));
        return Ok(Status::Unreadable);
    }
    Ok(status)
}

/// Writes to `-o FILE`, through a temporary file beside it, or to standard output.
fn write(
    output: &Output,
    captures: &[PathBuf],
    body: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let Some(path) = &output.output else {
        let json = matches!(output.format.into(), Format::Json | Format::Ndjson);
        return print_as(if json { StandIn::Json } else { StandIn::Text }, body).map(drop);
    };
    // Standard input may be a file too.
    let captures: Vec<FileId> = captures
        .iter()
        .filter_map(|capture| FileId::named(capture).ok())
        .collect();
    let ((), written) = file::write(path, &captures, file::How::default(), body)?;
    if written.owner_changed {
        complain(&written.told("output", path));
    }
    Ok(())
}

fn print(body: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<Status, Failure> {
    print_as(StandIn::Text, body)
}

/// Standard output; a terminal that reads no UTF-8 gets stand-ins.
fn print_as(
    stand_in: StandIn,
    body: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<Status, Failure> {
    let ascii = locale::output_is_ascii();
    let body = |out: &mut dyn Write| {
        if ascii {
            body(&mut Ascii::new(out, stand_in))
        } else {
            body(out)
        }
    };
    file::write_to_stdout(body)
        .map_err(|error| Failure::Io("standard output".to_owned(), error))?;
    Ok(Status::Good)
}

/// One line on standard error; nobody may be there to read it.
fn complain(text: &str) {
    let text = crate::view::plain(text, locale::errors_are_ascii());
    let _ = writeln!(io::stderr(), "faxflow: {text}");
}

/// Whether colours are wanted.
fn colour(general: &General) -> bool {
    match general.color {
        Color::Always => true,
        Color::Never => false,
        // NO_COLOR counts if it is set and not empty (no-color.org).
        Color::Auto => std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    }
}

/// Whether text that a command writes is coloured: by itself only what goes to a terminal that has colours.
fn coloured(general: &General, output: &Output) -> bool {
    let is_dumb = || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    match general.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            colour(general) && output.output.is_none() && io::stdout().is_terminal() && !is_dumb()
        }
    }
}

/// The options of the analysis for a file on the screen.
fn analysis_options(cli: &Cli, file: &Path) -> Options {
    Options {
        file: PathBuf::from(file),
        shown_as: cli.general.shown_as.clone(),
        view: cli.general.point_of_view(),
        follow: cli.follow,
        keep_calls: cli.keep_calls,
        logs: cli.general.logs(),
    }
}
