//! What is asked of an API server, and what becomes of its answers: nothing is written, and what is refused is not known.

use clap::Parser;
use http::Method;
use jiff::Timestamp;
use k8s_openapi::ByteString;
use serde_json::{Value, json};

use super::facts;
use crate::commands::doctor::args::DoctorArgs;
use crate::commands::doctor::check;
use crate::commands::doctor::line::Verdict;
use crate::commands::doctor::report::Report;
use crate::exit::Exit;
use crate::fake;

fn args() -> DoctorArgs {
    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        doctor: DoctorArgs,
    }
    Line::try_parse_from(["doctor"]).unwrap().doctor
}

/// Returns what all checks say, after holding that nothing was written.
async fn report(answer: fn(&Method, &str) -> Option<Value>) -> Report {
    let (cluster, asked) = fake::cluster(answer);
    let found = facts(&args(), &cluster).await.unwrap();
    for asked in asked.lock().unwrap().iter() {
        let is_question = asked.starts_with("POST /apis/authorization.k8s.io/v1/") && asked.ends_with("reviews");
        assert!(asked.starts_with("GET ") || is_question, "{asked}");
    }
    Report::of(check::all(&found.facts))
}

fn said(report: &Report, verdict: Verdict) -> Vec<String> {
    let lines = report.checks.iter().filter(|line| line.verdict == verdict);
    lines.map(|line| format!("{}: {} — {:?}", line.check, line.what, line.what_to_do)).collect()
}

#[tokio::test]
async fn a_user_without_rights_is_told_which_are_missing() {
    let report = report(|method, path| match (method, path) {
        (&Method::GET, "/version") => Some(json!({"gitVersion": "v1.33.0"})),
        (&Method::POST, path) if path.ends_with("/selfsubjectaccessreviews") => {
            Some(json!({"spec": {}, "status": {"allowed": false}}))
        }
        _ => None,
    })
    .await;
    assert_eq!(report.exit(), Exit::Done, "{:?}", said(&report, Verdict::Fail));
    let warned = said(&report, Verdict::Warn).join("\n");
    for words in [
        "you may not get customresourcedefinitions.apiextensions.k8s.io",
        "you may not list deployments.apps in the whole cluster",
        "you may not get leases.coordination.k8s.io in namespace pam-operator",
        "running: cannot look for the operator's Deployment: Kubernetes refused (403)",
        "definitions: pamcredentials.pam-operator.io",
    ] {
        assert!(warned.contains(words), "{words}: {warned}");
    }
}

/// Answers as the API server of a cluster where nothing is wrong.
fn sound(method: &Method, path: &str) -> Option<Value> {
    let list = |items: Value| json!({"metadata": {}, "items": items});
    let own = "/apis/pam-operator.io/v1alpha1/";
    Some(match path {
        "/version" => json!({"gitVersion": "v1.33.0"}),
        "/apis/apps/v1/deployments" => list(json!([{
            "metadata": {"name": "pam-operator", "namespace": "ops"},
            "spec": {"replicas": 1, "selector": {}, "template": {"spec": {"serviceAccountName": "pam-operator",
                "containers": [{"name": "operator", "image": "pam-operator:0.1.0", "args": ["--watch-namespaces=shop"]}]}}},
            "status": {"readyReplicas": 1},
        }])),
        "/api/v1/namespaces/ops/pods" => list(json!([])),
        "/apis/coordination.k8s.io/v1/namespaces/ops/leases/pam-operator" => json!({
            "metadata": {"name": "pam-operator"},
            "spec": {"holderIdentity": "one", "leaseDurationSeconds": 15, "renewTime": Timestamp::now().to_string()},
        }),
        "/api/v1/namespaces/ops/secrets/pam-operator-digest-key" => json!({
            "metadata": {"name": "pam-operator-digest-key"}, "data": {"key": ByteString(vec![7; 32])},
        }),
        path if *method == Method::POST && path.ends_with("reviews") => {
            json!({"spec": {}, "status": {"allowed": true}})
        }
        path if path == format!("{own}pamcredentials") => list(json!([{
            "kind": "PamCredential", "apiVersion": "pam-operator.io/v1alpha1",
            "metadata": {"name": "db", "namespace": "shop", "generation": 1},
            // The first bytes of the SHA-256 of the key.
            "status": {"observedGeneration": 1, "digests": {"notes": "v1:4bb06f8e:00", "tags": "v1:00"}},
        }])),
        path if path.starts_with(own) => list(json!([])),
        path => {
            let name = path.strip_prefix("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/")?;
            let crds = pam_operator::api::crds();
            let known = crds.into_iter().find(|known| known.metadata.name.as_deref() == Some(name))?;
            serde_json::to_value(known).unwrap()
        }
    })
}

#[tokio::test]
async fn a_sound_cluster_is_said_to_be_sound() {
    let report = report(sound).await;
    for verdict in [Verdict::Fail, Verdict::Warn] {
        assert!(said(&report, verdict).is_empty(), "{:?}", said(&report, verdict));
    }
    let good = said(&report, Verdict::Ok).join("\n");
    for words in
        ["Kubernetes v1.33.0 answers", "clocks of the API server", "1 of 1 ready", "one leads", "the key is there"]
    {
        assert!(good.contains(words), "{words}: {good}");
    }
}
