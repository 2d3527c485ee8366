//! What a list shows of an object's entry, case by case (P3, P4).

use std::time::Duration;

use super::bench::{Bench, NOW, OtherKey, entry, id, tag_of};
use super::world::at;
use super::{List, Reason, Seen, Write};
use crate::domain::Keyed as _;
use crate::domain::laws::PlainKey;
use crate::domain::safe_password::{CONTENT, Entry, EntryDrift, announce, digest_field, drift, is_new, situation, tag};

fn seen(bench: &Bench, entries: &[Entry]) -> List {
    situation(&bench.clone().listing(entries).input(&PlainKey)).list
}

fn check(bench: &Bench, cases: &[(&[Entry], Seen)]) {
    for (number, (entries, expected)) in cases.iter().enumerate() {
        assert_eq!(seen(bench, entries), List::Shows(*expected), "case {number}: {entries:?}");
    }
}

fn read_only(entry: Entry) -> Entry {
    Entry { can_write: false, ..entry }
}

fn claimed(entry: Entry) -> Entry {
    Entry { claimed: true, ..entry }
}

#[test]
fn a_tag_is_apart_for_each_object_attempt_and_key() {
    let all = [tag(&PlainKey, "u", 1), tag(&PlainKey, "u", 2), tag(&PlainKey, "v", 1)];
    assert!(all.iter().all(|tag| tag.starts_with("k8s-") && tag.len() <= 20), "{all:?}");
    assert!(all[0] != all[1] && all[0] != all[2]);
}

#[test]
fn p3_before_a_first_post_no_entry_may_bear_a_tag_of_ours() {
    check(
        &Bench::new(),
        &[
            (&[], Seen::Nothing),
            (&[entry("101", "a", "k8s-0123456789abcdef")], Seen::Nothing),
            (&[entry("101", "b", &tag_of(1))], Seen::Unclear),
            (&[claimed(entry("101", "b", &tag_of(1)))], Seen::Nothing),
        ],
    );
}

#[test]
fn p3_p4_a_post_without_an_answer_is_found_by_its_tag_alone() {
    let (first, second) = (tag_of(1), tag_of(2));
    let found = || entry("101", "x", &second);
    check(
        &Bench::posted(),
        &[
            (&[found()], Seen::Ours),
            (&[entry("99", "old", "t"), found()], Seen::Ours),
            (&[entry("102", "old", "k8s-0123456789abcdef"), found()], Seen::Ours),
            (&[entry("101", "x", &format!(" {second} "))], Seen::Ours),
            (&[entry("101", "x", &format!("x{second}"))], Seen::Nothing),
            (&[entry("100", "x", &second)], Seen::Unclear),
            (&[entry("0100", "x", &second)], Seen::Unclear),
            (&[read_only(found())], Seen::Unclear),
            (&[found(), entry("102", "x", &second)], Seen::Unclear),
            (&[found(), entry("102", "x", &first)], Seen::Unclear),
            (&[entry("102", "x", &first)], Seen::Unclear),
            (&[entry("102", "x", &tag_of(3))], Seen::Unclear),
            (&[claimed(found())], Seen::Nothing),
            (&[entry("99", "x", "t")], Seen::Nothing),
        ],
    );
}

/// An empty list where an earlier one showed entries is that of another user, or cut by something before the PAM.
#[test]
fn p3_a_list_that_lost_all_its_entries_does_not_tell_that_a_post_made_none() {
    assert_eq!(seen(&Bench::posted(), &[]), List::Failed(Reason::InventoryIncomplete));
    let mut first = Bench::posted();
    first.status.in_flight.as_mut().unwrap().create.as_mut().unwrap().largest = None;
    assert_eq!(seen(&first, &[]), List::Shows(Seen::Nothing), "there was none before");
}

/// MySafe may answer in HTML.
#[test]
fn p3_an_entry_whose_texts_are_shown_for_html_looks_like_ours() {
    let mut bench = Bench::posted();
    bench.appearance.name = "R&D <\"'>".to_owned();
    bench.status.in_flight.as_mut().unwrap().create.as_mut().unwrap().looks = bench.appearance.digest(&PlainKey);
    for name in ["R&D <\"'>", "R&amp;D &lt;&quot;&#39;&gt;", "R&amp;D &lt;&quot;&#039;&gt;"] {
        assert_eq!(seen(&bench, &[entry("101", name, "t")]), List::Shows(Seen::Unclear), "{name}");
    }
    assert_eq!(seen(&bench, &[entry("101", "R&amp;E &lt;&quot;&#39;&gt;", "t")]), List::Shows(Seen::Nothing));
}

/// An echo of what a Secret holds comes into no status (P8).
#[test]
fn p8_an_identifier_that_repeats_a_secret_is_none() {
    let mut bench = Bench::posted();
    let value = PlainKey.digest(&digest_field(CONTENT), b"7346511");
    bench.read.as_mut().unwrap().digests.insert(CONTENT.to_owned(), value.clone());
    let list = [entry("101", "x", "t"), entry("7346511", "x", &tag_of(2))];
    let looking = bench.clone().listing(&list);
    let input = looking.input(&PlainKey);
    assert_eq!(situation(&input).list, List::Shows(Seen::Unclear));
    let largest = announce(&input, Write::Create).in_flight.unwrap().create.unwrap().largest;
    assert_eq!((largest, is_new(&input, &id("7346511"))), (Some(id("101")), false));
    // A deletion reads no Secret.
    bench.read = None;
    bench.status.in_flight.as_mut().unwrap().groups.insert(CONTENT.to_owned(), value);
    assert_eq!(seen(&bench, &list), List::Shows(Seen::Unclear));
}

#[test]
fn p4_an_identifier_that_an_entry_had_before_is_none_of_a_new_entry() {
    let bench = Bench::new().listing(&[entry("101", "x", "t"), entry("7", "x", "t")]);
    let is_new = |text: &str| is_new(&bench.input(&PlainKey), &id(text));
    assert!(!is_new("7") && !is_new("101") && !is_new("0101") && is_new("102"));
}

/// The PAM may have dropped the tag.
#[test]
fn p3_what_looks_like_the_entry_of_a_post_without_an_answer_keeps_a_second_post_back() {
    let mut other_url = entry("101", "old", "t");
    other_url.appearance.url = "https://y".to_owned();
    let mut other_username = entry("101", "old", "t");
    other_username.appearance.username = Some("root".to_owned());
    check(
        &Bench::posted(),
        &[
            (&[entry("101", "old", "t")], Seen::Unclear),
            (&[entry("101", " Old ", "t")], Seen::Unclear),
            (&[read_only(entry("101", "old", "t"))], Seen::Unclear),
            (&[entry("100", "old", "t")], Seen::Nothing),
            (&[entry("99", "old", "t")], Seen::Nothing),
            (&[claimed(entry("101", "old", "t"))], Seen::Nothing),
            (&[entry("101", "a", "t"), other_url, other_username], Seen::Nothing),
        ],
    );
    let mut first = Bench::posted();
    first.status.in_flight.as_mut().unwrap().create.as_mut().unwrap().largest = None;
    check(&first, &[(&[entry("1", "old", "t")], Seen::Unclear), (&[entry("1", "x", &tag_of(2))], Seen::Ours)]);
}

#[test]
fn p3_with_a_lost_key_any_newer_entry_keeps_a_second_post_back() {
    let bench = |entries: &[Entry]| Bench::posted().listing(entries);
    let seen = |bench: &Bench| situation(&bench.input(&OtherKey)).list;
    assert_eq!(seen(&bench(&[entry("101", "z", "t")])), List::Shows(Seen::Unclear));
    assert_eq!(seen(&bench(&[entry("101", "z", &tag_of(2))])), List::Shows(Seen::Unclear));
    assert_eq!(seen(&bench(&[entry("100", "old", "t")])), List::Shows(Seen::Nothing));
}

#[test]
fn p3_a_list_that_began_before_the_window_was_over_tells_nothing() {
    let at_age = |age: i64, started: i64| {
        let mut bench = Bench::posted().listing(&[entry("99", "x", "t")]);
        bench.list.as_mut().unwrap().began = at(NOW - age);
        bench.started = started;
        situation(&bench.input(&PlainKey)).list
    };
    assert_eq!(at_age(10, 0), List::Shows(Seen::Nothing));
    assert_eq!(at_age(11, 0), List::NotAsked);
    // An earlier process may have kept trying until this one began.
    assert_eq!(at_age(0, NOW - 89), List::NotAsked);
    assert_eq!(at_age(0, NOW - 90), List::Shows(Seen::Nothing));
    let mut never_posted = Bench::new().listing(&[]);
    never_posted.list.as_mut().unwrap().began = at(0);
    assert_eq!(situation(&never_posted.input(&PlainKey)).list, List::Shows(Seen::Nothing));
}

#[test]
fn p7_the_entry_of_the_status_is_ours_by_its_tag_or_its_looks() {
    let mut elsewhere = Bench::bound();
    elsewhere.vault.origin = "https://other".to_owned();
    let mut unread = Bench::bound();
    unread.appearance.username = None;
    let mut named = Bench::bound();
    named.desired.identifier = Some(id("7"));
    // Elsewhere, an entry may have got its looks from anybody, or ours from its.
    for (bench, alike) in
        [(Bench::bound(), Seen::Ours), (elsewhere, Seen::Alike), (unread, Seen::Ours), (named, Seen::Ours)]
    {
        check(
            &bench,
            &[
                (&[entry("101", "x", &tag_of(1))], Seen::Ours),
                (&[entry("101", "A", "t")], alike),
                (&[entry("101", "x", "t")], Seen::Unclear),
                (&[entry("101", "x", &tag_of(2))], Seen::Unclear),
                (&[read_only(entry("101", "a", &tag_of(1)))], Seen::Unclear),
                (&[claimed(entry("101", "a", &tag_of(1)))], Seen::Unclear),
                (&[entry("102", "a", &tag_of(1)), entry("7", "a", "t")], Seen::Nothing),
            ],
        );
    }
}

#[test]
fn what_others_did_to_the_entry_is_told_once_a_list_can_show_it() {
    let of = |bench: &Bench, entries: &[Entry]| drift(&bench.clone().listing(entries).input(&PlainKey));
    let ours = || entry("101", "a", "t");
    let bench = Bench::bound();
    for (entries, expected) in [
        (&[ours()][..], None),
        (&[entry("101", "x", &tag_of(1))], Some(EntryDrift::Changed)),
        (&[read_only(ours())], Some(EntryDrift::ReadOnly)),
        (&[entry("102", "a", "t")], Some(EntryDrift::NotListed)),
    ] {
        assert_eq!(of(&bench, entries), expected, "{entries:?}");
    }
    let mut changed = Bench::bound();
    changed.desired.groups.insert("notes".to_owned(), "2".to_owned());
    let mut written = Bench::bound();
    written.status.last_write = Some(at(NOW));
    let mut elsewhere = Bench::bound();
    elsewhere.vault.origin = "https://other".to_owned();
    for unknown in [changed, written.clone(), elsewhere, Bench::posted(), Bench::new()] {
        assert_eq!(of(&unknown, &[entry("101", "x", "t")]), None);
    }
    written.status.last_write = Some(at(NOW - 1));
    assert_eq!(of(&written, &[]), Some(EntryDrift::NotListed));
    // The write ended up to a second later than the status says, and so maybe after the list began.
    let mut soon = written.listing(&[]);
    soon.list.as_mut().unwrap().began = at(NOW - 1) + Duration::from_millis(999);
    assert_eq!(drift(&soon.input(&PlainKey)), None);
}

#[test]
fn p4_the_entry_that_the_user_names_is_the_one_of_that_identifier() {
    let mut bench = Bench::new();
    bench.desired.identifier = Some(id("7"));
    let cases: [(&[Entry], Seen); 5] = [
        (&[entry("7", "x", "t")], Seen::Ours),
        (&[read_only(entry("7", "x", "t"))], Seen::Unclear),
        (&[claimed(entry("7", "x", "t"))], Seen::Unclear),
        (&[entry("8", "a", &tag_of(1))], Seen::Nothing),
        (&[], Seen::Nothing),
    ];
    check(&bench, &cases);
    // A deletion takes over nothing.
    let mut posted = Bench::posted();
    (posted.desired.identifier, posted.deleting) = (Some(id("7")), true);
    check(&posted, &[(&[entry("7", "x", "t")], Seen::Nothing), (&[entry("101", "x", &tag_of(2))], Seen::Ours)]);
}
