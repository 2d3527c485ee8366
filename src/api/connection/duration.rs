//! Durations as users write them in a spec.

use std::time::Duration;

/// A duration as Kubernetes writes it, in hours, minutes and seconds.
pub(super) const DURATION: &str = r"^([0-9]{1,6}(h|m|s)){1,3}$";

/// Returns the duration that `text` writes; `None` if it cannot be read, which the schema does not let happen.
pub(super) fn parse_duration(text: &str) -> Option<Duration> {
    let parsed: jiff::SignedDuration = text.parse().ok()?;
    Duration::try_from(parsed).ok()
}
