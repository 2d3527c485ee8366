//! A client of the API server whose answers bear only what passes read of what others may write.

mod metadata_filter;
mod value_scan;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::controller::runtime::answers::metadata_filter::{Kept, MetadataFilter};
use crate::controller::runtime::watch_contacts::{WatchContacts, watched_path};
use crate::kubernetes::OnlyKeys;

/// The path of the namespaces; rules select them by label.
const NAMESPACES: &str = "/api/v1/namespaces";

/// How many pages of lists are received at once. The lists of a start are fetched side by side, and what their pages take while
/// they are received must not add up.
const PAGES_AT_ONCE: usize = 1;
/// How long a list waits for the pages of others.
const PATIENCE: Duration = Duration::from_secs(5);

/// Marks a request whose answer has to bear every finalizer: a patch of the list has to name those of others too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AllFinalizers;

/// Returns a client that leaves out of each answer what others may write into metadata and no pass reads. Nothing that
/// was read through this client may be written back as a whole: the write would take away what was left out.
///
/// Answers to lists and watches are recorded in `contacts`, and the next such request waits as long as an answer asked to.
pub(crate) fn filtered(client: Client, contacts: WatchContacts) -> Client {
    let namespace = client.default_namespace().to_owned();
    let pages = Arc::new(Semaphore::new(PAGES_AT_ONCE));
    let ask = move |request| ask(client.clone(), contacts.clone(), Arc::clone(&pages), request);
    Client::new(tower::service_fn(ask), namespace)
}

async fn ask(
    client: Client,
    contacts: WatchContacts,
    pages: Arc<Semaphore>,
    request: Request<Body>,
) -> kube::Result<Response<impl http_body::Body<Data = Bytes, Error = kube::Error> + Send>> {
    let (kept, watched) = (kept(&request), watched_path(&request));
    if let Some(path) = &watched {
        contacts.wait(path).await;
    }
    let page = if is_page(&request) { turn(pages).await } else { None };
    let answer = client.send(request).await?;
    if let Some(path) = &watched {
        contacts.answered(path, answer.status(), answer.headers());
    }
    let watched = watched.filter(|_| answer.status().is_success());
    let mut filter = is_json(answer.headers()).then(|| MetadataFilter::new(kept));
    Ok(answer.map(|body| {
        body.map_frame(move |frame| {
            // Held until the body is dropped, which is when the page is read.
            let _ = &page;
            if let Some(path) = &watched {
                contacts.heard(path);
            }
            frame.map_data(|bytes: Bytes| match &mut filter {
                Some(filter) => Bytes::from(filter.feed(&bytes)),
                None => bytes,
            })
        })
    }))
}

/// Waits until a page may be received. Returns `None` where that takes too long: a page that never ends must not hold up every list.
async fn turn(pages: Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    timeout(PATIENCE, pages.acquire_owned()).await.ok()?.ok()
}

/// Returns whether a request asks for a page of a list.
fn is_page(request: &Request<Body>) -> bool {
    let query = request.uri().query().unwrap_or_default();
    request.method() == Method::GET && query.split('&').any(|part| part.starts_with("limit="))
}

fn kept(request: &Request<Body>) -> Kept {
    let inside = request.uri().path().strip_prefix(NAMESPACES);
    let labels = inside.is_some_and(|inside| !inside.trim_start_matches('/').contains('/'));
    let data = request.extensions().get::<OnlyKeys>().map(|OnlyKeys(keys)| keys.clone());
    Kept { labels, all_finalizers: request.extensions().get::<AllFinalizers>().is_some(), data }
}

fn is_json(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
    use kube::api::{Api, ListParams, PartialObjectMeta, WatchParams};
    use kube::{ResourceExt, core};
    use serde_json::{Value, json};

    /// A client whose API server answers everything with that.
    fn answering(status: u16, kind: &'static str, body: &Value) -> Client {
        let body = body.to_string() + "\n";
        let answer = move |_| {
            let body = http_body_util::Full::new(Bytes::from(body.clone()));
            let answer = Response::builder().status(status).header(CONTENT_TYPE, kind).body(body);
            async move { answer.map_err(kube::Error::HttpError) }
        };
        filtered(Client::new(tower::service_fn(answer), "default"), WatchContacts::default())
    }

    fn metadata() -> Value {
        let finalizers = ["example.com/1", "example.com/2", "example.com/3"];
        json!({"name": "n", "resourceVersion": "1", "labels": {"team": "a"}, "annotations": {"a": "b"}, "finalizers": finalizers})
    }

    fn list() -> Value {
        json!({"metadata": {"resourceVersion": "2"}, "items": [{"metadata": metadata(), "data": {"a": "b"}}]})
    }

    #[tokio::test]
    async fn lists_watches_and_single_objects_come_without_what_others_write() {
        let list =
            Api::<ConfigMap>::all(answering(200, "application/json", &list())).list(&ListParams::default()).await;
        let list = list.unwrap();
        assert_eq!(list.metadata.resource_version.as_deref(), Some("2"));
        let event = json!({"type": "ADDED", "object": {"metadata": metadata(), "data": {"a": "b"}}});
        let api = Api::<ConfigMap>::all(answering(200, "application/json", &event));
        let mut events = Box::pin(api.watch(&WatchParams::default(), "0").await.unwrap());
        let event = futures::StreamExt::next(&mut events).await.unwrap().unwrap();
        let core::WatchEvent::Added(watched) = event else { panic!("{event:?}") };
        let client =
            answering(200, "application/json; charset=utf-8", &json!({"metadata": metadata(), "data": {"a": "b"}}));
        let single = Api::<ConfigMap>::default_namespaced(client).get("n").await.unwrap();
        for object in [&list.items[0], &watched, &single] {
            assert_eq!((object.labels().len(), object.annotations().len(), object.finalizers().len()), (0, 0, 2));
            assert_eq!((object.name_any().as_str(), &object.data), ("n", &Some([("a".into(), "b".into())].into())));
        }
    }

    #[tokio::test]
    async fn namespaces_keep_their_labels_and_nothing_else_does() {
        let namespaces = Api::<PartialObjectMeta<Namespace>>::all(answering(200, "application/json", &list()));
        assert_eq!(namespaces.list(&ListParams::default()).await.unwrap().items[0].labels().len(), 1);
        for (path, labels) in [
            ("/api/v1/namespaces", true),
            ("/api/v1/namespaces/shop", true),
            ("/api/v1/namespaces/shop/secrets", false),
            ("/api/v1/namespaces/shop/secrets/namespaces", false),
            ("/api/v1/secrets", false),
        ] {
            assert_eq!(kept(&Request::get(path).body(Body::empty()).unwrap()).labels, labels, "{path}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn pages_come_one_after_the_other_and_one_that_never_ends_holds_up_the_others_for_a_while() {
        let pages = Arc::new(Semaphore::new(PAGES_AT_ONCE));
        let first = turn(Arc::clone(&pages)).await;
        assert!(first.is_some());
        let began = tokio::time::Instant::now();
        assert!(turn(Arc::clone(&pages)).await.is_none());
        assert_eq!(began.elapsed(), PATIENCE);
        drop(first);
        assert!(turn(pages).await.is_some());
        for (request, page) in
            [("/api/v1/secrets?limit=100", true), ("/api/v1/secrets?watch=true", false), ("/a?x=limit", false)]
        {
            assert_eq!(is_page(&Request::get(request).body(Body::empty()).unwrap()), page, "{request}");
        }
    }

    #[tokio::test]
    async fn a_refusal_and_an_answer_that_is_no_json_stay_as_they_are() {
        let refusal = json!({"kind": "Status", "metadata": {}, "status": "Failure", "reason": "NotFound", "message": "m", "code": 404});
        let found =
            Api::<ConfigMap>::default_namespaced(answering(404, "application/json", &refusal)).get_opt("n").await;
        assert_eq!(found.unwrap(), None);
        let text = json!({"metadata": metadata()});
        let request = Request::get("/metrics").body(Vec::new()).unwrap();
        let plain = answering(200, "text/plain", &text).request_text(request).await.unwrap();
        assert_eq!(plain.trim_end(), text.to_string());
    }
}
