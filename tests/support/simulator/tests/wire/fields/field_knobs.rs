//! The knobs that decide which values of a field are taken.

use pam_simulator::{Behaviour, Config, Criticality, ProductVersion, Seed, ValueForm};
use serde_json::{Map, Value, json};

use super::{assert_slip, with};
use crate::common::{HOST, IP, Pam, body};

#[tokio::test]
async fn switches_and_numbers_may_be_written_as_texts_if_the_knob_says_so() {
    let pam = Pam::start().await;
    let rotating = |value: Value| with("execution_settings.automatic_change", value);
    let child = |value: Value| with("parent_password", value);
    for (form, plain, text) in
        [(ValueForm::Plain, true, false), (ValueForm::Text, false, true), (ValueForm::Either, true, true)]
    {
        pam.sim.change_behaviour(|knobs| (knobs.booleans, knobs.numbers) = (form, form));
        let cases = [
            (rotating(json!(true)), plain),
            (rotating(json!("1")), text),
            (child(json!(7)), plain),
            (child(json!("7")), text),
            (rotating(json!("true")), false),
            (child(json!("x")), false),
        ];
        for (body, taken) in cases {
            let reply = pam.post(&body).await;
            assert_eq!(reply.status, if taken { 201 } else { 400 }, "{form:?} {body} {}", reply.text);
        }
    }
    pam.post(&rotating(json!("0"))).await;
    assert!(!pam.sim.records()[0].automatic_change);
    pam.post(&rotating(json!("1"))).await;
    assert!(pam.sim.records()[0].automatic_change, "a digit is a switch like any other");
    let mut jit = with("jit_settings", json!({ "jit": "1", "enable_disable_credential": "1" }));
    assert_eq!(pam.post(&jit).await.code(), 1046);
    jit["jit_settings"] = json!({ "use_own_credential_to_connect": "0" });
    assert_slip(&pam.post(&jit).await, "authentication_credential");
}

#[tokio::test]
async fn criticality_is_one_of_three_words_in_the_case_that_the_knob_says() {
    let cases = [
        (Criticality::AnyCase, [true, true, true, false]),
        (Criticality::Capitalized, [true, false, false, false]),
        (Criticality::LowerCase, [false, true, false, false]),
        (Criticality::AnyText, [true, true, true, true]),
    ];
    for version in [ProductVersion::V3_32, ProductVersion::V4_2] {
        for (criticality, taken) in cases {
            let behaviour = Behaviour { criticality, ..Behaviour::default() };
            let pam = Pam::with(Config { behaviour, ..Config::of(version) }.device(HOST, IP)).await;
            for (word, taken) in ["High", "low", "MEDIUM", "critical"].into_iter().zip(taken) {
                let reply = pam.post(&with("additional_settings", json!({}))).await;
                assert!(reply.status == 201);
                let mut body = body("svc");
                let settings = json!({ "criticality": word });
                body["additional_settings"] =
                    if version == ProductVersion::V3_32 { settings } else { json!([settings]) };
                let reply = pam.post(&body).await;
                assert_eq!(reply.status == 201, taken, "{criticality:?} {word}");
                assert!(taken || reply.message().contains("low, medium or high"));
            }
        }
    }
}

#[tokio::test]
async fn plugins_of_execution_settings_need_not_be_registered_unless_the_knob_says_so() {
    let pam = Pam::start().await;
    let run = |action: &str, plugin: &str, template: &str| {
        let keys = [(format!("{action}_plugin"), plugin.into()), (format!("{action}_template"), template.into())];
        with("execution_settings", Map::from_iter(keys).into())
    };
    for action in ["change", "reconciliation"] {
        assert_eq!(pam.post(&run(action, "Nonsense", "3COM")).await.status, 201);
    }
    pam.sim.change_behaviour(|knobs| {
        knobs.execution_plugins_registered = true;
        knobs.templates.insert("3COM".to_owned());
    });
    for action in ["change", "reconciliation"] {
        assert_eq!(pam.post(&run(action, "Nonsense", "3COM")).await.code(), 1046);
        assert_eq!(pam.post(&run(action, "SSH", "Nonsense")).await.code(), 1047);
        assert_eq!(pam.post(&run(action, "SSH", "3COM")).await.status, 201);
    }
}

#[tokio::test]
async fn other_credentials_that_a_post_names_are_looked_for_only_if_the_knob_says_so() {
    let there = Seed::new("there", HOST, IP);
    let hidden = Seed::new("hidden", HOST, IP).visible_to(&[]);
    let pam = Pam::with(Config::default().device(HOST, IP).seed(there).seed(hidden)).await;
    let account = |prefix: &str, username: &str| {
        let keys = ["credential", "hostname", "ip"].map(|key| format!("{prefix}_{key}"));
        keys.into_iter().zip([username, HOST, IP].map(Value::from)).collect::<Map<_, _>>()
    };
    let named = |username: &str| {
        ["execution_settings", "session_settings", "jit_settings"]
            .map(|block| with(block, account("authentication", username).into()))
            .into_iter()
            .chain(
                ["parent", "reconciliation"].map(|prefix| with("execution_settings", account(prefix, username).into())),
            )
            .collect::<Vec<_>>()
    };
    for body in named("nobody").into_iter().chain([with("parent_password", json!(999))]) {
        assert_eq!(pam.post(&body).await.status, 201);
    }
    pam.sim.change_behaviour(|knobs| knobs.references_exist = true);
    for username in ["nobody", "hidden"] {
        for body in named(username) {
            assert_eq!(pam.post(&body).await.code(), 1007, "{body}");
        }
    }
    for (id, status) in [(999, 400), (102, 400), (101, 201)] {
        assert_eq!(pam.post(&with("parent_password", json!(id))).await.status, status, "{id}");
    }
    for body in named("THERE") {
        assert_eq!(pam.post(&body).await.status, 201);
    }
}

#[tokio::test]
async fn both_jit_modes_at_once_are_taken_unless_the_knob_says_otherwise() {
    let pam = Pam::start().await;
    let both = json!({ "jit": false, "credential_creation_and_deletion": true, "enable_disable_credential": true });
    assert_eq!(pam.post(&with("jit_settings", both.clone())).await.status, 201);
    pam.sim.change_behaviour(|knobs| knobs.both_jit_modes = false);
    assert_slip(&pam.post(&with("jit_settings", both)).await, "both modes");
    let one = json!({ "credential_creation_and_deletion": true, "enable_disable_credential": false });
    assert_eq!(pam.post(&with("jit_settings", one)).await.status, 201);
}
