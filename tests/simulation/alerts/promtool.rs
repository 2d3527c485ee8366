//! Runs promtool, which is built like the programs of the control plane.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

/// The rules that the chart ships.
pub fn rules_file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("charts/pam-operator/files/alerts.yaml")
}

/// The rules, in the order of the file.
pub fn rules() -> Vec<Value> {
    let text = fs::read_to_string(rules_file()).unwrap();
    let file: Value = serde_saphyr::from_str(&text).unwrap();
    file["groups"][0]["rules"].as_array().unwrap().clone()
}

/// A file in the folder for what tests write, removed on drop.
pub struct Written(PathBuf);

impl Written {
    pub fn new(name: &str, text: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("alerts-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        // Other tests of the process may still have files there.
        _ = fs::remove_file(&self.0);
        _ = self.0.parent().map(fs::remove_dir);
    }
}

/// Runs promtool with something on its standard input; fails with what it prints unless it is content.
pub fn promtool(arguments: &[&str], input: &str) -> String {
    let program = local_cluster::assets::promtool().unwrap();
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let printed = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "promtool {arguments:?}: {printed}");
    printed
}
