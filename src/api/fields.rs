//! The one table of the fields of a `PamCredential` that are sent to the PAM (API 2.1 to 2.5). A field that is added to
//! the spec needs one row here: its group, its place in the call and its form on the wire follow from the row.

use Form::{Block, Flag, Items, List, Mode, Number, Own, Part, Secret, Text, Word};

use crate::domain::credential::{ACCOUNT, CONTENT, LOGIN_FIELDS, TOTP, USERNAME};

/// One field of the spec that is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Path of the field below `spec`; `[]` stands for each item of a list.
    pub spec: &'static str,
    /// Path of the field in the call.
    ///
    /// Paths are written as if `additional_settings` were an object and `notes` beside it; where a version takes these
    /// two is the dialect's business.
    pub wire: &'static str,
    /// Form of the field on the wire.
    pub form: Form,
    /// The first documented version of the PAM that takes the field.
    pub since: &'static str,
    group: Option<&'static str>,
}

/// How a field is written, and with which others it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A block: its fields have rows of their own.
    Block,
    /// A text.
    Text,
    /// A text that is sent together with all others of its set, or not at all: one alone says nothing to the PAM.
    Part(&'static str),
    /// One of a few words; versions differ in its case.
    Word,
    /// Texts that are joined by a comma.
    List,
    /// A switch.
    Flag,
    /// A switch that is false only together with all parts of a set, which name the other credential to connect with.
    Own(&'static str),
    /// A switch that is on only together with all parts of a set. The modes of a block exclude each other, and all
    /// are sent if one is: the record may have another one on.
    Mode(&'static str),
    /// A number.
    Number,
    /// A key of a Secret, whose value is sent.
    Secret,
    /// A list of objects, whose fields have rows of their own.
    Items,
}

const OTHER: &str = "other credential";
const PARENT: &str = "parent";
const CHANGE: &str = "change";
const RECONCILER: &str = "reconciler";
const PROCEDURE: &str = "procedure";
const CREATE: &str = "creation and deletion";
const ENABLE: &str = "enabling and disabling";

/// Every field that is sent. A username comes from one of two fields. The API's second identifier, among the additional
/// settings, is not offered.
pub const FIELDS: &[Field] = &[
    of(ACCOUNT, Text, "identifier", "identifier"),
    of(ACCOUNT, Text, "username", "username"),
    of(USERNAME, Secret, "usernameSecretRef", "username"),
    of(ACCOUNT, Text, "hostname", "hostname"),
    of(ACCOUNT, Text, "ip", "ip"),
    of(CONTENT, Secret, "contentSecretRef", "content"),
    sent(Text, "additional", "additional"),
    sent(List, "tags", "tags"),
    sent(Text, "credentialType", "credential_type"),
    sent(Text, "domain", "domain"),
    sent(Text, "notes", "notes"),
    sent(Number, "parentPassword", "parent_password"),
    sent(Block, "executionSettings", "execution_settings"),
    sent(Part(PARENT), "executionSettings.parentCredential", "execution_settings.parent_credential"),
    sent(Part(PARENT), "executionSettings.parentHostname", "execution_settings.parent_hostname"),
    sent(Part(PARENT), "executionSettings.parentIp", "execution_settings.parent_ip"),
    sent(Flag, "executionSettings.automaticChange", "execution_settings.automatic_change"),
    sent(Flag, "executionSettings.agentBasedPasswordChange", "execution_settings.agent_based_password_change"),
    sent(Part(CHANGE), "executionSettings.changePlugin", "execution_settings.change_plugin"),
    sent(Part(CHANGE), "executionSettings.changeTemplate", "execution_settings.change_template"),
    sent(Own(OTHER), "executionSettings.useOwnCredentialToConnect", "execution_settings.use_own_credential_to_connect"),
    sent(Part(OTHER), "executionSettings.authenticationCredential", "execution_settings.authentication_credential"),
    sent(Part(OTHER), "executionSettings.authenticationHostname", "execution_settings.authentication_hostname"),
    sent(Part(OTHER), "executionSettings.authenticationIp", "execution_settings.authentication_ip"),
    sent(Flag, "executionSettings.reconciliation.enabled", "execution_settings.status"),
    sent(
        Part(RECONCILER),
        "executionSettings.reconciliation.credential",
        "execution_settings.reconciliation_credential",
    ),
    sent(Part(RECONCILER), "executionSettings.reconciliation.hostname", "execution_settings.reconciliation_hostname"),
    sent(Part(RECONCILER), "executionSettings.reconciliation.ip", "execution_settings.reconciliation_ip"),
    sent(Part(PROCEDURE), "executionSettings.reconciliation.plugin", "execution_settings.reconciliation_plugin"),
    sent(Part(PROCEDURE), "executionSettings.reconciliation.template", "execution_settings.reconciliation_template"),
    sent(Block, "sessionSettings", "session_settings"),
    sent(Flag, "sessionSettings.ssh", "session_settings.SSH"),
    sent(Flag, "sessionSettings.telnet", "session_settings.Telnet"),
    sent(Flag, "sessionSettings.mysql", "session_settings.MySQL"),
    sent(Flag, "sessionSettings.sqlServer", "session_settings.SQL Server"),
    sent(Flag, "sessionSettings.http", "session_settings.HTTP"),
    sent(Flag, "sessionSettings.https", "session_settings.HTTPS"),
    sent(Flag, "sessionSettings.rdp", "session_settings.RDP"),
    sent(Flag, "sessionSettings.x11Forward", "session_settings.X11 Forward"),
    sent(Flag, "sessionSettings.vnc", "session_settings.VNC"),
    sent(
        Flag,
        "sessionSettings.restrictAccessToRemoteApplication",
        "session_settings.restrict_access_to_remote_application",
    ),
    sent(Items, "sessionSettings.macros", "session_settings.macros"),
    sent(Text, "sessionSettings.macros[].remoteApp", "session_settings.macros[].remote_app"),
    sent(Text, "sessionSettings.macros[].connectivity", "session_settings.macros[].connectivity"),
    sent(Own(OTHER), "sessionSettings.useOwnCredentialToConnect", "session_settings.use_own_credential_to_connect"),
    sent(Part(OTHER), "sessionSettings.authenticationCredential", "session_settings.authentication_credential"),
    sent(Part(OTHER), "sessionSettings.authenticationHostname", "session_settings.authentication_hostname"),
    sent(Part(OTHER), "sessionSettings.authenticationIp", "session_settings.authentication_ip"),
    sent(Block, "additionalSettings", "additional_settings"),
    sent(Text, "additionalSettings.userCredentialOwner", "additional_settings.user_credential_owner"),
    sent(Text, "additionalSettings.serverPath", "additional_settings.server_path"),
    of(TOTP, Secret, "additionalSettings.secretKeySecretRef", "additional_settings.secret_key"),
    sent(Word, "additionalSettings.criticality", "additional_settings.criticality"),
    of(
        LOGIN_FIELDS,
        Items,
        "additionalSettings.additionalAuthenticationFields",
        "additional_settings.additional_authentication_fields",
    ),
    sent(
        Text,
        "additionalSettings.additionalAuthenticationFields[].name",
        "additional_settings.additional_authentication_fields[].name",
    ),
    sent(
        Text,
        "additionalSettings.additionalAuthenticationFields[].shortName",
        "additional_settings.additional_authentication_fields[].short_name",
    ),
    of(
        LOGIN_FIELDS,
        Secret,
        "additionalSettings.additionalAuthenticationFields[].valueSecretRef",
        "additional_settings.additional_authentication_fields[].value",
    ),
    sent(Block, "jitSettings", "jit_settings"),
    sent(Flag, "jitSettings.jit", "jit_settings.jit"),
    sent(Mode(CREATE), "jitSettings.credentialCreationAndDeletion", "jit_settings.credential_creation_and_deletion"),
    sent(Mode(ENABLE), "jitSettings.enableDisableCredential", "jit_settings.enable_disable_credential"),
    sent(Own(OTHER), "jitSettings.useOwnCredentialToConnect", "jit_settings.use_own_credential_to_connect"),
    sent(Part(OTHER), "jitSettings.authenticationCredential", "jit_settings.authentication_credential"),
    sent(Part(OTHER), "jitSettings.authenticationHostname", "jit_settings.authentication_hostname"),
    sent(Part(OTHER), "jitSettings.authenticationIp", "jit_settings.authentication_ip"),
    sent(Part(CREATE), "jitSettings.credentialCreationPlugin", "jit_settings.credential_creation_plugin"),
    sent(Part(CREATE), "jitSettings.credentialCreationTemplate", "jit_settings.credential_creation_template"),
    sent(Part(CREATE), "jitSettings.credentialDeletionPlugin", "jit_settings.credential_deletion_plugin"),
    sent(Part(CREATE), "jitSettings.credentialDeletionTemplate", "jit_settings.credential_deletion_template"),
    sent(Part(ENABLE), "jitSettings.credentialEnablePlugin", "jit_settings.credential_enable_plugin"),
    sent(Part(ENABLE), "jitSettings.credentialEnableTemplate", "jit_settings.credential_enable_template"),
    sent(Part(ENABLE), "jitSettings.credentialDisablePlugin", "jit_settings.credential_disable_plugin"),
    sent(Part(ENABLE), "jitSettings.credentialDisableTemplate", "jit_settings.credential_disable_template"),
    sent(Text, "device.type", "type"),
    sent(Text, "device.vendor", "vendor"),
    sent(Text, "device.model", "model"),
    sent(Text, "device.site", "site"),
    sent(List, "device.domains", "device_domain"),
    sent(List, "device.tags", "device_tags"),
    sent(List, "device.connectivities", "connectivities"),
    sent(Text, "device.sessionRemoteConfig", "session_remote_config"),
];

/// A field of the group that its block, or the field itself, gives its name to.
const fn sent(form: Form, spec: &'static str, wire: &'static str) -> Field {
    Field { spec, wire, form, since: "3.32", group: None }
}

/// A field of another group: what tells the record, and what a Secret holds.
const fn of(group: &'static str, form: Form, spec: &'static str, wire: &'static str) -> Field {
    Field { group: Some(group), ..sent(form, spec, wire) }
}

impl Field {
    /// Returns the name of the group of fields that the field is sent with; the digests in status have these names.
    #[must_use]
    pub fn group(&self) -> &'static str {
        let outermost = || self.spec.split_once('.').map_or(self.spec, |(block, _)| block);
        self.group.unwrap_or_else(outermost)
    }

    /// Returns the fields of each item of a list.
    pub fn of_items(&self) -> impl Iterator<Item = &'static Self> {
        let list = self.spec;
        FIELDS.iter().filter(move |field| field.list() == Some(list))
    }

    /// Returns the path below `spec` of the list in whose items the field is.
    #[must_use]
    pub fn list(&self) -> Option<&'static str> {
        self.spec.split_once("[].").map(|(list, _)| list)
    }
}

/// Returns the row of a field, given its path below `spec`, if the field is sent.
#[must_use]
pub fn sent_field(path: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.spec == path)
}
