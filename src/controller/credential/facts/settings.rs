//! The fields of a spec as the PAM's client takes them, by the table of fields. The schema checked which fields go
//! together: a part that is nevertheless alone is left out.

use secrecy::SecretString;
use serde_json::Value;

use crate::api::{AuthenticationField, FIELDS, Field, Form, PamCredentialSpec};
use crate::domain::credential::LOGIN_FIELDS;
use crate::pam::{WireField, WireValue};

/// Whether the spec has the vault rotate the value.
pub(crate) fn rotates(spec: &PamCredentialSpec) -> bool {
    spec.execution_settings.as_ref().is_some_and(|settings| settings.automatic_change == Some(true))
}

/// Returns what a spec, as JSON, has in a field.
pub(crate) fn given<'a>(spec: &'a Value, field: &Field) -> Option<&'a Value> {
    field.spec.split('.').try_fold(spec, |value, name| value.get(name))
}

/// Returns the fields of one group that a spec, as JSON, sets; those that come from Secrets are not among them.
pub(crate) fn of_group(spec: &Value, group: &str) -> Vec<WireField> {
    let rows = FIELDS.iter().filter(|field| field.group() == group && field.list().is_none()).collect();
    Rows { rows, spec }.wire_fields()
}

/// Returns a further field of a login, with the value that a Secret has for it.
pub(crate) fn login_field(field: &AuthenticationField, value: &SecretString) -> Vec<WireField> {
    let list = FIELDS.iter().find(|row| row.group() == LOGIN_FIELDS);
    let field = serde_json::to_value(field).unwrap_or_default();
    list.map(|list| item(list, &field, Some(value))).unwrap_or_default()
}

/// Returns one item of a list. A field of it that comes from a Secret has the value `secret`.
fn item(list: &Field, item: &Value, secret: Option<&SecretString>) -> Vec<WireField> {
    let value = |field: &Field| match field.form {
        Form::Secret => secret.cloned().map(WireValue::Secret),
        _ => plain(field, item.get(field.spec.rsplit('.').next()?)?),
    };
    list.of_items().filter_map(|field| Some(WireField { path: field.wire, value: value(field)? })).collect()
}

/// Returns a value that says nothing about other fields.
fn plain(field: &Field, given: &Value) -> Option<WireValue> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Some(match field.form {
        Form::Text | Form::Part(_) => WireValue::Text(text(given)?),
        Form::Word => WireValue::Word(text(given)?),
        Form::List => WireValue::List(given.as_array()?.iter().filter_map(text).collect()),
        Form::Flag | Form::Own(_) | Form::Mode(_) => WireValue::Flag(given.as_bool()?),
        Form::Number => WireValue::Number(given.as_u64()?),
        Form::Items => WireValue::Items(given.as_array()?.iter().map(|one| item(field, one, None)).collect()),
        Form::Block | Form::Secret => return None,
    })
}

/// The fields of one group, and the spec that may set them.
struct Rows<'a> {
    rows: Vec<&'static Field>,
    spec: &'a Value,
}

impl Rows<'_> {
    fn wire_fields(&self) -> Vec<WireField> {
        let sent = |field: &&Field| Some(WireField { path: field.wire, value: self.value(field)? });
        self.rows.iter().filter_map(sent).collect()
    }

    fn value(&self, field: &Field) -> Option<WireValue> {
        match field.form {
            Form::Part(set) if !self.goes(set) => None,
            Form::Own(set) => {
                given(self.spec, field).map(|_| WireValue::Flag(self.is(field, true) || !self.is_whole(set)))
            }
            Form::Mode(_) => self.mode(field),
            _ => plain(field, given(self.spec, field)?),
        }
    }

    fn is(&self, field: &Field, on: bool) -> bool {
        given(self.spec, field) == Some(&Value::Bool(on))
    }

    /// Whether the spec sets all parts of a set.
    fn is_whole(&self, set: &str) -> bool {
        let mut parts = self.rows.iter().filter(|field| matches!(field.form, Form::Part(of) if of == set));
        parts.all(|field| given(self.spec, field).is_some())
    }

    /// Whether the parts of a set are sent: all are set, and so is the switch that asks for them, if there is one.
    fn goes(&self, set: &str) -> bool {
        self.is_whole(set)
            && self.rows.iter().all(|field| match field.form {
                Form::Own(of) if of == set => self.is(field, false),
                Form::Mode(of) if of == set => self.mode_that_is_on() == Some(field),
                _ => true,
            })
    }

    fn mode_that_is_on(&self) -> Option<&Field> {
        self.modes().find(|mode| self.is(mode, true))
    }

    fn modes(&self) -> impl Iterator<Item = &Field> {
        self.rows.iter().copied().filter(|field| matches!(field.form, Form::Mode(_)))
    }

    /// Returns whether a mode is on. A switch that was turned off must be sent: the record may have it on. One that is
    /// on without its parts says nothing, and then none is sent.
    fn mode(&self, field: &Field) -> Option<WireValue> {
        let on = self.mode_that_is_on();
        let is_whole = !on.is_some_and(|on| matches!(on.form, Form::Mode(set) if !self.is_whole(set)));
        let is_said = self.modes().any(|mode| given(self.spec, mode).is_some());
        (is_said && is_whole).then(|| WireValue::Flag(on == Some(field)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Map, json};

    /// The fields of a block of the spec, each under its path in the call.
    fn sent(block: &str, value: &Value) -> Value {
        let fields = of_group(&json!({block: value}), block);
        let fields = fields.into_iter().map(|field| (field.path.to_owned(), shown(field.value)));
        Value::Object(fields.collect::<Map<_, _>>())
    }

    fn shown(value: WireValue) -> Value {
        match value {
            WireValue::Text(text) | WireValue::Word(text) => text.into(),
            WireValue::List(items) => items.into(),
            WireValue::Flag(on) => on.into(),
            WireValue::Number(number) => number.into(),
            WireValue::Secret(_) => "secret".into(),
            WireValue::Items(items) => {
                let one =
                    |item: Vec<WireField>| item.into_iter().map(|f| (f.path.to_owned(), shown(f.value))).collect();
                items.into_iter().map(|item| Value::Object(one(item))).collect()
            }
        }
    }

    const OWN: &str = "useOwnCredentialToConnect";

    #[test]
    fn a_part_that_is_alone_is_left_out() {
        let execution = |value: &Value| sent("executionSettings", value);
        let pairs = json!({OWN: true, "changePlugin": "p", "parentCredential": "c", "parentHostname": "h",
            "reconciliation": {"enabled": false, "credential": "c", "ip": "i", "template": "t"}});
        let own = "execution_settings.use_own_credential_to_connect";
        assert_eq!(execution(&pairs), json!({own: true, "execution_settings.status": false}));
        let whole = json!({OWN: true, "parentCredential": "c", "parentHostname": "h", "parentIp": "i",
            "changePlugin": "p", "changeTemplate": "t"});
        let expected = json!({own: true, "execution_settings.parent_credential": "c",
            "execution_settings.parent_hostname": "h", "execution_settings.parent_ip": "i",
            "execution_settings.change_plugin": "p", "execution_settings.change_template": "t"});
        assert_eq!(execution(&whole), expected);
    }

    #[test]
    fn another_credential_to_connect_with_is_named_whole_or_not_at_all() {
        for (block, call) in [
            ("executionSettings", "execution_settings"),
            ("sessionSettings", "session_settings"),
            ("jitSettings", "jit_settings"),
        ] {
            let own = format!("{call}.use_own_credential_to_connect");
            let other = |own: bool| json!({OWN: own, "authenticationCredential": "c", "authenticationHostname": "h", "authenticationIp": "i"});
            assert_eq!(sent(block, &other(true)), json!({&own: true}), "one of its own");
            let named = json!({&own: false, format!("{call}.authentication_credential"): "c",
                format!("{call}.authentication_hostname"): "h", format!("{call}.authentication_ip"): "i"});
            assert_eq!(sent(block, &other(false)), named);
            let mut part = other(false);
            part.as_object_mut().unwrap().remove("authenticationIp");
            assert_eq!(sent(block, &part), json!({&own: true}), "a part of another one");
        }
    }

    /// The switches of both modes, and the procedures of those named, each a plugin and a template.
    fn jit(create: Option<bool>, enable: Option<bool>, procedures: &[&str]) -> Value {
        let mut block = json!({"jit": true, OWN: true});
        let procedures = procedures.iter().flat_map(|name| ["Plugin", "Template"].map(|kind| format!("{name}{kind}")));
        for name in procedures {
            block[name] = "x".into();
        }
        let switches = [("credentialCreationAndDeletion", create), ("enableDisableCredential", enable)];
        for (name, on) in switches.into_iter().filter_map(|(name, on)| Some((name, on?))) {
            block[name] = on.into();
        }
        let mut sent = sent("jitSettings", &block);
        for always in ["jit_settings.jit", "jit_settings.use_own_credential_to_connect"] {
            assert_eq!(sent.as_object_mut().unwrap().remove(always), Some(true.into()));
        }
        sent
    }

    const ALL: [&str; 4] = ["credentialCreation", "credentialDeletion", "credentialEnable", "credentialDisable"];

    #[test]
    fn the_modes_of_just_in_time_access_are_said_together() {
        let switches = |create: bool, enable: bool| json!({"jit_settings.credential_creation_and_deletion": create, "jit_settings.enable_disable_credential": enable});
        assert_eq!(jit(None, None, &ALL), json!({}));
        assert_eq!(jit(Some(false), None, &[]), switches(false, false));
        assert_eq!(jit(None, Some(false), &ALL), switches(false, false), "no mode, no procedure");
        assert_eq!(jit(Some(true), None, &ALL[..1]), json!({}), "a mode without all of its procedures says nothing");
        assert_eq!(jit(Some(true), Some(true), &ALL[2..]), json!({}), "nor does it where the other mode has them");
        let mut creating = switches(true, false);
        let mut enabling = switches(false, true);
        for kind in ["plugin", "template"] {
            for (mode, names) in [(&mut creating, ["creation", "deletion"]), (&mut enabling, ["enable", "disable"])] {
                for name in names {
                    mode[format!("jit_settings.credential_{name}_{kind}")] = "x".into();
                }
            }
        }
        assert_eq!(jit(Some(true), None, &ALL), creating);
        assert_eq!(jit(Some(true), Some(true), &ALL), creating, "the first of two that exclude each other");
        assert_eq!(jit(Some(false), Some(true), &ALL), enabling);
    }

    #[test]
    fn items_have_the_fields_of_their_own() {
        let macros = json!({OWN: true, "macros": [{"remoteApp": "a", "connectivity": "RDP"}], "x11Forward": false});
        let expected = json!({"session_settings.use_own_credential_to_connect": true,
            "session_settings.X11 Forward": false, "session_settings.macros": [
            {"session_settings.macros[].remote_app": "a", "session_settings.macros[].connectivity": "RDP"}]});
        assert_eq!(sent("sessionSettings", &macros), expected);
    }
}
