//! Which records of a list become manifests, and which do not.

use std::fmt;

use pam_operator::pam::ListedCredential;
use serde::Serialize;

use super::claimed::Claimed;
use super::filter::Filter;
use super::skipped::{Doubles, Skip};
use crate::output::clean;

/// The records of one list, by what becomes of them.
pub struct Sorted<'a> {
    /// These become manifests, by their ids.
    pub chosen: Vec<&'a ListedCredential>,
    /// These cannot be expressed, by their ids.
    pub skipped: Vec<SkippedRecord>,
    /// So many are claimed by objects of the cluster.
    pub claimed: usize,
    /// So many are not meant by the filters.
    pub not_meant: usize,
}

/// A record that no object can be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SkippedRecord {
    /// Its id.
    pub id: String,
    /// Its username.
    pub username: String,
    /// Its hostname.
    pub hostname: String,
    /// Why it is left out.
    pub why: String,
}

impl SkippedRecord {
    /// Returns a record with the cause for which it is left out.
    pub fn of(record: &ListedCredential, why: &Skip) -> Self {
        let (username, hostname) = (record.username.clone(), record.hostname.clone());
        Self { id: record.id.to_string(), username, hostname, why: why.to_string() }
    }
}

impl fmt::Display for SkippedRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, username, hostname, why } = self;
        write!(f, "{id} ({} on {}): {why}", clean(username), clean(hostname))
    }
}

/// Sorts the records of a list.
pub fn sort<'a>(
    records: &'a [ListedCredential],
    filters: &[Filter],
    claimed: &Claimed,
    is_reserved: impl Fn(&str) -> bool,
) -> Sorted<'a> {
    let doubles = Doubles::of(records);
    let mut sorted = Sorted { chosen: Vec::new(), skipped: Vec::new(), claimed: 0, not_meant: 0 };
    let mut records: Vec<&ListedCredential> = records.iter().collect();
    records.sort_by_key(|record| record.id.number());
    for record in records {
        if !filters.iter().all(|filter| filter.matches(record)) {
            sorted.not_meant += 1;
        } else if claimed.has(record) {
            sorted.claimed += 1;
        } else if let Some(why) = doubles.skip(record, &is_reserved) {
            sorted.skipped.push(SkippedRecord::of(record, &why));
        } else {
            sorted.chosen.push(record);
        }
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_record_is_counted_once_and_the_rest_is_in_the_order_of_ids() {
        let record = |id: u64, username: &str| ListedCredential {
            id: id.into(),
            username: username.into(),
            hostname: "db01".into(),
            ip: "10.0.0.7".into(),
            ..ListedCredential::default()
        };
        let key = ListedCredential { kind: "SSH Key".into(), ..record(3, "svc-key") };
        let records = [record(20, "svc-b"), record(9, "svc-a"), key, record(4, "other")];
        let filter = ["username=svc*".parse().unwrap()];
        let sorted = sort(&records, &filter, &Claimed::default(), |_| false);
        assert_eq!(sorted.chosen.iter().map(|record| &*record.id).collect::<Vec<_>>(), ["9", "20"]);
        assert_eq!((sorted.skipped.len(), sorted.not_meant, sorted.claimed), (1, 1, 0));
    }
}
