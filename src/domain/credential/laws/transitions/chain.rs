//! What becomes of a credential once a decision was carried out and answered as expected: the facts that production code
//! derives from the next status, and the decisions that follow.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::concrete::{Concrete, ID, IDENTIFIER};
use super::*;
use crate::domain::credential::{WriteResult, announce, clears_suspected_write, transition};
use crate::domain::{Answer, RecordId, RecordIdentifier, Situation, WriteEffect, judge};

/// What only the next pass sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::domain::credential::laws) struct Next {
    /// The vault rotates the record, by the next list.
    pub(in crate::domain::credential::laws) rotates: bool,
    /// `spec.ensureEnabled` is set, where only now a record is there that it speaks of.
    pub(in crate::domain::credential::laws) ensure_enabled: bool,
}

impl Next {
    /// Every way that makes a difference after that decision.
    pub(in crate::domain::credential::laws) fn all(after: Decision) -> impl Iterator<Item = Self> {
        let pushed = matches!(after, Decision::Push(_));
        let found = matches!(after, Decision::Push(Push { expect: Expect::Existing, .. }) | Decision::Rebind);
        let both = |matters| [false, true].into_iter().take(1 + usize::from(matters));
        both(pushed).flat_map(move |rotates| both(found).map(move |ensure_enabled| Self { rotates, ensure_enabled }))
    }
}

/// One decision that is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::domain::credential::laws) struct Step {
    pub(in crate::domain::credential::laws) decision: Decision,
    pub(in crate::domain::credential::laws) next: Next,
    /// This pass announced the write.
    pub(in crate::domain::credential::laws) announced: bool,
}

/// What is otherwise once that was done; `None` where that is the end of it. The next pass sees all there is, as one after
/// a restart does.
pub(in crate::domain::credential::laws) fn after(s: &(impl Facts + Peek), step: Step) -> Option<Changes> {
    match step.decision {
        // The same pass goes on.
        Decision::AddFinalizer => Some(SAME.finalizer(true)),
        Decision::RemoveFinalizer(_) if !s.deleting() => Some(SAME.finalizer(false)),
        Decision::Intend(_) => Some(SAME.in_flight(carried_out(s, step).in_flight.unwrap())),
        Decision::Push(_) => {
            let ours = Seen::Ours { at_account: true, rotates: step.next.rotates };
            Some(carried_out(s, step).inventory(Inventory::Shows(ours)).drift(Drift::None).claims(Claims::Free))
        }
        Decision::LookAgain => Some(carried_out(s, step).recently_started(false).claims(Claims::Free)),
        Decision::Enable | Decision::Record | Decision::WithholdValue | Decision::Rebind => {
            Some(carried_out(s, step).claims(Claims::Free))
        }
        _ => None,
    }
}

/// The facts of the next pass that the status carries.
fn carried_out(s: &(impl Facts + Peek), step: Step) -> Changes {
    thread_local! {
        static KNOWN: RefCell<HashMap<(Changes, Step), Changes, BuildHasherDefault<Quick>>> = RefCell::default();
    }
    ask(s, step.decision);
    let asked = relevant(&s.peek(), step.decision);
    let step = Step { next: Next { rotates: false, ..step.next }, ..step };
    let known = KNOWN.with_borrow(|known| known.get(&(asked, step)).copied());
    known.unwrap_or_else(|| {
        let then = of_all(&asked, step);
        KNOWN.with_borrow_mut(|known| known.insert((asked, step), then));
        then
    })
}

/// Hashes small numbers: facts are nothing else, and there are millions of them.
#[derive(Default)]
struct Quick(u64);

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u8(*byte);
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.0 = (self.0.rotate_left(5) ^ u64::from(number)).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn write_isize(&mut self, number: isize) {
        self.0 = (self.0.rotate_left(5) ^ number.cast_unsigned() as u64).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Asks for the facts on which other facts depend in the next status.
fn ask(s: &impl Facts, decision: Decision) {
    let Decision::Push(push) = decision else {
        s.baseline();
        if decision == Decision::WithholdValue && s.suspected_write() {
            s.change();
        }
        return;
    };
    if is_resend_due(s) | s.suspected_write() {
        s.recently_started();
    }
    // A value that somebody else may have changed stays the vault's.
    let kept = push.expect == Expect::Update && !push.value && s.secrets() == SecretsState::Read(ValueComparison::Same);
    if kept && !s.value_withheld() {
        s.drift();
    }
}

/// Those of the facts that matter for the next status. What a decision settles whatever it was is tried as if it had not
/// been asked for: as it is when nothing is due, and when all is.
fn relevant(all: &Changes, decision: Decision) -> Changes {
    let mut relevant = carried(all);
    (relevant.inventory, relevant.recently_started) = (all.inventory.map(without_rotation), all.recently_started);
    match decision {
        Decision::Push(push) => relevant_for_push(all, push),
        Decision::Intend(_) => Changes { binding: all.binding, settle: all.settle, ..SAME },
        _ => relevant,
    }
}

fn relevant_for_push(all: &Changes, push: Push) -> Changes {
    let mut relevant = SAME;
    (relevant.binding, relevant.secrets) = (all.binding, all.secrets);
    relevant.settle = all.settle;
    (relevant.suspected_write, relevant.recently_started) = (all.suspected_write, all.recently_started);
    relevant.inventory = all.inventory.filter(|_| push.expect == Expect::Existing).map(without_rotation);
    if push.expect == Expect::Update {
        relevant.enable_due = all.enable_due;
        (relevant.drift, relevant.value_withheld) = (all.drift, all.value_withheld);
    }
    if push.value {
        (relevant.drift, relevant.value_withheld) = (None, None);
    }
    relevant
}

/// No status depends on whether the vault rotates the record, nor on whether the list can be trusted.
const fn without_rotation(inventory: Inventory) -> Inventory {
    let rotates = false;
    match inventory {
        Inventory::Shows(seen) | Inventory::Incomplete(seen) => Inventory::Shows(match seen {
            Seen::Ours { at_account, .. } => Seen::Ours { at_account, rotates },
            Seen::IdentifierOnAccount { .. } => Seen::IdentifierOnAccount { rotates },
            Seen::FormerOnAccount { .. } => Seen::FormerOnAccount { rotates },
            Seen::IdentifierElsewhere { .. } => Seen::IdentifierElsewhere { rotates },
            Seen::AccountBare { .. } => Seen::AccountBare { rotates },
            Seen::AccountOther { .. } => Seen::AccountOther { rotates },
            Seen::Neither | Seen::Tangled => seen,
        }),
        without => without,
    }
}

/// Those of the facts that the status carries.
pub(in crate::domain::credential::laws) const fn carried(all: &Changes) -> Changes {
    let mut carried = SAME;
    carried.binding = all.binding;
    (carried.fields_changed, carried.account_changed) = (all.fields_changed, all.account_changed);
    (carried.device_changed, carried.login_changed) = (all.device_changed, all.login_changed);
    (carried.request, carried.mismatch, carried.in_flight) = (all.request, all.mismatch, all.in_flight);
    (carried.enable_due, carried.corrections_exhausted) = (all.enable_due, all.corrections_exhausted);
    (carried.baseline, carried.change) = (all.baseline, all.change);
    (carried.value_withheld, carried.settle) = (all.value_withheld, all.settle);
    (carried.suspected_write, carried.suspected_value) = (all.suspected_write, all.suspected_value);
    carried.secrets = all.secrets;
    carried
}

/// The facts of the next status, whatever the facts are that were not asked for: one that hangs on such a fact stays open.
fn of_all(asked: &Changes, step: Step) -> Changes {
    let [one, other] = [UNASKED_CLEAN, UNASKED_DUE].map(|unasked| next_facts(&possible(asked.over(&unasked)), step));
    let common = one.common(&other);
    assert!(!common.lacks(asked, &one), "{step:?} needs more than {asked:?}: {one:?}, {other:?}");
    common
}

/// Without the facts that cannot be together: see [`is_possible`].
fn possible(s: Situation) -> Situation {
    let change = if s.baseline { s.change } else { Change::Unknown };
    Situation { device_changed: s.device_changed && s.fields_changed, change, ..s }
}

fn next_facts(s: &Situation, step: Step) -> Changes {
    let mut now = Concrete::of(s, step.next.ensure_enabled);
    now.announced = step.announced;
    match step.decision {
        Decision::Intend(intent) => now.status = announce(&now.status, &now.transition_input(), intent, true),
        Decision::Push(push) => written(&mut now, push),
        Decision::Enable => end(&mut now, Decision::Enable, WriteResult::Enabled),
        decision => end(&mut now, decision, WriteResult::Nothing),
    }
    carried(&Changes::all_of(&now.derived()))
}

fn written(now: &mut Concrete, push: Push) {
    let effect = if push.expect == Expect::Create { WriteEffect::Created } else { WriteEffect::Updated };
    let id = if push.expect == Expect::Update { ID } else { "2" };
    let (id, identifier) = (RecordId::parse(id).unwrap(), Some(RecordIdentifier::of(IDENTIFIER)));
    let expected = now.transition_input().expected(&now.status, push, Some(&id), false);
    let answer = Answer { effect, id, identifier, tenant: None };
    assert_eq!(judge(&expected, &answer), None);
    end(now, Decision::Push(push), WriteResult::Written(&answer));
}

fn end(now: &mut Concrete, decision: Decision, result: WriteResult<'_>) {
    now.status = transition(&now.status, &now.transition_input(), decision, result);
    now.suspected_write &= !clears_suspected_write(decision, result);
}

/// The decisions from a credential on, each carried out, to the first that does nothing.
pub(in crate::domain::credential::laws) fn follow(s: &(impl Facts + Peek), next: Next) -> Vec<Decision> {
    let mut changes = SAME;
    let mut decisions = Vec::new();
    let mut announced = false;
    loop {
        let now = but(s, changes);
        let decision = decide(&now);
        decisions.push(decision);
        assert!(decisions.len() < 10, "no end: {decisions:?}");
        let Some(then) = after(&now, Step { decision, next, announced }) else { return decisions };
        announced = matches!(decision, Decision::Intend(_));
        changes = changes.and(then);
    }
}

/// A new pass that has not looked at anything.
pub(in crate::domain::credential::laws) const FROM_CACHE: Changes =
    SAME.secrets(SecretsState::Unchanged).inventory(Inventory::NotAsked).claims(Claims::NotAsked);

/// Nothing is due, and nothing was before.
pub(in crate::domain::credential::laws) const UNASKED_CLEAN: Situation = Situation {
    deleting: false,
    finalizer: false,
    other_finalizers: false,
    disable: false,
    namespace_terminating: false,
    claimed_by_other: false,
    heir: Heir::None,
    suspected_disable: false,
    doubtful: false,
    login_changed: false,
    suspended: false,
    connection: Connection::Ready,
    secrets: SecretsState::Read(ValueComparison::Same),
    binding: Binding::Bound,
    fields_changed: false,
    account_changed: false,
    denied: false,
    request: Request::None,
    inventory: Inventory::NotAsked,
    claims: Claims::Free,
    mismatch: false,
    adoption: AdoptionPolicy::ByIdentifier,
    take_over_granted: true,
    device_changed: false,
    in_flight: None,
    enable_due: false,
    plan: false,
    drift: Drift::None,
    correct: false,
    corrections_exhausted: false,
    change: Change::Unknown,
    baseline: false,
    value_withheld: false,
    set_to_rotate: false,
    settle: SettleWindow::Closed,
    suspected_write: false,
    suspected_value: false,
    recently_started: false,
    unserved: false,
    other_operator_writes: false,
};

/// Everything is due.
const UNASKED_DUE: Situation = Situation {
    login_changed: true,
    fields_changed: true,
    account_changed: true,
    request: Request::Value,
    mismatch: true,
    device_changed: true,
    in_flight: Some(Intent::Create),
    enable_due: true,
    drift: Drift::Changed,
    correct: true,
    corrections_exhausted: true,
    change: Change::Moved,
    baseline: true,
    value_withheld: true,
    settle: SettleWindow::Elapsed { value: true },
    suspected_write: true,
    suspected_value: true,
    recently_started: true,
    ..UNASKED_CLEAN
};
