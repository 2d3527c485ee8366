//! How long a watch waits after a failure.

use std::pin::Pin;

use futures::{Stream, StreamExt, stream};
use kube::runtime::utils::Backoff as _;
use kube::runtime::watcher::{DefaultBackoff, Error, Event};

type Events<'a, K> = Pin<Box<dyn Stream<Item = Result<Event<K>, Error>> + Send + 'a>>;

/// Returns a watch that waits after each failure: from a second up to a minute, with jitter, and longer after each of several in
/// a row.
///
/// kube's own `default_backoff` begins again after every event, also after the one that says that a list begins: a list that is
/// refused again and again would be asked for every second for ever. Here only an object that the watch shows ends the row, or two
/// minutes without a failure.
pub(crate) fn backed_off<'a, K: Send + 'a>(
    events: impl Stream<Item = Result<Event<K>, Error>> + Send + 'a,
) -> impl Stream<Item = Result<Event<K>, Error>> + Send + 'a {
    let begin = Waiting { events: events.boxed(), backoff: DefaultBackoff::default(), wait: None };
    stream::unfold(begin, async |mut waiting| {
        if let Some(wait) = waiting.wait.take() {
            tokio::time::sleep(wait).await;
        }
        let event = waiting.events.next().await?;
        match &event {
            Ok(Event::Apply(_) | Event::Delete(_)) => waiting.backoff.reset(),
            Ok(Event::Init | Event::InitApply(_) | Event::InitDone) => {}
            Err(_) => waiting.wait = waiting.backoff.next(),
        }
        Some((event, waiting))
    })
}

/// A watch, and how long it waits before it is asked for more.
struct Waiting<'a, K> {
    events: Events<'a, K>,
    backoff: DefaultBackoff,
    wait: Option<std::time::Duration>,
}
