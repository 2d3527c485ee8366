//! A watch whose first list comes in while what its objects need is still listed elsewhere.

use std::pin::{Pin, pin};

use futures::stream::{self, Stream, StreamExt};
use kube::runtime::watcher::{Error, Event};

type Seen<K> = Result<Event<K>, Error>;

/// Returns the events of a watch, none of them before `until` has resolved. Until then the first list is fetched, and nothing
/// after the list, so that no more than one list is kept.
pub(crate) fn held_back<K: Send + 'static>(
    events: impl Stream<Item = Seen<K>> + Send + 'static,
    until: impl Future<Output = ()> + Send + 'static,
) -> impl Stream<Item = Seen<K>> + Send {
    stream::once(async {
        let mut events = events.boxed();
        let first = first_list(&mut events, until).await;
        stream::iter(first).chain(events)
    })
    .flatten()
}

/// Returns the events that came until `until` resolved, and awaits it.
async fn first_list<K>(
    events: &mut Pin<Box<dyn Stream<Item = Seen<K>> + Send>>,
    until: impl Future<Output = ()>,
) -> Vec<Seen<K>> {
    let mut until = pin!(until);
    let mut came = Vec::new();
    loop {
        let event = tokio::select! {
            biased;
            () = &mut until => return came,
            event = events.next() => event,
        };
        // Nothing of a list that began before was seen by anybody.
        if matches!(event, Some(Ok(Event::Init))) {
            came.clear();
        }
        let is_last = matches!(event, None | Some(Ok(Event::InitDone)));
        came.extend(event);
        if is_last {
            until.await;
            return came;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::sync::oneshot;
    use tokio::task::yield_now;

    const LIST: [Event<u8>; 3] = [Event::Init, Event::InitApply(1), Event::InitDone];

    fn told(event: &Seen<u8>) -> String {
        event.as_ref().map_or_else(|_| "failed".to_owned(), |event| format!("{event:?}"))
    }

    /// Returns the events as a watch shows them, with a count of those that were asked for.
    fn watch(events: Vec<Seen<u8>>) -> (impl Stream<Item = Seen<u8>> + Send + 'static, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::default());
        let counted = Arc::clone(&asked);
        let events = stream::iter(events).inspect(move |_| _ = counted.fetch_add(1, Ordering::Relaxed));
        (events, asked)
    }

    async fn seen(events: Vec<Seen<u8>>, asked_before: usize) -> Vec<String> {
        let (events, asked) = watch(events);
        let (open, is_open) = oneshot::channel::<()>();
        let held = held_back(events, async { is_open.await.unwrap() });
        let all = tokio::spawn(held.map(|event| told(&event)).collect::<Vec<_>>());
        for _ in 0..10 {
            yield_now().await;
        }
        assert_eq!(asked.load(Ordering::Relaxed), asked_before);
        assert!(!all.is_finished());
        open.send(()).unwrap();
        all.await.unwrap()
    }

    #[tokio::test]
    async fn a_list_is_fetched_before_it_may_be_seen_and_nothing_after_it() {
        let events = LIST.into_iter().chain([Event::Apply(2)]).map(Ok).collect();
        assert_eq!(seen(events, 3).await, ["Init", "InitApply(1)", "InitDone", "Apply(2)"]);
    }

    #[tokio::test]
    async fn a_list_that_failed_halfway_is_not_kept() {
        let failed = [Ok(Event::Init), Ok(Event::InitApply(7)), Err(Error::NoResourceVersion)];
        let events = failed.into_iter().chain(LIST.map(Ok)).collect();
        assert_eq!(seen(events, 6).await, ["Init", "InitApply(1)", "InitDone"]);
    }

    #[tokio::test]
    async fn all_comes_at_once_where_nothing_is_waited_for() {
        let (events, _) = watch(LIST.into_iter().map(Ok).collect());
        let all = held_back(events, std::future::ready(())).map(|event| told(&event)).collect::<Vec<_>>();
        assert_eq!(all.await, ["Init", "InitApply(1)", "InitDone"]);
    }
}
