//! P5: each change that others make in the vault is reported once, and the report goes when the change is undone.

use pam_simulator::{Seed, VaultEdit};
use serde_json::json;

use super::{BY_THE_VAULT, ends, hidden, to_web01};
use crate::support::vault::{assert_untouched, drifted, living, status_of};
use crate::support::{CANARY, World, ready};

const REPORTED: [(&str, &str); 9] = [
    ("removed", "NotListed"),
    ("hidden", "NotListed"),
    ("renamed", "Renamed"),
    ("changed", "ChangedInVault"),
    ("rotated", "RotatedInVault"),
    ("moved", "Moved"),
    ("identifier", "IdentifierChanged"),
    ("second", "SecondRecord"),
    ("from-secret", "Renamed"),
];

#[tokio::test]
async fn what_others_did_is_told_once_and_goes_when_it_is_put_right() {
    let world = living().await;
    let names = REPORTED.map(|(name, _)| name);
    let count = world.count().await;
    world.all_synced(&names[..8], json!({})).await;
    // A username that only the Secret has.
    let from_secret = json!({"username": null, "usernameSecretRef": {"name": "from-secret"}});
    world.put_secret("from-secret", json!({"username": "from-secret", "password": CANARY})).await;
    world.put_credential("from-secret", from_secret).await;
    world.becomes("from-secret", "Synced").await;
    world.have_baselines(&names).await;
    world.next_list().await;
    assert_eq!(world.statuses_written(&count).await, 2 * names.len(), "the sync, and the baseline: each once");
    let backup = world.sim.backup();

    // No more than three that are not where they were at once: those would be no single changes.
    let count = world.count().await;
    world.sim.remove_record(&world.id_of("removed").await);
    hidden(&world, "hidden").await;
    world.edit("renamed", VaultEdit::Username("another".into())).await;
    world.edit("changed", VaultEdit::Rotate(BY_THE_VAULT.into())).await;
    world.edit("rotated", VaultEdit::AutomaticChange(true)).await;
    world.edit("rotated", VaultEdit::Rotate(BY_THE_VAULT.into())).await;
    let (first, rest) = REPORTED.split_at(5);
    for (name, reason) in first {
        world.drifts(name, reason).await;
    }
    world.edit("moved", to_web01()).await;
    world.edit("identifier", VaultEdit::Identifier(Some("theirs".into()))).await;
    world.edit("from-secret", VaultEdit::Username("another".into())).await;
    world.sim.seed(Seed::new("second", "DB01", "10.0.0.7").identifier("other"));
    for (name, reason) in rest {
        world.drifts(name, reason).await;
    }
    assert_eq!(status_of(&world.get("identifier").await).remote.unwrap().identifier.as_deref(), Some("theirs"));
    world.next_list().await;
    assert_eq!(world.statuses_written(&count).await, names.len(), "nothing new is said by the lists after");
    assert_untouched(&world.journal(&count));
    told_with_ready_as_it_was(&world).await;

    let count = world.count().await;
    world.sim.restore(&backup);
    for name in names {
        let found = world.is_as_written(name).await;
        assert_eq!(ready(&found).1, "Synced");
    }
    assert_eq!(status_of(&world.get("identifier").await).remote.unwrap().identifier, None);
    assert_eq!(world.statuses_written(&count).await, names.len());
    assert_untouched(&world.journal(&count));
    a_push_begins_again(&world).await;
    ends(&world).await;
}

async fn a_push_begins_again(world: &World) {
    let change = async || status_of(&world.get("moved").await).remote.and_then(|remote| remote.change);
    let (count, before) = (world.count().await, change().await.expect("it is known"));
    world.put_secret("moved", json!({"password": format!("{CANARY}-2")})).await;
    world.pam_holds("moved", &format!("{CANARY}-2")).await;
    world.next_list().await;
    assert!(change().await.is_some_and(|after| after > before));
    assert!(drifted(&world.get("moved").await).is_none());
    assert_eq!(world.statuses_written(&count).await, 2, "the push, and what the list says of it");
}

async fn told_with_ready_as_it_was(world: &World) {
    for (name, _) in REPORTED {
        let found = world.get(name).await;
        assert_eq!((ready(&found).0.as_str(), ready(&found).1.as_str()), ("True", "Synced"), "{name}");
        world.event_of(name, "Drifted").await;
        assert_eq!(world.events_of(name, "Drifted").await, 1, "{name}");
        let message = drifted(&found).unwrap().message;
        let id = status_of(&found).id.unwrap();
        assert!(message.contains(&format!("ecord {id}")) || message.contains(&format!("than {id}")), "{message}");
        eprintln!("{name}: {message}");
    }
}

#[tokio::test]
async fn the_wide_table_shows_what_drifted_and_what_is_suspended() {
    let world = living().await;
    world.all_synced(&["moved", "as-written", "suspended"], json!({})).await;
    world.have_baselines(&["moved"]).await;
    world.put_credential("suspended", json!({"suspend": true})).await;
    world.edit("moved", to_web01()).await;
    world.drifts("moved", "Moved").await;
    let is_suspended = |found: &pam_operator::api::PamCredential| {
        status_of(found).conditions.iter().any(|condition| condition.type_ == "Suspended")
    };
    world.until("suspended", "suspended", is_suspended).await;
    let table = ["get", "pamcred", "-n", &world.namespace, "-o", "wide"];
    let shown = world.cluster.kubectl(&table).await.unwrap();
    let titles = shown.lines().next().unwrap();
    // A column that is empty has no word in its row: what stands below a title begins where the title does.
    let cell = |name: &str, title: &str| {
        let row = shown.lines().find(|line| line.starts_with(name)).unwrap();
        let cut = row.get(titles.find(title).expect(title)..).unwrap_or_default();
        cut.split(' ').next().unwrap_or_default().to_owned()
    };
    let cells = |name: &str| [cell(name, "DRIFTED"), cell(name, "SUSPENDED")];
    assert_eq!(cells("moved"), ["Moved", ""], "{shown}");
    assert_eq!(cells("suspended"), ["", "True"], "{shown}");
    assert_eq!(cells("as-written"), ["", ""], "{shown}");
    ends(&world).await;
}
