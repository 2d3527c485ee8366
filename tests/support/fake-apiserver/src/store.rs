//! The objects, and what happened to them in order.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::defaults;
use crate::kinds::Kind;
use crate::target::Key;

/// What happened to an object.
#[derive(Clone)]
pub(crate) struct Event {
    pub(crate) version: u64,
    pub(crate) key: Key,
    /// `ADDED`, `MODIFIED` or `DELETED`.
    pub(crate) change: &'static str,
    pub(crate) object: Arc<Value>,
    /// The object as it was before; `None` if there was none.
    pub(crate) before: Option<Arc<Value>>,
}

/// Why a request is refused.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: u16,
    pub(crate) reason: &'static str,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into() }
    }

    pub(crate) fn not_found(name: &str) -> Self {
        Self::new(404, "NotFound", format!("{name:?} not found"))
    }

    pub(crate) fn conflict(name: &str) -> Self {
        Self::new(409, "Conflict", format!("{name:?} has been modified"))
    }

    pub(crate) fn body(&self) -> Value {
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason, "code": self.code,
        })
    }
}

/// Everything that is in the cluster.
pub(crate) struct Store {
    pub(crate) kinds: Vec<Kind>,
    /// Part of every uid, so that no two clusters share one.
    cluster: String,
    objects: BTreeMap<Key, Arc<Value>>,
    log: Vec<Event>,
    version: u64,
    uids: u64,
}

/// All objects at one time, and the version of that time.
#[derive(Clone)]
pub struct Backup {
    objects: BTreeMap<Key, Arc<Value>>,
    version: u64,
}

impl Store {
    pub(crate) fn new(cluster: &str, kinds: Vec<Kind>) -> Self {
        let cluster = cluster.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        let cluster = format!("{cluster:08x}");
        Self { kinds, cluster, objects: BTreeMap::new(), log: Vec::new(), version: 1, uids: 0 }
    }

    pub(crate) const fn version(&self) -> u64 {
        self.version
    }

    pub(crate) fn backup(&self) -> Backup {
        Backup { objects: self.objects.clone(), version: self.version }
    }

    /// Puts everything back to how it was: versions are given a second time.
    pub(crate) fn restore(&mut self, backup: &Backup) {
        let Backup { objects, version } = backup.clone();
        (self.objects, self.version) = (objects, version);
        self.log.retain(|event| event.version <= version);
    }

    pub(crate) fn get(&self, key: &Key) -> Result<Arc<Value>, Refusal> {
        self.objects.get(key).cloned().ok_or_else(|| Refusal::not_found(&key.2))
    }

    /// The objects of a kind in one namespace, or in all of them.
    pub(crate) fn list(&self, kind: usize, namespace: Option<&str>) -> impl Iterator<Item = (&Key, &Arc<Value>)> {
        let all = self.objects.range((kind, String::new(), String::new())..(kind + 1, String::new(), String::new()));
        let namespace = namespace.map(str::to_owned);
        all.filter(move |(key, _)| namespace.as_ref().is_none_or(|namespace| *namespace == key.1))
    }

    /// What happened after a version.
    pub(crate) fn since(&self, version: u64) -> &[Event] {
        let from = self.log.partition_point(|event| event.version <= version);
        &self.log[from..]
    }

    /// Makes an object; `now` is the time of day as JSON has it.
    pub(crate) fn create(&mut self, key: Key, mut object: Value, now: &str) -> Result<Arc<Value>, Refusal> {
        if self.objects.contains_key(&key) {
            return Err(Refusal::new(409, "AlreadyExists", format!("{:?} already exists", key.2)));
        }
        self.uids += 1;
        let kind = &self.kinds[key.0];
        let meta = &mut object["metadata"];
        meta["uid"] = format!("{}-0000-4000-8000-{:012x}", self.cluster, self.uids).into();
        meta["creationTimestamp"] = now.into();
        meta["name"] = key.2.as_str().into();
        if kind.namespaced {
            meta["namespace"] = key.1.as_str().into();
        }
        object["apiVersion"] = kind.api_version().into();
        object["kind"] = kind.name.as_str().into();
        if let Some(schema) = &kind.schema {
            object["metadata"]["generation"] = 1.into();
            // Status is a subresource: what comes with a new object is dropped.
            object.as_object_mut().map(|object| object.remove("status"));
            defaults::set(schema, &mut object);
        }
        Ok(self.keep(key, object, "ADDED"))
    }

    /// Puts a changed object in the place of the one that is there. What only the API server sets stays as it was.
    pub(crate) fn replace(&mut self, key: &Key, mut object: Value) -> Result<Arc<Value>, Refusal> {
        let before = self.get(key)?;
        for kept in
            ["uid", "creationTimestamp", "deletionTimestamp", "resourceVersion", "generation", "name", "namespace"]
        {
            match before["metadata"].get(kept) {
                Some(value) => object["metadata"][kept] = value.clone(),
                None => drop(object["metadata"].as_object_mut().map(|meta| meta.remove(kept))),
            }
        }
        if let Some(schema) = &self.kinds[key.0].schema {
            defaults::set(schema, &mut object);
            if !same_but_for_status(&before, &object) {
                object["metadata"]["generation"] = (before["metadata"]["generation"].as_i64().unwrap_or(0) + 1).into();
            }
        }
        if *before == object {
            return Ok(before);
        }
        if object["metadata"].get("deletionTimestamp").is_some() && finalizers(&object) == 0 {
            return Ok(self.remove(key, object));
        }
        Ok(self.keep(key.clone(), object, "MODIFIED"))
    }

    /// Deletes an object, or marks it where it has finalizers.
    pub(crate) fn delete(&mut self, key: &Key, now: &str) -> Result<(), Refusal> {
        let mut object = Value::clone(&*self.get(key)?);
        if finalizers(&object) == 0 {
            self.remove(key, object);
        } else if object["metadata"].get("deletionTimestamp").is_none() {
            object["metadata"]["deletionTimestamp"] = now.into();
            object["metadata"]["generation"] = (object["metadata"]["generation"].as_i64().unwrap_or(0) + 1).into();
            self.keep(key.clone(), object, "MODIFIED");
        }
        Ok(())
    }

    fn keep(&mut self, key: Key, mut object: Value, change: &'static str) -> Arc<Value> {
        self.version += 1;
        object["metadata"]["resourceVersion"] = self.version.to_string().into();
        let object = Arc::new(object);
        let before = self.objects.insert(key.clone(), Arc::clone(&object));
        self.log.push(Event { version: self.version, key, change, object: Arc::clone(&object), before });
        object
    }

    fn remove(&mut self, key: &Key, mut object: Value) -> Arc<Value> {
        self.version += 1;
        object["metadata"]["resourceVersion"] = self.version.to_string().into();
        let object = Arc::new(object);
        let before = self.objects.remove(key);
        let (version, key, object_then) = (self.version, key.clone(), Arc::clone(&object));
        self.log.push(Event { version, key, change: "DELETED", object: object_then, before });
        object
    }
}

fn finalizers(object: &Value) -> usize {
    object["metadata"]["finalizers"].as_array().map_or(0, Vec::len)
}

/// Whether two objects differ in nothing that counts as a new generation.
fn same_but_for_status(one: &Value, other: &Value) -> bool {
    let rest = |object: &Value| {
        let fields = object.as_object().cloned().unwrap_or_default();
        fields.into_iter().filter(|(name, _)| name != "status" && name != "metadata").collect::<Vec<_>>()
    };
    rest(one) == rest(other)
}
