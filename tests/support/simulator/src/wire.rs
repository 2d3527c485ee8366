//! One HTTPS connection: requests in, answers out.

use std::io;
use std::sync::Arc;

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, DATE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use rustls::ServerConfig;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tracing::debug;

use crate::answer::Answer;
use crate::call::{Call, Origin};
use crate::gateway::{self, MAX_BODY};
use crate::net::{Control, ControlledStream, WireBody};
use crate::state::Shared;
use crate::suffer::{Manner, Verdict, serve};
use crate::tls::fingerprint;

/// What a connection needs to know.
pub(crate) struct Connection {
    pub(crate) number: u64,
    pub(crate) shared: Arc<Shared>,
    pub(crate) control: Arc<Control>,
}

/// Serves a connection until it ends or until `cut` changes, which resets it.
pub(crate) async fn connection(
    tcp: TcpStream,
    tls: Arc<ServerConfig>,
    link: Connection,
    mut cut: watch::Receiver<u64>,
) {
    let (number, control) = (link.number, Arc::clone(&link.control));
    let stream = ControlledStream::new(tcp, Arc::clone(&control));
    let work = speak(stream, tls, Arc::new(link));
    tokio::pin!(work);
    tokio::select! {
        ended = &mut work => debug!(connection = number, error = ended.err().map(|error| error.to_string()), "connection ended"),
        _ = cut.changed() => control.reset(),
    }
}

async fn speak(stream: ControlledStream, tls: Arc<ServerConfig>, link: Arc<Connection>) -> anyhow::Result<()> {
    let stream = TlsAcceptor::from(tls).accept(stream).await?;
    let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first).map(fingerprint);
    let service = service_fn(move |request| handle(Arc::clone(&link), shown.clone(), request));
    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await?;
    Ok(())
}

async fn handle(
    link: Arc<Connection>,
    certificate: Option<String>,
    request: Request<Incoming>,
) -> io::Result<Response<WireBody>> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_BODY).collect().await else {
        return response(gateway::says(413, None), &Manner::Whole, link.shared.lock().clock.now());
    };
    let routing = link.shared.lock().routing();
    let origin = Origin { connection: link.number, certificate };
    let call = Call::new(origin, &head, body.to_bytes(), &routing);
    // In a task of its own, since the PAM finishes what it began when the client leaves.
    let verdict = tokio::spawn(serve(Arc::clone(&link.shared), call)).await.map_err(io::Error::other)?;
    match verdict {
        Verdict::Answer(answer, manner) => response(answer, &manner, link.shared.lock().clock.now()),
        Verdict::Reset => {
            link.control.reset();
            Err(io::ErrorKind::ConnectionReset.into())
        }
        Verdict::Close => {
            link.control.close();
            Err(io::ErrorKind::ConnectionAborted.into())
        }
        Verdict::Silence => {
            let _waiting = LeftWaiting::new(&link.shared);
            std::future::pending().await
        }
    }
}

/// A caller to whom nothing will be said; counted until he leaves.
struct LeftWaiting(Arc<Shared>);

impl LeftWaiting {
    fn new(shared: &Arc<Shared>) -> Self {
        shared.lock().left_waiting += 1;
        Self(Arc::clone(shared))
    }
}

impl Drop for LeftWaiting {
    fn drop(&mut self) {
        self.0.lock().left_waiting -= 1;
    }
}

fn response(answer: Answer, manner: &Manner, now: Timestamp) -> io::Result<Response<WireBody>> {
    let mut response = Response::new(WireBody::new(answer.body, manner));
    *response.status_mut() = StatusCode::from_u16(answer.status).map_err(io::Error::other)?;
    let headers = response.headers_mut();
    let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    headers.insert(DATE, HeaderValue::from_str(&date).map_err(io::Error::other)?);
    headers.insert(CONTENT_TYPE, HeaderValue::from_str(&answer.mime).map_err(io::Error::other)?);
    for (name, value) in answer.headers {
        headers.insert(name, HeaderValue::from_str(&value).map_err(io::Error::other)?);
    }
    Ok(response)
}
