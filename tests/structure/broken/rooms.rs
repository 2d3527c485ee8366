//! Trees whose rooms and modules name what they must not, and what they may.

use super::{NONE, places, tree};
use crate::rooms;

#[test]
fn a_file_outside_the_rooms_is_homeless() {
    let declares = ("controller/mod.rs", "mod run;\nmod lost;\npub use run::run;");
    let rooms = [("controller/run.rs", "pub fn run() {}"), ("controller/credential/act/mod.rs", "pub struct Outcome;")];
    assert_eq!(places(rooms::homeless(&tree(&[declares, rooms[0], rooms[1]]))), NONE);
    assert_eq!(places(rooms::homeless(&tree(&[declares, ("controller/lost.rs", "")]))), ["controller/lost.rs:1"]);
    assert_eq!(places(rooms::homeless(&tree(&[("controller/mod.rs", "const X: u8 = 1;")]))), ["controller/mod.rs:1"]);
}

const ROOMS: [(&str, &str); 11] = [
    ("controller/mod.rs", "mod run;\npub use run::run;"),
    ("controller/run.rs", "pub fn run() {}"),
    ("controller/controllers.rs", "pub struct Of;"),
    ("controller/credential/mod.rs", "pub mod act;"),
    ("controller/credential/act/mod.rs", "pub struct Outcome;"),
    ("controller/safe_password/mod.rs", "pub struct Safe;"),
    ("controller/connection/resolve.rs", "pub struct Resolver;"),
    ("message/problem.rs", "pub struct Problem;"),
    ("controller/secret/digest.rs", "pub struct Digest;"),
    ("signals.rs", "pub fn stop() {}"),
    ("pam/client.rs", "pub struct PamClient;"),
];

fn upward(path: &str, text: &str) -> Vec<String> {
    let files: Vec<_> = ROOMS.into_iter().filter(|(other, _)| *other != path).chain([(path, text)]).collect();
    places(rooms::upward(&tree(&files)))
}

#[test]
fn an_arrow_that_runs_up_is_found() {
    let up = [
        ("controller/controllers.rs", "use super::run;"),
        ("controller/credential/watch.rs", "use crate::controller::controllers::Of;"),
        ("controller/credential/facts/x.rs", "fn f() { crate::controller::run() }"),
        ("controller/connection/health/x.rs", "use super::super::super::credential::act::Outcome;"),
        ("controller/secret/x.rs", "use crate::controller::connection::resolve::Resolver;"),
        ("controller/secret/x.rs", "fn f(_: crate::controller::safe_password::Safe) {}"),
        ("controller/runtime/x.rs", "use crate::controller::{secret::digest::Digest};"),
        ("controller/runtime/x.rs", "use crate::controller::secret;"),
        ("controller/secret/x.rs", "use crate::signals::stop;"),
        ("controller/secret/x.rs", "pub(super) use crate::controller::run as start;"),
        ("controller/credential/x.rs", "use crate::controller::safe_password::Safe;"),
        ("controller/safe_password/x.rs", "use crate::controller::credential;"),
    ];
    for (path, text) in up {
        assert_eq!(upward(path, text), [format!("{path}:1")], "{text}");
    }
}

#[test]
fn an_arrow_that_runs_down_is_allowed() {
    let down = [
        ("controller/run.rs", "use super::controllers::Of;\npub fn run() {}"),
        ("controller/controllers.rs", "use super::{credential::act::Outcome, safe_password::Safe};"),
        (
            "controller/credential/x.rs",
            "use crate::controller::{connection::resolve::Resolver, credential::act::Outcome};",
        ),
        ("controller/connection/x.rs", "use crate::{controller::secret::digest::Digest, message::problem::Problem};"),
        ("controller/connection/x.rs", "use crate::pam::client::PamClient;"),
        ("controller/secret/x.rs", "#[cfg(test)]\nmod tests { use crate::controller::run; }"),
    ];
    for (path, text) in down {
        assert_eq!(upward(path, text), NONE, "{text}");
    }
}

#[test]
fn a_wall_between_modules_is_kept() {
    let around = [("pam/mod.rs", "pub struct P;"), ("api/mod.rs", "pub struct K;"), ("config.rs", "pub struct C;")];
    let found = |path: &'static str, text: &'static str| {
        let files: Vec<_> = around.into_iter().chain(ROOMS).chain([(path, text)]).collect();
        places(rooms::walls(&tree(&files)))
    };
    let broken = [
        ("api/x.rs", "use crate::pam::P;"),
        ("api/x.rs", "use crate::config::C;"),
        ("api/x.rs", "use crate::controller::run;"),
        ("pam/x.rs", "use crate::api::K;"),
        ("pam/x.rs", "fn f() { crate::controller::run() }"),
        ("controller/runtime/x.rs", "use crate::pam::P;"),
        ("controller/runtime/x.rs", "use crate::message::problem::Problem;"),
        ("pam/x.rs", "use crate::message::problem::Problem;"),
        ("kubernetes/x.rs", "use crate::api::K;"),
        ("secret/x.rs", "use crate::message::problem::Problem;"),
        ("message/x.rs", "use crate::controller::connection::resolve::Resolver;"),
        ("login/x.rs", "fn f() { crate::controller::run() }"),
    ];
    for (path, text) in broken {
        assert_eq!(found(path, text), [format!("{path}:1")], "{text}");
    }
    assert_eq!(found("login/x.rs", "use crate::{api::K, pam::P, message::problem::Problem};"), NONE);
    assert_eq!(found("pam/x.rs", "use crate::config::C; use super::P;"), NONE);
    assert_eq!(found("controller/connection/x.rs", "use crate::pam::P;"), NONE);
    assert_eq!(found("controller/runtime/x.rs", "use crate::api::K;"), NONE);
}

#[test]
fn p5_a_read_of_a_value_by_the_operator_is_found() {
    let room = [
        ("pam/mod.rs", "mod client;\npub mod reading;\npub use client::PamClient;"),
        ("pam/client.rs", "pub struct PamClient;"),
        ("pam/reading/mod.rs", "mod reader;\npub use reader::Reader;"),
        ("pam/reading/reader.rs", "use super::super::client::PamClient;\npub struct Reader;"),
    ];
    let found = |path: &'static str, text: &'static str| {
        let files: Vec<_> = room.into_iter().filter(|(other, _)| *other != path).chain([(path, text)]).collect();
        places(rooms::reads(&tree(&files)))
    };
    let broken = [
        ("controller/credential/observe/x.rs", "use crate::pam::reading::Reader;"),
        ("controller/credential/act/x.rs", "use crate::pam::reading;"),
        ("controller/run.rs", "fn f() { crate::pam::reading::Reader::of() }"),
        ("controller/run.rs", "use crate::pam::{PamClient, reading::{self as other}};"),
        ("domain/x.rs", "fn f(_: crate::pam::reading::Reader) {}"),
        ("main.rs", "use pam_operator::pam::reading::*;"),
        ("bin/x.rs", "use pam_operator::pam::reading::Reader as Other;"),
        ("message/x.rs", "pub use crate::pam::reading::Reader;"),
        ("pam/client.rs", "fn f() { super::reading::Reader::of() }"),
        ("pam/inventory/x.rs", "macro_rules! m { () => { crate::pam::reading::Reader::of() } }"),
    ];
    for (path, text) in broken {
        assert_eq!(found(path, text), [format!("{path}:1")], "{text}");
    }
    assert_eq!(found("pam/mod.rs", "mod client;\npub mod reading;\npub use reading::Reader;"), ["pam/mod.rs:3"]);
    assert_eq!(found("controller/run.rs", "use crate::pam::PamClient;"), NONE);
    assert_eq!(found("pam/reading/x.rs", "use super::Reader;"), NONE);
}

#[test]
fn a_kind_in_the_runtime_is_found() {
    let api = ("api/mod.rs", "pub struct PamCredential;\npub const GROUP: u8 = 1;");
    let found = |text| places(rooms::kinds_in_runtime(&tree(&[api, ("controller/runtime/x.rs", text)])));
    assert_eq!(found("use crate::api::GROUP;\nuse crate::api::PamCredential as Kind;"), ["controller/runtime/x.rs:2"]);
    assert_eq!(found("fn f(_: crate::api::PamConnection) {}"), ["controller/runtime/x.rs:1"]);
    assert_eq!(found("use crate::api::GROUP;"), NONE);
}

#[test]
fn what_domain_and_pam_must_not_know_is_found() {
    let found = |path, text| places(rooms::foreign(&tree(&[("api.rs", "pub struct K;"), (path, text)])));
    let broken = [
        ("domain/x.rs", "use serde::Serialize;"),
        ("domain/x.rs", "pub use tracing;"),
        ("domain/x.rs", "pub use serde::Serialize;"),
        ("domain/x.rs", "fn f() { tracing::info!(\"x\") }"),
        ("domain/x.rs", "#[derive(Debug, serde::Serialize)] struct S;"),
        ("domain/x.rs", "use crate::api::K;"),
        ("pam/x.rs", "use kube::Client;"),
        ("pam/x.rs", "fn f(_: k8s_openapi::X) {}"),
    ];
    for (path, text) in broken {
        assert_eq!(found(path, text), [format!("{path}:1")], "{text}");
    }
    let fine =
        "use std::fmt;\nuse jiff::Timestamp;\nfn f<T>() { u8::from(1); Vec::new(); fmt::write(); T::x(); i32::MAX }";
    assert_eq!(found("domain/x.rs", fine), NONE);
    assert_eq!(found("domain/x.rs", "macro_rules! m { ($a:ident) => { #[allow(clippy::x)] $a::b } }"), NONE);
    assert_eq!(found("pam/x.rs", "use serde::Serialize;"), NONE);
}
