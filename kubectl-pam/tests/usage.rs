//! The program without a cluster: what it refuses before it speaks with anything, and with which exit code.

#![allow(clippy::expect_used, reason = "a test that cannot go on may panic")]

use std::process::{Command, Output, Stdio};

fn run(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-pam"));
    command.args(args).env("KUBECONFIG", "/nonexistent").stdin(Stdio::null()).output().expect("the program starts")
}

#[test]
fn a_command_line_that_means_nothing_ends_with_2() {
    for args in [
        &["get"][..],
        &["get", "NAME"],
        &["get", "pamcred/"],
        &["get", "101", "--to-secret", "db"],
        &["get", "101", "--reveal", "--to-secret", "DB"],
        &["get", "101", "--reveal", "--to-secret", "db", "--field", "password"],
        &["get", "101", "--reveal", "-o", "json"],
        &["get", "101", "--private-key", "key.pem"],
        &["get", "101", "--reveal", "--private-key", "key.pem", "--not-encrypted"],
        &["get", "101", "--field", "value"],
        &["get", "101", "--field", "password"],
        &["get", "101", "--reveal", "--field", "username"],
        &["import", "--filter", "host=db"],
        &["import", "--filter", "hostname"],
        &["import", "--overwrite"],
        &["import", "--summary", "json"],
        &["import", "-o", "out", "--summary", "wide"],
        &["get", "101", "--to-secret", "db", "-o", "json"],
        &["get", "101", "--private-key", "key.pem", "-o", "json"],
        &["get", "101", "--not-encrypted", "--no-headers"],
        &["get", "101", "--release", "--to-secret", "db", "-o", "json"],
        &["get", "101", "--dry-run"],
        &["get", "101", "--dry-run", "-o", "json"],
        &["get", "101", "--reveal", "--field", "password", "--dry-run"],
        &["get", "101", "--reveal", "--to-secret", "db", "--release", "--dry-run"],
        &["get", "101", "--reveal", "--to-secret", "db", "--dry-run=none"],
        &["sync", "db", "--dry-run=none"],
        &["plan"],
        &["plan", "db", "-f", "db.yaml"],
        &["doctor", "--client-id", "x"],
        &["doctor", "-o", "name"],
        &["doctor", "--bundle"],
    ] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stdout.is_empty(), "{args:?}");
    }
}

#[test]
fn without_a_cluster_nothing_is_done_and_it_ends_with_3() {
    for args in
        [&["get", "101"][..], &["get", "101", "--reveal", "--field", "password", "--yes=101"], &["import"], &["doctor"]]
    {
        let output = run(args);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{args:?}: {said}");
        assert!(output.stdout.is_empty() && said.contains("kubeconfig"), "{args:?}: {said}");
    }
}
