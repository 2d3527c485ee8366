//! Each fault, before and after the commit, and what the journal says of it.

mod answers;
mod lost;
mod outages;

use pam_simulator::{Entry, Fault, Kind};

use crate::common::{Pam, Reply, full};

const POST: Kind = Kind::PostCredential;

/// Posts once under this fault.
async fn post_under(fault: Fault) -> (Pam, reqwest::Result<Reply>) {
    let pam = Pam::start().await;
    pam.sim.inject(fault);
    let result = pam.try_post(&full("k8s-a", "svc", "one")).await;
    assert!(pam.sim.faults().is_empty(), "it is used up");
    (pam, result)
}

fn last(pam: &Pam) -> Entry {
    pam.sim.journal().entries().last().unwrap().clone()
}
