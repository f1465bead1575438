//! Settings of the user, out of `config.toml`: what is set there holds as if it stood on the command line, which goes
//! before it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::cli::Cli;
use crate::tui::action::Keymap;
use crate::view::Names;
use crate::view::calls::Column;
use crate::view::style::{Palette, Theme};

mod apply;
mod columns;
mod file;
mod shown;
mod table;

pub use columns::write_columns;
pub use shown::write as show;

/// What the files set that no option does, and where everything comes from.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Names for hosts.
    pub names: Names,
    /// Colours that go together.
    pub theme: Theme,
    /// How roles look: as the theme has it, but for those that are set one by one.
    pub palette: Palette,
    /// Columns of the list, where they were chosen.
    pub columns: Option<Vec<Column>>,
    /// Keys.
    pub keys: Keymap,
    /// Wheel and click.
    pub mouse: Option<bool>,
    /// The file that the user may write to: it need not be there.
    pub own: Option<PathBuf>,
    /// Looks of single roles, by name.
    looks: BTreeMap<String, String>,
    /// Files that were looked for, and whether they were there.
    files: Vec<(PathBuf, bool)>,
    /// Where the value of a setting comes from, if it is not the usual one.
    origins: BTreeMap<&'static str, String>,
}

/// Reads the files and puts what they set where the command line says nothing. The error is one line.
pub fn load(cli: &mut Cli) -> Result<(), String> {
    let (files, layers) = file::read(cli.general.config.as_deref(), cli.general.no_config)?;
    let any = files.first().map(|(path, _)| path.clone());
    cli.general.settings.files = files;
    cli.general.settings.own = any;
    apply::apply(cli, &layers)
}

/// What holds with this text as the only file.
pub(crate) fn shown_of(text: &str) -> Result<String, String> {
    let layer = file::Layer::new("config.toml".into(), text.to_owned())?;
    let parsed = crate::cli::manual::parse(["faxflow", "config"].map(Into::into));
    let mut cli = parsed.map_err(|error| error.kind().to_string())?;
    apply::apply(&mut cli, &[layer])?;
    let mut out = Vec::new();
    show(&mut out, &cli.general).map_err(|error| error.to_string())?;
    Ok(crate::text::lossy(&out))
}
