//! The promises, tried on every path through [`decide`].
//!
//! [`space`] makes the states to try. [`decisions`] holds a single decision to the promises, [`tables`] compares decisions with
//! tables written by hand, [`transitions`] shows the status that follows a decision, and [`sequences`] follows up to three
//! passes.
//!
//! Most laws are of *plain* credentials: those that are not being deleted, and have passed everything that only precedes a
//! decision. The laws of [`decisions::gates`] say that whatever is sent is what a plain one would send.

mod decisions;
mod sequences;
mod space;
mod tables;
mod transitions;

pub(super) use super::super::laws::{PlainKey, Values, explorer};
pub(super) use space::is_possible;
use space::law;

use super::facts::{But, Changes, Lazy, Peek};
use super::{
    AdoptionPolicy, Binding, Change, Claims, Connection, Decision, Drift, Expect, Facts, Heir, Intent, Inventory, Look,
    Planned, Push, Reason, ReleaseReason, Request, SecretsState, Seen, SettleWindow, ValueComparison, decide,
    is_only_correction,
};

/// Nothing is otherwise.
const SAME: Changes = Changes::none();

/// It is not being deleted, and nothing is asked for before a decision is carried out.
const PLAIN: Changes = SAME
    .deleting(false)
    .suspended(false)
    .denied(false)
    .unserved(false)
    .other_operator_writes(false)
    .plan(false)
    .claims(Claims::Free)
    .disable(false)
    .finalizer(false);

/// A plain credential of which nothing else is known.
type Plain<'a> = But<'a, Lazy>;

const fn but<F: Facts>(s: &F, changes: Changes) -> But<'_, F> {
    But::new(s, changes)
}

/// A law of every plain credential.
fn law_of_plain(floor: usize, speaks: impl Fn(&Plain<'_>) -> bool) {
    law(floor, |s| speaks(&but(s, PLAIN)));
}

/// A law of every plain credential of that kind.
fn law_of(floor: usize, kind: Changes, speaks: impl Fn(&Plain<'_>) -> bool) {
    law(floor, |s| speaks(&but(s, PLAIN.and(kind))));
}

/// A law of every push.
fn law_of_pushes(floor: usize, kind: Changes, holds: impl Fn(&Plain<'_>, ValueComparison, Push)) {
    law_of(floor, kind, |s| match (decide(s), s.secrets()) {
        (Decision::Push(push), SecretsState::Read(value)) => {
            holds(s, value, push);
            true
        }
        (Decision::Push(_), secrets) => panic!("sent with {secrets:?}"),
        _ => false,
    });
}

/// What a trusted list shows.
fn shown(s: &impl Facts) -> Option<Seen> {
    match s.inventory() {
        Inventory::Shows(seen) => Some(seen),
        _ => None,
    }
}

/// What any list shows.
fn listed(s: &impl Facts) -> Option<Seen> {
    match s.inventory() {
        Inventory::Shows(seen) | Inventory::Incomplete(seen) => Some(seen),
        _ => None,
    }
}

/// Whether the vault rotates a record that is listed; `None` where none is.
const fn rotation(seen: Seen) -> Option<bool> {
    match seen {
        Seen::Neither | Seen::Tangled => None,
        Seen::Ours { rotates, .. }
        | Seen::IdentifierOnAccount { rotates }
        | Seen::FormerOnAccount { rotates }
        | Seen::IdentifierElsewhere { rotates }
        | Seen::AccountBare { rotates }
        | Seen::AccountOther { rotates } => Some(rotates),
    }
}

/// Whether the value is the vault's (P6): by the list, and where none shows the record by the spec.
fn is_the_vaults(s: &impl Facts) -> bool {
    listed(s).and_then(rotation).unwrap_or_else(|| s.set_to_rotate())
}

/// Whether somebody else's change has to be corrected.
fn is_to_be_corrected(s: &impl Facts) -> bool {
    let correctable = [Drift::Identifier, Drift::Renamed, Drift::Moved, Drift::Changed];
    s.correct() && !s.corrections_exhausted() && correctable.contains(&s.drift())
}

/// What must be sent whatever the list shows, by the facts alone.
fn is_due(s: &impl Facts, value: ValueComparison) -> bool {
    let changed =
        s.fields_changed() || s.account_changed() || matches!(value, ValueComparison::New | ValueComparison::Changed);
    changed || s.binding() != Binding::Bound || s.mismatch() || s.request() != Request::None
}

/// Whether the record may hold a write that an earlier process sent and did not record.
fn may_hold_suspected_write(s: &impl Facts) -> bool {
    s.suspected_write() && (!s.baseline() || s.change() == Change::Moved)
}

/// Whether the record may hold the value of such a write.
fn may_hold_suspected_value(s: &impl Facts) -> bool {
    s.suspected_write() && (s.change() == Change::Moved || (!s.baseline() && s.suspected_value()))
}

fn is_resend_due(s: &impl Facts) -> bool {
    matches!(s.settle(), SettleWindow::Elapsed { .. })
}

/// Our record, of which nothing is due but perhaps a repair.
const QUIET: Changes = SAME
    .binding(Binding::Bound)
    .connection(Connection::Ready)
    .fields_changed(false)
    .account_changed(false)
    .mismatch(false)
    .request(Request::None);
