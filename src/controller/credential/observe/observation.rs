//! What a pass has seen of one credential: the situation that is decided on, and the details that acting and
//! reporting need.

use tokio::time::Instant;

use crate::api::{
    AdoptionPolicy, ConditionType, DeletionPolicy, DriftPolicy, Mode, PUSH_VALUE_REQUESTED_AT, PamCredential,
    PamCredentialStatus, RECONCILE_REQUESTED_AT, SourceSecret, find,
};
use crate::clock::Clock;
use crate::controller::connection::object::connection_of;
use crate::controller::connection::state::ConnectionState;
use crate::controller::credential::compare::drift_in;
use crate::controller::credential::context::Context;
use crate::controller::credential::facts::access::{self, permitted};
use crate::controller::credential::facts::binding;
use crate::controller::credential::facts::corrections;
use crate::controller::credential::facts::drift::Finding;
use crate::controller::credential::facts::field_groups;
use crate::controller::credential::facts::settings;
use crate::controller::credential::facts::settle_window::{leave_behind, settle};
use crate::controller::credential::facts::version_skew;
use crate::controller::credential::observe::secret_inputs::{Read, secret_names};
use crate::controller::credential::state::Trace;
use crate::controller::message::problem::Problem;
use crate::controller::runtime::finalizer;
use crate::controller::runtime::managed::Managed as _;
use crate::controller::runtime::metadata_cache::Version;
use crate::controller::runtime::object_id::{NamespacedName, ObjectId};
use crate::controller::runtime::worker_slots::Slot;
use crate::controller::secret::read::source;
use crate::domain::{
    Account, Adoption, Binding, Change, Claims, Denial, Drift, Grants, Inventory, Reason, Request, Secrets, Seen,
    SettleWindow, Situation, Value,
};
use crate::pam::{ListedCredential, PamError, Snapshot};

/// What a pass has seen of one credential.
pub(crate) struct Observation<'a> {
    pub(crate) object: &'a PamCredential,
    pub(crate) key: NamespacedName,
    pub(crate) uid: String,
    pub(crate) generation: i64,
    /// The status, with the record of the place that the connection leads to, if one was written there before.
    pub(crate) status: PamCredentialStatus,
    /// The status as it is to be seen.
    pub(crate) shown: PamCredentialStatus,
    pub(crate) view: Option<ConnectionState>,
    /// The identifier that is sent.
    pub(crate) identifier: String,
    /// The newest versions of the Secrets, by metadata; `None` if one is missing.
    pub(crate) versions: Option<Vec<SourceSecret>>,
    pub(crate) situation: Situation,
    /// How often what it waited for was let go, when this pass began.
    pokes: u64,
    /// What the Secrets lack, or what ails the connection, in words.
    pub(crate) problem: Option<Problem>,
    /// The values that were read.
    pub(crate) read: Option<Read>,
    /// What the list shows.
    pub(crate) sight: Option<Sight>,
    /// What the newest list shows of our record, if that is newer than our last write.
    pub(crate) finding: Option<Finding>,
    /// Why the list could not be had.
    pub(crate) failure: Option<PamError>,
    /// Our place with the PAM.
    pub(crate) place: Option<Slot>,
    /// `problem` is the connection's, and only this pass saw it.
    pub(crate) problem_of_connection: bool,
    /// `status.pending` was written by this pass: no earlier one can have sent what it says.
    pub(crate) just_intended: bool,
    /// Whether a connection may exist and yet not be served by this operator.
    pub(crate) selects_connections: bool,
    /// The time of day.
    pub(crate) clock: Clock,
    /// What the connection's rules let it do beyond having records of its own.
    pub(crate) grants: Grants,
    /// Why the connection's rules do not let it be served.
    pub(crate) denial: Option<Denial>,
}

/// What the list shows of our identifier and account.
pub(crate) struct Sight {
    pub(crate) seen: Seen,
    /// The record that an update would be for.
    pub(crate) record: Option<ListedCredential>,
    /// The ids of the records that stand in the way.
    pub(crate) ids: Vec<String>,
    /// The ids of records with the username and only one of hostname and ip.
    pub(crate) near: Vec<String>,
}

impl<'a> Observation<'a> {
    /// What can be seen without any call.
    pub(crate) fn from_cache(object: &'a PamCredential, context: &Context) -> Self {
        let meta = &object.metadata;
        let uid = meta.uid.clone().unwrap_or_default();
        let shown = context.statuses.of(object);
        let reference = &object.spec.connection_ref;
        let view = context.connections.state(&connection_of(object));
        let mut status = binding::returned(&shown, view.as_ref(), reference);
        let recorded = binding::recorded(&shown, view.as_ref(), reference);
        if leave_behind(&mut status, (view.as_ref(), recorded)) {
            context.state.set_doubt(&uid, None);
        }
        let identifier =
            crate::controller::credential::facts::target::identifier(object, &status, &context.cluster.name);
        let permitted = view.as_ref().map(|view| permitted(object, &identifier, &view.connection, context));
        let key = NamespacedName::of(object);
        let mut observed = Self {
            identifier,
            generation: meta.generation.unwrap_or_default(),
            versions: versions(object, &key, context),
            situation: situation(object, &status, (view.as_ref(), recorded)),
            pokes: context.cluster.triggers.generation(&object.object_id()),
            object,
            key,
            uid,
            status,
            shown,
            view,
            problem: None,
            read: None,
            sight: None,
            finding: None,
            failure: None,
            place: None,
            problem_of_connection: false,
            just_intended: false,
            selects_connections: context.connections.selects,
            clock: context.cluster.clock,
            grants: permitted.as_ref().and_then(|permitted| permitted.as_ref().ok()).copied().unwrap_or_default(),
            denial: permitted.and_then(Result::err),
        };
        observed.situation.denied = observed.denial.is_some();
        observed.situation.secrets = observed.secrets_at_a_glance(context);
        observed.refresh_target(context);
        observed.situation.take_over_granted = observed.grants.take_over;
        let in_doubt = observed.doubt(context).is_some();
        observed.situation.doubtful =
            observed.is_in_doubt(context) || observed.may_be_pending(context) || observed.may_have_been_made(context);
        observed.situation.fields_changed |= in_doubt;
        observed.situation.claimed_by_other = observed.is_shared(context);
        observed.situation.login_changed =
            binding::is_another_login(&observed.status, observed.view.as_ref(), &context.connections.key);
        observed.refresh_repairs(context);
        observed
    }

    /// What may have to be written once more although nothing changed.
    fn refresh_repairs(&mut self, context: &Context) {
        self.situation.needs_verification = self.may_have_missed_a_write(context);
        self.situation.early = context.state.is_early(Instant::now());
        self.situation.settle = match settle(&self.status, self.clock.now()) {
            SettleWindow::Closed if self.situation.early && self.may_outlive(context) => SettleWindow::Open,
            settle => settle,
        };
        self.situation.other_operator_writes = self.is_contested(context);
        let connection = connection_of(self.object);
        if let Some(snapshot) = context.connections.store.snapshot(&connection) {
            self.refresh_drift(&snapshot, context);
        }
    }

    /// What the newest list shows of our record. One that cannot be trusted shows nothing.
    pub(crate) fn refresh_drift(&mut self, snapshot: &Snapshot, context: &Context) {
        let trusted = !context.connections.health.is_incomplete(&connection_of(self.object));
        let here = self.situation.binding == Binding::Bound;
        let finding = || drift_in(self.object, &self.status, snapshot, context);
        self.finding = (trusted && here).then(finding).flatten();
        self.situation.drift = self.finding.as_ref().map_or(Drift::None, |finding| finding.drift);
    }

    /// Whether the digests in status are another operator's again and again, after this one made its own.
    fn is_contested(&self, context: &Context) -> bool {
        let mut keyed = field_groups::KEYED.into_iter().filter_map(|name| self.status.digests.get(name));
        let ready = find(&self.status.conditions, ConditionType::Ready);
        let said = ready.is_some_and(|ready| ready.reason == Reason::AnotherOperator.as_str());
        let trace = Trace {
            version: self.object.metadata.resource_version.as_deref().unwrap_or_default(),
            generation: self.generation,
            foreign: keyed.any(|digest| !context.connections.key.made(digest)),
            said: said && self.status.observed_generation == Some(self.generation),
        };
        context.state.is_contested(&self.uid, trace, Instant::now())
    }

    /// Whether the connection's rules ask for labels that were not seen yet. Whoever goes needs no leave to let go.
    pub(crate) fn lacks_labels(&self, context: &Context) -> bool {
        let view = self.view.as_ref().filter(|_| !self.situation.deleting);
        view.is_some_and(|view| access::lacks_labels(&view.connection, &self.key.namespace, context))
    }

    /// What this pass is over.
    pub(crate) fn subject(&self) -> ObjectId {
        self.object.object_id()
    }

    /// The username that is sent; `None` while it has not been read.
    pub(crate) fn username(&self) -> Option<&str> {
        let read = || self.read.as_ref().and_then(|read| read.username.as_deref());
        self.object.spec.username.as_deref().or_else(|| read().map(String::as_str))
    }

    /// The account that is sent; `None` while the username has not been read.
    pub(crate) fn account(&self) -> Option<Account> {
        let spec = &self.object.spec;
        self.username().map(|username| Account {
            username: username.to_owned(),
            hostname: spec.hostname.clone(),
            ip: spec.ip.clone(),
        })
    }

    /// Who a digest belongs to: it must survive a restore, which gives objects new uids.
    pub(crate) fn owner(&self) -> String {
        self.key.to_string()
    }

    /// Everything in the cluster that this object's fate depends on.
    pub(crate) fn mark(&self) -> u64 {
        let meta = &self.object.metadata;
        let versions = self
            .versions
            .as_ref()
            .map(|versions| versions.iter().map(|v| (v.uid.as_str(), v.resource_version.as_str())).collect::<Vec<_>>());
        let asked = meta.annotations.as_ref();
        let deleting = meta.deletion_timestamp.is_some();
        let cluster = (&self.view, self.grants, &self.denial);
        crate::controller::runtime::retry::fingerprint(&(
            &self.uid,
            self.generation,
            deleting,
            asked,
            versions,
            cluster,
            self.pokes,
        ))
    }

    /// Whether `Ready` is true for the newest generation: a plan is no such thing.
    pub(crate) fn is_ready(&self) -> bool {
        find(&self.status.conditions, ConditionType::Ready).is_some_and(|ready| {
            let planned = ready.reason == Reason::Planned.as_str();
            ready.status == "True" && ready.observed_generation == Some(self.generation) && !planned
        })
    }

    fn secrets_at_a_glance(&self, context: &Context) -> Secrets {
        match &self.versions {
            Some(versions) if versions.is_empty() => Secrets::Read(Value::None),
            Some(versions) if self.was_sent(versions, context) => Secrets::Unchanged,
            // A missing one is found when it is read: then it can be named.
            _ => Secrets::Unread,
        }
    }

    /// Whether what was last sent was made from these versions, by the spec as it is.
    fn was_sent(&self, versions: &[SourceSecret], context: &Context) -> bool {
        let keyed = field_groups::KEYED.into_iter().filter_map(|name| self.status.digests.get(name));
        let key_known = keyed.into_iter().all(|digest| context.connections.key.made(digest));
        let by_status = self.is_ready() && self.status.source == versions;
        let verified = || context.state.is_verified(&self.uid, self.generation, versions);
        key_known && self.doubt(context).is_none() && (by_status || verified())
    }
}

fn versions(object: &PamCredential, key: &NamespacedName, context: &Context) -> Option<Vec<SourceSecret>> {
    let version =
        |name: &str| -> Option<Version> { context.cluster.secrets.of(&NamespacedName::new(&key.namespace, name)) };
    secret_names(object).into_iter().map(|name| version(name).map(|version| source(name, version))).collect()
}

fn situation(
    object: &PamCredential,
    status: &PamCredentialStatus,
    (view, recorded): (Option<&ConnectionState>, Binding),
) -> Situation {
    let digests = version_skew::comparable(object, status, recorded);
    Situation {
        deleting: object.metadata.deletion_timestamp.is_some(),
        finalizer: finalizer::is_on(object),
        disable: object.spec.deletion_policy == DeletionPolicy::Disable,
        namespace_terminating: false,
        claimed_by_other: false,
        doubtful: false,
        login_changed: false,
        claims: Claims::NotAsked,
        suspended: object.spec.suspend,
        connection: ConnectionState::state(view),
        secrets: Secrets::Unread,
        binding: recorded,
        denied: false,
        fields_changed: field_groups::changed(&object.spec, &digests),
        device_changed: field_groups::device_changed(&object.spec, &digests),
        account_changed: recorded != Binding::Unbound
            && status.digests.get(field_groups::ACCOUNT) != Some(&field_groups::account(&object.spec)),
        request: request(object, status),
        inventory: Inventory::NotAsked,
        mismatch: status.unexpected.is_some(),
        adoption: match object.spec.adoption_policy {
            AdoptionPolicy::Never => Adoption::Never,
            AdoptionPolicy::ByIdentifier => Adoption::ByIdentifier,
            AdoptionPolicy::TakeOver => Adoption::TakeOver,
        },
        take_over_granted: false,
        pending: None,
        enable_due: object.spec.ensure_enabled && recorded == Binding::Bound && !status.ensured_enabled,
        plan: object.spec.mode == Mode::Plan,
        drift: Drift::None,
        correct: object.spec.drift_policy == DriftPolicy::Correct,
        corrections_exhausted: corrections::are_all_used(status),
        change: Change::Unknown,
        baseline: status.remote.as_ref().is_some_and(|remote| remote.change.is_some()),
        value_withheld: status.value_held_back,
        set_to_rotate: settings::rotates(&object.spec),
        settle: SettleWindow::Closed,
        needs_verification: false,
        early: false,
        other_operator_writes: false,
    }
}

/// What is asked for by annotation. On an object without a record the first push does it all anyway: there a request
/// (copied or restored along with the object) is acknowledged, not obeyed.
fn request(object: &PamCredential, status: &PamCredentialStatus) -> Request {
    let asked = |name: &str, handled: &Option<String>| {
        let value = object.metadata.annotations.as_ref().and_then(|annotations| annotations.get(name));
        value.is_some() && value != handled.as_ref()
    };
    if status.id.is_none() && status.unexpected.is_none() {
        Request::None
    } else if asked(PUSH_VALUE_REQUESTED_AT, &status.last_handled_push_value_at) {
        Request::Value
    } else if asked(RECONCILE_REQUESTED_AT, &status.last_handled_reconcile_at) {
        Request::Fields
    } else {
        Request::None
    }
}

impl Sight {
    /// The reason a list could not be had.
    pub(crate) fn failed(error: &PamError) -> Inventory {
        let reason = crate::controller::message::pam_error::reason(error);
        if error.list_is_incomplete() {
            return Inventory::Failed(Reason::InventoryIncomplete);
        }
        Inventory::Failed(if reason.is_ready() { Reason::PamUnavailable } else { reason })
    }
}
