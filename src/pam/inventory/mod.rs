//! What a PAM holds, as far as one connection may see it: one shared list instead of one per credential.

mod account;
mod budget;
mod entries;
mod index;
mod snapshot;
mod state;
mod table;
#[cfg(test)]
mod tests;
mod written;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::OptionFuture;
use tokio::time::{Instant, sleep};

use crate::pam::client::PamClient;
use crate::pam::credential::ListedCredential;
use crate::pam::error::{Call, PamError};
use budget::{ListTurn, OverBudget, Room};
use entries::EntryRows;
use state::{Listed, Outcome, Requirement, RunningList, State};
use table::{NoRoom, Table};

pub use account::Account;
pub use budget::ListBudget;
pub use entries::EntrySnapshot;
pub use snapshot::{Seen, Snapshot};

/// The inventory of one connection: of what PAM Core keeps, or of the entries of MySafe.
#[derive(Debug)]
#[allow(private_bounds, reason = "there is no other list than the two of this module")]
pub struct Inventory<S: Listed = Snapshot> {
    state: Mutex<State<S>>,
    /// Held by the one call that lists, or waits until the next list is allowed.
    turn: tokio::sync::Mutex<()>,
}

/// Ends the list under way also where its caller is dropped in the middle: the PAM was asked in that case too, and the
/// next list must keep its distance from that one.
struct FinishOnDrop<'a, S: Listed>(&'a Inventory<S>);

impl<S: Listed> Drop for FinishOnDrop<'_, S> {
    fn drop(&mut self) {
        self.0.state().finish(None);
    }
}

impl<S: Listed> Default for Inventory<S> {
    fn default() -> Self {
        Self { state: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }
}

#[allow(private_bounds, reason = "there is no other list than the two of this module")]
impl<S: Listed> Inventory<S> {
    /// Returns an inventory that knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns an inventory that knows nothing yet, and whose lists count in what the connections of a namespace may take.
    #[must_use]
    pub fn of_tenant(budget: &ListBudget, namespace: &str) -> Self {
        let inventory = Self::new();
        inventory.state().room = Room::of_tenant(budget, namespace);
        inventory
    }

    /// Returns the newest snapshot, however old and even if it was invalidated.
    #[must_use]
    pub fn latest(&self) -> Option<Arc<S>> {
        self.state().snapshot.clone()
    }

    /// Returns when the newest list that succeeded began.
    #[must_use]
    pub fn last_started(&self) -> Option<Instant> {
        self.state().snapshot.as_ref().map(|snapshot| snapshot.started())
    }

    /// Returns what a list that is asked for now would come to without a call: a snapshot that is fresh, or the failure of a
    /// list after which none is asked for yet; see [`Inventory::fresh`].
    #[must_use]
    pub fn known_fresh(&self, not_before: Option<Instant>) -> Option<Result<Arc<S>, PamError>> {
        self.known(&Requirement { since: Instant::now(), not_before })
    }

    /// Records that the snapshot may be wrong (a write of unknown outcome): no list that began before now counts as
    /// fresh.
    pub fn invalidate(&self) {
        self.state().invalidated = Some(Instant::now());
    }

    async fn fresh_by<F>(&self, not_before: Option<Instant>, list: impl FnOnce() -> F) -> Outcome<S>
    where
        F: Future<Output = Result<S::Rows, PamError>>,
    {
        let requirement = Requirement { since: Instant::now(), not_before };
        if let Some(known) = self.known(&requirement) {
            return known;
        }
        let _turn = self.turn.lock().await;
        if let Some(known) = self.known(&requirement) {
            return known;
        }
        let wait = self.state().until_allowed();
        sleep(wait).await;
        self.take(list).await
    }

    fn known(&self, requirement: &Requirement) -> Option<Outcome<S>> {
        self.state().known(requirement)
    }

    /// Lists. The caller holds `turn`.
    async fn take<F>(&self, list: impl FnOnce() -> F) -> Outcome<S>
    where
        F: Future<Output = Result<S::Rows, PamError>>,
    {
        let turn = self.state().room.turn();
        let _turn = OptionFuture::from(turn.map(ListTurn::take)).await;
        let began = Instant::now();
        self.state().running = Some(RunningList::default());
        let finish_on_drop = FinishOnDrop(self);
        let outcome = match list().await {
            Ok(rows) => S::indexed(self.sent().unwrap_or(began), rows).await,
            Err(error) => Err(error),
        };
        self.state().finish(Some(&outcome));
        drop(finish_on_drop);
        outcome
    }

    /// Makes room for a list of so many bytes that arrives.
    fn reach(&self, bytes: usize) -> Result<(), PamError> {
        self.state().room.reach(bytes).map_err(|OverBudget| PamError::ListNotKept)
    }

    fn note_sent(&self) {
        if let Some(running) = &mut self.state().running {
            running.sent = Some(Instant::now());
        }
    }

    fn sent(&self) -> Option<Instant> {
        self.state().running.as_ref()?.sent
    }

    fn state(&self) -> MutexGuard<'_, State<S>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inventory {
    /// Returns a snapshot of a list that began less than 10 s before this call (ended, if it took longer than that), not
    /// before `not_before`, and after the last [`Inventory::invalidate`]. If there is none, one new list is asked for,
    /// which all waiting callers share.
    ///
    /// Lists are asked for no more often than every 10 s, and every 10 durations of the last one, whether that one came
    /// to its end or not. A caller waits up to 15 s for others and until the next list is allowed, and gets
    /// [`PamError::ListThrottled`] if the wait would be longer. After a list that failed, callers get that failure until
    /// the next list is allowed.
    pub async fn fresh(&self, client: &PamClient, not_before: Option<Instant>) -> Result<Arc<Snapshot>, PamError> {
        self.fresh_by(not_before, || async {
            let mut table = Table::default();
            let mut kept = Ok(());
            let sent = || self.note_sent();
            let mut keep = |record| {
                if kept.is_ok() {
                    kept = self.keep(&mut table, &record);
                }
            };
            client.list_from(&sent, &mut keep).await?;
            kept.map(|()| table)
        })
        .await
    }

    /// Adds a record to the list that arrives.
    fn keep(&self, table: &mut Table, record: &ListedCredential) -> Result<(), PamError> {
        table.push(record).map_err(|NoRoom| PamError::TooLarge(Call::ListCredentials))?;
        self.reach(table.bytes())
    }

    /// Adds a write of our own to the snapshot: the record as the PAM answered it. Type and rotation are taken from the
    /// list where `record` leaves them open.
    ///
    /// The record's `change` becomes unknown, even if `record` has one, until a list that begins later: the listed
    /// `change` is from before the write, and a list that is under way may show either.
    pub fn note_written(&self, record: ListedCredential) {
        let mut state = self.state();
        if let Some(running) = &mut state.running {
            running.written.push(record.clone());
        }
        if let Some(snapshot) = &state.snapshot {
            snapshot.note_written(record);
        }
    }
}

impl Inventory<EntrySnapshot> {
    /// Returns a list of the entries of MySafe, as [`Inventory::fresh`] returns one of PAM Core.
    pub async fn fresh_entries(
        &self,
        client: &PamClient,
        not_before: Option<Instant>,
    ) -> Result<Arc<EntrySnapshot>, PamError> {
        self.fresh_by(not_before, || async {
            let mut rows = EntryRows::default();
            let mut kept = Ok(());
            let sent = || self.note_sent();
            let mut keep = |entry| {
                if kept.is_ok() {
                    let pushed = rows.push(entry).map_err(|NoRoom| PamError::TooLarge(Call::ListEntries));
                    kept = pushed.and_then(|()| self.reach(rows.bytes()));
                }
            };
            client.my_safe().list_from(&sent, &mut keep).await?;
            kept.map(|()| rows)
        })
        .await
    }
}
