//! The bill of materials of a program: `CycloneDX` 1.6, JSON.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::crates::{Facts, Id, Program};
use crate::digest;

/// What the bill says beside the crates.
#[derive(Args)]
pub(crate) struct About {
    /// The built program.
    #[arg(long)]
    program: PathBuf,
    /// When the sources were committed, in seconds since 1970.
    #[arg(long)]
    epoch: i64,
    /// Something else that is in the program or lies beside it, as `name@version`.
    #[arg(long = "with")]
    with: Vec<String>,
}

/// Returns the bill of a program.
pub(crate) fn document(program: &Program, about: &About) -> Result<Value> {
    let hash = digest::of_file(&about.program)?;
    let mut main = component(&program.root, &program.crates[&program.root]);
    main["type"] = json!("application");
    main["hashes"] = json!([{"alg": "SHA-256", "content": hash}]);
    let crates = program.crates.iter().filter(|(id, _)| **id != program.root);
    let others: Vec<_> = about.with.iter().map(|text| beside(text)).collect();
    let mut dependencies: Vec<Value> = program
        .depends_on
        .iter()
        .map(|(id, on)| json!({"ref": reference(id), "dependsOn": on.iter().map(reference).collect::<Vec<_>>()}))
        .collect();
    dependencies.extend(others.iter().map(|other| json!({"ref": other["bom-ref"]})));
    let components: Vec<_> = crates.map(|(id, facts)| component(id, facts)).chain(others).collect();
    Ok(json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": format!("urn:uuid:{}", uuid_of(&digest::of(format!("{hash}{components:?}").as_bytes()))),
        "version": 1,
        "metadata": {"timestamp": Timestamp::from_second(about.epoch)?.to_string(), "component": main},
        "components": components,
        "dependencies": dependencies,
    }))
}

fn component(id: &Id, facts: &Facts) -> Value {
    let mut component = json!({
        "type": "library",
        "bom-ref": reference(id),
        "name": id.name,
        "version": id.version,
    });
    if let Some(licence) = &facts.licence {
        component["licenses"] = json!([{"expression": licence}]);
    }
    if let Some(checksum) = &facts.checksum {
        // Only crates.io gives a checksum. A crate of this checkout is in no registry, so that no purl leads to it.
        component["purl"] = json!(reference(id));
        component["hashes"] = json!([{"alg": "SHA-256", "content": checksum}]);
    }
    if let Some(repository) = &facts.repository {
        component["externalReferences"] = json!([{"type": "vcs", "url": repository}]);
    }
    component
}

fn beside(text: &str) -> Value {
    let (name, version) = text.rsplit_once('@').unwrap_or((text, ""));
    let reference = format!("pkg:generic/{name}@{version}");
    json!({"type": "library", "bom-ref": reference, "name": name, "version": version, "purl": reference})
}

fn reference(id: &Id) -> String {
    format!("pkg:cargo/{}@{}", id.name, id.version.replace('+', "%2B"))
}

/// Returns a UUID of version 8 (RFC 9562: the writer chooses its digits) with digits of a hash.
fn uuid_of(hash: &str) -> String {
    format!("{}-{}-8{}-a{}-{}", &hash[..8], &hash[8..12], &hash[12..15], &hash[15..18], &hash[18..30])
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet, HashSet};
    use std::path::Path;

    use super::*;

    /// The bill of this very package, with `Cargo.lock` as the program's file.
    fn bill() -> Value {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let program = Program::read(&checkout, env!("CARGO_PKG_NAME"), "x86_64-unknown-linux-musl").unwrap();
        let with = vec!["musl@1.2.5".to_owned()];
        document(&program, &About { program: checkout.join("Cargo.lock"), epoch: 1_000_000_000, with }).unwrap()
    }

    fn texts<'a>(list: &'a Value, key: &str) -> Vec<&'a str> {
        list.as_array().unwrap().iter().map(|item| item[key].as_str().unwrap()).collect()
    }

    fn is_hex(text: &str, length: usize) -> bool {
        text.len() == length && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    }

    /// What the schema asks for, of the parts that are used here.
    #[test]
    fn the_bill_is_as_the_schema_wants_it() {
        let bill = bill();
        assert_eq!((bill["bomFormat"].as_str(), bill["specVersion"].as_str()), (Some("CycloneDX"), Some("1.6")));
        assert_eq!(bill["version"], 1);
        assert_eq!(bill["metadata"]["timestamp"], "2001-09-09T01:46:40Z");
        let uuid = bill["serialNumber"].as_str().unwrap().strip_prefix("urn:uuid:").unwrap();
        assert!(uuid.split('-').zip([8, 4, 4, 4, 12]).all(|(part, length)| is_hex(part, length)), "{uuid}");
        assert_eq!(uuid.len(), 36);
        let known =
            HashSet::from(["type", "bom-ref", "name", "version", "licenses", "purl", "hashes", "externalReferences"]);
        for component in bill["components"].as_array().unwrap().iter().chain([&bill["metadata"]["component"]]) {
            assert!(component.as_object().unwrap().keys().all(|key| known.contains(key.as_str())), "{component}");
            assert!(["library", "application"].contains(&component["type"].as_str().unwrap()));
            assert!(!component["name"].as_str().unwrap().is_empty());
            for hash in component["hashes"].as_array().into_iter().flatten() {
                assert!(hash["alg"] == "SHA-256" && is_hex(hash["content"].as_str().unwrap(), 64), "{component}");
            }
        }
    }

    #[test]
    fn every_reference_is_there_once_and_each_dependency_is_a_component() {
        let bill = bill();
        let main = bill["metadata"]["component"]["bom-ref"].as_str().unwrap();
        let components: BTreeSet<_> = texts(&bill["components"], "bom-ref").into_iter().chain([main]).collect();
        assert_eq!(components.len(), bill["components"].as_array().unwrap().len() + 1);
        assert_eq!(texts(&bill["dependencies"], "ref").into_iter().collect::<BTreeSet<_>>(), components);
        for row in bill["dependencies"].as_array().unwrap() {
            for on in row["dependsOn"].as_array().into_iter().flatten() {
                assert!(components.contains(on.as_str().unwrap()), "{on}");
            }
        }
    }

    #[test]
    fn the_bill_has_what_is_compiled_in_and_not_what_only_builds_it() {
        let bill = bill();
        let names: BTreeMap<_, _> =
            bill["components"].as_array().unwrap().iter().map(|item| (item["name"].as_str().unwrap(), item)).collect();
        for name in ["anyhow", "clap", "serde_json", "webpki-root-certs", "musl"] {
            assert!(names.contains_key(name), "{name}");
        }
        for name in ["syn", "quote", "clap_derive", "tokio", "kube"] {
            assert!(!names.contains_key(name), "{name}");
        }
        assert_eq!(names["webpki-root-certs"]["licenses"][0]["expression"], "CDLA-Permissive-2.0");
        assert_eq!(bill["metadata"]["component"].get("purl"), None, "it is in no registry");
    }
}
