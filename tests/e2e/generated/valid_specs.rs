//! P1: every field of every valid spec arrives where the vendor's pages say, on each product version.

use std::time::Instant;

use pam_simulator::{Kind, ProductVersion};

use super::case::{Case, nothing_was_given_away};
use super::expected::{WireField, documented, leaves};
use crate::random::Random;
use crate::support::Plan;

const SPECS: usize = 40;

#[tokio::test]
async fn every_field_of_every_valid_spec_arrives_where_the_pages_say_on_3_32() {
    every_field_arrives(ProductVersion::V3_32).await;
}

#[tokio::test]
async fn every_field_of_every_valid_spec_arrives_where_the_pages_say_on_3_33_1() {
    every_field_arrives(ProductVersion::V3_33_1).await;
}

#[tokio::test]
async fn every_field_of_every_valid_spec_arrives_where_the_pages_say_on_4_2() {
    every_field_arrives(ProductVersion::V4_2).await;
}

async fn every_field_arrives(version: ProductVersion) {
    let mut random = Random::of_this_run(&format!("valid specs on {version}"));
    let world = Plan::default().version(version).start().await;
    let cases: Vec<Case> = (0..SPECS).map(|n| Case::random(&format!("svc-{n}"), &world, &mut random)).collect();
    for case in &cases {
        case.admit(&world.sim);
    }
    let started = Instant::now();
    let mark = world.sim.mark();
    world.apply(cases.iter().flat_map(|case| case.objects(&world))).await;
    let synced = world.all_become(SPECS, &["Synced"]).await;
    eprintln!("{SPECS} specs on {version} in {:?}", started.elapsed());
    for credential in &synced {
        let case = cases.iter().find(|case| Some(&case.name) == credential.metadata.name.as_ref()).unwrap();
        let id = credential.status.as_ref().and_then(|status| status.id.clone()).unwrap();
        case.is_all_there_is(&world, &world.sim.record(&id).unwrap());
    }
    let journal = world.sim.since(mark);
    assert_eq!((journal.posts().len(), world.sim.records().len()), (SPECS, SPECS), "one POST each");
    assert_eq!(journal.len(), SPECS + journal.count(Kind::Token) + journal.count(Kind::ListCredentials));
    nothing_was_given_away(&world).await;
}

/// The expectations of these tests are the pages', and every field that is offered is tried.
#[test]
fn every_wire_field_that_is_expected_is_one_that_the_pages_name() {
    let mut random = Random::of_this_run("places");
    let mut tried = std::collections::BTreeSet::new();
    for _ in 0..60 {
        let spec = super::cel_rules::valid_spec(super::schema::Density(60), &mut random);
        tried.extend(leaves(&spec).into_iter().map(|leaf| leaf.wire_field));
    }
    let named = |wire_field: &WireField| match wire_field {
        WireField::Record("", key) | WireField::Device(key) => key.clone(),
        WireField::Record(block, key) => format!("{block}.{key}"),
        WireField::Kind => "credential_type".to_owned(),
        WireField::Content => "content".to_owned(),
    };
    let tried: std::collections::BTreeSet<String> = tried.iter().map(named).collect();
    // What has no place of its own: the account, the blocks themselves, items of lists, a second place for identifiers.
    let account = ["identifier", "username", "hostname", "ip"];
    let aside = |path: &str| {
        account.contains(&path) || path.contains("[]") || path.ends_with("_settings") || path.ends_with(".identifier")
    };
    for version in ["3.32", "3.33.1", "4.2"] {
        let documented =
            documented(version).into_iter().map(|path| path.replace("additional_settings[].", "additional_settings."));
        let documented = documented.filter(|path| !aside(path));
        // The simulator shows notes beside the settings, wherever they came in.
        let documented = documented.map(|path| path.replace("additional_settings.notes", "notes"));
        assert_eq!(tried, documented.collect(), "{version}");
    }
}
