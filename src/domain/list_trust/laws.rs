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
#[derive(Clone, Default)]
struct Status {
    record: ListRecord,
    shown: Option<ShownMissing>,
}

impl Status {
    fn of(trust: &ListTrust) -> Self {
        let finding = trust.finding().cloned();
        let lacking = finding.iter().flat_map(|finding| finding.namespaces.keys());
        let confirmed = lacking.filter(|namespace| trust.is_confirmed(namespace)).cloned().collect();
        let record = ListRecord { is_held: trust.is_held(), confirmed, finding };
        Self { record, shown: trust.held() }
    }

    fn shown(&self) -> Option<usize> {
        self.shown.as_ref().map(|shown| shown.total)
    }
}

/// Counts of one namespace.
fn one(known: usize, lost: usize) -> BTreeMap<String, ListCounts> {
    counts(&[("a", known, lost)])
}

fn counts(of: &[(&str, usize, usize)]) -> BTreeMap<String, ListCounts> {
    let both = |(namespace, known, lost): &(&str, usize, usize)| {
        ((*namespace).to_owned(), ListCounts { known: *known, lost: *lost, older: 0 })
    };
    of.iter().map(both).collect()
}

const fn missing(missing: usize, of: usize) -> ListVerdict {
    ListVerdict::Missing(MissingRecords { missing, of })
}

fn shown(total: usize) -> ShownMissing {
    ShownMissing { total, namespaces: BTreeMap::new() }
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
                self.trust.note(self.trust.verdict(100 - lost, &one(100, lost)));
                self.lost = Some(lost);
                if lost == 0 || lost > self.allowed {
                    self.allowed = 0;
                }
            }
            Event::EndedEarly => {
                self.trust.note(ListFinding::of_all(0, ListVerdict::EndedEarly));
                (self.lost, self.allowed) = (None, 0);
            }
            Event::Write => self.status = Status::of(&self.trust),
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
        self.trust.observe(self.annotation.as_deref(), self.status.shown.as_ref());
    }

    fn restart(&mut self) {
        let ListRecord { finding, is_held, .. } = self.status.record.clone();
        self.trust = ListTrust::restored(&self.status.record, self.annotation.as_deref());
        self.trust.observe(self.annotation.as_deref(), self.status.shown.as_ref());
        assert_eq!(self.trust.is_held(), is_held, "the status is believed until a list says otherwise");
        // What the status says counts: what was found or confirmed since is lost.
        self.lost = finding.map_or(Some(0), |finding| match finding.verdict {
            ListVerdict::EndedEarly | ListVerdict::NotKept => None,
            _ => Some(finding.missing().unwrap_or_default()),
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
    let verdicts = (4..=8).map(|number| missing(number, 8)).chain([
        ListVerdict::EndedEarly,
        ListVerdict::NotKept,
        ListVerdict::Complete { older: 0 },
    ]);
    let findings = verdicts.map(|verdict| Some(ListFinding::of_all(8, verdict))).chain([None]);
    let both = |finding: Option<ListFinding>| {
        let record = |is_held| ListRecord { finding: finding.clone(), is_held, confirmed: Vec::new() };
        [true, false].map(|is_held| ListTrust::restored(&record(is_held), None))
    };
    findings.flat_map(both).collect()
}

#[test]
fn chance_is_three_records_or_a_tenth_and_what_was_confirmed_is_no_more_than_that() {
    for state in states() {
        let confirmed = state.missing().filter(|_| !state.is_held()).unwrap_or(0);
        for known in 0..=100 {
            for lost in 0..=known {
                let counts = BTreeMap::from([("a".to_owned(), ListCounts { known, lost, older: 2 })]);
                let finding = state.verdict(known - lost, &counts);
                let by_chance = lost <= 3 || lost * 10 <= known;
                let expected = match lost {
                    1.. if lost <= confirmed => state.finding.as_ref().unwrap().verdict,
                    _ if by_chance => ListVerdict::Complete { older: 2 },
                    _ => missing(lost, known),
                };
                assert_eq!(finding.verdict, expected, "{lost} of {known}, {state:?}");
                assert!(finding.namespaces.is_empty(), "there are no others");
            }
        }
    }
}

#[test]
fn a_list_is_held_if_it_ended_early_or_lacks_what_nobody_confirmed() {
    let trust = |verdict, annotation: Option<&str>| {
        let mut trust = ListTrust::default();
        trust.note(ListFinding::of_all(90, verdict));
        trust.observe(annotation, trust.held().as_ref());
        trust
    };
    let lacking = missing(12, 100);
    assert!(trust(lacking, None).is_held() && trust(lacking, Some("11")).is_held());
    assert!(!trust(lacking, Some("12")).is_held());
    assert!(trust(ListVerdict::EndedEarly, Some("0")).is_held(), "nothing to confirm");
    assert!(trust(ListVerdict::NotKept, Some("0")).is_held(), "nothing to confirm");
    assert!(!trust(ListVerdict::Complete { older: 3 }, None).is_held());
}

#[test]
fn a_list_is_news_once_and_says_why_a_value_confirms_nothing() {
    let lacking = |number| ListFinding::of_all(90, missing(number, 100));
    let mut trust = ListTrust::default();
    trust.observe(Some("12"), None);
    assert!(trust.note(lacking(12)) && !trust.note(lacking(12)));
    trust.observe(Some("12"), Some(&shown(12)));
    assert_eq!((trust.is_held(), trust.unused_value(&shown(12))), (true, Some(UnusedValue::SameNumber)));
    assert_eq!(trust.unused_value(&shown(13)), Some(UnusedValue::OtherValue));
    trust.observe(None, Some(&shown(12)));
    assert_eq!(trust.unused_value(&shown(12)), None);
    trust.observe(Some("12"), Some(&shown(12)));
    assert!(!trust.is_held() && trust.note(lacking(13)) && trust.is_held(), "another number is another matter");
}

// === Several namespaces

/// Whether a list that lacks so many of so many is more than chance: by itself, as each namespace and a connection are judged.
fn is_lacking(known: usize, lost: usize) -> bool {
    lost > 3 && lost * 10 > known
}

/// Calls `check` with all counts of three namespaces, of which the first two are small.
fn each(mut check: impl FnMut([(usize, usize); 3])) {
    for a in 0..=6 {
        for b in [0, 1, 3, 4, 6, 40] {
            for c in [0, 1, 5, 30, 200] {
                for (of_a, of_b) in (0..=a).flat_map(|of_a| (0..=b).map(move |of_b| (of_a, of_b))) {
                    for of_c in (0..=c).filter(|of_c| c < 40 || of_c % 4 == 0) {
                        check([(a, of_a), (b, of_b), (c, of_c)]);
                    }
                }
            }
        }
    }
}

fn judged(of: [(usize, usize); 3]) -> ListFinding {
    let [(a, of_a), (b, of_b), (c, of_c)] = of;
    judge(1, &counts(&[("a", a, of_a), ("b", b, of_b), ("c", c, of_c)]), &BTreeMap::new())
}

fn held(finding: ListFinding) -> ListTrust {
    let mut trust = ListTrust::default();
    trust.note(finding);
    trust
}

/// The others are as they are known, but for what can be chance: whatever one namespace lacks, none of the others is held.
#[test]
fn what_one_namespace_lacks_holds_no_other() {
    each(|of| {
        let trust = held(judged(of));
        for one in 0..3 {
            let others: Vec<_> = (0..3).filter(|other| *other != one).collect();
            let known: usize = others.iter().map(|other| of[*other].0).sum();
            let lost: usize = others.iter().map(|other| of[*other].1).sum();
            if is_lacking(known, lost) || lost * 2 >= known {
                continue;
            }
            for other in others.into_iter().filter(|other| !is_lacking(of[*other].0, of[*other].1)) {
                assert!(!trust.is_held_for(["a", "b", "c"][other]), "{of:?}: {other} for {one}");
            }
        }
    });
}

/// What was held as a whole is held as a whole, or as one namespace beside others that show the list to be this vault's.
#[test]
fn a_list_that_lacks_records_of_everybody_holds_everybody() {
    each(|of| {
        let (known, lost) = of.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        let finding = judged(of);
        let is_whole = finding.missing().is_some();
        assert!(!is_whole || is_lacking(known, lost), "{of:?}: no more is held as a whole than by the count of all");
        let without = |one: &(usize, usize)| (known - one.0, lost - one.1);
        let is_most = |(known, lost): (usize, usize)| lost * 2 >= known;
        if is_lacking(known, lost) && of.iter().map(without).all(is_most) {
            assert!(is_whole, "{of:?}: whichever is left out, most of the others are missing");
        }
        if of.iter().map(without).all(|(known, lost)| is_lacking(known, lost)) {
            assert!(is_whole, "{of:?}: not one namespace alone");
        }
        let trust = held(finding);
        for (namespace, (known, lost)) in ["a", "b", "c"].into_iter().zip(of) {
            assert!(!is_lacking(known, lost) || trust.is_held_for(namespace), "{of:?}: {namespace} lacks many itself");
        }
        assert!(trust.is_held_for("new") == is_whole, "{of:?}: one without records is held with all, or not at all");
    });
}

#[test]
fn where_more_namespaces_lack_records_than_a_status_can_name_all_are_held() {
    for (lacking, is_whole) in [(1, false), (32, false), (33, true)] {
        let mut all = counts(&[("well", 100_000, 0)]);
        all.extend((0..lacking).map(|number| (format!("team-{number}"), ListCounts { known: 4, lost: 4, older: 0 })));
        let finding = judge(1, &all, &BTreeMap::new());
        assert_eq!(
            (finding.missing().is_some(), finding.namespaces.len()),
            (is_whole, if is_whole { 0 } else { lacking })
        );
    }
}

/// Of a thousand records, so many of "a" and of "b" are missing.
fn two(of_a: usize, of_b: usize) -> BTreeMap<String, ListCounts> {
    counts(&[("a", 50, of_a), ("b", 50, of_b), ("c", 900, 0)])
}

fn listed(trust: &mut ListTrust, of_a: usize, of_b: usize) -> [bool; 3] {
    let finding = trust.verdict(1, &two(of_a, of_b));
    trust.note(finding);
    ["a", "b", "c"].map(|namespace| trust.is_held_for(namespace))
}

#[test]
fn each_namespace_is_confirmed_by_itself_and_all_of_them_by_the_number_of_all() {
    let mut trust = ListTrust::default();
    assert_eq!(listed(&mut trust, 12, 20), [true, true, false]);
    let shown = trust.held().unwrap();
    assert_eq!((shown.total, shown.namespaces["a"], shown.namespaces["b"]), (32, 12, 20));
    for wrong in ["12", "a=20", "b=12", "c=0", "a=", "=12", "31"] {
        trust.observe(Some(wrong), Some(&shown));
        assert_eq!(trust.held().as_ref(), Some(&shown), "{wrong}");
    }
    let mut both = trust.clone();
    both.observe(Some("32"), Some(&shown));
    assert!(both.held().is_none() && both.is_confirmed("a") && both.is_confirmed("b"));
    trust.observe(Some("a=12"), Some(&shown));
    assert_eq!(trust.held().map(|held| held.namespaces), Some(BTreeMap::from([("b".to_owned(), 20)])));
    // What another namespace does meanwhile takes nothing back, and no more than was confirmed is believed.
    assert_eq!(listed(&mut trust, 12, 25), [false, true, false]);
    assert_eq!(listed(&mut trust, 5, 0), [false, false, false]);
    assert_eq!(listed(&mut trust, 12, 50), [false, true, false], "twelve were confirmed");
    assert_eq!(listed(&mut trust, 13, 0), [true, false, false]);
    assert_eq!(trust.unused_value(&trust.held().unwrap()), Some(UnusedValue::OtherValue));
    assert_eq!(listed(&mut trust, 0, 0), [false; 3]);
    assert_eq!(listed(&mut trust, 12, 0), [true, false, false], "another time");
    let shown = trust.held().unwrap();
    trust.observe(Some("a=12"), Some(&shown));
    assert!(trust.is_held_for("a") && trust.unused_value(&shown) == Some(UnusedValue::SameNumber));
    trust.observe(None, Some(&shown));
    trust.observe(Some("a=12"), Some(&shown));
    assert!(!trust.is_held_for("a"));
}

#[test]
fn a_restart_knows_which_namespaces_are_held_and_which_were_confirmed() {
    let mut trust = ListTrust::default();
    listed(&mut trust, 12, 20);
    let shown = trust.held().unwrap();
    trust.observe(Some("a=12"), Some(&shown));
    let status = Status::of(&trust);
    let mut after = ListTrust::restored(&status.record, Some("a=12"));
    after.observe(Some("a=12"), status.shown.as_ref());
    assert_eq!((after.finding(), after.held()), (trust.finding(), trust.held()));
    assert!(after.is_confirmed("a") && !after.is_confirmed("b"));
    assert_eq!(listed(&mut after, 12, 20), [false, true, false]);
}

#[test]
fn a_list_that_is_held_for_all_holds_namespaces_that_were_confirmed() {
    let mut trust = ListTrust::default();
    listed(&mut trust, 12, 0);
    let shown = trust.held();
    trust.observe(Some("a=12"), shown.as_ref());
    assert_eq!(listed(&mut trust, 12, 0), [false; 3]);
    trust.note(ListFinding::of_all(0, ListVerdict::EndedEarly));
    assert!(["a", "b", "c"].iter().all(|namespace| trust.is_held_for(namespace)));
}
