//! The account that a record is for.

/// Username, hostname and ip together; two are the same when they differ in nothing but case (API 2.6).
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
    /// The form in which two spellings of one account are equal.
    #[must_use]
    pub fn folded(&self) -> (String, String, String) {
        (self.username.to_lowercase(), self.hostname.to_lowercase(), self.ip.to_lowercase())
    }
}

impl PartialEq for Account {
    fn eq(&self, other: &Self) -> bool {
        self.folded() == other.folded()
    }
}

impl Eq for Account {}
