//! What is to be done about one credential, decided from what was seen. Pure and total: no I/O, no clock, no
//! async, and nothing but std and jiff, so that every state can be tried in a test.
//!
//! [`decide`] takes a [`Situation`] and returns a [`Decision`]; [`judge`] compares the PAM's answer with the
//! decision; [`backoff`] says when to try again.

mod access;
mod account;
mod address;
pub mod backoff;
mod binding;
mod bound_vault;
mod claims;
mod confirmation;
mod connection;
pub mod credential;
mod disable_brake;
mod disabling;
mod facts;
mod identity;
pub mod keyed;
#[cfg(test)]
mod laws;
mod list_trust;
mod login;
mod other_operator;
mod outside;
mod reason;
mod release;
pub mod safe_password;
mod secret_version;
mod text;
mod turns;
pub mod unacked;
mod vault_id;

pub use access::{AccessRule, Claim, Denial, Grants, access, matches_glob};
pub use account::Account;
pub use address::{canonical_address, folded};
pub use backoff::NextPass;
pub use binding::Binding;
pub use bound_vault::{BoundVault, ConnectedVault};
pub use claims::{
    ClaimBook, ClaimRequest, Departed, DeviceClaim, HeldClaims, LeavingRecord, NotedClaims, ObjectName, RecordKey,
    Taken, Unsettled, VaultRecord, WantedRecord,
};
pub use confirmation::{Confirmation, UnusedValue};
pub use connection::Connection;
pub use credential::{
    AdoptionPolicy, Answer, Change, Claims, Decision, Drift, Expect, Expected, Facts, Heir, Identifiers, Intent,
    Inventory, Look, Mismatch, Planned, Push, Request, Row, SecretsState, Seen, Situation, ValueComparison,
    WriteEffect, decide, is_only_correction, judge, match_rows, seen_in_leaving,
};
pub use disable_brake::{
    Admission, BrakeLimit, BrakeRecord, BrakeState, BrakeWrite, DisableBrake, HeldDisables, Hold, RecentDisables,
    ShownDisables,
};
pub use disabling::{Disabling, after_disable};
pub use identity::{generated_identifier, generated_under};
pub use keyed::{Compared, DigestsOf, Keyed};
pub use list_trust::{ListCounts, ListFinding, ListRecord, ListTrust, ListVerdict, MissingRecords, ShownMissing};
pub use login::{Login, LoginEnd, LoginTurn, RefusedLogins, Remembered, login};
pub use other_operator::{OtherOperator, StatusTrace};
pub use outside::{RecordId, RecordIdentifier, TenantName, is_time};
pub use reason::{HoldUp, Reason, Retry};
pub use release::ReleaseReason;
pub use secret_version::SecretVersion;
pub use text::{StrayCharacter, TextKind, has_unseen_ends, is_utf16, stray_character};
pub use turns::{Party, Turn, Turns, Urgency};
pub use unacked::{SETTLE, SettleWindow, UnackedWrite, WriteAction, settle_left};
pub use vault_id::VaultId;
