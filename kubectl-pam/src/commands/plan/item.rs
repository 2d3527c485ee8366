//! What is shown of one plan.

use serde::Serialize;
use serde_json::Value;

use super::manifest::Manifest;
use crate::manual;
use crate::objects::{Headline, Kind, PamObject};

/// What would happen for one object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PlanItem {
    /// Which object it is, and what `Ready` would say of it.
    #[serde(flatten)]
    pub headline: Headline,
    /// What would be done, as `status.plan` has it; `Suspended` where `spec.suspend` is set, `Unknown` where the operator did
    /// not say in time.
    pub action: String,
    /// The PAM's id of the record or entry that would be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The identifier that would be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// The identifier that the record would lose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub former_identifier: Option<String>,
    /// The groups of fields that would be sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Whether the value would be sent, as `status.plan` has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Records that may be meant, and are not touched.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub possible_matches: Vec<String>,
    /// True if the operator did not answer in time, or not for good.
    pub timed_out: bool,
}

impl PlanItem {
    fn new(manifest: &Manifest, action: &str) -> Self {
        let Manifest { kind, namespace, name, .. } = manifest;
        let headline = Headline {
            kind: kind.as_str(),
            namespace: Some(namespace.clone()),
            name: name.clone(),
            ..Headline::default()
        };
        Self { headline, action: action.to_owned(), ..Self::default() }
    }

    /// Returns the plan of an object whose `spec.suspend` is true.
    pub fn suspended(manifest: &Manifest) -> Self {
        let mut item = Self::new(manifest, "Suspended");
        item.headline.message = Some("spec.suspend is true: nothing would be sent for it".to_owned());
        item
    }

    /// Returns the plan that the operator wrote into a throwaway; `timed_out` says that it was not its last word.
    pub fn of(manifest: &Manifest, throwaway: &PamObject, timed_out: bool) -> Self {
        let Some(plan) = throwaway.value("/status/plan") else { return Self::unanswered(manifest) };
        let text = |field: &str| plan[field].as_str().map(str::to_owned);
        let list = |field: &str| -> Vec<String> {
            let items = plan[field].as_array().into_iter().flatten();
            items.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let action = text("action").unwrap_or_else(|| "Unknown".to_owned());
        let Self { headline, .. } = Self::new(manifest, &action);
        let (id, identifier) = match manifest.kind {
            Kind::MySafePassword => (text("identifier"), None),
            _ => (text("id"), text("identifier")),
        };
        Self {
            id,
            identifier,
            former_identifier: text("formerIdentifier"),
            groups: list("groups"),
            value: text("value"),
            possible_matches: list("possibleMatches"),
            headline: headline.saying(throwaway, action == "Blocked"),
            action,
            timed_out,
        }
    }

    fn unanswered(manifest: &Manifest) -> Self {
        let mut item = Self { timed_out: true, ..Self::new(manifest, "Unknown") };
        item.headline.message = Some("the operator did not answer in time".to_owned());
        item.headline.what_to_do = manual::reason("Progressing").map(|row| row.what_to_do);
        item
    }

    /// Tells whether nothing would be sent, and nothing stands in the way either.
    pub fn is_nothing(&self) -> bool {
        matches!(self.action.as_str(), "Nothing" | "Suspended")
    }

    /// Returns the lines below the plan's own.
    pub fn notes(&self) -> Vec<String> {
        let message = self.headline.message.as_ref().map(|message| in_short(message).to_owned());
        message.into_iter().chain(self.headline.to_do()).collect()
    }
}

/// Returns what the operator says of a plan without the parts that are about the throwaway: that its mode is Plan, and where
/// its plan is.
fn in_short(message: &str) -> &str {
    let message = message.strip_prefix("spec.mode is Plan: ").unwrap_or(message);
    message.strip_suffix(" (see status.plan)").unwrap_or(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::api::DynamicObject;
    use serde_json::json;

    fn manifest() -> Manifest {
        Manifest { kind: Kind::PamCredential, namespace: "shop".to_owned(), name: "db".to_owned(), spec: json!({}) }
    }

    fn planned(plan: &Value, reason: &str, message: &str) -> PlanItem {
        let mut object = DynamicObject::new("db-plan-x", &Kind::PamCredential.resource());
        object.data = json!({"status": {"plan": plan, "conditions": [{"type": "Ready", "status": "True",
            "reason": reason, "message": message, "lastTransitionTime": "2026-01-01T00:00:00Z"}]}});
        PlanItem::of(&manifest(), &PamObject { kind: Kind::PamCredential, object }, false)
    }

    #[test]
    fn a_plan_is_told_in_the_words_of_the_operator_and_for_the_object_that_was_asked_for() {
        let plan =
            json!({"action": "Update", "id": "17", "identifier": "shop_db", "groups": ["tags"], "value": "Unchanged"});
        let item = planned(&plan, "Planned", "spec.mode is Plan: Apply would update record 17 (see status.plan)");
        assert_eq!((item.headline.short_name().as_str(), item.action.as_str()), ("pamcred/db", "Update"));
        assert_eq!(item.notes(), ["Apply would update record 17"]);
        assert!(!item.is_nothing() && !item.timed_out);
        assert_eq!(serde_json::to_value(&item).unwrap()["groups"], json!(["tags"]));
    }

    #[test]
    fn what_stands_in_the_way_is_told_with_what_to_do() {
        let item = planned(&json!({"action": "Blocked", "value": "None"}), "DeviceNotFound", "no device");
        assert_eq!(item.notes(), ["no device", "→ register the device in the PAM, or correct the two fields"]);
        assert!(!item.is_nothing());
    }

    #[test]
    fn no_answer_is_none() {
        let object = DynamicObject::new("x", &Kind::PamCredential.resource());
        let item = PlanItem::of(&manifest(), &PamObject { kind: Kind::PamCredential, object }, true);
        assert_eq!((item.action.as_str(), item.timed_out), ("Unknown", true));
        assert!(PlanItem::suspended(&manifest()).is_nothing());
    }
}
