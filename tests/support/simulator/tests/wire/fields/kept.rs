//! What is kept of a body: in the journal, in the record, and when only a part of a block is sent.

use pam_simulator::{Behaviour, Config, ProductVersion};
use serde_json::{Value, json};

use super::{VERSIONS, with};
use crate::common::{HOST, IP, Pam, full};

#[tokio::test]
async fn the_journal_names_the_fields_of_a_body_whether_it_is_taken_or_not() {
    let pam = Pam::start().await;
    let mut body = full("k8s-a", "canary-user", "canary");
    body["session_settings"] = json!({ "SSH": true, "macros": [{ "remote_app": "canary" }] });
    body["additional_settings"] = json!([{ "secret_key": "canary" }]);
    pam.post(&body).await;
    body["nonsense"] = json!({ "a": [{ "b": "canary" }] });
    pam.post(&body).await;
    let journal = pam.sim.journal();
    let [taken, refused] = journal.posts()[..] else { panic!() };
    let mut fields = vec![
        "additional_settings",
        "additional_settings[0].secret_key",
        "content",
        "hostname",
        "identifier",
        "ip",
        "session_settings",
        "session_settings.SSH",
        "session_settings.macros",
        "session_settings.macros[0].remote_app",
        "username",
    ];
    let sorted = |mut fields: Vec<String>| {
        fields.sort_unstable();
        fields
    };
    assert_eq!(sorted(taken.fields.clone()), fields);
    assert!(taken.sent_field("session_settings.SSH") && !taken.sent_field("session_settings.VNC"));
    fields.extend(["nonsense", "nonsense.a", "nonsense.a[0].b"]);
    fields.sort_unstable();
    assert_eq!(sorted(refused.fields.clone()), fields);
    assert!(!format!("{journal:?}").contains("canary"));
}

#[tokio::test]
async fn a_records_fields_are_kept_in_one_form_and_its_secrets_are_told_by_name_only() {
    for version in VERSIONS {
        let pam = Pam::of(version).await;
        let settings = json!({ "secret_key": "canary-seed", "server_path": "/x", "additional_authentication_fields":
            [{ "name": "n", "short_name": "s", "value": "canary-value" }] });
        let mut body = full("k8s-a", "svc", "one");
        body["additional_settings"] = settings.clone();
        if version == ProductVersion::V3_32 {
            body["additional_settings"]["notes"] = "a note".into();
        } else {
            (body["additional_settings"], body["notes"]) = (json!([settings]), "a note".into());
        }
        let id = pam.post(&body).await.id();
        let record = pam.sim.record(&id).unwrap();
        assert_eq!(record.fields["notes"], "a note");
        assert_eq!(record.fields["additional_settings"]["server_path"], "/x");
        assert!(!format!("{record:?} {}", json!(record)).contains("canary"));
        let told = |pointer| pam.sim.secret_of(&id, pointer).map(|secret| secret.reveal().to_owned());
        assert_eq!(told("/additional_settings/secret_key").as_deref(), Some("canary-seed"));
        let value = "/additional_settings/additional_authentication_fields/0/value";
        assert_eq!(told(value).as_deref(), Some("canary-value"));
        assert_eq!(told("/notes").as_deref(), Some("a note"));
        for nothing in ["", "/", "/x", "/additional_settings", "/additional_settings/x", "additional_settings"] {
            assert_eq!(told(nothing), None, "{nothing:?}");
        }
        body["additional_settings"] = json!({ "server_path": "/y" });
        if version != ProductVersion::V3_32 {
            body["additional_settings"] = json!([{ "server_path": "/y" }]);
        }
        pam.post(&body).await;
        assert_eq!(told("/additional_settings/secret_key").as_deref(), Some("canary-seed"), "not sent, not lost");
        assert_eq!(told("/additional_settings/server_path").as_deref(), Some("/y"));
    }
}

#[tokio::test]
async fn a_block_sent_in_part_leaves_the_rest_or_replaces_it() {
    for version in [ProductVersion::V3_32, ProductVersion::V4_2] {
        let pam = Pam::of(version).await;
        let additional = |inside: Value| if version == ProductVersion::V3_32 { inside } else { json!([inside]) };
        let post = async |server_path: bool| {
            let mut body = full("k8s-a", "svc", "one");
            let (rotation, path) = (json!({ "automatic_change": true }), json!({ "server_path": "/x" }));
            let (plugin, seed) = (json!({ "change_plugin": "SSH" }), json!({ "secret_key": "seed" }));
            let (execution, inside) = if server_path { (rotation, path) } else { (plugin, seed) };
            (body["execution_settings"], body["additional_settings"]) = (execution, additional(inside));
            body["tags"] = "a".into();
            assert_eq!(pam.post(&body).await.status, 201);
            let fields = pam.sim.records()[0].fields.clone();
            let len = |block: &str| fields[block].as_object().unwrap().len();
            (len("execution_settings"), len("additional_settings"))
        };
        assert_eq!(post(true).await, (1, 1));
        assert_eq!(post(false).await, (2, 2));
        pam.sim.change_behaviour(|knobs| knobs.blocks_replaced = true);
        assert_eq!(post(false).await, (1, 1));
    }
}

#[tokio::test]
async fn up_to_3_32_notes_alone_are_a_block_sent_in_part() {
    for (blocks_replaced, left) in [(false, json!({ "secret_key": "[hidden]" })), (true, json!({}))] {
        let behaviour = Behaviour { blocks_replaced, ..Behaviour::default() };
        let pam = Pam::with(Config { behaviour, ..Config::of(ProductVersion::V3_32) }.device(HOST, IP)).await;
        for settings in [json!({ "secret_key": "seed" }), json!({ "notes": "n" })] {
            assert_eq!(pam.post(&with("additional_settings", settings)).await.status, 201);
        }
        let fields = pam.sim.records()[0].fields.clone();
        assert_eq!((&fields["additional_settings"], &fields["notes"]), (&left, &json!("n")));
    }
}
