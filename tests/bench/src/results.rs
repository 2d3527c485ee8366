//! What all runs measured, and how it is kept in a file.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    machine::Machine,
    measure::{
        metric::Metric,
        sample::{Sample, number},
        statistics::Spread,
    },
    scenarios::Scenario,
};

/// The samples of all runs, by scenario.
#[derive(Debug, Default)]
pub struct Samples {
    by_scenario: BTreeMap<String, Vec<Sample>>,
    titles: BTreeMap<String, String>,
    /// Names of the worlds that failed.
    pub failed: Vec<String>,
}

impl Samples {
    /// Adds what one run measured.
    pub fn add(&mut self, scenario: &Scenario, sample: Sample) {
        self.titles.insert(scenario.name.clone(), scenario.title.clone());
        self.by_scenario.entry(scenario.name.clone()).or_default().push(sample);
    }

    /// All runs of each scenario as one.
    #[must_use]
    pub fn summed_up(&self) -> BTreeMap<String, Measured> {
        let title = |name: &String| self.titles.get(name).cloned().unwrap_or_default();
        self.by_scenario.iter().map(|(name, runs)| (name.clone(), Measured::of(title(name), runs))).collect()
    }
}

/// What the runs of one scenario measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// What happens.
    pub title: String,
    /// When.
    pub at: Timestamp,
    /// How often.
    pub runs: usize,
    /// The numbers.
    pub metrics: BTreeMap<Metric, Spread>,
    /// Requests to the API server by verb and resource.
    pub api: BTreeMap<String, Spread>,
    /// Requests to the PAMs by kind.
    pub pam: BTreeMap<String, Spread>,
}

impl Measured {
    fn of(title: String, runs: &[Sample]) -> Self {
        let metrics: BTreeSet<Metric> = runs.iter().flat_map(|run| run.metrics.keys().copied()).collect();
        let values = |metric| runs.iter().filter_map(|run| run.metrics.get(&metric).copied()).collect::<Vec<f64>>();
        let spread = |metric| Some((metric, Spread::of(&values(metric))?));
        Self {
            title,
            at: Timestamp::now().round(jiff::Unit::Second).unwrap_or_default(),
            runs: runs.len(),
            metrics: metrics.into_iter().filter_map(spread).collect(),
            api: tallied(runs, |run| &run.api),
            pam: tallied(runs, |run| &run.pam),
        }
    }

    /// The middle of a metric.
    #[must_use]
    pub fn median(&self, metric: Metric) -> Option<f64> {
        Some(self.metrics.get(&metric)?.median)
    }
}

fn tallied(runs: &[Sample], of: impl Fn(&Sample) -> &BTreeMap<String, usize>) -> BTreeMap<String, Spread> {
    let calls: BTreeSet<&String> = runs.iter().flat_map(|run| of(run).keys()).collect();
    let counts = |call| runs.iter().map(|run| number(of(run).get(call).copied().unwrap_or(0))).collect::<Vec<f64>>();
    calls.into_iter().filter_map(|call| Some((call.clone(), Spread::of(&counts(call))?))).collect()
}

/// The file of results: the newest of each scenario.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// Where the newest were measured.
    pub machine: Machine,
    /// By the name of the scenario.
    pub scenarios: BTreeMap<String, Measured>,
}

impl Results {
    /// Reads a file of results.
    pub fn parse(text: &str) -> Result<Self> {
        serde_json::from_str(text).context("the file of results cannot be read")
    }

    /// Writes the file of results.
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Replaces the scenarios that were measured again, and keeps the others.
    pub fn renew(&mut self, newer: Self) {
        self.machine = newer.machine;
        self.scenarios.extend(newer.scenarios);
    }

    /// The middle of a scenario's metric.
    #[must_use]
    pub fn median(&self, scenario: &str, metric: Metric) -> Option<f64> {
        self.scenarios.get(scenario)?.median(metric)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenarios;

    fn sample(rss: f64, gets: usize) -> Sample {
        let mut sample = Sample::default();
        sample.put(Metric::Rss, rss);
        sample.api.insert("get secrets".to_owned(), gets);
        sample
    }

    #[test]
    fn runs_are_summed_up_and_read_back() {
        let (mut samples, scenario) = (Samples::default(), &scenarios::all()[0]);
        for (rss, gets) in [(9.0, 1), (11.0, 3), (10.0, 0)] {
            samples.add(scenario, sample(rss, gets));
        }
        let results = Results { machine: Machine::default(), scenarios: samples.summed_up() };
        assert_eq!(results.median(&scenario.name, Metric::Rss), Some(10.0));
        let gets = Spread { median: 1.0, min: 0.0, max: 3.0 };
        assert_eq!(results.scenarios[&scenario.name].api["get secrets"], gets);
        assert_eq!(Results::parse(&serde_json::to_string(&results).unwrap()).unwrap(), results);
    }

    #[test]
    fn a_newer_result_replaces_only_its_own_scenario() {
        let of = |name: &str, rss| {
            let measured = Measured::of(name.to_owned(), &[sample(rss, 0)]);
            Results { machine: Machine::default(), scenarios: [(name.to_owned(), measured)].into() }
        };
        let mut results = of("a", 1.0);
        results.renew(of("b", 2.0));
        results.renew(of("a", 3.0));
        assert_eq!(["a", "b"].map(|name| results.median(name, Metric::Rss)), [Some(3.0), Some(2.0)]);
    }
}
