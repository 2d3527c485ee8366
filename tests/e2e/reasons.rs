//! P8, P10: each answer of the PAM to a push has its reason, message, remedy and retries (`tests/fixtures/errors.tsv`).

use std::time::{Duration, Instant};

use crate::support::{CANARY, Plan, World, assert_no_canary, ready};
use pam_operator::api::{ConditionType, find};
use pam_simulator::{Effect, Fault, Kind, ProductVersion, Shape};
use serde_json::{Value, json};

/// answer, versions, kind, retry, field, words.
const TABLE: &str = include_str!("../fixtures/errors.tsv");

struct Row {
    answer: &'static str,
    kind: &'static str,
    retry: &'static str,
    field: &'static str,
    words: &'static str,
}

/// The rows of one version.
fn rows(version: ProductVersion) -> Vec<Row> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#')).skip(1);
    let other = if version < ProductVersion::V3_33 { "new" } else { "old" };
    let rows = lines.filter_map(|line| match line.split('\t').collect::<Vec<_>>()[..] {
        [_, versions, ..] if versions == other => None,
        [answer, _, kind, retry, field, words] => Some(Row { answer, kind, retry, field, words }),
        _ => panic!("{line}"),
    });
    rows.collect()
}

impl Row {
    fn effect(&self) -> Effect {
        if let Ok(code) = self.answer.parse() {
            return Effect::Code(code);
        }
        let answer = self.answer.trim_start_matches("login ");
        let [status, speaker, text] = answer.splitn(3, ' ').collect::<Vec<_>>()[..] else { panic!("{answer}") };
        let shape = match speaker {
            "gateway" => Shape::Gateway,
            "application" => Shape::Application,
            "html" => Shape::Html,
            other => panic!("{other}"),
        };
        Effect::Status { status: status.parse().unwrap(), shape, message: Some(text.to_owned()), retry_after: None }
    }

    fn reason(&self) -> &'static str {
        match self.kind {
            "device_not_found" => "DeviceNotFound",
            "rejected" | "not_found" | "misrouted" | "intercepted" => "PamRejected",
            "permission_denied" => "PamPermissionDenied",
            "token_rejected" | "login_refused" => "PamAuthenticationFailed",
            "rate_limited" => "RateLimited",
            kind if kind.starts_with("unavailable_") => "PamUnavailable",
            other => panic!("{other}"),
        }
    }

    /// The fields of [`everything`] that users are to look at.
    fn fields(&self) -> &'static str {
        match self.field {
            "identifier" => "spec.identifier",
            "hostname" if self.kind == "device_not_found" => "spec.hostname, spec.ip",
            "hostname" => "spec.hostname",
            "ip" => "spec.ip",
            "username" => "spec.username",
            "site" => "spec.device.site",
            "model" => "spec.device.model",
            "vendor" => "spec.device.vendor",
            "type" => "spec.device.type",
            "device_domain" => "spec.device.domains, spec.domain",
            "jit_settings.credential_*_plugin" => "spec.jitSettings.credentialCreationPlugin",
            "jit_settings.credential_*_template" => "spec.jitSettings.credentialCreationTemplate",
            "-" if self.kind == "not_found" => "spec.sessionSettings.authenticationCredential",
            "-" if self.answer.starts_with("500 ") && self.retry == "bounded" => {
                "spec.additionalSettings.userCredentialOwner"
            }
            "-" => "",
            other => panic!("{other}"),
        }
    }

    /// Whether it is about one credential alone: nobody else is served less for it.
    fn is_of_one(&self) -> bool {
        self.retry == "permanent" || self.kind == "device_not_found"
    }

    /// Checks what is said of the credential.
    fn is_told(&self, credential: &pam_operator::api::PamCredential, version: ProductVersion) {
        let (status, reason, message) = ready(credential);
        let told = format!("{version}, {}: {reason}: {message}", self.answer);
        assert_eq!((status.as_str(), reason.as_str()), ("False", self.reason()), "{told}");
        assert!(message.contains(self.words), "{told}");
        assert!(message.contains(self.fields()), "{told}");
        if self.answer.len() == 4 {
            assert!(message.contains(&format!("PAM code {}", self.answer)), "{told}");
        }
        let conditions = &credential.status.as_ref().unwrap().conditions;
        let stalled = find(conditions, ConditionType::Stalled).is_some();
        assert_eq!(stalled, self.retry == "permanent" || self.kind == "token_rejected", "{told}");
        assert_eq!(find(conditions, ConditionType::Reconciling).is_some(), !stalled, "{told}");
    }
}

/// A spec with every field that an answer may be about.
fn everything(name: &str) -> Value {
    json!({
        "identifier": name,
        "hostname": format!("{name}-host"),
        "ip": format!("{name}.example"),
        "domain": "example.com",
        "device": {"site": "s", "model": "m", "vendor": "v", "type": "t", "domains": ["example.com"]},
        "additionalSettings": {"userCredentialOwner": "admin"},
        "sessionSettings": {
            "useOwnCredentialToConnect": false,
            "authenticationCredential": "c", "authenticationHostname": "h", "authenticationIp": "i",
        },
        "jitSettings": {
            "jit": true, "useOwnCredentialToConnect": true, "credentialCreationAndDeletion": true,
            "credentialCreationPlugin": "SSH", "credentialCreationTemplate": "Linux - Create User",
            "credentialDeletionPlugin": "SSH", "credentialDeletionTemplate": "Linux - Remove User",
        },
    })
}

async fn put(world: &World, name: &str) {
    world.sim.add_device(&format!("{name}-host"), &format!("{name}.example"));
    world.apply([world.secret_json(name, CANARY), world.credential_json(name, everything(name))]).await;
}

async fn each_answer(version: ProductVersion) {
    let world = Plan::default().version(version).start().await;
    let (of_one, of_all): (Vec<Row>, Vec<Row>) =
        rows(version).into_iter().filter(|row| !row.answer.starts_with("login")).partition(Row::is_of_one);
    those_of_one(&world, version, &of_one).await;
    // What a gateway says is the same before every version.
    let by_version = |row: &&Row| version == ProductVersion::V4_2 || row.answer.contains("application");
    those_of_all(&world, version, of_all.iter().filter(by_version)).await;
    assert_no_canary(&world.everything_said().await);
}

/// Each meets a credential of its own, all at once.
async fn those_of_one(world: &World, version: ProductVersion, rows: &[Row]) {
    let names: Vec<String> = (0..rows.len()).map(|number| format!("answer-{number}")).collect();
    let (mark, began) = (world.sim.mark(), Instant::now());
    for (row, name) in rows.iter().zip(&names) {
        world.sim.inject(Fault::on(Kind::PostCredential, row.effect()).always().only(name));
        world.sim.add_device(&format!("{name}-host"), &format!("{name}.example"));
    }
    let objects = |name: &String| [world.secret_json(name, CANARY), world.credential_json(name, everything(name))];
    world.apply(names.iter().flat_map(objects)).await;
    for (row, name) in rows.iter().zip(&names) {
        row.is_told(&world.becomes(name, row.reason()).await, version);
    }
    // The first second look is ten seconds away at most, and five at least.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let journal = world.sim.since(mark);
    // On a busy machine all of this may have taken longer than that.
    let second_looks = usize::try_from(began.elapsed().as_secs() / 5).unwrap();
    for (row, name) in rows.iter().zip(&names) {
        let posts = journal.posts_for(name).len();
        // A gateway's 404 may be about the token, which is renewed for it once.
        let most = if row.answer.starts_with("404 gateway") { 2 } else { 1 } + second_looks;
        match row.retry {
            "permanent" => assert!(posts <= most, "{version}, {}: tried {posts} times", row.answer),
            _ => assert!((1..=5 + second_looks).contains(&posts), "{version}, {}: tried {posts} times", row.answer),
        }
    }
    world.sim.clear_faults();
    heal(world, rows, &names).await;
}

/// What is permanent goes on with the next change, and a device that appears needs none.
async fn heal(world: &World, rows: &[Row], names: &[String]) {
    let changed = |(_, name): &(&Row, &String)| {
        let mut object = world.credential_json(name, everything(name));
        object["spec"]["notes"] = json!("changed");
        object
    };
    let permanent = rows.iter().zip(names).filter(|(row, _)| row.retry == "permanent");
    world.apply(permanent.map(|row| changed(&row))).await;
    for name in names {
        world.becomes(name, "Synced").await;
    }
    assert_eq!(world.sim.records().len(), names.len(), "one record each");
}

/// Each meets one credential, one after the other: the PAM as a whole is left alone for it.
async fn those_of_all(world: &World, version: ProductVersion, rows: impl Iterator<Item = &Row>) {
    put(world, "svc").await;
    world.becomes("svc", "Synced").await;
    for (round, row) in rows.enumerate() {
        let value = format!("{CANARY}-{round}");
        world.sim.inject(Fault::on(Kind::PostCredential, row.effect()).always());
        world.put_secret("svc", json!({"password": value})).await;
        row.is_told(&world.becomes("svc", row.reason()).await, version);
        world.sim.clear_faults();
        world.pam_holds("svc", &value).await;
        world.becomes("svc", "Synced").await;
    }
}

#[tokio::test]
async fn each_answer_has_its_reason_its_field_its_remedy_and_its_retries_on_3_32() {
    each_answer(ProductVersion::V3_32).await;
}

#[tokio::test]
async fn each_answer_has_its_reason_its_field_its_remedy_and_its_retries_on_3_33_1() {
    each_answer(ProductVersion::V3_33_1).await;
}

#[tokio::test]
async fn each_answer_has_its_reason_its_field_its_remedy_and_its_retries_on_4_2() {
    each_answer(ProductVersion::V4_2).await;
}

/// A login that fails is the connection's to tell; its credentials say so, and are not sent.
#[tokio::test]
async fn each_answer_to_a_login_is_told_by_the_connection_and_by_its_credentials() {
    for row in rows(ProductVersion::V4_2).iter().filter(|row| row.answer.starts_with("login")) {
        let mut world = Plan::default().operator_off().start().await;
        world.sim.inject(Fault::on(Kind::Token, row.effect()).always());
        world.start_operator().await;
        let connection = world.connection_becomes(row.reason()).await;
        let message = &find(&connection.status.unwrap().conditions, ConditionType::Ready).unwrap().message.clone();
        assert!(message.contains(row.words), "{}: {message}", row.answer);
        put(&world, "svc").await;
        let message = ready(&world.becomes("svc", row.reason()).await).2;
        assert!(message.contains(row.words) && message.contains(&world.connection), "{}: {message}", row.answer);
        assert!(world.sim.journal().posts().is_empty());
        assert_no_canary(&world.everything_said().await);
    }
}
