//! Throwaways: objects of any kind that only ask what would be done for another object of the kind, if it had their spec.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::api::THROWAWAY;
use crate::controller::runtime::object_id::NamespacedName;

/// Returns whether an object only asks what would be done for another.
pub(crate) fn is_throwaway(meta: &ObjectMeta) -> bool {
    named(meta).is_some()
}

/// Returns the object for which a throwaway asks; `None` if the object is no throwaway.
pub(crate) fn throwaway_of(meta: &ObjectMeta) -> Option<NamespacedName> {
    let name = named(meta)?;
    Some(NamespacedName::new(meta.namespace.clone().unwrap_or_default(), name))
}

/// Has an object served as itself that has the annotation of a throwaway: one that has something in the PAM, which a throwaway
/// would forget, and leave there at its deletion.
pub(crate) fn serve_as_itself(meta: &mut ObjectMeta) {
    if let Some(annotations) = &mut meta.annotations {
        annotations.remove(THROWAWAY);
    }
}

fn named(meta: &ObjectMeta) -> Option<&String> {
    meta.annotations.as_ref()?.get(THROWAWAY)
}

/// Returns the metadata of the object `of` after an edit that gives it the spec of a throwaway. `there` is the object as it is;
/// an object that is not there is one that was just created. The annotations stay the throwaway's: by them the passes know.
pub(crate) fn edited(throwaway: &ObjectMeta, of: &NamespacedName, there: Option<ObjectMeta>) -> ObjectMeta {
    let mut edited = ObjectMeta { name: Some(of.name.clone()), ..throwaway.clone() };
    if let Some(there) = there {
        edited.uid = there.uid;
        edited.resource_version = there.resource_version;
        edited.generation = there.generation.map(|generation| generation + 1);
        edited.finalizers = there.finalizers;
    }
    edited
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta(name: &str, of: Option<&str>) -> ObjectMeta {
        let annotations = of.map(|of| [(THROWAWAY.to_owned(), of.to_owned())].into());
        let (name, namespace) = (Some(name.to_owned()), Some("shop".to_owned()));
        ObjectMeta {
            name,
            namespace,
            annotations,
            uid: Some("t".to_owned()),
            generation: Some(1),
            ..ObjectMeta::default()
        }
    }

    #[test]
    fn a_throwaway_names_an_object_of_its_own_namespace() {
        assert_eq!(throwaway_of(&meta("a", Some("db"))), Some(NamespacedName::new("shop", "db")));
        assert_eq!(throwaway_of(&meta("a", None)), None);
        assert!(is_throwaway(&meta("a", Some(""))) && !is_throwaway(&meta("a", None)));
    }

    #[test]
    fn the_edited_object_is_the_one_that_is_there_and_one_that_is_not_there_is_new() {
        let of = NamespacedName::new("shop", "db");
        let there = ObjectMeta { uid: Some("d".to_owned()), generation: Some(7), ..meta("db", None) };
        let now = edited(&meta("a", Some("db")), &of, Some(there));
        assert_eq!((now.name.as_deref(), now.uid.as_deref(), now.generation), (Some("db"), Some("d"), Some(8)));
        assert!(is_throwaway(&now));
        let new = edited(&meta("a", Some("db")), &of, None);
        assert_eq!((new.name.as_deref(), new.uid.as_deref(), new.generation), (Some("db"), Some("t"), Some(1)));
    }
}
