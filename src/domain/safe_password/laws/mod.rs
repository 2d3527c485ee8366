//! The promises, tried on every path through [`decide`], and over sequences of up to three passes.

mod bench;
mod decisions;
mod deletion;
mod entries;
mod pam;
mod pass;
mod sequences;
mod strangers;
mod transitions;
mod world;

use super::facts::{But, Changes, Known, Lazy};
use super::{
    Binding, Connection, Decision, Facts, InFlightState, List, Look, Planned, Reason, ReleaseReason, SecretsState,
    Seen, Switch, Write, decide,
};
pub(super) use crate::domain::laws::{Values, explorer};
use crate::domain::laws::{follow, values};

values! {
    SecretsState: SecretsState::Unchanged, SecretsState::Unread, SecretsState::Missing, SecretsState::KeyMissing,
        SecretsState::Invalid, SecretsState::Read { changed: false }, SecretsState::Read { changed: true };
    Switch: Switch::None, Switch::Activate, Switch::Deactivate;
    InFlightState: InFlightState::None, InFlightState::CreateOpen, InFlightState::CreateElapsed,
        InFlightState::WriteOpen;
    List: List::Shows(Seen::Nothing), List::Shows(Seen::Ours), List::Shows(Seen::Alike), List::Shows(Seen::Unclear), List::NotAsked,
        List::Failed(Reason::PamUnavailable), List::Failed(Reason::InventoryIncomplete);
    Option<Write>: None, Some(Write::Create), Some(Write::Update), Some(Write::Activate), Some(Write::Deactivate);
}

/// What cannot be seen together: a POST without an answer is one of an object without an entry.
pub(super) fn is_possible(known: &Known<'_>) -> bool {
    let create = matches!(known.in_flight(), Some(InFlightState::CreateOpen | InFlightState::CreateElapsed));
    let bound = known.binding().is_some_and(|binding| binding != Binding::Unbound);
    !(create && bound)
}

/// Nothing is otherwise.
const SAME: Changes = Changes::none();

/// An object that is served and is not being deleted, and whose connection is ready.
const LIVE: Changes = SAME
    .deleting(false)
    .suspended(false)
    .plan(false)
    .unserved(false)
    .denied(false)
    .other_operator_writes(false)
    .claimed_by_other(false)
    .connection(Connection::Ready)
    .deactivates(false)
    .finalizer(false);

/// Follows every path of a law.
fn law(floor: usize, speaks: impl Fn(&Lazy) -> bool) {
    follow(&Lazy::new(), Lazy::advance, floor, speaks);
}

/// A law of every object of that kind.
fn law_of(floor: usize, kind: Changes, speaks: impl Fn(&But<'_, Lazy>) -> bool) {
    law(floor, |s| speaks(&But::new(s, kind)));
}
