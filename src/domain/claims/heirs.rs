//! Who gets the record of an object that is being deleted (P4, P7): over every object that waits beside it.

use super::*;
use crate::domain::VaultId;

/// The object that goes has record 7, identifier `i` and account `x` on device `d`.
const LEAVING: &str = "a";
/// The object that may come for that record.
const OTHER: &str = "b";
/// The connection of the object that goes.
const CONNECTION: &str = "leaving's";

fn vault(tenant: Option<&str>) -> VaultId {
    VaultId::new("https://pam", tenant)
}

fn object(namespace: &str, uid: &str) -> ObjectName {
    ObjectName { namespace: namespace.to_owned(), name: uid.to_owned() }
}

fn key(identifier: &str, account: Option<&str>, device: &str) -> RecordKey {
    let account = account.map(str::to_owned);
    RecordKey { identifier: identifier.to_owned(), account, device: device.to_owned() }
}

fn leaving(to: Option<ObjectName>) -> LeavingRecord {
    let (namespace, id) = ("ns".to_owned(), "7".to_owned());
    LeavingRecord {
        namespace,
        to,
        connection: CONNECTION.to_owned(),
        vault: vault(None),
        id,
        key: key("i", Some("x"), "d"),
    }
}

fn record(vault: &VaultId) -> VaultRecord<'_> {
    VaultRecord { vault, id: "7" }
}

/// A request of the object that comes, for its own identifier and the account of the record.
fn request(record: Option<&str>) -> ClaimRequest {
    ClaimRequest {
        vault: vault(None),
        identifier: "j".to_owned(),
        account: "x".to_owned(),
        device: None,
        record: record.map(str::to_owned),
        by_tenant: false,
        now: Timestamp::UNIX_EPOCH,
    }
}

fn held(vault: VaultId) -> HeldClaims {
    let text = |text: &str| Some(text.to_owned());
    HeldClaims { vault, record: "7".to_owned(), identifier: text("i"), account: text("x"), ..HeldClaims::default() }
}

/// The object that goes, and another one of that namespace that would have this record.
fn book(namespace: &str, wanted: Option<RecordKey>) -> ClaimBook {
    let mut book = ClaimBook::default();
    let name = object("ns", LEAVING);
    book.note(LEAVING, NotedClaims { name, held: Some(held(vault(None))), ..NotedClaims::default() });
    book.note(OTHER, NotedClaims { name: object(namespace, OTHER), ..NotedClaims::default() });
    book.want(
        OTHER,
        WantedRecord {
            name: object(namespace, OTHER),
            connection: CONNECTION.to_owned(),
            vault: vault(None),
            record: wanted,
        },
    );
    book
}

fn may_want() -> RecordKey {
    key("j", Some("x"), "d")
}

/// Whom the record can be handed to.
fn named() -> [Option<ObjectName>; 4] {
    [None, Some(object("ns", OTHER)), Some(object("other", OTHER)), Some(object("other", "nobody"))]
}

#[test]
fn p7_only_a_neighbour_or_the_named_object_gets_a_record_and_only_if_it_comes_for_it() {
    for namespace in ["ns", "other"] {
        for to in named() {
            for seeks in [None, Some("7"), Some("8")] {
                let mut book = book(namespace, Some(may_want()));
                book.seek(OTHER, &request(seeks));
                let may = to.as_ref().map_or(namespace == "ns", |to| *to == object(namespace, OTHER));
                let heir = (may && seeks == Some("7")).then(|| object(namespace, OTHER));
                assert_eq!(book.heir(LEAVING, &leaving(to.clone())), heir, "{namespace} {to:?} {seeks:?}");
            }
        }
    }
}

#[test]
fn p7_a_neighbour_of_which_nobody_knows_yet_what_it_comes_for_may_be_the_heir() {
    let (same, none) = (Some("x"), None);
    for (wanted, may) in [
        (key("j", same, "d"), true),
        (key("j", none, "d"), true),
        (key("j", Some("y"), "d"), false),
        (key("j", none, "e"), false),
        (key("i", Some("y"), "e"), true),
    ] {
        let mut book = book("ns", Some(wanted.clone()));
        assert_eq!(book.heir(LEAVING, &leaving(None)).is_some(), may, "{wanted:?}");
        assert!(book.seek(OTHER, &request(None)), "those who wait for it are told");
        assert!(!book.seek(OTHER, &request(None)), "once");
        assert_eq!(book.heir(LEAVING, &leaving(None)), None, "it comes for nothing that is there");
    }
}

#[test]
fn p7_an_object_that_may_not_have_a_record_or_is_gone_is_no_heir() {
    let mut plan = book("ns", None);
    plan.seek(OTHER, &request(Some("7")));
    assert_eq!(plan.heir(LEAVING, &leaving(None)), None);
    let mut stopped = book("ns", Some(may_want()));
    assert!(stopped.give_back(OTHER, true), "those who wait for it are told");
    assert_eq!(stopped.heir(LEAVING, &leaving(None)), None, "its Secret is missing");
    let name = object("ns", OTHER);
    stopped.want(
        OTHER,
        WantedRecord {
            name: name.clone(),
            connection: CONNECTION.to_owned(),
            vault: vault(None),
            record: Some(may_want()),
        },
    );
    assert_eq!(stopped.heir(LEAVING, &leaving(None)), None, "and is so however often the watch shows it");
    assert!(!stopped.give_back(OTHER, true), "once");
    stopped.seek(OTHER, &request(Some("7")));
    assert_eq!(stopped.heir(LEAVING, &leaving(None)), Some(name), "it has come");
    let mut gone = book("ns", Some(may_want()));
    gone.seek(OTHER, &request(Some("7")));
    gone.forget(OTHER);
    assert_eq!(gone.heir(LEAVING, &leaving(None)), None);
    let mut elsewhere = book("ns", Some(may_want()));
    elsewhere.seek(OTHER, &ClaimRequest { vault: VaultId::new("https://other", None), ..request(Some("7")) });
    assert_eq!(elsewhere.heir(LEAVING, &leaving(None)), None, "another vault's record of that id");
}

#[test]
fn p4_a_record_is_claimed_by_another_object_only_while_it_is_handed_over_to_that_object() {
    for namespace in ["ns", "other"] {
        for to in named() {
            for id in [None, Some("7"), Some("8")] {
                let (mut book, name) = (book(namespace, Some(may_want())), object(namespace, OTHER));
                let taken = Err(Taken::Account(object("ns", LEAVING)));
                assert_eq!(book.claim(OTHER, &name, &request(id)), taken, "before it is handed over");
                assert!(book.offer(LEAVING, &leaving(to.clone())) && !book.offer(LEAVING, &leaving(to.clone())));
                let may = to.as_ref().map_or(namespace == "ns", |to| *to == name) && id == Some("7");
                assert_eq!(book.is_offered(OTHER, &name, &request(id)), may);
                let claimed = book.claim(OTHER, &name, &request(id));
                assert_eq!((claimed.is_ok(), book.takes_over(OTHER)), (may, may), "{namespace} {to:?} {id:?}");
            }
        }
    }
}

#[test]
fn p7_a_record_that_was_claimed_is_not_disabled_and_one_that_was_not_is_claimed_no_more() {
    let here = vault(None);
    let name = object("other", OTHER);
    let mut book = book("other", Some(may_want()));
    book.seek(OTHER, &request(Some("7")));
    book.offer(LEAVING, &leaving(Some(name.clone())));
    let mut withdrawn = book.clone();
    assert!(withdrawn.withdraw(LEAVING, record(&here)));
    assert!(withdrawn.claim(OTHER, &name, &request(Some("7"))).is_err());
    assert_eq!(book.claim(OTHER, &name, &request(Some("7"))), Ok(false));
    assert!(!book.withdraw(LEAVING, record(&here)));
    assert_eq!(book.heir(LEAVING, &leaving(None)), Some(name.clone()), "even if the annotation goes");
    assert!(!book.is_shared(LEAVING, record(&here)), "its status does not say so yet");
    book.keep(OTHER, None);
    assert!(!book.withdraw(LEAVING, record(&here)));
    let status = HeldClaims { identifier: Some("j".to_owned()), ..held(here.clone()) };
    let noted = NotedClaims { name, held: Some(status), ..NotedClaims::default() };
    assert!(book.note(OTHER, noted.clone()), "the object that goes is told");
    assert!(!book.note(OTHER, noted), "once");
    assert!(book.is_shared(LEAVING, record(&here)) && !book.withdraw(LEAVING, record(&here)));
}

#[test]
fn p7_a_claim_of_which_nothing_came_keeps_nothing_from_being_disabled() {
    let (here, name) = (vault(None), object("ns", OTHER));
    let mut book = book("ns", Some(may_want()));
    book.seek(OTHER, &request(Some("7")));
    book.offer(LEAVING, &leaving(None));
    assert_eq!(book.claim(OTHER, &name, &request(Some("7"))), Ok(false));
    book.give_back(OTHER, false);
    assert_eq!(book.heir(LEAVING, &leaving(None)), Some(name), "it comes for it still");
    assert!(book.withdraw(LEAVING, record(&here)));
}

#[test]
fn p4_the_rest_of_the_object_that_goes_is_nobodys_before_it_is_gone() {
    let (mut book, name) = (book("ns", Some(may_want())), object("ns", OTHER));
    book.offer(LEAVING, &leaving(None));
    let other = ClaimRequest { identifier: "i".to_owned(), account: "y".to_owned(), ..request(None) };
    assert_eq!(book.claim(OTHER, &name, &other), Err(Taken::Identifier(object("ns", LEAVING))));
    book.forget(LEAVING);
    assert_eq!(book.claim(OTHER, &name, &other), Ok(false));
}

#[test]
fn p4_a_record_that_is_handed_over_is_claimed_by_one_object() {
    let (mut book, third) = (book("ns", Some(may_want())), object("ns", "c"));
    book.note("c", NotedClaims { name: third.clone(), ..NotedClaims::default() });
    book.offer(LEAVING, &leaving(None));
    assert_eq!(book.claim(OTHER, &object("ns", OTHER), &request(Some("7"))), Ok(false));
    let by_identifier = ClaimRequest { identifier: "i".to_owned(), account: "y".to_owned(), ..request(Some("7")) };
    let taken = Err(Taken::Account(object("ns", OTHER)));
    assert_eq!(book.claim("c", &third, &by_identifier), taken, "another identifier and account, and the same record");
    book.give_back(OTHER, false);
    assert_eq!(book.claim("c", &third, &by_identifier), Ok(false));
}

#[test]
fn p4_an_offer_is_no_longer_one_once_its_object_says_something_else() {
    for (first, then) in named().into_iter().flat_map(|first| named().map(|then| (first.clone(), then))) {
        let (mut book, name) = (book("other", Some(may_want())), object("other", OTHER));
        book.offer(LEAVING, &leaving(first.clone()));
        let was = book.is_offered(OTHER, &name, &request(Some("7")));
        book.retract(LEAVING, &leaving(then.clone()));
        let is = book.is_offered(OTHER, &name, &request(Some("7")));
        assert_eq!(is, was && first == then, "{first:?} {then:?}");
    }
}

#[test]
fn p4_a_record_is_known_by_the_identifier_of_the_object_that_has_it() {
    let book = book("ns", Some(may_want()));
    for (record, identifier, known) in
        [(Some("7"), "i", true), (Some("7"), "theirs", false), (Some("8"), "theirs", true), (None, "theirs", true)]
    {
        assert_eq!(book.is_known_as(OTHER, &request(record), identifier), known, "{record:?} {identifier}");
    }
    assert!(book.is_known_as(LEAVING, &request(Some("7")), "theirs"), "nobody else has it");
}

/// An object whose connection somebody has to mend is no heir for one that uses another connection: that one would be in
/// deletion for ever.
#[test]
fn p7_no_record_waits_for_the_connection_of_another_object() {
    for connection in [CONNECTION, "the heir's own"] {
        for seeks in [None, Some("7")] {
            let mut book = book("ns", None);
            let wanted = WantedRecord {
                name: object("ns", OTHER),
                connection: connection.to_owned(),
                vault: vault(None),
                record: Some(may_want()),
            };
            book.want(OTHER, wanted.clone());
            if let Some(id) = seeks {
                book.seek(OTHER, &request(Some(id)));
            }
            assert!(book.hold_up(OTHER) && !book.hold_up(OTHER), "those who wait for it are told once");
            book.want(OTHER, wanted);
            let waits = book.heir(LEAVING, &leaving(None)).is_some();
            assert_eq!(waits, connection == CONNECTION, "{connection} {seeks:?}");
            assert!(book.seek(OTHER, &request(Some("7"))), "those who wait for it are told");
            assert!(book.heir(LEAVING, &leaving(None)).is_some(), "it has come");
        }
    }
}

/// Nor is one that would still wait for a third object if the record were handed over.
#[test]
fn p7_a_third_object_in_the_way_is_told_from_the_one_that_goes() {
    let device = |block: &str| Some(DeviceClaim { device: "d".to_owned(), block: block.to_owned() });
    let asked = ClaimRequest { device: device("heir's"), ..request(Some("7")) };
    for (third, is_in_the_way) in [
        (None, false),
        (Some(ClaimRequest { identifier: "j".to_owned(), account: "z".to_owned(), ..request(None) }), true),
        (Some(ClaimRequest { identifier: "z".to_owned(), account: "z".to_owned(), ..request(None) }), false),
        (
            Some(ClaimRequest {
                identifier: "z".to_owned(),
                account: "z".to_owned(),
                device: device("third's"),
                ..request(None)
            }),
            true,
        ),
    ] {
        let mut book = book("ns", Some(may_want()));
        let (uid, name) = ("c", object("ns", "c"));
        book.note(uid, NotedClaims { name: name.clone(), ..NotedClaims::default() });
        if let Some(third) = third {
            assert_eq!(book.claim(uid, &name, &third), Ok(false));
            book.keep(uid, third.device.map(|device| device.block));
        }
        let heir = object("ns", OTHER);
        assert!(book.holder(OTHER, &heir, &asked).is_some(), "the one that goes has the record");
        assert_eq!(book.is_third_in_the_way(OTHER, &heir, &asked), is_in_the_way);
    }
}

/// An object whose write the PAM answered with another record does not keep the one that was handed over.
#[test]
fn p7_an_object_that_got_another_record_takes_none() {
    let mut book = book("ns", Some(may_want()));
    book.seek(OTHER, &request(Some("7")));
    book.offer(LEAVING, &leaving(None));
    assert_eq!(book.claim(OTHER, &object("ns", OTHER), &request(Some("7"))), Ok(false));
    assert!(book.takes_over(OTHER) && book.heir(LEAVING, &leaving(None)).is_some());
    assert!(book.come_for_nothing(OTHER) && !book.come_for_nothing(OTHER));
    assert!(!book.takes_over(OTHER) && book.heir(LEAVING, &leaving(None)).is_none());
    assert!(book.withdraw(LEAVING, record(&vault(None))));
}
