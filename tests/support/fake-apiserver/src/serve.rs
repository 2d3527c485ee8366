//! Requests and their answers.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, header};
use http_body_util::{BodyExt, Either, Full, StreamBody};
use kube::client::Body;
use serde_json::{Value, json};

use crate::cluster::{Shared, State};
use crate::fault::{Effect, take};
use crate::patch;
use crate::requests;
use crate::store::Refusal;
use crate::target::Target;
use crate::virtual_time;
use crate::watch::{View, Watch, metadata_of};

type Frames = BoxStream<'static, Result<http_body::Frame<Bytes>, Infallible>>;
/// The body of an answer: whole, or a watch.
pub(crate) type Answer = Either<Full<Bytes>, StreamBody<Frames>>;

/// The connection broke.
#[derive(Debug)]
pub(crate) struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection to the fake API server broke")
    }
}

impl std::error::Error for Broken {}

/// What a request came to.
enum Output {
    Whole(u16, Value),
    Watch(Box<Watch>),
}

impl Output {
    const fn code(&self) -> u16 {
        match self {
            Self::Whole(code, _) => *code,
            Self::Watch(_) => 200,
        }
    }

    fn of(result: Result<Self, Refusal>) -> Self {
        result.unwrap_or_else(|refusal| Self::Whole(refusal.code, refusal.body()))
    }
}

/// Serves one request, with the fault that hits it.
pub(crate) async fn serve(shared: Arc<Shared>, request: Request<Body>) -> Result<Response<Answer>, Broken> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Broken)?.to_bytes();
    let (target, effect) = {
        let mut state = shared.state();
        let Some(target) = Target::of(&state.store.kinds, &head.uri) else {
            return Ok(response(Output::of(Err(Refusal::not_found(head.uri.path())))));
        };
        let (verb, resource) = (target.verb(&head.method), target.resource(&state.store.kinds));
        let effect = take(&mut state.faults, verb, &resource, target.name.as_deref().unwrap_or_default());
        (target, effect)
    };
    let done = effect.is_none_or(Effect::is_done).then(|| Output::of(execute(&shared, &target, &head, &body)));
    let output = match effect {
        None => done,
        Some(Effect::Throttled(_)) => {
            Some(Output::of(Err(Refusal::new(429, "TooManyRequests", "as the test wants it"))))
        }
        Some(Effect::Refused(code) | Effect::DoneAndRefused(code)) => {
            Some(Output::of(Err(Refusal::new(code, "InternalError", "as the test wants it"))))
        }
        Some(Effect::Lost | Effect::DoneAndLost | Effect::DoneAndSilent) => None,
    };
    note(&mut shared.state(), &target, &head.method, output.as_ref().map_or(0, Output::code));
    match (output, effect) {
        (Some(output), Some(Effect::Throttled(seconds))) => {
            let mut response = response(output);
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            Ok(response)
        }
        (Some(output), _) => Ok(response(output)),
        (None, Some(Effect::DoneAndSilent)) => std::future::pending().await,
        (None, _) => Err(Broken),
    }
}

fn note(state: &mut State, target: &Target, method: &Method, code: u16) {
    let request = requests::Request {
        at: virtual_time::now(),
        verb: target.verb(method),
        resource: target.resource(&state.store.kinds),
        namespace: target.namespace.clone().unwrap_or_default(),
        name: target.name.clone().unwrap_or_default(),
        code,
    };
    state.requests.push(request);
}

fn execute(shared: &Arc<Shared>, target: &Target, head: &Parts, body: &Bytes) -> Result<Output, Refusal> {
    let metadata_only = wants_metadata(&head.headers);
    let view = |object: &Value| if metadata_only { metadata_of(object) } else { object.clone() };
    let whole = |code, object: &Value| Ok(Output::Whole(code, view(object)));
    match (&head.method, target.key()) {
        (&Method::GET, Some(key)) => whole(200, &*shared.state().store.get(&key)?),
        (&Method::GET, None) if target.is_watch() => watch(shared, target, metadata_only),
        (&Method::GET, None) => list(&shared.state(), target, metadata_only),
        (&Method::POST, None) => whole(201, &create_event(shared, target, body)?),
        (&Method::PATCH, Some(key)) => {
            let mut state = shared.state();
            let before = state.store.get(&key)?;
            let mut after = patch::apply(&before, content_type(&head.headers), body)?;
            keep_apart(&mut after, &before, target.status, state.store.kinds[target.kind].schema.is_some());
            let after = state.store.replace(&key, after)?;
            shared.show(&state);
            whole(200, &after)
        }
        _ => Err(Refusal::new(405, "MethodNotAllowed", "not served here")),
    }
}

/// A patch of the status changes nothing else, and one of anything else not the status.
fn keep_apart(after: &mut Value, before: &Value, of_status: bool, has_subresource: bool) {
    if of_status {
        let status = after["status"].take();
        after.clone_from(before);
        after["status"] = status;
    } else if has_subresource && let Some(status) = before.get("status") {
        after["status"] = status.clone();
    }
}

fn create_event(shared: &Arc<Shared>, target: &Target, body: &[u8]) -> Result<Value, Refusal> {
    let mut state = shared.state();
    if state.store.kinds[target.kind].plural != "events" {
        return Err(Refusal::new(405, "MethodNotAllowed", "only events are created over this API"));
    }
    let object: Value =
        serde_json::from_slice(body).map_err(|error| Refusal::new(400, "BadRequest", error.to_string()))?;
    let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let namespace = target.namespace.clone().unwrap_or_default();
    let made = state.store.create((target.kind, namespace, name), object, &virtual_time::now().to_string())?;
    shared.show(&state);
    Ok(Value::clone(&made))
}

fn list(state: &State, target: &Target, metadata_only: bool) -> Result<Output, Refusal> {
    let selected = target.selected().map_err(|()| unsupported())?;
    let objects = state.store.list(target.kind, target.namespace.as_deref());
    let objects = objects.filter(|(key, object)| selected.takes(&key.2, object));
    let view = |object: &Value| if metadata_only { metadata_of(object) } else { object.clone() };
    let items: Vec<Value> = objects.map(|(_, object)| view(object)).collect();
    let kind = &state.store.kinds[target.kind];
    let (api_version, name) = if metadata_only {
        ("meta.k8s.io/v1".to_owned(), "PartialObjectMetadataList".to_owned())
    } else {
        (kind.api_version(), format!("{}List", kind.name))
    };
    let meta = json!({"resourceVersion": state.store.version().to_string()});
    Ok(Output::Whole(200, json!({"kind": name, "apiVersion": api_version, "metadata": meta, "items": items})))
}

fn watch(shared: &Arc<Shared>, target: &Target, metadata_only: bool) -> Result<Output, Refusal> {
    let selected = target.selected().map_err(|()| unsupported())?;
    let from = target.asks("resourceVersion").and_then(|version| version.parse().ok());
    let (Some(from), None) = (from, target.asks("sendInitialEvents")) else {
        return Err(unsupported());
    };
    Ok(Output::Watch(Box::new(Watch::new(Arc::clone(shared), target, selected, View { from, metadata_only }))))
}

fn unsupported() -> Refusal {
    Refusal::new(400, "BadRequest", "this is not served here")
}

fn wants_metadata(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.contains("as=PartialObjectMetadata")
}

fn content_type(headers: &HeaderMap) -> &str {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn response(output: Output) -> Response<Answer> {
    let code = output.code();
    let body = match output {
        Output::Whole(_, value) => Either::Left(Full::new(value.to_string().into())),
        Output::Watch(watch) => Either::Right(StreamBody::new(watch.stream().map(frame).boxed())),
    };
    let mut response = Response::new(body);
    *response.status_mut() = http::StatusCode::from_u16(code).unwrap_or_default();
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}

#[allow(clippy::unnecessary_wraps, reason = "a stream of frames may fail, this one never does")]
fn frame(line: Result<Bytes, Infallible>) -> Result<http_body::Frame<Bytes>, Infallible> {
    line.map(http_body::Frame::data)
}
