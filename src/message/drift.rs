//! What users read where the list shows a record otherwise than the operator wrote it.

use crate::api::PUSH_VALUE_REQUESTED_AT;
use crate::domain::Drift;

/// What is done about a drift, or may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// To write the record again would mend nothing: a person has to act.
    ByHand,
    /// The record is written again when somebody asks for it.
    OnRequest,
    /// The record is about to be written again.
    AboutToBeWritten,
    /// The record was corrected as often as it may be.
    LeftAlone,
}

/// What a user is told of a drift.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DriftText<'a> {
    pub(crate) drift: Drift,
    /// Id of the record.
    pub(crate) id: &'a str,
    /// The identifier that the record was written with.
    pub(crate) identifier: &'a str,
    /// The identifier that the list shows, if it is another one.
    pub(crate) listed_identifier: &'a str,
    pub(crate) remedy: Remedy,
}

impl DriftText<'_> {
    pub(crate) fn message(&self) -> String {
        self.what() + self.remedy()
    }

    fn what(&self) -> String {
        let Self { id, identifier, listed_identifier, .. } = self;
        match self.drift {
            Drift::None => String::new(),
            Drift::NotListed => format!(
                "The PAM's list no longer shows record {id}: it was removed, or taken out of what the login is given. Nothing is written for that. Give the login access to it again; if it was removed, delete this object with deletionPolicy Retain and apply it again"
            ),
            Drift::Identifier => {
                format!("Record {id} has another identifier in the PAM now ({listed_identifier}) than {identifier}")
            }
            Drift::Renamed => format!("Record {id} has another username in the PAM than it was written with"),
            Drift::Moved => format!(
                "Record {id} is on another device in the PAM than spec.hostname and spec.ip say. Move it there in the PAM (some versions cannot move a record); or, if the record is where it belongs, set spec.hostname and spec.ip to the PAM's values"
            ),
            Drift::SecondRecord => format!(
                "Another record than {id} now has the same identifier, or the same username, hostname and ip, in the PAM: which of the two people use is not known. Remove or rename the other one there"
            ),
            Drift::Changed => format!(
                "Record {id} was changed in the PAM since it was last written: its value or its fields may be others"
            ),
            Drift::Rotated => format!(
                "The vault rotated the value of record {id}, as is normal with automatic rotation: the one in the Secret is older. The operator does not read values back. To use the Secret's value again, annotate this object with {PUSH_VALUE_REQUESTED_AT}=<any new text>"
            ),
        }
    }

    fn remedy(&self) -> &'static str {
        match self.remedy {
            Remedy::ByHand => "",
            Remedy::OnRequest => {
                ". To write it again, annotate this object with pam-operator.io/reconcile-requested-at=<any new text>, or set spec.driftPolicy to Correct"
            }
            Remedy::LeftAlone => {
                ". It was corrected three times, and is not as it was written: something else keeps writing to it, or the PAM does not accept that. It is left alone until this object or its Secret changes"
            }
            Remedy::AboutToBeWritten => ". It is about to be written again",
        }
    }
}
