//! What the book of claims is asked and told.

use jiff::Timestamp;

use crate::domain::VaultId;

/// The name of an object, for those that wait for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectName {
    /// Its namespace.
    pub namespace: String,
    /// Its name there.
    pub name: String,
}

/// A device, and what is to be written onto it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceClaim {
    /// A digest of the device.
    pub device: String,
    /// A digest of what is written onto it.
    pub block: String,
}

/// What an object asks for before it writes.
#[derive(Clone, Debug)]
pub struct ClaimRequest {
    /// Where the record is, or would be.
    pub vault: VaultId,
    /// The identifier that would be sent.
    pub identifier: String,
    /// A digest of the account.
    pub account: String,
    /// The device, if something is to be written onto it.
    pub device: Option<DeviceClaim>,
    /// The id of the record that would be written, if one is listed.
    pub record: Option<String>,
    /// The connection is a tenant's: its path and its rights are the tenant's choice, and a claim proves none of them. Until
    /// the PAM has answered a write, the claim counts outside of the namespace only while the write is under way, and
    /// nowhere for longer than a settle window.
    pub by_tenant: bool,
    /// The time of the request.
    pub now: Timestamp,
}

/// An object as the watch shows it.
#[derive(Clone, Debug, Default)]
pub struct NotedClaims {
    /// Its name.
    pub name: ObjectName,
    /// A digest of what its spec would write onto its device.
    pub wanted_block: Option<String>,
    /// What its status says it has.
    pub held: Option<HeldClaims>,
    /// The time of the write that its status tells of and that has no answer.
    pub in_flight: Option<Timestamp>,
}

/// What the status of an object with a record says it has.
#[derive(Clone, Debug, Default)]
pub struct HeldClaims {
    /// The vault of its record.
    pub vault: VaultId,
    /// The id of its record.
    pub record: String,
    /// The identifier of its record.
    pub identifier: Option<String>,
    /// A digest of its account, if its spec names the one that was sent.
    pub account: Option<String>,
    /// A digest of its device, if its spec names one that was written onto.
    pub device: Option<String>,
    /// A digest of what was written onto its device.
    pub block: Option<String>,
}

/// What record an object without one would have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedRecord {
    /// The name of the object.
    pub name: ObjectName,
    /// The connection that it would be written by.
    pub connection: String,
    /// Where the record would be.
    pub vault: VaultId,
    /// The record; `None`: the object has one there, or may have none.
    pub record: Option<RecordKey>,
}

/// By what a record is known to those that come for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordKey {
    /// Its identifier.
    pub identifier: String,
    /// A digest of its account; `None` while the username has not been read.
    pub account: Option<String>,
    /// A digest of its device.
    pub device: String,
}

/// A record in a vault, by its id.
#[derive(Clone, Copy, Debug)]
pub struct VaultRecord<'a> {
    /// The vault of the record.
    pub vault: &'a VaultId,
    /// The id of the record.
    pub id: &'a str,
}

/// The record of an object that is being deleted.
#[derive(Clone, Debug)]
pub struct LeavingRecord {
    /// The namespace of the object.
    pub namespace: String,
    /// The object that is named to get the record; `None`: an object of the same namespace that waits for the record.
    pub to: Option<ObjectName>,
    /// The connection of the object.
    pub connection: String,
    /// The vault of the record.
    pub vault: VaultId,
    /// The id of the record.
    pub id: String,
    /// By what the record is known.
    pub key: RecordKey,
}

/// What another object has, and that object's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It has the identifier.
    Identifier(ObjectName),
    /// It has the account, or the record.
    Account(ObjectName),
    /// It writes something else onto the device.
    Device(ObjectName),
}
