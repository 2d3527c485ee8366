//! Histories that failed once, as short as they were made.

use crate::play::play;
use crate::step::{Act, Edit, Step, Wanted, Who};

const ONE: Who = Who { site: 0, place: 0 };

fn plain() -> Wanted {
    Wanted {
        username: "svc".to_owned(),
        device: 0,
        notes: 0,
        adoption: "ByIdentifier",
        disable: false,
        correct: false,
        rotates: false,
        suspend: false,
        plan: false,
    }
}

fn holds(steps: &[Step]) {
    if let Err(wrong) = play(steps) {
        panic!("{wrong}");
    }
}

/// What was told before a restart was no news to the first list after it.
#[test]
fn correct_is_set_after_a_restart_on_what_was_told_before() {
    holds(&[
        Step::Apply(ONE, plain()),
        Step::Wait(1_800_000),
        Step::Vault(ONE, Act::Value),
        Step::Wait(772_000),
        Step::Stop(0),
        Step::Start(0),
        Step::Edit(ONE, Edit::Correct(true)),
    ]);
}
