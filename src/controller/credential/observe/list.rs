//! Seeing more: the values of the Secrets, and the PAM's list. Each is asked for only when the decision turns on it.

use std::sync::Arc;

use tokio::time::Instant;

use crate::api::PamCredential;
use crate::controller::connection::clients::ConnectedClient;
use crate::controller::connection::object::connection_of;
use crate::controller::connection::poller::inventory;
use crate::controller::credential::act::disable;
use crate::controller::credential::context::Context;
use crate::controller::credential::facts::settings;
use crate::controller::credential::observe::connected;
use crate::controller::credential::observe::observation::{Observation, Sight};
use crate::controller::credential::observe::secret_inputs;
use crate::controller::runtime::error::Error;
use crate::controller::runtime::object_id::{NamespacedName, ObjectId};
use crate::domain::{
    Account, Binding, Change, Claims, Connection, Decision, Identifiers, Inventory, Look, ObjectName, Reason, Row,
    Seen, Situation, Taken, decide, match_rows, seen_in_leaving,
};
use crate::pam::{self, ListedCredential, PamError, Snapshot};

/// Looks at what the decision asked for.
pub(crate) async fn look(observed: &mut Observation<'_>, what: Look, context: &Context) -> Result<(), Error> {
    match what {
        Look::Secrets => secret_inputs::read(observed, context).await,
        Look::Inventory => refresh_list(observed, context).await,
        Look::Claims => {
            claim(observed, context);
            Ok(())
        }
    }
}

/// Claims the record for this object, or finds who has it; then that one's going wakes us. What it could not write
/// anyway it does not claim.
fn claim(observed: &mut Observation<'_>, context: &Context) {
    let Some(request) = observed.claim_request() else { return };
    let free = decide(&Situation { claims: Claims::Free, ..observed.situation });
    let conflict = matches!(free, Decision::Wait(Reason::RecordConflict | Reason::AccessDenied));
    // A plan takes nothing away from those who would write.
    let hopeless = conflict || observed.situation.plan;
    let claim = || {
        if hopeless {
            context.claims.holder(&observed.uid, &request).map_or(Ok(false), Err)
        } else {
            context.claims.claim(&observed.uid, &observed.key, &request)
        }
    };
    let mut claimed = claim();
    if let Err(Taken::Identifier(holder) | Taken::Account(holder) | Taken::Device(holder)) = &claimed {
        context.cluster.dependencies.wait_for(&observed.subject(), Some(object_id(holder)));
        // Whoever has it may have gone before we waited for that.
        claimed = claim();
    }
    if claimed == Ok(true) {
        context.wake_waiting(&observed.key);
    }
    let (claims, holder) = match claimed {
        Ok(_) => (Claims::Free, None),
        Err(Taken::Identifier(holder)) => (Claims::Identifier, Some(holder)),
        Err(Taken::Account(holder)) => (Claims::Account, Some(holder)),
        Err(Taken::Device(holder)) => (Claims::Device, Some(holder)),
    };
    observed.situation.claims = claims;
    context.cluster.dependencies.wait_for(&observed.subject(), holder.as_ref().map(object_id));
}

fn object_id(credential: &ObjectName) -> ObjectId {
    ObjectId::new::<PamCredential>(NamespacedName::new(&credential.namespace, &credential.name))
}

async fn refresh_list(observed: &mut Observation<'_>, context: &Context) -> Result<(), Error> {
    if observed.view.as_ref().is_some_and(|view| !inventory(&view.connection).enabled) {
        observed.situation.inventory = Inventory::Off;
        return Ok(());
    }
    let live = match connected::client(observed, context).await {
        Ok(Ok(live)) => live,
        Ok(Err(problem)) => {
            observed.situation.connection = Connection::NotReady(problem.reason);
            observed.problem = Some(problem);
            observed.problem_of_connection = true;
            return observed.refresh_namespace_terminating(context).await;
        }
        // A namespace that goes away loses our Roles there before its last objects: what a connection of its own needs
        // may be there still, and cannot be read any more.
        Err(error) if error.is_forbidden() && observed.situation.deleting => {
            observed.situation.connection = Connection::NotReady(Reason::ConnectionNotReady);
            observed.refresh_namespace_terminating(context).await?;
            return if observed.situation.namespace_terminating { Ok(()) } else { Err(error) };
        }
        Err(error) => return Err(error),
    };
    let result = list(observed, &live, context).await?;
    if let Err(error) = &result {
        observed.situation.inventory = Sight::failed(error);
        crate::controller::credential::act::push::note_refusal(error, observed, context);
    }
    match result {
        Ok(snapshot) => recognise(observed, &snapshot, context),
        Err(error) => observed.failure = Some(error),
    }
    Ok(())
}

/// A list that is seconds old. Waiting for one takes no place from those who have something to send.
async fn list(
    observed: &mut Observation<'_>,
    live: &ConnectedClient,
    context: &Context,
) -> Result<Result<Arc<Snapshot>, PamError>, Error> {
    observed.place = None;
    // Whoever waited for another owner goes by a list from after that: what was written by another connection meanwhile
    // is in no list of this one.
    let not_before = observed.waited_for_another().then(Instant::now);
    let result = tokio::select! {
        result = connected::list(observed, live, not_before, context) => result,
        () = context.cluster.slots.closed() => return Err(Error::Stopping),
    };
    if let Some(view) = &observed.view {
        observed.place = Some(context.cluster.slots.take(&view.lane).await?);
    }
    Ok(result)
}

/// Finds the row of the table that applies.
fn recognise(observed: &mut Observation<'_>, snapshot: &Snapshot, context: &Context) {
    let mine =
        observed.status.id.as_deref().and_then(|id| snapshot.by_id(id)).filter(|record| observed.vouches(record));
    let Some(account) = observed.account().or_else(|| known_account(observed, mine.as_ref(), (snapshot, context)))
    else {
        // The username is read before the list is looked at.
        observed.situation.inventory = Inventory::Failed(Reason::PamUnavailable);
        return;
    };
    let wire = pam::Account::new(&account.username, &account.hostname, &account.ip);
    observed.refresh_drift(snapshot, context);
    let seen = snapshot.look(&observed.identifier, &wire);
    let near = seen.near.iter().filter(|record| !record.is_ssh_key()).map(|record| record.id.clone()).collect();
    let records = distinct(mine.clone().into_iter().chain(seen.identified).chain(seen.same_account));
    let rows: Vec<Row> = records.iter().map(|record| row(record, settings::rotates(&observed.object.spec))).collect();
    let id = mine.as_ref().map(|record| record.id.as_str());
    let former = observed.former_identifiers(context);
    let identifiers = Identifiers { own: &observed.identifier, former: &former };
    let seen = match_rows(&rows, (observed.situation.binding, id), identifiers, &account);
    let concerned = |record: &&ListedCredential, row: &Row| match seen {
        Seen::Ours { .. } => Some(record.id.as_str()) == id,
        _ => record.identifier.as_deref() == Some(&observed.identifier) || row.account == account,
    };
    let concerned = records.iter().zip(&rows).filter(|(record, row)| concerned(record, row)).map(|(record, _)| record);
    let concerned: Vec<ListedCredential> = concerned.cloned().collect();
    let ids = concerned.iter().map(|record| record.id.clone()).collect();
    let record = concerned.into_iter().next();
    let listed = record.as_ref().and_then(|record| record.identifier.as_deref());
    let seen = if observed.situation.deleting { seen_in_leaving(seen, listed, &observed.identifier) } else { seen };
    if let (Seen::FormerOnAccount { .. }, Some(former)) = (seen, listed) {
        // From here on everything speaks of the identifier that the record has: claims, digests, and what is sent.
        former.clone_into(&mut observed.identifier);
    }
    observed.situation.change = change(observed, mine.as_ref(), snapshot);
    observed.sight = Some(Sight { seen, record, ids, near });
    let incomplete = context.connections.health.is_incomplete(&connection_of(observed.object));
    observed.situation.inventory = if incomplete { Inventory::Incomplete(seen) } else { Inventory::Shows(seen) };
    observed.refresh_target(context);
}

/// What the list says of writes to our record since our last one.
fn change(observed: &Observation<'_>, mine: Option<&ListedCredential>, snapshot: &Snapshot) -> Change {
    let known = observed.status.remote.as_ref().and_then(|remote| remote.change.as_ref());
    let listed = mine.filter(|record| !snapshot.is_written(&record.id)).and_then(|record| record.change.as_ref());
    match known.zip(listed) {
        None => Change::Unknown,
        Some((known, listed)) if known == listed => Change::Same,
        Some(_) => Change::Moved,
    }
}

/// The account of an object that goes, and whose Secret is not read for that (it is often gone first): that of its
/// record, or none at all, so that the identifier alone is looked for.
fn known_account(
    observed: &Observation<'_>,
    mine: Option<&ListedCredential>,
    (snapshot, context): (&Snapshot, &Context),
) -> Option<Account> {
    let listed = mine.cloned().or_else(|| perhaps_made(observed, snapshot, context)).unwrap_or_default();
    let spec = &observed.object.spec;
    let (hostname, ip) = match observed.situation.binding {
        // There an id proves nothing: what is known of the account must be that of the record.
        Binding::BoundElsewhere => (spec.hostname.clone(), spec.ip.clone()),
        _ => (listed.hostname, listed.ip),
    };
    let account = Account { username: listed.username, hostname, ip };
    observed.situation.deleting.then_some(account)
}

/// What a first write that was not answered may have made for an account that is not known whole: a record with our
/// identifier on our device.
fn perhaps_made(observed: &Observation<'_>, snapshot: &Snapshot, context: &Context) -> Option<ListedCredential> {
    let spec = &observed.object.spec;
    let ours = |record: &ListedCredential| {
        let at_device =
            record.hostname.eq_ignore_ascii_case(&spec.hostname) && record.ip.eq_ignore_ascii_case(&spec.ip);
        at_device && observed.may_have_been_for(&record.username, context)
    };
    let identified = snapshot.look(&observed.identifier, &pam::Account::new("", "", "")).identified;
    let unknown = observed.situation.deleting && observed.situation.binding == Binding::Unbound;
    identified.into_iter().find(|record| unknown && ours(record))
}

fn distinct(records: impl Iterator<Item = ListedCredential>) -> Vec<ListedCredential> {
    let mut all: Vec<ListedCredential> = Vec::new();
    for record in records {
        if all.iter().all(|known| known.id != record.id) {
            all.push(record);
        }
    }
    all
}

/// A record as the table of `design.md` 5 sees it. Where the list does not say whether the vault rotates it, it counts as
/// rotating if the spec has it so (P6).
fn row(record: &ListedCredential, set: bool) -> Row {
    Row {
        id: record.id.clone(),
        identifier: record.identifier.clone(),
        account: Account {
            username: record.username.clone(),
            hostname: record.hostname.clone(),
            ip: record.ip.clone(),
        },
        rotates: record.automatic_change.unwrap_or(set),
        ssh_key: record.is_ssh_key(),
    }
}

impl Observation<'_> {
    /// Only an object that cannot be taken leave of otherwise needs to know whether its namespace goes away.
    pub(crate) async fn refresh_namespace_terminating(&mut self, context: &Context) -> Result<(), Error> {
        let s = &self.situation;
        if s.deleting && s.finalizer && s.disable && (s.denied || s.connection != Connection::Ready) {
            self.situation.namespace_terminating = disable::is_namespace_terminating(self, context).await?;
        }
        Ok(())
    }

    /// Whether this object waits for what another one has.
    fn waited_for_another(&self) -> bool {
        let waited = [Reason::IdentifierConflict, Reason::AccountConflict];
        waited.contains(&crate::controller::credential::report::conditions::ready_reason(&self.shown.conditions))
    }

    /// Whether a record that has our id may be ours. To another login than the one that last wrote, ids may be those of
    /// another tenant's vault: there our identifier must be on it, too.
    fn vouches(&self, record: &ListedCredential) -> bool {
        !self.situation.login_changed || record.identifier.as_ref() == Some(&self.identifier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_list_does_not_say_a_record_rotates_if_the_spec_has_it_so() {
        let listed = |automatic_change| ListedCredential { automatic_change, ..ListedCredential::default() };
        for (said, set, rotates) in
            [(None, true, true), (None, false, false), (Some(true), false, true), (Some(false), true, false)]
        {
            assert_eq!(row(&listed(said), set).rotates, rotates, "{said:?} {set}");
        }
    }
}
