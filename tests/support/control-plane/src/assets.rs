//! The programs of the control plane: found, or built once and kept.
//!
//! They are kept in `$PAM_OPERATOR_CACHE`, else `$XDG_CACHE_HOME/pam-operator`, else `~/.cache/pam-operator`, in one
//! folder per Go module, named by the hash of what they are built from. `KUBEBUILDER_ASSETS`, when set, is used instead
//! for etcd, kube-apiserver, kubectl and (if it is there) kube-controller-manager.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::go::GoModule;

/// Takes one line in plain words for each step.
pub type Progress<'a> = &'a dyn Fn(&str);

/// The variable that chooses another of [`KUBERNETES`], by its minor version.
const CHOICE: &str = "PAM_OPERATOR_KUBERNETES";
/// What the tests can run against; the first is what they run against unless told otherwise.
const KUBERNETES: [Kubernetes; 3] = [
    Kubernetes { version: "1.36.3", folder: "tools" },
    Kubernetes { version: "1.30.14", folder: "tools-1.30" },
    Kubernetes { version: "1.37.2", folder: "tools-1.37" },
];
const HELM: &str = "4.3.1";
/// The version of the Go module, which is 0.316 for Prometheus 3.16.
const PROMETHEUS: &str = "0.316.0";

/// A version of Kubernetes, and the folder of the Go module that the version is built from.
#[derive(Clone, Copy, Debug)]
struct Kubernetes {
    version: &'static str,
    folder: &'static str,
}

impl Kubernetes {
    fn minor(self) -> &'static str {
        self.version.rsplit_once('.').map_or(self.version, |(minor, _)| minor)
    }

    /// Returns the version that the environment chooses.
    fn chosen() -> Result<Self> {
        let chosen = env::var(CHOICE).unwrap_or_default();
        let minors = KUBERNETES.map(Self::minor).join(", ");
        let fits = |kubernetes: &Self| chosen.is_empty() || kubernetes.minor() == chosen;
        KUBERNETES.into_iter().find(fits).with_context(|| format!("{CHOICE} is {chosen:?}: set it to one of {minors}"))
    }
}

/// Where each program is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tools {
    /// etcd.
    pub etcd: PathBuf,
    /// kube-apiserver.
    pub apiserver: PathBuf,
    /// kube-controller-manager. Without it (it may be missing from `KUBEBUILDER_ASSETS`) a deleted namespace stays
    /// `Terminating` and nothing is garbage-collected.
    pub controller_manager: Option<PathBuf>,
    /// kubectl.
    pub kubectl: PathBuf,
    /// helm.
    pub helm: PathBuf,
}

impl Tools {
    /// The folders to put in front of `PATH`, so that `kubectl` and `helm` are these.
    #[must_use]
    pub fn folders(&self) -> Vec<PathBuf> {
        [&self.kubectl, &self.helm].iter().filter_map(|tool| tool.parent().map(Path::to_owned)).collect()
    }
}

/// Finds every program, building what is missing (the first build takes about five minutes on two cores).
///
/// Two processes never build the same thing twice: the second one waits. A build that is cut short leaves nothing that
/// could be taken for a finished one.
pub fn ensure(progress: Progress<'_>) -> Result<Tools> {
    let given = env::var_os("KUBEBUILDER_ASSETS").filter(|path| !path.is_empty()).map(PathBuf::from);
    let Some(folder) = given else {
        let control_plane = cached(&control_plane_module(Kubernetes::chosen()?), progress)?;
        let helm = cached(&helm_module(), progress)?.join("helm");
        return Ok(tools_in(&control_plane, helm));
    };
    for name in ["etcd", "kube-apiserver", "kubectl"] {
        let wanted = folder.join(name);
        ensure!(wanted.is_file(), "KUBEBUILDER_ASSETS is set, but there is no {}", wanted.display());
    }
    let helm = match on_path("helm") {
        Some(helm) => helm,
        None => cached(&helm_module(), progress)?.join("helm"),
    };
    Ok(tools_in(&folder, helm))
}

/// [`ensure()`], telling each step on standard error.
pub fn ensure_aloud() -> Result<Tools> {
    ensure(&aloud)
}

/// Finds promtool, building it if it is missing, and telling so on standard error. No control plane needs it.
pub fn promtool() -> Result<PathBuf> {
    Ok(cached(&promtool_module(), &aloud)?.join("promtool"))
}

/// Finds the program that compares a dashboard with Grafana's schema, building it if it is missing, and telling so.
pub fn check_dashboard() -> Result<PathBuf> {
    Ok(cached(&dashboard_module(), &aloud)?.join("check-dashboard"))
}

fn aloud(line: &str) {
    eprintln!("local-cluster: {line}");
}

/// Finds the Lua interpreter of Argo CD, or builds it, telling each step on standard error. Tests of health checks need it, and no
/// control plane does.
pub fn lua() -> Result<PathBuf> {
    match on_path("glua") {
        Some(lua) => Ok(lua),
        None => Ok(cached(&lua_module(), &aloud)?.join("glua")),
    }
}

/// Finds the container registry, building it if need be (a few seconds): only tests of what is pushed to one need it.
pub fn registry() -> Result<PathBuf> {
    Ok(cached(&registry_module(), &aloud)?.join("registry"))
}

fn tools_in(folder: &Path, helm: PathBuf) -> Tools {
    let controller_manager = folder.join("kube-controller-manager");
    Tools {
        etcd: folder.join("etcd"),
        apiserver: folder.join("kube-apiserver"),
        controller_manager: controller_manager.is_file().then_some(controller_manager),
        kubectl: folder.join("kubectl"),
        helm,
    }
}

fn control_plane_module(Kubernetes { version, folder }: Kubernetes) -> GoModule {
    let (major, minor) = ("1", version.split('.').nth(1).unwrap_or_default());
    // Without these the API server says v0.0.0, and clients and helm take it for a very old one.
    let told = |package: &str| {
        format!(" -X {package}.gitVersion=v{version} -X {package}.gitMajor={major} -X {package}.gitMinor={minor}")
    };
    GoModule {
        folder,
        takes: "4 minutes",
        programs: &[
            ("etcd", "go.etcd.io/etcd/server/v3"),
            ("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"),
            ("kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager"),
            ("kubectl", "k8s.io/kubernetes/cmd/kubectl"),
        ],
        ldflags: ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"]
            .map(told)
            .iter()
            .fold("-s -w".to_owned(), |flags, more| flags + more),
        tags: "",
    }
}

fn helm_module() -> GoModule {
    GoModule {
        folder: "helm",
        takes: "2 minutes",
        programs: &[("helm", "helm.sh/helm/v4/cmd/helm")],
        ldflags: format!("-s -w -X helm.sh/helm/v4/internal/version.version=v{HELM}"),
        tags: "",
    }
}

fn promtool_module() -> GoModule {
    GoModule {
        folder: "promtool",
        takes: "2 minutes",
        programs: &[("promtool", "github.com/prometheus/prometheus/cmd/promtool")],
        ldflags: format!("-s -w -X github.com/prometheus/common/version.Version={PROMETHEUS}"),
        // Without the clients of every cloud it builds in a third of the time, and takes a third of the room.
        tags: "remove_all_sd",
    }
}

fn dashboard_module() -> GoModule {
    GoModule {
        folder: "dashboard",
        takes: "half a minute",
        programs: &[("check-dashboard", ".")],
        ldflags: "-s -w".to_owned(),
        tags: "",
    }
}

fn lua_module() -> GoModule {
    GoModule {
        folder: "lua",
        takes: "10 seconds",
        programs: &[("glua", "github.com/yuin/gopher-lua/cmd/glua")],
        ldflags: "-s -w".to_owned(),
        tags: "",
    }
}

fn registry_module() -> GoModule {
    GoModule {
        folder: "registry",
        takes: "10 seconds",
        programs: &[("registry", "github.com/google/go-containerregistry/cmd/registry")],
        ldflags: "-s -w".to_owned(),
        tags: "",
    }
}

/// The folder with the programs of `module`, built if need be.
fn cached(module: &GoModule, progress: Progress<'_>) -> Result<PathBuf> {
    let cache = cache_folder()?;
    let name = module.cache_name()?;
    let done = cache.join(&name);
    if done.is_dir() {
        return Ok(done);
    }
    fs::create_dir_all(&cache).with_context(|| format!("cannot make {}", cache.display()))?;
    let _lock = lock(&cache.join(format!("{name}.lock")), progress)?;
    // Whoever held the lock before us may have built it.
    if !done.is_dir() {
        progress(&format!(
            "building what is missing in {}; the first time takes about {}",
            cache.display(),
            module.takes
        ));
        build_into(&done, module, progress)?;
    }
    Ok(done)
}

/// Builds beside `done` and renames: the folder's name is the promise that it is whole.
fn build_into(done: &Path, module: &GoModule, progress: Progress<'_>) -> Result<()> {
    let unfinished = done.with_extension("unfinished");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)?;
    }
    fs::create_dir_all(&unfinished)?;
    module.build(&unfinished, progress)?;
    fs::rename(&unfinished, done).with_context(|| format!("cannot make {}", done.display()))
}

/// Held until dropped, and let go by the system when this process dies.
fn lock(path: &Path, progress: Progress<'_>) -> Result<fs::File> {
    let file = fs::File::create(path).with_context(|| format!("cannot make {}", path.display()))?;
    if file.try_lock().is_err() {
        progress("another run is building the control plane; waiting for it");
        file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
    }
    Ok(file)
}

/// The folder that everything built is kept in.
pub fn cache_folder() -> Result<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(own) = set("PAM_OPERATOR_CACHE") {
        return std::path::absolute(own).context("PAM_OPERATOR_CACHE cannot be made absolute");
    }
    match (set("XDG_CACHE_HOME"), set("HOME")) {
        (Some(cache), _) if cache.is_absolute() => Ok(cache.join("pam-operator")),
        (_, Some(home)) => Ok(home.join(".cache/pam-operator")),
        _ => {
            bail!("neither PAM_OPERATOR_CACHE, XDG_CACHE_HOME nor HOME is set: there is no place to keep the tools in")
        }
    }
}

fn on_path(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The version that the linker writes in must be the one that is built, or clients are told a wrong one.
    #[test]
    fn the_versions_told_to_the_linker_are_those_of_the_modules() {
        let read = |folder: &str| {
            fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join("go.mod")).unwrap()
        };
        for Kubernetes { version, folder } in KUBERNETES {
            assert!(read(folder).contains(&format!("k8s.io/kubernetes v{version} ")), "{folder}");
        }
        assert!(read("helm").contains(&format!("helm.sh/helm/v4 v{HELM} ")));
        assert!(read("promtool").contains(&format!("github.com/prometheus/prometheus v{PROMETHEUS} ")));
    }

    #[test]
    fn each_module_has_a_folder_of_its_own() {
        let modules = KUBERNETES.into_iter().map(control_plane_module).chain([
            helm_module(),
            promtool_module(),
            dashboard_module(),
            lua_module(),
            registry_module(),
        ]);
        let names: std::collections::BTreeSet<String> = modules.map(|module| module.cache_name().unwrap()).collect();
        assert_eq!(names.len(), KUBERNETES.len() + 5);
        assert!(names.iter().all(|name| name.len() == "tools-".len() + 16));
    }
}
