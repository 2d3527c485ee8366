//! Trees with impure rules and with methods far from their type.

use super::{HUB, LEAF, NONE, places, tree};
use crate::{ownership, purity};

#[test]
fn what_is_impure_is_found() {
    let clock = ("clock.rs", "pub struct Clock;");
    let broken = [
        "async fn f() {}",
        "trait T { async fn f(); }",
        "fn f() { async {} }",
        "fn f() { let c = async || 1; }",
        "fn f() { m!(x.await) }",
        "use std::sync::Mutex;",
        "struct S { lock: std::sync::RwLock<u8> }",
        "fn f(_: Semaphore) {}",
        "use kube::Client;",
        "fn f(_: &crate::pam::PamClient) {}",
        "fn f() { Instant::now() }",
        "fn f() { jiff::Timestamp::now() }",
        "fn f() { m!(std::time::SystemTime::now()) }",
        "use tokio::time::Duration;",
        "use crate::clock::Clock;",
    ];
    for path in ["domain/x.rs", "controller/credential/facts/x.rs"] {
        for text in broken {
            assert_eq!(places(purity::findings(&tree(&[clock, (path, text)]))), [format!("{path}:1")], "{text}");
        }
    }
    let waits = ("domain/x.rs", "async fn f() {\n    g().await\n}");
    assert_eq!(places(purity::findings(&tree(&[waits]))), ["domain/x.rs:1", "domain/x.rs:2"]);
}

#[test]
fn what_is_pure_or_need_not_be_is_allowed() {
    let pure =
        "use jiff::Timestamp;\nfn f(now: Timestamp, client_id: &str) { now.since(now) }\n#[cfg(test)]\nuse tokio::x;";
    let impure = "use tokio::sync::Mutex;\nasync fn f() { Instant::now() }";
    for (path, text) in [("domain/x.rs", pure), ("controller/credential/observe/x.rs", impure), ("pam/x.rs", impure)] {
        assert_eq!(places(purity::findings(&tree(&[(path, text)]))), NONE, "{path}");
    }
}

#[test]
fn methods_in_another_file_are_found() {
    let found = |text| places(ownership::findings(&tree(&[HUB, LEAF, ("domain/a.rs", text)])));
    for text in ["use super::B;\nimpl B {}", "use super::*;\nimpl<'a> B {}", "use super::b::B as C;\nimpl C {}"] {
        assert_eq!(found(text), ["domain/a.rs:2"], "{text}");
    }
    assert_eq!(found("impl crate::domain::B {}"), ["domain/a.rs:1"]);
    assert_eq!(found("impl super::b::MadeByAMacro {}"), ["domain/a.rs:1"]);
    assert_eq!(found("mod inner { use super::super::B; impl B {} }"), ["domain/a.rs:1"]);
    let fine = [
        "use super::B;\nimpl Clone for B {}",
        "struct A;\nimpl A {}",
        "mod inner { pub struct A; }\nimpl inner::A {}",
        "made!(A);\nimpl A {}",
        "use super::B;\n#[cfg(test)]\nimpl B {}",
    ];
    for text in fine {
        assert_eq!(found(text), NONE, "{text}");
    }
}
