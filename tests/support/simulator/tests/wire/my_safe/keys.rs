//! An access key is another kind of client than an A2A authorization.

use pam_simulator::{AccessKey, Authorization, Config, ProductVersion, Reach, SafeRules};

use super::{SECRET, Safe, ask_token, is_old, least, token};
use crate::common::{HOST, IP, Pam, body};

#[tokio::test]
async fn an_access_key_logs_in_under_api_in_every_version_and_reaches_nothing_else() {
    for version in ProductVersion::ALL {
        let safe = Safe::of(version).await;
        assert_eq!(ask_token(&safe.pam, "/iso/oauth2/token", "key").await.status, 401, "{version}");
        let prefix = safe.pam.prefix;
        for (method, path) in [("GET", "credential"), ("POST", "credential"), ("GET", "device")] {
            let path = format!("{prefix}/pam/{path}");
            let refused = safe.pam.call_as(&safe.token, method, &path, Some(&body("svc"))).await.unwrap();
            assert_eq!(refused.status, 500, "{version} {path}");
            assert_eq!(refused.message(), "You are not authorized to access this resource.");
        }
    }
}

#[tokio::test]
async fn an_authorization_of_a2a_does_not_reach_my_safe() {
    for version in ProductVersion::ALL {
        let pam = Pam::of(version).await;
        let refused = pam.call("GET", "/api/mysafe/password", None).await.unwrap();
        assert_eq!(
            (refused.status, refused.message()),
            (500, "You are not authorized to access this resource.".into())
        );
        assert_eq!(pam.rows().await.len(), 0, "{version}: it reaches what it reached");
    }
}

#[tokio::test]
async fn my_safe_is_under_api_alone_unless_a_knob_says_otherwise() {
    for version in ProductVersion::ALL {
        let safe = Safe::of(version).await;
        let ask = async || safe.pam.call_as(&safe.token, "GET", "/iso/mysafe/password", None).await.unwrap().status;
        assert_eq!(ask().await, 404, "{version}");
        safe.pam.sim.change_behaviour(|knobs| {
            knobs.iso = Some(Reach::Everything);
            knobs.my_safe.under_iso = true;
        });
        assert_eq!(ask().await, 200, "{version}");
        safe.pam.sim.change_behaviour(|knobs| knobs.api = Some(Reach::Nothing));
        assert_eq!(safe.call("GET", "", None).await.status, 404, "{version}");
    }
}

#[tokio::test]
async fn up_to_3_32_the_token_endpoint_under_api_knows_access_keys_alone() {
    let safe = Safe::of(ProductVersion::V3_32).await;
    assert!(is_old(safe.pam.sim.version()));
    assert_eq!(ask_token(&safe.pam, "/api/oauth2/token", "operator").await.status, 404);
    assert_eq!(ask_token(&safe.pam, "/api/oauth2/token", "nobody").await.status, 401);
    safe.pam.sim.change_behaviour(|knobs| knobs.token_path = Some("/token".to_owned()));
    assert_eq!(ask_token(&safe.pam, "/token", "key").await.status, 200);
}

#[tokio::test]
async fn tokens_are_checked_by_the_gateway_as_everywhere() {
    let safe = Safe::start().await;
    let bad = safe.pam.call_as("nonsense", "GET", "/api/mysafe/password", None).await.unwrap();
    assert_eq!(bad.status, 401);
    safe.pam.sim.expire_tokens();
    assert_eq!(safe.call("GET", "", None).await.status, 401);
}

#[tokio::test]
async fn a_key_for_specified_data_sees_what_was_picked_and_by_a_knob_what_it_makes() {
    for sees_own in [false, true] {
        let rules = SafeRules { specified_sees_own: sees_own, ..SafeRules::default() };
        let safe = Safe::with(ProductVersion::default(), rules).await;
        let (picked, other) = (safe.make(&least("picked")).await, safe.make(&least("other")).await);
        let access_key = AccessKey { user: "svc".to_owned(), specified: Some([picked.clone()].into()) };
        let narrow = Authorization { access_key: Some(access_key), ..Authorization::new("narrow", SECRET) };
        safe.pam.sim.authorize(narrow);
        let narrow = Safe { token: token(&safe.pam, "narrow").await, pam: safe.pam };
        let made = narrow.make(&least("made")).await;
        let seen = if sees_own { vec![picked, made.clone()] } else { vec![picked] };
        assert_eq!(narrow.listed("").await, seen);
        let own = narrow.put(&made, &least("made")).await.status;
        assert_eq!(own, if sees_own { 200 } else { 400 });
        assert_eq!(narrow.put(&other, &least("other")).await.code(), 1006);
    }
}

#[tokio::test]
async fn a_tenant_has_its_own_entries() {
    let config = Config::default().device(HOST, IP).authorization(Authorization::access_key("key", SECRET, "svc"));
    let config = config.authorization(Authorization::access_key("far", SECRET, "svc").tenant("umbrella"));
    let pam = Pam::with(config).await;
    let (near, far) = (token(&pam, "key").await, token(&pam, "far").await);
    let near = Safe { pam, token: near };
    let id = near.make(&least("one")).await;
    let far = Safe { token: far, pam: near.pam };
    assert_eq!((far.listed("").await.len(), far.put(&id, &least("x")).await.code()), (0, 1005));
}
