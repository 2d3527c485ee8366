//! `ensureEnabled`: a record that was there before is enabled, once, and after everything else.

use super::*;

/// Our record, of which nothing is due but that it is enabled.
const DUE: Changes = QUIET.enable_due(true).settle(SettleWindow::Closed).drift(Drift::None);

#[test]
fn a_record_is_enabled_where_it_is_seen_as_ours_or_not_at_all() {
    for value in [ValueComparison::None, ValueComparison::Same] {
        law_of(10, DUE.suspected_write(false).secrets(SecretsState::Read(value)), |s| {
            let expected = match s.inventory() {
                Inventory::NotAsked => Decision::Look(Look::Inventory),
                Inventory::Failed(reason) => Decision::Wait(reason),
                Inventory::Shows(Seen::Ours { .. }) | Inventory::Incomplete(Seen::Ours { .. }) => Decision::Enable,
                // To another login, an id is nothing by itself.
                Inventory::Shows(Seen::Neither) | Inventory::Off if !s.login_changed() => Decision::Enable,
                Inventory::Shows(_) | Inventory::Off => Decision::Wait(Reason::RecordConflict),
                Inventory::Incomplete(_) => Decision::Wait(Reason::InventoryIncomplete),
            };
            assert_eq!(decide(s), expected);
            true
        });
    }
}

#[test]
fn a_record_is_enabled_only_where_that_is_due_and_it_is_ours() {
    law_of_plain(100, |s| {
        let enabled = decide(s) == Decision::Enable;
        if enabled {
            assert!(s.enable_due() && s.binding() == Binding::Bound && s.connection() == Connection::Ready);
            let ours = matches!(listed(s), Some(Seen::Ours { .. }));
            let unlisted = shown(s) == Some(Seen::Neither) || s.inventory() == Inventory::Off;
            assert!(ours || (unlisted && !s.login_changed()));
        }
        enabled
    });
}

#[test]
fn a_record_is_enabled_after_everything_else() {
    law_of_plain(100, |s| {
        let without = decide(&but(s, SAME.enable_due(false)));
        let with = decide(&but(s, SAME.enable_due(true)));
        if matches!(without, Decision::Push(_) | Decision::Intend(_) | Decision::Rebind) {
            assert_eq!(with, without);
        }
        if with == Decision::Enable {
            // What it would make unknowable was looked at before.
            let looked = matches!(without, Decision::Settled | Decision::Record | Decision::WithholdValue);
            assert!(looked, "{without:?}");
        }
        with == Decision::Enable
    });
}
