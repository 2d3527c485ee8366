//! The measured parts of `docs/performance.md`; the rest is written by people.

use std::fmt::Write as _;

use anyhow::{Context, Result};

use super::{
    goals::{Bound, GOALS, Goal},
    table::short,
};
use crate::{
    measure::{metric::Metric, statistics::Spread},
    results::{Measured, Results},
    scenarios,
};

/// The columns of the table of scenarios.
const COLUMNS: [Metric; 12] = [
    Metric::Done,
    Metric::Throughput,
    Metric::Ready,
    Metric::LatencyP50,
    Metric::LatencyP99,
    Metric::Cpu,
    Metric::CpuPerObject,
    Metric::Rss,
    Metric::Peak,
    Metric::ApiCallsPerObject,
    Metric::PamCalls,
    Metric::Connections,
];
/// The scenarios whose calls are shown one by one.
const CALLS: [&str; 2] = ["cold-1000", "roofline-1000"];

/// The page with its measured parts replaced.
pub fn renew(page: &str, results: &Results) -> Result<String> {
    let parts = [
        ("machine", machine(results)),
        ("goals", goals(results)),
        ("scenarios", scenario_table(results)),
        ("calls", calls(results)),
    ];
    parts.iter().try_fold(page.to_owned(), |page, (name, text)| replace(&page, name, text))
}

/// Replaces what is between two markers.
fn replace(page: &str, name: &str, text: &str) -> Result<String> {
    let (begin, end) = (format!("<!-- measured: {name} -->\n"), format!("<!-- end of {name} -->"));
    let (before, rest) = page.split_once(&begin).with_context(|| format!("the page has no part {name}"))?;
    let (_, after) = rest.split_once(&end).with_context(|| format!("the part {name} has no end"))?;
    Ok(format!("{before}{begin}\n{text}\n{end}{after}"))
}

fn machine(results: &Results) -> String {
    if results.scenarios.is_empty() {
        return "Nothing was measured yet.\n".to_owned();
    }
    let machine = &results.machine;
    let newest = results.scenarios.values().map(|measured| measured.at).max();
    let rows = [
        ("CPU", format!("{}, {} of them", machine.cpu, machine.cores)),
        ("memory", format!("{} GiB", machine.memory)),
        ("kernel", machine.kernel.clone()),
        ("control plane", format!("{}, with etcd, on the same machine", machine.kubernetes)),
        ("operator", format!("{}, commit {}", machine.operator, machine.commit)),
        ("newest result", newest.map(|at| at.strftime("%Y-%m-%d").to_string()).unwrap_or_default()),
    ];
    let row = |(key, value): &(&str, String)| format!("| {key} | {value} |\n");
    "| | |\n|---|---|\n".to_owned() + &rows.iter().map(row).collect::<String>()
}

fn goals(results: &Results) -> String {
    "| measure | goal | measured | |\n|---|---|---|---|\n".to_owned()
        + &GOALS.iter().map(|goal| goal_row(goal, results)).collect::<String>()
}

fn goal_row(goal: &Goal, results: &Results) -> String {
    let wanted = match goal.bound {
        Bound::AtMost(most) => format!("≤ {most}"),
        Bound::AtLeast(least) => format!("≥ {least}"),
    };
    let measured = goal.measured(results);
    let verdict = measured.map_or_else(String::new, |value| verdict(goal, value));
    let measured =
        measured.map_or_else(|| "not measured".to_owned(), |value| format!("{} {}", short(value), goal.unit));
    format!(
        "| {} | {} | {} | {verdict} |\n",
        goal.title,
        format!("{wanted} {}", goal.unit).trim_end(),
        measured.trim_end()
    )
}

/// Whether a goal is reached, and by how much it is missed.
fn verdict(goal: &Goal, measured: f64) -> String {
    let (Bound::AtMost(wanted) | Bound::AtLeast(wanted)) = goal.bound;
    match goal.is_reached(measured) {
        true => "reached".to_owned(),
        false if wanted == 0.0 => "**missed**".to_owned(),
        false => format!("**missed** by {:.0} %", 100.0 * (measured / wanted - 1.0).abs()),
    }
}

fn scenario_table(results: &Results) -> String {
    let heading: String = COLUMNS.map(|metric| format!(" {} |", heading(metric))).concat();
    let mut text = format!("| scenario | runs |{heading}\n|---|---|{}\n", "---|".repeat(COLUMNS.len()));
    let named = scenarios::all();
    let measured = named.iter().filter_map(|scenario| Some((&scenario.name, results.scenarios.get(&scenario.name)?)));
    for (name, measured) in measured {
        let cells: String = COLUMNS.map(|metric| format!(" {} |", cell(measured, metric))).concat();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| `{name}`: {} | {} |{cells}", measured.title, measured.runs);
    }
    text
}

fn heading(metric: Metric) -> String {
    let (title, unit) = (metric.title(), metric.unit());
    if unit.is_empty() { title.to_owned() } else { format!("{title}, {unit}") }
}

fn cell(measured: &Measured, metric: Metric) -> String {
    match measured.metrics.get(&metric) {
        None => "–".to_owned(),
        Some(Spread { median, min, max }) if min < max => {
            format!("{} ({} to {})", short(*median), short(*min), short(*max))
        }
        Some(Spread { median, .. }) => short(*median),
    }
}

fn calls(results: &Results) -> String {
    let [operator, least] = CALLS.map(|name| results.scenarios.get(name));
    let mut names: Vec<&String> = [operator, least].into_iter().flatten().flat_map(|one| one.api.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let count = |of: Option<&Measured>, name: &String| {
        of.and_then(|of| of.api.get(name)).map_or_else(|| "–".to_owned(), |spread| short(spread.median))
    };
    let row = |name: &String| format!("| {name} | {} | {} |\n", count(operator, name), count(least, name));
    format!("| request | `{}` | `{}` |\n|---|---|---|\n", CALLS[0], CALLS[1])
        + &names.into_iter().map(row).collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_markers_is_replaced() {
        let page = "a\n<!-- measured: x -->\nold\n<!-- end of x -->\nb";
        assert_eq!(replace(page, "x", "new").unwrap(), "a\n<!-- measured: x -->\n\nnew\n<!-- end of x -->\nb");
        assert!(replace(page, "y", "new").unwrap_err().to_string().contains('y'));
    }

    /// Otherwise the next run ends after an hour, at the last step.
    #[test]
    fn the_page_has_every_part() {
        let page = include_str!("../../../../docs/performance.md");
        renew(page, &Results::default()).unwrap();
    }
}
