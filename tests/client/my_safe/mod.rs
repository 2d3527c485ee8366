//! The client of MySafe, against the simulated MySafe over TLS (P3, P4, P5, P8, P10).

mod answers;
mod calls;
mod list;
mod lost;

use pam_operator::pam::{
    Edit, Endpoint, EntryFields, ListedEntry, NewEntry, OAuth2, PamClient, PamError, Product, ProductVersion, Share,
};
use pam_simulator::{Authorization, Kind, SafeRules};

use crate::support::{CANARY, CLIENT_SECRET, Pam, VALUE};
use crate::versions::pam;

pub const SEED: &str = "CANARY234567CANARY";

/// A PAM of this version with an access key of the user `svc`.
pub async fn safe(version: &str) -> Pam {
    safe_with(version, SafeRules::default()).await
}

pub async fn safe_with(version: &str, my_safe: SafeRules) -> Pam {
    let pam = pam(version).await;
    pam.sim.change_behaviour(|knobs| knobs.my_safe = my_safe);
    pam.sim.authorize(Authorization::access_key("key", CLIENT_SECRET, "svc"));
    pam
}

pub fn endpoint(pam: &Pam, version: &str) -> Endpoint {
    Endpoint {
        product: Product::MySafe,
        version: ProductVersion::parse(version).unwrap(),
        oauth2: OAuth2 { client_id: "key".into(), client_secret: CLIENT_SECRET.into() },
        ..pam.endpoint()
    }
}

pub fn client(pam: &Pam, version: &str) -> PamClient {
    pam.client_of(endpoint(pam, version))
}

pub fn share(name: &str, can_edit: bool) -> Share {
    Share { name: name.into(), can_edit }
}

/// An entry without what it need not have.
pub fn plain(name: &str) -> NewEntry {
    let username = format!("{CANARY}-user");
    NewEntry { name: name.into(), username, password: VALUE.into(), rest: EntryFields::default() }
}

/// An entry with everything.
pub fn full(name: &str) -> NewEntry {
    let rest = EntryFields {
        url: Edit::Set("https://registrar.example.com/?a=1&b=\u{e9}".into()),
        secret_key: Edit::Set(SEED.into()),
        notes: Edit::Set(format!("{CANARY}\n\"notes\"")),
        tags: Edit::Set(vec!["dns".into(), "k8s-0123456789abcdef".into()]),
        users_allowed: Some(vec![share("pduarte", true)]),
        groups_allowed: Some(vec![share("Test group", false)]),
    };
    NewEntry { rest, ..plain(name) }
}

pub async fn list(client: &PamClient, tag: Option<&str>) -> Result<Vec<ListedEntry>, PamError> {
    let mut entries = Vec::new();
    let count = client.my_safe().list_entries(tag, &mut |entry| entries.push(entry)).await?;
    assert_eq!(count, entries.len());
    Ok(entries)
}

/// What holds for every journal: nothing but MySafe and its token endpoint is called, and no secret is asked for.
pub fn check_journal(pam: &Pam, prefix: &str) {
    let journal = pam.sim.journal();
    for entry in journal.entries() {
        let expected = [format!("{prefix}/mysafe/password"), format!("{prefix}/oauth2/token")];
        assert!(expected.iter().any(|path| entry.path.starts_with(path.as_str())), "{}", entry.path);
    }
    assert_eq!(journal.count(Kind::GetSafePassword), 0);
    assert!(journal.secrets_handed_out().is_empty());
}
