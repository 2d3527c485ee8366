//! An entry from its creation to its deactivation, and that nothing is sent where nothing changed.

use std::time::Duration;

use pam_operator::api::{ConditionType, find};
use pam_simulator::{EntrySeed, Kind, ProductVersion, Share};
use serde_json::{Value, json};

use super::{PATIENCE, SECRET, assert_secret, becomes, cluster, config};
use crate::support::{NAMESPACE, OperatedCluster, World, value, world};

/// The names of the fields that each PUT since a mark had.
fn puts(world: &World, mark: pam_simulator::Mark) -> Vec<Vec<String>> {
    let journal = world.journal(mark);
    let puts = journal.entries().iter().filter(|entry| entry.kind == Kind::PutSafePassword);
    let keys = |body: Value| body.as_object().unwrap().keys().cloned().collect();
    puts.map(|entry| keys(world.sim.body_of(entry.seq).unwrap())).collect()
}

/// Changes one field and returns what was sent for it.
async fn edited(world: &World, cluster: &OperatedCluster, change: &Value) -> Vec<Vec<String>> {
    let mark = world.sim.mark();
    cluster.api.edit("mysafepasswords", NAMESPACE, "svc1", |object| crate::support::merge(&mut object["spec"], change));
    tokio::time::sleep(Duration::from_secs(1)).await;
    becomes(world, cluster, "svc1", "Synced").await;
    puts(world, mark)
}

#[test]
fn p2_an_entry_is_made_and_each_edit_sends_what_changed_alone() {
    for version in ProductVersion::ALL {
        world(config(version), async |world| {
            let cluster = cluster(&world).await;
            cluster.put_value("svc1", &value("svc1", 1));
            cluster.put_entry(
                "svc1",
                &json!({"url": "https://a.example", "tags": ["dns"], "usersAllowed": [{"name": "ana"}]}),
            );
            becomes(&world, &cluster, "svc1", "Synced").await;
            let id = cluster.entry_id("svc1");
            let entry = world.sim.entry(&id).unwrap();
            assert_eq!(
                (entry.name.as_str(), entry.username.as_str(), entry.url.as_str()),
                ("svc1", "svc1", "https://a.example")
            );
            assert_eq!(entry.users, [Share::viewer("ana")], "{version}");
            let own = entry.tags.strip_suffix(",dns").unwrap().to_owned();
            assert!(own.starts_with("k8s-") && own.len() == 20, "{own}");
            assert_eq!(world.sim.value_of_entry(&id), Some(value("svc1", 1)));

            for (change, sent) in [
                (json!({"name": "Registrar"}), vec!["name"]),
                (json!({"username": "hostmaster"}), vec!["username"]),
                (json!({"url": "https://b.example"}), vec!["url"]),
                (json!({"notes": "owned"}), vec!["notes"]),
                (json!({"tags": ["dns", "team"]}), vec!["tags"]),
                (json!({"usersAllowed": [{"name": "rui", "canEdit": true}]}), vec!["users_allowed"]),
                (json!({"groupsAllowed": [{"name": "NOC"}]}), vec!["groups_allowed"]),
                (json!({"usersAllowed": []}), vec!["users_allowed"]),
                (json!({"url": null}), vec![]),
            ] {
                let expected: Vec<Vec<&str>> = if sent.is_empty() { Vec::new() } else { vec![sent] };
                assert_eq!(edited(&world, &cluster, &change).await, expected, "{version}: {change}");
            }
            let mark = world.sim.mark();
            cluster.put_value("svc1", &value("svc1", 2));
            world.until("the rotation", PATIENCE, || world.sim.value_of_entry(&id) == Some(value("svc1", 2))).await;
            assert_eq!(puts(&world, mark), [["password"]]);
            let entry = world.sim.entry(&id).unwrap();
            assert_eq!(
                (entry.name.as_str(), entry.users, entry.groups),
                ("Registrar", vec![], vec![Share::viewer("NOC")])
            );
            assert_eq!(entry.tags, format!("{own},dns,team"), "its own tag stays");
            assert_eq!(
                (world.sim.entries().len(), world.sim.mails_sent()),
                (1, world.sim.mails_to("ana") + world.sim.mails_to("rui") + world.sim.mails_to("NOC"))
            );
            assert_secret(&world, &cluster);
        });
    }
}

#[test]
fn p1_nothing_is_written_while_nothing_changes_and_by_no_restart() {
    world(config(ProductVersion::V4_2), async |world| {
        let mut cluster = cluster(&world).await;
        for name in ["svc1", "svc2"] {
            cluster.put_value(name, &value(name, 1));
            cluster.put_entry(name, &json!({"usersAllowed": [{"name": "ana"}], "active": true}));
        }
        for name in ["svc1", "svc2"] {
            becomes(&world, &cluster, name, "Synced").await;
        }
        tokio::time::sleep(Duration::from_mins(5)).await;
        let (mark, of_api) = (world.sim.mark(), cluster.api.mark());
        tokio::time::sleep(Duration::from_hours(6)).await;
        cluster.restart(Duration::from_secs(7)).await;
        tokio::time::sleep(Duration::from_hours(6)).await;
        let journal = world.journal(mark);
        assert!(
            journal.entries().iter().all(|entry| [Kind::Token, Kind::ListSafePasswords].contains(&entry.kind)),
            "{journal:?}"
        );
        assert!((1..=30).contains(&journal.count(Kind::ListSafePasswords)), "{journal:?}");
        let writes = cluster.api.since(of_api).resource("mysafepasswords").writes();
        assert!(writes.is_empty(), "{writes:?}");
        assert_eq!(world.sim.mails_sent(), 2);
        assert_secret(&world, &cluster);
    });
}

#[test]
fn p7_a_deletion_deactivates_the_entry_or_leaves_it() {
    world(config(ProductVersion::V4_2), async |world| {
        let cluster = cluster(&world).await;
        for (name, policy) in [("svc1", "Deactivate"), ("svc2", "Retain")] {
            cluster.put_value(name, &value(name, 1));
            cluster.put_entry(name, &json!({"deletionPolicy": policy}));
            becomes(&world, &cluster, name, "Synced").await;
        }
        let ids = ["svc1", "svc2"].map(|name| cluster.entry_id(name));
        for name in ["svc1", "svc2"] {
            cluster.api.delete("mysafepasswords", NAMESPACE, name);
        }
        world.until("the objects to go", PATIENCE, || cluster.api.list("mysafepasswords").is_empty()).await;
        let active = ids.each_ref().map(|id| world.sim.entry(id).unwrap().active);
        assert_eq!(active, [false, true]);
        assert_eq!(world.sim.count(Kind::DeactivateSafePassword), 1);
        assert!(cluster.said().contains("Deactivated"));
        assert_secret(&world, &cluster);
    });
}

#[test]
fn p7_many_deletions_at_once_are_held_by_the_brake() {
    world(config(ProductVersion::V4_2), async |world| {
        let cluster = cluster(&world).await;
        cluster.put_connection(
            &json!({"product": "MySafe", "access": [{"allow": ["MySafe"]}], "disableBrake": {"count": 2}}),
        );
        let names: Vec<String> = (0..6).map(|number| format!("svc{number}")).collect();
        for name in &names {
            cluster.put_value(name, &value(name, 1));
            cluster.put_entry(name, &json!({"deletionPolicy": "Deactivate"}));
        }
        for name in &names {
            becomes(&world, &cluster, name, "Synced").await;
        }
        for name in &names {
            cluster.api.delete("mysafepasswords", NAMESPACE, name);
        }
        tokio::time::sleep(Duration::from_mins(30)).await;
        assert_eq!(world.sim.count(Kind::DeactivateSafePassword), 2, "{}", cluster.said());
        assert!(
            cluster.said().contains("DisablesHeld") && cluster.said().contains("disable brake"),
            "{}",
            cluster.said()
        );
        assert_secret(&world, &cluster);
    });
}

#[test]
fn an_entry_is_switched_off_and_on_as_the_spec_says() {
    world(config(ProductVersion::V4_2), async |world| {
        let cluster = cluster(&world).await;
        cluster.put_value("svc1", &value("svc1", 1));
        cluster.put_entry("svc1", &json!({}));
        becomes(&world, &cluster, "svc1", "Synced").await;
        let id = cluster.entry_id("svc1");
        for active in [false, true, false] {
            tokio::time::sleep(Duration::from_hours(3)).await;
            let status = cluster.entry("svc1").unwrap().status.unwrap();
            assert_eq!(find(&status.conditions, ConditionType::Drifted), None, "an inactive entry may leave the list");
            assert!(edited(&world, &cluster, &json!({"active": active})).await.is_empty());
            assert_eq!(world.sim.entry(&id).unwrap().active, active);
        }
        assert_eq!(
            (world.sim.count(Kind::DeactivateSafePassword), world.sim.count(Kind::ActivateSafePassword)),
            (2, 1)
        );
        assert_secret(&world, &cluster);
    });
}

#[test]
fn p4_an_entry_that_is_named_becomes_the_objects_own_and_only_of_one_object() {
    world(config(ProductVersion::V4_2), async |world| {
        let cluster = cluster(&world).await;
        let id = world.sim.plant(EntrySeed::new("svc", "old", "someone").url("https://old.example"));
        let adopts = json!({"identifier": id, "adoptionPolicy": "ByIdentifier"});
        for name in ["svc1", "svc2"] {
            cluster.put_value(name, &value(name, 1));
        }
        cluster.put_entry("svc1", &adopts);
        becomes(&world, &cluster, "svc1", "Synced").await;
        assert_eq!(world.sim.value_of_entry(&id), Some(value("svc1", 1)));
        assert_eq!(world.sim.entry(&id).unwrap().name, "svc1");
        cluster.put_entry("svc2", &adopts);
        becomes(&world, &cluster, "svc2", "IdentifierConflict").await;
        tokio::time::sleep(Duration::from_hours(2)).await;
        assert_eq!(world.sim.value_of_entry(&id), Some(value("svc1", 1)));
        cluster.api.delete("mysafepasswords", NAMESPACE, "svc1");
        becomes(&world, &cluster, "svc2", "Synced").await;
        assert_eq!((world.sim.value_of_entry(&id), world.sim.entries().len()), (Some(value("svc2", 1)), 1));
        assert_secret(&world, &cluster);
    });
}

#[test]
fn a_plan_and_a_suspended_object_send_nothing() {
    world(config(ProductVersion::V4_2), async |world| {
        let cluster = cluster(&world).await;
        for (name, change) in [("svc1", json!({"mode": "Plan"})), ("svc2", json!({"suspend": true}))] {
            cluster.put_value(name, &value(name, 1));
            cluster.put_entry(name, &change);
        }
        becomes(&world, &cluster, "svc1", "Planned").await;
        let plan = cluster.entry("svc1").unwrap().status.unwrap().plan.unwrap();
        assert_eq!(
            serde_json::to_value(plan).unwrap(),
            json!({"action": "Create", "groups": ["content", "name", "username"]})
        );
        tokio::time::sleep(Duration::from_hours(2)).await;
        let status = cluster.entry("svc2").unwrap().status.unwrap();
        assert!(find(&status.conditions, ConditionType::Suspended).is_some());
        assert!(world.sim.entries().is_empty());
        assert_secret(&world, &cluster);
    });
}

#[test]
fn users_whom_the_pam_does_not_know_are_named_and_the_entry_is_written() {
    world(config(ProductVersion::V4_2), async |world| {
        let cluster = cluster(&world).await;
        cluster.put_value("svc1", &value("svc1", 1));
        cluster.put_entry("svc1", &json!({"usersAllowed": [{"name": "ana"}, {"name": "nobody"}]}));
        becomes(&world, &cluster, "svc1", "Synced").await;
        let incomplete = || {
            let status = cluster.entry("svc1").unwrap().status.unwrap();
            find(&status.conditions, ConditionType::SharingIncomplete).map(|condition| condition.message.clone())
        };
        let message = incomplete().unwrap();
        assert!(message.contains("nobody") && !message.contains("ana,"), "{message}");
        cluster.put_value("svc1", &value("svc1", 2));
        tokio::time::sleep(Duration::from_mins(10)).await;
        assert_eq!(incomplete(), Some(message), "a rotation says nothing of shares");
        edited(&world, &cluster, &json!({"usersAllowed": [{"name": "ana"}]})).await;
        assert_eq!(incomplete(), None);
        assert_secret(&world, &cluster);
    });
}

#[test]
fn what_others_change_is_told_and_not_undone() {
    world(config(ProductVersion::V4_2), async |world| {
        let cluster = cluster(&world).await;
        cluster.put_value("svc1", &value("svc1", 1));
        cluster.put_entry("svc1", &json!({}));
        becomes(&world, &cluster, "svc1", "Synced").await;
        let (id, mark) = (cluster.entry_id("svc1"), world.sim.mark());
        let drifted = || {
            let status = cluster.entry("svc1").unwrap().status.unwrap();
            find(&status.conditions, ConditionType::Drifted).map(|condition| condition.reason.clone())
        };
        world
            .sim
            .edit_entry(&id, pam_simulator::EntryEdit::Text { field: "name".to_owned(), text: "theirs".to_owned() });
        world.until("the drift", PATIENCE * 6, || drifted().as_deref() == Some("Changed")).await;
        world.sim.edit_entry(&id, pam_simulator::EntryEdit::Active(false));
        world.until("the drift", PATIENCE * 6, || drifted().as_deref() == Some("NotListed")).await;
        assert_eq!(puts(&world, mark), Vec::<Vec<String>>::new());
        assert_eq!(world.sim.entries().len(), 1, "no other entry is made");
        assert_secret(&world, &cluster);
    });
}

#[test]
fn a_connection_for_another_product_or_without_the_grant_is_told_and_nothing_is_sent() {
    world(config(ProductVersion::V4_2), async |world| {
        let cluster = cluster(&world).await;
        cluster.put_connection(&json!({"product": "MySafe", "access": [{"allow": ["TakeOver"]}]}));
        cluster.put_value("svc1", &value("svc1", 1));
        cluster.put_entry("svc1", &json!({}));
        becomes(&world, &cluster, "svc1", "AccessDenied").await;
        cluster.put_login(&world.sim.client_id(), &world.sim.client_secret());
        cluster.put_connection(&json!({"product": "PamCore"}));
        becomes(&world, &cluster, "svc1", "ConnectionNotReady").await;
        assert!(world.sim.entries().is_empty());
        cluster.put_login("key", SECRET);
        cluster.put_connection(&json!({"product": "MySafe", "access": [{"allow": ["MySafe"]}]}));
        becomes(&world, &cluster, "svc1", "Synced").await;
        assert_eq!(world.sim.entries().len(), 1);
        assert_secret(&world, &cluster);
    });
}
