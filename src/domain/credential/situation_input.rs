//! Derives the facts of a decision from spec, status and connection, without a call.

use jiff::Timestamp;

use super::{
    ACCOUNT, AdoptionPolicy, Asked, Binding, BoundVault, ClusterState, ConnectedVault, Connection, DEVICE, Desired,
    Keyed, SecretVersion, SettleWindow, Situation, Status, Target, WriteAction,
};

/// What a [`Situation`] is derived from: what spec, status and connection say without a call.
#[allow(clippy::struct_excessive_bools, reason = "each is one independent fact")]
#[derive(Clone, Copy)]
pub struct SituationInput<'a> {
    /// The object is being deleted.
    pub deleting: bool,
    /// Our finalizer is on the object.
    pub finalizer: bool,
    /// Generation of the object.
    pub generation: i64,
    /// What the spec asks for.
    pub desired: &'a Desired,
    /// What somebody asks for by annotation.
    pub asked: &'a Asked,
    /// What the object remembers.
    pub status: &'a Status,
    /// State of the connection.
    pub connection: Connection,
    /// Where the connection leads.
    pub vault: Option<&'a ConnectedVault>,
    /// What a write is for.
    pub target: Target<'a>,
    /// The key of the object's digests.
    pub keyed: &'a dyn Keyed,
    /// The newest versions of the Secrets; `None` if one of the Secrets is missing.
    pub versions: Option<&'a [SecretVersion]>,
    /// The time of day.
    pub now: Timestamp,
    /// There is a suspected write: an earlier process may have sent it, and the status does not tell of it.
    pub suspected_write: bool,
    /// This process began less than a settle window ago.
    pub recently_started: bool,
}

impl SituationInput<'_> {
    /// Returns where the record of the status is.
    #[must_use]
    pub fn binding(&self) -> Binding {
        self.status.binding(self.vault)
    }

    /// Returns whether an earlier process may have sent a write that the status does not tell of, as it shows when a process
    /// first sees the object. A finalizer without a record says that a first push was about to be sent; a record in another
    /// vault, that the earlier process was about to write where the connection leads now; fields that differ from the
    /// recorded ones, that an update was due. The generation alone does not tell of that update: a pass that waits, or whose
    /// write is refused, records the generation too.
    #[must_use]
    pub fn has_suspected_write(&self) -> bool {
        let binding = self.binding();
        let state = ClusterState { binding, generation: self.generation, versions: self.versions };
        let about_to_be_made = binding == Binding::Unbound && self.finalizer;
        let recorded = self.status.has_unrecorded_write() && (binding == Binding::Bound || about_to_be_made);
        let about_to_move = binding == Binding::BoundElsewhere;
        let update_due = binding == Binding::Bound && self.is_update_due();
        recorded || self.status.differs_from(&state) || about_to_be_made || about_to_move || update_due
    }

    /// Whether the spec differs from what was last sent.
    fn is_update_due(&self) -> bool {
        let digests = &self.status.digests;
        self.desired.fields_differ(digests) || self.desired.differs(ACCOUNT, digests)
    }

    /// Returns the facts that are known without a call.
    ///
    /// The facts that turn on a call or on other objects keep their default; `controller/credential/observe` sets them:
    /// * `cache.rs`, before the first decision: `denied`, `take_over_granted`, `secrets`, `claimed_by_other`,
    ///   `heir`, `suspected_disable`, `other_finalizers`, `other_operator_writes` and `drift`;
    /// * `namespace.rs`: `namespace_terminating`;
    /// * `list.rs`: `inventory` and `change`, and `connection` where no client could be made;
    /// * `claim.rs`: `claims`.
    #[must_use]
    pub fn situation(&self) -> Situation {
        let (binding, desired, status) = (self.binding(), self.desired, self.status);
        Situation {
            deleting: self.deleting,
            finalizer: self.finalizer,
            disable: desired.disable,
            doubtful: self.target.may_be_in_flight(status, self.keyed) || self.has_suspected_create(),
            login_changed: self.is_login_changed(),
            suspended: desired.suspended,
            connection: self.connection,
            binding,
            fields_changed: desired.fields_differ(&status.digests),
            account_changed: binding != Binding::Unbound && desired.differs(ACCOUNT, &status.digests),
            request: status.request(self.asked),
            mismatch: self.target.is_mismatch(status, self.keyed),
            adoption: desired.adoption,
            device_changed: desired.differs(DEVICE, &status.digests),
            in_flight: self.target.intent(status, None, self.keyed),
            enable_due: desired.ensure_enabled && binding == Binding::Bound && !status.ensured_enabled,
            plan: desired.plan,
            correct: desired.correct,
            corrections_exhausted: status.corrections_exhausted(),
            baseline: status.has_baseline(),
            value_withheld: status.value_withheld,
            set_to_rotate: desired.rotates,
            settle: self.settle_window(),
            suspected_write: self.suspected_write,
            suspected_value: self.suspected_write && self.may_have_lost_value(),
            recently_started: self.recently_started,
            // What is left takes a call, or what is known of other objects.
            ..Situation::default()
        }
    }

    /// Whether a write that the status does not tell of may have carried another value: that of another version of the Secret, or
    /// of a Secret that another generation of the spec named. A write that the status does tell of keeps what it says, so that a
    /// refusal, which records the generation, does not change what is sent next.
    fn may_have_lost_value(&self) -> bool {
        let other_version = self.versions != Some(self.status.source.as_slice());
        let other_spec = self.status.observed_generation != Some(self.generation);
        let in_flight = self.status.in_flight.as_ref();
        let is_known = in_flight.is_some_and(|write| write.action != WriteAction::Unrecorded);
        other_version || (other_spec && !is_known) || in_flight.is_some_and(|write| write.value)
    }

    fn settle_window(&self) -> SettleWindow {
        let here = |write: &&super::UnackedWrite| {
            let elsewhere = self.vault.is_some_and(|vault| vault.origin != write.origin);
            !(elsewhere && self.binding() == Binding::Bound)
        };
        let window = self.status.in_flight.as_ref().filter(here).map(|write| write.window(self.now));
        match window.unwrap_or(SettleWindow::Closed) {
            // The write that the status tells of may be older than one that it does not tell of.
            _ if self.recently_started && self.may_outlive() => SettleWindow::Open,
            window => window,
        }
    }

    /// Whether a write that an earlier process may have sent could be executed after the DELETE of the record.
    fn may_outlive(&self) -> bool {
        let other = self.versions.is_some_and(|versions| versions != self.status.source);
        // The deletion by itself is one more generation.
        let edited = self.status.observed_generation.is_none_or(|seen| seen + 1 < self.generation);
        let sent = other || edited || self.status.has_unrecorded_write();
        self.deleting && (self.has_suspected_create() || (self.suspected_write && sent))
    }

    /// Whether an earlier process may have made a record that the status does not tell of: the finalizer goes on just
    /// before the POST. Under [`AdoptionPolicy::Never`] the status says before each POST for which account it is.
    fn has_suspected_create(&self) -> bool {
        let about_to_be_made = self.binding() == Binding::Unbound && self.finalizer;
        let announced =
            self.desired.adoption != AdoptionPolicy::Never || self.target.may_be_in_flight(self.status, self.keyed);
        about_to_be_made && self.suspected_write && announced
    }

    /// Whether another OAuth client logs in now than the one that last wrote. The new client may be another tenant's, and
    /// nothing but its first answer would say so: what its list shows has to be looked at before.
    fn is_login_changed(&self) -> bool {
        let known = self.status.vault.as_ref().and_then(|BoundVault { used, .. }| used.login.as_ref());
        let now = self.vault.and_then(|vault| vault.login.as_ref());
        known.zip(now).is_some_and(|(known, now)| self.keyed.made(known) && self.keyed.made(now) && known != now)
    }
}
