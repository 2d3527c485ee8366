//! Writing once more although nothing changed: what a write of unknown outcome may have left, what an earlier process may
//! have done, what a lost key cannot tell, and what somebody else did to the record (`design.md` 4, 5 and 6).
//!
//! The value goes along only where the list says that the vault does not rotate it (P6).

use super::{Binding, Change, Decision, Expect, Facts, Inventory, Look, Push, Request, Seen, SettleWindow, Value};

/// A write whose outcome is unknown was executed by now, or never will be.
pub(super) fn settling(s: &impl Facts) -> bool {
    s.binding() == Binding::Bound && matches!(s.settle(), SettleWindow::Elapsed { .. })
}

/// Somebody else changed the record, and it is to be as it was. By a list that cannot be trusted, or none, nothing is corrected.
pub(super) fn correction_due(s: &impl Facts) -> bool {
    let trusted = !matches!(s.inventory(), Inventory::Incomplete(_) | Inventory::Off);
    s.correct() && s.binding() == Binding::Bound && s.drift().is_correctable() && !s.corrections_exhausted() && trusted
}

/// Whether a correction is all that is due: it is not worth a conflict.
#[must_use]
pub fn is_only_correction(s: &impl Facts, value: Value) -> bool {
    let sent = matches!(value, Value::New | Value::Changed) || s.fields_changed() || s.account_changed();
    let asked = s.mismatch() || s.request() != Request::None || settling(s);
    !sent && !asked && correction_due(s)
}

/// Whether the value goes along though it is the one that was sent, or cannot be told from it.
pub(super) fn missed(s: &impl Facts, value: Value, rotates: Option<bool>) -> bool {
    // A record that is not listed rotates if the spec has it so.
    if rotates.unwrap_or_else(|| s.set_to_rotate()) {
        return false;
    }
    match (value, s.change()) {
        (Value::Unknown, change) => rotates.is_some() && s.baseline() && change == Change::Same && !s.value_withheld(),
        _ if s.settle() == (SettleWindow::Elapsed { value: true }) => true,
        // One that was held back never was in the vault, whether or not that goes on rotating its own.
        _ if s.value_withheld() => false,
        (_, Change::Moved) if s.needs_verification() => true,
        _ => rotates.is_some() && correction_due(s),
    }
}

/// The key of the digests was lost: whether the value is the one that was sent cannot be told. It is sent where nobody
/// wrote to the record since, so that it cannot be older than what is there.
pub(super) fn lost_key(s: &impl Facts) -> Decision {
    match s.inventory() {
        _ if !s.baseline() || s.binding() != Binding::Bound => Decision::HoldValue,
        Inventory::NotAsked => Decision::Look(Look::Inventory),
        Inventory::Failed(reason) => Decision::Wait(reason),
        Inventory::Shows(Seen::Ours { at_account: true, rotates })
        | Inventory::Incomplete(Seen::Ours { at_account: true, rotates })
            if missed(s, Value::Unknown, Some(rotates)) =>
        {
            Decision::Push(Push { expect: Expect::Update, value: true, all_fields: s.needs_verification() })
        }
        Inventory::Shows(_) | Inventory::Incomplete(_) | Inventory::Off => Decision::HoldValue,
    }
}

/// An earlier process may have sent something that it did not live to write down: a record that was written to since is
/// sent what is newest, once; and once more, since what that process sent may come later still.
pub(super) fn checked(s: &impl Facts, value: Value) -> Decision {
    match s.inventory() {
        Inventory::NotAsked => Decision::Look(Look::Inventory),
        Inventory::Failed(reason) => Decision::Wait(reason),
        Inventory::Shows(Seen::Ours { rotates: false, .. })
        | Inventory::Incomplete(Seen::Ours { at_account: true, rotates: false })
            if s.change() == Change::Moved =>
        {
            let value = value != Value::None && !s.value_withheld();
            Decision::Push(Push { expect: Expect::Update, value, all_fields: true })
        }
        Inventory::Shows(_) | Inventory::Incomplete(_) if s.recently_started() => Decision::LookAgain,
        Inventory::Shows(_) | Inventory::Incomplete(_) | Inventory::Off => Decision::Record,
    }
}
