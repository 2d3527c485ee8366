//! An API server for unit tests: it answers as a test says, and notes what it was asked.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http::{Method, Request, Response};
use jiff::Timestamp;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use tower::service_fn;

use crate::cluster::Cluster;

/// The requests that came, as `GET /version`. One for nothing but metadata ends with [`METADATA`].
pub type Asked = Arc<Mutex<Vec<String>>>;

/// How a request is noted that asks for metadata alone.
pub const METADATA: &str = " (metadata)";

/// Returns an answer that says no.
pub fn refusal(code: u16) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "no", "code": code})
}

/// Returns a cluster whose API server answers so; `None` is a refusal of somebody without the right.
pub fn cluster(answer: impl Fn(&Method, &str) -> Option<Value> + Send + 'static) -> (Cluster, Asked) {
    let asked = Asked::default();
    let noted = Arc::clone(&asked);
    let service = service_fn(move |request: Request<Body>| {
        noted.lock().unwrap().push(note(&request));
        let body = answer(request.method(), request.uri().path()).unwrap_or_else(|| refusal(403));
        let code = if body["kind"] == "Status" { body["code"].as_u64() } else { None };
        let date = Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let response = Response::builder().status(code.and_then(|code| u16::try_from(code).ok()).unwrap_or(200));
        let body = Body::from(serde_json::to_vec(&body).unwrap());
        std::future::ready(Ok::<_, Infallible>(response.header("date", date).body(body).unwrap()))
    });
    (Cluster::of(Client::new(service, "shop"), "shop".to_owned()), asked)
}

fn note(request: &Request<Body>) -> String {
    let accepted = request.headers().get("accept").and_then(|accepted| accepted.to_str().ok()).unwrap_or_default();
    let only = if accepted.contains("as=PartialObjectMetadata") { METADATA } else { "" };
    format!("{} {}{only}", request.method(), request.uri().path())
}
