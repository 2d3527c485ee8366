//! The calls about one entry, as the samples of each version have them.

use pam_simulator::{EntryEdit, EntrySeed, Kind, ProductVersion, SafeRules, Share};
use serde_json::{Value, json};

use super::{Safe, is_old, least, sample};

fn response(status: u16, text: &str, key: &str) -> Value {
    json!({ "status": status, "message": text, "error": false, "error_code": 0, "detail": "", key: text,
            "erro": false, "cod_erro": 0 })
}

#[tokio::test]
async fn a_post_makes_an_entry_and_a_second_one_makes_another() {
    for version in ProductVersion::ALL {
        let safe = Safe::of(version).await;
        let made = safe.post(&sample()).await;
        let key = if is_old(version) { "mensagem" } else { "Message" };
        let entity = json!({
            "identifier": "9001", "name": "senseg account", "url": "www.senhasegura.com", "username": "npass",
            "note": "Access details", "tags": "tag1, tag2",
            "users_allowed": [{ "username": "pduarte", "can_edit": false }],
            "groups_allowed": [{ "name": "Test group", "can_edit": false }], "shared_error": [],
        });
        let whole = json!({ "code": 201, "response": response(201, "Password successfully registered", key),
            "password_entity": entity });
        assert_eq!((made.status, made.json()), (201, whole), "{version}");
        assert_eq!(safe.make(&sample()).await, "9002", "{version}: it is no upsert");
        let sim = &safe.pam.sim;
        assert_eq!(sim.value_of_entry("9001").as_deref(), Some("8jhfy@3789"));
        assert_eq!(sim.secret_key_of_entry("9001").unwrap().reveal(), "JBSWY3DPEHPK3PXP");
        let posts: Vec<_> = sim.journal().of(Kind::PostSafePassword).cloned().collect();
        let commit = posts[1].commit.clone().unwrap();
        assert!(commit.created && commit.wrote_value && posts[1].record.as_deref() == Some("9002"));
        assert_eq!(posts[1].target.as_deref(), Some("senseg account"));
        assert!(sim.journal().secrets_handed_out().is_empty());
    }
}

#[tokio::test]
async fn a_put_changes_what_it_has_and_nothing_else() {
    for version in ProductVersion::ALL {
        let safe = Safe::of(version).await;
        let id = safe.make(&sample()).await;
        let renamed = safe.put(&id, &json!({ "name": "another" })).await;
        let mut entity = safe.pam.sim.entry(&id).unwrap();
        assert_eq!(renamed.json()["response"], response(200, "Password successfully updated", "mensagem"));
        assert_eq!((renamed.status, &renamed.json()["password_entity"]["note"]), (200, &json!("Access details")));
        assert_eq!((entity.name.as_str(), entity.username.as_str(), entity.value_writes), ("another", "npass", 1));
        assert!(entity.has_secret_key && entity.users.len() == 1);
        safe.put(&id, &json!({ "password": "next", "users_allowed": [] })).await;
        entity = safe.pam.sim.entry(&id).unwrap();
        assert_eq!((entity.users.len(), entity.groups.len(), entity.value_writes), (0, 1, 2), "{version}");
        assert_eq!(safe.pam.sim.value_of_entry(&id).as_deref(), Some("next"));
        let wrote: Vec<bool> = safe
            .pam
            .sim
            .journal()
            .of(Kind::PutSafePassword)
            .map(|put| put.commit.as_ref().unwrap().wrote_value)
            .collect();
        assert_eq!(wrote, [false, true]);
    }
}

#[tokio::test]
async fn empty_texts_clear_or_by_a_knob_change_nothing() {
    let empty = json!({ "url": "", "notes": "", "tags": "", "secret_key": "" });
    for clears in [true, false] {
        let safe = Safe::start().await;
        safe.pam.sim.change_behaviour(|knobs| knobs.my_safe.empty_clears = clears);
        let id = safe.make(&sample()).await;
        assert_eq!(safe.put(&id, &empty).await.status, 200);
        let entry = safe.pam.sim.entry(&id).unwrap();
        assert_eq!((entry.notes.is_empty(), entry.tags.is_empty(), entry.url.is_empty()), (clears, clears, clears));
        assert_eq!(entry.has_secret_key, !clears);
    }
}

#[tokio::test]
async fn what_a_post_must_have_is_asked_for_in_its_own_words() {
    for version in ProductVersion::ALL {
        let safe = Safe::of(version).await;
        for key in ["name", "username", "password"] {
            let mut body = sample();
            body[key] = "".into();
            assert_eq!(safe.post(&body).await.code(), 1001, "{version} {key}");
            body.as_object_mut().unwrap().remove(key);
            let refused = safe.post(&body).await;
            let text = format!("1001: Parameter '{key}' was not informed!");
            assert_eq!((refused.status, refused.message()), (400, text.clone()), "{version}");
            let whole = refused.json();
            let old = json!({ "status": 400, "message": text, "mensagem": text, "error": true, "erro": true,
                "error_code": 0, "cod_erro": 0 });
            if is_old(version) {
                let exception = json!({ "code": 1001, "message": text, "detail": "" });
                assert_eq!(whole, json!({ "response": old, "exception": exception }), "{version}");
            } else {
                assert_eq!((&whole["code"], &whole["response"]["error_code"]), (&json!(400), &json!(1)), "{version}");
            }
        }
        assert!(safe.pam.sim.entries().is_empty());
    }
    let safe = Safe::start().await;
    let mut slip = sample();
    slip["secret_key"] = "not base32!".into();
    assert_eq!(safe.post(&slip).await.code(), 0);
    slip = least("one");
    slip["content"] = "x".into();
    assert!(safe.post(&slip).await.message().contains("unknown key \"content\""));
}

#[tokio::test]
async fn an_entry_is_deactivated_and_activated_as_often_as_one_likes() {
    for version in ProductVersion::ALL {
        let safe = Safe::of(version).await;
        let id = safe.make(&least("one")).await;
        let switch = async |how: &str| safe.call("POST", &format!("/{how}/{id}"), None).await;
        for (how, said) in [("inactive", "deactivated"), ("active", "activated")] {
            for words in [format!("successfully {said}"), format!("has already been {said}")] {
                let done = switch(how).await;
                assert_eq!((done.status, done.message()), (200, format!("Password {words}")), "{version}");
                let short = is_old(version) && how == "inactive";
                assert_eq!(done.json().get("code").is_none(), short, "{version}: as its sample");
                assert_eq!(safe.pam.sim.entry(&id).unwrap().active, how == "active");
            }
        }
        let journal = safe.pam.sim.journal();
        let commits = |kind| journal.of(kind).filter(|entry| entry.committed()).count();
        assert_eq!((commits(Kind::DeactivateSafePassword), commits(Kind::ActivateSafePassword)), (1, 1));
        assert_eq!(journal.about(&id).len(), 5);
    }
}

#[tokio::test]
async fn an_entry_that_is_not_there_or_not_ours_has_its_code() {
    for version in ProductVersion::ALL {
        let safe = Safe::of(version).await;
        let foreign = safe.pam.sim.plant(EntrySeed::new("stranger", "theirs", "them"));
        for path in ["/update/", "/inactive/", "/active/"] {
            let method = if path == "/update/" { "PUT" } else { "POST" };
            let call = async |id: &str| safe.call(method, &format!("{path}{id}"), Some(&json!({ "name": "x" }))).await;
            assert_eq!((call("1").await.code(), call("x1").await.code()), (1005, 1005), "{version} {path}");
            let expected = if is_old(version) && method == "PUT" { 1005 } else { 1006 };
            assert_eq!(call(&foreign).await.code(), expected, "{version} {path}");
            safe.pam.sim.change_behaviour(|knobs| knobs.my_safe.outside_is_unknown = Some(true));
            assert_eq!(call(&foreign).await.code(), 1005);
            safe.pam.sim.change_behaviour(|knobs| knobs.my_safe.outside_is_unknown = None);
        }
        let looked = safe.pam.sim.edit_entry(&foreign, EntryEdit::Users(vec![Share::viewer("svc")]));
        assert!(looked, "who may look at it may not write it");
        assert_eq!(safe.call("POST", &format!("/inactive/{foreign}"), None).await.code(), 1006);
        safe.pam.sim.edit_entry(&foreign, EntryEdit::Users(vec![Share::editor("svc")]));
        assert_eq!(safe.put(&foreign, &json!({ "password": "planted" })).await.status, 200, "editors may");
        assert_eq!(safe.pam.sim.entry(&foreign).unwrap().owner, "stranger");
    }
}

#[tokio::test]
async fn a_get_hands_out_every_secret_and_stands_in_the_journal() {
    for version in ProductVersion::ALL {
        let safe = Safe::of(version).await;
        let id = safe.make(&sample()).await;
        let read = safe.call("GET", &format!("/{id}"), None).await.json();
        let entity = &read["password_entity"];
        assert_eq!((&entity["password"], &entity["secret_key"]), (&json!("8jhfy@3789"), &json!("JBSWY3DPEHPK3PXP")));
        assert_eq!((&entity["notes"], entity.get("note")), (&json!("Access details"), None), "{version}");
        let (right, other) = if is_old(version) { ("can_edit", "can_write") } else { ("can_write", "can_edit") };
        assert_eq!((&entity["users_allowed"][0][right], entity["users_allowed"][0].get(other)), (&json!(false), None));
        assert_eq!(entity["token"].is_number(), is_old(version));
        assert_eq!(safe.pam.sim.journal().secrets_handed_out().len(), 1);
        assert_eq!(safe.call("GET", "/x1", None).await.code(), 1010);
        safe.call("POST", &format!("/inactive/{id}"), None).await;
        assert_eq!(safe.call("GET", &format!("/{id}"), None).await.code(), 1009, "{version}");
    }
}

#[tokio::test]
async fn a_form_is_taken_and_texts_come_back_as_a_knob_says() {
    let safe = Safe::with(ProductVersion::V4_2, SafeRules { html_entities: true, ..SafeRules::default() }).await;
    let form =
        [("name", "R&D <ç>"), ("username", "npass"), ("password", "a&b"), ("groups_allowed[0][name]", "Test group")];
    let request = safe.pam.http.post(safe.pam.url("/api/mysafe/password")).bearer_auth(&safe.token).form(&form);
    let made = crate::common::reply(request).await.unwrap();
    assert_eq!(made.json()["password_entity"]["name"], "R&amp;D &lt;ç&gt;", "{}", made.text);
    assert_eq!(safe.pam.sim.entry("9001").unwrap().name, "R&D <ç>");
    assert_eq!(safe.pam.sim.value_of_entry("9001").as_deref(), Some("a&b"));
}
