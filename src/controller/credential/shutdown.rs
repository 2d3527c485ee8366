//! What a process leaves to the next one: whether all that it sent is written down, and what came of it; and what the next
//! one makes of what is not.

use tokio::time::Instant;

use crate::config::{Config, WatchScope};
use crate::controller::credential::context::Context;
use crate::controller::credential::observe::observation::Observation;
use crate::controller::secret::digest::{DigestKey, plain};
use crate::domain::{Adoption, Binding};

/// What a process was left with, or leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handover {
    /// All that was sent is written down, and what came of it.
    Complete,
    /// The process before, or one before that, may have sent what is written down nowhere: it was killed, cut off, or did
    /// not see everything that this one sees.
    Open,
}

impl Handover {
    /// What is left by who vouched for this, to a process that serves that.
    pub(crate) fn of(vouched: Option<&str>, served: &str) -> Self {
        if vouched == Some(served) { Self::Complete } else { Self::Open }
    }
}

/// What this process serves, and so can vouch for. Of objects in a namespace that was not watched for a while, or with
/// digests of another key, the one before knew nothing.
pub(crate) fn served(config: &Config, key: &DigestKey) -> String {
    let namespaces = match &config.watch {
        WatchScope::All => "*".to_owned(),
        WatchScope::Namespaces(names) => names.iter().map(String::as_str).collect::<Vec<_>>().join(","),
    };
    plain(&[&namespaces, config.connection_selector.as_deref().unwrap_or_default(), key.id()])
}

impl Context {
    /// What the next process is left with.
    pub(crate) fn leaves(&self) -> Handover {
        let (uids, all) = self.connections.health.everyone();
        match self.state.leaves(&uids, Instant::now()) {
            _ if self.statuses.owes(&uids) => Handover::Open,
            // Of those that were not seen it is known what the process before said.
            Handover::Complete if !all => self.state.before(),
            leaves => leaves,
        }
    }
}

impl Observation<'_> {
    /// Whether a write that an earlier process may have sent could be executed after the DELETE of a record that goes.
    pub(crate) fn may_outlive(&self, context: &Context) -> bool {
        let other = self.versions.as_ref().is_some_and(|versions| *versions != self.status.source);
        self.situation.deleting && (self.may_have_been_made(context) || (self.situation.needs_verification && other))
    }

    /// Whether an earlier process may have made a record that status knows nothing of: the finalizer goes on just before.
    /// Under [`Adoption::Never`] status says before each POST for which account it is; what is at another is not ours.
    pub(crate) fn may_have_been_made(&self, context: &Context) -> bool {
        let told_before = self.situation.adoption == Adoption::Never;
        self.is_about_to_be_made()
            && self.may_have_missed_a_write(context)
            && (!told_before || self.may_be_pending(context))
    }

    const fn is_about_to_be_made(&self) -> bool {
        matches!(self.situation.binding, Binding::Unbound) && self.situation.finalizer
    }

    /// Whether an earlier process may have sent something that it did not live to write down. What this one did it knows.
    pub(crate) fn may_have_missed_a_write(&self, context: &Context) -> bool {
        if self.situation.binding == Binding::BoundElsewhere {
            // What was sent there counts again when the connection leads back.
            return false;
        }
        let differs = self.status.observed_generation != Some(self.generation);
        let here = self.situation.binding == Binding::Bound;
        // A Secret that is away may come back with what it held before the version that was sent last.
        let differs = here && (differs || self.versions.as_ref() != Some(&self.status.source));
        let said = self.status.unchecked && (here || self.is_about_to_be_made());
        context.state.is_suspect(&self.uid, (said, differs || self.is_about_to_be_made()))
    }
}
