//! Conditions as kstatus reads them: `Ready`, with `Reconciling` or `Stalled` beside it while it is not `True`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

/// The reason of `Drifted` where the vault itself rotated the value, as its policy says.
pub const ROTATED_IN_VAULT: &str = "RotatedInVault";

/// The condition types that this API uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConditionType {
    /// The object is as its spec says.
    Ready,
    /// The operator is at work, or waits for something that may come by itself.
    Reconciling,
    /// The operator does nothing until a user changes something.
    Stalled,
    /// `spec.suspend` is set.
    Suspended,
    /// The PAM's list shows the record otherwise than it was written.
    Drifted,
    /// The PAM did not share the entry with all users and groups that the spec names.
    SharingIncomplete,
    /// Of a connection: its PAM's list cannot be trusted.
    InventoryIncomplete,
    /// Of a connection: its PAM's list shows records older than they were, as after a restore from a backup.
    VaultRestored,
    /// Of a connection: its brake holds back records that would be disabled.
    DisablesHeld,
}

impl ConditionType {
    /// The name in the `type` field.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Reconciling => "Reconciling",
            Self::Stalled => "Stalled",
            Self::Suspended => "Suspended",
            Self::Drifted => "Drifted",
            Self::SharingIncomplete => "SharingIncomplete",
            Self::InventoryIncomplete => "InventoryIncomplete",
            Self::VaultRestored => "VaultRestored",
            Self::DisablesHeld => "DisablesHeld",
        }
    }
}

/// The state of `Ready`, and the condition that goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadyState {
    /// `Ready=True`, and no other condition.
    Ready,
    /// `Ready=Unknown` and `Reconciling=True`.
    Progressing,
    /// `Ready=False` and `Reconciling=True`.
    Reconciling,
    /// `Ready=False` and `Stalled=True`.
    Stalled,
}

/// Builds one condition of that status, reason and message. Keeps `last_transition_time` from `before` while the status stays
/// the same.
#[must_use]
pub fn condition(
    kind: ConditionType,
    status: &str,
    reason: &str,
    message: &str,
    generation: Option<i64>,
    now: &Time,
    before: &[Condition],
) -> Condition {
    let since =
        find(before, kind).filter(|c| c.status == status && c.last_transition_time.0 != jiff::Timestamp::UNIX_EPOCH);
    Condition {
        type_: kind.as_str().to_owned(),
        status: status.to_owned(),
        reason: reason.to_owned(),
        message: message.to_owned(),
        observed_generation: generation,
        last_transition_time: since.map_or_else(|| now.clone(), |c| c.last_transition_time.clone()),
    }
}

/// Returns the condition of that type, if the list has one.
#[must_use]
pub fn find(conditions: &[Condition], kind: ConditionType) -> Option<&Condition> {
    conditions.iter().find(|c| c.type_ == kind.as_str())
}

/// A status with conditions.
pub trait Conditioned: Clone + PartialEq {
    /// Returns the conditions.
    fn conditions(&self) -> &Vec<Condition>;

    /// Returns the conditions, to change them.
    fn conditions_mut(&mut self) -> &mut Vec<Condition>;
}

/// Returns whether two statuses differ in nothing but the times of conditions.
#[must_use]
pub fn is_same_status<S: Conditioned>(before: &S, next: &S) -> bool {
    let mut alike = next.clone();
    alike.conditions_mut().clone_from(before.conditions());
    alike == *before && same_but_for_times(next.conditions(), before.conditions())
}

/// Tells whether two lists say the same, times aside, in any order.
fn same_but_for_times(a: &[Condition], b: &[Condition]) -> bool {
    a.len() == b.len() && a.iter().all(|one| b.iter().any(|other| same(one, other)))
}

fn same(a: &Condition, b: &Condition) -> bool {
    a.type_ == b.type_
        && a.status == b.status
        && a.reason == b.reason
        && a.message == b.message
        && a.observed_generation == b.observed_generation
}
