//! The built operator under the chart's own `ServiceAccount`, on a real API server, against a simulated PAM: all
//! promises.
//!
//! A file for each promise or capability; `make test ARGS='--test e2e deletion::'` runs one of them. All files are one
//! program, since most tests wait most of the time: for an answer, for the next list, or for the 90 seconds in which a
//! write whose answer was lost may still be executed. So all of it is waited for at once.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "../support/random.rs"]
mod random;
mod support;

mod access;
mod addresses;
mod adoption;
mod backup_restore;
mod before_the_pam;
mod chart;
mod conflicts;
mod crash_recovery;
mod deletion;
mod device_settings;
mod digest_key;
mod disable_brake;
mod drift;
mod events;
mod fairness;
mod faults;
mod finalizer;
mod first_push;
mod generated;
mod gitops;
mod hand_over;
#[cfg(target_os = "linux")]
mod image;
mod leader_election;
mod leave_and_return;
mod memory;
mod missing_crd;
mod my_safe;
mod narrowing;
mod plan_mode;
mod plugin;
mod policies;
mod product_versions;
mod reasons;
mod recovery;
mod removed_fields;
mod rename_and_move;
mod restore_drill;
mod rotation;
mod rotation_request;
mod samples;
mod schema_messages;
mod settings;
mod steady_state;
mod tenant_connections;
mod tenant_isolation;
mod typos;
mod unseen_characters;
mod updates;
mod upgrade;
mod vault_change;
mod without_list;
