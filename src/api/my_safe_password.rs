//! `MySafePassword`: one entry of MySafe, the PAM's personal safe, kept equal to a Secret.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::credential::Mode;
use super::my_safe_status::MySafePasswordStatus;
use super::refs::{ConnectionRef, ContentSecretRef, UsernameSecretRef};
use super::settings::SecretKeyRef;
use super::validation::{CLEAN_TEXT, FREE_TEXT, LIST_ITEM};

/// An identifier that MySafe gives: digits.
pub(super) const IDENTIFIER: &str = "^[0-9]{1,20}$";

/// One entry of MySafe, the PAM's personal safe.
///
/// The operator reads the value from the Secret that `contentSecretRef` names, makes an entry through MySafe's API, and
/// writes the entry's identifier into `status`. A Secret that changes is sent immediately; nothing is sent while
/// nothing changes. Deleting this object leaves the entry in MySafe as it is, unless `deletionPolicy` says otherwise.
/// What others change in MySafe is not undone.
#[derive(Clone, CustomResource, Debug, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[kube(
    group = "pam-operator.io",
    version = "v1alpha1",
    kind = "MySafePassword",
    plural = "mysafepasswords",
    shortname = "mysafe",
    category = "pam",
    namespaced,
    status = "MySafePasswordStatus",
    derive = "PartialEq",
    doc = "One entry of MySafe, the PAM's personal safe, kept equal to a Secret of this cluster.",
    validation = Rule::new(
        "!has(oldSelf.status) || !has(oldSelf.status.identifier) || !has(self.spec.identifier) || \
         self.spec.identifier == oldSelf.status.identifier || \
         (has(oldSelf.spec.identifier) && self.spec.identifier == oldSelf.spec.identifier)"
    ).message("spec.identifier cannot name another entry once status.identifier is set. Writing down the identifier that status shows is allowed; for another entry, create a new MySafePassword"),
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "Status", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].reason"#),
    printcolumn(name = "Identifier", type_ = "string", json_path = ".status.identifier"),
    printcolumn(name = "Last Sync", type_ = "date", json_path = ".status.lastSyncTime"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "URL", type_ = "string", json_path = ".spec.url", priority = "1"),
    printcolumn(name = "Connection", type_ = "string", json_path = ".spec.connectionRef.name", priority = "1"),
    printcolumn(name = "Sharing Incomplete", type_ = "string", json_path = r#".status.conditions[?(@.type=="SharingIncomplete")].status"#, priority = "1"),
    printcolumn(name = "Drifted", type_ = "string", json_path = r#".status.conditions[?(@.type=="Drifted")].reason"#, priority = "1"),
    printcolumn(name = "Suspended", type_ = "string", json_path = r#".status.conditions[?(@.type=="Suspended")].status"#, priority = "1"),
    printcolumn(name = "Message", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].message"#, priority = "1")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.username) != has(self.usernameSecretRef)").message("give exactly one of username and usernameSecretRef"),
    validation = Rule::new("!has(self.identifier) || self.adoptionPolicy == 'ByIdentifier'").message("identifier names an entry that is there already; to have it taken over, set adoptionPolicy: ByIdentifier, too"),
    validation = Rule::new("self.adoptionPolicy != 'ByIdentifier' || has(self.identifier)").message("adoptionPolicy: ByIdentifier takes over the entry that identifier names; set identifier, too, or remove adoptionPolicy")
)]
pub struct MySafePasswordSpec {
    /// The connection to the MySafe that holds the entry. It must have `product: MySafe`; one for PAM Core is refused with
    /// `ConnectionNotReady`. All entries of a connection are made by the one user whose access key it logs in with.
    pub connection_ref: ConnectionRef,
    /// Identifier of an entry that is there already, which is taken over instead of making one: everything that this spec
    /// says is written onto that entry. It needs `adoptionPolicy: ByIdentifier`, an entry that MySafe's list shows and that
    /// the user of the access key may change, and, on a ClusterPamConnection, `TakeOver` among what `access` allows. Absent,
    /// an entry is made. Writing down the identifier that `status` shows lets an object that is restored elsewhere find its
    /// entry again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = IDENTIFIER), length(min = 1, max = 20))]
    pub identifier: Option<String>,
    /// Name of the entry, as people see it in MySafe. Absent, it is the name of this object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = CLEAN_TEXT), length(min = 1, max = 255))]
    pub name: Option<String>,
    /// Username of the account that the entry is for. Give either this or `usernameSecretRef`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = CLEAN_TEXT), length(min = 1, max = 255))]
    pub username: Option<String>,
    /// Where to read the username from. Give either this or `username`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username_secret_ref: Option<UsernameSecretRef>,
    /// The Secret that holds the value (the password). MySafe has no entry without one.
    pub content_secret_ref: ContentSecretRef,
    /// The Secret that holds the seed of time-based one-time passwords (TOTP): base32, as the service shows it. Removing it
    /// here leaves the seed as it is in MySafe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totp_secret_ref: Option<SecretKeyRef>,
    /// Address of the service that the account is for. Removing it here leaves the address as it is in MySafe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = CLEAN_TEXT), length(min = 1, max = 2048))]
    pub url: Option<String>,
    /// Notes on the entry, readable by everyone with whom the entry is shared. Removing them here leaves MySafe's notes
    /// as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = FREE_TEXT), length(min = 1, max = 4096))]
    pub notes: Option<String>,
    /// Keywords on the entry, beside the one by which the operator finds an entry again whose creation got no answer. The
    /// whole list is replaced in MySafe. No commas, since a comma separates them there. Removing the list here leaves
    /// MySafe's tags as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), inner(regex(pattern = LIST_ITEM), length(min = 1, max = 128)), extend("x-kubernetes-list-type" = "atomic"))]
    #[x_kube(validation = Rule::new("self.all(tag, !tag.startsWith('k8s-'))").message("tags that begin with k8s- are the operator's own; choose another beginning"))]
    pub tags: Option<Vec<String>>,
    /// The users with whom the entry is shared, by name. Absent, the operator leaves the users as they are in MySafe; an empty
    /// list shares with none. The whole list is sent when it changes, and then MySafe may send each user an e-mail. MySafe
    /// does not show who has the entry: changes made there are not seen. Users whom MySafe does not accept are named in the
    /// condition `SharingIncomplete`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub users_allowed: Option<Vec<EntryShare>>,
    /// The groups with which the entry is shared, by name, as with `usersAllowed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub groups_allowed: Option<Vec<EntryShare>>,
    /// Whether the entry is active: `true` activates it, `false` deactivates it, once for each change of this field. MySafe
    /// does not tell whether an entry is active. Absent, the operator does neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// Whether an existing entry can become this object's. `Never` creates a new entry, and writes to no other.
    /// `ByIdentifier` takes over the entry that `identifier` names, and makes none. An entry that another object of the
    /// cluster has is never taken over.
    #[serde(default)]
    pub adoption_policy: EntryAdoptionPolicy,
    /// What happens to the entry when this object is deleted. `Retain` leaves it as it is. `Deactivate` deactivates
    /// exactly that entry, for everyone with whom it is shared (MySafe has no way to delete one); a finalizer holds the
    /// object until that is done. Setting `Retain` on an object that is being deleted ends the deletion immediately.
    #[serde(default)]
    pub deletion_policy: EntryDeletionPolicy,
    /// `Plan` sends nothing to MySafe and shows in `status.plan` what `Apply` would do.
    #[serde(default)]
    pub mode: Mode,
    /// While true, no call to MySafe is made for this object, its deletion included. What `Ready` says stays as it was.
    #[serde(default)]
    pub suspend: bool,
}

/// One user or group with whom an entry is shared.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryShare {
    /// Name of the user or the group, as MySafe knows it.
    #[schemars(regex(pattern = CLEAN_TEXT), length(min = 1, max = 255))]
    pub name: String,
    /// Whether the entry may also be changed, shared on and deactivated. Absent, it may only be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub can_edit: Option<bool>,
}

/// Whether an existing entry can become the object's.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub enum EntryAdoptionPolicy {
    /// No.
    #[default]
    Never,
    /// The one that `identifier` names.
    ByIdentifier,
}

/// What becomes of the entry when the object is deleted.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub enum EntryDeletionPolicy {
    /// The entry stays as it is.
    #[default]
    Retain,
    /// The entry is deactivated.
    Deactivate,
}

#[cfg(test)]
mod tests {
    use kube::CustomResourceExt;
    use serde_json::{Value, json};

    use super::*;

    fn schema() -> Value {
        let crd = serde_json::to_value(MySafePassword::crd()).unwrap();
        crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
    }

    fn object(spec: &Value) -> Value {
        let metadata = json!({"name": "registrar", "namespace": "web"});
        json!({"apiVersion": "pam-operator.io/v1alpha1", "kind": "MySafePassword", "metadata": metadata, "spec": spec})
    }

    fn rules(of: &Value) -> Vec<(&str, &str)> {
        let rules = of["x-kubernetes-validations"].as_array().map(Vec::as_slice).unwrap_or_default();
        rules.iter().map(|rule| (rule["rule"].as_str().unwrap(), rule["message"].as_str().unwrap())).collect()
    }

    /// Calls `check` with each node of a schema and the path to it.
    fn walk(path: &str, node: &Value, check: &mut dyn FnMut(&str, &Value)) {
        check(path, node);
        for (name, child) in node["properties"].as_object().into_iter().flatten() {
            walk(&format!("{path}.{name}"), child, check);
        }
        for key in ["items", "additionalProperties"] {
            if node[key].is_object() {
                walk(&format!("{path}[]"), &node[key], check);
            }
        }
    }

    #[test]
    fn the_kind_is_found_by_its_short_name_and_its_category() {
        let crd = MySafePassword::crd();
        assert_eq!(crd.metadata.name.as_deref(), Some("mysafepasswords.pam-operator.io"));
        assert_eq!(crd.spec.scope, "Namespaced");
        assert_eq!(crd.spec.names.short_names, Some(vec!["mysafe".to_owned()]));
        assert_eq!(crd.spec.names.categories, Some(vec!["pam".to_owned()]));
        let columns: Vec<_> = crd.spec.versions[0].additional_printer_columns.iter().flatten().collect();
        let narrow: Vec<_> = columns.iter().filter(|c| c.priority.is_none()).map(|c| c.name.as_str()).collect();
        assert_eq!(narrow, ["Ready", "Status", "Identifier", "Last Sync", "Age"]);
    }

    #[test]
    fn every_text_list_and_map_has_a_bound() {
        let schema = schema();
        for part in ["spec", "status"] {
            walk(part, &schema["properties"][part], &mut |path, node| {
                // These are written by the operator, and PamCredential has them, too.
                if ["status.conditions", "status.connection.", "status.source[]"]
                    .iter()
                    .any(|one| path.starts_with(one))
                {
                    return;
                }
                let bound = match node["type"].as_str() {
                    Some("string") => ["maxLength", "enum", "format"].iter().any(|key| !node[key].is_null()),
                    Some("array") => !node["maxItems"].is_null() && !node["x-kubernetes-list-type"].is_null(),
                    Some("object") => node["additionalProperties"].is_null() || !node["maxProperties"].is_null(),
                    _ => true,
                };
                assert!(bound, "{path} has no bound: {node}");
            });
        }
    }

    #[test]
    fn every_field_is_documented_with_a_sentence_about_it() {
        let schema = schema();
        for part in ["spec", "status"] {
            walk(part, &schema["properties"][part], &mut |path, node| {
                let text = node["description"].as_str().unwrap_or_default();
                let is_item = path.ends_with("[]") || path.contains("conditions[]");
                assert!(is_item || text.contains('.'), "{path} is not documented: {text:?}");
                assert!(!text.contains('\n') || path == "spec" || text.lines().count() < 20, "{path}");
            });
        }
    }

    #[test]
    fn each_rule_says_what_to_do() {
        let schema = schema();
        let spec = &schema["properties"]["spec"];
        let all = [&schema, spec, &spec["properties"]["tags"]].map(rules).concat();
        assert_eq!(all.len(), 5, "{all:?}");
        for (rule, message) in all {
            let advises = ["give ", "set ", "create ", "choose "].iter().any(|verb| message.contains(verb));
            assert!(advises && !rule.is_empty(), "{message}");
        }
    }

    #[test]
    fn shares_merge_by_name_and_tell_absent_from_empty() {
        let spec = &schema()["properties"]["spec"]["properties"];
        for field in ["usersAllowed", "groupsAllowed"] {
            assert_eq!(spec[field]["x-kubernetes-list-type"], "map");
            assert_eq!(spec[field]["x-kubernetes-list-map-keys"], json!(["name"]));
            assert_eq!(spec[field]["items"]["properties"]["canEdit"].get("default"), None);
        }
        let shares = |users: Option<Value>| {
            let mut spec = json!({"connectionRef": {"kind": "PamConnection", "name": "safe"}, "username": "a", "contentSecretRef": {"name": "s"}});
            spec.as_object_mut().unwrap().extend(users.map(|users| ("usersAllowed".to_owned(), users)));
            let read: MySafePassword = serde_json::from_value(object(&spec)).unwrap();
            let written = serde_json::to_value(&read.spec).unwrap();
            assert_eq!(written.get("usersAllowed"), spec.get("usersAllowed"));
            read.spec.users_allowed.map(|users| users.len())
        };
        assert_eq!(shares(None), None);
        assert_eq!(shares(Some(json!([]))), Some(0));
        assert_eq!(shares(Some(json!([{"name": "ann"}, {"name": "bob", "canEdit": true}]))), Some(2));
    }

    #[test]
    fn a_spec_of_the_least_fields_has_safe_defaults() {
        let spec = json!({"connectionRef": {"name": "safe"}, "username": "a", "contentSecretRef": {"name": "s"}});
        let read: MySafePassword = serde_json::from_value(object(&spec)).unwrap();
        let MySafePasswordSpec { adoption_policy, deletion_policy, mode, suspend, active, .. } = read.spec;
        assert_eq!(adoption_policy, EntryAdoptionPolicy::Never);
        assert_eq!(deletion_policy, EntryDeletionPolicy::Retain);
        assert_eq!((mode, suspend, active), (Mode::Apply, false, None));
        let required = schema()["properties"]["spec"]["required"].clone();
        assert_eq!(required, json!(["connectionRef", "contentSecretRef"]));
    }

    #[test]
    fn an_identifier_is_what_the_domain_takes_for_one() {
        assert_eq!(IDENTIFIER, "^[0-9]{1,20}$");
        assert!(crate::domain::RecordId::parse(&"9".repeat(20)).is_some());
        assert!(crate::domain::RecordId::parse(&"9".repeat(21)).is_none());
    }
}
