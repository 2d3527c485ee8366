//! The promises of the brake (P7), over every sequence of a few events, beside a second count that knows nothing of the first.

use super::*;

const WINDOW: Duration = Duration::from_mins(10);
const LIMIT: usize = 1;
const OBJECTS: usize = 4;

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
    /// The annotation is set to another number.
    SetWrong,
    /// The annotation is removed.
    Remove,
    /// Another process takes over.
    Restart,
    /// Over half a window goes by.
    Wait,
}

const EVENTS: [Event; 10] = [
    Event::Delete,
    Event::AskAgain,
    Event::Finish,
    Event::Keep,
    Event::Pass,
    Event::SetRight,
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
    recent: Vec<Counted>,
    shown: Option<usize>,
}

/// A cluster with one connection, and what a careful person counts in it.
#[derive(Clone)]
struct World {
    brake: DisableBrake,
    status: Status,
    now: Instant,
    history: Vec<Event>,
    deleted: usize,
    /// Objects that are leaving and whose records are enabled, and those whose records are disabled.
    waiting: Vec<usize>,
    disabled: Vec<usize>,
    annotation: Option<String>,
    /// The annotation was changed while a number was shown, and no pass has looked at it.
    is_fresh: bool,
    /// Disables that no confirmation covers, since the last confirmation.
    uncovered: Vec<Instant>,
    /// What was confirmed and has not gone on.
    covered: usize,
}

impl World {
    fn new(start: Instant) -> Self {
        let brake = DisableBrake { limit: LIMITED, ..DisableBrake::default() };
        Self {
            brake,
            status: Status::default(),
            now: start,
            history: Vec::new(),
            deleted: 0,
            waiting: Vec::new(),
            disabled: Vec::new(),
            annotation: None,
            is_fresh: false,
            uncovered: Vec::new(),
            covered: 0,
        }
    }

    fn is_held(&self) -> bool {
        matches!(self.brake.state, BrakeState::Held(_))
    }

    /// Carries out an event; `false` where it would change nothing.
    fn apply(&mut self, event: Event) -> bool {
        self.history.push(event);
        match event {
            Event::Delete if self.deleted == OBJECTS => return false,
            Event::Delete => self.delete(),
            Event::AskAgain if self.waiting.is_empty() => return false,
            Event::AskAgain => self.waiting.clone().into_iter().for_each(|object| self.ask(object)),
            Event::Finish if self.disabled.is_empty() => return false,
            Event::Finish => {
                let disabled = std::mem::take(&mut self.disabled);
                assert!(disabled.iter().all(|object| self.brake.leave(&object.to_string())));
            }
            Event::Keep if self.waiting.is_empty() => return false,
            Event::Keep => self.keep(),
            Event::Pass => self.pass(),
            Event::SetRight => return self.annotate(Some(self.status.shown.unwrap_or(1).to_string())),
            Event::SetWrong => return self.annotate(Some("7".to_owned())),
            Event::Remove => return self.annotate(None),
            Event::Restart => self.restart(),
            Event::Wait => self.now += WINDOW * 6 / 10,
        }
        true
    }

    fn delete(&mut self) {
        self.brake.enter(&self.deleted.to_string());
        self.waiting.push(self.deleted);
        self.deleted += 1;
        self.ask(self.deleted - 1);
    }

    fn keep(&mut self) {
        let kept = self.waiting.remove(0).to_string();
        self.brake.leave(&kept);
        assert_eq!(self.brake.admit(&kept, self.now), None, "what is kept is not disabled");
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
        let uid = object.to_string();
        let was_held = self.is_held();
        let mut admission = self.brake.admit(&uid, self.now).unwrap();
        self.is_fresh &= was_held || !self.is_held();
        if admission == Admission::Unwritten {
            self.pass();
            admission = self.brake.admit(&uid, self.now).unwrap();
            assert_eq!(admission, Admission::Go, "what was written may go on");
        }
        if admission == Admission::Go {
            assert!(!was_held, "nothing goes on while the brake holds");
            self.disable(object);
        }
    }

    /// The record is disabled: within a window no more go on than the limit and what was confirmed.
    fn disable(&mut self, object: usize) {
        self.waiting.retain(|other| *other != object);
        self.disabled.push(object);
        if self.covered > 0 {
            self.covered -= 1;
            return;
        }
        self.uncovered.push(self.now);
        let recent = self.uncovered.iter().filter(|at| **at + WINDOW > self.now).count();
        assert!(recent <= LIMIT, "{recent} went on within a window: {:?}", self.history);
    }

    /// A pass of the connection that writes its status, a second later: until then the number is gathered.
    fn pass(&mut self) {
        self.now += GATHERING;
        let was_held = self.is_held();
        let is_right = self.status.shown.is_some_and(|shown| self.annotation == Some(shown.to_string()));
        self.brake.confirm(self.status.shown);
        let is_confirmed = matches!(self.brake.state, BrakeState::Confirming(_));
        assert_eq!(
            is_confirmed,
            was_held && self.is_fresh && is_right,
            "a new value that is the number confirms, no other"
        );
        self.brake.settle(self.now, true);
        if was_held && self.brake.state == BrakeState::Off {
            assert!(self.waiting.is_empty(), "the brake goes off by itself only when nobody waits");
        }
        self.is_fresh &= !was_held && !self.is_held();
        if is_confirmed {
            self.uncovered.clear();
            self.covered = self.status.shown.unwrap();
        }
        if self.brake.state == BrakeState::Off {
            self.covered = 0;
        }
        self.write();
    }

    fn write(&mut self) {
        if let Some(recent) = self.brake.recent(self.now) {
            self.status.recent = recent.iter().map(|recent| recent.since(self.now)).collect();
        }
        self.status.is_on = self.brake.state != BrakeState::Off;
        if self.status.is_on {
            self.status.handled = self.brake.confirmation.handled().map(str::to_owned);
        }
        self.status.shown = self.is_held().then(|| self.brake.waiting());
        self.brake.written(&self.brake.to_write());
    }

    fn restart(&mut self) {
        let age = |counted: &Counted| self.now - counted.at;
        let recent = self.status.recent.iter().map(|it| RecentDisables { age: age(it), count: it.count }).collect();
        let record = BrakeRecord { is_on: self.status.is_on, handled: self.status.handled.clone(), recent };
        self.brake = DisableBrake { leaving: self.brake.leaving.clone(), ..DisableBrake::default() };
        self.brake.restore(&record, self.now);
        self.brake.refresh(LIMITED, self.annotation.as_deref());
        assert_eq!(self.is_held(), self.status.is_on, "a restart takes the brake neither off nor on");
        self.covered = 0;
        self.is_fresh &= self.annotation != self.status.handled;
    }

    /// A person who looks at the number, and sets it again, has that many go on.
    fn confirmed(&self) {
        let mut world = self.clone();
        world.pass();
        let Some(shown) = world.status.shown else { return };
        world.annotate(None);
        world.apply(Event::SetRight);
        world.pass();
        let waiting: Vec<_> = world.brake.leaving.iter().filter(|uid| world.brake.waits(uid)).cloned().collect();
        let admitted = waiting.iter().filter(|uid| world.brake.admit(uid, world.now) == Some(Admission::Go)).count();
        assert_eq!(admitted, shown, "what was confirmed goes on");
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

fn after(events: &[Event]) -> World {
    let mut world = World::new(Instant::now());
    assert!(events.iter().all(|event| world.apply(*event)));
    world
}

#[test]
fn no_sequence_of_events_lets_more_go_on_than_was_allowed_or_confirmed() {
    let count = explore(&after(&[]), 7);
    assert!(count > 500_000, "{count}");
}

#[test]
fn nor_does_one_that_begins_while_the_brake_holds() {
    let count = explore(&after(&[Event::Delete, Event::Delete, Event::Delete, Event::Pass]), 6);
    assert!(count > 300_000, "{count}");
}

#[test]
fn nor_does_one_that_begins_while_those_that_were_confirmed_go_on() {
    use Event::{Delete, Pass, SetRight};
    let count = explore(&after(&[Delete, Delete, Delete, Pass, SetRight, Pass, Delete]), 6);
    assert!(count > 300_000, "{count}");
}

const LIMITED: BrakeLimit = BrakeLimit { count: LIMIT, window: WINDOW };
