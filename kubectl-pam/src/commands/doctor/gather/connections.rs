//! One connection as it is seen from here: the way to its PAM, the login and the list.

use pam_operator::api::{ConditionType, ConnectionSpec, Product};
use pam_operator::domain::Reason;
use pam_operator::login::has_proxy;
use pam_operator::pam::{PamClient, PamError};
use url::Url;

use super::{network, objects};
use crate::cluster::Cluster;
use crate::commands::doctor::args::DoctorArgs;
use crate::commands::doctor::facts::{ConnectionFacts, Known};
use crate::connection::{LoginArgs, find, name_of, spec_of};
use crate::exit::Failure;
use crate::objects::PamObject;

/// Why nothing is sent to a host that the operator may not connect to: a tenant chose it.
const NOT_ALLOWED: &str = "the operator may not connect to its host, so that nothing was sent there from here either";

/// Why nothing is sent to a host of which the operator has not said whether it may connect to it.
const NOT_LOOKED_AT: &str = "the operator has not looked at the connection as it is now, and people of its namespace chose its host, \
                             so that nothing was sent there: name it with --connection to have it looked at";

/// Why the steps of the way are not gone one by one.
const THROUGH_PROXY: &str =
    "the connection goes through a proxy, so that only the login shows whether the PAM is reached";

/// Reads the connection that the user named; `None` where all are meant.
pub async fn named(args: &DoctorArgs, cluster: &Cluster) -> Result<Option<Vec<PamObject>>, Failure> {
    match &args.connection {
        Some(name) => {
            let found = find(cluster, name).await?;
            args.login.check_named(&name_of(&found), Some(name))?;
            Ok(Some(vec![found]))
        }
        None => Ok(None),
    }
}

/// Looks at a connection. `home` is the namespace of the operator that serves it.
pub async fn look(args: &DoctorArgs, cluster: &Cluster, connection: &PamObject, home: Option<&str>) -> ConnectionFacts {
    let left_alone = left_alone(args, connection);
    let why = left_alone.unwrap_or_default();
    let mut facts = ConnectionFacts {
        name: objects::name(connection),
        key: objects::key(connection),
        fault: None,
        paths: String::new(),
        tenant: connection.text("/spec/auth/oauth2/tenant").map(str::to_owned),
        network: network::unseen(connection.text("/spec/url").unwrap_or_default(), why),
        login: Known::Unknown(why.to_owned()),
        list: Known::Unknown(why.to_owned()),
    };
    match understood(connection) {
        Err(fault) => facts.fault = Some(fault),
        Ok((spec, url)) => {
            facts.paths = paths(&spec);
            if left_alone.is_none() {
                let has_proxy = has_proxy(&spec);
                facts.network = if has_proxy {
                    network::unseen(&facts.network.host, THROUGH_PROXY)
                } else {
                    network::look(&url).await
                };
                if has_proxy || matches!(facts.network.connected, Known::Is(Ok(()))) {
                    let login = args.login.or_within(home);
                    let client = connect(&login, cluster, connection).await;
                    log_in(client, spec.product, &mut facts).await;
                }
            }
        }
    }
    facts
}

/// Returns why nothing is sent to a connection's host from here.
fn left_alone(args: &DoctorArgs, connection: &PamObject) -> Option<&'static str> {
    let ready = connection.condition(ConditionType::Ready);
    if ready.is_some_and(|ready| ready.reason == Reason::ConnectionNotAllowed.as_str()) {
        return Some(NOT_ALLOWED);
    }
    let of_tenant = connection.kind.is_namespaced() && args.connection.is_none();
    (of_tenant && !connection.is_observed()).then_some(NOT_LOOKED_AT)
}

fn understood(connection: &PamObject) -> Result<(ConnectionSpec, Url), String> {
    let spec = spec_of(connection).map_err(|failure| failure.message)?;
    let url = Url::parse(&spec.url).ok().filter(|url| url.scheme() == "https" && url.has_host());
    let url = url.ok_or_else(|| "spec.url is no address that begins with https:// and names a host".to_owned())?;
    Ok((spec, url))
}

/// Returns what a spec says of the paths.
fn paths(spec: &ConnectionSpec) -> String {
    let own = |path: &Option<String>| path.clone().unwrap_or_else(|| "by its version".to_owned());
    let (prefix, token) = (own(&spec.api_prefix), own(&spec.token_path));
    format!("productVersion {}, apiPrefix {prefix}, tokenPath {token}", spec.product_version)
}

/// Makes a client for the connection; nothing is sent to the PAM.
async fn connect(login: &LoginArgs, cluster: &Cluster, connection: &PamObject) -> Result<PamClient, Failure> {
    let mut place = cluster.clone();
    if connection.kind.is_namespaced() {
        place.namespace = connection.namespace();
    }
    Ok(login.connect(&place, &name_of(connection)).await?.client)
}

/// Logs in, and asks for the list.
async fn log_in(client: Result<PamClient, Failure>, product: Product, facts: &mut ConnectionFacts) {
    let client = match client {
        Ok(client) => client,
        Err(failure) => {
            facts.login = Known::Unknown(failure.message.clone());
            facts.list = Known::Unknown(failure.message);
            return;
        }
    };
    let login = client.authenticate().await;
    facts.list = match &login {
        Ok(()) => Known::Is(list(&client, product).await),
        Err(_) => Known::Unknown("the login failed".to_owned()),
    };
    facts.login = Known::Is(login);
}

/// Asks for the list, and counts its records. None is read by its id, and none is kept.
async fn list(client: &PamClient, product: Product) -> Result<usize, PamError> {
    match product {
        Product::PamCore => client.list_credentials(&mut |_| ()).await,
        Product::MySafe => client.my_safe().list_entries(None, &mut |_| ()).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake;
    use crate::objects::Kind;
    use clap::Parser;
    use serde_json::json;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        doctor: DoctorArgs,
    }

    /// Looks at a connection to a host that notes whether anybody connects.
    async fn is_contacted(words: &[&str], kind: Kind, status: serde_json::Value) -> bool {
        let host = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", host.local_addr().unwrap());
        let mut object = kube::api::DynamicObject::new("own", &kind.resource());
        object.metadata.generation = Some(2);
        object.data = json!({"spec": {"url": url, "productVersion": "4.0", "auth": {"oauth2": {"clientSecretRef": {"name": "x"}}}}, "status": status});
        let args = Line::parse_from(words).doctor;
        let (cluster, connection) = (fake::cluster(|_, _| None).0, PamObject { kind, object });
        let looking = look(&args, &cluster, &connection, None);
        tokio::select! { biased; _ = host.accept() => true, facts = looking => { assert_eq!(facts.fault, None); false } }
    }

    #[tokio::test]
    async fn the_host_that_a_tenant_chose_is_contacted_where_the_operator_allowed_it_or_the_user_named_the_connection()
    {
        let seen = |generation: i64, reason: &str| {
            json!({"observedGeneration": generation, "conditions": [{"type": "Ready", "status": "False", "reason": reason,
                "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}]})
        };
        let (all, named, own) = (&["doctor"][..], &["doctor", "--connection=pamconn/own"][..], Kind::PamConnection);
        for (words, kind, status, expected) in [
            (all, own, seen(2, "PamUnavailable"), true),
            (all, own, seen(2, "ConnectionNotAllowed"), false),
            (all, own, seen(1, "PamUnavailable"), false),
            (all, own, json!({}), false),
            (named, own, json!({}), true),
            (named, own, seen(2, "ConnectionNotAllowed"), false),
            (all, Kind::ClusterPamConnection, json!({}), true),
        ] {
            assert_eq!(is_contacted(words, kind, status.clone()).await, expected, "{words:?} {kind} {status}");
        }
    }
}
