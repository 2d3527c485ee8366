//! What a request looks like on the wire: every field in its own place, in every dialect.

use serde_json::{Value, json};

use super::*;
use crate::pam::endpoint::{AdditionalSettingsShape, BooleanForm, CriticalityCase, NotesPlacement, NumberForm};
use crate::pam::{Compatibility, Product, ProductVersion};

fn dialect(version: &str) -> Dialect {
    Dialect::of(Product::PamCore, ProductVersion::parse(version).unwrap(), &Compatibility::default()).unwrap()
}

fn body(request: &CredentialRequest, dialect: &Dialect) -> Value {
    serde_json::from_slice(&request.to_json(dialect).unwrap()).unwrap()
}

fn request() -> CredentialRequest {
    CredentialRequest {
        identifier: "c_ns_db".into(),
        username: "svc".into(),
        hostname: "db01".into(),
        ip: "10.0.0.7".into(),
        ..Default::default()
    }
}

fn text(value: &str) -> WireValue {
    WireValue::Text(value.into())
}

fn list(items: &[&str]) -> WireValue {
    WireValue::List(items.iter().map(|item| (*item).to_owned()).collect())
}

fn fields(fields: &[(&'static str, WireValue)]) -> Vec<WireField> {
    fields.iter().map(|(path, value)| WireField { path, value: value.clone() }).collect()
}

fn with(all: &[(&'static str, WireValue)]) -> CredentialRequest {
    CredentialRequest { fields: fields(all), ..request() }
}

/// Texts and switches of a block, each under its path.
fn block(texts: &[(&'static str, &str)], flags: &[(&'static str, bool)]) -> Vec<WireField> {
    let texts: Vec<_> = texts.iter().map(|(path, value)| (*path, text(value))).collect();
    let flags: Vec<_> = flags.iter().map(|(path, on)| (*path, WireValue::Flag(*on))).collect();
    fields(&[texts, flags].concat())
}

fn execution() -> Vec<WireField> {
    let texts = [
        ("execution_settings.parent_credential", "parent c"),
        ("execution_settings.parent_hostname", "parent h"),
        ("execution_settings.parent_ip", "parent i"),
        ("execution_settings.change_plugin", "change p"),
        ("execution_settings.change_template", "change t"),
        ("execution_settings.authentication_credential", "execution c"),
        ("execution_settings.authentication_hostname", "execution h"),
        ("execution_settings.authentication_ip", "execution i"),
        ("execution_settings.reconciliation_credential", "reconciliation c"),
        ("execution_settings.reconciliation_hostname", "reconciliation h"),
        ("execution_settings.reconciliation_ip", "reconciliation i"),
        ("execution_settings.reconciliation_plugin", "reconciliation p"),
        ("execution_settings.reconciliation_template", "reconciliation t"),
    ];
    let flags = [
        ("execution_settings.automatic_change", true),
        ("execution_settings.agent_based_password_change", false),
        ("execution_settings.use_own_credential_to_connect", false),
        ("execution_settings.status", true),
    ];
    block(&texts, &flags)
}

fn session() -> Vec<WireField> {
    let flags = [
        ("session_settings.SSH", true),
        ("session_settings.Telnet", false),
        ("session_settings.MySQL", true),
        ("session_settings.SQL Server", false),
        ("session_settings.HTTP", true),
        ("session_settings.HTTPS", true),
        ("session_settings.RDP", false),
        ("session_settings.X11 Forward", false),
        ("session_settings.VNC", true),
        ("session_settings.restrict_access_to_remote_application", false),
        ("session_settings.use_own_credential_to_connect", true),
    ];
    let one = |app: &str, over: &str| {
        fields(&[
            ("session_settings.macros[].remote_app", text(app)),
            ("session_settings.macros[].connectivity", text(over)),
        ])
    };
    let macros = WireValue::Items(vec![one("MySQL", "SSH"), one("app", "RDP")]);
    [block(&[], &flags), fields(&[("session_settings.macros", macros)])].concat()
}

fn additional() -> Vec<WireField> {
    let one = |name: &str| {
        fields(&[
            ("additional_settings.additional_authentication_fields[].name", text(name)),
            ("additional_settings.additional_authentication_fields[].short_name", text(&format!("short {name}"))),
            (
                "additional_settings.additional_authentication_fields[].value",
                WireValue::Secret(format!("CANARY-{name}").into()),
            ),
        ])
    };
    fields(&[
        ("additional_settings.user_credential_owner", text("admin")),
        ("additional_settings.server_path", text("/etc/host")),
        ("additional_settings.secret_key", WireValue::Secret("CANARY-seed".into())),
        ("additional_settings.criticality", WireValue::Word("High".into())),
        ("additional_settings.additional_authentication_fields", WireValue::Items(vec![one("one"), one("two")])),
    ])
}

fn creating() -> Vec<WireField> {
    let texts = [
        ("jit_settings.authentication_credential", "jit c"),
        ("jit_settings.authentication_hostname", "jit h"),
        ("jit_settings.authentication_ip", "jit i"),
        ("jit_settings.credential_creation_plugin", "creation p"),
        ("jit_settings.credential_creation_template", "creation t"),
        ("jit_settings.credential_deletion_plugin", "deletion p"),
        ("jit_settings.credential_deletion_template", "deletion t"),
    ];
    let flags = [
        ("jit_settings.jit", true),
        ("jit_settings.credential_creation_and_deletion", true),
        ("jit_settings.enable_disable_credential", false),
        ("jit_settings.use_own_credential_to_connect", false),
    ];
    block(&texts, &flags)
}

fn outermost() -> Vec<WireField> {
    fields(&[
        ("additional", text("a")),
        ("tags", list(&["x", "y"])),
        ("credential_type", text("Local User")),
        ("domain", text("d")),
        ("parent_password", WireValue::Number(123)),
        ("notes", text("n")),
        ("type", text("Server")),
        ("vendor", text("Debian")),
        ("model", text("12")),
        ("site", text("Default")),
        ("device_domain", list(&["a.example", "b.example"])),
        ("device_tags", list(&["x", "y z"])),
        ("connectivities", list(&["SSH:22", "HTTPS:443"])),
        ("session_remote_config", text("SSH:EXPECT:FILL")),
    ])
}

fn everything() -> CredentialRequest {
    CredentialRequest {
        content: Some("CANARY-value \"\n\u{1}é".into()),
        fields: [outermost(), execution(), additional(), session(), creating()].concat(),
        ..request()
    }
}

#[test]
fn only_what_is_set_is_sent() {
    let four = json!({"identifier": "c_ns_db", "username": "svc", "hostname": "db01", "ip": "10.0.0.7"});
    assert_eq!(body(&request(), &dialect("4.2")), four);
}

#[test]
fn text_fields_have_their_names_and_lists_are_joined_without_blanks() {
    let full = body(&everything(), &dialect("4.2"));
    let expected = json!({
        "identifier": "c_ns_db", "username": "svc", "hostname": "db01", "ip": "10.0.0.7",
        "content": "CANARY-value \"\n\u{1}é", "additional": "a", "tags": "x,y", "credential_type": "Local User",
        "domain": "d", "parent_password": 123, "notes": "n", "type": "Server", "vendor": "Debian", "model": "12",
        "site": "Default", "device_domain": "a.example,b.example", "device_tags": "x,y z",
        "connectivities": "SSH:22,HTTPS:443", "session_remote_config": "SSH:EXPECT:FILL",
    });
    let mut plain = full.as_object().unwrap().clone();
    plain.retain(|key, _| !key.ends_with("_settings"));
    assert_eq!(Value::Object(plain), expected);
}

#[test]
fn execution_settings_have_every_field_in_its_own_place() {
    let expected = json!({
        "parent_credential": "parent c", "parent_hostname": "parent h", "parent_ip": "parent i",
        "automatic_change": true, "agent_based_password_change": false,
        "change_plugin": "change p", "change_template": "change t",
        "use_own_credential_to_connect": false, "authentication_credential": "execution c",
        "authentication_hostname": "execution h", "authentication_ip": "execution i",
        "status": true, "reconciliation_credential": "reconciliation c",
        "reconciliation_hostname": "reconciliation h", "reconciliation_ip": "reconciliation i",
        "reconciliation_plugin": "reconciliation p", "reconciliation_template": "reconciliation t",
    });
    assert_eq!(body(&everything(), &dialect("4.2"))["execution_settings"], expected);
}

#[test]
fn session_settings_have_every_field_in_its_own_place() {
    let expected = json!({
        "SSH": true, "Telnet": false, "MySQL": true, "SQL Server": false, "HTTP": true, "HTTPS": true, "RDP": false,
        "X11 Forward": false, "VNC": true, "restrict_access_to_remote_application": false,
        "macros": [{"remote_app": "MySQL", "connectivity": "SSH"}, {"remote_app": "app", "connectivity": "RDP"}],
        "use_own_credential_to_connect": true,
    });
    assert_eq!(body(&everything(), &dialect("3.32"))["session_settings"], expected);
    // The switches whose values are equal above, each alone.
    for (index, field) in session().into_iter().enumerate().filter(|(_, field)| field.path != "session_settings.macros")
    {
        let mut others = session();
        others.remove(index);
        let sent = body(&CredentialRequest { fields: others, ..request() }, &dialect("4.2"));
        let sent = sent["session_settings"].as_object().unwrap();
        let label = field.path.strip_prefix("session_settings.").unwrap();
        assert_eq!((sent.len(), sent.contains_key(label)), (11, false), "{label}");
    }
}

#[test]
fn additional_settings_are_an_object_up_to_3_32_and_an_array_of_one_since() {
    let inside = json!({
        "user_credential_owner": "admin", "server_path": "/etc/host", "secret_key": "CANARY-seed",
        "criticality": "High", "additional_authentication_fields": [
            {"name": "one", "short_name": "short one", "value": "CANARY-one"},
            {"name": "two", "short_name": "short two", "value": "CANARY-two"},
        ],
    });
    for version in ["3.33", "3.33.1", "4.0", "4.2"] {
        let sent = body(&everything(), &dialect(version));
        assert_eq!((&sent["additional_settings"], &sent["notes"]), (&json!([inside]), &json!("n")), "{version}");
    }
    let mut with_notes = inside;
    with_notes["notes"] = "n".into();
    let sent = body(&everything(), &dialect("3.32"));
    assert_eq!((&sent["additional_settings"], sent.get("notes")), (&with_notes, None));
}

#[test]
fn jit_settings_have_every_field_in_its_own_place() {
    let expected = json!({
        "jit": true, "credential_creation_and_deletion": true, "enable_disable_credential": false,
        "use_own_credential_to_connect": false, "authentication_credential": "jit c",
        "authentication_hostname": "jit h", "authentication_ip": "jit i",
        "credential_creation_plugin": "creation p", "credential_creation_template": "creation t",
        "credential_deletion_plugin": "deletion p", "credential_deletion_template": "deletion t",
    });
    assert_eq!(body(&everything(), &dialect("4.2"))["jit_settings"], expected);
}

#[test]
fn notes_stand_where_the_dialect_puts_them() {
    let noted = with(&[("notes", text("n"))]);
    let (old, new) = (dialect("3.32"), dialect("3.33"));
    assert_eq!(body(&noted, &old)["additional_settings"], json!({"notes": "n"}));
    assert_eq!(body(&noted, &old).get("notes"), None);
    assert_eq!(body(&noted, &new)["notes"], "n");
    assert_eq!(body(&noted, &new).get("additional_settings"), None);
    let inside = Dialect { notes: NotesPlacement::AdditionalSettings, ..new };
    assert_eq!(body(&noted, &inside)["additional_settings"], json!([{"notes": "n"}]));
    assert_eq!(body(&everything(), &inside)["additional_settings"][0]["notes"], "n");
    assert_eq!(body(&request(), &old).get("additional_settings"), None);
}

#[test]
fn each_quirk_is_switched_by_itself() {
    for version in ["3.32", "4.2"] {
        let usual = dialect(version);
        let sent = body(&everything(), &usual);
        let settings = |sent: &Value| match &sent["additional_settings"] {
            Value::Array(items) => items[0].clone(),
            block => block.clone(),
        };
        let shape = match usual.settings {
            AdditionalSettingsShape::Object => AdditionalSettingsShape::Array,
            AdditionalSettingsShape::Array => AdditionalSettingsShape::Object,
        };
        let other = body(&everything(), &Dialect { settings: shape, ..usual.clone() });
        assert_ne!(other["additional_settings"].is_array(), sent["additional_settings"].is_array());
        assert_eq!(settings(&other), settings(&sent));

        let low = body(&everything(), &Dialect { criticality: CriticalityCase::LowerCase, ..usual.clone() });
        assert_eq!(settings(&low)["criticality"], "high");
        assert_eq!(low["execution_settings"], sent["execution_settings"]);

        let digits = body(&everything(), &Dialect { booleans: BooleanForm::Digit, ..usual.clone() });
        assert_eq!((&digits["jit_settings"]["jit"], &digits["session_settings"]["Telnet"]), (&json!("1"), &json!("0")));
        assert_eq!(digits["parent_password"], 123);

        let texts = body(&everything(), &Dialect { numbers: NumberForm::Text, ..usual });
        assert_eq!((&texts["parent_password"], &texts["jit_settings"]), (&json!("123"), &sent["jit_settings"]));
    }
}

#[test]
fn every_criticality_has_its_word_in_either_case() {
    for word in ["Low", "Medium", "High"] {
        let request = with(&[("additional_settings.criticality", WireValue::Word(word.into()))]);
        let dialect = dialect("3.32");
        assert_eq!(body(&request, &dialect)["additional_settings"], json!({"criticality": word}));
        let low = Dialect { criticality: CriticalityCase::LowerCase, ..dialect };
        assert_eq!(body(&request, &low)["additional_settings"], json!({"criticality": word.to_lowercase()}));
    }
}

#[test]
fn the_body_never_grows_out_of_its_first_buffer() {
    let long = "\u{1}".repeat(4000);
    let mut worst = everything();
    worst.content = Some(long.clone().into());
    worst.fields.retain(|field| !["notes", "additional_settings.secret_key"].contains(&field.path));
    worst
        .fields
        .extend(fields(&[("notes", text(&long)), ("additional_settings.secret_key", WireValue::Secret(long.into()))]));
    for version in ["3.32", "4.2"] {
        let body = worst.to_json(&dialect(version)).unwrap();
        assert!(body.len() > 72_000 && body.capacity() == body.len(), "{} {}", body.len(), body.capacity());
    }
}

#[test]
fn debug_shows_no_value() {
    let mut full = everything();
    full.username = "CANARY-user".into();
    full.fields.retain(|field| field.path != "notes");
    full.fields.extend(fields(&[("notes", text("CANARY-notes"))]));
    let text = format!("{full:?} {:?} {:?}", additional(), full.fields);
    assert!(!text.contains("CANARY"), "{text}");
    for shown in ["c_ns_db", "content", "additional_settings", "jit_settings", "device"] {
        assert!(text.contains(shown), "{text}");
    }
}
