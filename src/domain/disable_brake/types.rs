//! What the brake is told and says.

use std::time::{Duration, Instant};

use super::window::RecentDisables;

/// How many disables a connection allows (`spec.disableBrake`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BrakeLimit {
    /// So many,
    pub count: usize,
    /// within any time as long as this.
    pub window: Duration,
}

/// Whether a disable may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may be sent.
    Go,
    /// It may be sent once the connection's status has it.
    Unwritten,
    /// It waits, and so many objects with it.
    Held(usize),
}

/// Whether the brake holds disables back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BrakeState {
    /// It holds nothing back.
    #[default]
    Off,
    /// It holds back, since then; `None`: since a time that needs no gathering.
    Held(Option<Instant>),
    /// A person confirmed so many, which no status says yet.
    Confirming(usize),
    /// So many of those that were confirmed may still go on.
    Releasing(usize),
}

/// What an earlier process left in the connection's status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrakeRecord {
    /// The brake was on.
    pub is_on: bool,
    /// The annotation's value that was handled.
    pub handled: Option<String>,
    /// The disables that may still count.
    pub recent: Vec<RecentDisables>,
}
