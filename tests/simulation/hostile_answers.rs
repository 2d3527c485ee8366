//! P8: what a PAM answers is data. Whatever stands in a field of an answer, nothing of it leaves that the field may not hold:
//! no echo of the value, no control or direction character, no line of a log or header, no megabyte.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::support::{CANARY, NAMESPACE, OperatedCluster, World, assert_no_canary, value, world};
use pam_operator::api::FINALIZER;
use pam_simulator::{Config, Effect, Fault, FaultId, Kind, ProductVersion, Seed, Simulator};
use reqwest::{Certificate, Client, RequestBuilder};
use serde_json::{Value, json};
use tokio::time::sleep;

/// Longer than anything that a field may say, and short enough for an answer that is read (1 MiB).
const LONG: usize = 900_000;
/// Between the steps of a life: longer than the time from one list to the next.
const STEP: Duration = Duration::from_secs(100);

/// A value that could also be an identifier and a tenant.
const PLAIN: &str = "canary-7f3a-plain";
/// A value that could also be an id.
const DIGITS: &str = "73465110947382";

/// A text for a field, and a part of it that must not be seen anywhere.
struct Hostile {
    text: String,
    trace: String,
    /// The value of every credential.
    value: String,
}

fn hostile() -> Vec<Hostile> {
    let with =
        |text: &str, trace: &str, value: String| Hostile { text: text.to_owned(), trace: trace.to_owned(), value };
    let of = |text: &str, trace: &str| with(text, trace, value("svc", 1));
    vec![
        of(&value("svc", 1), CANARY),
        with(PLAIN, PLAIN, PLAIN.to_owned()),
        with(DIGITS, DIGITS, DIGITS.to_owned()),
        of("\u{1b}[31mred\u{1b}[0m", "[31mred"),
        of("7\r\nset-cookie: a=b\nlevel=ERROR", "set-cookie"),
        of("7\u{202e}gnp.exe", "gnp.exe"),
        of(&"9".repeat(LONG), &"9".repeat(21)),
        of(&"k".repeat(LONG), &"k".repeat(256)),
    ]
}

/// A field of the answers to a kind of call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Field {
    kind: &'static str,
    path: String,
}

const KINDS: [(&str, Kind); 5] = [
    ("token", Kind::Token),
    ("post", Kind::PostCredential),
    ("list", Kind::ListCredentials),
    ("delete", Kind::DeleteCredential),
    ("put", Kind::PutCredential),
];

impl Field {
    fn kind(&self) -> Kind {
        KINDS.into_iter().find(|(name, _)| *name == self.kind).unwrap().1
    }

    /// Puts a text into the field, in every answer of its kind, until the fault is removed; a long text in one row of a list.
    fn inject(&self, world: &World, text: &str) -> FaultId {
        let path = if text.len() < LONG { self.path.clone() } else { self.path.replace('*', "0") };
        let effect = Effect::OtherField { path, text: text.to_owned() };
        world.sim.inject(Fault::on(self.kind(), effect).always())
    }
}

/// Returns every field of the answers that the simulated PAM gives, successes and refusals, as its documentation has them.
fn fields(version: &str, prefix: &str) -> Vec<Field> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = Config::of(version.parse::<ProductVersion>().unwrap()).device("db01", "10.0.0.7");
    let all = runtime.block_on(async {
        let sim = Simulator::start(config).await.unwrap();
        let client = Client::builder().tls_certs_only([Certificate::from_pem(sim.ca_pem().as_bytes()).unwrap()]);
        let (client, base) = (client.build().unwrap(), format!("{}{prefix}", sim.url()));
        let (id, secret) = (sim.client_id(), sim.client_secret());
        let login = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let login = client.post(format!("{base}/oauth2/token")).body(login);
        let login = answered(login.header("content-type", "application/x-www-form-urlencoded")).await;
        let token = login["access_token"].as_str().unwrap().to_owned();
        let (at, with) = (format!("{base}/pam/credential"), |request: RequestBuilder| request.bearer_auth(&token));
        let body = |hostname: &str| json!({"identifier": "a", "username": "u", "hostname": hostname, "ip": "10.0.0.7"});
        let post = |hostname: &str| {
            with(client.post(&at)).body(body(hostname).to_string()).header("content-type", "application/json")
        };
        let made = answered(post("db01")).await;
        let one = format!("{at}/{}", made["credential"]["id"].as_str().unwrap());
        let mut all = vec![("token", login), ("post", made), ("post", answered(post("nowhere")).await)];
        all.push(("list", answered(with(client.get(&at))).await));
        for (kind, request) in [("put", client.put(&one)), ("delete", client.delete(&one))] {
            all.push((kind, answered(with(request)).await));
        }
        all.push(("put", answered(with(client.put(&one))).await));
        all
    });
    let mut fields = BTreeSet::new();
    for (kind, answer) in &all {
        collect(answer, "", &mut |path| _ = fields.insert(Field { kind, path: path.to_owned() }));
    }
    fields.into_iter().collect()
}

async fn answered(request: RequestBuilder) -> Value {
    serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap()
}

/// Calls `take` with the path of each field that holds no others.
fn collect(value: &Value, path: &str, take: &mut impl FnMut(&str)) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}/{key}") };
    match value {
        Value::Object(object) => object.iter().for_each(|(key, value)| collect(value, &below(key), take)),
        Value::Array(items) => items.iter().for_each(|item| collect(item, &below("*"), take)),
        _ => take(path),
    }
}

/// Credentials in whose passes each kind of call is made: one adopts, one takes over, one is made, one plans, one may not.
fn specs() -> [(&'static str, Value); 5] {
    [
        ("svc", json!({"deletionPolicy": "Disable"})),
        ("taken", json!({"adoptionPolicy": "TakeOver", "ensureEnabled": true})),
        ("found", json!({"ensureEnabled": true})),
        ("planned", json!({"mode": "Plan", "adoptionPolicy": "TakeOver"})),
        ("never", json!({"username": "found", "adoptionPolicy": "Never"})),
    ]
}

async fn busy(world: &World, value: &str) -> OperatedCluster {
    let seed = |name: &str| Seed::new(name, "db01", "10.0.0.7").visible_to(&[&world.sim.client_id()]);
    world.sim.seed(seed("taken").identifier("theirs").disabled());
    world.sim.seed(seed("found").identifier("c1_apps_found"));
    world.sim.seed(seed("planned").identifier("another"));
    let mut cluster = world.cluster_with("c1", &json!({"inventory": {"interval": "1m"}}));
    for (name, spec) in specs() {
        cluster.put_value(name, value);
        cluster.put_credential(name, &spec);
    }
    cluster.start().await;
    cluster
}

/// Everything is written again and compared with new lists; one object is made, and the one that was made before is deleted.
async fn live(cluster: &OperatedCluster, number: usize, value: &str) {
    for (name, mut spec) in specs() {
        spec["notes"] = format!("note {number}").into();
        cluster.put_credential(name, &spec);
    }
    let name = format!("new{number}");
    cluster.put_value(&name, value);
    cluster.put_credential(&name, &json!({"deletionPolicy": "Disable"}));
    if let Some(before) = number.checked_sub(1) {
        cluster.api.delete("pamcredentials", NAMESPACE, &format!("new{before}"));
    }
    sleep(STEP).await;
}

/// Fails where anything that must not leave is in what the operator said.
fn check(said: &str, field: &Field, trace: &str) {
    assert_no_canary(said);
    let stray = said.chars().find(|c| (c.is_control() && *c != '\n') || ('\u{202a}'..='\u{202e}').contains(c));
    assert_eq!(stray, None, "{field:?}");
    let json = serde_json::to_string(trace).unwrap();
    for trace in [trace, &json[1..json.len() - 1], "\\u001b", "\\r\\n"] {
        let at = said.find(trace).map(|at| &said[at.saturating_sub(300)..(at + 60).min(said.len())]);
        assert_eq!(at, None, "{field:?} leaves");
    }
}

fn nothing_leaves(version: &'static str, prefix: &str) {
    let fields = fields(version, prefix);
    assert!(fields.len() > 40, "{fields:?}");
    for hostile in hostile() {
        let config = Config::of(version.parse::<ProductVersion>().unwrap()).device("db01", "10.0.0.7");
        let fields = fields.clone();
        world(config, |world| async move {
            let cluster = busy(&world, &hostile.value).await;
            let (mut seen, all) = (0, fields.len());
            live(&cluster, 0, &hostile.value).await;
            for (number, field) in fields.into_iter().enumerate() {
                let fault = field.inject(&world, &hostile.text);
                if field.kind == "token" {
                    world.sim.revoke_tokens();
                }
                live(&cluster, number + 1, &hostile.value).await;
                let logs = world.logs();
                check(&(cluster.said() + &cluster.metrics() + &logs[seen..]), &field, &hostile.trace);
                seen = logs.len();
                world.sim.remove_fault(fault);
            }
            cluster.api.delete("pamcredentials", NAMESPACE, &format!("new{all}"));
            sleep(Duration::from_mins(10)).await;
            let last = Field { kind: "none", path: String::new() };
            check(&(cluster.said() + &cluster.metrics() + &world.logs()[seen..]), &last, &hostile.trace);
            let left = |object: &Value| object["metadata"]["finalizers"].to_string().contains(FINALIZER);
            let names = cluster.api.list("pamcredentials").into_iter().filter(left);
            let names: Vec<Value> = names.map(|object| object["metadata"]["name"].clone()).collect();
            assert_eq!(names, ["svc"], "every object that was deleted is gone");
        });
    }
}

#[test]
fn nothing_of_a_hostile_answer_leaves() {
    nothing_leaves("4.2", "/api");
}

#[test]
fn nothing_of_a_hostile_answer_of_an_old_version_leaves() {
    nothing_leaves("3.32", "/iso");
}
