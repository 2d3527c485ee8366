//! How the settings of a credential name other credentials, and what is run with them.

use serde::ser::SerializeMap;

use super::wire::Entries;

/// Another credential, as the settings name it: by its account. All three, since one alone may be on several records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRef {
    /// The account's username.
    pub credential: String,
    /// The host name of its device.
    pub hostname: String,
    /// The address of its device, as the PAM knows it.
    pub ip: String,
}

/// With which credential the PAM connects to the device.
///
/// It has no default here: versions differ in theirs, so that it is always said (API 2.9, 7 #13).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectWith {
    /// With the credential itself.
    Own,
    /// With another one.
    Other(AccountRef),
}

/// A plugin and the template that it runs, each by the name under which the PAM knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Procedure {
    /// The plugin, such as `SSH`.
    pub plugin: String,
    /// The template.
    pub template: String,
}

impl<M: SerializeMap> Entries<'_, M> {
    /// The three keys that name another credential.
    pub(super) fn account(&mut self, keys: [&'static str; 3], account: Option<&AccountRef>) -> Result<(), M::Error> {
        let [credential, hostname, ip] = keys;
        self.text(credential, account.map(|account| account.credential.as_str()))?;
        self.text(hostname, account.map(|account| account.hostname.as_str()))?;
        self.text(ip, account.map(|account| account.ip.as_str()))
    }

    /// The keys that say with which credential to connect.
    pub(super) fn connect_with(&mut self, with: &ConnectWith) -> Result<(), M::Error> {
        let other = match with {
            ConnectWith::Own => None,
            ConnectWith::Other(account) => Some(account),
        };
        self.flag("use_own_credential_to_connect", Some(other.is_none()))?;
        self.account(["authentication_credential", "authentication_hostname", "authentication_ip"], other)
    }

    /// The two keys of a plugin and its template.
    pub(super) fn procedure(
        &mut self,
        [plugin, template]: [&'static str; 2],
        procedure: Option<&Procedure>,
    ) -> Result<(), M::Error> {
        self.text(plugin, procedure.map(|procedure| procedure.plugin.as_str()))?;
        self.text(template, procedure.map(|procedure| procedure.template.as_str()))
    }
}
