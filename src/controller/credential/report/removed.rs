//! Groups of fields that were sent once and that the spec no longer has. The PAM takes partial updates only (API 7 #23): it
//! keeps what it has in them, and the object says so.

use crate::controller::credential::facts::field_groups;
use crate::domain::credential::{ACCOUNT, Desired, Status, USERNAME};

/// Returns the names of the groups that were sent to the record and that the spec no longer has, in order. A group that only
/// a newer version of the operator knows may well be in the spec, unseen.
pub(crate) fn removed_groups(status: &Status, desired: &Desired) -> Vec<String> {
    let told = |group: &&String| {
        let group = group.as_str();
        group != ACCOUNT && group != USERNAME && field_groups::is_known(group) && !desired.has(group)
    };
    status.digests.keys().filter(told).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_that_was_sent_and_left_the_spec_is_named_and_no_other() {
        let digest = |group: &str| (group.to_owned(), "v1:d".to_owned());
        let sent = ["account", "username", "tags", "notes", "content", "costCenter", "device"].map(digest);
        let status = Status { digests: sent.into(), ..Status::default() };
        let desired = Desired {
            groups: [digest("account"), digest("notes")].into(),
            secret_groups: ["content"].into(),
            ..Desired::default()
        };
        assert_eq!(removed_groups(&status, &desired), ["device", "tags"]);
    }
}
