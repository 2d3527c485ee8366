//! Counting, over virtual time.

use super::*;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

const MINUTE: Duration = Duration::from_mins(1);

fn key(name: &str) -> NamespacedName {
    NamespacedName::new("ns", name)
}

fn limit(count: usize) -> Limit {
    Limit { count, window: 10 * MINUTE }
}

fn brake(count: usize) -> Brake {
    Brake { limit: limit(count), ..Brake::default() }
}

fn wall() -> Timestamp {
    Timestamp::from_second(1_000_000).unwrap()
}

/// Asks for those, writing down what is to be, and returns how many may go on.
fn go_on(brake: &mut Brake, uids: std::ops::Range<usize>, now: Instant) -> usize {
    uids.filter(|uid| {
        brake.comes(&uid.to_string(), &key(&uid.to_string()));
        let admission = brake.admit(&uid.to_string(), now).unwrap();
        if admission == Admission::Unwritten {
            brake.written(&brake.noted());
        }
        !matches!(admission, Admission::Held(_))
    })
    .count()
}

/// Somebody annotates the connection while its status shows that number; returns who is woken.
fn annotate(brake: &mut Brake, value: Option<&str>, shown: i64) -> Vec<NamespacedName> {
    brake.refresh(brake.limit, value.map(str::to_owned).as_ref());
    brake.judge(Some(shown));
    brake.written(&brake.noted())
}

/// What a status has of that brake.
fn status(brake: &Brake, now: Instant) -> PamConnectionStatus {
    let held = Condition { type_: "DisablesHeld".into(), status: "True".into(), ..a_condition() };
    PamConnectionStatus {
        recent_disables: brake.points(now, wall()),
        last_handled_confirm_disable: brake.handled.clone(),
        conditions: if brake.latch == Latch::Off { vec![] } else { vec![held] },
        ..PamConnectionStatus::default()
    }
}

fn a_condition() -> Condition {
    Condition {
        type_: String::new(),
        status: String::new(),
        reason: "R".into(),
        message: String::new(),
        observed_generation: None,
        last_transition_time: Time(wall()),
    }
}

/// Another process takes over; the same objects are leaving.
fn restarted(before: &Brake, now: Instant) -> Brake {
    let mut brake = Brake { leaving: before.leaving.clone(), ..Brake::default() };
    brake.restore(&status(before, now), (now, wall()));
    brake.refresh(before.limit, before.annotation.as_ref());
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
        brake.goes(&uid.to_string());
    }
    brake.settle(later, false);
    assert_ne!(brake.latch, Latch::Off, "not everyone who may be leaving is known yet");
    brake.settle(later, true);
    assert_eq!(brake.latch, Latch::Off);
    assert_eq!(go_on(&mut brake, 6..9, later), 2);
}

#[test]
fn the_number_that_is_shown_lets_that_many_go_on_and_no_more() {
    let (mut brake, now) = (brake(2), Instant::now());
    go_on(&mut brake, 0..7, now);
    assert_eq!(brake.waiting(), 5);
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
    assert!(matches!(brake.latch, Latch::Held(_)));
    assert_eq!(brake.waiting(), 2);
    assert!(annotate(&mut brake, Some("2"), 2).len() > 1);
    assert_eq!(go_on(&mut brake, 2..9, now), 7);
    brake.settle(now, true);
    assert_eq!(brake.latch, Latch::Off, "nobody waits");
    assert_eq!(go_on(&mut brake, 9..20, now), 2, "a person looked at it: the window begins anew");
}

#[test]
fn a_confirmation_counts_only_once_it_is_written_down() {
    let (mut brake, now) = (brake(0), Instant::now());
    assert_eq!(go_on(&mut brake, 0..2, now), 0);
    let before = brake.noted();
    brake.refresh(brake.limit, Some(&"2".to_owned()));
    brake.judge(Some(2));
    assert_eq!(go_on(&mut brake, 0..2, now), 0);
    assert!(brake.written(&before).is_empty(), "that did not have it");
    assert_eq!(go_on(&mut brake, 0..2, now), 0);
    assert_eq!(brake.written(&brake.noted()).len(), 2);
    assert_eq!(go_on(&mut brake, 0..3, now), 2);
}

#[test]
fn a_value_of_before_does_not_count_until_it_is_set_again() {
    let (mut brake, now) = (brake(1), Instant::now());
    brake.refresh(brake.limit, Some(&"3".to_owned()));
    go_on(&mut brake, 0..4, now);
    // It was there before there was anything to confirm.
    brake.judge(Some(3));
    assert_eq!(go_on(&mut brake, 1..4, now), 0);
    // A value that was not the number stays none when the number comes to be that.
    assert!(annotate(&mut brake, Some("2"), 3).is_empty());
    brake.goes("3");
    assert!(annotate(&mut brake, Some("2"), 2).is_empty());
    assert_eq!(go_on(&mut brake, 1..3, now), 0);
    // Removed and set again, before any pass looked.
    brake.refresh(brake.limit, None);
    brake.refresh(brake.limit, Some(&"2".to_owned()));
    brake.judge(Some(2));
    brake.written(&brake.noted());
    assert_eq!(go_on(&mut brake, 1..3, now), 2);
    brake.settle(now, true);
    // Used once, it releases no later brake.
    assert_eq!(go_on(&mut brake, 4..7, now), 1);
    assert_eq!(brake.waiting(), 2);
    brake.judge(Some(2));
    assert_eq!(go_on(&mut brake, 5..7, now), 0);
}

#[test]
fn what_is_to_be_kept_by_now_is_not_disabled() {
    let (mut brake, now) = (brake(2), Instant::now());
    assert_eq!(go_on(&mut brake, 0..1, now), 1);
    brake.goes("0");
    assert_eq!((brake.admit("0", now), brake.admit("1", now)), (None, None));
}

#[test]
fn what_is_not_shown_yet_cannot_be_confirmed() {
    let (mut brake, now) = (brake(0), Instant::now());
    go_on(&mut brake, 0..2, now);
    assert!(brake.gathers(now).is_some() && brake.gathers(now + GATHERING).is_none());
    brake.refresh(brake.limit, Some(&"2".to_owned()));
    brake.judge(None);
    brake.judge(Some(2));
    assert_eq!(brake.latch, Latch::Held(Some(now)));
}

#[test]
fn a_restart_forgets_neither_the_window_nor_what_is_held() {
    let (mut before, start) = (brake(5), Instant::now());
    assert_eq!(go_on(&mut before, 0..4, start), 4);
    // A crash loop gets one more, however often.
    let now = start + MINUTE;
    let mut after = restarted(&before, now);
    assert_eq!(go_on(&mut after, 10..12, now), 1);
    let mut again = restarted(&after, now);
    assert_eq!(go_on(&mut again, 12..14, now), 0);
    // Held it stays, after the window, too, and for those that were let go on before.
    let later = now + 100 * MINUTE;
    let mut again = restarted(&again, later);
    assert_eq!(go_on(&mut again, 0..14, later), 0);
    // Confirmed, and killed in the midst of it: to be confirmed again, by a value that is set again.
    let waiting = i64::try_from(again.waiting()).unwrap();
    assert!(!annotate(&mut again, Some(&waiting.to_string()), waiting).is_empty());
    assert_eq!(go_on(&mut again, 0..2, later), 2);
    let mut last = restarted(&again, later);
    last.judge(Some(waiting));
    assert_eq!(go_on(&mut last, 0..14, later), 0);
    // A window that is over, without anybody held.
    let mut fresh = restarted(&before, later);
    assert_eq!(go_on(&mut fresh, 20..30, later), 5);
}

#[test]
fn what_a_status_remembers_is_little_and_forgets_none_too_early() {
    let (mut brake, start) = (brake(1000), Instant::now());
    for second in 0..599 {
        go_on(&mut brake, second..second + 1, start + Duration::from_secs(second as u64));
    }
    let now = start + Duration::from_secs(599);
    let points = brake.points(now, wall());
    assert!(points.len() <= 8, "{points:?}");
    assert_eq!(points.iter().map(|point| point.count).sum::<i64>(), 599);
    let newest = points.iter().map(|point| point.time.0).max().unwrap();
    assert!(newest >= wall() - SignedDuration::from_secs(1) && newest <= wall() + SignedDuration::from_secs(1));
    for age in 0..10_i32 {
        let bound = wall() - SignedDuration::from_mins(age.into());
        let noted: i64 = points.iter().filter(|point| point.time.0 > bound).map(|point| point.count).sum();
        let exact = brake.passed.values().filter(|passed| passed.last + age.unsigned_abs() * MINUTE > now).count();
        assert!(noted >= i64::try_from(exact).unwrap(), "{age} minutes: {noted} of {exact}");
    }
}

#[test]
fn a_clock_that_was_set_back_holds_nothing_longer_than_a_window() {
    let (mut brake, now) = (brake(1), Instant::now());
    let noted = RecentDisables { time: Time(wall() + SignedDuration::from_hours(1000)), count: 1 };
    let status = PamConnectionStatus { recent_disables: vec![noted], ..PamConnectionStatus::default() };
    brake.restore(&status, (now, wall()));
    assert_eq!(go_on(&mut brake, 0..1, now + 10 * MINUTE), 1);
}

#[test]
fn with_none_allowed_each_is_to_be_confirmed() {
    let (mut brake, now) = (brake(0), Instant::now());
    assert_eq!(go_on(&mut brake, 0..1, now), 0);
    assert_eq!(annotate(&mut brake, Some("1"), 1), [key("0")]);
    assert_eq!(go_on(&mut brake, 0..1, now), 1);
}

#[test]
fn who_has_something_else_in_the_way_is_not_waited_for_but_whom_the_brake_held_is() {
    let (mut brake, now) = (brake(1), Instant::now());
    brake.comes("stuck", &key("stuck"));
    assert!(brake.sets_aside("stuck") && !brake.sets_aside("stuck") && !brake.sets_aside("unknown"));
    assert_eq!(go_on(&mut brake, 0..3, now), 1);
    assert_eq!(brake.waiting(), 2);
    assert!(!brake.sets_aside("1"), "what comes in the way of all of them does not take the brake off");
    brake.goes("1");
    brake.settle(now, true);
    assert!(matches!(brake.latch(), Latch::Held(_)));
    assert_eq!(brake.admit("stuck", now), Some(Admission::Held(2)), "nothing is in its way any more");
    brake.goes("stuck");
    brake.goes("2");
    brake.settle(now, true);
    assert_eq!(brake.latch(), Latch::Off);
}
