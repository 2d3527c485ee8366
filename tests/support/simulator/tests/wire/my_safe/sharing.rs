//! Sharing sends e-mails, and says whom it does not know.

use pam_simulator::{ProductVersion, SafeRules, SharedErrorForm};
use serde_json::{Value, json};

use super::{Safe, least, sample};

async fn unshared(shared_error: SharedErrorForm) -> Value {
    let safe = Safe::with(ProductVersion::V4_2, SafeRules { shared_error, ..SafeRules::default() }).await;
    let mut body = least("one");
    body["users_allowed"] = json!([{ "username": "pduarte", "can_edit": true }, { "username": "nobody" }]);
    body["groups_allowed"] = json!([{ "name": "No group" }]);
    let made = safe.post(&body).await;
    assert_eq!(made.status, 201, "the entry is made all the same");
    assert_eq!(made.json()["password_entity"]["users_allowed"], json!([{ "username": "pduarte", "can_edit": true }]));
    made.json()["password_entity"]["shared_error"].clone()
}

#[tokio::test]
async fn unknown_users_and_groups_are_told_in_a_form_that_nobody_documents() {
    let texts = json!(["User 'nobody' not found", "Group 'No group' not found"]);
    assert_eq!(unshared(SharedErrorForm::Texts).await, texts);
    let objects = json!([{ "username": "nobody", "message": "User not found" },
                         { "name": "No group", "message": "Group not found" }]);
    assert_eq!(unshared(SharedErrorForm::Objects).await, objects);
    assert_eq!(unshared(SharedErrorForm::Nameless).await, json!(["User not found", "Group not found"]));
}

#[tokio::test]
async fn since_4_0_each_new_recipient_gets_one_e_mail() {
    for version in ProductVersion::ALL {
        let safe = Safe::of(version).await;
        let id = safe.make(&sample()).await;
        let sim = &safe.pam.sim;
        let mails = || (sim.mails_to("pduarte"), sim.mails_to("dleite"), sim.mails_to("maria"), sim.mails_sent());
        if version < ProductVersion::V4_0 {
            assert_eq!(mails(), (0, 0, 0, 0), "{version}");
            continue;
        }
        assert_eq!(mails(), (1, 1, 1, 3), "{version}: a user, and the members of a group");
        safe.put(&id, &json!({ "name": "renamed" })).await;
        safe.put(&id, &json!({ "users_allowed": [{ "username": "pduarte", "can_edit": true }] })).await;
        assert_eq!(mails().3, 3, "nobody is new");
        safe.put(&id, &json!({ "users_allowed": [{ "username": "stranger" }] })).await;
        assert_eq!((sim.mails_to("stranger"), mails().3), (1, 4));
        safe.put(&id, &json!({ "users_allowed": [{ "username": "pduarte" }] })).await;
        assert_eq!(mails().0, 2, "he had lost it");
        sim.change_behaviour(|knobs| knobs.my_safe.unchanged_shares_mail = true);
        safe.put(&id, &json!({ "users_allowed": [{ "username": "pduarte" }] })).await;
        assert_eq!(mails().0, 3);
        safe.put(&id, &json!({ "name": "again" })).await;
        assert_eq!(mails().0, 3, "no shares, no e-mail");
    }
}
