//! What the kubelet would make of a Deployment: the arguments and the environment of its container.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{ConfigMap, Container, EnvVar, EnvVarSource, Secret},
};
use kube::{Api, Client};

/// The environment by name.
pub(crate) type Env = BTreeMap<String, String>;

/// The first container of a Deployment, and where its Pods would run.
#[derive(Clone, Debug)]
pub(crate) struct PodTemplate {
    pub(crate) deployment: String,
    pub(crate) namespace: String,
    pub(crate) service_account: String,
    container: Container,
}

impl PodTemplate {
    pub(crate) fn of(deployment: Deployment) -> Result<Self> {
        let metadata = deployment.metadata;
        let pod = deployment.spec.and_then(|spec| spec.template.spec).context("the Deployment has no Pod")?;
        let container = pod.containers.into_iter().next().context("the Deployment has no container")?;
        ensure!(container.env_from.is_none(), "`envFrom` is not understood here");
        Ok(Self {
            deployment: metadata.name.context("the Deployment has no name")?,
            namespace: metadata.namespace.context("the Deployment has no namespace")?,
            service_account: pod.service_account_name.unwrap_or_else(|| "default".to_owned()),
            container,
        })
    }

    /// The environment of a Pod called `pod`.
    pub(crate) async fn env(&self, pod: &str, client: &Client) -> Result<Env> {
        let mut env = Env::new();
        for EnvVar { name, value, value_from } in self.container.env.iter().flatten() {
            let value = match value_from {
                Some(source) => self.read(source, pod, client).await.with_context(|| format!("env {name}"))?,
                None => Some(expand(value.as_deref().unwrap_or_default(), &env)),
            };
            if let Some(value) = value {
                env.insert(name.clone(), value);
            }
        }
        Ok(env)
    }

    /// The arguments, with `$(NAME)` replaced from `env`.
    pub(crate) fn args(&self, env: &Env) -> Vec<String> {
        // Of `command` the program itself is left out: the test brings its own.
        let command = self.container.command.iter().flatten().skip(1);
        command.chain(self.container.args.iter().flatten()).map(|text| expand(text, env)).collect()
    }

    async fn read(&self, source: &EnvVarSource, pod: &str, client: &Client) -> Result<Option<String>> {
        if let Some(field) = &source.field_ref {
            return self.field(&field.field_path, pod).map(Some);
        }
        if let Some(key) = &source.secret_key_ref {
            let api: Api<Secret> = Api::namespaced(client.clone(), &self.namespace);
            let secret = api.get(&key.name).await?;
            let bytes = secret.data.and_then(|mut data| data.remove(&key.key));
            ensure!(bytes.is_some() || key.optional == Some(true), "no key {} in Secret {}", key.key, key.name);
            return Ok(bytes.map(|bytes| String::from_utf8(bytes.0)).transpose()?);
        }
        if let Some(key) = &source.config_map_key_ref {
            let api: Api<ConfigMap> = Api::namespaced(client.clone(), &self.namespace);
            let text = api.get(&key.name).await?.data.and_then(|mut data| data.remove(&key.key));
            ensure!(text.is_some() || key.optional == Some(true), "no key {} in ConfigMap {}", key.key, key.name);
            return Ok(text);
        }
        bail!("its source is not understood here")
    }

    fn field(&self, path: &str, pod: &str) -> Result<String> {
        Ok(match path {
            "metadata.name" => pod.to_owned(),
            "metadata.namespace" => self.namespace.clone(),
            "spec.serviceAccountName" => self.service_account.clone(),
            "spec.nodeName" => "local".to_owned(),
            "status.podIP" | "status.hostIP" => "127.0.0.1".to_owned(),
            other => bail!("the field {other} is not understood here"),
        })
    }
}

/// Kubernetes' own substitution: `$(NAME)` when `NAME` is set, `$$` for `$`, everything else as it stands.
fn expand(text: &str, env: &Env) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        result.push_str(&rest[..at]);
        rest = &rest[at..];
        let (piece, length) = expand_one(rest, env);
        result.push_str(&piece);
        rest = &rest[length..];
    }
    result + rest
}

/// What the reference at the start of `text` stands for, and how long it is.
fn expand_one(text: &str, env: &Env) -> (String, usize) {
    if text.starts_with("$$") {
        return ("$".to_owned(), 2);
    }
    let name = text.strip_prefix("$(").and_then(|rest| rest.split_once(')')).map(|(name, _)| name);
    match name.and_then(|name| Some((env.get(name)?, name.len() + "$()".len()))) {
        Some((value, length)) => (value.clone(), length),
        None => ("$".to_owned(), 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_expanded_as_kubernetes_does() {
        let env = Env::from([("A".to_owned(), "x".to_owned())]);
        for (text, expected) in [
            ("--a=$(A)", "--a=x"),
            ("$(A)$(A)", "xx"),
            ("$(MISSING)", "$(MISSING)"),
            ("$$(A)", "$(A)"),
            ("50$", "50$"),
            ("$(A", "$(A"),
        ] {
            assert_eq!(expand(text, &env), expected, "{text}");
        }
    }
}
