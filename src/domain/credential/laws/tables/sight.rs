//! Which row of the table a list shows, and what an answer says.

use crate::domain::{
    Account, Answer, Binding, Expect, Expected, Identifiers, Mismatch, RecordId, RecordIdentifier, Row, Seen,
    TenantName, WriteEffect, judge, match_rows,
};

fn account(username: &str) -> Account {
    Account { username: username.into(), hostname: "db01".into(), ip: "10.0.0.7".into() }
}

fn row(id: &str, identifier: Option<&str>, username: &str) -> Row {
    let identifier = identifier.map(Into::into);
    Row { id: id.into(), identifier, account: account(username), rotates: false, ssh_key: false }
}

#[test]
fn each_row_of_the_table_is_recognised() {
    let (own, former) = ("ours", ["once".to_owned()]);
    let identifiers = Identifiers { own, former: &former };
    let first = |rows: &[Row]| match_rows(rows, Binding::Unbound, None, identifiers, &account("svc"));
    let rotates = false;
    assert_eq!(first(&[]), Seen::Neither);
    assert_eq!(first(&[row("1", Some("ours"), "SVC")]), Seen::IdentifierOnAccount { rotates: false });
    assert_eq!(first(&[row("1", Some("ours"), "other")]), Seen::IdentifierElsewhere { rotates });
    assert_eq!(first(&[row("1", Some("once"), "svc")]), Seen::FormerOnAccount { rotates });
    assert_eq!(first(&[row("1", Some("once"), "other")]), Seen::Neither, "the account was changed since");
    assert_eq!(first(&[row("1", Some("once"), "svc"), row("2", Some("ours"), "other")]), Seen::Tangled);
    assert_eq!(first(&[row("1", None, "svc")]), Seen::AccountBare { rotates: false });
    assert_eq!(first(&[row("1", Some("theirs"), "svc")]), Seen::AccountOther { rotates });
    assert_eq!(first(&[row("1", Some("ours"), "other"), row("2", None, "svc")]), Seen::Tangled);
    assert_eq!(first(&[row("1", None, "svc"), row("2", None, "svc")]), Seen::Tangled);
    assert_eq!(first(&[Row { ssh_key: true, ..row("1", None, "svc") }]), Seen::Tangled);
}

#[test]
fn our_own_record_is_recognised_by_its_id() {
    let identifiers = Identifiers { own: "ours", former: &[] };
    let look = |rows: &[Row], recorded| match_rows(rows, recorded, Some("1"), identifiers, &account("svc"));
    let here = |rows: &[Row]| look(rows, Binding::Bound);
    assert_eq!(here(&[row("1", Some("ours"), "svc")]), Seen::Ours { at_account: true, rotates: false });
    assert_eq!(here(&[row("1", Some("ours"), "old")]), Seen::Ours { at_account: false, rotates: false });
    assert_eq!(here(&[row("1", Some("theirs"), "svc")]), Seen::Ours { at_account: false, rotates: false });
    assert_eq!(here(&[row("1", Some("theirs"), "old")]), Seen::Tangled, "a POST would not reach it");
    assert_eq!(here(&[row("1", Some("ours"), "old"), row("2", None, "svc")]), Seen::Tangled);
    assert_eq!(here(&[row("2", Some("ours"), "svc")]), Seen::IdentifierOnAccount { rotates: false });
    assert_eq!(
        look(&[row("1", Some("ours"), "other")], Binding::BoundElsewhere),
        Seen::IdentifierElsewhere { rotates: false }
    );
    assert_eq!(
        look(&[row("1", Some("x"), "y")], Binding::BoundElsewhere),
        Seen::Neither,
        "an id proves nothing elsewhere"
    );
}

#[test]
fn an_answer_is_compared_with_what_was_decided() {
    let expected = |expect, id: Option<&str>| Expected {
        expect,
        id: id.and_then(RecordId::parse),
        identifier: "ours".into(),
        tenant: TenantName::parse("acme"),
        maybe_made_before: false,
    };
    let answer = |effect, id: &str| Answer {
        effect,
        id: RecordId::parse(id).unwrap(),
        identifier: Some(RecordIdentifier::of("ours")),
        tenant: TenantName::parse("acme"),
    };
    let (create, update) = (expected(Expect::Create, None), expected(Expect::Update, Some("1")));
    assert_eq!(judge(&create, &answer(WriteEffect::Created, "1")), None);
    assert_eq!(judge(&create, &answer(WriteEffect::Updated, "1")), Some(Mismatch::UpdatedInstead));
    assert_eq!(
        judge(&Expected { maybe_made_before: true, ..create.clone() }, &answer(WriteEffect::Updated, "1")),
        None
    );
    assert_eq!(judge(&create, &answer(WriteEffect::Unstated, "1")), None);
    assert_eq!(judge(&update, &answer(WriteEffect::Updated, "1")), None);
    assert_eq!(judge(&update, &answer(WriteEffect::Created, "2")), Some(Mismatch::CreatedInstead));
    assert_eq!(judge(&update, &answer(WriteEffect::Updated, "2")), Some(Mismatch::OtherId));
    let other = Answer { identifier: Some(RecordIdentifier::of("theirs")), ..answer(WriteEffect::Updated, "1") };
    assert_eq!(judge(&update, &other), Some(Mismatch::OtherIdentifier));
    assert_eq!(judge(&update, &Answer { identifier: None, ..other.clone() }), None);
    let elsewhere = Answer { tenant: TenantName::parse("umbrella"), ..answer(WriteEffect::Updated, "1") };
    assert_eq!(judge(&update, &elsewhere), Some(Mismatch::OtherTenant));
}
