//! A proxy in front of the API server that can end watches as the API server does when it has forgotten what was before.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use futures::{Stream, StreamExt, TryStreamExt, future, stream};
use local_cluster::Installation;
use serde_json::Value;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

/// What the API server says on a watch whose begin it does not know any more.
const GONE: &str = r#"{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",
"message":"too old resource version","reason":"Expired","code":410}}"#;
/// No object in these requests is larger.
const LONGEST: usize = 4 * 1024 * 1024;

/// A proxy on plain HTTP; it ends when this is dropped.
pub struct Proxy {
    kubeconfig: PathBuf,
    expiries: watch::Sender<u64>,
    server: JoinHandle<()>,
}

/// What each request needs.
#[derive(Clone)]
struct Upstream {
    http: reqwest::Client,
    url: String,
    expiries: watch::Receiver<u64>,
}

impl Proxy {
    /// Starts one for the chart's `ServiceAccount`.
    pub async fn start(install: &Installation<'_>) -> Result<Self> {
        let mut kubeconfig: Value = serde_json::from_slice(&std::fs::read(install.kubeconfig())?)?;
        let cluster = &mut kubeconfig["clusters"][0]["cluster"];
        let url = cluster["server"].as_str().context("the kubeconfig names no server")?.to_owned();
        let ca = std::fs::read(cluster["certificate-authority"].as_str().context("the kubeconfig names no CA")?)?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        cluster["server"] = format!("http://{}", listener.local_addr()?).into();
        let path = install.kubeconfig().with_extension("proxy.kubeconfig");
        std::fs::write(&path, kubeconfig.to_string())?;
        let (expiries, seen) = watch::channel(0);
        let http = reqwest::Client::builder().no_proxy().tls_certs_only(reqwest::Certificate::from_pem_bundle(&ca)?);
        let upstream = Upstream { http: http.build()?, url, expiries: seen };
        let router = Router::new().fallback(relay).with_state(upstream);
        let server = tokio::spawn(async move {
            // It serves until it is dropped.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { kubeconfig: path, expiries, server })
    }

    /// A kubeconfig that leads here.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Ends every watch with 410.
    pub fn expire(&self) {
        self.expiries.send_modify(|count| *count += 1);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn relay(State(upstream): State<Upstream>, request: Request) -> Response {
    let answer = forward(upstream, request).await;
    answer.unwrap_or_else(|error| (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response())
}

async fn forward(upstream: Upstream, request: Request) -> Result<Response> {
    let (head, body) = request.into_parts();
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    let is_watch = target.contains("watch=");
    let mut headers = head.headers;
    headers.remove("host");
    let body = axum::body::to_bytes(body, LONGEST).await?;
    let asked = upstream.http.request(head.method, format!("{}{target}", upstream.url)).headers(headers).body(body);
    let answer = asked.send().await?;
    let mut response = Response::builder().status(answer.status());
    for (name, value) in answer.headers().iter().filter(|(name, _)| *name != "transfer-encoding") {
        response = response.header(name, value);
    }
    let bytes = answer.bytes_stream();
    let body =
        if is_watch { Body::from_stream(until_expired(bytes, upstream.expiries)) } else { Body::from_stream(bytes) };
    Ok(response.body(body)?)
}

/// What the watch says until the next expiry, and then that it is gone.
fn until_expired(
    bytes: impl Stream<Item = reqwest::Result<Bytes>>,
    mut expiries: watch::Receiver<u64>,
) -> impl Stream<Item = Result<Bytes>> {
    expiries.mark_unchanged();
    let expired = async move {
        if expiries.changed().await.is_err() {
            future::pending::<()>().await;
        }
    };
    let gone = format!("{}\n", GONE.replace('\n', ""));
    bytes.map_err(Into::into).take_until(Box::pin(expired)).chain(stream::once(future::ready(Ok(Bytes::from(gone)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_watch_says_what_comes_and_then_that_it_is_gone() {
        let (expiries, seen) = watch::channel(7);
        let said = until_expired(stream::once(future::ready(Ok(Bytes::from("a\n")))).chain(stream::pending()), seen);
        let mut said = Box::pin(said);
        assert_eq!(said.next().await.unwrap().unwrap(), "a\n");
        expiries.send_modify(|count| *count += 1);
        let gone: Value = serde_json::from_slice(&said.next().await.unwrap().unwrap()).unwrap();
        assert_eq!([&gone["type"], &gone["object"]["code"]], [&Value::from("ERROR"), &Value::from(410)]);
        assert!(said.next().await.is_none());
    }
}
