//! Makes a random history.

use super::steps::{Act, CREDENTIALS, Delivery, Edit, Status, Step, Trouble, Wanted, Who};
use crate::random::Random;

/// Usernames that any credential may be given.
const SHARED: [&str; 2] = ["shared-a", "shared-b"];

/// Mostly long enough for a list.
const LISTED: u64 = 720_000;

/// A random history.
pub fn history(random: &mut Random) -> Vec<Step> {
    let mut steps = Vec::new();
    if random.percent(15) {
        steps.push(Step::Apart);
    }
    for who in Who::all() {
        // Both clusters at once, or one after the other.
        if who.number == 0 && random.percent(40) {
            steps.push(Step::Wait(LISTED));
        }
        if random.percent(75) {
            steps.push(Step::Apply(who, Wanted::one(random, who)));
        }
    }
    steps.push(Step::Wait(if random.percent(80) { LISTED } else { 20_000 }));
    // Most of it happens to one of them: what goes wrong takes a few things at once.
    let focus = anyone(random);
    for number in 0..random.number(8, 24) {
        let who = if random.percent(60) { focus } else { anyone(random) };
        something(random, who, number, &mut steps);
        if random.percent(70) {
            steps.push(Step::Wait(pause(random)));
        }
    }
    steps
}

impl Wanted {
    fn one(random: &mut Random, who: Who) -> Self {
        let own = format!("{who:?}").replace('/', "-");
        let rotates = random.percent(25);
        Self {
            username: if random.percent(60) { own } else { (*random.pick(&SHARED)).to_owned() },
            device: 0,
            notes: 0,
            adoption: adoption(random),
            disable: random.percent(30),
            correct: !rotates && random.percent(40),
            rotates,
            suspend: false,
            plan: random.percent(5),
        }
    }
}

fn adoption(random: &mut Random) -> &'static str {
    const ALL: [&str; 4] = ["Never", "ByIdentifier", "ByIdentifier", "TakeOver"];
    let all: &[&'static str] = &ALL;
    random.pick::<&'static str>(all)
}

fn pause(random: &mut Random) -> u64 {
    match random.number(0, 9) {
        0 => random.number(1, 50),
        1..=3 => random.number(50, 15_000),
        4..=7 => random.number(15_000, 180_000),
        _ => random.number(180_000, 1_300_000),
    }
}

fn anyone(random: &mut Random) -> Who {
    let pick = |number: u64| usize::try_from(number).unwrap();
    Who { cluster: pick(random.number(0, 1)), number: pick(random.number(0, CREDENTIALS as u64 - 1)) }
}

/// One thing that happens, or a few that belong together.
fn something(random: &mut Random, who: Who, number: u64, steps: &mut Vec<Step>) {
    match random.number(0, 99) {
        0..=9 => steps.push(Step::Value(who)),
        10..=14 => steps.push(Step::RollBack(who)),
        15..=28 => steps.push(Step::Edit(who, edit(random, who, number))),
        29..=31 => steps.push(Step::Ask(who, random.percent(50))),
        32..=35 => steps.push(Step::Delete(who)),
        36..=41 => steps.push(Step::Apply(who, Wanted::one(random, who))),
        42..=46 => {
            let end = if random.percent(50) { Step::End(who.cluster) } else { Step::Stop(who.cluster) };
            steps.extend([end, Step::Wait(pause(random)), Step::Start(who.cluster)]);
        }
        47..=54 => change_in_trouble(random, who, number, steps),
        55..=63 => crash_in_trouble(random, who, number, steps),
        64..=66 => steps.push(Step::Trouble(trouble(random))),
        67..=69 => {
            let how = if random.percent(50) { Status::Refused } else { Status::DoneAndLost };
            steps.push(Step::Statuses(who.cluster, how, u32::try_from(random.number(1, 3)).unwrap()));
        }
        70..=79 => steps.push(Step::Vault(who, act(random, number))),
        80..=87 => the_vault_rotates(random, who, number, steps),
        90..=92 => recreate(random, who, steps),
        88..=89 => move_on(random, who, steps),
        93..=94 => steps.push(Step::Backup),
        95..=96 => steps.push(Step::RestoreVault),
        97 if random.percent(50) => steps.push(Step::RestoreCluster(who.cluster)),
        97 => drill(random, who, number, steps),
        _ => steps.extend([Step::Stop(who.cluster), Step::LoseKey(who.cluster), Step::Start(who.cluster)]),
    }
}

/// For a while the operator only plans, whatever is asked of it.
fn drill(random: &mut Random, who: Who, number: u64, steps: &mut Vec<Step>) {
    steps.extend([Step::Stop(who.cluster), Step::Drill(who.cluster), Step::Wait(pause(random))]);
    steps.push(match random.number(0, 3) {
        0 => Step::Delete(who),
        1 => Step::Value(who),
        2 => Step::Edit(who, edit(random, who, number)),
        _ => Step::RestoreCluster(who.cluster),
    });
    steps.extend([Step::Wait(pause(random)), Step::End(who.cluster), Step::Start(who.cluster)]);
}

/// A change whose write goes wrong.
fn change_in_trouble(random: &mut Random, who: Who, number: u64, steps: &mut Vec<Step>) {
    let times = if random.percent(75) { 1 } else { 2 };
    steps.push(Step::Writes(who, delivery(random), times));
    let edit = Step::Edit(who, Edit::Notes(number + 100));
    steps.push(if random.percent(70) { Step::Value(who) } else { edit });
}

/// The same, and the operator is killed (or ends) before or after it is told.
fn crash_in_trouble(random: &mut Random, who: Who, number: u64, steps: &mut Vec<Step>) {
    change_in_trouble(random, who, number, steps);
    if random.percent(70) {
        steps.push(Step::Wait(random.number(1, 60_000)));
    }
    steps.push(if random.percent(75) { Step::Stop(who.cluster) } else { Step::End(who.cluster) });
    if random.percent(20) {
        // An end in order soon after a crash.
        steps.extend([Step::Wait(random.number(1, 60_000)), Step::Start(who.cluster)]);
        steps.extend([Step::Wait(random.number(1, 120_000)), Step::End(who.cluster)]);
    }
    if random.percent(50) {
        steps.push(if random.percent(60) { Step::RollBack(who) } else { Step::Value(who) });
    }
    steps.extend([Step::Wait(pause(random)), Step::Start(who.cluster)]);
}

/// The vault replaces a value, and something happens that makes the operator write.
fn the_vault_rotates(random: &mut Random, who: Who, number: u64, steps: &mut Vec<Step>) {
    let set = if random.percent(50) {
        Step::Vault(who, Act::AutomaticChange(true))
    } else {
        Step::Edit(who, Edit::Rotates(true))
    };
    steps.extend([set, Step::Wait(LISTED)]);
    if random.percent(30) {
        change_in_trouble(random, who, number, steps);
    }
    steps.push(Step::Vault(who, Act::Rotate));
    if random.percent(50) {
        steps.push(Step::Wait(pause(random)));
    }
    match random.number(0, 6) {
        0 => steps.push(Step::RestoreCluster(who.cluster)),
        1 => steps.push(Step::Ask(who, false)),
        2 => steps.push(Step::Edit(who, edit(random, who, number))),
        3 => steps.extend([Step::Stop(who.cluster), Step::LoseKey(who.cluster), Step::Start(who.cluster)]),
        4 => steps.extend([Step::Edit(who, Edit::Correct(true)), Step::Vault(who, act(random, number))]),
        5 => recreate(random, who, steps),
        _ => crash_in_trouble(random, who, number, steps),
    }
}

/// It is deleted and applied again; somebody may have touched its record before.
fn recreate(random: &mut Random, who: Who, steps: &mut Vec<Step>) {
    if random.percent(50) {
        let identifier = Act::Identifier(format!("theirs-{}", steps.len()));
        let act = if random.percent(40) { identifier } else { act(random, 1_000) };
        steps.extend([Step::Edit(who, Edit::Disable(true)), Step::Vault(who, act), Step::Wait(LISTED)]);
    }
    steps.push(Step::Delete(who));
    if random.percent(80) {
        steps.extend([Step::Wait(pause(random)), Step::Apply(who, Wanted::one(random, who))]);
    }
}

/// Another object comes for its account, and it goes, with a word on whose the record is or without.
fn move_on(random: &mut Random, who: Who, steps: &mut Vec<Step>) {
    let number = usize::try_from(random.number(0, CREDENTIALS as u64 - 1)).unwrap();
    let other = Who { number, ..who };
    let shared = (*random.pick(&SHARED)).to_owned();
    steps.extend([Step::Edit(who, Edit::Disable(true)), Step::Edit(who, Edit::Username(shared.clone()))]);
    steps.push(Step::Wait(pause(random)));
    let mut moves = vec![Step::Delete(other), Step::Wait(20_000)];
    moves.push(Step::Apply(other, Wanted { username: shared, ..Wanted::one(random, other) }));
    if random.percent(60) {
        moves.push(Step::HandOver(who, if random.percent(80) { number } else { 0 }));
    }
    if random.percent(50) {
        moves.push(Step::Wait(pause(random)));
    }
    moves.push(Step::Delete(who));
    if random.percent(40) {
        moves.extend([Step::Stop(who.cluster), Step::Wait(random.number(1, 30_000)), Step::Start(who.cluster)]);
    }
    steps.extend(moves);
}

fn edit(random: &mut Random, who: Who, number: u64) -> Edit {
    let yes = random.percent(50);
    match random.number(0, 11) {
        0 | 1 => Edit::Username(format!("new-{who:?}-{number}").replace('/', "-")),
        2 => Edit::Username((*random.pick(&SHARED)).to_owned()),
        3 | 4 => Edit::Device(usize::from(yes)),
        5 => Edit::Notes(number),
        6 => Edit::Adoption(adoption(random)),
        7 => Edit::Disable(yes),
        8 => Edit::Correct(random.percent(80)),
        9 => Edit::Rotates(yes),
        10 => Edit::Suspend(random.percent(40)),
        _ => Edit::Plan(random.percent(40)),
    }
}

fn act(random: &mut Random, number: u64) -> Act {
    match random.number(0, 9) {
        0 => Act::Rename(format!("theirs-{number}")),
        1 => Act::Rename((*random.pick(&SHARED)).to_owned()),
        2 => Act::Move(1),
        3 | 4 => Act::Value,
        5 => Act::Identifier(format!("theirs-{number}")),
        6 => Act::Enable(random.percent(30)),
        7 => Act::AutomaticChange(random.percent(60)),
        _ => Act::Rotate,
    }
}

fn delivery(random: &mut Random) -> Delivery {
    match random.number(0, 6) {
        0 | 1 => Delivery::Executed,
        2 | 3 => Delivery::Late(random.number(1, 75)),
        4 => Delivery::Never,
        5 => Delivery::Silent(random.number(1, 75)),
        _ => Delivery::Error,
    }
}

fn trouble(random: &mut Random) -> Trouble {
    let times = u32::try_from(random.number(1, 4)).unwrap();
    match random.number(0, 3) {
        0 => Trouble::ListsEndEarly(times),
        1 => Trouble::ListsFail(times),
        2 => Trouble::Outage(random.number(1, 900)),
        _ => Trouble::Tokens,
    }
}
