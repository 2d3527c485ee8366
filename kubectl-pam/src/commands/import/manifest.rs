//! What is written for one record: a `PamCredential` that adopts it, and a Secret without a value.

use pam_operator::api::{ConnectionKind, ConnectionRef};
use pam_operator::pam::ListedCredential;

/// The longest part of a name that is made of username and hostname.
const LONGEST_SLUG: usize = 200;

/// For which connection and namespace manifests are made.
pub struct Place<'a> {
    /// The namespace of the objects.
    pub namespace: &'a str,
    /// The connection that the objects name.
    pub connection: &'a ConnectionRef,
    /// The address of the PAM, for the comment.
    pub origin: &'a str,
}

/// Returns the name of the object and of the Secret: username, hostname and id, in letters that a name may have. Nothing but the
/// record itself decides it, so that another run makes the same.
#[must_use]
pub fn name_of(record: &ListedCredential) -> String {
    let mut slug = String::new();
    for character in format!("{} {}", record.username, record.hostname).chars() {
        match character.to_ascii_lowercase() {
            plain if plain.is_ascii_alphanumeric() => slug.push(plain),
            _ if slug.len() >= LONGEST_SLUG => break,
            _ if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
            _ => {}
        }
    }
    slug.truncate(LONGEST_SLUG);
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { format!("record-{}", record.id) } else { format!("{slug}-{}", record.id) }
}

/// Returns both manifests as one YAML text. Of the record only what tells it is in there: what is not sent stays in the PAM as it
/// is.
#[must_use]
pub fn text(record: &ListedCredential, place: &Place<'_>) -> String {
    let name = name_of(record);
    let identifier = record.identifier.as_deref();
    let identifier = identifier.map(|identifier| format!("  identifier: {}\n", quoted(identifier))).unwrap_or_default();
    let rotates = if record.automatic_change == Some(true) { ROTATES } else { "" };
    format!(
        "# Record {id} of {origin}.\n\
         # Nothing is sent to the PAM until the Secret holds a value.\n\
         apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n  namespace: {namespace}\ntype: Opaque\n\
         # stringData:\n#   password: the value\n\
         ---\n\
         {rotates}apiVersion: pam-operator.io/v1alpha1\nkind: PamCredential\nmetadata:\n  name: {name}\n  namespace: {namespace}\nspec:\n  \
         connectionRef:\n    kind: {kind}\n    name: {connection}\n{identifier}  \
         username: {username}\n  hostname: {hostname}\n  ip: {ip}\n  \
         adoptionPolicy: ByIdentifier\n  contentSecretRef:\n    name: {name}\n    key: password\n",
        id = record.id,
        origin = place.origin,
        namespace = quoted(place.namespace),
        kind = kind(place.connection),
        connection = quoted(&place.connection.name),
        username = quoted(&record.username),
        hostname = quoted(&record.hostname),
        ip = quoted(&record.ip),
    )
}

const ROTATES: &str =
    "# The vault rotates this value: one from the Secret is not sent (Adopted) until a person asks for its push.\n";

const fn kind(connection: &ConnectionRef) -> &'static str {
    match connection.kind {
        ConnectionKind::ClusterPamConnection => "ClusterPamConnection",
        ConnectionKind::PamConnection => "PamConnection",
    }
}

/// Returns a text as a YAML scalar in double quotes. Everything but letters, digits and what is printed in ASCII is escaped, so
/// that no reader of YAML takes a character for the end of a line.
#[must_use]
pub fn quoted(text: &str) -> String {
    let inside: String = text.chars().map(escaped).collect();
    format!("\"{inside}\"")
}

fn escaped(character: char) -> String {
    match (character, u32::from(character)) {
        ('"' | '\\', _) => format!("\\{character}"),
        (' '..='~', _) => character.to_string(),
        _ if character.is_alphanumeric() => character.to_string(),
        (_, short @ ..=0xffff) => format!("\\u{short:04x}"),
        (_, long) => format!("\\U{long:08x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pam_operator::api::{AdoptionPolicy, PamCredential};
    use pam_operator::domain::RecordIdentifier;

    fn record(username: &str, hostname: &str) -> ListedCredential {
        ListedCredential {
            id: 101.into(),
            identifier: Some(RecordIdentifier::of("robot-5")),
            username: username.into(),
            hostname: hostname.into(),
            ip: "10.0.0.7".into(),
            ..ListedCredential::default()
        }
    }

    fn parsed(record: &ListedCredential) -> (serde_json::Value, PamCredential) {
        let connection = ConnectionRef { kind: ConnectionKind::ClusterPamConnection, name: "default".into() };
        let place = Place { namespace: "shop", connection: &connection, origin: "https://pam.example.com" };
        let text = text(record, &place);
        let (secret, object) = text.split_once("---\n").unwrap();
        (serde_saphyr::from_str(secret).unwrap(), serde_saphyr::from_str(object).unwrap())
    }

    #[test]
    fn a_manifest_adopts_its_record_and_says_nothing_else_of_it() {
        let (secret, object) = parsed(&record("svc", "db01"));
        assert_eq!(secret["metadata"], serde_json::json!({"name": "svc-db01-101", "namespace": "shop"}));
        assert!(secret.get("data").is_none() && secret.get("stringData").is_none());
        let spec = serde_json::to_value(&object.spec).unwrap();
        assert_eq!(
            (object.spec.identifier.as_deref(), object.spec.adoption_policy),
            (Some("robot-5"), AdoptionPolicy::ByIdentifier)
        );
        assert_eq!((&spec["contentSecretRef"]["name"], &spec["ip"]), (&"svc-db01-101".into(), &"10.0.0.7".into()));
        assert_eq!(object.metadata.name.as_deref(), Some("svc-db01-101"));
        for untouched in ["additional", "tags", "notes", "credentialType", "domain", "executionSettings", "device"] {
            assert!(spec.get(untouched).is_none(), "{untouched}");
        }
        let bare = ListedCredential { identifier: None, ..record("svc", "db01") };
        assert_eq!(parsed(&bare).1.spec.identifier, None, "one is generated, since there is none to keep");
    }

    #[test]
    fn no_text_of_a_record_gets_out_of_its_quotes() {
        for text in
            ["a\": {x}\n#", "yes", "null", "1e3", "- x", "\\", "\u{85}x", "a\u{2028}b", "jos\u{e9}", "\u{1f512}", "''"]
        {
            let (_, object) = parsed(&record(text, text));
            assert_eq!((object.spec.username.as_deref(), object.spec.hostname.as_str()), (Some(text), text));
        }
    }

    #[test]
    fn a_name_is_made_of_the_record_alone_and_is_one_that_kubernetes_takes() {
        let name = |username: &str, hostname: &str| name_of(&record(username, hostname));
        assert_eq!(name("svc", "db01"), "svc-db01-101");
        assert_eq!(name("DOMAIN\\Svc Admin", "db01.example.com"), "domain-svc-admin-db01-example-com-101");
        assert_eq!(name("\u{e9}", "--"), "record-101");
        assert_eq!(name("__a", "b_"), "a-b-101");
        let long = name(&"a".repeat(255), &"b".repeat(255));
        assert!(long.len() < 253 && long.starts_with("aaa") && long.ends_with("a-101"), "{long}");
    }
}
