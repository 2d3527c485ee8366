//! When to try again (P10). Times are passed in, and so is chance.

use std::time::Duration;

use super::Retry;

/// First and longest wait of [`Retry::Backoff`].
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(5));
/// First and longest wait of [`Retry::SecondLook`]. The first is short, since whoever sees the message often
/// mends its cause at once; it doubles, so that a dozen looks are spread over the first two hours.
const SECOND_LOOK: (Duration, Duration) = (Duration::from_secs(10), Duration::from_mins(30));
/// How often [`Retry::Bounded`] is soon tried again.
const BOUNDED: u32 = 6;
/// A login is never tried again sooner than this, so that the PAM does not lock the account.
const SECOND_LOGIN: Duration = Duration::from_mins(10);

/// When an object is passed over again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextPass {
    /// When something changes.
    OnChange,
    /// After exactly so long.
    In(Duration),
    /// By the rule for failures.
    After(Retry),
}

/// How long to wait after the `failures`-th failure in a row (from 1), or `None` to wait for a change.
/// `chance` is in 0..1. The wait lies between half and the whole of its bound, so that it is neither hot nor
/// in step with others'. A wait the PAM asked for (`Retry-After`) is kept whole, with a tenth of it as jitter on top at most.
#[must_use]
pub fn wait(retry: Retry, failures: u32, asked: Option<Duration>, chance: f64) -> Option<Duration> {
    let (first, longest) = match retry {
        Retry::OnChange => return None,
        Retry::Backoff => BACKOFF,
        Retry::SecondLook => SECOND_LOOK,
        Retry::Bounded if failures <= BOUNDED => BACKOFF,
        Retry::Bounded => (SECOND_LOOK.1, SECOND_LOOK.1),
    };
    let bound = first.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(longest);
    let jittered = bound.mul_f64(0.5 + 0.5 * chance.clamp(0.0, 1.0));
    Some(asked.map_or(jittered, |asked| asked.saturating_add(asked.min(bound).mul_f64(0.1 * chance.clamp(0.0, 1.0)))))
}

/// How long to wait before a login that was refused is tried once more, its Secret unchanged.
#[must_use]
pub fn second_login(chance: f64) -> Duration {
    SECOND_LOGIN.mul_f64(1.0 + 0.5 * chance.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_pam_cannot_cope_with_is_soon_left_alone() {
        let seconds = |failures| wait(Retry::Bounded, failures, None, 1.0).map(|wait| wait.as_secs());
        assert_eq!([1, 2, 6, 7, 40].map(seconds), [Some(1), Some(2), Some(32), Some(1800), Some(1800)]);
    }

    #[test]
    fn waits_grow_and_stay_within_their_bounds() {
        for retry in [Retry::Backoff, Retry::SecondLook, Retry::Bounded] {
            let waits: Vec<_> = (1..40).filter_map(|n| wait(retry, n, None, 1.0)).collect();
            assert_eq!(waits.len(), 39);
            assert!(waits.is_sorted());
            assert!(waits[38] <= Duration::from_mins(30));
        }
    }

    #[test]
    fn no_wait_is_hot_whatever_chance_says() {
        assert!(wait(Retry::Backoff, 1, None, 0.0).unwrap() >= Duration::from_millis(500));
        assert!(wait(Retry::SecondLook, 1, None, 0.0).unwrap() >= Duration::from_secs(5));
    }

    #[test]
    fn what_was_asked_for_is_kept_nearly_to_the_second_however_often_it_failed() {
        let asked = Duration::from_secs(30);
        let waits = (1..40).map(|failures| wait(Retry::Backoff, failures, Some(asked), 1.0).unwrap());
        assert!(waits.max().unwrap() <= Duration::from_secs(33));
    }

    #[test]
    fn what_the_pam_asked_for_is_never_cut_short() {
        let asked = Some(Duration::from_mins(2));
        assert!(wait(Retry::Backoff, 1, asked, 0.0).unwrap() >= Duration::from_mins(2));
        let latest = Duration::from_mins(2) + Duration::from_millis(100);
        assert_eq!(wait(Retry::Backoff, 1, asked, 1.0), Some(latest), "nor stretched beyond a tenth of our own");
    }

    #[test]
    fn what_is_watched_is_not_polled() {
        assert_eq!(wait(Retry::OnChange, 3, None, 0.5), None);
    }

    #[test]
    fn a_refused_login_waits_ten_to_fifteen_minutes() {
        assert_eq!([0.0, 1.0].map(second_login), [Duration::from_mins(10), Duration::from_mins(15)]);
    }
}
