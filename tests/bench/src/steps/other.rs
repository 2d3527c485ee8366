//! Another program does the operator's work in the same world: the roofline, or what `--peer-cmd` says.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use local_cluster::Follower;
use tokio::process::{Child, Command};

use super::{cold::patience, stage::LOOK};
use crate::{
    measure::{meter::Meter, process::Usage, sample::Sample},
    progress::Progress,
    scenarios::Other,
    settings::Settings,
    world::{
        World,
        objects::{self, DEVICE, NAMESPACES},
    },
};

/// So long after the last write to the API server, no other follows.
const QUIET: Duration = Duration::from_millis(500);

/// Runs the program until every object is in the PAM and it writes no more, and ends it.
pub async fn run(world: &World, other: Other, settings: &Settings, progress: &Progress) -> Result<Sample> {
    progress.begin("pushing", world.plan.objects);
    let meter = Meter::set(world).await?;
    let mut child = command(world, other, settings)?.spawn().context("cannot start the other program")?;
    let measured = measure(world, &meter, &mut child, progress).await;
    end(child).await?;
    measured
}

async fn measure(world: &World, meter: &Meter, child: &mut Child, progress: &Progress) -> Result<Sample> {
    let (objects, began) = (world.plan.objects, meter.since);
    let last = all_stored(world, meter, child, progress).await?;
    let mut sample = Sample::default();
    sample.used(Usage::default(), Usage::of(child.id().context("the other program has ended")?)?);
    meter.read(world, None, &mut sample).await?;
    sample.done(objects, Duration::try_from(last.duration_since(began))?);
    sample.latencies(&meter.commits_after(world, began));
    sample.per_object(objects);
    Ok(sample)
}

/// The program with its environment, which `docs/performance.md` describes.
fn command(world: &World, other: Other, settings: &Settings) -> Result<Command> {
    let mut command = match other {
        Other::Roofline => program(&std::env::current_exe()?, &["roofline"]),
        Other::Peer => program("sh".as_ref(), &["-c", settings.peer_command.as_deref().context("no --peer-cmd")?]),
    };
    let pam = world.pams.first().context("there is no PAM")?;
    let ca = world.cluster.state().folder.join("pam-ca.crt");
    std::fs::write(&ca, pam.ca_pem())?;
    let namespaces: Vec<String> = (0..NAMESPACES).map(objects::namespace).collect();
    command.env("KUBECONFIG", world.cluster.kubeconfig()).env("BENCH_PAM_CA_FILE", ca);
    command.envs([
        ("BENCH_PAM_URL", pam.url()),
        ("BENCH_PAM_CLIENT_ID", pam.client_id()),
        ("BENCH_PAM_CLIENT_SECRET", pam.client_secret()),
        ("BENCH_PAM_HOSTNAME", DEVICE[0].to_owned()),
        ("BENCH_PAM_IP", DEVICE[1].to_owned()),
        ("BENCH_OBJECTS", world.plan.objects.to_string()),
        ("BENCH_CONCURRENCY", world.plan.concurrency.to_string()),
        ("BENCH_NAMESPACES", namespaces.join(" ")),
    ]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).process_group(0).kill_on_drop(true);
    Ok(command)
}

fn program(path: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(path);
    command.args(args);
    command
}

/// Waits until each object is in the PAM and nothing is written to the API server any more; returns when that was.
async fn all_stored(world: &World, meter: &Meter, child: &mut Child, progress: &Progress) -> Result<Timestamp> {
    let (began, patience, mut log) = (Instant::now(), patience(world.plan.objects)?, meter.requests(world));
    let (mut last, mut quiet) = (meter.since, Instant::now());
    loop {
        let commits = world.commits();
        progress.reach(commits);
        if let Some(written) = last_write(&mut log)? {
            (last, quiet) = (last.max(written), Instant::now());
        }
        if commits >= world.plan.objects as u64 && quiet.elapsed() > QUIET {
            let stored = meter.journals(world).iter().filter_map(last_commit).max();
            return Ok(stored.map_or(last, |stored| stored.max(last)));
        }
        ensure!(child.try_wait()?.is_none(), "the other program ended before its work was done");
        ensure!(began.elapsed() < patience, "{commits} objects are in the PAM after {patience:?}");
        tokio::time::sleep(LOOK * 10).await;
    }
}

fn last_write(log: &mut Follower) -> Result<Option<Timestamp>> {
    Ok(log.more()?.writes().without_leases().iter().map(|event| event.time).max())
}

fn last_commit(journal: &pam_simulator::Journal) -> Option<Timestamp> {
    journal.entries().iter().filter_map(|entry| Some(entry.commit.as_ref()?.at)).max()
}

/// Ends the program with everything that it started.
async fn end(mut child: Child) -> Result<()> {
    let group = child.id().and_then(|pid| rustix::process::Pid::from_raw(pid.cast_signed()));
    if let Some(group) = group {
        // It fails only when none of them is left.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::TERM);
    }
    if tokio::time::timeout(Duration::from_secs(10), child.wait()).await.is_err() {
        child.kill().await?;
    }
    Ok(())
}
