//! When a list may be believed, over the whole space of what a list can show, and over every sequence of a few events.

use super::*;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Event {
    /// A list that lacks so many of 100 records.
    List(usize),
    /// A list that ended early.
    EndedEarly,
    /// The connection's status is written.
    Write,
    /// The annotation is set to the number that the status shows, or to a guess where it shows none.
    SetShown,
    /// The annotation is set to that number.
    Set(usize),
    /// The annotation is removed.
    Remove,
    /// Another process takes over.
    Restart,
}

const EVENTS: [Event; 9] = [
    Event::List(0),
    Event::List(11),
    Event::List(12),
    Event::EndedEarly,
    Event::Write,
    Event::SetShown,
    Event::Set(12),
    Event::Remove,
    Event::Restart,
];

/// What the connection's status says of its list.
#[derive(Clone, Copy, Default)]
struct Status {
    finding: Option<ListFinding>,
    is_held: bool,
}

impl Status {
    fn shown(&self) -> Option<usize> {
        self.finding.filter(|_| self.is_held).and_then(ListFinding::missing)
    }
}

/// A connection, and what a careful person knows of it.
#[derive(Clone, Default)]
struct World {
    trust: ListTrust,
    status: Status,
    annotation: Option<String>,
    /// What the last list lacked; `None`: it ended early.
    lost: Option<usize>,
    /// The number that a person set while it was shown, until a whole list comes.
    allowed: usize,
}

impl World {
    fn apply(&mut self, event: Event) {
        match event {
            Event::List(lost) => {
                let verdict = self.trust.verdict(ListCounts { known: 100, lost, older: 0 });
                self.trust.note(ListFinding { records: 100 - lost, verdict });
                self.lost = Some(lost);
                if lost == 0 || lost > self.allowed {
                    self.allowed = 0;
                }
            }
            Event::EndedEarly => {
                self.trust.note(ListFinding { records: 0, verdict: ListVerdict::EndedEarly });
                (self.lost, self.allowed) = (None, 0);
            }
            Event::Write => self.status = Status { finding: self.trust.finding(), is_held: self.trust.is_held() },
            Event::SetShown => self.annotate(Some(self.status.shown().unwrap_or(11).to_string())),
            Event::Set(number) => self.annotate(Some(number.to_string())),
            Event::Remove => self.annotate(None),
            Event::Restart => self.restart(),
        }
    }

    fn annotate(&mut self, value: Option<String>) {
        let is_new = value.is_some() && self.annotation != value;
        let is_right = self.status.shown().is_some_and(|shown| value == Some(shown.to_string()));
        self.annotation = value;
        if self.trust.is_held() && is_new && is_right && self.status.shown() == self.trust.missing() {
            self.allowed = self.status.shown().unwrap();
        }
        self.trust.observe(self.annotation.as_deref(), self.status.shown());
    }

    fn restart(&mut self) {
        let Status { finding, is_held } = self.status;
        self.trust = ListTrust::restored(finding, is_held, self.annotation.as_deref());
        self.trust.observe(self.annotation.as_deref(), self.status.shown());
        assert_eq!(self.trust.is_held(), is_held, "the status is believed until a list says otherwise");
        // What the status says counts: what was found or confirmed since is lost.
        self.lost = finding.map_or(Some(0), |finding| match finding.verdict {
            ListVerdict::EndedEarly | ListVerdict::NotKept => None,
            _ => Some(finding.missing().unwrap_or(0)),
        });
        self.allowed = self.trust.missing().filter(|_| !is_held).unwrap_or(0);
    }

    fn check(&self) {
        match self.lost {
            None => assert!(self.trust.is_held(), "a list that ended early is never believed"),
            Some(lost) => assert_eq!(!self.trust.is_held(), lost <= self.allowed, "{lost} of {}", self.allowed),
        }
    }

    /// A person who looks at the number, and sets it again, is believed.
    fn confirmed(mut self) {
        self.apply(Event::Write);
        self.apply(Event::Remove);
        if self.status.shown().is_some() {
            self.apply(Event::SetShown);
            assert!(!self.trust.is_held());
        }
    }
}

/// Carries out every sequence of up to so many events, and returns how many there are.
fn explore(world: &World, depth: usize) -> usize {
    world.check();
    if depth == 0 {
        world.clone().confirmed();
        return 1;
    }
    let next = |event| {
        let mut next = world.clone();
        next.apply(event);
        explore(&next, depth - 1)
    };
    1 + EVENTS.map(next).iter().sum::<usize>()
}

#[test]
fn a_list_that_lacks_many_is_believed_only_while_it_lacks_no_more_than_was_confirmed() {
    let count = explore(&World { lost: Some(0), ..World::default() }, 6);
    assert_eq!(count, (0..=6).map(|depth| 9_usize.pow(depth)).sum::<usize>());
}

/// All states that a connection's list can be in, with up to 8 missing.
fn states() -> Vec<ListTrust> {
    let missing = (4..=8).map(|missing| ListVerdict::Missing { missing, of: 8 });
    let verdicts = missing.chain([ListVerdict::EndedEarly, ListVerdict::NotKept, ListVerdict::Complete { older: 0 }]);
    let findings = verdicts.map(|verdict| Some(ListFinding { records: 8, verdict })).chain([None]);
    let both = |finding| [true, false].map(|is_held| ListTrust::restored(finding, is_held, None));
    findings.flat_map(both).collect()
}

#[test]
fn chance_is_three_records_or_a_tenth_and_what_was_confirmed_is_no_more_than_that() {
    for state in states() {
        let confirmed = state.missing().filter(|_| !state.is_held()).unwrap_or(0);
        for known in 0..=100 {
            for lost in 0..=known {
                let verdict = state.verdict(ListCounts { known, lost, older: 2 });
                let by_chance = lost <= 3 || lost * 10 <= known;
                let expected = match lost {
                    1.. if lost <= confirmed => state.finding.unwrap().verdict,
                    _ if by_chance => ListVerdict::Complete { older: 2 },
                    _ => ListVerdict::Missing { missing: lost, of: known },
                };
                assert_eq!(verdict, expected, "{lost} of {known}, {state:?}");
            }
        }
    }
}

#[test]
fn a_list_is_held_if_it_ended_early_or_lacks_what_nobody_confirmed() {
    let trust = |verdict, annotation: Option<&str>| {
        let mut trust = ListTrust::default();
        trust.note(ListFinding { records: 90, verdict });
        trust.observe(annotation, trust.missing());
        trust
    };
    let missing = ListVerdict::Missing { missing: 12, of: 100 };
    assert!(trust(missing, None).is_held() && trust(missing, Some("11")).is_held());
    assert!(!trust(missing, Some("12")).is_held());
    assert!(trust(ListVerdict::EndedEarly, Some("0")).is_held(), "nothing to confirm");
    assert!(trust(ListVerdict::NotKept, Some("0")).is_held(), "nothing to confirm");
    assert!(!trust(ListVerdict::Complete { older: 3 }, None).is_held());
}

#[test]
fn a_list_is_news_once_and_says_why_a_value_confirms_nothing() {
    let missing = |missing| ListFinding { records: 90, verdict: ListVerdict::Missing { missing, of: 100 } };
    let mut trust = ListTrust::default();
    trust.observe(Some("12"), None);
    assert!(trust.note(missing(12)) && !trust.note(missing(12)));
    trust.observe(Some("12"), Some(12));
    assert_eq!((trust.is_held(), trust.unused_value(12)), (true, Some(UnusedValue::SameNumber)));
    assert_eq!(trust.unused_value(13), Some(UnusedValue::OtherValue));
    trust.observe(None, Some(12));
    assert_eq!(trust.unused_value(12), None);
    trust.observe(Some("12"), Some(12));
    assert!(!trust.is_held() && trust.note(missing(13)) && trust.is_held(), "another number is another matter");
}
