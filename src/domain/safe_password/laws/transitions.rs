//! Statuses and facts around single passes.

use super::bench::{Bench, NOW, OtherKey, entry, id, tag_of, version};
use super::world::at;
use super::{Binding, Connection, Decision, InFlightState, SecretsState, Switch, Write};
use crate::domain::keyed::REMOVED;
use crate::domain::laws::PlainKey;
use crate::domain::safe_password::{
    ACTIVE, CONTENT, InFlight, Input, NAME, Situation, Status, TOTP, USERS_ALLOWED, WriteResult, announce, situation,
    transition,
};

fn then(bench: &Bench, decision: Decision, result: WriteResult<'_>) -> Status {
    transition(&bench.input(&PlainKey), decision, result)
}

fn groups(input: &Input<'_>, write: Write) -> Vec<String> {
    input.content(write).into_keys().collect()
}

fn lost_write(bench: &mut Bench, groups: &[(&str, &str)], age: i64) {
    let groups = groups.iter().map(|(group, digest)| ((*group).to_owned(), (*digest).to_owned())).collect();
    bench.status.in_flight = Some(InFlight { create: None, groups, since: at(NOW - age) });
}

#[test]
fn p3_a_post_is_announced_with_all_that_finds_its_entry() {
    let mut bench = Bench::new().listing(&[entry("9", "x", "t"), entry("100", "x", "t"), entry("099", "x", "t")]);
    bench.status.attempt = 4;
    bench.desired.active = Some(true);
    let announced = announce(&bench.input(&PlainKey), Write::Create);
    let write = announced.in_flight.clone().unwrap();
    let create = write.create.unwrap();
    assert_eq!((announced.attempt, create.largest), (5, Some(id("100"))));
    assert_eq!(create.looks, bench.appearance.digest(&PlainKey));
    assert_eq!(write.groups.keys().collect::<Vec<_>>(), [CONTENT, NAME], "P4: a share would show the tag to others");
    assert_eq!(write.since, at(NOW));
    let doubted = announced.digests.iter().map(|(group, digest)| (group.as_str(), digest.as_str()));
    assert_eq!(doubted.collect::<Vec<_>>(), [(CONTENT, "?"), (NAME, "?")]);
}

#[test]
fn a_post_that_was_answered_is_recorded_with_what_it_carried() {
    let mut bench = Bench::posted();
    (bench.asked, bench.ended) = (Some("now".to_owned()), NOW + 5);
    let next = then(&bench, Decision::Send(Write::Create), WriteResult::Created(&id("105")));
    assert_eq!((next.identifier, next.attempt, next.in_flight), (Some(id("105")), 3, None));
    let digests: Vec<_> = next.digests.iter().map(|(group, digest)| (group.as_str(), digest.as_str())).collect();
    assert_eq!(digests, [(CONTENT, "k:v:1"), (NAME, "a")]);
    assert_eq!((next.source, next.handled.as_deref()), (vec![version("1")], Some("now")));
    assert_eq!((next.last_write, next.observed_generation), (Some(at(NOW + 5)), Some(7)));
    assert_eq!(next.vault.unwrap().used, bench.vault);
}

#[test]
fn p3_a_post_that_was_found_is_recorded_with_what_it_carried_then() {
    let bench = Bench::posted().listing(&[entry("101", "old", &tag_of(2))]);
    let next = then(&bench, Decision::Bind, WriteResult::Nothing);
    assert_eq!((next.identifier, next.attempt, next.in_flight), (Some(id("101")), 2, None));
    assert_eq!(next.digests.get(NAME).map(String::as_str), Some("old"), "the new name is due");
    assert_eq!((next.source.len(), next.last_write), (0, None));
    // Nothing of ours is in an entry that the user names.
    let mut named = Bench::posted().listing(&[entry("7", "x", "t")]);
    named.desired.identifier = Some(id("7"));
    let next = then(&named, Decision::Bind, WriteResult::Nothing);
    assert_eq!((next.identifier, next.digests.len(), next.in_flight), (Some(id("7")), 0, None));
}

#[test]
fn the_same_entry_in_a_vault_by_another_name_keeps_what_is_known_of_it() {
    let mut bench = Bench::bound().listing(&[entry("101", "a", "t")]);
    bench.vault.origin = "https://alias".to_owned();
    lost_write(&mut bench, &[(NAME, "b")], 10);
    let next = then(&bench, Decision::Bind, WriteResult::Nothing);
    assert_eq!((&next.digests, &next.in_flight), (&bench.status.digests, &bench.status.in_flight));
    assert_eq!(next.vault.unwrap().used.origin, "https://alias");
}

#[test]
fn p4_through_another_login_an_identifier_proves_nothing() {
    let with = |known: Option<&str>, now: Option<&str>| {
        let mut bench = Bench::bound();
        bench.status.vault.as_mut().unwrap().used.login = known.map(str::to_owned);
        bench.vault.login = now.map(str::to_owned);
        bench.input(&PlainKey).binding()
    };
    assert_eq!(with(Some("k:login:1"), Some("k:login:2")), Binding::BoundElsewhere);
    for (known, now) in [(Some("k:login:1"), Some("k:login:1")), (None, Some("k:login:1")), (Some("x:1"), Some("k:2"))]
    {
        assert_eq!(with(known, now), Binding::Bound, "{known:?} {now:?}");
    }
}

#[test]
fn p6_an_update_sends_what_changed_alone() {
    let mut bench = Bench::bound();
    assert!(groups(&bench.input(&PlainKey), Write::Update).is_empty());
    for group in [NAME, USERS_ALLOWED] {
        let mut changed = bench.clone();
        changed.desired.groups.insert(group.to_owned(), "other".to_owned());
        assert_eq!(groups(&changed.input(&PlainKey), Write::Update), [group]);
        assert!(situation(&changed.input(&PlainKey)).fields_changed);
        assert_eq!(situation(&changed.input(&PlainKey)).secrets, SecretsState::Read { changed: false });
    }
    bench.read.as_mut().unwrap().digests.insert(CONTENT.to_owned(), "k:v:2".to_owned());
    assert_eq!(groups(&bench.input(&PlainKey), Write::Update), [CONTENT]);
    let s = situation(&bench.input(&PlainKey));
    assert_eq!((s.fields_changed, s.secrets), (false, SecretsState::Read { changed: true }));
}

#[test]
fn p6_a_request_sends_everything_but_shares_once() {
    let mut bench = Bench::bound();
    bench.asked = Some("now".to_owned());
    assert_eq!(groups(&bench.input(&PlainKey), Write::Update), [CONTENT, NAME]);
    let next = then(&bench, Decision::Send(Write::Update), WriteResult::Done);
    assert_eq!(next.handled, bench.asked);
    bench.status = next;
    assert!(groups(&bench.input(&PlainKey), Write::Update).is_empty());
}

#[test]
fn p6_a_lost_key_sends_nothing_that_comes_from_the_same_secrets() {
    let mut bench = Bench::bound();
    bench.read.as_mut().unwrap().digests.insert(CONTENT.to_owned(), "o:v:1".to_owned());
    let due = |bench: &Bench| groups(&bench.input(&OtherKey), Write::Update);
    assert!(due(&bench).is_empty());
    let settle = |bench: &Bench| transition(&bench.input(&OtherKey), Decision::Settled, WriteResult::Nothing);
    assert_eq!(settle(&bench).digests.get(CONTENT).map(String::as_str), Some("o:v:1"));
    let away = Bench { connection: Connection::Missing, ..bench.clone() };
    assert_eq!(settle(&away).digests, bench.status.digests, "P9: this operator does not serve the connection");
    let mut newer = bench.clone();
    newer.read.as_mut().unwrap().versions = vec![version("2")];
    assert_eq!(due(&newer), [CONTENT], "P1");
    let mut doubted = bench.clone();
    doubted.status.digests.insert(CONTENT.to_owned(), "?k:v:1".to_owned());
    assert_eq!(due(&doubted), [CONTENT], "P3");
    // A group that comes from the spec has no key.
    bench.status.digests.insert(NAME.to_owned(), "x".to_owned());
    assert_eq!(due(&bench), [NAME]);
}

#[test]
fn p3_p6_what_came_late_is_sent_again_where_it_is_something_else() {
    let with = |content: &str, age: i64, started: i64| {
        let mut bench = Bench::bound();
        lost_write(&mut bench, &[(NAME, content), (ACTIVE, content)], age);
        (bench.started, bench.desired.active) = (started, Some(true));
        bench.status.digests.insert(ACTIVE.to_owned(), "true".to_owned());
        let s = situation(&bench.input(&PlainKey));
        (s.fields_changed, s.switch_due, s.in_flight)
    };
    assert_eq!(with("a", 90, 0), (false, Switch::Activate, InFlightState::None));
    assert_eq!(with("true", 90, 0), (true, Switch::None, InFlightState::None));
    assert_eq!(with("b", 89, 0), (false, Switch::None, InFlightState::WriteOpen));
    assert_eq!(with("b", 90, NOW - 89), (false, Switch::None, InFlightState::WriteOpen));
    assert_eq!(with(InFlight::SEVERAL, 90, 0), (true, Switch::Activate, InFlightState::None));
}

#[test]
fn p3_writes_without_an_answer_add_up_until_they_are_over() {
    let mut bench = Bench::bound();
    lost_write(&mut bench, &[(NAME, "b"), (CONTENT, "k:v:0")], 10);
    bench.status.digests.insert(NAME.to_owned(), "?a".to_owned());
    let lost = then(&bench, Decision::Send(Write::Update), WriteResult::Lost).in_flight.unwrap();
    assert_eq!(lost.groups.get(NAME).map(String::as_str), Some(InFlight::SEVERAL));
    assert_eq!((lost.groups.get(CONTENT).map(String::as_str), lost.since), (Some("k:v:0"), at(NOW)));
    let done = then(&bench, Decision::Send(Write::Update), WriteResult::Done);
    assert_eq!((&done.in_flight, done.digests[NAME].as_str()), (&bench.status.in_flight, "a"));
    lost_write(&mut bench, &[(NAME, "b"), (ACTIVE, "true")], 90);
    let done = then(&bench, Decision::Send(Write::Update), WriteResult::Done).in_flight.unwrap();
    assert_eq!(done.groups.into_keys().collect::<Vec<_>>(), [ACTIVE], "it was not sent again");
}

#[test]
fn p1_a_settled_object_forgets_what_is_over_and_what_left_the_spec() {
    let mut bench = Bench::bound();
    lost_write(&mut bench, &[(NAME, "a")], 90);
    bench.status.digests.insert(TOTP.to_owned(), "k:seed:1".to_owned());
    bench.read.as_mut().unwrap().versions = vec![version("2")];
    let next = then(&bench, Decision::Settled, WriteResult::Nothing);
    assert_eq!((next.in_flight, next.source), (None, vec![version("2")]));
    assert_eq!((next.digests[TOTP].as_str(), next.digests[CONTENT].as_str()), (REMOVED, "k:v:1"));
    lost_write(&mut bench, &[(NAME, "a")], 89);
    assert_eq!(then(&bench, Decision::Settled, WriteResult::Nothing).in_flight, bench.status.in_flight);
}

#[test]
fn p6_secrets_are_not_read_again_where_nothing_was_due_with_them() {
    let unread = |change: &dyn Fn(&mut Bench)| {
        let mut bench = Bench::bound();
        (bench.read, bench.ready) = (None, true);
        change(&mut bench);
        situation(&bench.input(&PlainKey)).secrets
    };
    assert_eq!(unread(&|_| {}), SecretsState::Unchanged);
    assert_eq!(unread(&|bench| lost_write(bench, &[(CONTENT, "k:v:1")], 90)), SecretsState::Unchanged);
    assert_eq!(unread(&|bench| bench.status.handled = Some("then".to_owned())), SecretsState::Unchanged);
    let changes: [&dyn Fn(&mut Bench); 7] = [
        &|bench| bench.ready = false,
        &|bench| bench.versions = vec![version("2")],
        &|bench| bench.asked = Some("now".to_owned()),
        &|bench| lost_write(bench, &[(CONTENT, "k:v:2")], 90),
        &|bench| _ = bench.desired.secret_groups.insert(TOTP),
        &|bench| _ = bench.status.digests.insert(CONTENT.to_owned(), "x:v:1".to_owned()),
        &|bench| _ = bench.status.digests.insert(CONTENT.to_owned(), "?k:v:1".to_owned()),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        assert_eq!(unread(change), SecretsState::Unread, "change {number}");
    }
}

#[test]
fn what_the_object_says_is_handed_on_fact_by_fact() {
    let bench = Bench::bound();
    let none = situation(&bench.input(&PlainKey));
    let mut changed = bench.clone();
    changed.desired.suspended = true;
    assert_eq!(situation(&changed.input(&PlainKey)), Situation { suspended: true, ..none });
    let mut changed = bench.clone();
    changed.desired.plan = true;
    assert_eq!(situation(&changed.input(&PlainKey)), Situation { plan: true, ..none });
    let mut changed = bench.clone();
    changed.desired.deactivates = true;
    assert_eq!(situation(&changed.input(&PlainKey)), Situation { deactivates: true, ..none });
    let mut changed = bench.clone();
    changed.desired.identifier = Some(id("9"));
    assert_eq!(situation(&changed.input(&PlainKey)), Situation { named: true, ..none });
    let mut changed = bench.clone();
    changed.connection = Connection::Missing;
    assert_eq!(situation(&changed.input(&PlainKey)), Situation { connection: Connection::Missing, ..none });
    for (deleting, finalizer) in [(true, false), (false, true)] {
        let input = Input { deleting, finalizer, ..bench.input(&PlainKey) };
        assert_eq!(situation(&input), Situation { deleting, finalizer, ..none });
    }
}
