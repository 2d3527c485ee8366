//! One complete list of the PAM, with an index for each kind of question.

use std::collections::BTreeSet;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::account::{Account, Keys};
use super::index::{Entry, Index};
use super::state::{Listed, Outcome};
use super::table::{Row, Table};
use super::written::Written;
use crate::pam::credential::ListedCredential;
use crate::pam::error::{Call, PamError};

/// The most records of one sort that a look returns. Two decide as much as any number; and a list may show tens of thousands
/// of one account, which each pass would copy and compare.
const MOST: usize = 100;

/// Of the records that look like an account, so many are compared with it by each of two keys: a list may show tens of thousands of
/// them, and a possible match is only told. Records with the account itself are found by a key of their own.
const MOST_ALIKE: usize = 1_000;

/// The records that match one identifier or one account, up to a hundred of each sort. SSH keys are among them: [`ListedCredential::is_ssh_key`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Records with the identifier: at most one in a sound vault.
    pub identified: Vec<ListedCredential>,
    /// Records with the account, under any identifier; the identified record may be among them.
    pub same_account: Vec<ListedCredential>,
    /// Records with the username and only one of hostname and ip, or with texts that look like these: possible matches, never
    /// a conflict.
    pub near: Vec<ListedCredential>,
}

/// One complete list, kept current with our own writes.
pub struct Snapshot {
    started: Instant,
    table: Table,
    hasher: RandomState,
    ids: Index,
    identifiers: Index,
    accounts: Index,
    user_at_hostname: Index,
    user_at_ip: Index,
    /// Records that we wrote after the list was taken; they replace the listed ones.
    written: Mutex<Written>,
}

impl Listed for Snapshot {
    type Rows = Table;
    type Written = ListedCredential;

    /// Indexes a list on a thread of its own: indexing a hundred thousand records would hold up all other work.
    async fn indexed(started: Instant, table: Table) -> Outcome<Self> {
        let snapshot = tokio::task::spawn_blocking(move || Arc::new(Self::new(started, table)));
        let call = Call::ListCredentials;
        snapshot.await.map_err(|_| PamError::Malformed { call, what: "could not be indexed" })
    }

    fn started(&self) -> Instant {
        self.started
    }

    fn bytes(&self) -> usize {
        self.table.bytes()
    }

    fn note_written(&self, written: ListedCredential) {
        self.note_written(written);
    }
}

impl Snapshot {
    /// Returns a snapshot of the records of a list that began at `started`.
    pub(super) fn new(started: Instant, mut table: Table) -> Self {
        table.close();
        let hasher = RandomState::new();
        let index = |key: &dyn Fn(Row<'_>) -> Option<u64>| {
            let entry = |(position, row)| Some(Entry { hash: key(row)?, position });
            Index::new(table.len(), table.rows().filter_map(entry))
        };
        Self {
            ids: index(&|row| Some(hasher.hash_one(row.id))),
            identifiers: index(&|row| row.identifier.map(|text| hasher.hash_one(text))),
            accounts: index(&|row| Some(Keys::of(row).account(&hasher))),
            user_at_hostname: index(&|row| Some(Keys::loose(row).at_hostname(&hasher))),
            user_at_ip: index(&|row| Some(Keys::loose(row).at_ip(&hasher))),
            written: Mutex::default(),
            started,
            table,
            hasher,
        }
    }

    /// Returns when the list began: writes that were answered before are in the list.
    #[must_use]
    pub const fn started(&self) -> Instant {
        self.started
    }

    /// Returns how many records the list held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Returns true if the list held no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the record with this id. Its `change` is `None` where [`Snapshot::is_written`]: the listed `change` is from
    /// before our write, and only the next list shows the new one.
    #[must_use]
    pub fn by_id(&self, id: &str) -> Option<ListedCredential> {
        self.written().get(id).cloned().or_else(|| self.listed(id).map(Row::to_record))
    }

    /// Returns true if [`Snapshot::by_id`] returns the record as a write of our own left it, after the list began, and not
    /// as the list has it.
    #[must_use]
    pub fn is_written(&self, id: &str) -> bool {
        self.written().contains(id)
    }

    /// Returns the records that match an identifier (exact) or an account (case ignored). The cost has a bound, however many
    /// records match or look alike.
    #[must_use]
    pub fn look(&self, identifier: &str, account: &Account) -> Seen {
        let (of_identifier, of_account) = (self.hasher.hash_one(identifier), account.keys().account(&self.hasher));
        let (alike, keys) = (self.alike(account), account.loose_keys());
        let of_alike = [keys.at_hostname(&self.hasher), keys.at_ip(&self.hasher)];
        let with_it = self.identifiers.positions(of_identifier);
        let same_account = self.accounts.positions(of_account);
        let is_alike = |row: Row<'_>| account.is_near(row) && !account.is_of(row);
        Seen {
            identified: self.matching(with_it, &[of_identifier], |row| row.identifier == Some(identifier)),
            same_account: self.matching(same_account, &[of_account], |row| account.is_of(row)),
            near: self.matching(alike.into_iter(), &of_alike, is_alike),
        }
    }

    /// Returns the positions of records that may look like an account.
    fn alike(&self, account: &Account) -> BTreeSet<u32> {
        let keys = account.loose_keys();
        let by_hostname = self.user_at_hostname.positions(keys.at_hostname(&self.hasher)).take(MOST_ALIKE);
        by_hostname.chain(self.user_at_ip.positions(keys.at_ip(&self.hasher)).take(MOST_ALIKE)).collect()
    }

    /// Replaces a listed record by a write of our own. Type and rotation are kept where `record` leaves them open. `change`
    /// becomes unknown, even if `record` has one: only a list that began after the write shows the new `change`, and the
    /// old one would be taken as the value to compare later lists with.
    pub(super) fn note_written(&self, mut record: ListedCredential) {
        if let Some(before) = self.by_id(&record.id) {
            record.automatic_change = record.automatic_change.or(before.automatic_change);
            if record.kind.is_empty() {
                record.kind = before.kind;
            }
        }
        record.change = None;
        self.written().insert(record, &self.hasher);
    }

    fn listed(&self, id: &str) -> Option<Row<'_>> {
        let mut found = self.ids.positions(self.hasher.hash_one(id)).filter_map(|position| self.table.get(position));
        found.find(|row| row.id == id)
    }

    /// Returns those records that match: of the listed ones at these positions, and of those that we wrote since, by the hashes of
    /// their keys.
    fn matching(
        &self,
        positions: impl Iterator<Item = u32>,
        hashes: &[u64],
        matches: impl Fn(Row<'_>) -> bool,
    ) -> Vec<ListedCredential> {
        let written = self.written();
        let listed = positions.filter_map(|position| self.table.get(position));
        let listed = listed.filter(|row| !written.contains(row.id));
        let all = listed.chain(written.with(hashes, MOST_ALIKE));
        all.filter(|row| matches(*row)).take(MOST).map(Row::to_record).collect()
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("records", &self.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{RecordId, RecordIdentifier};
    use crate::pam::inventory::table::table;

    fn record(id: &str, identifier: &str, account: [&str; 3]) -> ListedCredential {
        let [username, hostname, ip] = account.map(str::to_owned);
        let identifier = (!identifier.is_empty()).then(|| RecordIdentifier::of(identifier));
        ListedCredential { id: RecordId::parse(id).unwrap(), identifier, username, hostname, ip, ..Default::default() }
    }

    fn ids(records: &[ListedCredential]) -> Vec<&str> {
        let mut ids: Vec<_> = records.iter().map(|record| &*record.id).collect();
        ids.sort_unstable();
        ids
    }

    fn snapshot() -> Snapshot {
        let records = [
            record("1", "ours", ["svc", "db01", "10.0.0.7"]),
            record("2", "", ["SVC", "DB01", "10.0.0.7"]),
            record("3", "other", ["svc", "db01", "10.0.0.8"]),
            record("4", "", ["svc", "db02", "10.0.0.7"]),
            record("5", "Ours", ["root", "db01", "10.0.0.7"]),
        ];
        Snapshot::new(Instant::now(), table(records))
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
        assert_eq!(ids(&snapshot.look("", &Account::new("SVC", "DB09", "10.0.0.1")).near), ["1"]);
        snapshot.note_written(record("9", "newer", ["root", "db01", "10.0.0.7"]));
        let moved = snapshot.look("new", &Account::new("svc", "db01", "10.0.0.7"));
        assert_eq!((ids(&moved.identified), ids(&moved.same_account)), (vec![], vec!["2"]), "the former form is gone");
        let now = snapshot.look("newer", &Account::new("Root", "db01", "10.0.0.7"));
        assert_eq!((ids(&now.identified), ids(&now.same_account)), (vec!["9"], vec!["5", "9"]));
        assert_eq!(snapshot.by_id("8"), None);
    }

    #[test]
    fn what_only_the_list_can_tell_survives_a_write() {
        let mut listed = record("1", "ours", ["svc", "db01", "10.0.0.7"]);
        listed.automatic_change = Some(true);
        listed.kind = "SSH Key".into();
        let snapshot = Snapshot::new(Instant::now(), table([listed]));
        snapshot.note_written(record("1", "ours", ["svc", "db01", "10.0.0.7"]));
        let now = snapshot.by_id("1").unwrap();
        assert_eq!((now.automatic_change, now.is_ssh_key()), (Some(true), true));
    }

    #[test]
    fn after_a_write_the_listed_change_is_of_before_and_so_unknown() {
        let change = Some("CANARY 2031-01-01 10:00:00".to_owned());
        let listed = |id: &str| ListedCredential { change: change.clone(), ..record(id, id, ["svc", "h", "i"]) };
        let snapshot = Snapshot::new(Instant::now(), table([listed("1"), listed("2")]));
        assert_eq!((snapshot.by_id("1").unwrap().change, snapshot.is_written("1")), (change.clone(), false));
        snapshot.note_written(listed("1"));
        snapshot.note_written(listed("3"));
        for (id, is_known) in [("1", false), ("2", true), ("3", false)] {
            assert_eq!((snapshot.by_id(id).unwrap().change.is_some(), !snapshot.is_written(id)), (is_known, is_known));
            assert_eq!(snapshot.look(id, &Account::new("", "", "")).identified[0].change.is_some(), is_known, "{id}");
        }
        assert!(!snapshot.is_written("4"));
        assert!(!format!("{snapshot:?}{:?}", snapshot.by_id("2")).contains("CANARY"));
    }

    #[test]
    fn a_long_list_is_searched_and_not_walked() {
        let row = |id: u32| record(&id.to_string(), &format!("i{id}"), ["svc", &format!("h{id}"), "10.0.0.7"]);
        let snapshot = Snapshot::new(Instant::now(), table((0..20_000).map(row)));
        let began = std::time::Instant::now();
        for id in 0..20_000 {
            let seen = snapshot.look(&format!("i{id}"), &Account::new("svc", &format!("h{id}"), "none"));
            assert_eq!((seen.identified.len(), seen.near.len()), (1, 1));
        }
        assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
    }

    /// Every pass looks: what a PAM lists a thousand times must not be copied, and compared, as often.
    #[test]
    fn few_of_many_records_of_one_account_are_taken_and_none_hides_another() {
        let row = |id: usize| {
            let at = if id.is_multiple_of(2) { "10.0.0.8" } else { "10.0.0.7" };
            record(&id.to_string(), "flood", ["svc", "db01", at])
        };
        let one = record("99999", "one", ["svc", "db01", "10.0.0.9"]);
        let snapshot = Snapshot::new(Instant::now(), table((0..5_000).map(row).chain([one])));
        let many = snapshot.look("flood", &Account::new("svc", "db01", "10.0.0.7"));
        assert_eq!([&many.identified, &many.same_account, &many.near].map(Vec::len), [100; 3]);
        let seen = snapshot.look("one", &Account::new("svc", "db01", "10.0.0.9"));
        assert_eq!((ids(&seen.identified), ids(&seen.same_account)), (vec!["99999"], vec!["99999"]));
    }

    /// A vault may list tens of thousands of records that look like an account; whether the account itself is among them decides
    /// what is written (P4).
    #[test]
    fn p4_an_account_is_found_among_any_number_of_look_alikes_and_few_of_those_are_compared() {
        let row = |id: usize| {
            let at = if id.is_multiple_of(2) { ["db01", "10.0.0.8"] } else { ["db02", "10.0.0.7"] };
            record(&id.to_string(), "", ["ｓvc", at[0], at[1]])
        };
        let own = record("99999", "", ["svc", "db01", "10.0.0.7"]);
        let snapshot = Snapshot::new(Instant::now(), table((0..50_000).map(row).chain([own])));
        let account = Account::new("svc", "db01", "10.0.0.7");
        assert!(snapshot.alike(&account).len() <= 2 * MOST_ALIKE);
        let began = std::time::Instant::now();
        for _ in 0..100 {
            let seen = snapshot.look("one", &account);
            assert_eq!((ids(&seen.same_account), seen.near.len()), (vec!["99999"], MOST));
        }
        assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
        snapshot.note_written(record("50001", "", ["svc", "db01", "10.0.0.7"]));
        assert_eq!(ids(&snapshot.look("one", &account).same_account), ["50001", "99999"]);
    }

    #[test]
    fn debug_shows_no_account() {
        let account = Account::new("canary", "h", "i");
        let snapshot = Snapshot::new(Instant::now(), table([record("1", "i", ["canary", "h", "i"])]));
        let seen = snapshot.look("i", &account);
        assert!(!format!("{account:?}{snapshot:?}{seen:?}").contains("canary"));
    }
}
