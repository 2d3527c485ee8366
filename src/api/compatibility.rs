//! How a PAM's API differs from what its version implies.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the PAM's API differs from what its version implies.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Compatibility {
    /// Where notes are in a request: `TopLevel` (beside the other fields, since 3.33) or `AdditionalSettings` (inside
    /// them, up to 3.32). Absent: as `productVersion` implies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes_placement: Option<NotesPlacement>,
    /// How `criticality` is spelled: `Capitalized` (`High`) or `LowerCase` (`high`). Absent: `Capitalized`, on every version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criticality_case: Option<CriticalityCase>,
    /// How switches are sent: as `Literal` (`true`) or as `Digit` (`"1"`). Absent: `Literal`, on every version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boolean_form: Option<BooleanForm>,
    /// How numbers are sent: as `Number` (`7`) or as `Text` (`"7"`). Absent: `Number`, on every version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number_form: Option<NumberForm>,
    /// How `additional_settings` is wrapped: an `Object` (up to 3.32) or an `Array` of one (since 3.33). Absent: as
    /// `productVersion` implies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub additional_settings_shape: Option<AdditionalSettingsShape>,
    /// How the PAM handles a settings block in an update. `Merged` (absent): fields that are not sent keep their value,
    /// as the documentation says. `Replaced`: fields that are not sent are lost, so the operator always sends
    /// additional settings whole, seeds and further fields of a login included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings_blocks: Option<SettingsBlocks>,
}

/// Where notes are in a request: `TopLevel` (beside the other fields, since 3.33) or `AdditionalSettings` (inside them,
/// up to 3.32). Absent: as `productVersion` implies.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub enum NotesPlacement {
    /// Beside the other fields.
    TopLevel,
    /// Inside `additional_settings`.
    AdditionalSettings,
}

/// How `criticality` is spelled: `Capitalized` (`High`) or `LowerCase` (`high`). Absent: `Capitalized`, on every version.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub enum CriticalityCase {
    /// `High`.
    Capitalized,
    /// `high`.
    LowerCase,
}

/// How switches are sent: as `Literal` (`true`) or as `Digit` (`"1"`). Absent: `Literal`, on every version.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub enum BooleanForm {
    /// `true`.
    Literal,
    /// `"1"`.
    Digit,
}

/// How numbers are sent: as `Number` (`7`) or as `Text` (`"7"`). Absent: `Number`, on every version.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub enum NumberForm {
    /// `7`.
    Number,
    /// `"7"`.
    Text,
}

/// How `additional_settings` is wrapped: an `Object` (up to 3.32) or an `Array` of one (since 3.33). Absent: as
/// `productVersion` implies.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub enum AdditionalSettingsShape {
    /// An object.
    Object,
    /// An array of one object.
    Array,
}

/// How the PAM handles a settings block in an update. `Merged` (absent): fields that are not sent keep their value, as
/// the documentation says. `Replaced`: fields that are not sent are lost, so the operator always sends additional
/// settings whole, seeds and further fields of a login included.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub enum SettingsBlocks {
    /// What is not sent stays.
    Merged,
    /// What is not sent is gone.
    Replaced,
}
