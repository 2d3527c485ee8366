//! Plugins that name what they must not, and what they may.

use super::{NONE, places};
use crate::plugin;
use crate::tree::Tree;

fn closed(text: &str) -> Vec<String> {
    let files = [("src/main.rs", "mod x;\nfn main() {}"), ("src/x.rs", text)];
    places(plugin::closed(&Tree::of(files)))
}

#[test]
fn a_part_of_the_library_that_the_plugin_must_not_know_is_found() {
    for text in [
        "use pam_operator::controller;",
        "use pam_operator::controller::run;",
        "pub use pam_operator::controller::Error;",
        "use pam_operator::{api::PamCredential, leader::Leadership};",
        "fn f() { pam_operator::config::Config::parse() }",
        "fn f(_: &pam_operator::metrics::Metrics) {}",
        "use pam_operator as operator;",
        "use pam_operator::*;",
    ] {
        assert_eq!(closed(text), ["x.rs:1"], "{text}");
    }
}

#[test]
fn what_the_plugin_may_name_is_not_found() {
    for text in [
        "use pam_operator::api::PamCredential;",
        "use pam_operator::{login, message::Problem, pam::{Call, PamError}};",
        "fn f(_: pam_operator::domain::Reason) { pam_operator::kubernetes::bounded() }",
        "use crate::controller;",
        "#[cfg(test)]\nmod tests { use pam_operator::controller; }",
    ] {
        assert_eq!(closed(text), NONE, "{text}");
    }
}
