//! A TCP stream that can be made to end with a reset.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Decides how a connection ends.
#[derive(Default)]
pub(crate) struct Control {
    silent: AtomicBool,
    reset: AtomicBool,
}

impl Control {
    /// Nothing more is written, and the connection ends with a reset.
    pub(crate) fn reset(&self) {
        self.reset.store(true, Ordering::Relaxed);
        self.close();
    }

    /// Nothing more is written (no TLS farewell either), and the connection ends with a FIN.
    pub(crate) fn close(&self) {
        self.silent.store(true, Ordering::Relaxed);
    }
}

/// A TCP stream under the orders of its [`Control`].
pub(crate) struct ControlledStream {
    tcp: TcpStream,
    control: Arc<Control>,
}

impl ControlledStream {
    pub(crate) const fn new(tcp: TcpStream, control: Arc<Control>) -> Self {
        Self { tcp, control }
    }

    fn check(&self) -> io::Result<()> {
        if self.control.silent.load(Ordering::Relaxed) { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }
}

impl Drop for ControlledStream {
    fn drop(&mut self) {
        if self.control.reset.load(Ordering::Relaxed) {
            // Lingering for no time at all makes the close a reset.
            _ = self.tcp.set_zero_linger();
        }
    }
}

impl AsyncRead for ControlledStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(cx, buf)
    }
}

impl AsyncWrite for ControlledStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.tcp).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
