//! The results that were committed last.

use std::{path::Path, process::Command};

use crate::results::Results;

/// The committed results at `path`; none where there are none, or where git is missing.
#[must_use]
pub fn committed(path: &Path) -> Option<Results> {
    let (folder, name) = (path.parent()?, path.file_name()?.to_str()?);
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let output = Command::new("git").current_dir(folder).args(["show", &format!("HEAD:./{name}")]).output().ok()?;
    let text = output.status.success().then_some(output.stdout)?;
    Results::parse(&String::from_utf8(text).ok()?).ok()
}
