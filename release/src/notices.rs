//! The licence texts of what is compiled into a program: most licences ask that their text goes with it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::crates::Program;

const RULE: &str = "================================================================================\n";
/// How the names of files with licence texts begin, in capitals.
const NAMES: [&str; 6] = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"];

/// Returns a line for each crate with its licence, then each text once, under the crates that bring the text.
pub(crate) fn text(program: &Program) -> Result<String> {
    let mut all =
        String::from("Crates that are compiled into this program, with their licences, and the texts of these.\n\n");
    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (id, facts) in program.crates.iter().filter(|(id, _)| **id != program.root) {
        let _ = writeln!(all, "{} {}: {}", id.name, id.version, facts.licence.as_deref().unwrap_or("see below"));
        for text in texts_in(&facts.folder)? {
            texts.entry(text).or_default().insert(format!("{} {}", id.name, id.version));
        }
    }
    for (text, of) in texts {
        let of: Vec<_> = of.into_iter().collect();
        let _ = write!(all, "\n{RULE}{}\n{RULE}\n{}\n", of.join(", "), text.trim_end());
    }
    Ok(all)
}

fn texts_in(folder: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    let is_licence = |path: &&Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        path.is_file() && NAMES.iter().any(|start| name.starts_with(start))
    };
    let read = |path: &Path| -> Result<String> { Ok(String::from_utf8_lossy(&fs::read(path)?).replace('\r', "")) };
    paths.iter().map(AsRef::as_ref).filter(is_licence).map(read).collect()
}
