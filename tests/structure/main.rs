//! Holds the layout of `src`, and of the plugin's `kubectl-pam/src`: arrows that run one way, a pure core, types with one file, small files and functions.
//!
//! `cargo test --test structure` checks this checkout. `cargo test --test structure -- --nocapture report` prints its
//! figures. `STRUCTURE_ROOT=/path/to/a/checkout` makes both look at another checkout.
//!
//! Items that only a test build compiles are never looked at, except for orphans. What a macro makes is not seen, but the paths among the
//! tokens of a macro are.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod broken;
mod circles;
mod collect;
mod finding;
mod functions;
mod leftovers;
mod names;
mod orphans;
mod ownership;
mod plugin;
mod prose;
mod purity;
mod report;
mod rooms;
mod sizes;
mod tree;

use finding::none;
use tree::Tree;

#[test]
fn files_form_no_circle() {
    none(circles::findings(&Tree::checkout()));
}

#[test]
fn each_file_belongs_to_a_crate() {
    none(orphans::findings(&Tree::checkout()));
}

#[test]
fn each_file_of_controller_is_in_a_room() {
    none(rooms::homeless(&Tree::checkout()));
}

#[test]
fn rooms_of_controller_name_only_what_is_below() {
    none(rooms::upward(&Tree::checkout()));
}

#[test]
fn api_pam_and_runtime_keep_to_themselves() {
    none(rooms::walls(&Tree::checkout()));
}

#[test]
fn p5_no_part_of_the_operator_names_the_reading_of_values() {
    none(rooms::reads(&Tree::checkout()));
}

#[test]
fn runtime_names_no_kind() {
    none(rooms::kinds_in_runtime(&Tree::checkout()));
}

#[test]
fn domain_names_std_and_jiff_only_and_pam_no_kubernetes() {
    none(rooms::foreign(&Tree::checkout()));
}

#[test]
fn domain_and_facts_are_pure() {
    none(purity::findings(&Tree::checkout()));
}

#[test]
fn methods_are_in_the_file_of_their_type() {
    none(ownership::findings(&Tree::checkout()));
}

#[test]
fn functions_are_short() {
    none(sizes::long_functions(&Tree::checkout()));
}

#[test]
fn files_are_short() {
    none(sizes::long_files(&Tree::checkout()));
}

#[test]
fn functions_take_few_parameters() {
    none(sizes::many_parameters(&Tree::checkout()));
}

#[test]
fn no_parameter_is_an_anonymous_tuple() {
    none(sizes::tuple_parameters(&Tree::checkout()));
}

#[test]
fn the_plugin_names_no_controller() {
    none(plugin::placed(plugin::closed(&Tree::plugin())));
}

#[test]
fn the_plugin_is_laid_out_as_the_operator_is() {
    let tree = Tree::plugin();
    let rules = [
        circles::findings,
        orphans::findings,
        ownership::findings,
        sizes::long_functions,
        sizes::long_files,
        sizes::many_parameters,
        sizes::tuple_parameters,
    ];
    none(plugin::placed(rules.into_iter().flat_map(|rule| rule(&tree)).collect()));
}

#[test]
fn tests_put_no_files_where_they_stay() {
    none(leftovers::findings(&tree::root()));
}

#[test]
fn what_users_read_is_plain() {
    none(prose::findings(&tree::root(), &Tree::checkout()));
}

#[test]
#[allow(clippy::print_stdout, reason = "the table is what is asked for")]
fn report() {
    println!("{}", report::report(&Tree::checkout()));
}
