//! How much memory the lists of tenants may take: the limits of a list are for each connection, and a tenant may make as
//! many connections as it likes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::{Turn, Urgency};
use crate::permits::{self, Permit, Permits};

/// How many lists of tenants may be under way at once. One that hangs takes up to 2 MiB, and a thread, for two minutes.
const UNDER_WAY: permits::Room = permits::Room { most: 8, of_one: 2 };

/// Bounds what the lists of tenants' connections take together. Cheap to clone; all clones count together.
#[derive(Clone, Debug)]
pub struct ListBudget {
    used: Arc<Mutex<HashMap<Arc<str>, usize>>>,
    under_way: Arc<Permits>,
}

impl Default for ListBudget {
    fn default() -> Self {
        Self { used: Arc::default(), under_way: Permits::new(UNDER_WAY) }
    }
}

impl ListBudget {
    /// The most bytes that the lists of one namespace's connections take: 50,000 records of the usual length.
    pub const NAMESPACE: usize = 12 << 20;
    /// The most bytes that the lists of all namespaces' connections take. A list and its successor, while that one
    /// arrives, may both be there: twice this number is a quarter of the memory that the chart allows.
    pub const TENANTS: usize = 32 << 20;

    fn used(&self) -> MutexGuard<'_, HashMap<Arc<str>, usize>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The error of a list for which the budget has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OverBudget;

/// What one inventory takes of the budget, until dropped. The default takes nothing and has no limit.
#[derive(Debug, Default)]
pub(super) struct Room {
    share: Option<Share>,
    counted: usize,
}

/// What one namespace has of the budget.
#[derive(Debug)]
struct Share {
    budget: ListBudget,
    namespace: Arc<str>,
}

impl Room {
    /// Returns the room of an inventory in a namespace.
    pub(super) fn of_tenant(budget: &ListBudget, namespace: &str) -> Self {
        Self { share: Some(Share { budget: budget.clone(), namespace: namespace.into() }), counted: 0 }
    }

    /// Returns what a list waits for before it begins; `None` for a list that waits for no other.
    pub(super) fn turn(&self) -> Option<ListTurn> {
        let Share { budget, namespace } = self.share.as_ref()?;
        let turn = Turn::of(namespace, Urgency::Backlog);
        Some(ListTurn { under_way: Arc::clone(&budget.under_way), turn })
    }

    /// Makes room for a list of so many bytes that arrives. A list and its successor count as the larger of the two: were
    /// both counted, a list that takes more than half of the budget could never be replaced.
    pub(super) fn reach(&mut self, bytes: usize) -> Result<(), OverBudget> {
        let more = bytes.saturating_sub(self.counted);
        let Some(Share { budget, namespace }) = self.share.as_ref().filter(|_| more > 0) else { return Ok(()) };
        let mut used = budget.used();
        let (here, all) = (used.get(namespace).copied().unwrap_or_default(), used.values().sum::<usize>());
        if here + more > ListBudget::NAMESPACE || all + more > ListBudget::TENANTS {
            return Err(OverBudget);
        }
        used.insert(Arc::clone(namespace), here + more);
        self.counted = bytes;
        Ok(())
    }

    /// Gives back all but what the list that is kept takes.
    pub(super) fn settle(&mut self, kept: usize) {
        let Some(Share { budget, namespace }) = &self.share else { return };
        let mut used = budget.used();
        if let Some(here) = used.get_mut(namespace) {
            *here = here.saturating_sub(self.counted.saturating_sub(kept));
            if *here == 0 {
                used.remove(namespace);
            }
        }
        self.counted = self.counted.min(kept);
    }
}

/// The turn of a namespace among the lists of tenants that may be under way at once.
pub(super) struct ListTurn {
    under_way: Arc<Permits>,
    turn: Turn,
}

impl ListTurn {
    /// Waits for the turn, which lasts until the permit is dropped.
    pub(super) async fn take(self) -> Permit {
        self.under_way.take(&self.turn).await
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.settle(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    /// Returns how many MiB a list got.
    fn reached(room: &mut Room, mib: usize) -> usize {
        (1..=mib).take_while(|mib| room.reach(mib * MIB).is_ok()).count()
    }

    #[test]
    fn one_namespace_has_its_budget_whatever_number_of_lists_it_has() {
        let budget = ListBudget::default();
        let [mut first, mut second, mut other] = ["a", "a", "b"].map(|name| Room::of_tenant(&budget, name));
        assert_eq!(
            [(&mut first, 7), (&mut second, 50), (&mut other, 50)].map(|(room, mib)| reached(room, mib)),
            [7, 5, 12]
        );
    }

    #[test]
    fn all_namespaces_together_have_theirs() {
        let budget = ListBudget::default();
        let mut rooms: Vec<_> = (0..100).map(|number| Room::of_tenant(&budget, &number.to_string())).collect();
        assert_eq!(rooms.iter_mut().map(|room| reached(room, 1)).sum::<usize>(), 32);
    }

    #[test]
    fn what_is_dropped_is_free_and_leaves_nothing_behind() {
        let budget = ListBudget::default();
        for _ in 0..3 {
            assert_eq!(reached(&mut Room::of_tenant(&budget, "a"), 50), 12);
        }
        assert!(budget.used().is_empty());
    }

    #[test]
    fn lists_are_replaced_at_the_same_time_and_what_the_new_one_does_not_need_is_free() {
        let budget = ListBudget::default();
        let [mut one, mut other] = ["a", "a"].map(|name| Room::of_tenant(&budget, name));
        for _ in 0..3 {
            assert_eq!((reached(&mut one, 6), reached(&mut other, 6)), (6, 6));
            one.settle(6 * MIB);
            other.settle(6 * MIB);
        }
        assert_eq!(reached(&mut one, 7), 6);
        other.settle(2 * MIB);
        assert_eq!(reached(&mut one, 50), 10);
        one.settle(6 * MIB);
        assert_eq!(reached(&mut other, 50), 6, "a list that did not come to its end counts as the one before");
    }

    #[test]
    fn what_is_no_tenants_has_no_limit() {
        assert_eq!(Room::default().reach(usize::MAX), Ok(()));
    }
}
