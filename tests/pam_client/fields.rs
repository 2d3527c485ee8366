//! Every field that the vendor documents for a credential's POST, against the table in `tests/fields`, on the wire.

use std::collections::{BTreeMap, BTreeSet};

use pam_operator::pam::{
    AccountRef, AdditionalSettings, AuthenticationField, ConnectWith, CredentialRequest, Criticality, DeviceSettings,
    ExecutionSettings, JitMode, JitSettings, Macro, Procedure, Reconciliation, SessionSettings,
};
use serde_json::{Value, json};

use crate::versions::{client, pam};
use crate::{CANARY, Pam, request};

/// path, type, required, page, versions, remark.
const TABLE: &str = include_str!("../fields/credential.tsv");
const VERSIONS: [&str; 5] = ["3.32", "3.33", "3.33.1", "4.0", "4.2"];

/// The documented fields of one version, with their types. Fails if the table is not what its head says.
fn documented(version: &str) -> BTreeMap<&'static str, &'static str> {
    let mut rows = TABLE.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t'));
    assert!(rows.next().unwrap().eq(["path", "type", "required", "page", "versions", "remark"]));
    let mut fields = BTreeMap::new();
    for row in rows.map(Iterator::collect::<Vec<_>>) {
        let &[path, kind, required, page, versions, ..] = &row[..] else { panic!("{row:?}") };
        assert!(["no", "yes", "if not own"].contains(&required) && ["000", "001", "002"].contains(&page), "{row:?}");
        if versions.split(' ').any(|documented| documented == version) {
            assert_eq!(fields.insert(path, kind), None, "{row:?}");
        }
    }
    fields
}

/// The second place for the identifier, which is not offered.
fn is_nested_identifier(path: &str) -> bool {
    path.ends_with(".identifier")
}

/// Paths and types of everything in a body, as the table writes them.
fn fields_of(value: &Value, path: &str, fields: &mut BTreeMap<String, &'static str>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                fields.insert(path.clone(), kind(value));
                fields_of(value, &path, fields);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| fields_of(item, &format!("{path}[]"), fields)),
        _ => {}
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "string",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_u64() => "integer",
        Value::Object(_) => "object",
        Value::Array(items) if items.iter().all(Value::is_object) => "array of objects",
        _ => "something else",
    }
}

fn account(name: &str) -> AccountRef {
    AccountRef { credential: name.into(), hostname: format!("{name}-host"), ip: format!("https://{name}.example") }
}

fn run(plugin: &str, template: &str) -> Procedure {
    Procedure { plugin: plugin.into(), template: template.into() }
}

fn execution() -> ExecutionSettings {
    ExecutionSettings {
        parent: Some(account("parent")),
        automatic_change: Some(true),
        agent_based_password_change: Some(true),
        change: Some(run("SSH", "3COM")),
        connect_with: ConnectWith::Other(account("rotator")),
        reconciliation: Some(Reconciliation {
            enabled: true,
            account: Some(account("reconciler")),
            procedure: Some(run("SSH", "3COM")),
        }),
    }
}

fn session() -> SessionSettings {
    let on = Some(true);
    SessionSettings {
        ssh: on,
        telnet: on,
        mysql: on,
        sql_server: on,
        http: on,
        https: on,
        rdp: on,
        x11_forward: on,
        vnc: on,
        restrict_access_to_remote_application: on,
        macros: Some(vec![Macro { remote_app: "Kaspersky".into(), connectivity: "RDP".into() }]),
        connect_with: ConnectWith::Other(account("opener")),
    }
}

fn additional() -> AdditionalSettings {
    let name = "pin".to_owned();
    AdditionalSettings {
        user_credential_owner: Some("admin".into()),
        server_path: Some("/etc/host".into()),
        secret_key: Some(format!("{CANARY}SEED").into()),
        criticality: Some(Criticality::High),
        additional_authentication_fields: Some(vec![AuthenticationField {
            short_name: name.clone(),
            value: format!("{CANARY} pin").into(),
            name,
        }]),
    }
}

pub(crate) fn creating() -> JitMode {
    JitMode::CreateAndDelete {
        creation: run("SSH", "Linux - Create User"),
        deletion: run("SSH", "Linux - Remove User"),
    }
}

fn enabling() -> JitMode {
    JitMode::EnableAndDisable {
        enable: run("LDAP", "AD - Activate User"),
        disable: run("LDAP", "AD - Deactivate User"),
    }
}

fn device() -> DeviceSettings {
    DeviceSettings {
        kind: Some("Router".into()),
        vendor: Some("Maker".into()),
        model: Some("M1".into()),
        site: Some("Cellar".into()),
        domains: Some(vec!["example.com".into(), "lab.example.com".into()]),
        tags: Some(vec!["a".into(), "b".into()]),
        connectivities: Some(vec!["SSH:22".into(), "HTTPS:443".into()]),
        session_remote_config: Some("SSH:EXPECT:FILL".into()),
    }
}

/// Every field but those of the other JIT mode.
pub(crate) fn everything(mode: JitMode) -> CredentialRequest {
    CredentialRequest {
        additional: Some("more".into()),
        tags: Some(vec!["x".into(), "y".into()]),
        credential_type: Some("Domain User".into()),
        domain: Some("example.com".into()),
        parent_password: Some(101),
        notes: Some("a note".into()),
        execution_settings: Some(execution()),
        session_settings: Some(session()),
        additional_settings: Some(additional()),
        jit_settings: Some(JitSettings {
            jit: true,
            mode: Some(mode),
            connect_with: ConnectWith::Other(account("maker")),
        }),
        device: Some(device()),
        ..request("one")
    }
}

/// Sends everything, each JIT mode in turn; answers the bodies as they arrived.
async fn send_everything(pam: &Pam, version: &str) -> [Value; 2] {
    let client = client(pam, version);
    for mode in [creating(), enabling()] {
        client.upsert_credential(&everything(mode)).await.unwrap();
    }
    let journal = pam.sim.journal();
    let posts = journal.posts();
    [posts[0], posts[1]].map(|post| pam.sim.body_of(post.seq).unwrap())
}

#[tokio::test]
async fn every_documented_field_is_sent_under_its_name_and_type_and_no_other() {
    for version in VERSIONS {
        let pam = pam(version).await;
        let mut sent = BTreeMap::new();
        for body in send_everything(&pam, version).await {
            fields_of(&body, "", &mut sent);
        }
        let sent: BTreeMap<_, _> = sent.iter().map(|(path, kind)| (path.as_str(), *kind)).collect();
        let mut documented = documented(version);
        assert!(documented.len() > 70, "{version}: the table has its rows");
        documented.retain(|path, _| !is_nested_identifier(path));
        assert_eq!(sent, documented, "{version}");
    }
}

#[tokio::test]
async fn the_journal_names_every_field_that_arrived_and_no_value() {
    let pam = pam("4.2").await;
    send_everything(&pam, "4.2").await;
    let journal = pam.sim.journal();
    let named: BTreeSet<_> = journal.posts().iter().flat_map(|post| &post.fields).collect();
    for path in documented("4.2").keys().filter(|path| !is_nested_identifier(path)) {
        assert!(named.contains(&path.replace("[]", "[0]")), "{path}");
    }
    // The username is no secret to the simulator.
    let shown = format!("{:?} {:?}", journal.entries(), pam.sim.records()).replace("CANARY-one", "");
    assert!(!shown.contains(CANARY), "{shown}");
}

#[tokio::test]
async fn every_field_is_kept_alike_whatever_the_version() {
    for version in VERSIONS {
        let pam = pam(version).await;
        client(&pam, version).upsert_credential(&everything(creating())).await.unwrap();
        let record = pam.sim.find("one").unwrap();
        assert_eq!((record.credential_type.as_str(), record.automatic_change), ("Domain User", true), "{version}");
        let fields = Value::Object(record.fields);
        let mut plain = fields.as_object().unwrap().clone();
        plain.retain(|key, _| !key.ends_with("_settings"));
        let expected = json!({"additional": "more", "tags": "x,y", "domain": "example.com", "parent_password": 101,
            "notes": "a note"});
        assert_eq!(Value::Object(plain), expected, "{version}");
        let settings = json!({"user_credential_owner": "admin", "server_path": "/etc/host", "secret_key": "[hidden]",
            "criticality": "High",
            "additional_authentication_fields": [{"name": "pin", "short_name": "pin", "value": "[hidden]"}]});
        assert_eq!(fields["additional_settings"], settings, "{version}");
        assert_eq!(fields["execution_settings"]["reconciliation_ip"], "https://reconciler.example");
        assert_eq!(fields["jit_settings"]["credential_deletion_template"], "Linux - Remove User");
        assert_eq!(fields["session_settings"]["macros"][0]["connectivity"], "RDP");
        let secret = |pointer| pam.sim.secret_of(&record.id, pointer).unwrap().reveal().to_owned();
        assert_eq!(secret("/additional_settings/secret_key"), format!("{CANARY}SEED"));
        let value = "/additional_settings/additional_authentication_fields/0/value";
        assert_eq!(secret(value), format!("{CANARY} pin"));
        let device = Value::Object(pam.sim.devices()[0].fields.clone());
        let rewritten = json!({"type": "Router", "vendor": "Maker", "model": "M1", "site": "Cellar",
            "device_domain": "example.com,lab.example.com", "device_tags": "a,b",
            "connectivities": "SSH:22,HTTPS:443", "session_remote_config": "SSH:EXPECT:FILL"});
        assert_eq!(device, rewritten, "{version}");
    }
}

#[tokio::test]
async fn a_group_that_is_not_sent_stays_as_it_is() {
    for version in VERSIONS {
        let pam = pam(version).await;
        let client = client(&pam, version);
        client.upsert_credential(&everything(creating())).await.unwrap();
        let before = pam.sim.find("one").unwrap().fields;
        let tags = CredentialRequest { tags: Some(vec!["z".into()]), content: None, ..request("one") };
        client.upsert_credential(&tags).await.unwrap();
        let mut after = pam.sim.find("one").unwrap().fields;
        assert_eq!(after.insert("tags".into(), "x,y".into()), Some("z".into()));
        assert_eq!(after, before, "{version}");
        let notes = CredentialRequest { notes: Some("another".into()), content: None, ..request("one") };
        client.upsert_credential(&notes).await.unwrap();
        let after = pam.sim.find("one").unwrap().fields;
        assert_eq!(
            (&after["notes"], &after["additional_settings"]),
            (&json!("another"), &before["additional_settings"])
        );
    }
}
