//! P2, P10: whatever one namespace does, a rotation of its neighbour at the same PAM takes a second at most, and the
//! neighbour's fair share of the rate. In a namespace of its own, an edit does not wait behind what failed before.

use std::time::Duration;

use crate::support::{Keeper, NAMESPACE, OperatedCluster, World, assert_no_canary, value, world};
use pam_simulator::{Effect, Fault};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

/// The namespace that does whatever it likes.
const NOISY: &str = "noisy";
/// How many objects it has.
const MANY: usize = 300;
/// The Secret of all its objects.
const SHARED: &str = "shared";
/// How long the PAM takes for a write and for a list.
const WRITE: Duration = Duration::from_millis(100);
const LIST: Duration = Duration::from_secs(3);

/// What the noisy namespace does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Noise {
    /// Nothing.
    Quiet,
    /// It patches the Secret of all its objects each second.
    Pushes,
    /// It makes 300 objects every 15 seconds.
    Creates,
    /// It deletes 300 objects, and what the PAM keeps for them is to be switched off.
    Deletes,
    /// It pushes 300 objects for which the PAM does not answer.
    Hangs,
    /// It pushes 300 objects for which the PAM fails, and which are tried again and again.
    Fails,
}

struct Case {
    what: &'static str,
    keeper: Keeper,
    noise: Noise,
    limits: Value,
    /// The namespace of the object whose value is rotated.
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
            keeper: Keeper::Credential,
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

/// Every noise of a kind whose writes are announced and whose creations need a list.
fn of_entries(cases: Vec<Case>) -> Vec<Case> {
    cases.into_iter().map(|case| Case { keeper: Keeper::Entry, ..case }).collect()
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
    let entries = of_entries(vec![
        Case { limits: default.clone(), ..Case::new("of MySafe: pushes, default limits", Noise::Pushes) },
        of_one_a_second(Case::new("of MySafe: pushes, requestsPerSecond: 1", Noise::Pushes)),
        Case { limits: default.clone(), ..Case::new("of MySafe: creates, default limits", Noise::Creates) },
        Case::new("of MySafe: deletes, with Deactivate", Noise::Deletes),
        Case { limits: default.clone(), pause: slow, ..Case::new("of MySafe: hangs, default limits", Noise::Hangs) },
        of_one_a_second(Case {
            rotated_in: NOISY,
            before: Duration::from_mins(10),
            ..Case::new("of MySafe: fails, in the same namespace, requestsPerSecond: 1", Noise::Fails)
        }),
    ]);
    let credentials = vec![
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
    ];
    credentials.into_iter().chain(entries).collect()
}

fn put_secret(cluster: &OperatedCluster, namespace: &str, name: &str, value: &str) {
    let meta = json!({"name": name, "namespace": namespace});
    cluster.api.put("secrets", &json!({"metadata": meta, "stringData": {"password": value}}));
}

fn put_object(keeper: Keeper, cluster: &OperatedCluster, namespace: &str, name: &str, secret: &str) {
    let spec = json!({"deletionPolicy": keeper.policy(), "contentSecretRef": {"name": secret}});
    keeper.put_in(cluster, namespace, name, &spec);
}

fn put_many(keeper: Keeper, cluster: &OperatedCluster, prefix: &str) {
    (0..MANY).for_each(|number| put_object(keeper, cluster, NOISY, &format!("{prefix}{number}"), SHARED));
}

/// A cluster with both namespaces, in which everything is pushed.
async fn prepared(world: &World, case: &Case) -> OperatedCluster {
    let brake = json!({"count": 1_000_000, "window": "10m"});
    let keeper = case.keeper;
    let mut cluster = keeper.cluster(world, &json!({"limits": case.limits, "disableBrake": brake}));
    cluster.api.put("namespaces", &json!({"metadata": {"name": NOISY}}));
    put_secret(&cluster, NOISY, SHARED, &value(SHARED, 0));
    put_secret(&cluster, case.rotated_in, "rotated", &value("rotated", 0));
    put_object(keeper, &cluster, case.rotated_in, "rotated", "rotated");
    if !matches!(case.noise, Noise::Quiet | Noise::Creates) {
        put_many(keeper, &cluster, "svc");
    }
    let all = cluster.api.list(keeper.plural()).len();
    cluster.start().await;
    let pushed = || world.sim.count(keeper.calls().create) >= all;
    world.until("all to be pushed", Duration::from_hours(1), pushed).await;
    // The time in which a process that was just started trusts nothing, and not just after the list that comes each hour.
    sleep(Duration::from_mins(70)).await;
    cluster
}

async fn make(case: &Case, cluster: &OperatedCluster, world: &World) {
    let (keeper, noise, calls) = (case.keeper, case.noise, case.keeper.calls());
    // A change of an entry carries its value alone.
    let theirs = if keeper == Keeper::Credential { "svc" } else { SHARED };
    match noise {
        Noise::Hangs => _ = world.sim.inject(Fault::on(calls.update, Effect::Silence).carrying(theirs).always()),
        Noise::Fails => {
            world.sim.inject(Fault::on(calls.update, Effect::UnexpectedError).carrying(theirs).always());
        }
        _ => {}
    }
    let writes = [calls.create, calls.update, calls.disable].map(|kind| (kind, WRITE));
    world.take_time(writes.into_iter().chain([(calls.list, LIST)]));
    for number in 1.. {
        match noise {
            Noise::Pushes => put_secret(cluster, NOISY, SHARED, &value(SHARED, number)),
            Noise::Creates if number % 15 == 1 => put_many(keeper, cluster, &format!("svc{number}-")),
            Noise::Hangs if number % 75 == 1 => put_secret(cluster, NOISY, SHARED, &value(SHARED, number)),
            Noise::Fails if number == 1 => put_secret(cluster, NOISY, SHARED, &value(SHARED, number)),
            Noise::Deletes if number == 1 => {
                (0..MANY).for_each(|of| _ = cluster.api.delete(keeper.plural(), NOISY, &format!("svc{of}")));
            }
            _ => {}
        }
        sleep(Duration::from_secs(1)).await;
    }
}

/// Rotates a value so often, and returns how long it took until each new value was in the PAM, sorted.
async fn rotations(case: &Case, cluster: &OperatedCluster, world: &World) -> Vec<Duration> {
    let id = case.keeper.id(world, "rotated").unwrap();
    let mut took = Vec::new();
    sleep(case.before).await;
    for number in 1..=case.rotations {
        let new = value("rotated", number);
        put_secret(cluster, case.rotated_in, "rotated", &new);
        let began = Instant::now();
        while case.keeper.value_of(world, &id).as_ref() != Some(&new) {
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
    world(case.keeper.pam(), async |world| {
        let cluster = prepared(&world, case).await;
        let mark = world.sim.mark();
        let took = tokio::select! {
            took = rotations(case, &cluster, &world) => took,
            () = make(case, &cluster, &world) => unreachable!("it goes on"),
        };
        assert_no_canary(&(cluster.said() + &world.logs()));
        eprintln!("{}: {:?} at most, measured in {:?}", case.what, took.last(), began.elapsed());
        let journal = world.journal(mark);
        Shown { took, requests: journal.len(), lists: journal.count(case.keeper.calls().list) }
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
