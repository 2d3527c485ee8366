//! The results as a table for a terminal, beside those that were committed last.

use std::{collections::BTreeMap, fmt::Write as _};

use crate::{
    measure::{metric::Metric, statistics::Spread},
    results::{Measured, Results},
};

/// The numbers of each scenario, a line each; then its calls.
#[must_use]
pub fn table(results: &Results, before: Option<&Results>) -> String {
    let mut text = String::new();
    for (name, measured) in &results.scenarios {
        let before = before.and_then(|before| before.scenarios.get(name));
        text += &scenario(name, measured, before);
    }
    text
}

fn scenario(name: &str, measured: &Measured, before: Option<&Measured>) -> String {
    let runs = if measured.runs == 1 { "1 run".to_owned() } else { format!("median of {} runs", measured.runs) };
    let mut text = format!("== {name}: {} ({runs})\n", measured.title);
    for (metric, spread) in &measured.metrics {
        let change = before.and_then(|before| before.metrics.get(metric)).map(|before| changed(*before, *spread));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {}{}", line(*metric, *spread), change.unwrap_or_default());
    }
    text + &calls("API", &measured.api) + &calls("PAM", &measured.pam) + "\n"
}

fn line(metric: Metric, spread: Spread) -> String {
    let Spread { median, min, max } = spread;
    let range = if min < max { format!("{:>9} to {:<9}", short(min), short(max)) } else { " ".repeat(22) };
    format!("{:<21} {:>10} {:<4}{range}", metric.title(), short(median), metric.unit())
}

/// The difference to the results before; marked when the runs do not overlap.
fn changed(before: Spread, now: Spread) -> String {
    let apart = now.min > before.max || now.max < before.min;
    let mark = if apart { "!" } else { "" };
    if before.median == 0.0 {
        return format!("  before {}{mark}", short(before.median));
    }
    let percent = 100.0 * (now.median / before.median - 1.0);
    format!("  before {} ({percent:+.0} %){mark}", short(before.median))
}

fn calls(of: &str, calls: &BTreeMap<String, Spread>) -> String {
    let line = |(call, count): (&String, &Spread)| format!("    {of}: {call:<40} {:>8}\n", short(count.median));
    calls.iter().map(line).collect()
}

/// A number with as many digits as say something.
#[must_use]
pub fn short(value: f64) -> String {
    let magnitude = value.abs();
    match magnitude {
        _ if value.fract() == 0.0 => format!("{value:.0}"),
        _ if magnitude >= 100.0 => format!("{value:.0}"),
        _ if magnitude >= 10.0 => format!("{value:.1}"),
        _ if magnitude >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let short = [0.0, 1000.0, 1234.5, 12.34, 1.234, 0.1234].map(short);
        assert_eq!(short, ["0", "1000", "1234", "12.3", "1.23", "0.123"]);
    }

    #[test]
    fn a_change_is_marked_when_no_run_is_as_before() {
        let of = |values: &[f64]| Spread::of(values).unwrap();
        assert_eq!(changed(of(&[9.0, 10.0, 11.0]), of(&[11.0, 12.0])), "  before 10 (+15 %)");
        assert_eq!(changed(of(&[10.0]), of(&[5.0])), "  before 10 (-50 %)!");
        assert_eq!(changed(of(&[0.0]), of(&[0.0])), "  before 0");
    }
}
