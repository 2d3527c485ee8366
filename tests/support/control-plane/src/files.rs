//! The files that the servers read: keys, tokens, the audit policy, kubeconfigs. All are readable by their owner only.

use std::{
    fs,
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use rcgen::KeyPair;
use serde_json::json;

/// The user that tests act as; may do everything.
pub(crate) const ADMIN: &str = "admin";
/// The user of kube-controller-manager; may do everything, and is not audited.
const CONTROLLERS: &str = "local-cluster:controller-manager";

/// What is logged of a request: who, what, when; never a body, since bodies of Secrets are values.
///
/// Left out is what the control plane asks of itself, and health checks.
const AUDIT_POLICY: &str = r#"
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: None
    users: ["system:apiserver", "local-cluster:controller-manager"]
  - level: None
    nonResourceURLs: ["/livez*", "/readyz*", "/healthz*", "/version"]
  - level: Metadata
"#;

/// The state folder of one control plane, and the names in it.
#[derive(Clone, Debug)]
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    /// Makes the folder, for its owner only, and everything in it that must be there before a server starts.
    pub(crate) fn prepare(root: &Path, admin_token: &str, controllers_token: &str) -> Result<Self> {
        let folder = Self(std::path::absolute(root)?);
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        for path in [&folder.0, &folder.certificates(), &folder.logs()] {
            builder.create(path).with_context(|| format!("cannot make {}", path.display()))?;
        }
        let key = KeyPair::generate().context("cannot make a signing key")?;
        write_private(&folder.signing_key(), &key.serialize_pem())?;
        write_private(&folder.verifying_key(), &key.public_key_pem())?;
        write_private(&folder.audit_policy(), AUDIT_POLICY)?;
        let tokens = format!(
            "{admin_token},{ADMIN},{ADMIN},\"system:masters\"\n\
             {controllers_token},{CONTROLLERS},{CONTROLLERS},\"system:masters\"\n"
        );
        write_private(&folder.tokens(), &tokens)?;
        Ok(folder)
    }

    pub(crate) fn certificates(&self) -> PathBuf {
        self.0.join("certificates")
    }
    /// The serving certificate that kube-apiserver makes for itself, with its issuer: also the clients' CA.
    pub(crate) fn ca(&self) -> PathBuf {
        self.certificates().join("apiserver.crt")
    }
    pub(crate) fn logs(&self) -> PathBuf {
        self.0.join("logs")
    }
    pub(crate) fn log_of(&self, server: &str) -> PathBuf {
        self.logs().join(format!("{server}.log"))
    }
    pub(crate) fn etcd(&self) -> PathBuf {
        self.0.join("etcd")
    }
    pub(crate) fn signing_key(&self) -> PathBuf {
        self.0.join("service-account.key")
    }
    pub(crate) fn verifying_key(&self) -> PathBuf {
        self.0.join("service-account.pub")
    }
    pub(crate) fn tokens(&self) -> PathBuf {
        self.0.join("tokens.csv")
    }
    pub(crate) fn audit_policy(&self) -> PathBuf {
        self.0.join("audit-policy.yaml")
    }
    pub(crate) fn audit_log(&self) -> PathBuf {
        self.0.join("audit.log")
    }
    pub(crate) fn admin_kubeconfig(&self) -> PathBuf {
        self.0.join("admin.kubeconfig")
    }
    pub(crate) fn controllers_kubeconfig(&self) -> PathBuf {
        self.0.join("controllers.kubeconfig")
    }
    pub(crate) fn state(&self) -> PathBuf {
        self.0.join("state.json")
    }
}

/// Writes a kubeconfig for `token` (as JSON, which is YAML too).
pub(crate) fn write_kubeconfig(path: &Path, server: &str, ca: &Path, token: &str, namespace: &str) -> Result<()> {
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "local",
        "clusters": [{"name": "local", "cluster": {"server": server, "certificate-authority": ca}}],
        "users": [{"name": "local", "user": {"token": token}}],
        "contexts": [{"name": "local", "context": {"cluster": "local", "user": "local", "namespace": namespace}}],
    });
    write_private(path, &serde_json::to_string_pretty(&config)?)
}

/// Writes a file that only its owner can read.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(file.write_all(text.as_bytes())?)
}
