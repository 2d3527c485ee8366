//! A MySafe of a few entries: each POST makes one, nobody is told whose it is, and nothing is ever deleted.

use crate::domain::RecordId;
use crate::domain::safe_password::{Appearance, Entry};

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Record {
    pub(super) id: u64,
    pub(super) content: Content,
    pub(super) tags: Vec<String>,
    pub(super) active: bool,
    /// Somebody else made the entry, and shares it with us.
    pub(super) foreign: bool,
    /// E-mails that sharing sent.
    pub(super) mails: usize,
}

/// What a POST or a PUT carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Content {
    pub(super) name: Option<&'static str>,
    pub(super) value: Option<u8>,
    pub(super) notes: Option<u8>,
    pub(super) shares: Option<u8>,
}

/// A call that changes something.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Call {
    Post { content: Content, tag: String },
    Put { id: u64, content: Content },
    Switch { id: u64, active: bool },
}

/// All entries, and the calls that arrive late.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Pam {
    pub(super) records: Vec<Record>,
    pub(super) late: Vec<(i64, Call)>,
    pub(super) drops_tags: bool,
    /// Inactive entries are not listed.
    pub(super) hides_inactive: bool,
}

impl Content {
    fn over(self, before: Self) -> Self {
        Self {
            name: self.name.or(before.name),
            value: self.value.or(before.value),
            notes: self.notes.or(before.notes),
            shares: self.shares.or(before.shares),
        }
    }
}

impl Pam {
    /// Executes a call. Returns the identifier of the entry.
    pub(super) fn execute(&mut self, call: &Call) -> u64 {
        match call {
            Call::Post { content, tag } => {
                assert_eq!(content.shares, None, "P4: others would see the tag before the answer");
                let tags = if self.drops_tags { vec![] } else { vec![tag.clone()] };
                self.add(*content, tags, false)
            }
            Call::Put { id, content } => {
                self.change(*id, |record| {
                    record.mails += usize::from(content.shares.is_some());
                    record.content = content.over(record.content);
                });
                *id
            }
            Call::Switch { id, active } => {
                self.change(*id, |record| record.active = *active);
                *id
            }
        }
    }

    /// A stranger shares an entry with us.
    pub(super) fn plant(&mut self, content: Content, tag: &str) {
        self.add(content, vec![tag.to_owned()], true);
    }

    fn add(&mut self, content: Content, tags: Vec<String>, foreign: bool) -> u64 {
        let id = 101 + u64::try_from(self.records.len()).unwrap();
        self.records.push(Record { id, content, tags, active: true, foreign, mails: 0 });
        id
    }

    fn change(&mut self, id: u64, write: impl FnOnce(&mut Record)) {
        let record = self.records.iter_mut().find(|record| record.id == id).expect("an entry that never was");
        assert!(!record.foreign, "P4: somebody else's entry is written: {record:?}");
        write(record);
    }

    /// Executes what is due by `now`.
    pub(super) fn arrive(&mut self, now: i64) {
        let (due, later): (Vec<_>, _) = std::mem::take(&mut self.late).into_iter().partition(|(at, _)| *at <= now);
        self.late = later;
        for (_, call) in &due {
            self.execute(call);
        }
    }

    pub(super) fn own(&self) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(|record| !record.foreign)
    }

    pub(super) fn list(&self) -> Vec<Entry> {
        let listed = self.records.iter().filter(|record| record.active || !self.hides_inactive);
        let entry = |record: &Record| Entry {
            id: RecordId::from(record.id),
            appearance: appearance(record.content.name.unwrap_or_default()),
            tags: record.tags.join(", "),
            can_write: true,
            claimed: false,
        };
        listed.map(entry).collect()
    }
}

pub(super) fn appearance(name: &str) -> Appearance {
    Appearance { name: name.to_owned(), username: Some("svc".to_owned()), url: "https://x".to_owned() }
}
