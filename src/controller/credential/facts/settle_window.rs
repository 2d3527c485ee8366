//! Writes whose outcome is unknown: until when the PAM may still execute them (`design.md` 6, *settle*).

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::api::{PamCredentialStatus, UnsettledWrite};
use crate::controller::connection::state::ConnectionState;
use crate::controller::credential::context::Context;
use crate::controller::credential::facts::binding;
use crate::controller::credential::observe::observation::Observation;
use crate::domain::{Binding, Decision, SETTLE, SettleWindow};
use crate::pam::PamError;

/// How an unknown write stands by a status.
pub(crate) fn settle(status: &PamCredentialStatus, now: Timestamp) -> SettleWindow {
    match (&status.unsettled, left(status, now)) {
        (None, _) => SettleWindow::Closed,
        (Some(_), Some(_)) => SettleWindow::Open,
        (Some(unsettled), None) => SettleWindow::Elapsed { value: unsettled.value },
    }
}

/// How long it still is until what is newest is sent once more.
pub(crate) fn left(status: &PamCredentialStatus, now: Timestamp) -> Option<Duration> {
    let since = status.unsettled.as_ref()?.since.0;
    // A clock that was set back must not make it longer.
    let passed = now.duration_since(since).unsigned_abs();
    SETTLE.checked_sub(passed).filter(|left| !left.is_zero())
}

/// After an answered write. What an earlier process sent may still be executed over it.
pub(crate) fn answered(next: &mut PamCredentialStatus, observed: &Observation<'_>, value: bool) {
    if observed.situation.needs_verification && observed.situation.early {
        let value = value || observed.value_may_come(next);
        let since = Time(observed.clock.now());
        next.unsettled = Some(UnsettledWrite { since, value, answered_since: true, elsewhere: false, target: None });
        return;
    }
    match observed.situation.settle {
        SettleWindow::Elapsed { .. } => next.unsettled = None,
        SettleWindow::Closed | SettleWindow::Open => {
            if let Some(unsettled) = &mut next.unsettled {
                unsettled.answered_since = true;
                unsettled.elsewhere = false;
            }
        }
    }
}

/// After a write that failed.
pub(crate) fn failed(
    next: &mut PamCredentialStatus,
    observed: &Observation<'_>,
    decision: Decision,
    error: &PamError,
    context: &Context,
) {
    let (value, answered_since) = match decision {
        Decision::Push(push) => (push.value, false),
        // No field is in doubt by these. Executed late the one would undo a deletion, the other would disable a record that
        // the next object of that name goes on with.
        Decision::Enable | Decision::Disable => (false, true),
        _ => return,
    };
    if error.outcome_unknown() {
        let elsewhere = observed.is_of_another_record();
        if elsewhere {
            binding::distrust(next, observed.view.as_ref(), &observed.object.spec.connection_ref);
        }
        let before = next.unsettled.take();
        next.unsettled = Some(UnsettledWrite {
            since: Time(observed.clock.now()),
            value: value || before.as_ref().is_some_and(|before| before.value),
            answered_since: answered_since && before.as_ref().is_none_or(|before| before.answered_since),
            elsewhere: elsewhere && before.is_none_or(|before| before.elsewhere),
            target: observed.target(context),
        });
    }
}

/// What was open in another place is no doubt of the record that the connection leads back to.
pub(crate) fn leave_behind(
    status: &mut PamCredentialStatus,
    (view, recorded): (Option<&ConnectionState>, Binding),
) -> bool {
    let back = recorded == Binding::Bound && view.is_some();
    back && status.unsettled.take_if(|unsettled| unsettled.elsewhere).is_some()
}

impl Observation<'_> {
    /// Whether what an earlier process sent may have carried a value: one that was in another version of the Secret, or that
    /// it knew to be open.
    fn value_may_come(&self, next: &mut PamCredentialStatus) -> bool {
        let open = next.unsettled.take().is_some_and(|before| before.value);
        let other_version = self.versions.as_ref() != Some(&self.status.source);
        let sends_values = self.object.spec.content_secret_ref.is_some() && !next.value_held_back;
        // Without a baseline nobody could tell whether the value became another's since.
        open || (sends_values && other_version && self.situation.baseline)
    }

    /// Whether an unknown write can no longer be executed: then what is newest goes out once more, but for a value that the
    /// vault may have rotated since.
    pub(crate) const fn is_settled(&self) -> bool {
        matches!(self.situation.settle, SettleWindow::Elapsed { .. })
    }

    /// A write that was not answered, nor any after it; and whether it carried the value. What is recorded of the record
    /// does not count then.
    pub(crate) fn doubt(&self, context: &Context) -> Option<bool> {
        let earlier = || self.status.unsettled.as_ref().filter(|unsettled| !unsettled.answered_since);
        let remembered = context.state.doubt(&self.uid).map(|doubt| doubt.value);
        remembered.or_else(|| earlier().map(|unsettled| unsettled.value))
    }
}
