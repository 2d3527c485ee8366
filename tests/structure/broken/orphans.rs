//! Trees with files that no crate compiles.

use super::{NONE, places};
use crate::orphans;
use crate::tree::Tree;

/// Returns the orphans among these files, none of which is added.
fn found(files: &[(&str, &str)]) -> Vec<String> {
    let texts = files.iter().map(|(path, text)| (format!("src/{path}"), *text));
    places(orphans::findings(&Tree::of(texts)))
}

#[test]
fn a_file_that_no_crate_compiles_is_found() {
    assert_eq!(found(&[("lib.rs", "mod a;"), ("a.rs", ""), ("b.rs", "")]), ["b.rs:1"]);
    assert_eq!(found(&[("lib.rs", "mod a;"), ("a/mod.rs", ""), ("a/b.rs", "")]), ["a/b.rs:1"]);
    assert_eq!(found(&[("lib.rs", "mod a;"), ("a.rs", "mod c;"), ("c.rs", "")]), ["c.rs:1"], "not a child of a");
    assert_eq!(found(&[("lib.rs", ""), ("a/mod.rs", "mod b;"), ("a/b.rs", "")]), ["a/b.rs:1", "a/mod.rs:1"]);
    assert_eq!(found(&[("lib.rs", "mod a { mod b; }"), ("b.rs", "")]), ["b.rs:1"]);
    assert_eq!(found(&[("lib.rs", "// mod a;"), ("a.rs", "")]), ["a.rs:1"]);
    assert_eq!(found(&[("lib.rs", "#[path = \"b.rs\"]\nmod a;"), ("a.rs", ""), ("b.rs", "")]), ["a.rs:1"]);
}

#[test]
fn a_file_that_only_another_program_declares_is_found() {
    let main = ("bin/tool/main.rs", "mod a;");
    assert_eq!(found(&[("lib.rs", ""), main, ("bin/tool/a.rs", ""), ("bin/tool/b.rs", "")]), ["bin/tool/b.rs:1"]);
    assert_eq!(found(&[("lib.rs", "mod a;"), ("a.rs", ""), main, ("bin/other/a.rs", "")]), ["bin/other/a.rs:1"]);
}

#[test]
fn a_file_that_some_crate_compiles_is_allowed() {
    let whole: [&[(&str, &str)]; 8] = [
        &[("lib.rs", "mod a;"), ("a.rs", "mod b;"), ("a/b.rs", "mod c;"), ("a/b/c.rs", "")],
        &[("lib.rs", "mod a;"), ("a/mod.rs", "mod b;"), ("a/b/mod.rs", "mod c;"), ("a/b/c.rs", "")],
        &[("lib.rs", "mod a { mod b; }"), ("a/b.rs", "")],
        &[("lib.rs", "#[cfg(test)]\nmod tests;"), ("tests.rs", "mod one;"), ("tests/one.rs", "")],
        &[
            ("lib.rs", "mod a;"),
            ("a.rs", "#[path = \"other/b.rs\"]\nmod b;"),
            ("other/b.rs", "mod c;"),
            ("other/c.rs", ""),
        ],
        &[("lib.rs", "mod a;"), ("a/mod.rs", "#[path = \"../b.rs\"]\nmod c;"), ("b.rs", "")],
        &[("lib.rs", "mod a { #[path = \"x.rs\"]\nmod b; }"), ("a/x.rs", "")],
        &[("main.rs", "mod a;"), ("a.rs", ""), ("bin/one.rs", ""), ("bin/two/main.rs", "mod b;"), ("bin/two/b.rs", "")],
    ];
    for files in whole {
        assert_eq!(found(files), NONE, "{:?}", files.iter().map(|(path, _)| path).collect::<Vec<_>>());
    }
}
