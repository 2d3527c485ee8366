//! What is looked at, and when.

use super::*;

#[test]
fn what_was_seen_is_never_asked_for_again() {
    law(10_000, |s| match decide(s) {
        Decision::Look(what) => {
            match what {
                Look::Secrets => assert!(matches!(s.secrets(), SecretsState::Unread | SecretsState::Unchanged)),
                Look::Inventory => assert_eq!(s.inventory(), Inventory::NotAsked),
                Look::Claims => assert_eq!(s.claims(), Claims::NotAsked),
            }
            true
        }
        _ => false,
    });
}

#[test]
fn a_wait_names_what_stands_in_the_way() {
    law_of_plain(10_000, |s| match decide(s) {
        Decision::Wait(reason) => {
            let named = match reason {
                Reason::SecretNotFound => s.secrets() == SecretsState::Missing,
                Reason::SecretKeyNotFound => s.secrets() == SecretsState::KeyMissing,
                Reason::SecretInvalid => s.secrets() == SecretsState::Invalid,
                Reason::ConnectionNotFound => s.connection() == Connection::Missing,
                Reason::RecordConflict => listed(s).is_some() || s.inventory() == Inventory::Off,
                Reason::AccessDenied => s.adoption() == AdoptionPolicy::TakeOver && !s.take_over_granted(),
                Reason::InventoryIncomplete => {
                    matches!(s.inventory(), Inventory::Incomplete(_) | Inventory::Failed(Reason::InventoryIncomplete))
                }
                reason if s.connection() != Connection::Ready => s.connection() == Connection::NotReady(reason),
                reason => s.inventory() == Inventory::Failed(reason),
            };
            assert!(named, "{reason:?}");
            true
        }
        _ => false,
    });
}

#[test]
fn a_secret_that_cannot_be_had_is_told_whether_or_not_something_is_due() {
    for (secrets, reason) in [
        (SecretsState::Missing, Reason::SecretNotFound),
        (SecretsState::KeyMissing, Reason::SecretKeyNotFound),
        (SecretsState::Invalid, Reason::SecretInvalid),
    ] {
        law_of(1, SAME.secrets(secrets), |s| match decide(s) {
            Decision::Wait(told) if told == reason => true,
            Decision::Wait(_) => {
                assert_ne!(s.connection(), Connection::Ready);
                false
            }
            decision => panic!("{decision:?}"),
        });
    }
}

#[test]
fn a_secret_is_read_when_it_may_have_changed_or_something_is_due() {
    law_of(1, SAME.connection(Connection::Ready).secrets(SecretsState::Unread), |s| {
        assert_eq!(decide(s), Decision::Look(Look::Secrets));
        true
    });
    law_of(5, SAME.connection(Connection::Ready).secrets(SecretsState::Unchanged), |s| {
        let here = s.binding() == Binding::Bound;
        let repair = here && (is_resend_due(s) || s.suspected_write() || s.enable_due());
        let correction = here && is_to_be_corrected(s) && !is_without_list(s);
        let due = is_due(s, ValueComparison::Same) || repair || correction || s.enable_due();
        assert_eq!(decide(s), if due { Decision::Look(Look::Secrets) } else { Decision::Settled });
        true
    });
}

/// Whether nothing that a list would say can be believed.
fn is_without_list(s: &impl Facts) -> bool {
    matches!(s.inventory(), Inventory::Incomplete(_) | Inventory::Off)
}

#[test]
fn nothing_is_sent_without_a_ready_connection_and_its_state_is_told_where_something_is_due() {
    law_of_plain(100, |s| {
        let reason = match s.connection() {
            Connection::Ready => return false,
            Connection::Missing => Reason::ConnectionNotFound,
            Connection::NotReady(reason) => reason,
        };
        let value = match s.secrets() {
            SecretsState::Read(value) => value,
            _ => ValueComparison::Same,
        };
        let told = Decision::Wait(reason);
        match decide(s) {
            decision if is_due(s, value) || s.enable_due() => assert_eq!(decision, told),
            Decision::Settled | Decision::Look(Look::Secrets) => {}
            Decision::Wait(Reason::SecretNotFound | Reason::SecretKeyNotFound | Reason::SecretInvalid) => {}
            decision => panic!("{decision:?}: its object is as well as it was"),
        }
        true
    });
}

#[test]
fn p2_what_changed_on_our_own_record_is_sent_without_a_list() {
    let own = SAME.binding(Binding::Bound).connection(Connection::Ready).inventory(Inventory::NotAsked);
    law_of(1_000, own, |s| {
        let SecretsState::Read(value) = s.secrets() else { return false };
        let again = is_resend_due(s) || is_to_be_corrected(s) || s.suspected_write();
        let repair = again && !matches!(value, ValueComparison::New | ValueComparison::Changed);
        let another = s.account_changed() || s.mismatch() || s.login_changed() || s.request() == Request::Fields;
        let listed = another || repair || (value == ValueComparison::Unknown && s.baseline());
        let decision = decide(s);
        if is_due(s, value) {
            assert_eq!(matches!(decision, Decision::Push(push) if push.expect == Expect::Update), !listed);
            assert_eq!(decision == Decision::Look(Look::Inventory), listed);
        }
        is_due(s, value)
    });
}

#[test]
fn p4_nothing_but_our_own_record_is_written_without_a_list() {
    law_of_pushes(1_000, SAME.inventory(Inventory::NotAsked), |s, _, push| {
        assert_eq!((push.expect, s.binding()), (Expect::Update, Binding::Bound));
        assert!(!s.account_changed() && !s.mismatch() && !s.login_changed());
    });
    law_of_plain(100, |s| match (s.inventory(), decide(s)) {
        (Inventory::Failed(_), Decision::Push(push)) => {
            assert_eq!((push.expect, s.binding()), (Expect::Update, Binding::Bound));
            assert!(!s.account_changed() && !s.mismatch() && !s.login_changed());
            true
        }
        _ => false,
    });
}
