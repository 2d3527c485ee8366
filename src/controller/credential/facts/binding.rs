//! Where an object's record is: in the PAM that its connection leads to now, or in another (design 5, *another place*).

use std::collections::BTreeMap;

use crate::api::{ConnectionRef, ConnectionStatus, FormerPlace, PamCredentialStatus};
use crate::controller::connection::clients::ConnectedClient;
use crate::controller::connection::state::ConnectionState;
use crate::controller::credential::observe::observation::Observation;
use crate::controller::runtime::error::Error;
use crate::controller::secret::digest::DigestKey;
use crate::domain::{Binding, Seen};

/// How many places that the connection led to before are remembered.
const REMEMBERED: usize = 4;

/// Whether the record of a status is where the connection leads now.
pub(crate) fn recorded(
    status: &PamCredentialStatus,
    view: Option<&ConnectionState>,
    reference: &ConnectionRef,
) -> Binding {
    match (&status.id, &status.connection, view) {
        (None, ..) => Binding::Unbound,
        (Some(_), Some(known), Some(view)) if !leads_to(known, view, reference) => Binding::BoundElsewhere,
        (Some(_), ..) => Binding::Bound,
    }
}

/// Another connection may log in as another tenant, or see other records, even at the same address.
fn leads_to(known: &ConnectionStatus, view: &ConnectionState, reference: &ConnectionRef) -> bool {
    let connection = (known.kind, &known.name, &known.origin) == (reference.kind, &reference.name, &view.origin);
    connection && is_tenant(known, view.tenant.as_deref())
}

/// Whether a login that asks for that tenant is let into the one that is known. To write down the tenant that the PAM
/// named anyway leads nowhere else; to ask for none may.
fn is_tenant(known: &ConnectionStatus, asked: Option<&str>) -> bool {
    let answered = known.tenant.as_deref();
    known.requested_tenant.as_deref() == asked
        || asked.zip(answered).is_some_and(|(asked, answered)| asked.eq_ignore_ascii_case(answered))
}

/// Whether another OAuth client logs in now than the one that last wrote, as far as that can be told. It may be another
/// tenant's, and nothing but its first answer would say so: what it is shown has to be looked at before.
pub(crate) fn is_another_login(status: &PamCredentialStatus, view: Option<&ConnectionState>, key: &DigestKey) -> bool {
    let known = status.connection.as_ref().and_then(|known| known.login.as_ref());
    let now = view.and_then(|view| view.login.as_ref());
    known.zip(now).is_some_and(|(known, now)| key.made(known) && key.made(now) && known != now)
}

/// What was decided by one login must not be done by another, that the connection itself has not looked at yet.
pub(crate) fn as_seen(live: &ConnectedClient, view: Option<&ConnectionState>) -> Result<(), Error> {
    match view.and_then(|view| view.login.as_ref()) {
        Some(seen) if *seen != live.login => Err(Error::ConnectionChanged),
        _ => Ok(()),
    }
}

/// The place that the connection leads to, as it goes into a status.
pub(crate) fn place(
    view: Option<&ConnectionState>,
    reference: &ConnectionRef,
    tenant: Option<String>,
) -> ConnectionStatus {
    ConnectionStatus {
        kind: reference.kind,
        name: reference.name.clone(),
        origin: view.map(|view| view.origin.clone()).unwrap_or_default(),
        tenant,
        requested_tenant: view.and_then(|view| view.tenant.clone()),
        login: view.and_then(|view| view.login.clone()),
    }
}

/// The status with the record of the place that the connection leads to in the place of the last one, where one was
/// written there before. It is still to be found there, and only then may this be written down.
pub(crate) fn returned(
    shown: &PamCredentialStatus,
    view: Option<&ConnectionState>,
    reference: &ConnectionRef,
) -> PamCredentialStatus {
    let mut status = shown.clone();
    let (Some(known), Some(view)) = (&shown.connection, view) else { return status };
    if leads_to(known, view, reference) {
        return status;
    }
    let of = |fits: &dyn Fn(&ConnectionStatus) -> bool| shown.former_places.iter().position(|f| fits(&f.connection));
    let exactly = of(&|former| leads_to(former, view, reference));
    let nearly = || of(&|former| former.origin == view.origin).filter(|_| known.origin != view.origin);
    if let Some(at) = exactly.or_else(nearly) {
        let there = status.former_places.remove(at);
        remember(&mut status, shown);
        (status.id, status.connection, status.digests) = (Some(there.id), Some(there.connection), there.digests);
        (status.ensured_enabled, status.value_held_back) = (there.ensured_enabled, there.value_held_back);
        (status.former_identifier, status.sent_fields) = (there.former_identifier, there.sent_fields);
        status.remote = None;
        status.unsettled.take_if(|unsettled| !unsettled.elsewhere);
        status.corrections.clear();
        status.source.clear();
    }
    status
}

/// Whether a write is open in the place that a status tells of.
fn is_open(status: &PamCredentialStatus) -> bool {
    status.unsettled.as_ref().is_some_and(|unsettled| !unsettled.elsewhere)
}

/// Notes that a write is open where the connection leads: should it lead away now and back later, nothing that was
/// recorded of the record there counts.
pub(crate) fn distrust(status: &mut PamCredentialStatus, view: Option<&ConnectionState>, reference: &ConnectionRef) {
    for former in &mut status.former_places {
        if view.is_some_and(|view| leads_to(&former.connection, view, reference)) {
            former.digests.clear();
        }
    }
}

/// Puts the record that a status had before among those of former places.
pub(crate) fn remember(status: &mut PamCredentialStatus, before: &PamCredentialStatus) {
    let (Some(id), Some(connection)) = (before.id.clone(), before.connection.clone()) else { return };
    let former = FormerPlace {
        connection,
        id,
        // A write there that is still open may have left anything: it is written anew when it is returned to.
        digests: if is_open(before) { BTreeMap::new() } else { before.digests.clone() },
        sent_fields: before.sent_fields.clone(),
        ensured_enabled: before.ensured_enabled,
        value_held_back: before.value_held_back,
        former_identifier: before.former_identifier.clone(),
    };
    status.former_places.insert(0, former);
    status.former_places.truncate(REMEMBERED);
}

impl Observation<'_> {
    /// Whether a list showed that what is written now is another record than that of the place that status speaks of: the
    /// same vault may go by two names.
    pub(crate) fn is_of_another_record(&self) -> bool {
        let returned = self.shown.connection != self.status.connection;
        let another = |seen: Seen| returned || !matches!(seen, Seen::Ours { .. });
        self.situation.binding == Binding::BoundElsewhere
            && self.sight.as_ref().is_some_and(|sight| another(sight.seen))
    }

    /// Whether the record that is written now is another one than that of the place that status speaks of.
    pub(crate) fn is_elsewhere_anew(&self) -> bool {
        let ours = self.sight.as_ref().is_some_and(|sight| matches!(sight.seen, Seen::Ours { .. }));
        self.situation.binding == Binding::BoundElsewhere && !ours && self.shown.connection == self.status.connection
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controller::connection::object::IntoAny as _;

    fn reference(name: &str) -> ConnectionRef {
        ConnectionRef { name: name.into(), ..ConnectionRef::default() }
    }

    fn view(origin: &str, tenant: Option<&str>) -> ConnectionState {
        let connection: crate::api::ClusterPamConnection = serde_json::from_value(serde_json::json!({
            "apiVersion": "pam-operator.io/v1alpha1", "kind": "ClusterPamConnection", "metadata": {"name": "one"},
            "spec": {"url": origin, "productVersion": "4.2",
                "auth": {"oauth2": {"clientSecretRef": {"name": "login"}, "tenant": tenant}}},
        }))
        .unwrap();
        ConnectionState::new(std::sync::Arc::new(connection.any()), &crate::api::PamConnectionStatus::default())
    }

    fn status(id: &str, view: &ConnectionState, name: &str, answered: Option<&str>) -> PamCredentialStatus {
        let connection = Some(place(Some(view), &reference(name), answered.map(Into::into)));
        PamCredentialStatus { id: Some(id.into()), connection, ..PamCredentialStatus::default() }
    }

    #[test]
    fn another_origin_name_or_tenant_is_another_place() {
        let here = view("https://a", Some("acme"));
        let known = status("7", &here, "one", Some("acme"));
        let look = |view: &ConnectionState, name| recorded(&known, Some(view), &reference(name));
        assert_eq!(look(&here, "one"), Binding::Bound);
        assert_eq!(look(&here, "two"), Binding::BoundElsewhere);
        assert_eq!(look(&view("https://b", Some("acme")), "one"), Binding::BoundElsewhere);
        assert_eq!(look(&view("https://a", Some("umbrella")), "one"), Binding::BoundElsewhere);
        assert_eq!(look(&view("https://a", None), "one"), Binding::BoundElsewhere, "the host's own may be another");
        assert_eq!(recorded(&known, None, &reference("two")), Binding::Bound, "nothing is known of where it leads");
        assert_eq!(recorded(&PamCredentialStatus::default(), Some(&here), &reference("one")), Binding::Unbound);
    }

    #[test]
    fn to_write_down_the_tenant_that_the_pam_named_leads_nowhere_else() {
        let known = status("7", &view("https://a", None), "one", Some("acme"));
        let look = |tenant| recorded(&known, Some(&view("https://a", tenant)), &reference("one"));
        assert_eq!([look(None), look(Some("Acme"))], [Binding::Bound; 2]);
        assert_eq!(look(Some("umbrella")), Binding::BoundElsewhere);
    }

    #[test]
    fn a_place_that_was_left_is_returned_to_with_its_id_and_digests() {
        let (a, b) = (view("https://a", None), view("https://b", None));
        let mut known = status("7", &a, "one", None);
        known.digests.insert("content".into(), "first".into());
        known.sent_fields = vec!["tags".into()];
        let mut moved = status("9", &b, "one", None);
        moved.sent_fields = vec!["notes".into()];
        remember(&mut moved, &known);
        assert_eq!(returned(&moved, Some(&b), &reference("one")), moved, "nothing to return to");
        let back = returned(&moved, Some(&a), &reference("one"));
        assert_eq!((back.id.as_deref(), &back.digests), (Some("7"), &known.digests));
        assert_eq!(back.sent_fields, known.sent_fields, "what was sent elsewhere is not kept here");
        assert_eq!(back.former_places[0].id, "9");
        let again = returned(&back, Some(&b), &reference("one"));
        assert_eq!((again.id, again.former_places.len()), (Some("9".into()), 1));
    }

    #[test]
    fn only_so_many_places_are_remembered() {
        let mut known = status("0", &view("https://0", None), "one", None);
        for number in 1..10 {
            let before = known.clone();
            remember(&mut known, &before);
            known.id = Some(number.to_string());
        }
        let ids: Vec<&str> = known.former_places.iter().map(|former| former.id.as_str()).collect();
        assert_eq!(ids, ["8", "7", "6", "5"]);
    }
}
