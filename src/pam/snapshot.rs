//! One complete list of the PAM, indexed by what is asked of it.

use super::credential::ListedCredential;

/// The account of a record: username, hostname and ip together, case ignored (API 2.6). `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Account {
    username: String,
    hostname: String,
    ip: String,
}

impl Account {
    /// An account of these three, case ignored.
    #[must_use]
    pub fn new(username: &str, hostname: &str, ip: &str) -> Self {
        Self {
            username: username.to_lowercase(),
            hostname: hostname.to_lowercase(),
            ip: ip.to_lowercase(),
        }
    }
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Account")
    }
}

/// What a list shows about one identifier and one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Records under the identifier: at most one in a sound vault.
    pub identified: Vec<ListedCredential>,
    /// Records with the account, under whatever identifier; the identified one may be among them.
    pub same_account: Vec<ListedCredential>,
    /// Records with the username and only one of hostname and ip: possible matches, never a conflict.
    pub near: Vec<ListedCredential>,
}

/// One complete list, kept current with our own writes.
#[derive(Debug)]
pub struct Snapshot {}

impl Snapshot {
    /// The record with this id.
    #[must_use]
    pub fn by_id(&self, _id: &str) -> Option<ListedCredential> {
        None
    }

    /// What the list shows about an identifier and an account.
    #[must_use]
    pub fn look(&self, _identifier: &str, _account: &Account) -> Seen {
        Seen::default()
    }
}
