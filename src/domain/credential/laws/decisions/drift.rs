//! Drift: what somebody else did to a record is told, and undone only where that was asked for.

use super::*;

#[test]
fn drift_that_is_only_reported_changes_nothing() {
    for kind in [SAME.correct(false), SAME.correct(true).corrections_exhausted(true)] {
        law_of(1_000, kind, |s| {
            assert_eq!(decide(s), decide(&but(s, SAME.drift(Drift::None))));
            true
        });
    }
}

#[test]
fn absence_and_what_only_the_vault_knows_is_never_a_reason_to_write() {
    for drift in [Drift::NotListed, Drift::SecondRecord, Drift::Rotated] {
        law_of(1_000, SAME.correct(true).corrections_exhausted(false).drift(drift), |s| {
            assert_eq!(decide(s), decide(&but(s, SAME.drift(Drift::None))));
            true
        });
    }
}

/// A record that somebody else changed, and that has to be corrected.
const CHANGED: Changes = SAME.correct(true).corrections_exhausted(false).binding(Binding::Bound);

const CORRECTABLE: [Drift; 4] = [Drift::Identifier, Drift::Renamed, Drift::Moved, Drift::Changed];

#[test]
fn what_changed_is_corrected_where_the_list_shows_that_it_can_be() {
    for drift in CORRECTABLE {
        law_of(100, QUIET.and(CHANGED).drift(drift).settle(SettleWindow::Closed), |s| {
            let SecretsState::Read(value) = s.secrets() else { return false };
            let lost = s.baseline() && s.change() == Change::Same;
            let known = match value {
                ValueComparison::None | ValueComparison::New | ValueComparison::Changed => return false,
                ValueComparison::Same => !s.value_withheld(),
                ValueComparison::Unknown => lost && !s.value_withheld(),
            };
            match (s.inventory(), decide(s)) {
                (Inventory::NotAsked, decision) => assert_eq!(decision, Decision::Look(Look::Inventory)),
                (Inventory::Failed(reason), decision) => assert_eq!(decision, Decision::Wait(reason)),
                (Inventory::Shows(Seen::Ours { rotates, .. }), decision) => {
                    let push = Push { expect: Expect::Update, value: known && !rotates, all_fields: true };
                    assert_eq!(decision, Decision::Push(push));
                }
                (_, decision) => assert_eq!(decision, decide(&but(s, SAME.drift(Drift::None)))),
            }
            true
        });
    }
}

#[test]
fn a_correction_that_meets_a_conflict_is_left_out() {
    for drift in CORRECTABLE {
        let quiet = QUIET
            .settle(SettleWindow::Closed)
            .suspected_write(false)
            .enable_due(false)
            .secrets(SecretsState::Read(ValueComparison::Same));
        law_of(10, quiet.and(CHANGED).drift(drift), |s| {
            let cannot_be = match s.inventory() {
                Inventory::Shows(seen) => !matches!(seen, Seen::Ours { .. }),
                Inventory::Incomplete(_) | Inventory::Off => true,
                Inventory::NotAsked | Inventory::Failed(_) => false,
            };
            assert!(!cannot_be || decide(s) == Decision::Settled);
            cannot_be
        });
    }
}

#[test]
fn by_a_list_that_cannot_be_trusted_nothing_is_corrected() {
    for drift in CORRECTABLE {
        law_of(1_000, CHANGED.drift(drift), |s| {
            let untrusted = matches!(s.inventory(), Inventory::Incomplete(_) | Inventory::Off);
            assert!(!untrusted || decide(s) == decide(&but(s, SAME.drift(Drift::None))));
            untrusted
        });
    }
}

#[test]
fn a_correction_is_called_so_only_where_it_is_all_that_is_due() {
    law_of_pushes(10_000, SAME.binding(Binding::Bound), |s, value, push| {
        let other = is_due(s, value) || is_resend_due(s);
        let only = is_to_be_corrected(s) && !other && push.expect == Expect::Update;
        let trusted = matches!(s.inventory(), Inventory::Shows(_));
        assert_eq!(is_only_correction(s, value), only && trusted);
    });
}

#[test]
fn a_correction_waits_for_its_connection_without_a_word() {
    for connection in [Connection::Missing, Connection::NotReady(Reason::PamAuthenticationFailed)] {
        for drift in CORRECTABLE {
            law_of(10, CHANGED.connection(connection).drift(drift), |s| {
                assert_eq!(decide(s), decide(&but(s, SAME.drift(Drift::None))));
                true
            });
        }
    }
}

#[test]
fn what_can_be_corrected_and_what_is_a_loss_is_as_it_is_written() {
    for (drift, correctable, loss) in [
        (Drift::None, false, false),
        (Drift::NotListed, false, true),
        (Drift::Identifier, true, true),
        (Drift::Renamed, true, true),
        (Drift::Moved, true, true),
        (Drift::SecondRecord, false, false),
        (Drift::Changed, true, false),
        (Drift::Rotated, false, false),
    ] {
        assert_eq!((drift.is_correctable(), drift.is_loss()), (correctable, loss), "{drift:?}");
    }
}
