//! Whose turn it is to work with which PAM.
//!
//! Passes wait here and not inside the client: else those of a PAM that hangs would take up every place there is, and a
//! healthy PAM's would wait behind them. Here, too, a process that is about to end turns everyone away.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::error::Error;

/// The places, by PAM origin, and in all.
#[derive(Debug)]
pub(super) struct Places {
    /// An edited limit has places of its own; those of the old one empty by themselves.
    by_origin: Mutex<HashMap<(String, u32), Arc<Semaphore>>>,
    all: Arc<Semaphore>,
    closed: watch::Sender<bool>,
    /// The most that one PAM may have.
    share: usize,
}

/// A place; it is given back when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    _of_origin: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl Places {
    /// So many places in all.
    pub(super) fn new(in_all: usize) -> Self {
        let closed = watch::channel(false).0;
        Self {
            by_origin: Mutex::default(),
            all: Arc::new(Semaphore::new(in_all.max(1))),
            closed,
            share: (in_all / 2).max(1),
        }
    }

    /// Waits for a place with that PAM, of which there are as many as its connection allows requests at once.
    pub(super) async fn take(&self, origin: &str, at_once: u32) -> Result<Place, Error> {
        // The PAM's own first: whoever waits for a slow one holds nothing that others need.
        let of_origin = self.of(origin, at_once).acquire_owned().await.map_err(|_| Error::Stopping)?;
        let of_all = Arc::clone(&self.all).acquire_owned().await.map_err(|_| Error::Stopping)?;
        Ok(Place { _of_origin: of_origin, _of_all: of_all })
    }

    /// Turns away everyone who waits, and who comes from now on. Whoever has a place finishes.
    pub(super) fn close(&self) {
        self.all.close();
        self.closed.send_replace(true);
        self.by_origin.lock().unwrap_or_else(PoisonError::into_inner).values().for_each(|places| places.close());
    }

    /// Resolves once everyone is turned away.
    pub(super) async fn closed(&self) {
        // The sender lives as long as this does.
        let _ = self.closed.subscribe().wait_for(|closed| *closed).await;
    }

    /// Whether everyone is turned away.
    pub(super) fn is_closed(&self) -> bool {
        self.all.is_closed()
    }

    fn of(&self, origin: &str, at_once: u32) -> Arc<Semaphore> {
        let mut by_origin = self.by_origin.lock().unwrap_or_else(PoisonError::into_inner);
        // Never all there are: one PAM that hangs must leave some to the others.
        let places = usize::try_from(at_once).unwrap_or(usize::MAX).clamp(1, self.share);
        let make = || Arc::new(Semaphore::new(places));
        Arc::clone(by_origin.entry((origin.to_owned(), at_once)).or_insert_with(make))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn waits(taking: impl Future<Output = Result<Place, Error>>) -> bool {
        tokio::time::timeout(Duration::from_millis(20), taking).await.is_err()
    }

    #[tokio::test]
    async fn a_pam_that_hangs_takes_no_place_from_another() {
        let places = Places::new(4);
        let _slow = (places.take("slow", 2).await.unwrap(), places.take("slow", 2).await.unwrap());
        assert!(waits(places.take("slow", 2)).await);
        assert!(!waits(places.take("healthy", 2)).await);
    }

    #[tokio::test]
    async fn nobody_begins_once_it_is_closed() {
        let places = Arc::new(Places::new(8));
        let held = places.take("pam", 1).await.unwrap();
        let waiting = tokio::spawn({
            let places = Arc::clone(&places);
            async move { places.take("pam", 1).await.is_err() }
        });
        tokio::time::sleep(Duration::from_millis(20)).await;
        places.close();
        assert!(waiting.await.unwrap());
        assert!(places.is_closed());
        drop(held);
        assert!(places.take("other", 1).await.is_err());
    }
}
