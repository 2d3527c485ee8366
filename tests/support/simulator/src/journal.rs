//! The journal: every request, what became of it, and what it changed. It holds no secret.

use jiff::Timestamp;
use serde::Serialize;

use bytes::Bytes;

use crate::call::{Call, Kind};

/// A change that a call made to the vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Commit {
    /// Position among all commits of this simulator, from 1: a late commit has a later one than its request.
    pub order: u64,
    /// When it was applied.
    pub at: Timestamp,
    /// Whether it made a new record.
    pub created: bool,
    /// Whether it wrote a value.
    pub wrote_value: bool,
}

/// One request. Values of the body are not here: see [`crate::Simulator::body_of`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Sequence number from 1, in order of arrival.
    pub seq: u64,
    /// When it had arrived whole.
    pub at: Timestamp,
    /// When its fate was decided; absent while it is under way.
    pub done_at: Option<Timestamp>,
    /// The connection it came over, from 1.
    pub connection: u64,
    /// What kind of call it is.
    pub kind: Kind,
    /// The HTTP method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The client that the token belongs to, or that asked for one.
    pub client_id: Option<String>,
    /// How the `Authorization` header began: `bearer`, `basic` or `other`; absent: there was none.
    pub scheme: Option<&'static str>,
    /// The `Referer` header.
    pub referrer: Option<String>,
    /// Fingerprint of the client certificate that the connection was made with, as
    /// [`crate::Simulator::fingerprint_of`] writes it.
    pub certificate: Option<String>,
    /// Serial number of the token that was shown, or handed out; from 1.
    pub token: Option<u64>,
    /// The fault that hit it.
    pub fault: Option<String>,
    /// The HTTP status it was answered with; absent: it got no answer (yet).
    pub status: Option<u16>,
    /// The application's code, where it refused the call; 0 for errors that only the simulator has.
    pub code: Option<u16>,
    /// What it changed; absent: nothing (yet).
    pub commit: Option<Commit>,
    /// Id of the record it met or made; of a refused call too, where it is about one.
    pub record: Option<String>,
    /// The identifier (of a device: the host name) that the body names, or what the path names.
    pub target: Option<String>,
    /// Names of the body's outermost keys.
    pub keys: Vec<String>,
    /// Paths of everything in the body, such as `jit_settings`, `jit_settings.jit` and
    /// `session_settings.macros[0].remote_app`.
    pub fields: Vec<String>,
    /// Whether the answer handed out a secret value (never true for a well-behaved operator).
    pub secret_handed_out: bool,
}

impl Entry {
    /// Whether the body had this outermost key.
    #[must_use]
    pub fn sent(&self, key: &str) -> bool {
        self.keys.iter().any(|sent| sent == key)
    }

    /// Whether the body had a field with this path.
    #[must_use]
    pub fn sent_field(&self, path: &str) -> bool {
        self.fields.iter().any(|sent| sent == path)
    }

    /// Whether the call changed the vault.
    #[must_use]
    pub fn committed(&self) -> bool {
        self.commit.is_some()
    }
}

/// A point in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Mark(pub(crate) u64);

/// A copy of (a part of) the journal, in order of arrival.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Journal(pub(crate) Vec<Entry>);

impl Journal {
    /// All entries.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// Entries of one kind.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &Entry> {
        self.0.iter().filter(move |entry| entry.kind == kind)
    }

    /// How many calls of one kind there were.
    #[must_use]
    pub fn count(&self, kind: Kind) -> usize {
        self.of(kind).count()
    }

    /// The credential POSTs.
    #[must_use]
    pub fn posts(&self) -> Vec<&Entry> {
        self.of(Kind::PostCredential).collect()
    }

    /// The credential POSTs that name this identifier.
    #[must_use]
    pub fn posts_for(&self, identifier: &str) -> Vec<&Entry> {
        self.of(Kind::PostCredential).filter(|entry| entry.target.as_deref() == Some(identifier)).collect()
    }

    /// The calls that met or made this record, refused ones included: who did what to it.
    #[must_use]
    pub fn about(&self, id: &str) -> Vec<&Entry> {
        let about = |entry: &&Entry| entry.record.as_deref() == Some(id);
        self.0.iter().filter(about).collect()
    }

    /// The calls that changed the vault, in the order in which they did.
    #[must_use]
    pub fn commits(&self) -> Vec<&Entry> {
        let mut entries: Vec<&Entry> = self.0.iter().filter(|entry| entry.committed()).collect();
        entries.sort_by_key(|entry| entry.commit.as_ref().map(|commit| commit.order));
        entries
    }

    /// The calls that were handed a secret value.
    #[must_use]
    pub fn secrets_handed_out(&self) -> Vec<&Entry> {
        self.0.iter().filter(|entry| entry.secret_handed_out).collect()
    }

    /// The most calls that were under way at one time.
    #[must_use]
    pub fn peak(&self) -> usize {
        let begun = |entry: &Entry, at| entry.at <= at && entry.done_at.is_none_or(|done| done > at);
        self.0.iter().map(|one| self.0.iter().filter(|other| begun(other, one.at)).count()).max().unwrap_or(0)
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The journal as it is written. Bodies are kept apart, so that no way of printing entries shows them.
#[derive(Default)]
pub(crate) struct Log {
    entries: Vec<Entry>,
    bodies: Vec<Bytes>,
    commits: u64,
}

impl Log {
    /// Writes down an arrival; answers its sequence number.
    pub(crate) fn arrive(
        &mut self,
        call: &Call,
        caller: Option<(String, u64)>,
        fault: Option<String>,
        now: Timestamp,
    ) -> u64 {
        let seq = self.entries.len() as u64 + 1;
        let (client_id, token) = caller.unzip();
        self.entries.push(Entry {
            seq,
            at: now,
            done_at: None,
            connection: call.connection,
            kind: call.route.kind(),
            method: call.method.clone(),
            path: call.path.clone(),
            client_id,
            scheme: call.scheme(),
            referrer: call.referrer.clone(),
            certificate: call.certificate.clone(),
            token,
            fault,
            status: None,
            code: None,
            commit: None,
            record: None,
            target: call.target().map(str::to_owned),
            keys: call.keys(),
            fields: call.fields(),
            secret_handed_out: false,
        });
        self.bodies.push(call.body.clone());
        seq
    }

    /// Lets `change` amend an entry.
    pub(crate) fn amend(&mut self, seq: u64, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = index(seq).and_then(|index| self.entries.get_mut(index)) {
            change(entry);
        }
    }

    /// The next commit's position and time.
    pub(crate) fn commit(&mut self, created: bool, wrote_value: bool, now: Timestamp) -> Commit {
        self.commits += 1;
        Commit { order: self.commits, at: now, created, wrote_value }
    }

    pub(crate) const fn commits(&self) -> u64 {
        self.commits
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark(self.entries.len() as u64)
    }

    pub(crate) fn since(&self, mark: Mark) -> Journal {
        let from = usize::try_from(mark.0).unwrap_or(usize::MAX);
        Journal(self.entries.get(from..).unwrap_or_default().to_vec())
    }

    pub(crate) fn body(&self, seq: u64) -> Option<Bytes> {
        self.bodies.get(index(seq)?).cloned()
    }
}

fn index(seq: u64) -> Option<usize> {
    usize::try_from(seq.checked_sub(1)?).ok()
}
