//! P9: the rights of the `ServiceAccount`, read from the rendered roles and asked of the API server.

use k8s_openapi::api::{
    authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec},
    core::v1::{Namespace, Pod},
};
use kube::{
    Api, Client,
    api::{Patch, PatchParams, PostParams},
};
use local_cluster::{ControlPlane, Installation, unique_name};
use serde_json::{Value, json};

use super::{of_kind, only, rendered};

const GROUP: &str = "pam-operator.io";
const KEY: &str = "pam-operator-digest-key";

/// Group, resource (with subresource), name, verb.
type Request = (&'static str, &'static str, &'static str, &'static str);

/// In every namespace, also where it is not watched (any more): to say there that nobody serves the object.
const CREDENTIALS: &[Request] = &[
    (GROUP, "pamcredentials", "", "list"),
    (GROUP, "mysafepasswords", "", "list"),
    (GROUP, "pamcredentials", "", "watch"),
    (GROUP, "mysafepasswords", "", "watch"),
    (GROUP, "pamcredentials/status", "a", "patch"),
    (GROUP, "mysafepasswords/status", "a", "patch"),
];
const OBJECTS: &[Request] = &[
    (GROUP, "pamconnections", "", "list"),
    (GROUP, "pamconnections", "", "watch"),
    (GROUP, "pamconnections/status", "a", "patch"),
    ("", "secrets", "a", "get"),
    ("", "secrets", "", "list"),
    ("", "secrets", "", "watch"),
];
const EVENTS: &[Request] = &[("events.k8s.io", "events", "", "create"), ("events.k8s.io", "events", "a", "patch")];
const OWN: &[Request] = &[
    ("", "secrets", "a", "get"),
    ("", "secrets", "", "list"),
    ("", "secrets", "", "watch"),
    ("", "configmaps", "a", "get"),
    ("", "configmaps", "", "list"),
    ("", "configmaps", "", "watch"),
    ("", "secrets", KEY, "patch"),
    ("coordination.k8s.io", "leases", "", "create"),
    ("coordination.k8s.io", "leases", "pam-operator", "get"),
    ("coordination.k8s.io", "leases", "pam-operator", "update"),
];
const CLUSTER: &[Request] = &[
    (GROUP, "clusterpamconnections", "", "get"),
    (GROUP, "clusterpamconnections", "", "list"),
    (GROUP, "clusterpamconnections", "", "watch"),
    (GROUP, "clusterpamconnections/status", "a", "patch"),
    ("", "namespaces", "kube-system", "get"),
    ("", "namespaces", "a", "get"),
    // A namespace that goes away loses its Roles before the finalizer is off.
    (GROUP, "pamcredentials", "a", "get"),
    (GROUP, "mysafepasswords", "a", "get"),
    (GROUP, "pamcredentials", "a", "patch"),
    (GROUP, "mysafepasswords", "a", "patch"),
    (GROUP, "pamconnections", "a", "get"),
];
/// The labels of namespaces.
const ALL_NAMESPACES: &[Request] = &[("", "namespaces", "", "list"), ("", "namespaces", "", "watch")];
/// The CA bundles of tenants.
const CONFIG_MAPS: &[Request] = &[("", "configmaps", "", "list"), ("", "configmaps", "a", "get")];
/// Not even in its own namespace.
const NEVER: &[Request] = &[
    ("", "secrets", "", "create"),
    ("", "secrets", "a", "patch"),
    ("", "secrets", "a", "update"),
    ("", "secrets", "a", "delete"),
    ("", "secrets", KEY, "update"),
    ("", "secrets", KEY, "delete"),
    ("", "secrets", "", "deletecollection"),
    ("", "configmaps", "a", "patch"),
    ("", "serviceaccounts/token", "a", "create"),
    ("", "pods", "", "list"),
    ("", "pods/exec", "a", "create"),
    ("", "namespaces", "a", "patch"),
    (GROUP, "pamcredentials", "", "create"),
    (GROUP, "mysafepasswords", "", "create"),
    (GROUP, "pamcredentials", "a", "update"),
    (GROUP, "mysafepasswords", "a", "update"),
    (GROUP, "pamcredentials", "a", "delete"),
    (GROUP, "mysafepasswords", "a", "delete"),
    (GROUP, "pamcredentials/status", "a", "update"),
    (GROUP, "mysafepasswords/status", "a", "update"),
    (GROUP, "pamconnections", "a", "patch"),
    (GROUP, "pamconnections", "", "create"),
    (GROUP, "clusterpamconnections", "a", "patch"),
    (GROUP, "clusterpamconnections", "a", "delete"),
    ("coordination.k8s.io", "leases", "other", "update"),
    ("coordination.k8s.io", "leases", "pam-operator", "delete"),
    ("rbac.authorization.k8s.io", "clusterroles", "a", "bind"),
    ("rbac.authorization.k8s.io", "clusterroles", "a", "escalate"),
    ("rbac.authorization.k8s.io", "clusterrolebindings", "", "create"),
    ("apiextensions.k8s.io", "customresourcedefinitions", "", "list"),
    ("", "users", "a", "impersonate"),
];

async fn may(client: &Client, user: &str, namespace: &str, request: Request) -> bool {
    let (group, resource, name, verb) = request;
    let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let attributes = ResourceAttributes {
        group: text(group),
        name: text(name),
        namespace: text(namespace),
        resource: text(resource),
        subresource: text(subresource),
        verb: text(verb),
        ..ResourceAttributes::default()
    };
    let spec = SubjectAccessReviewSpec {
        user: Some(user.to_owned()),
        groups: Some(vec!["system:serviceaccounts".into(), "system:authenticated".into()]),
        resource_attributes: Some(attributes),
        ..SubjectAccessReviewSpec::default()
    };
    let review = SubjectAccessReview { spec, ..SubjectAccessReview::default() };
    let api: Api<SubjectAccessReview> = Api::all(client.clone());
    api.create(&PostParams::default(), &review).await.unwrap().status.unwrap().allowed
}

/// Fails with all requests of `requests` that are not answered as `expected`.
async fn expect(client: &Client, user: &str, namespace: &str, requests: &[Request], expected: bool) {
    let mut wrong = Vec::new();
    for request in requests {
        if may(client, user, namespace, *request).await != expected {
            wrong.push(*request);
        }
    }
    assert!(wrong.is_empty(), "in {namespace:?}, should be allowed: {expected}: {wrong:?}");
}

#[tokio::test]
async fn all_namespaces_are_served_with_reading_and_the_finalizer_alone() {
    let cluster = ControlPlane::shared().await.unwrap();
    let client = cluster.admin_client().await.unwrap();
    let install = Installation::of(cluster, &unique_name("rights")).install().await.unwrap();
    let elsewhere = cluster.namespace("elsewhere").await.unwrap();
    let user = install.user();
    expect(&client, &user, install.namespace(), OWN, true).await;
    expect(&client, &user, "", CLUSTER, true).await;
    expect(&client, &user, "", ALL_NAMESPACES, true).await;
    for namespace in [install.namespace(), &elsewhere] {
        expect(&client, &user, namespace, CREDENTIALS, true).await;
        expect(&client, &user, namespace, OBJECTS, true).await;
        expect(&client, &user, namespace, EVENTS, true).await;
        expect(&client, &user, namespace, NEVER, false).await;
    }
    expect(&client, &user, "default", EVENTS, true).await;
    // What is its own is so nowhere else.
    let only_own: Vec<_> = OWN.iter().copied().filter(|request| !OBJECTS.contains(request)).collect();
    expect(&client, &user, &elsewhere, &only_own, false).await;
    install.uninstall().await.unwrap();
}

#[tokio::test]
async fn listed_namespaces_are_the_only_ones_where_secrets_can_be_read() {
    let cluster = ControlPlane::shared().await.unwrap();
    let client = cluster.admin_client().await.unwrap();
    let watched = cluster.namespace("watched").await.unwrap();
    let elsewhere = cluster.namespace("elsewhere").await.unwrap();
    let install = Installation::of(cluster, &unique_name("rights"))
        .set("watchNamespaces", json!([watched]))
        .set("allowedHosts", json!(["pam.example.com"]))
        .install()
        .await
        .unwrap();
    let user = install.user();
    expect(&client, &user, install.namespace(), OWN, true).await;
    expect(&client, &user, "", CLUSTER, true).await;
    expect(&client, &user, "", ALL_NAMESPACES, false).await;
    expect(&client, &user, &watched, &[("", "namespaces", &*watched.clone().leak(), "watch")], true).await;
    for namespace in [&*watched, &elsewhere, ""] {
        expect(&client, &user, namespace, CREDENTIALS, true).await;
    }
    for requests in [OBJECTS, EVENTS, CONFIG_MAPS] {
        expect(&client, &user, &watched, requests, true).await;
        expect(&client, &user, &elsewhere, requests, false).await;
        // Cluster-wide lists and watches.
        expect(&client, &user, "", requests, false).await;
    }
    for namespace in [install.namespace(), &watched, &elsewhere, "default", "kube-system", ""] {
        expect(&client, &user, namespace, NEVER, false).await;
    }
    // Events about the key of the digests.
    expect(&client, &user, install.namespace(), EVENTS, true).await;
    // Events about connections, which have no namespace, and nothing else there.
    expect(&client, &user, "default", EVENTS, true).await;
    expect(&client, &user, "default", OBJECTS, false).await;
    install.uninstall().await.unwrap();
}

/// The same from the text of the roles, so that a rule that the table above does not ask for is seen too.
#[tokio::test]
async fn no_role_has_a_wildcard_or_writes_a_secret() {
    for values in [&[][..], &[r#"watchNamespaces=["a","default"]"#]] {
        let objects = rendered(values).await.unwrap();
        let roles = of_kind(&objects, "Role").into_iter().chain(of_kind(&objects, "ClusterRole"));
        let operators = roles.filter(|role| {
            let labels = role["metadata"]["labels"].as_object().unwrap();
            !labels.keys().any(|key| key.starts_with("rbac.authorization.k8s.io/"))
        });
        let mut secret_writes = Vec::new();
        for rule in operators.flat_map(|role| role["rules"].as_array().unwrap()) {
            let words = |key: &str| rule[key].as_array().into_iter().flatten().map(|word| word.as_str().unwrap());
            assert!(
                words("verbs").chain(words("resources")).chain(words("apiGroups")).all(|w| !w.contains('*')),
                "{rule}"
            );
            assert!(rule.get("nonResourceURLs").is_none(), "{rule}");
            let reads = ["get", "list", "watch"];
            let writes: Vec<_> = words("verbs").filter(|verb| !reads.contains(verb)).collect();
            if words("resources").any(|resource| resource.starts_with("secrets")) && !writes.is_empty() {
                secret_writes.push((writes, rule["resourceNames"].clone()));
            }
        }
        assert_eq!(secret_writes, [(vec!["patch"], json!([KEY]))]);
    }
}

#[tokio::test]
async fn with_listed_namespaces_no_cluster_role_names_secrets() {
    let objects = rendered(&[r#"watchNamespaces=["a","b"]"#]).await.unwrap();
    for role in of_kind(&objects, "ClusterRole") {
        assert!(!role["rules"].to_string().contains("secrets"), "{role}");
    }
    let mut places: Vec<_> =
        of_kind(&objects, "Role").iter().map(|role| role["metadata"]["namespace"].as_str().unwrap()).collect();
    places.sort_unstable();
    assert_eq!(places, ["a", "b", "default", "ns"]);
}

#[tokio::test]
async fn the_pod_is_accepted_where_the_restricted_standard_is_enforced() {
    let cluster = ControlPlane::shared().await.unwrap();
    let client = cluster.admin_client().await.unwrap();
    let namespace = cluster.namespace("restricted").await.unwrap();
    let label = json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}});
    let namespaces: Api<Namespace> = Api::all(client.clone());
    namespaces.patch(&namespace, &PatchParams::default(), &Patch::Merge(label)).await.unwrap();
    let pods: Api<Pod> = Api::namespaced(client, &namespace);
    let params = PostParams { dry_run: true, ..PostParams::default() };
    for values in [&["serviceAccount.create=false"][..], &["serviceAccount.create=false", "runAsUser=null"]] {
        let objects = rendered(values).await.unwrap();
        let mut pod = only(&objects, "Deployment")["spec"]["template"].clone();
        pod["metadata"]["name"] = json!("operator");
        pods.create(&params, &serde_json::from_value(pod.clone()).unwrap()).await.unwrap();
        // The enforcement is real.
        pod["spec"]["containers"][0]["securityContext"] = Value::Null;
        pods.create(&params, &serde_json::from_value(pod).unwrap()).await.unwrap_err();
    }
}

#[tokio::test]
async fn no_token_is_mounted_but_the_one_that_is_asked_for() {
    let objects = rendered(&[]).await.unwrap();
    assert_eq!(only(&objects, "ServiceAccount")["automountServiceAccountToken"], json!(false));
    let pod = &only(&objects, "Deployment")["spec"]["template"]["spec"];
    assert_eq!(pod["automountServiceAccountToken"], json!(false));
    assert_eq!(pod["volumes"].as_array().unwrap().len(), 1);
    assert_eq!(pod["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"]["expirationSeconds"], 3600);
    let mount = &pod["containers"][0]["volumeMounts"];
    assert_eq!(mount[0]["mountPath"], "/var/run/secrets/kubernetes.io/serviceaccount");
}
