//! P1: every documented field of a POST arrives under its name and type, and no other does
//! (`tests/fixtures/credential.tsv`).

use std::collections::{BTreeMap, BTreeSet};

use pam_operator::api::{FIELDS, Field, Form};
use pam_operator::pam::{CredentialRequest, WireField, WireValue};
use serde_json::{Value, json};

use crate::support::{CANARY, Pam, request};
use crate::versions::{client, pam};

/// path, type, required, page, versions, remark.
const TABLE: &str = include_str!("../fixtures/credential.tsv");
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

/// The keys that name another credential.
fn account(prefix: &str, name: &str) -> Value {
    json!({format!("{prefix}_credential"): name, format!("{prefix}_hostname"): format!("{name}-host"),
        format!("{prefix}_ip"): format!("https://{name}.example")})
}

/// The keys of a plugin and its template.
fn run(prefix: &str, plugin: &str, template: &str) -> Value {
    json!({format!("{prefix}_plugin"): plugin, format!("{prefix}_template"): template})
}

fn merged<const N: usize>(parts: [Value; N]) -> Value {
    let parts = parts.into_iter().flat_map(|part| part.as_object().unwrap().clone());
    Value::Object(parts.collect())
}

fn execution() -> Value {
    merged([
        json!({"automatic_change": true, "agent_based_password_change": true, "status": true,
            "use_own_credential_to_connect": false}),
        account("parent", "parent"),
        run("change", "SSH", "3COM"),
        account("authentication", "rotator"),
        account("reconciliation", "reconciler"),
        run("reconciliation", "SSH", "3COM"),
    ])
}

fn session() -> Value {
    let macros = json!([{"remote_app": "Kaspersky", "connectivity": "RDP"}]);
    merged([json!({"macros": macros, "use_own_credential_to_connect": false}), account("authentication", "opener")])
}

fn additional() -> Value {
    json!({"user_credential_owner": "admin", "server_path": "/etc/host", "secret_key": format!("{CANARY}SEED"),
        "criticality": "High", "additional_authentication_fields": [
            {"name": "pin", "short_name": "pin", "value": format!("{CANARY} pin")}]})
}

pub(crate) fn creating() -> Value {
    merged([
        json!({"credential_creation_and_deletion": true, "enable_disable_credential": false}),
        run("credential_creation", "SSH", "Linux - Create User"),
        run("credential_deletion", "SSH", "Linux - Remove User"),
    ])
}

fn enabling() -> Value {
    merged([
        json!({"credential_creation_and_deletion": false, "enable_disable_credential": true}),
        run("credential_enable", "LDAP", "AD - Activate User"),
        run("credential_disable", "LDAP", "AD - Deactivate User"),
    ])
}

fn jit(mode: Value) -> Value {
    let common = json!({"jit": true, "use_own_credential_to_connect": false});
    merged([common, account("authentication", "maker"), mode])
}

/// What is sent, but for what tells the record.
fn values(mode: Value) -> Value {
    json!({
        "additional": "more", "tags": ["x", "y"], "credential_type": "Domain User", "domain": "example.com",
        "parent_password": 101, "notes": "a note", "execution_settings": execution(), "session_settings": session(),
        "additional_settings": additional(), "jit_settings": jit(mode),
        "type": "Router", "vendor": "Maker", "model": "M1", "site": "Cellar",
        "device_domain": ["example.com", "lab.example.com"], "device_tags": ["a", "b"],
        "connectivities": ["SSH:22", "HTTPS:443"], "session_remote_config": "SSH:EXPECT:FILL",
    })
}

/// The operator's table without what tells the record and what has rows of its own.
fn rows() -> impl Iterator<Item = &'static Field> {
    let own = ["identifier", "username", "hostname", "ip", "content"];
    FIELDS.iter().filter(move |row| row.form != Form::Block && row.list().is_none() && !own.contains(&row.wire))
}

fn given<'a>(values: &'a Value, row: &Field) -> Option<&'a Value> {
    row.wire.split('.').try_fold(values, |value, key| value.get(key))
}

/// Every field that has a value here but those of the other JIT mode.
pub(crate) fn everything(mode: Value) -> CredentialRequest {
    let values = values(mode);
    let fields = rows().filter_map(|row| Some(field(row, given(&values, row)?)));
    CredentialRequest { fields: fields.collect(), ..request("one") }
}

/// The fields of a version that have no value here: each has any. Those of a set are there together, or not at all.
fn others(version: &str) -> Vec<WireField> {
    let values = merged([creating(), enabling()].map(values).map(|values| values["jit_settings"].clone()));
    let values = merged([self::values(json!({})), json!({"jit_settings": values})]);
    let at = |version: &str| VERSIONS.iter().position(|one| *one == version);
    let others = rows().filter(|row| given(&values, row).is_none() && at(row.since) <= at(version));
    others.map(|row| field(row, &Value::Null)).collect()
}

/// A field as its form has it.
fn field(row: &'static Field, given: &Value) -> WireField {
    let text = |value: &Value| value.as_str().unwrap_or("any").to_owned();
    let value = match row.form {
        Form::Word => WireValue::Word(given.as_str().unwrap_or("Low").into()),
        Form::List => WireValue::List(given.as_array().map_or_else(Vec::new, |all| all.iter().map(text).collect())),
        Form::Flag | Form::Own(_) | Form::Mode(_) => WireValue::Flag(given.as_bool().unwrap_or(true)),
        Form::Number => WireValue::Number(given.as_u64().unwrap_or(7)),
        Form::Secret => WireValue::Secret(text(given).into()),
        Form::Items => {
            let key = |row: &Field| row.wire.rsplit('.').next().unwrap();
            let item = |one: &Value| row.of_items().map(|inner| field(inner, &one[key(inner)])).collect();
            WireValue::Items(given.as_array().unwrap_or(&vec![json!({})]).iter().map(item).collect())
        }
        Form::Text | Form::Part(_) | Form::Block => WireValue::Text(text(given)),
    };
    WireField { path: row.wire, value }
}

/// One text.
pub(crate) fn text(path: &'static str, value: &str) -> WireField {
    WireField { path, value: WireValue::Text(value.into()) }
}

/// One list.
pub(crate) fn list(path: &'static str, items: &[&str]) -> WireField {
    WireField { path, value: WireValue::List(items.iter().map(|item| (*item).to_owned()).collect()) }
}

/// Sends everything, each JIT mode in turn; answers the bodies as they arrived.
async fn send_everything(pam: &Pam, version: &str) -> [Value; 2] {
    let client = client(pam, version);
    for mode in [creating(), enabling()] {
        let mut request = everything(mode);
        request.fields.extend(others(version));
        client.upsert_credential(&request).await.unwrap();
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
        let tags = CredentialRequest { fields: vec![list("tags", &["z"])], content: None, ..request("one") };
        client.upsert_credential(&tags).await.unwrap();
        let mut after = pam.sim.find("one").unwrap().fields;
        assert_eq!(after.insert("tags".into(), "x,y".into()), Some("z".into()));
        assert_eq!(after, before, "{version}");
        let notes = CredentialRequest { fields: vec![text("notes", "another")], content: None, ..request("one") };
        client.upsert_credential(&notes).await.unwrap();
        let after = pam.sim.find("one").unwrap().fields;
        assert_eq!(
            (&after["notes"], &after["additional_settings"]),
            (&json!("another"), &before["additional_settings"])
        );
    }
}
