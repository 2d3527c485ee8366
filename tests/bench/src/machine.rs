//! Where and of what something was measured.

use std::{fs, path::Path, process::Command};

use anyhow::Result;
use local_cluster::Tools;
use serde::{Deserialize, Serialize};

/// A machine and the versions of what ran on it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The CPU's name.
    pub cpu: String,
    /// How many of them.
    pub cores: usize,
    /// Memory in GiB.
    pub memory: u64,
    /// The system's kernel.
    pub kernel: String,
    /// The control plane's version.
    pub kubernetes: String,
    /// The operator's version.
    pub operator: String,
    /// The checkout's commit, with `+` when there are changes beside it.
    pub commit: String,
}

impl Machine {
    /// This machine, with the operator's `binary`.
    pub fn here(binary: &Path, tools: &Tools) -> Result<Self> {
        let (cpus, memory) = (fs::read_to_string("/proc/cpuinfo")?, fs::read_to_string("/proc/meminfo")?);
        Ok(Self {
            cpu: after(&cpus, "model name").unwrap_or_default(),
            cores: std::thread::available_parallelism()?.get(),
            memory: gibibytes(&memory).unwrap_or_default(),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_owned(),
            kubernetes: said(&mut Command::new(&tools.apiserver), &["--version"]),
            operator: said(&mut Command::new(binary), &["--version"]),
            commit: commit(),
        })
    }
}

fn commit() -> String {
    let commit = said(&mut Command::new("git"), &["rev-parse", "--short", "HEAD"]);
    let changed = !said(&mut Command::new("git"), &["status", "--porcelain", "--untracked-files=no"]).is_empty();
    if changed { commit + "+" } else { commit }
}

/// What a program prints; nothing when it cannot be run.
fn said(command: &mut Command, args: &[&str]) -> String {
    let output = command.args(args).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}

fn after(text: &str, key: &str) -> Option<String> {
    let value = text.lines().find_map(|line| line.strip_prefix(key))?;
    Some(value.trim_start_matches([' ', '\t', ':']).trim().to_owned())
}

fn gibibytes(meminfo: &str) -> Option<u64> {
    let kib: u64 = after(meminfo, "MemTotal")?.strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib.div_ceil(1024 * 1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_is_understood() {
        assert_eq!(after("vendor_id\t: x\nmodel name\t: A 3.0\n", "model name").as_deref(), Some("A 3.0"));
        assert_eq!(gibibytes("MemTotal:       24689988 kB\nMemFree: 1 kB\n"), Some(24));
    }
}
