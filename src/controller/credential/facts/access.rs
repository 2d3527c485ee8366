//! What the rules of a connection say to a credential, and in which words.

use crate::api::{PamCredential, PamCredentialSpec};
use crate::controller::connection::access_rules::{Deciders, rules};
use crate::controller::connection::object::AnyConnection;
use crate::controller::credential::facts::{field_groups, identity};
use crate::controller::runtime::object_id::NamespacedName;
use crate::domain::{Claim, Denial, Grants, access};

/// What the credential may do with the connection, or why it may not use it. `identifier` is the one that is sent: what
/// the spec says may be another (or nothing), if it was edited while that one was first being sent.
pub(crate) fn permitted(
    object: &PamCredential,
    identifier: &str,
    connection: &AnyConnection,
    by: Deciders<'_>,
) -> Result<Grants, Denial> {
    let NamespacedName { namespace, name } = NamespacedName::of(object);
    let key = NamespacedName::new(&namespace, &name);
    let generated = identity::generated(&key, by.cluster_names.first().map_or("", String::as_str));
    let of_its_own = identity::generated_by(identifier, &key).is_some();
    let chosen = object.spec.identifier.is_some() || !(of_its_own || identifier == generated);
    let claim = Claim {
        namespace: &namespace,
        identifier: (chosen.then_some(identifier), &generated),
        hostname: Some(&object.spec.hostname),
        wants: wants(&object.spec),
    };
    access(rules(connection, &namespace, by.namespaces).as_deref(), by.cluster_names, &claim)
}

/// What the spec asks for beyond a record of its own, whatever the PAM shows.
fn wants(spec: &PamCredentialSpec) -> Grants {
    let settings = spec.additional_settings.as_ref();
    Grants {
        device_settings: field_groups::device_block(spec).is_some(),
        owner: settings.is_some_and(|settings| settings.user_credential_owner.is_some()),
        ..Grants::default()
    }
}

/// Why a credential may not use a connection, and which rule would help. Other namespaces' rules stay unsaid.
pub(crate) fn denied(denial: &Denial, object: &PamCredential, identifier: &str, connection: &AnyConnection) -> String {
    let (namespace, name) = (NamespacedName::of(object).namespace, connection.id());
    // One that was sent is fixed.
    let sent = object.status.as_ref().is_some_and(|status| status.identifier.is_some());
    let own = if sent { "create a new PamCredential and start its spec.identifier" } else { "start spec.identifier" };
    let (why, remedy) = match denial {
        Denial::Reserved { cluster } => (
            format!(
                "identifiers that start with {cluster}_ are reserved for generated ones, and {identifier} is not of namespace {namespace}"
            ),
            format!("{own} with {namespace}_, or leave it out; no rule of the connection can allow this one"),
        ),
        Denial::NoRule => (
            format!("no rule in spec.access of {name} is for namespace {namespace}"),
            format!("ask its owner to add one whose namespaces has {namespace} among its names, or selects its labels"),
        ),
        Denial::Lacks { rule, identifier: no_identifier, hostname, grants } => {
            let missing =
                missing(no_identifier.then_some(identifier), hostname.then_some(&object.spec.hostname), *grants);
            let whose = match rule {
                Some(index) => format!("spec.access[{index}] of {name}"),
                None => format!("{name} has no spec.access, and the default"),
            };
            let own =
                if *no_identifier { format!("{own} with {namespace}_ or leave it out, or ") } else { String::new() };
            let rule = rule.map_or_else(|| "a rule in spec.access".to_owned(), |index| format!("spec.access[{index}]"));
            (
                format!("{whose} is for namespace {namespace}, but does not cover {}", spell(&missing, ' ')),
                format!("{own}ask the connection's owner to add {} to {rule}", spell(&missing, ':')),
            )
        }
    };
    format!("Nothing was written: {why}. To fix this, {remedy}")
}

/// What a rule lacks: its field, and what is to be in it.
fn missing(identifier: Option<&str>, hostname: Option<&String>, grants: Grants) -> Vec<(&'static str, String)> {
    let all = [
        ("identifiers", identifier),
        ("hostnames", hostname.map(String::as_str)),
        ("allow", grants.take_over.then_some("TakeOver")),
        ("allow", grants.device_settings.then_some("DeviceSettings")),
        ("allow", grants.owner.then_some("Owner")),
        ("allow", grants.my_safe.then_some("MySafe")),
    ];
    all.into_iter().filter_map(|(field, what)| Some((field, what?.to_owned()))).collect()
}

fn spell(missing: &[(&'static str, String)], between: char) -> String {
    let spelled = missing.iter().map(|(field, what)| match between {
        ':' => format!("{field}: [\"{what}\"]"),
        _ => format!("{} {what}", field.trim_end_matches('s')),
    });
    spelled.collect::<Vec<_>>().join(" and ")
}
