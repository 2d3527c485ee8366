//! Calls about one record: the one that hands out its secret, and the life cycle (API 4.1, 4.4, 6.1).

use pam_simulator::{Config, Seed};

use crate::common::{HOST, IP, Pam, Reply, full};

async fn call(pam: &Pam, method: &str, key: &str) -> Reply {
    pam.call(method, &format!("/api/pam/credential/{key}"), None).await.unwrap()
}

#[tokio::test]
async fn a_get_by_id_hands_out_the_secret_takes_custody_and_stands_out_in_the_journal() {
    let pam = Pam::start().await;
    let id = pam.post(&full("k8s-a", "svc", "canary")).await.id();
    assert!(pam.sim.journal().secrets_handed_out().is_empty());
    for key in [id.as_str(), "svc@db01", "svc%40db01"] {
        let reply = call(&pam, "GET", key).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.json()["credential"]["password"], "canary");
        assert_eq!(reply.json()["credential"]["content"], "canary");
        assert!(reply.json().get("code").is_none(), "the documented sample has none");
    }
    let record = pam.sim.record(&id).unwrap();
    assert_eq!(record.custody.as_deref(), Some("operator"));
    assert!(record.view.is_some());
    assert_eq!(pam.sim.journal().secrets_handed_out().len(), 3);
}

#[tokio::test]
async fn delete_disables_and_put_enables_and_nothing_is_ever_gone() {
    let pam = Pam::start().await;
    let id = pam.post(&full("k8s-a", "svc", "one")).await.id();
    let disabled = call(&pam, "DELETE", &id).await;
    assert_eq!((disabled.status, disabled.message().as_str()), (200, "Credential successfully deactivated"));
    assert_eq!(disabled.json()["response"]["mensagem"], "Credential successfully deactivated");
    assert_eq!(call(&pam, "DELETE", &id).await.code(), 1008);
    assert!(!pam.sim.record(&id).unwrap().active);
    assert_eq!(pam.rows().await.len(), 1);
    assert_eq!(call(&pam, "PUT", &id).await.message(), "Credential successfully activated");
    assert_eq!(call(&pam, "PUT", &id).await.code(), 1043);
    assert!(pam.sim.record(&id).unwrap().active);
    assert_eq!(pam.sim.journal().commits().len(), 3);
}

#[tokio::test]
async fn each_error_of_a_single_record() {
    let hidden = Seed::new("hidden", HOST, IP).visible_to(&[]);
    let pam = Pam::with(Config::default().seed(hidden).seed(Seed::new("key", HOST, IP).ssh_key())).await;
    for (key, code) in [("999", 1007), ("nobody@db01", 1007), ("101", 1009), ("102", 1010), ("k8s-a", 1007)] {
        for method in ["GET", "DELETE", "PUT"] {
            let reply = call(&pam, method, key).await;
            assert_eq!((reply.status, reply.code()), (400, code), "{method} {key}");
        }
    }
    pam.sim.change_authorization("operator", |client| client.read_only = true);
    assert_eq!(call(&pam, "DELETE", "999").await.code(), 1039);
    assert_eq!(call(&pam, "PUT", "999").await.code(), 1039);
    assert_eq!(call(&pam, "GET", "999").await.code(), 1007);
}
