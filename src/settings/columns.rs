//! The columns that were chosen on the screen, written into the user's file; whatever else stands there stays.

use std::path::Path;

use super::file::Layer;
use super::shown;
use crate::file::{self, How};
use crate::view::calls::Column;

/// Writes `columns` (`None`: the usual ones) into a file of settings, which is made if it is not there. Tells what was
/// done, or why not.
pub fn write_columns(path: &Path, columns: Option<&[Column]>) -> Result<String, String> {
    let old = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(format!("{}: {error}", path.display())),
    };
    let text = with_columns(path, old, columns)?;
    if let Some(folder) = path.parent() {
        let made = std::fs::create_dir_all(folder);
        made.map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let how = How {
        screen: true,
        ..How::default()
    };
    let written = file::write(path, &[], how, |out| out.write_all(text.as_bytes()));
    let ((), written) = written.map_err(|error| error.to_string())?;
    Ok(written.told("columns", path))
}

/// The text of the file with other columns: in place of those that it has, else in its first line, where no table has
/// begun yet.
fn with_columns(
    path: &Path,
    mut old: String,
    columns: Option<&[Column]>,
) -> Result<String, String> {
    let layer = Layer::new(path.to_owned(), old.clone())?;
    let value = shown::columns(columns);
    match layer.columns() {
        Some(place) => old.replace_range(place, &value),
        None => old.insert_str(0, &format!("columns = {value}\n")),
    }
    Ok(old)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::calls::SortBy;

    #[test]
    fn all_else_in_the_file_stays() {
        let columns = [Column::Sorted(SortBy::Number), Column::Caller];
        let with =
            |old: &str| with_columns(Path::new("c"), old.to_owned(), Some(&columns)).unwrap();
        assert_eq!(with(""), "columns = [\"number\", \"caller\"]\n");
        let old =
            "# mine\ncolumns = [ # these\n  \"to\",\n] # end\n[hosts]\n\"192.0.2.1\" = \"a\"\n";
        assert_eq!(
            with(old),
            "# mine\ncolumns = [\"number\", \"caller\"] # end\n[hosts]\n\"192.0.2.1\" = \"a\"\n"
        );
        let tables = "[hosts]\n\"192.0.2.1\" = \"a\"\n";
        assert_eq!(
            with(tables),
            format!("columns = [\"number\", \"caller\"]\n{tables}")
        );
        assert!(with_columns(Path::new("c"), "pbx = 1\n".into(), Some(&columns)).is_err());
    }
}
