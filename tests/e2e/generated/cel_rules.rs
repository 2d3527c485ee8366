//! Makes a generated spec satisfy the CEL rules of the schema: adds what belongs together, removes what excludes each
//! other.

use serde_json::{Map, Value};

use super::schema::{self, Density};
use crate::random::Random;

/// The companions of `useOwnCredentialToConnect: false`.
pub const COMPANIONS: [&str; 3] = ["authenticationCredential", "authenticationHostname", "authenticationIp"];
/// The switch of each JIT mode, and what goes with it.
pub const MODES: [(&str, [&str; 4]); 2] = [
    (
        "credentialCreationAndDeletion",
        [
            "credentialCreationPlugin",
            "credentialCreationTemplate",
            "credentialDeletionPlugin",
            "credentialDeletionTemplate",
        ],
    ),
    (
        "enableDisableCredential",
        ["credentialEnablePlugin", "credentialEnableTemplate", "credentialDisablePlugin", "credentialDisableTemplate"],
    ),
];

/// A random spec that the API server lets in.
pub fn valid_spec(density: Density, random: &mut Random) -> Value {
    let schema = schema::spec();
    let mut spec = schema::sample(&schema, density, random);
    let root = spec.as_object_mut().unwrap();
    one_of(root, &schema, ["username", "usernameSecretRef"], true, random);
    one_of(root, &schema, ["contentSecretRef", "parentPassword"], false, random);
    let mut block = |name: &str, fulfil: fn(&mut Map<String, Value>, &Value, &mut Random)| {
        if let Some(Value::Object(block)) = root.get_mut(name) {
            fulfil(block, schema::at(&schema, &[name]), random);
        }
    };
    block("executionSettings", execution);
    block("sessionSettings", connecting);
    block("jitSettings", jit);
    // Who corrects and who rotates would never come to an end.
    if root.get("executionSettings").is_some_and(|settings| settings["automaticChange"] == true) {
        root.remove("driftPolicy");
    }
    spec
}

fn one_of(block: &mut Map<String, Value>, schema: &Value, names: [&str; 2], needed: bool, random: &mut Random) {
    let chosen = *random.pick(&names);
    match names.map(|name| block.contains_key(name)) {
        [true, true] => _ = block.remove(chosen),
        [false, false] if needed => complete(block, schema, &[chosen], random),
        _ => {}
    }
}

/// Adds the fields that are missing.
fn complete(block: &mut Map<String, Value>, schema: &Value, names: &[&str], random: &mut Random) {
    for name in names {
        if !block.contains_key(*name) {
            block.insert((*name).to_owned(), schema::sample(&schema["properties"][*name], Density(50), random));
        }
    }
}

/// All of them or none: completed where there is one at least.
fn together(block: &mut Map<String, Value>, schema: &Value, names: &[&str], random: &mut Random) {
    if names.iter().any(|name| block.contains_key(*name)) {
        complete(block, schema, names, random);
    }
}

/// All of them where `on`, else none.
fn only_if(on: bool, block: &mut Map<String, Value>, schema: &Value, names: &[&str], random: &mut Random) {
    if on {
        complete(block, schema, names, random);
    } else {
        block.retain(|name, _| !names.contains(&name.as_str()));
    }
}

fn connecting(block: &mut Map<String, Value>, schema: &Value, random: &mut Random) {
    let with_another = block["useOwnCredentialToConnect"] == false;
    only_if(with_another, block, schema, &COMPANIONS, random);
}

fn execution(block: &mut Map<String, Value>, schema: &Value, random: &mut Random) {
    connecting(block, schema, random);
    together(block, schema, &["parentCredential", "parentHostname", "parentIp"], random);
    together(block, schema, &["changePlugin", "changeTemplate"], random);
    if let Some(Value::Object(inner)) = block.get_mut("reconciliation") {
        let schema = schema::at(schema, &["reconciliation"]);
        together(inner, schema, &["credential", "hostname", "ip"], random);
        together(inner, schema, &["plugin", "template"], random);
    }
}

fn jit(block: &mut Map<String, Value>, schema: &Value, random: &mut Random) {
    connecting(block, schema, random);
    let on = |block: &Map<String, Value>, name: &str| block.get(name) == Some(&Value::Bool(true));
    let [first, second] = MODES.map(|(switch, _)| on(block, switch));
    if first && second || (block["jit"] == true && !first && !second) {
        let (chosen, _) = *random.pick(&MODES);
        for (switch, _) in MODES {
            block.insert(switch.to_owned(), (switch == chosen).into());
        }
    }
    for (switch, companions) in MODES {
        only_if(on(block, switch), block, schema, &companions, random);
    }
}
