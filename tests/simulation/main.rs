//! Hours in seconds: operators in this process, each with an API server in memory, on a clock that skips the time in
//! which nothing happens (P1, P3 to P8, P10). These tests compute all the time, where those of `tests/e2e` wait.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "../support/random.rs"]
mod random;
mod support;

mod alerts;
mod backlog;
mod breaking;
mod competing_clusters;
mod digest_key;
mod drill;
mod event_sequences;
mod fairness;
mod finalizers;
mod first_push;
mod hand_over;
mod hand_over_races;
mod heirs;
mod histories;
mod hostile_answers;
mod idle;
mod late_answers;
mod late_writes_of_gone_objects;
mod list_budget;
mod load;
mod log_lines;
mod my_safe;
mod neighbours;
mod outage;
mod products;
mod readiness;
mod restored_state;
mod start;
mod tenants;
mod throwaway;
mod unserved;
mod watches;
