//! One generated spec with the Secrets that it needs, and the check that both arrived.

use std::collections::BTreeSet;

use pam_simulator::{Device, RecordView, Simulator};
use serde_json::{Map, Value, json};

use super::cel_rules::valid_spec;
use super::expected::{Kind, Leaf, Secrets, WireField, fields, leaves, references};
use super::schema::Density;
use crate::random::Random;
use crate::support::{CANARY, World};

/// Begins every seed of one-time passwords: a canary of its own, since seeds have few letters.
const SEED_CANARY: &str = "CANARYSEED";

/// A credential that the API server lets in.
#[derive(Clone)]
pub struct Case {
    pub name: String,
    pub spec: Value,
    pub secrets: Secrets,
}

impl Case {
    /// A random one, on a device of its own.
    pub fn random(name: &str, world: &World, random: &mut Random) -> Self {
        let density = Density(*random.pick(&[10, 50, 95]));
        let mut spec = valid_spec(density, random);
        spec["connectionRef"] = json!({"name": world.connection});
        for quiet in ["suspend", "mode", "driftPolicy"] {
            spec.as_object_mut().unwrap().remove(quiet);
        }
        for field in ["identifier", "hostname"] {
            // Others have other ones; and no longer than allowed.
            if let Some(text) = spec[field].as_str() {
                let cut: String = text.chars().take(200).collect();
                spec[field] = format!("{name}-{cut}").into();
            } else {
                spec.as_object_mut().unwrap().remove(field);
            }
        }
        let mut case = Self { name: name.to_owned(), spec, secrets: Secrets::new() };
        case.share_a_secret(random);
        case.fill(random);
        case
    }

    /// Keys are different ones: at times all of them are in one Secret.
    fn share_a_secret(&mut self, random: &mut Random) {
        if random.percent(30) {
            self.rename_secrets(|_| "all-in-one".to_owned());
        }
        let name = self.name.clone();
        self.rename_secrets(|old| format!("{name}.{}", &old[..old.len().min(100)]));
    }

    fn rename_secrets(&mut self, rename: impl Fn(&str) -> String) {
        let settings = |spec: &mut Value| spec.get_mut("additionalSettings").map(Value::take).unwrap_or_default();
        let mut additional = settings(&mut self.spec);
        let one = |reference: Option<&mut Value>| {
            if let Some(name) = reference.and_then(|reference| reference.get_mut("name")) {
                *name = rename(name.as_str().unwrap()).into();
            }
        };
        one(self.spec.get_mut("contentSecretRef"));
        one(self.spec.get_mut("usernameSecretRef"));
        one(additional.get_mut("secretKeySecretRef"));
        let fields = additional.get_mut("additionalAuthenticationFields").and_then(Value::as_array_mut);
        fields.into_iter().flatten().for_each(|field| one(field.get_mut("valueSecretRef")));
        match self.spec.get_mut("additionalSettings") {
            Some(settings) if !additional.is_null() => *settings = additional,
            _ => {}
        }
    }

    /// Makes the values that the spec refers to.
    pub fn fill(&mut self, random: &mut Random) {
        self.secrets.clear();
        for reference in references(&self.spec) {
            let value = match reference.kind {
                Kind::Content | Kind::Field(_) => {
                    let rest = random.length(0, 256 - CANARY.chars().count());
                    format!("{CANARY}{}", random.text("abcXYZ019 \n\t\"\\{}éß漢😀", rest))
                }
                Kind::Username => format!("{CANARY}-{}", self.name),
                Kind::Seed => format!("{SEED_CANARY}{}", random.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)),
            };
            self.secrets.entry(reference.name).or_default().insert(reference.key, value);
        }
    }

    /// As [`Case::fill`], but what is under the name that it had before keeps its value in half of the cases.
    pub fn refill(&mut self, before: &Self, random: &mut Random) {
        self.fill(random);
        for (name, values) in &mut self.secrets {
            for (key, value) in values {
                let old = before.secrets.get(name).and_then(|values| values.get(key));
                if let Some(old) = old.filter(|_| random.percent(50)) {
                    value.clone_from(old);
                }
            }
        }
    }

    /// What is to arrive of a secret.
    fn secret(&self, kind: Kind) -> Option<String> {
        let reference = references(&self.spec).into_iter().find(|reference| reference.kind == kind)?;
        Some(reference.sent(&self.secrets[&reference.name][&reference.key]).to_owned())
    }

    /// For an assertion's text: the seed tells the rest.
    pub fn told(&self) -> String {
        format!("{}: {}", self.name, self.spec).chars().take(1200).collect()
    }

    /// Registers in the PAM what the spec names.
    pub fn admit(&self, sim: &Simulator) {
        let (hostname, ip) = (self.spec["hostname"].as_str().unwrap(), self.spec["ip"].as_str().unwrap());
        if !sim.devices().iter().any(|device| device.hostname == hostname) {
            sim.put_device(&Device { fields: Map::new(), ..Device::new(hostname, ip) });
        }
        let names = |of: &Value| -> Vec<String> {
            let names: Vec<&Value> = of.as_array().map_or_else(|| vec![of], |list| list.iter().collect());
            names.into_iter().filter_map(|name| name.as_str().map(str::to_owned)).collect()
        };
        let jit = &self.spec["jitSettings"];
        let of_jit = |what: &'static str| {
            let fields = jit.as_object().into_iter().flatten().filter(move |(name, _)| name.ends_with(what));
            fields.flat_map(|(_, value)| names(value)).collect::<Vec<_>>()
        };
        sim.change_behaviour(|knobs| {
            knobs.domains.extend(names(&self.spec["device"]["domains"]));
            knobs.domains.extend(names(&self.spec["domain"]));
            knobs.users.extend(names(&self.spec["additionalSettings"]["userCredentialOwner"]));
            knobs.plugins.extend(of_jit("Plugin"));
            knobs.templates.extend(of_jit("Template"));
        });
    }

    /// Its Secrets and itself, for `kubectl apply`.
    pub fn objects(&self, world: &World) -> Vec<Value> {
        self.secret_objects(world).into_iter().chain([self.object(world)]).collect()
    }

    /// Itself.
    pub fn object(&self, world: &World) -> Value {
        let mut object = world.credential_json(&self.name, json!({}));
        object["spec"] = self.spec.clone();
        object
    }

    /// Its Secrets.
    pub fn secret_objects(&self, world: &World) -> Vec<Value> {
        let secret = |(name, data): (&String, _)| {
            json!({
                "apiVersion": "v1", "kind": "Secret",
                "metadata": {"name": name, "namespace": world.namespace}, "stringData": data,
            })
        };
        self.secrets.iter().map(secret).collect()
    }

    /// Checks that the PAM holds all of it. What it holds beside that is returned.
    pub fn has_arrived(&self, world: &World, record: &RecordView) -> BTreeSet<WireField> {
        let told = self.told();
        let username = self.spec["username"].as_str().map(str::to_owned).or_else(|| self.secret(Kind::Username));
        assert!(Some(&record.username) == username.as_ref(), "the username of {told}");
        let account = [&record.hostname, &record.ip].map(|text| Value::from(text.clone()));
        assert_eq!(account, ["hostname", "ip"].map(|field| self.spec[field].clone()), "{told}");
        if let Some(identifier) = self.spec["identifier"].as_str() {
            assert_eq!(record.identifier.as_deref(), Some(identifier), "{told}");
        }
        let leaves = leaves(&self.spec);
        let left = fields_have_arrived(world, record, &leaves, &told);
        self.secrets_have_arrived(world, record, &told);
        left
    }

    fn secrets_have_arrived(&self, world: &World, record: &RecordView, told: &str) {
        let held = |pointer: &str| world.sim.secret_of(&record.id, pointer).map(|secret| secret.reveal().to_owned());
        if let Some(value) = self.secret(Kind::Content) {
            assert!(world.sim.value_of(&record.id) == Some(value), "the value of {told}");
        }
        if let Some(seed) = self.secret(Kind::Seed) {
            assert!(held("/additional_settings/secret_key") == Some(seed), "the seed of {told}");
        }
        let fields = self.spec["additionalSettings"]["additionalAuthenticationFields"].as_array();
        for index in 0..fields.map_or(0, Vec::len) {
            let pointer = format!("/additional_settings/additional_authentication_fields/{index}/value");
            assert!(held(&pointer) == self.secret(Kind::Field(index)), "field {index} of {told}");
        }
    }

    /// That the record and the device hold this and nothing else: as after a first push.
    pub fn is_all_there_is(&self, world: &World, record: &RecordView) {
        let beside = self.has_arrived(world, record);
        assert_eq!(beside, BTreeSet::new(), "{}", self.told());
        let (whole, _) = fields(&leaves(&self.spec));
        assert_eq!(Value::Object(record.fields.clone()), whole, "{}", self.name);
    }
}

/// Checks that the record and its device show every field; what they show beside that is returned.
fn fields_have_arrived(world: &World, record: &RecordView, leaves: &[Leaf], told: &str) -> BTreeSet<WireField> {
    let devices = world.sim.devices();
    let device = devices.iter().find(|device| device.hostname == record.hostname).expect("its device");
    let (found, on_device) = (Value::Object(record.fields.clone()), Value::Object(device.fields.clone()));
    let mut beside = super::expected::wire_fields(&record.fields, &device.fields);
    for leaf in leaves {
        let held = match &leaf.wire_field {
            WireField::Record("", key) => &found[key],
            WireField::Record(block, key) => &found[*block][key],
            WireField::Device(key) => &on_device[key],
            WireField::Kind => &Value::from(record.credential_type.clone()),
            WireField::Content => &Value::Null,
        };
        assert_eq!(*held, leaf.value, "{} of {told}", leaf.path);
        beside.remove(&leaf.wire_field);
    }
    beside
}

/// P8: neither a value nor a seed was said anywhere.
pub async fn nothing_was_given_away(world: &World) {
    let said = world.everything_said().await;
    crate::support::assert_no_canary(&said);
    assert!(!said.to_uppercase().contains(SEED_CANARY), "a seed was shown");
}
