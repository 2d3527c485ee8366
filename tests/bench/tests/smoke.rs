//! The harness works: it makes a world, measures the least calls in it, and writes what it saw. Concerns no promise.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path, process::Command};

use serde_json::Value;

#[test]
fn the_least_calls_are_measured() {
    let json = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-smoke.json");
    let mut bench = Command::new(env!("CARGO_BIN_EXE_bench"));
    bench.args(["run", "roofline-100", "--runs", "1", "--json"]).arg(&json);
    let output = bench.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let results: Value = serde_json::from_slice(&fs::read(&json).unwrap()).unwrap();
    fs::remove_file(&json).unwrap();
    let measured = &results["scenarios"]["roofline-100"];
    let median = |metric: &str| measured["metrics"][metric]["median"].as_f64().unwrap();
    assert_eq!(measured["metrics"]["pam_calls"]["median"], 100.0, "{measured}");
    assert_eq!(measured["metrics"]["tokens"]["median"], 1.0, "{measured}");
    assert_eq!(measured["api"]["patch pamcredentials/status"]["median"], 100.0, "{measured}");
    assert!(median("throughput") > 0.0 && median("rss") > 0.0 && median("latency_p99") >= 20.0, "{measured}");
}
