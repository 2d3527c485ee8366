//! The chart, the Dockerfile and the recipe name the same image, version and user, and the page about it names what is built.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::path::Path;

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn file(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

/// The first value of a key in YAML, without quotes.
fn yaml(text: &str, key: &str) -> String {
    let line = text.lines().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix(": "));
    line.unwrap_or_else(|| panic!("{key} is missing")).trim_matches('"').to_owned()
}

#[test]
fn the_chart_names_the_image_that_is_built() {
    let values = file("charts/pam-operator/values.yaml");
    let (_, image) = values.split_once("\nimage:\n").expect("the values have an image");
    let repository = yaml(image, "repository");
    assert_eq!(yaml(&file("charts/pam-operator/Chart.yaml"), "appVersion"), VERSION);
    assert!(file("release/image.sh").contains(&format!("image={repository}:$version\n")), "{repository}");
    let dockerfile = file("Dockerfile");
    assert!(dockerfile.contains(&format!("--tag {repository}:{VERSION} .")));
    assert!(dockerfile.contains(&format!("\nARG VERSION={VERSION}\n")));
    assert!(dockerfile.contains(&format!("\nUSER {0}:{0}\n", yaml(&values, "runAsUser"))));
}

#[test]
fn the_page_about_the_image_names_its_version_and_says_that_none_is_published() {
    let page = file("docs/how-to/build-the-image.md");
    assert!(page.contains("No image is published yet") && page.contains("image.repository="));
    let mut named: Vec<_> = page.split("pam-operator:").skip(1).chain(page.split("pam-operator-").skip(1)).collect();
    named.retain(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
    assert!(named.len() > 5);
    assert!(named.iter().all(|rest| rest.starts_with(VERSION)), "a version other than {VERSION} is named");
}

/// The Rust of the image is one that the code can be built with.
#[test]
fn the_dockerfile_has_a_rust_that_is_new_enough() {
    let dockerfile = file("Dockerfile");
    let (_, rest) = dockerfile.split_once(" rust:").expect("the Dockerfile has an image of Rust");
    let minor = |version: &str| version.split('.').nth(1).unwrap().parse::<u32>().unwrap();
    assert!(minor(rest) >= minor(env!("CARGO_PKG_RUST_VERSION")));
}
