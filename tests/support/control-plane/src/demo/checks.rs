//! What has to hold for the demo to succeed.

use serde_json::Value;

use super::{simulator::Record, talk::say};

/// Says of each expectation whether it holds, and remembers.
#[derive(Debug, Default)]
pub(super) struct Checks {
    failed: usize,
}

impl Checks {
    pub(super) fn expect(&mut self, holds: bool, what: &str) {
        say(&format!("    {} {what}", if holds { "yes:" } else { "NO: " }));
        self.failed += usize::from(!holds);
    }

    /// Whether all held; says so when not.
    pub(super) fn done(&self) -> bool {
        if self.failed > 0 {
            say(&format!("\n{} things were not as they should be.", self.failed));
        }
        self.failed == 0
    }

    /// An object against the records in the PAM.
    pub(super) fn compare(&mut self, object: &Value, records: &[Record]) {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let status = &object["status"];
        let ready = status["conditions"].as_array().into_iter().flatten().find(|one| one["type"] == "Ready");
        let (state, reason) = ready.map_or((&Value::Null, &Value::Null), |one| (&one["status"], &one["reason"]));
        self.expect(state == "True" && reason == "Synced", &format!("{name} is READY True, STATUS Synced"));
        let id = status["id"].as_str().map_or_else(|| status["id"].to_string(), str::to_owned);
        let record = records.iter().find(|record| record.id == id);
        let same = record.is_some_and(|record| {
            record.identifier.is_some() && record.identifier.as_deref() == status["identifier"].as_str()
        });
        self.expect(same, &format!("{name} shows the id and the identifier that the PAM has"));
    }
}
