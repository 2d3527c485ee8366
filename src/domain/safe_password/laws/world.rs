//! One object, its Secret, a process and a MySafe, and what happens between two passes.

use jiff::Timestamp;

use super::pam::{Content, Pam, appearance};
use crate::domain::laws::PlainKey;
use crate::domain::safe_password::{
    ACTIVE, CONTENT, Decision, Desired, NAME, NOTES, ReadSecrets, Status, USERS_ALLOWED, digest_field, tag,
};
use crate::domain::{ConnectedVault, Keyed, RecordId, SETTLE, SecretVersion};

pub(super) const UID: &str = "uid";

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
    /// The process ends between announcement and call.
    KilledBefore,
    /// The PAM executes the write, and the process ends before it can record that.
    KilledAfter,
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
    /// The Secret gets another version with the same value.
    Touch,
    /// The spec gets another name.
    Name(&'static str),
    /// The spec gets other notes.
    Notes(u8),
    /// The spec shares with others.
    Shares(u8),
    /// The spec asks for an active entry, or an inactive one.
    Active(bool),
    /// Somebody asks for everything by annotation.
    Ask,
    /// Another process takes over.
    Restart,
    /// The settle window of all writes passes.
    Wait,
    /// The object is deleted.
    Delete,
    /// The connection leads to the same vault by another name.
    Alias,
    /// A stranger shares an entry that looks like ours and has a tag of the form of ours.
    Plant,
}

/// Everything there is.
#[allow(clippy::struct_excessive_bools, reason = "each is one independent fact")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) pam: Pam,
    pub(super) status: Status,
    pub(super) spec: Content,
    pub(super) active: Option<bool>,
    pub(super) deactivates: bool,
    pub(super) identifier: Option<u64>,
    pub(super) asked: Option<u8>,
    pub(super) origin: &'static str,
    pub(super) deleting: bool,
    pub(super) gone: bool,
    pub(super) finalizer: bool,
    pub(super) generation: i64,
    pub(super) version: u32,
    pub(super) ready: bool,
    pub(super) now: i64,
    pub(super) started: i64,
    /// Writes that were sent.
    pub(super) writes: usize,
    pub(super) last: Option<Decision>,
    /// What happened, to be read in a failure.
    pub(super) history: Vec<String>,
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            pam: Pam::default(),
            status: Status::default(),
            spec: Content { name: Some("a"), value: Some(1), notes: Some(1), shares: None },
            active: None,
            deactivates: false,
            identifier: None,
            asked: None,
            origin: "https://pam",
            deleting: false,
            gone: false,
            finalizer: false,
            generation: 1,
            version: 1,
            ready: false,
            now: 1_000_000,
            started: 0,
            writes: 0,
            last: None,
            history: vec![],
        }
    }

    pub(super) fn happen(&mut self, event: Event) {
        let spec = self.spec;
        self.history.push(format!("{} {event:?}", self.now));
        match event {
            Event::None => {}
            Event::Value(value) => (self.spec.value, self.version) = (Some(value), self.version + 1),
            Event::Touch => self.version += 1,
            Event::Name(name) => self.spec.name = Some(name),
            Event::Notes(notes) => self.spec.notes = Some(notes),
            Event::Shares(shares) => self.spec.shares = Some(shares),
            Event::Active(active) => (self.active, self.generation) = (Some(active), self.generation + 1),
            Event::Ask => self.asked = Some(self.asked.unwrap_or_default() + 1),
            Event::Restart => self.started = self.now,
            Event::Wait => self.pass_time(99),
            Event::Delete => self.deleting = true,
            Event::Alias => self.origin = "https://alias",
            Event::Plant => self.pam.plant(self.spec, "k8s-0123456789abcdef"),
        }
        if (spec.name, spec.notes, spec.shares) != (self.spec.name, self.spec.notes, self.spec.shares) {
            self.generation += 1;
        }
        self.pass_time(1);
    }

    pub(super) fn pass_time(&mut self, seconds: i64) {
        self.now += seconds;
        self.pam.arrive(self.now);
    }

    /// Lets time pass until nothing is open any more.
    pub(super) fn settled(&self) -> Self {
        let mut world = self.clone();
        for _ in 0..10 {
            world.pass_time(100);
            world.pass(Fault::None);
        }
        world
    }

    /// What of a world its future depends on: times count from now, and what is older than the settle window is equally old.
    pub(super) fn key(&self) -> Self {
        let mut key = self.clone();
        let age = |second: i64| (self.now - second).min(i64::try_from(SETTLE.as_secs()).unwrap());
        (key.now, key.started, key.writes, key.last, key.history) = (0, -age(self.started), 0, None, vec![]);
        key.pam.late.iter_mut().for_each(|(at, _)| *at -= self.now);
        if let Some(write) = &mut key.status.in_flight {
            write.since = at(-age(write.since.as_second()));
        }
        key.status.last_write = None;
        let current = self.status.observed_generation == Some(self.generation);
        (key.status.observed_generation, key.generation) = (current.then_some(0), 0);
        let same = self.status.source == [self.secret_version()];
        (key.status.source, key.version) = (vec![], u32::from(same));
        (key.asked, key.status.handled) = ((self.is_asked()).then_some(0), None);
        key
    }

    pub(super) fn is_asked(&self) -> bool {
        self.asked.is_some() && self.asked_text() != self.status.handled
    }

    pub(super) fn asked_text(&self) -> Option<String> {
        self.asked.map(|asked| asked.to_string())
    }

    pub(super) fn secret_version(&self) -> SecretVersion {
        SecretVersion { name: "s".to_owned(), uid: "u".to_owned(), resource_version: self.version.to_string() }
    }

    pub(super) fn vault(&self) -> ConnectedVault {
        let (connection, origin) = ("c".to_owned(), self.origin.to_owned());
        ConnectedVault { connection, origin, ..ConnectedVault::default() }
    }

    pub(super) fn tag(&self) -> String {
        tag(&PlainKey, UID, self.status.attempt)
    }

    pub(super) fn desired(&self) -> Desired {
        let name = self.spec.name.map(|name| (NAME.to_owned(), name.to_owned()));
        let notes = self.spec.notes.map(|notes| (NOTES.to_owned(), notes.to_string()));
        let shares = self.spec.shares.map(|shares| (USERS_ALLOWED.to_owned(), shares.to_string()));
        Desired {
            deactivates: self.deactivates,
            identifier: self.identifier.map(RecordId::from),
            active: self.active,
            groups: [name, notes, shares].into_iter().flatten().collect(),
            secret_groups: [CONTENT].into(),
            ..Desired::default()
        }
    }

    pub(super) fn read(&self) -> ReadSecrets {
        let digest = PlainKey.digest(&digest_field(CONTENT), &[self.spec.value.unwrap() + b'0']);
        ReadSecrets { digests: [(CONTENT.to_owned(), digest)].into(), versions: vec![self.secret_version()] }
    }

    /// P1, after faults stopped: the one entry of the object is as the cluster says, and nothing more is sent.
    pub(super) fn check_converged(&self) {
        let own: Vec<_> = self.pam.own().collect();
        let [record] = own.as_slice() else { panic!("P1, P3: {} entries: {self:#?}", own.len()) };
        let spec = Content { shares: self.spec.shares.or(record.content.shares), ..self.spec };
        assert_eq!(record.content, spec, "P1: {self:#?}");
        assert_eq!(record.active, self.active.unwrap_or(record.active), "P1: {self:#?}");
        assert_eq!(self.status.identifier, Some(RecordId::from(record.id)), "{self:#?}");
        assert_eq!(self.status.in_flight, None, "{self:#?}");
        self.check_rest();
        let mut restarted = self.clone();
        restarted.happen(Event::Restart);
        restarted.check_rest();
    }

    /// P1, P6: nothing is due, and nothing is sent.
    pub(super) fn check_rest(&self) {
        let mut again = self.clone();
        again.pass_time(100);
        again.pass(Fault::None);
        assert_eq!((again.writes, &again.status), (self.writes, &self.status), "P1, P6: nothing is due");
        assert_eq!(again.last, Some(Decision::Settled));
    }
}

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// The digest of the switch group, by its name: see [`ACTIVE`].
pub(super) fn told_active(status: &Status) -> Option<bool> {
    status.digests.get(ACTIVE).and_then(|told| told.parse().ok())
}

pub(super) fn looks(world: &World) -> crate::domain::safe_password::Appearance {
    appearance(world.spec.name.unwrap_or_default())
}
