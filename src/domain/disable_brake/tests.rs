//! Counting, over a clock that the tests move.

use std::collections::BTreeMap;

use super::types::GATHERING;
use super::*;

const MINUTE: Duration = Duration::from_mins(1);
const NS: &str = "team-a";

fn waiting(brake: &DisableBrake) -> usize {
    brake.namespaces.get(NS).unwrap().waiting()
}

/// A status that shows a number, all of one namespace.
fn number(total: usize) -> ShownDisables {
    ShownDisables { total, namespaces: BTreeMap::from([(NS.to_owned(), total)]) }
}

fn limit(count: usize) -> BrakeLimit {
    BrakeLimit { count, window: 10 * MINUTE }
}

fn brake(count: usize) -> DisableBrake {
    DisableBrake { limit: limit(count), ..DisableBrake::default() }
}

/// Asks for those, writing down what is to be, and returns how many may go on.
fn go_on(brake: &mut DisableBrake, uids: std::ops::Range<usize>, now: Instant) -> usize {
    uids.filter(|uid| {
        brake.enter(NS, &uid.to_string());
        let admission = brake.admit(NS, &uid.to_string(), now).unwrap();
        if admission == Admission::Unwritten {
            brake.written(&brake.to_write());
        }
        !matches!(admission, Admission::Held(_))
    })
    .count()
}

/// Somebody annotates the connection while its status shows that number; returns who is woken.
fn annotate(brake: &mut DisableBrake, value: Option<&str>, shown: usize) -> Vec<String> {
    brake.refresh(brake.limit, value);
    brake.confirm(Some(&number(shown)));
    brake.written(&brake.to_write())
}

/// What a status has of that brake.
fn record(brake: &DisableBrake, now: Instant) -> BrakeRecord {
    BrakeRecord {
        held: brake.held(now + GATHERING),
        handled: brake.handled().map(str::to_owned),
        recent: brake.namespaces.remembered(&brake.earlier).points(brake.limit.window, now),
    }
}

/// Another process takes over; the same objects are leaving, and the annotation is what it was.
fn restarted(before: &DisableBrake, annotation: Option<&str>, now: Instant) -> DisableBrake {
    let mut brake = DisableBrake::default();
    for (namespace, before) in before.namespaces.all() {
        before.leaving.iter().for_each(|uid| assert!(brake.enter(namespace, uid)));
    }
    brake.restore(&record(before, now), now);
    brake.refresh(before.limit, annotation);
    brake
}

#[test]
fn so_many_go_on_within_the_window_and_more_as_it_moves() {
    let (mut brake, start) = (brake(3), Instant::now());
    assert_eq!(go_on(&mut brake, 0..1, start), 1);
    assert_eq!(go_on(&mut brake, 1..3, start + 9 * MINUTE), 2);
    // The first one counts no more, the two others still do.
    assert_eq!(go_on(&mut brake, 3..4, start + 10 * MINUTE), 1);
    assert_eq!(go_on(&mut brake, 4..5, start + 10 * MINUTE), 0);
}

#[test]
fn one_that_tries_again_counts_once_and_from_its_last_try() {
    let (mut brake, start) = (brake(2), Instant::now());
    for minute in 0..30 {
        assert_eq!(go_on(&mut brake, 0..1, start + minute * MINUTE), 1, "{minute}");
    }
    // An outage must not gather what then goes all at once: what was let go on and comes late counts late.
    assert_eq!(go_on(&mut brake, 1..2, start + 30 * MINUTE), 1);
    assert_eq!(go_on(&mut brake, 2..3, start + 30 * MINUTE), 0);
    assert_eq!(go_on(&mut brake, 0..2, start + 31 * MINUTE), 2, "these were let go on before it came on");
}

#[test]
fn no_time_brings_it_off_and_nobody_who_waits_does() {
    let (mut brake, start) = (brake(2), Instant::now());
    assert_eq!(go_on(&mut brake, 0..5, start), 2);
    let later = start + 1000 * MINUTE;
    brake.settle(later, true);
    assert_eq!(go_on(&mut brake, 2..6, later), 0);
    for uid in 0..6 {
        brake.leave(NS, &uid.to_string());
    }
    brake.settle(later, false);
    assert_ne!(brake.states(NS)[0], BrakeState::Off, "not everyone who may be leaving is known yet");
    brake.settle(later, true);
    assert_eq!(brake.states(NS)[0], BrakeState::Off);
    assert_eq!(go_on(&mut brake, 6..9, later), 2);
}

#[test]
fn the_number_that_is_shown_lets_that_many_go_on_and_no_more() {
    let (mut brake, now) = (brake(2), Instant::now());
    go_on(&mut brake, 0..7, now);
    assert_eq!(waiting(&brake), 5);
    for wrong in ["4", "05", "five", "", "5 5"] {
        assert!(annotate(&mut brake, Some(wrong), 5).is_empty(), "{wrong}");
        assert_eq!(go_on(&mut brake, 2..7, now), 0, "{wrong}");
    }
    // Meanwhile two more come.
    assert_eq!(go_on(&mut brake, 7..9, now), 0);
    assert_eq!(annotate(&mut brake, Some("5"), 5).len(), 9, "all are woken: who is first is not known");
    assert_eq!(go_on(&mut brake, 2..9, now), 5);
    assert_eq!(go_on(&mut brake, 2..9, now), 5, "again, the same");
    brake.settle(now, true);
    assert!(matches!(brake.states(NS)[0], BrakeState::Held(_)));
    assert_eq!(waiting(&brake), 2);
    assert!(annotate(&mut brake, Some("2"), 2).len() > 1);
    assert_eq!(go_on(&mut brake, 2..9, now), 7);
    brake.settle(now, true);
    assert_eq!(brake.states(NS)[0], BrakeState::Off, "nobody waits");
    assert_eq!(go_on(&mut brake, 9..20, now), 2, "a person looked at it: the window begins anew");
}

#[test]
fn a_confirmation_counts_only_once_it_is_written_down() {
    let (mut brake, now) = (brake(0), Instant::now());
    assert_eq!(go_on(&mut brake, 0..2, now), 0);
    let before = brake.to_write();
    brake.refresh(brake.limit, Some("2"));
    brake.confirm(Some(&number(2)));
    assert_eq!(go_on(&mut brake, 0..2, now), 0);
    assert!(brake.written(&before).is_empty(), "that did not have it");
    assert_eq!(go_on(&mut brake, 0..2, now), 0);
    assert_eq!(brake.written(&brake.to_write()).len(), 2);
    assert_eq!(go_on(&mut brake, 0..3, now), 2);
}

#[test]
fn a_value_of_before_does_not_count_until_it_is_set_again() {
    let (mut brake, now) = (brake(1), Instant::now());
    brake.refresh(brake.limit, Some("3"));
    go_on(&mut brake, 0..4, now);
    // It was there before there was anything to confirm.
    brake.confirm(Some(&number(3)));
    assert_eq!(go_on(&mut brake, 1..4, now), 0);
    // A value that was not the number stays none when the number comes to be that.
    assert!(annotate(&mut brake, Some("2"), 3).is_empty());
    brake.leave(NS, "3");
    assert!(annotate(&mut brake, Some("2"), 2).is_empty());
    assert_eq!(go_on(&mut brake, 1..3, now), 0);
    // Removed and set again, before any pass looked.
    brake.refresh(brake.limit, None);
    brake.refresh(brake.limit, Some("2"));
    brake.confirm(Some(&number(2)));
    brake.written(&brake.to_write());
    assert_eq!(go_on(&mut brake, 1..3, now), 2);
    brake.settle(now, true);
    // Used once, it releases no later brake.
    assert_eq!(go_on(&mut brake, 4..7, now), 1);
    assert_eq!(waiting(&brake), 2);
    brake.confirm(Some(&number(2)));
    assert_eq!(go_on(&mut brake, 5..7, now), 0);
}

#[test]
fn what_is_to_be_kept_by_now_is_not_disabled() {
    let (mut brake, now) = (brake(2), Instant::now());
    assert_eq!(go_on(&mut brake, 0..1, now), 1);
    brake.leave(NS, "0");
    assert_eq!((brake.admit(NS, "0", now), brake.admit(NS, "1", now)), (None, None));
}

#[test]
fn what_is_not_shown_yet_cannot_be_confirmed() {
    let (mut brake, now) = (brake(0), Instant::now());
    go_on(&mut brake, 0..2, now);
    assert!(brake.gathering_left(now).is_some() && brake.gathering_left(now + GATHERING).is_none());
    brake.refresh(brake.limit, Some("2"));
    brake.confirm(None);
    brake.confirm(Some(&number(2)));
    assert_eq!(brake.states(NS)[0], BrakeState::Held(Some(now)));
}

#[test]
fn a_restart_forgets_neither_the_window_nor_what_is_held() {
    let (mut before, start) = (brake(5), Instant::now());
    assert_eq!(go_on(&mut before, 0..4, start), 4);
    // A crash loop gets one more, however often.
    let now = start + MINUTE;
    let mut after = restarted(&before, None, now);
    assert_eq!(go_on(&mut after, 10..12, now), 1);
    let mut again = restarted(&after, None, now);
    assert_eq!(go_on(&mut again, 12..14, now), 0);
    // Held it stays, after the window, too, and for those that were let go on before.
    let later = now + 100 * MINUTE;
    let mut again = restarted(&again, None, later);
    assert_eq!(go_on(&mut again, 0..14, later), 0);
    // Confirmed, and killed in the midst of it: to be confirmed again, by a value that is set again.
    let waiting = waiting(&again);
    assert!(!annotate(&mut again, Some(&waiting.to_string()), waiting).is_empty());
    assert_eq!(go_on(&mut again, 0..2, later), 2);
    let mut last = restarted(&again, Some(&waiting.to_string()), later);
    last.confirm(Some(&number(waiting)));
    assert_eq!(go_on(&mut last, 0..14, later), 0);
    // A window that is over, without anybody held.
    let mut fresh = restarted(&before, None, later);
    assert_eq!(go_on(&mut fresh, 20..30, later), 5);
}

#[test]
fn what_a_status_remembers_is_little_and_forgets_none_too_early() {
    let (mut brake, start) = (brake(1000), Instant::now());
    for second in 0..599 {
        go_on(&mut brake, second..second + 1, start + Duration::from_secs(second as u64));
    }
    let now = start + Duration::from_secs(599);
    let points = record(&brake, now).recent;
    assert!(points.len() <= 8, "{points:?}");
    assert_eq!(points.iter().map(|point| point.count).sum::<usize>(), 599);
    assert!(points.iter().map(|point| point.age).min().unwrap() <= Duration::from_secs(1));
    for age in 0..10_u32 {
        let noted: usize = points.iter().filter(|point| point.age < age * MINUTE).map(|point| point.count).sum();
        let exact = brake
            .namespaces
            .get(NS)
            .unwrap()
            .admitted
            .values()
            .filter(|admitted| admitted.last + age * MINUTE > now)
            .count();
        assert!(noted >= exact, "{age} minutes: {noted} of {exact}");
    }
}

#[test]
fn what_an_earlier_process_noted_holds_nothing_longer_than_a_window() {
    let (mut brake, now) = (brake(1), Instant::now());
    let recent = vec![RecentDisables { namespace: Some(NS.to_owned()), age: Duration::ZERO, count: 1 }];
    brake.restore(&BrakeRecord { recent, ..BrakeRecord::default() }, now);
    assert_eq!(go_on(&mut brake, 0..1, now + 9 * MINUTE), 0);
    brake.leave(NS, "0");
    brake.settle(now, true);
    assert_eq!(go_on(&mut brake, 0..1, now + 10 * MINUTE), 1);
}

#[test]
fn after_a_confirmation_what_earlier_processes_disabled_counts_no_more() {
    let (mut before, now) = (brake(2), Instant::now());
    go_on(&mut before, 0..2, now);
    let mut after = restarted(&before, None, now);
    assert!(after.leave(NS, "0") && after.leave(NS, "1"));
    assert_eq!(go_on(&mut after, 2..3, now), 0);
    assert_eq!(annotate(&mut after, Some("1"), 1), ["2"]);
    assert_eq!(go_on(&mut after, 2..3, now), 1);
    after.settle(now, true);
    assert_eq!(go_on(&mut after, 3..6, now), 2);
}

#[test]
fn with_none_allowed_each_is_to_be_confirmed() {
    let (mut brake, now) = (brake(0), Instant::now());
    assert_eq!(go_on(&mut brake, 0..1, now), 0);
    assert_eq!(annotate(&mut brake, Some("1"), 1), ["0"]);
    assert_eq!(go_on(&mut brake, 0..1, now), 1);
}

#[test]
fn who_has_something_else_in_the_way_is_not_waited_for_but_whom_the_brake_held_is() {
    let (mut brake, now) = (brake(1), Instant::now());
    brake.enter(NS, "stuck");
    assert!(brake.set_aside(NS, "stuck") && !brake.set_aside(NS, "stuck") && !brake.set_aside(NS, "unknown"));
    assert_eq!(go_on(&mut brake, 0..3, now), 1);
    assert_eq!(waiting(&brake), 2);
    assert!(!brake.set_aside(NS, "1"), "what comes in the way of all of them does not take the brake off");
    brake.leave(NS, "1");
    brake.settle(now, true);
    assert!(matches!(brake.states(NS)[0], BrakeState::Held(_)));
    assert_eq!(
        brake.admit(NS, "stuck", now),
        Some(Admission::Held(Hold { waiting: 2, by_connection: false })),
        "nothing is in its way any more"
    );
    brake.leave(NS, "stuck");
    brake.leave(NS, "2");
    brake.settle(now, true);
    assert_eq!(brake.states(NS)[0], BrakeState::Off);
}

/// Deletes objects of so many namespaces, `each` of every one, and returns how many go on.
fn many(brake: &mut DisableBrake, namespaces: std::ops::Range<usize>, each: usize, now: Instant) -> usize {
    let objects = namespaces.flat_map(|number| (0..each).map(move |object| (format!("team-{number:04}"), object)));
    objects.filter(|(namespace, object)| goes_on(brake, namespace, &format!("{namespace}-{object}"), now)).count()
}

fn goes_on(brake: &mut DisableBrake, namespace: &str, uid: &str, now: Instant) -> bool {
    brake.enter(namespace, uid);
    let is_let_go = !matches!(brake.admit(namespace, uid, now), Some(Admission::Held(_)));
    brake.written(&brake.to_write());
    is_let_go
}

#[test]
fn a_status_stays_small_however_many_namespaces_there_are_and_forgets_none_of_them() {
    let now = Instant::now();
    for namespaces in [1, 7, 8, 63, 64, 65, 500] {
        let mut before = brake(1000);
        assert_eq!(many(&mut before, 0..namespaces, 2, now), namespaces * 2);
        let record = record(&before, now);
        assert!(record.recent.len() <= 64, "{namespaces}: {}", record.recent.len());
        assert_eq!(record.recent.iter().map(|recent| recent.count).sum::<usize>(), namespaces * 2);
        // With a limit that each of them has used up, none of them gets more after a restart.
        let mut after = restarted(&before, None, now);
        after.refresh(BrakeLimit { count: 2, ..before.limit }, None);
        let more = |number: usize| goes_on(&mut after.clone(), &format!("team-{number:04}"), "another", now);
        assert_eq!((0..namespaces).filter(|number| more(*number)).count(), 0, "{namespaces}");
    }
}

#[test]
fn a_status_names_few_of_many_that_are_held_and_a_restart_holds_them_all() {
    let (mut before, now) = (brake(0), Instant::now());
    assert_eq!(many(&mut before, 0..100, 2, now), 0);
    let held = before.held(now + GATHERING).unwrap();
    assert_eq!((held.shown.total, held.shown.namespaces.len(), held.by_connection), (200, 32, false));
    let mut after = restarted(&before, None, now);
    after.refresh(limit(20), None);
    assert_eq!((many(&mut after, 0..100, 2, now), after.held(now).unwrap().shown.total), (0, 200));
    // The number of all confirms those, too, that have no number of their own.
    after.refresh(limit(20), Some("200"));
    after.confirm(Some(&held.shown));
    assert_eq!(after.written(&after.to_write()).len(), 200);
    assert_eq!(many(&mut after, 0..100, 2, now), 200);
}

#[test]
fn what_a_status_of_an_earlier_version_says_counts_for_the_connection_as_a_whole() {
    let now = Instant::now();
    let shown = ShownDisables { total: 2, ..ShownDisables::default() };
    let held = Some(HeldDisables { shown: shown.clone(), ..HeldDisables::default() });
    let recent = vec![RecentDisables { namespace: None, age: Duration::ZERO, count: 3 }];
    let restored = |held, recent| {
        let mut brake = brake(3);
        brake.restore(&BrakeRecord { held, recent, ..BrakeRecord::default() }, now);
        brake
    };
    let mut after = restored(held, Vec::new());
    assert!(!goes_on(&mut after, "a", "1", now) && !goes_on(&mut after, "b", "2", now));
    after.refresh(limit(3), Some("2"));
    after.confirm(Some(&shown));
    after.written(&after.to_write());
    assert!(goes_on(&mut after, "a", "1", now) && goes_on(&mut after, "b", "2", now));
    let mut after = restored(None, recent);
    assert!(!goes_on(&mut after, "a", "1", now) && !goes_on(&mut after, "b", "2", now), "it is used up for each");
    assert_eq!(after.earlier.used(), 3);
}

#[test]
fn the_connections_own_brake_goes_off_once_nobody_waits_for_it_alone() {
    let (mut brake, now) = (brake(2), Instant::now());
    assert_eq!(many(&mut brake, 0..3, 3, now), 6);
    assert!(!goes_on(&mut brake, "late", "1", now));
    let held = brake.held(now + GATHERING).unwrap();
    assert_eq!((held.shown.total, held.shown.namespaces["late"], held.by_connection), (4, 1, true));
    // Three others wait for their own brakes, however long.
    brake.refresh(brake.limit, Some("late=1"));
    brake.confirm(Some(&held.shown));
    assert_eq!(brake.written(&brake.to_write()), ["1"]);
    assert!(goes_on(&mut brake, "late", "1", now));
    brake.settle(now, true);
    let held = brake.held(now + GATHERING).unwrap();
    assert_eq!((held.shown.total, held.shown.namespaces.len(), held.by_connection), (3, 3, false));
    let later = now + 10 * MINUTE;
    assert!(goes_on(&mut brake, "other", "2", later), "the connection has room again");
    assert_eq!(many(&mut brake, 0..3, 3, later), 0, "and theirs stay on");
}

/// Asks for so many disables of a namespace, and returns how many go on.
fn disabled(brake: &mut DisableBrake, namespace: &str, uids: std::ops::Range<usize>, now: Instant) -> usize {
    let admits = |uid: usize| {
        let uid = uid.to_string();
        brake.enter(namespace, &uid);
        let admission = brake.admit(namespace, &uid, now);
        brake.written(&brake.to_write());
        brake.leave(namespace, &uid);
        admission == Some(Admission::Unwritten)
    };
    uids.map(admits).filter(|is_admitted| *is_admitted).count()
}

/// A status names few of many namespaces: what the others disabled counts for each of them, also where a later process has
/// disabled more of them, and its status has a place for their names again.
#[test]
fn p7_no_namespace_disables_more_than_allowed_though_a_status_names_few_and_processes_change() {
    let (mut first, start) = (brake(30), Instant::now());
    for namespace in 0..63 {
        assert_eq!(disabled(&mut first, &format!("n{namespace:02}"), 0..1, start), 1);
    }
    let later = start + 5 * MINUTE;
    assert_eq!(disabled(&mut first, "z", 0..10, later), 10);
    let recent = record(&first, later).recent;
    assert!(recent.iter().all(|recent| recent.namespace.as_deref() != Some("z")), "its name has no place");
    // What the others disabled counts no more, and so there is a place.
    let mut second = restarted(&first, None, later);
    let later = start + 11 * MINUTE;
    assert_eq!(disabled(&mut second, "z", 10..30, later), 20);
    let mut third = restarted(&second, None, later);
    assert_eq!(disabled(&mut third, "z", 50..90, later), 0, "30 within ten minutes");
    assert_eq!(disabled(&mut third, "z", 90..130, later + 10 * MINUTE), 0, "nobody took the brake off");
}
