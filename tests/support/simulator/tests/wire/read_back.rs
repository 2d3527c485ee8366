//! What GET and the list show of parent, port and expiry after they were set.

use jiff::Timestamp;
use pam_simulator::{Config, Device, ProductVersion, Seed, VaultEdit};
use serde_json::{Value, json};

use crate::common::{HOST, IP, Pam, full};

async fn shown(pam: &Pam, id: &str, keys: [&str; 2]) -> [Value; 2] {
    let credential = pam.item("GET", id).await.json()["credential"].clone();
    keys.map(|key| credential[key].clone())
}

const PARENT: [&str; 2] = ["parent_credential_cod", "parent_credential"];

#[tokio::test]
async fn a_parent_is_shown_whichever_way_it_was_set() {
    for version in ProductVersion::ALL {
        let config = Config::of(version).device(HOST, IP).seed(Seed::new("parent", HOST, IP));
        let pam = Pam::with(config).await;
        let mut child = full("k8s-a", "svc", "one");
        let id = pam.post(&child).await.id();
        assert_eq!(shown(&pam, &id, PARENT).await, [Value::Null, Value::Null], "{version}");
        child["execution_settings"] =
            json!({ "parent_credential": "parent", "parent_hostname": HOST, "parent_ip": IP });
        pam.post(&child).await;
        assert_eq!(shown(&pam, &id, PARENT).await, [json!("101"), json!("parent")], "{version}");
        child["execution_settings"]["parent_credential"] = "nobody".into();
        pam.post(&child).await;
        assert_eq!(shown(&pam, &id, PARENT).await, [Value::Null, json!("nobody")]);
        child["parent_password"] = 101.into();
        pam.post(&child).await;
        assert_eq!(shown(&pam, &id, PARENT).await, [json!("101"), json!("parent")]);
    }
}

#[tokio::test]
async fn the_port_is_that_of_the_devices_first_connectivity() {
    let pam = Pam::start().await;
    let mut post = full("k8s-a", "svc", "one");
    let id = pam.post(&post).await.id();
    for (connectivities, port, protocol, code) in [
        (None, "22", "SSH", "1"),
        (Some("SSH:2222, HTTPS:443"), "2222", "SSH", "1"),
        (Some("RDP"), "3389", "RDP", "13"),
        (Some("HTTPS:8443,SSH:22"), "8443", "HTTPS", "10"),
        (Some(""), "", "", ""),
    ] {
        if let Some(connectivities) = connectivities {
            post["connectivities"] = connectivities.into();
            pam.post(&post).await;
        }
        assert_eq!(shown(&pam, &id, ["port", "ip"]).await, [json!(port), json!(IP)]);
        let row = pam.rows().await[0].clone();
        assert_eq!((&row["connectivity"], &row["connectivity_code"]), (&json!(protocol), &json!(code)));
    }
    pam.sim.put_device(&Device { fields: serde_json::Map::new(), ..Device::new(HOST, IP) });
    assert_eq!(shown(&pam, &id, ["port", "model"]).await, [json!(""), Value::Null]);
}

#[tokio::test]
async fn an_expiry_that_the_vault_set_is_in_get_and_list() {
    for version in ProductVersion::ALL {
        let pam = Pam::of(version).await;
        let id = pam.post(&full("k8s-a", "svc", "one")).await.id();
        assert_eq!(pam.rows().await[0]["expiration"], Value::Null, "{version}");
        let at: Timestamp = "2031-01-16T17:31:39Z".parse().unwrap();
        assert!(pam.sim.edit(&id, VaultEdit::Expires(Some(at))));
        assert_eq!(pam.rows().await[0]["expiration"], "2031-01-16T17:31:39+00:00", "with an offset");
        assert_eq!(shown(&pam, &id, ["expiration_time", "id"]).await, [json!("2031-01-16T17:31:39"), json!(id)]);
        pam.sim.edit(&id, VaultEdit::Expires(None));
        assert_eq!(shown(&pam, &id, ["expiration_time", "id"]).await, [Value::Null, json!(id)]);
    }
}
