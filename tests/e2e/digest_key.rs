//! P6, P8: after the digest key is lost, no value counts as sent that was not, and seeds are not sent again.

use crate::support::steps::A_MOMENT;
use crate::support::{CANARY, World, assert_no_canary, base64};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, Patch, PatchParams};
use pam_operator::api::{DIGEST_KEY_FIELD, DIGEST_KEY_SECRET};
use serde_json::{Value, json};

const SEED: &str = "CANARYSEEDAAAAAA";
const OTHER_SEED: &str = "CANARYSEEDBBBBBB";

/// Stops the operator, and gives it another key.
async fn loses_its_key(world: &mut World) {
    assert_no_canary(&world.stop_operator().await);
    let secrets = Api::<Secret>::namespaced(world.client.clone(), world.install.namespace());
    let other = Patch::Merge(json!({"data": {DIGEST_KEY_FIELD: base64(&[7; 32])}}));
    secrets.patch(DIGEST_KEY_SECRET, &PatchParams::default(), &other).await.unwrap();
}

fn seed_from(key: &str) -> Value {
    json!({"additionalSettings": {"secretKeySecretRef": {"name": "svc", "key": key}}})
}

fn seed_of(world: &World) -> String {
    let record = &world.sim.records()[0];
    world.sim.secret_of(&record.id, "/additional_settings/secret_key").unwrap().reveal().to_owned()
}

/// The versions of the Secrets are those of then, and yet another value is due: to take it for the one that was sent
/// would leave the old one in the PAM for ever.
#[tokio::test]
async fn another_key_of_the_same_secret_is_not_taken_for_what_was_sent() {
    let mut world = World::start().await;
    let data = json!({"password": CANARY, "next": format!("{CANARY}-2"), "seed": SEED, "seed2": OTHER_SEED});
    world.put_secret("svc", data).await;
    world.put_credential("svc", seed_from("seed")).await;
    world.becomes("svc", "Synced").await;
    loses_its_key(&mut world).await;
    let mut spec = seed_from("seed2");
    crate::support::merge(&mut spec, json!({"contentSecretRef": {"name": "svc", "key": "next"}}));
    world.put_credential("svc", spec).await;
    world.start_operator().await;
    let held = world.becomes("svc", "Adopted").await;
    assert!(held.status.unwrap().value_held_back, "it may be older than the vault's: the user is asked");
    assert_eq!(seed_of(&world), OTHER_SEED);
    assert_no_canary(&world.everything_said().await);
}

/// Where there is no value, the digests of seeds are computed again all the same: else the next touch of the Secret would
/// send them again.
#[tokio::test]
async fn seeds_without_a_value_get_digests_of_the_new_key_and_are_not_sent() {
    let mut world = World::start().await;
    world.put_secret("svc", json!({"seed": SEED})).await;
    let mut object = world.credential_json("svc", seed_from("seed"));
    object["spec"].as_object_mut().unwrap().remove("contentSecretRef");
    world.apply([object]).await;
    let before = world.becomes("svc", "Synced").await.status.unwrap().digests;
    loses_its_key(&mut world).await;
    let count = world.count().await;
    world.start_operator().await;
    tokio::time::sleep(A_MOMENT).await;
    let after = world.becomes("svc", "Synced").await.status.unwrap().digests;
    assert_ne!(after["secretKey"], before["secretKey"]);
    let label = Patch::Merge(json!({"metadata": {"labels": {"touched": "yes"}}}));
    world.secrets().patch_metadata("svc", &PatchParams::default(), &label).await.unwrap();
    tokio::time::sleep(A_MOMENT).await;
    assert_eq!(world.journal(&count).posts().len(), 0, "{:?}", world.journal(&count));
    assert_no_canary(&world.everything_said().await);
}
