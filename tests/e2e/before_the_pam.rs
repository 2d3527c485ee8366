//! P1, P8, P10: what a firewall before the PAM and a bad certificate do, and what users read of it.

use std::time::{Duration, Instant};

use local_cluster::wait_until;
use pam_operator::api::{ConditionType, find};
use pam_simulator::{Fault, Kind};
use serde_json::json;

use crate::support::{CANARY, PATIENCE, World, assert_no_canary, base64, ready};

/// Waits until the connection's message has these words, and returns its reason and the message.
async fn connection_says(world: &World, words: &str) -> (String, String) {
    wait_until(words, PATIENCE, async || {
        let found = world.connections().get(&world.connection).await?;
        let conditions = found.status.unwrap_or_default().conditions;
        let ready = find(&conditions, ConditionType::Ready).cloned();
        let (reason, message) = ready.map(|ready| (ready.reason, ready.message)).unwrap_or_default();
        anyhow::ensure!(message.contains(words), "{reason}: {message}");
        Ok((reason, message))
    })
    .await
    .unwrap_or_else(|error| panic!("{error}\n{}", world.logs()))
}

#[tokio::test]
async fn a_firewall_that_refuses_one_value_leaves_the_neighbours_and_the_login_alone() {
    let world = World::start().await;
    world.synced("near").await;
    world.synced("svc").await;
    world.sim.inject(Fault::firewall("<script>"));
    let (mark, began) = (world.sim.mark(), Instant::now());
    world.put_secret("svc", json!({"password": format!("{CANARY}<script>")})).await;
    let (_, _, message) = ready(&world.becomes("svc", "PamRejected").await);
    assert!(message.contains("something before the PAM refused this request"), "{message}");
    for round in 0..4 {
        if round == 1 {
            world.sim.revoke_tokens();
        }
        let value = format!("{CANARY}-{round}");
        world.put_secret("near", json!({"password": value})).await;
        world.pam_holds("near", &value).await;
        world.becomes("near", "Synced").await;
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    let journal = world.sim.since(mark);
    assert_eq!(journal.count(Kind::Token), 1, "the login for the token that was revoked: {journal:?}");
    // The second looks come after ten seconds, then later and later; the first not before five.
    let second_looks = usize::try_from(began.elapsed().as_secs() / 5).unwrap();
    let refused = journal.posts_for(&world.identifier_of("svc")).len();
    assert!((1..=1 + second_looks).contains(&refused), "{refused} times in {:?}", began.elapsed());
    let told: Vec<_> = world.events().await.into_iter().filter_map(|event| event.reason).collect();
    assert!(!told.iter().any(|reason| reason == "PamAuthenticationFailed"), "{told:?}");
    connection_says(&world, "accepted the login").await;

    let plain = format!("{CANARY}-plain");
    world.put_secret("svc", json!({"password": plain})).await;
    world.becomes("svc", "Synced").await;
    world.pam_holds("svc", &plain).await;
    assert_eq!(world.sim.records().len(), 2);
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn a_firewall_before_the_token_endpoint_refuses_no_login() {
    let world = World::start().await;
    world.synced("svc").await;
    world.sim.inject(Fault::firewall("grant_type=client_credentials"));
    let mark = world.sim.mark();
    world.put_connection(json!({"referrer": "https://operator.example.com"})).await;
    let (reason, message) = connection_says(&world, "something before the PAM refused this request, the login").await;
    assert_eq!(reason, "PamUnavailable", "{message}");
    world.put_secret("svc", json!({"password": format!("{CANARY}-2")})).await;
    let (_, _, message) = ready(&world.becomes("svc", "PamUnavailable").await);
    assert!(message.contains("something before the PAM refused this request, the login"), "{message}");
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(world.sim.since(mark).count(Kind::Token), 1, "once a minute, whoever needs a token");
    world.sim.clear_faults();
    world.put_connection(json!({"referrer": "https://other.example.com"})).await;
    world.pam_holds("svc", &format!("{CANARY}-2")).await;
    world.becomes("svc", "Synced").await;
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn a_bundle_with_a_bad_block_is_used_and_the_block_is_named() {
    let mut world = World::start().await;
    let own = world.sim.ca_pem();
    let (cut, key) = (&own[..own.len() / 2], "-----BEGIN PRIVATE KEY-----\nCANARY\n-----END PRIVATE KEY-----\n");
    let bundle = |text: &str| json!({"tls": {"caBundle": base64(text.as_bytes())}});
    world.put_connection(bundle(&format!("\u{feff}{key}{own}{cut}"))).await;
    let named = "block 1 (a private key, which must not be there), block 3 (cut off: its END line is missing)";
    let (reason, said) = connection_says(&world, named).await;
    assert_eq!(reason, "Authenticated", "{said}");
    assert!(!said.contains("CANARY"), "{said}");
    world.synced("svc").await;
    world.stop_operator().await;
    let mark = world.sim.mark();
    world.start_operator().await;
    world.put_secret("svc", json!({"password": format!("{CANARY}-2")})).await;
    world.pam_holds("svc", &format!("{CANARY}-2")).await;
    assert_eq!(connection_says(&world, named).await, (reason, said), "after a restart too");
    assert_eq!(world.sim.since(mark).count(Kind::Token), 1);

    world.put_connection(bundle(cut)).await;
    let (reason, said) = connection_says(&world, "no usable certificate [block 1 (cut off").await;
    assert_eq!(reason, "ConnectionNotReady", "{said}");
    world.put_secret("svc", json!({"password": format!("{CANARY}-3")})).await;
    world.becomes("svc", "ConnectionNotReady").await;
    world.put_connection(json!({})).await;
    let (_, said) = connection_says(&world, "accepted the login").await;
    assert!(!said.contains("block"), "{said}");
    world.pam_holds("svc", &format!("{CANARY}-3")).await;
    world.becomes("svc", "Synced").await;
    assert_no_canary(&world.everything_said().await);
}
