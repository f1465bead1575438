//! `--redact`, `--redact-map FILE`: each capture is written anew, and what follows reads that one.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::input::Input;
use super::{Failure, Status, pass};
use crate::analysis::Options;
use crate::analysis::reading::Analysis;
use crate::cli::{Cli, General};
use crate::file;
use crate::hint::Site;
use crate::redact::Redaction;

/// Runs the program; with `--redact` the map is written when all is done.
pub(super) fn run(cli: &Cli) -> Result<Status, Failure> {
    let general = &cli.general;
    if !general.redact {
        return super::run(cli);
    }
    let map = general.redact_map.as_deref();
    let shown = map.map_or_else(String::new, |map| map.display().to_string());
    let redaction = Redaction::new(map).map_err(|error| Failure::Io(shown.clone(), error))?;
    let mut cli = cli.clone();
    cli.general.redaction = Some(redaction.clone());
    let status = super::run(&cli)?;
    if let Some(map) = map {
        write_map(map, &redaction.map())?;
    }
    Ok(status)
}

/// For its owner alone, whatever was there before.
fn write_map(path: &Path, text: &str) -> Result<(), Failure> {
    let how = file::How {
        private: true,
        ..file::How::default()
    };
    file::write(path, &[], how, |out| out.write_all(text.as_bytes()))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // One that was there keeps its mode.
        let own = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(path, own)
            .map_err(|error| Failure::Io(path.display().to_string(), error))?;
    }
    Ok(())
}

/// A capture that was read, redacted and read again.
pub(super) fn read(
    general: &General,
    redaction: &Redaction,
    original: &Analysis,
) -> Result<Analysis, Failure> {
    let (file, silenced) = rewritten(redaction, original)?;
    let site = general.site();
    let options = Options {
        file: file.to_path_buf(),
        shown_as: Some(name(redaction, &original.info().file)),
        site: Site {
            pbx: site
                .pbx
                .iter()
                .map(|addr| redaction.address(*addr))
                .collect(),
            fax_numbers: site
                .fax_numbers
                .iter()
                .map(|number| redaction.number(number))
                .collect(),
            settings: site.settings.map(|settings| {
                let text = |text: &str| redaction.text(text);
                Arc::new(
                    settings
                        .as_ref()
                        .clone()
                        .with(text, |addr| redaction.address(addr)),
                )
            }),
            ..site
        },
        ..Options::default()
    };
    let mut analysis = Analysis::open(options)?;
    analysis.keep_redacted(file);
    let mut progress = pass::Progress::new(general.quiet);
    analysis.read_all(|info| progress.show(info))?;
    progress.end();
    analysis.inherit(original.info());
    if silenced {
        analysis
            .note("redacted: sound is replaced by silence (but for CNG and CED); of a fax in sound only its SIP is left");
    }
    Ok(analysis)
}

/// The screen over a redacted capture.
pub(super) fn screen(cli: &Cli, redaction: &Redaction, input: &Input) -> Result<Status, Failure> {
    let mut plain = cli.general.clone();
    plain.redaction = None;
    let (analysis, whole) = super::read(&plain, input)?;
    let (written, _) = rewritten(redaction, &analysis)?;
    let mut cli = cli.clone();
    cli.general.shown_as = Some(name(redaction, &analysis.info().file));
    drop(analysis);
    let status = super::screen::run(&cli, &Input::one(&written))?;
    whole?;
    Ok(status)
}

/// What the capture is called: its folder tells where it lies.
fn name(redaction: &Redaction, file: &str) -> String {
    let path = PathBuf::from(file);
    let name = path
        .file_name()
        .map_or_else(|| file.into(), |name| name.to_string_lossy());
    redaction.text(&name)
}

/// The redacted capture, for its owner alone; whether sound was replaced.
fn rewritten(
    redaction: &Redaction,
    original: &Analysis,
) -> Result<(tempfile::TempPath, bool), Failure> {
    let failed = |error: io::Error| Failure::Io("redacted capture".to_owned(), error);
    let mut file = tempfile::NamedTempFile::with_prefix("faxflow-").map_err(failed)?;
    let silenced = redaction
        .rewrite(original, file.as_file_mut())
        .map_err(failed)?;
    Ok((file.into_temp_path(), silenced))
}
