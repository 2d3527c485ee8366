//! Versions of releases, as far as they are compared.

use std::collections::BTreeMap;

/// The label that says a Deployment's version.
const LABEL: &str = "app.kubernetes.io/version";

/// Returns major and minor of a version such as `v0.1.0` or `0.1.0-rc.1`.
fn minor(version: &str) -> Option<(u64, u64)> {
    let mut parts = version.strip_prefix('v').unwrap_or(version).split(['.', '-', '+']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Returns the version without a `v` before it.
fn plain(version: &str) -> String {
    version.strip_prefix('v').unwrap_or(version).to_owned()
}

/// Returns the version of an operator: the tag of its image, which is what runs, or where that is no version (a digest, `latest`)
/// the label that the chart sets.
pub fn of_operator(image: &str, labels: &BTreeMap<String, String>) -> Option<String> {
    let name = image.split('@').next().unwrap_or_default();
    let tag = name.rsplit('/').next().unwrap_or_default().split_once(':').map(|(_, tag)| tag.to_owned());
    let known = |version: &String| minor(version).is_some();
    tag.filter(known).or_else(|| labels.get(LABEL).cloned().filter(known)).map(|version| plain(&version))
}

/// Tells whether two versions differ in a minor one, or more. Where one is none that can be read, nothing is told.
pub fn differ(one: &str, other: &str) -> bool {
    minor(one).zip(minor(other)).is_some_and(|(one, other)| one != other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_an_operator_is_its_tag_or_else_its_label() {
        let labels = BTreeMap::from([(LABEL.to_owned(), "0.3.1".to_owned())]);
        for (image, version) in [
            ("pam-operator:v0.2.0", Some("0.2.0")),
            ("registry.example.com:5000/ops/pam-operator:0.2.0-rc.1@sha256:abc", Some("0.2.0-rc.1")),
            ("registry.example.com:5000/ops/pam-operator@sha256:abc", Some("0.3.1")),
            ("pam-operator:latest", Some("0.3.1")),
            ("pam-operator", Some("0.3.1")),
        ] {
            assert_eq!(of_operator(image, &labels).as_deref(), version, "{image}");
        }
        assert_eq!(of_operator("pam-operator:latest", &BTreeMap::new()), None);
    }

    #[test]
    fn versions_differ_by_what_comes_before_the_patch() {
        assert!(differ("0.1.0", "0.2.0") && differ("v1.1.0", "0.1.0"));
        assert!(!differ("0.1.0", "v0.1.9") && !differ("0.1.0", "0.1.0-rc.2"));
        assert!(!differ("0.1.0", "latest"), "what cannot be read is not judged");
    }
}
