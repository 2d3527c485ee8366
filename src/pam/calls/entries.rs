//! The calls about entries of MySafe, and what MySafe answers to them (API 5). No call asks for one entry: that would hand
//! out its secrets (P5).

use bytes::Bytes;
use url::Url;

use super::caller::{Caller, Sent, Sink, Write, with_body};
use super::switch::id_segment;
use crate::domain::{RecordId, Turn};
use crate::pam::endpoint::BooleanForm;
use crate::pam::error::{Call, EntryRefusal, PamError};
use crate::pam::safe_password::{CreatedEntry, EntryBody, EntryChange, ListedEntry, NewEntry, Sharing, sharing_of};
use crate::pam::transport::HttpAnswer;
use crate::pam::wire::{Envelope, Failure, failure_of, json_body, unreadable};

/// The calls to MySafe of one client. The client's endpoint names the product
/// [`Product::MySafe`](crate::pam::Product::MySafe) and has the login of an access key; login, limits and failures are as for
/// PAM Core.
pub struct MySafe<'a> {
    caller: &'a Caller,
    /// Whose turn each write takes.
    turn: &'a Turn,
}

impl<'a> MySafe<'a> {
    /// Returns the calls of a caller, whose writes wait for that turn.
    pub(in crate::pam) const fn of(caller: &'a Caller, turn: &'a Turn) -> Self {
        Self { caller, turn }
    }

    /// Makes an entry with one `POST`. The call is no upsert: after an error that leaves the outcome unknown
    /// ([`PamError::outcome_unknown`]) only the list can tell whether there is an entry, and a second call may make another.
    pub async fn create_entry(&self, entry: &NewEntry) -> Result<CreatedEntry, PamError> {
        let (caller, sent) = (self.caller, entry.body());
        let body = self.body(sent)?;
        let post = || with_body(caller.http.post(caller.resource_url.clone()), &body);
        caller.write(self.as_write(Call::CreateEntry), post, |answer| created(answer, sent)).await
    }

    /// Changes an entry with one `PUT`. An error may leave the outcome unknown, and repeating the call is safe, but for the
    /// e-mails that shares may cause. Each change makes a version in MySafe's history: an empty change is not to be sent.
    pub async fn update_entry(&self, identifier: &str, change: &EntryChange) -> Result<Sharing, PamError> {
        let (url, sent) = (self.url_of("update", identifier)?, change.body());
        let body = self.body(sent)?;
        let put = || with_body(self.caller.http.put(url.clone()), &body);
        self.caller.write(self.as_write(Call::UpdateEntry), put, |answer| updated(answer, sent, identifier)).await
    }

    /// Deactivates an entry. Success does not tell whether the entry was inactive before. An error may leave the outcome
    /// unknown, and repeating the call is safe.
    pub async fn deactivate_entry(&self, identifier: &str) -> Result<(), PamError> {
        self.switch(Call::DeactivateEntry, "inactive", identifier).await
    }

    /// Activates an entry. Success does not tell whether the entry was active before. Errors as for deactivating.
    pub async fn activate_entry(&self, identifier: &str) -> Result<(), PamError> {
        self.switch(Call::ActivateEntry, "active", identifier).await
    }

    /// Lists every entry that the access key's user sees, among them entries of others, or those that MySafe finds by a tag:
    /// whether MySafe looks for the whole tag or for a part is not documented. Returns the number of the entries. They go to
    /// `sink` while they arrive, and count only if the result is `Ok`.
    pub async fn list_entries(
        &self,
        tag: Option<&str>,
        sink: &mut (dyn FnMut(ListedEntry) + Send),
    ) -> Result<usize, PamError> {
        let mut url = self.caller.resource_url.clone();
        if let Some(tag) = tag {
            url.query_pairs_mut().append_pair("tag", tag);
        }
        self.caller.list_at(&url, &|| (), sink).await
    }

    /// Lists every entry, and calls `sent` when the request leaves: after the login, and after the wait for other requests.
    pub(in crate::pam) async fn list_from(
        &self,
        sent: Sent<'_>,
        sink: Sink<'_, ListedEntry>,
    ) -> Result<usize, PamError> {
        self.caller.list_at(&self.caller.resource_url, sent, sink).await
    }

    async fn switch(&self, call: Call, verb: &str, identifier: &str) -> Result<(), PamError> {
        let url = self.url_of(verb, identifier)?;
        let post = || self.caller.http.post(url.clone());
        self.caller.write(self.as_write(call), post, |answer| done(call, answer).map(drop)).await
    }

    fn as_write(&self, call: Call) -> Write<'a> {
        Write { call, turn: self.turn }
    }

    /// Returns the URL of one entry behind a verb.
    fn url_of(&self, verb: &str, identifier: &str) -> Result<Url, PamError> {
        let identifier = id_segment(identifier)?;
        let mut url = self.caller.resource_url.clone();
        url.set_path(&format!("{}/{verb}/{identifier}", url.path()));
        Ok(url)
    }

    fn body(&self, body: EntryBody<'_>) -> Result<Bytes, PamError> {
        let spelled = body.spelled(self.caller.dialect.booleans == BooleanForm::Digit);
        let refused = |_| PamError::EntryRefused { why: EntryRefusal::Other, code: None };
        json_body(&spelled).map(Bytes::from_owner).map_err(refused)
    }
}

/// Reads the answer to a `POST`. An identifier that repeats a secret of the request makes the answer useless (P8).
fn created(answer: &HttpAnswer, sent: EntryBody<'_>) -> Result<CreatedEntry, Failure> {
    let call = Call::CreateEntry;
    let envelope = done(call, answer)?;
    let named = envelope.password_entity.and_then(|entry| RecordId::parse(&entry.identifier?));
    let identifier = named.ok_or_else(|| unreadable(call, answer, "does not name the entry's identifier"))?;
    if sent.is_secret(&identifier) {
        return Err(
            PamError::Malformed { call, what: "names a secret of the request as the entry's identifier" }.into()
        );
    }
    Ok(CreatedEntry { identifier, sharing: sharing_of(&answer.body, &sent.shared_with()) })
}

/// Reads the answer to a `PUT`. It need not name the entry; if it names another one, nobody knows what was changed.
fn updated(answer: &HttpAnswer, sent: EntryBody<'_>, id: &str) -> Result<Sharing, Failure> {
    let call = Call::UpdateEntry;
    let named = done(call, answer)?.password_entity.and_then(|entry| entry.identifier);
    if named.is_some_and(|named| named != id) {
        return Err(PamError::Malformed { call, what: "names another entry" }.into());
    }
    Ok(sharing_of(&answer.body, &sent.shared_with()))
}

/// Returns the envelope of a call that was done. It is no error that an entry was active or inactive before.
fn done(call: Call, answer: &HttpAnswer) -> Result<Envelope, Failure> {
    let envelope = Envelope::of(&answer.body);
    if !answer.is_success() || envelope.says_error() {
        return Err(failure_of(call, answer.status, answer.retry_after, &envelope));
    }
    // An envelope, or an entry, is the only sign that the application answered: a proxy's page with status 200 does nothing.
    let is_of_application = envelope.is_present() || envelope.password_entity.is_some() || answer.status == 204;
    if is_of_application { Ok(envelope) } else { Err(unreadable(call, answer, "is not the PAM's").into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use zeroize::Zeroizing;

    fn answer(status: u16, body: &Value) -> HttpAnswer {
        HttpAnswer { status, retry_after: None, body: Zeroizing::new(body.to_string().into_bytes()) }
    }

    fn entry(password: &str) -> NewEntry {
        let (name, username) = ("n".into(), "u".into());
        NewEntry { name, username, password: password.into(), rest: crate::pam::EntryFields::default() }
    }

    fn create(body: &Value) -> Result<CreatedEntry, PamError> {
        created(&answer(201, body), entry("20310117").body()).map_err(|failure| failure.error)
    }

    #[test]
    fn a_success_is_read_whatever_is_missing_or_mistyped() {
        let known = |identifier: u64| CreatedEntry { identifier: identifier.into(), sharing: Sharing::Complete };
        let full = json!({"code": 201, "response": {"status": 201, "Message": "x", "error": false},
            "password_entity": {"identifier": "312", "name": "x", "note": "", "shared_error": []}});
        assert_eq!(create(&full), Ok(known(312)));
        assert_eq!(create(&json!({"password_entity": {"identifier": 312}, "exception": []})), Ok(known(312)));
        for identifier in [json!(null), json!("x1"), json!("7\r\n"), json!("9".repeat(21)), json!("20310117")] {
            let error = create(&json!({"response": {}, "password_entity": {"identifier": identifier}})).unwrap_err();
            assert!(matches!(error, PamError::Malformed { .. }) && error.outcome_unknown(), "{identifier}");
        }
        for body in [json!(null), json!({}), json!("<html>"), json!({"response": {}}), json!({"password_entity": []})] {
            assert!(create(&body).unwrap_err().outcome_unknown(), "{body}");
        }
    }

    #[test]
    fn an_update_need_not_name_the_entry_but_must_not_name_another() {
        let change = EntryChange::default();
        let update = |body: &Value| updated(&answer(200, body), change.body(), "312").map_err(|failure| failure.error);
        for body in [json!({"response": {"error": false}}), json!({"password_entity": {"identifier": 312}})] {
            assert_eq!(update(&body), Ok(Sharing::Complete), "{body}");
        }
        for body in [json!({"password_entity": {"identifier": "313"}}), json!({}), json!({"message": "hello"})] {
            assert!(matches!(update(&body), Err(PamError::Malformed { .. })), "{body}");
        }
    }

    #[test]
    fn codes_have_the_meanings_of_my_safe() {
        let refusal = |status: u16, code: u16| {
            let body = json!({"response": {"error": true, "error_code": 0, "mensagem": format!("{code}: words")}});
            done(Call::UpdateEntry, &answer(status, &body)).map(drop).unwrap_err().error
        };
        let meanings = [
            (1001, EntryRefusal::Incomplete),
            (1005, EntryRefusal::NotFound),
            (1006, EntryRefusal::NoAccess),
            (1009, EntryRefusal::Inactive),
            (1010, EntryRefusal::Other),
            (1039, EntryRefusal::Other),
        ];
        for (code, why) in meanings {
            for status in [200, 400] {
                assert_eq!(refusal(status, code), PamError::EntryRefused { why, code: Some(code) });
            }
        }
        let without_right = json!({"response": {"error": true, "message": "You are not authorized to access this"}});
        let denied = done(Call::CreateEntry, &answer(500, &without_right)).map(drop).unwrap_err().error;
        assert_eq!(denied, PamError::EntryRefused { why: EntryRefusal::NotAuthorized, code: None });
        assert!(!denied.outcome_unknown());
    }
}
