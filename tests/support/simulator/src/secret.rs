//! Text that must not be printed.

use std::fmt;

use serde::Deserialize;

/// A secret value: it can be read only by asking for it by name.
///
/// `Debug` shows a placeholder, and there is no `Serialize`, so that no log line, panic or answer of the
/// admin port can carry it by accident.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Hidden(String);

impl Hidden {
    /// The value itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for Hidden {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}
