//! What is promised, on a real API server: the built operator under the chart's own `ServiceAccount`, against a simulated
//! PAM; a file for each promise or capability. `make test ARGS='--test real deletion::'` runs one of them.
//!
//! They are one program, since most of them wait most of the time: for an answer, for the next list, or for the 90 seconds
//! in which a write may still be executed whose answer was lost. So all of it is waited for at once.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

mod access;
mod adoption;
mod answers;
mod changes;
mod chart;
mod deletion;
mod devices;
mod failures;
mod faults;
mod first_push;
mod generated;
mod intruders;
mod kept_fields;
mod leader;
mod living;
mod lost_key;
mod neighbours;
mod places;
mod quiet;
mod restore;
mod rotation_set;
mod samples;
mod schema;
mod settings;
mod tenants;
mod upgrade;
mod versions;
