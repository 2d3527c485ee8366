//! Which record is meant: by its id, by `username@hostname`, or by the object that has it.

use std::str::FromStr;

use pam_operator::domain::RecordId;
use pam_operator::pam::ListedCredential;

/// A record, as the user names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The record with this id.
    Id(RecordId),
    /// The records whose username and hostname, with an `@` between them, are this text. The text is never taken apart: a
    /// username may have an `@` too.
    Account(String),
    /// The record of the `PamCredential` with this name.
    Object(String),
}

/// What may stand before the name of an object.
const KIND: [&str; 4] = ["pamcredential/", "pamcredentials/", "pamcred/", "pamcredential.pam-operator.io/"];

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(name) = KIND.iter().find_map(|kind| text.strip_prefix(kind)) {
            return object(name);
        }
        if let Some(id) = RecordId::parse(text) {
            return Ok(Self::Id(id));
        }
        if text.contains('@') {
            return Ok(Self::Account(text.to_lowercase()));
        }
        object(text)
    }
}

fn object(name: &str) -> Result<Target, String> {
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
    if name.is_empty() || !name.bytes().all(is_part) {
        return Err("give the id of a record, username@hostname, or the name of a PamCredential".to_owned());
    }
    Ok(Target::Object(name.to_owned()))
}

/// Tells whether a record is for an account, given as `username@hostname` in lower case.
pub fn is_account(record: &ListedCredential, account: &str) -> bool {
    format!("{}@{}", record.username, record.hostname).to_lowercase() == account
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_an_id_an_at_sign_makes_an_account_and_the_rest_is_an_object() {
        let target = |text: &str| text.parse::<Target>();
        assert_eq!(target("101"), Ok(Target::Id(101.into())));
        assert_eq!(target("Svc@DB01"), Ok(Target::Account("svc@db01".into())));
        assert_eq!(target("db"), Ok(Target::Object("db".into())));
        assert_eq!(target("pamcred/101"), Ok(Target::Object("101".into())));
        assert_eq!(target("pamcredential.pam-operator.io/db.main"), Ok(Target::Object("db.main".into())));
        for text in ["", "DB", "a/b", "pamcred/", "pamcred/a@b", "../1", "a b"] {
            assert!(target(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_account_is_compared_as_a_whole() {
        let record = |username: &str, hostname: &str| ListedCredential {
            username: username.into(),
            hostname: hostname.into(),
            ..ListedCredential::default()
        };
        assert!(is_account(&record("John@Example.com", "db01"), "john@example.com@db01"));
        assert!(is_account(&record("john", "example.com@db01"), "john@example.com@db01"), "both are shown");
        assert!(!is_account(&record("john", "db01"), "john@example.com@db01"));
    }
}
