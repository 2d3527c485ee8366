//! P4, P5: the list is read whole or not at all, shows what strangers share, and holds nothing of what is secret.

use std::time::Duration;

use pam_operator::pam::{Origins, PamClient, PamError};
use pam_simulator::{Effect, EntrySeed, Fault, Kind, SafeRules, Share};

use super::{check_journal, client, endpoint, full, list, plain, safe, safe_with};
use crate::secrecy::no_log_line_has_a_secret;
use crate::support::{judge, short};
use crate::versions::VERSIONS;

fn raw(body: &str) -> Effect {
    Effect::Raw { status: 200, content_type: "application/json".into(), body: body.into() }
}

#[tokio::test]
async fn rows_say_what_a_stranger_shares_and_whether_we_may_write_it() {
    for version in VERSIONS {
        let pam = safe(version).await;
        let client = client(&pam, version);
        assert!(list(&client, None).await.unwrap().is_empty(), "{version}: an empty list is a list");
        let own = client.my_safe().create_entry(&full("one")).await.unwrap().identifier;
        let like = || EntrySeed::new("stranger", "one", "CANARY-user").tags("k8s-0123456789abcdef");
        pam.sim.plant(like());
        let viewed = pam.sim.plant(like().shared_with(Share::viewer("svc")));
        let edited = pam.sim.plant(like().shared_with(Share::editor("svc")));
        let rows = list(&client, None).await.unwrap();
        let rights: Vec<_> = rows.iter().map(|row| (&*row.identifier, row.can_write)).collect();
        assert_eq!(rights, [(&*own, true), (&*viewed, false), (&*edited, true)], "{version}");
        assert!(rows.iter().all(|row| row.has_tag("k8s-0123456789abcdef") && row.name == "one"));
        let tagged = list(&client, Some("dns")).await.unwrap();
        assert_eq!(tagged.iter().map(|row| &*row.identifier).collect::<Vec<_>>(), [&*own], "{version}");
        check_journal(&pam, "/api");
    }
}

#[tokio::test]
async fn a_tag_is_found_as_a_whole_whatever_the_filter_finds() {
    let pam = safe_with("4.2", SafeRules { filters_find_parts: true, ..SafeRules::default() }).await;
    let client = client(&pam, "4.2");
    client.my_safe().create_entry(&full("one")).await.unwrap();
    pam.sim.plant(EntrySeed::new("svc", "x", "y").tags("a&b=c,dns-2"));
    let rows = list(&client, Some("dns")).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.has_tag("dns")).collect::<Vec<_>>(), [true, false]);
    assert_eq!(list(&client, Some("a&b=c")).await.unwrap().len(), 1, "the tag is encoded");
}

#[tokio::test]
async fn what_is_not_read_is_not_held() {
    let pam = safe("4.2").await;
    let secret = r#""password":"CANARY","secret_key":"CANARY","token":452180,"users_allowed":[{"username":"CANARY"}]"#;
    let row = format!(r#"{{"identifier":"7","name":"n","tags":null,"can_write":"1",{secret}}}"#);
    for key in ["password_on_list", "passwords_on_list"] {
        let body = format!(r#"{{"response":{{"message":""}},"{key}":[{row}],"credentials":[{{"id":"CANARY"}}]}}"#);
        pam.sim.inject(Fault::on(Kind::ListSafePasswords, raw(&body)));
        let rows = list(&client(&pam, "4.2"), None).await.unwrap();
        assert_eq!((rows.len(), rows[0].can_write, rows[0].tags.as_str()), (1, true, ""), "{key}");
        assert!(!format!("{rows:?}").contains("CANARY"));
    }
    no_log_line_has_a_secret();
}

#[tokio::test]
async fn a_damaged_list_is_an_error_and_never_a_short_list() {
    let pam = safe("4.2").await;
    for number in 0..300 {
        pam.sim.plant(EntrySeed::new("svc", &format!("CANARY-{number}"), "u"));
    }
    let cases = [
        (Effect::Truncated, "unavailable_reset"),
        (Effect::CutJson, "malformed"),
        (Effect::Garbage, "malformed"),
        (Effect::Empty, "malformed"),
        (raw("{}"), "malformed"),
        (raw(r#"{"response":{"message":""},"password_on_list":null}"#), "malformed"),
        (raw(r#"{"response":{"message":""},"credentials":[]}"#), "malformed"),
        (raw(r#"{"password_on_list":[{"name":"CANARY without an identifier"}]}"#), "malformed"),
        (raw(r#"{"password_on_list":[{"identifier":"CANARY"}]}"#), "malformed"),
        (Effect::CodeInSuccess(1006), "permission_denied"),
        (Effect::NotAuthorized, "permission_denied"),
        (Effect::Firewall, "intercepted"),
        (Effect::Reset, "unavailable_reset"),
        (Effect::Drip { bytes: 100, pause: Duration::from_secs(1) }, "unavailable_timeout"),
    ];
    for (effect, kind) in cases {
        let client = PamClient::new(endpoint(&pam, "4.2"), &Origins::new(), short()).unwrap();
        pam.sim.inject(Fault::on(Kind::ListSafePasswords, effect.clone()));
        let listed = list(&client, None).await;
        let is_incomplete = listed.as_ref().is_err_and(PamError::list_is_incomplete);
        assert_eq!((judge(listed), is_incomplete), ((kind, false), kind == "malformed"), "{effect:?}");
    }
    assert_eq!(list(&client(&pam, "4.2"), None).await.unwrap().len(), 300);
}

#[tokio::test]
async fn a_list_is_bounded_by_its_rows_and_by_each_of_them() {
    let pam = safe("4.2").await;
    let tenant = || {
        let endpoint = pam_operator::pam::Endpoint { apart: Some("team-a".into()), ..endpoint(&pam, "4.2") };
        pam.client_of(endpoint)
    };
    let rows = vec![r#"{"identifier":1}"#; 50_001].join(",");
    let long = format!(r#"{{"identifier":1,"name":"{}"}}"#, "x".repeat(1 << 20));
    for body in [rows, long] {
        pam.sim.inject(Fault::on(Kind::ListSafePasswords, raw(&format!(r#"{{"password_on_list":[{body}]}}"#))));
        assert_eq!(judge(list(&tenant(), None).await), ("too_large", false));
    }
    pam.sim.plant(EntrySeed::new("stranger", &"x".repeat(100_000), "u").shared_with(Share::editor("svc")));
    assert_eq!(list(&tenant(), None).await.unwrap()[0].name.len(), 8 << 10, "no text is kept that cannot be ours");
    tenant().my_safe().create_entry(&plain("one")).await.unwrap();
}
