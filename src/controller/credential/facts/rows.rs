//! From the records of a list to the row of the table of `design.md` 5 that applies.

use crate::controller::credential::facts::observation::{Observation, Sight};
use crate::controller::credential::facts::{identity, settings};
use crate::domain::credential::{Target, change_since_write};
use crate::domain::{
    Account, Binding, Identifiers, Inventory, Reason, Row, Seen, canonical_address, match_rows, seen_in_leaving,
};
use crate::message::pam_error;
use crate::pam::{self, ListedCredential, PamError, Snapshot};

/// So many records of one sort are named at most.
const NAMED: usize = 8;

/// A list that did not come.
pub(crate) struct ListFailure<'a>(pub(crate) &'a PamError);

impl ListFailure<'_> {
    /// Returns why there is no list.
    pub(crate) fn inventory(&self) -> Inventory {
        let reason = pam_error::reason(self.0);
        Inventory::Failed(match reason {
            _ if self.0.list_is_incomplete() => Reason::InventoryIncomplete,
            _ if reason.is_ready() => Reason::PamUnavailable,
            _ => reason,
        })
    }
}

/// Compares a list with what would be sent, and notes the row of the table that applies.
pub(crate) fn compare(observed: &mut Observation<'_>, snapshot: &Snapshot, former_cluster_names: &[String]) {
    let mine = observed.status.id.as_deref().and_then(|id| snapshot.by_id(id));
    let mine = mine.filter(|record| may_be_ours(observed, record));
    let known = account_to_disable(observed, mine.as_ref())
        .or_else(|| observed.account.clone())
        .or_else(|| account_of_record(observed, mine.as_ref(), snapshot));
    let Some(account) = known else {
        // The username is read before the list is looked at.
        observed.situation.inventory = Inventory::Failed(Reason::PamUnavailable);
        return;
    };
    let listed_change = mine.as_ref().filter(|record| !snapshot.is_written(&record.id));
    let change = change_since_write(&observed.status, listed_change.and_then(|record| record.change.as_deref()));
    observed.situation.change = change;
    let sight = sight(observed, mine, &account, snapshot, former_cluster_names);
    if names_value(observed, &sight) {
        observed.situation.inventory = Inventory::Failed(Reason::InventoryIncomplete);
        return;
    }
    note_sight(observed, sight);
}

/// Whether a list names the value as the id of a record that concerns the object. Such a list cannot be understood, and to
/// name the record would publish the value (P8).
fn names_value(observed: &Observation<'_>, sight: &Sight) -> bool {
    let named = sight.ids.iter().take(NAMED).chain(sight.near.iter().take(NAMED));
    named.into_iter().any(|id| observed.is_value(id))
}

fn note_sight(observed: &mut Observation<'_>, mut sight: Sight) {
    let listed = sight.record.as_ref().and_then(|record| record.identifier.as_deref()).map(str::to_owned);
    if observed.situation.deleting {
        sight.seen = seen_in_leaving(sight.seen, listed.as_deref(), &observed.identifier);
    }
    if let (Seen::FormerOnAccount { .. }, Some(former)) = (sight.seen, listed) {
        // From here on all is about the identifier that the record has: claims, digests, and what is sent.
        observed.identifier = former;
    }
    observed.situation.inventory = Inventory::Shows(sight.seen);
    observed.found.sight = Some(sight);
    observed.refresh_target();
}

/// Whether a record that has our id may be ours. To another login than the one that last wrote, ids may be those of another
/// tenant's vault: there the record must have our identifier, too.
fn may_be_ours(observed: &Observation<'_>, record: &ListedCredential) -> bool {
    !observed.situation.login_changed || record.identifier.as_deref() == Some(&observed.identifier)
}

fn sight(
    observed: &Observation<'_>,
    mine: Option<ListedCredential>,
    account: &Account,
    snapshot: &Snapshot,
    former_cluster_names: &[String],
) -> Sight {
    let wire = pam::Account::new(&account.username, &account.hostname, &account.ip);
    let found = snapshot.look(&observed.identifier, &wire);
    let near = found.near.iter().filter(|record| !record.is_ssh_key()).map(|record| record.id.to_string()).collect();
    let id = mine.as_ref().map(|record| record.id.to_string());
    let records = distinct(mine.into_iter().chain(found.identified).chain(found.same_account));
    let rows: Vec<Row> = records.iter().map(|record| row(record, settings::rotates(&observed.object.spec))).collect();
    let former = former_identifiers(observed, former_cluster_names);
    let identifiers = Identifiers { own: &observed.identifier, former: &former };
    let seen = match_rows(&rows, observed.situation.binding, id.as_deref(), identifiers, account);
    let is_concerned = |row: &Row| match seen {
        Seen::Ours { .. } => Some(&row.id) == id.as_ref(),
        _ => row.identifier.as_deref() == Some(&observed.identifier) || row.account == *account,
    };
    let concerned = records.into_iter().zip(&rows).filter(|(_, row)| is_concerned(row)).map(|(record, _)| record);
    let concerned: Vec<ListedCredential> = concerned.map(|record| as_shown(observed, record)).collect();
    let ids = concerned.iter().map(|record| record.id.to_string()).collect();
    Sight { seen, record: concerned.into_iter().next(), ids, near }
}

/// Returns a record with its identifier as it may be shown.
fn as_shown(observed: &Observation<'_>, record: ListedCredential) -> ListedCredential {
    let (own, is_value) = (Some(observed.identifier.as_str()), |text: &str| observed.is_value(text));
    let identifier = record.identifier.as_ref().map(|identifier| identity::listed(identifier, own, is_value));
    ListedCredential { identifier, ..record }
}

/// Returns the identifiers that former names of this cluster would have given to this object. An identifier that the user
/// chose, or that a record of ours has, stays.
fn former_identifiers(observed: &Observation<'_>, former_cluster_names: &[String]) -> Vec<String> {
    if observed.object.spec.identifier.is_some() || observed.situation.binding == Binding::Bound {
        return Vec::new();
    }
    former_cluster_names.iter().map(|cluster| identity::generated(&observed.key, cluster)).collect()
}

/// Returns the account of the record that is to be disabled, where the list shows it under our identifier: the spec may name
/// an account that was never written, and that another record has.
fn account_to_disable(observed: &Observation<'_>, mine: Option<&ListedCredential>) -> Option<Account> {
    let leaves = observed.situation.deleting && observed.situation.binding == Binding::Bound;
    let mine = mine.filter(|record| leaves && record.identifier.as_deref() == Some(&observed.identifier))?;
    let ListedCredential { username, hostname, ip, .. } = mine.clone();
    Some(Account { username, hostname, ip })
}

/// Returns the account of an object that is being deleted, and whose Secret is not read for that (the Secret is often
/// deleted first): that of its record, or none at all, so that the identifier alone is looked for.
fn account_of_record(
    observed: &Observation<'_>,
    mine: Option<&ListedCredential>,
    snapshot: &Snapshot,
) -> Option<Account> {
    let listed = mine.cloned().or_else(|| perhaps_made(observed, snapshot)).unwrap_or_default();
    let spec = &observed.object.spec;
    let (hostname, ip) = match observed.situation.binding {
        // There an id proves nothing: what is known of the account must be that of the record.
        Binding::BoundElsewhere => (spec.hostname.clone(), spec.ip.clone()),
        _ => (listed.hostname, listed.ip),
    };
    observed.situation.deleting.then_some(Account { username: listed.username, hostname, ip })
}

/// Returns what a first write without an answer may have made for an account that is not known whole: a record with our
/// identifier on our device.
fn perhaps_made(observed: &Observation<'_>, snapshot: &Snapshot) -> Option<ListedCredential> {
    let spec = &observed.object.spec;
    let is_ours = |record: &ListedCredential| {
        let is_at = |listed: &str, sent: &str| canonical_address(listed) == canonical_address(sent);
        let at_device = is_at(&record.hostname, &spec.hostname) && is_at(&record.ip, &spec.ip);
        at_device && may_have_been_for(observed, &record.username)
    };
    let identified = snapshot.look(&observed.identifier, &pam::Account::new("", "", "")).identified;
    let unknown = observed.situation.deleting && observed.situation.binding == Binding::Unbound;
    identified.into_iter().find(|record| unknown && is_ours(record))
}

/// Whether the write without an answer may have been for that username: where its digest shows another account, it was not.
fn may_have_been_for(observed: &Observation<'_>, username: &str) -> bool {
    let spec = &observed.object.spec;
    let account = Account { username: username.to_owned(), hostname: spec.hostname.clone(), ip: spec.ip.clone() };
    let target = Target { account: Some(&account), ..observed.target() };
    !observed.status.has_write_of_fields() || target.may_be_in_flight(&observed.status, &observed.keyed)
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

/// Returns a record as the table of `design.md` 5 compares it. Where the list does not say whether the vault rotates the
/// record, it counts as rotating if the spec has it so (P6).
fn row(record: &ListedCredential, set: bool) -> Row {
    Row {
        id: record.id.to_string(),
        identifier: record.identifier.as_deref().map(str::to_owned),
        account: Account {
            username: record.username.clone(),
            hostname: record.hostname.clone(),
            ip: record.ip.clone(),
        },
        rotates: record.automatic_change.unwrap_or(set),
        ssh_key: record.is_ssh_key(),
    }
}
