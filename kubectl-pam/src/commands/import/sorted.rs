//! Which records of a list become manifests, and which do not.

use std::fmt;

use pam_operator::pam::ListedCredential;

use super::claimed::Claimed;
use super::filter::Filter;
use super::skipped::{Doubles, Skip};
use crate::output::clean;

/// The records of one list, by what becomes of them.
pub struct Sorted<'a> {
    /// These become manifests, by their ids.
    pub chosen: Vec<&'a ListedCredential>,
    /// These cannot be expressed, by their ids.
    pub skipped: Vec<Skipped<'a>>,
    /// So many are claimed by objects of the cluster.
    pub claimed: usize,
    /// So many are not meant by the filters.
    pub not_meant: usize,
}

/// A record that cannot be expressed.
pub struct Skipped<'a> {
    /// The record.
    pub record: &'a ListedCredential,
    /// Why it cannot be expressed.
    pub why: Skip,
}

impl fmt::Display for Skipped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { record, why } = self;
        write!(f, "{} ({} on {}): {why}", record.id, clean(&record.username), clean(&record.hostname))
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
            sorted.skipped.push(Skipped { record, why });
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
