//! A PAM of a few records: what a POST, a list and a DELETE do (API 2.6, 6.1).

use crate::domain::{Account, Answer, RecordId, RecordIdentifier, Row, WriteEffect};

/// One record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Record {
    pub(super) id: RecordId,
    pub(super) identifier: Option<String>,
    pub(super) username: String,
    pub(super) value: u8,
    pub(super) notes: u8,
    /// Moves with each write.
    pub(super) change: u32,
    pub(super) rotates: bool,
    pub(super) enabled: bool,
    /// Somebody else made the record.
    pub(super) foreign: bool,
}

/// A POST.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Post {
    pub(super) identifier: String,
    pub(super) username: String,
    pub(super) value: Option<u8>,
    pub(super) notes: Option<u8>,
}

/// All records, and the writes that arrive late.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Pam {
    pub(super) records: Vec<Record>,
    /// The vault rotates what is created.
    pub(super) rotates: bool,
    /// Ids count from here.
    pub(super) first_id: usize,
    pub(super) changes: u32,
    /// Writes that were executed.
    pub(super) calls: usize,
    pub(super) late: Vec<(i64, Post)>,
}

pub(super) fn account(username: &str) -> Account {
    Account { username: username.to_owned(), hostname: "db".to_owned(), ip: "192.0.2.1".to_owned() }
}

impl Pam {
    /// No two vaults have an id or a time of change in common.
    pub(super) fn new(first_id: usize, rotates: bool) -> Self {
        Self { rotates, first_id, changes: u32::try_from(first_id).unwrap() * 1_000, ..Self::default() }
    }

    /// Executes a POST: by identifier, then by account, else a new record.
    pub(super) fn post(&mut self, post: &Post) -> Answer {
        (self.changes, self.calls) = (self.changes + 1, self.calls + 1);
        let by_identifier = self.records.iter().position(|r| r.identifier.as_deref() == Some(&post.identifier));
        let found = by_identifier.or_else(|| self.records.iter().position(|r| r.username == post.username));
        let effect = if found.is_some() { WriteEffect::Updated } else { WriteEffect::Created };
        let at = found.unwrap_or_else(|| self.create());
        let record = &mut self.records[at];
        record.identifier = Some(post.identifier.clone());
        record.username.clone_from(&post.username);
        record.value = post.value.unwrap_or(record.value);
        record.notes = post.notes.unwrap_or(record.notes);
        record.change = self.changes;
        Answer {
            effect,
            id: record.id.clone(),
            identifier: record.identifier.as_deref().map(RecordIdentifier::of),
            tenant: None,
        }
    }

    fn create(&mut self) -> usize {
        let id = RecordId::parse(&(self.first_id + self.records.len()).to_string()).unwrap();
        let (identifier, username, rotates) = (None, String::new(), self.rotates);
        let (value, notes, change, enabled, foreign) = (0, 0, 0, true, false);
        self.records.push(Record { id, identifier, username, value, notes, change, rotates, enabled, foreign });
        self.records.len() - 1
    }

    /// Enables or disables the record of that id.
    pub(super) fn switch(&mut self, id: &str, write: impl FnOnce(&mut Record)) {
        self.calls += 1;
        self.touch(id, write);
    }

    /// A write that is executed at `at`.
    pub(super) fn post_late(&mut self, at: i64, post: Post) {
        self.late.push((at, post));
    }

    pub(super) fn arrive(&mut self, now: i64) {
        let (due, later) = std::mem::take(&mut self.late).into_iter().partition(|(at, _)| *at <= now);
        self.late = later;
        let due: Vec<(i64, Post)> = due;
        for (_, post) in &due {
            self.post(post);
        }
    }

    /// Somebody else writes to the record of that id.
    pub(super) fn touch(&mut self, id: &str, write: impl FnOnce(&mut Record)) {
        self.changes += 1;
        let change = self.changes;
        if let Some(record) = self.records.iter_mut().find(|record| *record.id == *id) {
            write(record);
            record.change = change;
        }
    }

    pub(super) fn rows(&self) -> Vec<Row> {
        let row = |record: &Record| Row {
            id: record.id.to_string(),
            identifier: record.identifier.clone(),
            account: account(&record.username),
            rotates: record.rotates,
            ssh_key: false,
        };
        self.records.iter().map(row).collect()
    }
}
