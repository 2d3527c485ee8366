//! What becomes of a credential once a decision was carried out and answered as expected: its next facts, as the controller
//! makes them (`controller/next.rs`), and the decisions that follow.

use super::*;

/// What only the next pass sees.
#[derive(Clone, Copy, Debug)]
pub(super) struct Next {
    /// The vault rotates the record, by the next list.
    pub(super) rotates: bool,
    /// `spec.ensureEnabled` is set, where only now a record is there that it speaks of.
    pub(super) ensure_enabled: bool,
}

impl Next {
    /// Every way that makes a difference after that decision.
    pub(super) fn all(after: Decision) -> impl Iterator<Item = Self> {
        let pushed = matches!(after, Decision::Push(_));
        let found = matches!(after, Decision::Push(Push { expect: Expect::Adopt, .. }) | Decision::Rebind);
        let both = |matters| [false, true].into_iter().take(1 + usize::from(matters));
        both(pushed).flat_map(move |rotates| both(found).map(move |ensure_enabled| Self { rotates, ensure_enabled }))
    }
}

/// What is otherwise once that was done; `None` where that is the end of it. The next pass sees all there is, as one after
/// a restart does.
pub(super) fn after(s: &impl Facts, decision: Decision, next: Next) -> Option<Changes> {
    let ours = Seen::Ours { at_account: true, rotates: next.rotates };
    Some(match decision {
        // The same pass goes on.
        Decision::AddFinalizer => SAME.finalizer(true),
        Decision::RemoveFinalizer(_) if !s.deleting() => SAME.finalizer(false),
        Decision::Intend(intent) => SAME.in_flight(Some(intent)),
        Decision::Push(push) => pushed(s, push, next).and(anew(s)).inventory(Inventory::Shows(ours)),
        // It moved the record, so that what was known of that is no more.
        Decision::Enable => SAME.enable_due(false).baseline(false).change(Change::Unknown).and(anew(s)),
        Decision::LookAgain => SAME.recently_started(false).and(anew(s)),
        Decision::Record => SAME.needs_verification(false).and(anew(s)),
        Decision::HoldValue => SAME.needs_verification(false).value_withheld(true).and(anew(s)),
        Decision::Rebind => rebound(next).and(anew(s)),
        _ => return None,
    })
}

fn rebound(next: Next) -> Changes {
    SAME.binding(Binding::Bound).login_changed(false).needs_verification(false).enable_due(next.ensure_enabled)
}

fn pushed(s: &impl Facts, push: Push, next: Next) -> Changes {
    let enable_due = match push.expect {
        Expect::Create => false,
        Expect::Adopt => next.ensure_enabled,
        Expect::Update => s.enable_due(),
    };
    let settle = match s.settle() {
        // What an earlier process sent may come later still.
        _ if s.needs_verification() && s.recently_started() => SettleWindow::Open,
        _ if is_settling(s) => SettleWindow::Closed,
        settle => settle,
    };
    SAME.binding(Binding::Bound)
        .fields_changed(false)
        .account_changed(false)
        .device_changed(false)
        .request(Request::None)
        .mismatch(false)
        .in_flight(None)
        .login_changed(false)
        .drift(Drift::None)
        .baseline(false)
        .change(Change::Unknown)
        .needs_verification(false)
        .value_withheld(!push.value)
        .settle(settle)
        .enable_due(enable_due)
}

/// A new pass, for which what was read is what was sent.
fn anew(s: &impl Facts) -> Changes {
    let value = if s.secrets() == Secrets::Read(Value::None) { Value::None } else { Value::Same };
    SAME.secrets(Secrets::Read(value)).claims(Claims::Free)
}

/// A new pass that has not looked at anything.
pub(super) const FROM_CACHE: Changes =
    SAME.secrets(Secrets::Unchanged).inventory(Inventory::NotAsked).claims(Claims::NotAsked);

/// The decisions from a credential on, each carried out, to the first that does nothing.
pub(super) fn follow(s: &impl Facts, next: Next) -> Vec<Decision> {
    let mut changes = SAME;
    let mut decisions = Vec::new();
    loop {
        let now = but(s, changes);
        let decision = decide(&now);
        decisions.push(decision);
        assert!(decisions.len() < 10, "no end: {decisions:?}");
        let Some(then) = after(&now, decision, next) else { return decisions };
        changes = changes.and(then);
    }
}
