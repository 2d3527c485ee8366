//! P8: what a PAM answers is data. Whatever stands in a field of an answer, nothing of it leaves that the field may not hold:
//! no echo of the value, no control or direction character, no line of a log or header, no megabyte.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::support::{ACCESS_KEY, CANARY, Keeper, OperatedCluster, World, assert_no_canary, my_safe, value, world};
use pam_operator::api::FINALIZER;
use pam_simulator::{Config, Effect, EntrySeed, Fault, FaultId, Kind, ProductVersion, Seed, Share, Simulator};
use reqwest::{Certificate, Client, RequestBuilder};
use serde_json::{Value, json};
use tokio::time::sleep;

/// Longer than anything that a field may say, and short enough for an answer that is read (1 MiB).
const LONG: usize = 900_000;
/// Between the steps of a life: longer than the time from one list to the next.
const STEP: Duration = Duration::from_secs(100);

/// The version whose fields get every text.
const NEWEST: &str = "4.2";

/// A value that could also be an identifier and a tenant.
const PLAIN: &str = "canary-7f3a-plain";
/// A value that could also be an id.
const DIGITS: &str = "73465110947382";

/// A text for a field, and a part of it that must not be seen anywhere.
struct Hostile {
    text: String,
    trace: String,
    /// The value of every object.
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

const KINDS: [(&str, Kind); 10] = [
    ("token", Kind::Token),
    ("post", Kind::PostCredential),
    ("list", Kind::ListCredentials),
    ("delete", Kind::DeleteCredential),
    ("put", Kind::PutCredential),
    ("make", Kind::PostSafePassword),
    ("entries", Kind::ListSafePasswords),
    ("change", Kind::PutSafePassword),
    ("inactive", Kind::DeactivateSafePassword),
    ("active", Kind::ActivateSafePassword),
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

/// The PAM of a test.
fn pam(keeper: Keeper, version: &str) -> Config {
    let version = version.parse::<ProductVersion>().unwrap();
    match keeper {
        Keeper::Credential => Config::of(version).device("db01", "10.0.0.7"),
        Keeper::Entry => my_safe(version),
    }
}

/// Returns every field of the answers that the simulated PAM gives, successes and refusals, as its documentation has them.
fn fields(keeper: Keeper, version: &str, prefix: &str) -> Vec<Field> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let all = runtime.block_on(async {
        let sim = Simulator::start(pam(keeper, version)).await.unwrap();
        let client = Client::builder().tls_certs_only([Certificate::from_pem(sim.ca_pem().as_bytes()).unwrap()]);
        let (client, base) = (client.build().unwrap(), format!("{}{prefix}", sim.url()));
        let (id, secret) = match keeper {
            Keeper::Credential => (sim.client_id(), sim.client_secret()),
            Keeper::Entry => ("key".to_owned(), ACCESS_KEY.to_owned()),
        };
        let login = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let login = client.post(format!("{base}/oauth2/token")).body(login);
        let login = answered(login.header("content-type", "application/x-www-form-urlencoded")).await;
        let token = login["access_token"].as_str().unwrap().to_owned();
        if keeper == Keeper::Entry {
            return answers_of_my_safe(&client, &base, &token, login).await;
        }
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

async fn answers_of_my_safe(client: &Client, base: &str, token: &str, login: Value) -> Vec<(&'static str, Value)> {
    let at = format!("{base}/mysafe/password");
    let send = async |request: RequestBuilder, body: Value| {
        let request = request.bearer_auth(token).header("content-type", "application/json");
        answered(request.body(body.to_string())).await
    };
    let shared = json!({"name": "n", "username": "u", "password": "p", "tags": "t", "url": "https://a", "notes": "n",
        "users_allowed": [{"username": "ana", "can_edit": true}, {"username": "nobody"}], "groups_allowed": [{"name": "NOC"}]});
    let made = send(client.post(&at), shared).await;
    let id = made["password_entity"]["identifier"].as_str().unwrap().to_owned();
    let mut all = vec![("token", login), ("make", made), ("make", send(client.post(&at), json!({})).await)];
    all.push(("entries", send(client.get(&at), json!({})).await));
    for id in [id.as_str(), "1"] {
        all.push(("change", send(client.put(format!("{at}/update/{id}")), json!({"notes": "more"})).await));
        all.push(("inactive", send(client.post(format!("{at}/inactive/{id}")), json!({})).await));
        all.push(("active", send(client.post(format!("{at}/active/{id}")), json!({})).await));
    }
    all
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

/// Objects in whose passes each kind of call is made: one adopts, one takes over, one is made, one plans, one may not.
fn specs(keeper: Keeper, taken: &str) -> Vec<(&'static str, Value)> {
    match keeper {
        Keeper::Credential => vec![
            ("svc", json!({"deletionPolicy": "Disable"})),
            ("taken", json!({"adoptionPolicy": "TakeOver", "ensureEnabled": true})),
            ("found", json!({"ensureEnabled": true})),
            ("planned", json!({"mode": "Plan", "adoptionPolicy": "TakeOver"})),
            ("never", json!({"username": "found", "adoptionPolicy": "Never"})),
        ],
        Keeper::Entry => vec![
            ("svc", json!({"deletionPolicy": "Deactivate", "usersAllowed": [{"name": "ana"}, {"name": "nobody"}]})),
            ("taken", json!({"identifier": taken, "adoptionPolicy": "ByIdentifier"})),
            ("switched", json!({"active": true})),
            ("planned", json!({"mode": "Plan"})),
            ("lacks", json!({"identifier": "1", "adoptionPolicy": "ByIdentifier"})),
        ],
    }
}

/// The objects of a cluster, as they are put again and again.
struct Busy {
    keeper: Keeper,
    cluster: OperatedCluster,
    specs: Vec<(&'static str, Value)>,
}

impl Busy {
    async fn start(keeper: Keeper, world: &World, value: &str) -> Self {
        let seed = |name: &str| Seed::new(name, "db01", "10.0.0.7").visible_to(&[&world.sim.client_id()]);
        let mut taken = String::new();
        match keeper {
            Keeper::Credential => {
                world.sim.seed(seed("taken").identifier("theirs").disabled());
                world.sim.seed(seed("found").identifier("c1_apps_found"));
                world.sim.seed(seed("planned").identifier("another"));
            }
            Keeper::Entry => {
                let theirs = EntrySeed::new("ana", "theirs", "taken").tags("theirs");
                taken = world.sim.plant(theirs.shared_with(Share::editor("svc")));
            }
        }
        let mut cluster = keeper.cluster(world, &json!({"inventory": {"interval": "1m"}}));
        let specs = specs(keeper, &taken);
        for (name, spec) in &specs {
            cluster.put_value(name, value);
            keeper.put(&cluster, name, spec);
        }
        cluster.start().await;
        Self { keeper, cluster, specs }
    }

    /// Everything is written again and compared with new lists; one object is made, and the one that was made before is deleted.
    async fn live(&self, number: usize, value: &str) {
        let Self { keeper, cluster, specs } = self;
        for (name, spec) in specs {
            let mut spec = spec.clone();
            spec["notes"] = format!("note {number}").into();
            if *name == "switched" {
                spec["active"] = json!(number.is_multiple_of(2));
            }
            keeper.put(cluster, name, &spec);
        }
        let name = format!("new{number}");
        cluster.put_value(&name, value);
        keeper.put(cluster, &name, &json!({"deletionPolicy": keeper.policy()}));
        if let Some(before) = number.checked_sub(1) {
            keeper.delete(cluster, &format!("new{before}"));
        }
        sleep(STEP).await;
    }
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

fn nothing_leaves(keeper: Keeper, version: &'static str, prefix: &str) {
    let all = fields(keeper, version, prefix);
    assert!(all.len() > 40, "{all:?}");
    let newest = if version == NEWEST { Vec::new() } else { fields(keeper, NEWEST, "/api") };
    // A field that the newest version has, too, is read by the same code: of an old version that field gets the echo alone.
    let others: Vec<Field> = all.iter().filter(|field| !newest.contains(field)).cloned().collect();
    for (number, hostile) in hostile().into_iter().enumerate() {
        let fields = if number == 0 { all.clone() } else { others.clone() };
        if fields.is_empty() {
            continue;
        }
        world(pam(keeper, version), |world| async move {
            let busy = Busy::start(keeper, &world, &hostile.value).await;
            let cluster = &busy.cluster;
            let (mut seen, all) = (0, fields.len());
            busy.live(0, &hostile.value).await;
            for (number, field) in fields.into_iter().enumerate() {
                let fault = field.inject(&world, &hostile.text);
                if field.kind == "token" {
                    world.sim.revoke_tokens();
                }
                busy.live(number + 1, &hostile.value).await;
                let logs = world.logs();
                check(&(cluster.said() + &cluster.metrics() + &logs[seen..]), &field, &hostile.trace);
                seen = logs.len();
                world.sim.remove_fault(fault);
            }
            keeper.delete(cluster, &format!("new{all}"));
            sleep(Duration::from_mins(10)).await;
            let last = Field { kind: "none", path: String::new() };
            check(&(cluster.said() + &cluster.metrics() + &world.logs()[seen..]), &last, &hostile.trace);
            let left = |object: &Value| object["metadata"]["finalizers"].to_string().contains(FINALIZER);
            let names = cluster.api.list(keeper.plural()).into_iter().filter(left);
            let names: Vec<Value> = names.map(|object| object["metadata"]["name"].clone()).collect();
            assert_eq!(names, ["svc"], "every object that was deleted is gone");
        });
    }
}

#[test]
fn nothing_of_a_hostile_answer_leaves() {
    nothing_leaves(Keeper::Credential, NEWEST, "/api");
}

#[test]
fn nothing_of_a_hostile_answer_of_an_old_version_leaves() {
    nothing_leaves(Keeper::Credential, "3.32", "/iso");
}

#[test]
fn nothing_of_a_hostile_answer_of_my_safe_leaves() {
    nothing_leaves(Keeper::Entry, NEWEST, "/api");
}

#[test]
fn nothing_of_a_hostile_answer_of_an_old_my_safe_leaves() {
    nothing_leaves(Keeper::Entry, "3.32", "/api");
}
