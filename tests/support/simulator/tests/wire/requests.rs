//! What requests of real clients look like beside JSON with the documented keys ("About" pages of 3.32, 3.33 and 4.0:
//! URL form-encoded requests are accepted), and the knobs that refuse it.

use pam_simulator::{Config, Kind, Permits, ProductVersion, Seed};
use serde_json::{Value, json};

use crate::common::{HOST, IP, Pam, Reply, body, full, reply};

async fn post_form(pam: &Pam, pairs: &[(&str, &str)]) -> Reply {
    let usual = [("identifier", "k8s-a"), ("username", "svc"), ("hostname", HOST), ("ip", IP)];
    let pairs: Vec<_> = usual.iter().chain(pairs).collect();
    let request = pam.http.post(pam.url(&format!("{}/pam/credential", pam.prefix))).bearer_auth(&pam.token);
    reply(request.form(&pairs)).await.unwrap()
}

#[tokio::test]
async fn every_version_takes_a_form_in_place_of_json() {
    for version in ProductVersion::ALL {
        let pam = Pam::of(version).await;
        assert!(post_form(&pam, &[("content", "p&ss=wörd+"), ("tags", "a, b")]).await.created(), "{version}");
        let updated = post_form(&pam, &[("content", "two")]).await;
        assert!(!updated.created());
        let record = pam.sim.record(&updated.id()).unwrap();
        assert_eq!((record.identifier.as_deref(), &record.fields["tags"]), (Some("k8s-a"), &json!("a, b")));
        let values: Vec<_> = pam.sim.writes_of("101").iter().map(|write| write.value.reveal().to_owned()).collect();
        assert_eq!(values, ["p&ss=wörd+", "two"]);
        let entry = pam.sim.journal().posts()[0].clone();
        assert_eq!(entry.target.as_deref(), Some("k8s-a"));
        assert!(entry.sent("content") && entry.sent_field("tags"));
        assert_eq!(post_form(&pam, &[("hostname", "")]).await.code(), 1004);
    }
}

#[tokio::test]
async fn a_form_nests_with_brackets_and_its_texts_get_the_types_of_their_keys() {
    let pam = Pam::start().await;
    let pairs = [
        ("parent_password", "7"),
        ("execution_settings[automatic_change]", "true"),
        ("execution_settings[change_plugin]", "SSH"),
        ("session_settings[SQL Server]", "1"),
        ("session_settings[VNC]", "False"),
        ("session_settings[RDP]", ""),
        ("session_settings[macros][0][remote_app]", "MySQL"),
        ("session_settings[macros][1][remote_app]", "Kaspersky"),
        ("additional_settings[][secret_key]", "SEED"),
    ];
    let id = post_form(&pam, &pairs).await.id();
    let fields = pam.sim.record(&id).unwrap().fields;
    assert_eq!(fields["parent_password"], 7);
    assert_eq!(fields["execution_settings"], json!({ "automatic_change": true, "change_plugin": "SSH" }));
    let macros = json!([{ "remote_app": "MySQL" }, { "remote_app": "Kaspersky" }]);
    assert_eq!(fields["session_settings"], json!({ "SQL Server": true, "VNC": false, "macros": macros }));
    assert_eq!(pam.sim.secret_of(&id, "/additional_settings/secret_key").unwrap().reveal(), "SEED");
    for (key, value, words) in [
        ("execution_settings[automatic_change]", "canary", "must be a boolean"),
        ("parent_password", "canary", "must be an integer"),
        ("session_settings[ssh]", "canary", "unknown key \"session_settings.ssh\""),
        ("tags[]", "canary", "must be a string"),
        ("{canary", "canary", "unknown key \"?\""),
    ] {
        let reply = post_form(&pam, &[(key, value)]).await;
        assert_eq!((reply.status, reply.code()), (400, 0), "{key}");
        assert!(reply.message().contains(words) && !reply.text.contains("canary"), "{}", reply.text);
    }
}

#[tokio::test]
async fn a_get_may_have_a_query_which_means_nothing() {
    for version in ProductVersion::ALL {
        let pam = Pam::of(version).await;
        pam.post(&full("k8s-a", "svc", "one")).await;
        let get = async |path: &str| pam.call("GET", &format!("{}/pam/{path}", pam.prefix), None).await.unwrap();
        let listed = get("credential?username=nobody&limit=0").await;
        assert_eq!(listed.json(), pam.list().await.json(), "{version}");
        assert_eq!(get("credential/101?credential=101").await.json()["credential"]["username"], "svc");
        assert_eq!(get("device?x").await.status, 200);
    }
}

#[tokio::test]
async fn get_and_delete_name_a_record_by_its_identifier_too_and_an_unknown_one_is_1007() {
    for version in ProductVersion::ALL {
        let hidden = Seed::new("hidden", HOST, IP).identifier("hidden").visible_to(&[]);
        let twin = Seed::new("older", HOST, IP).identifier("twin").visible_to(&[]);
        let digits = Seed::new("digits", HOST, IP).identifier("777").value("by digits");
        let config = [hidden, twin, digits, Seed::new("own", HOST, IP).identifier("twin")];
        let pam = Pam::with(config.into_iter().fold(Config::of(version).device(HOST, IP), Config::seed)).await;
        pam.post(&full("k8s-a", "svc", "one")).await;
        assert_eq!(pam.item("GET", "k8s-a").await.json()["credential"]["content"], "one", "{version}");
        assert_eq!(pam.item("GET", "777").await.json()["credential"]["content"], "by digits");
        assert_eq!(pam.item("GET", "twin").await.json()["credential"]["username"], "own", "the one that it sees");
        assert_eq!(pam.item("DELETE", "k8s-a").await.status, 200);
        assert!(!pam.sim.find("k8s-a").unwrap().active);
        for method in ["GET", "DELETE", "PUT"] {
            assert_eq!(pam.item(method, "k8s-z").await.code(), 1007, "{version} {method}");
        }
        assert_eq!(pam.item("GET", "hidden").await.code(), 1009);
        assert_eq!(pam.item("PUT", "k8s-a").await.code(), 1007, "the pages of PUT know ids alone");
        let entry = pam.sim.journal().of(Kind::DeleteCredential).next().unwrap().clone();
        assert_eq!((entry.target.as_deref(), entry.record.as_deref()), (Some("k8s-a"), Some("105")));
    }
}

#[tokio::test]
async fn a_null_identifier_is_an_absent_one() {
    for version in ProductVersion::ALL {
        let pam = Pam::of(version).await;
        let first = pam.post(&full("k8s-a", "svc", "one")).await.id();
        let mut null = body("svc");
        null["identifier"] = Value::Null;
        let settings = json!({ "identifier": null });
        null["additional_settings"] = if version < ProductVersion::V3_33 { settings } else { json!([settings]) };
        let updated = pam.post(&null).await;
        assert!(!updated.created(), "{version}");
        assert_eq!(updated.id(), first, "row 4: found by its account");
        null["username"] = "other".into();
        assert!(pam.post(&null).await.created(), "row 5");
    }
}

#[tokio::test]
async fn each_of_these_is_refused_by_a_knob() {
    let pam = Pam::start().await;
    pam.post(&full("k8s-a", "svc", "one")).await;
    let null = json!({ "identifier": null, "username": "svc", "hostname": HOST, "ip": IP });
    pam.sim.change_behaviour(|knobs| knobs.permits = Permits::NOTHING);
    assert_eq!(post_form(&pam, &[]).await.code(), 0);
    let refused = pam.post(&null).await;
    assert!(refused.message().contains("key \"identifier\" must be a string"), "{}", refused.text);
    let query = pam.call("GET", "/api/pam/credential?limit=1", None).await.unwrap();
    assert!(query.message().contains("takes no query"), "{}", query.text);
    assert_eq!(pam.item("DELETE", "k8s-a").await.code(), 1007);
    assert!(pam.sim.record("101").unwrap().active);

    pam.sim.change_behaviour(|knobs| knobs.permits = Permits { forms: true, ..Permits::NOTHING });
    assert!(!post_form(&pam, &[]).await.created(), "each by itself");
    assert_eq!(pam.post(&null).await.code(), 0);
}
