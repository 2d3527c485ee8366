//! The connections of the port of probes and metrics: few, small and short, since anyone in the cluster may open them.

use std::{collections::VecDeque, convert::Infallible, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet, yield_now},
    time::{sleep, timeout},
};

/// How many connections are open at most. A probe needs one for less than a millisecond.
const MOST: usize = 64;
/// How long a client may take to send its request.
const HEADER: Duration = Duration::from_secs(5);
/// How long a connection may stay open: the time in which Prometheus by default wants its answer.
const LIFETIME: Duration = Duration::from_secs(10);
/// The most bytes of a request that are held.
const BUFFER: usize = 16 << 10;
/// How long no connection is accepted after the system could not open one: its files are used up, and asking again at
/// once would only use up the processor, too.
const PAUSE: Duration = Duration::from_millis(100);

/// The open connections.
pub(super) struct Connections {
    service: TowerToHyperService<Router>,
    open: JoinSet<()>,
    oldest_first: VecDeque<AbortHandle>,
}

impl Connections {
    pub(super) fn new(router: Router) -> Self {
        Self { service: TowerToHyperService::new(router), open: JoinSet::new(), oldest_first: VecDeque::new() }
    }

    /// Accepts and answers for ever.
    pub(super) async fn accept(&mut self, listener: &TcpListener) -> Infallible {
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => self.open(stream).await,
                    Err(error) => {
                        tracing::debug!(%error, "a connection to the port of probes could not be accepted");
                        sleep(PAUSE).await;
                    }
                },
                Some(_) = self.open.join_next() => {}
            }
        }
    }

    /// Waits for the connections that are open.
    pub(super) async fn drain(&mut self) {
        while self.open.join_next().await.is_some() {}
    }

    /// Answers a connection. Where there is no room for the connection, the oldest one is closed at once: were the new
    /// one refused instead, 64 clients that send nothing would keep the kubelet from its probe, and the kubelet would
    /// end the operator.
    async fn open(&mut self, stream: TcpStream) {
        self.oldest_first.retain(|connection| !connection.is_finished());
        if self.oldest_first.len() >= MOST
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            oldest.abort();
        }
        self.oldest_first.push_back(self.open.spawn(answer(self.service.clone(), stream)));
        // The connection reads its request before others come: a burst must not close a probe that was not looked at.
        yield_now().await;
    }
}

/// Answers one request. A connection is not kept for a further one, as idle connections would use up the room.
async fn answer(service: TowerToHyperService<Router>, stream: TcpStream) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER)
        .keep_alive(false)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), service);
    // What goes wrong is the client's affair, and the client sees it.
    let _ = timeout(LIFETIME, connection).await;
}
