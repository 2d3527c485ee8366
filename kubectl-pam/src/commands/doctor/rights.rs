//! The rights that the user and the operator need.

/// A right in the cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Right {
    /// The API group.
    pub group: &'static str,
    /// The resource, with its subresource after a slash.
    pub resource: &'static str,
    /// The verb.
    pub verb: &'static str,
    /// The namespace; `None`: all.
    pub namespace: Option<String>,
    /// The name of the one object.
    pub name: Option<&'static str>,
    /// What it is needed for.
    pub what_for: &'static str,
}

/// What the arguments of an operator say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Which connections it serves; empty: all.
    pub selector: String,
    /// Which namespaces it serves; empty: all.
    pub namespaces: Vec<String>,
    /// Whether namespaces may have connections of their own.
    pub allows_hosts: bool,
    /// Whether it runs without an election.
    pub without_election: bool,
}

const OWN: &str = "pam-operator.io";

impl Right {
    const fn new(verb: &'static str, group: &'static str, resource: &'static str, what_for: &'static str) -> Self {
        Self { group, resource, verb, namespace: None, name: None, what_for }
    }

    fn within(self, namespace: &str) -> Self {
        Self { namespace: Some(namespace.to_owned()), ..self }
    }

    /// Returns the right in words: `list deployments.apps in all namespaces`.
    pub fn words(&self) -> String {
        let dot = if self.group.is_empty() { "" } else { "." };
        let name = self.name.map(|name| format!(" {name}")).unwrap_or_default();
        let place = match &self.namespace {
            Some(namespace) => format!("in namespace {namespace}"),
            None => "in the whole cluster".to_owned(),
        };
        format!("{} {}{dot}{}{name} {place}", self.verb, self.resource, self.group)
    }
}

/// Returns the rights of a user that the checks need.
pub fn of_user(operator: &str) -> Vec<Right> {
    vec![
        Right::new("get", "apiextensions.k8s.io", "customresourcedefinitions", "the definitions are compared"),
        Right::new("list", OWN, "pamcredentials", "the objects' statuses are read"),
        Right::new("list", OWN, "mysafepasswords", "the objects' statuses are read"),
        Right::new("list", OWN, "pamconnections", "the connections are checked"),
        Right::new("list", OWN, "clusterpamconnections", "the connections are checked"),
        Right::new("list", "apps", "deployments", "the operator is found"),
        Right::new("list", "", "pods", "the operator's Pods are looked at").within(operator),
        Right::new("get", "coordination.k8s.io", "leases", "the operator's Lease is looked at").within(operator),
        Right::new("get", "", "secrets", "the logins of ClusterPamConnections are tried").within(operator),
        Right::new("create", "authorization.k8s.io", "subjectaccessreviews", "the operator's rights are checked"),
    ]
}

/// Returns the rights of an operator, as the chart gives them.
pub fn of_operator(home: &str, settings: &Settings) -> Vec<Right> {
    let mut rights = vec![
        Right::new("watch", OWN, "clusterpamconnections", "connections are served"),
        Right::new("patch", OWN, "clusterpamconnections/status", "connections say how they are"),
        Right::new("patch", OWN, "pamcredentials", "finalizers are set"),
        Right::new("patch", OWN, "mysafepasswords", "finalizers are set"),
        Right::new("get", "", "namespaces", "the cluster has a name"),
        Right::new("get", "", "secrets", "logins are read").within(home),
        Right { name: Some("pam-operator-digest-key"), ..Right::new("patch", "", "secrets", "the digest key is made") }
            .within(home),
    ];
    if !settings.without_election {
        let lease = Right::new("update", "coordination.k8s.io", "leases", "one replica leads");
        rights.push(Right { name: Some("pam-operator"), ..lease }.within(home));
    }
    let places: Vec<Option<&str>> = match settings.namespaces.as_slice() {
        [] => vec![None],
        some => some.iter().map(|namespace| Some(namespace.as_str())).collect(),
    };
    for place in places {
        rights.extend(served(settings).into_iter().map(|right| match place {
            Some(namespace) => right.within(namespace),
            None => right,
        }));
    }
    rights
}

/// Returns the rights in a namespace that is served.
fn served(settings: &Settings) -> Vec<Right> {
    let mut rights = vec![
        Right::new("watch", OWN, "pamcredentials", "objects are served"),
        Right::new("watch", OWN, "mysafepasswords", "objects are served"),
        Right::new("patch", OWN, "pamcredentials/status", "objects say how they are"),
        Right::new("patch", OWN, "mysafepasswords/status", "objects say how they are"),
        Right::new("get", "", "secrets", "values are read"),
        Right::new("watch", "", "secrets", "changes of values are seen"),
        Right::new("create", "events.k8s.io", "events", "events are told"),
    ];
    if settings.allows_hosts {
        rights.push(Right::new("get", "", "configmaps", "CA bundles of PamConnections are read"));
    }
    rights
}
