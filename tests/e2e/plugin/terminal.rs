//! `kubectl pam` at a terminal, as `script` makes one: it asks, takes what is typed, and shows colours and how far it is. What is
//! typed for a secret is not shown; a value that was asked for is, and nothing is done without the user's word.

use std::process::Stdio;
use std::time::Duration;

use pam_simulator::Kind;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use super::program;
use crate::support::{CANARY, World, assert_no_canary};

/// What is typed once the screen ends with something.
pub struct Typed<'a> {
    pub after: &'a str,
    pub text: &'a str,
}

/// Runs the plugin at a terminal, and returns its exit code and all that the terminal showed. A pipe may follow the command.
pub async fn at_a_terminal(world: &World, line: &str, typed: &[Typed<'_>]) -> (i32, String) {
    let line = format!("{} -n {} {line}", program().display(), world.namespace);
    let mut command = Command::new("script");
    command.args(["-qec", &line, "/dev/null"]).env("KUBECONFIG", world.cluster.kubeconfig()).env("TERM", "xterm");
    command.env_remove("NO_COLOR").stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let (mut keys, mut screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut shown = Vec::new();
    let look = async {
        let (mut left, mut from) = (typed.iter(), 0);
        let mut next = left.next();
        while screen.read_buf(&mut shown).await.unwrap() > 0 {
            if let Some(typed) = next.filter(|typed| String::from_utf8_lossy(&shown[from..]).ends_with(typed.after)) {
                keys.write_all(format!("{}\r", typed.text).as_bytes()).await.unwrap();
                (next, from) = (left.next(), shown.len());
            }
        }
        assert!(next.is_none(), "it did not ask: {}", next.map(|typed| typed.after).unwrap_or_default());
    };
    tokio::time::timeout(Duration::from_mins(1), look).await.expect("it ends");
    (child.wait().await.unwrap().code().unwrap(), String::from_utf8(shown).unwrap())
}

#[tokio::test]
async fn a_push_of_many_is_asked_about_and_shows_how_far_it_is() {
    let world = World::start().await;
    for number in 0..21 {
        world.synced(&format!("db-{number}")).await;
    }
    let count = world.count().await;
    let (code, shown) = at_a_terminal(&world, "sync --all", &[Typed { after: "Go on? [y/N] ", text: "n" }]).await;
    assert!(code == 5 && shown.contains("Push 21 objects:") && shown.contains("  and 11 more"), "{code} {shown}");
    assert_eq!(world.journal(&count).count(Kind::PostCredential), 0);
    let (code, shown) = at_a_terminal(&world, "sync --all", &[Typed { after: "Go on? [y/N] ", text: "y" }]).await;
    assert_eq!(code, 0, "{shown}");
    for seen in [" of 21 done after ", "\u{1b}[32mDone", "pamcred/db-20"] {
        assert!(shown.contains(seen), "{seen}: {shown:?}");
    }
    assert_no_canary(&shown);
    assert_eq!(world.journal(&count).count(Kind::PostCredential), 21);
}

#[tokio::test]
async fn a_value_is_shown_once_its_id_was_typed_and_a_typed_secret_is_not() {
    let world = World::start().await;
    world.synced("good").await;
    let (id, secret) = (world.id_of("good").await, format!("{CANARY}-typed"));
    world.sim.change_authorization(&world.sim.client_id(), |client| client.client_secret = secret.clone().into());
    let (connection, operator) = (&world.connection, world.install.namespace());
    let line =
        format!("get {id} --reveal --connection {connection} --operator-namespace {operator} --client-id operator");
    let question = format!("Secret of the client for {}: ", world.sim.url());
    let secret = Typed { after: &question, text: &secret };
    let no = Typed { after: &format!("Type {id} to go on: "), text: "yes" };
    let (code, shown) = at_a_terminal(&world, &line, &[secret, no]).await;
    assert!(code == 5 && shown.contains("not confirmed, and nothing was done"), "{code} {shown}");
    assert_no_canary(&shown);
    assert_eq!(world.sim.count(Kind::GetCredential), 0, "P5");

    let secret = format!("{CANARY}-typed");
    let secret = Typed { after: &question, text: &secret };
    let (code, shown) = at_a_terminal(&world, &line, &[secret, Typed { after: "to go on: ", text: &id }]).await;
    assert_eq!(code, 0, "{shown}");
    assert_eq!(shown.matches(&format!("{CANARY}-good\r\n")).count(), 1, "{shown}");
    assert_no_canary(&shown.replace(&format!("{CANARY}-good"), ""));
    assert!(!shown.contains('\u{1b}'), "a value has no colour: {shown:?}");
}
