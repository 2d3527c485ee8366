//! Durations as users write them in a spec.

use std::time::Duration;

/// Returns the duration that `text` writes; `None` if it cannot be read, which the schema does not let happen.
pub(super) fn parse_duration(text: &str) -> Option<Duration> {
    let parsed: jiff::SignedDuration = text.parse().ok()?;
    Duration::try_from(parsed).ok()
}
