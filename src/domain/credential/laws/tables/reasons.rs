//! The reasons, as the table of `design.md` 3 has them.

use super::*;
use crate::domain::Retry;

#[test]
fn every_reason_has_a_name_of_its_own_and_is_found_by_it() {
    for reason in Reason::ALL {
        assert_eq!(reason.as_str(), format!("{reason:?}"));
        assert_eq!(Reason::named(reason.as_str()), Some(reason));
    }
    assert_eq!(Reason::named("synced"), None);
    assert_eq!(Reason::named(""), None);
}

#[test]
fn every_reason_stands_as_the_table_says() {
    for reason in Reason::ALL {
        let (ready, stalled, retry) = match reason {
            Reason::Synced | Reason::Adopted | Reason::Planned | Reason::Authenticated => {
                (true, false, Retry::OnChange)
            }
            Reason::Progressing
            | Reason::DeviceNotFound
            | Reason::PamUnavailable
            | Reason::RateLimited
            | Reason::InventoryIncomplete
            | Reason::Deleting => (false, false, Retry::Backoff),
            Reason::SecretNotFound
            | Reason::SecretKeyNotFound
            | Reason::ConnectionNotFound
            | Reason::ConnectionNotReady => (false, false, Retry::OnChange),
            Reason::SecretInvalid
            | Reason::AccessDenied
            | Reason::IdentifierConflict
            | Reason::AccountConflict
            | Reason::DeviceConflict
            | Reason::NotServed => (false, true, Retry::OnChange),
            Reason::ConnectionNotAllowed
            | Reason::RecordConflict
            | Reason::PamRejected
            | Reason::PamPermissionDenied
            | Reason::PamAuthenticationFailed
            | Reason::AnotherOperator
            | Reason::DeletionBlocked => (false, true, Retry::SecondLook),
        };
        assert_eq!((reason.is_ready(), reason.is_stalled(), reason.retry()), (ready, stalled, retry), "{reason:?}");
    }
}
