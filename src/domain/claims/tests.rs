//! What one object's claim is to another.

use super::*;
use crate::domain::VaultId;

fn book() -> ClaimBook {
    let mut claims = ClaimBook::default();
    claims.living.extend(["a", "b"].map(str::to_owned));
    claims
}

fn name(name: &str) -> ObjectName {
    ObjectName { namespace: "ns".into(), name: name.into() }
}

fn at(origin: &str) -> VaultId {
    VaultId::new(origin, None)
}

fn wish(identifier: &str, account: &str) -> ClaimRequest {
    ClaimRequest {
        vault: at("https://pam"),
        identifier: identifier.into(),
        account: account.into(),
        device: None,
        record: None,
        by_tenant: false,
        now: Timestamp::UNIX_EPOCH,
    }
}

fn of(tenant: &str) -> ClaimRequest {
    ClaimRequest { vault: VaultId::new("https://pam", Some(tenant)), ..wish("i", "x") }
}

#[test]
fn an_object_that_is_gone_claims_nothing_any_more() {
    let mut claims = book();
    claims.forget("a");
    assert_eq!(claims.claim("a", &name("a"), &wish("i", "x")), Ok(false));
    assert_eq!(claims.claim("b", &name("b"), &wish("i", "x")), Ok(false), "nobody has it");
}

#[test]
fn p4_what_a_gone_object_is_writing_is_free_when_its_pass_is_over_and_its_write_cannot_arrive_any_more() {
    let mut claims = book();
    claims.begin_pass("a");
    assert_eq!(claims.claim("a", &name("a"), &wish("i", "x")), Ok(false));
    claims.forget("a");
    claims.forget("a");
    assert_eq!(claims.claim("b", &name("b"), &wish("i", "x")), Err(Taken::Identifier(name("a"))));
    let mut answered = claims.clone();
    assert!(answered.close_pass("a") && !answered.close_pass("a"));
    assert_eq!(answered.claim("b", &name("b"), &wish("i", "x")), Ok(false));
    claims.note_lost("a", Timestamp::UNIX_EPOCH);
    claims.lose("a", Timestamp::UNIX_EPOCH);
    assert!(claims.close_pass("a") && !claims.close_pass("a"));
    let at = |second| ClaimRequest { now: Timestamp::from_second(second).unwrap(), ..wish("i", "x") };
    assert_eq!(claims.claim("b", &name("b"), &at(89)), Err(Taken::Identifier(name("a"))));
    assert_eq!(claims.claim("b", &name("b"), &at(90)), Ok(false));
}

#[test]
fn tenants_that_are_surely_different_are_different_places_and_all_others_are_one() {
    let mut claims = book();
    claims.living.insert("c".to_owned());
    assert_eq!(claims.claim("a", &name("a"), &of("acme")), Ok(false));
    assert_eq!(claims.claim("b", &name("b"), &of("umbrella")), Ok(false));
    assert_eq!(claims.claim("c", &name("c"), &of("Umbrella")), Err(Taken::Identifier(name("b"))));
    assert!(claims.claim("c", &name("c"), &wish("i", "x")).is_err(), "the host's own tenant may be either");
}

#[test]
fn those_who_write_the_same_onto_a_device_share_it_and_no_others() {
    let mut claims = book();
    let onto = |account, block: &str| ClaimRequest {
        device: Some(DeviceClaim { device: "d".into(), block: block.into() }),
        ..wish(account, account)
    };
    assert_eq!(claims.claim("a", &name("a"), &onto("i", "1")), Ok(false));
    assert_eq!(claims.claim("b", &name("b"), &onto("j", "2")), Err(Taken::Device(name("a"))));
    assert_eq!(claims.claim("b", &name("b"), &onto("j", "1")), Ok(false));
    assert_eq!(claims.claim("a", &name("a"), &onto("i", "2")), Err(Taken::Device(name("b"))));
    assert_eq!(claims.claim("b", &name("b"), &wish("j", "j")), Ok(true), "it writes nothing onto it any more");
    assert_eq!(claims.claim("a", &name("a"), &onto("i", "2")), Ok(true));
}

#[test]
fn whoever_asks_first_has_it_until_it_goes() {
    let mut claims = book();
    assert_eq!(claims.claim("a", &name("a"), &wish("i", "x")), Ok(false));
    assert_eq!(claims.claim("a", &name("a"), &wish("i", "x")), Ok(false), "again is no conflict");
    assert_eq!(claims.claim("b", &name("b"), &wish("i", "y")), Err(Taken::Identifier(name("a"))));
    assert_eq!(claims.claim("b", &name("b"), &wish("j", "x")), Err(Taken::Account(name("a"))));
    claims.forget("a");
    assert_eq!(claims.claim("b", &name("b"), &wish("i", "x")), Ok(false));
}

#[test]
fn another_pam_is_another_place() {
    let mut claims = book();
    let elsewhere = ClaimRequest { vault: at("https://other"), ..wish("i", "x") };
    assert_eq!(claims.claim("a", &name("a"), &wish("i", "x")), Ok(false));
    assert_eq!(claims.claim("b", &name("b"), &elsewhere), Ok(false));
}

#[test]
fn whoever_only_asks_learns_who_has_it_and_claims_nothing() {
    let mut claims = book();
    assert_eq!(claims.holder("a", &name("a"), &wish("i", "x")), None);
    assert_eq!(claims.claim("b", &name("b"), &wish("i", "x")), Ok(false), "nobody has it");
    assert_eq!(claims.holder("b", &name("b"), &wish("i", "x")), None, "nobody else");
    assert_eq!(claims.holder("a", &name("a"), &wish("i", "y")), Some(Taken::Identifier(name("b"))));
    assert_eq!(claims.holder("a", &name("a"), &wish("j", "x")), Some(Taken::Account(name("b"))));
}

#[test]
fn whoever_got_nothing_by_a_claim_keeps_nobody_from_it() {
    let mut claims = book();
    assert_eq!(claims.claim("a", &name("a"), &wish("i", "x")), Ok(false));
    assert!(claims.give_back("a", false));
    assert!(!claims.give_back("a", false), "once");
    assert_eq!(claims.claim("b", &name("b"), &wish("i", "x")), Ok(false));
    claims.keep("b", None);
    assert!(!claims.give_back("b", true), "it was written");
    assert_eq!(claims.claim("a", &name("a"), &wish("i", "y")), Err(Taken::Identifier(name("b"))));
    assert!(!claims.give_back("a", true));
}

#[test]
fn whoever_cannot_move_has_what_it_had_before() {
    let mut claims = book();
    assert_eq!(claims.claim("a", &name("a"), &wish("i", "x")), Ok(false));
    claims.keep("a", None);
    assert_eq!(claims.claim("a", &name("a"), &wish("i", "y")), Ok(true));
    assert!(claims.give_back("a", false));
    assert_eq!(claims.claim("b", &name("b"), &wish("j", "x")), Err(Taken::Account(name("a"))));
    assert_eq!(claims.claim("b", &name("b"), &wish("j", "y")), Ok(false));
}

#[test]
fn whoever_moves_on_frees_what_it_had() {
    let mut claims = book();
    assert_eq!(claims.claim("a", &name("a"), &wish("i", "x")), Ok(false));
    assert_eq!(claims.claim("b", &name("b"), &wish("j", "x")), Err(Taken::Account(name("a"))));
    assert_eq!(claims.claim("a", &name("a"), &wish("i", "z")), Ok(true));
    assert_eq!(claims.claim("b", &name("b"), &wish("j", "x")), Ok(false));
}

#[test]
fn whoever_moved_says_so_once_more_when_its_record_has_moved_too() {
    let mut claims = book();
    assert_eq!(claims.claim("a", &name("a"), &wish("i", "x")), Ok(false));
    assert!(!claims.keep("a", None), "it had nothing before");
    assert_eq!(claims.claim("a", &name("a"), &wish("i", "z")), Ok(true));
    assert!(claims.keep("a", None), "who came in between found the record where it was");
    assert!(!claims.keep("a", None), "once");
    assert_eq!(claims.claim("a", &name("a"), &wish("i", "z")), Ok(false));
    assert!(!claims.keep("a", None), "it has what it had");
}

/// An object whose status has that identifier.
fn noted(identifier: &str) -> NotedClaims {
    let vault = at("https://pam");
    let identifier = Some(identifier.to_owned());
    let held = HeldClaims { vault, record: "7".into(), identifier, ..HeldClaims::default() };
    NotedClaims { name: name("a"), held: Some(held), ..NotedClaims::default() }
}

#[test]
fn an_identifier_that_is_just_being_sent_is_newer_than_the_status() {
    let mut claims = book();
    claims.note("a", noted("i"));
    assert_eq!(claims.claim("a", &name("a"), &wish("j", "x")), Ok(true));
    claims.note("a", noted("i"));
    assert_eq!(claims.holder("b", &name("b"), &wish("j", "y")), Some(Taken::Identifier(name("a"))));
    assert_eq!(claims.holder("b", &name("b"), &wish("i", "y")), None);
}

#[test]
fn an_identifier_that_a_status_says_no_more_is_free() {
    let mut claims = book();
    claims.note("a", noted("i"));
    claims.note("a", noted("j"));
    assert_eq!(claims.holder("b", &name("b"), &wish("j", "y")), Some(Taken::Identifier(name("a"))));
    assert_eq!(claims.holder("b", &name("b"), &wish("i", "y")), None);
}
