//! Builds programs from a Go module, with plain words about what is missing.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::assets::Progress;

const REPORT_EVERY: Duration = Duration::from_secs(20);

/// A Go module and the programs that are built from it.
pub(crate) struct GoModule {
    /// Folder beside this package's `Cargo.toml`, holding `go.mod` and `go.sum`.
    pub(crate) folder: &'static str,
    /// How long the first build takes on two cores, in words.
    pub(crate) takes: &'static str,
    /// File name of each program and the package it is built from.
    pub(crate) programs: &'static [(&'static str, &'static str)],
    /// What the linker is told. Part of the cache key.
    pub(crate) ldflags: String,
    /// Build tags, separated by commas. Part of the cache key.
    pub(crate) tags: &'static str,
}

impl GoModule {
    fn path(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(self.folder)
    }

    /// Name of the cache folder: whatever changes the programs changes it.
    pub(crate) fn cache_name(&self) -> Result<String> {
        let mut hash = Sha256::new();
        for file in ["go.mod", "go.sum"] {
            let path = self.path().join(file);
            hash.update(fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?);
        }
        // A module may have a program of its own.
        hash.update(fs::read(self.path().join("main.go")).unwrap_or_default());
        hash.update(&self.ldflags);
        hash.update(self.tags);
        hash.update(std::env::consts::OS);
        hash.update(std::env::consts::ARCH);
        let hex = hash.finalize().iter().take(8).fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        Ok(format!("tools-{hex}"))
    }

    /// Builds every program into `target`.
    pub(crate) fn build(&self, target: &Path, progress: Progress<'_>) -> Result<()> {
        self.check_go()?;
        for (at, (name, package)) in self.programs.iter().enumerate() {
            let label = format!("{name} ({} of {})", at + 1, self.programs.len());
            self.build_one(&target.join(name), package, &label, progress)?;
        }
        Ok(())
    }

    fn build_one(&self, output: &Path, package: &str, label: &str, progress: Progress<'_>) -> Result<()> {
        progress(&format!("building {label} …"));
        let started = Instant::now();
        let log = output.with_extension("log");
        let mut command = self.go();
        command.args(["build", "-trimpath", "-mod=readonly", "-buildvcs=false", "-tags", self.tags]);
        command.args(["-ldflags", &self.ldflags, "-o"]);
        command.arg(output).arg(package).stdout(Stdio::null()).stderr(fs::File::create(&log)?);
        let child = command.spawn().context("cannot start `go build`")?;
        let succeeded = wait_with_progress(child, started, label, progress)?;
        let printed = fs::read_to_string(&log).unwrap_or_default();
        if !succeeded {
            bail!("`go build {package}` failed (is the Go module proxy reachable, and the disk not full?):\n{printed}");
        }
        fs::remove_file(&log)?;
        progress(&format!("built {label} in {} s", started.elapsed().as_secs()));
        Ok(())
    }

    /// `go` in this module's folder, shielded from settings meant for other modules.
    fn go(&self) -> Command {
        let mut command = Command::new("go");
        command.current_dir(self.path()).env("CGO_ENABLED", "0").env("GOWORK", "off").env("GOFLAGS", "");
        command.env_remove("GOOS").env_remove("GOARCH").stdin(Stdio::null());
        command
    }

    /// `go version` in the module's folder fails when that Go is too old and may not fetch a newer one.
    fn check_go(&self) -> Result<()> {
        let wanted = self.wanted_version()?;
        let output = match self.go().arg("version").output() {
            Ok(output) => output,
            Err(error) => bail!(
                "Go {wanted} or newer is needed to build the local control plane, and `go` could not be started \
                 ({error}). Install it from https://go.dev/dl/ or your distribution, or set KUBEBUILDER_ASSETS to a \
                 folder with etcd, kube-apiserver and kubectl"
            ),
        };
        if !output.status.success() {
            bail!(
                "Go {wanted} or newer is needed to build the local control plane; install it from https://go.dev/dl/. \
                 `go` says: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(())
    }

    fn wanted_version(&self) -> Result<String> {
        let text = fs::read_to_string(self.path().join("go.mod"))?;
        let line = text.lines().find_map(|line| line.strip_prefix("go "));
        Ok(line.context("go.mod has no `go` line")?.trim().to_owned())
    }
}

/// Whether `child` ended well; says every 20 s that it is still at work.
fn wait_with_progress(mut child: Child, started: Instant, label: &str, progress: Progress<'_>) -> Result<bool> {
    let mut next = REPORT_EVERY;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        std::thread::sleep(Duration::from_millis(100));
        if started.elapsed() >= next {
            progress(&format!("building {label}: {} s so far", started.elapsed().as_secs()));
            next += REPORT_EVERY;
        }
    }
}
