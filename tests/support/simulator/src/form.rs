//! How a credential POST may be written: what versions and guesses differ in (API 7).

use serde::{Deserialize, Serialize};

/// What `additional_settings` may be (API 2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingsForm {
    /// An object.
    Object,
    /// An array of one object.
    Array,
    /// Either.
    Either,
}

/// Where `notes` may stand (API 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotesPlace {
    /// Inside `additional_settings`.
    Inside,
    /// Beside it, at the top level.
    Outside,
    /// Either.
    Either,
}

/// How a value that has a type of its own may be written in a request (API 7 #14, #15).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueForm {
    /// As that type: `true`, `7`.
    #[default]
    Plain,
    /// As a text: `"1"` and `"0"`, `"7"`.
    Text,
    /// Either.
    Either,
}

/// Which words `criticality` takes (API 2.4, 7 #12).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Criticality {
    /// low, medium and high, ignoring case.
    #[default]
    AnyCase,
    /// `Low`, `Medium` and `High`.
    Capitalized,
    /// `low`, `medium` and `high`.
    LowerCase,
    /// Any text.
    AnyText,
}
