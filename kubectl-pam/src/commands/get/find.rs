//! Finds a record in the PAM's list. The list shows no value, and nobody notes that it was read.

use pam_operator::domain::{RecordId, VaultId};
use pam_operator::pam::{ListedCredential, PamClient};

use super::target::{Target, is_account};
use crate::cluster::Cluster;
use crate::exit::{Exit, Failure};
use crate::listing;
use crate::objects::{ConnectionName, Kind, PamObject, get};

/// What is sought, and by which connection.
pub struct Sought {
    /// The connection.
    pub connection: ConnectionName,
    what: What,
}

enum What {
    Id(RecordId),
    Account(String),
    /// The record of an object: its id, the identifiers that it may have, and the vault that it is in.
    Of {
        object: String,
        id: RecordId,
        identifiers: Vec<String>,
        vault: Option<VaultId>,
    },
}

/// Returns what is sought. Of an object its record and its own connection are.
pub async fn sought(
    target: &Target,
    connection: Option<&ConnectionName>,
    cluster: &Cluster,
) -> Result<Sought, Failure> {
    let given = || connection.cloned().unwrap_or(ConnectionName { kind: None, name: "default".to_owned() });
    Ok(match target {
        Target::Id(id) => Sought { connection: given(), what: What::Id(id.clone()) },
        Target::Account(account) => Sought { connection: given(), what: What::Account(account.clone()) },
        Target::Object(name) => of_object(&get(cluster, Kind::PamCredential, name).await?, connection)?,
    })
}

fn of_object(object: &PamObject, given: Option<&ConnectionName>) -> Result<Sought, Failure> {
    let name = object.name();
    let own = object.connection().unwrap_or(ConnectionName { kind: None, name: String::new() });
    let fits = |given: &ConnectionName| given.name == own.name && (given.kind.is_none() || given.kind == own.kind);
    if given.is_some_and(|given| !fits(given)) {
        return Err(Failure::new(Exit::Usage, format!("PamCredential {name} is for {own}: leave --connection out")));
    }
    let Some(id) = object.text("/status/id").and_then(RecordId::parse) else {
        let message = format!(
            "PamCredential {name} has no record yet, and nothing was read: see kubectl pam status pamcred/{name}"
        );
        return Err(Failure::new(Exit::No, message));
    };
    let origin = object.text("/status/connection/origin");
    let vault = origin.map(|origin| VaultId::new(origin, object.text("/status/connection/tenant")));
    // Some versions of the PAM give a record another identifier than the one that was sent.
    let identifiers = ["/status/identifier", "/status/remote/identifier"].into_iter().filter_map(|at| object.text(at));
    let identifiers = identifiers.map(str::to_owned).collect();
    Ok(Sought { connection: own, what: What::Of { object: name, id, identifiers, vault } })
}

impl Sought {
    /// Returns the records of the list that are meant, one at least, by their ids.
    pub async fn find(&self, client: &PamClient) -> Result<Vec<ListedCredential>, Failure> {
        self.check_vault(client)?;
        let mut found = Vec::new();
        let mut take = |record: ListedCredential| {
            if self.is(&record) {
                found.push(record);
            }
        };
        listing::each(client, &mut take).await?;
        found.sort_by_key(|record| record.id.number());
        if found.is_empty() { Err(self.missing()) } else { Ok(found) }
    }

    /// In another vault the id is another record's.
    fn check_vault(&self, client: &PamClient) -> Result<(), Failure> {
        let What::Of { object, vault: Some(vault), .. } = &self.what else { return Ok(()) };
        if vault.may_be(client.vault()) {
            return Ok(());
        }
        let message = format!(
            "the record of PamCredential {object} is at {}, and its connection leads to {} now: nothing was read",
            vault.origin,
            client.origin()
        );
        Err(Failure::new(Exit::No, message))
    }

    fn is(&self, record: &ListedCredential) -> bool {
        match &self.what {
            What::Id(id) => record.id.number() == id.number(),
            // A vault that was restored may have given the id to another record.
            What::Of { id, identifiers, .. } => {
                let identifier = record.identifier.as_deref();
                record.id.number() == id.number()
                    && identifier
                        .is_none_or(|listed| identifiers.is_empty() || identifiers.iter().any(|own| own == listed))
            }
            What::Account(account) => is_account(record, account),
        }
    }

    fn missing(&self) -> Failure {
        let what = match &self.what {
            What::Id(id) => format!("a record {id}"),
            What::Account(account) => format!("a record for {account}"),
            What::Of { object, id, .. } => format!("the record {id} of PamCredential {object}"),
        };
        let message = format!(
            "the PAM's list does not show {what}: correct it, or have the record added to the authorization in the PAM"
        );
        Failure::new(Exit::No, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::api::DynamicObject;
    use pam_operator::domain::RecordIdentifier;
    use serde_json::{Value, json};

    fn object(status: &Value) -> PamObject {
        let mut object = DynamicObject::new("db", &Kind::PamCredential.resource());
        object.data = json!({"spec": {"connectionRef": {"name": "main"}}, "status": status});
        PamObject { kind: Kind::PamCredential, object }
    }

    fn record(id: u64, identifier: Option<&str>) -> ListedCredential {
        let identifier = identifier.map(RecordIdentifier::of);
        ListedCredential { id: id.into(), identifier, ..ListedCredential::default() }
    }

    #[test]
    fn the_record_of_an_object_has_its_id_and_no_identifier_of_another() {
        let status = json!({"id": "101", "identifier": "k8s-a", "remote": {"identifier": "made-up"}});
        let sought = of_object(&object(&status), None).unwrap();
        for (record, expected) in [
            (record(101, Some("k8s-a")), true),
            (record(101, Some("made-up")), true),
            (record(101, None), true),
            (record(101, Some("another")), false),
            (record(102, Some("k8s-a")), false),
        ] {
            assert_eq!(sought.is(&record), expected, "{record:?}");
        }
        assert!(sought.missing().message.contains("record 101 of PamCredential db"));
    }

    #[test]
    fn an_object_has_its_own_connection_and_a_record_or_it_is_not_read() {
        let name = |text: &str| text.parse::<ConnectionName>().unwrap();
        let synced = object(&json!({"id": "101"}));
        assert_eq!(of_object(&synced, Some(&name("main"))).unwrap().connection.name, "main");
        let exit = |object: &PamObject, given: Option<&ConnectionName>| {
            of_object(object, given).map_err(|failure| failure.exit).err()
        };
        assert_eq!(exit(&synced, Some(&name("other"))), Some(Exit::Usage));
        assert_eq!(exit(&synced, Some(&name("pamconn/main"))), Some(Exit::Usage));
        assert_eq!(exit(&object(&json!({})), None), Some(Exit::No));
    }
}
