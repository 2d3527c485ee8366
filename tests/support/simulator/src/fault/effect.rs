//! What can go wrong with a call.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::millis;

/// Whether the application executes the call that a fault spoils.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The call never reaches the application: nothing changes.
    #[default]
    BeforeCommit,
    /// The call is executed as usual; only its answer is spoiled.
    AfterCommit,
}

/// Who seems to speak in an [`Effect::Status`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// The gateway: JSON with nothing but `message` (API 1.6).
    #[default]
    Gateway,
    /// The application: its envelope (API 1.7).
    Application,
    /// A load balancer: an HTML page.
    Html,
}

/// What goes wrong. Durations are milliseconds in JSON.
///
/// Effects marked *(edit)* change the true answer, so the call is always executed first; the others obey
/// the fault's [`Phase`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// TCP reset in place of an answer.
    Reset,
    /// The connection is closed in place of an answer.
    Close,
    /// Nothing is said for so long, then the connection is closed.
    Hang(#[serde(with = "millis")] Duration),
    /// The true answer comes late: the pause is before or after the execution, as the phase says. A client
    /// that leaves in between does not stop the execution.
    Delay(#[serde(with = "millis")] Duration),
    /// TCP reset now; the call is executed so much later, after whatever was executed in between. The phase
    /// does not count.
    LateCommit(#[serde(with = "millis")] Duration),
    /// TCP reset now; the call is executed when [`crate::Simulator::commit_held`] says so, or never. The phase does not
    /// count.
    HeldCommit,
    /// Nothing is said, however long the client waits. Before the commit the call is held as well, for
    /// [`crate::Simulator::commit_held`].
    Silence,
    /// The call waits, and is executed and answered when [`crate::Simulator::resume`] says so. The caller must not leave
    /// before. The phase does not count.
    Suspend,
    /// An error status.
    Status {
        /// The HTTP status.
        status: u16,
        /// Who speaks.
        #[serde(default)]
        shape: Shape,
        /// The text; absent: what that speaker says with that status.
        #[serde(default)]
        message: Option<String>,
        /// A `Retry-After` header with this value.
        #[serde(default)]
        retry_after: Option<String>,
    },
    /// An error of the application with this code, as HTTP 400 (API 2.8).
    Code(u16),
    /// A success status around an application error with this code.
    CodeInSuccess(u16),
    /// HTTP 500 "You are not authorized to access this resource." (API 1.4: permanent).
    NotAuthorized,
    /// HTTP 500 "Unexpected error." (API 1.6).
    UnexpectedError,
    /// 403 and a page of a web application firewall in front of the PAM: HTML without any envelope.
    Firewall,
    /// A success status and bytes that are no JSON.
    Garbage,
    /// A success status and no body.
    Empty,
    /// A redirect to this address.
    Redirect(String),
    /// A success status and a JSON body of about so many bytes.
    Oversized(u64),
    /// Exactly this.
    Raw {
        /// The HTTP status.
        status: u16,
        /// The media type.
        content_type: String,
        /// The body.
        body: String,
    },
    /// *(edit)* The announced length is more than what comes before the connection closes.
    Truncated,
    /// *(edit)* A complete HTTP answer whose JSON ends in the middle.
    CutJson,
    /// *(edit)* The answer comes in pieces of so many bytes with this pause between them.
    Drip {
        /// Bytes in a piece.
        bytes: usize,
        /// The pause.
        #[serde(with = "millis")]
        pause: Duration,
    },
    /// *(edit)* `credential.id` (`device.id`) is missing.
    WithoutId,
    /// *(edit)* `credential.id` (`device.id`) is another one.
    OtherId(String),
    /// *(edit)* `credential.identifier` (up to 3.32: `tag`) is another one.
    OtherIdentifier(String),
    /// *(edit)* `credential.identifier` (up to 3.32: `tag`) is null.
    NullIdentifier,
    /// *(edit)* `tenant` is another one.
    OtherTenant(String),
    /// *(edit)* The success message is another one.
    OtherMessage(String),
    /// *(edit)* The field at a path is this text, whatever the field is in the true answer.
    OtherField {
        /// The keys from the outermost object on, with `/` between them; `*` is each item of a list, a number one of them.
        path: String,
        /// The text.
        text: String,
    },
}

impl Effect {
    /// An error status in the gateway's own shape.
    #[must_use]
    pub fn gateway(status: u16) -> Self {
        Self::Status { status, shape: Shape::Gateway, message: None, retry_after: None }
    }

    /// 429 of the gateway, with or without `Retry-After`.
    #[must_use]
    pub fn rate_limited(retry_after: Option<&str>) -> Self {
        let retry_after = retry_after.map(str::to_owned);
        Self::Status { status: 429, shape: Shape::Gateway, message: None, retry_after }
    }

    /// Whether it changes the true answer, so that the call is executed whatever the phase.
    pub(crate) const fn edits_answer(&self) -> bool {
        matches!(
            self,
            Self::Truncated
                | Self::CutJson
                | Self::Drip { .. }
                | Self::WithoutId
                | Self::OtherId(_)
                | Self::OtherIdentifier(_)
                | Self::NullIdentifier
                | Self::OtherTenant(_)
                | Self::OtherMessage(_)
                | Self::OtherField { .. }
        )
    }

    /// Its name as in JSON.
    pub(crate) fn name(&self) -> String {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::String(name)) => name,
            Ok(serde_json::Value::Object(object)) => object.keys().next().cloned().unwrap_or_default(),
            _ => String::new(),
        }
    }
}
