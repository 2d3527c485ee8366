//! From a push to the request, and from the request to the record that a list would show.

use crate::controller::connection::state::ConnectionState;
use crate::controller::credential::facts::field_groups;
use crate::controller::credential::facts::observation::Observation;
use crate::domain::{Answer, Push, RecordIdentifier};
use crate::pam::{CredentialRequest, ListedCredential};

/// Returns the request; `None` if the username has not been read, which no decision leads to.
pub(crate) fn request(observed: &Observation<'_>, push: Push) -> Option<CredentialRequest> {
    let spec = &observed.object.spec;
    let secrets = observed.found.secrets.as_ref();
    let content = secrets.and_then(|secrets| secrets.content.as_ref()).filter(|_| push.value);
    let mut fields = field_groups::fields(spec, &observed.status.digests, push.all_fields);
    fields.extend(secrets.into_iter().flat_map(|secrets| field_groups::other_secret_fields(secrets, push.all_fields)));
    if observed.connection.state.as_ref().is_some_and(ConnectionState::replaces_blocks) {
        field_groups::complete(spec, secrets, &mut fields);
    }
    let account = observed.account.clone()?;
    Some(CredentialRequest {
        identifier: observed.identifier.clone(),
        username: account.username,
        hostname: account.hostname,
        ip: account.ip,
        content: content.map(|content| content.value.clone()),
        fields,
    })
}

/// Returns the record as a list would show it now.
pub(crate) fn record(observed: &Observation<'_>, request: &CredentialRequest, answer: &Answer) -> ListedCredential {
    let before = observed.listed().filter(|record| record.id == answer.id).cloned().unwrap_or_default();
    let set = request.flag("execution_settings.automatic_change");
    ListedCredential {
        automatic_change: set.or(before.automatic_change),
        // Our write moved it; how far, the next list shows.
        change: None,
        id: answer.id.clone(),
        identifier: Some(RecordIdentifier::of(&request.identifier)),
        username: request.username.clone(),
        hostname: request.hostname.clone(),
        ip: request.ip.clone(),
        ..before
    }
}
