//! P1: the samples of `deploy/samples` and the README's example become `Synced` in a PAM that has what they name.

use std::collections::BTreeSet;
use std::path::Path;

use crate::support::{Plan, World};
use pam_simulator::{Behaviour, ProductVersion};
use serde_json::{Value, json};

/// Every object of a file of samples, and of the `yaml` blocks of a Markdown page.
fn objects(text: &str, is_markdown: bool) -> Vec<Value> {
    let fenced = || text.split("```yaml\n").skip(1).map(|rest| rest.split_once("```").unwrap().0);
    let parts: Vec<&str> = if is_markdown { fenced().collect() } else { vec![text] };
    let documents = parts.iter().flat_map(|part| part.split("\n---"));
    let objects = documents.map(|document| serde_saphyr::from_str::<Value>(document).unwrap());
    objects.filter(Value::is_object).collect()
}

/// The objects of the operator's kinds, and what they need, by file. `deploy/samples/policies` has samples of other kinds.
pub fn files() -> Vec<(String, Vec<Value>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let samples = std::fs::read_dir(root.join("deploy/samples")).unwrap().map(|entry| entry.unwrap().path());
    let samples = samples.filter(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    let all = samples.chain([root.join("README.md")]).map(|path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let found = objects(&std::fs::read_to_string(&path).unwrap(), name == "README.md");
        (name, found)
    });
    all.collect()
}

/// All texts at a path of some of these names, wherever it is.
fn texts(value: &Value, is_wanted: &dyn Fn(&str) -> bool) -> Vec<String> {
    match value {
        Value::Object(fields) => {
            let one = |(name, value): (&String, &Value)| match value {
                Value::String(text) if is_wanted(name) => vec![text.clone()],
                other => texts(other, is_wanted),
            };
            fields.iter().flat_map(one).collect()
        }
        Value::Array(items) => items.iter().flat_map(|item| texts(item, is_wanted)).collect(),
        _ => Vec::new(),
    }
}

/// Registers what a spec names. Every plugin and template has to be, those of execution settings too.
pub fn admit(world: &World, spec: &Value) {
    world.sim.add_device(spec["hostname"].as_str().unwrap(), spec["ip"].as_str().unwrap());
    world.sim.change_behaviour(|knobs: &mut Behaviour| {
        knobs.execution_plugins_registered = true;
        knobs.domains.extend(texts(spec, &|name| name == "domain"));
        knobs.plugins.extend(texts(spec, &|name| name.ends_with("lugin")));
        knobs.templates.extend(texts(spec, &|name| name.ends_with("emplate")));
    });
}

async fn every_sample_becomes_synced(version: ProductVersion) {
    let world = Plan::default().version(version).start().await;
    let mut names = BTreeSet::new();
    for (file, objects) in files() {
        let own = objects.into_iter().filter(|object| {
            object["kind"] == "PamCredential"
                || (object["kind"] == "Secret" && object["metadata"]["namespace"].is_null())
        });
        for mut object in own {
            object["metadata"]["namespace"] = json!(world.namespace);
            if object["kind"] == "PamCredential" {
                object["spec"]["connectionRef"] = json!({"name": world.connection});
                admit(&world, &object["spec"]);
                names.insert((file.clone(), object["metadata"]["name"].as_str().unwrap().to_owned()));
            }
            world.apply([object]).await;
        }
    }
    for (_, name) in &names {
        world.becomes(name, "Synced").await;
    }
    let of_one: BTreeSet<&String> = names.iter().map(|(_, name)| name).collect();
    assert_eq!(world.sim.records().len(), of_one.len(), "{names:?}");
    for file in ["basic", "jit", "minimal", "rotated", "ssh-key", "totp", "windows-domain"] {
        let file = format!("pamcredential-{file}.yaml");
        assert!(names.iter().any(|(of, _)| *of == file), "{file} has no PamCredential");
    }
    the_totp_sample_has_its_seed(&world);
    samples_give_nothing_away(&world).await;
}

fn the_totp_sample_has_its_seed(world: &World) {
    let record = world.sim.records().into_iter().find(|record| record.hostname == "registrar").unwrap();
    let seed = world.sim.secret_of(&record.id, "/additional_settings/secret_key").unwrap();
    assert_eq!(seed.reveal(), "JBSWY3DPEHPK3PXP");
}

/// P8: the samples have values of their own.
async fn samples_give_nothing_away(world: &World) {
    let said = world.everything_said().await;
    for value in ["the-first-of-many", "change-me", "JBSWY3DP", "jbsw y3dp", "C-4711"] {
        assert!(!said.contains(value), "a sample's secret was shown");
    }
}

#[tokio::test]
async fn every_sample_becomes_synced_on_3_32() {
    every_sample_becomes_synced(ProductVersion::V3_32).await;
}

#[tokio::test]
async fn every_sample_becomes_synced_on_4_2() {
    every_sample_becomes_synced(ProductVersion::V4_2).await;
}
