//! The one record that a value is read of.

use pam_operator::pam::{ListedCredential, PamClient};

use super::record::{Record, Records};
use crate::exit::{Exit, Failure};
use crate::output::{Answer as _, note};

/// The one record that a value is read of, or whose custody is given back.
pub struct One<'a> {
    /// The client.
    pub client: &'a PamClient,
    /// What the list shows of the record.
    pub listed: &'a ListedCredential,
    /// The same, to be printed.
    pub record: Record,
}

/// Returns the record, if it is the only one that was found and can have a value.
pub fn only<'a>(found: &'a [ListedCredential], client: &'a PamClient) -> Result<One<'a>, Failure> {
    let [listed] = found else { return Err(several(&Records(found.iter().map(Record::from).collect()))) };
    if listed.is_ssh_key() {
        return Err(Failure::new(Exit::No, format!("record {} is an SSH key, and nothing was read", listed.id)));
    }
    Ok(One { client, listed, record: Record::from(listed) })
}

/// Says that the user has to choose.
pub fn several(records: &Records) -> Failure {
    note(records.table(true).text(true).trim_end());
    Failure::new(Exit::No, "several records are meant, and none was read: give the id of one")
}
