//! The steps that a history consists of.
//!
//! A step that makes no sense at its time (an edit of an object that is gone) does nothing, so that any part of a
//! history is a history too.

use std::fmt;

use serde_json::{Value, json};

/// How many credentials each cluster has.
pub const CREDENTIALS: usize = 3;

/// The names of the clusters.
pub const CLUSTERS: [&str; 2] = ["c1", "c2"];

/// The devices.
pub const DEVICES: [(&str, &str); 2] = [("db01", "10.0.0.7"), ("db02", "10.0.0.8")];

/// One credential of one cluster.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Who {
    pub cluster: usize,
    pub number: usize,
}

impl Who {
    pub fn all() -> impl Iterator<Item = Self> {
        (0..CLUSTERS.len()).flat_map(|cluster| (0..CREDENTIALS).map(move |number| Self { cluster, number }))
    }

    /// Its name in its namespace.
    pub fn name(self) -> String {
        format!("k{}", self.number)
    }
}

impl fmt::Debug for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/k{}", CLUSTERS[self.cluster], self.number)
    }
}

/// What a spec says.
#[allow(clippy::struct_excessive_bools, reason = "each is one independent field")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub username: String,
    /// Which of the devices.
    pub device: usize,
    pub notes: u64,
    pub adoption: &'static str,
    pub disable: bool,
    pub correct: bool,
    pub rotates: bool,
    pub suspend: bool,
    pub plan: bool,
}

impl Wanted {
    pub fn spec(&self) -> Value {
        let (hostname, ip) = DEVICES[self.device];
        json!({
            "username": self.username, "hostname": hostname, "ip": ip, "notes": format!("note {}", self.notes),
            "adoptionPolicy": self.adoption,
            "deletionPolicy": if self.disable { "Disable" } else { "Retain" },
            "driftPolicy": if self.correct { "Correct" } else { "Report" },
            "executionSettings": {"useOwnCredentialToConnect": true, "automaticChange": self.rotates},
            "suspend": self.suspend,
            "mode": if self.plan { "Plan" } else { "Apply" },
        })
    }
}

/// An edit of a spec.
#[derive(Clone, Debug)]
pub enum Edit {
    Username(String),
    Device(usize),
    Notes(u64),
    Adoption(&'static str),
    Disable(bool),
    Correct(bool),
    Rotates(bool),
    Suspend(bool),
    Plan(bool),
}

impl Edit {
    pub fn apply(&self, wanted: &mut Wanted) {
        match self {
            Self::Username(username) => wanted.username.clone_from(username),
            Self::Device(device) => wanted.device = *device,
            Self::Notes(notes) => wanted.notes = *notes,
            Self::Adoption(adoption) => wanted.adoption = adoption,
            Self::Disable(disable) => wanted.disable = *disable,
            Self::Correct(correct) => wanted.correct = *correct && !wanted.rotates,
            // The schema takes one of the two.
            Self::Rotates(rotates) => (wanted.rotates, wanted.correct) = (*rotates, wanted.correct && !rotates),
            Self::Suspend(suspend) => wanted.suspend = *suspend,
            Self::Plan(plan) => wanted.plan = *plan,
        }
    }
}

/// What a person does in the vault to the record of a credential, or the vault by itself.
#[derive(Clone, Debug)]
pub enum Act {
    Rename(String),
    Move(usize),
    Value,
    Identifier(String),
    Enable(bool),
    AutomaticChange(bool),
    /// The vault replaces the value, where it is to.
    Rotate,
}

/// How the next write is delivered for a credential.
#[derive(Clone, Copy, Debug)]
pub enum Delivery {
    /// It is executed, and its answer is lost.
    Executed,
    /// Its connection breaks, and it is executed so many seconds later.
    Late(u64),
    /// It is lost.
    Never,
    /// It is not answered, and executed so many seconds later.
    Silent(u64),
    /// It is refused with an error that may pass.
    Error,
}

/// What goes wrong for everybody.
#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    /// So many lists end in the middle.
    ListsEndEarly(u32),
    /// So many lists fail.
    ListsFail(u32),
    /// The PAM is out of reach for so many seconds.
    Outage(u64),
    /// All tokens are worth nothing any more.
    Tokens,
}

/// How writes of status go wrong.
#[derive(Clone, Copy, Debug)]
pub enum Status {
    Refused,
    DoneAndLost,
}

/// Something that happens.
#[derive(Clone, Debug)]
pub enum Step {
    /// At the beginning only: the clusters log in as two clients, and neither sees what the other makes.
    Apart,
    /// Nothing, for so many milliseconds.
    Wait(u64),
    /// A credential is applied, unless it is there.
    Apply(Who, Wanted),
    Edit(Who, Edit),
    Delete(Who),
    /// It is told to hand its record over to the one of that number, once it is deleted.
    HandOver(Who, usize),
    /// Its Secret gets a new value.
    Value(Who),
    /// Its Secret gets the value that it had before.
    RollBack(Who),
    /// Somebody asks for a push: of the value whatever the vault did, or not.
    Ask(Who, bool),
    /// The operator of a cluster is killed.
    Stop(usize),
    /// It ends in order.
    End(usize),
    Start(usize),
    /// The operator of a cluster starts with `--plan-only`, for a drill.
    Drill(usize),
    /// All objects of a cluster are created again, without status: it comes back from a backup.
    RestoreCluster(usize),
    /// The key of a cluster's digests is lost, while the operator is away.
    LoseKey(usize),
    /// So many writes for it are delivered like this.
    Writes(Who, Delivery, u32),
    Trouble(Trouble),
    /// So many writes of status in a cluster go wrong.
    Statuses(usize, Status, u32),
    Vault(Who, Act),
    Backup,
    RestoreVault,
}
