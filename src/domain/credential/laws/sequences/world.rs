//! One object, its Secret, a process and two vaults, and what happens between two passes.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::pam::Pam;
use crate::domain::credential::{ACCOUNT, Asked, CONTENT, ConnectedVault, Desired, SecretVersion, Status};
pub(super) use crate::domain::laws::PlainKey;
use crate::domain::{AdoptionPolicy, Decision, SETTLE};

/// What happens to the write of a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Fault {
    /// The PAM answers.
    None,
    /// The PAM does not execute the write, and no answer comes.
    LostBefore,
    /// The PAM executes the write, and no answer comes.
    LostAfter,
    /// No answer comes, and the PAM executes the write a minute later.
    LostLate,
    /// The PAM refuses the write.
    Refused,
    /// The PAM executes the write, and the process ends before it can record that.
    Killed,
    /// The process ends, and the PAM executes the write a minute later.
    KilledLate,
}

/// What happens between two passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Event {
    /// Nothing, but for a second.
    None,
    /// The Secret gets another value.
    Value(u8),
    /// The spec gets other notes.
    Notes(u8),
    /// The spec gets another username.
    Username(&'static str),
    /// Another process takes over.
    Restart,
    /// The vault rotates the value, or somebody changes the value there.
    ChangedInVault,
    /// Somebody renames the record in the vault.
    RenamedInVault,
    /// The connection leads to another address.
    Connect(Address),
    /// The settle window of all writes passes.
    Wait,
    /// The object is deleted.
    Delete,
    /// The connection lists.
    Listed,
}

/// Where a connection leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Address {
    /// The first vault.
    First,
    /// The first vault, under another name.
    Alias,
    /// Another vault.
    Other,
}

impl Address {
    pub(super) const fn origin(self) -> &'static str {
        match self {
            Self::First => "https://pam",
            Self::Alias => "https://alias",
            Self::Other => "https://other",
        }
    }

    const fn vault(self) -> usize {
        match self {
            Self::First | Self::Alias => 0,
            Self::Other => 1,
        }
    }
}

/// What happened at one time.
#[derive(Clone, Copy, Debug)]
#[allow(dead_code, reason = "read in a failure's output")]
pub(super) enum Happened {
    Event(Event),
    Pass(Decision, Fault),
}

/// What the spec says that no event changes, and how the vault treats new records.
#[allow(clippy::struct_excessive_bools, reason = "each is one independent setting")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Settings {
    pub(super) adoption: AdoptionPolicy,
    pub(super) disable: bool,
    pub(super) correct: bool,
    pub(super) ensure_enabled: bool,
    pub(super) rotates: bool,
}

/// Everything there is.
#[allow(clippy::struct_excessive_bools, reason = "each is one independent fact")]
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) vaults: [Pam; 2],
    pub(super) address: Address,
    pub(super) status: Status,
    pub(super) settings: Settings,
    pub(super) deleting: bool,
    pub(super) gone: bool,
    pub(super) value: u8,
    pub(super) notes: u8,
    pub(super) username: &'static str,
    pub(super) finalizer: bool,
    pub(super) generation: i64,
    pub(super) version: u32,
    pub(super) asked: Asked,
    pub(super) now: i64,
    pub(super) started: i64,
    pub(super) suspected_write: Option<bool>,
    /// When the connection listed last.
    pub(super) listed: Option<i64>,
    /// A process was killed with a write that nothing tells of later: no list had said when the write before was
    /// (`design.md` 4: an unknown baseline permits no push of a value), or there was no write to this vault before.
    pub(super) untold: bool,
    /// `Ready` is true for the generation of the status.
    pub(super) ready: bool,
    /// Writes that were sent.
    pub(super) writes: usize,
    /// Pushes that did nothing but correct, since the last push for another cause.
    pub(super) corrections: usize,
    /// The value that the cluster had when the last write with a value was answered.
    pub(super) answered_value: Option<u8>,
    pub(super) last: Option<Decision>,
    /// What happened, to be read in a failure.
    pub(super) history: Vec<(i64, Happened)>,
}

impl World {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            vaults: [100, 200].map(|first_id| Pam::new(first_id, settings.rotates)),
            address: Address::First,
            status: Status::default(),
            settings,
            deleting: false,
            gone: false,
            value: 1,
            notes: 1,
            username: "svc",
            finalizer: false,
            generation: 1,
            version: 1,
            asked: Asked::default(),
            now: 1_000_000,
            started: 0,
            suspected_write: None,
            listed: None,
            untold: false,
            ready: false,
            writes: 0,
            corrections: 0,
            answered_value: None,
            last: None,
            history: Vec::new(),
        }
    }

    pub(super) const fn pam(&self) -> &Pam {
        &self.vaults[self.address.vault()]
    }

    pub(super) const fn pam_mut(&mut self) -> &mut Pam {
        &mut self.vaults[self.address.vault()]
    }

    /// What happens between two passes.
    pub(super) fn happen(&mut self, event: Event) {
        self.pass_time(1);
        self.history.push((self.now, Happened::Event(event)));
        match event {
            Event::None => {}
            Event::Value(value) => (self.value, self.version) = (value, self.version + 1),
            Event::Notes(notes) => (self.notes, self.generation) = (notes, self.generation + 1),
            Event::Username(username) => (self.username, self.generation) = (username, self.generation + 1),
            Event::Restart => (self.started, self.suspected_write) = (self.now, None),
            Event::ChangedInVault | Event::RenamedInVault => self.touch(event),
            Event::Connect(address) => (self.address, self.listed) = (address, None),
            Event::Wait => self.pass_time(100),
            Event::Delete => self.deleting = true,
            Event::Listed => self.listed = Some(self.now),
        }
    }

    /// Somebody else writes to the record of the status.
    fn touch(&mut self, event: Event) {
        let id = self.status.id.clone().unwrap_or_default();
        self.pam_mut().touch(&id, |record| match event {
            Event::RenamedInVault => "renamed".clone_into(&mut record.username),
            _ => record.value = 9,
        });
    }

    pub(super) fn pass_time(&mut self, seconds: i64) {
        self.now += seconds;
        let now = self.now;
        self.vaults.iter_mut().for_each(|pam| pam.arrive(now));
    }

    pub(super) fn recently_started(&self) -> bool {
        self.now - self.started < i64::try_from(SETTLE.as_secs()).unwrap()
    }

    pub(super) fn vault(&self) -> ConnectedVault {
        let (connection, origin) = ("c".to_owned(), self.address.origin().to_owned());
        ConnectedVault { connection, origin, ..ConnectedVault::default() }
    }

    pub(super) fn secret_version(&self) -> SecretVersion {
        SecretVersion { name: "s".to_owned(), uid: "u".to_owned(), resource_version: self.version.to_string() }
    }

    pub(super) fn desired(&self) -> Desired {
        let groups = [(ACCOUNT, self.username.to_owned()), ("notes", self.notes.to_string())];
        let groups: BTreeMap<_, _> = groups.map(|(group, digest)| (group.to_owned(), digest)).into();
        Desired {
            disable: self.settings.disable,
            adoption: self.settings.adoption,
            correct: self.settings.correct,
            ensure_enabled: self.settings.ensure_enabled,
            has_value: true,
            rotates: self.settings.rotates,
            groups,
            secret_groups: [CONTENT].into(),
            ..Desired::default()
        }
    }
}

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}
