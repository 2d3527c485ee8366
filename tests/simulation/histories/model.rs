//! The model that the laws are checked against: what was asked for, and what happened.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::steps::{Act, CLUSTERS, DEVICES, Edit, Wanted, Who};

/// A time before all others.
pub const NEVER: Timestamp = Timestamp::MIN;

/// Username and host name: here, each device has one address.
pub type Account = (String, String);

/// What is known of one credential.
#[derive(Clone, Default)]
pub struct Object {
    /// What its spec says; `None` if it was deleted, or never applied.
    pub wanted: Option<Wanted>,
    /// All that its spec said since it was applied, and when.
    pub specs: Vec<(Timestamp, Wanted)>,
    /// All values that its Secret had.
    pub values: Vec<(Timestamp, String)>,
    /// When somebody asked for a push, and whether of the value.
    pub asked: Vec<(Timestamp, bool)>,
    /// The records that its status named since it was applied, or that its writes met as they should.
    pub ids: BTreeSet<String>,
    /// The index in `values` of what was sent last.
    pub sent: usize,
    /// The last value whose push was answered since it was applied, or that was held back by the first one.
    pub acknowledged: Option<(Timestamp, String)>,
    /// The number of the last push with a value that was not answered, if none was since.
    pub unanswered: Option<u64>,
    /// The record that a write met though it was not this credential's, and when it was told so.
    pub stray: Option<(String, Timestamp)>,
    /// A write met or made another record than was known.
    pub strange: bool,
    /// When it was deleted, if that is to disable its record.
    pub leaving: Option<Timestamp>,
    /// Whom its annotation hands the record over to.
    pub hands_over: Option<usize>,
    /// The record that its status named last.
    pub last_id: Option<String>,
    /// The account of the last push that was answered.
    pub account: Option<Account>,
}

impl Object {
    /// The value before the last one, which becomes the newest again.
    pub fn roll_back(&mut self, now: Timestamp) -> Option<String> {
        let before = self.values.len().checked_sub(2).map(|index| self.values[index].1.clone())?;
        self.values.push((now, before.clone()));
        Some(before)
    }

    pub fn newest(&self) -> &str {
        self.values.last().map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// When it was applied.
    pub fn since(&self) -> Timestamp {
        self.specs.first().map_or(NEVER, |(at, _)| *at)
    }

    /// When its spec last changed.
    pub fn specified(&self) -> Timestamp {
        self.specs.last().map_or(NEVER, |(at, _)| *at)
    }

    /// When somebody last asked for a push (of the value).
    pub fn asked(&self, value: bool) -> Timestamp {
        let asked = self.asked.iter().filter(|(_, of_value)| *of_value || !value);
        asked.map(|(at, _)| *at).max().unwrap_or(NEVER)
    }

    /// The specs that held at any time since then.
    pub fn specs_since(&self, since: Timestamp) -> impl Iterator<Item = &Wanted> {
        let first = self.specs.iter().rposition(|(at, _)| *at <= since).unwrap_or(0);
        self.specs[first..].iter().map(|(_, wanted)| wanted)
    }
}

/// Who wrote a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Nobody,
    /// The vault rotated it.
    Vault(Timestamp),
    /// A person, or a restore.
    Person(Timestamp),
    /// A credential; `late` if it was executed after its connection was given up, or its answer was lost.
    Written {
        who: Who,
        at: Timestamp,
        sent: Timestamp,
        lost: bool,
    },
}

/// What is known of a record.
#[derive(Clone, Debug)]
pub struct Record {
    /// An operator disabled it, and nobody enabled it since.
    pub disabled: bool,
    pub identifier: Option<String>,
    pub account: Account,
    /// When it came by identifier or account, and by whom; `None`: somebody in the vault.
    pub identity: (Timestamp, Option<Who>),
    pub rotates: bool,
    /// Since when that is so.
    pub rotates_since: Timestamp,
    pub value: Origin,
    /// Who last changed it; `None`: somebody in the vault.
    pub last: Option<Who>,
    /// When the last write of a credential was sent.
    pub sent: Timestamp,
    /// All who ever wrote it.
    pub writers: BTreeSet<Who>,
}

/// What is known of a cluster.
#[derive(Clone, Copy)]
pub struct Cluster {
    /// When its operator was last killed.
    pub stopped: Timestamp,
    /// When writes of status last went wrong.
    pub troubled: Timestamp,
    /// When the key of its digests was lost.
    pub lost_key: Timestamp,
}

/// What was asked for and what happened.
pub struct Model {
    objects: BTreeMap<Who, Object>,
    /// The vault, by id of the record.
    pub records: BTreeMap<String, Record>,
    pub clusters: [Cluster; CLUSTERS.len()],
    /// When the vault was last restored.
    pub restored: Timestamp,
    /// The last entry of the journal that was looked at.
    pub seen: u64,
    /// The last commit that was looked at.
    pub commits: u64,
}

impl Model {
    pub fn new() -> Self {
        let unknown = Cluster { stopped: NEVER, troubled: NEVER, lost_key: NEVER };
        Self {
            objects: Who::all().map(|who| (who, Object::default())).collect(),
            records: BTreeMap::new(),
            clusters: [unknown; CLUSTERS.len()],
            restored: NEVER,
            seen: 0,
            commits: 0,
        }
    }

    pub fn object(&self, who: Who) -> &Object {
        &self.objects[&who]
    }

    pub fn object_mut(&mut self, who: Who) -> &mut Object {
        self.objects.entry(who).or_default()
    }

    /// An object is made: it knows nothing of what one of its name did before.
    pub fn applied(&mut self, who: Who, wanted: Wanted, now: Timestamp) {
        let before = self.object(who).clone();
        *self.object_mut(who) = Object {
            wanted: Some(wanted.clone()),
            specs: vec![(now, wanted)],
            values: before.values,
            sent: before.sent,
            ..Object::default()
        };
    }

    pub fn edited(&mut self, who: Who, edit: &Edit, now: Timestamp) -> bool {
        let object = self.object_mut(who);
        let Some(mut wanted) = object.wanted.clone() else { return false };
        edit.apply(&mut wanted);
        if object.wanted.as_ref() != Some(&wanted) {
            object.specs.push((now, wanted.clone()));
            object.wanted = Some(wanted);
        }
        true
    }

    /// `held`: a finalizer says that the record is to be disabled first.
    pub fn deleted(&mut self, who: Who, held: bool, now: Timestamp) {
        let object = self.object_mut(who);
        if object.wanted.take().is_some_and(|wanted| wanted.disable) && held {
            object.leaving = Some(now);
        }
    }

    pub fn stopped(&mut self, cluster: usize, now: Timestamp) {
        self.clusters[cluster].stopped = now;
    }

    pub fn lost_key(&mut self, cluster: usize, now: Timestamp) {
        self.clusters[cluster].lost_key = now;
    }

    pub fn troubled(&mut self, cluster: usize, now: Timestamp) {
        self.clusters[cluster].troubled = now;
    }

    pub fn restored(&mut self, records: BTreeMap<String, Record>, now: Timestamp) {
        self.records = records;
        self.restored = now;
        for record in self.records.values_mut() {
            (record.last, record.identity) = (None, (now, None));
        }
    }

    pub fn in_the_vault(&mut self, id: &str, act: &Act, now: Timestamp) {
        let Some(record) = self.records.get_mut(id) else { return };
        record.last = None;
        match act {
            Act::Rename(username) => record.account.0.clone_from(username),
            Act::Move(device) => DEVICES[*device].0.clone_into(&mut record.account.1),
            Act::Identifier(identifier) => record.identifier = Some(identifier.clone()),
            Act::Value => record.value = Origin::Person(now),
            Act::Rotate => record.value = Origin::Vault(now),
            Act::AutomaticChange(on) => (record.rotates, record.rotates_since) = (*on, now),
            Act::Enable(_) => record.disabled = false,
        }
        if matches!(act, Act::Rename(_) | Act::Move(_) | Act::Identifier(_)) {
            record.identity = (now, None);
        }
    }

    /// Whether what an operator knew at that time may not have come into status.
    pub fn may_have_forgotten(&self, cluster: usize, at: Timestamp) -> bool {
        let known = self.clusters[cluster];
        let near = |other: Timestamp, seconds| {
            other > NEVER && at.duration_since(other).abs() <= SignedDuration::from_secs(seconds)
        };
        near(known.stopped, 30) || near(known.troubled, 900) || known.lost_key >= at
    }
}
