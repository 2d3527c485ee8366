//! The blocks of settings of a spec, as the PAM's client takes them. What goes with what was checked by the schema: a
//! part that is nevertheless alone is left out.

use crate::api::{self, PamCredentialSpec};
use crate::pam::{
    AccountRef, ConnectWith, Criticality, DeviceSettings, ExecutionSettings, JitMode, JitSettings, Macro, Procedure,
    Reconciliation, SessionSettings,
};

type Text = Option<String>;

fn account(credential: &Text, hostname: &Text, ip: &Text) -> Option<AccountRef> {
    Some(AccountRef { credential: credential.clone()?, hostname: hostname.clone()?, ip: ip.clone()? })
}

fn procedure(plugin: &Text, template: &Text) -> Option<Procedure> {
    Some(Procedure { plugin: plugin.clone()?, template: template.clone()? })
}

fn connect_with(own: bool, other: &api::OtherCredential) -> ConnectWith {
    let other = account(&other.credential, &other.hostname, &other.ip);
    other.filter(|_| !own).map_or(ConnectWith::Own, ConnectWith::Other)
}

pub(crate) fn execution(spec: &PamCredentialSpec) -> Option<ExecutionSettings> {
    let s = spec.execution_settings.as_ref()?;
    Some(ExecutionSettings {
        parent: account(&s.parent_credential, &s.parent_hostname, &s.parent_ip),
        automatic_change: s.automatic_change,
        agent_based_password_change: s.agent_based_password_change,
        change: procedure(&s.change_plugin, &s.change_template),
        connect_with: connect_with(s.use_own_credential_to_connect, &s.other),
        reconciliation: s.reconciliation.as_ref().map(|r| Reconciliation {
            enabled: r.enabled,
            account: account(&r.credential, &r.hostname, &r.ip),
            procedure: procedure(&r.plugin, &r.template),
        }),
    })
}

/// Whether the spec has the vault rotate the value.
pub(crate) fn rotates(spec: &PamCredentialSpec) -> bool {
    spec.execution_settings.as_ref().is_some_and(|settings| settings.automatic_change == Some(true))
}

pub(crate) fn session(spec: &PamCredentialSpec) -> Option<SessionSettings> {
    let s = spec.session_settings.as_ref()?;
    let one = |m: &api::Macro| Macro { remote_app: m.remote_app.clone(), connectivity: m.connectivity.clone() };
    Some(SessionSettings {
        ssh: s.ssh,
        telnet: s.telnet,
        mysql: s.mysql,
        sql_server: s.sql_server,
        http: s.http,
        https: s.https,
        rdp: s.rdp,
        x11_forward: s.x11_forward,
        vnc: s.vnc,
        restrict_access_to_remote_application: s.restrict_access_to_remote_application,
        macros: s.macros.as_ref().map(|macros| macros.iter().map(one).collect()),
        connect_with: connect_with(s.use_own_credential_to_connect, &s.other),
    })
}

pub(crate) fn jit(spec: &PamCredentialSpec) -> Option<JitSettings> {
    let s = spec.jit_settings.as_ref()?;
    Some(JitSettings {
        jit: s.jit,
        mode: jit_mode(s),
        connect_with: connect_with(s.use_own_credential_to_connect, &s.other),
    })
}

fn jit_mode(s: &api::JitSettings) -> Option<JitMode> {
    if s.credential_creation_and_deletion == Some(true) {
        return Some(JitMode::CreateAndDelete {
            creation: procedure(&s.credential_creation_plugin, &s.credential_creation_template)?,
            deletion: procedure(&s.credential_deletion_plugin, &s.credential_deletion_template)?,
        });
    }
    if s.enable_disable_credential == Some(true) {
        return Some(JitMode::EnableAndDisable {
            enable: procedure(&s.credential_enable_plugin, &s.credential_enable_template)?,
            disable: procedure(&s.credential_disable_plugin, &s.credential_disable_template)?,
        });
    }
    // A switch that was turned off must be sent: the record may have it on.
    let off = [s.credential_creation_and_deletion, s.enable_disable_credential].contains(&Some(false));
    off.then_some(JitMode::Neither)
}

pub(crate) fn device(spec: &PamCredentialSpec) -> Option<DeviceSettings> {
    let s = spec.device.as_ref()?;
    Some(DeviceSettings {
        kind: s.kind.clone(),
        vendor: s.vendor.clone(),
        model: s.model.clone(),
        site: s.site.clone(),
        domains: s.domains.clone(),
        tags: s.tags.clone(),
        connectivities: s.connectivities.clone(),
        session_remote_config: s.session_remote_config.clone(),
    })
}

pub(crate) const fn criticality(level: api::Criticality) -> Criticality {
    match level {
        api::Criticality::Low => Criticality::Low,
        api::Criticality::Medium => Criticality::Medium,
        api::Criticality::High => Criticality::High,
    }
}
