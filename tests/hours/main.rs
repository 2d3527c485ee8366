//! What takes hours, in seconds: operators in this process, each with an API server in memory, on a clock that jumps over
//! the time in which nothing happens. They compute all the time, where those of `tests/real` wait.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod worlds;

mod crowds;
mod histories;
mod idle;
mod late_answers;
mod sequences;
mod trickle;
mod two_writers;
