//! One pass over one object, to be varied in single points.

use crate::domain::laws::PlainKey;
use crate::domain::safe_password::{
    Appearance, CONTENT, CreateAttempt, Desired, Entry, EntryList, InFlight, Input, NAME, ReadSecrets, Status,
    USERS_ALLOWED, tag,
};
use crate::domain::{BoundVault, ConnectedVault, Connection, Keyed, RecordId, SecretVersion};

use super::pam::appearance;
use super::world::at;

pub(super) const NOW: i64 = 1_000_000;

/// The parts of an [`Input`].
#[derive(Clone)]
pub(super) struct Bench {
    pub(super) deleting: bool,
    pub(super) ready: bool,
    pub(super) desired: Desired,
    pub(super) appearance: Appearance,
    pub(super) asked: Option<String>,
    pub(super) status: Status,
    pub(super) connection: Connection,
    pub(super) vault: ConnectedVault,
    pub(super) versions: Vec<SecretVersion>,
    pub(super) read: Option<ReadSecrets>,
    pub(super) list: Option<EntryList>,
    pub(super) ended: i64,
    pub(super) started: i64,
}

pub(super) fn id(text: &str) -> RecordId {
    RecordId::parse(text).unwrap()
}

pub(super) fn version(version: &str) -> SecretVersion {
    SecretVersion { name: "s".to_owned(), uid: "u".to_owned(), resource_version: version.to_owned() }
}

/// The tag of an attempt.
pub(super) fn tag_of(attempt: u32) -> String {
    tag(&PlainKey, "uid", attempt)
}

/// An entry of that identifier and name, with one tag.
pub(super) fn entry(id_text: &str, name: &str, tag: &str) -> Entry {
    let (appearance, tags) = (appearance(name), format!("dns,{tag}"));
    Entry { id: id(id_text), appearance, tags, can_write: true, claimed: false }
}

impl Bench {
    /// An object without an entry, whose Secrets were read.
    pub(super) fn new() -> Self {
        let groups = [(NAME, "a"), (USERS_ALLOWED, "1")];
        let groups = groups.map(|(group, digest)| (group.to_owned(), digest.to_owned())).into();
        let read =
            ReadSecrets { digests: [(CONTENT.to_owned(), "k:v:1".to_owned())].into(), versions: vec![version("1")] };
        Self {
            deleting: false,
            ready: false,
            desired: Desired { groups, secret_groups: [CONTENT].into(), ..Desired::default() },
            appearance: appearance("a"),
            asked: None,
            status: Status::default(),
            connection: Connection::Ready,
            vault: ConnectedVault { connection: "c".to_owned(), origin: "https://pam".to_owned(), ..<_>::default() },
            versions: vec![version("1")],
            read: Some(read),
            list: None,
            ended: NOW,
            started: 0,
        }
    }

    /// An object whose entry 101 is as the spec says.
    pub(super) fn bound() -> Self {
        let mut bench = Self::new();
        let digests = [(NAME, "a"), (USERS_ALLOWED, "1"), (CONTENT, "k:v:1")];
        bench.status = Status {
            identifier: Some(id("101")),
            attempt: 1,
            vault: Some(BoundVault { used: bench.vault.clone(), tenant: None }),
            source: vec![version("1")],
            digests: digests.map(|(group, digest)| (group.to_owned(), digest.to_owned())).into(),
            ..Status::default()
        };
        bench
    }

    /// An object whose second POST has no answer, 100 seconds ago; the list of before showed 100 as the largest identifier.
    pub(super) fn posted() -> Self {
        let mut bench = Self::new();
        let create = CreateAttempt { largest: Some(id("100")), looks: appearance("old").digest(&PlainKey) };
        let groups = [(NAME, "old"), (CONTENT, "k:v:0")];
        let groups = groups.map(|(group, digest)| (group.to_owned(), digest.to_owned())).into();
        bench.status.attempt = 2;
        bench.status.in_flight = Some(InFlight { create: Some(create), groups, since: at(NOW - 100) });
        bench
    }

    pub(super) fn listing(mut self, entries: &[Entry]) -> Self {
        self.list = Some(EntryList { began: at(NOW), entries: entries.to_vec() });
        self
    }

    pub(super) fn input<'a>(&'a self, keyed: &'a dyn Keyed) -> Input<'a> {
        Input {
            uid: "uid",
            generation: 7,
            deleting: self.deleting,
            finalizer: false,
            ready: self.ready,
            desired: &self.desired,
            appearance: &self.appearance,
            asked: self.asked.as_deref(),
            status: &self.status,
            connection: self.connection,
            vault: Some(&self.vault),
            keyed,
            versions: Some(&self.versions),
            read: self.read.as_ref(),
            list: self.list.as_ref(),
            now: at(NOW),
            ended: at(self.ended),
            started: at(self.started),
        }
    }
}

/// Digests that can be read, by another key than [`PlainKey`].
pub(super) struct OtherKey;

impl Keyed for OtherKey {
    fn digest(&self, field: &str, text: &[u8]) -> String {
        format!("o:{field}:o{}", String::from_utf8_lossy(text))
    }

    fn made(&self, digest: &str) -> bool {
        digest.starts_with("o:")
    }

    fn is_of(&self, digest: &str, field: &str, text: &[u8]) -> bool {
        digest == self.digest(field, text)
    }
}
