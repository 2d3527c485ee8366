//! The PAM client alone, against the simulated PAM over TLS: what it sends (P3), what each answer means (P4, P10),
//! where it connects to (P9), and what it never shows (P8).
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod allowed_hosts;
mod answers;
#[path = "../support/connect_proxy.rs"]
mod connect_proxy;
mod errors;
mod fields;
mod firewall;
mod list;
mod logins;
mod my_safe;
mod proxy;
mod reading;
mod secrecy;
mod support;
mod tokens;
mod transport;
mod upsert;
mod versions;
