//! P8: no secret is in any log line, at the most verbose level.

use pam_operator::pam::{Endpoint, TokenRequest};
use pam_simulator::{Effect, Fault, Kind, Shape};

use crate::answers::status;
use crate::support::{CANARY, Pam, capture_logs, list, request};

#[tokio::test]
async fn no_secret_is_in_any_log_line_at_trace_level() {
    let pam = Pam::start().await;
    let client = pam.client();
    let answer = r#"{"access_token":"CANARY-token","token_type":"Bearer","expires_in":60}"#;
    let raw = Effect::Raw { status: 200, content_type: "application/json".into(), body: answer.into() };
    pam.sim.inject(Fault::on(Kind::Token, raw));
    client.upsert_credential(&request("one")).await.unwrap();
    for effect in [Effect::Reset, Effect::Truncated, Effect::Garbage, status(500, Shape::Application)] {
        pam.sim.inject(Fault::on(Kind::PostCredential, effect));
        client.upsert_credential(&request("one")).await.unwrap_err();
    }
    list(&client).await.unwrap();
    list(&pam.client_of(Endpoint { token_request: TokenRequest::Basic, ..pam.endpoint() })).await.unwrap();
    no_log_line_has_a_secret();
}

/// Looks through everything that this process has logged so far.
pub fn no_log_line_has_a_secret() {
    let logs = capture_logs().0.lock().unwrap().clone();
    let logs = String::from_utf8_lossy(&logs);
    assert!(logs.contains("TRACE") && logs.contains("PAM call"), "nothing was captured");
    for line in logs.lines().filter(|line| !line.contains("pam_simulator")) {
        // The second one is how an HTTP Basic header begins: `operator:CANARY`.
        assert!(!line.contains(CANARY) && !line.contains("b3BlcmF0b3I6Q0FOQVJZ"), "{line}");
    }
}
