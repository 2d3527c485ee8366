//! Tests that put files where nobody takes them away.

use std::path::{Path, PathBuf};

use crate::finding::Finding;

/// The folders with tests. The control plane, the simulator and the fake API server beside them are programs of their own.
const FOLDERS: [&str; 5] = ["tests/client", "tests/e2e", "tests/simulation", "tests/structure", "kubectl-pam/tests"];

/// Finds tests whose files are in the folder for temporary files of the machine, where a test that fails leaves them.
pub fn findings(root: &Path) -> Vec<Finding> {
    // In two parts, so that this file is none of them.
    let call = ["temp_dir", "()"].concat();
    let mut found = Vec::new();
    for file in FOLDERS.iter().flat_map(|folder| files(&root.join(folder))) {
        let text = std::fs::read_to_string(&file).unwrap();
        let lines = text.lines().enumerate().filter(|(_, line)| line.contains(&call));
        found.extend(lines.map(|(number, _)| Finding {
            file: file.display().to_string(),
            line: number + 1,
            rule: "leftovers",
            says: format!("a test names {call}"),
            remedy: "Take a folder below CARGO_TARGET_TMPDIR that goes with the test: `Folder` in tests/e2e/support",
        }));
    }
    found
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let within = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    entries.flat_map(within).filter(|path| path.extension().is_some_and(|end| end == "rs")).collect()
}
