//! P3, P7: every product version is spoken to in its own way, and each difference can be overridden alone.

use std::time::Duration;

use pam_operator::pam::{
    AdditionalSettingsShape, BooleanForm, Compatibility, CredentialRequest, CriticalityCase, Disabled, Enabled,
    Endpoint, NotesPlacement, NumberForm, PamClient, PamError, ProductVersion, UpsertEffect,
};
use pam_simulator::{
    Answered, Behaviour, Config, Criticality, Effect, Envelope, Fault, Kind, Messages, NotesPlace, Reach, Seed,
    SettingsForm, ValueForm,
};

use crate::fields;
use crate::support::{Pam, VALUE, judge, list, request, seed};

pub(crate) const VERSIONS: [&str; 7] = ["3.30", "3.31", "3.32", "3.33", "3.33.1", "4.0", "4.2"];

pub(crate) fn is_legacy(version: &str) -> bool {
    ["3.30", "3.31", "3.32"].contains(&version)
}

pub(crate) async fn pam(version: &str) -> Pam {
    pam_with(version, Behaviour::default()).await
}

pub(crate) async fn pam_with(version: &str, behaviour: Behaviour) -> Pam {
    Pam::start_with(Config { version: version.parse().unwrap(), behaviour, ..Config::default() }).await
}

pub(crate) fn client(pam: &Pam, version: &str) -> PamClient {
    client_with(pam, version, Compatibility::default())
}

pub(crate) fn client_with(pam: &Pam, version: &str, compatibility: Compatibility) -> PamClient {
    pam.client_of(Endpoint { version: ProductVersion::parse(version).unwrap(), compatibility, ..pam.endpoint() })
}

fn noted(identifier: &str) -> CredentialRequest {
    CredentialRequest { fields: vec![fields::text("notes", "a note")], ..request(identifier) }
}

/// Makes, changes, lists, disables and enables one credential, each twice, and looks at what the vault holds.
async fn live_through(pam: &Pam, client: &PamClient) {
    let created = client.upsert_credential(&noted("one")).await.unwrap();
    assert_eq!(created.effect, UpsertEffect::Created);
    assert!(created.identifier.as_deref().is_none_or(|identifier| identifier == "one"), "{created:?}");
    let updated = client.upsert_credential(&CredentialRequest { content: None, ..request("one") }).await.unwrap();
    assert_eq!((updated.effect, &updated.id), (UpsertEffect::Updated, &created.id));
    let listed = list(client).await.unwrap();
    assert_eq!((listed.len(), &listed[0].id, listed[0].identifier.as_deref()), (1, &created.id, Some("one")));
    assert_eq!(listed[0].automatic_change, Some(false));
    assert_eq!(client.disable_credential(&created.id).await, Ok(Disabled::Now));
    assert_eq!(client.disable_credential(&created.id).await, Ok(Disabled::AlreadyInactive));
    assert!(!pam.sim.record(&created.id).unwrap().active);
    assert_eq!(client.enable_credential(&created.id).await, Ok(Enabled::Now));
    assert_eq!(client.enable_credential(&created.id).await, Ok(Enabled::AlreadyActive));
    assert!(pam.sim.record(&created.id).unwrap().active);
    assert_eq!(pam.sim.value_of(&created.id).as_deref(), Some(VALUE));
    assert_eq!((pam.count(Kind::Token), pam.sim.records().len()), (1, 1));
    assert!(pam.sim.journal().secrets_handed_out().is_empty());
}

#[tokio::test]
async fn a_credential_lives_its_life_on_every_version() {
    for version in VERSIONS {
        let pam = pam(version).await;
        let client = client(&pam, version);
        live_through(&pam, &client).await;
        let prefix = if is_legacy(version) { "/iso/" } else { "/api/" };
        let journal = pam.sim.journal();
        assert!(journal.entries().iter().all(|entry| entry.path.starts_with(prefix)), "{version}");
        let body = pam.sim.body_of(journal.posts()[0].seq).unwrap();
        assert_eq!(body.get("notes").is_some(), !is_legacy(version), "{version}");
        assert_eq!(body.get("additional_settings").is_some(), is_legacy(version), "{version}");
        let tenant = client.upsert_credential(&request("one")).await.unwrap().tenant;
        assert_eq!(tenant.as_deref(), (!is_legacy(version)).then_some("acme"), "{version}");
    }
}

#[tokio::test]
async fn answers_mean_the_same_in_whatever_shape_they_come() {
    let calls = [Kind::PostCredential, Kind::ListCredentials, Kind::DeleteCredential, Kind::PutCredential];
    for version in ["3.32", "4.2"] {
        for messages in [Messages::Both, Messages::Capital, Messages::MensagemOnly, Messages::CapitalOnly] {
            for identifier in [Answered::Stored, Answered::NullWhenNew, Answered::Null, Answered::Missing] {
                let behaviour = Behaviour {
                    envelope: Envelope {
                        omit_code: true,
                        omit_error_code: true,
                        capital_message: true,
                        numeric_ids: true,
                        omit_tenant: true,
                        digit_booleans: true,
                    },
                    messages: calls.into_iter().map(|kind| (kind, messages)).collect(),
                    answered_identifier: Some(identifier),
                    ..Behaviour::default()
                };
                let pam = pam_with(version, behaviour).await;
                live_through(&pam, &client(&pam, version)).await;
            }
        }
    }
}

#[tokio::test]
async fn refusals_to_switch_a_credential_keep_their_meaning_on_every_version() {
    for version in VERSIONS {
        let pam = pam(version).await;
        let client = client(&pam, version);
        let visible = pam.sim.seed(seed(1));
        let hidden = pam.sim.seed(Seed::new("hidden", "db01", "10.0.0.7").visible_to(&[]));
        let key = pam.sim.seed(Seed::new("key", "db01", "10.0.0.7").ssh_key().visible_to(&["operator"]));
        let cases = [
            ("999999", PamError::NotFound { code: Some(1007) }),
            (hidden.as_str(), PamError::PermissionDenied { code: Some(1009) }),
            (key.as_str(), PamError::Rejected { code: Some(1010) }),
        ];
        for (id, error) in cases {
            assert_eq!(client.disable_credential(id).await, Err(error.clone()), "{version}");
            assert_eq!(client.enable_credential(id).await, Err(error), "{version}");
        }
        pam.sim.change_authorization("operator", |auth| auth.read_only = true);
        let denied = PamError::PermissionDenied { code: Some(1039) };
        assert_eq!(client.disable_credential(&visible).await, Err(denied.clone()), "{version}");
        assert_eq!(client.enable_credential(&visible).await, Err(denied), "{version}");
        assert!(pam.sim.record(&visible).unwrap().active);
    }
}

#[tokio::test]
async fn what_is_no_id_reaches_no_path() {
    let pam = pam("4.2").await;
    let client = client(&pam, "4.2");
    for id in ["", "custody/1", "../credential", "svc@db01", "1?x=1", "%31"] {
        assert_eq!(client.disable_credential(id).await, Err(PamError::InvalidId));
        assert_eq!(client.enable_credential(id).await, Err(PamError::InvalidId));
    }
    assert!(pam.sim.journal().is_empty());
}

#[tokio::test]
async fn a_switch_without_an_answer_says_so_and_is_repeated_without_harm() {
    let pam = pam("4.2").await;
    let client = PamClient::new(pam.endpoint(), &pam.origins, crate::support::short()).unwrap();
    let id = pam.sim.seed(seed(1));
    let lost = [Effect::Reset, Effect::Hang(Duration::from_secs(20)), Effect::Empty];
    for effect in lost {
        pam.sim.inject(Fault::on(Kind::DeleteCredential, effect).after_commit());
        assert!(judge(client.disable_credential(&id).await).1);
        assert_eq!(client.disable_credential(&id).await, Ok(Disabled::AlreadyInactive));
        pam.sim.inject(Fault::on(Kind::PutCredential, Effect::gateway(504)).after_commit());
        assert_eq!(judge(client.enable_credential(&id).await), ("unavailable_gateway", true));
        assert_eq!(client.enable_credential(&id).await, Ok(Enabled::AlreadyActive));
    }
    pam.sim.revoke_tokens();
    assert_eq!(client.disable_credential(&id).await, Ok(Disabled::Now));
    assert_eq!(pam.count(Kind::Token), 2);
}

#[tokio::test]
async fn the_identifier_survives_updates_where_the_product_would_replace_one_that_is_not_sent() {
    let pam = pam("3.33").await;
    let client = client(&pam, "3.33");
    let id = client.upsert_credential(&request("one")).await.unwrap().id;
    for _ in 0..3 {
        assert_eq!(client.upsert_credential(&request("one")).await.unwrap().identifier.as_deref(), Some("one"));
    }
    assert_eq!(pam.sim.record(&id).unwrap().identifier.as_deref(), Some("one"));
    assert!(pam.sim.journal().posts().iter().all(|post| post.sent("identifier")));
}

#[tokio::test]
async fn the_wrong_version_is_misrouted_and_never_tried_under_another_prefix() {
    for (runs, said) in [("3.32", "4.2"), ("4.2", "3.32")] {
        let pam = pam_with(runs, Behaviour::default()).await;
        if runs == "4.2" {
            pam.sim.change_behaviour(|knobs| knobs.iso = Some(Reach::Nothing));
        }
        let client = client(&pam, said);
        assert_eq!(judge(client.upsert_credential(&request("one")).await), ("misrouted", false));
        assert_eq!((pam.sim.journal().len(), pam.sim.records().len()), (1, 0));
    }
    // The token endpoint answers under both prefixes there, the resources do not.
    let pam = pam("4.2").await;
    assert_eq!(judge(list(&client(&pam, "3.32")).await), ("misrouted", false));
}

#[tokio::test]
async fn prefix_and_token_path_are_overridden_each_by_itself() {
    let behaviour = Behaviour { iso: Some(Reach::Everything), ..Behaviour::default() };
    let pam = pam_with("4.2", behaviour).await;
    let iso = Compatibility { api_prefix: Some("/iso".into()), ..Compatibility::default() };
    live_through(&pam, &client_with(&pam, "4.2", iso)).await;
    assert!(pam.sim.journal().entries().iter().all(|entry| entry.path.starts_with("/iso/")));

    let behaviour = Behaviour { token_path: Some("/Segura/api/oauth2/token".into()), ..Behaviour::default() };
    let pam = pam_with("4.2", behaviour).await;
    assert_eq!(judge(client(&pam, "4.2").authenticate().await), ("misrouted", false));
    let mark = pam.sim.mark();
    let token = Compatibility { token_path: Some("/Segura/api/oauth2/token".into()), ..Compatibility::default() };
    list(&client_with(&pam, "4.2", token)).await.unwrap();
    let paths: Vec<_> = pam.sim.since(mark).entries().iter().map(|entry| entry.path.clone()).collect();
    assert_eq!(paths, ["/Segura/api/oauth2/token", "/api/pam/credential"]);
}

#[tokio::test]
async fn notes_go_where_they_are_told_to_go() {
    let cases = [
        ("3.32", NotesPlace::Outside, SettingsForm::Object, Some(NotesPlacement::TopLevel), None),
        ("4.2", NotesPlace::Inside, SettingsForm::Array, Some(NotesPlacement::AdditionalSettings), None),
        (
            "4.2",
            NotesPlace::Inside,
            SettingsForm::Object,
            Some(NotesPlacement::AdditionalSettings),
            Some(AdditionalSettingsShape::Object),
        ),
        ("3.32", NotesPlace::Inside, SettingsForm::Array, None, Some(AdditionalSettingsShape::Array)),
    ];
    for (version, notes, form, notes_placement, additional_settings_shape) in cases {
        let behaviour = Behaviour { notes: Some(notes), additional_settings: Some(form), ..Behaviour::default() };
        let pam = pam_with(version, behaviour).await;
        let plain = client(&pam, version).upsert_credential(&noted("one")).await;
        assert_eq!(judge(plain), ("rejected", false), "{version} {notes:?} {form:?}");
        let told = Compatibility { notes_placement, additional_settings_shape, ..Compatibility::default() };
        client_with(&pam, version, told).upsert_credential(&noted("one")).await.unwrap();
    }
}

#[tokio::test]
async fn spellings_of_values_are_overridden_each_by_itself() {
    let own = Compatibility::default;
    let cases = [
        (
            Behaviour { criticality: Criticality::LowerCase, ..Behaviour::default() },
            Compatibility { criticality_case: Some(CriticalityCase::LowerCase), ..own() },
        ),
        (
            Behaviour { booleans: ValueForm::Text, ..Behaviour::default() },
            Compatibility { boolean_form: Some(BooleanForm::Digit), ..own() },
        ),
        (
            Behaviour { numbers: ValueForm::Text, ..Behaviour::default() },
            Compatibility { number_form: Some(NumberForm::Text), ..own() },
        ),
    ];
    for version in VERSIONS {
        for (behaviour, told) in &cases {
            let pam = pam_with(version, behaviour.clone()).await;
            let everything = fields::everything(fields::creating());
            let plain = client(&pam, version).upsert_credential(&everything).await;
            assert_eq!(judge(plain), ("rejected", false), "{version} {told:?}");
            client_with(&pam, version, told.clone()).upsert_credential(&everything).await.unwrap();
        }
    }
}
