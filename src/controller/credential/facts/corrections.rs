//! How often a record is written again because somebody else changed it: two who both put right what the other wrote must
//! stop by themselves.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::api::PamCredentialStatus;
use crate::controller::connection::poller::inventory;
use crate::controller::credential::observe::observation::Observation;
use crate::domain::Push;

/// So many times a record is corrected before it is left alone.
const MOST: usize = 3;
/// Corrections that are further apart than all of this are no fight.
const LEAST_WINDOW: Duration = Duration::from_hours(1);

/// Whether a record was corrected as often as it may be.
pub(crate) const fn are_all_used(status: &PamCredentialStatus) -> bool {
    status.corrections.len() >= MOST
}

/// After a push: corrections are counted until something else is written.
pub(crate) fn count(next: &mut PamCredentialStatus, observed: &Observation<'_>, push: Push) {
    if !observed.only_corrects(push) {
        next.corrections.clear();
        return;
    }
    let interval = observed.view.as_ref().map(|view| inventory(&view.connection).interval());
    let before = next.corrections.iter().map(|at| at.0);
    next.corrections = counted(before, observed.clock.now(), interval.unwrap_or_default());
}

/// The corrections that count, with one of now. A change is seen once in an interval at most, so that an hour of a
/// connection that lists once an hour never has two of them.
fn counted(before: impl Iterator<Item = Timestamp>, now: Timestamp, interval: Duration) -> Vec<Time> {
    let intervals = interval.saturating_mul(u32::try_from(MOST).unwrap_or(u32::MAX).saturating_add(1));
    let window = SignedDuration::try_from(intervals.max(LEAST_WINDOW)).unwrap_or(SignedDuration::MAX);
    let mut counted: Vec<Time> = before.filter(|at| now.duration_since(*at) < window).map(Time).collect();
    counted.push(Time(now));
    counted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many count after each of so many corrections with this pause between them.
    fn counts(pause: Duration, interval: Duration) -> Vec<usize> {
        let (mut corrections, mut now) = (Vec::new(), Timestamp::UNIX_EPOCH);
        let mut correct = || {
            corrections = counted(corrections.iter().map(|at: &Time| at.0), now, interval);
            now += SignedDuration::try_from(pause).unwrap();
            corrections.len()
        };
        [correct(), correct(), correct()].to_vec()
    }

    #[test]
    fn three_in_an_hour_are_all_however_often_is_listed() {
        let [often, hourly] = [Duration::from_secs(10), Duration::from_hours(1)];
        assert_eq!(counts(Duration::from_mins(5), often), [1, 2, 3]);
        assert_eq!(counts(Duration::from_mins(5), hourly), [1, 2, 3]);
        assert_eq!(counts(Duration::from_hours(2), often), [1, 1, 1], "that is no fight");
    }

    #[test]
    fn three_in_a_row_are_all_however_rarely_is_listed() {
        for interval in [Duration::from_hours(1), Duration::from_hours(168)] {
            // A list is never early, and may be late.
            assert_eq!(counts(interval + Duration::from_mins(10), interval), [1, 2, 3]);
            assert_eq!(counts(interval * 5, interval), [1, 1, 1], "that is no fight");
        }
    }
}
