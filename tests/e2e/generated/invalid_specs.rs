//! P7: the API server refuses each broken rule of the schema in words that name the field.

use kube::api::PostParams;
use serde_json::{Map, Value, json};

use super::cel_rules::{COMPANIONS, MODES, valid_spec};
use super::schema::{self, Density, Pattern};
use crate::random::Random;
use crate::support::{World, merge};

/// Something wrong with a spec.
struct Wrong {
    /// What is changed in it, as a merge; null takes a field away.
    change: Value,
    /// What the refusal must say.
    words: String,
}

/// What the API server says to a spec; it is not to let it in.
async fn refused(world: &World, name: &str, spec: &Value) -> String {
    let mut object = world.credential_json(name, json!({}));
    object["spec"] = spec.clone();
    let object = serde_json::from_value::<kube::api::DynamicObject>(object).unwrap();
    let resource = kube::discovery::ApiResource::erase::<pam_operator::api::PamCredential>(&());
    let api = kube::Api::<kube::api::DynamicObject>::namespaced_with(world.client.clone(), &world.namespace, &resource);
    match api.create(&PostParams::default(), &object).await {
        Err(kube::Error::Api(status)) => status.message,
        Ok(_) => panic!("{spec} was let in"),
        Err(other) => panic!("{other}"),
    }
}

/// A spec with every block in it, for this connection.
fn base(world: &World, random: &mut Random) -> Value {
    let mut spec = valid_spec(Density(100), random);
    spec["connectionRef"] = json!({"name": world.connection});
    spec
}

/// `change` at a path, as a merge.
fn at(path: &[String], change: Value) -> Value {
    path.iter().rev().fold(change, |inner, name| json!({name: inner}))
}

fn dotted(path: &[String]) -> String {
    format!("spec.{}", path.join("."))
}

/// Every way to break one bound, pattern, enum, type or requirement of a field, and of all below it.
fn wrongs(schema: &Value, path: &[String], base: &Value) -> Vec<Wrong> {
    let mut bad: Vec<Value> = Vec::new();
    match schema["type"].as_str().unwrap() {
        "object" => return below(schema, path, base),
        "array" => return lists(schema, path, base),
        _ if schema["enum"].is_array() => bad.extend([json!("Unheard-Of"), json!(""), json!(7)]),
        "string" => {
            bad.extend([json!(""), json!(7), json!("x".repeat(schema::longest(schema) + 1))]);
            bad.extend(Pattern::of(schema).broken().iter().map(|text| json!(text)));
        }
        "boolean" => bad.extend([json!("yes"), json!(1)]),
        "integer" => {
            let (least, most) = schema::integer_bounds(schema);
            bad.extend([json!(least - 1), json!(most + 1), json!(1.5), json!("7")]);
        }
        other => panic!("{other}"),
    }
    bad.into_iter().map(|value| Wrong { change: at(path, value), words: dotted(path) }).collect()
}

fn below(schema: &Value, path: &[String], base: &Value) -> Vec<Wrong> {
    let mut all = Vec::new();
    for (name, inner) in schema::properties(schema) {
        let path = [path, std::slice::from_ref(name)].concat();
        all.extend(wrongs(inner, &path, base));
        let required = schema["required"].as_array().is_some_and(|required| required.contains(&json!(name)));
        // The API server fills in what has a default.
        if required && inner["default"].is_null() {
            all.push(Wrong { change: at(&path, Value::Null), words: format!("{}: Required value", dotted(&path)) });
        }
    }
    all
}

/// What is wrong with a list as such, and with an item after a good one.
fn lists(schema: &Value, path: &[String], base: &Value) -> Vec<Wrong> {
    let good = base.pointer(&format!("/{}", path.join("/"))).expect("the base has every list")[0].clone();
    let wrong = |list: Value, words: String| Wrong { change: at(path, list), words };
    let many = usize::try_from(schema["maxItems"].as_u64().unwrap()).unwrap() + 1;
    let mut all = vec![wrong(json!([]), dotted(path)), wrong(json!("text"), dotted(path))];
    all.push(wrong(vec![good.clone(); many].into(), dotted(path)));
    if schema["x-kubernetes-list-type"] == "map" {
        all.push(wrong(json!([good, good]), format!("{}[1]: Duplicate value", dotted(path))));
    }
    for inner in wrongs(&schema["items"], &[], &good) {
        let mut item = good.clone();
        merge(&mut item, inner.change);
        let words = inner.words.trim_start_matches("spec").trim_start_matches('.').to_owned();
        let words =
            if words.is_empty() { format!("{}[0]", dotted(path)) } else { format!("{}[0].{words}", dotted(path)) };
        all.push(wrong(json!([item]), words));
    }
    all
}

/// Adds the block that a change is in, where a spec has another in its place: the API server compares no text with its pattern
/// while a field that is required is missing.
fn add_block(spec: &mut Value, change: &Value, schema: &Value, random: &mut Random) {
    for (name, inner) in change.as_object().into_iter().flatten() {
        if inner.is_object() && spec[name].is_null() {
            spec[name] = schema::sample(&schema["properties"][name], Density(100), random);
        }
    }
}

#[tokio::test]
async fn a_broken_bound_pattern_enum_or_type_is_refused_and_its_field_named() {
    let mut random = Random::of_this_run("broken fields");
    let world = World::start().await;
    let (schema, mark) = (schema::spec(), world.sim.mark());
    let mut tried = 0;
    for wrong in wrongs(&schema, &[], &base(&world, &mut random)) {
        let mut spec = base(&world, &mut random);
        add_block(&mut spec, &wrong.change, &schema, &mut random);
        merge(&mut spec, wrong.change.clone());
        let said = refused(&world, "wrong", &spec).await;
        assert!(said.contains(&wrong.words), "{} is not in what is said of {}: {said}", wrong.words, wrong.change);
        tried += 1;
    }
    assert!(tried > 400, "only {tried} ways to be wrong");
    assert!(world.sim.since(mark).is_empty(), "before any call");
}

type Break = Box<dyn Fn(&mut Map<String, Value>)>;

/// Ways to break each rule of a block. The block fulfils them all before.
fn breaks(path: &str) -> Vec<(&'static str, Break)> {
    let set = |fields: &'static [(&'static str, bool)]| -> Break {
        Box::new(move |block| block.extend(fields.iter().map(|(name, on)| ((*name).to_owned(), json!(on)))))
    };
    let put = |name: &'static str| -> Break { Box::new(move |block| _ = block.insert(name.to_owned(), json!("x"))) };
    let remove = |name: &'static str| -> Break { Box::new(move |block| _ = block.remove(name)) };
    let mut all: Vec<(&str, Break)> = Vec::new();
    if ["executionSettings", "sessionSettings", "jitSettings"].contains(&path) {
        all.push(("with useOwnCredentialToConnect false give", set(&[("useOwnCredentialToConnect", true)])));
        all.extend(COMPANIONS.map(|name| ("with useOwnCredentialToConnect false give", remove(name))));
    }
    match path {
        "" => {
            all.push((
                "give exactly one of username and usernameSecretRef",
                both("username", json!("x"), "usernameSecretRef"),
            ));
            let neither: Break = Box::new(|spec| spec.retain(|name, _| !name.starts_with("username")));
            all.push(("give exactly one of username and usernameSecretRef", neither));
            all.push(("give contentSecretRef or parentPassword", both("parentPassword", json!(7), "contentSecretRef")));
            let fight: Break = Box::new(|spec| {
                spec.insert("driftPolicy".to_owned(), json!("Correct"));
                let settings = spec.entry("executionSettings").or_insert_with(|| json!({}));
                settings["useOwnCredentialToConnect"] = json!(true);
                settings["automaticChange"] = json!(true);
            });
            all.push(("driftPolicy Correct does not go with executionSettings.automaticChange", fight));
        }
        "executionSettings" => {
            for name in ["parentCredential", "parentHostname", "parentIp"] {
                all.push(("give parentCredential, parentHostname and parentIp together", remove(name)));
            }
            for name in ["changePlugin", "changeTemplate"] {
                all.push(("give changePlugin and changeTemplate together", remove(name)));
            }
        }
        "executionSettings.reconciliation" => {
            for name in ["credential", "hostname", "ip"] {
                all.push(("give credential, hostname and ip together", remove(name)));
            }
            for name in ["plugin", "template"] {
                all.push(("give plugin and template together", remove(name)));
            }
        }
        "jitSettings" => {
            let modes = MODES.map(|(switch, _)| switch);
            all.push((
                "exclude each other",
                set(&[("credentialCreationAndDeletion", true), ("enableDisableCredential", true)]),
            ));
            let none: Break = Box::new(move |block| {
                block.retain(|name, _| !modes.contains(&name.as_str()));
                block.insert("jit".to_owned(), json!(true));
            });
            all.push(("with jit true set", none));
            all.extend(jit_companions(put, remove));
        }
        _ => {}
    }
    all
}

fn both(first: &'static str, value: Value, second: &'static str) -> Break {
    Box::new(move |spec| {
        spec.insert(first.to_owned(), value.clone());
        spec.insert(second.to_owned(), json!({"name": "s"}));
    })
}

/// What goes with the mode that is on is missing, or what goes with the other is there.
fn jit_companions(
    put: impl Fn(&'static str) -> Break,
    remove: impl Fn(&'static str) -> Break,
) -> Vec<(&'static str, Break)> {
    let words = ["go with credentialCreationAndDeletion true", "go with enableDisableCredential true"];
    let mut all = Vec::new();
    for ((switch, companions), words) in MODES.into_iter().zip(words) {
        for name in companions {
            let (put, remove) = (put(name), remove(name));
            let change: Break =
                Box::new(move |block| if block.get(switch) == Some(&json!(true)) { remove(block) } else { put(block) });
            all.push((words, change));
        }
    }
    all
}

#[tokio::test]
async fn every_rule_that_is_broken_is_told_in_its_own_words() {
    let mut random = Random::of_this_run("broken rules");
    let world = World::start().await;
    let mark = world.sim.mark();
    let rules = schema::rules(&schema::spec(), "");
    for (path, message) in &rules {
        let path = path.trim_start_matches('.');
        let mut tried = 0;
        for (_, change) in breaks(path).iter().filter(|(words, _)| message.contains(words)) {
            // More than one spec: which switches are on differs.
            for _ in 0..3 {
                let mut spec = base_with_companions(&world, path, &mut random);
                let pointer = if path.is_empty() { String::new() } else { format!("/{}", path.replace('.', "/")) };
                change(spec.pointer_mut(&pointer).unwrap().as_object_mut().unwrap());
                let said = refused(&world, "wrong", &spec).await;
                assert!(said.contains(message), "{message} is not in what is said of {spec}: {said}");
                let field = if path.is_empty() { "spec".to_owned() } else { format!("spec.{path}") };
                assert!(said.contains(&format!("{field}: Invalid value")), "{field}: {said}");
            }
            tried += 1;
        }
        assert!(tried > 0, "no test breaks the rule at spec.{path}: {message}");
    }
    assert!(rules.len() >= 13, "{rules:?}");
    assert!(world.sim.since(mark).is_empty(), "before any call");
}

/// A spec whose block at that path connects with another credential, if it connects at all.
fn base_with_companions(world: &World, path: &str, random: &mut Random) -> Value {
    loop {
        let spec = base(world, random);
        let block = spec.pointer(&format!("/{}", path.replace('.', "/"))).unwrap_or(&Value::Null);
        if block.get("useOwnCredentialToConnect") != Some(&json!(true)) {
            return spec;
        }
    }
}
