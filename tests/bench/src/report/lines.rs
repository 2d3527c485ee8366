//! One run, as lines for a terminal.

use std::{collections::BTreeMap, fmt::Write as _};

use crate::measure::sample::Sample;

/// The numbers of a run, and its calls by kind, a line each.
#[must_use]
pub fn lines(sample: &Sample) -> String {
    let mut text = String::new();
    for (metric, value) in &sample.metrics {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:<22} {value:>10.2} {}", metric.title(), metric.unit());
    }
    text + &tally("API", &sample.api) + &tally("PAM", &sample.pam)
}

fn tally(of: &str, calls: &BTreeMap<String, usize>) -> String {
    calls.iter().map(|(call, count)| format!("{:<40} {count:>8}\n", format!("  {of}: {call}"))).collect()
}
