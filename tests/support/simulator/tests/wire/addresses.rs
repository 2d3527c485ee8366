//! Addresses of devices: compared by their text, or by what they mean.

use pam_simulator::{Addresses, Config};
use serde_json::{Value, json};

use crate::common::{HOST, Pam, full};

const SHORT: &str = "2001:db8::7";
const SPELLINGS: [&str; 4] =
    ["2001:DB8::7", "2001:0db8:0:0::7", "2001:db8:0:0:0:0:0:7", "2001:0db8:0000:0000:0000:0000:0000:0007"];

async fn pam(addresses: Addresses) -> Pam {
    let pam = Pam::with(Config::default().device(HOST, SHORT)).await;
    pam.sim.change_behaviour(|knobs| knobs.addresses = addresses);
    pam
}

fn at(ip: &str, identifier: &str) -> Value {
    let mut body = full(identifier, "svc", "one");
    body["ip"] = ip.into();
    body
}

#[tokio::test]
async fn by_text_another_spelling_is_another_device_and_another_account() {
    let pam = pam(Addresses::Text).await;
    let first = pam.post(&at(SHORT, "k8s-a")).await.id();
    assert_eq!(pam.post(&at(SPELLINGS[0], "k8s-a")).await.id(), first, "case never counts");
    for spelling in &SPELLINGS[1..] {
        assert_eq!(pam.post(&at(spelling, "k8s-b")).await.code(), 1011, "{spelling}");
    }
    pam.sim.add_device(HOST, SPELLINGS[1]);
    assert!(pam.post(&at(SPELLINGS[1], "k8s-b")).await.created(), "a second record of the account");
    assert_eq!(pam.rows().await[1]["management_ip"], SPELLINGS[1]);
}

#[tokio::test]
async fn by_meaning_every_spelling_is_the_one_device_in_its_own_spelling() {
    let pam = pam(Addresses::Meaning).await;
    let first = pam.post(&at(SHORT, "k8s-a")).await.id();
    for spelling in SPELLINGS {
        let updated = pam.post(&at(spelling, "k8s-b")).await;
        assert!(!updated.created());
        assert_eq!(updated.id(), first, "{spelling}: row 2");
    }
    let rows = pam.rows().await;
    assert_eq!((rows.len(), &rows[0]["management_ip"]), (1, &json!(SHORT)));
    assert_eq!(pam.post(&at("2001:db8::8", "k8s-c")).await.code(), 1011);
    assert_eq!(pam.post(&at("not:an::address!", "k8s-c")).await.code(), 1011);
}

#[tokio::test]
async fn the_knob_may_be_turned_at_any_time_and_holds_for_accounts_that_a_post_names() {
    let pam = pam(Addresses::Text).await;
    pam.sim.add_device(HOST, SPELLINGS[2]);
    let (first, second) = (pam.post(&at(SHORT, "k8s-a")).await.id(), pam.post(&at(SPELLINGS[2], "k8s-b")).await.id());
    assert_ne!(first, second);
    pam.sim.change_behaviour(|knobs| {
        knobs.addresses = Addresses::Meaning;
        knobs.references_exist = true;
    });
    let mut child = at(SHORT, "k8s-c");
    child["username"] = "child".into();
    child["execution_settings"] =
        json!({ "parent_credential": "svc", "parent_hostname": HOST, "parent_ip": SPELLINGS[3] });
    assert!(pam.post(&child).await.created());
    assert_eq!(pam.post(&at(SPELLINGS[2], "k8s-d")).await.id(), first, "the oldest of those that are one account");
    pam.sim.change_behaviour(|knobs| knobs.addresses = Addresses::Text);
    assert_eq!(pam.post(&child).await.code(), 1007);
}

#[tokio::test]
async fn an_ipv4_address_in_an_ipv6_one_is_the_same_by_meaning() {
    for (addresses, found) in [(Addresses::Text, false), (Addresses::Meaning, true)] {
        let pam = Pam::with(Config::default().device(HOST, "10.0.0.7")).await;
        pam.sim.change_behaviour(|knobs| knobs.addresses = addresses);
        assert_eq!(pam.post(&at("::ffff:10.0.0.7", "k8s-a")).await.status == 201, found);
        assert_eq!(pam.post(&at("010.0.0.7", "k8s-b")).await.code(), 1011, "no spelling of it: zeros may mean octal");
    }
}
