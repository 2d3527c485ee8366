//! Leads: renews the lease until this replica gives the lease back or loses it.

use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
};

use super::handle::{Held, LeadHandle};
use super::term::Term;

/// The leadership of this replica. The lease is renewed in the background until [`Lead::release`]. If this value is dropped
/// without a release, the renewals end, and another replica takes over when the lease expires.
#[derive(Debug)]
pub struct Lead {
    handle: LeadHandle,
    stop: oneshot::Sender<()>,
    renewals: JoinHandle<()>,
}

impl Lead {
    /// Leads by a lease that was taken, and keeps renewing the lease.
    pub(super) fn elected(term: Term) -> Self {
        let (held, receiver) = watch::channel(Held::Until(term.until()));
        let (stop, stopped) = oneshot::channel();
        let renewals = tokio::spawn(term.keep(held, stopped));
        Self { handle: LeadHandle::new(receiver), stop, renewals }
    }

    /// Leads without a lease, until it is released.
    pub(super) fn unopposed() -> Self {
        let (held, receiver) = watch::channel(Held::Forever);
        let (stop, stopped) = oneshot::channel();
        let renewals = tokio::spawn(async move {
            let _ = stopped.await;
            held.send_replace(Held::Lost);
        });
        Self { handle: LeadHandle::new(receiver), stop, renewals }
    }

    /// Returns a handle that tells whether this replica still leads.
    #[must_use]
    pub fn handle(&self) -> LeadHandle {
        self.handle.clone()
    }

    /// See [`LeadHandle::is_held`].
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.handle.is_held()
    }

    /// See [`LeadHandle::lost`].
    pub fn lost(&self) -> impl Future<Output = ()> + Send + use<> {
        self.handle.clone().lost()
    }

    /// Gives the lease back, so that another replica takes over at once. Call it after the last write to the outside
    /// has ended. A failure is logged, and the lease expires by itself.
    pub async fn release(self) {
        // Both calls fail only if the renewals have ended by themselves: then there is no lease to give back.
        let _ = self.stop.send(());
        let _ = self.renewals.await;
    }
}
