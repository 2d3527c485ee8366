//! What holds for a call: the version's quirks, unless a knob says otherwise.

use crate::answer::{Bare, Style};
use crate::behaviour::{Answered, Messages};
use crate::call::{Kind, Routing};
use crate::form::{Criticality, NotesPlace, SettingsForm, ValueForm};
use crate::permits::Permits;
use crate::state::State;

/// How a POST's body may be written.
#[derive(Clone, Copy)]
pub(crate) struct Dialect {
    pub(crate) permits: Permits,
    pub(crate) additional_settings: SettingsForm,
    pub(crate) notes: NotesPlace,
    /// Whether connecting with another credential needs the three `authentication_*`.
    pub(crate) authentication_required: bool,
    /// Whether the credential's own `domain` must be registered.
    pub(crate) domain_registered: bool,
    pub(crate) booleans: ValueForm,
    pub(crate) numbers: ValueForm,
    pub(crate) criticality: Criticality,
}

impl State {
    /// Which paths lead anywhere.
    pub(crate) fn routing(&self) -> Routing {
        Routing {
            iso: self.behaviour.iso.unwrap_or(self.profile.iso),
            api: self.behaviour.api.unwrap_or(self.profile.api),
            token_path: self.behaviour.token_path.clone(),
            safe_under_iso: self.behaviour.my_safe.under_iso,
        }
    }

    /// How answers to this kind of call are written.
    pub(crate) fn style(&self, kind: Kind) -> Style {
        let quirks = self.behaviour.envelope;
        let says_capital =
            matches!(kind, Kind::PutCredential | Kind::DeleteDevice | Kind::PostSafePassword | Kind::GetSafePassword);
        let of_kind = self.profile.capital_messages && says_capital;
        let capital = quirks.capital_message || of_kind;
        let usual = if capital { Messages::Capital } else { Messages::Both };
        let messages = self.behaviour.messages.get(&kind).copied().unwrap_or(usual);
        Style { quirks, messages, bare: self.bare(kind) }
    }

    fn bare(&self, kind: Kind) -> Bare {
        match kind {
            _ if !self.profile.bare_reads => Bare::Never,
            Kind::ListCredentials | Kind::GetCredential | Kind::ListDevices => Bare::Always,
            Kind::PostCredential | Kind::GetDevice | Kind::Token | Kind::Other => Bare::Errors,
            _ => Bare::Never,
        }
    }

    /// How a POST's body may be written.
    pub(crate) fn dialect(&self) -> Dialect {
        let (knobs, usual) = (&self.behaviour, &self.profile);
        Dialect {
            permits: knobs.permits,
            additional_settings: knobs.additional_settings.unwrap_or(usual.additional_settings),
            notes: knobs.notes.unwrap_or(usual.notes),
            authentication_required: knobs.authentication_required.unwrap_or(usual.authentication_required),
            domain_registered: knobs.domain_registered.unwrap_or(usual.domain_registered),
            booleans: knobs.booleans,
            numbers: knobs.numbers,
            criticality: knobs.criticality,
        }
    }

    /// What the answer to a POST says about the identifier.
    pub(crate) fn answered_identifier(&self) -> Answered {
        self.behaviour.answered_identifier.unwrap_or(self.profile.answered_identifier)
    }

    /// Whether the list has `"0"`/`"1"` in place of booleans.
    pub(crate) fn digit_booleans(&self) -> bool {
        self.profile.digit_booleans || self.behaviour.envelope.digit_booleans
    }
}
