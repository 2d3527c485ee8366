//! Each call on each version, and which login it takes.

use pam_operator::pam::{
    BooleanForm, Compatibility, Edit, Endpoint, EntryChange, EntryFields, OAuth2, PamError, Product, Sharing,
};
use pam_simulator::{Kind, Reach, SafeRules, Share, SharedErrorForm, ValueForm};
use serde_json::json;

use super::{SEED, check_journal, client, endpoint, full, list, plain, safe, safe_with, share};
use crate::secrecy::no_log_line_has_a_secret;
use crate::support::{CANARY, CLIENT_SECRET, Pam, VALUE, judge, request, seed};
use crate::versions::{VERSIONS, is_legacy};

fn rest(fields: EntryFields) -> EntryChange {
    EntryChange { rest: fields, ..EntryChange::default() }
}

fn keys_of_last(pam: &Pam, kind: Kind) -> Vec<String> {
    let mut keys = pam.sim.journal().of(kind).last().unwrap().keys.clone();
    keys.sort();
    keys
}

#[tokio::test]
async fn an_entry_lives_its_life_on_every_version_with_one_login() {
    for version in VERSIONS {
        let pam = safe(version).await;
        let client = client(&pam, version);
        let made = client.my_safe().create_entry(&full("one")).await.unwrap();
        assert_eq!((&*made.identifier, made.sharing), ("9001", Sharing::Complete), "{version}");
        let entry = || pam.sim.entry("9001").unwrap();
        assert_eq!(pam.sim.value_of_entry("9001").as_deref(), Some(VALUE));
        assert_eq!(pam.sim.secret_key_of_entry("9001").unwrap().reveal(), SEED);
        assert_eq!((entry().tags.as_str(), entry().name.as_str()), ("dns,k8s-0123456789abcdef", "one"));
        assert_eq!(entry().users, [Share::editor("pduarte")]);
        assert_eq!(entry().groups, [Share::viewer("Test group")]);

        let rotate = EntryChange { password: Some("CANARY-next".into()), ..EntryChange::default() };
        assert_eq!(client.my_safe().update_entry("9001", &rotate).await, Ok(Sharing::Complete), "{version}");
        assert_eq!(keys_of_last(&pam, Kind::PutSafePassword), ["password"]);
        assert_eq!(pam.sim.value_of_entry("9001").as_deref(), Some("CANARY-next"));
        assert!(entry().has_secret_key && entry().users.len() == 1, "{version}: the rest stays");

        client.my_safe().deactivate_entry("9001").await.unwrap();
        client.my_safe().deactivate_entry("9001").await.unwrap();
        assert!(!entry().active && list(&client, None).await.unwrap().is_empty());
        client.my_safe().activate_entry("9001").await.unwrap();
        client.my_safe().activate_entry("9001").await.unwrap();
        let rows = list(&client, None).await.unwrap();
        assert!(entry().active && rows.len() == 1 && rows[0].can_write && rows[0].has_tag("dns"), "{version}");
        assert_eq!((rows[0].username.as_str(), &*rows[0].identifier), ("CANARY-user", "9001"));
        assert_eq!(pam.count(Kind::Token), 1);
        check_journal(&pam, "/api");
    }
    no_log_line_has_a_secret();
}

#[tokio::test]
async fn what_is_absent_stays_and_what_is_cleared_is_sent_empty() {
    for version in VERSIONS {
        let pam = safe(version).await;
        let client = client(&pam, version);
        client.my_safe().create_entry(&full("one")).await.unwrap();
        let clears = EntryFields { notes: Edit::Clear, tags: Edit::Clear, ..EntryFields::default() };
        client.my_safe().update_entry("9001", &rest(clears)).await.unwrap();
        let entry = pam.sim.entry("9001").unwrap();
        assert_eq!((entry.notes.as_str(), entry.tags.as_str(), entry.has_secret_key), ("", "", true), "{version}");
        assert!(entry.url.starts_with("https://registrar"));
        let seed = EntryFields { secret_key: Edit::Clear, url: Edit::Set("u".into()), ..EntryFields::default() };
        client.my_safe().update_entry("9001", &rest(seed)).await.unwrap();
        let entry = pam.sim.entry("9001").unwrap();
        assert_eq!((entry.url.as_str(), entry.has_secret_key, entry.users.len()), ("u", false, 1), "{version}");
        let put = pam.sim.journal().of(Kind::PutSafePassword).last().unwrap().seq;
        assert_eq!(pam.sim.body_of(put), Some(json!({ "url": "u", "secret_key": "" })));
    }
}

#[tokio::test]
async fn shares_are_replaced_and_taken_away_and_are_sent_only_when_they_are_named() {
    for version in VERSIONS {
        let pam = safe(version).await;
        let client = client(&pam, version);
        client.my_safe().create_entry(&full("one")).await.unwrap();
        let mails = pam.sim.mails_sent();
        assert_eq!(mails > 0, version.starts_with('4'), "{version}");
        client
            .my_safe()
            .update_entry("9001", &EntryChange { name: Some("two".into()), ..EntryChange::default() })
            .await
            .unwrap();
        let nobody = EntryFields { users_allowed: Some(Vec::new()), ..EntryFields::default() };
        client.my_safe().update_entry("9001", &rest(nobody)).await.unwrap();
        let entry = pam.sim.entry("9001").unwrap();
        assert_eq!((entry.users.len(), entry.groups.len(), pam.sim.mails_sent()), (0, 1, mails), "{version}");
        let groups = Some(vec![share("Test group", true)]);
        let other = EntryFields { groups_allowed: groups, ..EntryFields::default() };
        client.my_safe().update_entry("9001", &rest(other)).await.unwrap();
        assert_eq!(pam.sim.entry("9001").unwrap().groups, [Share::editor("Test group")]);
    }
}

#[tokio::test]
async fn of_a_problem_with_shares_nothing_is_kept_but_our_own_names() {
    let forms = [
        (SharedErrorForm::Texts, vec!["No group", "nobody"]),
        (SharedErrorForm::Objects, vec!["No group", "nobody"]),
        (SharedErrorForm::Nameless, vec![]),
    ];
    for (shared_error, names) in forms {
        let pam = safe_with("4.2", SafeRules { shared_error, ..SafeRules::default() }).await;
        let mut new = plain("one");
        new.rest.users_allowed = Some(vec![share("nobody", false), share("pduarte", false)]);
        new.rest.groups_allowed = Some(vec![share("No group", true)]);
        let made = client(&pam, "4.2").my_safe().create_entry(&new).await.unwrap();
        let names = names.into_iter().map(str::to_owned).collect();
        assert_eq!(made.sharing, Sharing::Incomplete { names });
        let again = rest(EntryFields { users_allowed: new.rest.users_allowed, ..EntryFields::default() });
        let sharing = client(&pam, "4.2").my_safe().update_entry("9001", &again).await.unwrap();
        assert!(matches!(sharing, Sharing::Incomplete { .. }));
    }
}

#[tokio::test]
async fn a_client_makes_the_calls_of_its_own_product_alone() {
    for version in VERSIONS {
        let pam = safe(version).await;
        let of_safe = client(&pam, version);
        let of_core = pam.client_of(Endpoint { product: Product::PamCore, ..endpoint(&pam, version) });
        let refused = [
            judge(of_safe.upsert_credential(&request("one")).await),
            judge(crate::support::list(&of_safe).await),
            judge(of_safe.disable_credential("7").await),
            judge(of_safe.enable_credential("7").await),
            judge(of_core.my_safe().create_entry(&plain("one")).await),
            judge(of_core.my_safe().update_entry("7", &EntryChange::default()).await),
            judge(list(&of_core, None).await),
            judge(of_core.my_safe().deactivate_entry("7").await),
            judge(of_core.my_safe().activate_entry("7").await),
        ];
        assert_eq!(refused, [("other_product", false); 9], "{version}");
        assert!(pam.sim.journal().is_empty(), "{version}: nothing is sent, not even a login");
    }
}

#[tokio::test]
async fn the_login_of_one_product_is_none_for_the_other() {
    for version in VERSIONS {
        let pam = safe(version).await;
        pam.sim.seed(seed(1));
        let a2a = OAuth2 { client_id: "operator".into(), client_secret: CLIENT_SECRET.into() };
        let wrong = pam.client_of(Endpoint { oauth2: a2a, ..endpoint(&pam, version) });
        let error = list(&wrong, None).await.unwrap_err();
        // Up to 3.32 the token endpoint of access keys is not even there for others.
        let kind = if is_legacy(version) { "misrouted" } else { "permission_denied" };
        assert!(is_legacy(version) || error.summary().contains("access key of MySafe"), "{error}");
        assert_eq!(judge::<()>(Err(error)).0, kind, "{version}");
        let core = pam.client_of(Endpoint { product: Product::PamCore, ..endpoint(&pam, version) });
        let kind = if is_legacy(version) { "login_refused" } else { "permission_denied" };
        assert_eq!(judge(crate::support::list(&core).await).0, kind, "{version}");
    }
}

#[tokio::test]
async fn paths_and_spellings_can_be_overridden_by_themselves() {
    let pam = safe_with("4.2", SafeRules { under_iso: true, ..SafeRules::default() }).await;
    pam.sim.change_behaviour(|knobs| knobs.iso = Some(Reach::Everything));
    let token_path = Some("/api/oauth2/token".into());
    let compatibility = Compatibility { api_prefix: Some("/iso".into()), token_path, ..Compatibility::default() };
    let under_iso = pam.client_of(Endpoint { compatibility, ..endpoint(&pam, "4.2") });
    under_iso.my_safe().create_entry(&plain("one")).await.unwrap();
    assert_eq!(pam.sim.journal().of(Kind::PostSafePassword).last().unwrap().path, "/iso/mysafe/password");

    pam.sim.change_behaviour(|knobs| knobs.booleans = ValueForm::Text);
    let compatibility = Compatibility { boolean_form: Some(BooleanForm::Digit), ..Compatibility::default() };
    let digits = pam.client_of(Endpoint { compatibility, ..endpoint(&pam, "4.2") });
    digits.my_safe().create_entry(&full("two")).await.unwrap();
    assert_eq!(pam.sim.entry("9002").unwrap().users, [Share::editor("pduarte")]);
}

#[tokio::test]
async fn an_identifier_that_is_no_number_is_never_sent() {
    let pam = safe("4.2").await;
    let client = client(&pam, "4.2");
    for id in ["", "x1", "../7", "7?x", "7/..", "%37", &"9".repeat(21)] {
        let update = client.my_safe().update_entry(id, &EntryChange::default()).await;
        let switched = [client.my_safe().activate_entry(id).await, client.my_safe().deactivate_entry(id).await];
        assert_eq!(
            (update, switched),
            (Err(PamError::InvalidId), [Err(PamError::InvalidId), Err(PamError::InvalidId)])
        );
    }
    assert!(pam.sim.journal().is_empty());
    assert!(!format!("{:?} {:?}", full("x"), rest(full("x").rest)).contains(CANARY));
}
