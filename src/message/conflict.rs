//! What users read where a record or an account is not this credential's: what stands in the way, and how to mend it.

use jiff::Timestamp;

use crate::api::{HAND_OVER_TO, RECONCILE_REQUESTED_AT};
use crate::domain::unacked::whole_second;
use crate::domain::{AdoptionPolicy, Answer, Binding, Expected, Mismatch, RecordIdentifier, Seen};
use crate::kubernetes::NamespacedName;

/// So many ids are named.
const MOST_IDS: usize = 8;

/// What a user is told of what the list shows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'a> {
    pub(crate) seen: Seen,
    /// The identifier that would be sent.
    pub(crate) identifier: &'a str,
    /// Ids of the records in the way.
    pub(crate) ids: &'a [String],
    pub(crate) recorded: Binding,
    pub(crate) adoption: AdoptionPolicy,
    /// The connection's rules would let the credential have the identifier of the listed record.
    pub(crate) may_use_listed: bool,
    /// The cluster name with which the listed identifier would have been generated for this very object.
    pub(crate) generated_by_cluster: Option<&'a str>,
}

impl Found<'_> {
    /// Says that the listed record is not this credential's, or that there are several.
    pub(crate) fn conflict(&self) -> String {
        format!("{}. To fix this, {}", self.nothing_written(), self.remedy())
    }

    /// Says that the record could be taken over if the connection allowed that. `connection` is its kind and name.
    pub(crate) fn denied(&self, connection: &str) -> String {
        format!(
            "{}. spec.adoptionPolicy is TakeOver, and {connection} does not allow that here: ask its owner to add TakeOver to the `allow` of a rule in its spec.access that covers this credential; or set spec.adoptionPolicy to ByIdentifier, and another spec.identifier or account",
            self.nothing_written(),
        )
    }

    fn nothing_written(&self) -> String {
        let ids = match self.ids {
            [] => String::new(),
            ids => format!(" (record {})", some_of(ids)),
        };
        format!("Nothing was written: {}{ids}; identifier {}", self.what(), self.identifier)
    }

    const fn what(&self) -> &'static str {
        match (self.recorded, self.seen) {
            (_, Seen::Neither) => "the PAM's list no longer shows this credential's record",
            (_, Seen::IdentifierElsewhere { .. }) => {
                "the PAM holds the identifier for another username, hostname or ip"
            }
            (_, Seen::AccountOther { .. }) => "the PAM holds this username, hostname and ip under another identifier",
            (Binding::Bound, Seen::IdentifierOnAccount { .. }) => {
                "the PAM holds the identifier under another id than the one in status"
            }
            (Binding::Bound, Seen::AccountBare { .. }) => {
                "the PAM holds this username, hostname and ip under another id than the one in status"
            }
            (_, Seen::IdentifierOnAccount { .. }) => {
                "the PAM holds the identifier, and this username, hostname and ip, already"
            }
            (_, Seen::AccountBare { .. }) => {
                "the PAM holds this username, hostname and ip already, without an identifier"
            }
            (_, Seen::Ours { .. } | Seen::FormerOnAccount { .. } | Seen::Tangled) => {
                "several records, or an SSH key, have this identifier or this username, hostname and ip"
            }
        }
    }

    fn remedy(&self) -> String {
        match (self.recorded, self.seen) {
            (_, Seen::Neither) => {
                "give the authorization access to it, or create the credential again under another name".to_owned()
            }
            (_, Seen::AccountOther { .. }) if self.generated_by_cluster.is_some() => former_cluster(self.generated_by_cluster.unwrap_or("")),
            (Binding::Bound, Seen::IdentifierElsewhere { .. } | Seen::AccountOther { .. }) => {
                "remove or rename that record, or take back the change of username, hostname or ip".to_owned()
            }
            (_, Seen::IdentifierElsewhere { .. }) => {
                format!("set spec.identifier to a free one, or correct the account{}", self.or_take_over("renames or moves"))
            }
            (_, Seen::AccountOther { .. }) => self.of_account_under_another(),
            (Binding::Bound, Seen::IdentifierOnAccount { .. } | Seen::AccountBare { .. }) => self.vouch(),
            (_, Seen::IdentifierOnAccount { .. } | Seen::AccountBare { .. }) => {
                "set spec.adoptionPolicy to ByIdentifier if the record is this credential's (with Never the operator only writes to records that it created), or remove the record, or set another account".to_owned()
            }
            _ => "leave one of them in the PAM, or set another spec.identifier".to_owned(),
        }
    }

    fn of_account_under_another(&self) -> String {
        let by_name = match self.adoption {
            AdoptionPolicy::Never => "remove the record, or correct the account",
            _ if !self.may_use_listed => "remove the record, or correct the account",
            _ => "set spec.identifier to that record's to keep using it as it is, or remove the record",
        };
        format!("{by_name}{}", self.or_take_over("gives this identifier to"))
    }

    fn or_take_over(&self, does: &str) -> String {
        match self.adoption {
            AdoptionPolicy::TakeOver => String::new(),
            _ => format!(
                "; or set spec.adoptionPolicy to TakeOver, which {does} that record, if the connection allows it"
            ),
        }
    }

    /// Asks the user whether a record that replaced the known one is the right one: nothing else tells that.
    fn vouch(&self) -> String {
        let policy = match self.adoption {
            AdoptionPolicy::Never => {
                "set spec.adoptionPolicy to ByIdentifier (with Never the operator only writes to records that it created) and "
            }
            _ => "",
        };
        format!(
            "{policy}annotate this object with {RECONCILE_REQUESTED_AT}=<any new text> if the listed record is this credential's (after a restored backup of the PAM, say); if not, remove that record"
        )
    }
}

/// Returns the first ids, and how many more there are: a list may have as many records in the way as it likes.
fn some_of(ids: &[String]) -> String {
    let (shown, more) = ids.split_at(ids.len().min(MOST_IDS));
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    shown.join(", ") + &more
}

/// Says that the cluster had another name when the record was made.
fn former_cluster(name: &str) -> String {
    format!(
        "tell the operator that this cluster was called {name} (a rebuilt cluster has another name, unless one is set): --former-cluster-names={name} (chart value formerClusterNames) keeps using the record under the identifier it has, --cluster-name={name} (clusterName) gives the cluster that name again"
    )
}

/// Says that another object of this cluster writes something else onto the device.
pub(crate) fn device_held() -> String {
    "Nothing was written: another credential of this cluster sets other values in its `device` for this hostname and ip, which is the same device. Set the same in both, or remove `device` from one of them".to_owned()
}

/// Says that another object of this cluster holds `what`. The owner is not named, since it may be another tenant's object.
pub(crate) fn claimed(what: &str, identifier: &str, own: &NamespacedName) -> String {
    let NamespacedName { namespace, name } = own;
    format!(
        "Nothing was written: the {what} is held by another owner in this cluster; identifier {identifier}. To let this object have the record of that one, set spec.deletionPolicy of that one to Disable, annotate it with {HAND_OVER_TO}={namespace}/{name}, and delete it (in one namespace, without the annotation); else set another spec.identifier, username, hostname or ip"
    )
}

/// Says when an object is tried again that waits for another one: nothing, where only that one's end or an edit helps.
pub(crate) fn until(ends: Option<Timestamp>) -> String {
    let again = |ends| {
        format!(
            "; unless a write of that owner is confirmed before, this object is tried again at {}",
            whole_second(ends)
        )
    };
    ends.map(again).unwrap_or_default()
}

/// Says that the PAM's answer is not what was decided, and what the answer shows.
pub(crate) fn mismatch(what: Mismatch, expected: &Expected, answer: &Answer, adoption: AdoptionPolicy) -> String {
    let known = expected.id.as_deref().unwrap_or("none");
    // An identifier that is not ours may be another namespace's, and is not shown.
    let shown = match answer.identifier.as_deref() {
        Some(identifier) if identifier == expected.identifier => identifier,
        Some(_) => RecordIdentifier::OTHER,
        None => "none",
    };
    let what = match what {
        Mismatch::UpdatedInstead => {
            "updated a record that its list did not show (one that was made since, or that this authorization does not see), where a new one should have been created"
        }
        Mismatch::CreatedInstead => "created a record where an existing one should have been updated",
        Mismatch::OtherId => "wrote another record than the one known",
        Mismatch::OtherIdentifier => "kept another identifier than the one sent",
        Mismatch::OtherTenant => "answered for another tenant than before",
    };
    format!(
        "The PAM {what}: record {}, identifier {shown}; known id {known}, identifier sent {}. {}",
        answer.id,
        expected.identifier,
        after_stray_write(adoption)
    )
}

/// Says that an earlier write met another record, and that nothing has changed since.
pub(crate) fn still_unexpected(id: Option<&str>, identifier: Option<&str>, adoption: AdoptionPolicy) -> String {
    format!(
        "An earlier write met a record that was not known to be this credential's (record {}, identifier {}). {}",
        id.unwrap_or("unknown"),
        identifier.unwrap_or("another one or none"),
        after_stray_write(adoption)
    )
}

/// Says that a creation met a record that was there before, and that no list can tell whose record that is.
pub(crate) fn unseen(id: Option<&str>, adoption: AdoptionPolicy) -> String {
    let (id, policy) = (id.unwrap_or("unknown"), policy(adoption));
    let policy = policy.strip_prefix(", ").map(|policy| format!("{policy} and ")).unwrap_or_default();
    format!(
        "The PAM updated an existing record (record {id}) where a new one should have been created. Whose it is cannot be seen, since the connection's inventory.enabled is false. Nothing more is written for it. If it is this credential's (an earlier answer may have been lost), {policy}annotate this object with {RECONCILE_REQUESTED_AT}=<any new text>; {ANOTHER_IDENTIFIER}"
    )
}

/// How the message begins that names what a write overwrote.
const OVERWRITTEN: &str = "Overwritten at ";

/// Says what a write put over a record that was not known to be this credential's, and when: a record that was made after the
/// list that permitted the write, or one that the list does not show. `groups` are the fields beside those of every write.
pub(crate) fn overwritten(at: Timestamp, groups: &[&str], value: bool) -> String {
    let fields = ["identifier", "username", "hostname", "ip"].into_iter().chain(groups.iter().copied());
    let value = if value { " and the value" } else { ", not the value" };
    let fields = fields.collect::<Vec<_>>().join(", ");
    format!(" {OVERWRITTEN}{}: {fields}{value}", whole_second(at))
}

/// Returns whether a message names what was overwritten.
pub(crate) fn names_overwritten(message: &str) -> bool {
    message.contains(OVERWRITTEN)
}

fn after_stray_write(adoption: AdoptionPolicy) -> String {
    let policy = policy(adoption);
    format!(
        "Nothing more is written for it. If the record is this credential's, give the authorization access to it (or enable it, if the PAM's list leaves disabled records out){policy} and annotate this object with {RECONCILE_REQUESTED_AT}=<any new text>; {ANOTHER_IDENTIFIER}"
    )
}

const ANOTHER_IDENTIFIER: &str =
    "if not, set another spec.identifier (no other change helps: the record may have this identifier now)";

const fn policy(adoption: AdoptionPolicy) -> &'static str {
    match adoption {
        AdoptionPolicy::Never => {
            ", set spec.adoptionPolicy to ByIdentifier (with Never the operator only writes to records that it created)"
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICIES: [AdoptionPolicy; 3] =
        [AdoptionPolicy::Never, AdoptionPolicy::ByIdentifier, AdoptionPolicy::TakeOver];

    fn found<'a>(
        seen: Seen,
        adoption: AdoptionPolicy,
        generated_by_cluster: Option<&'a str>,
        ids: &'a [String],
    ) -> Found<'a> {
        let (identifier, recorded) = ("ours", Binding::Unbound);
        Found { seen, identifier, ids, recorded, adoption, may_use_listed: true, generated_by_cluster }
    }

    fn all_seen() -> [Seen; 8] {
        let rotates = false;
        [
            Seen::Neither,
            Seen::Ours { at_account: false, rotates },
            Seen::IdentifierOnAccount { rotates },
            Seen::FormerOnAccount { rotates },
            Seen::IdentifierElsewhere { rotates },
            Seen::AccountBare { rotates },
            Seen::AccountOther { rotates },
            Seen::Tangled,
        ]
    }

    #[test]
    fn every_conflict_names_the_records_the_identifier_and_a_way_out() {
        let ids = ["17".to_owned(), "18".to_owned()];
        for (seen, adoption) in all_seen().into_iter().flat_map(|seen| POLICIES.map(|policy| (seen, policy))) {
            for recorded in [Binding::Unbound, Binding::Bound, Binding::BoundElsewhere] {
                let text = Found { recorded, ..found(seen, adoption, None, &ids) }.conflict();
                assert!(text.contains("record 17, 18") && text.contains("identifier ours"), "{text}");
                assert!(text.contains("To fix this, ") && text.len() < 1000, "{text}");
                let taken = text.contains("to TakeOver");
                assert!(!taken || (adoption != AdoptionPolicy::TakeOver && recorded != Binding::Bound), "{text}");
            }
        }
    }

    #[test]
    fn of_many_records_in_the_way_the_first_are_named() {
        let ids: Vec<String> = (0..50_000).map(|id| (id + 10_000).to_string()).collect();
        let text = found(Seen::Tangled, AdoptionPolicy::Never, None, &ids).conflict();
        assert!(text.contains("(record 10000, 10001,") && text.contains("10007 and 49992 more)"), "{text}");
        assert!(text.len() < 1000, "{text}");
    }

    #[test]
    fn what_was_overwritten_is_named_with_its_time() {
        let at = "2026-01-02T03:04:05.678Z".parse().unwrap();
        let text = overwritten(at, &["tags"], true);
        assert_eq!(
            text,
            " Overwritten at 2026-01-02T03:04:06Z: identifier, username, hostname, ip, tags and the value"
        );
        assert!(overwritten(at, &[], false).ends_with("ip, not the value"));
        assert!(names_overwritten(&text) && !names_overwritten(&device_held()));
    }

    #[test]
    fn a_take_over_that_is_not_allowed_names_the_connection_and_the_word_to_add() {
        let seen = Seen::AccountOther { rotates: false };
        let text = found(seen, AdoptionPolicy::TakeOver, None, &["17".to_owned()]).denied("ClusterPamConnection main");
        for word in ["ClusterPamConnection main", "TakeOver", "`allow`", "record 17", "Nothing was written"] {
            assert!(text.contains(word), "{text}");
        }
    }

    #[test]
    fn an_identifier_that_the_connection_does_not_permit_is_no_remedy() {
        let seen = Seen::AccountOther { rotates: false };
        for adoption in POLICIES {
            let found = found(seen, adoption, None, &[]);
            let offers = |found: Found<'_>| found.conflict().contains("set spec.identifier to that record's");
            assert_eq!(offers(found), adoption != AdoptionPolicy::Never);
            assert!(!offers(Found { may_use_listed: false, ..found }));
        }
    }

    #[test]
    fn a_record_of_a_former_cluster_names_the_flags() {
        let seen = Seen::AccountOther { rotates: false };
        for adoption in POLICIES {
            let text = found(seen, adoption, Some("0a1b2c3d"), &[]).conflict();
            for word in ["--former-cluster-names=0a1b2c3d", "formerClusterNames", "--cluster-name=0a1b2c3d"] {
                assert!(text.contains(word), "{text}");
            }
            assert!(!found(seen, adoption, None, &[]).conflict().contains("cluster-name"));
        }
    }
}
