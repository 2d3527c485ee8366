//! How a connection overrides each difference between product versions by itself.

/// Overrides of what a version means on the wire; a field that is `None` follows the version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compatibility {
    /// The first part of every path, such as `/api` or `/iso` (API 1.1); `/` for none. It begins with a slash.
    pub api_prefix: Option<String>,
    /// The token endpoint's whole path, such as `/iso/oauth2/token`; else it is `{prefix}/oauth2/token`.
    pub token_path: Option<String>,
    /// Where notes are sent.
    pub notes_placement: Option<NotesPlacement>,
    /// How additional settings are wrapped.
    pub additional_settings_shape: Option<AdditionalSettingsShape>,
    /// How a criticality is spelled.
    pub criticality_case: Option<CriticalityCase>,
    /// How booleans are written.
    pub boolean_form: Option<BooleanForm>,
    /// How numbers are written.
    pub number_form: Option<NumberForm>,
}

/// Where a request has a credential's notes (API 7 #11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotesPlacement {
    /// Beside the other fields: since 3.33.
    TopLevel,
    /// Inside `additional_settings`: up to 3.32.
    AdditionalSettings,
}

/// How `additional_settings` is wrapped (API 7 #10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AdditionalSettingsShape {
    /// The object itself: up to 3.32.
    Object,
    /// An array that holds the one object: since 3.33.
    Array,
}

/// How a credential's criticality is spelled (API 7 #12). The lists of the pages differ; all samples are capitalized.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CriticalityCase {
    /// `High`: every version.
    #[default]
    Capitalized,
    /// `high`: as the lists of 3.33 and later have it.
    LowerCase,
}

/// How booleans are written in a request. Every page has literals; up to 3.32 the list answers digits (API 7 #14).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BooleanForm {
    /// `true`: every version.
    #[default]
    Literal,
    /// `"1"`.
    Digit,
}

/// How numbers are written in a request. Every page has integers; ids are answered as texts (API 7 #15).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum NumberForm {
    /// `7`: every version.
    #[default]
    Number,
    /// `"7"`.
    Text,
}
