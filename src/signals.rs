//! The signals that end the process in order.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Starts listening for SIGTERM and SIGINT. The receiver turns `true` when one of these signals comes.
///
/// # Errors
///
/// Fails when the system refuses a handler.
pub fn stop_on_signal() -> std::io::Result<watch::Receiver<bool>> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
        tracing::info!("stopping: finishing what is in flight");
        sender.send_replace(true);
        sender.closed().await;
    });
    Ok(receiver)
}

/// Resolves once the process is to stop.
pub async fn stopped(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}
