//! The simulator over the wire: a real TLS client against each documented behaviour and each fault.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on panics")]

mod admin;
mod clients;
mod common;
mod faults;
mod fields;
mod gateway;
mod items;
mod knobs;
mod upsert;
mod validation;
mod vault;
mod versions;
