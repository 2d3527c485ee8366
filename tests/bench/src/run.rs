//! Runs scenarios: those of one world after each other in it, and each world as often as was asked for.

use anyhow::Result;

use crate::{
    measure::sample::Sample,
    progress::Progress,
    results::Samples,
    scenarios::{Scenario, Step},
    settings::Settings,
    steps::{self, stage::Stage},
    world::World,
};

/// How often a world is made when nobody says it: large ones take minutes.
const RUNS: usize = 5;
const RUNS_OF_LARGE: usize = 3;
const LARGE: usize = 10_000;

/// Runs all of `scenarios`, so many times each; a world that fails is told, and the next one is made.
pub async fn all(scenarios: &[Scenario], runs: Option<usize>, settings: &Settings) -> Samples {
    let (mut samples, groups) = (Samples::default(), groups(scenarios));
    for (at, group) in groups.iter().enumerate() {
        let Some(first) = group.first() else { continue };
        let runs = runs.unwrap_or_else(|| usual_runs(first));
        for run in 1..=runs {
            let name = &first.name;
            let progress = Progress::new(format!("[{}/{}] {name}, run {run} of {runs}:", at + 1, groups.len()));
            if let Err(error) = once(group, settings, &progress, &mut samples).await {
                progress.say(&format!("{name}, run {run}: {error:#}"));
                samples.failed.push(name.clone());
            }
            progress.clear();
        }
    }
    samples
}

fn usual_runs(scenario: &Scenario) -> usize {
    let plan = &scenario.plan;
    if plan.objects.max(plan.unrelated).max(plan.records) < LARGE { RUNS } else { RUNS_OF_LARGE }
}

/// Makes one world, and measures each scenario in it.
pub async fn once(group: &[Scenario], settings: &Settings, progress: &Progress, samples: &mut Samples) -> Result<()> {
    let Some(first) = group.first() else { return Ok(()) };
    let world = World::create(first.plan.clone(), progress).await?;
    if let Step::Other(other) = first.step {
        samples.add(first, steps::other::run(&world, other, settings, progress).await?);
    } else {
        on_stage(&world, group, settings, progress, samples).await?;
    }
    world.cluster.stop().await
}

async fn on_stage(
    world: &World,
    group: &[Scenario],
    settings: &Settings,
    progress: &Progress,
    samples: &mut Samples,
) -> Result<()> {
    let install = world.install().await?;
    let mut stage = Stage::new(world, &install, settings, progress);
    if group.first().is_some_and(|first| !first.step.begins()) {
        let _: Sample = steps::run(&mut stage, Step::Cold).await?;
    }
    for scenario in group {
        samples.add(scenario, steps::run(&mut stage, scenario.step).await?);
    }
    stage.stop().await
}

/// Scenarios that share a world, in the order of all.
fn groups(scenarios: &[Scenario]) -> Vec<Vec<Scenario>> {
    let mut groups: Vec<Vec<Scenario>> = Vec::new();
    for scenario in scenarios {
        let shares = |group: &&mut Vec<Scenario>| group.last().is_some_and(|last| scenario.may_follow(last));
        match groups.last_mut().filter(shares) {
            Some(group) => group.push(scenario.clone()),
            None => groups.push(vec![scenario.clone()]),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenarios;

    #[test]
    fn a_world_begins_once_and_serves_what_follows() {
        let groups = groups(&scenarios::all());
        for group in &groups {
            assert!(group.iter().skip(1).all(|later| !later.step.begins()), "{group:?}");
            assert!(group.iter().all(|scenario| scenario.plan == group[0].plan), "{group:?}");
        }
        let of = |name: &str| groups.iter().position(|group| group.iter().any(|one| one.name == name));
        assert_eq!(of("cold-10000"), of("backlog-slow-10000"));
        assert_ne!(of("cold-10000"), of("roofline-10000"));
        assert_ne!(of("spread-1000"), of("black-hole-1000"));
    }
}
