//! Records that no `PamCredential` can express, and why.

use std::collections::HashMap;
use std::fmt;

use pam_operator::domain::{Account, TextKind, has_unseen_ends, stray_character};
use pam_operator::pam::ListedCredential;

/// The longest text that a field of the account may have.
const LONGEST: usize = 255;

/// Why a record is left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skip {
    /// It is an SSH key.
    SshKey,
    /// It lacks one of the texts that make an account.
    Lacks(&'static str),
    /// One of these texts has characters that cannot be seen, or is too long.
    Unseen(&'static str),
    /// Its identifier has characters that no identifier of an object may have.
    Identifier,
    /// Its identifier is kept for those that the operator generates in another namespace.
    Reserved,
    /// Another record is for the same account.
    SameAccount,
    /// Another record has the same identifier.
    SameIdentifier,
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SshKey => f.write_str("an SSH key, which no PamCredential can be"),
            Self::Lacks(field) => write!(f, "without {field}: complete it in the PAM"),
            Self::Unseen(field) => {
                write!(f, "its {field} has characters that cannot be seen, or more than {LONGEST}: correct it in the PAM")
            }
            Self::Identifier => {
                f.write_str("its identifier has other characters than letters, digits, \"_\", \"-\" and \".\": correct it in the PAM")
            }
            Self::Reserved => f.write_str(
                "its identifier begins as those that are generated for another namespace: import it with -n into that one",
            ),
            Self::SameAccount => f.write_str("another record has the same username, hostname and ip: merge or rename one in the PAM"),
            Self::SameIdentifier => f.write_str("another record has the same identifier: change one in the PAM"),
        }
    }
}

/// What the whole list says of single records. All records count, also those that are not meant: a second record for an
/// account keeps the operator from writing either.
pub struct Doubles {
    accounts: HashMap<[String; 3], usize>,
    identifiers: HashMap<String, usize>,
}

impl Doubles {
    /// Counts accounts and identifiers.
    #[must_use]
    pub fn of(records: &[ListedCredential]) -> Self {
        let mut doubles = Self { accounts: HashMap::new(), identifiers: HashMap::new() };
        for record in records {
            *doubles.accounts.entry(account(record).folded()).or_default() += 1;
            if let Some(identifier) = &record.identifier {
                *doubles.identifiers.entry(identifier.to_string()).or_default() += 1;
            }
        }
        doubles
    }

    /// Returns why a record cannot be expressed; `None` if it can. `is_reserved` says of an identifier whether no object of
    /// the namespace may have it, whatever the connection allows.
    pub fn skip(&self, record: &ListedCredential, is_reserved: impl Fn(&str) -> bool) -> Option<Skip> {
        if record.is_ssh_key() {
            return Some(Skip::SshKey);
        }
        let texts = [("username", &record.username), ("hostname", &record.hostname), ("ip", &record.ip)];
        let of_text = texts.into_iter().find_map(|(field, text)| unusable(field, text));
        of_text
            .or_else(|| self.of_identifier(record, is_reserved))
            .or_else(|| (self.accounts.get(&account(record).folded()) > Some(&1)).then_some(Skip::SameAccount))
    }

    fn of_identifier(&self, record: &ListedCredential, is_reserved: impl Fn(&str) -> bool) -> Option<Skip> {
        let identifier: &str = record.identifier.as_deref()?;
        if identifier == pam_operator::domain::RecordIdentifier::OTHER {
            return Some(Skip::Identifier);
        }
        if is_reserved(identifier) {
            return Some(Skip::Reserved);
        }
        (self.identifiers.get(identifier) > Some(&1)).then_some(Skip::SameIdentifier)
    }
}

/// Returns the account of a record, as the operator compares accounts.
#[must_use]
pub fn account(record: &ListedCredential) -> Account {
    let (username, hostname, ip) = (record.username.clone(), record.hostname.clone(), record.ip.clone());
    Account { username, hostname, ip }
}

fn unusable(field: &'static str, text: &str) -> Option<Skip> {
    if text.is_empty() {
        return Some(Skip::Lacks(field));
    }
    let stray = stray_character(text, TextKind::Name).is_some() || has_unseen_ends(text);
    (stray || text.chars().count() > LONGEST).then_some(Skip::Unseen(field))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pam_operator::domain::RecordIdentifier;

    fn record(id: u64, username: &str, identifier: Option<&str>) -> ListedCredential {
        ListedCredential {
            id: id.into(),
            identifier: identifier.map(RecordIdentifier::of),
            username: username.into(),
            hostname: "db01".into(),
            ip: "10.0.0.7".into(),
            kind: "Local User".into(),
            ..ListedCredential::default()
        }
    }

    fn skip(records: &[ListedCredential]) -> Vec<Option<Skip>> {
        let doubles = Doubles::of(records);
        records.iter().map(|record| doubles.skip(record, |identifier| identifier.starts_with("c1_"))).collect()
    }

    #[test]
    fn a_record_with_an_account_of_its_own_can_be_expressed() {
        assert_eq!(skip(&[record(1, "svc", Some("a")), record(2, "jos\u{e9} x", None)]), [None, None]);
    }

    #[test]
    fn what_no_object_can_be_is_skipped_with_its_cause() {
        let key = ListedCredential { kind: "SSH Key".into(), ..record(1, "key", None) };
        let bare = ListedCredential { hostname: String::new(), ..record(2, "bare", None) };
        let odd = record(5, "odd", Some("not an identifier"));
        let records = [
            key,
            bare,
            record(3, " svc", None),
            record(4, "a\u{200b}b", None),
            odd,
            record(6, "own", Some("c1_other_db")),
            record(7, &"x".repeat(256), None),
        ];
        let expected = [
            Skip::SshKey,
            Skip::Lacks("hostname"),
            Skip::Unseen("username"),
            Skip::Unseen("username"),
            Skip::Identifier,
            Skip::Reserved,
            Skip::Unseen("username"),
        ];
        assert_eq!(skip(&records), expected.map(Some));
    }

    #[test]
    fn records_that_look_like_one_are_all_skipped() {
        let records = [
            record(1, "svc", Some("a")),
            record(2, "SVC", Some("b")),
            record(3, "x", Some("c")),
            record(4, "y", Some("c")),
        ];
        let (account, identifier) = (Some(Skip::SameAccount), Some(Skip::SameIdentifier));
        assert_eq!(skip(&records), [account.clone(), account, identifier.clone(), identifier]);
    }
}
