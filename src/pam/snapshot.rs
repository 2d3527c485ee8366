//! One complete list of the PAM, indexed by what is asked of it.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::credential::ListedCredential;

/// The account of a record: username, hostname and ip together, case ignored (API 2.6). `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Account {
    username: String,
    hostname: String,
    ip: String,
}

impl Account {
    /// An account of these three, case ignored.
    #[must_use]
    pub fn new(username: &str, hostname: &str, ip: &str) -> Self {
        Self { username: username.to_lowercase(), hostname: hostname.to_lowercase(), ip: ip.to_lowercase() }
    }

    fn of(record: &ListedCredential) -> Self {
        Self::new(&record.username, &record.hostname, &record.ip)
    }

    fn is_near(&self, other: &Self) -> bool {
        self.username == other.username && (self.hostname == other.hostname || self.ip == other.ip)
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").finish_non_exhaustive()
    }
}

/// What a list shows about one identifier and one account. Rows of SSH keys are among them:
/// [`ListedCredential::is_ssh_key`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Records under the identifier: at most one in a sound vault.
    pub identified: Vec<ListedCredential>,
    /// Records with the account, under whatever identifier; the identified one may be among them.
    pub same_account: Vec<ListedCredential>,
    /// Records with the username and only one of hostname and ip: possible matches, never a conflict.
    pub near: Vec<ListedCredential>,
}

/// One complete list, kept current with our own writes.
///
/// The indexes hold hashes and positions instead of texts: a PAM may list a hundred thousand records.
pub struct Snapshot {
    started: Instant,
    records: Vec<ListedCredential>,
    hasher: RandomState,
    ids: Index,
    identifiers: Index,
    user_at_hostname: Index,
    user_at_ip: Index,
    /// Records that we wrote after the list was taken, by id; they stand for the listed ones.
    written: Mutex<HashMap<String, ListedCredential>>,
}

impl Snapshot {
    /// A snapshot of the records of a list that was begun at `started`.
    pub(super) fn new(started: Instant, records: Vec<ListedCredential>) -> Self {
        let hasher = RandomState::new();
        let index = |key: &dyn Fn(&ListedCredential) -> Option<u64>| Index::new(&records, key);
        let account = |record: &ListedCredential| Account::of(record);
        Self {
            ids: index(&|record| Some(hasher.hash_one(&record.id))),
            identifiers: index(&|record| record.identifier.as_ref().map(|text| hasher.hash_one(text))),
            user_at_hostname: index(&|record| Some(at_hostname(&hasher, &account(record)))),
            user_at_ip: index(&|record| Some(at_ip(&hasher, &account(record)))),
            written: Mutex::default(),
            started,
            records,
            hasher,
        }
    }

    /// When the list was begun: writes that were answered before are in it.
    #[must_use]
    pub fn started(&self) -> Instant {
        self.started
    }

    /// How many records the list held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// True if the list held no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The record with this id.
    #[must_use]
    pub fn by_id(&self, id: &str) -> Option<ListedCredential> {
        let written = self.written();
        let listed = || self.listed(&self.ids, self.hasher.hash_one(id)).find(|record| record.id == id);
        written.get(id).or_else(listed).cloned()
    }

    /// Whether what is known of the record is our own write, and not what was listed.
    #[must_use]
    pub fn is_written(&self, id: &str) -> bool {
        self.written().contains_key(id)
    }

    /// What the list shows about an identifier (exact) and an account (case ignored). Costs no more than there are
    /// matches, however long the list is.
    #[must_use]
    pub fn look(&self, identifier: &str, account: &Account) -> Seen {
        let (same_account, near) =
            self.of_user(account).into_iter().partition(|record| Account::of(record) == *account);
        Seen { identified: self.identified(identifier), same_account, near }
    }

    /// Puts a write of ours in the place of what was listed; what only the list can tell is kept.
    pub(super) fn note_written(&self, mut record: ListedCredential) {
        if let Some(before) = self.by_id(&record.id) {
            record.automatic_change = record.automatic_change.or(before.automatic_change);
            if record.kind.is_empty() {
                record.kind = before.kind;
            }
        }
        self.written().insert(record.id.clone(), record);
    }

    fn identified(&self, identifier: &str) -> Vec<ListedCredential> {
        let matches = |record: &ListedCredential| record.identifier.as_deref() == Some(identifier);
        self.select([(&self.identifiers, self.hasher.hash_one(identifier))], matches)
    }

    fn of_user(&self, account: &Account) -> Vec<ListedCredential> {
        let hostname = (&self.user_at_hostname, at_hostname(&self.hasher, account));
        let ip = (&self.user_at_ip, at_ip(&self.hasher, account));
        self.select([hostname, ip], |record| Account::of(record).is_near(account))
    }

    /// The matching records found by any of the keys, each once, the written ones instead of the listed ones.
    fn select<const N: usize>(
        &self,
        keys: [(&Index, u64); N],
        matches: impl Fn(&ListedCredential) -> bool,
    ) -> Vec<ListedCredential> {
        let written = self.written();
        let mut positions: Vec<u32> = keys.iter().flat_map(|(index, hash)| index.positions(*hash)).collect();
        positions.sort_unstable();
        positions.dedup();
        let listed = positions.iter().filter_map(|position| self.at(*position));
        let listed = listed.filter(|record| !written.contains_key(&record.id));
        listed.chain(written.values()).filter(|record| matches(record)).cloned().collect()
    }

    fn listed<'a>(&'a self, index: &'a Index, hash: u64) -> impl Iterator<Item = &'a ListedCredential> {
        index.positions(hash).filter_map(|position| self.at(position))
    }

    fn at(&self, position: u32) -> Option<&ListedCredential> {
        self.records.get(usize::try_from(position).ok()?)
    }

    fn written(&self) -> MutexGuard<'_, HashMap<String, ListedCredential>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("records", &self.records.len()).finish_non_exhaustive()
    }
}

fn at_hostname(hasher: &RandomState, account: &Account) -> u64 {
    hasher.hash_one((&account.username, &account.hostname))
}

fn at_ip(hasher: &RandomState, account: &Account) -> u64 {
    hasher.hash_one((&account.username, &account.ip))
}

/// Positions of records by the hash of a key, sorted.
struct Index(Vec<(u64, u32)>);

impl Index {
    fn new(records: &[ListedCredential], key: &dyn Fn(&ListedCredential) -> Option<u64>) -> Self {
        let numbered = records.iter().zip(0_u32..);
        let mut entries: Vec<_> = numbered.filter_map(|(record, at)| Some((key(record)?, at))).collect();
        entries.sort_unstable();
        entries.shrink_to_fit();
        Self(entries)
    }

    fn positions(&self, hash: u64) -> impl Iterator<Item = u32> {
        let first = self.0.partition_point(|(entry, _)| *entry < hash);
        self.0[first..].iter().take_while(move |(entry, _)| *entry == hash).map(|(_, at)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: &str, identifier: &str, account: [&str; 3]) -> ListedCredential {
        let [username, hostname, ip] = account.map(str::to_owned);
        let identifier = (!identifier.is_empty()).then(|| identifier.to_owned());
        ListedCredential { id: id.into(), identifier, username, hostname, ip, ..Default::default() }
    }

    fn ids(records: &[ListedCredential]) -> Vec<&str> {
        let mut ids: Vec<_> = records.iter().map(|record| record.id.as_str()).collect();
        ids.sort_unstable();
        ids
    }

    fn snapshot() -> Snapshot {
        let records = vec![
            record("1", "ours", ["svc", "db01", "10.0.0.7"]),
            record("2", "", ["SVC", "DB01", "10.0.0.7"]),
            record("3", "other", ["svc", "db01", "10.0.0.8"]),
            record("4", "", ["svc", "db02", "10.0.0.7"]),
            record("5", "Ours", ["root", "db01", "10.0.0.7"]),
        ];
        Snapshot::new(Instant::now(), records)
    }

    #[test]
    fn identifiers_match_exactly_and_accounts_without_case() {
        let seen = snapshot().look("ours", &Account::new("Svc", "db01", "10.0.0.7"));
        assert_eq!(ids(&seen.identified), ["1"]);
        assert_eq!(ids(&seen.same_account), ["1", "2"]);
        assert_eq!(ids(&seen.near), ["3", "4"]);
        let nothing = snapshot().look("none", &Account::new("none", "db01", "10.0.0.7"));
        assert_eq!(nothing, Seen::default());
    }

    #[test]
    fn our_writes_stand_for_what_was_listed() {
        let snapshot = snapshot();
        snapshot.note_written(record("1", "ours", ["svc", "db09", "10.0.0.9"]));
        snapshot.note_written(record("9", "new", ["svc", "db01", "10.0.0.7"]));
        let seen = snapshot.look("ours", &Account::new("svc", "db01", "10.0.0.7"));
        assert_eq!((ids(&seen.identified), ids(&seen.same_account)), (vec!["1"], vec!["2", "9"]));
        assert_eq!(snapshot.by_id("1").unwrap().hostname, "db09");
        assert_eq!(ids(&snapshot.look("new", &Account::new("x", "y", "z")).identified), ["9"]);
        assert_eq!(snapshot.by_id("8"), None);
    }

    #[test]
    fn what_only_the_list_can_tell_survives_a_write() {
        let mut listed = record("1", "ours", ["svc", "db01", "10.0.0.7"]);
        listed.automatic_change = Some(true);
        listed.kind = "SSH Key".into();
        let snapshot = Snapshot::new(Instant::now(), vec![listed]);
        snapshot.note_written(record("1", "ours", ["svc", "db01", "10.0.0.7"]));
        let now = snapshot.by_id("1").unwrap();
        assert_eq!((now.automatic_change, now.is_ssh_key()), (Some(true), true));
    }

    #[test]
    fn a_long_list_is_searched_and_not_walked() {
        let row = |id: u32| record(&id.to_string(), &format!("i{id}"), ["svc", &format!("h{id}"), "10.0.0.7"]);
        let rows: Vec<_> = (0..20_000).map(row).collect();
        let snapshot = Snapshot::new(Instant::now(), rows);
        let began = std::time::Instant::now();
        for id in 0..20_000 {
            let seen = snapshot.look(&format!("i{id}"), &Account::new("svc", &format!("h{id}"), "none"));
            assert_eq!((seen.identified.len(), seen.near.len()), (1, 1));
        }
        assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
    }

    #[test]
    fn debug_shows_no_account() {
        let account = Account::new("canary", "h", "i");
        let snapshot = Snapshot::new(Instant::now(), vec![record("1", "i", ["canary", "h", "i"])]);
        let seen = snapshot.look("i", &account);
        assert!(!format!("{account:?}{snapshot:?}{seen:?}").contains("canary"));
    }
}
