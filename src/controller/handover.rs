//! What a process leaves to the next one: whether all that it sent is written down, and what came of it.

use tokio::time::Instant;

use super::context::Context;
use super::digest::{DigestKey, plain};
use crate::config::{Config, WatchScope};

/// What a process was left with, or leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Handover {
    /// All that was sent is written down, and what came of it.
    Complete,
    /// The process before, or one before that, may have sent what is written down nowhere: it was killed, cut off, or did
    /// not see everything that this one sees.
    Open,
}

impl Handover {
    /// What is left by who vouched for this, to a process that serves that.
    pub(super) fn of(vouched: Option<&str>, served: &str) -> Self {
        if vouched == Some(served) { Self::Complete } else { Self::Open }
    }
}

/// What this process serves, and so can vouch for. Of objects in a namespace that was not watched for a while, or with
/// digests of another key, the one before knew nothing.
pub(super) fn served(config: &Config, key: &DigestKey) -> String {
    let namespaces = match &config.watch {
        WatchScope::All => "*".to_owned(),
        WatchScope::Namespaces(names) => names.iter().map(String::as_str).collect::<Vec<_>>().join(","),
    };
    plain(&[&namespaces, config.connection_selector.as_deref().unwrap_or_default(), key.id()])
}

impl Context {
    /// What the next process is left with.
    pub(super) fn leaves(&self) -> Handover {
        match self.standings.everyone() {
            Some(uids) if self.written.owes(&uids) => Handover::Open,
            Some(uids) => self.memory.leaves(&uids, Instant::now()),
            // Of those that no pass looked at yet, nothing is known.
            None => self.memory.before(),
        }
    }
}
