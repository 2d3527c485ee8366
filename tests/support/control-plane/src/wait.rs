//! Waits that end, and names that nobody else has.

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};

const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// Looks until `probe` returns something; fails after `timeout`, naming `what` was waited for.
///
/// The pause between two looks grows from 10 ms to 200 ms.
pub async fn wait_for<T>(what: &str, timeout: Duration, mut probe: impl AsyncFnMut() -> Option<T>) -> Result<T> {
    wait_until(what, timeout, async || probe().await.ok_or_else(|| anyhow!("not there yet"))).await
}

/// As [`wait_for`], for probes that can say what they saw: the failure ends with the last error.
pub async fn wait_until<T>(what: &str, timeout: Duration, mut probe: impl AsyncFnMut() -> Result<T>) -> Result<T> {
    let started = Instant::now();
    let mut pause = FIRST_PAUSE;
    for looks in 1_u32.. {
        let left = timeout.saturating_sub(started.elapsed());
        // One look may hang; it must not outlive the whole wait. The floor lets a last look happen at all.
        let look = tokio::time::timeout(left.max(FIRST_PAUSE), probe()).await;
        let seen = match look {
            Ok(Ok(found)) => return Ok(found),
            Ok(Err(error)) => format!("{error:#}"),
            Err(_) => "the last look did not come back".to_owned(),
        };
        if started.elapsed() >= timeout {
            bail!("waited {timeout:?} for {what}; looked {looks} times, last: {seen}");
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
    }
    bail!("looked for {what} too often")
}

/// `prefix`, and eight random characters that make a valid Kubernetes name of it: tests of one run share one API server.
#[must_use]
pub fn unique_name(prefix: &str) -> String {
    format!("{prefix}-{:08x}", rand::random::<u32>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wait_returns_what_was_found() {
        let mut looks = 0;
        let found = wait_for("the third look", Duration::from_secs(5), async || {
            looks += 1;
            (looks == 3).then_some(looks)
        });
        assert_eq!(found.await.unwrap(), 3);
    }

    #[tokio::test]
    async fn a_wait_that_ends_says_what_it_saw_last() {
        let probe = async || -> Result<()> { bail!("the door is shut") };
        let error = wait_until("an open door", Duration::from_millis(50), probe).await.unwrap_err().to_string();
        assert!(error.contains("an open door") && error.contains("the door is shut"), "{error}");
    }

    #[tokio::test]
    async fn a_look_that_hangs_does_not_outlive_the_wait() {
        let started = Instant::now();
        let probe = async || std::future::pending::<Option<()>>().await;
        assert!(wait_for("nothing", Duration::from_millis(50), probe).await.is_err());
        assert!(started.elapsed() < Duration::from_secs(2));
    }

    #[test]
    fn names_differ() {
        assert_ne!(unique_name("ns"), unique_name("ns"));
    }
}
