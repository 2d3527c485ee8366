//! P3, P10: what is sent for a credential, with how many logins and with how many requests at once.

use std::time::{Duration, Instant};

use futures::future::join_all;
use pam_operator::pam::{CredentialRequest, UpsertEffect};
use pam_simulator::{Effect, ExpiresIn, Fault, Kind};

use crate::fields;
use crate::support::{Pam, VALUE, list, request};

#[tokio::test]
async fn a_credential_is_created_updated_and_listed_with_one_login() {
    let pam = Pam::start().await;
    let client = pam.client();
    client.authenticate().await.unwrap();
    let created = client.upsert_credential(&request("one")).await.unwrap();
    assert_eq!((created.effect, created.identifier.as_deref()), (UpsertEffect::Created, Some("one")));
    assert_eq!(created.tenant.as_deref(), Some("acme"));
    assert_eq!(pam.sim.value_of(&created.id).as_deref(), Some(VALUE));
    let tags = CredentialRequest { content: None, fields: vec![fields::list("tags", &["a", "b"])], ..request("one") };
    let updated = client.upsert_credential(&tags).await.unwrap();
    assert_eq!((updated.effect, &updated.id), (UpsertEffect::Updated, &created.id));
    let journal = pam.sim.journal();
    assert!(journal.posts()[0].sent("content") && !journal.posts()[1].sent("content"));
    let body = pam.sim.body_of(journal.posts()[1].seq).unwrap();
    assert_eq!(body["tags"], "a,b");
    let listed = list(&client).await.unwrap();
    assert_eq!((listed.len(), &listed[0].id, listed[0].ip.as_str()), (1, &created.id, "10.0.0.7"));
    assert_eq!(listed[0].automatic_change, Some(false));
    assert_eq!((pam.count(Kind::Token), pam.sim.journal().len()), (1, 4));
    assert!(pam.sim.journal().secrets_handed_out().is_empty());
}

#[tokio::test]
async fn odd_lifetimes_do_not_mean_a_login_per_call() {
    let odd = [ExpiresIn::Seconds(0), ExpiresIn::Seconds(-1), ExpiresIn::Seconds(i64::MAX)];
    let odd = odd.into_iter().chain([ExpiresIn::Text("3600".into()), ExpiresIn::Missing]);
    let pam = Pam::start().await;
    for (number, expires_in) in odd.enumerate() {
        pam.sim.set_expires_in(expires_in);
        let client = pam.client();
        for _ in 0..5 {
            list(&client).await.unwrap();
        }
        assert_eq!(pam.count(Kind::Token), number + 1);
    }
}

#[tokio::test]
async fn no_more_requests_are_in_flight_than_the_strictest_connection_allows() {
    let pam = Pam::start().await;
    let client = pam.client();
    let mut strict = pam.endpoint();
    strict.limits.max_concurrent_requests = 2;
    let _strict = pam.client_of(strict);
    client.authenticate().await.unwrap();
    pam.sim.inject(Fault::on(Kind::ListCredentials, Effect::Delay(Duration::from_millis(200))).always());
    let began = Instant::now();
    let lists = join_all((0..6).map(|_| list(&client))).await;
    assert!(lists.iter().all(Result::is_ok));
    assert!(began.elapsed() >= Duration::from_millis(600), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_call_that_is_given_up_leaves_its_slot_to_the_next() {
    let pam = Pam::start().await;
    let mut narrow = pam.endpoint();
    narrow.limits.max_concurrent_requests = 1;
    let client = pam.client_of(narrow);
    for kind in [Kind::Token, Kind::PostCredential, Kind::ListCredentials] {
        pam.sim.inject(Fault::on(kind, Effect::Hang(Duration::from_secs(2))));
        let calls = async {
            let _ = client.upsert_credential(&request("one")).await;
            let _ = list(&client).await;
        };
        tokio::time::timeout(Duration::from_millis(300), calls).await.unwrap_err();
        list(&client).await.unwrap();
    }
}
