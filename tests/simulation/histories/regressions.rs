//! P1, P3, P4, P6: histories that failed once, in their shortest form.

use super::runner::run;
use super::steps::{Act, Delivery, Edit, Step, Trouble, Wanted, Who};

const ONE: Who = Who { cluster: 0, number: 0 };

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
    if let Err(wrong) = run(steps) {
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

/// Each try asks for a list, and each list told of a baseline that a try that fails takes no note of: it was woken by it at
/// once, every ten seconds, for ever.
#[test]
fn what_the_pam_refuses_is_tried_ever_more_rarely() {
    let hidden = Who { cluster: 1, number: 0 };
    holds(&[
        Step::Apart,
        Step::Apply(hidden, plain()),
        Step::Apply(ONE, Wanted { username: "other".to_owned(), ..plain() }),
        Step::Edit(ONE, Edit::Username("svc".to_owned())),
    ]);
}

/// Whoever came for its account between its claim of another and its move there found its record still in the way, and was
/// never told that it left.
#[test]
fn one_that_waits_for_an_account_gets_it_when_the_other_has_moved_on() {
    let other = Who { cluster: 0, number: 1 };
    holds(&[
        Step::Apply(ONE, plain()),
        Step::Apply(other, Wanted { adoption: "TakeOver", ..plain() }),
        Step::Trouble(Trouble::Outage(389)),
        Step::Edit(ONE, Edit::Device(1)),
        Step::Wait(700_000),
    ]);
}

/// The killed process had sent the value that was rolled back, and a field was edited, too: the push of that field stood for
/// all that was open, and the value that came late stayed.
#[test]
fn a_value_that_was_rolled_back_after_a_crash_is_sent_again_though_another_field_went_first() {
    holds(&[
        Step::Apply(ONE, plain()),
        Step::Wait(720_000),
        Step::Writes(ONE, Delivery::Silent(68), 1),
        Step::Value(ONE),
        Step::Edit(ONE, Edit::Notes(110)),
        Step::Stop(0),
        Step::RollBack(ONE),
    ]);
}

/// No list had said when the last recorded write was, so that the list after the start could not tell of the killed process'
/// write, and the edit then stood for the check.
#[test]
fn a_value_that_was_rolled_back_after_a_crash_is_sent_again_though_no_list_came_before() {
    let before = [
        Step::Apply(ONE, plain()),
        Step::Wait(150_000),
        Step::Writes(ONE, Delivery::Silent(6), 1),
        Step::Value(ONE),
        Step::Stop(0),
        Step::RollBack(ONE),
        Step::Wait(171_000),
        Step::Start(0),
    ];
    let after = [
        vec![Step::Wait(494_000), Step::Edit(ONE, Edit::Notes(112))],
        vec![Step::Wait(1_000), Step::Edit(ONE, Edit::Notes(112))],
        vec![Step::Edit(ONE, Edit::Username("other".to_owned()))],
        vec![Step::Edit(ONE, Edit::Device(1))],
        vec![Step::Edit(ONE, Edit::Correct(true))],
        vec![Step::Edit(ONE, Edit::Suspend(true)), Step::Wait(200_000), Step::Edit(ONE, Edit::Suspend(false))],
        vec![Step::Stop(0), Step::Start(0)],
    ];
    for after in after {
        holds(&[before.to_vec(), after].concat());
    }
}
