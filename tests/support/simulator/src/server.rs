//! The thread that serves: it accepts connections, and takes orders about them.

use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::mpsc as std_mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustls::ServerConfig;
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;
use tracing::warn;

use crate::net::Control;
use crate::state::Shared;
use crate::tls::{Authority, Certificate};
use crate::wire::{self, Connection};

/// How a PAM can be out of reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outage {
    /// It is not.
    #[default]
    None,
    /// Nobody listens: connections are refused.
    Refused,
    /// Connections are reset as soon as they are made.
    Reset,
    /// Connections are made, and nothing is ever said on them.
    Silent,
}

/// An order to the serving thread.
enum Order {
    Outage(Outage),
    Cut,
    Stop,
}

/// The serving thread, from outside.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) ca_pem: String,
    pub(crate) authority: Authority,
    tls: Arc<Mutex<Arc<ServerConfig>>>,
    orders: mpsc::UnboundedSender<(Order, std_mpsc::Sender<()>)>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// How long an order may take before the caller goes on without it.
const PATIENCE: Duration = Duration::from_secs(5);

impl Server {
    /// Binds and starts to serve, on a thread and a runtime of its own: a test's paused clock does not stop it.
    pub(crate) fn start(listen: SocketAddr, certificate: Certificate, shared: Arc<Shared>) -> Result<Self> {
        ensure!(listen.ip().is_loopback(), "{listen} is no loopback address; a simulator listens on nothing else");
        let listener = bind(listen)?;
        let address = listener.local_addr()?;
        let authority = Authority::new()?;
        let tls = Arc::new(Mutex::new(authority.server_config(certificate)?));
        let (orders, inbox) = mpsc::unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let acceptor = Acceptor::new(address, shared, Arc::clone(&tls));
        let thread = std::thread::Builder::new()
            .name("pam-simulator".to_owned())
            .spawn(move || runtime.block_on(acceptor.run(listener, inbox)))?;
        let ca_pem = authority.pem();
        Ok(Self { address, ca_pem, authority, tls, orders, thread: Mutex::new(Some(thread)) })
    }

    /// Puts the PAM out of reach, or back. In force when this returns; open connections are reset.
    pub(crate) fn outage(&self, outage: Outage) {
        self.order(Order::Outage(outage));
    }

    /// Resets every open connection.
    pub(crate) fn cut(&self) {
        self.order(Order::Cut);
    }

    /// Presents another certificate from the next connection on, and resets the open ones.
    pub(crate) fn present(&self, certificate: Certificate) -> Result<()> {
        let config = self.authority.server_config(certificate)?;
        *self.tls.lock().unwrap_or_else(PoisonError::into_inner) = config;
        self.cut();
        Ok(())
    }

    /// Ends the thread and everything it serves.
    pub(crate) fn stop(&self) {
        self.order(Order::Stop);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            _ = thread.join();
        }
    }

    fn order(&self, order: Order) {
        let (done, when_done) = std_mpsc::channel();
        if self.orders.send((order, done)).is_ok() {
            _ = when_done.recv_timeout(PATIENCE);
        }
    }
}

fn bind(address: SocketAddr) -> Result<StdListener> {
    let listener = StdListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// The accepting side, on the serving thread.
struct Acceptor {
    address: SocketAddr,
    shared: Arc<Shared>,
    tls: Arc<Mutex<Arc<ServerConfig>>>,
    listener: Option<TcpListener>,
    outage: Outage,
    /// Changes whenever all open connections are to be reset.
    cut: watch::Sender<u64>,
    accepted: u64,
    /// Connections of a silent outage.
    held: Vec<TcpStream>,
}

impl Acceptor {
    fn new(address: SocketAddr, shared: Arc<Shared>, tls: Arc<Mutex<Arc<ServerConfig>>>) -> Self {
        let cut = watch::Sender::new(0);
        Self { address, shared, tls, listener: None, outage: Outage::None, cut, accepted: 0, held: Vec::new() }
    }

    async fn run(mut self, listener: StdListener, mut orders: mpsc::UnboundedReceiver<(Order, std_mpsc::Sender<()>)>) {
        self.listener = TcpListener::from_std(listener).ok();
        loop {
            let order = tokio::select! {
                order = orders.recv() => order,
                tcp = accept(self.listener.as_ref()) => {
                    self.welcome(tcp);
                    continue;
                }
            };
            match order {
                None | Some((Order::Stop, _)) => return,
                Some((Order::Cut, _done)) => self.reset_all().await,
                Some((Order::Outage(outage), _done)) => self.change(outage).await,
            }
        }
    }

    fn welcome(&mut self, tcp: TcpStream) {
        match self.outage {
            Outage::None => self.spawn(tcp),
            Outage::Silent => self.held.push(tcp),
            Outage::Reset | Outage::Refused => _ = tcp.set_zero_linger(),
        }
    }

    fn spawn(&mut self, tcp: TcpStream) {
        self.accepted += 1;
        _ = tcp.set_nodelay(true);
        let link = Connection {
            number: self.accepted,
            shared: Arc::clone(&self.shared),
            control: Arc::new(Control::default()),
        };
        let tls = Arc::clone(&self.tls.lock().unwrap_or_else(PoisonError::into_inner));
        tokio::spawn(wire::connection(tcp, tls, link, self.cut.subscribe()));
    }

    async fn reset_all(&mut self) {
        self.cut.send_modify(|count| *count += 1);
        for tcp in self.held.drain(..) {
            _ = tcp.set_zero_linger();
        }
        // The connections' tasks listen for the cut: when none is left, all are closed.
        while self.cut.receiver_count() > 0 {
            tokio::task::yield_now().await;
        }
    }

    async fn change(&mut self, outage: Outage) {
        self.outage = outage;
        self.listener = self.listener.take().filter(|_| outage != Outage::Refused);
        self.reset_all().await;
        while self.listener.is_none() && outage != Outage::Refused {
            match bind(self.address).and_then(|listener| Ok(TcpListener::from_std(listener)?)) {
                Ok(listener) => self.listener = Some(listener),
                Err(error) => {
                    warn!(%error, "listening again");
                    sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }
}

/// The next connection; for ever pending while nobody listens.
async fn accept(listener: Option<&TcpListener>) -> TcpStream {
    loop {
        match listener {
            None => std::future::pending().await,
            Some(listener) => match listener.accept().await {
                Ok((tcp, _)) => return tcp,
                Err(error) => {
                    warn!(%error, "accepting");
                    sleep(Duration::from_millis(10)).await;
                }
            },
        }
    }
}
