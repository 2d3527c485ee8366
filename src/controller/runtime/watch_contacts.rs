//! When the API server last answered each watch, and until when it asked not to be asked again.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderMap, Request, StatusCode};
use tokio::time::Instant;

/// The longest time that an answer may ask to wait.
const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// Records the answers to lists and watches, by the path that they are asked for under. Cheap to clone; all clones share one
/// record.
#[derive(Clone, Debug, Default)]
pub(crate) struct WatchContacts(Arc<Mutex<Contacts>>);

#[derive(Debug, Default)]
struct Contacts {
    /// When something last came for each watch.
    heard: HashMap<String, Instant>,
    /// Until when nothing is asked for.
    waits: HashMap<String, Instant>,
}

impl WatchContacts {
    /// Records that a watch begins: its age counts from now on, even if no answer ever comes.
    pub(crate) fn expect(&self, path: &str) {
        self.lock().heard.insert(path.to_owned(), Instant::now());
    }

    /// Records that something came for a watch.
    pub(crate) fn heard(&self, path: &str) {
        if let Some(at) = self.lock().heard.get_mut(path) {
            *at = Instant::now();
        }
    }

    /// Records an answer: that something came, or how long it asks to wait.
    pub(crate) fn answered(&self, path: &str, status: StatusCode, headers: &HeaderMap) {
        if status.is_success() {
            return self.heard(path);
        }
        if let Some(wait) = asked_wait(headers) {
            self.lock().waits.insert(path.to_owned(), Instant::now() + wait);
        }
    }

    /// Waits as long as the last answer under a path asked to.
    pub(crate) async fn wait(&self, path: &str) {
        let until = self.lock().waits.remove(path);
        if let Some(until) = until {
            tokio::time::sleep_until(until).await;
        }
    }

    /// Returns how long ago something last came for the watches of each resource: for the one for which that is longest.
    pub(crate) fn ages(&self) -> BTreeMap<String, Duration> {
        let mut ages: BTreeMap<String, Duration> = BTreeMap::new();
        for (path, at) in &self.lock().heard {
            let resource = path.rsplit('/').next().unwrap_or_default();
            let age = ages.entry(resource.to_owned()).or_default();
            *age = at.elapsed().max(*age);
        }
        ages
    }

    fn lock(&self) -> MutexGuard<'_, Contacts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the path of a request that lists or watches; nothing for any other request.
pub(crate) fn watched_path<B>(request: &Request<B>) -> Option<String> {
    let query = request.uri().query().unwrap_or_default();
    let is_list = query.split('&').any(|pair| pair.starts_with("limit=") || pair.starts_with("watch="));
    (request.method() == http::Method::GET && is_list).then(|| request.uri().path().to_owned())
}

/// Returns how long an answer asks to wait, in seconds: the API server sends no date.
fn asked_wait(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(seconds: &'static str) -> HeaderMap {
        [(RETRY_AFTER, http::HeaderValue::from_static(seconds))].into_iter().collect()
    }

    #[tokio::test(start_paused = true)]
    async fn the_age_of_a_resource_is_that_of_the_watch_that_was_silent_longest() {
        let contacts = WatchContacts::default();
        contacts.expect("/api/v1/namespaces/a/secrets");
        contacts.expect("/api/v1/namespaces/b/secrets");
        contacts.heard("/api/v1/namespaces/other/secrets");
        tokio::time::advance(Duration::from_mins(1)).await;
        contacts.answered("/api/v1/namespaces/a/secrets", StatusCode::OK, &HeaderMap::new());
        assert_eq!(contacts.ages(), [("secrets".to_owned(), Duration::from_mins(1))].into());
        contacts.answered("/api/v1/namespaces/b/secrets", StatusCode::FORBIDDEN, &HeaderMap::new());
        assert_eq!(contacts.ages()["secrets"], Duration::from_mins(1), "a refusal is no sign of life of the watch");
        contacts.heard("/api/v1/namespaces/b/secrets");
        assert_eq!(contacts.ages()["secrets"], Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_asks_to_wait_is_obeyed_once_and_within_bounds() {
        let contacts = WatchContacts::default();
        for (asked, waits) in [("7", 7), ("100000", 300), ("-1", 0), ("Wed, 21 Oct 2037 07:28:00 GMT", 0)] {
            contacts.answered("/p", StatusCode::TOO_MANY_REQUESTS, &asks(asked));
            let before = Instant::now();
            contacts.wait("/p").await;
            contacts.wait("/p").await;
            assert_eq!(before.elapsed().as_secs(), waits, "{asked}");
        }
    }

    #[test]
    fn lists_and_watches_are_told_from_other_requests() {
        let path = |uri: &str| watched_path(&Request::get(uri).body(()).unwrap());
        assert_eq!(path("/api/v1/secrets?&limit=100").as_deref(), Some("/api/v1/secrets"));
        assert_eq!(path("/api/v1/secrets?&watch=true&timeoutSeconds=1").as_deref(), Some("/api/v1/secrets"));
        assert_eq!(path("/api/v1/namespaces/a/secrets/b"), None);
        assert_eq!(watched_path(&Request::patch("/api/v1/secrets?limit=1").body(()).unwrap()), None);
    }
}
