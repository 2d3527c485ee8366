//! Ctrl-C, and the signals that end a process in order. Before a command listens, a signal ends the process at once, as at a
//! question that waits for its answer.

use std::process;

use tokio::sync::watch;

use crate::exit::Exit;

/// The user's interruption, which a command listens for from the moment on that it has something to bring to an end. It is
/// noted once for all: one that comes between two looks is seen by the second.
#[derive(Clone, Debug)]
pub struct Interruption {
    came: watch::Receiver<bool>,
}

impl Interruption {
    /// Listens from now on. A second interruption ends the process at once: what the first one waits for may take long.
    pub fn listen() -> Self {
        let (tell, came) = watch::channel(false);
        // The system's signals are taken before this returns.
        if let Ok(mut signals) = Signals::take() {
            tokio::spawn(async move {
                signals.next().await;
                tell.send_replace(true);
                signals.next().await;
                process::exit(i32::from(Exit::Interrupted.code()));
            });
        }
        Self { came }
    }

    /// Tells whether it came.
    pub fn has_come(&self) -> bool {
        *self.came.borrow()
    }

    /// Returns once it came.
    pub async fn comes(&self) {
        if self.came.clone().wait_for(|came| *came).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Returns once the user interrupts the command, which has nothing to bring to an end.
pub async fn interrupted() {
    match Signals::take() {
        Ok(mut signals) => signals.next().await,
        Err(_) => std::future::pending().await,
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn take() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn take() -> std::io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn next(&mut self) {
        self.0.recv().await;
    }
}
