//! What the list says of a record, in every form of output. No value is in it.

use pam_operator::pam::ListedCredential;
use serde::Serialize;

use crate::output::{Answer, Cell, Row, Table, clean};

/// A record, as the list shows it.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The record's id.
    pub id: String,
    /// The identifier; absent where the record has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// The account.
    pub username: String,
    /// The device's host name.
    pub hostname: String,
    /// The device's address.
    pub ip: String,
    /// The type, such as `Local User`.
    #[serde(rename = "type")]
    pub kind: String,
    /// When the record last changed, in the PAM's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
    /// Whether the vault rotates the value; absent where the list does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotated_by_vault: Option<bool>,
}

impl From<&ListedCredential> for Record {
    fn from(record: &ListedCredential) -> Self {
        Self {
            id: record.id.to_string(),
            identifier: record.identifier.as_deref().map(str::to_owned),
            username: record.username.clone(),
            hostname: record.hostname.clone(),
            ip: record.ip.clone(),
            kind: record.kind.clone(),
            change: record.change.clone(),
            rotated_by_vault: record.automatic_change,
        }
    }
}

impl Record {
    /// Returns one field as text, by its name in the JSON form.
    pub fn field(&self, name: &str) -> Option<&str> {
        match name {
            "id" => Some(&self.id),
            "identifier" => self.identifier.as_deref(),
            "username" => Some(&self.username),
            "hostname" => Some(&self.hostname),
            "ip" => Some(&self.ip),
            "type" => Some(&self.kind),
            "change" => self.change.as_deref(),
            _ => None,
        }
    }

    /// Returns `username on hostname`, as a message names a record.
    pub fn account(&self) -> String {
        format!("{} on {}", clean(&self.username), clean(&self.hostname))
    }

    fn rotated(&self) -> &'static str {
        match self.rotated_by_vault {
            Some(true) => "yes",
            Some(false) => "no",
            None => "unknown",
        }
    }
}

/// Records, to be printed.
pub struct Records(pub Vec<Record>);

impl Answer for Records {
    type Item = Record;

    const KIND: &'static str = "RecordList";

    fn table(&self, wide: bool) -> Table {
        let narrow = ["ID", "USERNAME", "HOSTNAME", "TYPE", "ROTATED"];
        let more = ["CHANGE", "IP", "IDENTIFIER"];
        let mut table = Table::new(narrow.into_iter().chain(more.into_iter().filter(|_| wide)));
        for record in &self.0 {
            let narrow = [&*record.id, &record.username, &record.hostname, &record.kind, record.rotated()];
            let more = [record.change.as_deref(), Some(&*record.ip), record.identifier.as_deref()];
            let more = more.into_iter().filter(|_| wide).map(Option::unwrap_or_default);
            table.push(Row::new(narrow.into_iter().chain(more).map(Cell::from)));
        }
        table
    }

    fn items(&self) -> &[Record] {
        &self.0
    }

    fn names(&self) -> Vec<String> {
        self.0.iter().map(|record| record.id.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            id: "101".into(),
            identifier: None,
            username: "a b\u{1b}[2J".into(),
            hostname: "db01\u{202e}".into(),
            ip: "10.0.0.7".into(),
            kind: "Local User".into(),
            change: Some("2031-01-01 10:00:00".into()),
            rotated_by_vault: Some(true),
        }
    }

    #[test]
    fn json_holds_all_that_the_table_shows() {
        let records = Records(vec![record()]);
        let text = records.table(true).text(true);
        assert!(text.starts_with("ID    USERNAME"), "{text}");
        assert!(text.contains("yes       2031-01-01 10:00:00   10.0.0.7   <none>"), "{text}");
        let json = serde_json::to_value(records.items()).unwrap();
        assert_eq!((&json[0]["rotatedByVault"], &json[0]["type"]), (&true.into(), &"Local User".into()));
        assert_eq!(records.names(), ["101"]);
    }

    #[test]
    fn no_text_of_the_pam_steers_a_terminal() {
        let text = Records(vec![record()]).table(true).text(true);
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}') && text.contains("a b\u{fffd}[2J"), "{text:?}");
    }
}
