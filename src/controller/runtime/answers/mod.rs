//! A client of the API server whose answers bear only what passes read of what others may write.

mod metadata_filter;
mod value_scan;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;

use crate::controller::runtime::answers::metadata_filter::{Kept, MetadataFilter};

pub(crate) use crate::controller::runtime::answers::metadata_filter::TOO_LARGE;

/// The path of the namespaces; rules select them by label.
const NAMESPACES: &str = "/api/v1/namespaces";

/// Marks a request whose answer has to bear every finalizer: a patch of the list has to name those of others too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AllFinalizers;

/// Names the keys of a Secret or ConfigMap that a request is for. The answer bears no other value.
#[derive(Clone, Debug)]
pub(crate) struct OnlyKeys(pub(crate) Vec<String>);

/// Returns a client that leaves out of each answer what others may write into metadata and no pass reads. Nothing that
/// was read through this client may be written back as a whole: the write would take away what was left out.
pub(crate) fn filtered(client: Client) -> Client {
    let namespace = client.default_namespace().to_owned();
    Client::new(tower::service_fn(move |request| ask(client.clone(), request)), namespace)
}

async fn ask(
    client: Client,
    request: Request<Body>,
) -> kube::Result<Response<impl http_body::Body<Data = Bytes, Error = kube::Error> + Send>> {
    let kept = kept(&request);
    let answer = client.send(request).await?;
    let mut filter = is_json(answer.headers()).then(|| MetadataFilter::new(kept));
    Ok(answer.map(|body| {
        body.map_frame(move |frame| {
            frame.map_data(|bytes: Bytes| match &mut filter {
                Some(filter) => Bytes::from(filter.feed(&bytes)),
                None => bytes,
            })
        })
    }))
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
