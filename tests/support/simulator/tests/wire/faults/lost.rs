//! Answers that are lost, delayed or held, before and after the commit.

use std::time::{Duration, Instant};

use pam_simulator::{Effect, Fault, Phase};
use tokio::time::timeout;

use super::{POST, last, post_under};
use crate::common::{Pam, full};

/// No answer came, and the journal knows whether the write happened all the same.
async fn unanswered(effect: Effect, committed: bool) {
    let mut fault = Fault::on(POST, effect);
    if committed {
        fault = fault.after_commit();
    }
    let label = format!("{} {} commit", fault_name(&fault), if committed { "after" } else { "before" });
    let (pam, result) = post_under(fault).await;
    result.unwrap_err();
    let entry = last(&pam);
    assert_eq!((entry.status, entry.committed(), entry.fault), (None, committed, Some(label)));
    assert_eq!(pam.sim.records().len(), usize::from(committed));
    assert_eq!(pam.post(&full("k8s-a", "svc", "two")).await.created(), !committed, "the next call is unharmed");
}

fn fault_name(fault: &Fault) -> String {
    let value = serde_json::to_value(&fault.effect).unwrap();
    value.as_str().map_or_else(|| value.as_object().unwrap().keys().next().unwrap().clone(), str::to_owned)
}

#[tokio::test]
async fn a_reset_comes_before_or_after_the_commit() {
    unanswered(Effect::Reset, false).await;
    unanswered(Effect::Reset, true).await;
}

#[tokio::test]
async fn a_reset_is_a_reset_and_a_close_is_none() {
    for (effect, reset) in [(Effect::Reset, true), (Effect::Close, false)] {
        let (_pam, result) = post_under(Fault::on(POST, effect)).await;
        let text = format!("{:?}", result.unwrap_err());
        assert_eq!(text.contains("ConnectionReset"), reset, "{text}");
    }
}

#[tokio::test]
async fn a_close_comes_before_or_after_the_commit() {
    unanswered(Effect::Close, false).await;
    unanswered(Effect::Close, true).await;
}

#[tokio::test]
async fn a_hang_says_nothing_and_then_closes() {
    let pause = Duration::from_millis(200);
    let begin = Instant::now();
    unanswered(Effect::Hang(pause), false).await;
    unanswered(Effect::Hang(pause), true).await;
    assert!(begin.elapsed() >= 2 * pause);
}

#[tokio::test]
async fn a_delayed_write_is_applied_even_if_the_client_has_left() {
    let pam = Pam::start().await;
    pam.sim.inject(Fault::on(POST, Effect::Delay(Duration::from_millis(300))));
    let body = full("k8s-a", "svc", "one");
    assert!(timeout(Duration::from_millis(100), pam.try_post(&body)).await.is_err());
    assert!(pam.sim.records().is_empty());
    assert!(pam.sim.wait_for(Duration::from_secs(2), |journal| journal.commits().len() == 1).await);
}

#[tokio::test]
async fn a_delay_after_the_commit_holds_only_the_answer() {
    let pam = Pam::start().await;
    pam.sim.inject(Fault::on(POST, Effect::Delay(Duration::from_millis(300))).after_commit());
    let body = full("k8s-a", "svc", "one");
    let call = pam.try_post(&body);
    let seen = pam.sim.wait_for(Duration::from_millis(250), |journal| journal.commits().len() == 1);
    let (reply, seen) = tokio::join!(call, seen);
    assert!(seen && reply.unwrap().created());
}

#[tokio::test]
async fn a_late_commit_overtakes_the_next_write() {
    let pam = Pam::start().await;
    let id = pam.post(&full("k8s-a", "svc", "zero")).await.id();
    pam.sim.inject(Fault::on(POST, Effect::LateCommit(Duration::from_millis(300))));
    pam.try_post(&full("k8s-a", "svc", "old")).await.unwrap_err();
    assert!(!pam.post(&full("k8s-a", "svc", "new")).await.created());
    assert_eq!(pam.sim.value_of(&id).as_deref(), Some("new"));
    assert!(pam.sim.wait_for(Duration::from_secs(2), |journal| journal.commits().len() == 3).await);
    assert_eq!(pam.sim.value_of(&id).as_deref(), Some("old"));
    let order: Vec<u64> = pam.sim.journal().commits().iter().map(|entry| entry.seq).collect();
    assert_eq!(order, [2, 4, 3]);
    let values: Vec<String> = pam.sim.writes_of(&id).iter().map(|write| write.value.reveal().to_owned()).collect();
    assert_eq!(values, ["zero", "new", "old"]);
}

#[tokio::test]
async fn a_held_commit_comes_when_somebody_says_so() {
    let pam = Pam::start().await;
    let id = pam.post(&full("k8s-a", "svc", "zero")).await.id();
    pam.sim.inject(Fault::on(POST, Effect::HeldCommit).times(2));
    pam.try_post(&full("k8s-a", "svc", "old")).await.unwrap_err();
    pam.try_post(&full("k8s-a", "svc", "never")).await.unwrap_err();
    pam.post(&full("k8s-a", "svc", "new")).await;
    assert_eq!((pam.sim.value_of(&id).as_deref(), pam.sim.held()), (Some("new"), vec![3, 4]));
    assert!(pam.sim.commit_held(3));
    assert_eq!((pam.sim.value_of(&id).as_deref(), pam.sim.held()), (Some("old"), vec![4]));
    assert!(!pam.sim.commit_held(3), "once");
    let entry = pam.sim.journal().entries()[2].clone();
    assert_eq!((entry.status, entry.fault.as_deref()), (None, Some("held_commit")));
    assert_eq!(entry.commit.map(|commit| commit.order), Some(3));
}

#[tokio::test]
async fn a_suspended_call_is_executed_and_answered_when_somebody_says_so() {
    let pam = Pam::start().await;
    pam.sim.inject(Fault::on(POST, Effect::Suspend));
    let (one, resumed) = (full("k8s-a", "svc", "one"), async {
        while pam.sim.suspended().is_empty() {
            tokio::task::yield_now().await;
        }
        let [(seq, kind)] = pam.sim.suspended()[..] else { panic!("one call waits") };
        assert_eq!((kind, pam.sim.left_waiting(), pam.sim.records().len()), (POST, 1, 0));
        assert!(pam.sim.resume(seq) && !pam.sim.resume(seq), "once");
    });
    let (answer, ()) = tokio::join!(pam.post(&one), resumed);
    assert_eq!((pam.sim.value_of(&answer.id()).as_deref(), pam.sim.left_waiting()), (Some("one"), 0));
    assert_eq!(last(&pam).fault.as_deref(), Some("suspend"));
}

#[tokio::test]
async fn silence_lasts_until_the_caller_leaves() {
    for (phase, committed) in [(Phase::BeforeCommit, false), (Phase::AfterCommit, true)] {
        let pam = Pam::start().await;
        pam.sim.inject(Fault { phase, ..Fault::on(POST, Effect::Silence) });
        let one = full("k8s-a", "svc", "one");
        timeout(Duration::from_millis(200), pam.try_post(&one)).await.unwrap_err();
        assert_eq!(last(&pam).committed(), committed);
        assert_eq!(pam.sim.held().is_empty(), committed);
        let patience = Instant::now() + Duration::from_secs(20);
        while pam.sim.left_waiting() > 0 {
            assert!(Instant::now() < patience, "the caller has left");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(pam.sim.held().iter().all(|seq| pam.sim.commit_held(*seq)));
        assert_eq!(pam.sim.records().len(), 1);
    }
}

#[tokio::test]
async fn a_late_commit_was_admitted_when_it_arrived() {
    let pam = Pam::start().await;
    pam.sim.inject(Fault::on(POST, Effect::LateCommit(Duration::from_millis(100))));
    pam.try_post(&full("k8s-a", "svc", "one")).await.unwrap_err();
    pam.sim.revoke_tokens();
    assert!(pam.sim.wait_for(Duration::from_secs(20), |journal| journal.commits().len() == 1).await);
    assert_eq!(pam.sim.find("k8s-a").unwrap().value_writes, 1);
}
