//! Takes out of an answer of the API server what others may write into an object and no pass reads: most of its metadata,
//! and the keys of a Secret or ConfigMap that nobody asks for.
//!
//! Kubernetes limits the size of a label, and not their number; the same holds for finalizers, owners and field managers.
//! So one namespace can make an object of 1.5 MiB out of metadata alone (up to six times as much in JSON), and thousands of
//! objects. The filter works on the bytes as they arrive: whatever is left out is never held, not even while a list or a
//! watch event is decoded.

use crate::api;
use crate::controller::runtime::answers::value_scan::ValueScan;

/// The metadata of an object or a list that is passed on as it is. All of it is bounded by the API server.
const READ: [&str; 9] = [
    "continue",
    "creationTimestamp",
    "deletionTimestamp",
    "generation",
    "name",
    "namespace",
    "remainingItemCount",
    "resourceVersion",
    "uid",
];
/// Marks the end of the first list where a watch sends the list, and no object bears it.
const END_OF_LIST: &str = "k8s.io/initial-events-end";
/// The largest value of an annotation that is passed on, in JSON: a namespace and a name fit.
const ANNOTATION_BYTES: usize = 512;
/// What is passed on in place of a larger [`api::HAND_OVER_TO`] or [`api::THROWAWAY`], which names no object: not that there is
/// none, since then the record would be disabled, or the throwaway would be pushed.
const NAMES_NO_OBJECT: &[u8] = b"\"/\"";
/// The largest name of a finalizer that is passed on, in JSON: Kubernetes permits no longer one.
const FINALIZER_BYTES: usize = 320;
/// How many finalizers of others are passed on: enough to say that there are some.
const FINALIZERS_OF_OTHERS: usize = 2;
/// The largest labels that are passed on, in JSON. Of larger labels none is: to pass on some would say of the others that
/// they are not there, and a rule may ask for exactly that.
const LABELS_BYTES: usize = 8 * 1024;

/// What is passed on in some answers only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Kept {
    /// The labels of the objects.
    pub(super) labels: bool,
    /// The finalizers of others, all of them.
    pub(super) all_finalizers: bool,
    /// The keys of `data` that are asked for, in the answer that is a Secret or ConfigMap.
    pub(super) data: Option<Vec<String>>,
}

/// An object or array whose members are decided on one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Node {
    /// An object, a list, or an event of a watch.
    Answer,
    /// The objects of a list.
    Items,
    /// An object of a list or an event.
    Object,
    Metadata,
    Annotations,
    Finalizers,
    /// The data of a Secret or ConfigMap.
    Data,
}

#[derive(Debug)]
struct Open {
    node: Node,
    /// The members that were passed on.
    passed: usize,
}

/// What happens to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Pass,
    Drop,
    /// Passed on if it is an object or array, member by member; as it is otherwise.
    Enter(Node),
    /// Passed on as a whole if it takes at most so many bytes.
    Within(usize),
}

#[derive(Debug)]
struct Value {
    /// The key with its quotes; empty in an array.
    key: Vec<u8>,
    fate: Fate,
    scan: ValueScan,
    /// What is held back of a value until its size is known.
    held: Vec<u8>,
}

/// Where the filter is.
#[derive(Debug, Default)]
enum At {
    /// Before a member, after it, or outside of everything.
    #[default]
    Gap,
    /// Within a key.
    Key(Vec<u8>, ValueScan),
    /// Between a key and its value.
    Colon(Vec<u8>),
    Value(Value),
}

/// Filters one answer.
#[derive(Debug)]
pub(super) struct MetadataFilter {
    kept: Kept,
    open: Vec<Open>,
    at: At,
}

impl MetadataFilter {
    /// Returns a filter for an answer that begins now.
    pub(super) const fn new(kept: Kept) -> Self {
        Self { kept, open: Vec::new(), at: At::Gap }
    }

    /// Takes in the next bytes of the answer, and returns the bytes to pass on.
    pub(super) fn feed(&mut self, mut bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        while let Some(next) = bytes.first() {
            let used = match std::mem::take(&mut self.at) {
                At::Gap => self.gap(*next, &mut out),
                At::Key(text, scan) => self.key(text, scan, bytes),
                At::Colon(key) => self.colon(key, *next, &mut out),
                At::Value(value) => self.value(value, bytes, &mut out),
            };
            bytes = &bytes[used..];
        }
        out
    }

    /// Each method returns how many bytes it used.
    fn gap(&mut self, next: u8, out: &mut Vec<u8>) -> usize {
        match (next, self.open.last().map(|open| open.node)) {
            (b'{', None) => self.enter(Node::Answer, next, out),
            // Between the events of a watch.
            (_, None) => out.push(next),
            (b'}' | b']', Some(_)) => {
                self.open.pop();
                out.push(next);
            }
            (b',' | b' ' | b'\t' | b'\r' | b'\n', Some(_)) => {}
            (_, Some(Node::Items)) => return self.begin(Vec::new(), Fate::Enter(Node::Object), next, out),
            (_, Some(Node::Finalizers)) => return self.begin(Vec::new(), Fate::Within(FINALIZER_BYTES), next, out),
            (b'"', Some(_)) => self.at = At::Key(vec![b'"'], ValueScan::in_string()),
            (_, Some(_)) => {}
        }
        1
    }

    fn key(&mut self, mut text: Vec<u8>, mut scan: ValueScan, bytes: &[u8]) -> usize {
        let end = scan.end(bytes);
        let used = end.unwrap_or(bytes.len());
        text.extend_from_slice(&bytes[..used]);
        self.at = if end.is_some() { At::Colon(text) } else { At::Key(text, scan) };
        used
    }

    fn colon(&mut self, key: Vec<u8>, next: u8, out: &mut Vec<u8>) -> usize {
        if matches!(next, b':' | b' ' | b'\t' | b'\r' | b'\n') {
            self.at = At::Colon(key);
            return 1;
        }
        let fate = self.fate(&key);
        self.begin(key, fate, next, out)
    }

    /// Decides on a member of the innermost object.
    fn fate(&self, key: &[u8]) -> Fate {
        let is = |name: &str| is_key(key, name);
        match self.open.last().map(|open| open.node) {
            Some(Node::Answer | Node::Object) if is("metadata") => Fate::Enter(Node::Metadata),
            Some(Node::Answer) if self.kept.data.is_some() && is("data") => Fate::Enter(Node::Data),
            Some(Node::Answer) if self.kept.data.is_some() && is("binaryData") => Fate::Drop,
            Some(Node::Data) if self.kept.data.iter().flatten().any(|name| is(name)) => Fate::Pass,
            Some(Node::Answer) if is("items") => Fate::Enter(Node::Items),
            Some(Node::Answer) if is("object") => Fate::Enter(Node::Object),
            Some(Node::Metadata) if is("annotations") => Fate::Enter(Node::Annotations),
            Some(Node::Metadata) if is("finalizers") && !self.kept.all_finalizers => Fate::Enter(Node::Finalizers),
            Some(Node::Metadata) if is("finalizers") => Fate::Pass,
            Some(Node::Metadata) if is("labels") && self.kept.labels => Fate::Within(LABELS_BYTES),
            Some(Node::Metadata) if READ.into_iter().any(is) => Fate::Pass,
            Some(Node::Annotations) if api::ANNOTATIONS.into_iter().chain([END_OF_LIST]).any(is) => {
                Fate::Within(ANNOTATION_BYTES)
            }
            Some(Node::Metadata | Node::Annotations | Node::Data) => Fate::Drop,
            _ => Fate::Pass,
        }
    }

    /// Begins a value with its first byte.
    fn begin(&mut self, key: Vec<u8>, fate: Fate, first: u8, out: &mut Vec<u8>) -> usize {
        match fate {
            Fate::Enter(node) if matches!(first, b'{' | b'[') => {
                self.pass(&key, out);
                self.enter(node, first, out);
                return 1;
            }
            Fate::Enter(_) | Fate::Pass => self.pass(&key, out),
            Fate::Drop | Fate::Within(_) => {}
        }
        self.at = At::Value(Value { key, fate, scan: ValueScan::default(), held: Vec::new() });
        0
    }

    fn enter(&mut self, node: Node, bracket: u8, out: &mut Vec<u8>) {
        out.push(bracket);
        self.open.push(Open { node, passed: 0 });
    }

    /// Passes on what stands before a value.
    fn pass(&mut self, key: &[u8], out: &mut Vec<u8>) {
        if let Some(open) = self.open.last_mut() {
            if open.passed > 0 {
                out.push(b',');
            }
            open.passed += 1;
        }
        out.extend_from_slice(key);
        if !key.is_empty() {
            out.push(b':');
        }
    }

    fn value(&mut self, mut value: Value, bytes: &[u8], out: &mut Vec<u8>) -> usize {
        let end = value.scan.end(bytes);
        let used = end.unwrap_or(bytes.len());
        match value.fate {
            Fate::Pass | Fate::Enter(_) => out.extend_from_slice(&bytes[..used]),
            Fate::Within(limit) => {
                let room = (limit + 1).saturating_sub(value.held.len());
                value.held.extend_from_slice(&bytes[..used.min(room)]);
            }
            Fate::Drop => {}
        }
        match end {
            Some(_) => self.end_value(&value, out),
            None => self.at = At::Value(value),
        }
        used
    }

    /// Passes on a value that was held back, or what takes its place.
    fn end_value(&mut self, value: &Value, out: &mut Vec<u8>) {
        let Fate::Within(limit) = value.fate else { return };
        let fits = value.held.len() <= limit;
        if self.open.last().is_some_and(|open| open.node == Node::Metadata) && !fits {
            self.pass(&value.key, out);
            out.extend_from_slice(format!("{{\"{}\":\"\"}}", api::LABELS_TOO_LARGE).as_bytes());
        } else if !fits && [api::HAND_OVER_TO, api::THROWAWAY].into_iter().any(|name| is_key(&value.key, name)) {
            self.pass(&value.key, out);
            out.extend_from_slice(NAMES_NO_OBJECT);
        } else if fits && self.is_wanted(&value.held) {
            self.pass(&value.key, out);
            out.extend_from_slice(&value.held);
        }
    }

    /// Returns whether a finalizer is ours, or one of the first of others. Everything else that fits is wanted.
    fn is_wanted(&self, held: &[u8]) -> bool {
        let ours = held == format!("\"{}\"", api::FINALIZER).as_bytes();
        self.open.last().is_none_or(|open| open.node != Node::Finalizers || ours || open.passed < FINALIZERS_OF_OTHERS)
    }
}

/// Returns whether a key, with its quotes, is that name.
fn is_key(key: &[u8], name: &str) -> bool {
    key.strip_prefix(b"\"").and_then(|key| key.strip_suffix(b"\"")) == Some(name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};

    const CANARY: &str = "canary-7f3a\"<&>\\é}],{[";

    /// Filters an answer that arrives in pieces of that size.
    fn filtered(kept: &Kept, answer: &str, piece: usize) -> String {
        let mut filter = MetadataFilter::new(kept.clone());
        let out: Vec<u8> = answer.as_bytes().chunks(piece).flat_map(|bytes| filter.feed(bytes)).collect();
        String::from_utf8(out).unwrap()
    }

    /// Filters an answer cut at every place, and expects the same each time.
    fn filter(kept: &Kept, answer: &Json) -> Json {
        let (dense, airy) = (answer.to_string(), serde_json::to_string_pretty(answer).unwrap());
        let whole = filtered(kept, &dense, dense.len());
        for piece in 1..40 {
            assert_eq!(filtered(kept, &dense, piece), whole, "in pieces of {piece}");
        }
        let found: Json = serde_json::from_str(&whole).unwrap();
        assert_eq!(serde_json::from_str::<Json>(&filtered(kept, &airy, 7)).unwrap(), found, "{airy}");
        found
    }

    /// Everything that Kubernetes lets one write into metadata.
    fn metadata() -> Json {
        json!({
            "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": CANARY, "example.com/a": CANARY,
                api::RECONCILE_REQUESTED_AT: "2026-01-01", api::CONFIRM_DISABLE: "25",
                "pam-operator.io/unknown": CANARY, api::PUSH_VALUE_REQUESTED_AT: CANARY.repeat(50),
                api::HAND_OVER_TO: CANARY.repeat(50),
            },
            "creationTimestamp": "2026-01-01T00:00:00Z", "deletionGracePeriodSeconds": 0,
            "deletionTimestamp": "2026-01-01T00:00:00Z",
            "finalizers": ["example.com/a", "example.com/b", "example.com/c", CANARY.repeat(50), api::FINALIZER],
            "generateName": CANARY, "generation": 7,
            "labels": {"canary": CANARY}, "managedFields": [{"manager": CANARY, "fieldsV1": {"f:spec": {}}}],
            "name": "svc", "namespace": "shop",
            "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": CANARY, "uid": "u"}],
            "resourceVersion": "12", "selfLink": CANARY, "uid": "u-1",
        })
    }

    fn kept_metadata() -> Json {
        json!({
            "annotations": {api::RECONCILE_REQUESTED_AT: "2026-01-01", api::CONFIRM_DISABLE: "25", api::HAND_OVER_TO: "/"},
            "creationTimestamp": "2026-01-01T00:00:00Z", "deletionTimestamp": "2026-01-01T00:00:00Z",
            "finalizers": ["example.com/a", "example.com/b", api::FINALIZER],
            "generation": 7, "name": "svc", "namespace": "shop", "resourceVersion": "12", "uid": "u-1",
        })
    }

    /// An object whose other parts look like metadata.
    fn object(metadata: &Json) -> Json {
        let inner = json!({"metadata": {"labels": {"a": "b"}}, "items": [1, null, true, -1.5e3], "text": CANARY});
        json!({"apiVersion": "v1", "kind": "Any", "metadata": metadata, "spec": inner, "status": {"object": inner}})
    }

    #[test]
    fn of_an_object_in_any_answer_only_the_metadata_that_is_read_is_passed_on() {
        let (whole, kept) = (object(&metadata()), object(&kept_metadata()));
        assert_eq!(filter(&Kept::default(), &whole), kept, "by itself");
        let list = |object: &Json, more: &Json| json!({"kind": "List", "metadata": more, "items": [object, object], "apiVersion": "v1"});
        let meta = json!({"continue": "c", "remainingItemCount": 3, "resourceVersion": "9"});
        assert_eq!(filter(&Kept::default(), &list(&whole, &meta)), list(&kept, &meta), "in a list");
        let event = |object: &Json| json!({"type": "ADDED", "object": object});
        assert_eq!(filter(&Kept::default(), &event(&whole)), event(&kept), "in an event");
    }

    #[test]
    fn the_events_of_a_watch_stay_a_line_each() {
        let event = |metadata: Json| json!({"type": "MODIFIED", "object": {"metadata": metadata}}).to_string();
        let answer = format!("{}\n{}\n", event(metadata()), event(json!({"annotations": {END_OF_LIST: "true"}})));
        let found = filtered(&Kept::default(), &answer, 13);
        let lines: Vec<Json> = found.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines[0]["object"]["metadata"], kept_metadata());
        assert_eq!(lines[1]["object"]["metadata"], json!({"annotations": {END_OF_LIST: "true"}}));
    }

    #[test]
    fn what_is_null_empty_or_of_another_type_does_no_harm() {
        for answer in [
            json!({"kind": "Status", "metadata": {}, "details": {"name": "x", "causes": []}, "code": 404}),
            json!({"metadata": null, "items": null}),
            json!({"items": [], "metadata": {"annotations": null, "finalizers": null, "name": "n"}}),
            json!({"items": [null, 1, "text"], "object": 7}),
            json!({"metadata": {"annotations": {}, "finalizers": []}}),
        ] {
            assert_eq!(filter(&Kept::default(), &answer), answer);
        }
        assert_eq!(filtered(&Kept::default(), "ok\n", 1), "ok\n");
    }

    #[test]
    fn every_finalizer_is_passed_on_where_it_is_asked_for() {
        let kept = Kept { all_finalizers: true, ..Kept::default() };
        assert_eq!(filter(&kept, &object(&metadata()))["metadata"]["finalizers"], metadata()["finalizers"]);
    }

    #[test]
    fn of_the_data_of_a_secret_only_the_keys_that_are_asked_for_are_passed_on() {
        let kept = Kept { data: Some(vec!["password".into(), "missing".into()]), ..Kept::default() };
        let secret = |data: Json| json!({"kind": "Secret", "metadata": {"uid": "u"}, "data": data});
        let whole = secret(json!({"a": CANARY, "password": "c2VjcmV0", "passwords": CANARY}));
        assert_eq!(filter(&kept, &whole), secret(json!({"password": "c2VjcmV0"})));
        let binary = json!({"binaryData": {"password": CANARY}, "data": null});
        assert_eq!(filter(&kept, &binary), json!({"data": null}));
        assert_eq!(filter(&Kept::default(), &whole), whole, "where nobody says which");
    }

    #[test]
    fn labels_are_passed_on_whole_or_not_at_all() {
        let kept = Kept { labels: true, ..Kept::default() };
        let labelled = |labels: Json| json!({"metadata": {"labels": labels, "name": "n"}});
        let few = labelled(json!({"kubernetes.io/metadata.name": "n", "team": "a"}));
        assert_eq!(filter(&kept, &few), few);
        let many: serde_json::Map<String, Json> = (0..1000).map(|n| (format!("a{n}"), json!("b"))).collect();
        assert_eq!(filter(&kept, &labelled(many.into())), labelled(json!({api::LABELS_TOO_LARGE: ""})));
    }

    #[test]
    fn nothing_is_held_of_what_is_left_out() {
        let mut filter = MetadataFilter::new(Kept { labels: true, ..Kept::default() });
        filter.feed(br#"{"items":[{"metadata":{"#);
        for begin in [
            r#""managedFields":[{"manager":""#,
            r#""labels":{"a":""#,
            r#""annotations":{"example.com/a":""#,
            r#""pam-operator.io/confirm-disable":""#,
        ] {
            filter.feed(begin.as_bytes());
            for _ in 0..100 {
                assert!(filter.feed(&[b'x'; 10_000]).is_empty());
            }
            let held = match &filter.at {
                At::Value(value) => value.held.capacity(),
                _ => 0,
            };
            assert!(held <= 2 * LABELS_BYTES, "{begin}: {held} bytes");
            let end: &[u8] = if begin.contains("managed") {
                br#""}],"#
            } else if begin.contains("labels") {
                br#""},"#
            } else {
                br#"","#
            };
            filter.feed(end);
        }
    }
}
