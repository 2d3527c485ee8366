//! P3, P4, P8, P10: a PAM, or something before it, that answers what it likes.

use std::time::Duration;

use pam_simulator::{Effect, EntrySeed, Fault, Kind, ProductVersion, SafeTags, Share};
use serde_json::json;
use tokio::time::sleep;

use super::{assert_secret, becomes, cluster, config};
use crate::support::{NAMESPACE, OperatedCluster, World, assert_no_canary, value, world};

const VERSION: ProductVersion = ProductVersion::V4_2;
/// A value, or a username, that could also be an identifier.
const DIGITS: &str = "73465110947382";

/// Has the field at a path of an answer be another text.
pub fn other_field(kind: Kind, path: &str, text: &str) -> Fault {
    Fault::on(kind, Effect::OtherField { path: path.to_owned(), text: text.to_owned() })
}

/// Has the PAM execute the next creation, and nobody hear of it.
fn lose_creation(world: &World) {
    world.sim.inject(Fault::on(Kind::PostSafePassword, Effect::Reset).after_commit());
}

fn put(cluster: &OperatedCluster, change: &serde_json::Value) {
    cluster.put_value("svc1", &value("svc1", 1));
    cluster.put_entry("svc1", change);
}

fn of_svc1(world: &World) -> usize {
    world.sim.entries().iter().filter(|entry| entry.username == "svc1").count()
}

fn stranger() -> EntrySeed {
    EntrySeed::new("stranger", "bank", "cfo").shared_with(Share::editor("svc"))
}

// === Answers to creations

#[test]
fn p4_an_answer_that_names_an_entry_which_was_there_before_gives_the_object_no_entry() {
    world(config(VERSION), async |world| {
        let cluster = cluster(&world).await;
        let theirs = world.sim.plant(stranger());
        world.sim.inject(other_field(Kind::PostSafePassword, "password_entity/identifier", &theirs));
        put(&cluster, &json!({"usersAllowed": [{"name": "ana"}]}));
        sleep(Duration::from_mins(5)).await;
        cluster.put_value("svc1", &value("svc1", 2));
        sleep(Duration::from_hours(1)).await;
        let theirs = world.sim.entry(&theirs).unwrap();
        assert_eq!((theirs.value_writes, theirs.users), (1, vec![Share::editor("svc")]), "it was written to");
        becomes(&world, &cluster, "svc1", "Synced").await;
        assert_eq!(world.sim.value_of_entry(&cluster.entry_id("svc1")), Some(value("svc1", 2)));
        assert_secret(&world, &cluster);
    });
}

#[test]
fn p4_an_answer_that_names_an_entry_of_another_object_gives_the_object_no_entry() {
    world(config(VERSION), async |world| {
        let cluster = cluster(&world).await;
        put(&cluster, &json!({"suspend": true}));
        sleep(Duration::from_secs(20)).await;
        cluster.put_value("svc2", &value("svc2", 1));
        cluster.put_entry("svc2", &json!({}));
        becomes(&world, &cluster, "svc2", "Synced").await;
        let theirs = cluster.entry_id("svc2");
        world.sim.inject(other_field(Kind::PostSafePassword, "password_entity/identifier", &theirs));
        cluster.put_entry("svc1", &json!({"usersAllowed": [{"name": "ana"}]}));
        sleep(Duration::from_mins(5)).await;
        for name in ["svc1", "svc2"] {
            cluster.put_value(name, &value(name, 2));
        }
        sleep(Duration::from_hours(1)).await;
        assert_eq!(world.sim.value_of_entry(&theirs), Some(value("svc2", 2)));
        assert_eq!(world.sim.entry(&theirs).unwrap().users, [], "it was shared by another object");
        assert_secret(&world, &cluster);
    });
}

#[test]
fn p8_no_username_of_a_secret_is_shown_as_identifier() {
    world(config(VERSION), async |world| {
        let cluster = cluster(&world).await;
        world.sim.inject(other_field(Kind::PostSafePassword, "password_entity/identifier", DIGITS).times(3));
        let meta = json!({"name": "login1", "namespace": NAMESPACE});
        cluster.api.put("secrets", &json!({"metadata": meta, "stringData": {"username": DIGITS}}));
        put(&cluster, &json!({"username": null, "usernameSecretRef": {"name": "login1"}}));
        sleep(Duration::from_mins(5)).await;
        let said = cluster.said() + &world.logs() + &cluster.metrics();
        assert!(!said.contains(DIGITS), "{:?}", cluster.entry("svc1"));
        assert_secret(&world, &cluster);
    });
}

/// A refusal by the PAM is believed, and one by something before it cannot be told from that: but each further creation waits
/// for a list that began after the last one. Of a token that is said to be bad, the client gets another one, and repeats the call.
#[test]
fn p3_refusals_after_the_commit_make_no_row_of_entries() {
    for (effect, made) in [
        (Effect::rate_limited(None), 1),
        (Effect::rate_limited(Some("1")), 1),
        (Effect::Code(1001), 1),
        (Effect::NotAuthorized, 1),
        (Effect::gateway(404), 2),
    ] {
        world(config(VERSION), async |world| {
            let cluster = cluster(&world).await;
            // A list that is a few seconds old.
            cluster.put_value("before", &value("before", 1));
            cluster.put_entry("before", &json!({}));
            sleep(Duration::from_secs(3)).await;
            world.sim.inject(Fault::on(Kind::PostSafePassword, effect.clone()).after_commit().always());
            put(&cluster, &json!({}));
            sleep(Duration::from_hours(1)).await;
            assert_eq!(
                (of_svc1(&world), cluster.entry_reason("svc1").as_str()),
                (made, "RecordConflict"),
                "{effect:?}"
            );
            assert_secret(&world, &cluster);
        });
    }
}

// === Lists after a lost answer

#[test]
fn p3_an_empty_list_after_a_lost_answer_makes_no_second_entry() {
    world(config(VERSION), async |world| {
        let cluster = cluster(&world).await;
        let _ = world.sim.plant(stranger());
        lose_creation(&world);
        put(&cluster, &json!({}));
        sleep(Duration::from_secs(20)).await;
        let body = r#"{"response":{"status":200,"message":"","error":false},"password_on_list":[]}"#;
        let empty = Effect::Raw { status: 200, content_type: "application/json".into(), body: body.into() };
        let fault = world.sim.inject(Fault::on(Kind::ListSafePasswords, empty).always());
        sleep(Duration::from_hours(1)).await;
        assert_eq!(cluster.entry_reason("svc1"), "InventoryIncomplete");
        assert!(cluster.said().contains("MySafe's list is empty"));
        world.sim.remove_fault(fault);
        becomes(&world, &cluster, "svc1", "Synced").await;
        assert_eq!(of_svc1(&world), 1);
        assert_secret(&world, &cluster);
    });
}

#[test]
fn p3_many_long_tags_hide_no_entry() {
    let mut config = config(VERSION);
    config.behaviour.my_safe.html_entities = true;
    world(config, async |world| {
        let cluster = cluster(&world).await;
        lose_creation(&world);
        let tags: Vec<String> = (0..64).map(|number| format!("{number:04}{}", "\u{e9}".repeat(120))).collect();
        put(&cluster, &json!({"name": "R&D", "tags": tags}));
        becomes(&world, &cluster, "svc1", "Synced").await;
        assert_eq!(of_svc1(&world), 1);
        assert_secret(&world, &cluster);
    });
}

#[test]
fn p3_a_dropped_tag_and_a_name_in_html_make_no_second_entry() {
    let mut config = config(VERSION);
    config.behaviour.my_safe.html_entities = true;
    config.behaviour.my_safe.tags = SafeTags::Dropped;
    world(config, async |world| {
        let cluster = cluster(&world).await;
        lose_creation(&world);
        put(&cluster, &json!({"name": "R&D"}));
        sleep(Duration::from_hours(1)).await;
        assert_eq!((of_svc1(&world), cluster.entry_reason("svc1").as_str()), (1, "RecordConflict"));
        assert_secret(&world, &cluster);
    });
}

#[test]
fn p8_no_listed_identifier_that_is_the_value_is_shown() {
    world(config(VERSION), async |world| {
        let cluster = cluster(&world).await;
        let _ = world.sim.plant(stranger());
        world.sim.inject(other_field(Kind::ListSafePasswords, "password_on_list/0/identifier", DIGITS).always());
        world.sim.inject(Fault::on(Kind::PostSafePassword, Effect::Reset).times(3));
        cluster.put_value("svc1", DIGITS);
        cluster.put_entry("svc1", &json!({}));
        for _ in 0..400 {
            sleep(Duration::from_secs(1)).await;
            let said = cluster.said() + &cluster.metrics();
            assert!(!said.contains(DIGITS), "{:?}", cluster.entry("svc1"));
        }
        assert!(!world.logs().contains(DIGITS));
        assert_secret(&world, &cluster);
    });
}

// === Lost changes

#[test]
fn p10_shares_without_an_answer_send_few_mails() {
    let mut config = config(VERSION);
    config.behaviour.my_safe.unchanged_shares_mail = true;
    world(config, async |world| {
        let cluster = cluster(&world).await;
        world.sim.inject(Fault::on(Kind::PutSafePassword, Effect::gateway(502)).after_commit().always());
        put(&cluster, &json!({"usersAllowed": [{"name": "ana"}]}));
        sleep(Duration::from_hours(24)).await;
        let mails = world.sim.mails_to("ana");
        assert!((24..=96).contains(&mails), "{mails} in a day");
        assert_secret(&world, &cluster);
        assert_no_canary(&world.logs());
    });
}
