//! How hard one PAM may be worked, and how long a request may take.

use std::time::Duration;

/// How hard one PAM may be worked (P10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests in flight at the same time; 0 counts as 1.
    pub max_concurrent_requests: u32,
    /// Requests per second in the long run; 0 means no limit.
    pub requests_per_second: u32,
    /// Requests that may be made at once after a pause; 0 counts as 1. Without meaning if there is no limit.
    pub burst: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_concurrent_requests: 4, requests_per_second: 10, burst: 20 }
    }
}

impl Limits {
    /// Returns the stricter of two limits, value by value.
    #[must_use]
    pub fn strictest(self, other: Self) -> Self {
        Self {
            max_concurrent_requests: self.max_concurrent_requests.min(other.max_concurrent_requests),
            requests_per_second: match (self.requests_per_second, other.requests_per_second) {
                (0, limit) | (limit, 0) => limit,
                (a, b) => a.min(b),
            },
            burst: self.burst.min(other.burst),
        }
    }
}

/// How long a request may take on the wire. Waiting for other requests to the same PAM is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// Writes. The gateway gives up at 60 s: a shorter deadline here would leave writes unacknowledged without need.
    pub write: Duration,
    /// Reads and logins.
    pub read: Duration,
    /// The list, its body included.
    pub list: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { write: Duration::from_secs(75), read: Duration::from_secs(30), list: Duration::from_mins(2) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strictest_limit_wins_and_zero_rate_means_none() {
        let a = Limits { max_concurrent_requests: 4, requests_per_second: 0, burst: 20 };
        let b = Limits { max_concurrent_requests: 8, requests_per_second: 5, burst: 10 };
        let both = Limits { max_concurrent_requests: 4, requests_per_second: 5, burst: 10 };
        assert_eq!(a.strictest(b), both);
        assert_eq!(b.strictest(a), both);
    }
}
