//! P4: our own record, and what is not to be taken for it.

use super::*;

/// Our record, to which a write is due.
const OURS: Changes = SAME.binding(Binding::Bound).connection(Connection::Ready);

/// Whether a write to our record is due that is not only a correction.
fn is_to_be_written(s: &impl Facts, value: ValueComparison) -> bool {
    is_due(s, value) || is_resend_due(s)
}

#[test]
fn p4_our_record_is_written_where_it_is_shown_alone_and_else_only_by_what_we_know() {
    law_of(1_000, OURS, |s| {
        let (SecretsState::Read(value), Inventory::Shows(seen)) = (s.secrets(), s.inventory()) else { return false };
        if !is_to_be_written(s, value) {
            return false;
        }
        let decision = decide(s);
        let updates = matches!(decision, Decision::Push(Push { expect: Expect::Update, .. }));
        let blind = s.account_changed() || s.mismatch() || s.login_changed();
        let unlooked = !blind && !is_looked_at(s, value);
        match seen {
            _ if unlooked => assert!(updates, "{decision:?}"),
            Seen::Ours { .. } => assert!(updates, "{decision:?}"),
            Seen::Neither if !blind => assert!(updates, "{decision:?}"),
            Seen::IdentifierOnAccount { .. } | Seen::AccountBare { .. }
                if s.request() != Request::None && s.adoption() != AdoptionPolicy::Never =>
            {
                assert!(matches!(decision, Decision::Push(Push { expect: Expect::Existing, .. })), "{decision:?}");
            }
            _ => assert_eq!(decision, Decision::Wait(Reason::RecordConflict)),
        }
        true
    });
}

/// Whether a push is looked at first though it is of our own record, by our own login, at its old account.
fn is_looked_at(s: &impl Facts, value: ValueComparison) -> bool {
    let repair = is_resend_due(s) || is_to_be_corrected(s) || s.suspected_write();
    (repair && !matches!(value, ValueComparison::New | ValueComparison::Changed))
        || s.request() == Request::Fields
        || (value == ValueComparison::Unknown && s.baseline())
}

#[test]
fn p4_where_the_list_cannot_be_trusted_only_what_it_shows_as_we_know_it_is_written() {
    law_of(1_000, OURS, |s| {
        let (SecretsState::Read(value), Inventory::Incomplete(seen)) = (s.secrets(), s.inventory()) else {
            return false;
        };
        let blind = s.account_changed() || s.mismatch() || s.login_changed();
        let repair = (is_resend_due(s) || s.suspected_write())
            && !matches!(value, ValueComparison::New | ValueComparison::Changed);
        let asked = s.request() == Request::Fields || (value == ValueComparison::Unknown && s.baseline());
        if !is_to_be_written(s, value) || !(blind || repair || asked) {
            return false;
        }
        let decision = decide(s);
        match seen {
            Seen::Ours { at_account: true, .. } if !s.account_changed() => {
                assert!(matches!(decision, Decision::Push(Push { expect: Expect::Update, .. })), "{decision:?}");
            }
            _ => assert_eq!(decision, Decision::Wait(Reason::InventoryIncomplete)),
        }
        true
    });
}

#[test]
fn p4_where_there_is_no_list_our_record_is_written_as_we_know_it() {
    law_of(1_000, OURS.inventory(Inventory::Off), |s| {
        let SecretsState::Read(value) = s.secrets() else { return false };
        if !is_to_be_written(s, value) {
            return false;
        }
        match decide(s) {
            Decision::Push(push) => assert_eq!(push.expect, Expect::Update),
            decision => {
                assert!(s.mismatch() && s.request() == Request::None);
                assert_eq!(decision, Decision::Wait(Reason::RecordConflict));
            }
        }
        true
    });
}

#[test]
fn p4_where_there_is_no_list_an_unexplained_answer_waits_for_the_users_word() {
    for recorded in [Binding::Unbound, Binding::BoundElsewhere] {
        let stray = SAME.binding(recorded).connection(Connection::Ready).mismatch(true);
        law_of(10, stray.inventory(Inventory::Off), |s| {
            let SecretsState::Read(value) = s.secrets() else { return false };
            let word = s.request() != Request::None && s.adoption() != AdoptionPolicy::Never;
            let send = value != ValueComparison::None && (s.request() == Request::Value || !s.set_to_rotate());
            let adopt = Decision::Push(Push { expect: Expect::Existing, value: send, all_fields: true });
            assert_eq!(decide(s), if word { adopt } else { Decision::Wait(Reason::RecordConflict) });
            true
        });
    }
}

#[test]
fn p4_after_an_answer_that_named_another_record_nothing_is_written_blindly() {
    law_of_pushes(1_000, SAME.mismatch(true), |s, _, _| {
        let ours = matches!(listed(s), Some(Seen::Ours { .. }));
        assert!(ours || s.request() != Request::None, "only what we know, or the user vouches for");
    });
}

#[test]
fn p4_nothing_counts_as_settled_while_an_answer_is_unexplained() {
    law_of(100, SAME.mismatch(true), |s| {
        let decision = decide(s);
        let settled =
            [Decision::Settled, Decision::Record, Decision::WithholdValue, Decision::Rebind, Decision::Enable];
        assert!(!settled.contains(&decision), "{decision:?}");
        true
    });
}

#[test]
fn p4_another_login_writes_only_what_it_is_shown_to_be_ours_or_the_user_vouches_for() {
    law_of(1_000, SAME.login_changed(true), |s| {
        let without = decide(&but(s, SAME.login_changed(false)));
        match (without, decide(s)) {
            (Decision::Push(_), Decision::Push(_)) if s.binding() == Binding::Bound => {
                let ours = matches!(listed(s), Some(Seen::Ours { .. })) || s.inventory() == Inventory::Off;
                assert!(ours || s.request() != Request::None);
                true
            }
            (Decision::Push(_) | Decision::Enable, Decision::Wait(_) | Decision::Look(Look::Inventory)) => {
                assert_eq!(s.binding(), Binding::Bound, "a first push is looked at anyway");
                assert!(!matches!(shown(s), Some(Seen::Ours { .. })));
                true
            }
            (without, with) => {
                assert_eq!(without, with, "what is not due is not looked at either");
                false
            }
        }
    });
}

#[test]
fn p4_a_rename_or_move_is_made_only_where_the_record_is_seen_and_alone() {
    law_of_pushes(1_000, SAME.binding(Binding::Bound).account_changed(true), |s, _, push| {
        let ours = matches!(shown(s), Some(Seen::Ours { .. }));
        let word = s.request() != Request::None && push.expect == Expect::Existing;
        assert!(ours || word || s.inventory() == Inventory::Off);
    });
}
