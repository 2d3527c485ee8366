//! Devices: upsert by host name, list, read, disable, enable (API 6.2; pages of 3.32, 3.33 and 4.0).

use std::collections::BTreeSet;

use pam_simulator::{Config, Inactive, Kind, ProductVersion};
use serde_json::{Map, Value, json};

use crate::common::{HOST, IP, Pam, Reply, full, reply};

fn device(hostname: &str) -> Value {
    json!({ "ip": "10.66.33.20", "hostname": hostname, "model": "Gmail", "type": "Desktop", "vendor": "Linux",
            "site": "AWS", "device_domain": "" })
}

async fn post(pam: &Pam, body: &Value) -> Reply {
    pam.call("POST", &format!("{}/pam/device", pam.prefix), Some(body)).await.unwrap()
}

async fn call(pam: &Pam, method: &str, key: &str) -> Reply {
    pam.call(method, &format!("{}/pam/device{key}", pam.prefix), None).await.unwrap()
}

/// The eight keys of the samples.
fn response(status: u16, text: &str) -> Value {
    json!({ "status": status, "message": text, "error": false, "error_code": 0, "detail": "", "mensagem": text,
            "erro": false, "cod_erro": 0 })
}

#[tokio::test]
async fn a_post_registers_a_device_and_updates_it_by_host_name_in_every_version() {
    for version in ProductVersion::ALL {
        let pam = Pam::of(version).await;
        let made = post(&pam, &device("API device test")).await;
        let shown = json!({ "id": "2", "hostname": "API device test", "ip": "10.66.33.20", "model": "Gmail",
            "type": "Desktop", "vendor": "Linux", "site": "AWS", "device_domain": "", "connectivities": "",
            "session_remote_config": "", "device_tags": "" });
        let expected =
            json!({ "code": 201, "response": response(201, "Device successfully registered!"), "device": shown });
        assert_eq!((made.status, made.json()), (201, expected), "{version}: no tenant");

        let mut changed = device("api DEVICE test");
        changed["device_tags"] = "api, app".into();
        changed["device_domain"] = "example.com,lab.example.com".into();
        changed["connectivities"] = "SSH:22, HTTPS:443".into();
        changed["session_remote_config"] = "SSH:EXPECT:FILL".into();
        let updated = post(&pam, &changed).await.json();
        assert_eq!(updated["response"], response(201, "Device updated successfully!"));
        let of_device = |key: &str| updated["device"][key].clone();
        assert_eq!((of_device("id"), of_device("hostname")), (json!("2"), json!("API device test")));
        assert_eq!(
            (of_device("device_tags"), of_device("connectivities")),
            ("api, app".into(), changed["connectivities"].clone())
        );
        let kept = post(&pam, &device("API device test")).await.json();
        assert_eq!(kept["device"]["device_tags"], "api, app", "what is not sent stays");
        let commits: Vec<_> =
            pam.sim.journal().commits().iter().map(|entry| entry.commit.clone().unwrap().created).collect();
        assert_eq!(commits, [true, false, false]);
    }
}

#[tokio::test]
async fn each_missing_field_has_its_code_on_an_update_too() {
    let pam = Pam::start().await;
    for _ in ["new", "known"] {
        let codes =
            [("hostname", 1004), ("ip", 1005), ("site", 1019), ("model", 1020), ("vendor", 1021), ("type", 1022)];
        for (key, code) in codes {
            for blank in [None, Some("")] {
                let mut body = device("db02");
                body.as_object_mut().unwrap().remove(key);
                body.as_object_mut().unwrap().extend(blank.map(|blank| (key.to_owned(), blank.into())));
                let refused = post(&pam, &body).await;
                assert_eq!((refused.status, refused.code()), (400, code));
                assert!(refused.message().ends_with("was not informed"));
            }
        }
        for domains in ["elsewhere.com", "example.com, lab.example.com"] {
            let mut body = device("db02");
            body["device_domain"] = domains.into();
            assert_eq!(post(&pam, &body).await.code(), 1029);
        }
        let mut slip = device("db02");
        slip["tags"] = "canary".into();
        assert!(post(&pam, &slip).await.message().contains("unknown key \"tags\""));
        assert_eq!(post(&pam, &device("db02")).await.status, 201);
    }
    pam.sim.change_authorization("operator", |client| client.read_only = true);
    assert_eq!(post(&pam, &device("db02")).await.code(), 1039);
    for method in ["DELETE", "PUT"] {
        assert_eq!(call(&pam, method, "/1").await.code(), 1039);
    }
    assert_eq!(
        (call(&pam, "GET", "").await.status, call(&pam, "GET", "/1").await.status),
        (200, 200),
        "access is enough"
    );
}

#[tokio::test]
async fn the_list_has_the_short_form_and_the_device_itself_all_fields() {
    for version in ProductVersion::ALL {
        let pam = Pam::of(version).await;
        let mut other = device("db02");
        other["device_tags"] = "tag001".into();
        post(&pam, &other).await;
        let (list, one) = (call(&pam, "GET", "").await, call(&pam, "GET", "/2").await);
        let row = json!({ "id": "2", "hostname": "db02", "ip": "10.66.33.20", "model": "Gmail", "type": "Desktop",
            "vendor": "Linux", "site": "AWS", "tags": "tag001" });
        let list = list.json();
        assert_eq!((&list["devices"][0]["hostname"], &list["devices"][1]), (&json!(HOST), &row), "{version}");
        let one = one.json();
        assert_eq!(
            (&one["device"]["device_tags"], &one["device"]["session_remote_config"]),
            (&json!("tag001"), &json!(""))
        );
        let text = |text: &str| (text.into(), text.into());
        let (message, mensagem): (Value, Value) = text("2 devices found");
        if version < ProductVersion::V3_33 {
            let five =
                json!({ "status": 200, "mensagem": mensagem, "erro": false, "message": message, "error": false });
            assert_eq!(
                (&list["response"], list.get("code"), one.get("code"), one.get("tenant")),
                (&five, None, None, None)
            );
            let mut seven = response(200, "Device 2");
            seven.as_object_mut().unwrap().remove("detail");
            assert_eq!(one["response"], seven);
        } else {
            assert_eq!((&list["response"], &list["code"]), (&response(200, "2 devices found"), &json!(200)));
            assert_eq!((&one["response"], &one["code"]), (&response(200, "Device 2"), &json!(200)));
            assert_eq!((list.get("tenant"), &one["tenant"]), (None, &json!("acme")));
        }
        assert!(pam.sim.journal().secrets_handed_out().is_empty());
    }
}

#[tokio::test]
async fn an_unknown_device_is_1011_and_its_errors_are_bare_in_a_get_of_3_32_alone() {
    for version in ProductVersion::ALL {
        let pam = Pam::of(version).await;
        for method in ["GET", "DELETE", "PUT"] {
            for key in ["/999", "/db01", "/0"] {
                let refused = call(&pam, method, key).await;
                assert_eq!((refused.status, refused.code()), (400, 1011), "{version} {method} {key}");
                let bare = method == "GET" && version < ProductVersion::V3_33;
                assert_eq!(refused.json().get("code").is_none(), bare);
                assert_eq!(refused.json()["response"].get("error_code").is_none(), bare);
            }
        }
        for (method, key) in [("POST", "/1"), ("PATCH", "/1"), ("DELETE", ""), ("GET", "/1/2")] {
            assert_eq!(call(&pam, method, key).await.status, 404, "{method} {key}");
        }
    }
}

#[tokio::test]
async fn disabling_a_device_suspends_its_credentials_and_enabling_it_leaves_them_so() {
    for version in ProductVersion::ALL {
        let pam = Pam::with(Config::of(version).device(HOST, IP).device("db02", "10.0.0.8")).await;
        let suspended = pam.post(&full("k8s-a", "svc", "one")).await.id();
        let mut elsewhere = full("k8s-b", "svc", "one");
        (elsewhere["hostname"], elsewhere["ip"]) = ("db02".into(), "10.0.0.8".into());
        let other = pam.post(&elsewhere).await.id();
        let keys = |reply: &Reply| {
            let response = reply.json()["response"].clone();
            ["mensagem", "Message"].into_iter().find(|key| response.get(*key).is_some())
        };
        let disabled = call(&pam, "DELETE", "/1").await;
        assert_eq!(
            (disabled.status, disabled.message().as_str()),
            (200, "Device successfully deactivated"),
            "{version}"
        );
        let capital = if version < ProductVersion::V3_33 { "mensagem" } else { "Message" };
        assert_eq!(keys(&disabled), Some(capital));
        let active = |id: &str| pam.sim.record(id).unwrap().active;
        assert_eq!((active(&suspended), active(&other)), (false, true));
        assert!(pam.sim.devices()[0].disabled);
        assert_eq!(call(&pam, "DELETE", "/1").await.status, 200, "no page has an error for it");

        let enabled = call(&pam, "PUT", "/1").await;
        assert_eq!((enabled.message().as_str(), keys(&enabled)), ("Device successfully activated", Some("mensagem")));
        assert!(!active(&suspended));
        let again = call(&pam, "PUT", "/1").await;
        assert_eq!(again.message(), "1044: Device is already activated");
        pam.sim.change_behaviour(|knobs| knobs.devices.suspends_credentials = false);
        call(&pam, "DELETE", "/2").await;
        assert!(active(&other));
    }
}

#[tokio::test]
async fn a_device_that_gets_another_address_takes_its_credentials_along() {
    let pam = Pam::start().await;
    let id = pam.post(&full("k8s-a", "svc", "one")).await.id();
    post(&pam, &device(HOST)).await;
    let row = pam.rows().await[0].clone();
    assert_eq!((&row["management_ip"], &row["device_model"]), (&json!("10.66.33.20"), &json!("Gmail")));
    assert_eq!(pam.post(&full("k8s-a", "svc", "one")).await.code(), 1011, "nothing is at the old address");
    let mut moved = full("k8s-b", "svc", "two");
    moved["ip"] = "10.66.33.20".into();
    assert_eq!(pam.post(&moved).await.id(), id, "row 2: the account is at the new address");
}

#[tokio::test]
async fn what_the_pages_leave_open_has_knobs() {
    let pam = Pam::start().await;
    let mut full = device("db02");
    full["device_tags"] = "a".into();
    post(&pam, &full).await;
    pam.sim.change_behaviour(|knobs| knobs.devices.clears_what_is_not_sent = true);
    assert_eq!(post(&pam, &device("db02")).await.json()["device"]["device_tags"], "");

    call(&pam, "DELETE", "/2").await;
    post(&pam, &full).await;
    assert!(pam.sim.devices()[1].disabled, "a POST leaves it disabled, as with records");
    pam.sim.change_behaviour(|knobs| knobs.list_inactive = false);
    assert_eq!(call(&pam, "GET", "").await.message(), "1 devices found");
    pam.sim.change_behaviour(|knobs| knobs.inactive = Inactive::Revive);
    post(&pam, &full).await;
    assert_eq!(call(&pam, "GET", "").await.message(), "2 devices found");

    pam.sim.change_behaviour(|knobs| knobs.devices.types = Some(BTreeSet::from(["Server".to_owned()])));
    assert_eq!(post(&pam, &full).await.code(), 1022);
    full["type"] = "Server".into();
    assert_eq!(post(&pam, &full).await.status, 201);
}

#[tokio::test]
async fn a_device_comes_as_a_form_too_and_credentials_can_be_registered_on_it() {
    let pam = Pam::with(Config::default()).await;
    let Value::Object(fields) = device("db02") else { panic!() };
    let form: Map<String, Value> = fields;
    let request = pam.http.post(pam.url("/api/pam/device")).bearer_auth(&pam.token).form(&form);
    assert_eq!(reply(request).await.unwrap().status, 201);
    let entry = pam.sim.journal().of(Kind::PostDevice).next().unwrap().clone();
    assert_eq!((entry.target.as_deref(), entry.record), (Some("db02"), None));
    let mut post = full("k8s-a", "svc", "one");
    (post["hostname"], post["ip"]) = ("DB02".into(), "10.66.33.20".into());
    assert!(pam.post(&post).await.created());
    assert_eq!(pam.rows().await[0]["hostname"], "db02");
}
