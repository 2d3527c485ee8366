//! Writes that repair a record although nothing changed: after a write without an answer, after an earlier process that may
//! have sent more than it recorded, with a lost key, and after a change by somebody else (`design.md` 4, 5 and 6).
//!
//! Such a write carries the value only where the list says that the vault does not rotate it (P6).

use super::{
    Binding, Change, Decision, Expect, Facts, Inventory, Look, Push, Request, Seen, SettleWindow, ValueComparison,
};

/// True when the settle window of a write without an answer is over, so that the newest state must be sent again: the PAM
/// executed the write by then, or never will.
pub(super) fn resend_due(s: &impl Facts) -> bool {
    s.binding() == Binding::Bound && matches!(s.settle(), SettleWindow::Elapsed { .. })
}

/// Whether a change by somebody else has to be corrected. Without a list that can be trusted nothing is corrected.
pub(super) fn correction_due(s: &impl Facts) -> bool {
    let trusted = !matches!(s.inventory(), Inventory::Incomplete(_) | Inventory::Off);
    s.correct() && s.binding() == Binding::Bound && s.drift().is_correctable() && !s.corrections_exhausted() && trusted
}

/// Returns whether a correction is all that is due: a correction that meets a conflict is left out.
#[must_use]
pub fn is_only_correction(s: &impl Facts, value: ValueComparison) -> bool {
    let sent =
        matches!(value, ValueComparison::New | ValueComparison::Changed) || s.fields_changed() || s.account_changed();
    let asked = s.mismatch() || s.request() != Request::None || resend_due(s);
    !sent && !asked && correction_due(s)
}

/// Whether a push carries the value though it is the recorded one, or nothing tells whether it is.
pub(super) fn missed(s: &impl Facts, value: ValueComparison, rotates: Option<bool>) -> bool {
    // A record that is not listed rotates if the spec has it so.
    if rotates.unwrap_or_else(|| s.set_to_rotate()) {
        return false;
    }
    match (value, s.change()) {
        (ValueComparison::Unknown, change) => {
            rotates.is_some() && s.baseline() && change == Change::Same && !s.value_withheld()
        }
        _ if s.settle() == (SettleWindow::Elapsed { value: true }) => true,
        // A withheld value never was in the vault, whether or not the vault still rotates its own.
        _ if s.value_withheld() => false,
        _ if may_hold_suspected_value(s) => true,
        _ => rotates.is_some() && correction_due(s),
    }
}

/// With a lost key nothing tells whether the value is the recorded one. The value is sent where nobody wrote to the record
/// since our last write, so that it cannot be older than the value in the vault.
pub(super) fn lost_key(s: &impl Facts) -> Decision {
    match s.inventory() {
        _ if !s.baseline() || s.binding() != Binding::Bound => Decision::WithholdValue,
        Inventory::NotAsked => Decision::Look(Look::Inventory),
        Inventory::Failed(reason) => Decision::Wait(reason),
        Inventory::Shows(Seen::Ours { at_account: true, rotates })
        | Inventory::Incomplete(Seen::Ours { at_account: true, rotates })
            if missed(s, ValueComparison::Unknown, Some(rotates)) =>
        {
            Decision::Push(Push { expect: Expect::Update, value: true, all_fields: s.suspected_write() })
        }
        Inventory::Shows(_) | Inventory::Incomplete(_) | Inventory::Off => Decision::WithholdValue,
    }
}

/// Whether the record may hold a write that an earlier process sent and did not record. Where no list said when our last
/// recorded write was, nothing tells that the suspected write was not executed.
fn may_hold_suspected_write(s: &impl Facts) -> bool {
    s.suspected_write() && (s.change() == Change::Moved || !s.baseline())
}

/// Whether the record may hold the value of a write that an earlier process sent and did not record.
fn may_hold_suspected_value(s: &impl Facts) -> bool {
    s.suspected_write() && (s.change() == Change::Moved || (!s.baseline() && s.suspected_value()))
}

/// An earlier process may have sent a write and ended before it recorded the write. A record that may hold that write gets
/// the newest state; and again after the settle window, since the PAM may execute the earlier write later still.
pub(super) fn checked(s: &impl Facts, value: ValueComparison) -> Decision {
    match s.inventory() {
        Inventory::NotAsked => Decision::Look(Look::Inventory),
        Inventory::Failed(reason) => Decision::Wait(reason),
        Inventory::Shows(Seen::Ours { rotates: false, .. })
        | Inventory::Incomplete(Seen::Ours { at_account: true, rotates: false })
            if may_hold_suspected_write(s) =>
        {
            let value = value != ValueComparison::None && !s.value_withheld() && may_hold_suspected_value(s);
            Decision::Push(Push { expect: Expect::Update, value, all_fields: true })
        }
        Inventory::Shows(_) | Inventory::Incomplete(_) if s.recently_started() => Decision::LookAgain,
        Inventory::Shows(_) | Inventory::Incomplete(_) | Inventory::Off => Decision::Record,
    }
}
