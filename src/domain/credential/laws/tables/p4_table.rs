//! The table of `design.md` 5: whose record may be written, and what is known of it before.

use super::*;

/// What a column says of one row, for a record that status does not know.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Cell {
    Create,
    CreateKnown,
    Update,
    UpdateIfMade,
    TakeOver,
    Denied,
    Conflict,
}

/// The table as it is written in `design.md`, cell by cell.
fn cell(seen: Seen, adoption: AdoptionPolicy, granted: bool) -> Cell {
    match (seen, adoption) {
        (Seen::Neither, AdoptionPolicy::Never) => Cell::CreateKnown,
        (Seen::Neither, _) => Cell::Create,
        (Seen::IdentifierOnAccount { .. } | Seen::AccountBare { .. }, AdoptionPolicy::Never) => Cell::UpdateIfMade,
        (Seen::IdentifierOnAccount { .. } | Seen::AccountBare { .. }, _) => Cell::Update,
        (Seen::FormerOnAccount { .. }, _) => Cell::Update,
        (Seen::IdentifierElsewhere { .. } | Seen::AccountOther { .. }, AdoptionPolicy::TakeOver) if granted => {
            Cell::TakeOver
        }
        (Seen::IdentifierElsewhere { .. } | Seen::AccountOther { .. }, AdoptionPolicy::TakeOver) => Cell::Denied,
        _ => Cell::Conflict,
    }
}

/// What a cell decides.
fn decided(cell: Cell, value: ValueComparison, rotates: bool, in_flight: Option<Intent>) -> Decision {
    let push = |expect, value| Decision::Push(Push { expect, value, all_fields: true });
    let create = push(Expect::Create, value != ValueComparison::None);
    let adopt = push(Expect::Existing, value != ValueComparison::None && !rotates);
    match cell {
        Cell::Create => create,
        Cell::CreateKnown if in_flight == Some(Intent::Create) => create,
        Cell::CreateKnown => Decision::Intend(Intent::Create),
        Cell::Update => adopt,
        Cell::UpdateIfMade if in_flight == Some(Intent::Create) => adopt,
        Cell::TakeOver if in_flight == Some(Intent::TakeOver) => adopt,
        Cell::TakeOver => Decision::Intend(Intent::TakeOver),
        Cell::Denied => Decision::Wait(Reason::AccessDenied),
        Cell::UpdateIfMade | Cell::Conflict => Decision::Wait(Reason::RecordConflict),
    }
}

/// A push of what status does not know to be ours, or knows of another place.
const FIRST: Changes = SAME.connection(Connection::Ready).mismatch(false).request(Request::None);

fn law_of_first_pushes(speaks: impl Fn(&Plain<'_>, ValueComparison) -> bool) {
    for recorded in [Binding::Unbound, Binding::BoundElsewhere] {
        law_of(10, FIRST.binding(recorded), |s| match s.secrets() {
            SecretsState::Read(value) => speaks(s, value),
            _ => false,
        });
    }
}

#[test]
fn p4_every_cell_of_the_table_is_as_it_is_written() {
    law_of_first_pushes(|s, value| {
        let Inventory::Shows(seen) = s.inventory() else { return false };
        if matches!(seen, Seen::Ours { .. }) {
            return false;
        }
        let rotates = rotation(seen).unwrap_or_default();
        let cell = cell(seen, s.adoption(), s.take_over_granted());
        assert_eq!(decide(s), decided(cell, value, rotates, s.in_flight()), "{cell:?}");
        true
    });
}

#[test]
fn p4_no_cell_holds_where_the_list_cannot_be_trusted() {
    law_of_first_pushes(|s, _| {
        let incomplete = matches!(s.inventory(), Inventory::Incomplete(_));
        assert!(!incomplete || decide(s) == Decision::Wait(Reason::InventoryIncomplete));
        incomplete
    });
}

#[test]
fn p4_where_there_is_no_list_a_record_is_created_and_the_answer_tells() {
    law_of_first_pushes(|s, value| {
        let cell = if s.adoption() == AdoptionPolicy::Never { Cell::CreateKnown } else { Cell::Create };
        let off = s.inventory() == Inventory::Off;
        assert!(!off || decide(s) == decided(cell, value, false, s.in_flight()));
        off
    });
}

#[test]
fn p4_a_first_push_waits_for_the_list() {
    law_of_first_pushes(|s, _| match (s.inventory(), decide(s)) {
        (Inventory::NotAsked, decision) => {
            assert_eq!(decision, Decision::Look(Look::Inventory));
            true
        }
        (Inventory::Failed(reason), decision) => {
            assert_eq!(decision, Decision::Wait(reason));
            true
        }
        _ => false,
    });
}

#[test]
fn p4_in_another_place_the_same_record_is_the_same_vault() {
    let there = FIRST.binding(Binding::BoundElsewhere);
    for rotates in [false, true] {
        let ours = Inventory::Shows(Seen::Ours { at_account: true, rotates });
        law_of(10, there.inventory(ours), |s| {
            let SecretsState::Read(value) = s.secrets() else { return false };
            let due = matches!(value, ValueComparison::New | ValueComparison::Changed)
                || s.fields_changed()
                || s.account_changed();
            let update = decided(Cell::Update, value, rotates, None);
            assert_eq!(decide(s), if due { update } else { Decision::Rebind });
            true
        });
    }
}

#[test]
fn p4_a_place_is_rebound_only_where_the_same_record_was_found_and_nothing_is_due() {
    law_of_plain(10, |s| {
        let rebound = decide(s) == Decision::Rebind;
        if rebound {
            assert_eq!(s.binding(), Binding::BoundElsewhere);
            assert!(matches!(shown(s), Some(Seen::Ours { at_account: true, .. })));
            assert!(!s.fields_changed() && !s.account_changed() && !s.mismatch() && s.request() == Request::None);
        }
        rebound
    });
}

#[test]
fn p4_a_record_we_do_not_know_is_written_only_where_the_table_permits_it() {
    law_of_pushes(10_000, SAME, |s, _, push| {
        let word = s.request() != Request::None;
        match (s.binding(), push.expect, s.inventory()) {
            (Binding::Bound, Expect::Update, _) => {}
            (Binding::Bound, expect, inventory) => {
                let again =
                    matches!(inventory, Inventory::Shows(Seen::IdentifierOnAccount { .. } | Seen::AccountBare { .. }));
                assert!(again && word && expect == Expect::Existing && s.adoption() != AdoptionPolicy::Never);
            }
            (_, Expect::Create, Inventory::Shows(Seen::Neither) | Inventory::Off) => assert!(!s.mismatch()),
            (_, Expect::Existing, Inventory::Off) => {
                assert!(s.mismatch() && word && s.adoption() != AdoptionPolicy::Never);
            }
            (Binding::BoundElsewhere, Expect::Existing, Inventory::Shows(Seen::Ours { at_account: true, .. })) => {}
            (_, Expect::Existing, Inventory::Shows(seen)) => {
                let cell = cell(seen, s.adoption(), s.take_over_granted());
                assert!(matches!(cell, Cell::Update | Cell::UpdateIfMade | Cell::TakeOver), "{cell:?}");
                assert!(!s.mismatch() || word);
            }
            (_, expect, inventory) => panic!("{expect:?} of {inventory:?}"),
        }
    });
}

#[test]
fn p4_the_users_word_opens_the_cell_and_no_other() {
    let word = SAME.connection(Connection::Ready).binding(Binding::Unbound).mismatch(true);
    for request in [Request::None, Request::Fields, Request::Value] {
        law_of(100, word.request(request), |s| {
            let (SecretsState::Read(value), Inventory::Shows(seen)) = (s.secrets(), s.inventory()) else {
                return false;
            };
            let rotates = rotation(seen).unwrap_or_default() && request != Request::Value;
            let cell = cell(seen, s.adoption(), s.take_over_granted());
            let expected = match (cell, request) {
                (_, Request::None) | (Cell::Create | Cell::CreateKnown | Cell::UpdateIfMade | Cell::Conflict, _) => {
                    Decision::Wait(Reason::RecordConflict)
                }
                (cell, _) => decided(cell, value, rotates, s.in_flight()),
            };
            assert_eq!(decide(s), expected, "{cell:?}");
            true
        });
    }
}

#[test]
fn p4_never_never_writes_onto_a_record_that_is_not_ours() {
    law_of_pushes(100, SAME.adoption(AdoptionPolicy::Never), |s, _, push| {
        if push.expect != Expect::Existing {
            return;
        }
        let made = s.in_flight() == Some(Intent::Create) && s.binding() != Binding::Bound && !s.mismatch();
        let ours = match shown(s) {
            Some(Seen::Ours { .. } | Seen::FormerOnAccount { .. }) => true,
            Some(Seen::IdentifierOnAccount { .. } | Seen::AccountBare { .. }) => made,
            _ => false,
        };
        assert!(ours);
    });
}

#[test]
fn p4_nothing_is_taken_over_without_the_users_word_and_the_connections() {
    law_of_pushes(1_000, SAME, |s, _, push| {
        let taken = matches!(listed(s), Some(Seen::IdentifierElsewhere { .. } | Seen::AccountOther { .. }));
        if taken && push.expect == Expect::Existing {
            assert!(s.adoption() == AdoptionPolicy::TakeOver && s.take_over_granted() && s.binding() != Binding::Bound);
        }
    });
}

#[test]
fn p4_the_grant_alone_changes_nothing() {
    for adoption in [AdoptionPolicy::Never, AdoptionPolicy::ByIdentifier] {
        law_of(1_000, SAME.adoption(adoption), |s| {
            let with = |granted| decide(&but(s, SAME.take_over_granted(granted)));
            assert_eq!(with(false), with(true));
            true
        });
    }
}
