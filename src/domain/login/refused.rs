//! When the next login may be sent after refusals: PAMs lock accounts and addresses (P10).

use std::time::Duration;

use jiff::Timestamp;

/// The wait before the third login in a row; the second is sent at once, since a person who mends a typing error waits for
/// it.
const FIRST: Duration = Duration::from_secs(10);
/// The longest wait before a login with something changed.
const LONGEST: Duration = Duration::from_mins(5);
/// Refusals that are older than this are forgotten.
const QUIET: Duration = Duration::from_hours(1);
/// The least time between two logins with nothing changed.
const SECOND_LOOK: Duration = Duration::from_mins(10);
/// A login that has not ended by then was given up.
const GIVEN_UP: Duration = Duration::from_mins(1);

/// The refused logins of one connection, or of all connections of a tenant to one PAM.
///
/// # Guarantees
///
/// * While one login is under way, no other begins: what it comes to decides when the next may be sent.
/// * After n refusals in a row, the next login with something changed waits 0 s, 10 s, 20 s, … up to five minutes, whatever
///   changed: a Secret, an address, or the connection itself.
/// * Two logins with nothing changed are ten minutes apart at least.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefusedLogins {
    refusals: u32,
    /// The time of the last refusal of a login with something changed.
    last: Option<Timestamp>,
    /// The time of the last login with nothing changed.
    looked: Option<Timestamp>,
    under_way: Option<UnderWay>,
}

/// A login that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct UnderWay {
    began: Timestamp,
    /// It is another one than was refused.
    changed: bool,
}

/// Whether a login may be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginTurn {
    /// It may.
    Now,
    /// Another login is under way.
    Busy,
    /// It may not before that time.
    NotBefore(Timestamp),
}

/// What a login came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginEnd {
    /// It was accepted.
    Accepted,
    /// It was refused.
    Refused,
    /// Nobody answered, or not clearly.
    Unclear,
}

impl RefusedLogins {
    /// Begins a login, if one may be sent now; `changed` says that it is another one than was refused.
    pub fn begin(&mut self, changed: bool, now: Timestamp) -> LoginTurn {
        let turn = match self.not_before(changed).filter(|time| is_ahead(*time, now)) {
            _ if self.is_under_way(now) => LoginTurn::Busy,
            Some(time) => LoginTurn::NotBefore(time),
            None => LoginTurn::Now,
        };
        if turn == LoginTurn::Now {
            self.under_way = Some(UnderWay { began: now, changed });
            if !changed {
                self.looked = Some(now);
            }
        }
        turn
    }

    /// Ends a login. `forgives` says that an accepted login makes up for the refusals: not so for a tenant, whose good login
    /// proves nothing of the other clients that the tenant can name.
    pub fn end(&mut self, end: LoginEnd, forgives: bool, now: Timestamp) {
        let changed = self.under_way.take().is_none_or(|login| login.changed);
        self.note(end, changed, forgives, now);
    }

    /// Takes in what a login came to that waited for no turn: another one may be under way, and stays so.
    pub fn end_proved(&mut self, end: LoginEnd, forgives: bool, now: Timestamp) {
        self.note(end, true, forgives, now);
    }

    fn note(&mut self, end: LoginEnd, changed: bool, forgives: bool, now: Timestamp) {
        match end {
            LoginEnd::Accepted if forgives => *self = Self { under_way: self.under_way, ..Self::default() },
            // A login with nothing changed is refused as it was before: it is no reason to wait longer for a change.
            LoginEnd::Refused if changed => self.refuse(now),
            LoginEnd::Accepted | LoginEnd::Refused | LoginEnd::Unclear => {}
        }
    }

    /// Returns when the next login with something changed may be sent, if not now.
    #[must_use]
    pub fn held_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.not_before(true).filter(|time| is_ahead(*time, now))
    }

    /// Returns whether nothing of it matters any more.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        let is_past = |time: Option<Timestamp>, wait| time.is_none_or(|time| !is_ahead(after(time, wait), now));
        !self.is_under_way(now) && is_past(self.last, QUIET) && is_past(self.looked, SECOND_LOOK)
    }

    fn refuse(&mut self, now: Timestamp) {
        if self.last.is_some_and(|last| !is_ahead(after(last, QUIET), now)) {
            self.refusals = 0;
        }
        (self.refusals, self.last) = (self.refusals.saturating_add(1), Some(now));
    }

    fn not_before(&self, changed: bool) -> Option<Timestamp> {
        let for_change = self.last.map(|last| after(last, wait(self.refusals)));
        let for_look = self.looked.filter(|_| !changed).map(|looked| after(looked, SECOND_LOOK));
        for_change.max(for_look)
    }

    /// Returns whether a login is under way.
    #[must_use]
    pub fn is_under_way(&self, now: Timestamp) -> bool {
        self.under_way.is_some_and(|login| is_ahead(after(login.began, GIVEN_UP), now))
    }
}

/// Returns how long to wait after so many refusals in a row.
fn wait(refusals: u32) -> Duration {
    match refusals.checked_sub(2) {
        None => Duration::ZERO,
        Some(more) => FIRST.saturating_mul(1 << more.min(16)).min(LONGEST),
    }
}

fn after(time: Timestamp, wait: Duration) -> Timestamp {
    time.checked_add(wait).unwrap_or(Timestamp::MAX)
}

/// Whether a time is still to come. A clock that was set back makes no wait longer than any can be.
fn is_ahead(time: Timestamp, now: Timestamp) -> bool {
    time > now && time.duration_since(now).unsigned_abs() <= QUIET
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).unwrap()
    }

    /// Sends a changed login whenever one may be sent, and returns when.
    fn storm(refused: &mut RefusedLogins, seconds: std::ops::Range<i64>) -> Vec<i64> {
        let mut sent = Vec::new();
        for second in seconds {
            if refused.begin(true, at(second)) == LoginTurn::Now {
                refused.end(LoginEnd::Refused, true, at(second));
                sent.push(second);
            }
        }
        sent
    }

    #[test]
    fn p10_a_change_each_second_gets_a_login_ever_more_rarely() {
        let sent = storm(&mut RefusedLogins::default(), 0..1_300);
        assert_eq!(sent, [0, 1, 11, 31, 71, 151, 311, 611, 911, 1_211]);
    }

    #[test]
    fn p2_the_first_change_after_a_refusal_is_tried_at_once_also_after_second_looks() {
        let mut refused = RefusedLogins::default();
        assert_eq!(storm(&mut refused, 0..1), [0]);
        for second in [700, 1_400, 2_100] {
            assert_eq!(refused.begin(false, at(second)), LoginTurn::Now);
            refused.end(LoginEnd::Refused, true, at(second + 1));
            assert_eq!(refused.held_until(at(second + 1)), None);
        }
        assert_eq!(refused.begin(true, at(2_101)), LoginTurn::Now);
    }

    #[test]
    fn p10_logins_with_nothing_changed_are_ten_minutes_apart_and_wait_as_changed_ones_do() {
        let mut refused = RefusedLogins::default();
        assert_eq!(refused.begin(false, at(0)), LoginTurn::Now);
        refused.end(LoginEnd::Unclear, true, at(1));
        assert_eq!(refused.begin(false, at(599)), LoginTurn::NotBefore(at(600)));
        assert_eq!(refused.begin(false, at(600)), LoginTurn::Now);
        let mut refused = RefusedLogins::default();
        storm(&mut refused, 0..400);
        assert_eq!(refused.begin(false, at(400)), LoginTurn::NotBefore(at(611)));
    }

    #[test]
    fn p10_one_login_at_a_time_unless_one_was_given_up() {
        let mut refused = RefusedLogins::default();
        assert_eq!(refused.begin(true, at(0)), LoginTurn::Now);
        for changed in [false, true] {
            assert_eq!(refused.begin(changed, at(59)), LoginTurn::Busy);
        }
        assert!(!refused.is_over(at(59)) && refused.is_over(at(60)));
        assert_eq!(refused.begin(true, at(60)), LoginTurn::Now);
    }

    #[test]
    fn p10_a_login_that_waited_for_no_turn_ends_no_other() {
        for (end, forgives) in [(LoginEnd::Refused, false), (LoginEnd::Accepted, true), (LoginEnd::Unclear, false)] {
            let mut refused = RefusedLogins::default();
            storm(&mut refused, 0..2);
            assert_eq!(refused.begin(true, at(20)), LoginTurn::Now);
            refused.end_proved(end, forgives, at(21));
            assert_eq!(refused.begin(true, at(22)), LoginTurn::Busy, "{end:?}");
            refused.end(LoginEnd::Unclear, false, at(23));
            assert_eq!(refused.held_until(at(23)).is_some(), end == LoginEnd::Refused, "{end:?}");
        }
    }

    #[test]
    fn p10_a_good_login_makes_up_for_refusals_but_not_a_tenants() {
        for forgives in [false, true] {
            let mut refused = RefusedLogins::default();
            storm(&mut refused, 0..312);
            assert_eq!(refused.held_until(at(312)), Some(at(611)));
            refused.begin(true, at(611));
            refused.end(LoginEnd::Accepted, forgives, at(611));
            assert_eq!(refused.is_over(at(611)), forgives);
            let again = storm(&mut refused, 612..1_000);
            assert_eq!(again.len() > 2, forgives, "{again:?}");
        }
    }

    #[test]
    fn p10_refusals_are_forgotten_after_an_hour_without_another() {
        let mut refused = RefusedLogins::default();
        storm(&mut refused, 0..312);
        let end = 311 + 3_600;
        assert!(!refused.is_over(at(end - 1)) && refused.is_over(at(end)));
        assert_eq!(storm(&mut refused, end..end + 11), [end, end + 1]);
    }

    #[test]
    fn p10_a_login_without_a_clear_answer_counts_for_nothing() {
        let mut refused = RefusedLogins::default();
        for second in 0..5 {
            assert_eq!(refused.begin(true, at(second)), LoginTurn::Now);
            refused.end(LoginEnd::Unclear, false, at(second));
        }
        assert!(refused.is_over(at(5)));
    }

    #[test]
    fn p10_a_clock_that_was_set_back_holds_nothing_for_ever() {
        let mut refused = RefusedLogins::default();
        storm(&mut refused, 0..312);
        assert_eq!(refused.held_until(at(-9_999)), None);
    }
}
