//! P6: a value that the vault rotated is its own.

use super::*;

#[test]
fn p6_a_value_that_the_vault_rotates_is_sent_only_where_ours_changed_or_was_asked_for() {
    law_of_pushes(10_000, SAME, |s, value, push| {
        let changed = push.expect == Expect::Update && matches!(value, ValueComparison::New | ValueComparison::Changed);
        let created = push.expect == Expect::Create;
        if push.value && is_the_vaults(s) {
            assert!(changed || created || s.request() == Request::Value);
        }
    });
}

#[test]
fn p6_a_value_goes_along_only_for_a_reason() {
    law_of_pushes(10_000, SAME, |s, value, push| {
        if !push.value || push.expect != Expect::Update {
            return;
        }
        let ours = matches!(value, ValueComparison::New | ValueComparison::Changed) || s.request() != Request::None;
        let late = s.settle() == (SettleWindow::Elapsed { value: true }) || may_hold_suspected_value(s);
        let corrected = is_to_be_corrected(s) && !s.value_withheld() && matches!(shown(s), Some(Seen::Ours { .. }));
        let lost = value == ValueComparison::Unknown && s.baseline() && s.change() == Change::Same;
        let known = value == ValueComparison::Same && (late || corrected);
        assert!(ours || known || lost);
    });
}

#[test]
fn p6_there_is_no_value_where_the_spec_names_none() {
    law_of_pushes(1_000, SAME.secrets(SecretsState::Read(ValueComparison::None)), |_, _, push| assert!(!push.value));
}

#[test]
fn p6_a_value_that_is_new_or_asked_for_is_sent() {
    law_of_pushes(10_000, SAME, |s, value, push| {
        let changed = push.expect == Expect::Update && matches!(value, ValueComparison::New | ValueComparison::Changed);
        let asked = s.request() == Request::Value;
        let created = push.expect == Expect::Create;
        let adopted = push.expect == Expect::Existing && !is_the_vaults(s);
        let known =
            listed(s).and_then(rotation).or_else(|| (s.inventory() == Inventory::Off).then(|| s.set_to_rotate()));
        let fields = s.request() == Request::Fields && known == Some(false);
        if value != ValueComparison::None && (changed || asked || created || adopted || fields) {
            assert!(push.value);
        }
    });
}

#[test]
fn p6_with_a_lost_key_a_value_is_sent_only_where_nobody_wrote_since_or_it_was_asked_for() {
    let lost =
        SAME.secrets(SecretsState::Read(ValueComparison::Unknown)).binding(Binding::Bound).request(Request::None);
    law_of_pushes(1_000, lost, |s, _, push| {
        let ours = matches!(listed(s), Some(Seen::Ours { rotates: false, .. })) || s.inventory() == Inventory::Off;
        let untouched = ours && s.baseline() && s.change() == Change::Same && !s.value_withheld();
        let sent = push.value && push.expect == Expect::Update;
        assert_eq!(sent, untouched && !is_the_vaults(s));
    });
}

#[test]
fn p6_an_unknown_baseline_permits_no_value_but_over_a_suspected_write_that_the_vault_does_not_rotate() {
    law_of_pushes(1_000, SAME.binding(Binding::Bound).request(Request::None), |s, value, push| {
        let old = matches!(value, ValueComparison::Same | ValueComparison::Unknown) && push.expect == Expect::Update;
        let late = value == ValueComparison::Same && s.settle() == (SettleWindow::Elapsed { value: true });
        let corrected = value == ValueComparison::Same && is_to_be_corrected(s);
        let suspected = value == ValueComparison::Same && s.suspected_value() && !is_the_vaults(s);
        if old && push.value && !s.baseline() {
            assert!(late || corrected || suspected);
        }
    });
}

/// What is in the vault is what it rotated, though it may have stopped since.
#[test]
fn p6_a_value_that_was_withheld_is_sent_only_where_ours_changed_or_was_asked_for() {
    let withheld = SAME.value_withheld(true).binding(Binding::Bound).request(Request::None);
    law_of_pushes(1_000, withheld, |s, value, push| {
        let late = value == ValueComparison::Same && s.settle() == (SettleWindow::Elapsed { value: true });
        if push.value && push.expect == Expect::Update {
            assert!(late || matches!(value, ValueComparison::New | ValueComparison::Changed));
        }
    });
}

#[test]
fn p6_a_lost_key_alone_is_looked_into_where_a_baseline_is_known() {
    let lost = QUIET
        .secrets(SecretsState::Read(ValueComparison::Unknown))
        .settle(SettleWindow::Closed)
        .drift(Drift::None)
        .enable_due(false);
    law_of(10, lost, |s| {
        let untouched = s.change() == Change::Same && !s.value_withheld();
        let push = Push { expect: Expect::Update, value: true, all_fields: s.suspected_write() };
        let expected = match s.inventory() {
            _ if !s.baseline() => Decision::WithholdValue,
            Inventory::NotAsked => Decision::Look(Look::Inventory),
            Inventory::Failed(reason) => Decision::Wait(reason),
            Inventory::Shows(Seen::Ours { at_account: true, rotates: false })
            | Inventory::Incomplete(Seen::Ours { at_account: true, rotates: false })
                if untouched =>
            {
                Decision::Push(push)
            }
            _ => Decision::WithholdValue,
        };
        assert_eq!(decide(s), expected);
        true
    });
}

#[test]
fn only_an_update_for_what_changed_leaves_groups_of_fields_out() {
    law_of_pushes(10_000, SAME, |s, value, push| {
        let asked = s.request() != Request::None;
        let repaired = is_resend_due(s) || is_to_be_corrected(s) || s.suspected_write();
        if !push.all_fields {
            assert!(push.expect == Expect::Update && !asked);
        }
        if push.all_fields && push.expect == Expect::Update {
            assert!(asked || repaired);
        }
        if value != ValueComparison::Unknown && push.expect == Expect::Update && asked {
            assert!(push.all_fields);
        }
    });
}

#[test]
fn p9_an_operator_that_does_not_serve_the_connection_writes_no_digest() {
    law_of_plain(10, |s| {
        let ready = s.connection() == Connection::Ready;
        let digests = matches!(decide(s), Decision::WithholdValue | Decision::Record | Decision::Rebind);
        assert!(ready || !digests);
        digests
    });
}
