//! P3: a write whose answer is lost, and that the PAM executes at once, late or never, ends with the newest value.
//!
//! In each try a value is replaced, the answer to that write is lost, and the value is replaced again: by the previous
//! one, or by another. Tries run together, a few dozen in each world; a fault of the operator affects all tries of a
//! world.

use std::time::Duration;

use crate::random::Random;
use crate::support::{OperatedCluster, World, assert_no_canary, tail, value, world};
use pam_simulator::{Config, Effect, Fault, Kind};
use serde_json::json;
use tokio::time::{Instant, sleep_until};

const WORLDS: u64 = 40;
const TRIES: usize = 25;
/// The latest that a write is executed after its answer was lost; what comes later is not promised anything.
const LATEST: u64 = 80;
/// When all faults are over, the final state is reached after so long.
const CALM: Duration = Duration::from_mins(20);

/// What becomes of the write whose answer is lost.
#[derive(Clone, Copy, Debug)]
enum Delivery {
    Executed,
    /// So many seconds after it was sent.
    Late(u64),
    Never,
}

/// One credential and what happens to it, in milliseconds from the first replacement.
#[derive(Clone, Debug)]
struct Try {
    name: String,
    delivery: Delivery,
    /// How many writes in a row that befalls.
    lost: u32,
    /// When the value is replaced again.
    again: u64,
}

/// What happens to the operator of a world, and to the PAM.
#[derive(Clone, Copy, Debug)]
struct Weather {
    /// The connection stays open, and the operator waits for its deadline.
    silent: bool,
    /// When it is killed, and for how long it is away.
    killed: Option<(u64, u64)>,
    /// When a new credential asks for a list.
    list: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Second {
    Before,
    Another,
}

#[test]
fn a_rotation_whose_answer_is_lost_is_rolled_back() {
    run("roll back", Second::Before);
}

#[test]
fn the_first_write_is_executed_after_the_second() {
    run("late commit", Second::Another);
}

fn run(what: &str, second: Second) {
    let mut random = Random::of_this_run(what);
    let mut failures = Vec::new();
    for number in 0..WORLDS {
        let weather = weather(&mut random, number);
        let tries: Vec<Try> = (0..TRIES).map(|number| one_try(&mut random, number)).collect();
        let config = Config::default().device("db01", "10.0.0.7");
        failures.extend(world(config, |world| live(world, weather, tries, second)));
    }
    let count = failures.len();
    let shown = failures.iter().take(10).cloned().collect::<Vec<_>>().join("\n");
    assert_eq!(count, 0, "of {} tries, {count} went wrong:\n{shown}", WORLDS * TRIES as u64);
}

fn weather(random: &mut Random, number: u64) -> Weather {
    let killed = (number % 2 == 1).then(|| {
        // As often while the write is under way, or just after, as at any later time.
        let at = if random.percent(50) { random.number(1, 400) } else { random.number(400, 100_000) };
        (at, random.number(1, 60_000))
    });
    let list = random.percent(50).then(|| random.number(500, 60_000));
    Weather { silent: random.percent(40), killed, list }
}

fn one_try(random: &mut Random, number: usize) -> Try {
    let delivery = match random.number(0, 3) {
        0 => Delivery::Executed,
        1 => Delivery::Never,
        _ => Delivery::Late(random.number(5, LATEST)),
    };
    let again = if random.percent(50) { random.number(1, 1_500) } else { random.number(1_500, 60_000) };
    Try { name: format!("svc{number}"), delivery, lost: if random.percent(25) { 2 } else { 1 }, again }
}

/// Lives through it; answers what went wrong.
async fn live(world: World, weather: Weather, tries: Vec<Try>, second: Second) -> Vec<String> {
    let mut cluster = all_synced(&world, &tries).await;
    for one in &tries {
        world.sim.inject(fault(&cluster, weather, one));
        cluster.put_value(&one.name, &value(&one.name, 2));
    }
    let mut steps: Vec<(u64, Step)> = Vec::new();
    for (index, one) in tries.iter().enumerate() {
        steps.push((one.again, Step::Again(index)));
        if let Delivery::Late(seconds) = one.delivery {
            steps.push((seconds * 1_000, Step::Commit(index)));
        }
    }
    steps.extend(weather.killed.into_iter().flat_map(|(at, away)| [(at, Step::Kill), (at + away, Step::Start)]));
    steps.extend(weather.list.map(|at| (at, Step::List)));
    steps.sort_by_key(|(at, _)| *at);
    let begin = Instant::now();
    for (at, step) in steps {
        sleep_until(begin + Duration::from_millis(at)).await;
        take(step, &world, &mut cluster, &tries, second).await;
    }
    world.sim.clear_faults();
    tokio::time::sleep(CALM).await;
    judged(&world, &cluster, weather, &tries, second).await
}

enum Step {
    Again(usize),
    Commit(usize),
    Kill,
    Start,
    List,
}

async fn take(step: Step, world: &World, cluster: &mut OperatedCluster, tries: &[Try], second: Second) {
    match step {
        Step::Again(index) => cluster.put_value(&tries[index].name, &newest(&tries[index], second)),
        Step::Commit(index) => commit(world, &cluster.identifier(&tries[index].name)),
        Step::Kill => cluster.kill().await,
        Step::Start => cluster.start().await,
        Step::List => {
            cluster.put_value("newcomer", &value("newcomer", 1));
            cluster.put_credential("newcomer", &json!({}));
        }
    }
}

fn newest(one: &Try, second: Second) -> String {
    value(&one.name, if second == Second::Before { 1 } else { 3 })
}

/// Everything is as it should be, and what the list shows of it is known.
async fn all_synced(world: &World, tries: &[Try]) -> OperatedCluster {
    let mut cluster = world.cluster_with("c1", &json!({"limits": {"maxConcurrentRequests": 64}}));
    for one in tries {
        cluster.put_value(&one.name, &value(&one.name, 1));
        cluster.put_credential(&one.name, &json!({}));
    }
    cluster.start().await;
    let synced = || tries.iter().all(|one| cluster.reason(&one.name) == "Synced");
    world.until("all to be synced", Duration::from_mins(10), synced).await;
    // A list or two, by which the baseline is learned.
    tokio::time::sleep(Duration::from_hours(2)).await;
    cluster
}

fn fault(cluster: &OperatedCluster, weather: Weather, one: &Try) -> Fault {
    let effect = match (weather.silent, one.delivery) {
        (true, _) => Effect::Silence,
        (false, Delivery::Executed) => Effect::Reset,
        (false, _) => Effect::HeldCommit,
    };
    let fault = Fault::on(Kind::PostCredential, effect).only(&cluster.identifier(&one.name)).times(one.lost);
    if matches!(one.delivery, Delivery::Executed) { fault.after_commit() } else { fault }
}

/// Executes the held writes of that identifier.
fn commit(world: &World, identifier: &str) {
    let journal = world.sim.journal();
    let ours =
        |seq: &u64| journal.entries().iter().any(|post| post.seq == *seq && post.target.as_deref() == Some(identifier));
    for seq in world.sim.held().into_iter().filter(ours) {
        world.sim.commit_held(seq);
    }
}

async fn judged(
    world: &World,
    cluster: &OperatedCluster,
    weather: Weather,
    tries: &[Try],
    second: Second,
) -> Vec<String> {
    let mut wrong = Vec::new();
    for one in tries {
        let identifier = cluster.identifier(&one.name);
        let records = world.sim.records().into_iter().filter(|record| record.identifier.as_ref() == Some(&identifier));
        let ids: Vec<String> = records.map(|record| record.id).collect();
        let held = ids.first().and_then(|id| world.sim.value_of(id));
        if ids.len() != 1 || held != Some(newest(one, second)) || cluster.reason(&one.name) != "Synced" {
            let writes = ids.first().map(|id| world.sim.writes_of(id)).unwrap_or_default();
            let writes: Vec<_> =
                writes.iter().map(|write| (write.at.to_string(), write.value.reveal().chars().last())).collect();
            wrong.push(format!(
                "{one:?} in {weather:?}: {} records, {writes:?}, {}",
                ids.len(),
                cluster.reason(&one.name)
            ));
        }
    }
    let mark = world.sim.mark();
    tokio::time::sleep(Duration::from_mins(30)).await;
    let posts = world.journal(mark).posts().len();
    if posts > 0 {
        wrong.push(format!("in {weather:?}: {posts} writes when all should be calm\n{}", tail(&world.logs())));
    }
    assert!(world.sim.journal().secrets_handed_out().is_empty());
    assert_no_canary(&(cluster.said() + &world.logs()));
    wrong
}
