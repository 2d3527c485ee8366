//! How a version identifies, updates, disables and enables records.

use pam_simulator::{Config, ProductVersion, Seed};
use serde_json::json;

use crate::common::{HOST, IP, Pam, body, full, log_in};

#[tokio::test]
async fn a_blank_identifier_stays_null_up_to_3_32_and_becomes_a_uuid_later() {
    for version in ProductVersion::ALL {
        let pam = Pam::of(version).await;
        let mut blank = body("svc");
        blank["identifier"] = "".into();
        let id = pam.post(&blank).await.id();
        let identifier = pam.sim.record(&id).unwrap().identifier;
        assert_eq!(identifier.is_some(), version >= ProductVersion::V3_33, "{version}");
        assert_eq!(pam.rows().await[0]["identifier"], json!(identifier));
    }
}

#[tokio::test]
async fn row_4_keeps_the_identifier_but_in_3_33_bug_4522_replaces_it() {
    for version in ProductVersion::ALL {
        let pam = Pam::of(version).await;
        let id = pam.post(&full("k8s-a", "svc", "one")).await.id();
        let updated = pam.post(&body("svc")).await;
        assert!(!updated.created());
        let identifier = pam.sim.record(&id).unwrap().identifier.unwrap();
        assert_eq!(identifier != "k8s-a", version == ProductVersion::V3_33, "{version}");
        let told = &updated.json()["credential"];
        assert_eq!(told.get("tag").or(told.get("identifier")), Some(&json!(identifier)));
    }
}

#[tokio::test]
async fn identifiers_are_held_to_their_characters_from_4_0_on() {
    for version in ProductVersion::ALL {
        let pam = Pam::of(version).await;
        let reply = pam.post(&full("a b/é", "svc", "one")).await;
        if version >= ProductVersion::V4_0 {
            assert_eq!(reply.code(), 1053, "{version}");
        } else {
            assert!(reply.created(), "{version}");
            assert_eq!(pam.rows().await[0]["identifier"], "a b/é");
        }
    }
}

#[tokio::test]
async fn disabling_and_enabling_twice_is_1017_up_to_3_32_and_1008_and_1043_later() {
    for version in ProductVersion::ALL {
        let (inactive, active) = if version <= ProductVersion::V3_32 { (1017, 1017) } else { (1008, 1043) };
        let pam = Pam::of(version).await;
        let id = pam.post(&full("k8s-a", "svc", "one")).await.id();
        assert_eq!(pam.item("PUT", &id).await.code(), u64::from(active), "{version}");
        assert_eq!(pam.item("DELETE", &id).await.status, 200);
        assert_eq!(pam.item("DELETE", &id).await.code(), u64::from(inactive), "{version}");
        assert_eq!(pam.item("PUT", &id).await.status, 200);
        assert!(pam.sim.record(&id).unwrap().active);
        let about = pam.sim.journal();
        let told: Vec<_> = about.about(&id).iter().map(|entry| (entry.client_id.as_deref(), entry.code)).collect();
        let by = Some("operator");
        assert_eq!(told, [(by, None), (by, Some(active)), (by, None), (by, Some(inactive)), (by, None)]);
    }
}

#[tokio::test]
async fn every_error_of_a_single_record_in_every_version() {
    for version in ProductVersion::ALL {
        let hidden = Seed::new("hidden", HOST, IP).visible_to(&[]);
        let pam = Pam::with(Config::of(version).seed(hidden).seed(Seed::new("key", HOST, IP).ssh_key())).await;
        for method in ["DELETE", "PUT"] {
            for (key, code, record) in
                [("999", 1007, None), ("101", 1009, Some("101")), ("102", 1010, Some("102")), ("k8s-a", 1007, None)]
            {
                let mark = pam.sim.mark();
                let reply = pam.item(method, key).await;
                assert_eq!((reply.status, reply.code()), (400, code), "{version} {method} {key}");
                let entry = &pam.sim.since(mark).entries()[0].clone();
                assert_eq!((entry.record.as_deref(), entry.target.as_deref()), (record, Some(key)));
                assert_eq!((entry.client_id.as_deref(), entry.committed()), (Some("operator"), false));
            }
            pam.sim.change_authorization("operator", |client| client.read_only = true);
            assert_eq!(pam.item(method, "101").await.code(), 1039);
            pam.sim.change_authorization("operator", |client| client.read_only = false);
        }
        pam.sim.change_behaviour(|knobs| knobs.outside_is_unknown = true);
        assert_eq!(pam.item("DELETE", "101").await.code(), 1007);
    }
}

#[tokio::test]
async fn the_table_holds_in_every_version() {
    for version in ProductVersion::ALL {
        let pam = Pam::of(version).await;
        let first = pam.post(&full("k8s-a", "svc", "one")).await;
        assert!(first.created(), "row 3");
        let renamed = pam.post(&full("k8s-a", "renamed", "two")).await;
        assert!(!renamed.created(), "row 1");
        let replaced = pam.post(&full("k8s-b", "renamed", "three")).await;
        assert!(!replaced.created(), "row 2");
        assert_eq!((renamed.id(), replaced.id()), (first.id(), first.id()));
        assert_eq!(pam.sim.record(&first.id()).unwrap().identifier.as_deref(), Some("k8s-b"));
        assert!(pam.post(&body("other")).await.created(), "row 5");
        assert!(!pam.post(&body("other")).await.created(), "row 4");
        let token = log_in(&pam.sim, &pam.http).await;
        pam.sim.expire_tokens();
        let path = format!("{}/pam/credential", pam.prefix);
        assert_eq!(pam.call_as(&token, "GET", &path, None).await.unwrap().status, 401, "{version}");
    }
}
