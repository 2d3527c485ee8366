//! From files to the objects that would be applied.

use std::io::Read as _;
use std::path::Path;

use serde_json::Value;

use crate::exit::{Exit, Failure};
use crate::objects::{Kind, PamObject, checked};

/// The kinds that have plans.
const PLANNED: [Kind; 2] = [Kind::PamCredential, Kind::MySafePassword];

/// An object that would be applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// The kind.
    pub kind: Kind,
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// The spec.
    pub spec: Value,
}

/// What was read of a file.
#[derive(Debug, Default, PartialEq)]
pub struct Read {
    /// The objects that have plans.
    pub manifests: Vec<Manifest>,
    /// The others, as users name them.
    pub left_out: Vec<String>,
}

impl Manifest {
    /// Returns an object that is there, as its spec is.
    pub fn of(object: &PamObject) -> Result<Self, Failure> {
        let kind = object.kind;
        if !PLANNED.contains(&kind) {
            return Err(Failure::new(
                Exit::Usage,
                format!("a {kind} has no plan: name a PamCredential or MySafePassword"),
            ));
        }
        let spec = object.value("/spec").cloned().unwrap_or_default();
        Ok(Self { kind, namespace: object.namespace(), name: object.name(), spec })
    }

    /// Tells whether nothing is done for the object as long as its spec says so.
    pub fn is_suspended(&self) -> bool {
        self.spec["suspend"].as_bool() == Some(true)
    }
}

/// Reads the objects of a file, or of standard input. `explicit` is the namespace that the user gave by `-n`.
pub fn read(path: &Path, namespace: &str, explicit: Option<&str>) -> Result<Read, Failure> {
    let shown = if path == Path::new("-") { "standard input".into() } else { path.to_string_lossy() };
    let text = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().lock().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    let text = text.map_err(|error| Failure::new(Exit::Usage, format!("{shown} cannot be read: {error}")))?;
    parse(&text, namespace, explicit).map_err(|failure| Failure::new(failure.exit, format!("{shown}: {failure}")))
}

fn parse(text: &str, namespace: &str, explicit: Option<&str>) -> Result<Read, Failure> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).map_err(|error| {
        // The parser quotes the lines around a mistake, and there may be a Secret among them.
        let line = error.location().map(|at| format!(", line {}", at.line())).unwrap_or_default();
        Failure::new(Exit::Usage, format!("this is not YAML or JSON{line}"))
    })?;
    let mut read = Read::default();
    for document in documents.into_iter().flat_map(items) {
        take(&document, &mut read, namespace, explicit)?;
    }
    Ok(read)
}

/// Returns the items of a list, or the document itself.
fn items(mut document: Value) -> Vec<Value> {
    match document["items"].take() {
        Value::Array(items) if document["kind"].as_str().is_some_and(|kind| kind.ends_with("List")) => items,
        _ if document.is_null() => Vec::new(),
        items => {
            if !items.is_null() {
                document["items"] = items;
            }
            vec![document]
        }
    }
}

fn take(document: &Value, read: &mut Read, namespace: &str, explicit: Option<&str>) -> Result<(), Failure> {
    let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (group, kind, name) = (text("/apiVersion"), text("/kind"), text("/metadata/name"));
    let ours = group.starts_with("pam-operator.io/");
    let Some(kind) = PLANNED.into_iter().find(|planned| ours && planned.as_str() == kind) else {
        read.left_out.push(format!("{kind} {name}").trim().to_owned());
        return Ok(());
    };
    if name.is_empty() {
        return Err(Failure::new(Exit::Usage, format!("a {kind} has no metadata.name: give it one")));
    }
    let namespace = match (text("/metadata/namespace"), explicit) {
        ("", _) => namespace,
        (own, Some(given)) if own != given => {
            return Err(Failure::new(
                Exit::Usage,
                format!("{kind} {name} is in namespace {own}, and -n says {given}: make them one"),
            ));
        }
        (own, _) => own,
    };
    for text in [name, namespace] {
        checked(text).map_err(|error| Failure::new(Exit::Usage, format!("{kind}: {error}")))?;
    }
    let spec = document.get("spec").cloned().unwrap_or_default();
    read.manifests.push(Manifest { kind, namespace: namespace.to_owned(), name: name.to_owned(), spec });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const FILE: &str = "
apiVersion: v1
kind: Secret
metadata: {name: db}
stringData: {password: CANARY}
---
apiVersion: pam-operator.io/v1alpha1
kind: PamCredential
metadata: {name: db}
spec: {username: svc, suspend: true}
---
# nothing
---
apiVersion: v1
kind: List
items:
- apiVersion: pam-operator.io/v1alpha1
  kind: MySafePassword
  metadata: {name: registrar, namespace: web}
  spec: {username: hostmaster}
";

    #[test]
    fn a_file_has_several_documents_and_lists_and_other_kinds_are_left_out() {
        let read = parse(FILE, "shop", None).unwrap();
        assert_eq!(read.left_out, ["Secret db"]);
        let [credential, entry] = read.manifests.as_slice() else { panic!("{read:?}") };
        assert_eq!(
            (credential.kind, credential.namespace.as_str(), credential.name.as_str()),
            (Kind::PamCredential, "shop", "db")
        );
        assert!(credential.is_suspended() && !entry.is_suspended());
        assert_eq!((entry.kind, entry.namespace.as_str()), (Kind::MySafePassword, "web"));
        assert_eq!(entry.spec, json!({"username": "hostmaster"}));
    }

    #[test]
    fn a_namespace_that_contradicts_the_flag_is_refused_as_kubectl_does() {
        let failure = parse(FILE, "other", Some("other")).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.message.contains("namespace web, and -n says other"), "{failure}");
        assert!(parse(FILE, "web", Some("web")).is_ok());
    }

    #[test]
    fn a_mistake_is_named_by_its_line_and_nothing_of_the_file_is_quoted() {
        let failure = parse("a: CANARY\nb: [CANARY\n", "shop", None).unwrap_err();
        assert!(
            failure.message.starts_with("this is not YAML or JSON") && !failure.message.contains("CANARY"),
            "{failure}"
        );
        let nameless = parse("{apiVersion: pam-operator.io/v1alpha1, kind: PamCredential}", "shop", None).unwrap_err();
        assert!(nameless.message.contains("no metadata.name"), "{nameless}");
    }

    #[test]
    fn a_name_that_would_change_the_request_is_refused_before_anything_is_asked() {
        let file = |namespace: &str, name: &str| {
            let metadata = json!({"name": name, "namespace": namespace});
            json!({"apiVersion": "pam-operator.io/v1alpha1", "kind": "PamCredential", "metadata": metadata}).to_string()
        };
        assert!(parse(&file("shop", "db-1.example"), "shop", None).is_ok());
        // A client sends nothing of what follows a "#", so that the API server gets no `dryRun=All` and writes the object.
        let odd = ["db?x#", "db#", "../db", "db/status", "DB", "db%23", ".", "..", "-db", "a b", &"x".repeat(254)];
        for odd in odd {
            for (namespace, name) in [("shop", odd), (odd, "db")] {
                let failure = parse(&file(namespace, name), "shop", None).unwrap_err();
                assert_eq!(failure.exit, Exit::Usage, "{odd}");
                assert!(failure.message.contains("no name of an object"), "{failure}");
            }
        }
    }
}
