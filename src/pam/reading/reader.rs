//! The two calls, and what the PAM answers to them.

use url::Url;

use super::handed_out::{HandedOut, handed_out};
use crate::domain::{RecordId, Turn};
use crate::pam::PamClient;
use crate::pam::calls::{Caller, Write};
use crate::pam::error::{Call, PamError};
use crate::pam::transport::HttpAnswer;
use crate::pam::wire::{Envelope, Failure, failure_of, unreadable};

/// The code of a release of what is not in the caller's custody.
const NOT_IN_CUSTODY: u16 = 1018;

/// The calls of one client that hand out a value or give custody back. Both need a record's id, which the list shows: the
/// path by `username@hostname` leads elsewhere where the username has an `@` (API 4.1), and no call uses it.
pub struct Reader<'a> {
    caller: &'a Caller,
    turn: Turn,
}

/// What a release of custody found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Released {
    /// Custody was given back by this call. A vault that rotates the record replaces its value some time later, or tries to.
    Now,
    /// The record was not in the custody of this client (1018).
    NotHeld,
}

impl<'a> Reader<'a> {
    /// Returns the calls of a client.
    #[must_use]
    pub fn of(client: &'a PamClient) -> Self {
        Self { caller: client.caller(), turn: Turn::default() }
    }

    /// Reads a credential with its value, by one `GET`. The PAM gives this client custody of the record, notes a view, and may
    /// rotate the value because of the view. An error may leave open whether that happened
    /// ([`PamError::outcome_unknown`]); no call is repeated for it.
    pub async fn read(&self, id: &RecordId) -> Result<HandedOut, PamError> {
        let url = self.url_of("", id);
        let get = || self.caller.http.get(url.clone());
        self.caller.write(self.as_write(Call::ReadCredential), get, |answer| handed_out(answer, id)).await
    }

    /// Gives the custody of a record back, by one `DELETE` (API 4.4). A value that was read dies with it where the vault
    /// rotates the record. An error may leave the outcome unknown, and repeating the call is safe.
    pub async fn release_custody(&self, id: &RecordId) -> Result<Released, PamError> {
        let url = self.url_of("custody/", id);
        let delete = || self.caller.http.delete(url.clone());
        self.caller.write(self.as_write(Call::ReleaseCustody), delete, released).await
    }

    /// Returns the URL of one record behind a verb. An id is digits alone, so that none leads to another path.
    fn url_of(&self, verb: &str, id: &RecordId) -> Url {
        let mut url = self.caller.resource_url.clone();
        url.set_path(&format!("{}/{verb}{id}", url.path()));
        url
    }

    fn as_write(&self, call: Call) -> Write<'_> {
        Write { call, turn: &self.turn }
    }
}

/// Reads the answer to a release.
fn released(answer: &HttpAnswer) -> Result<Released, Failure> {
    let call = Call::ReleaseCustody;
    let envelope = Envelope::of(&answer.body);
    if envelope.code() == Some(NOT_IN_CUSTODY) {
        return Ok(Released::NotHeld);
    }
    if !answer.is_success() || envelope.says_error() {
        return Err(failure_of(call, answer.status, answer.retry_after, &envelope));
    }
    // An envelope is the only sign that the application answered: a proxy's page with status 200 releases nothing.
    if !envelope.is_present() && answer.status != 204 {
        return Err(unreadable(call, answer, "is not the PAM's").into());
    }
    Ok(Released::Now)
}
