//! The promises of the brake (P7), over every sequence of a few events, beside a second count that knows nothing of the first.

use std::collections::{BTreeMap, BTreeSet};

use super::types::GATHERING;
use super::window::Counted;
use super::*;

const WINDOW: Duration = Duration::from_mins(10);
const LIMIT: usize = 1;
/// Which namespace has the objects, in the order in which these are deleted.
type Objects = &'static [&'static str];
const ONE: Objects = &["a"; 4];
const TWO: Objects = &["a", "a", "b", "b"];
const MANY: Objects = &["a", "b", "c", "a", "d", "d"];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Event {
    /// One more object is deleted, and asks.
    Delete,
    /// All that were not disabled yet ask once more.
    AskAgain,
    /// What was disabled is gone.
    Finish,
    /// The first object that waits is kept after all.
    Keep,
    /// The connection's own pass.
    Pass,
    /// The annotation is set to the number that is shown.
    SetRight,
    /// The annotation is set to the number that is shown of the first namespace.
    SetNamespace,
    /// The annotation is set to another number.
    SetWrong,
    /// The annotation is removed.
    Remove,
    /// Another process takes over.
    Restart,
    /// Over half a window goes by.
    Wait,
}

const EVENTS: [Event; 11] = [
    Event::Delete,
    Event::AskAgain,
    Event::Finish,
    Event::Keep,
    Event::Pass,
    Event::SetRight,
    Event::SetNamespace,
    Event::SetWrong,
    Event::Remove,
    Event::Restart,
    Event::Wait,
];

/// The connection's status.
#[derive(Clone, Default)]
struct Status {
    is_on: bool,
    handled: Option<String>,
    recent: Vec<(Option<String>, Counted)>,
    held: Option<HeldDisables>,
}

impl Status {
    fn shown(&self) -> Option<&ShownDisables> {
        self.held.as_ref().filter(|held| !held.is_confirmed).map(|held| &held.shown)
    }
}

/// A cluster with one connection, and what a careful person counts in it.
#[derive(Clone)]
struct World {
    brake: DisableBrake,
    status: Status,
    now: Instant,
    history: Vec<Event>,
    objects: Objects,
    deleted: usize,
    /// Objects that are leaving and whose records are enabled, and those whose records are disabled.
    waiting: Vec<usize>,
    disabled: Vec<usize>,
    annotation: Option<String>,
    /// The annotation was changed while a number was shown, and no pass has looked at it.
    is_fresh: bool,
    /// Disables that no confirmation covers, since the last confirmation of their namespace.
    uncovered: Vec<(&'static str, Instant)>,
    /// What was confirmed of a namespace and has not gone on.
    covered: BTreeMap<&'static str, usize>,
}

impl World {
    fn new(objects: Objects) -> Self {
        Self {
            brake: DisableBrake { limit: LIMITED, ..DisableBrake::default() },
            status: Status::default(),
            now: Instant::now(),
            history: Vec::new(),
            objects,
            deleted: 0,
            waiting: Vec::new(),
            disabled: Vec::new(),
            annotation: None,
            is_fresh: false,
            uncovered: Vec::new(),
            covered: BTreeMap::new(),
        }
    }

    /// Carries out an event; `false` where it would change nothing.
    fn apply(&mut self, event: Event) -> bool {
        self.history.push(event);
        match event {
            Event::Delete if self.deleted == self.objects.len() => return false,
            Event::Delete => self.delete(),
            Event::AskAgain if self.waiting.is_empty() => return false,
            Event::AskAgain => self.waiting.clone().into_iter().for_each(|object| self.ask(object)),
            Event::Finish if self.disabled.is_empty() => return false,
            Event::Finish => {
                let disabled = std::mem::take(&mut self.disabled);
                assert!(disabled.iter().all(|object| self.brake.leave(self.objects[*object], &object.to_string())));
            }
            Event::Keep if self.waiting.is_empty() => return false,
            Event::Keep => self.keep(),
            Event::Pass => self.pass(),
            Event::SetRight => return self.annotate(Some(self.status.shown().map_or(1, |it| it.total).to_string())),
            // Of the only namespace this is the number of all.
            Event::SetNamespace if self.objects == ONE => return false,
            Event::SetNamespace => return self.annotate(Some(self.first_shown())),
            Event::SetWrong => return self.annotate(Some("7".to_owned())),
            Event::Remove => return self.annotate(None),
            Event::Restart => self.restart(),
            Event::Wait => self.now += WINDOW * 6 / 10,
        }
        true
    }

    fn first_shown(&self) -> String {
        let first = self.status.shown().and_then(|shown| shown.namespaces.iter().next());
        first.map_or_else(|| "a=1".to_owned(), |(namespace, count)| format!("{namespace}={count}"))
    }

    fn delete(&mut self) {
        self.brake.enter(self.objects[self.deleted], &self.deleted.to_string());
        self.waiting.push(self.deleted);
        self.deleted += 1;
        self.ask(self.deleted - 1);
    }

    fn keep(&mut self) {
        let kept = self.waiting.remove(0);
        let (namespace, uid) = (self.objects[kept], kept.to_string());
        self.brake.leave(namespace, &uid);
        assert_eq!(self.brake.admit(namespace, &uid, self.now), None, "what is kept is not disabled");
    }

    fn annotate(&mut self, value: Option<String>) -> bool {
        let is_news = self.annotation != value;
        if is_news {
            self.is_fresh = value.is_some();
            self.annotation = value;
            self.brake.refresh(LIMITED, self.annotation.as_deref());
        }
        is_news
    }

    fn ask(&mut self, object: usize) {
        let (namespace, uid) = (self.objects[object], object.to_string());
        let was_held = self.brake.states(namespace).iter().any(|state| matches!(state, BrakeState::Held(_)));
        let was_first = !self.brake.is_held();
        let mut admission = self.brake.admit(namespace, &uid, self.now).unwrap();
        self.is_fresh &= !was_first || !self.brake.is_held();
        if admission == Admission::Unwritten {
            self.pass();
            admission = self.brake.admit(namespace, &uid, self.now).unwrap();
            assert_eq!(admission, Admission::Go, "what was written may go on");
        }
        if admission == Admission::Go {
            assert!(!was_held || self.covered.get(namespace).is_some_and(|left| *left > 0), "{:?}", self.history);
            self.disable(object);
        }
    }

    /// The record is disabled: within a window no more go on than the limits and what was confirmed.
    fn disable(&mut self, object: usize) {
        let namespace = self.objects[object];
        self.waiting.retain(|other| *other != object);
        self.disabled.push(object);
        if let Some(covered) = self.covered.get_mut(namespace).filter(|covered| **covered > 0) {
            *covered -= 1;
            return;
        }
        self.uncovered.push((namespace, self.now));
        let recent = |of: &dyn Fn(&str) -> bool| {
            self.uncovered.iter().filter(|(namespace, at)| of(namespace) && *at + WINDOW > self.now).count()
        };
        let (own, all) = (recent(&|other| other == namespace), recent(&|_| true));
        assert!(own <= LIMIT, "{own} of {namespace} went on within a window: {:?}", self.history);
        assert!(all <= LIMITED.connection(), "{all} went on within a window: {:?}", self.history);
    }

    /// A pass of the connection that writes its status, a second later: until then the numbers are gathered.
    fn pass(&mut self) {
        self.now += GATHERING;
        let before = self.brake.clone();
        self.brake.confirm(self.status.shown());
        let confirmed = self.check_confirmed(&before);
        self.brake.settle(self.now, true);
        for (namespace, was) in before.namespaces.all() {
            if was.state.is_held() && self.brake.states(namespace)[0] == BrakeState::Off {
                assert!(!self.waits(namespace), "a brake goes off by itself only when nobody waits");
            }
        }
        self.is_fresh &= !before.is_held() && !self.brake.is_held();
        if self.brake.connection != before.connection && matches!(self.brake.connection, BrakeState::Confirming(_)) {
            self.uncovered.clear();
        }
        for (namespace, count) in confirmed {
            self.uncovered.retain(|(other, _)| *other != namespace);
            self.covered.insert(namespace, count);
        }
        let brake = &self.brake;
        self.covered.retain(|namespace, _| brake.states(namespace)[0] != BrakeState::Off);
        self.write();
    }

    fn waits(&self, namespace: &str) -> bool {
        self.waiting.iter().any(|object| self.objects[*object] == namespace)
    }

    /// A new value confirms what it names while that number is shown, and nothing else. Returns what was confirmed.
    fn check_confirmed(&self, before: &DisableBrake) -> Vec<(&'static str, usize)> {
        let shown = self.status.shown().cloned().unwrap_or_default();
        let is = |value: String| self.is_fresh && before.is_held() && self.annotation == Some(value);
        let all = self.status.shown().is_some() && is(shown.total.to_string());
        let mut confirmed = Vec::new();
        for namespace in self.objects.iter().copied().collect::<BTreeSet<_>>() {
            let (was, now) = (before.states(namespace)[0], self.brake.states(namespace)[0]);
            let number = shown.namespaces.get(namespace).copied();
            let is_meant = all || number.is_some_and(|number| is(format!("{namespace}={number}")));
            match now {
                BrakeState::Confirming(count) if was != now => {
                    assert!(is_meant && count <= number.unwrap_or(0), "{namespace} {count}: {:?}", self.history);
                    confirmed.push((namespace, count));
                }
                _ => {
                    let can_be = was == BrakeState::Off && before.connection == BrakeState::Off;
                    let is_right = is_meant && number.is_some_and(|number| number > 0) && self.waits(namespace);
                    let is_on_its_way = matches!(was, BrakeState::Confirming(_) | BrakeState::Releasing(_));
                    assert!(!is_right || can_be || is_on_its_way, "{namespace}: {:?}", self.history);
                }
            }
        }
        confirmed
    }

    fn write(&mut self) {
        if let Some(recent) = self.brake.recent(self.now) {
            self.status.recent = recent.iter().map(|it| (it.namespace.clone(), it.since(self.now))).collect();
        }
        self.status.is_on = self.brake.is_on();
        self.status.held = self.brake.held(self.now);
        if self.status.is_on {
            self.status.handled = self.brake.handled().map(str::to_owned);
        }
        self.brake.written(&self.brake.to_write());
    }

    fn restart(&mut self) {
        let recent = |(namespace, counted): &(Option<String>, Counted)| RecentDisables {
            namespace: namespace.clone(),
            age: self.now - counted.at,
            count: counted.count,
        };
        let record = BrakeRecord {
            held: self.status.held.clone(),
            handled: self.status.handled.clone(),
            recent: self.status.recent.iter().map(recent).collect(),
        };
        let mut next = DisableBrake::default();
        for (namespace, brake) in self.brake.namespaces.all() {
            brake.leaving.iter().for_each(|uid| assert!(next.enter(namespace, uid)));
        }
        next.restore(&record, self.now);
        next.refresh(LIMITED, self.annotation.as_deref());
        assert_eq!(next.is_held(), self.status.held.is_some(), "a restart takes the brake neither off nor on");
        self.brake = next;
        self.covered.clear();
        self.is_fresh &= self.annotation != self.status.handled;
    }

    /// A person who looks at the number, and sets it again, has that many go on.
    fn confirmed(&self) {
        let mut world = self.clone();
        world.pass();
        let Some(shown) = world.status.shown().cloned() else { return };
        let mut one = world.clone();
        world.annotate(None);
        world.apply(Event::SetRight);
        world.pass();
        let admitted = world.admitted(|namespace| shown.namespaces.contains_key(namespace));
        assert_eq!(admitted, shown.total, "what was confirmed goes on: {:?}", self.history);
        let Some((namespace, count)) = shown.namespaces.iter().next() else { return };
        one.annotate(None);
        one.annotate(Some(one.first_shown()));
        one.pass();
        assert_eq!(one.admitted(|other| other == namespace), *count, "of {namespace}: {:?}", self.history);
        let held = |other: &str| other != namespace && shown.namespaces.contains_key(other);
        assert_eq!(one.admitted(held), 0, "and none of others that wait: {:?}", self.history);
    }

    /// Has all ask that wait, and returns how many go on.
    fn admitted(&mut self, of: impl Fn(&str) -> bool) -> usize {
        let waiting = |(namespace, brake): (&str, &NamespaceBrake)| {
            let those = brake.leaving.iter().filter(|uid| brake.waits(uid));
            those.map(|uid| (namespace.to_owned(), uid.clone())).collect::<Vec<_>>()
        };
        let waiting: Vec<_> = self.brake.namespaces.all().filter(|(it, _)| of(it)).flat_map(waiting).collect();
        let mut ask = |(namespace, uid): &(String, String)| self.brake.admit(namespace, uid, self.now);
        waiting.iter().filter(|object| ask(object) == Some(Admission::Go)).count()
    }
}

/// Carries out every sequence of up to so many events, and returns how many there are.
fn explore(world: &World, depth: usize) -> usize {
    if depth == 0 {
        world.confirmed();
        return 1;
    }
    let mut count = 1;
    for event in EVENTS {
        let mut next = world.clone();
        if next.apply(event) {
            count += explore(&next, depth - 1);
        }
    }
    count
}

fn after(objects: Objects, events: &[Event]) -> World {
    let mut world = World::new(objects);
    assert!(events.iter().all(|event| world.apply(*event)));
    world
}

#[test]
fn no_sequence_of_events_lets_more_go_on_than_was_allowed_or_confirmed() {
    let count = explore(&after(ONE, &[]), 7);
    assert!(count > 500_000, "{count}");
}

#[test]
fn nor_does_one_that_begins_while_the_brake_holds() {
    let count = explore(&after(ONE, &[Event::Delete, Event::Delete, Event::Delete, Event::Pass]), 6);
    assert!(count > 300_000, "{count}");
}

#[test]
fn nor_does_one_that_begins_while_those_that_were_confirmed_go_on() {
    use Event::{Delete, Pass, SetRight};
    let count = explore(&after(ONE, &[Delete, Delete, Delete, Pass, SetRight, Pass, Delete]), 6);
    assert!(count > 300_000, "{count}");
}

#[test]
fn of_two_namespaces_each_is_counted_and_confirmed_by_itself() {
    let count = explore(&after(TWO, &[]), 5) + explore(&after(TWO, &[Event::Delete; 4]), 5);
    assert!(count > 50_000, "{count}");
}

#[test]
fn of_many_namespaces_no_more_go_on_than_the_connection_lets_go() {
    let count = explore(&after(MANY, &[Event::Delete; 4]), 5);
    assert!(count > 30_000, "{count}");
    let world = after(MANY, &[Event::Delete; 5]);
    assert!(matches!(world.brake.connection, BrakeState::Held(_)), "the fourth namespace's first is one too many");
    let count = explore(&world, 5);
    assert!(count > 30_000, "{count}");
}

/// Whatever one namespace does, and whatever a person confirms of it.
#[test]
fn what_one_namespace_does_holds_no_other_back() {
    fn explore(world: &World, depth: usize) {
        for (namespace, uid) in [("b", "one"), ("c", "two")] {
            let mut brake = world.brake.clone();
            brake.enter(namespace, uid);
            let admission = brake.admit(namespace, uid, world.now);
            assert_eq!(admission, Some(Admission::Unwritten), "{namespace}: {:?}", world.history);
        }
        let events = EVENTS.iter().filter(|_| depth > 0);
        for event in events {
            let mut next = world.clone();
            if next.apply(*event) {
                explore(&next, depth - 1);
            }
        }
    }
    explore(&after(ONE, &[Event::Delete]), 5);
}

const LIMITED: BrakeLimit = BrakeLimit { count: LIMIT, window: WINDOW };
