//! P1: what is due is sent, once.

use super::chain::{FROM_CACHE, Next, Step, after, follow};
use super::*;

#[test]
fn p1_nothing_is_sent_when_nothing_is_due() {
    law_of_pushes(10_000, SAME, |s, value, push| {
        let repair = is_resend_due(s) || is_to_be_corrected(s) || may_hold_suspected_write(s);
        let lost = value == ValueComparison::Unknown && s.baseline() && s.change() == Change::Same;
        assert!(is_due(s, value) || (push.expect == Expect::Update && (repair || lost)));
    });
}

#[test]
fn p1_what_is_due_is_sent_or_there_is_a_reason() {
    law_of_plain(10_000, |s| {
        let value = match s.secrets() {
            SecretsState::Read(value) => value,
            _ => ValueComparison::Same,
        };
        let here = s.binding() == Binding::Bound && s.connection() == Connection::Ready;
        let due = is_due(s, value) || s.enable_due() || (here && is_resend_due(s));
        if due {
            match decide(s) {
                Decision::Push(_) | Decision::Intend(_) | Decision::Wait(_) | Decision::Look(_) => {}
                Decision::LookAgain => assert!(s.suspected_write() && s.recently_started() && !is_due(s, value)),
                Decision::Enable => assert!(s.enable_due() && !is_due(s, value)),
                Decision::Rebind => assert_eq!(s.binding(), Binding::BoundElsewhere),
                decision => panic!("{decision:?}"),
            }
        }
        due
    });
}

/// What was done once is done: no decision comes twice, and the last is that nothing is due.
fn assert_ends(s: &(impl Facts + Peek), next: Next) {
    let all = follow(s, next);
    let alike = |one: &Decision, other: &Decision| std::mem::discriminant(one) == std::mem::discriminant(other);
    let twice = all.iter().enumerate().any(|(at, one)| all[..at].iter().any(|before| alike(before, one)));
    // Whether the record may be enabled is asked only once nothing of an earlier process can come any more.
    let later = all.contains(&Decision::LookAgain) && s.enable_due() && matches!(all.last(), Some(Decision::Wait(_)));
    assert!(!twice && (later || all.last() == Some(&Decision::Settled)), "{all:?}");
}

fn assert_nothing_is_left(kind: Changes) {
    law_of(1_000, kind, |s| {
        let decision = decide(s);
        if !is_carried_out(decision) {
            return false;
        }
        Next::all(decision).for_each(|next| assert_ends(s, next));
        true
    });
}

// Side by side, since there are many paths.

#[test]
fn p1_after_what_was_decided_nothing_is_left_to_do_with_the_recorded_value() {
    assert_nothing_is_left(SAME.secrets(SecretsState::Read(ValueComparison::Same)));
}

#[test]
fn p1_after_what_was_decided_nothing_is_left_to_do_with_another_value() {
    assert_nothing_is_left(SAME.secrets(SecretsState::Read(ValueComparison::New)));
    assert_nothing_is_left(SAME.secrets(SecretsState::Read(ValueComparison::Changed)));
}

#[test]
fn p1_after_what_was_decided_nothing_is_left_to_do_without_a_value() {
    assert_nothing_is_left(SAME.secrets(SecretsState::Read(ValueComparison::None)));
}

#[test]
fn p1_after_what_was_decided_nothing_is_left_to_do_with_a_lost_key() {
    assert_nothing_is_left(SAME.secrets(SecretsState::Read(ValueComparison::Unknown)));
}

#[test]
fn p1_before_the_secrets_are_read_nothing_is_carried_out() {
    law_of_plain(20, |s| {
        let unread = !matches!(s.secrets(), SecretsState::Read(_));
        assert!(!unread || !is_carried_out(decide(s)));
        unread
    });
}

#[test]
fn p1_nor_is_there_where_a_finalizer_comes_or_goes() {
    law_of_plain(100, |s| {
        let decision = decide(s);
        // What is sent only waits for the finalizer: see the gates.
        if !is_carried_out(decision) || matches!(decision, Decision::Push(_)) {
            return false;
        }
        for finalizer in [SAME.disable(true).finalizer(false), SAME.disable(false).finalizer(true)] {
            Next::all(decision).for_each(|next| assert_ends(&but(s, finalizer), next));
        }
        true
    });
}

fn is_carried_out(decision: Decision) -> bool {
    !matches!(decision, Decision::Look(_) | Decision::Wait(_) | Decision::Settled)
}

#[test]
fn p1_after_a_push_there_is_nothing_to_look_at() {
    law_of_pushes(10_000, SAME, |s, _, push| {
        for next in Next::all(Decision::Push(push)).filter(|next| !next.rotates) {
            let then =
                after(s, Step { decision: Decision::Push(push), next, announced: false }).unwrap().and(FROM_CACHE);
            // That the list lacks it, or shows another, is another matter.
            let then = but(s, then.drift(Drift::NotListed));
            let enabled = if then.enable_due() { Decision::Look(Look::Secrets) } else { Decision::Settled };
            assert_eq!(decide(&then), enabled);
        }
    });
}

#[test]
fn p1_a_secret_whose_metadata_alone_changed_causes_nothing() {
    for value in [ValueComparison::None, ValueComparison::Same] {
        let calm = QUIET.secrets(SecretsState::Read(value)).suspected_write(false).enable_due(false).drift(Drift::None);
        for settle in [SettleWindow::Closed, SettleWindow::Open] {
            law_of(1, calm.settle(settle), |s| {
                assert_eq!(decide(s), Decision::Settled);
                true
            });
        }
    }
}
