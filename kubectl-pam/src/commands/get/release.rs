//! Gives the custody of one record back, after saying what dies with it.

use pam_operator::pam::reading::{Reader, Released};

use super::one::One;
use crate::consent::{Question, YesArgs, confirm};
use crate::exit::{Exit, Failure};
use crate::output::note;

/// What a release does to a password.
pub const DIES: &str = "with the release of the custody a vault that rotates the record replaces the password, some time later: what was read is worth nothing then";

/// Gives the custody back, if the user types the id.
pub async fn run(yes: &YesArgs, one: &One<'_>) -> Result<Exit, Failure> {
    let id: &str = &one.listed.id;
    let what = format!("Release the custody of record {id} ({}) at {}", one.record.account(), one.client.origin());
    let rotates = match one.listed.automatic_change {
        Some(true) => "the list says that the vault rotates this record",
        Some(false) => "the list says that the vault does not rotate this record",
        None => "the list does not say whether the vault rotates this record",
    };
    let items = [DIES.to_owned(), rotates.to_owned()];
    confirm(yes, Question { what: &what, items: &items, typed: Some(id) })?;
    give_back(one).await?;
    Ok(Exit::Done)
}

/// Gives the custody back.
pub async fn give_back(one: &One<'_>) -> Result<(), Failure> {
    let id = &one.listed.id;
    note(&match Reader::of(one.client).release_custody(id).await? {
        Released::Now => format!("Custody of record {id} was released"),
        Released::NotHeld => format!("Record {id} was not in the custody of this client: nothing was to be released"),
    });
    Ok(())
}
