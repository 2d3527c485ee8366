//! Every documented field by itself, against the table in `tests/fixtures`; unknown keys and wrong types are refused.

use pam_simulator::ProductVersion;
use serde_json::{Value, json};

use super::{VERSIONS, assert_slip, with};
use crate::common::{HOST, IP, Pam};

/// path, type, required, page, versions, remark.
const TABLE: &str = include_str!("../../../../../fixtures/credential.tsv");

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
