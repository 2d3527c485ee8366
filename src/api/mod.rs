//! The kinds of `pam-operator.io/v1alpha1`, and every name the API owns.
//!
//! What a field's doc comment says here is what `kubectl explain` prints.

#![allow(clippy::duplicated_attributes, reason = "a column is an attribute, and two may be of one type")]

mod access;
mod compatibility;
mod conditions;
mod connection;
mod connection_kinds;
mod crds;
mod credential;
mod fields;
mod my_safe_password;
mod my_safe_status;
mod refs;
mod settings;
mod source;
mod status;
mod text_rules;
mod validation;

pub use access::{AccessNamespaces, AccessRule, Grant, LabelOperator, LabelRequirement, NamespaceSelector};
pub use compatibility::{
    AdditionalSettingsShape, BooleanForm, Compatibility, CriticalityCase, NotesPlacement, NumberForm, SettingsBlocks,
};
pub use conditions::{ConditionType, Conditioned, ROTATED_IN_VAULT, ReadyState, condition, find, is_same_status};
pub use connection::{
    Auth, BasicAuthSecretRef, CaBundleKind, CaBundleRef, ClientCertificateSecretRef, ClientSecretRef, ConnectionSpec,
    DisableBrake, HeldNamespace, InventorySettings, InventoryStatus, Limits, NamespaceInventory, Oauth2,
    PamConnectionStatus, Product, Proxy, RecentDisables, Tls, TokenRequest,
};
pub use connection_kinds::{ClusterPamConnection, ClusterPamConnectionSpec, PamConnection, PamConnectionSpec};
pub use crds::all as crds;
pub use credential::{AdoptionPolicy, DeletionPolicy, DriftPolicy, Mode, PamCredential, PamCredentialSpec};
pub use fields::{FIELDS, Field, Form, sent_field};
pub use my_safe_password::{EntryAdoptionPolicy, EntryDeletionPolicy, EntryShare, MySafePassword, MySafePasswordSpec};
pub use my_safe_status::{EntryCreation, EntryInFlight, EntryPlan, EntryPlanAction, MySafePasswordStatus};
pub use refs::{ConnectionKind, ConnectionRef, ContentSecretRef, Trim, UsernameSecretRef};
pub use settings::{
    AdditionalSettings, AuthenticationField, Criticality, DeviceSettings, ExecutionSettings, JitSettings, Macro,
    OtherCredential, ReconciliationSettings, SecretKeyRef, SessionSettings, ValueSecretRef,
};
pub use source::SourceSecret;
pub use status::{
    ConnectionStatus, InFlightAction, InFlightWrite, MismatchRecord, PamCredentialStatus, Plan, PlanAction,
    PlannedValue, RemoteStatus,
};

/// The API group of every kind.
pub const GROUP: &str = "pam-operator.io";
/// The field manager of every write, and the controller name of every event.
pub const FIELD_MANAGER: &str = "pam-operator";
/// The Secret, in the operator's own namespace, that holds the key of the digests in status.
pub const DIGEST_KEY_SECRET: &str = "pam-operator-digest-key";
/// The data key in [`DIGEST_KEY_SECRET`].
pub const DIGEST_KEY_FIELD: &str = "key";
/// The finalizer of a credential whose record the operator disables when the credential is deleted.
pub const FINALIZER: &str = "pam-operator.io/disable";
/// Any new value of this annotation pushes the fields again, and the value unless the vault rotates it.
pub const RECONCILE_REQUESTED_AT: &str = "pam-operator.io/reconcile-requested-at";
/// Any new value of this annotation pushes the value once, whatever the vault did with it.
pub const PUSH_VALUE_REQUESTED_AT: &str = "pam-operator.io/push-value-requested-at";
/// On a credential that is deleted with `deletionPolicy: Disable`: the record is not disabled, but becomes that of the named
/// credential, `<namespace>/<name>`.
pub const HAND_OVER_TO: &str = "pam-operator.io/hand-over-to";
/// On an object that only asks what would be done for the object of the same kind and namespace and of this name, which may be
/// there or not: the answer is in `status.plan`. Whatever its `spec.mode` says, nothing is sent to the PAM
/// for it, it claims nothing, and nothing holds its deletion. On an object that has something in the PAM it says nothing.
pub const THROWAWAY: &str = "pam-operator.io/throwaway";
/// On a connection: confirms the disables that wait, by their number in the condition `DisablesHeld`, or those of one namespace
/// by `<namespace>=<number>`.
pub const CONFIRM_DISABLE: &str = "pam-operator.io/confirm-disable";
/// On a connection: confirms that the list can be trusted, by the number of records in the condition `InventoryIncomplete`,
/// or for one namespace by `<namespace>=<number>`.
pub const CONFIRM_INVENTORY: &str = "pam-operator.io/confirm-inventory";
/// Every annotation that the operator reads. Of the annotations in a cluster no other one is held.
pub const ANNOTATIONS: [&str; 6] =
    [RECONCILE_REQUESTED_AT, PUSH_VALUE_REQUESTED_AT, HAND_OVER_TO, THROWAWAY, CONFIRM_DISABLE, CONFIRM_INVENTORY];
/// The label that takes the place of a namespace's labels where these are too large to be held. No rule selects by labels
/// a namespace that bears it.
pub const LABELS_TOO_LARGE: &str = "pam-operator.io/labels-too-large";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_annotation_that_has_a_name_here_is_held() {
        let own = format!("= \"{GROUP}/");
        let lines = include_str!("mod.rs").lines().filter(|line| line.contains(&own) && line.starts_with("pub const"));
        let named: Vec<&str> = lines.filter_map(|line| line.split('"').nth(1)).collect();
        let held: Vec<&str> = [FINALIZER].into_iter().chain(ANNOTATIONS).chain([LABELS_TOO_LARGE]).collect();
        assert_eq!(named, held, "what ANNOTATIONS lacks, no watch shows");
    }
}
