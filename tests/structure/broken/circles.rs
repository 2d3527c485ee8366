//! Trees with circles and without.

use super::{HUB, NONE, places, tree};
use crate::circles;

#[test]
fn a_circle_through_re_exports_is_found_with_its_lines() {
    let a = ("domain/a.rs", "use crate::domain::B;\npub struct A(B);");
    let b = ("domain/b.rs", "pub struct B;\n\nfn back() -> Option<super::A> { None }");
    let findings = circles::findings(&tree(&[HUB, a, b]));
    assert_eq!(findings.len(), 1);
    let text = findings[0].to_string();
    for part in
        ["src/domain/a.rs:1 names crate::domain::B", "src/domain/b.rs:3 names super::A", "[circles]", "Move what"]
    {
        assert!(text.contains(part), "{part} is missing: {text}");
    }
}

#[test]
fn every_way_to_name_a_thing_is_an_arrow() {
    let back = [
        "use super::{b::{self}}; fn f() { b::made() }",
        "use super::b; fn f() { b::made() }",
        "use super::b as other; fn f() { other::made() }",
        "use crate::domain::{B as Other};",
        "use super::*;",
        "fn f() { crate::domain::made() }",
        "fn f() { pam_operator::domain::b::made() }",
        "fn f() { use super::super::domain::B; }",
        "fn f() -> Vec<super::b::Unseen> { Vec::new() }",
        "mod inner { use super::super::B; }",
        "fn f() { log!(x, [super::made()]) }",
        "macro_rules! m { ($x:expr) => { $crate::domain::B } }",
        "impl super::b::Trait for A {}",
        "pub use super::b::made;",
    ];
    let b = ("domain/b.rs", "use super::A;\npub struct B;\npub fn made() {}");
    for text in back {
        let text = format!("pub struct A;\n{text}");
        let findings = circles::findings(&tree(&[HUB, ("domain/a.rs", &text), b]));
        assert_eq!(findings.len(), 1, "{text}");
    }
}

#[test]
fn one_way_is_no_circle() {
    let uses = "use super::B;\npub struct A;";
    let silent = [
        "pub(in crate::domain::a) struct C;",
        "#[cfg(test)]\nuse super::A;",
        "#[cfg(test)]\nmod tests { use super::super::A; }",
        "impl B { #[cfg(test)] fn f() { super::A::f() } }",
        "macro_rules! m { ($a:ident) => { $a::A } }",
        "/// See [`super::A`].\npub struct C;",
        "use super::super::domain;",
    ];
    for text in silent {
        let b = format!("pub struct B;\n{text}");
        assert_eq!(
            places(circles::findings(&tree(&[HUB, ("domain/a.rs", uses), ("domain/b.rs", &b)]))),
            NONE,
            "{text}"
        );
    }
}

#[test]
fn a_parent_is_named_only_where_it_defines_the_thing() {
    let child = ("x/child.rs", "use super::OWN;\npub struct Child;");
    let passes_on = ("x/mod.rs", "mod child;\npub use child::Child;\npub const OWN: u8 = 1;");
    assert_eq!(places(circles::findings(&tree(&[passes_on, child]))), NONE);
    let uses = ("x/mod.rs", "mod child;\npub use child::Child;\npub const OWN: u8 = 1;\nfn f(_: Child) {}");
    assert_eq!(places(circles::findings(&tree(&[uses, child]))), ["x/child.rs:1"]);
    let sibling = ("x/child.rs", "use super::Other;\npub struct Child;");
    let of_two =
        ("x/mod.rs", "mod child;\nmod other;\npub use child::Child;\npub use other::Other;\nfn f(_: Child) {}");
    assert_eq!(places(circles::findings(&tree(&[of_two, sibling, ("x/other.rs", "pub struct Other;")]))), NONE);
}
