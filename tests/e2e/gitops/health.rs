//! The health check for Argo CD, run by the Lua that Argo CD runs it with.

use std::fmt::Write as _;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::Folder;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/samples/argocd-health.lua");
/// reason, status of `Ready`, condition beside it, kstatus, Argo CD.
const TABLE: &str = include_str!("../../fixtures/health.tsv");

/// An object as Argo CD sees it, and how it has to be shown.
struct Case {
    object: Value,
    health: &'static str,
    message: String,
}

/// A value as Lua writes it.
fn literal(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| format!("[{name:?}] = {}", literal(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => format!("{{{}}}", items.iter().map(literal).collect::<Vec<_>>().join(", ")),
        Value::Null => "nil".to_owned(),
        other => other.to_string(),
    }
}

/// What the script says of each object: its health and its message.
fn judged(cases: &[Case]) -> Vec<(String, String)> {
    let folder = Folder::new("lua");
    let mut program = format!("local check = assert(loadfile({SCRIPT:?}))\n");
    for case in cases {
        writeln!(program, "obj = {}", literal(&case.object)).unwrap();
        program.push_str("local health = check()\nprint(health.status, health.message)\n");
    }
    let file = folder.join("cases.lua");
    std::fs::write(&file, program).unwrap();
    let output = Command::new(local_cluster::assets::lua().unwrap()).arg(&file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    said.lines().map(|line| line.split_once('\t').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap()).collect()
}

fn condition(kind: &str, status: &str) -> Value {
    json!({"type": kind, "status": status, "reason": "R", "message": format!("{kind} says")})
}

fn object(observed: i64, conditions: &[Value]) -> Value {
    json!({"metadata": {"generation": 2}, "status": {"observedGeneration": observed, "conditions": conditions}})
}

/// Each reason of its newest generation, of an earlier one, and suspended.
fn of_each_reason() -> Vec<Case> {
    let mut cases = Vec::new();
    for row in TABLE.lines().filter(|line| !line.starts_with('#')).skip(1) {
        let [_, ready, beside, _, health] = row.split('\t').collect::<Vec<_>>()[..] else { panic!("{row}") };
        let mut conditions = vec![condition("Ready", ready)];
        conditions.extend((beside != "-").then(|| condition(beside, "True")));
        let speaker = if beside == "Stalled" { beside } else { "Ready" };
        cases.push(Case { object: object(2, &conditions), health, message: format!("{speaker} says") });
        let waiting = "Waiting for the operator to look at this object".to_owned();
        cases.push(Case { object: object(1, &conditions), health: "Progressing", message: waiting });
        conditions.push(condition("Suspended", "True"));
        cases.push(Case { object: object(2, &conditions), health: "Suspended", message: "Suspended says".to_owned() });
    }
    assert_eq!(cases.len(), 3 * pam_operator::domain::Reason::ALL.len());
    cases
}

/// An object that nobody has looked at, with and without the schema's default, and what is said beside a `Ready` that is true.
fn of_others() -> Vec<Case> {
    let waiting = || "Waiting for the operator to look at this object".to_owned();
    let mut cases = vec![
        Case { object: json!({"metadata": {"generation": 1}}), health: "Progressing", message: waiting() },
        Case { object: object(-1, &[condition("Ready", "Unknown")]), health: "Progressing", message: waiting() },
    ];
    for beside in ["Drifted", "SharingIncomplete", "InventoryIncomplete", "VaultRestored", "DisablesHeld"] {
        let conditions = [condition("Ready", "True"), condition(beside, "True")];
        let message = format!("{beside}: {beside} says");
        cases.push(Case { object: object(2, &conditions), health: "Healthy", message });
    }
    cases
}

#[test]
fn argo_cd_shows_each_reason_as_the_manual_says() {
    let cases: Vec<_> = of_each_reason().into_iter().chain(of_others()).collect();
    let judged = judged(&cases);
    assert_eq!(judged.len(), cases.len());
    for (case, (health, message)) in cases.iter().zip(judged) {
        assert_eq!((health.as_str(), &message), (case.health, &case.message), "{}", case.object);
    }
}
