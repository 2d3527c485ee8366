//! The audit log, read as it grows.

use std::path::PathBuf;

use anyhow::Result;

use super::{Mark, Requests, parse, read_lines};

/// Reads the audit log piece by piece; see [`super::Audit::follow`].
#[derive(Debug)]
pub struct Follower {
    log: PathBuf,
    next: Mark,
}

impl Follower {
    pub(super) const fn new(log: PathBuf, next: Mark) -> Self {
        Self { log, next }
    }

    /// Returns the requests that were logged since the last call. One that was answered just now may still be missing.
    pub fn more(&mut self) -> Result<Requests> {
        let text = read_lines(&self.log, self.next)?;
        self.next = Mark(self.next.0 + u64::try_from(text.len())?);
        parse(&text)
    }
}
