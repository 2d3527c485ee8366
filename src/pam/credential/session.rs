//! `session_settings`: what sessions with the credential may do (API 2.3).

use serde::ser::SerializeMap;

use super::account::ConnectWith;
use super::wire::{Entries, Part};

/// Which protocols and remote applications the credential serves. What is `None` is not sent, and the PAM keeps what
/// it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionSettings {
    /// SSH.
    pub ssh: Option<bool>,
    /// Telnet.
    pub telnet: Option<bool>,
    /// `MySQL`.
    pub mysql: Option<bool>,
    /// SQL Server.
    pub sql_server: Option<bool>,
    /// HTTP.
    pub http: Option<bool>,
    /// HTTPS.
    pub https: Option<bool>,
    /// RDP.
    pub rdp: Option<bool>,
    /// X11 forwarding.
    pub x11_forward: Option<bool>,
    /// VNC.
    pub vnc: Option<bool>,
    /// Whether the credential can be used in `RemoteApp` sessions only.
    pub restrict_access_to_remote_application: Option<bool>,
    /// Automations of remote applications; sent whole.
    pub macros: Option<Vec<Macro>>,
    /// With which credential sessions connect.
    pub connect_with: ConnectWith,
}

/// The automation of a remote application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Macro {
    /// The automation.
    pub remote_app: String,
    /// The protocol that it works over.
    pub connectivity: String,
}

impl SessionSettings {
    /// The switches under their labels on the wire: those of the PAM's own screens, with their capitals and blanks.
    fn switches(&self) -> [(&'static str, Option<bool>); 10] {
        [
            ("SSH", self.ssh),
            ("Telnet", self.telnet),
            ("MySQL", self.mysql),
            ("SQL Server", self.sql_server),
            ("HTTP", self.http),
            ("HTTPS", self.https),
            ("RDP", self.rdp),
            ("X11 Forward", self.x11_forward),
            ("VNC", self.vnc),
            ("restrict_access_to_remote_application", self.restrict_access_to_remote_application),
        ]
    }
}

impl Part for SessionSettings {
    fn put<M: SerializeMap>(&self, to: &mut Entries<'_, M>) -> Result<(), M::Error> {
        for (label, value) in self.switches() {
            to.flag(label, value)?;
        }
        to.parts("macros", self.macros.as_deref())?;
        to.connect_with(&self.connect_with)
    }
}

impl Part for Macro {
    fn put<M: SerializeMap>(&self, to: &mut Entries<'_, M>) -> Result<(), M::Error> {
        to.text("remote_app", Some(&self.remote_app))?;
        to.text("connectivity", Some(&self.connectivity))
    }
}
