//! P4, P5: the list is read whole or not at all, first pushes share it, and a write without an answer is found in it.

use std::time::Duration;

use futures::future::join_all;
use pam_operator::pam::{Account, Inventory, ListedCredential, Origins, PamClient, PamError};
use pam_simulator::{Effect, Fault, Kind, Seed};

use crate::support::{Pam, judge, list, request, seed, short};

#[tokio::test]
async fn a_damaged_list_is_an_error_and_never_a_short_list() {
    let pam = Pam::start().await;
    for number in 0..300 {
        pam.sim.seed(seed(number));
    }
    let cases = [
        (Effect::Truncated, "unavailable_reset"),
        (Effect::CutJson, "malformed"),
        (Effect::Garbage, "malformed"),
        (Effect::Empty, "malformed"),
        (raw("{}"), "malformed"),
        (raw(r#"{"response":{"message":"CANARY"},"credentials":null}"#), "malformed"),
        (raw(r#"{"credentials":[{"username":"CANARY without an id"}]}"#), "malformed"),
        (Effect::CodeInSuccess(1039), "permission_denied"),
        (Effect::Reset, "unavailable_reset"),
        (Effect::Drip { bytes: 100, pause: Duration::from_secs(1) }, "unavailable_timeout"),
    ];
    for (effect, kind) in cases {
        let client = PamClient::new(pam.endpoint(), &Origins::new(), short()).unwrap();
        pam.sim.inject(Fault::on(Kind::ListCredentials, effect.clone()));
        let listed = list(&client).await;
        let is_incomplete = listed.as_ref().is_err_and(PamError::list_is_incomplete);
        assert_eq!((judge(listed), is_incomplete), ((kind, false), kind == "malformed"), "{effect:?}");
    }
    let drip = Effect::Drip { bytes: 5000, pause: Duration::from_millis(5) };
    pam.sim.inject(Fault::on(Kind::ListCredentials, drip));
    assert_eq!(list(&pam.client()).await.unwrap().len(), 300);
}

fn raw(body: &str) -> Effect {
    Effect::Raw { status: 200, content_type: "application/json".into(), body: body.into() }
}

#[tokio::test]
async fn an_empty_list_is_a_list() {
    let pam = Pam::start().await;
    assert_eq!(list(&pam.client()).await.unwrap(), []);
}

#[tokio::test]
async fn ssh_keys_and_rotated_records_are_told_apart() {
    let pam = Pam::start().await;
    pam.sim.seed(seed(1).ssh_key());
    pam.sim.seed(seed(2).automatic_change());
    let records = list(&pam.client()).await.unwrap();
    let of = |name: &str| records.iter().find(|record| record.identifier.as_deref() == Some(name)).unwrap();
    assert!(of("seed1").is_ssh_key() && !of("seed2").is_ssh_key());
    assert_eq!(of("seed2").automatic_change, Some(true));
    assert!(of("seed2").change.is_some());
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_found_in_the_next_list() {
    let pam = Pam::start().await;
    let (client, inventory) = (pam.client(), Inventory::new());
    pam.sim.inject(Fault::on(Kind::PostCredential, Effect::Reset).after_commit());
    let error = client.upsert_credential(&request("one")).await.unwrap_err();
    assert!(error.outcome_unknown());
    inventory.invalidate();
    let seen = inventory.fresh(&client, None).await.unwrap().look("one", &account("one"));
    assert_eq!((seen.identified.len(), &seen.identified), (1, &seen.same_account));
    assert_eq!(pam.count(Kind::PostCredential), 1);
}

#[tokio::test]
async fn first_pushes_share_one_list_and_see_each_others_writes() {
    let pam = Pam::start().await;
    let (client, inventory) = (pam.client(), Inventory::new());
    let looks = join_all((0..50).map(|_| inventory.fresh(&client, None))).await;
    assert!(looks.iter().all(|snapshot| snapshot.as_ref().unwrap().is_empty()));
    let upserted = client.upsert_credential(&request("one")).await.unwrap();
    let sent = request("one");
    inventory.note_written(ListedCredential {
        id: upserted.id.clone(),
        identifier: upserted.identifier,
        username: sent.username,
        hostname: sent.hostname,
        ip: sent.ip,
        ..ListedCredential::default()
    });
    let snapshot = inventory.fresh(&client, None).await.unwrap();
    assert_eq!(snapshot.look("two", &account("one")).same_account[0].id, upserted.id);
    assert_eq!((pam.count(Kind::ListCredentials), pam.count(Kind::Token)), (1, 1));
}

fn account(identifier: &str) -> Account {
    Account::new(&request(identifier).username.to_uppercase(), "DB01", "10.0.0.7")
}

#[tokio::test]
async fn a_record_is_found_by_every_spelling_of_its_address() {
    let pam = Pam::start().await;
    let long = "2001:0DB8:0:0::7";
    pam.sim.add_device("db01", long);
    pam.sim.add_device(long, "10.0.0.9");
    pam.sim.seed(Seed { ip: long.to_owned(), ..seed(1) });
    pam.sim.seed(Seed { hostname: long.to_owned(), ip: "10.0.0.9".to_owned(), ..seed(2) });
    let snapshot = Inventory::new().fresh(&pam.client(), None).await.unwrap();
    for spelling in ["2001:db8::7", long, "[2001:db8::7]"] {
        let found = |account: Account| snapshot.look("none", &account).same_account.len();
        assert_eq!(found(Account::new(&seed(1).username, "DB01", spelling)), 1, "{spelling}");
        assert_eq!(found(Account::new(&seed(2).username, spelling, "10.0.0.9")), 1, "{spelling}");
        let near = snapshot.look("none", &Account::new(&seed(1).username, "another", spelling)).near;
        assert_eq!(near.len(), 1, "{spelling}");
    }
}

#[tokio::test]
async fn a_long_list_is_read_whole() {
    let pam = Pam::start().await;
    pam.sim.seed_all((0..5000).map(seed));
    assert_eq!(list(&pam.client()).await.unwrap().len(), 5000);
}
