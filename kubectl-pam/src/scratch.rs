//! A folder for a test's files.

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};

/// A folder for temporary files that goes with the test, also with one that fails.
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes the folder.
    pub fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("kubectl-pam-{name}-{:08x}", rand::random::<u32>()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Deref for Scratch {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
