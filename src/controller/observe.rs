//! Seeing more: the values of the Secrets, and the PAM's list. Each is asked for only when the decision turns on it.

use std::collections::HashMap;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::claims::Taken;
use super::connections::{self, Live};
use super::context::Context;
use super::digest::Compared;
use super::disable;
use super::error::Error;
use super::groups;
use super::message::Problem;
use super::observed::{Observed, Read, Sight, secret_names};
use super::secrets::{self, SecretValues};
use super::value::{self, Unusable};
use crate::domain::{
    Account, Claims, Connection, Identifiers, Inventory, Look, Reason, Recorded, Row, Secrets, Seen, Value,
    seen_in_leaving, sighting,
};
use crate::pam::{self, ListedCredential, PamError, Snapshot};

/// Looks at what the decision asked for.
pub(super) async fn look(observed: &mut Observed<'_>, what: Look, context: &Context) -> Result<(), Error> {
    match what {
        Look::Secrets => read_secrets(observed, context).await,
        Look::Inventory => see_inventory(observed, context).await,
        Look::Claims => {
            claim(observed, context);
            Ok(())
        }
    }
}

/// Claims the record for this object, or finds who has it; then that one's going wakes us.
fn claim(observed: &mut Observed<'_>, context: &Context) {
    let Some(wish) = observed.wish() else { return };
    let mut claimed = context.claims.claim(&observed.uid, &observed.key, &wish);
    if let Err(Taken::Identifier(holder) | Taken::Account(holder)) = &claimed {
        context.references.wait_for(&observed.subject(), Some(holder.clone()));
        // Whoever has it may have gone before we waited for that.
        claimed = context.claims.claim(&observed.uid, &observed.key, &wish);
    }
    if claimed == Ok(true) {
        context.wake_waiting(&observed.key);
    }
    let (claims, holder) = match claimed {
        Ok(_) => (Claims::Free, None),
        Err(Taken::Identifier(holder)) => (Claims::Identifier, Some(holder)),
        Err(Taken::Account(holder)) => (Claims::Account, Some(holder)),
    };
    observed.situation.claims = claims;
    context.references.wait_for(&observed.subject(), holder);
}

async fn read_secrets(observed: &mut Observed<'_>, context: &Context) -> Result<(), Error> {
    let mut found = HashMap::new();
    for name in secret_names(observed.object) {
        let key = (observed.key.0.clone(), name.to_owned());
        let Some(values) = secrets::read(&context.client, &key, &wanted(observed, name)).await? else {
            observed.fail_secrets(Problem::secret_missing(&key));
            return Ok(());
        };
        found.insert(name, values);
    }
    match take(observed, &found) {
        Ok(values) => compare(observed, values, context),
        Err(problem) => observed.fail_secrets(problem),
    }
    Ok(())
}

fn wanted<'a>(observed: &Observed<'a>, name: &str) -> Vec<&'a str> {
    let spec = &observed.object.spec;
    let content = spec.content_secret_ref.as_ref().filter(|r| r.name == name).map(|r| r.key.as_str());
    let username = spec.username_secret_ref.as_ref().filter(|r| r.name == name).map(|r| r.key.as_str());
    content.into_iter().chain(username).collect()
}

/// Makes what is sent of what was read.
fn take(observed: &Observed<'_>, found: &HashMap<&str, SecretValues>) -> Result<Read, Problem> {
    let spec = &observed.object.spec;
    let bytes = |name: &str, key: &str| -> Result<&Zeroizing<Vec<u8>>, Problem> {
        let whole = (observed.key.0.clone(), name.to_owned());
        let values = found.get(name).map(|read| &read.values);
        values.and_then(|values| values.get(key)).ok_or_else(|| Problem::key_missing(&whole, key))
    };
    let unusable = |name: &str, key: &str, field: &str, why: Unusable| {
        Problem::unusable(&(observed.key.0.clone(), name.to_owned()), key, field, why)
    };
    let content = spec.content_secret_ref.as_ref().map(|reference| {
        let bytes = bytes(&reference.name, &reference.key)?;
        value::content(bytes, reference.trim)
            .map_err(|why| unusable(&reference.name, &reference.key, "spec.contentSecretRef", why))
    });
    let username = spec.username_secret_ref.as_ref().map(|reference| {
        let bytes = bytes(&reference.name, &reference.key)?;
        value::username(bytes).map_err(|why| unusable(&reference.name, &reference.key, "spec.usernameSecretRef", why))
    });
    let versions = secret_names(observed.object)
        .into_iter()
        .filter_map(|name| found.get(name).map(|read| connections::source(name, read.version.clone())))
        .collect();
    Ok(Read { content: content.transpose()?, username: username.transpose()?, versions, digests: Vec::new() })
}

/// Compares what was read with what was last sent.
fn compare(observed: &mut Observed<'_>, mut values: Read, context: &Context) {
    use secrecy::ExposeSecret as _;
    let spec = &observed.object.spec;
    let secret = values.content.as_ref().map(|content| content.value.expose_secret().as_bytes());
    let username = values.username.as_ref().map(|username| username.as_bytes());
    let content_secret = spec.content_secret_ref.as_ref().map(|reference| reference.name.as_str());
    let username_secret = spec.username_secret_ref.as_ref().map(|reference| reference.name.as_str());
    let mut digests = Vec::new();
    let mut one = |field: &'static str, secret: Option<&str>, bytes: Option<&[u8]>| {
        let bytes = bytes?;
        let owner = observed.owner();
        digests.push((field, context.key.mac(&owner, field, bytes)));
        let compared = context.key.compare(observed.status.digests.get(field), &owner, field, bytes);
        Some(unless_untouched(compared, observed, &values, secret))
    };
    let value = one(groups::CONTENT, content_secret, secret);
    let username = one(groups::USERNAME, username_secret, username);
    values.digests = digests;
    let doubt = context.memory.doubt(&observed.uid);
    observed.situation.secrets = Secrets::Read(match value {
        None => Value::None,
        Some(Compared::New) => Value::New,
        Some(Compared::Same) if doubt.is_some_and(|doubt| doubt.value) => Value::Changed,
        Some(Compared::Same) => Value::Same,
        Some(Compared::Changed) => Value::Changed,
        Some(Compared::Unknown) => Value::Unknown,
    });
    let known = observed.situation.recorded != Recorded::Nothing;
    observed.situation.account_changed |= known && username.is_some_and(|compared| compared != Compared::Same);
    observed.read = Some(values);
    observed.see_target(context);
}

/// A lost key is no change where the very version of the Secret is the one that was last sent from.
fn unless_untouched(compared: Compared, observed: &Observed<'_>, read: &Read, secret: Option<&str>) -> Compared {
    let of = |versions: &[crate::api::SourceSecret]| versions.iter().find(|v| Some(v.name.as_str()) == secret).cloned();
    let untouched = of(&read.versions).is_some() && of(&read.versions) == of(&observed.status.source);
    if compared == Compared::Unknown && untouched { Compared::Same } else { compared }
}

async fn see_inventory(observed: &mut Observed<'_>, context: &Context) -> Result<(), Error> {
    let live = match context.live(observed).await? {
        Ok(live) => live,
        Err(problem) => {
            observed.situation.connection = Connection::NotReady(problem.reason);
            observed.problem = Some(problem);
            observed.problem_of_connection = true;
            return Ok(());
        }
    };
    let result = list(observed, &live, context).await?;
    if let Err(error) = &result {
        observed.situation.inventory = Sight::failed(error);
        super::act::note_refusal(error, observed, context);
    }
    match result {
        Ok(snapshot) => recognise(observed, &snapshot, context),
        Err(error) => observed.failure = Some(error),
    }
    Ok(())
}

/// A list that is seconds old. Waiting for one takes no place from those who have something to send.
async fn list(
    observed: &mut Observed<'_>,
    live: &Live,
    context: &Context,
) -> Result<Result<Arc<Snapshot>, PamError>, Error> {
    observed.place = None;
    let result = tokio::select! {
        result = live.inventory.fresh(&live.client, None) => result,
        () = context.places.closed() => return Err(Error::Stopping),
    };
    if let Some(view) = &observed.view {
        observed.place = Some(context.places.take(&view.queue).await?);
    }
    Ok(result)
}

/// Finds the row of the table that applies.
fn recognise(observed: &mut Observed<'_>, snapshot: &Snapshot, context: &Context) {
    let mine = observed.status.id.as_deref().and_then(|id| snapshot.by_id(id));
    let Some(account) = observed.account().or_else(|| known_account(observed, mine.as_ref())) else {
        // The username is read before the list is looked at.
        observed.situation.inventory = Inventory::Failed(Reason::PamUnavailable);
        return;
    };
    let wire = pam::Account::new(&account.username, &account.hostname, &account.ip);
    let seen = snapshot.look(&observed.identifier, &wire);
    let records = distinct(mine.into_iter().chain(seen.identified).chain(seen.same_account));
    let rows: Vec<Row> = records.iter().map(row).collect();
    let id = observed.status.id.as_deref();
    let former = observed.former_identifiers(context);
    let identifiers = Identifiers { own: &observed.identifier, former: &former };
    let seen = sighting(&rows, (observed.situation.recorded, id), identifiers, &account);
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
    observed.sight = Some(Sight { seen, record, ids });
    observed.situation.inventory = Inventory::Shows(seen);
    observed.see_target(context);
}

/// The account of an object that goes, and whose Secret is not read for that (it is often gone first): that of its
/// record, or none at all, so that the identifier alone is looked for.
fn known_account(observed: &Observed<'_>, mine: Option<&ListedCredential>) -> Option<Account> {
    let listed = mine.cloned().unwrap_or_default();
    let account = Account { username: listed.username, hostname: listed.hostname, ip: listed.ip };
    observed.situation.deleting.then_some(account)
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

fn row(record: &ListedCredential) -> Row {
    Row {
        id: record.id.clone(),
        identifier: record.identifier.clone(),
        account: Account {
            username: record.username.clone(),
            hostname: record.hostname.clone(),
            ip: record.ip.clone(),
        },
        rotates: record.automatic_change == Some(true),
        ssh_key: record.is_ssh_key(),
    }
}

impl Observed<'_> {
    /// Only an object that cannot be taken leave of otherwise needs to know whether its namespace goes away.
    pub(super) async fn see_whether_doomed(&mut self, context: &Context) -> Result<(), Error> {
        let s = &self.situation;
        if s.deleting && s.finalizer && s.disable && (s.denied || s.connection != Connection::Ready) {
            self.situation.doomed = disable::is_doomed(self, context).await?;
        }
        Ok(())
    }

    fn fail_secrets(&mut self, problem: Problem) {
        self.situation.secrets = match problem.reason {
            Reason::SecretNotFound => Secrets::Missing,
            Reason::SecretKeyNotFound => Secrets::KeyMissing,
            _ => Secrets::Invalid,
        };
        self.problem = Some(problem);
    }
}
