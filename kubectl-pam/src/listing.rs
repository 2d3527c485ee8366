//! Reads the PAM's list, and says how far it is.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use pam_operator::pam::{ListedCredential, PamClient};
use tokio::time::interval;

use crate::exit::Failure;
use crate::progress::Progress;

/// How often is looked how far the list is.
const TICK: Duration = Duration::from_millis(500);

/// Hands out each record of the list. How long the list is shows at its end only.
pub async fn each(client: &PamClient, take: &mut (dyn FnMut(ListedCredential) + Send)) -> Result<(), Failure> {
    let count = AtomicUsize::new(0);
    let mut sink = |record| {
        take(record);
        count.fetch_add(1, Ordering::Relaxed);
    };
    let (mut progress, mut tick) = (Progress::new("records of the PAM's list read", None), interval(TICK));
    let mut listing = Box::pin(client.list_credentials(&mut sink));
    loop {
        tokio::select! {
            listed = &mut listing => return Ok(listed.map(drop)?),
            _ = tick.tick() => progress.reach(count.load(Ordering::Relaxed)),
        }
    }
}
