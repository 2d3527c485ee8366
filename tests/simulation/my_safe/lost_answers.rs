//! P3: a write whose answer is lost ends with one entry, and with the newest value in it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use pam_simulator::{Effect, Fault, Kind, ProductVersion};
use serde_json::json;
use tokio::time::{Instant, sleep, sleep_until};

use super::{assert_secret, cluster, config};
use crate::random::Random;
use crate::support::{OperatedCluster, World, value, world};

const WORLDS: u64 = 40;
const TRIES: usize = 25;
/// The latest that a write is executed after its answer was lost.
const LATEST: u64 = 80;
const CALM: Duration = Duration::from_mins(40);

/// One object: what becomes of its creation, and of the write of its second value.
#[derive(Clone, Debug)]
struct Try {
    name: String,
    create: Option<Effect>,
    after_commit: bool,
    update: Option<Effect>,
    /// When the value is replaced, in milliseconds.
    again: u64,
}

fn effect(random: &mut Random) -> Option<Effect> {
    match random.number(0, 4) {
        0 => None,
        1 | 2 => Some(Effect::Reset),
        _ => Some(Effect::HeldCommit),
    }
}

fn one_try(random: &mut Random, number: usize) -> Try {
    Try {
        name: format!("svc{number}"),
        create: effect(random),
        after_commit: random.percent(50),
        update: effect(random),
        again: if random.percent(50) { random.number(1, 2_000) } else { random.number(2_000, 200_000) },
    }
}

fn fault(kind: Kind, effect: &Effect, after_commit: bool, key: &str) -> Fault {
    let fault = Fault::on(kind, effect.clone()).only(key);
    if after_commit { fault.after_commit() } else { fault }
}

/// What became of the tries of one world.
#[derive(Default)]
struct Lived {
    failures: Vec<String>,
    /// How many creations were sent.
    posts: usize,
    /// How many creations and changes were executed after their answers were lost.
    late: [usize; 2],
}

/// Executes each held write so many seconds after it came, by the virtual clock.
fn commit_late(world: &World, mut random: Random) {
    let sim = Arc::clone(&world.sim);
    tokio::spawn(async move {
        let mut due: BTreeMap<u64, Instant> = BTreeMap::new();
        loop {
            for seq in sim.held() {
                let at = *due
                    .entry(seq)
                    .or_insert_with(|| Instant::now() + Duration::from_millis(random.number(1_000, LATEST * 1_000)));
                if at <= Instant::now() {
                    assert!(sim.commit_held(seq));
                }
            }
            sleep(Duration::from_millis(100)).await;
        }
    });
}

fn late(world: &World, kind: Kind) -> usize {
    let journal = world.sim.journal();
    let commits = journal
        .of(kind)
        .filter(|entry| entry.fault.is_some())
        .filter_map(|entry| Some((entry, entry.commit.as_ref()?)));
    commits.filter(|(entry, commit)| commit.at > entry.at).count()
}

/// Lives through it.
async fn live(world: World, random: Random, tries: Vec<Try>, killed: Option<(u64, u64)>) -> Lived {
    let mut cluster = cluster(&world).await;
    commit_late(&world, random);
    for one in &tries {
        if let Some(effect) = &one.create {
            world.sim.inject(fault(Kind::PostSafePassword, effect, one.after_commit, &one.name));
        }
        cluster.put_value(&one.name, &value(&one.name, 1));
        cluster.put_entry(&one.name, &json!({"usersAllowed": [{"name": "ana"}]}));
    }
    let mut steps: Vec<(u64, Option<usize>)> =
        tries.iter().enumerate().map(|(index, one)| (one.again, Some(index))).collect();
    steps.extend(killed.map(|(at, _)| (at, None)));
    steps.sort_by_key(|(at, _)| *at);
    let begin = Instant::now();
    for (at, step) in steps {
        sleep_until(begin + Duration::from_millis(at)).await;
        match step {
            Some(index) => replace(&world, &cluster, &tries[index]),
            None => cluster.restart(Duration::from_millis(killed.unwrap().1)).await,
        }
    }
    sleep(CALM).await;
    let failures = tries.iter().filter_map(|one| judge(&world, &cluster, one, killed)).collect();
    assert_secret(&world, &cluster);
    let late = [Kind::PostSafePassword, Kind::PutSafePassword].map(|kind| late(&world, kind));
    Lived { failures, posts: world.sim.count(Kind::PostSafePassword), late }
}

/// Replaces a value, and has the answer to its write be lost if the entry is known by now.
fn replace(world: &World, cluster: &OperatedCluster, one: &Try) {
    let id = cluster.entry_id(&one.name);
    if let Some(effect) = one.update.as_ref().filter(|_| !id.is_empty()) {
        world.sim.inject(fault(Kind::PutSafePassword, effect, one.after_commit, &id));
    }
    cluster.put_value(&one.name, &value(&one.name, 2));
}

fn judge(world: &World, cluster: &OperatedCluster, one: &Try, killed: Option<(u64, u64)>) -> Option<String> {
    let entries: Vec<_> = world.sim.entries().into_iter().filter(|entry| entry.username == one.name).collect();
    let newest = entries.first().and_then(|entry| world.sim.value_of_entry(&entry.identifier));
    let reason = cluster.entry_reason(&one.name);
    let right = entries.len() == 1
        && entries[0].identifier == cluster.entry_id(&one.name)
        && newest == Some(value(&one.name, 2))
        && entries[0].users.len() == 1
        && reason == "Synced";
    (!right).then(|| {
        let ids: Vec<_> = entries.iter().map(|entry| &entry.identifier).collect();
        let said = cluster.entry(&one.name).map(|entry| serde_json::to_string(&entry.status).unwrap());
        format!(
            "{one:?}, killed {killed:?}: {ids:?}, newest: {}, {reason}: {said:?}",
            newest == Some(value(&one.name, 2))
        )
    })
}

#[test]
fn p3_of_a_thousand_lost_answers_each_leaves_one_entry_with_the_newest_value() {
    let mut random = Random::of_this_run("lost answers of MySafe");
    let mut all = Lived::default();
    for number in 0..WORLDS {
        let tries: Vec<Try> = (0..TRIES).map(|number| one_try(&mut random, number)).collect();
        let at = if random.percent(50) { random.number(1, 400) } else { random.number(400, 150_000) };
        let killed = (number % 2 == 1).then(|| (at, random.number(1, 60_000)));
        let delays = Random::of_this_run(&format!("late answers of MySafe {number}"));
        let lived = world(config(ProductVersion::V4_2), |world| live(world, delays, tries, killed));
        all.failures.extend(lived.failures);
        all.posts += lived.posts;
        all.late.iter_mut().zip(lived.late).for_each(|(sum, late)| *sum += late);
    }
    let Lived { failures, posts, late: [creations, changes] } = all;
    // A fifth of the creations is lost before MySafe executes them, and has to be sent again.
    assert!(posts > 1_100, "{posts} creations of {} entries: too few answers were lost", WORLDS * TRIES as u64);
    assert!(creations > 300 && changes > 100, "{creations} creations and {changes} changes were late");
    let shown = failures.iter().take(6).cloned().collect::<Vec<_>>().join("\n");
    assert_eq!(failures.len(), 0, "of {} tries:\n{shown}", WORLDS * TRIES as u64);
}
