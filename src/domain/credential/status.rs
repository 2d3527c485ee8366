//! What an object remembers between two passes.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Binding, BoundVault, ConnectedVault, KEYED, Keyed, Request, SecretVersion, UnackedWrite, WriteAction};
use crate::domain::{DigestsOf, RecordId};

/// So many times a record is corrected before it is left alone.
pub const MOST_CORRECTIONS: usize = 3;

/// What an object remembers between two passes: its status, but for plan and conditions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Status {
    /// The generation that the status is about.
    pub observed_generation: Option<i64>,
    /// Id of the record.
    pub id: Option<RecordId>,
    /// The identifier that is sent.
    pub identifier: Option<String>,
    /// The identifier that the record had before it was taken over.
    pub former_identifier: Option<String>,
    /// The vault of the record.
    pub vault: Option<BoundVault>,
    /// When the PAM last accepted a write.
    pub last_write: Option<Timestamp>,
    /// The versions of the Secrets that the last write was made from.
    pub source: Vec<SecretVersion>,
    /// Digests of what was last sent, by group of fields.
    pub digests: BTreeMap<String, String>,
    /// Whether the record is known to have been enabled.
    pub ensured_enabled: bool,
    /// Whether the record has the vault's value, since ours was withheld.
    pub value_withheld: bool,
    /// The write that has no answer.
    pub in_flight: Option<UnackedWrite>,
    /// What the list showed of the record after the last write.
    pub remote: Option<Remote>,
    /// When the record was corrected, since the last write for another cause.
    pub corrections: Vec<Timestamp>,
    /// An answer that named another record than was expected.
    pub mismatch: Option<MismatchRecord>,
    /// The requests that were handled.
    pub handled: Asked,
}

/// What somebody asks for by annotation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Asked {
    /// `pam-operator.io/reconcile-requested-at`.
    pub reconcile: Option<String>,
    /// `pam-operator.io/push-value-requested-at`.
    pub push_value: Option<String>,
}

/// What the list showed of a record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Remote {
    /// When the record last changed, in the PAM's words.
    pub change: Option<String>,
    /// The identifier of the record, if it is another than ours.
    pub identifier: Option<String>,
}

/// An answer that named another record than was expected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct MismatchRecord {
    /// Id of that record.
    pub id: Option<RecordId>,
    /// The identifier in the answer, if it is the one that was sent.
    pub identifier: Option<String>,
    /// Keyed digest of vault, identifier and account of the write.
    pub target: String,
}

impl Status {
    /// Returns whether the record is where the connection leads now; without a connection, nothing says otherwise.
    #[must_use]
    pub fn binding(&self, now: Option<&ConnectedVault>) -> Binding {
        match (&self.id, &self.vault, now) {
            (None, ..) => Binding::Unbound,
            (Some(_), Some(known), Some(now)) if !now.leads_to(known) => Binding::BoundElsewhere,
            (Some(_), ..) => Binding::Bound,
        }
    }

    /// Returns what somebody asked for by annotation and has not been given. On an object without a record the first push
    /// sends all fields anyway: there a request (copied or restored along with the object) is acknowledged, not obeyed.
    #[must_use]
    pub fn request(&self, asked: &Asked) -> Request {
        let is_new = |asked: &Option<String>, handled: &Option<String>| asked.is_some() && asked != handled;
        if self.id.is_none() && self.mismatch.is_none() {
            Request::None
        } else if is_new(&asked.push_value, &self.handled.push_value) {
            Request::Value
        } else if is_new(&asked.reconcile, &self.handled.reconcile) {
            Request::Fields
        } else {
            Request::None
        }
    }

    /// Returns whose key the digests of what came from Secrets were made with.
    #[must_use]
    pub fn digests_of(&self, keyed: &dyn Keyed) -> DigestsOf {
        DigestsOf::of(|| KEYED.into_iter().filter_map(|group| self.digests.get(group)), keyed)
    }

    /// Returns whether the record was corrected as often as it may be.
    #[must_use]
    pub fn corrections_exhausted(&self) -> bool {
        self.corrections.len() >= MOST_CORRECTIONS
    }

    /// Returns whether a list said when our last write was.
    #[must_use]
    pub fn has_baseline(&self) -> bool {
        self.remote.as_ref().is_some_and(|remote| remote.change.is_some())
    }

    /// Returns whether a write without an answer may still change the record, or may have changed it since our last recorded
    /// write: what a list shows is then no baseline.
    #[must_use]
    pub const fn is_unsettled(&self) -> bool {
        self.in_flight.is_some()
    }

    /// Returns whether a write of fields has no answer.
    #[must_use]
    pub fn has_write_of_fields(&self) -> bool {
        self.in_flight.as_ref().is_some_and(|write| write.action.sends_fields())
    }

    /// Returns whether an earlier process recorded that it may have sent a write that nothing tells of.
    #[must_use]
    pub fn has_unrecorded_write(&self) -> bool {
        self.in_flight.as_ref().is_some_and(|write| write.action == WriteAction::Unrecorded)
    }

    /// Returns whether another state of the cluster than the one that this status was written for was there when a process
    /// began: an earlier process may have sent a write for that state and ended before it recorded the write.
    #[must_use]
    pub fn differs_from(&self, seen: &ClusterState<'_>) -> bool {
        // A Secret that is away may come back with what it held before the version that was sent last.
        let versions = seen.versions != Some(self.source.as_slice());
        seen.binding == Binding::Bound && (versions || self.observed_generation != Some(seen.generation))
    }
}

/// What of the cluster a status is compared with after a start.
#[derive(Clone, Copy, Debug)]
pub struct ClusterState<'a> {
    /// Where the record is.
    pub binding: Binding,
    /// Generation of the object.
    pub generation: i64,
    /// Versions of the Secrets; `None` if one of the Secrets is missing.
    pub versions: Option<&'a [SecretVersion]>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::TenantName;

    #[allow(clippy::unnecessary_wraps, reason = "each is an optional field")]
    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn vault(tenant: Option<&str>) -> ConnectedVault {
        let (connection, origin) = ("c".to_owned(), "https://pam".to_owned());
        ConnectedVault { connection, origin, requested_tenant: tenant.map(str::to_owned), login: None }
    }

    #[test]
    fn digests_tell_which_operator_served_the_object_last() {
        let of = |digests: &[(&str, &str)]| {
            let digests = digests.iter().map(|(group, digest)| ((*group).to_owned(), (*digest).to_owned())).collect();
            Status { digests, ..Status::default() }.digests_of(&crate::domain::credential::laws::PlainKey)
        };
        assert_eq!(of(&[]), DigestsOf::Nobody);
        assert_eq!(of(&[("notes", "v1:00"), ("secretKey", crate::domain::keyed::REMOVED)]), DigestsOf::Nobody);
        assert_eq!(of(&[("content", "k:content:x")]), DigestsOf::Us);
        assert_eq!(of(&[("content", "?k:content:x")]), DigestsOf::Us);
        assert_eq!(of(&[("content", "k:content:x"), ("username", "x:username:y")]), DigestsOf::Another);
    }

    fn status(used: ConnectedVault, tenant: Option<&str>) -> Status {
        let vault = Some(BoundVault { used, tenant: tenant.and_then(TenantName::parse) });
        Status { id: Some(1.into()), vault, ..Status::default() }
    }

    #[test]
    fn a_record_is_bound_to_the_connection_the_address_and_the_tenant() {
        let known = status(vault(None), text("acme").as_deref());
        let other = ConnectedVault { connection: "d".to_owned(), ..vault(None) };
        let moved = ConnectedVault { origin: "https://other".to_owned(), ..vault(None) };
        for (now, binding) in [
            (vault(None), Binding::Bound),
            (vault(Some("ACME")), Binding::Bound),
            (vault(Some("other")), Binding::BoundElsewhere),
            (other, Binding::BoundElsewhere),
            (moved, Binding::BoundElsewhere),
        ] {
            assert_eq!(known.binding(Some(&now)), binding, "{now:?}");
        }
        assert_eq!(known.binding(None), Binding::Bound);
        assert_eq!(Status { vault: None, ..known.clone() }.binding(Some(&vault(None))), Binding::Bound);
        assert_eq!(Status { id: None, ..known }.binding(Some(&vault(None))), Binding::Unbound);
        let asked = status(vault(Some("acme")), None);
        assert_eq!(asked.binding(Some(&vault(None))), Binding::BoundElsewhere, "to ask for none may lead elsewhere");
        assert_eq!(asked.binding(Some(&vault(Some("acme")))), Binding::Bound);
    }

    #[test]
    fn a_request_counts_once_and_the_one_for_the_value_first() {
        let asked = |reconcile, push_value| Asked { reconcile, push_value };
        let known = Status { handled: asked(text("1"), text("1")), ..status(vault(None), None) };
        for (asked, request) in [
            (asked(None, None), Request::None),
            (asked(text("1"), text("1")), Request::None),
            (asked(text("2"), text("1")), Request::Fields),
            (asked(text("1"), text("2")), Request::Value),
            (asked(text("2"), text("2")), Request::Value),
            (asked(text("2"), None), Request::Fields),
        ] {
            assert_eq!(known.request(&asked), request, "{asked:?}");
        }
        let new = asked(text("2"), text("2"));
        assert_eq!(Status { id: None, ..known.clone() }.request(&new), Request::None, "acknowledged, and not obeyed");
        let mismatch = Some(MismatchRecord::default());
        assert_eq!(Status { id: None, mismatch, ..known }.request(&new), Request::Value);
    }

    #[test]
    fn a_status_tells_what_it_knows_of_lists_and_corrections() {
        let remote =
            |change: Option<&str>| Some(Remote { change: change.map(str::to_owned), identifier: text("theirs") });
        assert!(!Status::default().has_baseline());
        assert!(!Status { remote: remote(None), ..Status::default() }.has_baseline());
        assert!(Status { remote: remote(Some("1")), ..Status::default() }.has_baseline());
        let corrected = |times| Status { corrections: vec![Timestamp::UNIX_EPOCH; times], ..Status::default() };
        assert!(!corrected(MOST_CORRECTIONS - 1).corrections_exhausted());
        assert!(corrected(MOST_CORRECTIONS).corrections_exhausted());
    }

    #[test]
    fn a_status_tells_whether_a_write_may_still_come() {
        let with = |action| {
            let (identifier, origin, since) = (String::new(), String::new(), Timestamp::UNIX_EPOCH);
            let write = UnackedWrite { action, identifier, account: None, origin, former: None, since, value: false };
            Status { in_flight: Some(write), ..Status::default() }
        };
        let none = Status::default();
        assert!(!none.is_unsettled() && !none.has_unrecorded_write());
        assert!(with(WriteAction::Update).is_unsettled() && !with(WriteAction::Update).has_unrecorded_write());
        assert!(with(WriteAction::Unrecorded).is_unsettled() && with(WriteAction::Unrecorded).has_unrecorded_write());
    }

    #[test]
    fn p3_a_status_differs_from_another_generation_and_other_versions() {
        let version = |version: &str| {
            vec![SecretVersion { name: "s".to_owned(), uid: "u".to_owned(), resource_version: version.to_owned() }]
        };
        let status = Status { source: version("1"), observed_generation: Some(1), ..status(vault(None), None) };
        let differs = |binding, generation, versions: Option<&[SecretVersion]>| {
            status.differs_from(&ClusterState { binding, generation, versions })
        };
        assert!(!differs(Binding::Bound, 1, Some(&version("1"))));
        assert!(differs(Binding::Bound, 2, Some(&version("1"))));
        assert!(differs(Binding::Bound, 1, Some(&version("2"))));
        assert!(differs(Binding::Bound, 1, None), "a Secret that is away may come back older");
        assert!(!differs(Binding::BoundElsewhere, 2, None) && !differs(Binding::Unbound, 2, None));
    }
}
