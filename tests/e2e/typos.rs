//! P7: the usual typos of each kind are refused in words that name the field, say what is allowed and give an example, and in no
//! regular expression.

use kube::core::Resource;
use pam_operator::api::{ClusterPamConnection, MySafePassword, PamConnection, PamCredential};
use serde_json::{Value, json};

use crate::schema_messages::{Server, connection, credential, entry};

/// What kubectl prints when an object of that spec is created; it is not to be let in.
async fn printed(server: &Server, kind: &str, spec: &Value) -> String {
    let object = json!({
        "apiVersion": "pam-operator.io/v1alpha1", "kind": kind, "metadata": {"name": "typo"}, "spec": spec,
    });
    let args = ["create", "--dry-run=server", "-n", &server.namespace, "-f", "-"];
    let said = server.cluster.kubectl_with(&args, &object.to_string()).await;
    said.expect_err(&format!("{kind} {spec} was let in")).to_string()
}

async fn are_refused(kind: &str, spec: impl Fn(Value) -> Value, typos: &[(Value, &[&str])]) {
    assert!(typos.len() >= 10, "{}", typos.len());
    let server = Server::new().await;
    for (typo, words) in typos {
        let said = printed(&server, kind, &spec(typo.clone())).await;
        assert!(words.iter().all(|word| said.contains(word)), "{typo}: {words:?} are not in {said}");
        assert!(!said.contains("should match"), "{typo}: {said}");
    }
}

#[tokio::test]
async fn usual_typos_of_a_credential() {
    let typos: [(Value, &[&str]); 16] = [
        (json!({"username": "svc "}), &["spec.username", "no space at either end", "for example svc-backup"]),
        (json!({"username": "svc\n"}), &["spec.username", "a line break", "for example svc-backup"]),
        (json!({"ip": "10.0.0.7\u{200b}"}), &["spec.ip", "a zero-width space", "for example 192.0.2.21"]),
        (
            json!({"identifier": "shop/db"}),
            &["spec.identifier", "letters without accents, digits, -, _ and .", "shop_reporting-db"],
        ),
        (
            json!({"contentSecretRef": {"name": "shop/db"}}),
            &["spec.contentSecretRef.name", "without a namespace", "reporting-db"],
        ),
        (
            json!({"contentSecretRef": {"name": "My_Secret"}}),
            &["spec.contentSecretRef.name", "lower-case letters", "reporting-db"],
        ),
        (
            json!({"contentSecretRef": {"key": "pass word"}}),
            &["spec.contentSecretRef.key", "letters, digits, -, _ and .", "password"],
        ),
        (json!({"contentSecretRef": {"namespace": "shop"}}), &[r#"unknown field "spec.contentSecretRef.namespace""#]),
        (json!({"tags": ["a,b"]}), &["spec.tags[0]", "without a comma", "for example team-data"]),
        (
            json!({"device": {"connectivities": ["22"]}}),
            &["spec.device.connectivities[0]", "a protocol and a port", "SSH:22"],
        ),
        (json!({"adoptionPolicy": "Takeover"}), &["spec.adoptionPolicy", r#""Never", "ByIdentifier", "TakeOver""#]),
        (json!({"deletionPolicy": "Delete"}), &["spec.deletionPolicy", r#""Retain", "Disable""#]),
        (
            json!({"connectionRef": {"kind": "PAMConnection"}}),
            &["spec.connectionRef.kind", r#""ClusterPamConnection", "PamConnection""#],
        ),
        (json!({"usernameSecretRef": {"name": "s"}}), &["spec", "give exactly one of username and usernameSecretRef"]),
        (json!({"userName": "svc"}), &[r#"unknown field "spec.userName""#]),
        (json!({"suspend": "true"}), &["spec.suspend", "must be of type boolean"]),
    ];
    are_refused(&PamCredential::kind(&()), credential, &typos).await;
}

#[tokio::test]
async fn usual_typos_of_an_entry_of_my_safe() {
    let typos: [(Value, &[&str]); 12] = [
        (
            json!({"identifier": "no-1", "adoptionPolicy": "ByIdentifier"}),
            &["spec.identifier", "number of an entry", "9001"],
        ),
        (json!({"identifier": "9001"}), &["spec", "set adoptionPolicy: ByIdentifier"]),
        (json!({"name": "Registrar "}), &["spec.name", "no space at either end", "for example Registrar"]),
        (
            json!({"url": " https://a.example"}),
            &["spec.url", "no space at either end", "https://registrar.example.com"],
        ),
        (json!({"notes": "\u{7}"}), &["spec.notes", "no control characters but line breaks and tabs", "team-data"]),
        (json!({"tags": ["a,b"]}), &["spec.tags[0]", "without a comma", "for example team-data"]),
        (json!({"tags": ["k8s-a"]}), &["spec.tags", "k8s-", "choose another beginning"]),
        (json!({"usersAllowed": ["ana"]}), &["spec.usersAllowed[0]", "must be of type object"]),
        (
            json!({"totpSecretRef": {"name": "s", "key": "the key"}}),
            &["spec.totpSecretRef.key", "letters, digits", "for example"],
        ),
        (
            json!({"connectionRef": {"name": "My Safe"}}),
            &["spec.connectionRef.name", "lower-case letters", "for example"],
        ),
        (json!({"deletionPolicy": "Disable"}), &["spec.deletionPolicy", r#""Retain", "Deactivate""#]),
        (json!({"contentSecretRef": null}), &["spec.contentSecretRef: Required value"]),
    ];
    are_refused(&MySafePassword::kind(&()), entry, &typos).await;
}

#[tokio::test]
async fn usual_typos_of_a_connection() {
    let login = |change: Value| json!({"auth": {"oauth2": {"clientSecretRef": change}}});
    let typos: [(Value, &[&str]); 14] = [
        (
            json!({"url": "http://pam.example.com"}),
            &["spec.url", "must be https:// and a host", "https://pam.example.com"],
        ),
        (json!({"url": "pam"}), &["spec.url", "must be https:// and a host", "https://pam.example.com"]),
        (json!({"url": "https://pam.example.com?x=1"}), &["spec.url", "without user, query and fragment"]),
        (json!({"productVersion": 4.2}), &["spec.productVersion", "must be of type string"]),
        (json!({"productVersion": "latest"}), &["spec.productVersion", "3.30 to 3.33 or 4.x", "for example 4.2"]),
        (json!({"apiPrefix": "api"}), &["spec.apiPrefix", "begins with /", "for example /api"]),
        (json!({"tokenPath": "oauth2/token"}), &["spec.tokenPath", "begins with /", "/api/oauth2/token"]),
        (login(json!({"name": "pam_login"})), &["clientSecretRef.name", "lower-case letters", "for example"]),
        (login(json!({"namespace": "pam"})), &[r#"unknown field "spec.auth.oauth2.clientSecretRef.namespace""#]),
        (login(json!({"clientIdKey": "client id"})), &["clientSecretRef.clientIdKey", "for example clientId"]),
        (
            json!({"tls": {"caBundle": "-----BEGIN CERTIFICATE-----"}}),
            &["spec.tls.caBundle", "must be base64 in one line", "base64 -w0"],
        ),
        (
            json!({"inventory": {"interval": "1d"}}),
            &["spec.inventory.interval", "without days", "from 10s to 168h", "30m"],
        ),
        (json!({"disableBrake": {"window": "10 minutes"}}), &["spec.disableBrake.window", "from 1s to 168h", "30m"]),
        (json!({"limits": {"burst": 0}}), &["spec.limits.burst", "greater than or equal to 1"]),
    ];
    for kind in [ClusterPamConnection::kind(&()), PamConnection::kind(&())] {
        are_refused(&kind, connection, &typos).await;
    }
}

#[tokio::test]
async fn usual_typos_of_an_access_rule() {
    let selected = |change: Value| json!({"namespaces": {"selector": {"matchExpressions": [change]}}});
    let typos: [(Value, &[&str]); 10] = [
        (json!({"namespaces": ["shop"]}), &["spec.access[0].namespaces", "must be of type object"]),
        (json!({"namespaces": {}}), &["spec.access[0].namespaces", "give names, selector or both"]),
        (
            json!({"namespaces": {"names": ["Shop"]}}),
            &["spec.access[0].namespaces.names[0]", "lower-case letters", "team-*"],
        ),
        (
            json!({"identifiers": ["{name}_*"]}),
            &["spec.access[0].identifiers[0]", "no braces but those of {namespace}", "{namespace}_*"],
        ),
        (json!({"identifiers": ["a b"]}), &["spec.access[0].identifiers[0]", "must have no spaces", "{namespace}_*"]),
        (json!({"identifiers": "*"}), &["spec.access[0].identifiers", "must be of type array"]),
        (
            json!({"hostnames": ["{ns}.example"]}),
            &["spec.access[0].hostnames[0]", "no braces but those of {namespace}"],
        ),
        (
            json!({"allow": ["Takeover"]}),
            &["spec.access[0].allow[0]", r#""TakeOver", "DeviceSettings", "Owner", "MySafe""#],
        ),
        (
            selected(json!({"key": "the team", "operator": "Exists"})),
            &["matchExpressions[0].key", "key of a label", "example.com/team"],
        ),
        (selected(json!({"key": "team", "operator": "In"})), &["matchExpressions[0]", "values go with In and NotIn"]),
    ];
    are_refused(&ClusterPamConnection::kind(&()), |rule| connection(json!({"access": [rule]})), &typos).await;
}
