//! The labels of the metrics: closed sets.

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};

/// The kinds that are reconciled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Kind {
    /// `PamCredential`.
    PamCredential,
    /// `ClusterPamConnection`.
    ClusterPamConnection,
    /// `PamConnection`.
    PamConnection,
    /// `MySafePassword`.
    MySafePassword,
}

/// The end of a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReconcileOutcome {
    /// The object is as its spec says.
    Ready,
    /// The object waits for something that may come by itself (`Reconciling`).
    Waiting,
    /// A user has to act (`Stalled`).
    Stalled,
    /// The Kubernetes API failed; the pass is repeated.
    Error,
}

/// The calls that are made to a PAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PamOperation {
    /// A token was asked for.
    Token,
    /// All credentials, or all entries of MySafe, were listed.
    List,
    /// A credential was created or updated.
    Upsert,
    /// An entry of MySafe was created.
    Create,
    /// An entry of MySafe was changed.
    Update,
    /// A credential was disabled, or an entry of MySafe deactivated.
    Disable,
    /// A credential was enabled, or an entry of MySafe activated.
    Enable,
}

/// The meaning of a PAM's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PamOutcome {
    /// The PAM did what was asked.
    Ok,
    /// What was asked for does not exist.
    NotFound,
    /// The PAM refused the content.
    Rejected,
    /// The authorization does not cover the call.
    PermissionDenied,
    /// Client id, client secret or token were refused.
    AuthenticationFailed,
    /// Too many requests.
    RateLimited,
    /// No answer, or an answer that says "not now".
    Unavailable,
    /// An answer that cannot be understood.
    Malformed,
}

/// Why a token was asked for although there had been one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefreshCause {
    /// The token had expired, or was about to.
    Expiry,
    /// The PAM rejected the token before its time.
    Rejected,
}

/// Implements the label of an enum as the given words.
macro_rules! label_words {
    ($($type:ident { $($variant:ident => $word:literal),+ $(,)? })+) => {$(
        impl EncodeLabelValue for $type {
            fn encode(
                &self,
                encoder: &mut prometheus_client::encoding::LabelValueEncoder<'_>,
            ) -> Result<(), std::fmt::Error> {
                let word = match self { $(Self::$variant => $word),+ };
                EncodeLabelValue::encode(&word, encoder)
            }
        }
    )+};
}

label_words! {
    ReconcileOutcome { Ready => "ready", Waiting => "waiting", Stalled => "stalled", Error => "error" }
    RefreshCause { Expiry => "expiry", Rejected => "rejected" }
    PamOperation {
        Token => "token",
        List => "list",
        Upsert => "upsert",
        Create => "create",
        Update => "update",
        Disable => "disable",
        Enable => "enable",
    }
    PamOutcome {
        Ok => "ok",
        NotFound => "not_found",
        Rejected => "rejected",
        PermissionDenied => "permission_denied",
        AuthenticationFailed => "authentication_failed",
        RateLimited => "rate_limited",
        Unavailable => "unavailable",
        Malformed => "malformed",
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct KindLabels {
    pub(super) kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ReconcileLabels {
    pub(super) kind: Kind,
    pub(super) outcome: ReconcileOutcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OperationLabels {
    pub(super) operation: PamOperation,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct RequestLabels {
    pub(super) operation: PamOperation,
    pub(super) outcome: PamOutcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ReasonLabels {
    pub(super) reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct RefreshLabels {
    pub(super) cause: RefreshCause,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ConditionLabels {
    pub(super) condition: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct StateLabels {
    pub(super) state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ResourceLabels {
    pub(super) resource: String,
}
