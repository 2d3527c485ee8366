//! The list: what it shows, to whom, and by which filters.

use pam_simulator::{EntryEdit, EntrySeed, Permits, ProductVersion, SafeRules, SafeTags, Share};
use serde_json::json;

use super::{Safe, is_old, least, sample};

#[tokio::test]
async fn a_row_has_no_secret_and_no_owner() {
    for version in ProductVersion::ALL {
        let safe = Safe::of(version).await;
        assert_eq!(safe.rows("").await.len(), 0);
        safe.make(&sample()).await;
        let list = safe.call("GET", "", None).await.json();
        let row = json!({
            "identifier": "9001", "name": "senseg account", "url": "www.senhasegura.com", "username": "npass",
            "tags": "tag1, tag2", "need_justify": "0", "need_approval": "0", "can_view": true, "can_write": true,
        });
        let response = json!({ "status": 200, "message": "", "error": false, "error_code": 0, "detail": "",
            "mensagem": "", "erro": false, "cod_erro": 0 });
        let whole = json!({ "code": 200, "response": response, "password_on_list": [row] });
        assert_eq!(list, whole, "{version}");
    }
}

#[tokio::test]
async fn it_shows_what_strangers_share_and_who_may_write_that() {
    let safe = Safe::start().await;
    let own = safe.make(&least("own")).await;
    let sim = &safe.pam.sim;
    let seed = || EntrySeed::new("stranger", "own", "npass").tags("k8s-0123456789abcdef");
    sim.plant(seed());
    let viewed = sim.plant(seed().shared_with(Share::viewer("svc")));
    let edited = sim.plant(seed().shared_with(Share::editor("svc")));
    let grouped = sim.plant(seed());
    sim.change_behaviour(|knobs| _ = knobs.my_safe.groups.insert("ours".into(), ["svc".to_owned()].into()));
    sim.edit_entry(&grouped, EntryEdit::Groups(vec![Share::editor("ours")]));
    let rows = safe.rows("").await;
    let shown: Vec<_> =
        rows.iter().map(|row| (row["identifier"].as_str().unwrap(), row["can_write"] == true)).collect();
    let expected = [(&*own, true), (&*viewed, false), (&*edited, true), (&*grouped, true)];
    assert_eq!(shown, expected);
    assert_eq!(safe.listed("?tag=k8s-0123456789abcdef").await, [viewed, edited, grouped]);
}

#[tokio::test]
async fn filters_are_those_of_the_version_and_of_the_knob() {
    for version in ProductVersion::ALL {
        let safe = Safe::of(version).await;
        let one = safe.make(&sample()).await;
        safe.make(&least("two")).await;
        assert_eq!(safe.listed("?tag=tag2").await, [&*one], "{version}");
        assert_eq!(safe.listed("?tag=TAG1%2C%20tag2").await, [&*one]);
        assert!(safe.listed("?tag=tag").await.is_empty());
        for query in ["?name=senseg%20account", "?url=www.senhasegura.com"] {
            assert_eq!(safe.listed(query).await.len(), if is_old(version) { 2 } else { 1 }, "{version} {query}");
        }
        assert_eq!(safe.listed("?username=npass&tag=tag1").await, [&*one]);
        safe.pam.sim.change_behaviour(|knobs| knobs.my_safe.filters_find_parts = true);
        assert_eq!(safe.listed("?tag=ag").await, [&*one]);
        safe.pam.sim.change_behaviour(|knobs| knobs.permits = Permits::NOTHING);
        let strict = safe.call("GET", "?name=two", None).await.status;
        assert_eq!(strict, if is_old(version) { 400 } else { 200 });
        assert_eq!(safe.call("GET", "?owner=svc", None).await.status, 400);
    }
}

#[tokio::test]
async fn inactive_entries_are_listed_if_a_knob_says_so() {
    for listed in [false, true] {
        let rules = SafeRules { list_inactive: listed, ..SafeRules::default() };
        let safe = Safe::with(ProductVersion::V4_2, rules).await;
        let id = safe.make(&least("one")).await;
        safe.call("POST", &format!("/inactive/{id}"), None).await;
        assert_eq!(safe.listed("").await.len(), usize::from(listed));
        assert_eq!(safe.put(&id, &json!({ "name": "x" })).await.status, 200);
        assert!(!safe.pam.sim.entry(&id).unwrap().active, "a PUT does not activate");
    }
}

#[tokio::test]
async fn tags_are_kept_dropped_or_rewritten() {
    for (tags, kept) in [(SafeTags::Kept, "a,b"), (SafeTags::Dropped, ""), (SafeTags::Rewritten, "A, B")] {
        let safe = Safe::with(ProductVersion::V4_2, SafeRules { tags, ..SafeRules::default() }).await;
        let mut body = least("one");
        body["tags"] = "a,b".into();
        safe.make(&body).await;
        assert_eq!(safe.rows("").await[0]["tags"], kept);
    }
}
