//! Reads one value, after saying what that means, and puts it where the user wants it, and nowhere else.

use std::io::{IsTerminal as _, Write as _};

use pam_operator::domain::canonical_address;
use pam_operator::pam::reading::{HandedOut, Reader};
use pam_operator::pam::{ListedCredential, PamError};
use secrecy::{ExposeSecret as _, SecretString};

use super::args::{GetArgs, usage};
use super::encrypted::Opening;
use super::into_secret::{Checked, SecretKey};
use super::one::One;
use crate::cluster::Cluster;
use crate::consent::{Question, confirm};
use crate::dry_run::DryRun;
use crate::exit::{Exit, Failure};
use crate::interrupt::Interruption;
use crate::output::note;

/// What is said of a read that got no answer.
const HANDED_OUT: &str = "The PAM may have handed the value out all the same: --release gives the custody back";

/// Where the value goes.
enum Place<'a> {
    Secret { key: &'a SecretKey, checked: Checked },
    Terminal,
    Pipe,
}

/// Reads the value of one record. Everything that can be refused without the PAM is refused before it is asked.
pub async fn run(args: &GetArgs, cluster: &Cluster, one: &One<'_>) -> Result<Exit, Failure> {
    let opening = opening(args)?;
    let place = place(args, cluster).await?;
    if args.dry_run.is_some() {
        note(&tried(args, &place, cluster, one));
        return Ok(Exit::Done);
    }
    let of_place = match &place {
        Place::Secret { key, .. } => key.consequences(cluster).await,
        Place::Terminal | Place::Pipe => Vec::new(),
    };
    ask(args, &place, one, of_place)?;
    let handed_out = read(one, &Interruption::listen()).await?;
    let value = value_of(&handed_out, one, &opening).map_err(|failure| with_custody(failure, one))?;
    write(place, cluster, &value).await.map_err(|failure| with_custody(failure, one))?;
    if args.release {
        super::release::give_back(one).await?;
    } else {
        note(&format!("Custody of record {} is with this client now: --release gives it back", one.listed.id));
    }
    Ok(Exit::Done)
}

fn opening(args: &GetArgs) -> Result<Opening, Failure> {
    match &args.private_key {
        Some(path) => Opening::with_key(path),
        None if args.not_encrypted => Ok(Opening::AsItIs),
        None => Ok(Opening::Plain),
    }
}

async fn place<'a>(args: &'a GetArgs, cluster: &Cluster) -> Result<Place<'a>, Failure> {
    if let Some(key) = &args.to_secret {
        let checked = key.check(cluster).await?;
        if args.dry_run != Some(DryRun::Client) {
            key.may_write(cluster, &checked).await?;
        }
        return Ok(Place::Secret { key, checked });
    }
    match (std::io::stdout().is_terminal(), &args.field) {
        (true, _) => Ok(Place::Terminal),
        (false, Some(_)) => Ok(Place::Pipe),
        (false, None) => Err(usage(
            "the output is no terminal, and nothing was read: give --field password to have the value alone written to it, or --to-secret",
        )),
    }
}

/// Returns what is said instead of a read.
fn tried(args: &GetArgs, place: &Place<'_>, cluster: &Cluster, one: &One<'_>) -> String {
    let (id, account, origin) = (&one.listed.id, one.record.account(), one.client.origin());
    let whereto = match place {
        Place::Secret { key, .. } => format!("key {} of Secret {}/{}", key.key, cluster.namespace, key.name),
        Place::Terminal | Place::Pipe => "standard output".to_owned(),
    };
    let checked = if args.dry_run == Some(DryRun::Server) { ", which Kubernetes permits" } else { "" };
    format!(
        "dry run, and nothing was read or written: record {id} ({account}) would be read at {origin}, and its value written to {whereto}{checked}"
    )
}

/// Says what a read means, and wants the id.
fn ask(args: &GetArgs, place: &Place<'_>, one: &One<'_>, of_place: Vec<String>) -> Result<(), Failure> {
    let id: &str = &one.listed.id;
    if matches!(place, Place::Pipe) && !args.yes.is_given() {
        let message = format!("not confirmed, and nothing was read: a value goes into a pipe only with --yes={id}");
        return Err(Failure::new(Exit::NotConfirmed, message));
    }
    let whereto = match place {
        Place::Secret { key, .. } => format!("write it to key {} of Secret {}", key.key, key.name),
        Place::Terminal => "show it here".to_owned(),
        Place::Pipe => "write it to standard output".to_owned(),
    };
    let what =
        format!("Read the value of record {id} ({}) from {} and {whereto}", one.record.account(), one.client.origin());
    let mut items = consequences(args, one.listed.automatic_change);
    items.extend(of_place);
    confirm(&args.yes, Question { what: &what, items: &items, typed: Some(id) })
}

fn consequences(args: &GetArgs, rotates: Option<bool>) -> Vec<String> {
    let after = match rotates {
        Some(false) => "a policy of the PAM may have the password rotated because it was seen",
        _ => "the vault rotates this password, or may: a policy can have it done because it was seen",
    };
    let mut items = vec![
        "the PAM gives the custody of the record to the client that logs in: others may have to wait until it is released".to_owned(),
        "the PAM's audit notes who read it".to_owned(),
        after.to_owned(),
    ];
    if args.release {
        items.push(super::release::DIES.to_owned());
    }
    items
}

/// Reads the record. What comes behind an answer is not interrupted: the value was handed out then.
async fn read(one: &One<'_>, interruption: &Interruption) -> Result<HandedOut, Failure> {
    let (id, reader) = (&one.listed.id, Reader::of(one.client));
    tokio::select! {
        read = reader.read(id) => read.map_err(not_read),
        () = interruption.comes() => Err(Failure::new(
            Exit::Interrupted,
            format!("interrupted while record {id} was read: no value was written. {HANDED_OUT}"),
        )),
    }
}

/// Returns the value of an answer, if the answer is surely about the record.
fn value_of(handed_out: &HandedOut, one: &One<'_>, opening: &Opening) -> Result<SecretString, Failure> {
    if !is_as_listed(handed_out, one.listed) {
        let message = "the PAM answered with another account or identifier than its list shows for the record, and nothing was shown: look the record up in the PAM";
        return Err(Failure::new(Exit::Pam, message));
    }
    let value = handed_out.value(|text| opening.open(text))?;
    value.ok_or_else(|| Failure::new(Exit::No, "the record has no value in the PAM"))
}

/// A read without an answer may have been a read for the PAM.
fn not_read(error: PamError) -> Failure {
    let unknown = error.outcome_unknown();
    let mut failure = Failure::from(error);
    if unknown {
        failure.message = format!("{}. {HANDED_OUT}", failure.message);
    }
    failure
}

/// Tells whether the answer is about the record that the list shows. What an answer leaves out says nothing.
fn is_as_listed(read: &HandedOut, listed: &ListedCredential) -> bool {
    let same = |read: &str, listed: &str| {
        read.is_empty() || listed.is_empty() || canonical_address(read) == canonical_address(listed)
    };
    let of_identifier = match (&read.identifier, &listed.identifier) {
        (Some(read), Some(listed)) => read == listed,
        _ => true,
    };
    of_identifier
        && same(&read.username, &listed.username)
        && same(&read.hostname, &listed.hostname)
        && same(&read.ip, &listed.ip)
}

async fn write(place: Place<'_>, cluster: &Cluster, value: &SecretString) -> Result<(), Failure> {
    match place {
        Place::Secret { key, checked } => {
            key.write(cluster, checked, value).await?;
            note(&format!("Key {} of Secret {}/{} holds the value now", key.key, cluster.namespace, key.name));
            Ok(())
        }
        Place::Terminal => show(value.expose_secret()),
        Place::Pipe => Ok(raw(value.expose_secret().as_bytes())?),
    }
}

/// Shows a value at a terminal, as it is and without a colour. One that would steer the terminal is not shown.
fn show(value: &str) -> Result<(), Failure> {
    if value.chars().any(char::is_control) {
        let message = "the value has control characters, which a terminal would obey, and was not shown: write it to a pipe with --field password, or with --to-secret";
        return Err(Failure::new(Exit::No, message));
    }
    raw(value.as_bytes())?;
    Ok(raw(b"\n")?)
}

/// Writes bytes as they are: the writer for coloured text would take what looks like a colour out of a value.
fn raw(bytes: &[u8]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// Says what is left to do after a value was handed out for nothing.
fn with_custody(failure: Failure, one: &One<'_>) -> Failure {
    let Failure { exit, message } = failure;
    match message.as_str() {
        "" => Failure { exit, message },
        message => Failure::new(
            exit,
            format!("{message}. Custody of record {} is with this client now: --release gives it back", one.listed.id),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pam_operator::pam::{Call, Unavailable};

    #[test]
    fn a_lost_answer_may_have_been_a_read() {
        let lost = PamError::Unavailable { call: Call::ReadCredential, why: Unavailable::Timeout };
        assert!(not_read(lost).message.contains("--release"));
        let refused = not_read(PamError::of_code(Call::ReadCredential, 1009));
        assert!(!refused.message.contains("--release") && refused.exit == Exit::Pam, "{refused}");
    }
}
