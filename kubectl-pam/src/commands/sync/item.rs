//! How a push of one object ended.

use pam_operator::api::{ConditionType, PUSH_VALUE_REQUESTED_AT, RECONCILE_REQUESTED_AT};
use pam_operator::domain::Reason;
use serde::Serialize;

use crate::objects::{Headline, PamObject};
use crate::output::Tone;

/// How it ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Ended {
    /// It was pushed, and is ready.
    #[default]
    Done,
    /// Somebody has to change something first.
    Stalled,
    /// `spec.suspend` is set: nothing is pushed.
    Suspended,
    /// `spec.mode` is `Plan`: nothing is pushed.
    Planned,
    /// The object was deleted meanwhile.
    Gone,
    /// It was not pushed and ready in time. The operator goes on.
    TimedOut,
    /// The user interrupted the wait. The operator goes on.
    Interrupted,
    /// The push was asked for, and nobody waited for it.
    Asked,
    /// The user interrupted the command before it asked for this push.
    NotAsked,
    /// Kubernetes refused the request.
    Refused,
    /// The request would be made.
    WouldBeAsked,
}

impl Ended {
    /// Returns the word in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "Done",
            Self::Stalled => "Stalled",
            Self::Suspended => "Suspended",
            Self::Planned => "Planned",
            Self::Gone => "Gone",
            Self::TimedOut => "TimedOut",
            Self::Interrupted => "Interrupted",
            Self::Asked => "Asked",
            Self::NotAsked => "NotAsked",
            Self::Refused => "Refused",
            Self::WouldBeAsked => "WouldBeAsked",
        }
    }

    /// Returns the tone of the word.
    pub const fn tone(self) -> Tone {
        match self {
            Self::Done => Tone::Good,
            Self::Stalled | Self::Gone | Self::TimedOut | Self::Refused => Tone::Bad,
            _ => Tone::Waiting,
        }
    }
}

/// One object, and how its push ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SyncItem {
    /// Which object it is, and what `Ready` said of it then.
    #[serde(flatten)]
    pub headline: Headline,
    /// How it ended.
    #[serde(rename = "result")]
    pub ended: Ended,
}

impl SyncItem {
    /// Returns how an object ended.
    pub fn of(object: &PamObject, ended: Ended) -> Self {
        let unwell = matches!(ended, Ended::Stalled | Ended::TimedOut);
        Self { headline: Headline::of(object, unwell), ended }
    }

    /// Returns the object of a request that Kubernetes refused.
    pub fn refused(object: &PamObject, why: String) -> Self {
        let mut item = Self::of(object, Ended::Refused);
        item.headline.message = Some(why);
        item
    }

    /// Returns the lines below the object's own: none where all is well.
    pub fn notes(&self) -> Vec<String> {
        let tells = matches!(self.ended, Ended::Stalled | Ended::TimedOut | Ended::Refused);
        let message = self.headline.message.clone().filter(|_| tells);
        message.into_iter().chain(self.headline.to_do()).collect()
    }
}

/// Names an object in a list of several namespaces.
pub fn place(object: &PamObject) -> String {
    format!("{}/{} in namespace {}", object.kind.short(), object.name(), object.namespace())
}

/// What was asked for, and by which text.
#[derive(Clone, Debug)]
pub struct Request {
    /// The text of the annotation.
    pub text: String,
    /// Whether the value is forced.
    pub value: bool,
}

impl Request {
    /// Returns the annotation that asks.
    pub const fn annotation(&self) -> &'static str {
        if self.value { PUSH_VALUE_REQUESTED_AT } else { RECONCILE_REQUESTED_AT }
    }

    /// Returns how an object ended, if it has: `settled` says that the operator has had time to look at the object again, so
    /// that a stall is no longer one of before.
    pub fn end_of(&self, object: &PamObject, settled: bool) -> Option<Ended> {
        let handled = if self.value { "/status/lastHandledPushValueAt" } else { "/status/lastHandledReconcileAt" };
        let acknowledged = object.text(handled) == Some(self.text.as_str());
        let observed = object.is_observed();
        let ready = object.condition(ConditionType::Ready);
        let planned = ready.as_ref().is_some_and(|ready| ready.reason == Reason::Planned.as_str());
        match () {
            () if object.value("/spec/suspend").and_then(serde_json::Value::as_bool) == Some(true) => {
                Some(Ended::Suspended)
            }
            () if !observed => None,
            () if planned => Some(Ended::Planned),
            () if acknowledged && object.is(ConditionType::Ready) => Some(Ended::Done),
            () if object.is(ConditionType::Stalled) && (acknowledged || settled) => Some(Ended::Stalled),
            () => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::Kind;
    use kube::api::DynamicObject;
    use serde_json::{Value, json};

    fn object(spec: &Value, reason: &str, ready: &str, handled: &str) -> PamObject {
        let mut object = DynamicObject::new("db", &Kind::PamCredential.resource()).within("shop");
        object.metadata.generation = Some(1);
        let condition = |kind: &str, status: &str| json!({"type": kind, "status": status, "reason": reason, "message": "m", "lastTransitionTime": "2026-01-01T00:00:00Z"});
        let mut conditions = vec![condition("Ready", ready)];
        if ready == "False" && Reason::named(reason).is_some_and(Reason::is_stalled) {
            conditions.push(condition("Stalled", "True"));
        }
        object.data = json!({"spec": spec, "status": {"observedGeneration": 1, "lastHandledReconcileAt": handled,
            "conditions": conditions}});
        PamObject { kind: Kind::PamCredential, object }
    }

    fn end(spec: &Value, reason: &str, ready: &str, handled: &str, settled: bool) -> Option<Ended> {
        let request = Request { text: "now".to_owned(), value: false };
        request.end_of(&object(spec, reason, ready, handled), settled)
    }

    #[test]
    fn an_object_ends_once_it_is_acknowledged_and_ready_or_somebody_has_to_act() {
        let spec = json!({});
        assert_eq!(end(&spec, "Synced", "True", "before", true), None, "not acknowledged");
        assert_eq!(end(&spec, "Synced", "True", "now", false), Some(Ended::Done));
        assert_eq!(end(&spec, "PamUnavailable", "False", "now", true), None, "it may mend by itself");
        assert_eq!(end(&spec, "RecordConflict", "False", "before", false), None, "a stall of before");
        assert_eq!(end(&spec, "RecordConflict", "False", "before", true), Some(Ended::Stalled));
        assert_eq!(end(&spec, "PamRejected", "False", "now", false), Some(Ended::Stalled));
        assert_eq!(end(&spec, "Planned", "True", "before", false), Some(Ended::Planned));
        assert_eq!(end(&json!({"suspend": true}), "Synced", "True", "before", false), Some(Ended::Suspended));
    }

    #[test]
    fn below_a_stalled_object_is_what_to_do_and_below_a_done_one_nothing() {
        let stalled = SyncItem::of(&object(&json!({}), "DeviceNotFound", "False", ""), Ended::TimedOut);
        assert_eq!(stalled.notes(), ["m", "→ register the device in the PAM, or correct the two fields"]);
        assert_eq!(SyncItem::of(&object(&json!({}), "Synced", "True", ""), Ended::Done).notes(), [""; 0]);
        assert_eq!(serde_json::to_value(&stalled).unwrap()["result"], "TimedOut");
    }
}
