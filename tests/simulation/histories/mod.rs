//! P1, P3 to P8: random histories of two clusters and one vault keep the promises after every step and at the end.
//!
//! Histories consist of changes, acts of people in the vault, rotation, restores, crashes, and lost and late answers. A
//! history that fails is shortened as far as possible and printed with its seed.

mod actions;
mod final_state;
mod generate;
mod laws;
mod model;
mod regressions;
mod report;
mod runner;
mod shrink;
mod steps;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use steps::Step;

use crate::random::Random;

/// How long new histories are begun.
const BUDGET: Duration = Duration::from_secs(30);
/// How many there are at least, however slow the machine is; and at most, of the usual ones, however fast it is: a run says
/// the same every time.
const LEAST: u64 = 20;
const MOST: u64 = 150;
/// How many at once.
const WORKERS: usize = 2;

#[test]
fn the_promises_hold_in_every_history() {
    let first = crate::random::seed();
    let others = first != crate::random::USUAL;
    let (end, next, over) = (Instant::now() + BUDGET, AtomicU64::new(0), AtomicBool::new(false));
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::SeqCst);
            let enough = (number >= LEAST && Instant::now() >= end) || (number >= MOST && !others);
            if enough || over.load(Ordering::SeqCst) {
                return None;
            }
            let seed = first.wrapping_add(number);
            let steps = generate::history(&mut Random::by(seed));
            if let Some(failure) = fails(&steps) {
                over.store(true, Ordering::SeqCst);
                return Some((seed, steps, failure));
            }
        }
    };
    let failures: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
        workers.into_iter().filter_map(|worker| worker.join().unwrap()).collect()
    });
    eprintln!("{} histories", next.load(Ordering::SeqCst));
    if let Some((seed, steps, failure)) = failures.into_iter().next() {
        eprintln!("PAM_TEST_SEED={seed} failed, and is made shorter: {failure}");
        let (steps, failure) = shrink::shrink(steps, failure, fails);
        let steps: Vec<String> = steps.iter().map(|step| format!("  {step:?},")).collect();
        panic!("PAM_TEST_SEED={seed} repeats this; it is as short as it gets:\n{}\n{failure}", steps.join("\n"));
    }
}

/// How a history fails, if it does.
fn fails(steps: &[Step]) -> Option<String> {
    let played = catch_unwind(AssertUnwindSafe(|| runner::run(steps)));
    match played {
        Ok(result) => result.err(),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Some(format!("a panic: {}", text.unwrap_or_default()))
        }
    }
}
