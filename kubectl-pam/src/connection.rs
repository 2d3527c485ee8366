//! From a connection of the cluster to a client of its PAM, with the user's own rights: the login of the connection's Secret if
//! the user may read it, or one that the user gives.

use std::io::{IsTerminal as _, Read as _};

use clap::Args;
use pam_operator::api::{ConnectionKind, ConnectionSpec};
use pam_operator::kubernetes::CallError;
use pam_operator::login::{self, Login, LoginError};
use pam_operator::message::Problem;
use pam_operator::pam::{Deadlines, OAuth2, Origins, PamClient};
use secrecy::SecretString;
use url::Url;
use zeroize::Zeroizing;

use crate::cluster::{Cluster, code};
use crate::exit::{Exit, Failure};
use crate::hidden;
use crate::objects::{ConnectionName, Kind, PamObject};
use crate::operator;
use crate::output::{clean, note};

/// How the PAM is reached.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Access to the PAM")]
pub struct ConnectionArgs {
    /// The connection: its name, or KIND/NAME where a ClusterPamConnection and a PamConnection share it
    #[arg(long, value_name = "[KIND/]NAME", default_value = "default")]
    pub connection: ConnectionName,
    #[command(flatten)]
    pub login: LoginArgs,
}

/// The login of a command that speaks with the PAM.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Access to the PAM")]
pub struct LoginArgs {
    /// Log in with this OAuth client instead of the connection's own; its secret is asked for
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// Read the client's secret from standard input
    #[arg(long, requires = "client_id")]
    client_secret_stdin: bool,
    /// Where the operator runs: the Secrets of each ClusterPamConnection are there [default: where its Deployment is]
    #[arg(long, value_name = "NAMESPACE")]
    operator_namespace: Option<String>,
}

/// A connection and a client of its PAM.
pub struct Connected {
    /// The client.
    pub client: PamClient,
    /// The connection.
    pub connection: PamObject,
}

impl ConnectionArgs {
    /// Makes a client for the connection that the user named.
    pub async fn connect(&self, cluster: &Cluster) -> Result<Connected, Failure> {
        self.login.connect(cluster, &self.connection).await
    }
}

impl LoginArgs {
    /// Tells whether the user gave an OAuth client.
    pub const fn is_given(&self) -> bool {
        self.client_id.is_some()
    }

    /// Returns where the operator runs, if the user said it.
    pub fn operator_namespace(&self) -> Option<&str> {
        self.operator_namespace.as_deref()
    }

    /// Returns the same login, with this namespace of the operator where the user gave none.
    pub fn or_within(&self, namespace: Option<&str>) -> Self {
        let given = self.operator_namespace.clone();
        Self { operator_namespace: given.or_else(|| namespace.map(str::to_owned)), ..self.clone() }
    }

    /// Makes a client for a connection. Nothing is sent to the PAM.
    pub async fn connect(&self, cluster: &Cluster, name: &ConnectionName) -> Result<Connected, Failure> {
        let connection = find(cluster, name).await?;
        self.check_named(&name_of(&connection), Some(name))?;
        let spec = spec_of(&connection)?;
        let home = self.home_of(cluster, &connection).await?;
        let read = match &self.client_id {
            Some(id) => {
                let oauth2 = OAuth2 { client_id: id.clone(), client_secret: self.client_secret(id, &connection)? };
                login::read_with(&cluster.client, &spec, &home, oauth2).await
            }
            None => login::read(&cluster.client, &spec, &home).await,
        };
        let Login { endpoint, .. } = read.map_err(|error| not_read(error, &home))?;
        let client = PamClient::new(endpoint, &Origins::new(), Deadlines::default())
            .map_err(|error| Failure::from(Problem::unusable_connection(&error)))?;
        Ok(Connected { client, connection })
    }

    /// Refuses the user's own client where somebody of a namespace decides which host gets its secret, unless the user named that
    /// connection with its kind. `named` is what the user named.
    pub fn check_named(&self, used: &ConnectionName, named: Option<&ConnectionName>) -> Result<(), Failure> {
        let of_namespace = Some(ConnectionKind::PamConnection);
        if !self.is_given() || used.kind != of_namespace || named.is_some_and(|named| named.kind == of_namespace) {
            return Ok(());
        }
        let message = format!(
            "{used} is a connection of a namespace, where others may decide which host gets your client's secret, and nothing was \
             sent: look where it leads, and give --connection pamconn/{} if the secret may go there",
            used.name
        );
        Err(Failure::new(Exit::Usage, message))
    }

    /// Returns the namespace of a connection's Secrets.
    async fn home_of(&self, cluster: &Cluster, connection: &PamObject) -> Result<String, Failure> {
        if connection.kind.is_namespaced() {
            return Ok(connection.namespace());
        }
        match &self.operator_namespace {
            Some(namespace) => Ok(namespace.clone()),
            None => operator::namespace(cluster).await,
        }
    }

    /// Returns the secret of the user's own client, after saying which host it goes to: the owner of a connection decides that.
    fn client_secret(&self, id: &str, connection: &PamObject) -> Result<SecretString, Failure> {
        let origin = origin(connection)?;
        note(&format!("The secret of client {} goes to {origin}, where {} leads", clean(id), named(connection)));
        let read = if self.client_secret_stdin {
            let mut text = Zeroizing::new(String::new());
            std::io::stdin().lock().read_to_string(&mut text).map(|_| text)
        } else if std::io::stdin().is_terminal() {
            hidden::prompt(&format!("Secret of the client for {origin}: "))
        } else {
            return Err(Failure::new(
                Exit::Usage,
                "there is no terminal to ask for the client's secret at: give --client-secret-stdin, and the secret on standard input",
            ));
        };
        let text = read.map_err(|_| Failure::new(Exit::Usage, "the client's secret could not be read as text"))?;
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.is_empty() {
            return Err(Failure::new(Exit::Usage, "the client's secret is empty: nothing was sent to the PAM"));
        }
        Ok(SecretString::from(line))
    }
}

/// Returns where a connection leads, as browsers write it: what looks like another host is none.
fn origin(connection: &PamObject) -> Result<String, Failure> {
    let url = connection.text("/spec/url").and_then(|url| Url::parse(url).ok()).filter(Url::has_host);
    url.map(|url| url.origin().ascii_serialization()).ok_or_else(|| Problem::url_invalid().into())
}

/// Names a connection with its namespace.
fn named(connection: &PamObject) -> String {
    let (kind, name) = (connection.kind, connection.name());
    if kind.is_namespaced() {
        format!("{kind} {name} of namespace {}", connection.namespace())
    } else {
        format!("{kind} {name}")
    }
}

/// Returns the name of a connection, with its kind.
pub fn name_of(connection: &PamObject) -> ConnectionName {
    let kind = match connection.kind {
        Kind::PamConnection => ConnectionKind::PamConnection,
        _ => ConnectionKind::ClusterPamConnection,
    };
    ConnectionName { kind: Some(kind), name: connection.name() }
}

/// Reads a connection. Where the user gave no kind, both are looked for: two of one name are told apart by the user.
pub async fn find(cluster: &Cluster, name: &ConnectionName) -> Result<PamObject, Failure> {
    let kinds = match name.kind {
        Some(ConnectionKind::ClusterPamConnection) => &[Kind::ClusterPamConnection][..],
        Some(ConnectionKind::PamConnection) => &[Kind::PamConnection],
        None => &[Kind::ClusterPamConnection, Kind::PamConnection],
    };
    let (mut found, mut refused) = (Vec::new(), None);
    for kind in kinds {
        let action = format!("read {kind} {}", name.name);
        match cluster.answer(&action, kind.api(cluster, Some(&cluster.namespace)).get(&name.name)).await? {
            Ok(object) => found.push(PamObject { kind: *kind, object }),
            Err(error) if code(&error) == Some(404) => {}
            Err(error) => refused = Some(crate::cluster::failed(&action, &error)),
        }
    }
    match (found.len(), refused) {
        (0, Some(refused)) => Err(refused),
        (0, None) => Err(Failure::new(
            Exit::No,
            format!(
                "there is no {name} in the cluster or in namespace {}: correct --connection or -n",
                cluster.namespace
            ),
        )),
        (1, None) => Ok(found.remove(0)),
        (1, Some(refused)) => Err(guessed(&found[0], &refused)),
        _ => Err(Failure::new(
            Exit::Usage,
            format!("there are two connections {0}: give clusterpamconn/{0} or pamconn/{0}", name.name),
        )),
    }
}

/// Says that a connection may be meant that the user may not read.
fn guessed(found: &PamObject, refused: &Failure) -> Failure {
    let (short, name) = (found.kind.short(), found.name());
    let message = format!(
        "there may be two connections {name}, and nothing was done: {refused}. Give {short}/{name} if that one is meant"
    );
    Failure::new(Exit::Usage, message)
}

/// Returns what a connection says, as far as this plugin understands it.
pub fn spec_of(connection: &PamObject) -> Result<ConnectionSpec, Failure> {
    let spec = connection.value("/spec").cloned().unwrap_or_default();
    serde_json::from_value(spec).map_err(|_| {
        let (kind, name) = (connection.kind, connection.name());
        Failure::new(
            Exit::No,
            format!("this version of the plugin does not understand {kind} {name}: update the plugin"),
        )
    })
}

fn not_read(error: LoginError, home: &str) -> Failure {
    match error {
        LoginError::Kubernetes(CallError::Refused { code: 403, .. }) => Failure::new(
            Exit::Kubernetes,
            format!(
                "you may not read the connection's Secret in namespace {home}: give --client-id of an OAuth client of your own, or have the right granted"
            ),
        ),
        error => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake;
    use pam_operator::domain::Reason;

    #[test]
    fn a_secret_that_may_not_be_read_names_the_way_without_it() {
        let refused = LoginError::Kubernetes(CallError::Refused { action: "read a Secret", code: 403 });
        let failure = not_read(refused, "pam-operator");
        assert_eq!(failure.exit, Exit::Kubernetes);
        assert!(
            failure.message.contains("--client-id") && failure.message.contains("namespace pam-operator"),
            "{failure}"
        );
    }

    #[test]
    fn what_the_cluster_lacks_is_said_in_the_words_of_the_operator() {
        let problem = Problem { reason: Reason::SecretNotFound, message: "Secret login does not exist".to_owned() };
        let failure = not_read(LoginError::Problem(problem), "x");
        assert_eq!(failure, Failure::new(Exit::Pam, "SecretNotFound: Secret login does not exist"));
    }

    #[test]
    fn the_host_that_is_named_is_the_one_that_gets_the_secret() {
        let at = |url: &str| {
            let mut object = kube::api::DynamicObject::new("own", &Kind::PamConnection.resource());
            object.data = serde_json::json!({"spec": {"url": url}});
            origin(&PamObject { kind: Kind::PamConnection, object }).map_err(|failure| failure.exit)
        };
        for (url, host) in [
            ("https://pam.example.com/base", "https://pam.example.com"),
            ("https://pam.example.com@evil.example.net/", "https://evil.example.net"),
            ("https://p\u{430}m.example.com:8443", "https://xn--pm-7kc.example.com:8443"),
        ] {
            assert_eq!(at(url).as_deref(), Ok(host), "{url}");
        }
        assert_eq!(at("nowhere"), Err(Exit::Pam));
    }

    fn own_client() -> LoginArgs {
        LoginArgs { client_id: Some("mine".to_owned()), client_secret_stdin: true, ..LoginArgs::default() }
    }

    /// A namespace with a PamConnection of that name, where the user may read no ClusterPamConnection.
    fn of_tenant() -> Cluster {
        fake::cluster(|_, path| {
            let is_own = path.ends_with("/namespaces/shop/pamconnections/default");
            is_own.then(|| {
                serde_json::json!({"apiVersion": "pam-operator.io/v1alpha1", "kind": "PamConnection",
                    "metadata": {"name": "default", "namespace": "shop"}, "spec": {"url": "https://pam.example.com"}})
            })
        })
        .0
    }

    #[tokio::test]
    async fn a_connection_is_not_guessed_where_the_other_one_of_its_name_cannot_be_read() {
        let found = find(&of_tenant(), &"default".parse().unwrap()).await.map(|found| found.kind);
        let failure = found.unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.message.contains("pamconn/default"), "{failure}");
        let named = find(&of_tenant(), &"pamconn/default".parse().unwrap()).await;
        assert_eq!(named.map(|found| found.kind).ok(), Some(Kind::PamConnection));
    }

    #[tokio::test]
    async fn the_secret_of_the_users_own_client_goes_to_no_host_that_a_tenant_chose_and_the_user_did_not_name() {
        let none =
            |path: &str| serde_json::json!({"kind": "Status", "status": "Failure", "message": path, "code": 404});
        let (tenants, _) = fake::cluster(move |_, path| {
            let object = |kind: &str| {
                serde_json::json!({"apiVersion": "pam-operator.io/v1alpha1", "kind": kind,
                "metadata": {"name": "default", "namespace": "shop"}, "spec": {"url": "https://evil.example.net"}})
            };
            Some(if path.contains("clusterpam") { none(path) } else { object("PamConnection") })
        });
        let failure = own_client().connect(&tenants, &"default".parse().unwrap()).await.map(|_| ()).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.message.contains("pamconn/default"), "{failure}");
    }
}
