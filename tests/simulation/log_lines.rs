//! P8: at `info`, a line for each write to the PAM and for each transition of `Ready`, and none where nothing happens.

use std::time::{Duration, Instant};

use crate::support::{Keeper, OperatedCluster, World, assert_no_canary, value, world};
use fake_apiserver::{Effect, Fault};
use pam_simulator::{Kind, Outage};
use serde_json::json;
use tokio::time::sleep;

const A_WHILE: Duration = Duration::from_mins(2);

async fn synced(keeper: Keeper, world: &World, count: usize) -> OperatedCluster {
    let mut cluster = keeper.cluster(world, &json!({}));
    let names: Vec<String> = (0..count).map(|number| format!("svc{number}")).collect();
    for name in &names {
        cluster.put_value(name, &value(name, 1));
        keeper.put(&cluster, name, &json!({"deletionPolicy": keeper.policy()}));
    }
    cluster.start().await;
    let all_synced = || names.iter().all(|name| keeper.reason(&cluster, name) == "Synced");
    world.until("all to be synced", Duration::from_mins(10), all_synced).await;
    sleep(Duration::from_hours(2)).await;
    cluster
}

/// The lines since then that a leader shows at `info`.
fn lines(world: &World, since: usize) -> Vec<String> {
    let logs = world.logs();
    let is_shown = |line: &&str| [" INFO ", " WARN ", "ERROR "].iter().any(|level| line.contains(level));
    logs[since..].lines().filter(is_shown).map(str::to_owned).collect()
}

/// Fails unless the lines are these, each given by what it has in it.
fn are(lines: &[String], expected: &[&[&str]]) {
    let fits = |line: &String, parts: &[&str]| parts.iter().all(|part| line.contains(part));
    let all = lines.len() == expected.len() && lines.iter().zip(expected).all(|(line, parts)| fits(line, parts));
    assert!(all, "{expected:?}\n{}", lines.join("\n"));
}

fn creation(keeper: Keeper) -> &'static str {
    match keeper {
        Keeper::Credential => r#"action="upsert_credential""#,
        Keeper::Entry => r#"action="create_entry""#,
    }
}

fn update(keeper: Keeper) -> &'static str {
    match keeper {
        Keeper::Credential => r#"action="upsert_credential""#,
        Keeper::Entry => r#"action="update_entry""#,
    }
}

fn switching_off(keeper: Keeper) -> &'static str {
    match keeper {
        Keeper::Credential => r#"action="disable_credential""#,
        Keeper::Entry => r#"action="deactivate_entry""#,
    }
}

const WRITE: &str = "a write to the PAM";
const READY: &str = "Ready changed";

#[test]
fn each_write_and_each_transition_is_one_line() {
    for keeper in Keeper::ALL {
        world(keeper.pam(), async |world| {
            let cluster = synced(keeper, &world, 1).await;
            let of = r#"connection="ClusterPamConnection default""#;
            let since = world.logs().len();
            cluster.put_value("svc0", &value("svc0", 2));
            sleep(A_WHILE).await;
            are(
                &lines(&world, since),
                &[&[
                    WRITE,
                    of,
                    r#"namespace="apps" name="svc0""#,
                    update(keeper),
                    r#"reason="ok""#,
                    "duration_seconds=",
                ]],
            );

            let since = world.logs().len();
            cluster.put_value("new", &value("new", 1));
            keeper.put(&cluster, "new", &json!({}));
            sleep(A_WHILE).await;
            let new = r#"name="new""#;
            let synced: &[&str] = &[READY, of, new, r#"ready="True" before="Progressing" reason="Synced""#];
            are(&lines(&world, since), &[&[WRITE, new, creation(keeper), r#"reason="ok""#], synced]);

            let since = world.logs().len();
            keeper.delete(&cluster, "svc0");
            sleep(A_WHILE).await;
            are(&lines(&world, since), &[&[WRITE, r#"name="svc0""#, switching_off(keeper), r#"reason="ok""#]]);
            assert_no_canary(&world.logs());
        });
    }
}

#[test]
fn a_refusal_has_the_code_of_the_pam_and_each_further_try_is_one_line() {
    let keeper = Keeper::Credential;
    world(keeper.pam(), async |world| {
        let cluster = synced(keeper, &world, 1).await;
        let (since, mark) = (world.logs().len(), world.sim.mark());
        cluster.put_value("lost", &value("lost", 1));
        keeper.put(&cluster, "lost", &json!({"hostname": "unknown", "ip": "10.9.9.9"}));
        sleep(A_WHILE).await;
        let lines = lines(&world, since);
        are(
            &lines[..2],
            &[
                &[WRITE, r#"name="lost""#, r#"reason="device_not_found""#, "code=1011"],
                &[
                    READY,
                    r#"name="lost""#,
                    r#"ready="False" before="Progressing" reason="DeviceNotFound""#,
                    "code=1011",
                ],
            ],
        );
        let tries = world.journal(mark).count(Kind::PostCredential);
        assert!(tries > 1, "it is tried again");
        assert_eq!(lines.len(), tries + 1, "{}", lines.join("\n"));
        assert_no_canary(&world.logs());
    });
}

#[test]
fn an_outage_is_told_by_transitions() {
    let keeper = Keeper::Credential;
    world(keeper.pam(), async |world| {
        let cluster = synced(keeper, &world, 1).await;
        let since = world.logs().len();
        world.sim.set_outage(Outage::Refused);
        cluster.put_value("svc0", &value("svc0", 2));
        sleep(Duration::from_mins(15)).await;
        world.sim.set_outage(Outage::None);
        sleep(Duration::from_mins(15)).await;
        let lines = lines(&world, since);
        let ready: Vec<String> = lines.iter().filter(|line| line.contains(READY)).cloned().collect();
        let of_connection = r#"kind="ClusterPamConnection" namespace="" name="default""#;
        are(
            &ready,
            &[
                &[r#"name="svc0""#, r#"before="Synced" reason="PamUnavailable""#],
                &[of_connection, r#"before="Authenticated" reason="PamUnavailable""#],
                &[of_connection, r#"before="PamUnavailable" reason="Authenticated""#],
                &[r#"name="svc0""#, r#"before="PamUnavailable" reason="Synced""#],
            ],
        );
        assert_eq!(lines.iter().filter(|line| line.contains(r#"reason="ok""#)).count(), 1, "{}", lines.join("\n"));
    });
}

/// The line of a transition comes also where the first write of the status failed.
#[test]
fn a_transition_that_could_not_be_written_at_first_is_one_line() {
    for effect in [Effect::Refused(500), Effect::Lost, Effect::DoneAndLost] {
        let keeper = Keeper::Credential;
        world(keeper.pam(), async |world| {
            let cluster = synced(keeper, &world, 1).await;
            let since = world.logs().len();
            cluster.api.inject(Fault::on("patch", "pamcredentials/status", effect));
            cluster.put_value("new", &value("new", 1));
            keeper.put(&cluster, "new", &json!({}));
            sleep(A_WHILE).await;
            let ready = lines(&world, since).into_iter().filter(|line| line.contains(READY)).count();
            // What was written, and answered by nobody, is told by the watch.
            let most = usize::from(effect != Effect::DoneAndLost);
            assert!((most..=1).contains(&ready), "{effect:?}: {}", lines(&world, since).join("\n"));
        });
    }
}

#[test]
fn a_thousand_credentials_are_idle_for_ten_minutes_without_a_line_and_without_a_write() {
    for keeper in Keeper::ALL {
        world(keeper.pam(), async |world| {
            let cluster = synced(keeper, &world, 1_000).await;
            let (since, asked) = (world.logs().len(), cluster.api.mark());
            sleep(Duration::from_mins(10)).await;
            are(&lines(&world, since), &[]);
            let writes = cluster.api.since(asked).writes();
            assert!(writes.is_empty(), "{writes}");
            let began = Instant::now();
            let page = cluster.page("text/plain");
            let took = began.elapsed();
            let series = page.lines().filter(|line| !line.starts_with('#')).count();
            assert!(series <= 300 && took < Duration::from_millis(100), "{series} series, {took:?}");
        });
    }
}
