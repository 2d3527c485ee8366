//! P10: whatever a host answers, the operator holds no more of the answer than the answer's limit and 8 MiB.
//!
//! For each answer the test starts its own program a second time, which contains nothing but the client: the highest
//! memory of that process is the client's own.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::fmt::Write as _;
use std::process::{Command, Output};

use pam_operator::pam::{
    CredentialRequest, Deadlines, Endpoint, EntryFields, Inventory, ListBudget, ListedEntry, NewEntry, OAuth2, Origins,
    PamClient, PamError, Product, ProductVersion, Share,
};
use pam_simulator::{Authorization, Config, Effect, Fault, Kind, Simulator};
use serde_json::{Value, json};

const MIB: usize = 1 << 20;
/// The limit of a tenant's list.
const LIST: usize = 32 * MIB;
const ROWS: usize = 49_900;
const HEADROOM_MIB: f64 = 8.0;
const CLIENT_SECRET: &str = "CANARY-client-secret";
/// Set in the process that is the client: where the PAM is, and what to call.
const PAM: &str = "HOSTILE_PAM";
const FIGURES: &str = "figures ";
const TEST: &str = "no_answer_takes_more_memory_than_its_limit_and_some";

/// An answer that is made to use up memory.
struct Hostile {
    name: &'static str,
    call: Kind,
    /// How many times it is called; the lists of all calls are kept.
    times: u32,
    /// The most bytes that may be held of it.
    limit: usize,
    body: String,
    /// What the call ends with; behind a bar, what it may end with, too.
    ends: &'static str,
}

#[test]
fn no_answer_takes_more_memory_than_its_limit_and_some() {
    match std::env::var(PAM) {
        Ok(pam) => runtime().block_on(measure(&serde_json::from_str(&pam).unwrap())),
        Err(_) => runtime().block_on(serve()),
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

// === the PAM ===

async fn serve() {
    let config = Config::default().only_client("operator", CLIENT_SECRET).device("db01", "10.0.0.7");
    let config = config.authorization(Authorization::access_key("key", CLIENT_SECRET, "svc"));
    let sim = Simulator::start(config).await.unwrap();
    let pam = json!({ "url": sim.url(), "ca": sim.ca_pem() });
    let mut wrong = String::new();
    for Hostile { name, call, times, limit, body, ends } in hostile() {
        let length = body.len();
        assert!(length <= limit && !body.contains("CANARY"), "{name}");
        // The first call of each process has the usual answer: what any call needs is no part of the figure.
        let raw = Effect::Raw { status: 200, content_type: "application/json".into(), body };
        sim.inject(Fault::on(call, raw).skipping(1).times(times));
        let mut what = pam.clone();
        (what["call"], what["times"]) = (json!(call), json!(times));
        let output = tokio::task::spawn_blocking(move || start_client(&what.to_string())).await.unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{name}: {out}{err}");
        assert!(!out.contains("CANARY") && !err.contains("CANARY"), "a secret was shown");
        let figures = err.lines().find_map(|line| line.strip_prefix(FIGURES)).unwrap();
        let figures: Value = serde_json::from_str(figures).unwrap();
        let peak = figures["peak MiB"].as_f64().unwrap();
        eprintln!("{name}: {:.1} MiB sent, {peak:.1} MiB at the peak, {}", in_mib(length), figures["ends"]);
        if peak > in_mib(limit) + HEADROOM_MIB || !ends.split('|').any(|end| figures["ends"] == end) {
            writeln!(wrong, "{name}: {figures}, expected {ends}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn start_client(pam: &str) -> Output {
    let arguments = ["--exact", TEST, "--nocapture"];
    Command::new(std::env::current_exe().unwrap()).args(arguments).env(PAM, pam).output().unwrap()
}

fn in_mib(bytes: usize) -> f64 {
    f64::from(u32::try_from(bytes / 1024).unwrap()) / 1024.0
}

/// Returns `part` in a row, with something between, up to `bytes`.
fn repeated(part: &str, between: &str, bytes: usize) -> String {
    vec![part; (bytes + between.len()) / (part.len() + between.len())].join(between)
}

/// Returns a list of many rows.
fn rows(row: impl Fn(usize) -> String, count: usize) -> String {
    format!(r#"{{"credentials":[{}]}}"#, (0..count).map(row).collect::<Vec<_>>().join(","))
}

fn hostile() -> impl Iterator<Item = Hostile> {
    let row = |id| format!(r#"{{"id":"{id}","username":"{}"}}"#, "x".repeat(950));
    let many = Hostile {
        name: "twelve lists of one namespace",
        call: Kind::ListCredentials,
        times: 12,
        // The list that arrives is there beside those that are kept.
        limit: 2 * ListBudget::NAMESPACE,
        body: rows(row, 10_000),
        ends: "list_not_kept",
    };
    lists().into_iter().chain(small_answers()).chain(entries()).chain([many])
}

fn lists() -> Vec<Hostile> {
    let most = LIST - 200;
    let zeros = repeated("0", ",", most);
    let text = "x".repeat(most);
    let (call, times, limit) = (Kind::ListCredentials, 1, LIST);
    let list = |name, ends, body: String| Hostile { name, call, times, limit, body, ends };
    let wide = "x".repeat(590);
    vec![
        list("numbers as response", "0 records", format!(r#"{{"response":[{zeros}],"credentials":[]}}"#)),
        list("numbers as exception", "0 records", format!(r#"{{"exception":[{zeros}],"credentials":[]}}"#)),
        list("numbers as something unknown", "0 records", format!(r#"{{"x":[{zeros}],"credentials":[]}}"#)),
        list("numbers as records", "malformed", format!(r#"{{"credentials":[{zeros}]}}"#)),
        list("numbers as message", "too_large", format!(r#"{{"response":{{"message":[{zeros}]}},"credentials":[]}}"#)),
        list("numbers in a record", "too_large", format!(r#"{{"credentials":[{{"id":"1","type":[{zeros}]}}]}}"#)),
        list("deep arrays", "too_large", format!(r#"{{"x":{}"#, "[".repeat(most))),
        list("deep arrays as response", "too_large|malformed", format!(r#"{{"response":{}"#, "[".repeat(most))),
        list("deep objects", "too_large|malformed", format!(r#"{{"response":{}"#, repeated(r#"{"a":"#, "", most))),
        list("a long message", "too_large", format!(r#"{{"response":{{"message":"{text}"}},"credentials":[]}}"#)),
        list("a long key", "too_large", format!(r#"{{"{text}":1,"credentials":[]}}"#)),
        list(
            "a long number",
            "too_large|malformed",
            format!(r#"{{"response":{},"credentials":[]}}"#, "9".repeat(most)),
        ),
        list("many keys", "0 records", format!(r#"{{{},"credentials":[]}}"#, repeated(r#""response":{}"#, ",", most))),
        list(
            "a record with 20 MiB",
            "too_large",
            rows(|_| format!(r#"{{"id":"1","username":"{}"}}"#, "x".repeat(20 * MIB)), 1),
        ),
        list(
            "records with 1 MiB",
            "31 records",
            rows(|id| format!(r#"{{"id":"{id}","username":"{}"}}"#, "x".repeat(MIB - 100)), 31),
        ),
        list("wide records", "49900 records", rows(|id| format!(r#"{{"id":"{id}","username":"{wide}"}}"#), ROWS)),
        list(
            "a type of its own for each",
            "49900 records",
            rows(|id| format!(r#"{{"id":"{id}","type":"{id}{wide}"}}"#), ROWS),
        ),
        list("short numbers that are long as text", "49900 records", rows(numbers, ROWS)),
        list("too many records", "too_large", format!(r#"{{"credentials":[{}]}}"#, repeated(r#"{"id":1}"#, ",", most))),
    ]
}

/// A row of numbers with three hundred digits each, written with six characters.
fn numbers(id: usize) -> String {
    let fields = ["identifier", "username", "hostname", "management_ip", "change"];
    let fields = fields.map(|name| format!(r#""{name}":1e308"#)).join(",");
    format!(r#"{{"id":{id},{fields}}}"#)
}

fn small_answers() -> Vec<Hostile> {
    let zeros = repeated("0", ",", MIB - 100);
    let (call, times, limit) = (Kind::PostCredential, 1, MIB);
    let answer = |name, ends, body: String| Hostile { name, call, times, limit, body, ends };
    vec![
        answer("numbers as response of a write", "malformed", format!(r#"{{"response":[{zeros}]}}"#)),
        answer("numbers as record of a write", "malformed", format!(r#"{{"response":{{}},"credential":[{zeros}]}}"#)),
        answer("numbers as exception of a write", "malformed", format!(r#"{{"exception":[{zeros}]}}"#)),
        answer(
            "deep objects of a write",
            "malformed",
            format!(r#"{{"response":{}"#, repeated(r#"{"a":"#, "", MIB - 100)),
        ),
    ]
}

/// Answers of MySafe.
fn entries() -> Vec<Hostile> {
    let (row, create) = (Kind::ListSafePasswords, Kind::PostSafePassword);
    let wide = "x".repeat(590);
    let rows: Vec<_> = (0..ROWS).map(|id| format!(r#"{{"identifier":{id},"tags":"{wide}"}}"#)).collect();
    let long = format!(r#"{{"identifier":1,"url":"{}"}}"#, "x".repeat(MIB - 100));
    let shared = |error: String| format!(r#"{{"password_entity":{{"identifier":7,"shared_error":{error}}}}}"#);
    let most = MIB - 100;
    let hostile = |name, call, limit, ends, body| Hostile { name, call, times: 1, limit, body, ends };
    vec![
        hostile("wide entries", row, LIST, "49900 entries", format!(r#"{{"password_on_list":[{}]}}"#, rows.join(","))),
        hostile(
            "long entries",
            row,
            LIST,
            "31 entries",
            format!(r#"{{"password_on_list":[{}]}}"#, vec![long; 31].join(",")),
        ),
        hostile(
            "many texts in shared_error",
            create,
            MIB,
            "made",
            shared(format!("[{}]", repeated(r#""a""#, ",", most))),
        ),
        hostile("a long text in shared_error", create, MIB, "made", shared(format!(r#""{}""#, "x".repeat(most)))),
        hostile("deep objects in shared_error", create, MIB, "malformed", shared(repeated(r#"{"a":"#, "", most))),
        hostile(
            "numbers as entry",
            create,
            MIB,
            "malformed",
            format!(r#"{{"password_entity":[{}]}}"#, repeated("0", ",", most)),
        ),
    ]
}

// === the client ===

async fn measure(pam: &Value) {
    let (url, ca) = (pam["url"].as_str().unwrap(), pam["ca"].as_str().unwrap());
    let kind: Kind = serde_json::from_value(pam["call"].clone()).unwrap();
    let is_of_safe = matches!(kind, Kind::ListSafePasswords | Kind::PostSafePassword);
    let (client_id, product) = if is_of_safe { ("key", Product::MySafe) } else { ("operator", Product::PamCore) };
    let oauth2 = OAuth2 { client_id: client_id.into(), client_secret: CLIENT_SECRET.into() };
    let version = ProductVersion::parse("4.2").unwrap();
    let endpoint = Endpoint {
        ca_bundle: Some(ca.as_bytes().to_vec()),
        apart: Some("team-a".into()),
        product,
        ..Endpoint::new(url.parse().unwrap(), version, oauth2)
    };
    let client = PamClient::new(endpoint, &Origins::new(), Deadlines::default()).unwrap();
    let times = pam["times"].as_u64().unwrap();
    call(&client, kind, 1).await;
    let before = memory_mib("VmRSS:");
    let ends = call(&client, kind, times).await;
    let peak = memory_mib("VmHWM:") - before;
    eprintln!("\n{FIGURES}{}", json!({ "peak MiB": peak, "ends": ends }));
}

/// Returns how the last of some calls ends.
async fn call(client: &PamClient, kind: Kind, times: u64) -> String {
    let result = match (times, kind) {
        (1, Kind::ListCredentials) => list(client, &Inventory::new()).await,
        (1, Kind::ListSafePasswords) => list_entries(client).await,
        (1, Kind::PostSafePassword) => make_entry(client).await,
        (1, _) => write(client).await,
        _ => {
            let budget = ListBudget::default();
            let inventories: Vec<_> = (0..times).map(|_| Inventory::of_tenant(&budget, "team-a")).collect();
            let mut last = Ok(String::new());
            for inventory in &inventories {
                last = list(client, inventory).await;
            }
            last
        }
    };
    result.unwrap_or_else(|error| error.kind().to_owned())
}

async fn list(client: &PamClient, inventory: &Inventory) -> Result<String, PamError> {
    inventory.fresh(client, None).await.map(|list| format!("{} records", list.len()))
}

async fn list_entries(client: &PamClient) -> Result<String, PamError> {
    // What is kept of the entries is the caller's concern: here nothing but the length of their texts.
    let mut text = 0;
    let mut take = |entry: ListedEntry| text += entry.url.len() + entry.tags.len();
    let count = client.my_safe().list_entries(None, &mut take).await?;
    assert!(text <= LIST);
    Ok(format!("{count} entries"))
}

async fn make_entry(client: &PamClient) -> Result<String, PamError> {
    let users_allowed = Some(vec![Share { name: "ana".into(), can_edit: false }]);
    let rest = EntryFields { users_allowed, ..EntryFields::default() };
    let entry = NewEntry { name: "one".into(), username: "svc".into(), password: "CANARY-value".into(), rest };
    client.my_safe().create_entry(&entry).await.map(|_| "made".to_owned())
}

async fn write(client: &PamClient) -> Result<String, PamError> {
    let request = CredentialRequest {
        identifier: "one".into(),
        username: "svc".into(),
        hostname: "db01".into(),
        ip: "10.0.0.7".into(),
        ..CredentialRequest::default()
    };
    client.upsert_credential(&request).await.map(|_| "written".to_owned())
}

fn memory_mib(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches("kB").trim().parse::<f64>().unwrap() / 1024.0
}
