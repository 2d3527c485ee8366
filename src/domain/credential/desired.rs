//! What a spec asks for, reduced to what rules turn on.

use std::collections::{BTreeMap, BTreeSet};

use super::{AdoptionPolicy, CONTENT, Compared, SecretVersion, SettleWindow, Status, ValueComparison};
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
    pub adoption: AdoptionPolicy,
    /// `spec.driftPolicy` is `Correct`.
    pub correct: bool,
    /// `spec.ensureEnabled`, or its default: see [`ensures_enabled`].
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

/// Returns whether a record that was there before is enabled. An object with `deletionPolicy: Disable` that is made again
/// meets the record that its own deletion disabled: unless the spec says otherwise, such a record is enabled while its
/// object exists. With `Retain` a disabled record is somebody's wish.
#[must_use]
pub fn ensures_enabled(spec: Option<bool>, disable: bool) -> bool {
    spec.unwrap_or(disable)
}

/// Returns what the value that was read means for a decision; `compared` is `None` where the spec names no value.
///
/// A value that a write without an answer carried counts as changed, so that it is sent again, but only while the PAM may
/// still execute that write: after that the vault may have rotated the value (P6), and the list decides.
#[must_use]
pub fn value_read(compared: Option<Compared>, status: &Status, settle: SettleWindow) -> ValueComparison {
    let in_doubt = status.digests.get(CONTENT).is_some_and(|recorded| is_in_doubt(recorded));
    let elapsed = matches!(settle, SettleWindow::Elapsed { .. });
    match compared {
        None => ValueComparison::None,
        Some(Compared::New) => ValueComparison::New,
        Some(Compared::Same) if in_doubt && !elapsed => ValueComparison::Changed,
        Some(Compared::Same) => ValueComparison::Same,
        Some(Compared::Changed) => ValueComparison::Changed,
        Some(Compared::Unknown) => ValueComparison::Unknown,
    }
}

/// Returns what a plan takes a comparison for. `same_source` says that the value was read from a Secret that the last write
/// was made from. The value of another Secret counts as changed, equal or not: everything in a plan, its words and what it
/// waits for included, would else tell a reader who may not read Secrets whether a guess is the value.
#[must_use]
pub const fn compared_by_plan(compared: Compared, same_source: bool) -> Compared {
    match compared {
        Compared::Same | Compared::Changed if !same_source => Compared::Changed,
        compared => compared,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::keyed::in_doubt;

    #[test]
    fn p7_a_record_that_its_deletion_would_disable_is_enabled_unless_the_spec_says_otherwise() {
        for disable in [false, true] {
            assert_eq!(ensures_enabled(None, disable), disable);
            assert!(ensures_enabled(Some(true), disable) && !ensures_enabled(Some(false), disable));
        }
    }

    #[test]
    fn a_spec_has_its_groups_and_no_other() {
        let groups = [("notes".to_owned(), "1".to_owned())].into();
        let desired = Desired { groups, secret_groups: [CONTENT].into(), ..Desired::default() };
        assert!(desired.has("notes") && desired.has(CONTENT) && !desired.has("device"));
        let recorded = |text: &str| BTreeMap::from([("notes".to_owned(), text.to_owned())]);
        assert!(desired.differs("notes", &recorded("2")) && desired.differs("notes", &BTreeMap::new()));
        assert!(!desired.differs("notes", &recorded("1")) && !desired.differs("device", &recorded("2")));
        assert!(desired.fields_differ(&recorded("2")) && !desired.fields_differ(&recorded("1")));
        let account = Desired { groups: [("account".to_owned(), "1".to_owned())].into(), ..Desired::default() };
        assert!(!account.fields_differ(&BTreeMap::new()), "the account is told apart");
    }

    #[test]
    fn p8_a_plan_takes_the_value_of_another_secret_for_changed_equal_or_not() {
        use Compared::{Changed, New, Same, Unknown};
        for (compared, by_plan) in [(Same, Changed), (Changed, Changed), (New, New), (Unknown, Unknown)] {
            assert_eq!(compared_by_plan(compared, false), by_plan);
            assert_eq!(compared_by_plan(compared, true), compared);
        }
    }

    #[test]
    fn p3_a_value_in_doubt_counts_as_changed_while_its_write_may_still_be_executed() {
        let sure = Status { digests: [(CONTENT.to_owned(), "k:1".to_owned())].into(), ..Status::default() };
        let digest = in_doubt(sure.digests.get(CONTENT));
        let doubted = Status { digests: [(CONTENT.to_owned(), digest)].into(), ..Status::default() };
        let (open, elapsed) = (SettleWindow::Open, SettleWindow::Elapsed { value: true });
        for (compared, of_sure, of_doubted) in [
            (None, ValueComparison::None, ValueComparison::None),
            (Some(Compared::New), ValueComparison::New, ValueComparison::New),
            (Some(Compared::Same), ValueComparison::Same, ValueComparison::Changed),
            (Some(Compared::Changed), ValueComparison::Changed, ValueComparison::Changed),
            (Some(Compared::Unknown), ValueComparison::Unknown, ValueComparison::Unknown),
        ] {
            for settle in [SettleWindow::Closed, open] {
                assert_eq!(value_read(compared, &sure, settle), of_sure);
                assert_eq!(value_read(compared, &doubted, settle), of_doubted);
            }
            assert_eq!(value_read(compared, &doubted, elapsed), of_sure, "the list decides");
        }
    }
}
