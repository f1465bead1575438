//! `faxflow FILE` on a terminal.

use std::path::Path;

use crate::analysis::service::Service;
use crate::call::CallNo;
use crate::capture::HEP;
use crate::cli::Cli;
use crate::run::input::Input;
use crate::run::{Failure, Status, analysis_options, colour, locale, print};
use crate::tui;

/// Opens the capture and shows it until the user leaves.
pub(super) fn run(cli: &Cli, input: &Input) -> Result<Status, Failure> {
    // Before the terminal is changed: its panic hook must end up behind the one that restores the terminal.
    // A second call in the same process has nothing left to install.
    let _ = color_eyre::config::HookBuilder::default()
        .display_env_section(false)
        .install();
    let service = Service::start(analysis_options(cli, input))?;
    let said = tui::run(
        &service,
        options(cli, cli.write.is_none() && !is_in_a_file(input.path())),
    )
    .map_err(Failure::Screen)?;
    if let Some(said) = said {
        print(|to| writeln!(to, "{}", crate::text::visible(&said)))?;
    }
    Ok(Status::Good)
}

/// How the screen looks.
pub(super) fn options(cli: &Cli, in_no_file: bool) -> tui::Options {
    let (time, zone) = cli.general.times();
    tui::Options {
        colour: colour(&cli.general),
        ascii: cli.shape.ascii || locale::output_is_ascii(),
        time,
        zone,
        width: cli.shape.width.map(usize::from),
        mouse: !cli.no_mouse,
        in_no_file,
        no_pages: cli.general.no_pages,
        palette: cli.general.settings.palette,
        names: cli.general.settings.names.clone(),
        columns: cli.general.settings.columns.clone(),
        keys: cli.general.settings.keys.clone(),
        settings: cli.general.settings.own.clone(),
        calls: cli.which.call.iter().copied().map(CallNo).collect(),
        call_ids: cli.which.call_id.clone(),
    }
}

/// Whether the capture is there when the program is gone.
pub(super) fn is_in_a_file(file: &Path) -> bool {
    let stdin = Path::new("/dev/stdin");
    let file = if file == Path::new("-") { stdin } else { file };
    // One that is followed need not be there yet; what HEP agents send has no file at all.
    let listens = file.to_str().is_some_and(|name| name.starts_with(HEP));
    !listens && std::fs::metadata(file).map_or(true, |file| file.is_file())
}
