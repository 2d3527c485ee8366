//! P3: after SIGTERM no POST begins, and those in flight are finished and recorded.

use std::time::Duration;

use kube::api::ListParams;
use pam_simulator::{Effect, Fault, Kind};
use serde_json::json;

use super::{ends, wait_for_call};
use crate::support::{CANARY, Plan, assert_no_canary};

#[tokio::test]
async fn after_sigterm_no_post_begins_and_those_under_way_are_finished() {
    // Four for one namespace, which leaves two to the others.
    let limits = json!({"maxConcurrentRequests": 6, "requestsPerSecond": 0});
    let mut world = Plan::default().limits(limits).start().await;
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::Delay(Duration::from_secs(4))).always());
    for number in 0..34 {
        let name = format!("due-{number}");
        world.put_secret(&name, json!({"password": CANARY})).await;
        world.put_credential(&name, json!({})).await;
    }
    wait_for_call(&world.sim, |journal| journal.posts().iter().filter(|post| post.done_at.is_none()).count() == 4)
        .await;
    let mut operator = world.operator.take().unwrap();
    let told = jiff::Timestamp::now();
    operator.terminate().unwrap();
    let status = operator.wait(Duration::from_secs(8)).await.unwrap();
    let logs = operator.logs().unwrap();
    assert!(status.success(), "{status}: {logs}");

    let journal = world.sim.journal();
    let late = journal.posts().into_iter().filter(|post| post.at > told + Duration::from_secs(1));
    assert_eq!(late.count(), 0, "{journal:?}");
    assert!(journal.posts().iter().all(|post| post.status == Some(201)), "all were answered: {journal:?}");
    let credentials = world.credentials().list(&ListParams::default()).await.unwrap();
    let noted = credentials.iter().filter(|credential| credential.status.as_ref().is_some_and(|s| s.id.is_some()));
    assert_eq!(noted.count(), world.sim.records().len(), "what was written is known");
    assert_no_canary(&logs);
    ends(&world).await;
}
