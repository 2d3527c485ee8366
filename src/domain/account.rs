//! The account that a record is for.

use super::address::{canonical_address, folded};

/// Username, hostname and ip together. Two accounts are the same when they differ in nothing but the case of letters
/// (API 2.6) and the spelling of an address.
#[derive(Clone, Debug)]
pub struct Account {
    /// Name of the account.
    pub username: String,
    /// Hostname of its device.
    pub hostname: String,
    /// Address of its device, in whatever form the PAM knows it.
    pub ip: String,
}

impl Account {
    /// Returns username, hostname and ip in the form in which two spellings of one account are equal.
    #[must_use]
    pub fn folded(&self) -> [String; 3] {
        let device = |text| canonical_address(text).into_owned();
        [folded(&self.username).into_owned(), device(&self.hostname), device(&self.ip)]
    }

    /// Returns username, hostname and ip as earlier versions compared them: without the case of letters, and that alone.
    #[must_use]
    pub(super) fn folded_by_text(&self) -> [String; 3] {
        [&self.username, &self.hostname, &self.ip].map(|text| text.to_lowercase())
    }
}

impl PartialEq for Account {
    fn eq(&self, other: &Self) -> bool {
        self.folded() == other.folded()
    }
}

impl Eq for Account {}
