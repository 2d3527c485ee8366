//! `/livez`, `/readyz` and `/metrics` over plain HTTP.
//!
//! No answer names an object, and no call needs a login: a client that reaches the port learns whether the operator works
//! and how much it does, and nothing else.

mod connections;

use std::{
    borrow::Cow,
    collections::BTreeSet,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    http::{
        HeaderMap, StatusCode,
        header::{ACCEPT, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
    routing::get,
};
use prometheus_client::registry::Registry;
use tokio::{net::TcpListener, time::timeout};

use crate::metrics::Page;
use connections::Connections;

/// How long connections may stay open after the server was asked to stop.
const DRAIN: Duration = Duration::from_secs(3);

/// Explains why probes cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The port cannot be bound.
    #[error("--listen-address {address} cannot be listened on: {source}; choose another address or port")]
    Bind {
        /// The address that was asked for.
        address: SocketAddr,
        /// The error of the system.
        source: std::io::Error,
    },
    /// The system does not tell the address that was bound.
    #[error("the address of the port of probes and metrics is not known: {0}")]
    Address(#[from] std::io::Error),
}

/// Collects what `/readyz` waits for. Cheap to clone; all clones share one state.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<Mutex<ReadinessState>>);

#[derive(Debug, Default)]
struct ReadinessState {
    standby: bool,
    open: Vec<Cow<'static, str>>,
}

impl Readiness {
    /// Adds something that readiness waits for. `/readyz` shows `what` until [`Check::done`]: a fixed text, or the name of one of
    /// our CRDs, but no object's name.
    pub fn register(&self, what: impl Into<Cow<'static, str>>) -> Check {
        let what = what.into();
        self.with(|state| state.open.push(what.clone()));
        Check { readiness: self.clone(), what }
    }

    /// Records whether this replica waits for the lease. A replica that waits counts as ready even with open checks, since
    /// only a leader has to complete these.
    pub fn set_standby(&self, standby: bool) {
        self.with(|state| state.standby = standby);
    }

    /// Returns what `/readyz` still waits for, each text once; nothing if the replica is ready.
    #[must_use]
    pub fn missing(&self) -> BTreeSet<Cow<'static, str>> {
        self.with(|state| if state.standby { BTreeSet::new() } else { state.open.iter().cloned().collect() })
    }

    fn with<T>(&self, action: impl FnOnce(&mut ReadinessState) -> T) -> T {
        // Poisoned or not, a list of words cannot be half-written.
        action(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One thing that readiness waits for. A check that is dropped without [`Check::done`] stays open for ever.
#[derive(Debug)]
#[must_use = "a check that is never done keeps the operator unready"]
pub struct Check {
    readiness: Readiness,
    what: Cow<'static, str>,
}

impl Check {
    /// Returns what this check belongs to, for further checks.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        self.readiness.clone()
    }

    /// Records that readiness need not wait for this check any more.
    pub fn done(self) {
        self.readiness.with(|state| {
            if let Some(place) = state.open.iter().position(|what| *what == self.what) {
                state.open.swap_remove(place);
            }
        });
    }
}

/// A bound port, not yet answering.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    router: Router,
}

impl Server {
    /// Binds `address`, so that a port in use is an error of the start and not of some later task.
    pub async fn bind(address: SocketAddr, readiness: Readiness, registry: Arc<Registry>) -> Result<Self, ProbeError> {
        let bound = TcpListener::bind(address).await;
        let listener = bound.map_err(|source| ProbeError::Bind { address, source })?;
        let router = Router::new()
            .route("/livez", get(|| async { "ok\n" }))
            .route("/readyz", get(readyz).with_state(readiness))
            .route("/metrics", get(metrics).with_state(registry));
        Ok(Self { listener, router })
    }

    /// Returns the address that was bound, with the port that the system chose for `:0`.
    pub fn local_addr(&self) -> Result<SocketAddr, ProbeError> {
        Ok(self.listener.local_addr()?)
    }

    /// Answers until `stop` resolves, and at most 3 s longer for calls that are under way.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) {
        let Self { listener, router } = self;
        let mut connections = Connections::new(router);
        tokio::select! {
            never = connections.accept(&listener) => match never {},
            () = stop => {}
        }
        drop(listener);
        // What is still open after that is closed with `connections`.
        let _ = timeout(DRAIN, connections.drain()).await;
    }
}

async fn readyz(State(readiness): State<Readiness>) -> Response {
    let missing = readiness.missing();
    if missing.is_empty() {
        return "ok\n".into_response();
    }
    let missing: Vec<&str> = missing.iter().map(AsRef::as_ref).collect();
    let text = format!("waiting for: {}\n", missing.join(", "));
    (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
}

async fn metrics(State(registry): State<Arc<Registry>>, headers: HeaderMap) -> Response {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    match Page::of(&registry, accept) {
        Ok(Page { content_type, text }) => ([(CONTENT_TYPE, content_type)], text).into_response(),
        Err(std::fmt::Error) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
        sync::oneshot,
        time::timeout,
    };

    use super::*;
    use crate::metrics::Metrics;

    struct Running {
        address: SocketAddr,
        readiness: Readiness,
        stop: oneshot::Sender<()>,
        task: tokio::task::JoinHandle<()>,
    }

    async fn running() -> Running {
        let readiness = Readiness::default();
        let (_, registry) = Metrics::new();
        let server = Server::bind("127.0.0.1:0".parse().unwrap(), readiness.clone(), registry).await.unwrap();
        let address = server.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(server.serve(async {
            let _ = stopped.await;
        }));
        Running { address, readiness, stop, task }
    }

    async fn get(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let accept = "application/openmetrics-text;version=1.0.0";
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nAccept: {accept}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn ready_when_every_check_is_done() {
        let server = running().await;
        let (credentials, secrets) =
            (server.readiness.register("credentials listed"), server.readiness.register("secrets listed"));
        assert!(get(server.address, "/livez").await.starts_with("HTTP/1.1 200"));
        let answer = get(server.address, "/readyz").await;
        assert!(
            answer.starts_with("HTTP/1.1 503") && answer.contains("credentials listed, secrets listed"),
            "{answer}"
        );
        credentials.done();
        let answer = get(server.address, "/readyz").await;
        assert!(answer.contains("waiting for: secrets listed\n"), "{answer}");
        secrets.done();
        assert!(get(server.address, "/readyz").await.starts_with("HTTP/1.1 200"));
    }

    #[tokio::test]
    async fn a_standby_is_ready_and_a_new_leader_is_not_yet() {
        let server = running().await;
        let check = server.readiness.register("credentials listed");
        server.readiness.set_standby(true);
        assert!(get(server.address, "/readyz").await.starts_with("HTTP/1.1 200"));
        server.readiness.set_standby(false);
        assert!(get(server.address, "/readyz").await.starts_with("HTTP/1.1 503"));
        check.done();
        assert!(get(server.address, "/readyz").await.starts_with("HTTP/1.1 200"));
    }

    #[tokio::test]
    async fn metrics_are_open_metrics_text() {
        let answer = get(running().await.address, "/metrics").await;
        assert!(answer.contains("content-type: application/openmetrics-text; version=1.0.0"), "{answer}");
        assert!(answer.trim_end().ends_with("# EOF") && answer.contains("pam_operator_leader 0"), "{answer}");
    }

    #[tokio::test]
    async fn a_silent_connection_does_not_hold_up_the_stop() {
        let server = running().await;
        let mut silent = TcpStream::connect(server.address).await.unwrap();
        silent.write_all(b"GET /livez HTT").await.unwrap();
        assert!(get(server.address, "/livez").await.starts_with("HTTP/1.1 200"));
        server.stop.send(()).unwrap();
        timeout(DRAIN * 2, server.task).await.unwrap().unwrap();
        assert!(TcpStream::connect(server.address).await.is_err());
    }

    async fn half_sent(address: SocketAddr) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: CANARY\r\nX: ").await.unwrap();
        stream
    }

    /// Returns how many connections the server has not closed.
    async fn still_open(streams: &mut [TcpStream]) -> usize {
        let mut open = 0;
        for stream in streams {
            let read = timeout(Duration::from_millis(2), stream.read(&mut [0])).await;
            open += usize::from(read.is_err());
        }
        open
    }

    #[tokio::test]
    async fn a_flood_of_half_sent_requests_leaves_few_connections_and_probes_are_answered() {
        let server = running().await;
        let mut flood = Vec::new();
        for number in 0..1000 {
            flood.push(half_sent(server.address).await);
            if number % 50 == 0 {
                let answer = timeout(Duration::from_secs(1), get(server.address, "/livez")).await.unwrap();
                assert!(answer.starts_with("HTTP/1.1 200") && !answer.contains("CANARY"), "{answer}");
            }
        }
        let open = still_open(&mut flood).await;
        assert!(open <= 64, "{open} connections are open");
        tokio::time::sleep(Duration::from_secs(6)).await;
        assert_eq!(still_open(&mut flood).await, 0);
    }

    #[tokio::test]
    async fn a_request_that_comes_byte_by_byte_is_cut_off() {
        let server = running().await;
        let mut slow = TcpStream::connect(server.address).await.unwrap();
        slow.write_all(b"GET /livez HTTP/1.1\r\nX: ").await.unwrap();
        let drip = async {
            while slow.write_all(b"a").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        timeout(Duration::from_secs(7), drip).await.unwrap();
    }

    #[tokio::test]
    async fn idle_connections_and_answers_that_nobody_reads_leave_room_for_a_probe() {
        let server = running().await;
        let mut held = Vec::new();
        for _ in 0..100 {
            let mut stream = TcpStream::connect(server.address).await.unwrap();
            stream.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
            held.push(stream);
            held.push(TcpStream::connect(server.address).await.unwrap());
        }
        let answer = timeout(Duration::from_secs(1), get(server.address, "/livez")).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    #[tokio::test]
    async fn a_port_in_use_is_said_with_the_flag() {
        let server = running().await;
        let (_, registry) = Metrics::new();
        let error = Server::bind(server.address, Readiness::default(), registry).await.unwrap_err();
        assert!(error.to_string().starts_with("--listen-address 127.0.0.1:"), "{error}");
    }
}
