//! The simulator over the wire: a real TLS client against each documented behaviour and each fault.

mod admin;
mod common;
mod faults;
mod gateway;
mod items;
mod knobs;
mod upsert;
mod validation;
