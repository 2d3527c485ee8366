//! P8, P9, P10: a connection's proxy is the way to its PAM, also after its login changed, and a proxy in the environment is the
//! way to nothing.

use pam_operator::api::{ConditionType, find};
use serde_json::{Value, json};

use crate::connect_proxy::{Answer, ProxyServer};
use crate::support::{CANARY, PROGRAM, Plan, World, assert_no_canary, base64};

/// Returns what the connection says once it has that reason.
async fn says(world: &World, reason: &str) -> String {
    let found = world.connection_becomes(reason).await;
    find(&found.status.unwrap().conditions, ConditionType::Ready).cloned().unwrap().message
}

async fn ends(world: &World) {
    let said = world.everything_said().await;
    assert_no_canary(&said);
    assert!(!said.contains("CANARY"), "a word of the proxy was told");
}

#[tokio::test]
async fn a_connection_goes_through_its_proxy_with_the_login_that_its_secret_has_now() {
    let world = Plan::default().start().await;
    let direct = world.sim.mark();
    let address = world.sim.url().replace("https://", "");
    let login = base64(format!("operator:{CANARY}").as_bytes()).leak();
    let proxy = ProxyServer::start(Answer::RelayFor { address: address.clone(), login }).await;
    let of_proxy = |url: &str| json!({"proxy": {"url": url, "basicAuthSecretRef": {"name": "proxy-login"}}});
    let put_login = async |password: Value| {
        let data = json!({"username": "operator", "password": password});
        world.put_secret_in(world.install.namespace(), "proxy-login", data).await;
    };
    put_login(json!("canary-7f3a-wrong")).await;
    world.put_connection(of_proxy(&proxy.url)).await;
    let message = says(&world, "PamUnavailable").await;
    assert!(message.contains("spec.proxy.basicAuthSecretRef") && message.contains("407"), "{message}");
    assert!(world.sim.since(direct).is_empty(), "nothing goes past the proxy");
    put_login(json!(CANARY)).await;
    world.connection_becomes("Authenticated").await;
    let before = proxy.asked().len();
    world.synced("one").await;
    assert!(proxy.asked().iter().all(|head| head.starts_with(&format!("CONNECT {address} "))));
    assert!(before > 0, "the login went through the proxy");
    // A changed proxy makes a new client, which uses no connection of the old one.
    let other = ProxyServer::start(Answer::Say("HTTP/1.1 502 CANARY\r\n\r\nCANARY")).await;
    world.put_connection(of_proxy(&other.url)).await;
    let message = says(&world, "PamUnavailable").await;
    assert!(message.contains("spec.proxy.url") && message.contains("allow CONNECT"), "{message}");
    let listed = json!({"proxy": {"url": other.url, "noProxy": "10.0.0.0/8,127.0.0.1"}});
    world.put_connection(listed).await;
    world.connection_becomes("Authenticated").await;
    world.synced("two").await;
    ends(&world).await;
}

#[tokio::test]
async fn a_proxy_in_the_environment_is_the_way_to_nothing() {
    let mut world = Plan::default().operator_off().start().await;
    let dead = "http://operator:canary-7f3a@127.0.0.1:1";
    for env in [
        &[("HTTPS_PROXY", dead), ("HTTP_PROXY", dead), ("ALL_PROXY", dead), ("https_proxy", dead)][..],
        &[("HTTPS_PROXY", dead), ("NO_PROXY", "example.com,10.0.0.0/8")],
    ] {
        let operator = world.install.start_operator(PROGRAM, env).await.unwrap();
        world.operator = Some(operator);
        world.connection_becomes("Authenticated").await;
        world.synced(if env.len() == 2 { "two" } else { "one" }).await;
        let logs = world.stop_operator().await;
        assert_no_canary(&logs);
        assert!(!logs.contains("operator:canary"), "the address of a proxy was logged");
    }
    ends(&world).await;
}
