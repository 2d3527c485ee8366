//! Every documented field by itself, against the table in `tests/fixtures`; what is refused, and the knobs of the rest.

use pam_simulator::{Behaviour, Config, Criticality, ProductVersion, Seed, ValueForm};
use serde_json::{Map, Value, json};

use crate::common::{HOST, IP, Pam, Reply, body, full};

/// path, type, required, page, versions, remark.
const TABLE: &str = include_str!("../../../../fixtures/credential.tsv");
const VERSIONS: [ProductVersion; 5] =
    [ProductVersion::V3_32, ProductVersion::V3_33, ProductVersion::V3_33_1, ProductVersion::V4_0, ProductVersion::V4_2];

/// Paths and types that a version documents.
fn documented(version: ProductVersion) -> Vec<(&'static str, &'static str)> {
    let rows = TABLE.lines().filter(|line| !line.starts_with('#')).skip(1).map(|line| line.split('\t'));
    let rows = rows.map(Iterator::collect::<Vec<_>>);
    let of_version = |row: &Vec<&str>| row[4].split(' ').any(|documented| documented == version.to_string());
    rows.filter(of_version).map(|row| (row[0], row[1])).collect()
}

/// A value of the documented type that the default knobs take.
fn valid(path: &str, kind: &str) -> Value {
    match (kind, path.rsplit('.').next().unwrap()) {
        ("string", "hostname") => HOST.into(),
        ("string", "ip") => IP.into(),
        ("string", "domain" | "device_domain") => "example.com".into(),
        ("string", "user_credential_owner") => "admin".into(),
        ("string", "criticality") => "High".into(),
        ("string", name) if name.ends_with("_plugin") => "SSH".into(),
        ("string", name) if name.ends_with("_template") => "Linux - Create User".into(),
        ("string", _) => "text".into(),
        ("boolean", _) => true.into(),
        ("integer", _) => 7.into(),
        ("object", _) => json!({}),
        ("array of objects", _) => json!([{}]),
        other => panic!("{other:?}"),
    }
}

/// The usual body with this value at this path.
fn with(path: &str, value: Value) -> Value {
    let mut body = full("k8s-a", "svc", "one");
    let mut at = &mut body;
    for name in path.split('.') {
        let (name, in_list) = name.strip_suffix("[]").map_or((name, false), |name| (name, true));
        at = at.as_object_mut().unwrap().entry(name).or_insert_with(|| if in_list { json!([{}]) } else { json!({}) });
        if in_list {
            at = &mut at[0];
        }
    }
    *at = value;
    body
}

fn assert_slip(reply: &Reply, words: &str) {
    assert_eq!((reply.status, reply.code()), (400, 0), "{}", reply.text);
    assert!(reply.message().contains(words), "{}", reply.message());
}

#[tokio::test]
async fn every_documented_field_is_taken_in_its_place_and_refused_with_another_type() {
    for version in VERSIONS {
        let pam = Pam::of(version).await;
        // Renaming and identifying by turns makes two records of one account.
        pam.sim.change_behaviour(|knobs| knobs.duplicate_accounts = true);
        let fields = documented(version);
        assert_eq!(fields.len(), 81, "{version}");
        for (path, kind) in fields {
            let reply = pam.post(&with(path, valid(path, kind))).await;
            assert_eq!(reply.status, 201, "{version} {path}: {}", reply.text);
            let wrong = if kind == "string" { json!(["canary"]) } else { json!("canary") };
            let reply = pam.post(&with(path, wrong)).await;
            assert_slip(&reply, &format!("key \"{}\" must be", path.replace("[]", "[0]")));
            assert!(!reply.text.contains("canary"));
        }
    }
}

#[tokio::test]
async fn what_no_page_of_the_version_has_is_an_unknown_key() {
    for version in VERSIONS {
        let pam = Pam::of(version).await;
        let list = if version == ProductVersion::V3_32 { "" } else { "[]" };
        let additional = ["user_credentia_owner", "Criticality"].map(|key| format!("additional_settings{list}.{key}"));
        let others = [
            "password",
            "tag",
            "device",
            "session_settings.ssh",
            "session_settings.SQLServer",
            "execution_settings.reconciliation",
            "jit_settings.status",
            "session_settings.macros[].plugin",
        ];
        for path in others.into_iter().chain(additional.iter().map(String::as_str)) {
            assert_slip(&pam.post(&with(path, json!("x"))).await, "unknown key");
        }
    }
}

#[tokio::test]
async fn up_to_3_32_the_credentials_own_domain_must_be_registered() {
    for version in ProductVersion::ALL {
        let pam = Pam::of(version).await;
        let reply = pam.post(&with("domain", json!("elsewhere.com"))).await;
        if version <= ProductVersion::V3_32 {
            assert_eq!(reply.code(), 1029, "{version}");
        } else {
            assert!(reply.created(), "{version}");
        }
    }
}

#[tokio::test]
async fn switches_and_numbers_may_be_written_as_texts_if_the_knob_says_so() {
    let pam = Pam::start().await;
    let rotating = |value: Value| with("execution_settings.automatic_change", value);
    let child = |value: Value| with("parent_password", value);
    for (form, plain, text) in
        [(ValueForm::Plain, true, false), (ValueForm::Text, false, true), (ValueForm::Either, true, true)]
    {
        pam.sim.change_behaviour(|knobs| (knobs.booleans, knobs.numbers) = (form, form));
        let cases = [
            (rotating(json!(true)), plain),
            (rotating(json!("1")), text),
            (child(json!(7)), plain),
            (child(json!("7")), text),
            (rotating(json!("true")), false),
            (child(json!("x")), false),
        ];
        for (body, taken) in cases {
            let reply = pam.post(&body).await;
            assert_eq!(reply.status, if taken { 201 } else { 400 }, "{form:?} {body} {}", reply.text);
        }
    }
    pam.post(&rotating(json!("0"))).await;
    assert!(!pam.sim.records()[0].automatic_change);
    pam.post(&rotating(json!("1"))).await;
    assert!(pam.sim.records()[0].automatic_change, "a digit is a switch like any other");
    let mut jit = with("jit_settings", json!({ "jit": "1", "enable_disable_credential": "1" }));
    assert_eq!(pam.post(&jit).await.code(), 1046);
    jit["jit_settings"] = json!({ "use_own_credential_to_connect": "0" });
    assert_slip(&pam.post(&jit).await, "authentication_credential");
}

#[tokio::test]
async fn criticality_is_one_of_three_words_in_the_case_that_the_knob_says() {
    let cases = [
        (Criticality::AnyCase, [true, true, true, false]),
        (Criticality::Capitalized, [true, false, false, false]),
        (Criticality::LowerCase, [false, true, false, false]),
        (Criticality::AnyText, [true, true, true, true]),
    ];
    for version in [ProductVersion::V3_32, ProductVersion::V4_2] {
        for (criticality, taken) in cases {
            let behaviour = Behaviour { criticality, ..Behaviour::default() };
            let pam = Pam::with(Config { behaviour, ..Config::of(version) }.device(HOST, IP)).await;
            for (word, taken) in ["High", "low", "MEDIUM", "critical"].into_iter().zip(taken) {
                let reply = pam.post(&with("additional_settings", json!({}))).await;
                assert!(reply.status == 201);
                let mut body = body("svc");
                let settings = json!({ "criticality": word });
                body["additional_settings"] =
                    if version == ProductVersion::V3_32 { settings } else { json!([settings]) };
                let reply = pam.post(&body).await;
                assert_eq!(reply.status == 201, taken, "{criticality:?} {word}");
                assert!(taken || reply.message().contains("low, medium or high"));
            }
        }
    }
}

#[tokio::test]
async fn plugins_of_execution_settings_need_not_be_registered_unless_the_knob_says_so() {
    let pam = Pam::start().await;
    let run = |action: &str, plugin: &str, template: &str| {
        let keys = [(format!("{action}_plugin"), plugin.into()), (format!("{action}_template"), template.into())];
        with("execution_settings", Map::from_iter(keys).into())
    };
    for action in ["change", "reconciliation"] {
        assert_eq!(pam.post(&run(action, "Nonsense", "3COM")).await.status, 201);
    }
    pam.sim.change_behaviour(|knobs| {
        knobs.execution_plugins_registered = true;
        knobs.templates.insert("3COM".to_owned());
    });
    for action in ["change", "reconciliation"] {
        assert_eq!(pam.post(&run(action, "Nonsense", "3COM")).await.code(), 1046);
        assert_eq!(pam.post(&run(action, "SSH", "Nonsense")).await.code(), 1047);
        assert_eq!(pam.post(&run(action, "SSH", "3COM")).await.status, 201);
    }
}

#[tokio::test]
async fn other_credentials_that_a_post_names_are_looked_for_only_if_the_knob_says_so() {
    let there = Seed::new("there", HOST, IP);
    let hidden = Seed::new("hidden", HOST, IP).visible_to(&[]);
    let pam = Pam::with(Config::default().device(HOST, IP).seed(there).seed(hidden)).await;
    let account = |prefix: &str, username: &str| {
        let keys = ["credential", "hostname", "ip"].map(|key| format!("{prefix}_{key}"));
        keys.into_iter().zip([username, HOST, IP].map(Value::from)).collect::<Map<_, _>>()
    };
    let named = |username: &str| {
        ["execution_settings", "session_settings", "jit_settings"]
            .map(|block| with(block, account("authentication", username).into()))
            .into_iter()
            .chain(
                ["parent", "reconciliation"].map(|prefix| with("execution_settings", account(prefix, username).into())),
            )
            .collect::<Vec<_>>()
    };
    for body in named("nobody").into_iter().chain([with("parent_password", json!(999))]) {
        assert_eq!(pam.post(&body).await.status, 201);
    }
    pam.sim.change_behaviour(|knobs| knobs.references_exist = true);
    for username in ["nobody", "hidden"] {
        for body in named(username) {
            assert_eq!(pam.post(&body).await.code(), 1007, "{body}");
        }
    }
    for (id, status) in [(999, 400), (102, 400), (101, 201)] {
        assert_eq!(pam.post(&with("parent_password", json!(id))).await.status, status, "{id}");
    }
    for body in named("THERE") {
        assert_eq!(pam.post(&body).await.status, 201);
    }
}

#[tokio::test]
async fn both_jit_modes_at_once_are_taken_unless_the_knob_says_otherwise() {
    let pam = Pam::start().await;
    let both = json!({ "jit": false, "credential_creation_and_deletion": true, "enable_disable_credential": true });
    assert_eq!(pam.post(&with("jit_settings", both.clone())).await.status, 201);
    pam.sim.change_behaviour(|knobs| knobs.both_jit_modes = false);
    assert_slip(&pam.post(&with("jit_settings", both)).await, "both modes");
    let one = json!({ "credential_creation_and_deletion": true, "enable_disable_credential": false });
    assert_eq!(pam.post(&with("jit_settings", one)).await.status, 201);
}

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
