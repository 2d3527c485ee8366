//! P2, P10: whatever one namespace does, a rotation of its neighbour at the same PAM takes a second at most, and the
//! neighbour's fair share of the rate. In a namespace of its own, an edit does not wait behind what failed before.

use std::time::Duration;

use crate::support::{NAMESPACE, OperatedCluster, World, assert_no_canary, value, world};
use pam_simulator::{Config, Effect, Fault, Kind};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

/// The namespace that does whatever it likes.
const NOISY: &str = "noisy";
/// How many credentials it has.
const MANY: usize = 300;
/// The Secret of all its credentials.
const SHARED: &str = "shared";
/// How long the PAM takes for a write and for a list.
const WRITE: Duration = Duration::from_millis(100);
const LIST: Duration = Duration::from_secs(3);

/// What the noisy namespace does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Noise {
    /// Nothing.
    Quiet,
    /// It patches the Secret of all its credentials each second.
    Pushes,
    /// It makes 300 credentials every 15 seconds.
    Creates,
    /// It deletes 300 credentials whose records are to be disabled.
    Deletes,
    /// It pushes 300 records for which the PAM does not answer.
    Hangs,
    /// It pushes 300 records for which the PAM fails, and which are tried again and again.
    Fails,
}

struct Case {
    what: &'static str,
    noise: Noise,
    limits: Value,
    /// The namespace of the credential whose value is rotated.
    rotated_in: &'static str,
    /// How long the noise lasts before the first rotation.
    before: Duration,
    /// The pause between two rotations of the neighbour, and how many of them there are.
    pause: Duration,
    rotations: u32,
    /// The most that one of the neighbour's rotations may take.
    bound: Duration,
}

impl Case {
    fn new(what: &'static str, noise: Noise) -> Self {
        Self {
            what,
            noise,
            limits: json!({"maxConcurrentRequests": 8, "requestsPerSecond": 0}),
            rotated_in: NAMESPACE,
            before: Duration::from_millis(500),
            pause: Duration::from_millis(250),
            rotations: 30,
            bound: Duration::from_secs(1),
        }
    }
}

fn cases() -> Vec<Case> {
    let (default, ten) = (json!(null), json!({"maxConcurrentRequests": 8, "requestsPerSecond": 10, "burst": 20}));
    let one = json!({"maxConcurrentRequests": 64, "requestsPerSecond": 1, "burst": 1});
    let (slow, rare) = (Duration::from_secs(3), Duration::from_secs(210));
    // One request of the other namespace and the own one, and a write.
    let share = Duration::from_millis(2_200);
    let pushes = "pushes 300 objects, of one Secret that is patched each second";
    let hangs = "pushes 300 objects for which the PAM hangs";
    let of_one_a_second = |case: Case| Case { limits: one.clone(), rotations: 30, pause: slow, bound: share, ..case };
    vec![
        Case::new("nothing", Noise::Quiet),
        Case::new(pushes, Noise::Pushes),
        Case { limits: default.clone(), ..Case::new("the same, default limits", Noise::Pushes) },
        Case { limits: ten, ..Case::new("the same, requestsPerSecond: 10", Noise::Pushes) },
        of_one_a_second(Case::new("the same, requestsPerSecond: 1", Noise::Pushes)),
        Case::new("creates 300 objects every 15 s", Noise::Creates),
        Case { limits: default.clone(), ..Case::new("the same, default limits", Noise::Creates) },
        Case::new("deletes 300 objects, with Disable", Noise::Deletes),
        Case { pause: slow, ..Case::new(hangs, Noise::Hangs) },
        Case { limits: default, pause: slow, ..Case::new("the same, default limits", Noise::Hangs) },
        Case {
            pause: rare,
            rotations: 4,
            ..Case::new("the same, the neighbour rotates every 3.5 minutes", Noise::Hangs)
        },
        of_one_a_second(Case {
            rotated_in: NOISY,
            // By then each of them has been tried; before, each is as fresh as the next edit. With one retry after three of
            // them, 300 take 400 seconds.
            before: Duration::from_mins(10),
            ..Case::new(
                "in the same namespace: 300 objects that fail are tried again, requestsPerSecond: 1",
                Noise::Fails,
            )
        }),
    ]
}

fn put_secret(cluster: &OperatedCluster, namespace: &str, name: &str, value: &str) {
    let meta = json!({"name": name, "namespace": namespace});
    cluster.api.put("secrets", &json!({"metadata": meta, "stringData": {"password": value}}));
}

fn put_credential(cluster: &OperatedCluster, namespace: &str, name: &str, secret: &str) {
    let spec = json!({"username": name, "hostname": "db01", "ip": "10.0.0.7", "deletionPolicy": "Disable",
        "contentSecretRef": {"name": secret}});
    cluster.api.put("pamcredentials", &json!({"metadata": {"name": name, "namespace": namespace}, "spec": spec}));
}

fn put_many(cluster: &OperatedCluster, prefix: &str) {
    (0..MANY).for_each(|number| put_credential(cluster, NOISY, &format!("{prefix}{number}"), SHARED));
}

/// A cluster with both namespaces, in which everything is pushed.
async fn prepared(world: &World, case: &Case) -> OperatedCluster {
    let brake = json!({"count": 1_000_000, "window": "10m"});
    let mut cluster = world.cluster_with("c1", &json!({"limits": case.limits, "disableBrake": brake}));
    cluster.api.put("namespaces", &json!({"metadata": {"name": NOISY}}));
    put_secret(&cluster, NOISY, SHARED, &value(SHARED, 0));
    put_secret(&cluster, case.rotated_in, "rotated", &value("rotated", 0));
    put_credential(&cluster, case.rotated_in, "rotated", "rotated");
    if !matches!(case.noise, Noise::Quiet | Noise::Creates) {
        put_many(&cluster, "svc");
    }
    let all = cluster.api.list("pamcredentials").len();
    cluster.start().await;
    let pushed = || world.sim.count(Kind::PostCredential) >= all;
    world.until("all to be pushed", Duration::from_hours(1), pushed).await;
    // The time in which a process that was just started trusts nothing, and not just after the list that comes each hour.
    sleep(Duration::from_mins(70)).await;
    cluster
}

async fn make(noise: Noise, cluster: &OperatedCluster, world: &World) {
    match noise {
        Noise::Hangs => _ = world.sim.inject(Fault::on(Kind::PostCredential, Effect::Silence).carrying("svc").always()),
        Noise::Fails => {
            world.sim.inject(Fault::on(Kind::PostCredential, Effect::UnexpectedError).carrying("svc").always());
        }
        _ => {}
    }
    let writes = [(Kind::PostCredential, WRITE), (Kind::DeleteCredential, WRITE)];
    world.take_time(writes.into_iter().chain([(Kind::ListCredentials, LIST)]));
    for number in 1.. {
        match noise {
            Noise::Pushes => put_secret(cluster, NOISY, SHARED, &value(SHARED, number)),
            Noise::Creates if number % 15 == 1 => put_many(cluster, &format!("svc{number}-")),
            Noise::Hangs if number % 75 == 1 => put_secret(cluster, NOISY, SHARED, &value(SHARED, number)),
            Noise::Fails if number == 1 => put_secret(cluster, NOISY, SHARED, &value(SHARED, number)),
            Noise::Deletes if number == 1 => {
                (0..MANY).for_each(|of| _ = cluster.api.delete("pamcredentials", NOISY, &format!("svc{of}")));
            }
            _ => {}
        }
        sleep(Duration::from_secs(1)).await;
    }
}

/// Rotates a value so often, and returns how long it took until each new value was in the PAM, sorted.
async fn rotations(case: &Case, cluster: &OperatedCluster, world: &World) -> Vec<Duration> {
    let id = world.sim.find(&format!("c1_{}_rotated", case.rotated_in)).unwrap().id;
    let mut took = Vec::new();
    sleep(case.before).await;
    for number in 1..=case.rotations {
        let new = value("rotated", number);
        put_secret(cluster, case.rotated_in, "rotated", &new);
        let began = Instant::now();
        while world.sim.value_of(&id).as_ref() != Some(&new) {
            assert!(began.elapsed() < Duration::from_mins(30), "{}: never", case.what);
            sleep(Duration::from_millis(10)).await;
        }
        took.push(began.elapsed());
        sleep(case.pause).await;
    }
    took.sort();
    took
}

/// What a case showed.
struct Shown {
    took: Vec<Duration>,
    requests: usize,
    lists: usize,
}

fn measured(case: &Case) -> Shown {
    let began = std::time::Instant::now();
    world(Config::default().device("db01", "10.0.0.7"), async |world| {
        let cluster = prepared(&world, case).await;
        let mark = world.sim.mark();
        let took = tokio::select! {
            took = rotations(case, &cluster, &world) => took,
            () = make(case.noise, &cluster, &world) => unreachable!("it goes on"),
        };
        assert_no_canary(&(cluster.said() + &world.logs()));
        eprintln!("{}: {:?} at most, measured in {:?}", case.what, took.last(), began.elapsed());
        let journal = world.journal(mark);
        Shown { took, requests: journal.len(), lists: journal.count(Kind::ListCredentials) }
    })
}

fn at(took: &[Duration], percent: usize) -> Duration {
    took[(took.len() * percent / 100).min(took.len() - 1)]
}

/// A row for each thing that the noisy namespace does; `--nocapture` shows them.
#[test]
fn whatever_one_namespace_does_its_neighbours_rotation_takes_a_second_and_its_share() {
    let cases = cases();
    let shown: Vec<Shown> = std::thread::scope(|scope| {
        let running: Vec<_> = cases.iter().map(|case| scope.spawn(|| measured(case))).collect();
        running.into_iter().map(|case| case.join().unwrap()).collect()
    });
    eprintln!("| what one namespace does | p50 | p99 | longest | requests | lists |\n|---|---|---|---|---|---|");
    for (case, Shown { took, requests, lists }) in cases.iter().zip(&shown) {
        let [half, most, all] = [50, 99, 100].map(|percent| at(took, percent).as_millis());
        eprintln!("| {} | {half} ms | {most} ms | {all} ms | {requests} | {lists} |", case.what);
    }
    for (case, Shown { took, lists, .. }) in cases.iter().zip(&shown) {
        assert!(at(took, 100) <= case.bound, "{}: {took:?}", case.what);
        // Hundreds of first pushes share one: the next one comes ten seconds later, or ten times as long as one takes.
        assert!(case.noise != Noise::Creates || *lists <= 2, "{}: {lists} lists", case.what);
    }
}
