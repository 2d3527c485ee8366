//! Whether the API server serves a kind of ours: it does not once the CRD is gone.

use futures::{Stream, StreamExt, stream};
use kube::Resource;
use kube::api::Api;
use kube::runtime::watcher::{self, Error, Event, watcher};
use serde::de::DeserializeOwned;

use crate::probes::{Check, Readiness};

/// Keeps the operator unready while one watch is answered that its kind does not exist.
#[derive(Debug)]
pub(crate) struct KindServed {
    readiness: Readiness,
    /// What `/readyz` waits for then.
    what: String,
    missing: Option<Check>,
}

impl KindServed {
    /// Returns the state of a watch of the kind `K` that begins now.
    pub(crate) fn new<K: Resource<DynamicType = ()>>(readiness: &Readiness) -> Self {
        let what = format!("the CRD {}.{}", K::plural(&()), K::group(&()));
        Self { readiness: readiness.clone(), what, missing: None }
    }

    /// Watches objects, and begins with a new list after the API server answered that it does not serve the kind: with the CRD
    /// every object is gone. Were the watch only continued once the CRD is back, the operator would keep objects that exist no
    /// more, and no event would tell that the kind is served again.
    pub(crate) fn watch<K>(
        mut self,
        api: Api<K>,
        config: watcher::Config,
    ) -> impl Stream<Item = Result<Event<K>, Error>> + Send
    where
        K: Resource<DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug + Send + Sync + 'static,
    {
        let events = stream::unfold(None, move |events| {
            let (api, config) = (api.clone(), config.clone());
            async move {
                let mut events = events.unwrap_or_else(|| watcher(api, config).boxed());
                let event = events.next().await?;
                let is_served = !is_refused_as_unknown(&event);
                Some((event, is_served.then_some(events)))
            }
        });
        events.inspect(move |event| self.take_in(event))
    }

    /// Takes in what the watch shows. [`Event::Init`] comes before the API server is asked, and tells nothing.
    fn take_in<K>(&mut self, event: &Result<Event<K>, Error>) {
        match event {
            Err(_) if is_refused_as_unknown(event) => {
                self.missing.get_or_insert_with(|| self.readiness.register(self.what.clone()));
            }
            Ok(Event::InitApply(_) | Event::InitDone | Event::Apply(_) | Event::Delete(_)) => {
                self.missing.take().into_iter().for_each(Check::done);
            }
            Ok(Event::Init) | Err(_) => {}
        }
    }
}

fn is_refused_as_unknown<K>(event: &Result<Event<K>, Error>) -> bool {
    event.as_ref().is_err_and(|error| code_of(error) == Some(404))
}

/// Returns the status code that the API server refused a list or a watch with.
pub(crate) fn code_of(error: &Error) -> Option<u16> {
    match error {
        Error::InitialListFailed(kube::Error::Api(status))
        | Error::WatchStartFailed(kube::Error::Api(status))
        | Error::WatchFailed(kube::Error::Api(status)) => Some(status.code),
        Error::WatchError(status) => Some(status.code),
        _ => None,
    }
}
