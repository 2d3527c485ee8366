//! P7: the API server refuses bad specs in words that help, and `kubectl explain` explains every field.

use crate::support::{Folder, merge};
use kube::api::{Api, DynamicObject, PostParams};
use kube::core::GroupVersionKind;
use kube::discovery::ApiResource;
use local_cluster::ControlPlane;
use serde_json::{Value, json};

const GROUP: &str = "pam-operator.io";

pub struct Server {
    pub cluster: &'static ControlPlane,
    pub namespace: String,
}

impl Server {
    pub async fn new() -> Self {
        local_cluster::ensure_crypto_provider();
        let cluster = ControlPlane::shared().await.unwrap();
        cluster.apply_crds().await.unwrap();
        Self { cluster, namespace: cluster.namespace("schema").await.unwrap() }
    }

    /// What the API server says to an object of that spec: `Ok` or its words. Nothing is stored.
    async fn judges(&self, kind: &str, spec: Value) -> Result<(), String> {
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(GROUP, "v1alpha1", kind));
        let client = self.cluster.admin_client().await.unwrap();
        let api: Api<DynamicObject> = match kind {
            "PamCredential" | "MySafePassword" | "PamConnection" => {
                Api::namespaced_with(client, &self.namespace, &resource)
            }
            _ => Api::all_with(client, &resource),
        };
        let object = json!({
            "apiVersion": format!("{GROUP}/v1alpha1"), "kind": kind, "metadata": {"name": "tried"}, "spec": spec,
        });
        let params = PostParams { dry_run: true, ..PostParams::default() };
        match api.create(&params, &serde_json::from_value(object).unwrap()).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) => Err(status.message),
            Err(other) => panic!("{other}"),
        }
    }
}

pub fn credential(change: Value) -> Value {
    let mut spec = json!({"username": "svc", "hostname": "db01", "ip": "10.0.0.7", "contentSecretRef": {"name": "s"}});
    merge(&mut spec, change);
    spec
}

pub fn entry(change: Value) -> Value {
    let mut spec = json!({"connectionRef": {"name": "safe"}, "username": "svc", "contentSecretRef": {"name": "s"}});
    merge(&mut spec, change);
    spec
}

pub fn connection(change: Value) -> Value {
    let mut spec = json!({
        "url": "https://pam.example.com",
        "productVersion": "4.2",
        "auth": {"oauth2": {"clientSecretRef": {"name": "login"}}},
    });
    merge(&mut spec, change);
    spec
}

#[tokio::test]
async fn bad_credentials_are_refused_in_words_that_help() {
    let server = Server::new().await;
    let long = "x".repeat(300);
    let cases = [
        (json!({"username": null}), "give exactly one of username and usernameSecretRef"),
        (json!({"usernameSecretRef": {"name": "s"}}), "give exactly one of username and usernameSecretRef"),
        (json!({"username": ""}), "spec.username"),
        (json!({"username": " svc"}), "spec.username"),
        (json!({"username": "svc\n"}), "spec.username"),
        (json!({"username": "\u{feff}svc"}), "spec.username"),
        (json!({"username": "sv\u{200b}c"}), "spec.username"),
        (json!({"username": "svc\u{a0}app"}), "spec.username"),
        (json!({"hostname": "db01\u{200d}"}), "spec.hostname"),
        (json!({"ip": "10.0\u{2060}.0.7"}), "spec.ip"),
        (json!({"usernameSecretRef": {"name": "s", "trim": "Both"}}), "spec.usernameSecretRef.trim"),
        (json!({"tags": ["a\u{2800}b"]}), "spec.tags[0]"),
        (json!({"username": long}), "spec.username"),
        (json!({"hostname": null}), "spec.hostname: Required"),
        (json!({"hostname": "db\u{7}01"}), "spec.hostname"),
        (json!({"ip": null}), "spec.ip: Required"),
        (json!({"ip": "10.0.0.7 "}), "spec.ip"),
        (json!({"identifier": "no blanks"}), "spec.identifier"),
        (json!({"identifier": ""}), "spec.identifier"),
        (json!({"identifier": "ümlaut"}), "spec.identifier"),
        (json!({"tags": []}), "spec.tags"),
        (json!({"tags": ["a,b"]}), "spec.tags[0]"),
        (json!({"tags": ["fine", ""]}), "spec.tags[1]"),
        (json!({"tags": vec!["t"; 65]}), "spec.tags"),
        (json!({"additional": ""}), "spec.additional"),
        (json!({"notes": "nul\u{0}"}), "spec.notes"),
        (json!({"contentSecretRef": {"name": "Not_A_Name"}}), "spec.contentSecretRef.name"),
        (json!({"contentSecretRef": {"key": "a b"}}), "spec.contentSecretRef.key"),
        (json!({"contentSecretRef": {"trim": "Everything"}}), "spec.contentSecretRef.trim"),
        (json!({"connectionRef": {"kind": "Secret"}}), "spec.connectionRef.kind"),
        (json!({"suspend": "yes"}), "spec.suspend"),
    ];
    for (change, words) in cases {
        let said = server.judges("PamCredential", credential(change.clone())).await;
        let said = said.expect_err(&format!("{change} was let in"));
        assert!(said.contains(words), "{change}: {said}");
    }
}

#[tokio::test]
async fn good_credentials_are_let_in() {
    let server = Server::new().await;
    let cases = [
        json!({}),
        json!({"username": null, "usernameSecretRef": {"name": "s"}}),
        json!({"username": null, "usernameSecretRef": {"name": "s", "trim": "Whitespace"}}),
        json!({"username": "s", "ip": "https://www.example.com/login"}),
        json!({"username": "DOMAIN\\user name@corp", "hostname": "höst"}),
        json!({"contentSecretRef": null}),
        json!({"identifier": "A.b_c-9"}),
        json!({"notes": "several\nlines\twith tabs", "additional": " leading blank is text"}),
        json!({"contentSecretRef": {"name": "s.with.dots", "key": "..data_-", "trim": "TrailingNewline"}}),
        json!({"additionalSettings": {"secretKeySecretRef": {"name": "s", "trim": "None"}, "additionalAuthenticationFields":
            [{"name": "PIN", "shortName": "pin", "valueSecretRef": {"name": "s", "key": "k", "trim": "Whitespace"}}]}}),
        json!({"tags": ["two words", "ü"]}),
    ];
    for change in cases {
        let said = server.judges("PamCredential", credential(change.clone())).await;
        assert_eq!(said, Ok(()), "{change}");
    }
}

#[tokio::test]
async fn bad_entries_are_refused_in_words_that_help() {
    let server = Server::new().await;
    let shared = |share: Value| json!({"usersAllowed": [share]});
    let cases = [
        (json!({"connectionRef": null}), "spec.connectionRef: Required"),
        (json!({"contentSecretRef": null}), "spec.contentSecretRef: Required"),
        (json!({"username": null}), "give exactly one of username and usernameSecretRef"),
        (json!({"usernameSecretRef": {"name": "s"}}), "give exactly one of username and usernameSecretRef"),
        (json!({"identifier": "9001"}), "set adoptionPolicy: ByIdentifier, too"),
        (json!({"adoptionPolicy": "ByIdentifier"}), "set identifier, too, or remove adoptionPolicy"),
        (json!({"identifier": "9 001", "adoptionPolicy": "ByIdentifier"}), "spec.identifier"),
        (json!({"identifier": "9".repeat(21), "adoptionPolicy": "ByIdentifier"}), "spec.identifier"),
        (json!({"adoptionPolicy": "TakeOver"}), "spec.adoptionPolicy"),
        (json!({"deletionPolicy": "Disable"}), "spec.deletionPolicy"),
        (json!({"name": ""}), "spec.name"),
        (json!({"name": "a\nb"}), "spec.name"),
        (json!({"name": "x".repeat(256)}), "spec.name"),
        (json!({"username": "svc\u{200b}"}), "spec.username"),
        (json!({"url": ""}), "spec.url"),
        (json!({"url": "x".repeat(2049)}), "spec.url"),
        (json!({"notes": "nul\u{0}"}), "spec.notes"),
        (json!({"notes": "x".repeat(4097)}), "spec.notes"),
        (json!({"tags": []}), "spec.tags"),
        (json!({"tags": ["a,b"]}), "spec.tags[0]"),
        (json!({"tags": vec!["t"; 65]}), "spec.tags"),
        (json!({"tags": ["dns", "k8s-0123456789abcdef"]}), "tags that begin with k8s- are the operator's own"),
        (json!({"totpSecretRef": {"name": "Not_A_Name"}}), "spec.totpSecretRef.name"),
        (shared(json!({"canEdit": true})), "spec.usersAllowed[0].name: Required"),
        (shared(json!({"name": "ana\u{7}"})), "spec.usersAllowed[0].name"),
        (json!({"groupsAllowed": [{"name": "NOC"}, {"name": "NOC", "canEdit": true}]}), "spec.groupsAllowed[1]"),
        (json!({"active": "yes"}), "spec.active"),
    ];
    for (change, words) in cases {
        let said = server.judges("MySafePassword", entry(change.clone())).await;
        let said = said.expect_err(&format!("{change} was let in"));
        assert!(said.contains(words), "{change}: {said}");
    }
    for change in [
        json!({}),
        json!({"username": null, "usernameSecretRef": {"name": "s"}, "totpSecretRef": {"name": "s", "key": "k"}}),
        json!({"identifier": "9001", "adoptionPolicy": "ByIdentifier", "deletionPolicy": "Deactivate"}),
        json!({"name": "Registrär & Söhne", "url": "https://a.example/?b=c", "notes": "two\nlines", "tags": ["a b"]}),
        json!({"usersAllowed": [], "groupsAllowed": [{"name": "NOC", "canEdit": false}], "active": false}),
    ] {
        assert_eq!(server.judges("MySafePassword", entry(change.clone())).await, Ok(()), "{change}");
    }
}

#[tokio::test]
async fn a_null_means_what_leaving_out_means() {
    let server = Server::new().await;
    let mut spec = credential(json!({}));
    spec["usernameSecretRef"] = Value::Null;
    spec["tags"] = Value::Null;
    assert_eq!(server.judges("PamCredential", spec).await, Ok(()));
}

#[tokio::test]
async fn bad_connections_are_refused_in_words_that_help() {
    let server = Server::new().await;
    let cases = [
        (json!({"url": "http://pam.example.com"}), "spec.url"),
        (json!({"url": "https://user:password@pam.example.com"}), "spec.url"),
        (json!({"url": "https://pam.example.com?x=1"}), "spec.url"),
        (json!({"url": "https://pam.example.com#x"}), "spec.url"),
        (json!({"url": null}), "spec.url: Required"),
        (json!({"productVersion": null}), "spec.productVersion: Required"),
        (json!({"productVersion": "latest"}), "spec.productVersion"),
        (json!({"productVersion": "3.29"}), "must be 3.30 to 3.33 or 4.x"),
        (json!({"productVersion": "5.0"}), "must be 3.30 to 3.33 or 4.x"),
        (json!({"apiPrefix": "api"}), "spec.apiPrefix"),
        (json!({"tokenPath": "/../x"}), "spec.tokenPath"),
        (json!({"referrer": "two\nlines"}), "spec.referrer"),
        (json!({"auth": null}), "spec.auth: Required"),
        (json!({"auth": {"oauth2": {"clientSecretRef": {"name": ""}}}}), "clientSecretRef.name"),
        (json!({"tls": {"caBundle": "AA==", "caBundleRef": {"name": "ca"}}}), "not both"),
        (json!({"tls": {"caBundle": "not base64!"}}), "spec.tls.caBundle"),
        (json!({"limits": {"maxConcurrentRequests": 0}}), "maxConcurrentRequests"),
        (json!({"limits": {"requestsPerSecond": 1001}}), "requestsPerSecond"),
        (json!({"limits": {"burst": 0}}), "burst"),
    ];
    for (change, words) in cases {
        for kind in ["ClusterPamConnection", "PamConnection"] {
            let said = server.judges(kind, connection(change.clone())).await;
            let said = said.expect_err(&format!("{change} was let in"));
            assert!(said.contains(words), "{kind} {change}: {said}");
        }
    }
    for change in [
        json!({}),
        json!({"url": "https://pam.example.com:8443/vault/"}),
        json!({"productVersion": "4.0.1"}),
        json!({"productVersion": "3.32"}),
    ] {
        for kind in ["ClusterPamConnection", "PamConnection"] {
            assert_eq!(server.judges(kind, connection(change.clone())).await, Ok(()), "{kind} {change}");
        }
    }
}

#[tokio::test]
async fn a_proxy_is_for_cluster_connections_and_its_login_for_a_secret() {
    let server = Server::new().await;
    let proxy = |url: &str| connection(json!({"proxy": {"url": url}}));
    let example = "for example http://proxy.example.com:3128";
    for (url, words) in [
        ("http://user:password@proxy.example.com:3128", "name it in proxy.basicAuthSecretRef"),
        ("https://proxy.example.com:3128", example),
        ("socks5://proxy.example.com", example),
        ("proxy.example.com:3128", example),
        ("http://proxy.example.com/path", example),
        ("http://proxy.example.com:port", example),
    ] {
        let said = server.judges("ClusterPamConnection", proxy(url)).await.expect_err(url);
        assert!(said.contains(words) && said.contains("spec.proxy.url"), "{url}: {said}");
    }
    let listed = connection(json!({"proxy": {"url": "http://proxy", "noProxy": "a;b"}}));
    let said = server.judges("ClusterPamConnection", listed).await.unwrap_err();
    assert!(said.contains("spec.proxy.noProxy") && said.contains("for example .example.com"), "{said}");
    let given = json!({"proxy": {"url": "http://10.0.0.7:3128/", "noProxy": "10.0.0.0/8, .example.com,[fd12::1]:443,*",
        "basicAuthSecretRef": {"name": "proxy-login"}}});
    for spec in [proxy("http://proxy.example.com"), proxy("http://[fd12::1]:3128"), connection(given)] {
        assert_eq!(server.judges("ClusterPamConnection", spec.clone()).await, Ok(()), "{spec}");
        let said = server.judges("PamConnection", spec).await.unwrap_err();
        assert!(said.contains("ask the people who run the operator for a ClusterPamConnection"), "{said}");
    }
}

#[tokio::test]
async fn bad_access_rules_are_refused_in_words_that_help() {
    let server = Server::new().await;
    let selects = |requirement: Value| json!({"namespaces": {"selector": {"matchExpressions": [requirement]}}});
    let cases = [
        (json!({"namespaces": {}}), "for every namespace leave out namespaces"),
        (json!({"namespaces": {"names": []}}), "namespaces.names"),
        (json!({"namespaces": {"names": ["Shop"]}}), "namespaces.names[0]"),
        (json!({"identifiers": []}), "identifiers"),
        (json!({"identifiers": ["{name}_*"]}), "identifiers[0]"),
        (json!({"hostnames": ["db 1"]}), "hostnames[0]"),
        (json!({"allow": ["Everything"]}), "allow[0]"),
        (json!({"allow": ["TakeOver", "TakeOver"]}), "allow[1]"),
        (selects(json!({"key": "a", "operator": "In"})), "values go with In and NotIn"),
        (selects(json!({"key": "a", "operator": "Exists", "values": ["b"]})), "values go with In and NotIn"),
        (selects(json!({"key": "-a", "operator": "Exists"})), "key"),
    ];
    for (rule, words) in cases {
        let said = server.judges("ClusterPamConnection", connection(json!({"access": [rule]}))).await;
        let said = said.expect_err(&format!("{rule} was let in"));
        assert!(said.contains(words), "{rule}: {said}");
    }
    let none = server.judges("ClusterPamConnection", connection(json!({"access": []}))).await;
    assert!(none.expect_err("no rule at all").contains("spec.access"));
    for rule in [
        json!({}),
        json!({"namespaces": {"names": ["shop", "team-*"], "selector": {"matchLabels": {"a.io/b": "c"}}}}),
        json!({"namespaces": {"selector": {}}, "identifiers": ["{namespace}-*", "*"], "hostnames": ["db*.{namespace}.x"]}),
        json!({"allow": ["TakeOver", "DeviceSettings", "Owner"]}),
    ] {
        let spec = connection(json!({"access": [rule.clone()]}));
        assert_eq!(server.judges("ClusterPamConnection", spec).await, Ok(()), "{rule}");
    }
}

#[tokio::test]
async fn every_field_explains_itself() {
    let server = Server::new().await;
    for kind in ["pamcredentials", "mysafepasswords", "clusterpamconnections", "pamconnections"] {
        let all = server.cluster.kubectl(&["explain", &format!("{kind}.spec"), "--recursive"]).await.unwrap();
        assert!(all.contains("FIELDS"), "{all}");
        for field in server.fields(kind).await {
            let page = server.cluster.kubectl(&["explain", &format!("{kind}.{field}")]).await.unwrap();
            assert!(!page.contains("<empty>"), "{kind}.{field} has no explanation:\n{page}");
        }
    }
}

impl Server {
    /// The fields of spec and status, two levels deep.
    async fn fields(&self, kind: &str) -> Vec<String> {
        let name = format!("{kind}.{GROUP}");
        let crd: Value =
            serde_json::from_str(&self.cluster.kubectl(&["get", "crd", &name, "-o", "json"]).await.unwrap()).unwrap();
        let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"];
        let mut fields = Vec::new();
        for part in ["spec", "status"] {
            for (field, inner) in schema[part]["properties"].as_object().unwrap() {
                fields.push(format!("{part}.{field}"));
                let nested = inner["properties"].as_object().into_iter().flatten();
                fields.extend(nested.map(|(nested, _)| format!("{part}.{field}.{nested}")));
            }
        }
        assert!(fields.len() > 5, "{fields:?}");
        fields
    }
}

/// Without a default in `status` kstatus takes a fresh object for ready, and helm returns at once.
#[tokio::test]
async fn helm_waits_for_an_object_that_nobody_looks_at() {
    let server = Server::new().await;
    for (kind, spec) in [("PamCredential", credential(json!({}))), ("MySafePassword", entry(json!({})))] {
        helm_waits(&server, kind, spec).await;
    }
}

async fn helm_waits(server: &Server, kind: &str, spec: Value) {
    let chart = Folder::new("chart");
    std::fs::create_dir_all(chart.join("templates")).unwrap();
    std::fs::write(chart.join("Chart.yaml"), "apiVersion: v2\nname: app\nversion: 0.1.0\n").unwrap();
    let object =
        json!({"apiVersion": format!("{GROUP}/v1alpha1"), "kind": kind, "metadata": {"name": "app"}, "spec": spec});
    std::fs::write(chart.join("templates/object.yaml"), object.to_string()).unwrap();
    let (path, release) = (chart.to_string_lossy().into_owned(), kind.to_lowercase());
    let wait = ["install", &release, &path, "-n", &server.namespace, "--wait", "--timeout", "5s"];
    let error = server.cluster.helm(&wait).await.unwrap_err().to_string();
    assert!(error.contains(kind) || error.contains("deadline") || error.contains("timed out"), "{error}");
}
