//! Why a credential or a connection stands as it does.

/// The `reason` of `Ready`. A closed list: users write alerts on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Nothing has been done yet, or it is being done.
    Progressing,
    /// The PAM holds what the spec and the Secret say.
    Synced,
    /// The fields were written; the value was held back because the vault may have a newer one.
    Adopted,
    /// `spec.mode` is `Plan`: what would be done is in `status.plan`.
    Planned,
    /// The connection logged in.
    Authenticated,
    /// A Secret (or ConfigMap) that is referred to is not there.
    SecretNotFound,
    /// A Secret (or ConfigMap) is there without the key that is referred to.
    SecretKeyNotFound,
    /// What is in the Secret cannot be sent.
    SecretInvalid,
    /// The connection that is referred to is not there.
    ConnectionNotFound,
    /// The connection lacks something in the cluster, or has not been tried yet.
    ConnectionNotReady,
    /// A tenant's connection leads to where the operator may not connect.
    ConnectionNotAllowed,
    /// No rule of the connection lets the credential's namespace do that.
    AccessDenied,
    /// The PAM does not know the device.
    DeviceNotFound,
    /// The PAM does not answer, or not as it should.
    PamUnavailable,
    /// The PAM asked for fewer requests.
    RateLimited,
    /// The PAM's list cannot be trusted: it ended early, or lacks or shows moved much of what it should show.
    InventoryIncomplete,
    /// The PAM holds a record that is not this credential's, or answered with another than was expected.
    RecordConflict,
    /// The PAM refuses what was sent, or does not know the path; or something before the PAM refused this one request.
    PamRejected,
    /// The PAM's authorization does not permit it.
    PamPermissionDenied,
    /// The PAM refuses the login.
    PamAuthenticationFailed,
    /// Another object of this cluster has the identifier.
    IdentifierConflict,
    /// Another object of this cluster has the account.
    AccountConflict,
    /// Another object of this cluster writes something else onto the device.
    DeviceConflict,
    /// Another operator writes the status of the same object.
    AnotherOperator,
    /// No operator serves the object any more: its namespace or its connection left the operator that served it.
    NotServed,
    /// The object is being deleted, and its record is about to be disabled.
    Deleting,
    /// The object is being deleted, and it is not safe to disable its record.
    DeletionBlocked,
}

/// When a reason is looked at again though nothing in the cluster changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Never: what would mend it is watched.
    OnChange,
    /// Soon, and then ever later: it may mend by itself.
    Backoff,
    /// Rarely: somebody has to mend it, out of our sight.
    SecondLook,
    /// Soon, a few times; then rarely: it may mend by itself, or the PAM cannot cope with what is sent.
    Bounded,
}

/// How long an object cannot write, as an object sees it that would hand its record over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldUp {
    /// It may pass by itself, or the claims tell: the record is kept for the object.
    Passing,
    /// Somebody has to mend the object's connection, or the PAM: an object that uses another connection does not wait for it.
    OfConnection,
    /// Somebody has to change something before the object may write at all: no record is kept for it.
    Lasting,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 27] = [
        Self::Progressing,
        Self::Synced,
        Self::Adopted,
        Self::Planned,
        Self::Authenticated,
        Self::SecretNotFound,
        Self::SecretKeyNotFound,
        Self::SecretInvalid,
        Self::ConnectionNotFound,
        Self::ConnectionNotReady,
        Self::ConnectionNotAllowed,
        Self::AccessDenied,
        Self::DeviceNotFound,
        Self::PamUnavailable,
        Self::RateLimited,
        Self::InventoryIncomplete,
        Self::RecordConflict,
        Self::PamRejected,
        Self::PamPermissionDenied,
        Self::PamAuthenticationFailed,
        Self::IdentifierConflict,
        Self::AccountConflict,
        Self::DeviceConflict,
        Self::AnotherOperator,
        Self::NotServed,
        Self::Deleting,
        Self::DeletionBlocked,
    ];

    /// The word in the condition.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Progressing => "Progressing",
            Self::Synced => "Synced",
            Self::Adopted => "Adopted",
            Self::Planned => "Planned",
            Self::Authenticated => "Authenticated",
            Self::SecretNotFound => "SecretNotFound",
            Self::SecretKeyNotFound => "SecretKeyNotFound",
            Self::SecretInvalid => "SecretInvalid",
            Self::ConnectionNotFound => "ConnectionNotFound",
            Self::ConnectionNotReady => "ConnectionNotReady",
            Self::ConnectionNotAllowed => "ConnectionNotAllowed",
            Self::AccessDenied => "AccessDenied",
            Self::DeviceNotFound => "DeviceNotFound",
            Self::PamUnavailable => "PamUnavailable",
            Self::RateLimited => "RateLimited",
            Self::InventoryIncomplete => "InventoryIncomplete",
            Self::RecordConflict => "RecordConflict",
            Self::PamRejected => "PamRejected",
            Self::PamPermissionDenied => "PamPermissionDenied",
            Self::PamAuthenticationFailed => "PamAuthenticationFailed",
            Self::IdentifierConflict => "IdentifierConflict",
            Self::AccountConflict => "AccountConflict",
            Self::DeviceConflict => "DeviceConflict",
            Self::AnotherOperator => "AnotherOperator",
            Self::NotServed => "NotServed",
            Self::Deleting => "Deleting",
            Self::DeletionBlocked => "DeletionBlocked",
        }
    }

    /// The reason of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }

    /// Whether `Ready` is true.
    #[must_use]
    pub const fn is_ready(self) -> bool {
        matches!(self, Self::Synced | Self::Adopted | Self::Planned | Self::Authenticated)
    }

    /// Whether nothing will happen until somebody changes something.
    #[must_use]
    pub const fn is_stalled(self) -> bool {
        matches!(
            self,
            Self::SecretInvalid
                | Self::ConnectionNotAllowed
                | Self::AccessDenied
                | Self::RecordConflict
                | Self::PamRejected
                | Self::PamPermissionDenied
                | Self::PamAuthenticationFailed
                | Self::IdentifierConflict
                | Self::AccountConflict
                | Self::DeviceConflict
                | Self::AnotherOperator
                | Self::NotServed
                | Self::DeletionBlocked
        )
    }

    /// The reason of a deletion that this keeps from its call: what will not mend by itself blocks it.
    #[must_use]
    pub const fn of_deletion(self) -> Self {
        if self.is_stalled() { Self::DeletionBlocked } else { Self::Deleting }
    }

    /// How long the object cannot write; `sent` says that the PAM refused the object's own write, else no write was tried.
    #[must_use]
    pub const fn hold_up(self, sent: bool) -> HoldUp {
        match self {
            Self::PamRejected | Self::DeviceNotFound if sent => HoldUp::Lasting,
            Self::SecretNotFound
            | Self::SecretKeyNotFound
            | Self::SecretInvalid
            | Self::ConnectionNotFound
            | Self::ConnectionNotAllowed
            | Self::AccessDenied
            | Self::RecordConflict
            | Self::AnotherOperator
            | Self::NotServed => HoldUp::Lasting,
            Self::ConnectionNotReady
            | Self::InventoryIncomplete
            | Self::PamRejected
            | Self::PamPermissionDenied
            | Self::PamAuthenticationFailed => HoldUp::OfConnection,
            Self::Progressing
            | Self::Synced
            | Self::Adopted
            | Self::Planned
            | Self::Authenticated
            | Self::DeviceNotFound
            | Self::PamUnavailable
            | Self::RateLimited
            | Self::IdentifierConflict
            | Self::AccountConflict
            | Self::DeviceConflict
            | Self::Deleting
            | Self::DeletionBlocked => HoldUp::Passing,
        }
    }

    /// When it is looked at again though nothing changed. What lies in the cluster is watched and needs no
    /// second look; what lies in the PAM cannot be watched.
    #[must_use]
    pub const fn retry(self) -> Retry {
        match self {
            Self::Progressing
            | Self::DeviceNotFound
            | Self::PamUnavailable
            | Self::RateLimited
            | Self::InventoryIncomplete
            | Self::Deleting => Retry::Backoff,
            // What a name resolves to is not watched.
            Self::ConnectionNotAllowed
            | Self::RecordConflict
            | Self::PamRejected
            | Self::PamPermissionDenied
            | Self::PamAuthenticationFailed
            | Self::AnotherOperator
            | Self::DeletionBlocked => Retry::SecondLook,
            Self::Synced
            | Self::Adopted
            | Self::Planned
            | Self::Authenticated
            | Self::SecretNotFound
            | Self::SecretKeyNotFound
            | Self::SecretInvalid
            | Self::ConnectionNotFound
            | Self::ConnectionNotReady
            | Self::AccessDenied
            | Self::IdentifierConflict
            | Self::AccountConflict
            | Self::DeviceConflict
            | Self::NotServed => Retry::OnChange,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record would be kept for ever for an object that is stalled, unless the claims tell what it waits for.
    #[test]
    fn p7_no_record_is_kept_for_an_object_that_waits_for_somebody() {
        let told_by_claims = [Reason::IdentifierConflict, Reason::AccountConflict, Reason::DeviceConflict];
        for reason in Reason::ALL.into_iter().filter(|reason| reason.is_stalled() && !told_by_claims.contains(reason)) {
            // An object that is being deleted comes for nothing.
            let leaving = reason == Reason::DeletionBlocked;
            for sent in [false, true] {
                assert_eq!(reason.hold_up(sent) == HoldUp::Passing, leaving, "{reason:?}");
            }
        }
        for reason in [Reason::SecretNotFound, Reason::SecretKeyNotFound, Reason::ConnectionNotFound] {
            assert_eq!(reason.hold_up(false), HoldUp::Lasting, "{reason:?}: it mends by a change alone");
        }
        for reason in [Reason::ConnectionNotReady, Reason::InventoryIncomplete] {
            assert_eq!(reason.hold_up(false), HoldUp::OfConnection, "{reason:?}");
        }
        for reason in [Reason::Progressing, Reason::PamUnavailable, Reason::RateLimited] {
            assert_eq!(reason.hold_up(true), HoldUp::Passing, "{reason:?}: it mends by itself");
        }
        assert_eq!(
            [false, true].map(|sent| Reason::PamRejected.hold_up(sent)),
            [HoldUp::OfConnection, HoldUp::Lasting]
        );
    }
}
