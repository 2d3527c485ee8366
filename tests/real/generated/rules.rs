//! The CEL rules of the schema, fulfilled by construction: what goes together is completed, what excludes each other
//! is cut down.

use serde_json::{Map, Value};

use super::chance::Chance;
use super::schema::{self, Density};

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
pub fn valid_spec(density: Density, chance: &mut Chance) -> Value {
    let schema = schema::spec();
    let mut spec = schema::sample(&schema, density, chance);
    let root = spec.as_object_mut().unwrap();
    one_of(root, &schema, ["username", "usernameSecretRef"], true, chance);
    one_of(root, &schema, ["contentSecretRef", "parentPassword"], false, chance);
    let mut block = |name: &str, fulfil: fn(&mut Map<String, Value>, &Value, &mut Chance)| {
        if let Some(Value::Object(block)) = root.get_mut(name) {
            fulfil(block, schema::at(&schema, &[name]), chance);
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

fn one_of(block: &mut Map<String, Value>, schema: &Value, names: [&str; 2], needed: bool, chance: &mut Chance) {
    let chosen = *chance.pick(&names);
    match names.map(|name| block.contains_key(name)) {
        [true, true] => _ = block.remove(chosen),
        [false, false] if needed => complete(block, schema, &[chosen], chance),
        _ => {}
    }
}

/// Adds the fields that are missing.
fn complete(block: &mut Map<String, Value>, schema: &Value, names: &[&str], chance: &mut Chance) {
    for name in names {
        if !block.contains_key(*name) {
            block.insert((*name).to_owned(), schema::sample(&schema["properties"][*name], Density(50), chance));
        }
    }
}

/// All of them or none: completed where there is one at least.
fn together(block: &mut Map<String, Value>, schema: &Value, names: &[&str], chance: &mut Chance) {
    if names.iter().any(|name| block.contains_key(*name)) {
        complete(block, schema, names, chance);
    }
}

/// All of them where `on`, else none.
fn only_if(on: bool, block: &mut Map<String, Value>, schema: &Value, names: &[&str], chance: &mut Chance) {
    if on {
        complete(block, schema, names, chance);
    } else {
        block.retain(|name, _| !names.contains(&name.as_str()));
    }
}

fn connecting(block: &mut Map<String, Value>, schema: &Value, chance: &mut Chance) {
    let with_another = block["useOwnCredentialToConnect"] == false;
    only_if(with_another, block, schema, &COMPANIONS, chance);
}

fn execution(block: &mut Map<String, Value>, schema: &Value, chance: &mut Chance) {
    connecting(block, schema, chance);
    together(block, schema, &["parentCredential", "parentHostname", "parentIp"], chance);
    together(block, schema, &["changePlugin", "changeTemplate"], chance);
    if let Some(Value::Object(inner)) = block.get_mut("reconciliation") {
        let schema = schema::at(schema, &["reconciliation"]);
        together(inner, schema, &["credential", "hostname", "ip"], chance);
        together(inner, schema, &["plugin", "template"], chance);
    }
}

fn jit(block: &mut Map<String, Value>, schema: &Value, chance: &mut Chance) {
    connecting(block, schema, chance);
    let on = |block: &Map<String, Value>, name: &str| block.get(name) == Some(&Value::Bool(true));
    let [first, second] = MODES.map(|(switch, _)| on(block, switch));
    if first && second || (block["jit"] == true && !first && !second) {
        let (chosen, _) = *chance.pick(&MODES);
        for (switch, _) in MODES {
            block.insert(switch.to_owned(), (switch == chosen).into());
        }
    }
    for (switch, companions) in MODES {
        only_if(on(block, switch), block, schema, &companions, chance);
    }
}
