//! What of a world its future depends on: worlds with the same key go the same way.

use super::pam::{Pam, Post, Record};
use super::world::{Address, Settings, World, at};
use crate::domain::SETTLE;
use crate::domain::credential::Status;

/// A world without its past: times count from now, and a version or a time of change is the recorded one or another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    vaults: [Vault; 2],
    status: Status,
    settings: Settings,
    object: Object,
    process: Process,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Vault {
    records: Vec<Record>,
    late: Vec<(i64, Post)>,
}

#[allow(clippy::struct_excessive_bools, reason = "each is one independent fact")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Object {
    deleting: bool,
    gone: bool,
    finalizer: bool,
    generation_is_recorded: bool,
    version_is_recorded: bool,
    spec: (u8, u8, &'static str),
    ready: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Process {
    address: Address,
    age: i64,
    suspected_write: Option<bool>,
    listed_since_write: Option<bool>,
    untold: bool,
    corrections: usize,
    answered_value: Option<u8>,
}

impl World {
    pub(super) fn key(&self) -> Key {
        let changes = self.status.remote.as_ref().and_then(|remote| remote.change.clone());
        Key {
            vaults: [0, 1].map(|vault| self.vault_key(&self.vaults[vault], changes.as_deref())),
            status: self.status_key(),
            settings: self.settings,
            object: Object {
                deleting: self.deleting,
                gone: self.gone,
                finalizer: self.finalizer,
                generation_is_recorded: self.status.observed_generation == Some(self.generation),
                version_is_recorded: self.status.source == [self.secret_version()],
                spec: (self.value, self.notes, self.username),
                ready: self.ready,
            },
            process: Process {
                address: self.address,
                age: self.since(self.started),
                suspected_write: self.suspected_write,
                listed_since_write: self.listed.map(|_| self.is_listed_since_write()),
                untold: self.untold,
                corrections: self.corrections,
                answered_value: self.answered_value,
            },
        }
    }

    pub(super) fn is_listed_since_write(&self) -> bool {
        self.listed.is_some_and(|at| self.status.last_write.is_none_or(|write| write.as_second() < at))
    }

    /// The seconds since then; what is older than the settle window is equally old.
    fn since(&self, second: i64) -> i64 {
        (self.now - second).min(i64::try_from(SETTLE.as_secs()).unwrap())
    }

    fn vault_key(&self, pam: &Pam, recorded: Option<&str>) -> Vault {
        let record = |record: &Record| {
            let change = u32::from(recorded == Some(&record.change.to_string()));
            Record { change, ..record.clone() }
        };
        let late = pam.late.iter().map(|(at, post)| (at - self.now, post.clone()));
        Vault { records: pam.records.iter().map(record).collect(), late: late.collect() }
    }

    fn status_key(&self) -> Status {
        let mut status = self.status.clone();
        status.observed_generation = None;
        status.source.clear();
        status.last_write = status.last_write.map(|_| at(0));
        if let Some(write) = &mut status.in_flight {
            write.since = at(self.since(write.since.as_second()));
        }
        if let Some(remote) = &mut status.remote {
            remote.change = remote.change.as_ref().map(|_| String::new());
        }
        let now = self.now;
        status.corrections.iter_mut().for_each(|time| *time = at(now - time.as_second()));
        status
    }
}
