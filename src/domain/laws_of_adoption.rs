//! The laws of the table of `design.md` 5: whose record may be written, and what is known of it before.

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
fn cell(seen: Seen, (adoption, granted): (Adoption, bool)) -> Cell {
    match (seen, adoption) {
        (Seen::Neither, Adoption::Never) => Cell::CreateKnown,
        (Seen::Neither, _) => Cell::Create,
        (Seen::IdentifierOnAccount { .. } | Seen::AccountBare { .. }, Adoption::Never) => Cell::UpdateIfMade,
        (Seen::IdentifierOnAccount { .. } | Seen::AccountBare { .. }, _) => Cell::Update,
        (Seen::FormerOnAccount { .. }, _) => Cell::Update,
        (Seen::IdentifierElsewhere { .. } | Seen::AccountOther { .. }, Adoption::TakeOver) if granted => Cell::TakeOver,
        (Seen::IdentifierElsewhere { .. } | Seen::AccountOther { .. }, Adoption::TakeOver) => Cell::Denied,
        _ => Cell::Conflict,
    }
}

/// An object that nobody knows yet, with its value, before that list.
fn first_push() -> Situation {
    let mut found = None;
    every_situation(|s| {
        let plain = s.connection == Connection::Ready && s.secrets == Secrets::Read(Value::New) && !s.suspended;
        let first = s.recorded == Recorded::Nothing && s.request == Request::None && !s.unexpected;
        if plain && first && s.inventory == Inventory::NotAsked && !s.fields_changed && !s.account_changed {
            found = Some(s);
        }
    });
    found.expect("it is in the space")
}

#[test]
fn p4_every_cell_of_the_table_is_as_it_is_written() {
    let first = first_push();
    for seen in sightings().into_iter().filter(|seen| !matches!(seen, Seen::Ours { .. })) {
        for (column, pending) in COLUMNS.iter().flat_map(|column| PENDING.map(|pending| (*column, pending))) {
            let pushes = |expect| move |decision| matches!(decision, Decision::Push(push) if push.expect == expect);
            let (adoption, take_over_granted) = column;
            let inventory = Inventory::Shows(seen);
            let decision = decide(&Situation { inventory, adoption, take_over_granted, pending, ..first });
            let right = match cell(seen, column) {
                Cell::Create => pushes(Expect::Create)(decision),
                Cell::CreateKnown if pending == Some(Intent::Create) => pushes(Expect::Create)(decision),
                Cell::CreateKnown => decision == Decision::Intend(Intent::Create),
                Cell::Update => pushes(Expect::Adopt)(decision),
                Cell::UpdateIfMade if pending == Some(Intent::Create) => pushes(Expect::Adopt)(decision),
                Cell::TakeOver if pending == Some(Intent::TakeOver) => pushes(Expect::Adopt)(decision),
                Cell::TakeOver => decision == Decision::Intend(Intent::TakeOver),
                Cell::Denied => decision == Decision::Wait(Reason::AccessDenied),
                Cell::UpdateIfMade | Cell::Conflict => decision == Decision::Wait(Reason::RecordConflict),
            };
            assert!(right, "{decision:?} for {seen:?} under {column:?}, pending {pending:?}");
        }
    }
}

#[test]
fn p4_a_record_we_do_not_know_is_written_only_where_the_table_permits_it() {
    every_push(|s, push| {
        let (adoption, granted) = (s.adoption, s.take_over_granted);
        match (s.recorded, push.expect, seen(&s)) {
            (Recorded::Here, Expect::Update, _) => {}
            (Recorded::Here, expect, seen) => {
                let anew = matches!(seen, Some(Seen::IdentifierOnAccount { .. } | Seen::AccountBare { .. }));
                assert!(
                    anew && expect == Expect::Adopt && s.request != Request::None,
                    "only by the user's word: {s:?}"
                );
            }
            (_, Expect::Create, Some(Seen::Neither)) => assert!(!s.unexpected),
            (Recorded::Elsewhere, Expect::Adopt, Some(Seen::Ours { at_account: true, .. })) => {}
            (_, Expect::Adopt, Some(seen)) => {
                let cell = cell(seen, (adoption, granted));
                assert!(matches!(cell, Cell::Update | Cell::UpdateIfMade | Cell::TakeOver), "{cell:?}: {s:?}");
            }
            (_, expect, seen) => panic!("{expect:?} onto {seen:?}"),
        }
    });
}

#[test]
fn p4_never_never_writes_onto_a_record_that_is_not_ours() {
    every_push(|s, push| {
        if s.adoption != Adoption::Never || push.expect != Expect::Adopt {
            return;
        }
        let made = s.pending == Some(Intent::Create) && s.recorded != Recorded::Here && !s.unexpected;
        let ours = match seen(&s).expect("looked at beforehand") {
            Seen::Ours { .. } | Seen::FormerOnAccount { .. } => true,
            Seen::IdentifierOnAccount { .. } | Seen::AccountBare { .. } => made,
            _ => false,
        };
        assert!(ours, "{s:?}");
    });
}

#[test]
fn p4_nothing_is_taken_over_without_the_users_word_and_the_connections() {
    every_push(|s, push| {
        let taken = matches!(seen(&s), Some(Seen::IdentifierElsewhere { .. } | Seen::AccountOther { .. }));
        if taken && push.expect == Expect::Adopt {
            assert!(s.adoption == Adoption::TakeOver && s.take_over_granted && s.recorded != Recorded::Here, "{s:?}");
        }
    });
}

#[test]
fn p3_what_only_status_can_tell_later_is_there_before_the_post() {
    every_push(|s, push| {
        if s.adoption == Adoption::Never && push.expect == Expect::Create {
            assert_eq!(s.pending, Some(Intent::Create));
        }
        let taken = matches!(seen(&s), Some(Seen::IdentifierElsewhere { .. } | Seen::AccountOther { .. }));
        if taken && push.expect == Expect::Adopt {
            assert_eq!(s.pending, Some(Intent::TakeOver));
        }
    });
}

#[test]
fn p3_an_intent_is_written_once_and_the_push_follows() {
    let mut count = 0;
    every_situation(|s| {
        if let Decision::Intend(intent) = decide(&s) {
            count += 1;
            assert_ne!(s.pending, Some(intent), "what is there is not written again");
            let after = decide(&Situation { pending: Some(intent), ..s });
            assert!(matches!(after, Decision::Push(_)), "{after:?} for {s:?}");
        }
    });
    assert!(count > 0);
}

#[test]
fn p3_what_is_pending_changes_nothing_where_it_is_not_asked_for() {
    every_situation(|s| {
        let without = decide(&Situation { pending: None, ..s });
        if s.adoption == Adoption::ByIdentifier {
            assert_eq!(decide(&s), without, "{s:?}");
        }
    });
}

#[test]
fn p4_the_grant_alone_changes_nothing() {
    every_situation(|s| {
        if s.adoption != Adoption::TakeOver {
            assert_eq!(decide(&Situation { take_over_granted: !s.take_over_granted, ..s }), decide(&s));
        }
    });
}

#[test]
fn a_record_is_enabled_only_where_that_is_due_and_it_is_ours() {
    let mut count = 0;
    every_situation(|s| {
        if decide(&s) == Decision::Enable {
            count += 1;
            assert!(s.enable_due && s.recorded == Recorded::Here && s.connection == Connection::Ready, "{s:?}");
            assert!(matches!(seen(&s), Some(Seen::Ours { .. } | Seen::Neither)), "{s:?}");
            assert!(!s.unexpected && !s.suspended, "{s:?}");
        }
    });
    assert!(count > 0);
}

#[test]
fn a_record_is_enabled_once_and_after_everything_else() {
    every_situation(|s| {
        if decide(&s) == Decision::Enable {
            let after = decide(&Situation { enable_due: false, ..s });
            assert!(matches!(after, Decision::Settled | Decision::HoldValue), "{after:?} for {s:?}");
        }
    });
}

#[test]
fn what_is_to_be_sent_does_not_wait_for_a_record_to_be_enabled() {
    every_situation(|s| {
        let without = decide(&Situation { enable_due: false, ..s });
        if matches!(without, Decision::Push(_) | Decision::Intend(_)) {
            assert_eq!(decide(&s), without, "{s:?}");
        }
    });
}
