//! Where files come from: an in-toto statement with the predicate SLSA provenance 1.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use serde_json::{Value, json};

use crate::digest;

/// Names the recipe, whose parameters are those of `externalParameters`: `docs/how-to/build-the-image.md`.
const BUILD_TYPE: &str = "https://pam-operator.io/build/static-programs/v1";
/// Says that nobody but the owner of the signing key vouches for the builder.
const BUILDER: &str = "https://pam-operator.io/build/by-the-owner-of-the-key";

/// What was built, from what and with what.
#[derive(Args)]
pub(crate) struct Build {
    /// The commit that was built, in hexadecimal digits.
    #[arg(long)]
    revision: String,
    /// The checkout had changes that are in no commit.
    #[arg(long)]
    modified: bool,
    /// When that commit was made, in seconds since 1970: `SOURCE_DATE_EPOCH` of the build.
    #[arg(long)]
    epoch: i64,
    /// The profile of cargo.
    #[arg(long)]
    profile: String,
    /// The version that is released.
    #[arg(long = "release")]
    release: String,
    /// An architecture that was built for, as images call it.
    #[arg(long = "architecture")]
    architectures: Vec<String>,
    /// A tool that bytes depend on, as `name@version`.
    #[arg(long = "tool")]
    tools: Vec<String>,
    /// The files that were built.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// Returns the statement about the files of a build.
pub(crate) fn statement(checkout: &Path, build: &Build) -> Result<Value> {
    ensure!(
        build.revision.len() >= 40 && build.revision.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "the revision is no commit: {}",
        build.revision
    );
    let subject = build.files.iter().map(|file| subject(file)).collect::<Result<Vec<_>>>()?;
    let lock = digest::of_file(&checkout.join("Cargo.lock"))?;
    let mut materials = vec![
        json!({"name": "source", "digest": {"gitCommit": build.revision}, "annotations": {"modified": build.modified}}),
        json!({"name": "Cargo.lock", "digest": {"sha256": lock}}),
    ];
    materials.extend(build.tools.iter().map(|tool| json!({"uri": format!("pkg:generic/{tool}")})));
    Ok(json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subject,
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "version": build.release,
                    "architectures": build.architectures,
                    "profile": build.profile,
                },
                "internalParameters": {"SOURCE_DATE_EPOCH": build.epoch},
                "resolvedDependencies": materials,
            },
            "runDetails": {"builder": {"id": BUILDER}},
        },
    }))
}

fn subject(file: &Path) -> Result<Value> {
    let name = file.file_name().context("a file has no name")?.to_string_lossy();
    Ok(json!({"name": name, "digest": {"sha256": digest::of_file(file)?}}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build() -> Build {
        Build {
            revision: "0123456789abcdef0123456789abcdef01234567".to_owned(),
            modified: true,
            epoch: 1,
            profile: "release".to_owned(),
            release: "0.1.0".to_owned(),
            architectures: vec!["amd64".to_owned(), "arm64".to_owned()],
            tools: vec!["rustc@1.95.0".to_owned()],
            files: vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")],
        }
    }

    /// The fields that the specifications of in-toto's statement and SLSA's predicate require.
    #[test]
    fn the_statement_has_what_the_specifications_require() {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let statement = statement(&checkout, &build()).unwrap();
        assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
        assert_eq!(statement["predicateType"], "https://slsa.dev/provenance/v1");
        assert_eq!(statement["subject"][0]["name"], "Cargo.toml");
        assert_eq!(statement["subject"][0]["digest"]["sha256"].as_str().unwrap().len(), 64);
        let definition = &statement["predicate"]["buildDefinition"];
        assert!(definition["buildType"].as_str().unwrap().starts_with("https://"));
        assert!(definition["externalParameters"].is_object());
        assert!(statement["predicate"]["runDetails"]["builder"]["id"].as_str().unwrap().starts_with("https://"));
        // Each of them has one of uri, digest and content.
        for material in definition["resolvedDependencies"].as_array().unwrap() {
            assert!(material.get("uri").is_some() || material.get("digest").is_some(), "{material}");
        }
        assert_eq!(definition["resolvedDependencies"][0]["annotations"]["modified"], true);
    }

    #[test]
    fn a_revision_that_is_no_commit_is_refused() {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let error = statement(&checkout, &Build { revision: "main".to_owned(), ..build() }).unwrap_err();
        assert!(error.to_string().contains("main"));
    }
}
