//! What a request looks like on the wire: every field in its own place, in every dialect.

use serde_json::{Value, json};

use super::*;
use crate::pam::endpoint::{AdditionalSettingsShape, BooleanForm, CriticalityCase, NotesPlacement, NumberForm};
use crate::pam::{Compatibility, ProductVersion};

fn dialect(version: &str) -> Dialect {
    Dialect::of(ProductVersion::parse(version).unwrap(), &Compatibility::default()).unwrap()
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

/// An account whose three parts differ from all others.
fn account(name: &str) -> AccountRef {
    AccountRef { credential: format!("{name} c"), hostname: format!("{name} h"), ip: format!("{name} i") }
}

fn procedure(name: &str) -> Procedure {
    Procedure { plugin: format!("{name} p"), template: format!("{name} t") }
}

fn execution() -> ExecutionSettings {
    ExecutionSettings {
        parent: Some(account("parent")),
        automatic_change: Some(true),
        agent_based_password_change: Some(false),
        change: Some(procedure("change")),
        connect_with: ConnectWith::Other(account("execution")),
        reconciliation: Some(Reconciliation {
            enabled: true,
            account: Some(account("reconciliation")),
            procedure: Some(procedure("reconciliation")),
        }),
    }
}

fn session() -> SessionSettings {
    let macros = [("MySQL", "SSH"), ("app", "RDP")];
    let macros = macros.map(|(app, over)| Macro { remote_app: app.into(), connectivity: over.into() });
    SessionSettings {
        ssh: Some(true),
        telnet: Some(false),
        mysql: Some(true),
        sql_server: Some(false),
        http: Some(true),
        https: Some(true),
        rdp: Some(false),
        x11_forward: Some(false),
        vnc: Some(true),
        restrict_access_to_remote_application: Some(false),
        macros: Some(macros.into()),
        connect_with: ConnectWith::Own,
    }
}

fn additional() -> AdditionalSettings {
    let field = |name: &str| AuthenticationField {
        name: name.into(),
        short_name: format!("short {name}"),
        value: format!("CANARY-{name}").into(),
    };
    AdditionalSettings {
        user_credential_owner: Some("admin".into()),
        server_path: Some("/etc/host".into()),
        secret_key: Some("CANARY-seed".into()),
        criticality: Some(Criticality::High),
        additional_authentication_fields: Some(vec![field("one"), field("two")]),
    }
}

fn creating() -> JitSettings {
    let mode = JitMode::CreateAndDelete { creation: procedure("creation"), deletion: procedure("deletion") };
    JitSettings { jit: true, mode: Some(mode), connect_with: ConnectWith::Other(account("jit")) }
}

fn device() -> DeviceSettings {
    DeviceSettings {
        kind: Some("Server".into()),
        vendor: Some("Debian".into()),
        model: Some("12".into()),
        site: Some("Default".into()),
        domains: Some(vec!["a.example".into(), "b.example".into()]),
        tags: Some(vec!["x".into(), "y z".into()]),
        connectivities: Some(vec!["SSH:22".into(), "HTTPS:443".into()]),
        session_remote_config: Some("SSH:EXPECT:FILL".into()),
    }
}

fn everything() -> CredentialRequest {
    CredentialRequest {
        content: Some("CANARY-value \"\n\u{1}é".into()),
        additional: Some("a".into()),
        tags: Some(vec!["x".into(), "y".into()]),
        credential_type: Some("Local User".into()),
        domain: Some("d".into()),
        parent_password: Some(123),
        notes: Some("n".into()),
        execution_settings: Some(execution()),
        session_settings: Some(session()),
        additional_settings: Some(additional()),
        jit_settings: Some(creating()),
        device: Some(device()),
        ..request()
    }
}

#[test]
fn only_what_is_set_is_sent() {
    let four = json!({"identifier": "c_ns_db", "username": "svc", "hostname": "db01", "ip": "10.0.0.7"});
    assert_eq!(body(&request(), &dialect("4.2")), four);
    let empty = CredentialRequest {
        additional_settings: Some(AdditionalSettings::default()),
        device: Some(DeviceSettings::default()),
        ..request()
    };
    assert_eq!(body(&empty, &dialect("3.32")), four, "an empty group says nothing");
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

type Switch = fn(&mut SessionSettings) -> &mut Option<bool>;

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
    let switches: [(&str, Switch); 10] = [
        ("SSH", |session| &mut session.ssh),
        ("Telnet", |session| &mut session.telnet),
        ("MySQL", |session| &mut session.mysql),
        ("SQL Server", |session| &mut session.sql_server),
        ("HTTP", |session| &mut session.http),
        ("HTTPS", |session| &mut session.https),
        ("RDP", |session| &mut session.rdp),
        ("X11 Forward", |session| &mut session.x11_forward),
        ("VNC", |session| &mut session.vnc),
        ("restrict_access_to_remote_application", |session| &mut session.restrict_access_to_remote_application),
    ];
    for (label, switch) in switches {
        let mut session = session();
        *switch(&mut session) = None;
        let sent = body(&CredentialRequest { session_settings: Some(session), ..request() }, &dialect("4.2"));
        let sent = sent["session_settings"].as_object().unwrap();
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
fn a_jit_mode_sends_its_own_procedures_and_both_switches() {
    let mut expected = json!({
        "jit": true, "credential_creation_and_deletion": true, "enable_disable_credential": false,
        "use_own_credential_to_connect": false, "authentication_credential": "jit c",
        "authentication_hostname": "jit h", "authentication_ip": "jit i",
        "credential_creation_plugin": "creation p", "credential_creation_template": "creation t",
        "credential_deletion_plugin": "deletion p", "credential_deletion_template": "deletion t",
    });
    assert_eq!(body(&everything(), &dialect("4.2"))["jit_settings"], expected);
    let mode = JitMode::EnableAndDisable { enable: procedure("enable"), disable: procedure("disable") };
    let enabling = JitSettings { jit: false, mode: Some(mode), connect_with: ConnectWith::Own };
    expected = json!({
        "jit": false, "credential_creation_and_deletion": false, "enable_disable_credential": true,
        "use_own_credential_to_connect": true,
        "credential_enable_plugin": "enable p", "credential_enable_template": "enable t",
        "credential_disable_plugin": "disable p", "credential_disable_template": "disable t",
    });
    let with = |jit: &JitSettings| CredentialRequest { jit_settings: Some(jit.clone()), ..request() };
    assert_eq!(body(&with(&enabling), &dialect("3.32"))["jit_settings"], expected);
    let off = JitSettings { mode: None, ..enabling };
    expected = json!({"jit": false, "use_own_credential_to_connect": true});
    assert_eq!(body(&with(&off), &dialect("4.2"))["jit_settings"], expected);
}

#[test]
fn notes_stand_where_the_dialect_puts_them() {
    let noted = CredentialRequest { notes: Some("n".into()), ..request() };
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
    let words = [(Criticality::Low, "Low"), (Criticality::Medium, "Medium"), (Criticality::High, "High")];
    for (criticality, word) in words {
        let settings = AdditionalSettings { criticality: Some(criticality), ..AdditionalSettings::default() };
        let request = CredentialRequest { additional_settings: Some(settings), ..request() };
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
    worst.notes = Some(long.clone());
    worst.additional_settings.as_mut().unwrap().secret_key = Some(long.into());
    for version in ["3.32", "4.2"] {
        let body = worst.to_json(&dialect(version)).unwrap();
        assert!(body.len() > 72_000 && body.capacity() == body.len(), "{} {}", body.len(), body.capacity());
    }
}

#[test]
fn debug_shows_no_value() {
    let mut full = everything();
    full.username = "CANARY-user".into();
    full.notes = Some("CANARY-notes".into());
    let text = format!("{full:?} {:?} {:?}", additional(), full.additional_settings);
    assert!(!text.contains("CANARY"), "{text}");
    for shown in ["c_ns_db", "content", "additional_settings", "jit_settings", "device"] {
        assert!(text.contains(shown), "{text}");
    }
}
