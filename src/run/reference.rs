//! What the program says of itself: rules and manual pages.

use std::path::Path;

use super::output::{complain, print, terminal_width, usual_width};
use super::{Failure, Status};
use crate::cli::{self, manual};
use crate::{export, file};

/// `faxflow rules [ID]`
pub(super) fn rules(id: Option<&str>) -> Result<Status, Failure> {
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

/// `faxflow man [COMMAND] [-o DIR]`
pub(super) fn man(about: Option<&str>, directory: Option<&Path>) -> Result<Status, Failure> {
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
