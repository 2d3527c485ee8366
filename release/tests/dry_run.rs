//! A release, tried out with a key that is thrown away: what a release has beside it is true, is made twice alike, and is signed so
//! that a user can check it as `docs/how-to/build-the-image.md` says. The program is that of the profile `image-test`.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

const PROFILE: &str = "image-test";
const ARCH: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
const REVISION: &str = "0123456789abcdef0123456789abcdef01234567";

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn output(program: &Path, args: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(program);
    command.args(args).current_dir(folder);
    command.env("SOURCE_DATE_EPOCH", "1700000000").env("SOURCE_REVISION", REVISION).output().unwrap()
}

/// Runs a script of the recipe.
fn recipe(script: &str, args: &[&str]) {
    let output = output(&checkout().join("release").join(script), args, &checkout());
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Runs what a user runs to check something; tells whether it is right.
fn check(folder: &Path, program: &str, args: &[&str]) -> bool {
    output(Path::new(program), args, folder).status.success()
}

/// A release with the root filesystem for this machine, packed by tar in the place of buildah.
fn release() -> Folder {
    let folder = Folder(Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("dry-run-{}", std::process::id())));
    let parts = folder.0.join("parts").join(ARCH);
    fs::create_dir_all(&parts).unwrap();
    recipe("rootfs.sh", &[ARCH, PROFILE, &parts.join("rootfs").to_string_lossy()]);
    assert!(check(&folder.0, "tar", &["--create", "--file", "pam-operator.oci.tar", "parts"]));
    describe(&folder);
    folder
}

fn describe(folder: &Folder) {
    recipe("describe.sh", &[PROFILE, &folder.0.to_string_lossy(), ARCH]);
}

/// The files of a release by name.
fn files(folder: &Folder) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.is_file());
    files.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap())).collect()
}

fn document(files: &BTreeMap<String, Vec<u8>>, end: &str) -> Value {
    let (_, text) = files.iter().find(|(name, _)| name.ends_with(end)).expect("the document is there");
    serde_json::from_slice(text).unwrap()
}

fn sha256(folder: &Path, file: &str) -> String {
    let output = output(Path::new("sha256sum"), &[file], folder);
    String::from_utf8(output.stdout).unwrap().split(' ').next().unwrap().to_owned()
}

#[test]
fn a_release_is_described_truly_and_signed_so_that_a_user_can_check_it() {
    let folder = release();
    let before = files(&folder);
    describe(&folder);
    assert_eq!(files(&folder).keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    assert!(files(&folder) == before, "two runs write different bytes");

    let program = format!("parts/{ARCH}/rootfs/pam-operator");
    let bill = document(&before, ".cdx.json");
    assert_eq!(bill["metadata"]["component"]["hashes"][0]["content"], sha256(&folder.0, &program).as_str());
    everything_in_the_program_is_in_the_bill(&fs::read(folder.0.join(&program)).unwrap(), &bill);

    let statement = document(&before, ".provenance.json");
    let subjects = statement["subject"].as_array().unwrap();
    assert_eq!(subjects.len(), 2, "the archive and the bill: {statement}");
    for subject in subjects {
        assert_eq!(subject["digest"]["sha256"], sha256(&folder.0, subject["name"].as_str().unwrap()).as_str());
    }
    let source = &statement["predicate"]["buildDefinition"]["resolvedDependencies"][0];
    assert_eq!(source["digest"]["gitCommit"], REVISION);

    recipe("dry-run.sh", &[&folder.0.to_string_lossy()]);
    signatures_are_as_documented(&folder);
}

/// The paths of panics name the crate's folder. A crate without any such path is not found this way; none that is found may lack.
fn everything_in_the_program_is_in_the_bill(program: &[u8], bill: &Value) {
    let text = String::from_utf8_lossy(program);
    let folders: BTreeSet<_> = text
        .split("/cargo/registry/src/")
        .skip(1)
        .filter_map(|rest| rest.split('/').nth(1))
        .map(str::to_owned)
        .collect();
    assert!(folders.len() > 30, "{folders:?}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let listed: BTreeSet<_> = bill["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| format!("{}-{}", text(&c["name"]), text(&c["version"])))
        .collect();
    let lacking: Vec<_> = folders.difference(&listed).collect();
    assert!(lacking.is_empty(), "in the program and not in the bill: {lacking:?}");
    let here = checkout().canonicalize().unwrap();
    assert!(
        !String::from_utf8_lossy(program).contains(&*here.to_string_lossy()),
        "the program names the checkout's path"
    );
}

fn signatures_are_as_documented(folder: &Folder) {
    let verify = |file: &str| {
        let signature = format!("{file}.sig");
        check(&folder.0, "openssl", &["dgst", "-sha256", "-verify", "dry-run.pub", "-signature", &signature, file])
    };
    let names = files(folder).into_keys();
    let is_signature = |name: &str| Path::new(name).extension().is_some_and(|end| end == "sig");
    let signed: Vec<_> = names.filter(|name| !is_signature(name) && name != "dry-run.pub").collect();
    assert_eq!(signed.len(), 4, "archive, bill, provenance and sums: {signed:?}");
    for file in &signed {
        assert!(verify(file), "{file}");
    }
    assert!(check(&folder.0, "sha256sum", &["--check", "--strict", "SHA256SUMS"]));
    for file in &signed {
        let path = folder.0.join(file);
        let mut bytes = fs::read(&path).unwrap();
        bytes[0] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert!(!verify(file), "{file} was changed, and the signature still fits");
    }
    assert!(!check(&folder.0, "sha256sum", &["--check", "--strict", "SHA256SUMS"]));
}
