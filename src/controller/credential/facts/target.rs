//! What a write is for: a place, an identifier and an account; and what status remembers of such a write.

use zeroize::Zeroizing;

use crate::api::{ConnectionKind, PamCredential, PamCredentialStatus, PendingAction};
use crate::controller::connection::object::AnyConnection;
use crate::controller::credential::act::push::Outcome;
use crate::controller::credential::claims;
use crate::controller::credential::context::Context;
use crate::controller::credential::facts::access::permitted;
use crate::controller::credential::facts::field_groups;
use crate::controller::credential::observe::observation::Observation;
use crate::controller::runtime::object_id::NamespacedName;
use crate::controller::runtime::retry::fingerprint;
use crate::controller::secret::digest::{self, Compared};
use crate::domain::{
    Account, Binding, ClaimRequest, Decision, DeviceClaim, Intent, Reason, Seen, SharedRecord, VaultId,
    generated_identifier,
};

/// The identifier that is sent.
pub(crate) fn identifier(object: &PamCredential, status: &PamCredentialStatus, cluster_name: &str) -> String {
    let NamespacedName { namespace, name } = NamespacedName::of(object);
    // What was once sent stays: even if the cluster is called something else now, or the spec was edited while it was
    // being sent (later the schema refuses that).
    let known = status.identifier.clone().or_else(|| object.spec.identifier.clone());
    known.unwrap_or_else(|| generated_identifier((cluster_name, &namespace, &name), digest::fingerprint))
}

impl Observation<'_> {
    /// The identifiers that former names of this cluster would have given to this object. What the user chose, and what
    /// a record of ours has, stays.
    pub(crate) fn former_identifiers(&self, context: &Context) -> Vec<String> {
        if self.object.spec.identifier.is_some() || self.situation.binding == Binding::Bound {
            return Vec::new();
        }
        let NamespacedName { namespace, name } = &self.key;
        let former = |cluster: &String| generated_identifier((cluster, namespace, name), digest::fingerprint);
        context.former_cluster_names.iter().map(former).collect()
    }

    /// What status remembers of writes for this very target. To be seen anew once more of the target is known.
    pub(crate) fn refresh_target(&mut self, context: &Context) {
        self.situation.mismatch = self.is_unexpected(context);
        self.situation.pending = self.pending(context);
    }

    /// What is pending for this very target, if that can be told: with a lost key, or before the username was read, it
    /// cannot.
    fn pending(&self, context: &Context) -> Option<Intent> {
        let pending = self.status.pending.as_ref()?;
        let origin = self.view.as_ref().map(|view| view.origin.as_str());
        let account = self.folded_account()?;
        let compared =
            context.connections.key.compare(Some(&pending.account), &self.owner(), "pending", account.as_bytes());
        let same = compared == Compared::Same && Some(pending.origin.as_str()) == origin;
        let intent = match pending.action {
            PendingAction::Create => Intent::Create,
            // Of a record that got yet another identifier since, that one is to be kept.
            PendingAction::TakeOver if self.replaced().is_some_and(|listed| Some(listed) != pending.former) => {
                return None;
            }
            PendingAction::TakeOver => Intent::TakeOver,
        };
        (same && pending.identifier == self.identifier).then_some(intent)
    }

    /// Whether what status says is pending may have been for this very target. What was for another says nothing of it:
    /// its record may be somebody else's.
    pub(crate) fn may_be_pending(&self, context: &Context) -> bool {
        let Some(pending) = &self.status.pending else { return false };
        let here = self.view.as_ref().is_none_or(|view| view.origin == pending.origin);
        let another = self.folded_account().is_some_and(|account| {
            context.connections.key.compare(Some(&pending.account), &self.owner(), "pending", account.as_bytes())
                == Compared::Changed
        });
        here && pending.identifier == self.identifier && !another
    }

    /// Whether what status says of an open write may be of that username: where its digests show that it was not, it was for
    /// another account.
    pub(crate) fn may_have_been_for(&self, username: &str, context: &Context) -> bool {
        let spec = &self.object.spec;
        let account = Account { username: username.to_owned(), hostname: spec.hostname.clone(), ip: spec.ip.clone() };
        let (username, hostname, ip) = account.folded();
        let origin = self.view.as_ref().map(|view| view.origin.as_str()).unwrap_or_default();
        let differs = |recorded: Option<&String>, field: &str, parts: &[&str]| {
            let whole = Zeroizing::new(parts.join("\0"));
            context.connections.key.compare(recorded, &self.owner(), field, whole.as_bytes()) == Compared::Changed
        };
        let pending = self.status.pending.as_ref().map(|pending| &pending.account);
        let unsettled = self.status.unsettled.as_ref().and_then(|unsettled| unsettled.target.as_ref());
        !differs(pending, "pending", &[&username, &hostname, &ip])
            && !differs(unsettled, "target", &[origin, &self.identifier, &username, &hostname, &ip])
    }

    /// What a write is for: place and identifier, and these with the account.
    pub(crate) fn aim(&self) -> (u64, u64) {
        let origin = self.view.as_ref().map(|view| &view.origin);
        let account = self.account().map(|account| account.folded());
        (fingerprint(&(origin, &self.identifier)), fingerprint(&(origin, &self.identifier, account)))
    }

    /// Whether a write whose answer was lost may have been for this very target, as far as that can be told: an object
    /// that goes may no longer know its account.
    pub(crate) fn is_in_doubt(&self, context: &Context) -> bool {
        let unsettled = self.status.unsettled.as_ref().filter(|unsettled| !unsettled.answered_since);
        let target = unsettled.and_then(|unsettled| unsettled.target.as_ref());
        if target.is_some_and(|target| self.is_target(target, context)) {
            return true;
        }
        let (place, target) = self.aim();
        let doubt = context.state.doubt(&self.uid);
        doubt.is_some_and(|doubt| doubt.of.0 == place && (self.account().is_none() || doubt.of.1 == target))
    }

    /// The identifier that a write would replace by ours.
    pub(crate) fn replaced(&self) -> Option<String> {
        let sight = self.sight.as_ref().filter(|sight| matches!(sight.seen, Seen::AccountOther { .. }))?;
        sight.record.as_ref()?.identifier.clone()
    }

    /// Keyed digest of the account, for `status.pending`.
    pub(crate) fn account_digest(&self, context: &Context) -> Option<String> {
        Some(context.connections.key.mac(&self.owner(), "pending", self.folded_account()?.as_bytes()))
    }

    fn folded_account(&self) -> Option<Zeroizing<String>> {
        let (username, hostname, ip) = self.account()?.folded();
        Some(Zeroizing::new([username, hostname, ip].join("\0")))
    }

    /// Keyed digest of the place, identifier and account that a write is for.
    pub(crate) fn target(&self, context: &Context) -> Option<String> {
        let (username, hostname, ip) = self.account()?.folded();
        let origin = self.view.as_ref().map(|view| view.origin.as_str()).unwrap_or_default();
        let whole = Zeroizing::new([origin, &self.identifier, &username, &hostname, &ip].join("\0"));
        Some(context.connections.key.mac(&self.owner(), "target", whole.as_bytes()))
    }

    /// The place that the connection leads to: its tenant as asked for, else as the PAM named it to this object.
    fn place_wanted(&self) -> Option<VaultId> {
        let view = self.view.as_ref()?;
        let known = self.status.connection.as_ref().filter(|known| known.origin == view.origin);
        let tenant = view.tenant.as_deref().or_else(|| known?.tenant.as_deref());
        Some(VaultId::new(&view.origin, tenant))
    }

    /// Whether the connection's rules say what they said when this pass began: it may have waited long, and the labels
    /// of its namespace are others by now.
    pub(crate) fn is_still_permitted(&self, connection: &AnyConnection, context: &Context) -> bool {
        permitted(self.object, &self.identifier, connection, context)
            == self.denial.clone().map_or(Ok(self.grants), Err)
    }

    /// What this object is after; `None` while the username has not been read.
    pub(crate) fn claim_request(&self) -> Option<ClaimRequest> {
        let (username, hostname, ip) = self.account()?.folded();
        let device = |block| DeviceClaim { device: claims::device(self.object), block };
        Some(ClaimRequest {
            vault: self.place_wanted()?,
            identifier: self.identifier.clone(),
            account: crate::controller::secret::digest::plain(&[&username, &hostname, &ip]),
            device: field_groups::device(&self.object.spec).map(device),
            record: self.sight.as_ref().and_then(|sight| sight.record.as_ref()).map(|record| record.id.clone()),
            by_tenant: self.object.spec.connection_ref.kind == ConnectionKind::PamConnection,
        })
    }

    /// Whether an earlier answer named another record for this very target, or may have left our identifier on it: a
    /// POST for whatever account would meet that record by the identifier (API 2.6, row 1). With a lost key, or before
    /// the username was read, that cannot be told, and is taken to be so: the list decides then.
    pub(crate) fn is_unexpected(&self, context: &Context) -> bool {
        let Some(unexpected) = &self.status.unexpected else { return false };
        unexpected.identifier.as_ref() == Some(&self.identifier) || self.is_target(&unexpected.target, context)
    }

    /// Whether this digest is of this very target, as far as that can be told.
    fn is_target(&self, digest: &String, context: &Context) -> bool {
        !context.connections.key.made(digest) || self.target(context).is_none_or(|target| target == *digest)
    }

    /// Whether another object has our record, or would like to.
    pub(crate) fn is_shared(&self, context: &Context) -> bool {
        let (id, place) = (self.status.id.as_deref(), self.status.connection.as_ref());
        id.zip(place).is_some_and(|(id, place)| {
            let (namespace, vault) = (self.key.namespace.as_str(), &claims::vault_of(place));
            let record = SharedRecord { namespace, vault, id, identifier: &self.identifier };
            context.claims.is_shared(&self.uid, &record)
        })
    }

    /// What becomes of what this pass claimed, or an earlier one: it is had once it was written, and as long as it may
    /// have been; otherwise others may have it.
    pub(crate) fn settle_claims(&self, decision: Decision, done: &Outcome, context: &Context) {
        if self.situation.deleting {
            return;
        }
        let for_good = match (done, decision) {
            (Outcome::Pushed(_), _) | (Outcome::Nothing, Decision::Rebind) => {
                if context.claims.keep(&self.uid, field_groups::device(&self.object.spec)) {
                    context.wake_waiting(&self.key);
                }
                return;
            }
            (Outcome::Failed(_) | Outcome::Blocked(_), Decision::Push(_)) => false,
            (
                Outcome::Nothing,
                Decision::Wait(Reason::IdentifierConflict | Reason::AccountConflict | Reason::DeviceConflict),
            ) => false,
            (Outcome::Nothing, Decision::Wait(reason)) => may_not_write(reason),
            _ => return,
        };
        let maybe_written = context.state.doubt(&self.uid).is_some() || self.was_pending();
        if !maybe_written && self.status.unexpected.is_none() && context.claims.give_back(&self.uid, for_good) {
            context.wake_waiting(&self.key);
        }
    }

    /// Whether status knew of this very POST before this pass: an earlier pass, or process, may have sent it.
    pub(crate) fn was_pending(&self) -> bool {
        self.situation.pending.is_some() && !self.just_intended
    }
}

/// Whether somebody must change something before this object may write at all.
const fn may_not_write(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::AccessDenied
            | Reason::SecretNotFound
            | Reason::SecretKeyNotFound
            | Reason::SecretInvalid
            | Reason::ConnectionNotFound
            | Reason::ConnectionNotAllowed
    )
}
