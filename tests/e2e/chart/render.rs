//! The chart renders each value where it belongs, and refuses values that cannot work. Concerns no promise of its own.

use std::{collections::BTreeSet, fs, time::Duration};

use clap::{CommandFactory as _, Parser as _};
use local_cluster::ControlPlane;
use pam_operator::{
    config::{Cli, Config, WatchScope},
    metrics::{Kind, Metrics, ReconcileOutcome},
};
use serde_json::{Value, json};

use super::{container, of_kind, only, rendered, repository, template};

/// Values that use every branch of the templates.
const EVERYTHING: &[&str] = &[
    r#"clusterName="prod""#,
    "planOnly=true",
    r#"watchNamespaces=["team-a","default"]"#,
    r#"connectionSelector="pam in (a,b),!test""#,
    r#"allowedHosts=["*.example.com","10.0.0.0/8"]"#,
    r#"listenAddress="[::]:9090""#,
    r#"log={"format":"text","filter":"info,pam_operator=debug"}"#,
    "replicas=2",
    "leaderElection.leaseDurationSeconds=30",
    r#"image={"repository":"example.com/pam-operator","tag":"1.2.3","pullPolicy":"Always"}"#,
    r#"imagePullSecrets=[{"name":"pull"}]"#,
    r#"serviceAccount={"name":"robot","annotations":{"a":"b"}}"#,
    r#"metrics.service={"enabled":true,"port":80,"annotations":{"a":"b"}}"#,
    r#"networkPolicy={"enabled":true,"ingressFrom":[{"podSelector":{}}]}"#,
    r#"podAnnotations={"a":"b"}"#,
    r#"podLabels={"a":"b","app.kubernetes.io/name":"not-this"}"#,
    r#"priorityClassName="high""#,
    r#"nodeSelector={"kubernetes.io/os":"linux"}"#,
    r#"tolerations=[{"key":"a","operator":"Exists"}]"#,
    r#"affinity={"nodeAffinity":{}}"#,
];

/// What the operator itself makes of the rendered arguments.
fn config(objects: &[Value]) -> Config {
    let args = container(objects)["args"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap());
    let cli = Cli::try_parse_from(["pam-operator", "--namespace=ns", "--pod-name=pod"].into_iter().chain(args));
    cli.unwrap().try_into().unwrap()
}

#[tokio::test]
async fn helm_lints_it() {
    let chart = repository().join("charts/pam-operator");
    let cluster = ControlPlane::shared().await.unwrap();
    cluster.helm(&["lint", "--strict", &chart.to_string_lossy()]).await.unwrap();
}

#[tokio::test]
async fn the_default_values_are_the_operators_own_defaults() {
    let objects = rendered(&[]).await.unwrap();
    let bare = Cli::try_parse_from(["pam-operator", "--namespace=ns", "--pod-name=pod"]).unwrap();
    assert_eq!(config(&objects), Config::try_from(bare).unwrap());
}

#[tokio::test]
async fn every_value_reaches_its_flag() {
    let config = config(&rendered(EVERYTHING).await.unwrap());
    assert_eq!(config.cluster_name.as_deref(), Some("prod"));
    assert_eq!(config.watch, WatchScope::Namespaces(["default".into(), "team-a".into()].into()));
    assert_eq!(config.connection_selector.as_deref(), Some("pam in (a,b),!test"));
    assert_eq!(config.listen_address.to_string(), "[::]:9090");
    assert_eq!(config.log_filter, "info,pam_operator=debug");
    assert_eq!(config.lease_duration.as_secs(), 30);
    assert!(config.plan_only);
}

#[tokio::test]
async fn every_value_reaches_its_object() {
    let objects = rendered(EVERYTHING).await.unwrap();
    let container = container(&objects);
    assert_eq!(container["image"], "example.com/pam-operator:1.2.3");
    assert_eq!(container["ports"][0]["containerPort"], 9090);
    let pod = &only(&objects, "Deployment")["spec"]["template"];
    assert_eq!(pod["metadata"]["labels"]["a"], "b");
    assert_eq!(pod["metadata"]["labels"]["app.kubernetes.io/name"], "pam-operator");
    assert_eq!(pod["metadata"]["annotations"], json!({"a": "b"}));
    assert_eq!(pod["spec"]["serviceAccountName"], "robot");
    assert_eq!(pod["spec"]["priorityClassName"], "high");
    assert_eq!(pod["spec"]["imagePullSecrets"], json!([{"name": "pull"}]));
    assert_eq!(only(&objects, "ServiceAccount")["metadata"]["name"], "robot");
    assert_eq!(only(&objects, "Service")["spec"]["ports"][0]["targetPort"], "http");
    let policy = &only(&objects, "NetworkPolicy")["spec"];
    assert_eq!(policy["ingress"][0]["from"], json!([{"podSelector": {}}]));
    assert_eq!(policy["egress"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_not_asked_for_is_not_rendered() {
    let objects = rendered(&[
        "crds.install=false",
        "rbac.aggregate=false",
        "serviceAccount.create=false",
        "admissionPolicy.enabled=false",
    ])
    .await
    .unwrap();
    for kind in [
        "CustomResourceDefinition",
        "ServiceAccount",
        "Service",
        "NetworkPolicy",
        "Namespace",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
    ] {
        assert!(of_kind(&objects, kind).is_empty(), "{kind}");
    }
    assert_eq!(of_kind(&objects, "ClusterRole").len(), 1);
    assert_eq!(only(&objects, "Deployment")["spec"]["template"]["spec"]["serviceAccountName"], "default");
}

/// Releases share no policy, and each is about its own `ServiceAccount`.
#[tokio::test]
async fn the_admission_policy_is_about_the_operators_account_alone() {
    for (values, account) in [
        (&[][..], "rel-pam-operator"),
        (&[r#"serviceAccount={"name":"robot"}"#], "robot"),
        (&["serviceAccount.create=false"], "default"),
    ] {
        let objects = rendered(values).await.unwrap();
        let policy = only(&objects, "ValidatingAdmissionPolicy");
        assert_eq!(policy["metadata"]["name"], "ns.rel-pam-operator");
        let expected = format!("request.userInfo.username == \"system:serviceaccount:ns:{account}\"");
        assert_eq!(policy["spec"]["matchConditions"][0]["expression"], json!(expected));
        let binding = only(&objects, "ValidatingAdmissionPolicyBinding");
        assert_eq!(binding["spec"], json!({"policyName": "ns.rel-pam-operator", "validationActions": ["Deny"]}));
    }
}

#[tokio::test]
async fn a_digest_wins_over_the_tag_and_the_user_can_be_left_to_the_platform() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let image = format!(r#"image={{"tag":"1","digest":"{digest}"}}"#);
    let objects = rendered(&[&image, "runAsUser=null"]).await.unwrap();
    assert_eq!(container(&objects)["image"], format!("pam-operator@{digest}"));
    let context = &only(&objects, "Deployment")["spec"]["template"]["spec"]["securityContext"];
    assert_eq!(*context, json!({"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}}));
}

/// OpenShift refuses the default, and takes what somebody set on purpose as it is.
#[tokio::test]
async fn on_openshift_the_default_user_is_left_to_the_platform() {
    let chart = repository().join("charts/pam-operator").to_string_lossy().into_owned();
    let cluster = ControlPlane::shared().await.unwrap();
    for (user, expected) in [("65532", Value::Null), ("1000650000", json!(1_000_650_000))] {
        let user = format!("runAsUser={user}");
        let args = ["template", "rel", &chart, "--api-versions", "security.openshift.io/v1", "--set", &user];
        let objects: Vec<Value> = serde_saphyr::from_multiple(&cluster.helm(&args).await.unwrap()).unwrap();
        let context = &only(&objects, "Deployment")["spec"]["template"]["spec"]["securityContext"];
        assert_eq!(context["runAsUser"], expected, "{context}");
        assert_eq!(context["runAsNonRoot"], true);
    }
}

/// Once the kind is served, a connection is an object of the release like any other.
#[tokio::test]
async fn connections_are_a_hook_only_where_their_kind_is_not_served() {
    let chart = repository().join("charts/pam-operator").to_string_lossy().into_owned();
    let value =
        r#"connections={"default":{"spec":{"url":"https://pam.example.com","productVersion":"4.2","auth":{}}}}"#;
    let cluster = ControlPlane::shared().await.unwrap();
    for (served, is_hook) in [("pam-operator.io/v1alpha1/ClusterPamConnection", false), ("example.com/v1", true)] {
        let args = ["template", "rel", &chart, "--api-versions", served, "--set-json", value];
        let objects: Vec<Value> = serde_saphyr::from_multiple(&cluster.helm(&args).await.unwrap()).unwrap();
        let annotations = &only(&objects, "ClusterPamConnection")["metadata"]["annotations"];
        assert_eq!(annotations.get("helm.sh/hook").is_some(), is_hook, "{annotations}");
        // Helm deletes what a hook made before it makes it again, unless told otherwise.
        assert_eq!(annotations.get("helm.sh/hook-delete-policy").is_some(), is_hook, "{annotations}");
        assert_eq!(annotations["helm.sh/resource-policy"], "keep");
    }
}

#[tokio::test]
async fn unknown_and_impossible_values_are_refused() {
    // helm tells of all faults at once; one value cannot be wrong in two ways.
    let batches = [
        &[
            ("unknown=1", "'unknown'"),
            ("log.level=1", "'level'"),
            ("image.registry=\"x\"", "'registry'"),
            ("leaderElection.enable=true", "'enable'"),
            ("crds.keep=true", "'keep'"),
            ("admissionPolicy.enabled=\"auto\"", "/admissionPolicy/enabled'"),
            ("metrics.service.type=\"NodePort\"", "'type'"),
            ("watchNamespaces=\"a\"", "/watchNamespaces'"),
            ("clusterName=\"a_b\"", "/clusterName'"),
            ("planOnly=\"yes\"", "/planOnly'"),
            ("listenAddress=\":8080\"", "/listenAddress'"),
            ("log.format=\"xml\"", "/log/format'"),
            ("replicas=\"2\"", "/replicas'"),
            ("leaderElection.leaseDurationSeconds=4", "/leaderElection/leaseDurationSeconds'"),
            ("maxConcurrentReconciles=0", "/maxConcurrentReconciles'"),
            ("image.digest=\"sha1:1\"", "/image/digest'"),
            ("runAsUser=0", "/runAsUser'"),
            ("podLabels={\"a\":1}", "/podLabels/a'"),
        ][..],
        &[("watchNamespaces=[\"A\"]", "/watchNamespaces/0'"), ("replicas=11", "/replicas'")],
        &[("watchNamespaces=[\"a\",\"a\"]", "/watchNamespaces'")],
    ];
    for batch in batches {
        let values: Vec<_> = batch.iter().map(|(value, _)| *value).collect();
        let error = format!("{:#}", template(&values).await.unwrap_err());
        for (value, place) in batch {
            assert!(error.contains(place), "{value}: {error}");
        }
    }
}

#[tokio::test]
async fn several_replicas_without_election_are_refused_with_the_remedy() {
    let error = template(&["replicas=2", "leaderElection.enabled=false"]).await.unwrap_err();
    assert!(format!("{error:#}").contains("needs leaderElection.enabled: true"), "{error:#}");
    let objects = rendered(&["leaderElection.enabled=false"]).await.unwrap();
    assert_eq!(only(&objects, "Deployment")["spec"]["strategy"], json!({"type": "Recreate"}));
}

#[tokio::test]
async fn its_crds_are_those_of_the_repository_and_are_kept() {
    let objects = rendered(&[]).await.unwrap();
    let mut found = Vec::new();
    for crd in of_kind(&objects, "CustomResourceDefinition") {
        let mut crd = crd.clone();
        let annotations = crd["metadata"].as_object_mut().unwrap().remove("annotations").unwrap();
        assert_eq!(annotations, json!({"helm.sh/resource-policy": "keep"}));
        found.push(crd);
    }
    let mut expected: Vec<Value> = Vec::new();
    let mut files: Vec<_> =
        fs::read_dir(repository().join("crds")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        expected.push(serde_saphyr::from_str(&fs::read_to_string(file).unwrap()).unwrap());
    }
    assert!(!expected.is_empty());
    assert_eq!(found, expected);
}

#[tokio::test]
async fn the_plain_manifest_is_the_rendered_chart() {
    let (root, cluster) = (repository(), ControlPlane::shared().await.unwrap());
    let chart = root.join("charts/pam-operator");
    let args = ["template", "pam-operator", &chart.to_string_lossy(), "-n", "pam-operator"];
    let rendered = cluster.helm(&args).await.unwrap();
    let file = root.join("deploy/pam-operator.yaml");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&file, &rendered).unwrap();
    }
    let committed = fs::read_to_string(file).unwrap_or_default();
    assert!(committed == rendered, "deploy/pam-operator.yaml is not what the chart renders: `make generate` writes it");
}

/// Each value is explained where it is set, and known to the schema.
#[test]
fn every_value_is_commented_and_in_the_schema() {
    let chart = repository().join("charts/pam-operator");
    let text = fs::read_to_string(chart.join("values.yaml")).unwrap();
    let schema: Value = serde_json::from_str(&fs::read_to_string(chart.join("values.schema.json")).unwrap()).unwrap();
    let values: Value = serde_saphyr::from_str(&text).unwrap();
    let names = |object: &Value| object.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let known = names(&schema["properties"]);
    assert_eq!(names(&values), known);
    let sections = [
        "log",
        "leaderElection",
        "image",
        "serviceAccount",
        "rbac",
        "admissionPolicy",
        "crds",
        "metrics",
        "networkPolicy",
    ];
    let lines: Vec<&str> = text.lines().collect();
    for name in known {
        let at = lines.iter().position(|line| line.starts_with(&format!("{name}:"))).unwrap();
        let is_explained =
            lines[at - 1].starts_with('#') || lines.get(at + 1).is_some_and(|line| line.trim_start().starts_with('#'));
        assert!(is_explained, "{name}");
        if sections.contains(&name.as_str()) {
            assert_eq!(schema["properties"][&name]["additionalProperties"], json!(false), "{name}");
        }
    }
}

/// What the chart runs by default is what people are told to build and to push.
#[test]
fn the_default_image_is_that_of_the_manual() {
    let read = |file: &str| fs::read_to_string(repository().join(file)).unwrap();
    let values: Value = serde_saphyr::from_str(&read("charts/pam-operator/values.yaml")).unwrap();
    let image = values["image"]["repository"].as_str().unwrap();
    for page in ["README.md", "charts/pam-operator/README.md", "charts/pam-operator/values.yaml"] {
        let text = read(page).split_whitespace().collect::<Vec<_>>().join(" ");
        for words in
            ["image is published", "`make image`", &format!("`{image}`"), &format!("registry.example.com/{image}")]
        {
            assert!(text.contains(words), "{page}: {words}");
        }
    }
}

/// Every flag, value and metric is in the manual, and none that is not there any more.
#[test]
fn the_manual_names_every_flag_value_and_metric() {
    let pages = ["docs/reference/settings.md", "docs/reference/metrics.md"];
    let manual = pages.map(|page| fs::read_to_string(repository().join(page)).unwrap()).join("\n");
    let missing = |word: &str| !manual.contains(&format!("`{word}`"));
    let command = Cli::command();
    let flags: BTreeSet<_> = command.get_arguments().filter_map(|arg| Some(format!("--{}", arg.get_long()?))).collect();
    let variables = command.get_arguments().filter_map(|arg| Some(arg.get_env()?.to_str()?.to_owned()));
    let words: Vec<_> = flags.iter().cloned().chain(variables).filter(|word| missing(word)).collect();
    assert!(words.is_empty(), "flags: {words:?}");
    let documented = manual.split('`').filter(|word| word.starts_with("--") && !word.contains(' '));
    let gone: Vec<_> = documented.filter(|word| !flags.contains(*word)).collect();
    assert!(gone.is_empty(), "flags: {gone:?}");
    let text = fs::read_to_string(repository().join("charts/pam-operator/values.yaml")).unwrap();
    let values: Value = serde_saphyr::from_str(&text).unwrap();
    let chart = fs::read_to_string(repository().join("charts/pam-operator/README.md")).unwrap();
    for name in values.as_object().unwrap().keys() {
        assert!(chart.contains(&format!("\n| `{name}`")), "{name}");
    }
    for name in metric_names() {
        assert!(!missing(&name), "{name}");
    }
}

fn metric_names() -> Vec<String> {
    let (metrics, registry) = Metrics::new();
    metrics.reconciled(Kind::PamCredential, ReconcileOutcome::Ready, Duration::ZERO);
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    types
        .map(|(name, kind)| match kind {
            "counter" => format!("{name}_total"),
            "info" => format!("{name}_info"),
            _ => name.to_owned(),
        })
        .collect()
}
