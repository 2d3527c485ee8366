//! The order in which those get something who wait for the same: parties take turns, and within one party a fresh edit
//! comes before the backlog.
//!
//! However much one party asks for, each other party that waits gets one before that party gets its next: no queue of one
//! party is in front of another party. The controller makes each namespace a party.

use std::collections::VecDeque;
use std::sync::Arc;

/// How many fresh requests of a party may come in a row while its backlog waits: a Secret that changes all the time must
/// not hold up the retries of its namespace for ever.
const FRESH_IN_A_ROW: u32 = 3;

/// Names a party: those who share one turn. `None` is work that is done for all parties, such as a login or a list.
pub type Party = Option<Arc<str>>;

/// Says how soon a party wants something, compared with the other wishes of the same party.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Urgency {
    /// Somebody edited something, and it was not tried yet.
    Fresh,
    /// Everything else: retries, repetitions, corrections.
    #[default]
    Backlog,
}

/// Says for which party something is asked for, and how urgently.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// Who takes the turn.
    pub party: Party,
    /// How the wish compares with the others of the party.
    pub urgency: Urgency,
}

impl Turn {
    /// Returns a turn of that party.
    #[must_use]
    pub fn of(party: &str, urgency: Urgency) -> Self {
        Self { party: Some(Arc::from(party)), urgency }
    }

    /// Returns the same turn, taken for all parties.
    #[must_use]
    pub const fn for_all(&self) -> Self {
        Self { party: None, urgency: self.urgency }
    }
}

/// Holds what waits, in the order of turns.
#[derive(Debug)]
pub struct Turns<T> {
    /// The parties of which something waits; the first one has its turn.
    parties: VecDeque<Queue<T>>,
}

/// Holds what one party waits for.
#[derive(Debug)]
struct Queue<T> {
    party: Party,
    fresh: VecDeque<T>,
    backlog: VecDeque<T>,
    /// How many fresh ones came since the last one of the backlog.
    in_a_row: u32,
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Self { parties: VecDeque::new() }
    }
}

impl<T> Turns<T> {
    /// Adds something that waits.
    pub fn join(&mut self, turn: &Turn, waiting: T) {
        let known = self.parties.iter().position(|queue| queue.party == turn.party);
        let at = known.unwrap_or(self.parties.len());
        if known.is_none() {
            self.parties.push_back(Queue::of(turn.party.clone()));
        }
        if let Some(queue) = self.parties.get_mut(at) {
            queue.push(turn.urgency, waiting);
        }
    }

    /// Returns what is next, with its party, among the parties that `may` have something now. A party that may not keeps
    /// its turn.
    pub fn next(&mut self, may: impl Fn(&Party) -> bool) -> Option<(Party, T)> {
        let at = self.parties.iter().position(|queue| may(&queue.party))?;
        let mut queue = self.parties.remove(at)?;
        let next = queue.pop().map(|next| (queue.party.clone(), next));
        if !queue.is_empty() {
            self.parties.push_back(queue);
        }
        next
    }

    /// Returns whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parties.is_empty()
    }
}

impl<T> Queue<T> {
    const fn of(party: Party) -> Self {
        Self { party, fresh: VecDeque::new(), backlog: VecDeque::new(), in_a_row: 0 }
    }

    fn push(&mut self, urgency: Urgency, waiting: T) {
        match urgency {
            Urgency::Fresh => self.fresh.push_back(waiting),
            Urgency::Backlog => self.backlog.push_back(waiting),
        }
    }

    fn pop(&mut self) -> Option<T> {
        let is_backlogs_turn = self.in_a_row >= FRESH_IN_A_ROW && !self.backlog.is_empty();
        if let Some(fresh) = (!is_backlogs_turn).then(|| self.fresh.pop_front()).flatten() {
            self.in_a_row = self.in_a_row.saturating_add(1);
            return Some(fresh);
        }
        self.in_a_row = 0;
        self.backlog.pop_front()
    }

    fn is_empty(&self) -> bool {
        self.fresh.is_empty() && self.backlog.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh(party: &str) -> Turn {
        Turn::of(party, Urgency::Fresh)
    }

    fn order(turns: &mut Turns<String>) -> Vec<String> {
        std::iter::from_fn(|| turns.next(|_| true).map(|(_, next)| next)).collect()
    }

    fn joined(waiting: &[(&str, Urgency, &str)]) -> Turns<String> {
        let mut turns = Turns::default();
        for (party, urgency, name) in waiting {
            turns.join(&Turn::of(party, *urgency), (*name).to_owned());
        }
        turns
    }

    #[test]
    fn a_neighbour_waits_for_one_of_the_flood_and_not_for_all_of_it() {
        let mut turns = Turns::default();
        for number in 0..300 {
            turns.join(&fresh("flood"), format!("flood{number}"));
        }
        turns.join(&fresh("neighbour"), "neighbour".to_owned());
        assert!(!turns.is_empty());
        assert_eq!(order(&mut turns).iter().position(|next| next == "neighbour"), Some(1));
        assert!(turns.is_empty());
    }

    #[test]
    fn what_was_just_edited_comes_before_the_backlog_of_its_party_but_not_always() {
        let (f, b) = (Urgency::Fresh, Urgency::Backlog);
        let mut turns = joined(&[("a", b, "b1"), ("a", b, "b2")]);
        for name in ["f1", "f2", "f3", "f4"] {
            turns.join(&Turn::of("a", f), name.to_owned());
        }
        assert_eq!(order(&mut turns), ["f1", "f2", "f3", "b1", "f4", "b2"]);
    }

    #[test]
    fn an_edit_in_one_party_does_not_come_before_the_backlog_of_another() {
        let (f, b) = (Urgency::Fresh, Urgency::Backlog);
        let mut turns = joined(&[("a", b, "a1"), ("a", b, "a2"), ("b", f, "b1"), ("b", f, "b2")]);
        assert_eq!(order(&mut turns), ["a1", "b1", "a2", "b2"]);
    }

    #[test]
    fn a_party_that_may_not_have_anything_keeps_its_turn() {
        let f = Urgency::Fresh;
        let mut turns = joined(&[("a", f, "a1"), ("a", f, "a2"), ("b", f, "b1"), ("b", f, "b2")]);
        let not_a = |party: &Party| party.as_deref() != Some("a");
        assert_eq!(turns.next(not_a).map(|(_, next)| next).as_deref(), Some("b1"));
        assert_eq!(order(&mut turns), ["a1", "b2", "a2"]);
        assert_eq!(joined(&[("a", f, "a1")]).next(not_a), None);
    }
}
