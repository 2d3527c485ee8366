//! What a spec asks for, reduced to what rules turn on.

use std::collections::{BTreeMap, BTreeSet};

use super::{Adoption, CONTENT, Compared, SecretVersion, SettleWindow, Status, Value};
use crate::domain::keyed::is_in_doubt;

/// What a spec asks for. The values of its fields stay outside: a rule compares digests.
#[allow(clippy::struct_excessive_bools, reason = "each is one independent setting")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Desired {
    /// `spec.deletionPolicy` is `Disable`.
    pub disable: bool,
    /// `spec.suspend`.
    pub suspended: bool,
    /// `spec.mode` is `Plan`.
    pub plan: bool,
    /// `spec.adoptionPolicy`.
    pub adoption: Adoption,
    /// `spec.driftPolicy` is `Correct`.
    pub correct: bool,
    /// `spec.ensureEnabled`.
    pub ensure_enabled: bool,
    /// The spec has the vault rotate the value.
    pub rotates: bool,
    /// The spec names a value.
    pub has_value: bool,
    /// Digests of the groups of fields that hold no secret, the account among them.
    pub groups: BTreeMap<String, String>,
    /// Names of the groups with keyed digests.
    pub secret_groups: BTreeSet<&'static str>,
}

/// What was read from the Secrets, without the values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadSecrets {
    /// Keyed digests by group of fields.
    pub digests: BTreeMap<String, String>,
    /// The versions that were read.
    pub versions: Vec<SecretVersion>,
    /// The groups, beside value and username, that differ from what was last sent.
    pub due: BTreeSet<String>,
}

impl Desired {
    /// Returns whether a group of fields differs from what was last sent.
    #[must_use]
    pub fn differs(&self, group: &str, recorded: &BTreeMap<String, String>) -> bool {
        self.groups.get(group).is_some_and(|digest| recorded.get(group) != Some(digest))
    }

    /// Returns whether any group but the account differs from what was last sent.
    #[must_use]
    pub fn fields_differ(&self, recorded: &BTreeMap<String, String>) -> bool {
        self.groups.keys().any(|group| group != super::ACCOUNT && self.differs(group, recorded))
    }

    /// Returns whether the spec has a group of that name.
    #[must_use]
    pub fn has(&self, group: &str) -> bool {
        self.groups.contains_key(group) || self.secret_groups.contains(group)
    }
}

/// Returns what the value that was read means for a decision; `compared` is `None` where the spec names no value.
///
/// A value that a write without an answer carried counts as changed, so that it is sent again, but only while the PAM may
/// still execute that write: after that the vault may have rotated the value (P6), and the list decides.
#[must_use]
pub fn value_read(compared: Option<Compared>, status: &Status, settle: SettleWindow) -> Value {
    let in_doubt = status.digests.get(CONTENT).is_some_and(|recorded| is_in_doubt(recorded));
    let elapsed = matches!(settle, SettleWindow::Elapsed { .. });
    match compared {
        None => Value::None,
        Some(Compared::New) => Value::New,
        Some(Compared::Same) if in_doubt && !elapsed => Value::Changed,
        Some(Compared::Same) => Value::Same,
        Some(Compared::Changed) => Value::Changed,
        Some(Compared::Unknown) => Value::Unknown,
    }
}
