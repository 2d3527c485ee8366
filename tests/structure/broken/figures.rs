//! Trees that are too large in one way, and the figures of a small one.

use super::{HUB, LEAF, NONE, places, tree};
use crate::report::report;
use crate::sizes;

#[test]
fn a_function_is_measured_from_its_first_line_to_its_brace() {
    let found = |lines: usize, before: &str, after: &str| {
        let text = format!("{before}fn f() {{\n{}}}{after}", "    g();\n".repeat(lines - 2));
        places(sizes::long_functions(&tree(&[("x.rs", &text)])))
    };
    assert_eq!(found(41, "", ""), ["x.rs:1"]);
    assert_eq!(found(41, "/// Long.\n#[must_use]\npub async ", ""), ["x.rs:3"]);
    assert_eq!(found(41, "trait T { ", "}"), ["x.rs:1"]);
    assert_eq!(found(41, "impl T { ", "}"), ["x.rs:1"]);
    assert_eq!(found(40, "/// Long.\n", "\n\n\n"), NONE);
    assert_eq!(found(41, "#[cfg(test)]\n", ""), NONE);
    assert_eq!(found(41, "#[cfg(test)]\nmod tests {", "}"), NONE);
}

#[test]
fn a_file_is_measured_without_its_tests() {
    let found = |lines: usize, tests: &str| {
        let text = format!("{}{tests}", "// A line.\n".repeat(lines));
        places(sizes::long_files(&tree(&[("x.rs", &text)])))
    };
    assert_eq!(found(301, ""), ["x.rs:301"]);
    assert_eq!(found(300, ""), NONE);
    assert_eq!(found(300, "#[cfg(test)]\n#[allow(x)]\nmod tests {\n\n}\n"), NONE);
    assert_eq!(found(300, "#[cfg(test)]\nmod tests {\n\n}\nfn f() {}\n"), ["x.rs:301"]);
}

#[test]
fn parameters_are_counted_and_looked_at() {
    let many = |text| places(sizes::many_parameters(&tree(&[("x.rs", text)])));
    assert_eq!(many("fn f(a: A, b: A, c: A, d: A, e: A, f: A, g: A, h: A) {}"), ["x.rs:1"]);
    assert_eq!(many("impl A { fn f(&self, b: A, c: A, d: A, e: A, f: A, g: A, h: A) {} }"), ["x.rs:1"]);
    assert_eq!(many("trait A { fn f(self, b: A, c: A, d: A, e: A, f: A, g: A); }"), NONE);
    let tuples = |text| places(sizes::tuple_parameters(&tree(&[("x.rs", text)])));
    for text in ["fn f((a, b): (A, B)) {}", "fn f(a: &mut (A, B)) {}", "trait T { fn f(&self, a: &(A, B)); }"] {
        assert_eq!(tuples(text), ["x.rs:1"], "{text}");
    }
    for text in
        ["fn f(a: ()) -> (A, B) { |(a, b): (A, B)| 1 }", "fn f(a: &[(A, B)]) {}", "#[cfg(test)]\nfn f(a: (A, B)) {}"]
    {
        assert_eq!(tuples(text), NONE, "{text}");
    }
}

#[test]
fn files_of_a_test_build_are_left_out() {
    let paths = |files: &[(&str, &str)]| tree(files).files.into_iter().map(|file| file.path).collect::<Vec<_>>();
    let declares = ("x.rs", "#[cfg(all(test, unix))]\nmod laws;\n#[cfg(test)]\n#[path = \"x_tests.rs\"]\nmod tests;");
    let tests = [("x/laws/mod.rs", ""), ("x/laws/p1.rs", ""), ("x_tests.rs", "")];
    assert_eq!(paths(&[declares, tests[0], tests[1], tests[2]]), ["src/lib.rs", "src/x.rs"]);
    let others = ("x.rs", "#[cfg(not(test))]\nmod y;\n#[cfg(any(test, unix))]\nmod z;");
    let built = ["src/lib.rs", "src/x.rs", "src/x/y.rs", "src/x/z.rs"];
    assert_eq!(paths(&[others, ("x/y.rs", ""), ("x/z.rs", "")]), built);
}

#[test]
fn the_figures_are_those_of_the_tree() {
    let context = (
        "controller/context.rs",
        "pub struct Context { a: A, b: B }\nfn f(x: &Context, y: (A, B)) {}\nfn g(c: Context) {}\nimpl Context { fn h(&self) {} }",
    );
    let text = report(&tree(&[HUB, LEAF, ("domain/a.rs", "pub struct A;"), context]));
    let figure = |name: &str| {
        text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim).unwrap_or_default().to_owned()
    };
    assert_eq!(figure("files in src/controller, without test files"), "2");
    assert_eq!(figure("lines without tests: controller and domain"), "11");
    assert_eq!(figure("import circles"), "0");
    assert_eq!(figure("fields of the largest struct of controller"), "2 (Context, src/controller/context.rs)");
    assert_eq!(figure("  Context"), "2 fields, 2 functions take it, 1 methods");
    assert_eq!(figure("functions that take a Context"), "2");
    assert_eq!(figure("parameters that are anonymous tuples"), "1");
}
