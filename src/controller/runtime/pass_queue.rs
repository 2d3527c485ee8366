//! The objects of one controller over which a pass is due. An object is in the queue once, however often something wakes it, and an
//! object at rest is not in it at all.
//!
//! kube's controller keeps each object that is due in three places, and looks at every pass that has begun each time one of them
//! ends.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::controller::runtime::object_id::NamespacedName;
use crate::domain::Urgency;

/// How many fresh passes may begin in a row while others are due: one object that changes all the time must not hold up the others.
const FRESH_IN_A_ROW: u32 = 8;
/// The longest wait for a pass.
const LONGEST_WAIT: Duration = Duration::from_hours(30 * 24);

/// An object that something woke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Woken {
    pub(crate) key: NamespacedName,
    /// [`Urgency::Fresh`] where the object itself or what its spec refers to changed, or where a slot is kept for it.
    pub(crate) urgency: Urgency,
}

/// Holds the objects over which a pass is due now or later, and those that have a pass: one at a time for each object.
#[derive(Debug, Default)]
pub(crate) struct PassQueue {
    states: HashMap<Arc<NamespacedName>, State>,
    fresh: BTreeMap<u64, Arc<NamespacedName>>,
    backlog: BTreeMap<u64, Arc<NamespacedName>>,
    later: BTreeMap<(Instant, u64), Arc<NamespacedName>>,
    /// Tells what came first.
    made: u64,
    /// How many fresh passes began since the last one of the backlog.
    in_a_row: u32,
}

/// Says what an object of the queue waits for.
#[derive(Clone, Copy, Debug)]
enum State {
    /// A pass is due.
    Due(Urgency, u64),
    /// A pass is due at that time.
    Later(Instant, u64),
    /// A pass is under way.
    Passing,
    /// A pass is under way, and the object was woken since it began.
    PassingAndDue(Urgency),
}

impl PassQueue {
    /// Has a pass over an object begin as soon as one may; after the pass that is under way, if one is.
    pub(crate) fn wake(&mut self, Woken { key, urgency }: Woken) {
        let known = self.states.get_key_value(&key).map(|(key, state)| (Arc::clone(key), *state));
        let (key, state) = known.map_or_else(|| (Arc::new(key), None), |(key, state)| (key, Some(state)));
        match state {
            Some(State::Due(Urgency::Fresh, _) | State::PassingAndDue(Urgency::Fresh)) => {}
            Some(State::Due(Urgency::Backlog, _)) if urgency == Urgency::Backlog => {}
            Some(State::Passing | State::PassingAndDue(Urgency::Backlog)) => {
                self.states.insert(key, State::PassingAndDue(urgency));
            }
            Some(State::Due(..) | State::Later(..)) | None => {
                self.leave(state);
                self.join(key, urgency);
            }
        }
    }

    /// Returns an object over which a pass begins now, until [`PassQueue::end`].
    pub(crate) fn begin(&mut self, now: Instant) -> Option<Arc<NamespacedName>> {
        while let Some(due) = self.later.first_entry().filter(|due| due.key().0 <= now) {
            let key = due.remove();
            self.join(key, Urgency::Backlog);
        }
        let key = self.next()?;
        self.states.insert(Arc::clone(&key), State::Passing);
        Some(key)
    }

    /// Ends the pass over an object. The next one is due after `wait`, if that is given; and at once where something woke the object
    /// since the pass began.
    pub(crate) fn end(&mut self, key: &Arc<NamespacedName>, wait: Option<Duration>, now: Instant) {
        match (self.states.get(key).copied(), wait) {
            (Some(State::PassingAndDue(urgency)), _) => self.join(Arc::clone(key), urgency),
            (_, Some(wait)) => {
                self.made += 1;
                let at = now + wait.min(LONGEST_WAIT);
                self.later.insert((at, self.made), Arc::clone(key));
                self.states.insert(Arc::clone(key), State::Later(at, self.made));
            }
            (_, None) => _ = self.states.remove(key),
        }
    }

    /// Forgets an object that is gone. A pass that is under way ends by itself.
    pub(crate) fn forget(&mut self, key: &NamespacedName) {
        let state = self.states.get(key).copied();
        if let Some(State::Due(..) | State::Later(..)) = state {
            self.leave(state);
            self.states.remove(key);
        }
    }

    /// Returns when the next pass is due that is not due yet.
    pub(crate) fn next_time(&self) -> Option<Instant> {
        self.later.first_key_value().map(|((at, _), _)| *at)
    }

    fn join(&mut self, key: Arc<NamespacedName>, urgency: Urgency) {
        self.made += 1;
        let number = self.made;
        self.states.insert(Arc::clone(&key), State::Due(urgency, number));
        self.of(urgency).insert(number, key);
    }

    fn leave(&mut self, state: Option<State>) {
        match state {
            Some(State::Due(urgency, number)) => _ = self.of(urgency).remove(&number),
            Some(State::Later(at, number)) => _ = self.later.remove(&(at, number)),
            Some(State::Passing | State::PassingAndDue(_)) | None => {}
        }
    }

    /// Takes the object that is next: one of the backlog after some fresh ones.
    fn next(&mut self) -> Option<Arc<NamespacedName>> {
        let is_fresh = !self.fresh.is_empty() && (self.in_a_row < FRESH_IN_A_ROW || self.backlog.is_empty());
        self.in_a_row = if is_fresh { self.in_a_row.saturating_add(1) } else { 0 };
        let queue = if is_fresh { &mut self.fresh } else { &mut self.backlog };
        queue.pop_first().map(|(_, key)| key)
    }

    const fn of(&mut self, urgency: Urgency) -> &mut BTreeMap<u64, Arc<NamespacedName>> {
        match urgency {
            Urgency::Fresh => &mut self.fresh,
            Urgency::Backlog => &mut self.backlog,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> NamespacedName {
        NamespacedName::new("ns", name)
    }

    struct Queue {
        queue: PassQueue,
        now: Instant,
    }

    impl Queue {
        fn new() -> Self {
            Self { queue: PassQueue::default(), now: Instant::now() }
        }

        fn wake(&mut self, name: &str, urgency: Urgency) {
            self.queue.wake(Woken { key: key(name), urgency });
        }

        fn begin(&mut self) -> Option<String> {
            self.queue.begin(self.now).map(|key| key.name.clone())
        }

        fn end(&mut self, name: &str, wait: Option<u64>) {
            self.queue.end(&Arc::new(key(name)), wait.map(Duration::from_secs), self.now);
        }

        fn advance(&mut self, seconds: u64) {
            self.now += Duration::from_secs(seconds);
        }

        fn is_empty(&self) -> bool {
            let PassQueue { states, fresh, backlog, later, .. } = &self.queue;
            states.is_empty() && fresh.is_empty() && backlog.is_empty() && later.is_empty()
        }
    }

    #[test]
    fn an_object_is_in_the_queue_once_and_at_rest_not_at_all() {
        let mut queue = Queue::new();
        for _ in 0..3 {
            queue.wake("a", Urgency::Backlog);
            queue.wake("a", Urgency::Fresh);
        }
        assert_eq!(queue.begin().as_deref(), Some("a"));
        assert_eq!(queue.begin(), None);
        queue.end("a", None);
        assert!(queue.begin().is_none() && queue.is_empty());
    }

    #[test]
    fn an_object_that_is_woken_during_its_pass_has_another_one_after_it_and_none_beside_it() {
        let mut queue = Queue::new();
        queue.wake("a", Urgency::Backlog);
        assert!(queue.begin().is_some());
        queue.wake("a", Urgency::Backlog);
        queue.wake("a", Urgency::Fresh);
        queue.wake("a", Urgency::Backlog);
        assert_eq!(queue.begin(), None, "one pass at a time");
        queue.wake("b", Urgency::Backlog);
        queue.end("a", Some(60));
        assert_eq!(queue.begin().as_deref(), Some("a"), "the change was fresh");
        queue.end("a", None);
        assert_eq!(queue.begin().as_deref(), Some("b"));
        queue.end("b", None);
        assert!(queue.is_empty(), "the other pass says when to come back");
    }

    #[test]
    fn a_pass_that_is_due_later_begins_then_or_as_soon_as_something_wakes_the_object() {
        let mut queue = Queue::new();
        for name in ["late", "soon", "woken"] {
            queue.wake(name, Urgency::Backlog);
            assert!(queue.begin().is_some());
        }
        queue.end("late", Some(20));
        queue.end("soon", Some(10));
        queue.end("woken", Some(10));
        assert_eq!(queue.queue.next_time(), Some(queue.now + Duration::from_secs(10)));
        queue.wake("woken", Urgency::Backlog);
        assert_eq!(queue.begin().as_deref(), Some("woken"));
        queue.end("woken", None);
        queue.advance(9);
        assert_eq!(queue.begin(), None);
        queue.advance(11);
        assert_eq!([queue.begin(), queue.begin()].map(Option::unwrap), ["soon", "late"]);
        assert_eq!((queue.begin(), queue.queue.next_time()), (None, None));
        queue.end("soon", Some(u64::MAX));
        assert!(queue.queue.next_time().is_some());
    }

    #[test]
    fn what_is_fresh_comes_first_and_holds_up_nobody_for_ever() {
        let mut queue = Queue::new();
        for name in ["a", "b", "edited"] {
            queue.wake(name, Urgency::Backlog);
        }
        queue.wake("edited", Urgency::Fresh);
        assert_eq!([queue.begin(), queue.begin()].map(Option::unwrap), ["edited", "a"]);
        queue.end("edited", None);
        let begun: Vec<_> = (0..20)
            .map(|_| {
                queue.wake("edited", Urgency::Fresh);
                let begun = queue.begin().unwrap();
                queue.end(&begun, None);
                begun
            })
            .collect();
        assert!(begun.contains(&"b".to_owned()) && begun[0] == "edited", "{begun:?}");
    }

    #[test]
    fn nothing_is_kept_of_an_object_that_is_gone() {
        let mut queue = Queue::new();
        for name in ["passing", "later", "due"] {
            queue.wake(name, Urgency::Backlog);
        }
        assert!(queue.begin().is_some() && queue.begin().is_some());
        queue.end("later", Some(10));
        for name in ["passing", "later", "due", "never-known"] {
            queue.queue.forget(&key(name));
        }
        assert_eq!(queue.begin(), None);
        queue.end("passing", None);
        assert!(queue.is_empty());
    }
}
