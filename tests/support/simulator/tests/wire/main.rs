//! The simulator over the wire: a real TLS client against each documented behaviour and each fault.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on panics")]

mod addresses;
mod admin;
mod clients;
mod common;
mod custody;
mod devices;
mod faults;
mod fields;
mod gateway;
mod items;
mod knobs;
mod my_safe;
mod read_back;
mod reading;
mod requests;
mod upsert;
mod validation;
mod vault;
mod versions;
